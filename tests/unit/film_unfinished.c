/* Films that cannot be finished: stopped, on a full disk, without memory. needs: libav png */
#include "film_files.h"
#include "sparing.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char *const files[] = {"film.mp4", "film.webm", "film.gif", "film.apng"};

static int entries(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) count += e->d_name[0] != '.';
    if (dir) closedir(dir);
    return count;
}

static ad_film_writer *forty_frames(const char *path, ad_status *status)
{
    ad_film_writer *writer = NULL;
    *status = ad_film_create(ctx, path, &(ad_film_write_options){.fps = 10, .crf = 4}, &writer);
    for (int i = 0; i < 40 && !*status; ++i) {
        ad_image *image = film_picture(96, 64, 3, i % 10);
        for (int k = 0; k < 96 * 64 * 3; ++k)
            image->data[k] += 0.1f * (float)ad_random_unit(1, (uint64_t)i, (uint64_t)k);
        *status = ad_film_add(writer, image, i * 0.1, 0);
        ad_image_free(image);
    }
    return writer;
}

static void stopped(void)
{
    begin_film();
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        ad_status status;
        char path[256], partial[256];
        snprintf(path, sizeof path, "%s", in_folder(files[f]));
        snprintf(partial, sizeof partial, "%s/film.partial%s", folder, strrchr(files[f], '.'));
        write_text(files[f], "what was there");
        ad_film_writer *writer = forty_frames(path, &status);
        REQUIRE(!status);
        CHECK(!ad_film_writer_stop(writer));
        CHECK_TEXT(ad_film_writer_path(writer), partial);
        CHECK_INT(ad_film_writer_frames(writer), 40);
        ad_film_writer_free(writer);
        CHECK(!film_look(partial, NULL));
        CHECK_INT(film_seen.count, 40);
        struct stat about;
        CHECK(!stat(path, &about) && about.st_size == 14);
        CHECK_INT(entries(folder), 2 * (int)f + 2);
    }
    end_film();
}

/* The process may write files of so many bytes, as if the disk were full then. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void disk_is_full(void)
{
    begin_film();
    signal(SIGXFSZ, SIG_IGN);
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        ad_status status;
        char partial[256];
        bool whole = f == 2; /* a GIF is written at its end */
        snprintf(partial, sizeof partial, "%s/film.partial%s", folder, strrchr(files[f], '.'));
        ad_film_writer *writer = forty_frames(in_folder(files[f]), &status);
        struct stat about;
        CHECK(!status && !ad_film_finish(writer) && !stat(in_folder(files[f]), &about));
        ad_film_writer_free(writer);
        unlink(in_folder(files[f]));
        limit_files((rlim_t)about.st_size * 3 / 4);
        writer = forty_frames(in_folder(files[f]), &status);
        if (!status) status = ad_film_finish(writer);
        limit_files(RLIM_INFINITY);
        CHECK_INT(status, AD_ERROR_IO);
        CHECK_CONTAINS(ad_error(ctx), "cannot write: File too large; ");
        int64_t frames = ad_film_writer_frames(writer);
        if (whole) {
            CHECK_CONTAINS(ad_error(ctx), "nothing of the film remains");
            CHECK_TEXT(ad_film_writer_path(writer), "");
        } else {
            char says[300];
            snprintf(says, sizeof says, "%s holds %lld frames of it", partial, (long long)frames);
            CHECK_CONTAINS(ad_error(ctx), says);
            (void)film_look(partial, NULL); /* ends with an error, where it is cut */
            if (film_seen.count < 3 || film_seen.count > 39)
                CHECK_FAIL("%s: %d frames remain", files[f], film_seen.count);
            if (llabs(film_seen.count - frames) > 2)
                CHECK_FAIL("%s: %d frames remain, it says %lld", files[f], film_seen.count,
                           (long long)frames);
        }
        CHECK_INT(ad_film_add(writer, film_seen.last, 99, 0), AD_ERROR_ARGUMENT);
        ad_film_writer_free(writer);
        CHECK(access(in_folder(files[f]), F_OK) != 0);
    }
    CHECK_INT(entries(folder), 3);
    end_film();
}

/* ---- memory ---- */

static ad_status write_poorly(ad_context *poor)
{
    ad_film_writer *writer = NULL;
    ad_image *image = NULL;
    ad_status status = ad_image_new(poor, 15, 16, 3, &image);
    if (!status) status = ad_film_create(poor, in_folder("poor.mp4"), NULL, &writer);
    for (int i = 0; i < 3 && !status; ++i) status = ad_film_add(writer, image, i, 0);
    if (!status) status = ad_film_finish(writer);
    ad_film_writer_free(writer);
    ad_image_free(image);
    return status;
}

static void memory_that_runs_out(void)
{
    begin_film();
    sparing_check(write_poorly);
    CHECK_INT(entries(folder), 1);
    end_film();
}

static const check_case cases[] = {
    CASE(stopped), CASE(disk_is_full), CASE(memory_that_runs_out), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
