/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies up to the stated limits compile and judge right; one step past a limit is refused and the limit named. */
#include <criterion/criterion.h>
#include <errno.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/explain/simulation.h"
#include "user/core/image/compile.h"
#include "user/core/policy/policy_reader.h"
#include "user/core/policy/site_file.h"
#include "user/core/resolve/resolve.h"

/* Text that a test builds up and then reads as a file. */
struct text {
    char *bytes;
    size_t size;
    FILE *stream;
};

static void text_begin(struct text *text)
{
    text->stream = open_memstream(&text->bytes, &text->size);
    cr_assert_not_null(text->stream);
}

static FILE *text_end(struct text *text)
{
    fclose(text->stream);
    return fmemopen(text->bytes, text->size, "r");
}

struct built {
    struct lx_policy_file file;
    struct lx_site site;
    struct lx_policy policy;
    struct lx_compiled compiled;
    struct lx_diagnostics diagnostics;
};

/* Reads, resolves and compiles role `box`; returns the first error. */
static int build(struct text *rows, struct text *groups, struct built *built)
{
    struct lx_request request = {0};
    FILE *policy = text_end(rows), *site = text_end(groups);
    int error = lx_words_add(&request.roles, "box");

    memset(built, 0, sizeof(*built));
    error = error ?: lx_policy_file_read(policy, "rows.yaml", &built->file, &built->diagnostics);
    error = error ?: lx_site_file_read(site, "site.yaml", &built->site, &built->diagnostics);
    error = error ?: lx_resolve(&built->file, &built->site, &request, &built->policy, &built->diagnostics);
    error = error ?: lx_compile(&built->policy, &built->compiled, &built->diagnostics);
    fclose(policy);
    fclose(site);
    free(rows->bytes);
    free(groups->bytes);
    lx_words_free(&request.roles);
    return error;
}

static void built_free(struct built *built)
{
    lx_compiled_free(&built->compiled);
    lx_policy_free(&built->policy);
    lx_site_free(&built->site);
    lx_policy_file_free(&built->file);
    lx_diagnostics_free(&built->diagnostics);
}

static const char *first_message(const struct built *built)
{
    return built->diagnostics.count ? built->diagnostics.items[0].message : "";
}

static struct lx_judgement ask(const struct built *built, const char *source, uint16_t port)
{
    struct lx_probe probe = {.transport = LX_TCP, .source_port = 49152, .destination_port = port};
    uint8_t frame[LX_PROBE_FRAME];
    size_t length;

    probe.tcp_flags = LX_TCP_SYN;
    cr_assert_eq(lx_address_parse(source, &probe.source, NULL), 0);
    cr_assert_eq(lx_address_parse(strchr(source, ':') ? "2001:db8::1" : "198.51.100.1", &probe.destination, NULL), 0);
    length = lx_probe_frame(&probe, frame);
    return lx_judge_offline(&built->compiled, LX_HOOK_TO_ROLE, frame, length);
}

static void write_rows(struct text *rows, int count)
{
    srand(1);
    text_begin(rows);
    fputs("edition: test\nroles:\n  box:\n    rows:\n", rows->stream);
    for (int i = 0; i < count; i++) {
        int first = 1 + rand() % 65000, last = first + rand() % 400;

        fprintf(rows->stream, "      - {id: r%d, from: g%d, to: self, port: %d-%d, transport: %s}\n", i, rand() % 16,
                first, last, rand() % 2 ? "tcp" : "udp");
    }
}

static void write_groups(struct text *groups, int count)
{
    text_begin(groups);
    fputs("site: test\ngroups:\n", groups->stream);
    for (int i = 0; i < count; i++)
        fprintf(groups->stream, "  g%d: [10.%d.0.0/16, 192.0.2.%d, 2001:db8:%x::/48]\n", i, i, i, i);
}

Test(limits, a_policy_of_1024_rows_over_16_groups_compiles)
{
    struct text rows, groups;
    struct built built;

    write_rows(&rows, LX_MAX_ROWS);
    write_groups(&groups, 16);
    cr_assert_eq(build(&rows, &groups, &built), 0, "%s", first_message(&built));
    cr_assert_eq(built.policy.rule_count, LX_MAX_ROWS);
    built_free(&built);
}

