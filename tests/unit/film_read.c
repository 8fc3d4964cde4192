/* Reading films: frames as ffmpeg's swscale decodes them (tests/oracle/films.py), times, parts,
 * rates, and files that are no films or broken ones. needs: libav png */
#include "film_files.h"

#include <sys/stat.h>

/* ---- frames that ffmpeg decoded ---- */

enum { PICKED = 3 };

/* Frames 0, 2 and 4 of 5 are those of NAME.rgb, to half a step of what it counts in. */
static void as_ffmpeg(const char *name, bool deep)
{
    static unsigned char want[1 << 16];
    char path[128];
    ad_film *film;
    ad_film_frame frame;
    snprintf(path, sizeof path, "%s.rgb", name);
    size_t size = film_bytes(path, want, sizeof want), at = 0;
    snprintf(path, sizeof path, FILMS "%s", name);
    REQUIRE(!ad_film_open(ctx, path, NULL, &film));
    for (int i = 0; i < 5; ++i) {
        if (ad_film_next(film, &frame) || !frame.image) {
            CHECK_FAIL("%s has no frame %d: %s", name, i, ad_error(ctx));
            break;
        }
        CHECK_NEAR(frame.time, i * 0.1, 1e-3);
        CHECK_NEAR(frame.duration, 0.1, 1e-3);
        int64_t count = frame.image->width * frame.image->height * 3;
        double most = 0;
        for (int64_t k = 0; k < count && i % 2 == 0; ++k) {
            double value = deep ? (want[at] + 256 * want[at + 1]) / 65535.0 : want[at] / 255.0;
            most = fmax(most, fabs(frame.image->data[k] - value));
            at += deep ? 2 : 1;
        }
        if (!(most < (deep ? 0.5 / 65535 : 0.5 / 255)))
            CHECK_FAIL("frame %d of %s is off by %g", i, name, most);
        ad_image_free(frame.image);
    }
    CHECK(at == size && size > 0);
    CHECK(!ad_film_next(film, &frame) && !frame.image);
    ad_film_free(film);
}

static void colours_as_ffmpeg(void)
{
    begin_film();
    as_ffmpeg("bt709.mp4", false);
    as_ffmpeg("bt601-full.mp4", false);
    as_ffmpeg("deep.mkv", true);
    CHECK_TEXT(film_notes, "");
    as_ffmpeg("untagged.webm", false);
    CHECK_CONTAINS(film_notes,
                   "untagged.webm: does not say what its colours are; by its size taken "
                   "for BT.601");
    end_film();
}

static void shown_as_ffmpeg(void)
{
    begin_film();
    as_ffmpeg("wide.mp4", false);
    as_ffmpeg("turned.mp4", false);
    end_film();
}

/* ---- what films say of themselves ---- */

