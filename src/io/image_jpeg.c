/* image_jpeg.c - JPEG (ISO/IEC 10918) by libjpeg: baseline and progressive, grey, colour, CMYK and
 * YCCK. Errors arrive by longjmp, as in image_png.c, and nothing is printed.
 *
 * libjpeg goes on with grey where a file ends too early; here that is an error. Only a missing end
 * marker after a complete single scan is forgiven, which some cameras leave out. */
#include "io/image_codec.h"

#include <setjmp.h>
#include <stdio.h> /* before jpeglib.h, which needs FILE */
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

enum { MAX_SCANS = 200 }; /* a small file of very many scans could keep a machine busy for hours */

typedef struct jpeg_work {
    struct jpeg_error_mgr errors; /* first: libjpeg hands out pointers to it */
    ad_context *ctx;
    jmp_buf jump;
    char error[JMSG_LENGTH_MAX];
    bool refused; /* memory was: the context has the sentence */
    uint8_t *row;
    size_t row_bytes;
    /* reading */
    struct jpeg_decompress_struct in;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    ad_image_bytes *file;
    ad_image_info *found;
    ad_image *image;
    bool at_end;    /* the input ran out, an end marker was made up */
    bool data_lost; /* entropy-coded data was missing */
    /* writing */
    struct jpeg_compress_struct out;
    struct jpeg_destination_mgr destination;
    const ad_image *picture;
    int quality;
    ad_text *to;
    uint8_t buffer[4096];
} jpeg_work;

static void stop(jpeg_work *work, const char *message)
{
    snprintf(work->error, sizeof work->error, "%s", message);
    longjmp(work->jump, 1);
}

static void on_error(j_common_ptr cinfo)
{
    jpeg_work *work = (jpeg_work *)cinfo->err;
    char message[JMSG_LENGTH_MAX];
    if (cinfo->err->msg_code == JERR_OUT_OF_MEMORY) {
        work->refused = true;
        ad_fail(work->ctx, AD_ERROR_MEMORY, "out of memory in libjpeg");
    }
    cinfo->err->format_message(cinfo, message);
    stop(work, message);
}

static void on_message(j_common_ptr cinfo, int level)
{
    jpeg_work *work = (jpeg_work *)cinfo->err;
    if (level >= 0) return; /* a trace, not a warning */
    if (cinfo->err->msg_code == JWRN_HIT_MARKER) work->data_lost = true;
    if (!work->file || cinfo->err->msg_code == JWRN_JPEG_EOF) return;
    char message[JMSG_LENGTH_MAX];
    cinfo->err->format_message(cinfo, message);
    ad_image_remark(work->file, "%s", message);
}

static void silent(j_common_ptr cinfo)
{
    (void)cinfo;
}

static void prepare_errors(jpeg_work *work)
{
    jpeg_std_error(&work->errors);
    work->errors.error_exit = on_error;
    work->errors.emit_message = on_message;
    work->errors.output_message = silent;
}

