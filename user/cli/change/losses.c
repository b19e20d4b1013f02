/* SPDX-License-Identifier: GPL-2.0-only */
/* Silence is the worst of it: frames are counted as passed, and nobody hears them. */
#include "losses.h"

#include "user/cli/print/output.h"
#include "user/kernel/link/forwarding.h"

/* `index` and `name` are those of an end, `other` is the name of the other one. */
static void warn_of_end(unsigned index, const char *name, const char *other)
{
    struct lx_forwarding_end end;
    const char *where;

    lx_forwarding_look(index, &end);
    where = end.elsewhere ? ", in its network namespace" : "";
    if (end.deaf && !*end.far)
        lx_print_warning(
            "what %s hands on is lost: the driver of %s takes no frames natively; attach with --mode generic", other,
            name);
    else if (end.deaf)
        lx_print_warning("what %s hands on is lost: %s, the far end of %s, takes it only with 'ethtool -K %s gro on'%s",
                         other, end.far, name, end.far, where);
    if (end.partial && *end.far)
        lx_print_warning(
            "what %s, the far end of %s, sends is lost: it leaves checksums to whoever sends it on; 'ethtool "
            "-K %s tx off'%s has it put them in",
            end.far, name, end.far, where);
    else if (end.partial)
        lx_print_warning("what a guest behind %s sends is lost where it leaves checksums to others: in the guest, "
                         "'ethtool -K IFACE tx off' has it put them in, or give its card csum=off in QEMU's options",
                         name);
}

void lx_warn_of_losses(const struct lx_metadata *metadata)
{
    if (!metadata->forward || metadata->mode != LX_MODE_NATIVE)
        return;
    warn_of_end(metadata->ifindex, metadata->interface, metadata->pair);
    warn_of_end(metadata->pair_ifindex, metadata->pair, metadata->interface);
}
