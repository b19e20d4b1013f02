/* SPDX-License-Identifier: GPL-2.0-only */
/* How much one input file may hold. */
#ifndef LYNCXDP_CORE_LIMITS_H
#define LYNCXDP_CORE_LIMITS_H

/* The most a policy or site file may hold, in bytes; and how deep its YAML may nest. */
#define LX_FILE_LIMIT (8u << 20)
#define LX_DEPTH_LIMIT 16

#endif
