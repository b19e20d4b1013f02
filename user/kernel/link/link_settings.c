/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks and sets drivers by the ethtool ioctl, where features go by their names; the promiscuous flag by its own. A
 * veth takes no tag off by itself: its far end hands it over beside the frame, and is asked not to, wherever it is.
 */
#include "link_settings.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "links.h"
#include "user/kernel/process/namespace.h"

/* Bits of the metadata's `restore`; those of the inner interface stand above those of the outer one. */
#define PROMISCUOUS 1u
#define FIRST_FEATURE 2u
#define INNER_SHIFT 8

/* Features that must be off. The names are the kernel's; ethtool(8) has shorter ones for some. */
static const struct {
    const char *name;
    unsigned needs; /* who must have it off */
    bool far;       /* at the far end of a veth */
} features[] = {
    {"rx-vlan-hw-parse", LX_NEED_TAGS | LX_NEED_FORWARD, false},
    {"rx-vlan-stag-hw-parse", LX_NEED_TAGS | LX_NEED_FORWARD, false},
    {"rx-lro", LX_NEED_FORWARD, false},
    {"tx-vlan-hw-insert", LX_NEED_TAGS | LX_NEED_FORWARD, true},
    {"tx-vlan-stag-hw-insert", LX_NEED_TAGS | LX_NEED_FORWARD, true},
};

#define FEATURES (sizeof(features) / sizeof(*features))

/* More than any kernel has. */
#define FEATURE_WORDS 8

static int command(unsigned long number, unsigned ifindex, struct ifreq *request)
{
    int error = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (!if_indextoname(ifindex, request->ifr_name))
        error = -ENODEV;
    else if (ioctl(fd, number, request) < 0)
        error = -errno;
    close(fd);
    return error;
}

static int ethtool(unsigned ifindex, void *data)
{
    struct ifreq request = {.ifr_data = data};

    return command(SIOCETHTOOL, ifindex, &request);
}

static int read_flags(unsigned ifindex, short *flags)
{
    struct ifreq request = {0};
    int error = command(SIOCGIFFLAGS, ifindex, &request);

    if (!error)
        *flags = request.ifr_flags;
    return error;
}

static int set_promiscuous(unsigned ifindex, bool on)
{
    struct ifreq request = {0};
    short flags;
    int error = read_flags(ifindex, &flags);

    if (error)
        return error;
    request.ifr_flags = (short)(on ? flags | IFF_PROMISC : flags & ~IFF_PROMISC);
    return command(SIOCSIFFLAGS, ifindex, &request);
}

/* How many features this kernel has, and the place of one among them. Returns the place, or -errno: none of that name.
 */
static int place_of(unsigned ifindex, const char *feature, uint32_t *count)
{
    union {
        struct ethtool_sset_info header;
        uint8_t room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
    } set = {.header = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
    uint32_t there;
    int place = ethtool(ifindex, &set), found = -ENOENT;
    struct ethtool_gstrings *names;

    if (place)
        return place;
    there = set.header.data[0];
    names = calloc(1, sizeof(*names) + (size_t)there * ETH_GSTRING_LEN);
    if (!names)
        return -ENOMEM;
    *names = (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = there};
    place = ethtool(ifindex, names);
    for (uint32_t i = 0; !place && i < there && found < 0; i++)
        if (!strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN, feature, ETH_GSTRING_LEN))
            found = (int)i;
    free(names);
    *count = there;
    return place ?: found;
}

/* Whether a feature is on: 1, 0 (or there is none of that name), or -errno. */
static int feature_on(unsigned ifindex, const char *feature)
{
    union {
        struct ethtool_gfeatures header;
        uint8_t room[sizeof(struct ethtool_gfeatures) + FEATURE_WORDS * sizeof(struct ethtool_get_features_block)];
    } get = {.header = {.cmd = ETHTOOL_GFEATURES, .size = FEATURE_WORDS}};
    uint32_t count = 0;
    int error, place = place_of(ifindex, feature, &count);

    if (place < 0 || place >= FEATURE_WORDS * 32)
        return place == -ENOENT || place == -EOPNOTSUPP ? 0 : place;
    error = ethtool(ifindex, &get);
    return error ?: (int)(get.header.features[place / 32].active >> place % 32 & 1);
}

