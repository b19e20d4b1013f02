/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the password file, and keeps the time that checking takes within bounds. */
#include "passwords.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "user/cli/print/output.h"
#include "user/kernel/process/failure.h"

/* One check takes no longer: nobody else is answered meanwhile. */
#define CHECK_SECONDS 1

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A hash is tried once, so that one that is cut off or takes too long is reported now. */
static int try_hash(const char *path, unsigned number, const char *hash)
{
    uint64_t begun = nanoseconds(CLOCK_THREAD_CPUTIME_ID);

    if (!lx_password_hash_whole(hash)) {
        lx_print_error("%s, line %u: the hash is not whole; copy all of it", path, number);
        return LX_EXIT_FAILED;
    }
    if (nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begun > CHECK_SECONDS * (uint64_t)1000000000u) {
        lx_print_error("%s, line %u: the hash takes more than %d second to check; make it with a lower cost", path,
                       number, CHECK_SECONDS);
        return LX_EXIT_FAILED;
    }
    return LX_EXIT_DONE;
}

/* Takes a line into the list. An empty one and a comment are none. */
static int take_line(const char *path, unsigned number, char *line, struct lx_credentials *credentials)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line || *line == '#')
        return LX_EXIT_DONE;
    switch (lx_credentials_add(credentials, line)) {
    case 0:
        return try_hash(path, number, credentials->items[credentials->count - 1].hash);
    case -EINVAL:
        lx_print_error("%s, line %u: write NAME:HASH", path, number);
        return LX_EXIT_FAILED;
    case -ENOTSUP:
        lx_print_error("%s, line %u: after the name stands a password's hash, by yescrypt, bcrypt or SHA-512; make one "
                       "with mkpasswd -m yescrypt, htpasswd -nB NAME or openssl passwd -6",
                       path, number);
        return LX_EXIT_FAILED;
    default:
        return lx_memory_error();
    }
}

static int take_lines(FILE *file, const char *path, struct lx_credentials *credentials)
{
    size_t room = 0;
    unsigned number = 0;
    char *line = NULL;
    int result = LX_EXIT_DONE;

    while (result == LX_EXIT_DONE && getline(&line, &room, file) >= 0)
        result = take_line(path, ++number, line, credentials);
    free(line);
    if (result == LX_EXIT_DONE && !credentials->count) {
        lx_print_error("%s has no line NAME:HASH; write at least one", path);
        result = LX_EXIT_FAILED;
    }
    return result;
}

int lx_passwords_read(const char *path, struct lx_passwords *passwords)
{
    struct lx_passwords read = {0};
    FILE *file = fopen(path, "re");
    struct stat status;
    int result;

    if (!file || fstat(fileno(file), &status)) {
        lx_print_error("the passwords in %s cannot be read: %s", path, strerror(errno));
        result = LX_EXIT_FAILED;
    } else if (status.st_mode & (S_IRWXG | S_IRWXO)) {
        lx_print_error("others than its owner may read or write %s; change that with: chmod 600 %s", path, path);
        result = LX_EXIT_FAILED;
    } else {
        result = take_lines(file, path, &read.credentials);
    }
    if (file)
        fclose(file);
    if (result == LX_EXIT_DONE)
        *passwords = read;
    else
        lx_passwords_free(&read);
    return result;
}

enum lx_proof lx_passwords_prove(struct lx_passwords *passwords, const char *name, const char *password)
{
    uint64_t begun = nanoseconds(CLOCK_MONOTONIC);
    bool right;

    if (lx_credentials_recall(&passwords->credentials, name, password))
        return LX_PROOF_RIGHT;
    if (!lx_time_budget_allows(&passwords->budget, begun))
        return LX_PROOF_LATER;
    right = lx_credentials_check(&passwords->credentials, name, password);
    lx_time_budget_spend(&passwords->budget, nanoseconds(CLOCK_MONOTONIC) - begun);
    return right ? LX_PROOF_RIGHT : LX_PROOF_WRONG;
}

void lx_passwords_free(struct lx_passwords *passwords)
{
    lx_credentials_free(&passwords->credentials);
}
