/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A question over netlink, from the request to the last message of the answer. An answer that changes while the kernel
 * writes it may leave out what was there all the time; such a one is thrown away and asked for again, so that nobody
 * downstream meets half an answer, or one and a half.
 */
#include "netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What the kernel fills at most for one read of a dump. */
#define PART 32768

/* Where interfaces come and go all the time, a dump is cut short now and then, but not so often in a row. */
#define ATTEMPTS 100
#define PAUSE_US 1000

struct answer {
    char *bytes; /* owned */
    size_t length;
};

/* Looks whether the answer is complete, and whether it changed meanwhile. */
static bool is_last(const char *part, size_t length, bool *interrupted)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)part;
    int left = (int)length;
    bool last = false;

    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        *interrupted = *interrupted || message->nlmsg_flags & NLM_F_DUMP_INTR;
        last = last || message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
    }
    return last;
}

/* Returns 0, -EINTR when the answer changed while it was written, or another -errno. */
static int receive(const struct mnl_socket *socket, struct answer *answer)
{
    bool interrupted = false, last = false;

    answer->length = 0;
    while (!last) {
        char *grown = realloc(answer->bytes, answer->length + PART);
        ssize_t length;

        if (!grown)
            return -ENOMEM;
        answer->bytes = grown;
        length = mnl_socket_recvfrom(socket, grown + answer->length, PART);
        if (length < 0)
            return -errno;
        last = is_last(grown + answer->length, (size_t)length, &interrupted);
        answer->length += (size_t)length;
    }
    return interrupted ? -EINTR : 0;
}

struct question {
    uint16_t type, flags;
    const void *header; /* borrowed */
    size_t size;        /* of the header */
};

static int ask(const struct mnl_socket *socket, const struct question *question, unsigned sequence)
{
    char buffer[256];
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = question->type;
    request->nlmsg_flags = NLM_F_REQUEST | question->flags;
    request->nlmsg_seq = sequence;
    memcpy(mnl_nlmsg_put_extra_header(request, question->size), question->header, question->size);
    return mnl_socket_sendto(socket, request, request->nlmsg_len) < 0 ? -errno : 0;
}

static int exchange(int bus, const struct question *question, mnl_cb_t each, void *data)
{
    struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
    unsigned sequence = (unsigned)time(NULL);
    struct answer answer = {0};
    int error = -EINTR;

    if (!socket)
        return -errno;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
        error = -errno;
    for (int attempt = 0; attempt < ATTEMPTS && error == -EINTR; attempt++) {
        if (attempt)
            usleep(PAUSE_US);
        error = ask(socket, question, ++sequence);
        error = error ?: receive(socket, &answer);
    }
    if (!error &&
        mnl_cb_run(answer.bytes, answer.length, sequence, mnl_socket_get_portid(socket), each, data) == MNL_CB_ERROR)
        error = -errno;
    free(answer.bytes);
    mnl_socket_close(socket);
    return error;
}

int lx_netlink_dump(uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data)
{
    return lx_netlink_dump_from(NETLINK_ROUTE, type, header, size, each, data);
}

int lx_netlink_dump_from(int bus, uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data)
{
    return exchange(bus, &(struct question){type, NLM_F_DUMP, header, size}, each, data);
}

int lx_netlink_ask(uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data)
{
    return exchange(NETLINK_ROUTE, &(struct question){type, NLM_F_ACK, header, size}, each, data);
}
