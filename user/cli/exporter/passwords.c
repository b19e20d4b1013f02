/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the password file and compares in a time that tells nothing. */
#include "passwords.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/cli/print/output.h"
#include "user/kernel/process/failure.h"

/* Takes a line into the list. An empty one and a comment are none. */
static int take_line(const char *path, unsigned number, char *line, struct lx_passwords *passwords)
{
    size_t length;
    char *grown;

    line[strcspn(line, "\r\n")] = '\0';
    if (!*line || *line == '#')
        return LX_EXIT_DONE;
    if (*line == ':' || !strchr(line, ':') || !strchr(line, ':')[1]) {
        lx_print_error("%s, line %u: write NAME:PASSWORD", path, number);
        return LX_EXIT_FAILED;
    }
    length = strlen(line) + 1;
    grown = realloc(passwords->text, passwords->size + length);
    if (!grown)
        return lx_memory_error();
    memcpy(grown + passwords->size, line, length);
    passwords->text = grown;
    passwords->size += length;
    return LX_EXIT_DONE;
}

static int take_lines(FILE *file, const char *path, struct lx_passwords *passwords)
{
    size_t room = 0;
    unsigned number = 0;
    char *line = NULL;
    int result = LX_EXIT_DONE;

    while (result == LX_EXIT_DONE && getline(&line, &room, file) >= 0)
        result = take_line(path, ++number, line, passwords);
    free(line);
    if (result == LX_EXIT_DONE && !passwords->size) {
        lx_print_error("%s has no line NAME:PASSWORD; write at least one", path);
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
        result = take_lines(file, path, &read);
    }
    if (file)
        fclose(file);
    if (result == LX_EXIT_DONE)
        *passwords = read;
    else
        lx_passwords_free(&read);
    return result;
}

/* Looks at every byte of `line`, whatever the others are. */
static bool equal(const char *line, const char *name, const char *password)
{
    size_t names = strlen(name), size = names + 1 + strlen(password), length = strlen(line);
    unsigned char difference = size != length;

    for (size_t i = 0; i < length; i++) {
        char given = i < names ? name[i] : ':';

        if (i > names)
            given = i < size ? password[i - names - 1] : '\0';
        difference |= (unsigned char)(given ^ line[i]);
    }
    return !difference;
}

bool lx_passwords_match(const struct lx_passwords *passwords, const char *name, const char *password)
{
    bool match = false;

    for (size_t at = 0; at < passwords->size; at += strlen(passwords->text + at) + 1)
        match |= equal(passwords->text + at, name, password);
    return match;
}

void lx_passwords_free(struct lx_passwords *passwords)
{
    if (passwords->text)
        explicit_bzero(passwords->text, passwords->size);
    free(passwords->text);
    *passwords = (struct lx_passwords){0};
}
