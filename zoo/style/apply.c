/* apply.c - `autodidact style apply MODEL PICTURE... -o OUT`: pictures, or a film, through a
 * network that was trained for one style. */
#include "zoo/film/frames.h"
#include "zoo/style/painter.h"
#include "zoo/style/style.h"

#include <autodidact/data.h>
#include <autodidact/profile.h>
#include <autodidact/run.h>
#include <autodidact/tuning.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the picture goes (.png, .jpg, .webp); of several: a folder; of a film: a film"},
    {"size", 0, AD_OPTION_INT, .min = STYLE_NET_LEAST, .max = 1 << 16, .unit = "PIXELS",
     .help = "longer side of the pictures (default: as they are)"},
    {"style", 0, AD_OPTION_REALS, .min = 1, .max = STYLE_PAINTER_STYLES, .unit = "N,...",
     .help = "of a network of several styles: which, from 1 (default: the first)"},
    {"style-mix", 0, AD_OPTION_REALS, .max = 1e30, .unit = "W1,W2,...",
     .help = "how much of each of them (default: equal)"},
    {"white", 0, AD_OPTION_REAL, .min = 1e-6, .max = 65535,
     .help = "of an ONNX file: the number that white is to it (default: 1 where it ends in a "
             "sigmoid, else 255)"},
    {"strength", 0, AD_OPTION_REAL, .initial = "1", .max = 1,
     .help = "how much of it: 0 is the picture as it was"},
    {"keep-color", 0, AD_OPTION_FLAG, .help = "keep the picture's colours, paint its luminance"},
    {"mask", 0, AD_OPTION_FILE, .help = "paint only where this picture is white"},
    FILM_OPTIONS,
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16",
     .help = "arithmetic of convolutions"},
    AD_OPTION_MEMORY_LIMIT(" (default: what the machine has)"),
    AD_OPTION_PROFILE,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct style_apply {
    ad_command *cmd;
    ad_context *ctx;
    style_painter painter;
    float *mix; /* [styles]; NULL: there is one */
    ad_compile_options compile;
    ad_image *mask;
    /* for pictures of one size */
    int64_t width, height; /* multiples of what the network wants */
    ad_graph *graph;
    ad_program *program;
    ad_node *result;
    float *input;
    size_t bytes;
} style_apply;

static void drop_program(style_apply *a)
{
    ad_program_free(a->program);
    ad_graph_free(a->graph);
    free(a->input);
    a->program = NULL, a->graph = NULL, a->input = NULL;
}

/* What it paints has the picture's size. */
static ad_status check_size(const style_apply *a)
{
    ad_shape shape = ad_node_shape(a->result);
    ad_status status = ad_graph_status(a->graph);
    if (status) return ad_error_set(a->ctx, status, "%s", ad_graph_error(a->graph));
    if (shape.rank == 4 && shape.dim[1] == a->height && shape.dim[2] == a->width &&
        shape.dim[3] == 3)
        return AD_OK;
    char text[192];
    return ad_error_set(a->ctx, AD_ERROR_SHAPE,
                        "%s: makes %s of a picture of %lld x %lld, expected one of the same size",
                        ad_command_operand(a->cmd, 0), ad_shape_text(shape, text, sizeof text),
                        (long long)a->width, (long long)a->height);
}

static ad_status plan(style_apply *a, int64_t width, int64_t height)
{
    if (a->program && width == a->width && height == a->height) return AD_OK;
    drop_program(a);
    a->width = width, a->height = height;
    a->bytes = (size_t)(width * height * 3) * sizeof(float);
    a->input = malloc(a->bytes);
    if (!a->input)
        return ad_error_set(a->ctx, AD_ERROR_MEMORY, "out of memory for a picture of %lld x %lld",
                            (long long)width, (long long)height);
    if (!(a->graph = ad_graph_new(a->ctx))) return AD_ERROR_MEMORY;
    ad_node *x = ad_input(a->graph, "image", AD_F32, ad_shape(1, height, width, 3));
    a->result = style_painter_build(&a->painter, x, a->mix);
    if (!a->result) return ad_error_status(a->ctx);
    ad_status status = check_size(a);
    if (!status) status = ad_compile(&a->program, a->ctx, &a->result, 1, &a->compile);
    return status ? status : ad_bind(a->program, x, a->input, a->bytes);
}

