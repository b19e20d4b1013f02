/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads ADDRESS:PORT, numbers only, so that nothing is looked up, and listens there. */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/cli/print/output.h"
#include "user/kernel/process/failure.h"

/* Splits at the last colon and takes the brackets off. False when it is not ADDRESS:PORT. */
static bool split(const char *where, char *address, size_t room, const char **port)
{
    const char *colon = strrchr(where, ':');
    size_t length = colon ? (size_t)(colon - where) : 0;

    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    if (length > 2 && where[0] == '[' && where[length - 1] == ']') {
        where++;
        length -= 2;
    } else if (memchr(where, ':', length)) {
        return false;
    }
    if (length >= room)
        return false;
    memcpy(address, where, length);
    address[length] = '\0';
    *port = colon + 1;
    return true;
}

static bool is_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;

    if (address->sa_family == AF_INET)
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static int open_at(const struct addrinfo *at)
{
    int on = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (!bind(fd, at->ai_addr, at->ai_addrlen) && !listen(fd, SOMAXCONN))
        return fd;
    on = -errno;
    close(fd);
    return on;
}

/* Asks the socket itself: the port may have been the kernel's choice. */
static void name(struct lx_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    char host[64] = "?", port[8] = "?";

    getsockname(listener->socket, (struct sockaddr *)&address, &length);
    getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(listener->name, sizeof(listener->name), strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    listener->loopback = is_loopback((struct sockaddr *)&address);
}

int lx_listener_open(const char *where, struct lx_listener *listener)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *port = NULL;
    char address[64];

    if (!split(where, address, sizeof(address), &port) ||
        getaddrinfo(*address ? address : "::", port, &hints, &found) != 0)
        return lx_usage_error("--listen '%s': write ADDRESS:PORT, such as 127.0.0.1:9750 or [::1]:9750", where);
    listener->socket = open_at(found);
    freeaddrinfo(found);
    if (listener->socket < 0) {
        lx_print_error("cannot listen at %s: %s", where, strerror(-listener->socket));
        return LX_EXIT_FAILED;
    }
    name(listener);
    return LX_EXIT_DONE;
}