static int set_feature(unsigned ifindex, const char *feature, bool on)
{
    union {
        struct ethtool_sfeatures header;
        uint8_t room[sizeof(struct ethtool_sfeatures) + FEATURE_WORDS * sizeof(struct ethtool_set_features_block)];
    } set = {.header = {.cmd = ETHTOOL_SFEATURES}};
    uint32_t count = 0;
    int error, place = place_of(ifindex, feature, &count);

    if (place < 0 || count > FEATURE_WORDS * 32)
        return place < 0 ? place : -E2BIG;
    set.header.size = (count + 31) / 32;
    set.header.features[place / 32].valid = 1u << place % 32;
    set.header.features[place / 32].requested = (uint32_t)on << place % 32;
    error = ethtool(ifindex, &set);
    if (!error && feature_on(ifindex, feature) != on)
        error = -EOPNOTSUPP; /* fixed, or held by what stands on the interface */
    return error;
}

/* Where a feature is: here, or at the far end of a veth. */
struct end {
    unsigned ifindex;
    int came_from; /* the namespace to return to, or -1 */
};

/* Goes to the far end of a veth: 0, -ENOENT when the interface is none, or why it cannot be reached. */
static int go_to_far_end(unsigned ifindex, struct end *end)
{
    struct lx_links links;
    const struct lx_link *link;
    int error = lx_links_read(&links);

    if (error)
        return error;
    *end = (struct end){.came_from = -1};
    link = lx_link_find(&links, ifindex);
    if (!link || link->far == LX_FAR_NONE) {
        error = -ENOENT;
    } else {
        end->ifindex = link->far_index;
        if (link->far != LX_FAR_HERE) {
            end->came_from = lx_namespace_enter_id(link->far);
            error = end->came_from < 0 ? -EHOSTUNREACH : 0;
        }
    }
    lx_links_free(&links);
    return error;
}

/* As feature_on: of a feature of the table, wherever it is. */
static int feature_is_on(unsigned ifindex, size_t feature)
{
    struct end end;
    int on;

    if (!features[feature].far)
        return feature_on(ifindex, features[feature].name);
    on = go_to_far_end(ifindex, &end);
    if (on)
        return on == -ENOENT ? 0 : on;
    on = feature_on(end.ifindex, features[feature].name);
    lx_namespace_leave(end.came_from);
    return on;
}

static int switch_feature(unsigned ifindex, size_t feature, bool on)
{
    struct end end;
    int error;

    if (!features[feature].far)
        return set_feature(ifindex, features[feature].name, on);
    error = go_to_far_end(ifindex, &end);
    if (error)
        return error;
    error = set_feature(end.ifindex, features[feature].name, on);
    lx_namespace_leave(end.came_from);
    return error;
}

/* What must be changed on one interface. A far end that cannot be reached is found so again when it is to be changed.
 */
static int look(const struct lx_interface *interface, unsigned needs, uint32_t *changes, struct lx_failure *failure)
{
    uint32_t found = 0;
    short flags = 0;
    int on = needs & LX_NEED_FORWARD ? read_flags(interface->index, &flags) : 0;

    if (!on && needs & LX_NEED_FORWARD && !(flags & IFF_PROMISC))
        found |= PROMISCUOUS;
    for (size_t i = 0; i < FEATURES && on >= 0; i++) {
        if (!(features[i].needs & needs))
            continue;
        on = feature_is_on(interface->index, i);
        if (on > 0)
            found |= FIRST_FEATURE << i;
        if (on == -EHOSTUNREACH)
            on = 0;
    }
    if (on < 0)
        return lx_fail(failure, LX_EXIT_FAILED, -on, "cannot ask for the settings of %s: %s", interface->name,
                       strerror(-on));
    *changes = found;
    return 0;
}

int lx_link_settings_look(const struct lx_interface *outer, const struct lx_interface *inner, unsigned needs,
                          struct lx_metadata *metadata, struct lx_failure *failure)
{
    uint32_t of_outer = 0, of_inner = 0;
    int error = needs ? look(outer, needs, &of_outer, failure) : 0;

    if (inner && needs)
        error = error ?: look(inner, needs, &of_inner, failure);
    if (!error)
        metadata->restore |= of_outer | of_inner << INNER_SHIFT;
    return error;
}

/* Why tags would still be taken off frames; NULL when they would not. */
static const char *why_tags_are_taken(unsigned ifindex, char text[256])
{
    struct lx_links links;
    const struct lx_link *link;
    bool above;
    int taken;

    if (lx_links_read(&links))
        return NULL;
    link = lx_link_find(&links, ifindex);
    above = link && link->takes_tags;
    lx_links_free(&links);
    if (above)
        return "the kernel takes them off before they come to it; attach to what it is made of, each by itself";
    for (size_t i = 0; i < FEATURES; i++) {
        taken = features[i].needs & LX_NEED_TAGS ? feature_is_on(ifindex, i) : 0;
        if (!taken || taken == -ENODEV)
            continue;
        if (taken == -EHOSTUNREACH)
            return "they come beside the frames from the far end of the veth, which cannot be reached from here; "
                   "switch that off there (ethtool -K IFACE txvlan off)";
        snprintf(text, 256, "%s cannot be switched off %s", features[i].name,
                 features[i].far ? "at the far end of the veth" : "by its driver");
        return text;
    }
    return NULL;
}

