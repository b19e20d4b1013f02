/* SPDX-License-Identifier: GPL-2.0-only */
/* What each verb is called and what for, as the help shows it. */
#ifndef LYNCXDP_CLI_USAGE_H
#define LYNCXDP_CLI_USAGE_H

/* `synopsis` is what follows the name. */
struct lx_usage {
    const char *name, *synopsis, *summary;
};

/* All there are, in the order of the help; the one behind the last has no name. */
extern const struct lx_usage lx_usages[];

#endif
