/* vision_files.c - which network a file is for, how far it reaches, and what is wrong with it. */
#include "case.h"

#include "zoo/classify/classify.h"

enum { TENSORS_MOST = 600 };

/* A file of a network, of which a tensor may be left out, be of another shape, hold a NaN, or be of
 * another name; with a further tensor. */
typedef struct change {
    const char *without, *from; /* that tensor; that one and all behind it */
    const char *reshaped, *nan;
    const char *extra;
} change;

static char path[256];

static bool save(const vision_form *form)
{
    static const char *const last = "logits";
    const char *layers[VISION_MAX_LAYERS], *layer = last;
    int count = vision_layers(form->kind, layers);
    ad_vars *vars = ad_vars_new(ctx, 1);
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *out, *image = ad_input(graph, "image", AD_F32, ad_shape(1, 96, 96, 3));
    if (vision_find(form->kind, last) < 0) layer = layers[count - 1];
    vision_build_form(vars, "", form, VISION_MAX, image, &layer, 1, &out);
    bool good = out && !ad_vars_save(vars, path);
    ad_graph_free(graph);
    ad_vars_free(vars);
    return good;
}

static bool is(const char *name, const char *wanted)
{
    return wanted && !strcmp(name, wanted);
}

static bool change_file(const change *c)
{
    ad_named_tensor list[TENSORS_MOST];
    float *data[TENSORS_MOST], zero[4] = {0};
    ad_file *file;
    int count = 0;
    bool good = !ad_file_open(&file, ctx, path), behind = false;
    for (int i = 0; good && i < ad_file_count(file); ++i) {
        const ad_file_entry *e = ad_file_at(file, i);
        size_t numbers = (size_t)ad_shape_count(e->shape);
        behind |= is(e->name, c->from);
        if (behind || is(e->name, c->without)) continue;
        size_t bytes = numbers * ad_dtype_size(e->dtype); /* some are integers */
        data[count] = malloc(bytes + 1);
        good = data[count] && !ad_file_read(file, i, e->dtype, data[count], bytes);
        if (is(e->name, c->nan)) data[count][numbers / 2] = NAN;
        ad_shape shape = is(e->name, c->reshaped) ? ad_shape((int64_t)numbers) : e->shape;
        list[count] = (ad_named_tensor){e->name, {e->dtype, shape, data[count]}};
        ++count;
    }
    int own = count;
    if (c->extra) list[count++] = (ad_named_tensor){c->extra, {AD_F32, ad_shape(4), zero}};
    char to[280];
    snprintf(to, sizeof to, "%s.new.safetensors", path);
    good = good && !ad_safetensors_write(ctx, to, list, count, NULL, 0);
    ad_file_close(file);
    for (int i = 0; i < own; ++i) free(data[i]);
    return good && !rename(to, path);
}

/* Writes the file and reads its form. */
static ad_status form_of(vision_form form, change c, vision_form *found)
{
    ad_file *file;
    snprintf(path, sizeof path, "%s/weights.safetensors", folder);
    if (!save(&form) || !change_file(&c) || ad_file_open(&file, ctx, path)) {
        CHECK_FAIL("%s", ad_error(ctx));
        return AD_ERROR_IO;
    }
    ad_status status = vision_read_form(ctx, file, found);
    ad_file_close(file);
    return status;
}

/* And loads it as far as `layer`. */
static ad_status load(vision_form form, change c, const char *layer, ad_load_report *report)
{
    vision_form found;
    ad_file *file = NULL;
    ad_node *out;
    ad_status status = form_of(form, c, &found);
    if (!status) status = ad_file_open(&file, ctx, path);
    if (!status) status = vision_check_layer(ctx, file, &found, layer);
    ad_vars *vars = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, 96, 96, 3));
    if (!status) vision_build_form(vars, "", &found, VISION_MAX, image, &layer, 1, &out);
    if (!status) status = vision_load(vars, file, &found, report);
    ad_graph_free(graph);
    ad_vars_free(vars);
    ad_file_close(file);
    return status;
}

static const vision_form squeeze = {.kind = VISION_SQUEEZENET1_1},
                         thin = {.kind = VISION_MOBILENET_V1, .classes = 10, .width = 0.25};

