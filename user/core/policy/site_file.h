/* SPDX-License-Identifier: GPL-2.0-only */
/* A site: a deployment's own addresses, choices and rows, as YAML. The README documents the syntax. */
#ifndef LYNCXDP_CORE_SITE_FILE_H
#define LYNCXDP_CORE_SITE_FILE_H

#include <stdio.h>

#include "built_ins.h"
#include "bypass.h"
#include "opener.h"
#include "override.h"
#include "row.h"
#include "terms.h"
#include "user/core/text/diagnostic.h"
#include "user/core/text/text.h"

struct lx_group {
    char *name;
    char *file; /* the list that its addresses were read from; NULL: they stand in the site */
    uint64_t
        date; /* the day of the list, by its own word or else the file's: seconds of CLOCK_REALTIME; 0: not known */
    struct lx_prefix *prefixes;
    size_t prefix_count;
    struct lx_place place;
};

/* Addresses of a role on one side (LX_SIDE_NONE: on any side): what `self` means there. */
struct lx_self {
    char *role;
    enum lx_side side;
    struct lx_prefix *prefixes;
    size_t prefix_count;
    struct lx_place place;
};

/* A file that a site includes, which is kept to show its lines. */
struct lx_included {
    char *name;
    struct lx_text text;
};

/* What a site file says. Everything is owned; a zeroed one is the empty site, whose built-in cases are the defaults. */
struct lx_site {
    char *name;          /* of the file, for diagnostics */
    struct lx_text text; /* the file itself, to show its lines */
    struct lx_self *selves;
    size_t self_count;
    struct lx_group *groups;
    size_t group_count;
    struct lx_terms options;        /* all that it names, with "on" or "off" */
    struct lx_words closed_options; /* those that are off */
    struct lx_row *rows;            /* the site's own rows, ids "site/NAME" */
    size_t row_count;
    struct lx_overrides overrides;
    struct lx_included **included; /* each allocated on its own: places point at their names */
    size_t included_count;
    uint32_t built_ins_on, built_ins_off; /* switched explicitly; enum lx_built_in bits */
    struct lx_place built_in_places[LX_BUILT_INS];
    bool vlans_listed;
    uint8_t vlans[512];
    struct lx_site_bypass bypass;
    bool watch_ports_listed;
    uint16_t *watch_ports;
    size_t watch_port_count;
};

/* Built-in cases that are on unless a site says otherwise: all but echo, IPv4 options and fragments. */
#define LX_DEFAULT_BUILT_INS                                                                                           \
    (LX_BUILT_IN_ARP | LX_BUILT_IN_NEIGHBOUR_DISCOVERY | LX_BUILT_IN_ROUTER_ADVERTISEMENT |                            \
     LX_BUILT_IN_ROUTER_SOLICITATION | LX_BUILT_IN_MLD | LX_BUILT_IN_DHCP | LX_BUILT_IN_ICMP_ERROR |                   \
     LX_BUILT_IN_L2_CONTROL)

/* Reads a site from a stream; results as lx_policy_file_read. It can name no other files. */
int lx_site_file_read(FILE *stream, const char *name, struct lx_site *site, struct lx_diagnostics *diagnostics);

/* The same for a site that may name files. A site with a file that cannot be read is no site. */
int lx_site_file_load(FILE *stream, const char *name, const struct lx_opener *opener, struct lx_site *site,
                      struct lx_diagnostics *diagnostics);

/* The group of that name, or NULL. */
const struct lx_group *lx_site_group(const struct lx_site *site, const char *name);

/* An error at a place of the site, or of a file that it includes, with its line. */
void lx_site_mistake(const struct lx_site *site, struct lx_diagnostics *diagnostics, struct lx_place place,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

void lx_site_free(struct lx_site *site);

#endif
