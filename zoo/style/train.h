/* train.h - one training of a network that paints at once (Johnson, Alahi & Li 2016), in one style
 * or several (Dumoulin, Shlens & Kudlur 2017).
 *
 *   train.c          options, the system, the verb
 *   train_data.c     photos and paintings; the network that looks at them
 *   train_net.c      the network in its forms, its first weights
 *   train_loss.c     content, style, smoothness and flicker as graph
 *   train_shown.c    what it makes of crops that it is not trained on
 *   motion.c         pairs of crops, the second of which moved */
#ifndef ZOO_STYLE_TRAIN_H
#define ZOO_STYLE_TRAIN_H

#include "zoo/style/net.h"
#include "zoo/style/style.h"
#include "zoo/style/trained.h"
#include "zoo/vision/photos.h"

enum {
    STYLE_TRAIN_STYLES = 64,
    STYLE_TRAIN_SHOWN = 3,        /* crops in samples, */
    STYLE_TRAIN_STYLES_SHOWN = 4, /* and styles that they are painted in */
    STYLE_TRAIN_METRICS = 5
};

typedef struct style_source {
    ad_texts style;
    char *data, *weights, *init;
    int64_t batch, crop, style_size;
    double content_weight, style_weight, tv_weight, lattice_weight, temporal_weight;
    bool temporal;
} style_source;
extern const ad_record style_source_record;

typedef struct style_training {
    ad_job job;
    photos photos;
    ad_samples samples;
    ad_sample_field fields[4]; /* image, style, from, part */
    style_settings look;
    ad_vars *weights;              /* of the network that looks */
    int64_t styles;                /* 1 where it was opened, not trained, and has no names */
    int64_t pair;                  /* crops in a row: 2 with --temporal, else 1 */
    float *gram[STYLE_MAX_LAYERS]; /* [styles, c, c] */
    ad_train_metric metrics[STYLE_TRAIN_METRICS];
    /* Of 0 to 1, for samples: the crops [STYLE_TRAIN_SHOWN, crop, crop, 3], and the middle of each
     * painting, as many as are shown [.., crop, crop, 3]. */
    float *shown, *middles;
} style_training;

static inline const style_source *style_source_of(const ad_job *job)
{
    return ad_job_value(job, &style_source_record);
}

ad_status style_train_read(ad_job *job);
void style_train_free(ad_job *job);
void style_train_network(ad_job *job, ad_forward *forward);
ad_status style_train_begin(ad_job *job);
/* The middle of painting `number`, for samples. */
ad_status style_train_show_painting(style_training *t, int64_t number, const ad_image *painting);
ad_status style_train_sample(ad_job *job, int64_t step);

/* Of the crops `image` and what the network made of them, [n, h, w, 3] of 0 to 255, in the styles
 * `mix` ([n, styles]; NULL: there is one); fills t->metrics, whose last ones may lack a node. */
ad_node *style_train_loss(style_training *t, ad_node *image, ad_node *painted, ad_node *mix);
/* How far the mean colours of the 4 x 4 places within a pixel of the smallest feature map are
 * apart, mean square, in each of 4 x 4 windows of the crops: 0 where nothing hangs on the grid. */
ad_node *style_train_lattice(ad_node *painted);
/* Of pairs painted, [2 n, h, w, 3]: the mean square of what the second of each has more than the
 * first had there, over pixels that both show. Its further inputs are "from" and "part" (motion.h),
 * [n, 4, h * w]. */
ad_node *style_train_flicker(ad_node *painted);

#endif
