/* converse.c - `gpt sample --interactive`: a person and a model write one text in turns. It stays
 * in the cache, so that a turn costs what is new in it. */
#include "zoo/gpt/gpt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { TURN_MOST = 1 << 20 }; /* bytes */

typedef enum turn { TURN_TAKEN, TURN_DROPPED, TURN_LAST, TURN_TOO_LONG } turn;

/* A line without its end, or several of which all but the last end in a backslash, which stands for
 * the line's end. Ctrl-C drops it. */
static turn read_turn(ad_command *cmd, gpt_page *page)
{
    page->length = 0;
    gpt_page_put(page, "", 0);
    if (page->failed) return TURN_TOO_LONG;
    for (;;) {
        int c = getc(stdin);
        char *last = page->length ? page->text + page->length - 1 : NULL;
        if (c == EOF && ferror(stdin) && errno == EINTR) {
            clearerr(stdin);
            return ad_command_go_on(cmd) ? TURN_DROPPED : TURN_LAST;
        }
        if (c == EOF) return last ? TURN_TAKEN : TURN_LAST; /* asked again, it says so again */
        if (c == '\n' && (!last || *last != '\\')) return TURN_TAKEN;
        if (c == '\n')
            *last = '\n';
        else
            gpt_page_put(page, &(char){(char)c}, 1);
        if (page->failed || page->length > TURN_MOST) return TURN_TOO_LONG;
    }
}

static ad_status take_turn(ad_command *cmd, gpt *g, const gpt_page *said, int64_t count,
                           const gpt_choice *how, bool person)
{
    ad_tokens tokens = {0};
    ad_status status = gpt_prompt(&g->writer, said->text, said->length, &tokens);
    if (!status) {
        status = gpt_continue(cmd, g, &tokens, count, how, false);
    } else if (person && status != AD_ERROR_MEMORY) { /* who can say it otherwise */
        ad_command_note(cmd, "%s", ad_error(g->job.ctx));
        status = AD_OK;
    }
    ad_tokens_free(&tokens);
    if (!g->writer.ended) return status;
    ad_command_note(cmd, "the model has ended the text; a new one begins");
    gpt_writer_begin(&g->writer, g->writer.sample + 1);
    return status;
}

ad_status gpt_converse(ad_command *cmd, gpt *g, const ad_tokens *prompt, int64_t count,
                       const gpt_choice *how)
{
    gpt_page said = {0};
    bool person = isatty(STDIN_FILENO) == 1, asks = person && isatty(STDOUT_FILENO) == 1;
    turn taken = TURN_TAKEN;
    ad_status status = AD_OK;
    if (prompt->count) status = gpt_continue(cmd, g, prompt, count, how, true);
    while (!status && !g->writer.closed) {
        if (ad_command_interrupted(cmd) && !(person && ad_command_go_on(cmd))) break;
        const char *ask = taken == TURN_DROPPED ? "\n> " : "> ";
        if (asks) (void)ad_command_write(cmd, ask, strlen(ask));
        if ((taken = read_turn(cmd, &said)) == TURN_LAST) break;
        if (taken == TURN_TOO_LONG)
            status = ad_error_set(g->job.ctx, AD_ERROR_LIMIT,
                                  "standard input: a line is longer than %d bytes", TURN_MOST);
        else if (taken == TURN_TAKEN)
            status = take_turn(cmd, g, &said, count, how, person);
    }
    gpt_page_free(&said);
    return status;
}
