/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks rtnetlink for a bridge's forwarding table, then for the neighbour tables, whose entries it puts beside it. */
#include "neighbours.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "links.h"
#include "user/kernel/process/netlink.h"

#define ETHERNET_ADDRESS 6

/* One entry of either kind of table. */
struct entry {
    unsigned ifindex, master;
    uint8_t family, card[ETHERNET_ADDRESS];
    uint16_t state;
    const struct nlattr *address; /* NULL: none */
};

struct search {
    const struct lx_interface *interface;
    const struct lx_links *links;
    struct lx_seen_hosts *hosts;
};

static bool read_entry(const struct nlmsghdr *message, struct entry *entry)
{
    const struct ndmsg *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute, *card = NULL;

    *entry = (struct entry){
        .ifindex = (unsigned)header->ndm_ifindex, .family = header->ndm_family, .state = header->ndm_state};
    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == NDA_LLADDR && mnl_attr_get_payload_len(attribute) == ETHERNET_ADDRESS)
            card = attribute;
        if (mnl_attr_get_type(attribute) == NDA_DST)
            entry->address = attribute;
        if (mnl_attr_get_type(attribute) == NDA_MASTER)
            entry->master = mnl_attr_get_u32(attribute);
    }
    if (card)
        memcpy(entry->card, mnl_attr_get_payload(card), ETHERNET_ADDRESS);
    return card && !(entry->card[0] & 1);
}

static int add(struct lx_seen_hosts *hosts, const struct lx_seen_host *host)
{
    struct lx_seen_host *grown = reallocarray(hosts->items, hosts->count + 1, sizeof(*grown));

    if (!grown) {
        errno = ENOMEM;
        return MNL_CB_ERROR;
    }
    hosts->items = grown;
    grown[hosts->count++] = *host;
    return MNL_CB_OK;
}

static struct lx_seen_host *find(const struct lx_seen_hosts *hosts, const uint8_t card[ETHERNET_ADDRESS])
{
    for (size_t i = 0; i < hosts->count; i++)
        if (!memcmp(hosts->items[i].card, card, ETHERNET_ADDRESS))
            return &hosts->items[i];
    return NULL;
}

/* What the bridge has learned on the port; its own addresses are permanent. */
static int see_port(const struct nlmsghdr *message, void *data)
{
    struct search *search = data;
    struct lx_seen_host host = {.has_address = false};
    struct entry entry;

    if (!read_entry(message, &entry) || entry.ifindex != search->interface->index || entry.state & NUD_PERMANENT ||
        entry.master != search->interface->master || find(search->hosts, entry.card))
        return MNL_CB_OK;
    memcpy(host.card, entry.card, sizeof(host.card));
    return add(search->hosts, &host);
}

static bool read_address(const struct entry *entry, struct lx_address *address)
{
    bool ipv4 = entry->family == AF_INET;
    size_t size = ipv4 ? 4 : 16;

    if (!entry->address || mnl_attr_get_payload_len(entry->address) < size || (!ipv4 && entry->family != AF_INET6))
        return false;
    *address = (struct lx_address){.bytes = {[10] = ipv4 ? 0xff : 0, [11] = ipv4 ? 0xff : 0}};
    memcpy(address->bytes + 16 - size, mnl_attr_get_payload(entry->address), size);
    return ipv4 || address->bytes[0] != 0xfe || (address->bytes[1] & 0xc0) != 0x80; /* every card has a link-local */
}

/* Whom this machine has spoken with, if it is behind the interface. */
static int see_neighbour(const struct nlmsghdr *message, void *data)
{
    struct search *search = data;
    struct lx_seen_host host = {.has_address = true}, *known;
    struct entry entry;

    if (!read_entry(message, &entry) || !read_address(&entry, &host.address) ||
        !lx_link_stands_on(search->links, entry.ifindex, search->interface->index, NULL))
        return MNL_CB_OK;
    memcpy(host.card, entry.card, sizeof(host.card));
    known = find(search->hosts, host.card);
    if (known && !known->has_address) {
        *known = host;
        return MNL_CB_OK;
    }
    return known || !search->interface->master ? add(search->hosts, &host) : MNL_CB_OK;
}

int lx_neighbours_behind(const struct lx_interface *interface, struct lx_seen_hosts *hosts)
{
    struct lx_seen_hosts found = {0};
    struct lx_links links;
    struct search search = {.interface = interface, .links = &links, .hosts = &found};
    int error = lx_links_read(&links);

    if (error)
        return error;
    if (interface->master)
        error = lx_netlink_dump(RTM_GETNEIGH, &(struct ndmsg){.ndm_family = AF_BRIDGE}, sizeof(struct ndmsg), see_port,
                                &search);
    error = error ?: lx_netlink_dump(RTM_GETNEIGH, &(struct ndmsg){0}, sizeof(struct ndmsg), see_neighbour, &search);
    lx_links_free(&links);
    if (error)
        lx_seen_hosts_free(&found);
    else
        *hosts = found;
    return error;
}

void lx_seen_hosts_free(struct lx_seen_hosts *hosts)
{
    free(hosts->items);
    *hosts = (struct lx_seen_hosts){0};
}
