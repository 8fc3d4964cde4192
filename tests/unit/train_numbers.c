/* train_numbers.c - the numbers of a run that is killed and resumed, in metrics.jsonl and in
 * TensorBoard's event files, are those of an uninterrupted one, each once; a disk that takes no
 * more is an error of one line. */
#include "train_toy.h"

#include "run/metric_log.h"

/* ---- event files, read as TensorBoard reads them ---- */

enum { EVENTS_MOST = 20000 };

typedef struct event {
    int64_t step;
    size_t size;
    unsigned char *summary;
} event;

typedef struct events {
    event of[EVENTS_MOST];
    int count;
    int files, purged;
} events;

static uint64_t varint(const unsigned char **at, const unsigned char *end)
{
    uint64_t value = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) break;
    }
    return value;
}

/* Event: 1 wall_time, 2 step, 3 file_version, 5 summary, 7 session_log, after which what was said
 * of its step and later ones is void. */
static void read_event(events *e, const unsigned char *at, const unsigned char *end)
{
    int64_t step = 0;
    while (at < end) {
        uint64_t key = varint(&at, end), size;
        if ((key & 7) == 1) {
            at += 8;
        } else if (key == 16) {
            step = (int64_t)varint(&at, end);
        } else {
            size = varint(&at, end);
            if ((key & 7) != 2 || size > (size_t)(end - at)) {
                CHECK_FAIL("an event is broken");
                return;
            }
            for (int i = e->count; key >> 3 == 7 && i-- > 0;)
                if (e->of[i].step >= step) {
                    free(e->of[i].summary);
                    memmove(&e->of[i], &e->of[i + 1], (size_t)(--e->count - i) * sizeof *e->of);
                    ++e->purged;
                }
            if (key >> 3 == 5 && e->count < EVENTS_MOST) {
                unsigned char *summary = malloc(size + 1);
                REQUIRE(summary);
                memcpy(summary, at, size);
                e->of[e->count++] = (event){step, size, summary};
            }
            at += size;
        }
    }
}

static void read_event_file(events *e, const char *path)
{
    static unsigned char bytes[1 << 24];
    FILE *file = fopen(path, "rb");
    REQUIRE(file);
    size_t size = fread(bytes, 1, sizeof bytes, file), at = 0;
    fclose(file);
    ++e->files;
    while (size - at >= 16) {
        uint64_t length;
        memcpy(&length, bytes + at, 8);
        if (length > size - at - 16) break; /* left unfinished by a killed process */
        read_event(e, bytes + at + 12, bytes + at + 12 + length);
        at += 16 + length;
    }
}

static int is_event_file(const struct dirent *entry)
{
    return !strncmp(entry->d_name, "events.out.tfevents.", 20);
}

static void read_events(events *e, const char *run)
{
    struct dirent **list;
    int count = scandir(in(run), &list, is_event_file, alphasort);
    e->count = e->files = e->purged = 0;
    for (int i = 0; i < count; ++i) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", run, list[i]->d_name);
        read_event_file(e, in(path));
        free(list[i]);
    }
    if (count >= 0) free(list);
}

static void free_events(events *e)
{
    while (e->count) free(e->of[--e->count].summary);
}

/* ---- cases ---- */

#define OPTIONS " histograms=yes log-every=5 eval-every=10"

static void each_number_once(void)
{
    static events whole, parts;
    begin();
    CHECK_INT(toy_train("run=whole" OPTIONS), 0);
    static const int64_t kills[] = {8, 9, 37, 38, 95};
    for (int i = 0; i < 5; ++i) { /* twice before the first checkpoint but that of step 0 */
        trouble.kill_at = kills[i];
        CHECK_INT(toy_train(i ? "resume=parts checkpoint-every=15"
                              : "run=parts checkpoint-every=15" OPTIONS),
                  -SIGKILL);
    }
    trouble.kill_at = -1;
    CHECK_INT(toy_train("resume=parts"), 0);
    CHECK(same_numbers("whole", "parts"));
    read_events(&whole, "whole"), read_events(&parts, "parts");
    CHECK_INT(whole.files, 1);
    CHECK_INT(parts.files, 6);
    CHECK(whole.count > 60);
    CHECK_INT(parts.count, whole.count);
    for (int i = 0; i < whole.count && i < parts.count; ++i)
        if (whole.of[i].step != parts.of[i].step || whole.of[i].size != parts.of[i].size ||
            memcmp(whole.of[i].summary, parts.of[i].summary, whole.of[i].size))
            CHECK_FAIL("event %d, of step %lld, differs", i, (long long)whole.of[i].step);
    free_events(&whole), free_events(&parts);
    end();
}

