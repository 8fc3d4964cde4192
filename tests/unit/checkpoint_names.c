/* checkpoint_names.c - checkpoints as training programs write them: wrapped, with other things
 * beside the network, with objects of their own classes. Files are made here, byte by byte. */
#include "context.h"
#include "sparing.h"

#include <autodidact/io.h>
#include <stdlib.h>
#include <string.h>

/* ---- a file of PyTorch before 1.6, whose one storage K has four floats ---- */

static char made[1 << 16], said[1024];
static size_t made_size;

static void put(const void *bytes, size_t size)
{
    memcpy(made + made_size, bytes, size);
    made_size += size;
}
#define PUT(text) put(text, sizeof(text) - 1)

static void put_text(const char *text)
{
    unsigned char head[5] = {'X', (unsigned char)strlen(text)};
    put(head, 5), put(text, strlen(text));
}

/* Of shape [4], or without axes. */
static void put_tensor(bool number)
{
    PUT("ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text("storage");
    PUT("ctorch\nFloatStorage\n");
    put_text("K"), put_text("cpu");
    PUT("K\4tQK\0");
    if (number)
        PUT("))");
    else
        PUT("(K\4t(K\1t");
    PUT("\x89"
        "ccollections\nOrderedDict\n)RtR");
}

/* What `text` describes: {name value ...} a dictionary, T a tensor, N a number as a tensor, 7 the
 * number 7, U an object of a class of one's own, W a tensor made of such an object. */
static const char *put_value(const char *at)
{
    char name[64];
    switch (*at++) {
    case 'T': put_tensor(false); return at;
    case 'N': put_tensor(true); return at;
    case '7': PUT("K\7"); return at;
    case 'U': PUT("cargparse\nNamespace\n)\x81}X\2\0\0\0lrK\1sb"); return at;
    case 'D': PUT("cmine\nConfig\n)\x81X\2\0\0\0lrK\1s"); return at; /* a dictionary's child */
    case 'P': PUT("cpathlib\nPosixPath\nX\1\0\0\0.\x85R"); return at;
    case 'W':
        PUT("ctorch._utils\n_rebuild_tensor_v2\n(cmine\nstorage\n)RK\0(K\4t(K\1t"
            "\x89"
            "ccollections\nOrderedDict\n)RtR");
        return at;
    case '{': break;
    default: abort();
    }
    PUT("}");
    while (*at != '}') {
        size_t length = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        put_text(name);
        at = put_value(at + length + 1);
        PUT("s");
        while (*at == ' ') ++at;
    }
    return at + 1;
}

static void make_torch(const char *text)
{
    static const float storage[4] = {1, 2, 3, 4};
    bool has_storage = strpbrk(text, "TN");
    made_size = 0;
    PUT("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}.\x80\2");
    put_value(text);
    PUT(".\x80\2]");
    if (has_storage) put_text("K"), PUT("a");
    PUT(".");
    if (has_storage) PUT("\4\0\0\0\0\0\0\0"), put(storage, sizeof storage);
}

/* ---- a safetensors file of tensors [1], or without axes where a name ends in '!' ---- */

static void make_safetensors(const char *names)
{
    char header[2048] = "{", name[64];
    size_t used = 1, count = 0;
    for (const char *at = names; *at; at += strspn(at, " "), ++count) {
        size_t length = strcspn(at, " ");
        bool number = at[length - 1] == '!';
        snprintf(name, sizeof name, "%.*s", (int)length - number, at);
        used += (size_t)snprintf(
            header + used, sizeof header - used,
            "%s\"%s\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
            count ? "," : "", name, number ? "" : "1", count, count + 1);
        at += length;
    }
    header[used++] = '}';
    unsigned char length[8] = {(unsigned char)used, (unsigned char)(used >> 8)};
    made_size = 0;
    put(length, 8), put(header, used);
    for (size_t i = 0; i < count; ++i) PUT("\1");
}

/* ---- opening ---- */

static void take_note(void *user, const char *sentence)
{
    (void)user;
    strcat(strcat(said, sentence), "\n");
}

static ad_file *open_made(void)
{
    ad_file *file;
    said[0] = 0;
    ad_context_free(ctx); /* a sentence is told once per context */
    ctx = ad_context_new(NULL);
    ad_file_notes(ctx, take_note, NULL);
    ad_error_clear(ctx);
    return ad_file_open_memory(&file, ctx, "x.pth", made, made_size) ? NULL : file;
}

static void check_names(const char *what, const char *expected)
{
    char names[1024] = "";
    ad_file *file = open_made();
    for (int i = 0; i < ad_file_count(file); ++i) {
        const ad_file_entry *e = ad_file_at(file, i);
        if (i) strcat(names, " ");
        strcat(names, e->name);
        CHECK_INT(ad_file_find(file, e->name), i);
        CHECK_INT(ad_file_find(file, e->raw_name), i);
    }
    if (strcmp(names, expected)) CHECK_FAIL("%s: \"%s\", expected \"%s\"", what, names, expected);
    ad_file_close(file);
}

static void wrapped(void)
{
    static const char *const rows[][2] = {
        {"{fc.weight T}", "fc.weight"},
        {"{_orig_mod.fc.weight T _orig_mod.fc.bias T}", "fc.weight fc.bias"},
        {"{module._orig_mod.fc.weight T}", "fc.weight"},
        {"{model {fc.weight T} best N}", "fc.weight best"},
        {"{state_dict {model.fc.weight T} callbacks {best N} epoch 7}", "fc.weight callbacks.best"},
        {"{state_dict {module.fc.weight T} optimizer {state {0 T}}}",
         "fc.weight optimizer.state.0"},
        {"{model {fc.weight T} model_ema {fc.weight T}}", "fc.weight model_ema.fc.weight"},
        {"{model {module.fc.weight T} ema {module.fc.weight T}}", "fc.weight ema.module.fc.weight"},
        {"{ema {fc.weight T} epoch N}", "fc.weight epoch"},
        {"{params {a.weight T} params_ema {a.weight T}}", "a.weight params_ema.a.weight"},
        {"{checkpoint {state_dict {model.fc.weight T}} step 7}", "fc.weight"},
        {"{net.0.weight T net.1.weight T}", "net.0.weight net.1.weight"}, /* a layer's name */
        {"{net {0.weight T 1.weight T}}", "0.weight 1.weight"},
        {"{model.embed_tokens.weight T model.layers.0.a T}",
         "model.embed_tokens.weight model.layers.0.a"},
        {"{generator {a T} discriminator {a T}}", "generator.a discriminator.a"},
        {"{model {step T} step N}",
         "model.step step"}, /* the same name twice: nothing is taken off */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        make_torch(rows[i][0]);
        check_names(rows[i][0], rows[i][1]);
    }
    make_torch("{model {fc.weight T} model_ema {fc.weight T}}");
    ad_file_close(open_made());
    CHECK_CONTAINS(said, "x.pth: holds the network twice; averaged weights keep their names, such "
                         "as model_ema.fc.weight");
}

static void wrapped_safetensors(void)
{
    static const char *const rows[][2] = {
        {"fc.weight fc.bias", "fc.weight fc.bias"},
        {"_orig_mod.fc.weight _orig_mod.fc.bias", "fc.weight fc.bias"},
        {"state_dict.model.fc.weight epoch!", "fc.weight epoch"},
        {"model.fc.weight ema.fc.weight", "fc.weight ema.fc.weight"},
        {"model.layers.0.weight model.norm.weight", "model.layers.0.weight model.norm.weight"},
        {"model.layers.0.weight lm_head.weight", "model.layers.0.weight lm_head.weight"},
        {"a! b!", "a b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        make_safetensors(rows[i][0]);
        check_names(rows[i][0], rows[i][1]);
    }
}

static void unknown_classes(void)
{
    make_torch("{fc.weight T args U path P config D lr 7}");
    check_names("beside", "fc.weight");
    ad_file *file = open_made();
    REQUIRE(file);
    CHECK_CONTAINS(said, "x.pth: objects of argparse.Namespace, pathlib.PosixPath, mine.Config are "
                         "left out");
    CHECK_TEXT(ad_file_metadata(file, "lr"), "7");
    ad_file_close(file);
    make_torch("{args U}");
    CHECK(!open_made());
    CHECK_CONTAINS(ad_error(ctx), "x.pth: the pickle asks for argparse.Namespace, which is not a "
                                  "tensor or a container");
    make_torch("{fc.weight T other W}");
    CHECK(!open_made());
    CHECK_CONTAINS(ad_error(ctx), "makes a tensor or a container of mine.storage");
}

/* One stored number, shown as many as a file of this size may not become. */
static void repeated(void)
{
    ad_file *file;
    made_size = 0;
    PUT("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}.\x80\2"
        "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text("storage");
    PUT("ctorch\nFloatStorage\n");
    put_text("K"), put_text("cpu");
    size_t shape = made_size + 8;
    PUT("K\1tQK\0(J\0\0\0\1t(K\0t\x89"
        "ccollections\nOrderedDict\n)RtR.\x80\2]X\1\0\0\0Ka."
        "\1\0\0\0\0\0\0\0\0\0\x80\x3f");
    REQUIRE(made[shape - 1] == 'J');
    made[shape + 3] = 16; /* 2^28 elements */
    CHECK(!open_made());
    CHECK_CONTAINS(ad_error(ctx),
                   "x.pth: tensor tensor: becomes 1073741824 bytes of the 4 that are "
                   "stored");
    made[shape + 3] = 0, made[shape + 2] = 1; /* 65536, as of a network's expanded buffer */
    file = open_made();
    REQUIRE(file);
    float *data = calloc(65536, sizeof *data);
    CHECK_INT(ad_file_read(file, 0, AD_F32, data, 65536 * sizeof *data), AD_OK);
    CHECK(data[0] == 1 && data[65535] == 1);
    free(data);
    ad_file_close(file);
}

static ad_status open_poorly(ad_context *poor)
{
    ad_file *file;
    ad_status status = ad_file_open_memory(&file, poor, "x.pth", made, made_size);
    ad_file_close(file);
    return status;
}

static void memory_that_runs_out(void)
{
    make_torch("{state_dict {model.fc.weight T} args U ema {fc.weight T} epoch 7}");
    sparing_check(open_poorly);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"wrapped", wrapped},
                                       {"wrapped_safetensors", wrapped_safetensors},
                                       {"unknown_classes", unknown_classes},
                                       {"repeated", repeated},
                                       {"memory_that_runs_out", memory_that_runs_out},
                                       {0}};
    return check_in_context(argc, argv, cases);
}
