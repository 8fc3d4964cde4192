/* vision.c - the Inception of 2015 with its published weights: what it makes of a photo, against
 * figures of PyTorch, and that the nearest of small pictures is often one of the same class.
 * argv[1] is the data folder. */
#include "check.h"
#include "context.h"

#include "zoo/vision/lpips.h"

#include <autodidact/data.h>
#include <autodidact/program.h>

enum { SIDE = 299, SMALL = 64, CLASSES = 20, EACH = 10, PICTURES = CLASSES * EACH, WIDE = 1280 };

static const char *data_folder;

typedef struct inception {
    ad_vars *vars;
    ad_graph *graph;
    ad_program *program;
    bool good;
} inception;

/* Up to the layers asked for, of an image of `side`, which is enlarged to SIDE; their means over
 * rows and columns in place of them if `pooled`. */
static inception open_inception(const char *const *layers, int count, int side, bool pooled,
                                ad_node **out)
{
    char path[1024];
    ad_file *file = NULL;
    vision_form form;
    inception net = {.vars = ad_vars_new(ctx, 0), .graph = ad_graph_new(ctx)};
    snprintf(path, sizeof path, "%s/w_inception_v3/inception_v3_2015_to_mixed8_f16.npz",
             data_folder);
    ad_node *x = ad_input(net.graph, "image", AD_F32, ad_shape(1, side, side, 3));
    if (side != SIDE) x = ad_resize2d(x, SIDE, SIDE, AD_BILINEAR);
    vision_build(net.vars, "", VISION_INCEPTION_2015, VISION_MAX, x, layers, count, out);
    for (int i = 0; i < count && pooled; ++i) out[i] = ad_mean(out[i], ad_axes(1, 2), false);
    net.good = !ad_file_open(&file, ctx, path) && !vision_read_form(ctx, file, &form) &&
               form.kind == VISION_INCEPTION_2015 && !vision_load(net.vars, file, &form, NULL) &&
               !ad_compile(&net.program, ctx, out, count, NULL);
    if (!net.good) CHECK_FAIL("%s", ad_error(ctx));
    ad_file_close(file);
    return net;
}

static void close_inception(inception *net)
{
    ad_program_free(net->program);
    ad_graph_free(net->graph);
    ad_vars_free(net->vars);
}

/* The photo as Pillow's bicubic resizing has it, 0 to 255. */
static bool open_photo(float *to)
{
    const ad_image_read_options wanted = {.channels = 3};
    const ad_image_resize_options cubic = {AD_IMAGE_CUBIC, .encoded = true};
    char path[1024];
    ad_image *photo = NULL, *sized = NULL;
    snprintf(path, sizeof path, "%s/photos_paintings/content/amber.jpg", data_folder);
    bool good = !ad_image_read(ctx, path, &wanted, &photo) &&
                !ad_image_resize(ctx, photo, SIDE, SIDE, &cubic, &sized);
    for (int i = 0; good && i < SIDE * SIDE * 3; ++i) to[i] = 255 * sized->data[i];
    ad_image_free(photo), ad_image_free(sized);
    if (!good) CHECK_FAIL("%s", ad_error(ctx));
    return good;
}

static void as_in_pytorch(void)
{
    static const char *const layers[] = {"mixed_5", "mixed_7", "mixed_8"};
    static const double mean[] = {0.2166, 0.0443, 0.1557}, most[] = {9.309, 7.242, 7.242};
    static float image[SIDE * SIDE * 3];
    ad_node *out[3];
    inception net = open_inception(layers, 3, SIDE, false, out);
    bool good = net.good && open_photo(image) &&
                !ad_bind_name(net.program, "image", image, sizeof image) && !ad_run(net.program);
    CHECK(good);
    for (int i = 0; good && i < 3; ++i) {
        const float *x = ad_result_at(net.program, i);
        int64_t count = ad_shape_count(ad_node_shape(out[i]));
        double sum = 0, largest = 0;
        for (int64_t k = 0; k < count; ++k) sum += x[k], largest = fmax(largest, x[k]);
        if (!(fabs(sum / (double)count / mean[i] - 1) < 0.02 && fabs(largest / most[i] - 1) < 0.02))
            CHECK_FAIL("%s: mean %.4f, largest %.3f; PyTorch has %.4f and %.3f", layers[i],
                       sum / (double)count, largest, mean[i], most[i]);
    }
    close_inception(&net);
}

