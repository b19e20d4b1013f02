/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands in for a declared interface whose declaration, or files, cannot be used: what applied well last, and
 * where that cannot be used either, and the interface is to fail closed, a policy that passes next to nothing.
 */
#ifndef LYNCXDP_CLI_FALLBACK_H
#define LYNCXDP_CLI_FALLBACK_H

#include "user/cli/policy/interface_config.h"
#include "user/core/policy/last_good.h"

/* What a configuration that was fallen back on is made of. Zeroed: nothing. */
struct lx_fallback {
    struct lx_last_good kept;
    struct lx_declaration declaration;
};

/*
 * Adds interfaces that a declaration with mistakes does not name (any more), and of which something is kept: they count
 * as declared, and as mistaken. A declaration that is no YAML at all names none. Returns 0 or -ENOMEM.
 */
int lx_fallback_declare(const char *file, struct lx_declaration *declaration);

/*
 * Puts what stands in for an interface of the file into its configuration, which says of a VLAN, and says so. Returns
 * LX_EXIT_DONE, or another exit code where nothing does.
 */
int lx_fallback_compose(const char *file, const struct lx_declared *declared, struct lx_fallback *fallback,
                        struct lx_interface_config *config);

/*
 * Keeps what has been applied to an interface: `texts` are those that were read for it, to which the declaration's are
 * added. Returns 0 or -errno.
 */
int lx_fallback_keep(const char *file, const struct lx_last_good *declaration, const char *interface,
                     struct lx_last_good *texts);

void lx_fallback_free(struct lx_fallback *fallback);

#endif
