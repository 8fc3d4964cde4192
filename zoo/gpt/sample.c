/* sample.c - `gpt sample`: text from a model, as it is made. */
#include "zoo/gpt/gpt.h"

#include <autodidact/profile.h>
#include <autodidact/tuning.h>

#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {"prompt", 'p', AD_OPTION_TEXT, .help = "the text to go on with"},
    {"file", 'f', AD_OPTION_FILE, .help = "a file that holds it; - for standard input"},
    {"tokens", 'n', AD_OPTION_INT, .initial = "200", .min = 1, .max = 1e9,
     .help = "tokens to add, unless the model ends the text before"},
    {"samples", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = 1e6, .help = "texts to make"},
    {"temperature", 't', AD_OPTION_REAL, .initial = "0.8", .min = 0, .max = 100,
     .help = "below 1 bolder choices are rarer; 0: always the likeliest token"},
    {"top-k", 0, AD_OPTION_INT, .initial = "200", .min = 0, .max = 1e9,
     .help = "choose among this many likeliest tokens; 0: all"},
    {"top-p", 0, AD_OPTION_REAL, .initial = "1", .min = 1e-9, .max = 1,
     .help = "choose among the likeliest tokens that together have this probability"},
    {"repetition-penalty", 0, AD_OPTION_REAL, .initial = "1", .min = 0.1, .max = 10,
     .help = "above 1: tokens that were there become less likely"},
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of the choices"},
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16",
     .help = "of weights and products; bf16 reads half the memory for a token"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if the model does not bring it along"},
    AD_OPTION_PROFILE,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct text {
    char *data;
    size_t length, capacity;
} text;

static bool append(text *t, const char *more, size_t length)
{
    if (t->length + length + 1 > t->capacity) {
        size_t capacity = 2 * (t->length + length) + 256;
        char *grown = realloc(t->data, capacity);
        if (!grown) return false;
        t->data = grown, t->capacity = capacity;
    }
    memcpy(t->data + t->length, more, length);
    t->data[t->length += length] = 0;
    return true;
}

static void keep(void *user, const char *more, size_t length)
{
    (void)append(user, more, length);
}

static void print(void *user, const char *more, size_t length)
{
    fwrite(more, 1, length, user);
    fflush(user);
}

/* --prompt, --file, or nothing; 0 or an exit status. */
static int read_prompt(ad_command *cmd, text *t)
{
    const char *given = ad_command_text(cmd, "prompt"), *path = ad_command_text(cmd, "file");
    char piece[4096];
    if (given && path) return ad_command_usage(cmd, "--prompt and --file: give one of them");
    if (given && !append(t, given, strlen(given))) return ad_command_fail(cmd, "out of memory");
    if (!path) return AD_EXIT_OK;
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    if (!file) return ad_command_fail(cmd, "%s: cannot be opened", path);
    bool good = true;
    for (size_t n; good && (n = fread(piece, 1, sizeof piece, file)) > 0;)
        good = append(t, piece, n);
    good = good && !ferror(file);
    if (file != stdin) fclose(file);
    return good ? AD_EXIT_OK : ad_command_fail(cmd, "%s: cannot be read", path);
}

static ad_status write_samples(ad_command *cmd, gpt_writer *writer, const ad_tokens *prompt)
{
    gpt_choice how = {.temperature = ad_command_real(cmd, "temperature"),
                      .top_k = ad_command_int(cmd, "top-k"),
                      .top_p = ad_command_real(cmd, "top-p"),
                      .penalty = ad_command_real(cmd, "repetition-penalty"),
                      .seed = (uint64_t)ad_command_int(cmd, "seed")};
    int64_t samples = ad_command_int(cmd, "samples"), made;
    ad_status status = AD_OK;
    bool json = ad_command_json(cmd);
    FILE *out = ad_command_out(cmd);
    for (int64_t i = 0; i < samples && !status && !ad_command_interrupted(cmd); ++i) {
        text kept = {0};
        gpt_stream stream = json ? (gpt_stream){.put = keep, .user = &kept}
                                 : (gpt_stream){.put = print, .user = out};
        if (i && !json) fputs("---------------\n", out);
        status = gpt_write(writer, cmd, prompt, ad_command_int(cmd, "tokens"), &how, (uint64_t)i,
                           &stream, &made);
        if (json && !status) {
            ad_json_begin(cmd, "sample");
            ad_json_text(cmd, "text", kept.data ? kept.data : "");
            ad_json_int(cmd, "tokens", made);
            ad_json_end(cmd);
        } else if (!json) {
            fputc('\n', out);
        }
        free(kept.data);
    }
    return status;
}

static int sample(ad_command *cmd)
{
    gpt_model model = {0};
    gpt_writer writer = {0};
    ad_tokenizer *tokenizer = NULL;
    ad_tokens prompt = {0};
    text given = {0};
    int exit = read_prompt(cmd, &given);
    ad_context *ctx = exit ? NULL : ad_command_context(cmd);
    if (!ctx) {
        free(given.data);
        return exit ? exit : AD_EXIT_FAILURE;
    }
    bool narrow = ad_command_choice(cmd, "precision") == 1;
    ad_status status = gpt_open(&model, ctx, ad_command_operand(cmd, 0), narrow ? AD_BF16 : AD_F32);
    if (!status && *model.note) ad_command_note(cmd, "%s", model.note);
    if (!status)
        status = gpt_open_tokenizer(&tokenizer, ctx, &model, ad_command_text(cmd, "tokenizer"));
    if (!status)
        status = gpt_writer_new(&writer, ctx, &model.config, model.vars,
                                narrow ? AD_PRECISION_BF16 : AD_PRECISION_F32, tokenizer);
    if (!status) status = gpt_prompt(&writer, given.data ? given.data : "", given.length, &prompt);
    if (!status) status = write_samples(cmd, &writer, &prompt);
    exit = status ? ad_command_fail(cmd, "%s", ad_error(ctx)) : AD_EXIT_OK;
    ad_tokens_free(&prompt);
    gpt_writer_free(&writer);
    ad_tokenizer_free(tokenizer);
    gpt_close(&model);
    free(given.data);
    return exit;
}

static int tuned(ad_command *cmd)
{
    ad_tuning *tuning;
    int exit = ad_tuning_open(&tuning, cmd);
    return exit ? exit : ad_tuning_close(tuning, sample(cmd));
}

static int run(ad_command *cmd)
{
    ad_profile *profile;
    int exit = ad_profile_open(&profile, cmd);
    return exit ? exit : ad_profile_close(profile, tuned(cmd));
}

const ad_verb gpt_sample_verb = {
    .system = "gpt",
    .name = "sample",
    .operands = "MODEL",
    .options = options,
    .run = run,
    .summary = "continue a text with a language model",
    .description =
        "MODEL is a run of `gpt train`, one of its checkpoints, a folder or file of Hugging Face's "
        "gpt2 or llama (config.json with model.safetensors or pytorch_model.bin), or a file of "
        "llama2.c. The text appears as it is made. When the model's block is full, its newer half "
        "is read again and the rest forgotten.\n"
        "\n"
        "  autodidact gpt sample runs/gpt-20260101-1 --prompt 'ROMEO:' -n 500\n"
        "  autodidact gpt sample gpt2/ --prompt 'Once upon a time' --top-k 50 --samples 3\n"
        "  autodidact gpt sample stories260K.bin --tokenizer tok512.bin -t 0\n"
        "  echo 'To be, or' | autodidact gpt sample shakespeare.safetensors --file -",
};
