/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether this network namespace translates addresses, which must not happen between the two sides of a pair. */
#ifndef LYNCXDP_KERNEL_TRANSLATION_H
#define LYNCXDP_KERNEL_TRANSLATION_H

#include <stdbool.h>

/*
 * True when there are NAT rules, of nftables (those of iptables-nft among them) or of the older iptables. What
 * cannot be asked counts as none.
 */
bool lx_translation_found(void);

#endif
