/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet that was dropped, or would have been: who sent what to whom, why, and which row was near. */
#ifndef LYNCXDP_CORE_REPORT_SAMPLE_H
#define LYNCXDP_CORE_REPORT_SAMPLE_H

#include <jansson.h>
#include <lyncxdp/abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/core/explain/probe.h"

/* A sample, with what was made of it. */
struct lx_sampled {
    const struct lx_sample *sample;
    const char *interface;
    uint64_t time;       /* nanoseconds of CLOCK_REALTIME */
    const char *row;     /* that is credited, or of what is dropped comes nearest; NULL: none, or not known */
    const char *nearest; /* in what the packet differs from it; NULL: not known */
};

json_t *lx_report_sample(const struct lx_sampled *sampled);

/* Describes a frame of which all bytes are there. What its headers do not say, or not rightly, is zero. */
void lx_sample_read(const void *frame, size_t length, struct lx_sample *sample);

/* The packet of a sample as a probe. False when it has no ports. */
bool lx_sample_probe(const struct lx_sample *sample, struct lx_probe *probe);

#endif
