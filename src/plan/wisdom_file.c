/* wisdom_file.c - wisdom in a file: read strictly, and written whole with what the file already
 * says.
 *
 * Who saves holds a lock on the file's folder from reading to renaming, so that two processes
 * lose nothing of each other and no lock file stays behind. Where a file system has no such locks,
 * the worst is that one of them is forgotten; a file is never torn. */
#include "plan/wisdom.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char first_line[] = "autodidact wisdom 1";
static const char machine_word[] = "machine\t";
static const size_t largest_file = (size_t)64 << 20;

/* ---- reading ---- */

typedef struct reader {
    ad_wisdom *wisdom;
    const char *path;
    int line, machine; /* machine -1: no section has begun; -2: of another machine, left out */
    bool all;          /* also what other machines measured */
} reader;

static ad_status damaged(const reader *r, const char *what)
{
    return ad_fail(r->wisdom->ctx, AD_ERROR_FORMAT, "%s: line %d: %s", r->path, r->line, what);
}

/* What ends at the next tab, which becomes the end of the text; NULL: there is no tab. */
static char *field(char **at)
{
    char *begin = *at, *tab = strchr(begin, '\t');
    if (!tab) return NULL;
    *tab = 0, *at = tab + 1;
    return begin;
}

static ad_status read_machine(reader *r, const char *text)
{
    int tabs = 0;
    for (const char *p = text; *p; ++p) {
        if ((unsigned char)*p < ' ' && *p != '\t') return damaged(r, "a control character");
        tabs += *p == '\t';
    }
    if (tabs != 2)
        return damaged(r, "a machine has three parts: version, instruction set, processor");
    r->machine = r->all || !strcmp(text, r->wisdom->machines[0])
                     ? ad_wisdom_machine(r->wisdom, text)
                     : -2;
    return r->machine == -1 ? ad_error_status(r->wisdom->ctx) : AD_OK;
}

static ad_status read_line(reader *r, char *line)
{
    if (r->line == 1)
        return strcmp(line, first_line) != 0
                   ? damaged(r,
                             "is not wisdom of a known version: expected \"autodidact wisdom 1\"")
                   : AD_OK;
    if (!strncmp(line, machine_word, strlen(machine_word)))
        return read_machine(r, line + strlen(machine_word));
    char *end = NULL, *seconds = field(&line), *solver = seconds ? field(&line) : NULL;
    if (!solver) return damaged(r, "expected seconds, solver and problem, separated by tabs");
    ad_wisdom_entry entry = {.problem = line, .solver = solver, .seconds = strtod(seconds, &end)};
    if (end == seconds || *end || !(entry.seconds > 0) || !isfinite(entry.seconds))
        return damaged(r, "seconds must be a number above 0");
    if (!ad_wisdom_plain(solver) || !ad_wisdom_plain(line))
        return damaged(r, "solver and problem must be texts without control characters");
    if (r->machine == -1) return damaged(r, "comes before any line \"machine\"");
    if (r->machine < 0) return AD_OK;
    return ad_wisdom_row_add(r->wisdom, entry, r->machine) ? AD_OK
                                                           : ad_error_status(r->wisdom->ctx);
}

static ad_status read_lines(reader *r, const char *bytes, size_t size)
{
    char *line = ad_alloc(r->wisdom->ctx, AD_WISDOM_TEXT);
    ad_status status = line ? AD_OK : AD_ERROR_MEMORY;
    if (!status && !size) r->line = 1, status = damaged(r, "the file is empty");
    while (size && !status) {
        const char *newline = memchr(bytes, '\n', size);
        size_t length = newline ? (size_t)(newline - bytes) : size;
        ++r->line;
        if (!newline) {
            status = damaged(r, "ends in the middle: the file was cut off");
        } else if (length >= AD_WISDOM_TEXT || memchr(bytes, 0, length)) {
            status = damaged(r, "is not a line of text");
        } else {
            memcpy(line, bytes, length);
            line[length] = 0;
            status = read_line(r, line);
            bytes += length + 1, size -= length + 1;
        }
    }
    ad_free(r->wisdom->ctx, line, AD_WISDOM_TEXT);
    return status;
}

