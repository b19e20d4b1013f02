/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tc program of the from-role hook: what the role sends, seen at the egress of its own host. On an inline pair that
 * the kernel bridges or routes, it stands at the outer NIC for the box's own packets, which never cross the inner one.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "context_skb.h"
#include "hook_from_role.h"
#include "program.h"

SEC("tc")
int lyncxdp_from_role(struct __sk_buff *context)
{
    return lx_program(context);
}

char _license[] SEC("license") = "Dual BSD/GPL";
