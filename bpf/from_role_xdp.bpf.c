/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The XDP program of the from-role hook on the inner NIC of an inline pair, where what the role sends comes in. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "context_xdp.h"
#include "hook_from_role.h"
#include "program.h"

/* As on the outer NIC: lyncxdp decides first, and what it passes goes on to the dispatcher's other programs. */
struct {
    __uint(priority, 10);
    __uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(lyncxdp_from_role);

SEC("xdp.frags")
int lyncxdp_from_role(struct xdp_md *context)
{
    return lx_program(context);
}

char _license[] SEC("license") = "Dual BSD/GPL";
