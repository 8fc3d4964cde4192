/* Writing films: what is written is read again, names, times, sizes that are odd, transparency,
 * sound. needs: libav png */
#include "film_files.h"

#include <dirent.h>

static const char *const files[] = {"film.mp4", "film.webm", "film.gif", "film.apng"};

static int entries(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) count += e->d_name[0] != '.';
    if (dir) closedir(dir);
    return count;
}

/* ---- colours ---- */

/* Frames of one colour each come back as they were, to what 8 bits of BT.709 leave of them. */
static void colours_stay(void)
{
    static const float colours[][3] = {{1, 1, 1},          {0, 0, 0},         {1, 0, 0},
                                       {0, 1, 0},          {0, 0, 1},         {0.5f, 0.5f, 0.5f},
                                       {0.8f, 0.4f, 0.1f}, {0.1f, 0.3f, 0.9f}};
    begin_film();
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        ad_film_writer *writer;
        ad_film *film;
        ad_film_frame frame;
        const char *path = in_folder(files[f]);
        REQUIRE(!ad_film_create(ctx, path, &(ad_film_write_options){.fps = 5, .crf = 1}, &writer));
        for (int i = 0; i < 8; ++i) {
            ad_image *image;
            REQUIRE(!ad_image_new(ctx, 32, 32, 3, &image));
            for (int k = 0; k < 32 * 32 * 3; ++k) image->data[k] = colours[i][k % 3];
            CHECK(!ad_film_add(writer, image, i * 0.2, 0));
            ad_image_free(image);
        }
        CHECK(!ad_film_finish(writer));
        ad_film_writer_free(writer);
        REQUIRE(!ad_film_open(ctx, path, NULL, &film));
        for (int i = 0; i < 8; ++i) {
            REQUIRE(!ad_film_next(film, &frame) && frame.image);
            for (int k = 0; k < 3; ++k) {
                double got = frame.image->data[(16 * 32 + 16) * 3 + k];
                if (!(fabs(got - colours[i][k]) < 0.02))
                    CHECK_FAIL("%s: colour %d, channel %d is %g, expected %g", files[f], i, k, got,
                               (double)colours[i][k]);
            }
            ad_image_free(frame.image);
        }
        ad_film_free(film);
    }
    CHECK_TEXT(film_notes, "");
    end_film();
}

/* ---- times ---- */

static void times_stay(void)
{
    static const double time[] = {0, 0.5, 0.6, 1.3}, tolerance[] = {1e-4, 2e-3, 0.011, 2e-3};
    begin_film();
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        ad_film_writer *writer;
        const char *path = in_folder(files[f]);
        REQUIRE(!ad_film_create(ctx, path, NULL, &writer));
        for (int i = 0; i < 4; ++i) {
            ad_image *image = film_picture(32, 16, 3, i);
            CHECK(!ad_film_add(writer, image, time[i], i == 3 ? 0.9 : 0));
            ad_image_free(image);
        }
        CHECK(!ad_film_finish(writer));
        ad_film_writer_free(writer);
        REQUIRE(!film_look(path, &(ad_film_options){.count = true}));
        CHECK_INT(film_seen.count, 4);
        for (int i = 0; i < 4; ++i) {
            CHECK_NEAR(film_seen.time[i], time[i], tolerance[f]);
            CHECK_INT(lround(film_seen.number[i]), i);
        }
        bool last_is_lost = f == 1; /* WebM keeps no duration of a frame */
        if (!last_is_lost) CHECK_NEAR(film_seen.duration[3], 0.9, tolerance[f]);
        CHECK(film_seen.info.variable_rate);
        CHECK_INT(film_seen.info.frames, 4);
    }
    end_film();
}

static void rates(void)
{
    static const struct {
        double fps;
        int num, den;
    } rates[] = {{25, 25, 1},   {29.97, 30000, 1001}, {23.976, 24000, 1001},
                 {12.5, 25, 2}, {59.94, 60000, 1001}, {30, 30, 1},
                 {0.5, 1, 2},   {7.3, 73, 10},        {24000 / 1001.0, 24000, 1001}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
        int64_t num, den;
        ad_film_rate(rates[i].fps, &num, &den);
        CHECK_INT(num, rates[i].num);
        CHECK_INT(den, rates[i].den);
    }
    begin_film();
    CHECK(
        !film_make(in_folder("tv.mp4"), 16, 16, 10, 29.97, &(ad_film_write_options){.fps = 29.97}));
    REQUIRE(!film_look(in_folder("tv.mp4"), &(ad_film_options){.count = true}));
    CHECK_INT(film_seen.info.fps_num, 30000);
    CHECK_INT(film_seen.info.fps_den, 1001);
    CHECK(!film_seen.info.variable_rate);
    end_film();
}

