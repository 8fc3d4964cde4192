/* Reading films: frames as ffmpeg's swscale decodes them (tests/oracle/films.py), times, parts,
 * rates, and files that are no films or broken ones. needs: libav png */
#include "film_files.h"
#include "sparing.h"

#include <sys/stat.h>

/* ---- frames that ffmpeg decoded ---- */

enum { PICKED = 3 };

static size_t read_fixture(const char *name, unsigned char *bytes, size_t most)
{
    char path[128];
    snprintf(path, sizeof path, FILMS "%s", name);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, most, file) : 0;
    if (file) fclose(file);
    return size;
}

/* Frames 0, 2 and 4 of 5 are those of NAME.rgb, to half a step of what it counts in. */
static void as_ffmpeg(const char *name, bool deep)
{
    static unsigned char want[1 << 16];
    char path[128];
    ad_film *film;
    ad_film_frame frame;
    snprintf(path, sizeof path, "%s.rgb", name);
    size_t size = read_fixture(path, want, sizeof want), at = 0;
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

/* ---- what is broken, or no film ---- */

static unsigned char bytes[1 << 16];

static ad_status look_at(const char *name, size_t size)
{
    write_bytes(name, bytes, size);
    return film_look(in_folder(name), NULL);
}

static void cut_short(void)
{
    begin_film();
    size_t size = read_fixture("bt709.mp4", bytes, sizeof bytes);
    CHECK_INT(look_at("index.mp4", 800), AD_ERROR_FORMAT); /* the index stands at the end */
    CHECK_CONTAINS(ad_error(ctx), "index.mp4: is no film that can be read: moov atom not found");
    for (size_t cut = 1; cut < size - 300; cut += 97) CHECK(look_at("cut.mp4", cut) != AD_OK);
    size = read_fixture("untagged.webm", bytes, sizeof bytes);
    for (size_t cut = 1; cut < size; cut += 37) (void)look_at("cut.webm", cut);
    CHECK(!film_make(in_folder("ten.mp4"), 96, 64, 10, 10, &(ad_film_write_options){.crf = 1}));
    FILE *file = fopen(in_folder("ten.mp4"), "rb");
    REQUIRE(file);
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    CHECK_INT(look_at("short.mp4", size * 3 / 4), AD_ERROR_FORMAT); /* its good frames come first */
    if (!(film_seen.count > 3 && film_seen.count < 10))
        CHECK_FAIL("%d frames of it", film_seen.count);
    CHECK_CONTAINS(ad_error(ctx), "short.mp4: is cut short");
    end_film();
}

static void no_film(void)
{
    begin_film();
    CHECK_INT(look_at("empty.mp4", 0), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "empty");
    memset(bytes, 7, 5000);
    CHECK_INT(look_at("sevens.mp4", 5000), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "sevens.mp4: is no film that can be read");
    CHECK_INT(film_look(FILMS "sound.m4a", NULL), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "sound.m4a: holds sound (aac) and no pictures");
    CHECK_INT(film_look(in_folder("none.mp4"), NULL), AD_ERROR_NOT_FOUND);
    CHECK_INT(film_look(FILMS "bt709.mp4", &(ad_film_options){.from = 2, .to = 1}),
              AD_ERROR_ARGUMENT);
    CHECK_INT(film_look(FILMS "bt709.mp4", &(ad_film_options){.fps = -1}), AD_ERROR_ARGUMENT);
    CHECK_INT(film_look(FILMS "bt709.mp4", &(ad_film_options){.from = NAN}), AD_ERROR_ARGUMENT);
    CHECK_INT(film_look(FILMS "bt709.mp4", &(ad_film_options){.max_pixels = 700}), AD_ERROR_LIMIT);
    end_film();
}

static void patch(size_t size, const char *from, const char *to)
{
    for (size_t i = 0; i + 4 <= size; ++i)
        if (!memcmp(bytes + i, from, 4)) memcpy(bytes + i, to, 4);
}

static void codec_that_is_missing(void)
{
    begin_film();
    size_t size = read_fixture("bt709.mp4", bytes, sizeof bytes);
    patch(size, "avc1", "zz9z");
    CHECK_INT(look_at("codec.mp4", size), AD_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(ad_error(ctx), "codec.mp4: its pictures are ");
    CHECK_CONTAINS(ad_error(ctx), "zz9z");
    CHECK_CONTAINS(ad_error(ctx), "no decoder");
    end_film();
}

/* Playlists and scripts name other files; none is opened. */
static void other_files_stay_closed(void)
{
    begin_film();
    char text[700];
    CHECK(!film_make(in_folder("secret.mp4"), 16, 16, 3, 10, NULL));
    snprintf(text, sizeof text, "ffconcat version 1.0\nfile '%s'\n", in_folder("secret.mp4"));
    write_text("list.ffconcat", text);
    CHECK_INT(film_look(in_folder("list.ffconcat"), NULL), AD_ERROR_FORMAT);
    snprintf(text, sizeof text,
             "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n",
             in_folder("secret.mp4"));
    write_text("list.m3u8", text);
    CHECK_INT(film_look(in_folder("list.m3u8"), NULL), AD_ERROR_FORMAT);
    write_text("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                           "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n");
    CHECK_INT(film_look(in_folder("list.sdp"), NULL), AD_ERROR_FORMAT);
    end_film();
}

static void size_that_changes(void)
{
    begin_film();
    REQUIRE(!film_look(FILMS "changes.h264", NULL));
    CHECK_INT(film_seen.count, 6);
    CHECK_INT(film_seen.info.width, 16);
    CHECK_INT(film_seen.last->width, 16);
    CHECK_INT(film_seen.last->height, 12);
    CHECK_CONTAINS(film_notes, "changes.h264: 3 frames are of another size made as large as the "
                               "first");
    end_film();
}

static void in_memory(void)
{
    begin_film();
    ad_film *film;
    ad_film_frame frame;
    size_t size = read_fixture("bt709.mp4", bytes, sizeof bytes);
    REQUIRE(!ad_film_open_memory(ctx, "memory", bytes, size, NULL, &film));
    REQUIRE(!ad_film_next(film, &frame) && frame.image);
    CHECK_INT(frame.image->width, 32);
    ad_image_free(frame.image);
    ad_film_free(film); /* before its end: the thread is told */
    CHECK_INT(ad_film_open_memory(ctx, "memory", bytes, 40, NULL, &film), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "memory: ");
    end_film();
}

/* ---- memory ---- */

static ad_status read_poorly(ad_context *poor)
{
    ad_film *film;
    ad_film_frame frame = {0};
    ad_status status = ad_film_open(poor, FILMS "bt709.mp4", &(ad_film_options){.fps = 20}, &film);
    if (status) return status;
    do {
        status = ad_film_next(film, &frame);
        ad_image_free(frame.image);
    } while (!status && frame.image);
    ad_film_free(film);
    return status;
}

static void memory_that_runs_out(void)
{
    sparing_check(read_poorly);
}

static void beginnings(void)
{
    static const struct {
        const char *path;
        bool is;
    } files[] = {
        {FILMS "bt709.mp4", true},      {FILMS "untagged.webm", true},
        {FILMS "deep.mkv", true},       {FILMS "pauses.gif", true},
        {FILMS "sound.m4a", true},      {"tests/fixtures/pictures/png-P.png", false},
        {FILMS "bt709.mp4.rgb", false}, {"tests/fixtures/tiny_cnn.pth", false},
    };
    begin_film();
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
        bool is;
        CHECK(!ad_film_begins(ctx, files[i].path, &is));
        if (is != files[i].is)
            CHECK_FAIL("%s is taken for %s", files[i].path, is ? "a film" : "none");
    }
    end_film();
}

static const check_case cases[] = {CASE(colours_as_ffmpeg),
                                   CASE(shown_as_ffmpeg),
                                   CASE(information),
                                   CASE(times_of_their_own),
                                   CASE(parts_and_rates),
                                   CASE(seeking),
                                   CASE(numbered_pictures),
                                   CASE(cut_short),
                                   CASE(no_film),
                                   CASE(codec_that_is_missing),
                                   CASE(other_files_stay_closed),
                                   CASE(size_that_changes),
                                   CASE(in_memory),
                                   CASE(memory_that_runs_out),
                                   CASE(beginnings),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
