/* SPDX-License-Identifier: GPL-2.0-only */
/* A dump over rtnetlink, from the request to the last message of the answer. */
#include "netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int lx_netlink_dump(uint16_t type, const void *header, size_t size, mnl_cb_t each, void *data)
{
    char buffer[32768]; /* what the kernel fills at most for one read of a dump */
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    unsigned sequence = time(NULL);
    ssize_t length;
    int result = MNL_CB_OK;

    if (!socket)
        return -errno;
    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = sequence;
    memcpy(mnl_nlmsg_put_extra_header(request, size), header, size);
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
        result = MNL_CB_ERROR;
    while (result == MNL_CB_OK) {
        length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
        result =
            length < 0 ? MNL_CB_ERROR : mnl_cb_run(buffer, length, sequence, mnl_socket_get_portid(socket), each, data);
    }
    result = result == MNL_CB_ERROR ? -errno : 0;
    mnl_socket_close(socket);
    return result;
}
