/* data.h - sets of labelled pictures, and how they become rows of batches (samples.h).
 *
 * A set is read whole into memory, decoded, as bytes: 50,000 pictures of 32 x 32 are 150 MB. Taken
 * from content, not from names: a folder with a folder per class (train/ and test/ or val/ above
 * them are splits), MNIST's IDX files (also .gz), CIFAR-10's binary batches, a folder of pictures
 * with a table of labels (labels.csv, or the only .csv or .tsv; docs/classify.md says what its
 * columns are called), and a .tar, .tar.gz, .tar.xz or .zip of any of these, which is
 * read as a stream and not unpacked. Files are hostile until parsed: every failure names the file.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_DATA_H
#define AUTODIDACT_DATA_H

#include <autodidact/image.h>
#include <autodidact/record.h>
#include <autodidact/samples.h>
#include <autodidact/tensor.h>
#include <autodidact/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the headers of a set's picture files say, and what became of them. Zero for sets that are
 * binary files. */
typedef struct ad_image_survey {
    int64_t pictures;                /* whose header could be read; of these: */
    int64_t grey, colour;            /* as stored; a palette counts as colour */
    int64_t alpha, deep, cmyk;       /* transparent ones; those of more than 8 bits a sample */
    int64_t profiled, animated;      /* with a profile other than sRGB; of several frames */
    int64_t resized;                 /* to the set's size, */
    int64_t stretched;               /* which has other proportions than these */
    bool centred;                    /* of each the centre was taken (short_side) */
    int64_t smallest[2], largest[2]; /* width and height, by pixels */
    char skipped[256];               /* why the first of what was left out was (skip_bad); "" */
    int64_t unlabelled;              /* pictures that the table of labels does not name */
    int64_t unread;                  /* pictures of formats that cannot be read (.gif, .tif), and */
    char unread_text[256];           /* a sentence about them; "" */
} ad_image_survey;

typedef struct ad_image_set {
    int64_t count, height, width;
    int channels;          /* 1 or 3 */
    unsigned char *pixels; /* [count, height, width, channels], sRGB-encoded */
    int32_t *labels;       /* [count], 0 .. classes - 1 */
    int32_t *groups;       /* [count]: who or what a picture shows, so that folds can keep it
                              together; NULL: not known */
    int classes;
    char **class_names;   /* [classes]; numbers where the data have none */
    int64_t skipped;      /* broken files and table rows left out (skip_bad) */
    uint64_t fingerprint; /* of pixels and labels */
    ad_image_survey survey;
    ad_context *ctx;
} ad_image_set;

typedef struct ad_image_set_options {
    const char *split;     /* "train" (also for NULL), "test" or "validation" ("val"). A set
                              without splits has only "train"; another is empty (count 0) */
    int64_t height, width; /* resized to this; 0: the size of the first picture, and another
                              size among them is an error that names the file */
    int64_t short_side;    /* pictures are resized to this shorter side first, of which the
                              centre of height x width is taken (ad_image_centre, linear,
                              encoded); 0: to height x width whatever their proportions */
    int channels;          /* 1 or 3; 0: colour if any picture is, else grey */
    bool skip_bad;         /* leave broken files out (and count them) instead of failing; also
                              rows of a table without a label or a file */
    bool loose; /* pictures that lie in no class folder, with no table, are one class, "pictures";
                   of a table those without a label are one, "no label" */
    const ad_watcher *watcher; /* told what ad_image_set_tell says; may be NULL */
    const ad_image_set *like;  /* its classes and their order, by name: a picture of a class that it
                                  lacks is an error */
} ad_image_set_options;

/* Owned by the caller. Errors: a broken picture, an empty class, a label out of range, a picture of
 * two labels, refused memory (AD_ERROR_MEMORY, also inside a codec and with skip_bad). */
AD_API ad_status ad_image_set_read(ad_image_set **out, ad_context *ctx, const char *path,
                                   const ad_image_set_options *options);
