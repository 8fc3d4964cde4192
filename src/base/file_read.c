/* file_read.c - opening and reading files, pipes and terminals. */
#include "base/file.h"
#include "base/kept_pipes.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 16,
    PART_BYTES = 1 << 20,
    SHARE_BYTES = 1 << 18, /* of a thread, at a time */
    WAIT_MS = 100,
    WAITS_MOST = 20, /* for somebody who writes into a named pipe */
};

/* A file that is read as it is needed: address space of its size, of which the parts that were read
 * can be touched. */
struct ad_file_parts {
    int fd;
    unsigned char *memory, *present; /* [parts]: 1 where it was read */
    size_t parts, loaded;            /* bytes */
    char *path;
};

/* ---- opening ---- */

/* Opens without blocking. What cannot be opened by name although it is standard input (a socket,
 * another user's terminal) is taken as it is. */
static ad_status open_file(int *fd, struct stat *about, ad_context *ctx, const char *path)
{
    ad_status status = AD_OK;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int error = errno;
    if (*fd < 0 && !strcmp(path, "/dev/stdin")) *fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (*fd < 0) return ad_fail_errno(ctx, path, "cannot open", error);
    if (fstat(*fd, about))
        status = ad_fail_errno(ctx, path, "cannot open", errno);
    else if (S_ISDIR(about->st_mode))
        status = ad_fail(ctx, AD_ERROR_IO, "%s: is a folder, not a file", path);
    else if (S_ISBLK(about->st_mode))
        status = ad_fail(ctx, AD_ERROR_IO, "%s: is a device, not a file", path);
    if (status) close(*fd);
    return status;
}

/* ---- what has no size beforehand: a pipe, a terminal, a file of /proc ---- */

/* Whether to read again where nothing came: from a named pipe that nobody has opened yet. Who wrote
 * into it may be gone already, and what was written there. */
static bool await_writer(int fd, int *waits)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (++*waits > WAITS_MOST || poll(&p, 1, WAIT_MS) < 0) return false;
    return (p.revents & POLLIN) || !(p.revents & POLLHUP);
}

static ssize_t read_more(int fd, void *to, size_t most)
{
    for (;;) {
        ssize_t got = read(fd, to, most);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN)) return got;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (errno == EAGAIN) (void)poll(&p, 1, -1);
    }
}

static ad_status check_stream(ad_context *ctx, const char *path, const struct stat *about, int fd,
                              size_t size, size_t limit)
{
    if (size && S_ISCHR(about->st_mode) && !isatty(fd))
        return ad_fail(ctx, AD_ERROR_IO, "%s: is a device without an end, not a file", path);
    if (size <= limit) return AD_OK;
    if (limit < ad_context_expand_limit(ctx))
        return ad_fail(ctx, AD_ERROR_LIMIT, "%s: is larger than the limit of %zu bytes", path,
                       limit);
    return ad_fail(ctx, AD_ERROR_LIMIT, "%s: more than %zu bytes came; " AD_EXPAND_LIMIT_ADVICE,
                   path, limit);
}

static ad_status read_stream(ad_file_bytes *out, const char *path, int fd, const struct stat *about,
                             size_t limit)
{
    ad_context *ctx = out->ctx;
    size_t capacity = BUFFER_BYTES, size = 0;
    unsigned char *bytes = ad_alloc(ctx, capacity);
    ad_status status = bytes ? AD_OK : AD_ERROR_MEMORY;
    if (limit > ad_context_expand_limit(ctx)) limit = ad_context_expand_limit(ctx);
    for (int waits = 0; !status;) {
        ssize_t got = read_more(fd, bytes + size, capacity - size);
        if (got < 0) status = ad_fail_errno(ctx, path, "cannot read", errno);
        if (!got && !size && S_ISFIFO(about->st_mode) && await_writer(fd, &waits)) continue;
        if (got <= 0 && waits > WAITS_MOST)
            status = ad_fail(ctx, AD_ERROR_IO, "%s: is a pipe into which nobody writes", path);
        if (got <= 0) break;
        size += (size_t)got;
        status = check_stream(ctx, path, about, fd, size, limit);
        if (!status && size == capacity) {
            size_t more = capacity < limit / 2 ? 2 * capacity : limit + 1;
            unsigned char *grown = ad_realloc(ctx, bytes, capacity, more);
            if (grown)
                bytes = grown, capacity = more;
            else
                status = AD_ERROR_MEMORY;
        }
    }
    unsigned char *exact = status ? NULL : ad_realloc(ctx, bytes, capacity, size);
    if (!exact) {
        ad_free(ctx, bytes, capacity);
        return status ? status : AD_ERROR_MEMORY;
    }
    out->bytes = exact;
    out->size = size;
    return AD_OK;
}