int lx_link_takes_tags(unsigned ifindex)
{
    char text[256];
    short flags;
    int error = read_flags(ifindex, &flags);

    return error ?: why_tags_are_taken(ifindex, text) != NULL;
}

static int fail_to_change(const char *name, const char *what, unsigned needs, int error, struct lx_failure *failure)
{
    if (needs & LX_NEED_FORWARD)
        return lx_fail(failure, LX_EXIT_FAILED, -error,
                       "cannot change %s of %s: %s; without that the pair cannot forward frames as they came", what,
                       name, strerror(-error));
    if (needs)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot change %s of %s: %s", what, name, strerror(-error));
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot set %s of %s back: %s", what, name, strerror(-error));
}

/* Changes one interface for what is needed, or for nothing: back. What is fixed is found out about afterwards. */
static int change(unsigned ifindex, const char *name, uint32_t changes, unsigned needs, struct lx_failure *failure)
{
    const char *what = "promiscuous mode";
    int error = changes & PROMISCUOUS ? set_promiscuous(ifindex, needs) : 0;

    for (size_t i = 0; i < FEATURES && !error; i++) {
        if (!(changes & FIRST_FEATURE << i))
            continue;
        what = features[i].name;
        error = switch_feature(ifindex, i, !needs);
        if (needs == LX_NEED_TAGS || (features[i].far && error == -EHOSTUNREACH))
            error = error == -ENODEV ? error : 0;
    }
    return error ? fail_to_change(name, what, needs, error, failure) : 0;
}

static int refuse_blindness(unsigned ifindex, const char *name, struct lx_failure *failure)
{
    char text[256];
    const char *why = why_tags_are_taken(ifindex, text);

    if (!why)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, EOPNOTSUPP,
                   "%s takes VLAN tags off frames, so that the site's list of VLANs would not hold: %s, or leave "
                   "vlans: out of the site; --force goes on all the same",
                   name, why);
}

static uint32_t changes_of(const struct lx_metadata *metadata, enum lx_pair_side side)
{
    return side == LX_INNER ? metadata->restore >> INNER_SHIFT : metadata->restore & ((1u << INNER_SHIFT) - 1);
}

int lx_link_settings_change(const struct lx_metadata *metadata, unsigned needs, bool force, struct lx_failure *failure)
{
    const bool pair = metadata->pair_ifindex != 0;
    int error = 0;

    if (needs)
        error = change(metadata->ifindex, metadata->interface, changes_of(metadata, LX_OUTER), needs, failure);
    if (needs && pair)
        error = error ?: change(metadata->pair_ifindex, metadata->pair, changes_of(metadata, LX_INNER), needs, failure);
    if (error || !(needs & LX_NEED_TAGS) || force)
        return error;
    error = refuse_blindness(metadata->ifindex, metadata->interface, failure);
    return error || !pair ? error : refuse_blindness(metadata->pair_ifindex, metadata->pair, failure);
}

int lx_link_settings_restore(const struct lx_metadata *metadata, enum lx_pair_side side, unsigned ifindex,
                             struct lx_failure *failure)
{
    const char *name = side == LX_INNER ? metadata->pair : metadata->interface;
    int error = change(ifindex, name, changes_of(metadata, side), LX_NEED_NOTHING, failure);

    /* What is gone, or what a driver does not take back, must not keep the attachment from going. */
    return error == -ENODEV || error == -ENOENT || error == -EOPNOTSUPP ? 0 : error;
}

void lx_link_settings_forget_inner(struct lx_metadata *metadata)
{
    metadata->restore = changes_of(metadata, LX_OUTER);
}

int lx_link_settings_undo(const struct lx_metadata *metadata, const struct lx_metadata *before,
                          struct lx_failure *failure)
{
    struct lx_metadata kept = *before, added = *metadata;
    int error;

    if (metadata->pair_ifindex != before->pair_ifindex)
        lx_link_settings_forget_inner(&kept);
    added.restore &= ~kept.restore;
    error = lx_link_settings_restore(&added, LX_OUTER, metadata->ifindex, failure);
    return error || !metadata->pair_ifindex
               ? error
               : lx_link_settings_restore(&added, LX_INNER, metadata->pair_ifindex, failure);
}