static void information(void)
{
    static const struct {
        const char *name, *format, *codec, *pixels, *colours, *audio;
        int width, height, depth, rotation, frames;
        double seconds;
        bool full, variable;
    } films[] = {
        {"bt709.mp4", "mp4", "h264", "yuv420p", "BT.709", "", 32, 24, 8, 0, 5, 0.5, false, false},
        {"bt601-full.mp4", "mp4", "h264", "yuvj444p", "BT.601", "", 32, 24, 8, 0, 5, 0.5, true,
         false},
        {"deep.mkv", "matroska", "h264", "yuv420p10le", "BT.2020", "", 32, 24, 10, 0, 5, 0.5, false,
         false},
        {"untagged.webm", "matroska", "vp9", "yuv420p", "BT.601", "", 32, 24, 8, 0, 5, 0.5, false,
         false},
        {"wide.mp4", "mp4", "h264", "yuv420p", "BT.709", "", 64, 24, 8, 0, 5, 0.5, false, false},
        {"turned.mp4", "mp4", "h264", "yuv420p", "BT.709", "", 24, 32, 8, 270, 5, 0.5, false,
         false},
        {"uneven.mp4", "mp4", "h264", "yuv420p", "BT.709", "", 16, 12, 8, 0, 5, 0.8, false, true},
        {"sound.mp4", "mp4", "h264", "yuv420p", "BT.709", "aac", 16, 12, 8, 0, 20, 2, false, false},
        {"pauses.gif", "gif", "gif", "bgra", "sRGB", "", 16, 12, 8, 0, 3, 1.15, true, true},
    };
    begin_film();
    for (size_t i = 0; i < sizeof films / sizeof *films; ++i) {
        char path[128];
        ad_film *film;
        snprintf(path, sizeof path, FILMS "%s", films[i].name);
        if (ad_film_open(ctx, path, &(ad_film_options){.count = true}, &film)) {
            CHECK_FAIL("%s", ad_error(ctx));
            continue;
        }
        const ad_film_info *info = ad_film_get_info(film);
        CHECK_TEXT(info->format, films[i].format);
        CHECK_TEXT(info->codec, films[i].codec);
        CHECK_TEXT(info->pixels, films[i].pixels);
        CHECK_TEXT(info->colours, films[i].colours);
        CHECK_TEXT(info->audio, films[i].audio);
        CHECK_INT(info->width, films[i].width);
        CHECK_INT(info->height, films[i].height);
        CHECK_INT(info->bit_depth, films[i].depth);
        CHECK_INT(info->rotation, films[i].rotation);
        CHECK_INT(info->frames, films[i].frames);
        CHECK_INT(info->counted, true);
        CHECK_INT(info->full_range, films[i].full);
        CHECK_INT(info->variable_rate, films[i].variable);
        CHECK_NEAR(info->seconds, films[i].seconds, 0.01);
        if (!films[i].variable) CHECK_INT(info->fps_num, 10 * info->fps_den);
        ad_film_free(film);
    }
    CHECK(!film_look(FILMS "sound.mp4", NULL));
    CHECK_INT(film_seen.info.audio_rate, 8000);
    CHECK_INT(film_seen.info.audio_channels, 1);
    end_film();
}

/* ---- times ---- */

static void times_of_their_own(void)
{
    begin_film();
    static const double uneven[] = {0, 0.2, 0.5, 0.6, 0.7}, pauses[] = {0, 0.3, 0.4};
    REQUIRE(!film_look(FILMS "uneven.mp4", NULL));
    CHECK_INT(film_seen.count, 5);
    for (int i = 0; i < 5; ++i) {
        CHECK_NEAR(film_seen.time[i], uneven[i], 1e-3);
        CHECK_NEAR(film_seen.duration[i], i < 4 ? uneven[i + 1] - uneven[i] : 0.1, 1e-3);
    }
    REQUIRE(!film_look(FILMS "pauses.gif", NULL));
    CHECK_INT(film_seen.count, 3);
    for (int i = 0; i < 3; ++i) CHECK_NEAR(film_seen.time[i], pauses[i], 1e-3);
    CHECK_NEAR(film_seen.duration[2], 0.75, 1e-3);
    end_film();
}

/* Which of the frames 0 to 9, 0.1 s apart, are given; "" is an error. */
static void part(const char *path, ad_film_options options, const char *want)
{
    char got[FILM_MOST + 1] = "";
    ad_status status = film_look(path, &options);
    for (int i = 0; i < film_seen.count && !status; ++i) {
        got[i] = (char)('0' + lround(film_seen.number[i])), got[i + 1] = 0;
        double next = i + 1 < film_seen.count ? film_seen.time[i + 1]
                                              : film_seen.time[i] + film_seen.duration[i];
        CHECK_NEAR(film_seen.time[i] + film_seen.duration[i], next, 1e-3);
    }
    if (strcmp(got, want))
        CHECK_FAIL("%s from %g to %g at %g: frames %s, expected %s", path, options.from, options.to,
                   options.fps, got, want);
    CHECK_INT(!status, *want != 0);
}