AD_API void ad_image_set_free(ad_image_set *set); /* NULL is ignored */
/* A note for each thing that became of pictures on their way into the set: grey widened to colour,
 * colour made grey, transparency, depth, CMYK, resizing, what was left out; each with how many.
 * `name` comes in front. */
AD_API void ad_image_set_tell(const ad_image_set *set, const char *name, const ad_watcher *watcher);

/* Mean and deviation of each channel over `count` pictures (their numbers in `index`; NULL: all),
 * on the scale 0 to 1. */
AD_API void ad_image_set_statistics(const ad_image_set *set, const int64_t *index, int64_t count,
                                    float mean[3], float deviation[3]);

/* Numbers of the pictures outside (`inside` false) or inside fold `fold` of `folds`; groups, where
 * known, stay together, and classes are spread evenly. Depends on the seed. `index` holds
 * set->count entries. Returns how many. */
AD_API int64_t ad_image_set_fold(const ad_image_set *set, int fold, int folds, uint64_t seed,
                                 bool inside, int64_t *index);

/* The pictures of a training: what is trained on, validated with, tested on, in this order. */
typedef struct ad_image_splits {
    ad_image_set *set[3]; /* the data's own of each split, or that of training, of which a part was
                             taken; NULL: there is none */
    int64_t *index[3];    /* [count]: which pictures of it */
    int64_t count[3];
    int64_t skipped; /* of all sets */
    ad_context *ctx;
} ad_image_splits;

typedef struct ad_image_splits_options {
    int64_t height, width; /* these four as in ad_image_set_options */
    int channels;
    bool skip_bad;
    const ad_watcher *watcher; /* as there, for each split */
    double validation; /* about this share of the training pictures, where the data have no such
                          split; 0: none. Classes are spread evenly, groups stay together */
    uint64_t seed;     /* of which these are */
    int fold, folds;   /* more than 1: tested on this fold of the training pictures */
} ad_image_splits_options;

/* Errors are those of the sets, sizes that differ between them, and no picture to train with. Free
 * in any case. */
AD_API ad_status ad_image_splits_read(ad_image_splits *splits, ad_context *ctx, const char *path,
                                      const ad_image_splits_options *options);
AD_API void ad_image_splits_free(ad_image_splits *splits); /* a zeroed one is ignored */

/* Adds the picture `path` to the list, or, where it is a folder, what is named as a picture
 * (ad_image_ending_known) in it and the folders below, sorted. None at all is an error. The watcher
 * (NULL: none) is told of pictures there that cannot be read (ad_image_ending_unread). */
AD_API ad_status ad_image_files(ad_context *ctx, const char *path, ad_texts *list,
                                const ad_watcher *watcher);

/* What is done to each picture on its way into a batch, in this order. Zero: nothing. */
typedef struct ad_augment {
    int pad;   /* random crop of the set's size after zero padding on each side */
    bool flip; /* left to right, half of the time */
    float brightness, contrast, saturation; /* colour jitter: factors within 1 - x .. 1 + x */
    int shift;           /* random shift by up to this many pixels (edges repeated) */
    float rotate, scale; /* up to this many degrees; by a factor within 1 - x .. 1 + x (bilinear) */
    float mean[3], deviation[3]; /* (value - mean) / deviation, value 0 to 1; deviation 0: off */
    int cutout; /* a square of this side becomes the mean (DeVries & Taylor 2017) */
} ad_augment;

/* The pictures of a set as rows of two fields: "image", f32 [height, width, channels], and "label",
 * i32, which is -1 beyond a batch's rows. `augment` is copied; NULL: only scaled to 0 to 1. The set
 * must outlive the samples. */
AD_API ad_status ad_image_samples_new(ad_samples **out, const ad_image_set *set,
                                      const ad_augment *augment);

#ifdef __cplusplus
}
#endif
#endif
