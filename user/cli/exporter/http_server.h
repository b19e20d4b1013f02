/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small HTTP server for documents that are made now and then and asked for by many: one thread, so many connections
 * and no more, so much memory and so much time for each, and TLS and passwords where they are given.
 */
#ifndef LYNCXDP_CLI_HTTP_SERVER_H
#define LYNCXDP_CLI_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "passwords.h"
#include "user/core/text/words.h"

/* A document that answers can share, until the last of them is through. */
struct lx_document;

/*
 * Takes over `body`, which is freed with the document; NULL when out of memory, and then `body` is freed too. `type` is
 * a media type.
 */
struct lx_document *lx_document_new(const char *type, char *body, size_t size);

/* The same for a body that lives as long as the program. */
struct lx_document *lx_document_of(const char *type, const char *body, size_t size);

/* Says that this user needs the document no more. NULL is no document. */
void lx_document_drop(struct lx_document *document);

struct lx_http_settings {
    int listener;                   /* a socket that listens; taken over */
    const char *certificate, *key;  /* PEM, borrowed; NULL: plain HTTP */
    struct lx_passwords *passwords; /* borrowed; NULL: everybody may ask */
    const struct lx_words *hosts;   /* borrowed: the names by which it may be asked, beside its own addresses */
    unsigned connections;           /* at a time; the rest wait */
    /*
     * Returns the document at a path, which stays its own, and its status in `status` (200 unless set). NULL: there is
     * none.
     */
    struct lx_document *(*find)(void *context, const char *path, unsigned *status);
    void *context;
};

struct lx_http_server;

/*
 * Takes as many file descriptors as this process may have, and returns the number of connections that they are enough
 * for. To be asked before system calls are given up.
 */
unsigned lx_http_connections(void);

/* Returns NULL, with errno set, when it cannot be started; the listener is closed then as well. */
struct lx_http_server *lx_http_start(const struct lx_http_settings *settings);

/* Answers for at most so many milliseconds; returns before when something was done. False when the server is broken. */
bool lx_http_run(struct lx_http_server *server, int milliseconds);

void lx_http_stop(struct lx_http_server *server);

#endif
