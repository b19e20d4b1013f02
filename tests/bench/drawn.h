/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many addresses are drawn in turn: a power of two, and more than any processor keeps in mind. */
#ifndef LYNCXDP_BENCH_DRAWN_H
#define LYNCXDP_BENCH_DRAWN_H

#define LX_DRAWN 131072

#endif
