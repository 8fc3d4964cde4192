/* components.c - the version at run time; what a component that was left out of the build does, and
 * that one which is there does not. Passes with any set of components. */
#include "check.h"

#include "base/crc.h"

#include <autodidact/film.h>
#include <autodidact/image.h>
#include <autodidact/io.h>
#include <autodidact/onnx.h>

static void version(void)
{
    CHECK_TEXT(ad_version(), AD_VERSION);
    CHECK_INT(ad_version_number(), AD_VERSION_NUMBER);
    int major, minor, patch;
    CHECK_INT(sscanf(ad_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    CHECK_INT(10000 * major + 100 * minor + patch, ad_version_number());
    CHECK(major == AD_VERSION_MAJOR && minor == AD_VERSION_MINOR && patch == AD_VERSION_PATCH);
}

static void list(void)
{
    char name[32];
    int taken;
    for (const char *at = ad_components(); sscanf(at, "%31s%n", name, &taken) == 1; at += taken) {
        if (!ad_has_component(name)) CHECK_FAIL("%s is listed and not there", name);
        name[strlen(name) - 1] = 0; /* a part of a name is none */
        CHECK(!ad_has_component(name));
    }
    CHECK(!ad_has_component("") && !ad_has_component(" ") && !ad_has_component("none"));
    CHECK(!*ad_components() || !ad_has_component(ad_components())); /* there are several */
}

/* The beginnings by which files are told. */
static const struct {
    const char *component, *name, *says;
    size_t size;
    const char *bytes;
} files[] = {
    {"png", "x.png", "x.png: PNG is not built in", 16, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"},
    {"jpeg", "x.jpg", "x.jpg: JPEG is not built in", 8, "\xff\xd8\xff\xe0\0\x10JF"},
    {"webp", "x.webp", "x.webp: WebP is not built in", 16, "RIFF\x10\0\0\0WEBPVP8 "},
};

static void pictures(void)
{
    ad_context *ctx = ad_context_new(NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
        bool there = ad_has_component(files[i].component);
        ad_image_info info;
        ad_image *image = NULL;
        ad_status status = ad_image_probe_memory(ctx, files[i].name, files[i].bytes, files[i].size,
                                                 &info);
        CHECK_INT(status, there ? AD_ERROR_FORMAT : AD_ERROR_UNSUPPORTED); /* it is truncated */
        CHECK_INT(!strstr(ad_error(ctx), files[i].says), there);

        char path[64];
        snprintf(path, sizeof path, "/tmp/%s", files[i].name);
        CHECK_INT(ad_image_can_write(ctx, path), there ? AD_OK : AD_ERROR_UNSUPPORTED);
        REQUIRE(!ad_image_new(ctx, 1, 1, 3, &image));
        snprintf(path, sizeof path, "/nowhere/%s", files[i].name);
        CHECK_INT(ad_image_write(ctx, path, image, NULL),
                  there ? AD_ERROR_NOT_FOUND : AD_ERROR_UNSUPPORTED);
        ad_image_free(image);
    }
    ad_context_free(ctx);
}

static void archives(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_file *file = NULL;
    static const char zip[64] = "PK\x03\x04";
    bool there = ad_has_component("zip");
    CHECK_INT(ad_file_open_memory(&file, ctx, "x.npz", zip, sizeof zip),
              there ? AD_ERROR_FORMAT : AD_ERROR_UNSUPPORTED);
    CHECK(!file);
    CHECK_INT(!strstr(ad_error(ctx), "is not built in: this library was made without libzip"),
              there);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* Video files are refused by name, to read and to write. */
static void films(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_film *film = NULL;
    ad_film_writer *writer = NULL;
    static const char gif[64] = "GIF89a";
    bool there = ad_has_component("libav");
    CHECK_INT(ad_film_open_memory(ctx, "x.gif", gif, sizeof gif, NULL, &film),
              there ? AD_ERROR_FORMAT : AD_ERROR_UNSUPPORTED);
    CHECK(!film);
    CHECK_INT(!strstr(ad_error(ctx), "x.gif: films are not built in"), there);
    CHECK_INT(ad_film_create(ctx, "/tmp/x.mp4", NULL, &writer),
              there ? AD_OK : AD_ERROR_UNSUPPORTED);
    CHECK_INT(!writer, !there);
    ad_film_writer_free(writer);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

static void networks(void)
{
    ad_context *ctx = ad_context_new(NULL);
    ad_onnx *model = NULL;
    bool there = ad_has_component("protobuf-c");
    CHECK_INT(ad_onnx_open_memory(&model, ctx, "x.onnx", "\x08\x07", 2),
              there ? AD_ERROR_FORMAT : AD_ERROR_UNSUPPORTED);
    CHECK(!model);
    CHECK_INT(!strstr(ad_error(ctx), "x.onnx: reading ONNX files is not built in"), there);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
}

/* The check values of the catalogue of CRC algorithms, and that parts add up to the whole. */
static void checksums(void)
{
    unsigned char bytes[200];
    for (int i = 0; i < 200; ++i) bytes[i] = (unsigned char)(i * 37 + i / 7);
    CHECK_INT(ad_crc32(0, "123456789", 9), 0xCBF43926u);
    CHECK_INT(ad_crc32c(0, "123456789", 9), 0xE3069283u);
    CHECK_INT(ad_crc32(0, bytes, 0), 0);
    uint32_t whole = ad_crc32(0, bytes, 200);
    CHECK_INT(whole, 0x5C9E7AA5u);
    for (size_t cut = 0; cut <= 200; ++cut)
        CHECK_INT(ad_crc32(ad_crc32(0, bytes, cut), bytes + cut, 200 - cut), whole);
}

static const check_case cases[] = {CASE(version), CASE(list),     CASE(pictures),  CASE(archives),
                                   CASE(films),   CASE(networks), CASE(checksums), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