static int64_t up(int64_t x)
{
    int64_t most = x < STYLE_NET_LEAST ? STYLE_NET_LEAST : x;
    return (most + STYLE_NET_MULTIPLE - 1) / STYLE_NET_MULTIPLE * STYLE_NET_MULTIPLE;
}

/* What the network makes of a picture; borders that it needs are mirrored and cut off again. */
static ad_status paint(style_apply *a, const ad_image *photo, const char *path, ad_image **out)
{
    int64_t w = photo->width, h = photo->height;
    ad_status status = plan(a, up(w), up(h));
    for (int64_t i = 0; i < a->width * a->height && !status; ++i) {
        int64_t y = vision_mirrored(i / a->width, h), x = vision_mirrored(i % a->width, w);
        for (int c = 0; c < 3; ++c) a->input[i * 3 + c] = 255 * photo->data[(y * w + x) * 3 + c];
    }
    if (!status) status = ad_run(a->program);
    if (!status) status = ad_result_finite(a->program, a->result, path);
    if (!status) status = ad_image_new(a->ctx, w, h, 3, out);
    if (status) return status;
    const float *from = ad_result(a->program, a->result);
    for (int64_t i = 0; i < w * h; ++i)
        for (int c = 0; c < 3; ++c) {
            float v = from[(i / w * a->width + i % w) * 3 + c] / 255;
            (*out)->data[i * 3 + c] = v < 0 ? 0 : v > 1 ? 1 : v;
        }
    return AD_OK;
}

/* Where and how much of it is shown, in whose colours. */
static ad_status mix(style_apply *a, const ad_image *photo, ad_image **painted)
{
    double strength = ad_command_real(a->cmd, "strength");
    ad_image *mask = NULL, *coloured = NULL;
    ad_status status = AD_OK;
    if (ad_command_flag(a->cmd, "keep-color")) {
        status = ad_image_keep_color(a->ctx, *painted, photo, &coloured);
        if (status) return status;
        ad_image_free(*painted);
        *painted = coloured;
    }
    if (strength == 1 && !a->mask) return AD_OK;
    if (a->mask)
        status = ad_image_resize(a->ctx, a->mask, photo->width, photo->height,
                                 &(ad_image_resize_options){.encoded = true}, &mask);
    for (int64_t i = 0; i < photo->width * photo->height * 3 && !status; ++i) {
        double part = strength * (mask ? mask->data[i / 3] : 1);
        (*painted)->data[i] = (float)(photo->data[i] +
                                      part * ((*painted)->data[i] - photo->data[i]));
    }
    ad_image_free(mask);
    return status;
}

/* *image, of three channels, becomes itself painted. */
static ad_status repaint(style_apply *a, ad_image **image, const char *path)
{
    ad_image *sized, *painted = NULL;
    ad_status status;
    if (ad_command_given(a->cmd, "size")) {
        status = ad_image_fit(a->ctx, *image, ad_command_int(a->cmd, "size"), NULL, &sized);
        if (status) return status;
        ad_image_free(*image);
        *image = sized;
    }
    status = paint(a, *image, path, &painted);
    if (!status) status = mix(a, *image, &painted);
    if (status) {
        ad_image_free(painted);
        return status;
    }
    ad_image_free(*image);
    *image = painted;
    return AD_OK;
}

