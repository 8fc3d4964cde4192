/* sample.c - `gpt sample`: text from a model, as it is made. */
#include "zoo/gpt/gpt.h"

#include <autodidact/profile.h>
#include <autodidact/tuning.h>

#include <string.h>

static const ad_option options[] = {
    {"prompt", 'p', AD_OPTION_TEXT, .help = "the text to continue"},
    {"file", 'f', AD_OPTION_FILE, .help = "a file that holds it; - for standard input"},
    {"tokens", 'n', AD_OPTION_INT, .initial = "200", .min = 1, .max = 1e9,
     .help = "tokens to add, unless the model ends the text before"},
    {"interactive", 'i', AD_OPTION_FLAG, .help = "read lines and continue each, all in one text"},
    {"samples", 0, AD_OPTION_INT, .initial = "1", .min = 1, .max = 1e6, .help = "texts to make"},
    {"temperature", 't', AD_OPTION_REAL, .initial = "0.8", .min = 0, .max = 100,
     .help = "below 1 bolder choices are rarer; 0: always the likeliest token"},
    {"top-k", 0, AD_OPTION_INT, .initial = "200", .min = 0, .max = 1e9,
     .help = "choose among this many likeliest tokens; 0: all"},
    {"top-p", 0, AD_OPTION_REAL, .initial = "1", .min = 1e-9, .max = 1,
     .help = "choose among the likeliest tokens that together have this probability"},
    {"repetition-penalty", 0, AD_OPTION_REAL, .initial = "1", .min = 0.1, .max = 10,
     .help = "above 1: tokens that have occurred become less likely"},
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of the choices"},
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16|f16|q8_0|q4_0",
     .help = "of weights: bf16 and f16 read half the memory for a token, q8_0 and q4_0 a quarter "
             "and a seventh; with bf16 products are, too, where the processor is faster so"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if it does not come with the model"},
    AD_OPTION_PROFILE,
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

static bool print(void *command, const char *text, size_t length)
{
    return ad_command_write(command, text, length);
}

/* --prompt, --file, or nothing. */
static ad_status read_prompt(ad_command *cmd, gpt_page *page)
{
    const char *given = ad_command_text(cmd, "prompt"), *path = ad_command_text(cmd, "file");
    ad_context *ctx = ad_command_context(cmd);
    ad_text_file file;
    if (given) gpt_page_put(page, given, strlen(given));
    if (!path) return page->failed ? ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory") : AD_OK;
    ad_status status = ad_text_file_read(&file, ctx, strcmp(path, "-") ? path : "/dev/stdin");
    if (status) return status;
    gpt_page_put(page, file.text, file.length);
    ad_text_file_free(&file);
    return page->failed ? ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory") : AD_OK;
}

static double rate(int64_t tokens, double seconds)
{
    return seconds > 0 ? (double)tokens / seconds : 0;
}

static ad_status print_json(ad_command *cmd, const gpt_page *page, gpt_pace *pace)
{
    if (page->failed)
        return ad_error_set(ad_command_context(cmd), AD_ERROR_MEMORY, "out of memory");
    ad_json_begin(cmd, "sample");
    ad_json_bytes(cmd, "text", page->text ? page->text : "", page->length);
    ad_json_int(cmd, "tokens", pace->made);
    ad_json_real(cmd, "tokens_per_second", rate(pace->made, pace->made_seconds));
    ad_json_int(cmd, "prompt_tokens", pace->read);
    ad_json_real(cmd, "prompt_tokens_per_second", rate(pace->read, pace->read_seconds));
    ad_json_end(cmd);
    *pace = (gpt_pace){0};
    return AD_OK;
}

static void note_pace(ad_command *cmd, const gpt_pace *pace)
{
    double read = rate(pace->read, pace->read_seconds), made = rate(pace->made, pace->made_seconds);
    ad_command_note(cmd, "prompt: %lld tokens, %.*f tokens/s; text: %lld tokens, %.*f tokens/s",
                    (long long)pace->read, read < 100, read, (long long)pace->made, made < 100,
                    made);
}

ad_status gpt_continue(ad_command *cmd, gpt *g, const ad_tokens *tokens, int64_t count,
                       const gpt_choice *how, bool shown)
{
    gpt_page page = {0};
    gpt_writer *w = &g->writer;
    bool json = ad_command_json(cmd);
    gpt_stream stream = json ? (gpt_stream){gpt_page_put, &page} : (gpt_stream){print, cmd};
    ad_status status = gpt_writer_read(w, tokens, shown ? &stream : NULL);
    if (!status) status = gpt_write(w, &g->job.watcher, count, how, &stream);
    if (json && !status) status = print_json(cmd, &page, &w->pace);
    if (!json) ad_command_print(cmd, "\n");
    gpt_page_free(&page);
    return status;
}

static ad_status write_samples(ad_command *cmd, gpt *g, const ad_tokens *prompt, int64_t count,
                               const gpt_choice *how)
{
    int64_t samples = ad_command_int(cmd, "samples");
    ad_status status = AD_OK;
    for (int64_t i = 0; i < samples && !status && !g->writer.closed; ++i) {
        if (ad_command_interrupted(cmd)) break;
        if (i && !ad_command_json(cmd)) ad_command_print(cmd, "---------------\n");
        gpt_writer_begin(&g->writer, (uint64_t)i);
        status = gpt_continue(cmd, g, prompt, count, how, true);
    }
    return status;
}

/* A prompt that does not fit is cut at its beginning. */
static void note_cut(ad_command *cmd, const gpt *g, const ad_tokens *prompt)
{
    const gpt_config *c = g->job.model;
    if (prompt->count > c->block)
        ad_command_note(cmd,
                        "the prompt has %lld tokens, and the model sees %lld at once: its first "
                        "%lld are not read",
                        (long long)prompt->count, (long long)c->block,
                        (long long)(prompt->count - c->block));
}

static ad_status open_writer(ad_command *cmd, gpt *g)
{
    static const ad_dtype types[] = {AD_F32, AD_BF16, AD_F16};
    ad_quantized form;
    bool blocks = gpt_quantized_form(ad_command_value(cmd, "precision"), &form);
    ad_dtype dtype = blocks ? AD_F32 : types[ad_command_choice(cmd, "precision")];
    ad_status status = gpt_open_tokenizer(g, ad_command_text(cmd, "tokenizer"));
    if (!status) status = blocks ? gpt_load_quantized(g, form) : gpt_load(g, dtype);
    if (status) return status;
    return gpt_writer_new(&g->writer, g->job.ctx, g->job.model, g->weights,
                          gpt_precision_with(g->job.ctx, dtype), g->tokenizer);
}

static ad_status continue_prompt(ad_command *cmd, gpt *g, const gpt_page *given)
{
    const gpt_choice how = {.temperature = ad_command_real(cmd, "temperature"),
                            .top_k = ad_command_int(cmd, "top-k"),
                            .top_p = ad_command_real(cmd, "top-p"),
                            .penalty = ad_command_real(cmd, "repetition-penalty"),
                            .seed = (uint64_t)ad_command_int(cmd, "seed")};
    int64_t count = ad_command_int(cmd, "tokens");
    bool lines = ad_command_flag(cmd, "interactive");
    ad_tokens prompt = {0};
    ad_status status = AD_OK;
    if (!lines || given->length)
        status = gpt_prompt(&g->writer, given->text ? given->text : "", given->length, &prompt);
    if (status && given->length)
        status = ad_error_set(g->job.ctx, status, "the prompt: %s", ad_error(g->job.ctx));
    if (!status) note_cut(cmd, g, &prompt);
    if (!status)
        status = lines ? gpt_converse(cmd, g, &prompt, count, &how)
                       : write_samples(cmd, g, &prompt, count, &how);
    if (!status && !ad_command_json(cmd)) note_pace(cmd, &g->writer.pace);
    if (status == AD_ERROR_NUMERIC)
        status = ad_error_set(g->job.ctx, status, "%s: %s", ad_command_operand(cmd, 0),
                              ad_error(g->job.ctx));
    ad_tokens_free(&prompt);
    return status;
}

static ad_status continue_text(ad_command *cmd, ad_job *job)
{
    gpt_page given = {0};
    ad_status status = read_prompt(cmd, &given);
    if (!status) status = open_writer(cmd, (gpt *)job);
    if (!status) status = continue_prompt(cmd, (gpt *)job, &given);
    gpt_page_free(&given);
    return status;
}

static int sample(ad_command *cmd)
{
    const char *file = ad_command_text(cmd, "file");
    if (ad_command_text(cmd, "prompt") && file)
        return ad_command_usage(cmd, "--prompt and --file: give one of them");
    if (ad_command_flag(cmd, "interactive") && file && !strcmp(file, "-"))
        return ad_command_usage(cmd, "--interactive reads standard input itself");
    if (ad_command_flag(cmd, "interactive") && ad_command_given(cmd, "samples"))
        return ad_command_usage(cmd, "--interactive makes one text; --samples does not go with it");
    return ad_command_with_trained(cmd, &gpt_system, continue_text);
}

static int run(ad_command *cmd)
{
    return ad_tuning_run(cmd, sample);
}

const ad_verb gpt_sample_verb = {
    AD_VERB("gpt", "sample", "MODEL", options, run, "continue a text with a language model"),
    .description =
        "MODEL is a run of `gpt train`, one of its checkpoints, a folder or file of Hugging Face's "
        "gpt2 or llama (config.json with model.safetensors, its index, or pytorch_model.bin), "
        "nanoGPT's ckpt.pt or its folder, or a file of llama2.c or llama.cpp (GGUF). The text "
        "appears as "
        "it is made. When the model's block is full, its "
        "newer half is read again and the rest forgotten.\n"
        "\n"
        "With --interactive each line that is typed becomes part of the text, without its end, and "
        "the model goes on from there; an empty line only lets it go on, and a line that ends in a "
        "backslash goes on in the next one. Ctrl-C stops what is being written, Ctrl-D ends.\n"
        "\n"
        "  autodidact gpt sample runs/gpt-20260101-1 --prompt 'ROMEO:' -n 500\n"
        "  autodidact gpt sample gpt2/ --prompt 'Once upon a time' --top-k 50 --samples 3\n"
        "  autodidact gpt sample stories260K.bin --tokenizer tok512.bin -t 0\n"
        "  echo 'To be, or' | autodidact gpt sample shakespeare.safetensors --file -"};