/* Runs `body`; false after a jump. */
static bool guarded(jpeg_work *work, void (*body)(jpeg_work *))
{
    if (setjmp(work->jump)) return false;
    body(work);
    return true;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static void source_nothing(j_decompress_ptr in)
{
    (void)in;
}

static boolean source_fill(j_decompress_ptr in)
{
    static const JOCTET end[2] = {0xff, JPEG_EOI};
    ((jpeg_work *)in->err)->at_end = true;
    in->src->next_input_byte = end;
    in->src->bytes_in_buffer = 2;
    return TRUE;
}

static void source_skip(j_decompress_ptr in, long count)
{
    struct jpeg_source_mgr *source = in->src;
    if (count <= 0) return;
    if ((size_t)count > source->bytes_in_buffer) {
        source_fill(in);
        return;
    }
    source->next_input_byte += count;
    source->bytes_in_buffer -= (size_t)count;
}

static void watch_scans(j_common_ptr cinfo)
{
    if (((j_decompress_ptr)cinfo)->input_scan_number > MAX_SCANS)
        stop((jpeg_work *)cinfo->err, "it has too many scans");
}

static void begin_reading(jpeg_work *work)
{
    j_decompress_ptr in = &work->in;
    jpeg_create_decompress(in);
    work->source = (struct jpeg_source_mgr){.next_input_byte = work->file->at,
                                            .bytes_in_buffer = work->file->size,
                                            .init_source = source_nothing,
                                            .fill_input_buffer = source_fill,
                                            .skip_input_data = source_skip,
                                            .resync_to_restart = jpeg_resync_to_restart,
                                            .term_source = source_nothing};
    in->src = &work->source;
    work->progress.progress_monitor = watch_scans;
    in->progress = &work->progress;
    jpeg_save_markers(in, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(in, JPEG_APP0 + 2, 0xffff);
    jpeg_read_header(in, TRUE);
}

static void read_header(jpeg_work *work)
{
    static const char exif[6] = "Exif\0", icc[12] = "ICC_PROFILE";
    begin_reading(work);
    const struct jpeg_decompress_struct *in = &work->in;
    ad_image_info *found = work->found;
    *found = (ad_image_info){.format = AD_IMAGE_JPEG,
                             .width = in->image_width,
                             .height = in->image_height,
                             .channels = in->num_components == 1 ? 1 : 3,
                             .bit_depth = in->data_precision,
                             .orientation = 1,
                             .is_cmyk = in->num_components == 4};
    bool seen_exif = false, seen_icc = false;
    for (jpeg_saved_marker_ptr m = in->marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && !seen_exif && m->data_length > 6 &&
            !memcmp(m->data, exif, 6)) {
            found->orientation = ad_exif_orientation(m->data + 6, m->data_length - 6);
            seen_exif = true;
        } /* a profile may be spread over several markers; its name is near the start */
        if (m->marker == JPEG_APP0 + 2 && !seen_icc && m->data_length > 14 &&
            !memcmp(m->data, icc, 12)) {
            found->has_icc = !ad_icc_is_srgb(m->data + 14, m->data_length - 14);
            seen_icc = true;
        }
    }
}

/* Adobe writes CMYK as light let through (255: no ink); others write ink. */
static void row_from_cmyk(float *to, const uint8_t *from, int64_t width, bool adobe)
{
    for (int64_t x = 0; x < width; ++x, from += 4, to += 3) {
        float light[4];
        for (int i = 0; i < 4; ++i) light[i] = (float)(adobe ? from[i] : 255 - from[i]) / 255.0f;
        for (int i = 0; i < 3; ++i) to[i] = light[i] * light[3];
    }
}

static void read_pixels(jpeg_work *work)
{
    begin_reading(work);
    j_decompress_ptr in = &work->in;
    ad_image *image = work->image;
    bool cmyk = in->num_components == 4;
    in->out_color_space = cmyk ? JCS_CMYK : image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    bool many_scans = jpeg_has_multiple_scans(in);
    jpeg_start_decompress(in);
    if (in->output_width != image->width || in->output_height != image->height ||
        in->output_components != (cmyk ? 4 : image->channels))
        stop(work, "its header contradicts itself");
    work->row_bytes = ad_bytes(image->width, (size_t)in->output_components);
    work->row = ad_alloc(work->ctx, work->row_bytes);
    work->refused = !work->row;
    if (work->refused) stop(work, "out of memory");
    int64_t samples = image->width * image->channels;
    while (in->output_scanline < in->output_height) {
        float *to = image->data + in->output_scanline * samples;
        if (work->at_end && (many_scans || work->data_lost)) stop(work, "truncated");
        jpeg_read_scanlines(in, &work->row, 1);
        if (cmyk)
            row_from_cmyk(to, work->row, image->width, in->saw_Adobe_marker);
        else
            ad_samples_from_u8(to, work->row, samples);
    }
    if (work->data_lost && work->at_end) stop(work, "truncated"); /* in the last row */
    jpeg_finish_decompress(in);
    if (cmyk) ad_image_remark(work->file, "its CMYK is converted without a profile");
}

static ad_status read_with(jpeg_work *work, void (*body)(jpeg_work *))
{
    prepare_errors(work);
    work->in.err = &work->errors;
    bool good = guarded(work, body);
    jpeg_destroy_decompress(&work->in);
    ad_free(work->ctx, work->row, work->row_bytes);
    if (good) return AD_OK;
    if (work->refused) return AD_ERROR_MEMORY;
    if (work->at_end)
        return ad_fail(work->ctx, AD_ERROR_FORMAT, "truncated JPEG: the data ends too early");
    return ad_fail(work->ctx, AD_ERROR_FORMAT, "damaged or unsupported JPEG: %s", work->error);
}

ad_status ad_jpeg_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info)
{
    return read_with(&(jpeg_work){.ctx = ctx, .file = file, .found = info}, read_header);
}

