/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame that comes by a port comes by its bond as well: natively, XDP of a port sees it first, and XDP of the bond
 * runs on every port.
 */
#include "bond.h"

#include <errno.h>
#include <stdbool.h>

#include "filter.h"
#include "links.h"
#include "running.h"

static bool is_one_of(unsigned index, const unsigned *indices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (indices[i] == index)
            return true;
    return false;
}

/* The bond that an interface is a port of, or 0. */
static unsigned bond_of(const struct lx_links *links, unsigned port)
{
    const struct lx_link *link = port ? lx_link_find(links, port) : NULL;
    const struct lx_link *master = link && link->master ? lx_link_find(links, link->master) : NULL;

    return master && master->bonds ? master->index : 0;
}

unsigned lx_bond_port_beside(const unsigned *ports, size_t count)
{
    struct lx_links links;
    unsigned found = 0;

    if (lx_links_read(&links))
        return 0;
    for (size_t i = 0; i < count && !found; i++) {
        unsigned bond = bond_of(&links, ports[i]);

        for (size_t j = 0; bond && j < links.count && !found; j++)
            if (links.items[j].master == bond && !is_one_of(links.items[j].index, ports, count))
                found = links.items[j].index;
    }
    lx_links_free(&links);
    return found;
}

static bool runs_ours(unsigned ifindex)
{
    struct lx_running running;
    struct lx_filter filter;

    return !lx_running_by_name(ifindex, &running) || !lx_filter_by_name(ifindex, &filter);
}

static int fail_for_twice(const struct lx_interface *interface, unsigned other, bool is_bond,
                          struct lx_failure *failure)
{
    char name[LX_INTERFACE_NAME] = "another";

    lx_interface_name(other, name);
    if (is_bond)
        return lx_fail(failure, LX_EXIT_BUSY, EEXIST,
                       "%s is filtered by its port %s already, where each packet would be judged and counted a second "
                       "time; leave it at that, or take that off first with: lyncxdp detach %s",
                       interface->name, name, name);
    return lx_fail(failure, LX_EXIT_BUSY, EEXIST,
                   "%s is a port of %s, which is filtered already, so that each packet would be judged and counted a "
                   "second time; leave it at that, or take that off first with: lyncxdp detach %s",
                   interface->name, name, name);
}

int lx_bond_refuse_twice(const struct lx_interface *interface, struct lx_failure *failure)
{
    struct lx_links links;
    unsigned bond;
    int error = 0;

    if (lx_links_read(&links))
        return 0;
    bond = bond_of(&links, interface->index);
    if (bond && runs_ours(bond))
        error = fail_for_twice(interface, bond, false, failure);
    for (size_t i = 0; i < links.count && !error; i++)
        if (bond_of(&links, links.items[i].index) == interface->index && runs_ours(links.items[i].index))
            error = fail_for_twice(interface, links.items[i].index, true, failure);
    lx_links_free(&links);
    return error;
}
