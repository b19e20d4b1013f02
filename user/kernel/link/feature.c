/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks by ioctl, as ethtool does: each request opens a socket of its own, in the namespace where the caller stands. */
#include "feature.h"

#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

/* More than any kernel has. */
#define FEATURE_WORDS 8

int lx_interface_ioctl(unsigned long number, unsigned ifindex, struct ifreq *request)
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

    return lx_interface_ioctl(SIOCETHTOOL, ifindex, &request);
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

int lx_feature_on(unsigned ifindex, const char *feature)
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

int lx_feature_set(unsigned ifindex, const char *feature, bool on)
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
    if (!error && lx_feature_on(ifindex, feature) != on)
        error = -EOPNOTSUPP; /* fixed, or held by what stands on the interface */
    return error;
}
