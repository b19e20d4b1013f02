/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row: one line of a vendor's table, as parsed from policy text, before any site gives its names addresses. The one
 * noun between text and verdict: `show` prints it, resolve.h turns it into a rule, counters are named after it.
 */
#ifndef LYNCXDP_CORE_ROW_H
#define LYNCXDP_CORE_ROW_H

#include <lyncxdp/abi.h>

#include "address.h"
#include "names.h"
#include "ports.h"
#include "protocols.h"
#include "user/core/text/diagnostic.h"
#include "user/core/text/words.h"

enum lx_endpoint_kind {
    LX_ENDPOINT_ANY,
    LX_ENDPOINT_SELF,      /* the role itself */
    LX_ENDPOINT_GROUP,     /* a name that the site resolves */
    LX_ENDPOINT_ADDRESSES, /* written out in the row */
};

struct lx_endpoint {
    enum lx_endpoint_kind kind;
    char *group;                /* owned; only for LX_ENDPOINT_GROUP */
    struct lx_prefix *prefixes; /* owned; for LX_ENDPOINT_ADDRESSES, and for a `self` that a site's row redefines */
    size_t prefix_count;
};

#define LX_TRANSPORT_BIT(transport) (1u << (transport))

struct lx_row {
    char *id; /* unique among all rows: "av-edge/external/stun-udp-in"; a site's own: "site/NAME"; "management/NAME" */
    char *role; /* NULL for a site's own row that is not limited to a role */
    enum lx_side side;
    struct lx_endpoint from, to; /* exactly one of them is `self` */
    struct lx_ports source_ports, destination_ports;
    unsigned transports; /* LX_TRANSPORT_BITs; 0 only when unresolved; LX_PORTLESS alone: the one destination port is
                            the number of a protocol that has none */
    char *application;   /* "SIP (TLS)"; may be NULL, like the following texts */
    char *direction;     /* as printed: "in", "out", "in/out" */
    char *source;        /* document and place */
    char *citation;      /* the same by the document's key: "edge-external 3"; NULL: no document prints it */
    struct lx_words repeats; /* citations of the other places that print the same */
    char *note;
    char *missed;              /* what is lost where it is closed by default or has no port; mostly NULL */
    struct lx_words options;   /* alternatives: open while one of them is on; none: always open */
    struct lx_words workloads; /* none: belongs to all */
    enum lx_lb lb;
    char *needs;     /* the group that a site must set for the row to be there; mostly NULL */
    bool unresolved; /* printed without a port or transport: listed, opens nothing */
    bool closed;     /* by a site's override */
    char *override;  /* the lines of a site that have changed it, "site.yaml:12"; NULL: it is as printed */
    struct lx_place place;
};

/* The hook whose rows it joins: `to: self` is to-role (inbound), `from: self` from-role (outbound). */
enum lx_hook lx_row_hook(const struct lx_row *row);

/* True for a row about a protocol without ports, and its number. */
bool lx_row_is_portless(const struct lx_row *row);
uint8_t lx_row_protocol(const struct lx_row *row);

/* Some of a row's transports: "tcp", "udp" or "tcp/udp"; "vrrp" or a number. */
struct lx_protocol_text lx_transports_name(const struct lx_row *row, unsigned transports);

/* "self", "any", a group's name, or addresses separated by commas. Caller frees; NULL when out of memory. */
char *lx_endpoint_format(const struct lx_endpoint *endpoint);

void lx_endpoint_free(struct lx_endpoint *endpoint);
void lx_row_free(struct lx_row *row); /* what it owns, not the row itself */

#endif