/* ---- sizes, transparency ---- */

static void odd_sizes(void)
{
    begin_film();
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        const char *path = in_folder(files[f]);
        bool even = f < 2;
        film_notes[0] = 0;
        if (film_make(path, 33, 17, 3, 10, NULL)) CHECK_FAIL("%s", ad_error(ctx));
        CHECK_INT(strstr(film_notes, "takes even sides alone, so the last row and column are "
                                     "repeated") != NULL,
                  even);
        REQUIRE(!film_look(path, NULL));
        CHECK_INT(film_seen.last->width, even ? 34 : 33);
        CHECK_INT(film_seen.last->height, even ? 18 : 17);
        if (film_make(path, 1, 1, 2, 10, NULL)) CHECK_FAIL("%s", ad_error(ctx));
        CHECK(!film_look(path, NULL));
        CHECK_INT(film_seen.count, 2);
        CHECK_INT(film_seen.last->width, even ? 2 : 1);
    }
    end_film();
}

static ad_status write_transparent(const char *path)
{
    ad_film_writer *writer;
    ad_status status = ad_film_create(ctx, path, NULL, &writer);
    ad_image *image = film_picture(32, 16, 4, 5);
    if (!status) status = ad_film_add(writer, image, 0, 0.5);
    if (!status) status = ad_film_finish(writer);
    ad_film_writer_free(writer);
    ad_image_free(image);
    return status;
}

static void transparency(void)
{
    begin_film();
    REQUIRE(!write_transparent(in_folder("clear.apng")));
    CHECK_TEXT(film_notes, "");
    REQUIRE(!film_look(in_folder("clear.apng"), &(ad_film_options){.keep_alpha = true}));
    CHECK_INT(film_seen.last->channels, 4);
    CHECK_NEAR(film_seen.last->data[3], 1, 1e-6);
    CHECK_NEAR(film_seen.last->data[4 * 31 + 3], 0.25, 0.003);
    REQUIRE(!film_look(in_folder("clear.apng"), NULL));
    CHECK_INT(film_seen.last->channels, 3);
    CHECK_CONTAINS(film_notes, "clear.apng: its transparency is laid over white");
    CHECK_NEAR(film_seen.last->data[2], 0.5, 0.003); /* opaque there */
    CHECK(film_seen.last->data[3 * 31 + 2] > 0.85f); /* and here nearly white */
    REQUIRE(!write_transparent(in_folder("solid.mp4")));
    CHECK_CONTAINS(film_notes, "solid.mp4: transparency is laid over white");
    REQUIRE(!write_transparent(in_folder("solid.gif")));
    CHECK(ad_film_can_be_transparent("x.apng") && ad_film_can_be_transparent("x/"));
    CHECK(ad_film_can_be_transparent("x-%d.png") && !ad_film_can_be_transparent("x.mp4"));
    end_film();
}

/* ---- names ---- */

static void names(void)
{
    static const char *const wrong[] = {"film",    "film.avi", "film.png", "a%d-%d.png",
                                        "a%s.png", "a%5d.png", "a%.png"};
    begin_film();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        CHECK_INT(ad_film_can_write(ctx, in_folder(wrong[i])), AD_ERROR_ARGUMENT);
        CHECK_CONTAINS(ad_error(ctx), wrong[i]);
    }
    CHECK_INT(ad_film_can_write(ctx, in_folder("no/film.mp4")), AD_ERROR_NOT_FOUND);
    CHECK(!film_make(in_folder("100%%-%03d.png"), 8, 8, 3, 10, NULL));
    CHECK(!access(in_folder("100%-001.png"), F_OK) && !access(in_folder("100%-003.png"), F_OK));
    CHECK(!film_make(in_folder("new/"), 8, 8, 3, 10, NULL));
    CHECK_INT(entries(in_folder("new")), 3);
    CHECK_INT(film_make(in_folder("new"), 8, 8, 3, 10, NULL), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "new: holds files already");
    CHECK_INT(film_make(in_folder("no/new/"), 8, 8, 3, 10, NULL), AD_ERROR_IO);
    CHECK_INT(entries(folder), 4);
    end_film();
}