/* A stream gives its bytes once; the context has them from then on. */
static ad_status read_kept(ad_file_bytes *out, const char *path, int fd, const struct stat *about,
                           size_t limit)
{
    ad_kept_pipes *pipes = ad_context_pipes(out->ctx);
    if (ad_kept_pipes_find(pipes, about, &out->bytes, &out->size)) {
        out->kept = true;
        return check_stream(out->ctx, path, about, fd, out->size, limit);
    }
    ad_status status = read_stream(out, path, fd, about, limit);
    if (status || S_ISREG(about->st_mode) || (S_ISCHR(about->st_mode) && !isatty(fd)))
        return status;
    if (!ad_kept_pipes_add(pipes, out->ctx, about, out->bytes, out->size)) {
        ad_file_bytes_free(out);
        return AD_ERROR_MEMORY;
    }
    out->kept = true;
    return AD_OK;
}

/* ---- regular files ---- */

/* The bytes from `at` on, all of them. */
static ad_status read_at(ad_context *ctx, const char *path, int fd, unsigned char *to, size_t at,
                         size_t size)
{
    while (size) {
        ssize_t got = pread(fd, to, size < (size_t)1 << 30 ? size : (size_t)1 << 30, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return ad_fail_errno(ctx, path, "cannot read", errno);
        if (!got)
            return ad_fail(ctx, AD_ERROR_IO,
                           "%s: was cut short while it was read: it ends after %zu bytes", path,
                           at);
        to += got, at += (size_t)got, size -= (size_t)got;
    }
    return AD_OK;
}

static ad_status read_whole(ad_file_bytes *out, const char *path, int fd, size_t size)
{
    unsigned char *bytes = ad_alloc(out->ctx, size);
    ad_status status = bytes ? read_at(out->ctx, path, fd, bytes, 0, size) : AD_ERROR_MEMORY;
    if (status)
        ad_free(out->ctx, bytes, size);
    else
        out->bytes = bytes, out->size = size;
    return status;
}

/* Takes over `fd` if it succeeds. */
static ad_status read_in_parts(ad_file_bytes *out, const char *path, int fd, size_t size)
{
    ad_context *ctx = out->ctx;
    struct ad_file_parts *p = ad_zalloc(ctx, sizeof *p);
    if (!p) return AD_ERROR_MEMORY;
    p->parts = (size + PART_BYTES - 1) / PART_BYTES;
    p->present = ad_zalloc(ctx, p->parts);
    p->path = p->present ? ad_string_copy(ctx, path) : NULL;
    void *memory = p->path ? mmap(NULL, size, PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                           : MAP_FAILED;
    if (memory == MAP_FAILED) {
        if (p->path) ad_fail_errno(ctx, path, "cannot be held", errno);
        ad_free(ctx, p->present, p->parts);
        ad_string_free(ctx, p->path);
        ad_free(ctx, p, sizeof *p);
        return AD_ERROR_MEMORY;
    }
    p->memory = memory, p->fd = fd;
    out->bytes = memory, out->size = size, out->parts = p;
    return AD_OK;
}

ad_status ad_file_bytes_need(ad_file_bytes *file, size_t at, size_t size)
{
    struct ad_file_parts *p = file->parts;
    if (!p || !size || at >= file->size) return AD_OK;
    size_t last = size < file->size - at ? at + size - 1 : file->size - 1;
    for (size_t part = at / PART_BYTES; part <= last / PART_BYTES; ++part) {
        size_t begin = part * PART_BYTES, left = file->size - begin;
        size_t bytes = left < PART_BYTES ? left : PART_BYTES;
        if (p->present[part]) continue;
        if (mprotect(p->memory + begin, bytes, PROT_READ | PROT_WRITE))
            return ad_fail_errno(file->ctx, p->path, "cannot be held", errno);
        ad_status status = read_at(file->ctx, p->path, p->fd, p->memory + begin, begin, bytes);
        if (status) return status;
        p->present[part] = 1;
        p->loaded += bytes;
    }
    return AD_OK;
}

/* Pieces of a read that several threads share; an errno, 0 or, where the file ends before, -1. */
typedef struct sharing {
    const ad_file_bytes *file;
    unsigned char *to;
    size_t at, size;
    _Atomic int failed;
} sharing;

static int read_piece(int fd, unsigned char *to, size_t at, size_t size)
{
    while (size) {
        ssize_t got = pread(fd, to, size, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (!got) return -1;
        to += got, at += (size_t)got, size -= (size_t)got;
    }
    return 0;
}

static void read_share(void *user, int64_t index, int worker)
{
    sharing *s = user;
    size_t begin = (size_t)index * SHARE_BYTES, left = s->size - begin;
    int failed = read_piece(s->file->parts->fd, s->to + begin, s->at + begin,
                            left < SHARE_BYTES ? left : SHARE_BYTES);
    (void)worker;
    if (failed) s->failed = failed;
}

ad_status ad_file_bytes_read_to(const ad_file_bytes *file, size_t at, void *to, size_t size)
{
    sharing s = {.file = file, .to = to, .at = at, .size = size};
    if (!file->parts) {
        memcpy(to, file->bytes + at, size);
        return AD_OK;
    }
    ad_parallel(ad_context_pool(file->ctx), (int64_t)((size + SHARE_BYTES - 1) / SHARE_BYTES),
                read_share, &s);
    if (!s.failed) return AD_OK;
    if (s.failed > 0) return ad_fail_errno(file->ctx, file->parts->path, "cannot read", s.failed);
    return ad_fail(file->ctx, AD_ERROR_IO, "%s: was cut short while it was read",
                   file->parts->path);
}

void ad_file_bytes_forget(ad_file_bytes *file, size_t most)
{
    struct ad_file_parts *p = file->parts;
    if (!p || p->loaded <= most) return;
    /* fresh pages over the old ones; if that is refused, what is there stays */
    if (mmap(p->memory, file->size, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        return;
    memset(p->present, 0, p->parts);
    p->loaded = 0;
}

int ad_file_bytes_descriptor(const ad_file_bytes *file)
{
    return file->parts ? file->parts->fd : -1;
}

/* ---- together ---- */

typedef enum { WHOLE, IN_PARTS } manner;

static ad_status read_file(ad_file_bytes *out, ad_context *ctx, const char *path, size_t limit,
                           manner how, bool regular)
{
    struct stat about;
    int fd;
    *out = (ad_file_bytes){.ctx = ctx};
    ad_status status = open_file(&fd, &about, ctx, path);
    if (status) return status;
    if (regular && !S_ISREG(about.st_mode)) {
        status = ad_fail(ctx, AD_ERROR_IO, "%s: is not a regular file", path);
    } else if (!S_ISREG(about.st_mode) || about.st_size == 0) {
        status = read_kept(out, path, fd, &about, limit);
    } else if ((uintmax_t)about.st_size > limit) {
        status = ad_fail(ctx, AD_ERROR_LIMIT, "%s: has %lld bytes; the limit is %zu", path,
                         (long long)about.st_size, limit);
    } else if (how == IN_PARTS) {
        status = read_in_parts(out, path, fd, (size_t)about.st_size);
        if (!status) return AD_OK; /* and keeps the descriptor */
    } else {
        status = read_whole(out, path, fd, (size_t)about.st_size);
    }
    close(fd);
    return status;
}

ad_status ad_file_bytes_read(ad_file_bytes *out, ad_context *ctx, const char *path, size_t limit)
{
    return read_file(out, ctx, path, limit, WHOLE, false);
}

ad_status ad_file_bytes_read_regular(ad_file_bytes *out, ad_context *ctx, const char *path,
                                     size_t limit)
{
    return read_file(out, ctx, path, limit, WHOLE, true);
}

ad_status ad_file_bytes_read_parts(ad_file_bytes *out, ad_context *ctx, const char *path,
                                   size_t limit)
{
    return read_file(out, ctx, path, limit, IN_PARTS, false);
}

void ad_file_bytes_free(ad_file_bytes *file)
{
    struct ad_file_parts *p = file->parts;
    union { /* allocated by us, and given back through the same address */
        const unsigned char *bytes;
        void *memory;
    } at = {.bytes = file->bytes};
    if (p) {
        munmap(p->memory, file->size);
        close(p->fd);
        ad_free(file->ctx, p->present, p->parts);
        ad_string_free(file->ctx, p->path);
        ad_free(file->ctx, p, sizeof *p);
    } else if (file->bytes && !file->kept) {
        ad_free(file->ctx, at.memory, file->size);
    }
    *file = (ad_file_bytes){0};
}

ad_status ad_file_begin(ad_context *ctx, const char *path, void *bytes, size_t *size)
{
    ad_file_bytes file;
    ad_status status = ad_file_bytes_read_parts(&file, ctx, path, SIZE_MAX / 4);
    if (status) return status;
    if (*size > file.size) *size = file.size;
    status = ad_file_bytes_need(&file, 0, *size);
    if (!status) memcpy(bytes, file.bytes, *size);
    ad_file_bytes_free(&file);
    return status;
}
