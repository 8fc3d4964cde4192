/* info.c - `autodidact info FILE`: what a weights file or a picture holds, from its header alone.
 * Sets of pictures are in info_set.c, films in info_film.c, networks in info_onnx.c. */
#include "cli/film.h"
#include "cli/onnx.h"
#include "cli/verbs.h"
#include "zoo/vision/backbone.h"

#include <autodidact/image.h>
#include <autodidact/io.h>
#include <autodidact/table.h>
#include <stdio.h>
#include <string.h>

/* ---- pictures ---- */

static int picture(ad_command *cmd, ad_context *ctx, const char *path)
{
    ad_image_info info;
    int code = ad_command_check(cmd, ad_image_probe(ctx, path, &info));
    if (code) return code;
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "image");
        ad_json_text(cmd, "file", path);
        ad_json_text(cmd, "format", ad_image_format_name(info.format));
        ad_json_int(cmd, "width", info.width);
        ad_json_int(cmd, "height", info.height);
        ad_json_int(cmd, "channels", info.channels);
        ad_json_int(cmd, "bit_depth", info.bit_depth);
        ad_json_int(cmd, "orientation", info.orientation);
        ad_json_bool(cmd, "icc", info.has_icc);
        ad_json_bool(cmd, "cmyk", info.is_cmyk);
        ad_json_bool(cmd, "palette", info.is_palette);
        ad_json_bool(cmd, "animated", info.is_animated);
        ad_json_end(cmd);
        return AD_EXIT_OK;
    }
    static const char *const channels[] = {"?", "grey", "grey and alpha", "colour",
                                           "colour and alpha"};
    ad_command_print(
        cmd, "%s: %s, %lld x %lld, %s, %d bit\n", path, ad_image_format_name(info.format),
        (long long)info.width, (long long)info.height,
        channels[info.channels >= 1 && info.channels <= 4 ? info.channels : 0], info.bit_depth);
    if (info.is_palette) ad_command_print(cmd, "  colours from a palette\n");
    if (info.is_cmyk) ad_command_print(cmd, "  stored as CMYK\n");
    if (info.orientation > 1)
        ad_command_print(cmd, "  EXIF orientation %d (the size above is as shown)\n",
                         info.orientation);
    if (info.has_icc) ad_command_print(cmd, "  has an ICC profile, which is ignored\n");
    if (info.is_animated) ad_command_print(cmd, "  animated; only the first frame is read\n");
    return AD_EXIT_OK;
}

/* ---- weights ---- */

static const char *type_name(ad_dtype dtype)
{
    return dtype < AD_DTYPES ? ad_dtype_name(dtype) : "unreadable";
}

/* "alexnet with 1000 classes", or what is wrong with it; "": no image network that is known. */
static ad_status network_text(ad_context *ctx, ad_file *file, char *text, size_t size)
{
    vision_kind kind;
    vision_form form;
    const char *layers[VISION_MAX_LAYERS];
    *text = 0;
    if (!vision_knows(file, &kind)) return AD_OK;
    ad_status status = vision_read_form(ctx, file, &form);
    if (status == AD_ERROR_MEMORY) return status;
    int count = vision_layers(kind, layers);
    int used = snprintf(text, size, "%s", vision_name(kind));
    if (status)
        snprintf(text + used, size - (size_t)used, ", but %s", ad_error(ctx));
    else if (form.layers < count || !form.classes)
        snprintf(text + used, size - (size_t)used, " as far as %s", layers[form.layers - 1]);
    else
        snprintf(text + used, size - (size_t)used, " with %lld classes", (long long)form.classes);
    ad_error_clear(ctx);
    return AD_OK;
}

