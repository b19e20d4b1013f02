/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmicrohttpd, driven from one loop. It limits how long a connection may be silent; that a request is dripped or an
 * answer sipped, a byte at a time, is limited here.
 */
#include "http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "user/core/report/host_header.h"
#include "user/kernel/process/clock.h"

/* At the most so many connections; the rest wait until the kernel's queue is full too. */
#define CONNECTIONS 4000
#define QUEUE 1024
/* File descriptors that are not connections: what looking at an attachment opens, and the server's own. */
#define DESCRIPTORS_ELSE 64
/* For a connection's request and the headers of its answer. */
#define MEMORY (size_t)16384
#define SILENT_SECONDS 10u
#define REQUEST_SECONDS 30

/* One connection, in the ring of all. */
struct connection {
    struct connection *previous, *next;
    int socket;
    time_t deadline; /* seconds of CLOCK_MONOTONIC */
};

struct lx_http_server {
    struct MHD_Daemon *daemon;
    struct lx_http_settings settings;
    struct connection ring;       /* empty: points to itself */
    time_t swept;                 /* when deadlines were last looked at */
    struct lx_document *refusals; /* for every answer without a document: its status says it all */
    struct lx_document *stranger; /* for who asks by a name that is not this server's */
};

static time_t now(void)
{
    return (time_t)(lx_elapsed_ns() / 1000000000);
}

/* --- Documents --------------------------------------------------------------------------------------------------- */

static const char *const headers[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
};

static struct lx_document *finish(struct MHD_Response *response, const char *type)
{
    enum MHD_Result done = MHD_YES;

    if (!response)
        return NULL;
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers) && done == MHD_YES; i++)
        done = MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (done == MHD_YES)
        done = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (done == MHD_YES)
        return (struct lx_document *)response;
    MHD_destroy_response(response);
    return NULL;
}

struct lx_document *lx_document_new(const char *type, char *body, size_t size)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);

    if (!response)
        free(body);
    return finish(response, type);
}

struct lx_document *lx_document_of(const char *type, const char *body, size_t size)
{
    return finish(MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_PERSISTENT), type);
}

void lx_document_drop(struct lx_document *document)
{
    if (document)
        MHD_destroy_response((struct MHD_Response *)document);
}

/* --- Requests ---------------------------------------------------------------------------------------------------- */

/* The status for who may not ask, or MHD_HTTP_OK. */
static unsigned may_ask(struct MHD_Connection *connection, struct lx_passwords *passwords)
{
    static const unsigned statuses[] = {
        [LX_PROOF_RIGHT] = MHD_HTTP_OK,
        [LX_PROOF_WRONG] = MHD_HTTP_UNAUTHORIZED,
        [LX_PROOF_LATER] = MHD_HTTP_TOO_MANY_REQUESTS,
    };
    enum lx_proof proof = LX_PROOF_WRONG;
    char *name, *password = NULL;

    if (!passwords)
        return MHD_HTTP_OK;
    name = MHD_basic_auth_get_username_password(connection, &password);
    if (name && password)
        proof = lx_passwords_prove(passwords, name, password);
    MHD_free(name);
    MHD_free(password);
    return statuses[proof];
}

/* The address that the client has asked, in `own`. */
static bool asked_at(struct MHD_Connection *connection, struct lx_address *own)
{
    struct sockaddr_storage address = {0};
    const struct sockaddr_in6 *six = (const void *)&address;
    const struct sockaddr_in *four = (const void *)&address;
    socklen_t length = sizeof(address);

    if (getsockname(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
                    (struct sockaddr *)&address, &length))
        return false;
    *own = (struct lx_address){.bytes = {[10] = 0xff, [11] = 0xff}};
    if (address.ss_family == AF_INET)
        memcpy(own->bytes + 12, &four->sin_addr, 4);
    else if (address.ss_family == AF_INET6)
        memcpy(own->bytes, &six->sin6_addr, sizeof(own->bytes));
    else
        return false;
    return true;
}

/* Browsers always say by which name they ask; what says nothing is none. */
static bool knows_us(struct MHD_Connection *connection, const struct lx_words *hosts)
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    struct lx_address own;

    return !host || lx_host_header_known(host, hosts, asked_at(connection, &own) ? &own : NULL);
}

