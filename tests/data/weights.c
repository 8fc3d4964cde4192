/* weights.c - published weights files: names, shapes and sums of what PyTorch, NumPy and the
 * safetensors library read from the same files. argv[1] is the data folder. */
#include "check.h"

#include <autodidact/io.h>

static const char *data_folder;
static ad_context *ctx;

/* clang-format off */
static const struct {
    const char *path;
    int tensors;
    int64_t elements;
    double sum, absolute_sum;
    const char *raw_name; /* one of them, its shape, and its element in the middle */
    ad_shape shape;
    double middle;
} files[] = {
    {"graphs_planetoid/gat_cora/gat_000000.pth", 8, 92373, 108.95346267, 5948.61015916, "state_dict.gat_net.1.scoring_fn_target", {3, {1, 1, 7}}, -0.0194244552},
    {"parser_samples/npy_npz/candle_test.npy", 1, 10, 45, 45, "tensor", {1, {10}}, 5},
    {"parser_samples/safetensors/jfk-codes.safetensors", 1, 1656, 960640, 960640, "codes", {3, {1, 2, 828}}, 200},
    {"parser_samples/safetensors/mnist_mlp_tinygrad.safetensors", 2, 101632, -68.8890178774, 1830.69013217, "l2.weight", {2, {10, 128}}, -0.0570494905},
    {"parser_samples/safetensors/voices.safetensors", 2, 64812, 25792972, 25792972, "mask", {3, {1, 982, 33}}, 0},
    {"parser_samples/torch/candle_fortran_tensor_3d.pth", 1, 24, 300, 300, "tensor_fortran", {3, {2, 3, 4}}, 13},
    {"parser_samples/torch/candle_test.pt", 1, 8, 36, 36, "test", {2, {2, 4}}, 5},
    {"w_inception_v3/inception_v3_2015_to_mixed8_f16.npz", 152, 10653472, -33716.1786606, 394856.023892, "weights_conv", {4, {32, 3, 3, 3}}, 0.63671875},
    {"w_lpips/alex.pth", 5, 1152, 105.275354581, 105.275354581, "lin2.model.1.weight", {4, {1, 384, 1, 1}}, 0.352409393},
    {"w_lpips/squeeze.pth", 7, 2240, 173.438718138, 173.438718138, "lin3.model.1.weight", {4, {1, 384, 1, 1}}, 0.000123604448},
    {"w_lpips/vgg.pth", 5, 1472, 131.855508547, 131.855508547, "lin2.model.1.weight", {4, {1, 256, 1, 1}}, 0.054558482},
    {"w_microast/content_encoder_iter_160000.pth.tar", 18, 157792, -80.9440124575, 4330.46281301, "enc1.8.conv_layer.bias", {1, {64}}, -0.0482860357},
    {"w_microast/decoder_iter_160000.pth.tar", 18, 153843, -46.4589585392, 4365.56231159, "dec3.1.conv_layer.bias", {1, {32}}, 0.0851566941},
    {"w_microast/style_encoder_iter_160000.pth.tar", 18, 157792, 217.398810026, 4434.78251324, "enc1.8.conv_layer.bias", {1, {64}}, 0.0407907553},
    {"w_vgg19_distilled16x/SD1.pth", 2, 651, 1.35742074236, 4.24841998263, "model.conv11.bias", {1, {3}}, 0.460519105},
    {"w_vgg19_distilled16x/SD2.pth", 6, 7379, -3.5739762496, 147.984775401, "model.conv12.bias", {1, {16}}, 0.219573542},
    {"w_vgg19_distilled16x/SD3.pth", 10, 35091, 7.22888896015, 742.61022712, "model.conv21.bias", {1, {16}}, 0.0554699786},
    {"w_vgg19_distilled16x/SD4.pth", 18, 219667, -7.91734080015, 4063.3121199, "model.conv31.bias", {1, {32}}, -0.0133411959},
    {"w_vgg19_distilled16x/SD5.pth", 26, 810003, -374.533958668, 11509.3831869, "model.conv33.bias", {1, {64}}, 0.0319104716},
    {"w_vgg19_distilled16x/SE1.pth", 6, 2284, 449.028407217, 1228.24869289, "model.conv11.bias", {1, {24}}, 0.169637769},
    {"w_vgg19_distilled16x/SE2.pth", 12, 12732, 519.15668557, 1825.20043727, "model.conv21.weight", {4, {32, 16, 3, 3}}, 0.00418418599},
    {"w_vgg19_distilled16x/SE3.pth", 18, 57116, 642.350433089, 3679.37944179, "model.conv22.bias", {1, {32}}, 0.119978979},
    {"w_vgg19_distilled16x/SE4.pth", 28, 307804, 504.541734881, 9073.04058459, "model.conv33.weight", {4, {64, 64, 3, 3}}, -0.00117911212},
    {"w_vgg19_distilled16x/SE5.pth", 38, 964188, 575.562054013, 23911.5811515, "model.conv41.bias", {1, {128}}, 0.0237076357},
};
/* clang-format on */