Test(limits, one_row_more_is_refused_and_the_limit_named)
{
    struct text rows, groups;
    struct built built;

    write_rows(&rows, LX_MAX_ROWS + 1);
    write_groups(&groups, 16);
    cr_assert_eq(build(&rows, &groups, &built), -E2BIG);
    cr_assert_not_null(strstr(first_message(&built), "1024"), "%s", first_message(&built));
    built_free(&built);
}

Test(limits, a_group_of_100000_prefixes_compiles_and_tells_members_from_others)
{
    struct text rows, groups;
    struct built built;

    text_begin(&rows);
    fputs("edition: test\nroles:\n  box:\n    rows:\n"
          "      - {id: in, from: partners, to: self, port: 5061, transport: tcp}\n",
          rows.stream);
    text_begin(&groups);
    fputs("site: test\ngroups:\n  partners:\n", groups.stream);
    for (unsigned i = 0; i < 100000; i++)
        fprintf(groups.stream, "    - %u.%u.%u.0/24\n", 20 + (i >> 16), i >> 8 & 255, i & 255);
    cr_assert_eq(build(&rows, &groups, &built), 0, "%s", first_message(&built));
    cr_assert_eq(ask(&built, "20.1.2.3", 5061).reason, LX_REASON_ROW);
    cr_assert_eq(ask(&built, "21.134.159.255", 5061).reason, LX_REASON_ROW);
    cr_assert_eq(ask(&built, "21.134.160.0", 5061).reason, LX_REASON_NO_ROW);
    cr_assert_eq(ask(&built, "19.255.255.255", 5061).reason, LX_REASON_NO_ROW);
    cr_assert_eq(ask(&built, "20.1.2.3", 5062).reason, LX_REASON_NO_ROW);
    built_free(&built);
}

Test(limits, nested_prefixes_of_every_length_are_told_apart)
{
    struct text rows, groups;
    struct built built;

    text_begin(&rows);
    fputs("edition: test\nroles:\n  box:\n    rows:\n", rows.stream);
    text_begin(&groups);
    fputs("site: test\ngroups:\n", groups.stream);
    for (int length = 1; length <= 32; length++) {
        fprintf(rows.stream, "      - {id: r%d, from: g%d, to: self, port: %d, transport: tcp}\n", length, length,
                1000 + length);
        /* 64.0.0.1 and the prefixes around it, each in a group and with a port of its own. */
        fprintf(groups.stream, "  g%d: %s/%d\n", length,
                length == 1    ? "0.0.0.0"
                : length == 32 ? "64.0.0.1"
                               : "64.0.0.0",
                length);
    }
    cr_assert_eq(build(&rows, &groups, &built), 0, "%s", first_message(&built));
    for (int length = 2; length <= 32; length++) {
        uint32_t outside = 0x40000001u ^ 1u << (32 - length);
        char text[16];

        cr_expect_eq(ask(&built, "64.0.0.1", (uint16_t)(1000 + length)).reason, LX_REASON_ROW, "/%d", length);
        snprintf(text, sizeof(text), "%u.%u.%u.%u", outside >> 24, outside >> 16 & 255, outside >> 8 & 255,
                 outside & 255);
        if (outside >> 24)
            cr_expect_eq(ask(&built, text, (uint16_t)(1000 + length)).reason, LX_REASON_NO_ROW, "%s", text);
    }
    built_free(&built);
}

Test(limits, an_image_past_its_limit_is_refused_and_the_limit_named)
{
    struct text rows, groups;
    struct built built;

    /* 4,096 hosts, each in a different combination of 12 groups, and 1,024 ports that each need the source. */
    text_begin(&rows);
    fputs("edition: test\nroles:\n  box:\n    rows:\n", rows.stream);
    for (int i = 0; i < LX_MAX_ROWS; i++)
        fprintf(rows.stream, "      - {id: r%d, from: g%d, to: self, port: %d, transport: tcp}\n", i, i % 12, 1000 + i);
    text_begin(&groups);
    fputs("site: test\ngroups:\n", groups.stream);
    for (int group = 0; group < 12; group++) {
        fprintf(groups.stream, "  g%d:\n", group);
        for (int host = 0; host < 4096; host++)
            if (host >> group & 1)
                fprintf(groups.stream, "    - 10.0.%d.%d\n", host >> 8, host & 255);
    }
    cr_assert_eq(build(&rows, &groups, &built), -E2BIG);
    cr_assert_not_null(strstr(first_message(&built), "16 MiB"), "%s", first_message(&built));
    built_free(&built);
}
