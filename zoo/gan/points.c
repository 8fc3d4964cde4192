/* points.c - points of latent space as a person names them: "7", "7:CLASS", "latent.npy", and
 * "latents.npy@3" where a file holds several. */
#include "zoo/gan/gan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Row `row` (from 1 on; 0: the only one) of the file's tensor, [latent] or [rows, latent]. */
static ad_status read_numbers(ad_context *ctx, ad_file *file, const char *path, int64_t row,
                              float *z, int64_t count)
{
    if (ad_file_count(file) != 1)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: holds %d tensors, expected one of %lld",
                            path, ad_file_count(file), (long long)count);
    ad_shape shape = ad_file_at(file, 0)->shape;
    int64_t rows = shape.rank == 2 ? shape.dim[0] : 1, have = ad_shape_count(shape);
    if (have != rows * count || rows < 1 || shape.rank > 2)
        return ad_error_set(ctx, AD_ERROR_SHAPE,
                            "%s: holds %lld numbers%s, and the network makes a picture of %lld",
                            path, (long long)(rows > 0 ? have / rows : have),
                            rows > 1 ? " a picture" : "", (long long)count);
    if (!row && rows > 1)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "%s: holds the noise of %lld pictures: %s@1 is the first", path,
                            (long long)rows, path);
    if (row > rows)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s@%lld: the file holds the noise of %lld",
                            path, (long long)row, (long long)rows);
    float *all = malloc((size_t)have * sizeof *all);
    if (!all) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for noise");
    ad_status status = ad_file_read(file, 0, AD_F32, all, (size_t)have * sizeof *all);
    if (!status) memcpy(z, all + (row ? row - 1 : 0) * count, (size_t)count * sizeof *z);
    free(all);
    for (int64_t i = 0; i < count && !status; ++i)
        if (!isfinite(z[i]))
            status = ad_error_set(ctx, AD_ERROR_NUMERIC, "%s: number %lld is not finite", path,
                                  (long long)i);
    return status;
}

/* The row that "@3" at the end of the path says, which is cut off; 0: it says none. */
static int64_t cut_row(char *path)
{
    char *at = strrchr(path, '@');
    if (!at || !at[1] || at[1 + strspn(at + 1, "0123456789")] || !access(path, F_OK)) return 0;
    long long row = strtoll(at + 1, NULL, 10);
    if (row < 1 || row > GAN_NUMBER_MOST) return 0;
    *at = 0;
    return row;
}

static ad_status read_latent(ad_context *ctx, char *path, float *z, int64_t count)
{
    ad_file *file;
    int64_t row = cut_row(path);
    ad_status status = ad_file_open(&file, ctx, path);
    if (!status) status = read_numbers(ctx, file, path, row, z, count);
    ad_file_close(file);
    return status;
}

/* The sample's number that `text` is; 0: it is none; -1: it is out of range. */
static int64_t number_of(const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end) return 0;
    return number < 1 || number > GAN_NUMBER_MOST ? -1 : number;
}

/* `label`: of points that do not say their own; NULL: samples have classes in turn. */
static ad_status choose_class(const ad_job *job, const char *text, const char *own,
                              const char *label, int64_t number, int64_t *class)
{
    const gan_model *m = job->model;
    if (own) return gan_find_class(job, text, own, class);
    if (label) return gan_find_class(job, "--label", label, class);
    if (!number)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s: of which class? %s:CLASS, or --label, says it", text, text);
    *class = (number - 1) % m->classes.count;
    return AD_OK;
}

ad_status gan_read_point(const ad_job *job, const char *text, uint64_t seed, const char *label,
                         const gan_points *points, int64_t at)
{
    const gan_model *m = job->model;
    const char *colon = m->classes.count ? strrchr(text, ':') : NULL;
    char name[4096];
    int64_t class = 0;
    int length = snprintf(name, sizeof name, "%.*s", (int)(colon ? colon - text : 4095), text);
    int64_t number = length < (int)sizeof name ? number_of(name) : 0;
    ad_status status = AD_OK;
    if (number < 0)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "%.40s: samples are numbered from 1 to %d",
                            name, GAN_NUMBER_MOST);
    if (number)
        gan_latent(seed, number, 0, points->z + at * m->latent, m->latent);
    else
        status = read_latent(job->ctx, name, points->z + at * m->latent, m->latent);
    if (!status && label && !m->classes.count) return gan_find_class(job, "--label", label, &class);
    if (status || !m->classes.count) return status;
    status = choose_class(job, text, colon ? colon + 1 : NULL, label, number, &class);
    if (!status) points->class[at * m->classes.count + class] = 1;
    return status;
}