static ad_status one(style_apply *a, const char *path, const char *output)
{
    ad_image *image;
    ad_status status = ad_image_read(a->ctx, path, &(ad_image_read_options){.channels = 3}, &image);
    if (status) return status;
    if (image->note[0]) ad_command_note(a->cmd, "%s: %s", path, image->note);
    status = repaint(a, &image, path);
    if (!status) status = ad_image_write(a->ctx, output, image, NULL);
    ad_image_free(image);
    return status;
}

/* ---- films ---- */

static ad_status paint_frame(void *user, ad_image **image)
{
    style_apply *a = user;
    return repaint(a, image, ad_command_operand(a->cmd, 1));
}

static int paint_film(style_apply *a)
{
    const char *mask = ad_command_text(a->cmd, "mask");
    int code = vision_check_not_input(a->cmd, &mask, 1);
    if (code) return code;
    return film_frames(a->cmd, ad_command_operand(a->cmd, 1), ad_command_text(a->cmd, "output"),
                       &(film_work){.frame = paint_frame, .user = a});
}

/* Options of films given for pictures would do nothing. */
static int refuse_film_options(style_apply *a)
{
    static const char *const names[] = {"from", "to", "fps", "crf", "no-sound"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (ad_command_given(a->cmd, names[i]))
            return ad_command_usage(a->cmd, "--%s is for films, and %s is none", names[i],
                                    ad_command_operand(a->cmd, 1));
    return AD_EXIT_OK;
}

/* --style 3, or --style 3,5 --style-mix 0.7,0.3. */
static int read_mix(style_apply *a)
{
    int64_t styles = a->painter.styles;
    int count = ad_command_count(a->cmd, "style"), parts = ad_command_count(a->cmd, "style-mix");
    double sum = 0;
    if (styles == 1 && (count || parts))
        return ad_command_usage(a->cmd, "--style: %s has one style", ad_command_operand(a->cmd, 0));
    if (parts && parts != count)
        return ad_command_usage(a->cmd, "--style-mix: %d parts for %d styles", parts, count);
    if (styles == 1) return AD_EXIT_OK;
    if (!(a->mix = calloc((size_t)styles, sizeof *a->mix)))
        return ad_command_fail(a->cmd, "out of memory");
    for (int i = 0; i < count; ++i) {
        double number = ad_command_real_item(a->cmd, "style", i);
        if (number < 1 || number > (double)styles || number != (double)(int64_t)number)
            return ad_command_usage(a->cmd, "--style %g: %s has styles 1 to %lld", number,
                                    ad_command_operand(a->cmd, 0), (long long)styles);
        double part = parts ? ad_command_real_item(a->cmd, "style-mix", i) : 1;
        a->mix[(int64_t)number - 1] += (float)part, sum += part;
    }
    if (!count) {
        a->mix[0] = 1, sum = 1;
        ad_command_note(a->cmd, "%s: has %lld styles, of which the first is taken; --style N",
                        ad_command_operand(a->cmd, 0), (long long)styles);
    }
    if (!(sum > 0)) return ad_command_usage(a->cmd, "--style-mix: the parts add up to 0");
    for (int64_t i = 0; i < styles; ++i) a->mix[i] /= (float)sum;
    return AD_EXIT_OK;
}

static int open_network(style_apply *a)
{
    const char *path = ad_command_operand(a->cmd, 0);
    ad_status status = style_painter_open(&a->painter, a->ctx, path,
                                          ad_command_real(a->cmd, "white"));
    if (status) return ad_command_check(a->cmd, status);
    const style_painter *p = &a->painter;
    if (p->onnx && !ad_command_given(a->cmd, "white"))
        ad_command_note(a->cmd,
                        "%s: taken for a network to which white is %g; --white says otherwise",
                        path, p->white);
    if (!p->onnx && ad_command_given(a->cmd, "white"))
        return ad_command_usage(a->cmd, "--white is for ONNX files, and %s is none", path);
    if (p->side[0] > 0 && p->side[1] > 0)
        ad_command_note(a->cmd, "%s: was made for pictures of %lld x %lld, and paints others, too",
                        path, (long long)p->side[1], (long long)p->side[0]);
    return read_mix(a);
}

/* ---- which pictures, and where they go ---- */

typedef struct works {
    ad_texts from;
    char **to; /* [from.count], NULL behind those that are known */
} works;

static ad_status take_name(style_apply *a, works *w, int64_t index, const char *path)
{
    w->to[index] = strdup(path);
    return w->to[index] ? AD_OK : ad_error_set(a->ctx, AD_ERROR_MEMORY, "out of memory for names");
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* FOLDER/NAME, in a format that is written: what cannot be becomes .png. */
static ad_status name_output(style_apply *a, const char *folder, works *w, int64_t index)
{
    char to[4096];
    const char *path = w->from.at[index], *name = base(path), *dot = strrchr(name, '.'),
               *slash = "/";
    static const char *const written[] = {".png", ".jpg", ".jpeg", ".webp"};
    bool keeps = false;
    for (int i = 0; i < 4; ++i) keeps = keeps || (dot && !strcasecmp(dot, written[i]));
    int stem = dot && !keeps ? (int)(dot - name) : (int)strlen(name);
    if (folder[strlen(folder) - 1] == '/') slash = "";
    if (snprintf(to, sizeof to, "%s%s%.*s%s", folder, slash, stem, name, keeps ? "" : ".png") >=
        (int)sizeof to)
        return ad_error_set(a->ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", folder);
    for (int64_t i = 0; i < index; ++i)
        if (!strcmp(w->to[i], to))
            return ad_error_set(a->ctx, AD_ERROR_ARGUMENT,
                                "%s and %s would both become %s: paint them apart", w->from.at[i],
                                path, to);
    if (!access(to, F_OK))
        return ad_error_set(a->ctx, AD_ERROR_ARGUMENT,
                            "%s: is there already; --output takes a folder without it", to);
    return take_name(a, w, index, to);
}

static int list(style_apply *a, works *w)
{
    ad_watcher watcher = ad_command_watcher(a->cmd);
    const char *output = ad_command_text(a->cmd, "output"), *mask = ad_command_text(a->cmd, "mask");
    ad_status status = AD_OK;
    for (int i = 1; i < ad_command_operands(a->cmd) && !status; ++i)
        status = ad_image_files(a->ctx, ad_command_operand(a->cmd, i), &w->from, &watcher);
    if (!status && !(w->to = calloc((size_t)w->from.count + 1, sizeof *w->to)))
        status = ad_error_set(a->ctx, AD_ERROR_MEMORY, "out of memory for names");
    if (status) return ad_command_check(a->cmd, status);
    struct stat about;
    bool folder = !stat(ad_command_operand(a->cmd, 1), &about) && S_ISDIR(about.st_mode);
    if (ad_command_operands(a->cmd) == 2 && !folder) {
        int code = vision_check_output(a->cmd, &mask, 1);
        return code ? code : ad_command_check(a->cmd, take_name(a, w, 0, output));
    }
    if (!stat(output, &about) && !S_ISDIR(about.st_mode))
        return ad_command_fail(a->cmd, "%s: is no folder, and several pictures want one", output);
    for (int64_t i = 0; i < w->from.count && !status; ++i) status = name_output(a, output, w, i);
    if (!status) status = ad_run_make_folder(a->ctx, output);
    return ad_command_check(a->cmd, status);
}

static ad_status paint_all(style_apply *a, const works *w, int64_t *done)
{
    ad_status status = AD_OK;
    for (*done = 0; *done < w->from.count && !status;) {
        status = one(a, w->from.at[*done], w->to[*done]);
        if (status) break;
        ++*done;
        if (w->from.count > 1)
            ad_command_progress(a->cmd, &(ad_progress){.step = *done,
                                                       .steps = w->from.count,
                                                       .part = base(w->from.at[*done - 1])});
        if (ad_command_interrupted(a->cmd)) break;
    }
    return status;
}

static void say_end(style_apply *a, const works *w, int64_t done)
{
    const char *output = ad_command_text(a->cmd, "output");
    double seconds = ad_command_seconds(a->cmd);
    if (ad_command_json(a->cmd)) {
        ad_json_begin(a->cmd, "done");
        ad_json_text(a->cmd, "output", output);
        ad_json_int(a->cmd, "pictures", done);
        ad_json_real(a->cmd, "seconds", seconds);
        ad_json_end(a->cmd);
    } else if (w->from.count == 1)
        ad_command_note(a->cmd, "%s: %.2f s", output, seconds);
    else
        ad_command_note(a->cmd, "%s: %lld of %lld pictures, %.1f s", output, (long long)done,
                        (long long)w->from.count, seconds);
}

static int paint_pictures(style_apply *a)
{
    works w = {0};
    int64_t done = 0;
    int code = refuse_film_options(a);
    if (!code) code = list(a, &w);
    if (!code) {
        (void)ad_command_interrupted(a->cmd); /* from here on Ctrl-C ends after a picture */
        ad_command_start(a->cmd);
        code = ad_command_check(a->cmd, paint_all(a, &w, &done));
        if (!code || done) say_end(a, &w, done);
    }
    for (int64_t i = 0; w.to && i < w.from.count; ++i) free(w.to[i]);
    free(w.to);
    ad_texts_free(a->ctx, &w.from);
    return code;
}

static int apply(ad_command *cmd)
{
    style_apply a = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    const char *mask = ad_command_text(cmd, "mask"), *first = ad_command_operand(cmd, 1);
    struct stat about;
    bool film = false, folder = !stat(first, &about) && S_ISDIR(about.st_mode);
    if (!a.ctx) return AD_EXIT_FAILURE;
    a.compile.precision = (ad_precision)ad_command_choice(cmd, "precision");
    a.compile.memory_limit = ad_command_given(cmd, "memory-limit")
                                 ? (size_t)ad_command_size(cmd, "memory-limit")
                                 : vision_machine_memory();
    int code = open_network(&a);
    if (!code && mask && !(a.mask = vision_read_picture(cmd, mask, 1))) code = AD_EXIT_FAILURE;
    if (!code && ad_command_operands(cmd) == 2 && !folder)
        code = ad_command_check(cmd, film_is(a.ctx, first, &film));
    if (!code) code = film ? paint_film(&a) : paint_pictures(&a);
    drop_program(&a);
    ad_image_free(a.mask);
    style_painter_close(&a.painter);
    free(a.mix);
    return code;
}

static int run(ad_command *cmd)
{
    return ad_tuning_run(cmd, apply);
}

const ad_verb style_apply_verb = {
    AD_VERB("style", "apply", "MODEL PICTURE...", options, run,
            "paint pictures by a network that knows one style"),
    .description =
        "MODEL is a network of Johnson, Alahi and Li's form (2016): PyTorch's example "
        "fast_neural_style (.pth, .safetensors), or Engstrom's as published for deeplearn.js (an "
        "archive of variables with manifest.json, .tar.xz), or an ONNX file (.onnx) from a picture "
        "to "
        "a picture. A PICTURE may be a folder; then, and "
        "of "
        "several, OUT is a folder. One that is a film becomes a film, by the ending of OUT (.mp4, "
        ".webm, .gif, .apng, frames/), with its sound; stopped half way, what is done can be "
        "played.\n"
        "\n"
        "  autodidact style apply mosaic.pth photo.jpg -o out.png\n"
        "  autodidact style apply styles.onnx photo.jpg --style 3,5 --style-mix 0.7,0.3 -o "
        "out.png\n"
        "  autodidact style apply wave.tar.xz photos/ -o painted/ --size 1024 --keep-color\n"
        "  autodidact style apply wave.tar.xz holiday.mp4 -o painted.mp4 --size 640"};
