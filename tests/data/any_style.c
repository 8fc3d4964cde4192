/* any_style.c - published networks that paint in the manner of any picture, as PyTorch paints with
 * them. argv[1] is the data folder. MicroAST's modulator is none of it, and by a rule. */
#include "any_style.h"

static const char *data_folder;
static ad_context *ctx;

static const char *data_path(char path[512], const char *format, const char *what, int number)
{
    size_t length = (size_t)snprintf(path, 512, "%s/", data_folder);
    snprintf(path + length, 512 - length, format, what, number);
    return path;
}

static void encoders_and_decoders(fixture *f)
{
    char path[10][512];
    const char *files[10];
    for (int i = 0; i < 10; ++i)
        files[i] = data_path(path[i], "w_vgg19_distilled16x/%s%d.pth", i % 2 ? "SD" : "SE",
                             i / 2 + 1);
    rule_compare(f, "wct.5", rule_painted(ctx, files + 8, 2, (rule_job){0}), 1e-4);
    /* five times over, directions of small variance are enlarged up to 300 times: a grey level */
    rule_compare(f, "wct.all", rule_painted(ctx, files, 10, (rule_job){.strength = 0.8}),
                 1.0 / 255);
    rule_compare(f, "adain.4",
                 rule_painted(ctx, files + 6, 2, (rule_job){.transfer = STYLE_TRANSFER_ADAIN}),
                 2e-5);
    /* a folder of them is the same */
    char folder_of_them[512];
    const char *whole = data_path(folder_of_them, "%s", "w_vgg19_distilled16x", 0);
    rule_compare(f, "wct.all", rule_painted(ctx, &whole, 1, (rule_job){.strength = 0.8}),
                 1.0 / 255);
}

static void microast(fixture *f)
{
    char path[3][512];
    const char *files[4] = {in_folder("modulator.safetensors")};
    static const char *const parts[] = {"content_encoder", "style_encoder", "decoder"};
    for (int i = 0; i < 3; ++i)
        files[i + 1] = data_path(path[i], "w_microast/%s_iter_160000.pth.tar", parts[i], 0);
    rule_modulator(ctx, files[0]);
    rule_compare(f, "microast", rule_painted(ctx, files, 4, (rule_job){0}), 1e-4);
}

static void as_pytorch_does(void)
{
    fixture f;
    REQUIRE(folder_make());
    REQUIRE(fixture_open(&f, ctx, "tests/fixtures/any_style_data.safetensors"));
    encoders_and_decoders(&f);
    microast(&f);
    fixture_close(&f);
    CHECK(folder_remove());
}

int main(int argc, char **argv)
{
    if (argc < 2) return fprintf(stderr, "usage: any_style DATA_FOLDER\n"), 2;
    data_folder = argv[1];
    ctx = ad_context_new(NULL);
    int result = check_main(1, argv, (check_case[]){CASE(as_pytorch_does), {0}});
    if (ad_context_memory(ctx)) printf("leaked %zu bytes\n", ad_context_memory(ctx)), result = 1;
    ad_context_free(ctx);
    return result;
}
