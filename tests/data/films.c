/* Real films of the data folder: their figures, and the mean colour of some frames as ffmpeg
 * decodes them (tests/oracle/film_means.py), in the film's order and reached by `from`. needs:
 * libav */
#include "check.h"

#include <autodidact/film.h>

static const struct mean {
    const char *name;
    int number;
    double mean[3];
} means[] = {
    {"one_second_clip.mp4", 0, {43.441, 42.653, 44.910}},
    {"one_second_clip.mp4", 11, {43.512, 42.654, 45.063}},
    {"one_second_clip.mp4", 23, {43.447, 42.684, 45.033}},
    {"naive_example.mp4", 0, {151.576, 124.193, 112.649}},
    {"naive_example.mp4", 13, {152.372, 125.466, 114.168}},
    {"naive_example.mp4", 29, {152.270, 125.734, 114.401}},
    {"deepdream_video.mp4", 0, {43.429, 42.645, 44.886}},
    {"deepdream_video.mp4", 57, {43.776, 42.973, 45.546}},
    {"deepdream_video.mp4", 99, {44.271, 43.437, 45.931}},
};

static ad_context *ctx;
static const char *data_folder;

static ad_status open_film(ad_film **film, const char *name, const ad_film_options *options)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/video/%s", data_folder, name);
    ad_status status = ad_film_open(ctx, path, options, film);
    if (status) CHECK_FAIL("%s", ad_error(ctx));
    return status;
}

static void check_mean(const struct mean *want, const ad_image *image, const char *how)
{
    double sum[3] = {0};
    int64_t pixels = image->width * image->height;
    for (int64_t i = 0; i < 3 * pixels; ++i) sum[i % 3] += 255 * (double)image->data[i];
    for (int c = 0; c < 3; ++c)
        if (!(fabs(sum[c] / (double)pixels - want->mean[c]) < 0.002))
            CHECK_FAIL("%s, frame %d %s: mean %g, expected %g", want->name, want->number, how,
                       sum[c] / (double)pixels, want->mean[c]);
}

static void frames_in_order(void)
{
    const struct mean *end = means + sizeof means / sizeof *means;
    for (const struct mean *m = means; m < end;) {
        ad_film *film;
        ad_film_frame frame;
        const char *name = m->name;
        if (open_film(&film, name, NULL)) return;
        while (!ad_film_next(film, &frame) && frame.image) {
            if (m < end && m->name == name && m->number == frame.number)
                check_mean(m++, frame.image, "in order");
            ad_image_free(frame.image);
        }
        if (m < end && m->name == name) CHECK_FAIL("%s has no frame %d", name, m->number);
        while (m < end && m->name == name) ++m;
        ad_film_free(film);
    }
}

static void frames_reached_by_time(void)
{
    for (size_t i = 0; i < sizeof means / sizeof *means; ++i) {
        ad_film *film;
        ad_film_frame frame;
        double fps = strstr(means[i].name, "naive") ? 30 : 24;
        if (open_film(&film, means[i].name,
                      &(ad_film_options){.from = (means[i].number + 0.01) / fps}))
            return;
        if (ad_film_next(film, &frame) || !frame.image)
            CHECK_FAIL("%s: no frame %d", means[i].name, means[i].number);
        else
            check_mean(&means[i], frame.image, "by its time");
        ad_image_free(frame.image);
        ad_film_free(film);
    }
}

static void figures(void)
{
    static const struct {
        const char *name, *audio;
        int width, height, frames, fps;
        double seconds;
        bool full;
    } films[] = {{"one_second_clip.mp4", "", 1280, 720, 24, 24, 1, true},
                 {"naive_example.mp4", "aac", 1920, 1080, 30, 30, 1, false},
                 {"deepdream_video.mp4", "", 1280, 720, 100, 24, 100 / 24.0, true}};
    for (size_t i = 0; i < sizeof films / sizeof *films; ++i) {
        ad_film *film;
        if (open_film(&film, films[i].name, &(ad_film_options){.count = true})) return;
        const ad_film_info *info = ad_film_get_info(film);
        CHECK_TEXT(info->codec, "h264");
        CHECK_TEXT(info->colours, "BT.709");
        CHECK_TEXT(info->audio, films[i].audio);
        CHECK(info->colours_guessed && info->counted && !info->variable_rate);
        CHECK_INT(info->full_range, films[i].full);
        CHECK_INT(info->width, films[i].width);
        CHECK_INT(info->height, films[i].height);
        CHECK_INT(info->frames, films[i].frames);
        CHECK_INT(info->fps_num, films[i].fps * info->fps_den);
        CHECK_NEAR(info->seconds, films[i].seconds, 1e-3);
        ad_film_free(film);
    }
}

static const check_case cases[] = {
    CASE(frames_in_order), CASE(frames_reached_by_time), CASE(figures), {0}};

int main(int argc, char **argv)
{
    if (argc < 2) return 1;
    data_folder = argv[1];
    ctx = ad_context_new(NULL);
    int code = check_main(argc - 1, argv + 1, cases);
    if (ad_context_memory(ctx)) printf("memory was not given back\n"), code = 1;
    ad_context_free(ctx);
    return code;
}
