/* train_net.c - the network in its training form and its evaluation form; its first weights. */
#include "zoo/style/train.h"

#include <stdlib.h>

style_net_form style_net_form_of(const style_net_sizes *sizes)
{
    int64_t named = sizes->styles.count;
    return (style_net_form){.width = sizes->width,
                            .blocks = sizes->blocks,
                            .styles = named > 1 ? named : 1,
                            .smooth = sizes->enlarge == 1};
}

void style_train_network(ad_job *job, ad_forward *f)
{
    style_training *t = (style_training *)job;
    const style_net_form form = style_net_form_of(job->model);
    int64_t styles = form.styles, pair = f->mode ? t->pair : 1;
    bool trains = t->samples.count > 0; /* else it was opened, and is built at other sizes */
    int64_t side = trains ? t->fields[0].shape.dim[1] : STYLE_NET_LEAST;
    ad_node *mix = styles > 1 ? ad_input(f->graph, "style", AD_F32, ad_shape(f->rows, styles))
                              : NULL;
    ad_shape shape = f->mode ? ad_shape(f->rows, pair, side, side, 3)
                             : ad_shape(f->rows, side, side, 3);
    ad_node *image = ad_input(f->graph, "image", AD_F32, shape);
    image = ad_reshape(image, ad_shape(f->rows * pair, side, side, 3));
    if (mix && pair > 1) { /* both crops of a pair in one style */
        mix = ad_broadcast(ad_reshape(mix, ad_shape(f->rows, 1, styles)),
                           ad_shape(f->rows, pair, styles));
        mix = ad_reshape(mix, ad_shape(f->rows * pair, styles));
    }
    ad_node *painted = ad_name(style_net_build(f->vars, &form, image, mix), "painted");
    if (!f->mode) {
        f->result = painted;
        return;
    }
    f->loss = style_train_loss(t, image, painted, mix);
    f->metrics = t->metrics;
    for (f->metric_count = 0;
         f->metric_count < STYLE_TRAIN_METRICS && t->metrics[f->metric_count].node;)
        ++f->metric_count;
}

/* Colours are 0 to 255, and Adam's steps are of one size: the last convolution begins where
 * pictures are. */
ad_status style_train_begin(ad_job *job)
{
    enum { SIZE = 40 };
    if (style_source_of(job)->init) return AD_OK;
    ad_variable *weight = ad_var_find(job->vars, "deconv3.conv2d.weight"),
                *bias = ad_var_find(job->vars, "deconv3.conv2d.bias");
    static const float middle[3] = {123, 116, 103};
    int64_t count = ad_shape_count(ad_variable_shape(weight));
    float *value = malloc((size_t)count * sizeof *value);
    if (!value) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory for weights");
    ad_status status = ad_variable_get(job->vars, weight, value);
    for (int64_t i = 0; i < count; ++i) value[i] *= SIZE;
    if (!status) status = ad_variable_set(job->vars, weight, value);
    if (!status) status = ad_variable_set(job->vars, bias, middle);
    free(value);
    return status;
}
