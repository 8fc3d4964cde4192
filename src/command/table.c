/* table.c - tables as text and as JSON; see table.h. Cells wait as values until they are printed:
 * what they look like follows from the column, and how wide the column is from all of them. */
#include "base/arena.h"
#include "command/state.h"
#include "command/width.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

typedef enum cell_kind { NOTHING = 0, MISSING, TEXT, INT, REAL } cell_kind;

typedef struct cell {
    cell_kind kind;
    const char *text; /* in the arena */
    int64_t number;
    double real;
} cell;

struct ad_table {
    ad_context *ctx;
    ad_arena names, texts; /* of columns; of the rows that wait */
    ad_column *column;
    int *width;
    int columns, at; /* at: the next cell of the last row */
    cell *cells;     /* [capacity, columns] */
    int64_t rows, capacity;
    bool headed;
    ad_status status;
    char complaint[160]; /* about cells; "": memory */
};

/* ---- filling ---- */

static ad_status copy_column(ad_table *t, ad_column *to, const ad_column *from)
{
    *to = *from;
    to->name = ad_arena_text(&t->names, from->name);
    to->key = from->key ? ad_arena_text(&t->names, from->key) : to->name;
    if (from->unit) to->unit = ad_arena_text(&t->names, from->unit);
    return to->name && to->key && (to->unit || !from->unit) ? AD_OK : AD_ERROR_MEMORY;
}

ad_status ad_table_new(ad_table **out, ad_context *ctx, const ad_column *columns, int count)
{
    *out = NULL;
    if (count < 1) return ad_fail(ctx, AD_ERROR_ARGUMENT, "a table without columns");
    ad_table *t = ad_zalloc(ctx, sizeof *t);
    if (!t) return AD_ERROR_MEMORY;
    t->ctx = ctx, t->columns = count;
    ad_arena_init(&t->names, ctx);
    ad_arena_init(&t->texts, ctx);
    t->column = ad_arena_alloc(&t->names, ad_bytes(count, sizeof *t->column));
    t->width = ad_arena_alloc(&t->names, ad_bytes(count, sizeof *t->width));
    ad_status status = t->column && t->width ? AD_OK : AD_ERROR_MEMORY;
    for (int i = 0; i < count && !status; ++i) status = copy_column(t, &t->column[i], &columns[i]);
    if (status)
        ad_table_free(t);
    else
        *out = t;
    return status;
}

static size_t cell_bytes(const ad_table *t, int64_t rows)
{
    return ad_bytes(rows * t->columns, sizeof(cell));
}

void ad_table_free(ad_table *t)
{
    if (!t) return;
    ad_free(t->ctx, t->cells, cell_bytes(t, t->capacity));
    ad_arena_free(&t->names);
    ad_arena_free(&t->texts);
    ad_free(t->ctx, t, sizeof *t);
}

void ad_table_row(ad_table *t)
{
    if (!t || t->status) return;
    if (t->rows == t->capacity) {
        int64_t more = 2 * t->capacity + 16;
        cell *grown = ad_realloc(t->ctx, t->cells, cell_bytes(t, t->capacity), cell_bytes(t, more));
        if (!grown) {
            t->status = AD_ERROR_MEMORY;
            return;
        }
        t->cells = grown, t->capacity = more;
    }
    memset(t->cells + t->rows++ * t->columns, 0, cell_bytes(t, 1));
    t->at = 0;
}

static void put(ad_table *t, cell c)
{
    if (!t || t->status) return;
    if (t->rows && t->at < t->columns) {
        t->cells[(t->rows - 1) * t->columns + t->at++] = c;
        return;
    }
    t->status = AD_ERROR_ARGUMENT;
    snprintf(t->complaint, sizeof t->complaint,
             t->rows ? "a row has more cells than its table has columns, %d"
                     : "a table of %d columns has a cell before its first row",
             t->columns);
}

