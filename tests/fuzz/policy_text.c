/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzes the readers of policy and site files with one text: no crash, no leak, an answer that agrees with its
 * diagnostics, places that exist, and rows that hold what row.h promises.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/core/policy_file.h"
#include "user/core/site_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool promise)
{
    if (!promise)
        abort();
}

static void check_diagnostics(const struct lx_diagnostics *diagnostics, int error)
{
    require(error == 0 || error == -EINVAL);
    require((error == 0) == (diagnostics->errors == 0));
    require(!diagnostics->out_of_memory);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct lx_diagnostic *item = &diagnostics->items[i];

        require(item->message && !strpbrk(item->message, "\n\r\x1b"));
        require(!item->excerpt || !strpbrk(item->excerpt, "\n\r\x1b"));
        require((item->line == 0) == (item->column == 0));
        require(!i || !item->line || diagnostics->items[i - 1].line <= item->line);
    }
}

static void check_endpoint(const struct lx_endpoint *endpoint)
{
    char *text = lx_endpoint_format(endpoint);

    require(text && *text);
    free(text);
    for (size_t i = 0; i < endpoint->prefix_count; i++) {
        struct lx_prefix again;
        char written[LX_PREFIX_TEXT];

        require(!lx_prefix_parse(lx_prefix_format(&endpoint->prefixes[i], written), &again, NULL));
        require(!lx_prefix_compare(&endpoint->prefixes[i], &again));
    }
}

static void check_ports(const struct lx_ports *ports)
{
    struct lx_ports again;
    char written[LX_PORTS_TEXT];

    require(!lx_ports_parse(lx_ports_format(ports, written), &again, NULL));
    require(again.count == ports->count);
    for (size_t i = 0; i < ports->count; i++)
        require(ports->ranges[i].first && ports->ranges[i].first <= ports->ranges[i].last);
}

static void check_row(const struct lx_row *row)
{
    require(row->id && strlen(row->id) < sizeof(((struct lx_row_label *)0)->id));
    require((row->from.kind == LX_ENDPOINT_SELF) != (row->to.kind == LX_ENDPOINT_SELF));
    require(row->unresolved || row->transports);
    require(row->source && row->place.line);
    check_endpoint(&row->from);
    check_endpoint(&row->to);
    check_ports(&row->source_ports);
    check_ports(&row->destination_ports);
}

static void read_policy(FILE *stream)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file;
    int error = lx_policy_file_read(stream, "fuzz.yaml", &file, &diagnostics);

    check_diagnostics(&diagnostics, error);
    lx_diagnostics_free(&diagnostics);
    if (error)
        return;
    for (size_t i = 0; i < file.role_count; i++) {
        for (size_t j = 0; j < file.roles[i].row_count; j++)
            check_row(&file.roles[i].rows[j]);
        for (size_t j = 0; j < file.roles[i].include_count; j++)
            require(lx_policy_file_role(&file, file.roles[i].includes[j]->name) == file.roles[i].includes[j]);
    }
    lx_policy_file_free(&file);
}

static void read_site(FILE *stream)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_site site;
    int error = lx_site_file_read(stream, "fuzz.yaml", &site, &diagnostics);

    check_diagnostics(&diagnostics, error);
    lx_diagnostics_free(&diagnostics);
    if (error)
        return;
    for (size_t i = 0; i < site.row_count; i++)
        check_row(&site.rows[i]);
    require(!(site.built_ins_on & site.built_ins_off));
    lx_site_free(&site);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *stream = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");

    if (!stream)
        return 0;
    read_policy(stream);
    rewind(stream);
    read_site(stream);
    fclose(stream);
    return 0;
}
