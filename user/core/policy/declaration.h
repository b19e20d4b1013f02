/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The declared state: which interfaces are to be filtered, and by which policy each, as YAML. Its keys are the options
 * of attach, so that what a person tried on the command line can be written down as it is:
 *
 *     defaults: {site: contoso.yaml, egress: track}     # what an interface does not say itself
 *     interfaces:
 *       eth0: {role: [access-edge, av-edge], without: [federation-ocs2007], audit: on}
 *       eth1: {role: access-edge, side: internal, set: {pool: [192.0.2.10, 192.0.2.11]}}
 *       eth2: {role: reverse-proxy, pair: eth3, forward: on, egress: enforce}
 *       eth4: {role: front-end, with: [eth5]}
 *       tap0: {role: av-edge, behind: true}
 *       eth6:
 *         role: director
 *         set: {admins: 198.51.100.0/24}
 *         on-failure: closed
 *         management: [{id: ssh, from: admins, to: self, port: 22, transport: tcp}]
 */
#ifndef LYNCXDP_CORE_DECLARATION_H
#define LYNCXDP_CORE_DECLARATION_H

#include <stdio.h>

#include "request.h"

/* How many conversations an attachment may be asked to remember. */
#define LX_FEWEST_FLOWS 16
#define LX_MOST_FLOWS (16u << 20)

/* Interfaces that one file may declare, and names that one of them may set. */
#define LX_MOST_DECLARED 256
#define LX_MOST_SETTINGS 256

/* Interfaces that may be filtered with one. */
#define LX_MOST_WITH 7

/* One interface. Everything is owned; what was not said is zero, for attach to choose. */
struct lx_declared {
    char *interface;
    struct lx_place place;
    bool mistaken;         /* not all of it could be read: it says only that the interface is declared */
    struct lx_words roles; /* at least one, unless mistaken */
    char *edition;
    enum lx_side side;
    char *site; /* a path, already relative to the working directory, like those in `policies` */
    struct lx_setting *settings;
    size_t setting_count;
    struct lx_words without, open, workloads, policies;
    enum lx_lb lb;
    bool egress_said;
    enum lx_egress egress; /* when it was said */
    bool audit;
    char *pair;           /* the inner interface of an inline pair */
    struct lx_words with; /* what is filtered with it: IFACE, of a pair OUTER:INNER */
    bool forward;
    bool behind;    /* the role is behind the interface */
    unsigned mode;  /* enum lx_mode; 0: native, else generic */
    unsigned flows; /* entries of the flow table; 0: the default */
    bool closed;    /* when there is no policy to be had, only what must be, and `management`, passes */
    struct lx_row *management;
    size_t management_count;
};

struct lx_declaration {
    char *name; /* of the file, for diagnostics */
    struct lx_declared *items;
    size_t count; /* 0: nothing is to be filtered */
};

/* Reads a declaration from a stream; results as lx_policy_file_read. Files that it names are not opened. */
int lx_declaration_read(FILE *stream, const char *name, struct lx_declaration *declaration,
                        struct lx_diagnostics *diagnostics);

/*
 * The same for who takes each interface by itself: with mistakes (-EINVAL) the declaration is filled in all the same,
 * unless the file is no YAML at all, and shows which interfaces are mistaken. Its name is NULL when it is untouched.
 */
int lx_declaration_read_each(FILE *stream, const char *name, struct lx_declaration *declaration,
                             struct lx_diagnostics *diagnostics);

void lx_declaration_free(struct lx_declaration *declaration);

/* What attach would take on the command line, behind the interface's name. Returns 0 or -ENOMEM. */
int lx_declared_words(const struct lx_declared *declared, struct lx_words *words);

#endif