static void refused(void)
{
    ad_film_writer *writer;
    begin_film();
    ad_image *image = film_picture(16, 16, 3, 0), *other = film_picture(16, 18, 3, 0);
    const char *path = in_folder("film.mp4");
    CHECK_INT(ad_film_create(ctx, path, &(ad_film_write_options){.crf = 52}, &writer),
              AD_ERROR_ARGUMENT);
    CHECK(!writer);
    CHECK_INT(ad_film_create(ctx, path, &(ad_film_write_options){.fps = NAN}, &writer),
              AD_ERROR_ARGUMENT);
    REQUIRE(!ad_film_create(ctx, path, NULL, &writer));
    CHECK_INT(ad_film_finish(writer), AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "film.mp4: a film without frames");
    ad_film_writer_free(writer);
    REQUIRE(!ad_film_create(ctx, path, NULL, &writer));
    CHECK_INT(ad_film_add(writer, image, -1, 0), AD_ERROR_ARGUMENT);
    CHECK(!ad_film_add(writer, image, 1, 0));
    CHECK_INT(ad_film_add(writer, image, 1, 0), AD_ERROR_ARGUMENT);
    CHECK_INT(ad_film_add(writer, other, 2, 0), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "film.mp4: a frame of 16 x 18 among frames of 16 x 16");
    CHECK_INT(ad_film_add(writer, image, NAN, 0), AD_ERROR_ARGUMENT);
    ad_film_writer_free(writer); /* which was not finished */
    CHECK_INT(entries(folder), 0);
    ad_image_free(image), ad_image_free(other);
    end_film();
}

/* ---- sound ---- */

static ad_status with_sound(const char *name, double from, double to)
{
    return film_make(
        in_folder(name), 16, 12, 10, 10,
        &(ad_film_write_options){
            .fps = 10, .audio = FILMS "sound.mp4", .audio_from = from, .audio_to = to});
}

static void sound(void)
{
    begin_film();
    REQUIRE(!with_sound("sound.mp4", 0.5, 1.5));
    CHECK_TEXT(film_notes, "");
    REQUIRE(!film_look(in_folder("sound.mp4"), &(ad_film_options){.count = true}));
    CHECK_TEXT(film_seen.info.audio, "aac");
    CHECK_INT(film_seen.info.audio_rate, 8000);
    CHECK_INT(film_seen.info.audio_channels, 1);
    CHECK_INT(film_seen.info.frames, 10);
    REQUIRE(!with_sound("sound.webm", 0, 0));
    CHECK_CONTAINS(film_notes, "sound.mp4: its sound (aac) cannot stand in ");
    REQUIRE(!film_look(in_folder("sound.webm"), NULL));
    bool recoded = strstr(film_notes,
                          "sound.webm and becomes opus"); /* by libopus, if it is there */
    CHECK_TEXT(film_seen.info.audio, recoded ? "opus" : "");
    REQUIRE(!with_sound("part.webm", 0.5, 1.0));
    REQUIRE(!film_look(in_folder("part.webm"), NULL));
    CHECK_TEXT(film_seen.info.audio, recoded ? "opus" : "");
    CHECK_INT(film_seen.count, 10);
    CHECK_INT(film_make(in_folder("none.mp4"), 16, 12, 10, 10,
                        &(ad_film_write_options){.audio = in_folder("nothing.mp4")}),
              AD_ERROR_NOT_FOUND);
    REQUIRE(!film_make(in_folder("mute.mp4"), 16, 12, 10, 10,
                       &(ad_film_write_options){.audio = FILMS "bt709.mp4"}));
    end_film();
}

static const check_case cases[] = {CASE(colours_stay), CASE(times_stay),   CASE(rates),
                                   CASE(odd_sizes),    CASE(transparency), CASE(names),
                                   CASE(refused),      CASE(sound),        {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
