/* SPDX-License-Identifier: GPL-2.0-only */
/* A report for people: columns picked out of an array of JSON objects, the array that --json prints as it is. */
#ifndef LYNCXDP_CLI_TABLE_H
#define LYNCXDP_CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>

struct lx_column {
    const char *title;
    const char *member; /* of each object; null is shown as "-" */
    bool number;        /* set to the right */
    bool list;          /* the words of an array stand below each other on a terminal; else with commas */
};

/* Prints the objects of `rows` to standard output. Returns the exit code. */
int lx_print_table(const json_t *rows, const struct lx_column *columns, size_t count);

#endif
