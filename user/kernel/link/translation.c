/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks for NAT rules where the kernel keeps them, so that it matters neither which command made them nor whether it is
 * installed: nftables' chains of type nat by netlink, and the nat tables of the older iptables by its socket option.
 */
#include "translation.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/kernel/process/netlink.h"

/* A nat chain that holds rules. Its use count is that of its rules, for nobody jumps to a chain of a hook. */
static int see_chain(const struct nlmsghdr *message, void *data)
{
    const struct nlattr *attribute;
    const char *type = "";
    unsigned rules = 0;

    mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
    {
        if (mnl_attr_get_type(attribute) == NFTA_CHAIN_TYPE)
            type = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == NFTA_CHAIN_USE)
            rules = ntohl(mnl_attr_get_u32(attribute));
    }
    if (rules && !strcmp(type, "nat"))
        *(bool *)data = true;
    return MNL_CB_OK;
}

static bool in_nftables(void)
{
    const struct nfgenmsg header = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
    bool found = false;

    lx_netlink_dump_from(NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, &header, sizeof(header),
                         see_chain, &found);
    return found;
}

/* Whether the kernel has that table of iptables already: to ask for one that it has not would load it. */
static bool has_nat_table(const char *names)
{
    FILE *stream = fopen(names, "re");
    char line[64];
    bool found = false;

    while (stream && !found && fgets(line, sizeof(line), stream))
        found = !strcmp(line, "nat\n");
    if (stream)
        fclose(stream);
    return found;
}

/* Four policies and the entry that ends every table. The structure is the same for IPv6, as is the option's number. */
#define ENTRIES_WITHOUT_RULES 5

static bool in_iptables(const char *names, int family, int level)
{
    struct ipt_getinfo info = {.name = "nat"};
    socklen_t length = sizeof(info);
    int fd, error;

    if (!has_nat_table(names))
        return false;
    fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0)
        return false;
    error = getsockopt(fd, level, IPT_SO_GET_INFO, &info, &length);
    close(fd);
    return !error && info.num_entries > ENTRIES_WITHOUT_RULES;
}

bool lx_translation_found(void)
{
    return in_nftables() || in_iptables("/proc/net/ip_tables_names", AF_INET, IPPROTO_IP) ||
           in_iptables("/proc/net/ip6_tables_names", AF_INET6, IPPROTO_IPV6);
}
