/* film_thread.c - a film's second thread, with a context of its own, and what it says. */
#include "base/notes.h"
#include "film/film.h"

#include <signal.h>
#include <stdio.h>

static void keep_note(void *user, const char *sentence)
{
    ad_film_thread *t = user;
    pthread_mutex_lock(&t->mutex);
    if (t->notes < AD_FILM_NOTES) snprintf(t->note[t->notes++], AD_FILM_NOTE_BYTES, "%s", sentence);
    pthread_mutex_unlock(&t->mutex);
}

ad_status ad_film_thread_init(ad_film_thread *t, ad_context *ctx)
{
    t->ctx = ctx;
    pthread_mutex_init(&t->mutex, NULL);
    t->own = ad_context_new(&(ad_context_options){.threads = 1});
    if (!t->own) return ad_fail(ctx, AD_ERROR_MEMORY, "out of memory for a film");
    ad_context_set_expand_limit(t->own, ad_context_expand_limit(ctx));
    ad_context_set_notes(t->own, keep_note, t);
    return AD_OK;
}

void ad_film_block_signals(void *old_set)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old_set);
}

void ad_film_unblock_signals(const void *old_set)
{
    pthread_sigmask(SIG_SETMASK, old_set, NULL);
}

ad_status ad_film_thread_start(ad_film_thread *t, void *(*run)(void *user), void *user)
{
    sigset_t old;
    ad_film_block_signals(&old);
    t->started = !pthread_create(&t->thread, NULL, run, user);
    ad_film_unblock_signals(&old);
    return t->started ? AD_OK : ad_fail(t->ctx, AD_ERROR_MEMORY, "a thread cannot be started");
}

void ad_film_thread_join(ad_film_thread *t)
{
    if (t->started) pthread_join(t->thread, NULL);
    t->started = false;
}

void ad_film_thread_free(ad_film_thread *t)
{
    if (!t->ctx) return;
    ad_film_thread_join(t);
    ad_context_free(t->own);
    pthread_mutex_destroy(&t->mutex);
    *t = (ad_film_thread){0};
}

void ad_film_thread_tell(ad_film_thread *t)
{
    char note[AD_FILM_NOTE_BYTES];
    for (int told = 0;; ++told) {
        pthread_mutex_lock(&t->mutex);
        bool more = told < t->notes;
        if (more)
            snprintf(note, sizeof note, "%s", t->note[told]);
        else
            t->notes = 0;
        pthread_mutex_unlock(&t->mutex);
        if (!more) return;
        ad_note(t->ctx, "%s", note);
    }
}

ad_status ad_film_thread_fail(ad_film_thread *t, ad_status status)
{
    ad_film_thread_tell(t);
    return status ? ad_fail(t->ctx, status, "%s", ad_error(t->own)) : AD_OK;
}