void ad_table_text(ad_table *t, const char *text)
{
    if (!t || t->status) return;
    char *copy = text ? ad_arena_text(&t->texts, text) : NULL;
    if (text && !copy)
        t->status = AD_ERROR_MEMORY;
    else
        put(t, (cell){text ? TEXT : NOTHING, copy, 0, 0});
}

void ad_table_format(ad_table *t, const char *format, ...)
{
    if (!t || t->status) return;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = n >= 0 ? ad_arena_alloc(&t->texts, (size_t)n + 1) : NULL;
    if (text) vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    if (text)
        put(t, (cell){TEXT, text, 0, 0});
    else
        t->status = AD_ERROR_MEMORY;
}

void ad_table_int(ad_table *t, int64_t value)
{
    put(t, (cell){INT, NULL, value, 0});
}

void ad_table_real(ad_table *t, double value)
{
    put(t, (cell){REAL, NULL, 0, value});
}

void ad_table_none(ad_table *t)
{
    put(t, (cell){MISSING, NULL, 0, 0});
}

/* ---- as text ---- */

static int digits_of(const ad_column *c, int otherwise)
{
    return c->digits < 0 ? 0 : c->digits ? c->digits : otherwise;
}

static void write_number(ad_text *to, const ad_column *c, double value)
{
    char text[64];
    if (!isfinite(value)) {
        ad_text_add(to, "-");
        return;
    }
    switch (c->kind) {
    case AD_COLUMN_PERCENT: ad_text_format(to, "%.*f %%", digits_of(c, 2), 100 * value); return;
    case AD_COLUMN_SECONDS: ad_text_add(to, ad_seconds_text(value, text, sizeof text)); return;
    case AD_COLUMN_BYTES: ad_text_add(to, ad_bytes_text(value, text, sizeof text)); return;
    default:
        if (c->digits)
            ad_text_format(to, "%.*f", digits_of(c, 0), value);
        else
            ad_text_add(to, ad_number_text(value, 6, text, sizeof text));
        if (c->unit) ad_text_format(to, " %s", c->unit);
    }
}

static void write_cell(ad_text *to, const ad_column *c, const cell *v)
{
    bool whole = c->kind == AD_COLUMN_TEXT || c->kind == AD_COLUMN_INT;
    switch (v->kind) {
    case NOTHING: return;
    case MISSING: ad_text_add(to, "-"); return;
    case TEXT: ad_clean_text(to, v->text, c->most, c->cut); return;
    case REAL: write_number(to, c, v->real); return;
    case INT:
        if (!whole)
            write_number(to, c, (double)v->number);
        else
            ad_text_format(to, c->unit ? "%lld %s" : "%lld", (long long)v->number, c->unit);
    }
}

static bool on_paper(const ad_column *c)
{
    return c->where != AD_COLUMN_IN_JSON;
}

static bool to_the_right(const ad_column *c)
{
    return c->align ? c->align == AD_ALIGN_RIGHT : c->kind != AD_COLUMN_TEXT;
}

static void measure(ad_table *t, ad_text *piece)
{
    for (int i = 0; i < t->columns; ++i) {
        const ad_column *c = &t->column[i];
        int width = c->width > 0 ? c->width : 0;
        piece->length = 0;
        ad_clean_text(piece, c->name, c->most, c->cut);
        int heading = piece->length ? ad_text_columns(piece->data) : 0;
        width = width > heading ? width : heading;
        for (int64_t r = 0; r < t->rows; ++r) {
            piece->length = 0;
            write_cell(piece, c, &t->cells[r * t->columns + i]);
            int taken = piece->length ? ad_text_columns(piece->data) : 0;
            width = width > taken ? width : taken;
        }
        t->width[i] = t->width[i] > width ? t->width[i] : width;
    }
}

