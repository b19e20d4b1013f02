/* SPDX-License-Identifier: GPL-2.0-only */
/* The flows of an attachment: those that live, and how many. */
#ifndef LYNCXDP_KERNEL_FLOWS_H
#define LYNCXDP_KERNEL_FLOWS_H

#include "user/core/report/flow_numbers.h"
#include "user/kernel/attachment/attachment.h"

/* The flows that live, in no order. Caller frees. None without the from-role hook. Returns 0 or -errno. */
int lx_attachment_flows(const struct lx_attachment *attachment, struct lx_flow **flows, size_t *count,
                        struct lx_failure *failure);

/*
 * Counts them without keeping them, when so many have been created (as the counters of the from-role hook show, read
 * before). All zero without that hook. Returns 0 or -errno.
 */
int lx_attachment_count_flows(const struct lx_attachment *attachment, uint64_t created, struct lx_flow_numbers *numbers,
                              struct lx_failure *failure);

/* The same, for who has not read the counters. */
int lx_attachment_flow_numbers(const struct lx_attachment *attachment, struct lx_flow_numbers *numbers,
                               struct lx_failure *failure);

#endif
