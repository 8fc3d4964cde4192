/* apply.c - `autodidact style apply MODEL PICTURE... -o OUT`: pictures, or a film, through a
 * network that was trained for one style or several. */
#include "zoo/style/apply.h"

#include <autodidact/profile.h>
#include <autodidact/tuning.h>

#include <stdlib.h>
#include <sys/stat.h>

static const ad_option options[] = {
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the picture goes (.png, .jpg, .webp, or - for standard output); of several: a "
             "folder; of a film: a film"},
    {"size", 0, AD_OPTION_INT, .min = STYLE_NET_LEAST, .max = 1 << 16, .unit = "PIXELS",
     .help = "longer side of the pictures (default: as they are)"},
    {"style", 0, AD_OPTION_TEXTS, .unit = "STYLE,...",
     .help =
         "of a network of several styles: which, by name or number from 1 (default: the first)"},
    {"style-mix", 0, AD_OPTION_TEXTS, .unit = "W1,W2,...",
     .help = "how much of each of them, or of each painting (default: equal); or alone, "
             "STYLE:W1,STYLE:W2"},
    {"weights", 0, AD_OPTION_TEXTS, .unit = "FILE,...",
     .help = "of any painting: another network than the embedded one, its files or their folder"},
    {"transfer", 0, AD_OPTION_CHOICE, .initial = "wct", .choices = "wct|adain",
     .help = "of any painting: what of its features is matched, covariances or each channel's "
             "deviation"},
    {"style-size", 0, AD_OPTION_INT, .min = 32, .max = 1 << 14, .unit = "PIXELS",
     .help = "of any painting: its longer side as it is looked at; smaller makes smaller strokes "
             "(default: 512)"},
    {"sheet", 0, AD_OPTION_FLAG,
     .help = "of a network of several styles: one picture in each of them, with their names"},
    {"white", 0, AD_OPTION_REAL, .min = 1e-6, .max = 65535,
     .help = "of an ONNX file: the number that white is to it (default: 1 where it ends in a "
             "sigmoid, else 255)"},
    {"strength", 0, AD_OPTION_REAL, .initial = "1", .max = 1,
     .help = "how much of it: 0 is the picture as it was (of any painting: as the network sees "
             "it)"},
    {"keep-color", 0, AD_OPTION_FLAG, .help = "keep the picture's colours, paint its luminance"},
    {"mask", 0, AD_OPTION_FILE, .help = "paint only where this picture is white"},
    {"steady", 0, AD_OPTION_REAL, .initial = "0", .max = 1,
     .help =
         "of a film: against flicker, how much of each frame is the painted one before, carried "
         "along by the film's optical flow where that is to be trusted (0.7 is a good deal)"},
    FILM_OPTIONS,
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16",
     .help = "arithmetic of convolutions"},
    AD_OPTION_MEMORY_LIMIT(" (default: what the machine has)"),
    AD_OPTION_PROFILE,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

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
    return style_apply_read_mix(a);
}

static int apply(ad_command *cmd)
{
    style_apply a = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    const char *first = style_apply_input(cmd, 1);
    struct stat about;
    bool film = false, folder = !stat(first, &about) && S_ISDIR(about.st_mode);
    if (!a.ctx) return AD_EXIT_FAILURE;
    a.compile.precision = (ad_precision)ad_command_choice(cmd, "precision");
    a.compile.memory_limit = ad_command_given(cmd, "memory-limit")
                                 ? (size_t)ad_command_size(cmd, "memory-limit")
                                 : vision_machine_memory();
    a.inputs = ad_command_operands(cmd) - 1;
    bool any = style_apply_is_any(&a);
    int code = any ? style_apply_open_any(&a) : style_apply_refuse_any_options(&a);
    if (!code && !any) code = open_network(&a);
    film = folder && a.inputs == 1 && film_named(ad_command_text(cmd, "output"));
    if (!code && a.inputs == 1 && !folder)
        code = ad_command_check(cmd, film_is(a.ctx, first, &film));
    if (!code) code = film_masks_open(cmd, film, &a.masks);
    if (!code && ad_command_flag(cmd, "sheet"))
        code = style_apply_sheet(&a, a.inputs == 1 && !film && !folder);
    else if (!code)
        code = film ? style_apply_film(&a) : style_apply_pictures(&a);
    style_apply_drop_program(&a);
    film_follow_free(a.follow);
    film_masks_free(a.masks);
    style_painter_close(&a.painter);
    style_any_close(a.any);
    free(a.mix);
    return code;
}

static int run(ad_command *cmd)
{
    return ad_tuning_run(cmd, apply);
}

const ad_verb style_apply_verb = {
    AD_VERB("style", "apply", "MODEL PICTURE...", options, run,
            "paint pictures by a network, in its style or like any painting"),
    .description =
        "MODEL is starry_night or great_wave, which are built in, a run of `style train`, or a "
        "network of Johnson, Alahi and Li's form (2016): PyTorch's example fast_neural_style "
        "(.pth, .safetensors), or Engstrom's as published for deeplearn.js (an archive of "
        "variables with manifest.json, .tar.xz), or an ONNX file (.onnx) from a picture to a "
        "picture. A PICTURE may be a folder; then, and of several, OUT is a folder (or a film's "
        "name: the folder's pictures are its frames). One that is a film becomes a film, by the "
        "ending of OUT (.mp4, .webm, .gif, .apng, frames/), with its sound; stopped half way, "
        "what is done can be played. PICTURE - is standard input. A picture that does not fit "
        "into memory at once is painted in bands, without seams.\n"
        "\n"
        "With `any` as MODEL, the first PICTURE (a folder, a film) is painted like the others: by "
        "the "
        "decoder in the binary, or by --weights: a run of `style train-any`, pairs of encoder and "
        "decoder (SE5.pth and SD5.pth of Collaborative-Distillation), MicroAST's four files, or "
        "two "
        "ONNX files, from a painting to numbers and from a picture and numbers to a picture.\n"
        "\n"
        "  autodidact style apply starry_night photo.jpg -o out.png\n"
        "  autodidact style apply any photo.jpg painting.jpg -o out.png --strength 0.8\n"
        "  autodidact style apply any holiday.mp4 one.jpg two.jpg --style-mix 0.7,0.3 -o "
        "painted.mp4\n"
        "  autodidact style apply any photo.jpg painting.jpg -o out.png --weights models/\n"
        "  autodidact style apply mosaic.pth photo.jpg -o out.png\n"
        "  autodidact style apply styles.onnx photo.jpg --style 3,5 --style-mix 0.7,0.3 -o "
        "out.png\n"
        "  autodidact style apply styles.onnx photo.jpg --sheet --size 400 -o sheet.png\n"
        "  autodidact style apply RUN photo.jpg --style-mix wave:0.7,scream:0.3 -o out.png\n"
        "  autodidact style apply wave.tar.xz photos/ -o painted/ --size 1024 --keep-color\n"
        "  curl -s https://.../photo.jpg | autodidact style apply wave.tar.xz - -o - >out.png\n"
        "  autodidact style apply wave.tar.xz holiday.mp4 -o painted.mp4 --size 640"};
