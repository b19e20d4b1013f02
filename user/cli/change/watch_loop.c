/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps a policy as its files say. Each time it starts from the request that is kept with the attachment, so that what
 * other commands change meanwhile stays changed.
 */
#include "watch_loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "file_watch.h"
#include "user/cli/print/output.h"

/* How long what must wait for another command or a trial waits. */
#define RETRY_MS 1000

static void say(const char *interface, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const char *interface, const char *format, ...)
{
    char moment[32] = "";
    time_t now = time(NULL);
    struct tm local;
    va_list arguments;

    if (localtime_r(&now, &local))
        strftime(moment, sizeof(moment), "%Y-%m-%d %H:%M:%S", &local);
    lx_print("%s %s: ", moment, interface);
    va_start(arguments, format);
    lx_vprint(stdout, format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

/*
 * Watches what was read. What a broken file includes is not known, so then what was watched before still is. Returns
 * true when nothing was read that was not watched while it was read.
 */
static bool follow(struct lx_file_watch *watch, struct lx_words *files, bool sound)
{
    bool known = true;
    int error = 0;

    for (size_t i = 0; i < files->count; i++)
        known = known && lx_words_contain(&watch->files, files->items[i]);
    if (known && (!sound || files->count == watch->files.count))
        return true;
    for (size_t i = 0; !sound && i < watch->files.count && !error; i++)
        if (!lx_words_contain(files, watch->files.items[i]))
            error = lx_words_add(files, watch->files.items[i]);
    if (error || lx_file_watch_set(watch, files)) {
        lx_print_warning("not all files that the policy is read from can be watched");
        return true;
    }
    return known;
}

/* Reads again. What could not be made is tried again when it is `later`; `quiet`: nobody has changed anything. */
static void again(const struct lx_policy_change *first, struct lx_file_watch *watch, bool quiet, bool *later)
{
    const struct lx_words none = {0};
    bool waited = *later;

    for (int attempt = 0; attempt < 8; attempt++) {
        struct lx_words files = {0};
        struct lx_policy_change change = {.interface = first->interface,
                                          .given = &none,
                                          .intent = first->intent,
                                          .needed_only = true,
                                          .files = &files};
        int result;
        bool known;

        change.intent.unattended = true;
        result = lx_change_policy(&change);
        known = !files.count;
        fflush(stdout);
        *later = change.result == LX_CHANGED_LATER && (result == LX_EXIT_DONE || result == LX_EXIT_BUSY);
        if (result != LX_EXIT_DONE)
            say(first->interface, "the policy in force stays");
        else if (*later && !waited)
            say(first->interface, "a trial is pending; this waits for its end");
        else if (change.result == LX_CHANGED_NOT && !quiet)
            say(first->interface, "nothing differs from what is in force");
        if (!known)
            known = follow(watch, &files, result == LX_EXIT_DONE);
        lx_words_free(&files);
        if (known)
            return;
        quiet = true;
    }
}

static int stay(const struct lx_policy_change *first, struct lx_file_watch *watch)
{
    bool later = false;

    again(first, watch, true, &later);
    say(first->interface, "watching %zu file%s", watch->files.count, lx_plural(watch->files.count));
    for (;;) {
        const char *changed = NULL;
        int seen = lx_file_watch_wait(watch, later ? RETRY_MS : -1, &changed);

        if (seen == LX_FILE_WATCHED_END) {
            say(first->interface, "no longer watching; the policy stays in force");
            return LX_EXIT_DONE;
        }
        if (seen < 0) {
            lx_print_error("cannot watch the files of %s: %s; the policy stays in force", first->interface,
                           strerror(-seen));
            return LX_EXIT_FAILED;
        }
        if (seen == LX_FILE_WATCHED_CHANGE)
            say(first->interface, "%s has changed", changed);
        again(first, watch, seen == LX_FILE_WATCHED_TIMEOUT, &later);
    }
}

int lx_watch_loop(struct lx_policy_change *change)
{
    struct lx_words files = {0};
    struct lx_file_watch watch;
    int result, error;

    change->files = &files;
    result = lx_change_policy(change);
    change->files = NULL;
    fflush(stdout);
    if (result == LX_EXIT_DONE) {
        error = lx_file_watch_open(&watch);
        error = error ?: lx_file_watch_set(&watch, &files);
        if (!error) {
            result = stay(change, &watch);
        } else {
            lx_print_error("cannot watch the files of %s: %s; the policy is in force", change->interface,
                           strerror(-error));
            result = LX_EXIT_FAILED;
        }
        lx_file_watch_close(&watch);
    }
    lx_words_free(&files);
    return result;
}