static enum MHD_Result refuse(struct lx_http_server *server, struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response = (struct MHD_Response *)server->refusals;

    if (status == MHD_HTTP_UNAUTHORIZED)
        return MHD_queue_basic_auth_fail_response(connection, "lyncxdp", response);
    return MHD_queue_response(connection, status, response);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request)
{
    struct lx_http_server *server = context;
    struct lx_document *document;
    unsigned status;

    (void)version;
    (void)upload;
    (void)upload_size;
    if (!knows_us(connection, server->settings.hosts))
        return MHD_queue_response(connection, 421, (struct MHD_Response *)server->stranger); /* misdirected */
    status = may_ask(connection, server->settings.passwords);
    if (status != MHD_HTTP_OK)
        return refuse(server, connection, status);
    if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
        return refuse(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    /* The first call is for the headers alone: who answers then, closes the connection. */
    if (!*request) {
        *request = server;
        return MHD_YES;
    }
    document = server->settings.find(server->settings.context, path, &status);
    if (!document)
        return refuse(server, connection, status == MHD_HTTP_OK ? MHD_HTTP_NOT_FOUND : status);
    return MHD_queue_response(connection, status, (struct MHD_Response *)document);
}

/* --- Connections ------------------------------------------------------------------------------------------------- */

static void notice_connection(void *context, struct MHD_Connection *connection, void **mine,
                              enum MHD_ConnectionNotificationCode what)
{
    struct lx_http_server *server = context;
    struct connection *one = *mine;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED && one) {
        one->previous->next = one->next;
        one->next->previous = one->previous;
        free(one);
        *mine = NULL;
        return;
    }
    one = what == MHD_CONNECTION_NOTIFY_STARTED ? calloc(1, sizeof(*one)) : NULL;
    if (!one)
        return; /* without memory for it, only silence ends it */
    one->socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    one->deadline = now() + REQUEST_SECONDS;
    one->next = &server->ring;
    one->previous = server->ring.previous;
    one->previous->next = one;
    server->ring.previous = one;
    *mine = one;
}

/* The next request has as much time as the first. */
static void notice_completion(void *context, struct MHD_Connection *connection, void **request,
                              enum MHD_RequestTerminationCode how)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *one = info ? info->socket_context : NULL;

    (void)context;
    (void)request;
    if (one && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        one->deadline = now() + REQUEST_SECONDS;
}

/* Once a second. A connection that is shut down is closed by whoever reads from it next: the daemon. */
static void sweep(struct lx_http_server *server)
{
    time_t time = now();

    if (time == server->swept)
        return;
    server->swept = time;
    for (struct connection *one = server->ring.next; one != &server->ring; one = one->next)
        if (time > one->deadline)
            shutdown(one->socket, SHUT_RDWR);
}

/* --- The server -------------------------------------------------------------------------------------------------- */

unsigned lx_http_connections(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return DESCRIPTORS_ELSE;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) && getrlimit(RLIMIT_NOFILE, &limit))
        return DESCRIPTORS_ELSE;
    if (limit.rlim_cur <= 2 * DESCRIPTORS_ELSE)
        return DESCRIPTORS_ELSE;
    return limit.rlim_cur - DESCRIPTORS_ELSE < CONNECTIONS ? (unsigned)limit.rlim_cur - DESCRIPTORS_ELSE : CONNECTIONS;
}

static struct MHD_Daemon *start(struct lx_http_server *server)
{
    const struct lx_http_settings *settings = &server->settings;
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)settings->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)settings->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | (settings->certificate ? MHD_USE_TLS : 0u);

    return MHD_start_daemon(flags, 0, NULL, NULL, answer, server, MHD_OPTION_LISTEN_SOCKET, settings->listener,
                            MHD_OPTION_LISTEN_BACKLOG_SIZE, QUEUE, MHD_OPTION_CONNECTION_LIMIT, settings->connections,
                            MHD_OPTION_CONNECTION_TIMEOUT, SILENT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY,
                            MHD_OPTION_NOTIFY_CONNECTION, notice_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
                            notice_completion, server, MHD_OPTION_ARRAY, settings->certificate ? tls : none,
                            MHD_OPTION_END);
}

static struct lx_document *document_of_text(const char *text)
{
    return lx_document_of("text/plain; charset=utf-8", text, strlen(text));
}

static void drop_own(struct lx_http_server *server)
{
    lx_document_drop(server->refusals);
    lx_document_drop(server->stranger);
}

struct lx_http_server *lx_http_start(const struct lx_http_settings *settings)
{
    struct lx_http_server *server = calloc(1, sizeof(*server));

    if (server) {
        server->settings = *settings;
        server->ring.next = server->ring.previous = &server->ring;
        server->refusals = document_of_text("no\n");
        server->stranger = document_of_text("not by this name: name the exporter's address, or see --host\n");
    }
    if (server && server->refusals && server->stranger)
        server->daemon = start(server);
    if (server && server->daemon)
        return server;
    if (server)
        drop_own(server);
    close(settings->listener);
    free(server);
    errno = EINVAL;
    return NULL;
}

bool lx_http_run(struct lx_http_server *server, int milliseconds)
{
    sweep(server);
    return MHD_run_wait(server->daemon, milliseconds) == MHD_YES;
}

void lx_http_stop(struct lx_http_server *server)
{
    MHD_stop_daemon(server->daemon);
    drop_own(server);
    free(server);
}
