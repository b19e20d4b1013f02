/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listens to libbpf and libxdp. Both take one callback for the whole process and give it no argument, hence the one
 * variable of this layer; it belongs to the thread, so that two of them do not quote each other.
 */
#include "kernel_log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xdp/libxdp.h>

/* A refusal stands at the end of a verifier's log, after thousands of lines of trace, so the end is what is kept. */
#define KEPT 600

static _Thread_local char heard[KEPT + 1];

static void keep(const char *line, size_t length)
{
    size_t have = strlen(heard);

    if (length > KEPT - 1)
        length = KEPT - 1;
    while (have + length + 1 > KEPT) {
        const char *next = strchr(heard, '\n');
        next = next ? next + 1 : heard + have;
        have -= next - heard;
        memmove(heard, next, have + 1);
    }
    memcpy(heard + have, line, length);
    heard[have + length] = '\n';
    heard[have + length + 1] = '\0';
}

/* What the libraries add around the kernel's words, and what is about their own probing rather than about us. */
static bool worth_keeping(const char *line, size_t length)
{
    static const char *const noise[] = {"-- BEGIN PROG LOAD LOG --", "-- END PROG LOAD LOG --", "Retrying without BTF",
                                        "skipping unrecognized data section", "processed "};

    for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
        if (memmem(line, length, noise[i], strlen(noise[i])))
            return false;
    return length > 0;
}

static int hear(const char *format, va_list arguments)
{
    static const char *const prefixes[] = {"libbpf: ", "libxdp: "};
    char *text = NULL, *line, *rest;

    if (vasprintf(&text, format, arguments) < 0)
        return 0;
    rest = text;
    while ((line = strsep(&rest, "\n"))) {
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
            if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
                line += strlen(prefixes[i]);
        line += strspn(line, " ");
        if (worth_keeping(line, strlen(line)))
            keep(line, strlen(line));
    }
    free(text);
    return 0;
}

static int hear_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return level == LIBBPF_WARN ? hear(format, arguments) : 0;
}

static int hear_libxdp(enum libxdp_print_level level, const char *format, va_list arguments)
{
    return level == LIBXDP_WARN ? hear(format, arguments) : 0;
}

void lx_kernel_log_begin(void)
{
    heard[0] = '\0';
    libbpf_set_print(hear_libbpf);
    libxdp_set_print(hear_libxdp);
}

const char *lx_kernel_log(void)
{
    size_t length = strlen(heard);

    while (length && heard[length - 1] == '\n')
        heard[--length] = '\0';
    return heard;
}
