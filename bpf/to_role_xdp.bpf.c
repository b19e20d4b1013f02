/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The XDP program of the to-role hook, where frames for the role come in. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "context_xdp.h"
#include "hook_to_role.h"
#include "program.h"

/* lyncxdp decides before any other program of the dispatcher sees the packet; what it passes goes on to them. */
struct {
    __uint(priority, 10);
    __uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(lyncxdp_to_role);

SEC("xdp.frags")
int lyncxdp_to_role(struct xdp_md *context)
{
    return lx_program(context);
}

char _license[] SEC("license") = "Dual BSD/GPL";