static void known_by_their_tensors(void)
{
    static const vision_kind kinds[] = {
        VISION_SQUEEZENET1_0,   VISION_SQUEEZENET1_1, VISION_RESNET18,
        VISION_GOOGLENET,       VISION_MOBILENET_V1,  VISION_MOBILENET_V2,
        VISION_MOBILENET_V2_TF, VISION_DARKNET_TINY,  VISION_INCEPTION_2015};
    const char *layers[VISION_MAX_LAYERS];
    begin();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
        vision_form found, form = {.kind = kinds[i], .classes = 7};
        int count = vision_layers(kinds[i], layers);
        if (form_of(form, (change){0}, &found)) CHECK_FAIL("%s", ad_error(ctx));
        if (found.kind != kinds[i])
            CHECK_FAIL("%s was taken for %s", vision_name(kinds[i]), vision_name(found.kind));
        CHECK_INT(found.layers, count);
        if (kinds[i] != VISION_INCEPTION_2015) CHECK_INT(found.classes, 7);
    }
    end();
}

static void of_any_width(void)
{
    vision_form found;
    begin();
    CHECK(!form_of(thin, (change){0}, &found));
    CHECK(found.kind == VISION_MOBILENET_V1 && found.classes == 10);
    CHECK_NEAR(found.width, 0.25, 0);
    CHECK(!form_of((vision_form){.kind = VISION_MOBILENET_V2, .width = 1.4}, (change){0}, &found));
    CHECK_NEAR(found.width, 1.4, 1e-9);
    end();
}

static void without_the_last_layers(void)
{
    vision_form found;
    begin();
    CHECK(!form_of(squeeze, (change){.from = "classifier.1.weight"}, &found));
    CHECK_INT(found.layers, vision_find(VISION_SQUEEZENET1_1, "conv10"));
    CHECK_INT(found.classes, 0);
    CHECK(!load(squeeze, (change){.from = "classifier.1.weight"}, "fire9", NULL));
    CHECK(load(squeeze, (change){.from = "classifier.1.weight"}, "logits", NULL));
    CHECK_CONTAINS(ad_error(ctx), "its squeezenet1_1 ends at fire9; the weights of logits are not");
    CHECK(load(squeeze, (change){.from = "features.9.squeeze.weight"}, "fire6", NULL));
    CHECK_CONTAINS(ad_error(ctx), "ends at pool5");
    end();
}

static void tensors_that_are_missing(void)
{
    vision_form found;
    begin();
    CHECK(form_of(squeeze, (change){.without = "features.6.squeeze.bias"}, &found) ==
          AD_ERROR_NOT_FOUND);
    CHECK_CONTAINS(ad_error(ctx), "has no tensor features.6.squeeze.bias, which squeezenet1_1");
    CHECK(form_of(squeeze, (change){.without = "features.0.weight"}, &found) == AD_ERROR_NOT_FOUND);
    CHECK(!form_of((vision_form){.kind = VISION_RESNET18},
                   (change){.without = "bn1.num_batches_tracked"}, &found));
    end();
}

static void tensors_that_do_not_fit(void)
{
    begin();
    CHECK(load(squeeze, (change){.reshaped = "features.4.expand3x3.weight"}, "logits", NULL) ==
          AD_ERROR_SHAPE);
    CHECK_CONTAINS(ad_error(ctx), "features.4.expand3x3.weight");
    CHECK_CONTAINS(ad_error(ctx), "[9216]");
    CHECK(load(squeeze, (change){.nan = "features.7.squeeze.weight"}, "logits", NULL) ==
          AD_ERROR_NUMERIC);
    CHECK_CONTAINS(ad_error(ctx), "features.7.squeeze.weight");
    end();
}

static void what_only_training_needs(void)
{
    const vision_form google = {.kind = VISION_GOOGLENET},
                      inception = {.kind = VISION_INCEPTION_V3};
    ad_load_report report;
    begin();
    CHECK(!load(google, (change){.extra = "aux1.conv.conv.weight"}, "inception4a", &report));
    CHECK(!strstr(report.unused_names, "aux"));
    CHECK(!load(inception, (change){.extra = "AuxLogits.fc.weight"}, "logits", &report));
    CHECK_INT(report.unused, 0);
    CHECK(!load(inception, (change){.extra = "something.else"}, "logits", &report));
    CHECK_INT(report.unused, 1);
    end();
}