/* Into an empty wisdom. */
static ad_status read_file(ad_wisdom *w, const char *path, bool all)
{
    ad_file_bytes file;
    ad_status status = ad_file_bytes_read(&file, w->ctx, path, largest_file);
    if (status) return status;
    reader r = {.wisdom = w, .path = path, .machine = -1, .all = all};
    status = read_lines(&r, (const char *)file.bytes, file.size);
    ad_file_bytes_free(&file);
    return status;
}

ad_status ad_wisdom_load(ad_wisdom *w, const char *path)
{
    ad_wisdom *found;
    ad_status status = ad_wisdom_new(&found, w->ctx);
    if (!status) status = read_file(found, path, false);
    for (int i = 0; !status && i < found->n_rows; ++i)
        if (!ad_wisdom_row_add(w, found->rows[i].entry, 0)) status = ad_error_status(w->ctx);
    ad_wisdom_free(found);
    return status;
}

/* ---- writing ---- */

static ad_status merge(ad_wisdom *into, const ad_wisdom *from)
{
    for (int i = 0; i < from->n_rows; ++i) {
        ad_wisdom_row *row = ad_wisdom_row_add(into, from->rows[i].entry, 0);
        if (!row) return ad_error_status(into->ctx);
        if (!from->rows[i].newer) continue;
        row->entry.seconds = from->rows[i].entry.seconds;
        row->entry.solver = ad_arena_text(&into->texts, from->rows[i].entry.solver);
        if (!row->entry.solver) return ad_error_status(into->ctx);
    }
    return AD_OK;
}

static ad_status write_file(const ad_wisdom *w, const char *path)
{
    ad_output *output;
    ad_text text;
    ad_status status = ad_output_open(&output, w->ctx, path);
    if (status) return status;
    ad_text_init(&text, w->ctx);
    ad_text_format(&text, "%s\n", first_line);
    for (int m = 0; m < w->n_machines; ++m) {
        ad_text_format(&text, "%s%s\n", machine_word, w->machines[m]);
        for (int i = 0; i < w->n_rows; ++i)
            if (w->rows[i].machine == m)
                ad_text_format(&text, "%.4g\t%s\t%s\n", w->rows[i].entry.seconds,
                               w->rows[i].entry.solver, w->rows[i].entry.problem);
    }
    if (text.failed) {
        ad_output_discard(output);
        status = AD_ERROR_MEMORY;
    } else {
        (void)ad_output_write(output, ad_text_get(&text), text.length);
        status = ad_output_commit(output);
    }
    ad_text_free(&text);
    return status;
}

/* A descriptor that holds a lock on the folder of `path`; -1: none could be had. */
static int lock_folder(const char *path)
{
    char real[PATH_MAX];
    if (!realpath(path, real)) snprintf(real, sizeof real, "%s", path);
    char *slash = strrchr(real, '/');
    if (slash)
        slash[slash == real] = 0;
    else
        strcpy(real, ".");
    int folder = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (folder >= 0 && flock(folder, LOCK_EX)) {
        if (errno == EINTR) continue;
        close(folder);
        folder = -1;
    }
    return folder;
}

ad_status ad_wisdom_save(const ad_wisdom *w, const char *path)
{
    ad_wisdom *both;
    int lock = lock_folder(path);
    ad_status status = ad_wisdom_new(&both, w->ctx);
    if (!status) status = read_file(both, path, true);
    if (status == AD_ERROR_NOT_FOUND) status = AD_OK, ad_error_clear(w->ctx);
    if (!status) status = merge(both, w);
    if (!status) status = write_file(both, path);
    ad_wisdom_free(both);
    if (lock >= 0) close(lock);
    return status;
}