static void parts_and_rates(void)
{
    static const char *const names[] = {"ten.mp4", "ten.webm", "ten.gif", "ten.apng", "ten"};
    begin_film();
    for (int i = 0; i < 5; ++i) {
        const char *path = in_folder(names[i]);
        char kept[512];
        snprintf(kept, sizeof kept, "%s%s", path, i == 4 ? "/" : "");
        double fps = i == 4 ? 10 : 0;
        if (film_make(kept, 32, 16, 10, 10, &(ad_film_write_options){.fps = 10}))
            CHECK_FAIL("%s", ad_error(ctx));
        part(kept, (ad_film_options){.fps = fps}, "0123456789");
        part(kept, (ad_film_options){.fps = fps, .from = 0.3, .to = 0.6}, "345");
        part(kept, (ad_film_options){.fps = fps, .from = 0.35, .to = 0.62}, "3456");
        part(kept, (ad_film_options){.fps = fps, .from = 0.9}, "9");
        part(kept, (ad_film_options){.fps = fps, .to = 0.05}, "0");
        part(kept, (ad_film_options){.fps = fps, .from = 5}, "");
        if (i == 4) continue;
        part(kept, (ad_film_options){.fps = 5}, "02468");
        part(kept, (ad_film_options){.fps = 20, .to = 0.3}, "001122");
        part(kept, (ad_film_options){.fps = 5, .from = 0.5}, "579");
    }
    CHECK_CONTAINS(ad_error(ctx), "no frame is shown from 5 seconds to the end");
    end_film();
}

/* Behind keyframes that lie far apart, and where the file has no index. */
static void seeking(void)
{
    begin_film();
    const char *path = in_folder("long.mp4");
    ad_film_writer *writer;
    REQUIRE(!ad_film_create(ctx, path, &(ad_film_write_options){.fps = 10}, &writer));
    for (int i = 0; i < 60; ++i) {
        ad_image *image = film_picture(32, 16, 3, i % 10);
        CHECK(!ad_film_add(writer, image, i * 0.1, 0));
        ad_image_free(image);
    }
    CHECK(!ad_film_finish(writer));
    CHECK_INT(ad_film_writer_frames(writer), 60);
    CHECK_TEXT(ad_film_writer_path(writer), path);
    ad_film_writer_free(writer);
    part(path, (ad_film_options){.from = 1.7, .to = 2.2}, "78901");
    part(path, (ad_film_options){.from = 3.9, .to = 4.2}, "901");
    part(path, (ad_film_options){.from = 5.9}, "9");
    end_film();
}

/* ---- folders ---- */

static void save(const char *name, int64_t width, int number)
{
    ad_image *image = film_picture(width, 8, 3, number);
    CHECK(!ad_image_write(ctx, in_folder(name), image, NULL));
    ad_image_free(image);
}

static void numbered_pictures(void)
{
    begin_film();
    mkdir(in_folder("f"), 0777);
    CHECK_INT(film_look(in_folder("f"), NULL), AD_ERROR_NOT_FOUND);
    save("f/shot10.png", 8, 4), save("f/shot2.png", 8, 1), save("f/shot9.png", 8, 3);
    save("f/shot3.png", 8, 2), save("f/cover.png", 20, 0);
    part(in_folder("f"), (ad_film_options){.fps = 10}, "1234");
    CHECK_CONTAINS(film_notes, "/f: 5 numbers are missing among the pictures, the first is 4");
    CHECK_CONTAINS(film_notes, "/f: 1 picture without a number left out");
    CHECK_INT(film_seen.info.frames, 4);
    CHECK_TEXT(film_seen.info.codec, "PNG");
    REQUIRE(!film_look(in_folder("f"), NULL));
    CHECK_NEAR(film_seen.time[3], 3 / 25.0, 1e-9);

    part(in_folder("f/shot%d.png"), (ad_film_options){.fps = 10}, "1234");
    part(in_folder("f/shot%02d.png"), (ad_film_options){.fps = 10}, "4");
    CHECK_INT(film_look(in_folder("f/shot%03d.png"), NULL), AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "f/shot%03d.png: there is no picture of such a name");

    save("f/shot11.png", 9, 5);
    CHECK_INT(film_look(in_folder("f"), NULL), AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "shot11.png: is 9 x 8 pixels and ");
    CHECK_CONTAINS(ad_error(ctx), "shot2.png is 8 x 8");
    CHECK_INT(film_seen.count, 4);
    save("f/02.png", 8, 5);
    CHECK_INT(film_look(in_folder("f"), NULL), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "is number 2, as ");
    end_film();
}

static const check_case cases[] = {CASE(colours_as_ffmpeg), CASE(shown_as_ffmpeg),
                                   CASE(information),       CASE(times_of_their_own),
                                   CASE(parts_and_rates),   CASE(seeking),
                                   CASE(numbered_pictures), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
