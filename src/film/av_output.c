/* av_output.c - what libav writes goes through src/base/file.c: beside the target, flushed,
 * renamed. It goes back only to fill in what it could not know. */
#include "film/av_output.h"

#include <errno.h>

enum { BUFFER_BYTES = 1 << 16 };

#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t written_bytes;
#else
typedef uint8_t written_bytes;
#endif

static int write_some(void *user, written_bytes *bytes, int count)
{
    ad_av_output *o = user;
    int64_t over = o->size - o->at < count ? o->size - o->at : count; /* what is there already */
    ad_status status = over > 0 ? ad_output_patch(o->file, (size_t)o->at, bytes, (size_t)over)
                                : AD_OK;
    if (!status && count > over)
        status = ad_output_write(o->file, bytes + over, (size_t)(count - over));
    o->failed |= status != AD_OK;
    if (status) return AVERROR(EIO);
    o->at += count;
    if (o->at > o->size) o->size = o->at;
    return count;
}

static int64_t seek(void *user, int64_t offset, int whence)
{
    ad_av_output *o = user;
    int64_t to = offset;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return o->size;
    if (whence == SEEK_CUR) to += o->at;
    if (whence == SEEK_END) to += o->size;
    if (to < 0 || to > o->size) return AVERROR(EINVAL);
    return o->at = to;
}

ad_status ad_av_output_open(ad_av_output *o, ad_context *own, const char *path)
{
    *o = (ad_av_output){0};
    ad_status status = ad_output_open(&o->file, own, path);
    if (status) return status;
    unsigned char *buffer = ad_libav.av_malloc(BUFFER_BYTES);
    o->io = buffer ? ad_libav.avio_alloc_context(buffer, BUFFER_BYTES, 1, o, NULL, write_some, seek)
                   : NULL;
    if (o->io) return AD_OK;
    ad_libav.av_free(buffer);
    return ad_av_fail(own, path, "cannot be written", AVERROR(ENOMEM));
}

void ad_av_output_close(ad_av_output *o)
{
    if (!o->io) return;
    ad_libav.av_freep(&o->io->buffer);
    ad_libav.avio_context_free(&o->io);
}
