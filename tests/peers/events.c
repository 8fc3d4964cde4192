/* events.c FOLDER - writes event files as a run and its continuation do, for tests/oracle/events.py
 * to read with TensorBoard. */
#include <autodidact/events.h>

#include <stdio.h>

static int write_files(ad_context *ctx, const char *folder)
{
    static char png[4096];
    ad_events *e;
    float values[1000];
    FILE *file = fopen("tests/fixtures/pictures/png-RGB.png", "rb");
    size_t size = file ? fread(png, 1, sizeof png, file) : 0;
    if (file) fclose(file);
    for (int i = 0; i < 1000; ++i) values[i] = (float)((i * 37 % 401) - 200) / 64;
    if (ad_events_open(&e, ctx, folder, NULL)) return 1;
    for (int i = 0; i < 100; ++i) (void)ad_events_scalar(e, "loss", i, 1.0 / (1 + i));
    (void)ad_events_text(e, "told", 5, "caf\xc3\xa9 \xff");
    (void)ad_events_image(e, "picture", 5, png, size);
    (void)ad_events_histogram(e, "weights", 5, values, 1000);
    if (ad_events_close(e)) return 1;
    if (ad_events_open(&e, ctx, folder, &(ad_events_options){.first_step = 60})) return 1;
    for (int i = 60; i < 100; ++i) (void)ad_events_scalar(e, "loss", i, 0.5 / (1 + i));
    (void)ad_events_scalar(e, "validation/accuracy", 99, 0.75);
    return ad_events_close(e) != AD_OK;
}

int main(int argc, char **argv)
{
    ad_context *ctx = argc == 2 ? ad_context_new(NULL) : NULL;
    if (!ctx) return 2;
    int code = write_files(ctx, argv[1]);
    if (code) fprintf(stderr, "%s\n", ad_error(ctx));
    ad_context_free(ctx);
    return code;
}
