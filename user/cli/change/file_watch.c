/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches the directories of the files rather than the files, which come and go, and then looks whether a file is
 * another than before: an event is only a reason to look.
 */
#include "file_watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "user/kernel/process/clock.h"

/* An editor is done when nothing has happened for so long; one that never is has this patience. */
#define QUIET_MS 200
#define PATIENCE_MS 2000

#define EVENTS                                                                                                         \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

/* Watches the directory that a path is in, or the nearest one above it that is there. */
static int watch_directory(int events, const char *path)
{
    char directory[PATH_MAX];

    if (strlen(path) >= sizeof(directory))
        return -ENAMETOOLONG;
    strcpy(directory, path);
    for (;;) {
        char *slash = strrchr(directory, '/');

        if (!slash)
            strcpy(directory, ".");
        else
            slash[slash == directory] = '\0';
        if (inotify_add_watch(events, directory, EVENTS | IN_ONLYDIR) >= 0)
            return 0;
        if ((errno != ENOENT && errno != ENOTDIR) || !slash || slash == directory)
            return -errno;
    }
}

/* A link is changed in one directory, what it leads to in another. */
static int watch_file(int events, const char *path)
{
    char *target = realpath(path, NULL);
    int error = watch_directory(events, path);

    if (!error && target && strcmp(target, path) != 0)
        error = watch_directory(events, target);
    free(target);
    return error;
}

/* Directories may be others by now: all are watched anew. Returns a file descriptor or -errno. */
static int watch_all(const struct lx_words *files)
{
    int error = 0, events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (events < 0)
        return -errno;
    for (size_t i = 0; i < files->count && !error; i++)
        error = watch_file(events, files->items[i]);
    if (error)
        close(events);
    return error ?: events;
}

static struct lx_stamp look(const char *path)
{
    struct lx_stamp stamp = {0};

    if (stat(path, &stamp.status)) {
        stamp.status = (struct stat){0};
        stamp.error = errno;
    }
    return stamp;
}

static bool same_time(const struct timespec *one, const struct timespec *other)
{
    return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

static bool same_stamp(const struct lx_stamp *one, const struct lx_stamp *other)
{
    return one->error == other->error && one->status.st_dev == other->status.st_dev &&
           one->status.st_ino == other->status.st_ino && one->status.st_size == other->status.st_size &&
           same_time(&one->status.st_mtim, &other->status.st_mtim) &&
           same_time(&one->status.st_ctim, &other->status.st_ctim);
}

int lx_file_watch_open(struct lx_file_watch *watch)
{
    sigset_t ends;

    *watch = (struct lx_file_watch){.events = -1};
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    watch->signals = signalfd(-1, &ends, SFD_CLOEXEC);
    return watch->signals < 0 ? -errno : 0;
}

int lx_file_watch_set(struct lx_file_watch *watch, const struct lx_words *files)
{
    struct lx_stamp *stamps = calloc(files->count + 1, sizeof(*stamps));
    struct lx_words copy = {0};
    int events, error = stamps ? 0 : -ENOMEM;

    for (size_t i = 0; i < files->count && !error; i++)
        error = lx_words_add(&copy, files->items[i]);
    events = error ?: watch_all(files);
    if (events < 0) {
        lx_words_free(&copy);
        free(stamps);
        return events;
    }
    for (size_t i = 0; i < files->count; i++)
        stamps[i] = look(files->items[i]);
    if (watch->events >= 0)
        close(watch->events);
    lx_words_free(&watch->files);
    free(watch->stamps);
    watch->events = events;
    watch->files = copy;
    watch->stamps = stamps;
    return 0;
}

/* Waits for an event or a signal. Returns enum lx_file_watched, a change meaning an event, or -errno. */
static int wait_once(struct lx_file_watch *watch, int timeout_ms)
{
    struct pollfd polled[] = {{.fd = watch->signals, .events = POLLIN}, {.fd = watch->events, .events = POLLIN}};
    char events[4096];
    int ready = poll(polled, 2, timeout_ms);

    if (ready < 0)
        return errno == EINTR ? LX_FILE_WATCHED_CHANGE : -errno;
    if (polled[0].revents)
        return LX_FILE_WATCHED_END;
    if (!ready)
        return LX_FILE_WATCHED_TIMEOUT;
    while (read(watch->events, events, sizeof(events)) > 0)
        ;
    return LX_FILE_WATCHED_CHANGE;
}

/* Returns whether a file is another than when it was last looked at. */
static bool find_changed(struct lx_file_watch *watch, const char **changed)
{
    bool found = false;

    for (size_t i = 0; i < watch->files.count; i++) {
        struct lx_stamp stamp = look(watch->files.items[i]);

        if (same_stamp(&stamp, &watch->stamps[i]))
            continue;
        watch->stamps[i] = stamp;
        *changed = watch->files.items[i];
        found = true;
    }
    return found;
}

int lx_file_watch_wait(struct lx_file_watch *watch, int timeout_ms, const char **changed)
{
    for (;;) {
        int events, seen = wait_once(watch, timeout_ms);
        uint64_t began = lx_monotonic_ms();

        if (seen != LX_FILE_WATCHED_CHANGE)
            return seen;
        while (seen == LX_FILE_WATCHED_CHANGE && lx_monotonic_ms() - began < PATIENCE_MS)
            seen = wait_once(watch, QUIET_MS);
        if (seen < 0 || seen == LX_FILE_WATCHED_END)
            return seen;
        events = watch_all(&watch->files);
        if (events < 0)
            return events;
        close(watch->events);
        watch->events = events;
        if (find_changed(watch, changed))
            return LX_FILE_WATCHED_CHANGE;
    }
}

void lx_file_watch_close(struct lx_file_watch *watch)
{
    if (watch->events >= 0)
        close(watch->events);
    if (watch->signals >= 0)
        close(watch->signals);
    lx_words_free(&watch->files);
    free(watch->stamps);
}