/* ---- the nearest picture ---- */

static float features[PICTURES][WIDE];

/* The first pictures of the first classes; false: it went wrong. */
static bool look(inception *net, const ad_image_set *set, int32_t *labels)
{
    static float image[SMALL * SMALL * 3];
    int met[CLASSES] = {0}, count = 0;
    if (ad_bind_name(net->program, "image", image, sizeof image)) return false;
    for (int64_t i = 0; i < set->count && count < PICTURES; ++i) {
        int label = set->labels[i];
        if (label >= CLASSES || met[label] == EACH) continue;
        for (int k = 0; k < SMALL * SMALL * 3; ++k)
            image[k] = set->pixels[i * SMALL * SMALL * 3 + k];
        if (ad_run(net->program)) return false;
        memcpy(features[count], ad_result_at(net->program, 0), sizeof features[count]);
        ++met[label];
        labels[count++] = label;
    }
    return count == PICTURES;
}

static int nearest(int to)
{
    int best = -1;
    double least = INFINITY;
    for (int i = 0; i < PICTURES; ++i) {
        double distance = 0;
        for (int k = 0; k < WIDE && i != to; ++k) {
            double d = features[i][k] - features[to][k];
            distance += d * d;
        }
        if (i != to && distance < least) least = distance, best = i;
    }
    return best;
}

/* 72 % were reached in PyTorch on other pictures of Tiny ImageNet; chance is 5 %. */
static void the_nearest_is_of_the_class(void)
{
    static const char *const layer = "mixed_8";
    const ad_image_set_options wanted = {
        .split = "validation", .height = SMALL, .width = SMALL, .channels = 3};
    char path[1024];
    int32_t labels[PICTURES];
    int right = 0;
    ad_node *out;
    ad_image_set *set = NULL;
    snprintf(path, sizeof path, "%s/tiny_imagenet_100c/tiny_imagenet_100c.tar.xz", data_folder);
    inception net = open_inception(&layer, 1, SMALL, true, &out);
    bool good = net.good && !ad_image_set_read(&set, ctx, path, &wanted) && look(&net, set, labels);
    if (!good) CHECK_FAIL("%s", ad_error(ctx));
    for (int i = 0; good && i < PICTURES; ++i) right += labels[nearest(i)] == labels[i];
    if (good) printf("the nearest of %d is of the same class for %d\n", PICTURES - 1, right);
    CHECK(!good || right > PICTURES / 2);
    ad_image_set_free(set);
    close_inception(&net);
}

/* ---- LPIPS ---- */

/* The authors' heads are all of what their networks want. */
static void heads_load(void)
{
    static const char *const files[] = {"alex.pth", "vgg.pth", "squeeze.pth"};
    static const vision_kind kinds[] = {VISION_ALEXNET, VISION_VGG16, VISION_SQUEEZENET1_1};
    char path[1024];
    for (int i = 0; i < 3; ++i) {
        ad_vars *vars = ad_vars_new(ctx, 0), *heads = ad_vars_new(ctx, 0);
        ad_graph *graph = ad_graph_new(ctx);
        ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, SMALL, SMALL, 3));
        vision_lpips(vars, heads, kinds[i], image, image);
        snprintf(path, sizeof path, "%s/w_lpips/%s", data_folder, files[i]);
        if (ad_vars_load(heads, path, (ad_load_options){0})) CHECK_FAIL("%s", ad_error(ctx));
        CHECK_INT(ad_vars_count(heads), i < 2 ? 5 : 7);
        ad_graph_free(graph);
        ad_vars_free(vars);
        ad_vars_free(heads);
    }
}

static const check_case cases[] = {
    CASE(as_in_pytorch), CASE(the_nearest_is_of_the_class), CASE(heads_load), {0}};

int main(int argc, char **argv)
{
    if (argc < 2) return 1;
    data_folder = argv[1];
    argv[1] = argv[0]; /* of what follows the folder, the cases' names */
    return check_in_context(argc - 1, argv + 1, cases);
}
