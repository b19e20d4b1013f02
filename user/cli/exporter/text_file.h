/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that others read at any moment, and always find whole. */
#ifndef LYNCXDP_CLI_TEXT_FILE_H
#define LYNCXDP_CLI_TEXT_FILE_H

#include <stdio.h>

/*
 * Replaces the regular file at `path`, or makes it, readable for everybody, by what `print` prints, in one step. "-" is
 * standard output. Returns an exit code after it has printed what is wrong; then the file is as it was.
 */
int lx_text_file_replace(const char *path, void (*print)(const void *context, FILE *stream), const void *context);

#endif
