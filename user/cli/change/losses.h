/* SPDX-License-Identifier: GPL-2.0-only */
/* What a pair that forwards natively would lose, and how that is mended. */
#ifndef LYNCXDP_CLI_LOSSES_H
#define LYNCXDP_CLI_LOSSES_H

#include <lyncxdp/abi.h>

/* Warns of what one pair loses as it is attached; of nothing where the kernel forwards, or both are generic. */
void lx_warn_of_losses(const struct lx_metadata *metadata);

#endif