static void other_files(void)
{
    float zero[4] = {0};
    const ad_named_tensor one = {"wte.weight", {AD_F32, ad_shape(2, 2), zero}};
    ad_file *file;
    vision_kind kind;
    begin();
    snprintf(path, sizeof path, "%s/gpt2.safetensors", folder);
    REQUIRE(!ad_safetensors_write(ctx, path, &one, 1, NULL, 0));
    REQUIRE(!ad_file_open(&file, ctx, path));
    CHECK(!vision_knows(file, &kind));
    CHECK(vision_detect(ctx, file, &kind) == AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "squeezenet1_0");
    CHECK_CONTAINS(ad_error(ctx), "1 tensor, the first is wte.weight");
    ad_file_close(file);
    end();
}

static void layers_that_do_not_exist(void)
{
    begin();
    CHECK(load(squeeze, (change){0}, "fire11", NULL) == AD_ERROR_ARGUMENT);
    CHECK_CONTAINS(ad_error(ctx), "squeezenet1_1 has no layer fire11 (did you mean fire");
    CHECK_CONTAINS(ad_error(ctx), "it has conv1, relu1, pool1, fire2");
    end();
}

/* ---- classes ---- */

static void recognised(const vision_form *form, int64_t classes, const char *first,
                       const char *last)
{
    classify_model m = {0};
    vision_form found;
    ad_file *file;
    bool known = false;
    REQUIRE(!ad_record_init(&classify_model_record, ctx, &m, NULL));
    REQUIRE(!form_of(*form, (change){0}, &found) && !ad_file_open(&file, ctx, path));
    CHECK(!classify_recognise(ctx, file, NULL, &m, &known) && known);
    CHECK_INT(m.classes.count, classes);
    CHECK_TEXT(m.classes.at[0], first);
    CHECK_TEXT(m.classes.at[classes - 1], last);
    ad_file_close(file);
    ad_record_free(&classify_model_record, ctx, &m);
}

static void classes_have_words(void)
{
    vision_form form = thin;
    begin();
    recognised(&squeeze, 1000, "tench", "toilet tissue");
    recognised(&form, 10, "0", "9");
    form.classes = 1001;
    recognised(&form, 1001, "background", "toilet tissue");
    end();
}

static void classes_by_number_and_word(void)
{
    char *names[] = {"tench", "great white shark", "2"};
    char *met[] = {"Great_White-shark", "2", "0"}, *strange[] = {"tenhc"};
    int32_t labels[] = {0, 1, 2, 0};
    classify_model m = {.classes = {names, 3}};
    ad_image_set set = {.count = 4, .classes = 3, .class_names = met, .labels = labels};
    begin();
    CHECK(!classify_match(ctx, &set, "photos", &m));
    CHECK_INT(labels[0], 1);
    CHECK_INT(labels[1], 2);
    CHECK_INT(labels[2], 0);
    CHECK_INT(labels[3], 1);
    set = (ad_image_set){.count = 1, .classes = 1, .class_names = strange, .labels = labels};
    CHECK(classify_match(ctx, &set, "photos", &m) == AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx), "no class \"tenhc\" (did you mean tench?)");
    char *wnids[] = {"n01440764", "n01443537", "n01484850"};
    set = (ad_image_set){.count = 4, .classes = 3, .class_names = wnids, .labels = labels};
    labels[0] = 2, labels[1] = 0;
    CHECK(!classify_match(ctx, &set, "photos", &m));
    CHECK_INT(labels[0], 2);
    CHECK_INT(labels[1], 0);
    end();
}

static const check_case cases[] = {CASE(known_by_their_tensors),
                                   CASE(of_any_width),
                                   CASE(without_the_last_layers),
                                   CASE(tensors_that_are_missing),
                                   CASE(tensors_that_do_not_fit),
                                   CASE(what_only_training_needs),
                                   CASE(other_files),
                                   CASE(layers_that_do_not_exist),
                                   CASE(classes_have_words),
                                   CASE(classes_by_number_and_word),
                                   {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