/* One line: `cells` NULL for the heading. Nothing stands behind the last word. */
static void print_line(const ad_table *t, FILE *out, const cell *cells, ad_text *piece)
{
    int owed = 0; /* spaces */
    for (int i = 0; i < t->columns; ++i) {
        const ad_column *c = &t->column[i];
        if (!on_paper(c)) continue;
        piece->length = 0;
        if (cells)
            write_cell(piece, c, &cells[i]);
        else
            ad_clean_text(piece, c->name, c->most, c->cut);
        int taken = piece->length ? ad_text_columns(piece->data) : 0, left = t->width[i] - taken;
        if (to_the_right(c)) owed += left;
        if (taken) {
            fprintf(out, "%*s", owed, "");
            fwrite(piece->data, 1, piece->length, out);
            owed = 0;
        }
        if (!to_the_right(c)) owed += left;
        owed += 2;
    }
    fputc('\n', out);
}

static void print_text(ad_table *t, FILE *out, ad_text *piece)
{
    measure(t, piece);
    if (!t->headed && t->rows) print_line(t, out, NULL, piece);
    t->headed |= t->rows > 0;
    for (int64_t r = 0; r < t->rows; ++r) print_line(t, out, t->cells + r * t->columns, piece);
}

static void print_upright(ad_table *t, FILE *out, ad_text *piece)
{
    int width = 0;
    for (int i = 0; i < t->columns; ++i) {
        int taken = on_paper(&t->column[i]) ? ad_text_columns(t->column[i].name) : 0;
        width = width > taken ? width : taken;
    }
    for (int64_t r = 0; r < t->rows; ++r) {
        if (t->headed) fputc('\n', out);
        t->headed = true;
        for (int i = 0; i < t->columns; ++i) {
            const cell *v = &t->cells[r * t->columns + i];
            piece->length = 0;
            write_cell(piece, &t->column[i], v);
            if (!on_paper(&t->column[i]) || !piece->length) continue;
            ad_print_text(out, t->column[i].name, 0, width + 2);
            fwrite(piece->data, 1, piece->length, out);
            fputc('\n', out);
        }
    }
}

/* ---- as JSON ---- */

static void json_cell(ad_command *cmd, const ad_column *c, const cell *v)
{
    switch (v->kind) {
    case NOTHING: return;
    case MISSING: ad_json_text(cmd, c->key, NULL); return;
    case TEXT: ad_json_text(cmd, c->key, v->text); return;
    case INT: ad_json_int(cmd, c->key, v->number); return;
    case REAL: ad_json_real(cmd, c->key, v->real);
    }
}

static void print_json(const ad_table *t, ad_command *cmd, const char *event)
{
    for (int64_t r = 0; r < t->rows; ++r) {
        ad_json_begin(cmd, event);
        for (int i = 0; i < t->columns; ++i)
            if (t->column[i].where != AD_COLUMN_ON_PAPER)
                json_cell(cmd, &t->column[i], &t->cells[r * t->columns + i]);
        ad_json_end(cmd);
    }
}

static ad_status print(ad_table *t, ad_command *cmd, const char *event, bool upright)
{
    ad_text piece;
    if (!t) return AD_ERROR_MEMORY;
    if (t->status)
        return *t->complaint ? ad_fail(t->ctx, t->status, "%s", t->complaint) : t->status;
    ad_text_init(&piece, t->ctx);
    ad_command_end_live(cmd);
    if (ad_command_json(cmd))
        print_json(t, cmd, event);
    else if (upright)
        print_upright(t, cmd->out, &piece);
    else
        print_text(t, cmd->out, &piece);
    if (piece.failed) t->status = AD_ERROR_MEMORY;
    ad_text_free(&piece);
    t->rows = 0, t->at = 0;
    ad_arena_free(&t->texts);
    ad_arena_init(&t->texts, t->ctx);
    fflush(cmd->out);
    return t->status;
}

ad_status ad_table_print(ad_table *t, ad_command *cmd, const char *event)
{
    return print(t, cmd, event, false);
}

ad_status ad_table_print_upright(ad_table *t, ad_command *cmd, const char *event)
{
    return print(t, cmd, event, true);
}
