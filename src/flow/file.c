/* file.c - flows as files: Middlebury's .flo, little-endian whatever the machine is. */
#include <autodidact/flow.h>

#include "base/file.h"

#include <math.h>
#include <string.h>

enum { HEADER = 12, MOST_BYTES = 1 << 30 };

static const char magic[4] = "PIEH"; /* 202021.25 as a float */

static uint32_t read32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void write32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; ++i) p[i] = (unsigned char)(value >> 8 * i);
}

static float read_float(const unsigned char *p)
{
    uint32_t bits = read32(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void write_float(unsigned char *p, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    write32(p, bits);
}

ad_status ad_flow_write(ad_context *ctx, const char *path, const ad_flow *flow)
{
    if (flow->width > INT32_MAX || flow->height > INT32_MAX)
        return ad_fail(ctx, AD_ERROR_UNSUPPORTED, "%s: sides of a .flo are of 32 bits", path);
    size_t bytes = ad_bytes(flow->width, 2 * sizeof(float));
    unsigned char header[HEADER], *row = ad_alloc(ctx, bytes);
    ad_output *output = NULL;
    ad_status status = row ? ad_output_open(&output, ctx, path) : AD_ERROR_MEMORY;
    if (!status) {
        memcpy(header, magic, sizeof magic);
        write32(header + 4, (uint32_t)flow->width), write32(header + 8, (uint32_t)flow->height);
        ad_output_write(output, header, sizeof header); /* its failure is commit's */
    }
    for (int64_t y = 0; !status && y < flow->height; ++y) {
        const float *from = flow->data + 2 * y * flow->width;
        for (int64_t i = 0; i < 2 * flow->width; ++i) write_float(row + 4 * i, from[i]);
        ad_output_write(output, row, bytes);
    }
    if (!status) status = ad_output_commit(output);
    ad_free(ctx, row, bytes);
    return status;
}

static ad_status parse(ad_context *ctx, const char *path, const ad_file_bytes *file, ad_flow **out)
{
    if (file->size < HEADER || memcmp(file->bytes, magic, sizeof magic))
        return ad_fail(ctx, AD_ERROR_FORMAT, "%s: no .flo file: it does not begin with PIEH", path);
    int32_t width = (int32_t)read32(file->bytes + 4), height = (int32_t)read32(file->bytes + 8);
    if (width < 1 || height < 1 || width > MOST_BYTES || height > MOST_BYTES ||
        (uint64_t)width * (uint64_t)height != (file->size - HEADER) / 8 ||
        (file->size - HEADER) % 8)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "%s: %d x %d vectors are not what its %zu bytes can be", path, (int)width,
                       (int)height, file->size);
    ad_status status = ad_flow_new(ctx, width, height, out);
    for (int64_t i = 0; !status && i < (int64_t)width * height * 2; ++i) {
        float value = (*out)->data[i] = read_float(file->bytes + HEADER + 4 * i);
        if (!isfinite(value))
            status = ad_fail(ctx, AD_ERROR_NUMERIC, "%s: the vector at %lld, %lld is not finite",
                             path, (long long)(i / 2 % width), (long long)(i / 2 / width));
    }
    if (!status) return AD_OK;
    ad_flow_free(*out);
    *out = NULL;
    return status;
}

ad_status ad_flow_read(ad_context *ctx, const char *path, ad_flow **out)
{
    ad_file_bytes file = {0};
    *out = NULL;
    ad_status status = ad_file_bytes_read(&file, ctx, path, MOST_BYTES);
    if (!status) status = parse(ctx, path, &file, out);
    ad_file_bytes_free(&file);
    return status;
}
