/* libav.c - libav found at run time: its libraries by the names of the versions whose headers this
 * was compiled with, as the linker would have written them down. */
#include "film/libav.h"
#include "base/notes.h"

#include <dlfcn.h>
#include <pthread.h>

ad_libav_functions ad_libav;

#ifdef __APPLE__
#define FILE_NAME(name, version) "lib" name "." AV_STRINGIFY(version) ".dylib"
#else
#define FILE_NAME(name, version) "lib" name ".so." AV_STRINGIFY(version)
#endif

/* In the order in which they need each other. */
enum library { avutil, swresample, swscale, avcodec, avformat, LIBRARIES };
static const char *const files[LIBRARIES] = {
    [avutil] = FILE_NAME("avutil", LIBAVUTIL_VERSION_MAJOR),
    [swresample] = FILE_NAME("swresample", LIBSWRESAMPLE_VERSION_MAJOR),
    [swscale] = FILE_NAME("swscale", LIBSWSCALE_VERSION_MAJOR),
    [avcodec] = FILE_NAME("avcodec", LIBAVCODEC_VERSION_MAJOR),
    [avformat] = FILE_NAME("avformat", LIBAVFORMAT_VERSION_MAJOR),
};

/* A member is filled as POSIX has it: through a pointer to an object's pointer. */
static const struct {
    enum library library;
    const char *name;
    void **member;
} functions[] = {
#define ROW(library, function) {library, #function, (void **)&ad_libav.function},
    AD_LIBAV(ROW)
#undef ROW
};

static ad_status open_libraries(ad_context *own, void *handle[LIBRARIES])
{
    for (int i = 0; i < LIBRARIES; ++i) {
        handle[i] = dlopen(files[i], RTLD_LAZY | RTLD_LOCAL);
        if (!handle[i])
            return ad_fail(own, AD_ERROR_UNSUPPORTED,
                           "films want FFmpeg's libraries, of which %s cannot be loaded: %s",
                           files[i], dlerror());
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
        *functions[i].member = dlsym(handle[functions[i].library], functions[i].name);
        if (!*functions[i].member)
            return ad_fail(own, AD_ERROR_UNSUPPORTED,
                           "films want FFmpeg's libraries: %s has no function %s",
                           files[functions[i].library], functions[i].name);
    }
    return AD_OK;
}

ad_status ad_libav_load(ad_context *own)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;
    void *handle[LIBRARIES] = {0};
    pthread_mutex_lock(&lock);
    ad_status status = loaded ? AD_OK : open_libraries(own, handle);
    if (status) /* memory may be there the next time */
        for (int i = LIBRARIES; i-- > 0;)
            if (handle[i]) dlclose(handle[i]);
    loaded = !status;
    pthread_mutex_unlock(&lock);
    return status;
}