static void weights_json(ad_command *cmd, const ad_file *file, const char *network)
{
    int64_t bytes = 0;
    for (int i = 0; i < ad_file_count(file); ++i) {
        const ad_file_entry *entry = ad_file_at(file, i);
        bytes += entry->bytes;
        ad_json_begin(cmd, "tensor");
        ad_json_text(cmd, "name", entry->name);
        ad_json_text(cmd, "raw_name", entry->raw_name);
        ad_json_text(cmd, "dtype", type_name(entry->dtype));
        ad_json_text(cmd, "stored", entry->stored);
        ad_json_ints(cmd, "shape", entry->shape.dim, entry->shape.rank);
        ad_json_int(cmd, "bytes", entry->bytes);
        ad_json_end(cmd);
    }
    for (int i = 0; i < ad_file_metadata_count(file); ++i) {
        ad_metadata metadata = ad_file_metadata_at(file, i);
        ad_json_begin(cmd, "metadata");
        ad_json_text(cmd, "key", metadata.key);
        ad_json_text(cmd, "value", metadata.value);
        ad_json_end(cmd);
    }
    ad_json_begin(cmd, "file");
    ad_json_text(cmd, "file", ad_file_path(file));
    ad_json_text(cmd, "format", ad_file_format_name(ad_file_get_format(file)));
    ad_json_text(cmd, "network", *network ? network : NULL);
    ad_json_int(cmd, "tensors", ad_file_count(file));
    ad_json_int(cmd, "bytes", bytes);
    ad_json_end(cmd);
}

/* For people: the type, as the file calls it where it is quantised or cannot be read. */
static const char *shown_type(const ad_file_entry *entry, char *buffer, size_t size)
{
    bool readable = entry->dtype < AD_DTYPES;
    if (readable && (!ad_dtype_is_float(entry->dtype) ||
                     (size_t)entry->bytes == ad_shape_bytes(entry->shape, entry->dtype)))
        return ad_dtype_name(entry->dtype);
    snprintf(buffer, size, "%s%.40s", readable ? "" : "unreadable ", entry->stored);
    return buffer;
}

static ad_status tensors_table(ad_command *cmd, const ad_file *file)
{
    static const ad_column columns[] = {
        {.name = "name"}, {.name = "dtype"}, {.name = "shape"}, {"bytes", .kind = AD_COLUMN_INT}};
    bool raw = ad_command_flag(cmd, "raw-names");
    char shape[192], type[64];
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 4);
    for (int i = 0; i < ad_file_count(file); ++i) {
        const ad_file_entry *entry = ad_file_at(file, i);
        ad_table_row(t);
        ad_table_text(t, raw ? entry->raw_name : entry->name);
        ad_table_text(t, shown_type(entry, type, sizeof type));
        ad_table_text(t, ad_shape_text(entry->shape, shape, sizeof shape));
        ad_table_int(t, entry->bytes);
    }
    if (!status) status = ad_table_print(t, cmd, "tensor");
    ad_table_free(t);
    return status;
}

static ad_status metadata_table(ad_command *cmd, const ad_file *file)
{
    static const ad_column columns[] = {{.name = "metadata"}, {"value", .most = 100}};
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 2);
    for (int i = 0; i < ad_file_metadata_count(file); ++i) {
        ad_metadata metadata = ad_file_metadata_at(file, i);
        ad_table_row(t);
        ad_table_text(t, metadata.key), ad_table_text(t, metadata.value);
    }
    if (!status) status = ad_table_print(t, cmd, "metadata");
    ad_table_free(t);
    return status;
}

/* What was taken off the names (io.h). */
static void say_wrapper(ad_command *cmd, const ad_file *file)
{
    for (int i = 0; i < ad_file_count(file); ++i) {
        const ad_file_entry *entry = ad_file_at(file, i);
        size_t raw = strlen(entry->raw_name), length = strlen(entry->name);
        if (raw <= length || strcmp(entry->raw_name + (raw - length), entry->name) != 0) continue;
        ad_command_print(cmd, "  names without \"%.*s\" (--raw-names shows it)\n",
                         (int)(raw - length), entry->raw_name);
        return;
    }
}

