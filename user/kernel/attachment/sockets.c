/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's own sockets, as `ss` sees them: by sock_diag, for both families and both transports. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "conversations.h"
#include "user/kernel/process/netlink.h"

#define STATE(name) (1u << (name))

/* By enum lx_transport. States are the kernel's own of TCP, which it uses for UDP too. */
static const uint8_t protocols[LX_TRANSPORT_COUNT] = {[LX_TCP] = IPPROTO_TCP, [LX_UDP] = IPPROTO_UDP};
static const uint32_t waiting[LX_TRANSPORT_COUNT] = {[LX_TCP] = STATE(BPF_TCP_LISTEN), [LX_UDP] = STATE(BPF_TCP_CLOSE)};
static const uint32_t speaking[LX_TRANSPORT_COUNT] = {
    [LX_TCP] = STATE(BPF_TCP_SYN_SENT) | STATE(BPF_TCP_ESTABLISHED) | STATE(BPF_TCP_CLOSE_WAIT) |
               STATE(BPF_TCP_FIN_WAIT1) | STATE(BPF_TCP_FIN_WAIT2),
    [LX_UDP] = STATE(BPF_TCP_ESTABLISHED),
};

struct seeing {
    __u8 transport;
    lx_port_seen port;
    lx_conversation_seen conversation;
    void *data;
};

static __u8 state_of(__u8 transport, __u8 state)
{
    if (transport == LX_UDP)
        return LX_FLOW_DATAGRAMS;
    if (state == BPF_TCP_SYN_SENT)
        return LX_FLOW_HALF_OPEN;
    return state == BPF_TCP_ESTABLISHED || state == BPF_TCP_CLOSE_WAIT ? LX_FLOW_ESTABLISHED : LX_FLOW_CLOSING;
}

/* A socket for both families speaks IPv4 under IPv6 addresses that hold it. */
static bool is_ipv4(const struct inet_diag_msg *socket)
{
    return socket->idiag_family == AF_INET ||
           (!socket->id.idiag_src[0] && !socket->id.idiag_src[1] && socket->id.idiag_src[2] == LX_MAPPED_PREFIX);
}

static void read_address(__u32 address[4], const __be32 words[4], __u8 family)
{
    if (family == AF_INET)
        memcpy(address, (const __u32[4]){0, 0, LX_MAPPED_PREFIX, words[0]}, 4 * sizeof(*address));
    else
        memcpy(address, words, 4 * sizeof(*address));
}

static int see(const struct nlmsghdr *message, void *data)
{
    const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
    const struct seeing *seeing = data;
    struct lx_conversation conversation = {
        .ends = {.role_port = LX_BE16(socket->id.idiag_sport),
                 .remote_port = LX_BE16(socket->id.idiag_dport),
                 .transport = seeing->transport,
                 .ipv4 = is_ipv4(socket)},
        .state = state_of(seeing->transport, socket->idiag_state),
    };

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket))
        return MNL_CB_OK;
    if (seeing->port) {
        seeing->port(seeing->transport, conversation.ends.role_port, seeing->data);
        return MNL_CB_OK;
    }
    read_address(conversation.ends.role, socket->id.idiag_src, socket->idiag_family);
    read_address(conversation.ends.remote, socket->id.idiag_dst, socket->idiag_family);
    seeing->conversation(&conversation, seeing->data);
    return MNL_CB_OK;
}

static int look(const uint32_t states[LX_TRANSPORT_COUNT], struct seeing *seeing)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    int error = 0;

    for (size_t i = 0; i < LX_TRANSPORT_COUNT * sizeof(families) && !error; i++) {
        const size_t transport = i / sizeof(families);
        const struct inet_diag_req_v2 request = {.sdiag_family = families[i % sizeof(families)],
                                                 .sdiag_protocol = protocols[transport],
                                                 .idiag_states = states[transport]};

        seeing->transport = (__u8)transport;
        error = lx_netlink_dump_from(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), see, seeing);
        error = error == -ENOENT ? 0 : error; /* a kernel without this transport's */
    }
    return error;
}

int lx_listeners_see(lx_port_seen see_port, void *data)
{
    return look(waiting, &(struct seeing){.port = see_port, .data = data});
}

int lx_sockets_see(lx_conversation_seen see_conversation, void *data)
{
    return look(speaking, &(struct seeing){.conversation = see_conversation, .data = data});
}
