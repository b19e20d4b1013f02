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
#include <string.h>

#include <linux/sockios.h>

#include "feature.h"
#include "links.h"

/* Bits of the metadata's `restore`; those of the inner interface stand above those of the outer one. */
#define PROMISCUOUS 1u
#define FIRST_FEATURE 2u
#define INNER_SHIFT 8

/* Features that must be off. */
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

static int read_flags(unsigned ifindex, short *flags)
{
    struct ifreq request = {0};
    int error = lx_interface_ioctl(SIOCGIFFLAGS, ifindex, &request);

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
    return lx_interface_ioctl(SIOCSIFFLAGS, ifindex, &request);
}

/* As lx_feature_on: of a feature of the table, wherever it is. */
static int feature_is_on(unsigned ifindex, size_t feature)
{
    struct lx_far_end end;
    int on;

    if (!features[feature].far)
        return lx_feature_on(ifindex, features[feature].name);
    on = lx_far_end_enter(ifindex, &end);
    if (on)
        return on == -ENOENT ? 0 : on;
    on = lx_feature_on(end.ifindex, features[feature].name);
    lx_far_end_leave(&end);
    return on;
}

static int switch_feature(unsigned ifindex, size_t feature, bool on)
{
    struct lx_far_end end;
    int error;

    if (!features[feature].far)
        return lx_feature_set(ifindex, features[feature].name, on);
    error = lx_far_end_enter(ifindex, &end);
    if (error)
        return error;
    error = lx_feature_set(end.ifindex, features[feature].name, on);
    lx_far_end_leave(&end);
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

static int refuse_blindness(unsigned ifindex, const char *name, unsigned vlan, struct lx_failure *failure)
{
    char text[256];
    const char *why = why_tags_are_taken(ifindex, text);

    if (!why)
        return 0;
    if (vlan)
        return lx_fail(
            failure, LX_EXIT_FAILED, EOPNOTSUPP,
            "%s takes VLAN tags off frames, so that what comes in by VLAN %u would pass unjudged: %s; --force "
            "goes on all the same",
            name, vlan, why);
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
    error = refuse_blindness(metadata->ifindex, metadata->interface, metadata->vlan, failure);
    return error || !pair ? error : refuse_blindness(metadata->pair_ifindex, metadata->pair, 0, failure);
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