ad_status ad_jpeg_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                         ad_image **out)
{
    jpeg_work work = {.ctx = ctx, .file = file};
    ad_status status = ad_image_make(ctx, info->width, info->height, info->channels, &work.image);
    if (status) return status;
    status = read_with(&work, read_pixels);
    if (status)
        ad_image_free(work.image);
    else
        *out = work.image;
    return status;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static void destination_init(j_compress_ptr out)
{
    jpeg_work *work = (jpeg_work *)out->err;
    out->dest->next_output_byte = work->buffer;
    out->dest->free_in_buffer = sizeof work->buffer;
}

static void hand_over(jpeg_work *work, size_t count)
{
    ad_text_bytes(work->to, work->buffer, count);
    work->refused = work->to->failed;
    if (work->refused) stop(work, "out of memory");
}

static boolean destination_full(j_compress_ptr out)
{
    jpeg_work *work = (jpeg_work *)out->err;
    hand_over(work, sizeof work->buffer); /* all of it, whatever free_in_buffer says: libjpeg.txt */
    destination_init(out);
    return TRUE;
}

static void destination_end(j_compress_ptr out)
{
    jpeg_work *work = (jpeg_work *)out->err;
    hand_over(work, sizeof work->buffer - out->dest->free_in_buffer);
}

static void write_picture(jpeg_work *work)
{
    j_compress_ptr out = &work->out;
    const ad_image *picture = work->picture; /* 1 or 3 channels */
    jpeg_create_compress(out);
    work->destination = (struct jpeg_destination_mgr){.init_destination = destination_init,
                                                      .empty_output_buffer = destination_full,
                                                      .term_destination = destination_end};
    out->dest = &work->destination;
    out->image_width = (JDIMENSION)picture->width;
    out->image_height = (JDIMENSION)picture->height;
    out->input_components = picture->channels;
    out->in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(out);
    jpeg_set_quality(out, work->quality, TRUE);
    out->optimize_coding = TRUE;
    if (work->quality >= 90) /* full colour resolution where quality was asked for */
        out->comp_info[0].h_samp_factor = out->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(out, TRUE);
    int64_t samples = picture->width * picture->channels;
    while (out->next_scanline < out->image_height) {
        ad_samples_to_u8(work->row, picture->data + out->next_scanline * samples, samples);
        jpeg_write_scanlines(out, &work->row, 1);
    }
    jpeg_finish_compress(out);
}

static ad_status encode(ad_context *ctx, const ad_image *picture, int quality, ad_text *to)
{
    if (picture->width > JPEG_MAX_DIMENSION || picture->height > JPEG_MAX_DIMENSION)
        return ad_fail(
            ctx, AD_ERROR_UNSUPPORTED,
            "a JPEG has at most %ld pixels in a row or a column, this picture is %lld x %lld",
            JPEG_MAX_DIMENSION, (long long)picture->width, (long long)picture->height);
    jpeg_work work = {.ctx = ctx, .picture = picture, .quality = quality, .to = to};
    work.row_bytes = ad_bytes(picture->width, (size_t)picture->channels);
    work.row = ad_alloc(ctx, work.row_bytes);
    if (!work.row) return AD_ERROR_MEMORY;
    prepare_errors(&work);
    work.out.err = &work.errors;
    bool good = guarded(&work, write_picture);
    jpeg_destroy_compress(&work.out);
    ad_free(ctx, work.row, work.row_bytes);
    if (good) return AD_OK;
    if (work.refused) return AD_ERROR_MEMORY;
    return ad_fail(ctx, AD_ERROR_UNSUPPORTED, "this picture cannot be a JPEG: %s", work.error);
}

ad_status ad_jpeg_encode(ad_context *ctx, const ad_image *image,
                         const ad_image_write_options *options, ad_text *to)
{
    ad_image *opaque = NULL;
    if (image->channels == 2 || image->channels == 4) {
        ad_status status = ad_image_convert(ctx, image, image->channels - 1, NULL, &opaque);
        if (status) return status;
    }
    ad_status status = encode(ctx, opaque ? opaque : image,
                              options->quality ? options->quality : 95, to);
    ad_image_free(opaque);
    return status;
}
