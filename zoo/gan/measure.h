/* measure.h - how good what a generator makes is: samples beside real pictures, in the features of
 * a network that looks at both.
 *
 * Files:
 *   - look.c: which network looks, and looking
 *   - feature_cache.c: features of real pictures, kept from one measurement to the next
 *   - measure.c: pictures into features, features into figures
 *   - measure_progress.c: how far it is
 *   - class_distances.c: the same of each class
 *   - memorised.c: samples that are nearer to a training picture than its own neighbours
 *   - memorised_sheet.c: these, to look at
 *   - eval.c: the verb */
#ifndef ZOO_GAN_MEASURE_H
#define ZOO_GAN_MEASURE_H

#include "zoo/gan/gan.h"
#include "zoo/vision/chosen.h"

/* ---- look.c ---- */

/* Which network is to look. */
typedef struct gan_look_options {
    const char *path;       /* "backbone", a run of `classify train`, or weights of an image network
                               (zoo/vision), also .onnx */
    bool judges;            /* says classes as well: of `classify train` alone */
    const char *layer;      /* of an image network; NULL: the last in front of its classes */
    int pixels;             /* a vision_pixels of an ONNX file, -1: guessed */
    const gan_model *model; /* whose pictures are looked at */
    const ad_watcher *watcher;
} gan_look_options;

typedef struct gan_looker {
    ad_context *ctx;
    ad_job *job;          /* of `classify train`, or: */
    vision_chosen chosen; /* another */
    ad_vars *vars;
    ad_graph *graph;
    ad_program *program;
    ad_node *features, *logits; /* logits NULL: it says no classes */
    float *input;               /* [rows, as it takes them] */
    int64_t rows;               /* at a time */
    int64_t from[3], to[3];     /* height, width, channels of pictures; as it takes them */
    int64_t width;              /* of features */
    const ad_texts *classes;    /* their names; NULL: it says none */
    char name[256], layer[512]; /* for people */
    uint64_t fingerprint;       /* of all that features depend on but the pictures */
} gan_looker;

/* Close in any case. What is done to pictures so that it can see them is told the watcher. */
ad_status gan_look_open(gan_looker *looker, ad_context *ctx, const gan_look_options *options);
void gan_look_close(gan_looker *looker);
/* features [count, width] of pictures [count, values] of 0 to 255, `rows` at most, and the class
 * that each is taken for (where it says classes; may be NULL). */
ad_status gan_look(gan_looker *looker, const unsigned char *pictures, int64_t count,
                   float *features, int32_t *taken);

/* ---- measure.c ---- */

static inline int64_t gan_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

typedef struct gan_looked_at {
    int64_t count;
    unsigned char *pixels;  /* [count, values]; of real ones NULL, they are the set's */
    float *features;        /* [count, width]; all these are the job's */
    int32_t *taken, *asked; /* [count]: the judge's class; what they are, as that (-1: it has no
                               such). NULL: there is no judge */
    int32_t *class;    /* [count]: the generator's class (-1: none of them). NULL: no classes */
    float *nearest;    /* [count, nearest_count]: squared distances to others of their kind */
    int nearest_count; /* 0: not known */
} gan_looked_at;

/* How far it is, in seconds as they are estimated. */
typedef struct gan_measuring {
    ad_watcher watcher, relay; /* who is told; whom scores tell */
    double done, whole, cost;  /* cost: of this part, */
    const char *part;
    int passes, pass; /* which has so many passes */
    double fraction;  /* of this pass */
} gan_measuring;

/* A sample's nearest training picture, and whether it is nearer than that one's own. */
typedef struct gan_memory {
    int64_t count;  /* of training pictures that are compared with */
    int64_t *which; /* [made]: the training set's picture; these two are the job's */
    double *ratio;  /* [made]: the sample's distance by that of its own nearest neighbour */
    double share;   /* of samples that are nearer; NaN: not known */
} gan_memory;

/* Of the generator's classes. */
typedef struct gan_class_distances {
    double *own;  /* [classes]: Frechet distance of made and real ones; the job's; NaN: too few */
    double worst; /* the largest of these */
    double least, median; /* between real ones of two classes; NaN: too many pairs */
} gan_class_distances;

