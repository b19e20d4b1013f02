/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks and tells drivers by the ethtool ioctl, where features go by their names; the promiscuous flag by its own. */
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

/* Bits of the metadata's `restore`; those of the inner interface stand above those of the outer one. */
#define PROMISCUOUS 1u
#define FIRST_FEATURE 2u
#define INNER_SHIFT 8

/* Features that must be off. The names are the kernel's; ethtool(8) has shorter ones for some. */
static const char *const features[] = {"rx-vlan-hw-parse", "rx-vlan-stag-hw-parse", "rx-lro"};

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

/* What must be changed on one interface. */
static int look(const struct lx_interface *interface, uint32_t *changes, struct lx_failure *failure)
{
    uint32_t found = 0;
    short flags = 0;
    int on = read_flags(interface->index, &flags);

    if (!on && !(flags & IFF_PROMISC))
        found |= PROMISCUOUS;
    for (size_t i = 0; i < FEATURES && on >= 0; i++) {
        on = feature_on(interface->index, features[i]);
        if (on > 0)
            found |= FIRST_FEATURE << i;
    }
    if (on < 0)
        return lx_fail(failure, LX_EXIT_FAILED, -on, "cannot ask for the settings of %s: %s", interface->name,
                       strerror(-on));
    *changes = found;
    return 0;
}

int lx_link_settings_look(const struct lx_interface *outer, const struct lx_interface *inner,
                          struct lx_metadata *metadata, struct lx_failure *failure)
{
    uint32_t of_outer = 0, of_inner = 0;
    int error = look(outer, &of_outer, failure) ?: look(inner, &of_inner, failure);

    if (!error)
        metadata->restore = of_outer | of_inner << INNER_SHIFT;
    return error;
}

/* Changes one interface for forwarding, or back. */
static int change(unsigned ifindex, const char *name, uint32_t changes, bool forwarding, struct lx_failure *failure)
{
    const char *what = "promiscuous mode";
    int error = changes & PROMISCUOUS ? set_promiscuous(ifindex, forwarding) : 0;

    for (size_t i = 0; i < FEATURES && !error; i++) {
        if (!(changes & FIRST_FEATURE << i))
            continue;
        what = features[i];
        error = set_feature(ifindex, what, !forwarding);
    }
    if (!error)
        return 0;
    if (forwarding)
        return lx_fail(failure, LX_EXIT_FAILED, -error,
                       "cannot change %s of %s: %s; without that the pair cannot forward frames as they came", what,
                       name, strerror(-error));
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot set %s of %s back: %s", what, name, strerror(-error));
}

static uint32_t changes_of(const struct lx_metadata *metadata, enum lx_pair_side side)
{
    return side == LX_INNER ? metadata->restore >> INNER_SHIFT : metadata->restore & ((1u << INNER_SHIFT) - 1);
}

int lx_link_settings_change(const struct lx_metadata *metadata, struct lx_failure *failure)
{
    int error = change(metadata->ifindex, metadata->interface, changes_of(metadata, LX_OUTER), true, failure);

    return error ?: change(metadata->pair_ifindex, metadata->pair, changes_of(metadata, LX_INNER), true, failure);
}

int lx_link_settings_restore(const struct lx_metadata *metadata, enum lx_pair_side side, unsigned ifindex,
                             struct lx_failure *failure)
{
    const char *name = side == LX_INNER ? metadata->pair : metadata->interface;
    int error = change(ifindex, name, changes_of(metadata, side), false, failure);

    /* What is gone, or what a driver does not take back, must not keep the attachment from going. */
    return error == -ENODEV || error == -EOPNOTSUPP ? 0 : error;
}