/* A process that wrote more than the checkpoint that is resumed from knows of. */
static void a_newer_past_is_void(void)
{
    static events whole, parts;
    begin();
    CHECK_INT(toy_train("run=whole checkpoint-every=20 keep=9" OPTIONS), 0);
    CHECK_INT(system("cp -r whole parts && cd parts && rm result.json checkpoints/step-*[68]0.* "
                     "checkpoints/step-*100.*"),
              0);
    CHECK_INT(toy_train("resume=parts"), 0);
    CHECK_CONTAINS(err, "from step 40");
    CHECK(same_numbers("whole", "parts"));
    CHECK(same_files(in("whole/" LAST), in("parts/" LAST)));
    read_events(&whole, "whole"), read_events(&parts, "parts");
    CHECK(parts.purged > 30);
    CHECK_INT(parts.count, whole.count);
    CHECK_INT(parts.files, 2);
    free_events(&whole), free_events(&parts);
    end();
}

static int lines_in(const char *text)
{
    int lines = 0;
    for (; *text; ++text) lines += *text == '\n';
    return lines;
}

/* Files may not become larger: first the numbers, then the checkpoint cannot be written. */
static void no_room(void)
{
    begin();
    CHECK_INT(toy_train("run=whole"), 0);
    trouble.file_limit = 5000;
    CHECK_INT(toy_train("run=numbers log-every=1"), 1);
    CHECK_INT(lines_in(err), 3); /* the data, what begins, the error */
    CHECK_CONTAINS(err, "numbers/metrics.jsonl: cannot write: File too large");
    trouble.file_limit = size_of(in("whole/" LAST)) - 1;
    CHECK_INT(toy_train("run=checkpoint"), 1);
    CHECK_INT(lines_in(err), 1);
    CHECK_CONTAINS(err, "checkpoint/checkpoints/step-000000000.safetensors");
    CHECK_CONTAINS(err, "File too large");
    trouble.file_limit = 0;
    CHECK_INT(toy_train("resume=numbers"), 0);
    CHECK_INT(toy_train("resume=checkpoint"), 0);
    CHECK(same_files(in("whole/" LAST), in("numbers/" LAST)));
    CHECK(same_files(in("whole/" LAST), in("checkpoint/" LAST)));
    CHECK_INT(lines_of(in("numbers/metrics.jsonl")), 105); /* 100, and 5 evaluations */
    end();
}

/* A disk that takes a part of what was gathered, here up to the end of a line. */
static void lines_come_once(void)
{
    begin();
    ad_context *ctx = ad_context_new(NULL);
    ad_metric_log log;
    double seconds;
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){0, old.rlim_max};
    REQUIRE(!ad_metric_log_open(&log, ctx, in("m.jsonl"), 0, &seconds));
    for (int step = 10; step < 30; ++step)
        CHECK(!ad_metric_log_add(&log, step, -1, step / 100., &(ad_metric){"loss", 1}, 1));
    small.rlim_cur = (rlim_t)(log.pending.length / 20 * 5);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK_INT(ad_metric_log_flush(&log), AD_ERROR_IO);
    CHECK_CONTAINS(ad_error(ctx), "m.jsonl: cannot write: File too large");
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_INT(lines_of(in("m.jsonl")), 5);
    CHECK(!ad_metric_log_sync(&log));
    CHECK_INT(lines_of(in("m.jsonl")), 20);
    ad_metric_log_close(&log);
    /* opened again at step 17, the later ones are gone */
    REQUIRE(!ad_metric_log_open(&log, ctx, in("m.jsonl"), 17, &seconds));
    CHECK(fabs(seconds - 0.17) < 1e-9);
    ad_metric_log_close(&log);
    CHECK_INT(lines_of(in("m.jsonl")), 8);
    CHECK_INT(ad_context_memory(ctx), 0);
    ad_context_free(ctx);
    end();
}

static const check_case cases[] = {
    CASE(each_number_once), CASE(a_newer_past_is_void), CASE(no_room), CASE(lines_come_once), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
