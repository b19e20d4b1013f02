/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tc program of the to-role hook: what leaves by the interface behind which the role is. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "context_skb.h"
#include "hook_to_role.h"
#include "program.h"

SEC("tc")
int lyncxdp_to_role(struct __sk_buff *context)
{
    return lx_program(context);
}

char _license[] SEC("license") = "Dual BSD/GPL";
