/* conll.c - tables of words with their tags: CoNLL's lines (Tjong Kim Sang & De Meulder 2003), a
 * word and its tag in columns, sentences between empty lines; and objects of JSON with two arrays.
 */
#include "zoo/bert/tuned.h"

#include <string.h>

/* Columns as the first line of words has them. */
typedef struct conll {
    bert_reading *r;
    bert_sentence sentence;
    bool tabs;                  /* else blanks stand between columns */
    int64_t columns, word, tag; /* 0: not known yet; from 1 */
    int64_t begun;              /* the sentence's first line */
} conll;

typedef struct field {
    const char *at;
    size_t length;
} field;

/* ---- a line ---- */

/* The next field of the line; false: there is none. Blanks around fields are none of theirs. */
static bool next_field(const char **at, const char *end, bool tabs, field *out)
{
    if (!*at) return false;
    const char *from = *at, *to;
    while (from < end && *from == ' ') ++from;
    if (from == end && !tabs) return false;
    for (to = from; to < end && *to != (tabs ? '\t' : ' ');) ++to;
    *at = to < end ? to + 1 : NULL;
    while (to > from && to[-1] == ' ') --to;
    *out = (field){from, (size_t)(to - from)};
    return true;
}

static ad_status choose_column(const conll *c, const char *option, const char *name,
                               int64_t otherwise, int64_t *column)
{
    *column = name ? bert_column_number(name) : otherwise;
    if (!*column)
        return ad_error_set(c->r->ctx, AD_ERROR_ARGUMENT,
                            "%s: --%s is %s, expected a number: columns of words and tags are "
                            "counted from 1",
                            c->r->table->path, option, name);
    if (*column <= c->columns) return AD_OK;
    return ad_error_set(c->r->ctx, AD_ERROR_FORMAT, "%s: there is no column %s (--%s): it has %lld",
                        c->r->table->path, name, option, (long long)c->columns);
}

/* The first line says how many columns there are. */
static ad_status choose_columns(conll *c, const bert_lines *l)
{
    const char *at = l->line, *end = at + l->length;
    field f;
    c->tabs = memchr(at, '\t', l->length) != NULL;
    while (next_field(&at, end, c->tabs, &f)) ++c->columns;
    if (c->columns < 2)
        return bert_reading_fail(c->r, l->number,
                                 "has one column; expected a word and its tag, with a tab or "
                                 "blanks between them");
    ad_status status = choose_column(c, "text", c->r->table->text, 1, &c->word);
    return status ? status : choose_column(c, "label", c->r->table->label, c->columns, &c->tag);
}

static ad_status add_word(bert_reading *r, bert_sentence *s, int64_t line, field word,
                          const char *tag)
{
    int32_t label;
    if (!word.length) return bert_reading_fail(r, line, "the word is empty");
    ad_status status = bert_find_class(r, line, tag, &label);
    return status ? status : bert_sentence_add(s, word.at, word.length, label);
}

static ad_status read_word(conll *c, const bert_lines *l)
{
    const char *at = l->line, *end = at + l->length;
    field f, word = {0}, tag = {0};
    char name[256];
    int64_t count = 0;
    while (next_field(&at, end, c->tabs, &f)) {
        if (++count == c->word) word = f;
        if (count == c->tag) tag = f;
    }
    if (count != c->columns)
        return bert_reading_fail(c->r, l->number, "has %lld columns, the lines before it %lld",
                                 (long long)count, (long long)c->columns);
    if (tag.length >= sizeof name)
        return bert_reading_fail(c->r, l->number, "a tag of %zu bytes; expected fewer than %zu",
                                 tag.length, sizeof name);
    snprintf(name, sizeof name, "%.*s", (int)tag.length, tag.at);
    return add_word(c->r, &c->sentence, l->number, word, name);
}

/* ---- sentences ---- */

static ad_status end_sentence(bert_reading *r, bert_sentence *s, int64_t line)
{
    bert_rows *rows = r->rows;
    ad_status status = bert_sentence_spell(s, r->table->speller, &rows->texts, &rows->marks);
    bert_sentence_clear(s);
    return bert_reading_name(r, line, status);
}

/* What stands between sentences, or between documents. */
static bool is_between(const bert_lines *l)
{
    static const char mark[] = "-DOCSTART-";
    size_t blanks = 0;
    while (blanks < l->length && (l->line[blanks] == ' ' || l->line[blanks] == '\t')) ++blanks;
    return blanks == l->length ||
           (l->length >= sizeof mark - 1 && !memcmp(l->line, mark, sizeof mark - 1));
}

static ad_status read_line(conll *c, const bert_lines *l)
{
    if (is_between(l)) return end_sentence(c->r, &c->sentence, c->begun);
    ad_status status = c->columns ? AD_OK : choose_columns(c, l);
    if (!c->sentence.count) c->begun = l->number;
    return status ? status : read_word(c, l);
}

ad_status bert_read_conll(bert_reading *r)
{
    ad_text_file file;
    ad_status status = ad_text_file_read(&file, r->ctx, r->table->path);
    if (status) return status;
    conll c = {.r = r, .sentence = {.ctx = r->ctx}};
    bert_lines lines = {.at = file.text, .end = file.text + file.length};
    while (!status && bert_next_line(&lines)) status = read_line(&c, &lines);
    if (!status) status = end_sentence(r, &c.sentence, c.begun);
    bert_sentence_free(&c.sentence);
    ad_text_file_free(&file);
    return status;
}

/* ---- JSON ---- */

static ad_status add_pairs(bert_reading *r, int64_t line, const json_t *words, const json_t *tags,
                           bert_sentence *s)
{
    ad_status status = AD_OK;
    for (size_t i = 0; i < json_array_size(words) && !status; ++i) {
        char number[2][32];
        const char *word = bert_json_text(json_array_get(words, i), number[0]),
                   *tag = bert_json_text(json_array_get(tags, i), number[1]);
        if (!word || !tag)
            return bert_reading_fail(r, line, "%s %zu is no text and no number",
                                     word ? "tag" : "word", i + 1);
        status = add_word(r, s, line, (field){word, strlen(word)}, tag);
    }
    return status ? status : end_sentence(r, s, line);
}

ad_status bert_add_tagged(bert_reading *r, int64_t line, const json_t *object)
{
    const char *names[] = {r->table->text ? r->table->text : "words",
                           r->table->label ? r->table->label : "tags"};
    const json_t *arrays[2];
    for (int i = 0; i < 2; ++i) {
        arrays[i] = json_object_get(object, names[i]);
        if (!json_is_array(arrays[i]) || !json_array_size(arrays[i]))
            return bert_reading_fail(r, line, "has no array \"%s\" with something in it", names[i]);
    }
    if (json_array_size(arrays[0]) != json_array_size(arrays[1]))
        return bert_reading_fail(r, line, "has %zu \"%s\" and %zu \"%s\"",
                                 json_array_size(arrays[0]), names[0], json_array_size(arrays[1]),
                                 names[1]);
    bert_sentence sentence = {.ctx = r->ctx};
    ad_status status = add_pairs(r, line, arrays[0], arrays[1], &sentence);
    bert_sentence_free(&sentence);
    return status;
}
