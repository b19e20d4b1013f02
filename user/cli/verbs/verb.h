/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs of the command line: a verb is a file with one function, and main.c holds the table of them. */
#ifndef LYNCXDP_CLI_VERB_H
#define LYNCXDP_CLI_VERB_H

int lx_verb_apply(int argc, char **argv);
int lx_verb_attach(int argc, char **argv);
int lx_verb_check(int argc, char **argv);
int lx_verb_confirm(int argc, char **argv);
int lx_verb_counters(int argc, char **argv);
int lx_verb_detach(int argc, char **argv);
int lx_verb_diff(int argc, char **argv);
int lx_verb_endpoints(int argc, char **argv);
int lx_verb_explain(int argc, char **argv);
int lx_verb_exporter(int argc, char **argv);
int lx_verb_flows(int argc, char **argv);
int lx_verb_monitor(int argc, char **argv);
int lx_verb_promote(int argc, char **argv);
int lx_verb_roles(int argc, char **argv);
int lx_verb_rollback(int argc, char **argv);
int lx_verb_setup(int argc, char **argv);
int lx_verb_show(int argc, char **argv);
int lx_verb_status(int argc, char **argv);
int lx_verb_top(int argc, char **argv);
int lx_verb_update(int argc, char **argv);

#endif
