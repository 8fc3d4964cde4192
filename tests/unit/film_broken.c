/* Films that are cut short, damaged or none, and what they must not do. needs: libav png */
#include "film_files.h"
#include "sparing.h"

static unsigned char bytes[1 << 16];

static ad_status look_at(const char *name, size_t size)
{
    write_bytes(name, bytes, size);
    return film_look(in_folder(name), NULL);
}

static void cut_short(void)
{
    begin_film();
    size_t size = film_bytes("bt709.mp4", bytes, sizeof bytes);
    CHECK_INT(look_at("index.mp4", 800), AD_ERROR_FORMAT); /* the index stands at the end */
    CHECK_CONTAINS(ad_error(ctx), "index.mp4: is no film that can be read: moov atom not found");
    for (size_t cut = 1; cut < size - 300; cut += 97) CHECK(look_at("cut.mp4", cut) != AD_OK);
    size = film_bytes("untagged.webm", bytes, sizeof bytes);
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
    for (size_t i = 4; i < size; ++i) {
        if (memcmp(bytes + i, "moof", 4)) continue;
        CHECK_INT(look_at("none.mp4", i - 4), AD_ERROR_FORMAT); /* a track without a frame */
        CHECK_CONTAINS(ad_error(ctx), "none.mp4: has no frame that can be decoded");
        break;
    }
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
    size_t size = film_bytes("bt709.mp4", bytes, sizeof bytes);
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
    REQUIRE(!film_look(FILMS "changes.h264", &(ad_film_options){.count = true}));
    CHECK_NEAR(film_seen.info.seconds, 0.6, 1e-6); /* of a stream without times */
    CHECK_INT(film_seen.info.frames, 6);
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
    size_t size = film_bytes("bt709.mp4", bytes, sizeof bytes);
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
        {FILMS "bt709.mp4", true},
        {FILMS "untagged.webm", true},
        {FILMS "deep.mkv", true},
        {FILMS "pauses.gif", true},
        {FILMS "sound.m4a", true},
        {FILMS "changes.h264", true},
        {"tests/fixtures/pictures/png-P.png", false},
        {FILMS "bt709.mp4.rgb", false},
        {"tests/fixtures/tiny_cnn.pth", false},
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

static const check_case cases[] = {CASE(cut_short),
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