/* The first members say what is measured; zero the others. */
typedef struct gan_measure {
    ad_job *job; /* whose evaluation form is there, and bound (gan_bind) */
    ad_watcher watcher;
    const char *classifier; /* that says what is seen; NULL: none */
    const char *features;   /* NULL: the classifier, else the backbone */
    const char *layer;
    int pixels;        /* as in gan_look_options */
    const char *cache; /* NULL: the user's, "none": none, or a folder */
    ad_split split;
    int64_t count;       /* made, and at most of real ones; 0: as many as these, `most` at most */
    int64_t most;        /* 0: GAN_MEASURED */
    bool only_of_enough; /* of fewer real pictures than GAN_MEASURED_LEAST: a note, no figures */
    uint64_t seed;
    double truncation;
    int neighbours;
    gan_looker looker, other; /* other: a judge that is not the looker */
    gan_looker *judge;        /* NULL: there is none */
    ad_image_set *set, *own_set;
    const ad_image_set *training; /* one of these: those that may be known by heart */
    ad_image_set *unseen;         /* of the test split; NULL or empty: there are none */
    gan_looked_at real, made;
    gan_class_distances classes;
    gan_memory by_pixels, by_features;
    gan_memory of_unseen, of_halves; /* of pictures that are known by heart by none; one of them */
    gan_measuring progress;
} gan_measure;

enum { GAN_MEASURED = 5000, GAN_NEIGHBOURS = 5, GAN_MEASURED_LEAST = 16 };

/* Figures into `metrics`; free in any case. */
ad_status gan_measure_run(gan_measure *measure, ad_metrics *metrics);
void gan_measure_free(gan_measure *measure);
/* The place of the name in the list, or -1. */
int32_t gan_find_name(const ad_texts *names, const char *name);
/* Share of those that are of the judge's class (-1: of one that it has) that it takes for it; NaN:
 * there are none. */
double gan_share_right(const gan_looked_at *l, int32_t class);
/* Share that is taken for the class. */
double gan_share_taken(const gan_looked_at *l, int32_t class);
/* Rows of features; those of real pictures are spread evenly over the set. */
ad_feature_rows gan_feature_rows(const gan_measure *measure, const gan_looked_at *l);
int64_t gan_real_picture(const gan_measure *measure, int64_t i);
/* ---- measure_progress.c ---- */

/* Before the first part, once it is known how much there is to do. */
void gan_plan_progress(gan_measure *measure);
/* A part of the work begins, of about so many seconds in so many passes. */
void gan_part(gan_measure *measure, const char *part, double seconds, int passes);
/* Seconds that so many products of this width take, roughly: for the time that is left. */
double gan_pairs_cost(int64_t a, int64_t b, int64_t width);
double gan_cost_of_looking(const gan_looker *looker, int64_t count);
double gan_cost_of_kernel(const gan_measure *measure);
double gan_cost_of_frechet(const gan_measure *measure);

/* ---- feature_cache.c ---- */

/* What real pictures look like to the looker, if that is kept: into features, taken (may be NULL)
 * and nearest, of which room is there. */
bool gan_cache_read(const gan_measure *measure, const gan_looker *looker, gan_looked_at *real);
void gan_cache_write(const gan_measure *measure, const gan_looker *looker,
                     const gan_looked_at *real);

/* ---- class_distances.c, memorised.c ---- */

enum {
    GAN_PAIRED_CLASSES = 20, /* so many or fewer are compared with one another */
    GAN_UNSEEN_MOST = 2000,  /* pictures: of their share a percent either way */
};

ad_status gan_measure_classes(gan_measure *measure);
ad_status gan_measure_memory(gan_measure *measure);

/* ---- memorised_sheet.c ---- */

enum { GAN_SUSPECTS = 24 };

/* The samples that are the most like a training picture, beside it, into a picture file. */
ad_status gan_write_memorised(const gan_measure *measure, const char *path);

#endif
