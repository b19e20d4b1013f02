/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was observed, as Prometheus reads it: text exposition format 0.0.4, every family once with HELP and TYPE and all
 * its samples behind them. Names and labels are part of the command line's contract.
 */
#ifndef LYNCXDP_CORE_METRICS_H
#define LYNCXDP_CORE_METRICS_H

#include <stdio.h>

#include "observed.h"

#define LX_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Prints all metrics; `version` is the exporter's. The caller asks the stream whether it went well. */
void lx_metrics_print(const struct lx_observations *seen, const char *version, FILE *stream);

#endif