static ad_status weights_text(ad_command *cmd, const ad_file *file, const char *network)
{
    int count = ad_file_count(file);
    int64_t bytes = 0, elements = 0;
    char size[32];
    for (int i = 0; i < count; ++i) {
        const ad_file_entry *entry = ad_file_at(file, i);
        bytes += entry->bytes;
        elements += ad_shape_count(entry->shape);
    }
    ad_command_print(cmd, "%s: %s, %d tensor%s, %lld elements, %s\n", ad_file_path(file),
                     ad_file_format_name(ad_file_get_format(file)), count, count == 1 ? "" : "s",
                     (long long)elements, ad_bytes_text((double)bytes, size, sizeof size));
    say_wrapper(cmd, file);
    if (*network) ad_command_print(cmd, "  an image network: %s\n", network);
    if (count) ad_command_print(cmd, "\n");
    ad_status status = tensors_table(cmd, file);
    if (!status && ad_file_metadata_count(file)) {
        ad_command_print(cmd, "\n");
        status = metadata_table(cmd, file);
    }
    return status;
}

/* Of `file`, if that is open already; closes it. */
static int weights(ad_command *cmd, ad_context *ctx, const char *path, ad_file *file)
{
    ad_status status = file ? AD_OK : ad_file_open(&file, ctx, path);
    char network[512];
    if (!status) status = network_text(ctx, file, network, sizeof network);
    if (!status && ad_command_json(cmd))
        weights_json(cmd, file, network);
    else if (!status)
        status = weights_text(cmd, file, network);
    ad_file_close(file);
    return ad_command_check(cmd, status);
}

/* An archive of a network's variables; NULL: it is one of pictures. */
static ad_file *open_variables(ad_context *ctx, const char *path)
{
    ad_file *file;
    if (!ad_file_open(&file, ctx, path)) return file;
    ad_error_clear(ctx);
    return NULL;
}

static int run(ad_command *cmd)
{
    const char *path = ad_command_operand(cmd, 0);
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    if (ad_cli_names_set(path)) {
        ad_file *variables = open_variables(ctx, path);
        return variables ? weights(cmd, ctx, path, variables) : ad_cli_info_set(cmd, ctx, path);
    }
    if (ad_onnx_ending(path)) return ad_cli_info_onnx(cmd, ctx, path);
    bool begins, moves;
    ad_status status = ad_film_begins(ctx, path, &moves);
    if (!status) status = ad_image_begins(ctx, path, &begins);
    if (status) return ad_command_check(cmd, status);
    /* an animated PNG is a picture, too */
    if (moves && (ad_has_component("libav") || !begins)) return ad_cli_info_film(cmd, ctx, path);
    bool shows = begins || ad_image_ending_unread(path);
    return shows ? picture(cmd, ctx, path) : weights(cmd, ctx, path, NULL);
}

static const ad_option options[] = {
    {"raw-names", 0, AD_OPTION_FLAG,
     .help = "tensor names as they stand in the file, wrappers included"},
    AD_OPTION_JSON,
    {0},
};

const ad_verb ad_cli_info = {
    AD_VERB(NULL, "info", "FILE", options, run,
            "what a weights file, a network, a picture, a film or a set of pictures holds"),
    .description =
        "Weights: safetensors (or their index), PyTorch (.pth, .pt, .th), .npy, .npz, GGUF, "
        "llama2.c's and archives of variables (manifest.json), recognised by content; every tensor "
        "with its name, type, shape and bytes. "
        "Networks: .onnx; its inputs, outputs and operations, and whether it can be run here. "
        "Pictures: PNG, JPEG, WebP, BMP, PGM and PPM. Films: MP4, WebM, GIF and whatever else "
        "libav reads; their frames are counted. Nothing in a file is executed. A folder, "
        ".tar, .tar.gz, .tar.xz or .zip is read as a set of labelled pictures: how many of each "
        "class, their size and colours.\n\n  autodidact info vgg19.pth\n  autodidact info "
        "photo.jpg --json\n  autodidact info mnist/",
};
