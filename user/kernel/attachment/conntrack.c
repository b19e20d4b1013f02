/* SPDX-License-Identifier: GPL-2.0-only */
/* What connection tracking knows of conversations that cross this host, where something uses it. */
#include <errno.h>
#include <linux/in.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "conversations.h"
#include "user/kernel/process/netlink.h"

struct seeing {
    lx_conversation_seen see;
    void *data;
};

/* An attribute's bytes, if there are as many. */
static bool read_bytes(const struct nlattr *attribute, void *bytes, size_t size)
{
    if (mnl_attr_get_payload_len(attribute) < size)
        return false;
    memcpy(bytes, mnl_attr_get_payload(attribute), size);
    return true;
}

static bool read_port(const struct nlattr *attribute, __u16 *port)
{
    if (!read_bytes(attribute, port, sizeof(*port)))
        return false;
    *port = LX_BE16(*port);
    return true;
}

static void read_addresses(const struct nlattr *nest, struct lx_flow_ends *ends)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, nest)
    {
        switch (mnl_attr_get_type(attribute)) {
        case CTA_IP_V4_SRC:
            ends->ipv4 = read_bytes(attribute, &ends->role[3], 4);
            ends->role[2] = LX_MAPPED_PREFIX;
            break;
        case CTA_IP_V4_DST:
            read_bytes(attribute, &ends->remote[3], 4);
            ends->remote[2] = LX_MAPPED_PREFIX;
            break;
        case CTA_IP_V6_SRC:
            read_bytes(attribute, ends->role, 16);
            break;
        case CTA_IP_V6_DST:
            read_bytes(attribute, ends->remote, 16);
            break;
        }
    }
}

/* Returns the protocol, or 0. */
static __u8 read_protocol(const struct nlattr *nest, struct lx_flow_ends *ends)
{
    const struct nlattr *attribute;
    __u8 protocol = 0;

    mnl_attr_for_each_nested(attribute, nest)
    {
        switch (mnl_attr_get_type(attribute)) {
        case CTA_PROTO_NUM:
            read_bytes(attribute, &protocol, sizeof(protocol));
            break;
        case CTA_PROTO_SRC_PORT:
            read_port(attribute, &ends->role_port);
            break;
        case CTA_PROTO_DST_PORT:
            read_port(attribute, &ends->remote_port);
            break;
        }
    }
    return protocol;
}

static __u8 read_tuple(const struct nlattr *nest, struct lx_flow_ends *ends)
{
    const struct nlattr *attribute;
    __u8 protocol = 0;

    mnl_attr_for_each_nested(attribute, nest)
    {
        if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP)
            read_addresses(attribute, ends);
        else if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO)
            protocol = read_protocol(attribute, ends);
    }
    return protocol;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, nest)
    {
        if (mnl_attr_get_type(attribute) == type)
            return attribute;
    }
    return NULL;
}

/* TCP's state, which lies two nests deep. */
static __u8 read_state(const struct nlattr *nest)
{
    const struct nlattr *tcp = find(nest, CTA_PROTOINFO_TCP), *attribute;
    __u8 state = TCP_CONNTRACK_NONE;

    attribute = tcp ? find(tcp, CTA_PROTOINFO_TCP_STATE) : NULL;
    if (attribute)
        read_bytes(attribute, &state, sizeof(state));
    return state;
}

/* LX_FLOW_STATE_COUNT for one that is over. */
static __u8 flow_state(__u8 state)
{
    switch (state) {
    case TCP_CONNTRACK_SYN_SENT:
    case TCP_CONNTRACK_SYN_RECV:
        return LX_FLOW_HALF_OPEN;
    case TCP_CONNTRACK_ESTABLISHED:
    case TCP_CONNTRACK_CLOSE_WAIT:
        return LX_FLOW_ESTABLISHED;
    case TCP_CONNTRACK_FIN_WAIT:
        return LX_FLOW_CLOSING;
    default:
        return LX_FLOW_STATE_COUNT;
    }
}

static int see(const struct nlmsghdr *message, void *data)
{
    struct lx_conversation conversation = {.state = LX_FLOW_DATAGRAMS};
    __u8 protocol = 0, state = TCP_CONNTRACK_NONE;
    const struct seeing *seeing = data;
    const struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
    {
        if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG)
            protocol = read_tuple(attribute, &conversation.ends);
        else if (mnl_attr_get_type(attribute) == CTA_PROTOINFO)
            state = read_state(attribute);
    }
    if (protocol == IPPROTO_TCP)
        conversation.state = flow_state(state);
    conversation.ends.transport = protocol == IPPROTO_TCP ? LX_TCP : LX_UDP;
    if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && conversation.state != LX_FLOW_STATE_COUNT)
        seeing->see(&conversation, seeing->data);
    return MNL_CB_OK;
}

/* To ask where nothing is tracked would load what tracks. */
static bool in_use(void)
{
    FILE *stream = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "re");
    unsigned count = 0;
    bool used = stream && fscanf(stream, "%u", &count) == 1 && count;

    if (stream)
        fclose(stream);
    return used;
}

int lx_tracked_see(lx_conversation_seen see_conversation, void *data)
{
    const struct nfgenmsg header = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
    struct seeing seeing = {see_conversation, data};

    return in_use() ? lx_netlink_dump_from(NETLINK_NETFILTER, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, &header,
                                           sizeof(header), see, &seeing)
                    : 0;
}
