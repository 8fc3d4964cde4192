/* watch.c - see watch.h. */
#include <autodidact/watch.h>

#include <stdarg.h>
#include <stdio.h>

void ad_watch_note(const ad_watcher *watcher, const char *format, ...)
{
    char sentence[2048];
    va_list args;
    if (!watcher->note) return;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    watcher->note(watcher->user, sentence);
}

bool ad_watch_interrupted(const ad_watcher *watcher)
{
    return watcher->interrupted && watcher->interrupted(watcher->user);
}