static void agree_with_their_libraries(void)
{
    for (size_t f = 0; f < sizeof files / sizeof *files; ++f) {
        char path[1024];
        ad_file *file;
        double sum = 0, absolute_sum = 0;
        int64_t elements = 0;
        snprintf(path, sizeof path, "%s/%s", data_folder, files[f].path);
        if (ad_file_open(&file, ctx, path)) {
            CHECK_FAIL("%s", ad_error(ctx));
            continue;
        }
        for (int i = 0; i < ad_file_count(file); ++i) {
            int64_t count = ad_shape_count(ad_file_at(file, i)->shape);
            double *values = malloc((size_t)count * sizeof *values + 1);
            REQUIRE(values);
            if (ad_file_read(file, i, AD_F64, values, (size_t)count * sizeof *values))
                CHECK_FAIL("%s", ad_error(ctx));
            for (int64_t k = 0; k < count; ++k) sum += values[k], absolute_sum += fabs(values[k]);
            elements += count;
            if (!strcmp(ad_file_at(file, i)->raw_name, files[f].raw_name))
                CHECK_NEAR(values[count / 2], files[f].middle, 1e-8);
            free(values);
        }
        int index = ad_file_find(file, files[f].raw_name);
        if (index < 0)
            CHECK_FAIL("%s: no %s", path, files[f].raw_name);
        else if (!ad_shape_equal(ad_file_at(file, index)->shape, files[f].shape))
            CHECK_FAIL("%s: another shape of %s", path, files[f].raw_name);
        CHECK_INT(ad_file_count(file), files[f].tensors);
        CHECK_INT(elements, files[f].elements);
        CHECK_NEAR(sum, files[f].sum, 1e-9);
        CHECK_NEAR(absolute_sum, files[f].absolute_sum, 1e-9);
        ad_file_close(file);
    }
    CHECK_INT(ad_context_memory(ctx), 0);
}

static void unwraps_what_is_wrapped(void)
{
    static const struct {
        const char *path, *name;
    } rows[] = {{"w_vgg19_distilled16x/SE5.pth", "conv11.weight"},
                {"graphs_planetoid/gat_cora/gat_000000.pth", "gat_net.1.scoring_fn_target"},
                {"w_microast/decoder_iter_160000.pth.tar", "dec3.1.conv_layer.bias"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        char path[1024];
        ad_file *file;
        snprintf(path, sizeof path, "%s/%s", data_folder, rows[i].path);
        REQUIRE(ad_file_open(&file, ctx, path) == AD_OK);
        int index = ad_file_find(file, rows[i].name);
        CHECK(index >= 0);
        CHECK_TEXT(index >= 0 ? ad_file_at(file, index)->name : "", rows[i].name);
        ad_file_close(file);
    }
}

static void lists_arrays_of_words_without_reading_them(void)
{
    char path[1024];
    ad_file *file;
    snprintf(path, sizeof path, "%s/graphs_npz/cora.npz", data_folder);
    REQUIRE(ad_file_open(&file, ctx, path) == AD_OK);
    CHECK_INT(ad_file_count(file), 11);
    int words = ad_file_find(file, "class_names");
    REQUIRE(words >= 0);
    CHECK_TEXT(ad_file_at(file, words)->stored, "<U22");
    CHECK_INT(ad_file_at(file, words)->dtype, AD_DTYPES);
    ad_file_close(file);
}

static void refuses_pickled_arrays(void)
{
    char path[1024];
    ad_file *file;
    snprintf(path, sizeof path, "%s/graphs_planetoid/gat_cora/node_labels.npy", data_folder);
    CHECK_INT(ad_file_open(&file, ctx, path), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "is a pickle, but not one that PyTorch wrote");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: weights DATA-FOLDER [CASE...]\n");
        return 2;
    }
    data_folder = argv[1];
    ctx = ad_context_new(NULL);
    int result = check_main(argc - 1, argv + 1,
                            (check_case[]){CASE(agree_with_their_libraries),
                                           CASE(unwraps_what_is_wrapped),
                                           CASE(lists_arrays_of_words_without_reading_them),
                                           CASE(refuses_pickled_arrays),
                                           {0}});
    ad_context_free(ctx);
    return result;
}
