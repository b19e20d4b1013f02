/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds what --with names. Names of interfaces have no colon, so that it can part the two of a pair. */
#include "wires.h"

#include <stdio.h>
#include <string.h>

#include "user/cli/print/output.h"

static int find_interface(const char *name, size_t length, struct lx_interface *interface)
{
    char text[128];
    struct lx_failure failure;

    snprintf(text, sizeof(text), "%.*s", (int)length, name);
    if (lx_interface_find(text, interface, &failure) || lx_interface_check(interface, &failure))
        return lx_print_failure(&failure);
    if (interface->vlan)
        return lx_usage_error("--with '%s': name the whole interface, %s", text, interface->device);
    return LX_EXIT_DONE;
}

static int find_pair(const char *inner, bool forward, struct lx_wire *wire)
{
    struct lx_pair pair;
    int result = lx_pair_find(inner, &wire->interface, forward, &pair);

    wire->pair = pair.inner;
    return result;
}

static int find_wire(const char *name, const struct lx_interface *interface, const struct lx_pair *pair,
                     struct lx_wire *wire)
{
    const char *colon = strchr(name, ':');
    int result;

    *wire = (struct lx_wire){0};
    if (pair && !colon)
        return lx_usage_error("--with '%s': %s is the outer side of a pair, so that what is filtered with it is one, "
                              "too; write --with OUTER:INNER",
                              name, interface->name);
    if (!pair && colon)
        return lx_usage_error("--with '%s': %s is no pair; write one interface, or name the inner side of %s with "
                              "--pair",
                              name, interface->name, interface->name);
    result = find_interface(name, colon ? (size_t)(colon - name) : strlen(name), &wire->interface);
    if (result == LX_EXIT_DONE && pair)
        result = find_pair(colon + 1, pair->forward, wire);
    return result;
}

static bool has(const struct lx_wire *wire, unsigned index)
{
    return index && (wire->interface.index == index || wire->pair.index == index);
}

int lx_wires_find(const struct lx_words *with, const struct lx_interface *interface, const struct lx_pair *pair,
                  struct lx_wires *wires)
{
    struct lx_wire first = {.interface = *interface};
    int result = LX_EXIT_DONE;

    if (pair)
        first.pair = pair->inner;
    wires->count = 0;
    if (with->count > LX_MEMBERS - 1)
        return lx_usage_error("no more than %d interfaces can be filtered together", LX_MEMBERS);
    if (with->count && interface->vlan)
        return lx_usage_error(
            "%s is one VLAN of a trunk, and --with goes by whole interfaces: attach to each by itself, "
            "or to the device of the VLAN on the bond that they are ports of",
            interface->name);
    for (size_t i = 0; i < with->count && result == LX_EXIT_DONE; i++) {
        struct lx_wire *wire = &wires->items[wires->count];
        bool twice;

        result = find_wire(with->items[i], interface, pair, wire);
        if (result != LX_EXIT_DONE)
            break;
        twice = has(&first, wire->interface.index) || has(&first, wire->pair.index);
        for (size_t j = 0; j < wires->count && !twice; j++)
            twice = has(&wires->items[j], wire->interface.index) || has(&wires->items[j], wire->pair.index);
        if (twice)
            result = lx_usage_error("--with '%s': it is named twice; name each interface once", with->items[i]);
        wires->count++;
    }
    return result;
}

int lx_guard_wires(const struct lx_wires *wires, bool forward, bool behind, const struct lx_policy *policy,
                   const struct lx_compiled *compiled, const struct lx_intent *intent)
{
    int result = LX_EXIT_DONE;

    for (size_t i = 0; i < wires->count && result == LX_EXIT_DONE; i++) {
        const struct lx_wire *wire = &wires->items[i];
        const struct lx_pair pair = {.outer = wire->interface, .inner = wire->pair, .forward = forward};

        result = wire->pair.index ? lx_guard_pair(&pair, compiled, intent) : LX_EXIT_DONE;
        if (behind)
            result = lx_guard_behind(&wire->interface, compiled, intent);
        else if (result == LX_EXIT_DONE && !forward)
            result = lx_guard_session(&wire->interface, policy, compiled, intent);
    }
    return result;
}
