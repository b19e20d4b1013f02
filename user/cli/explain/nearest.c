/* SPDX-License-Identifier: GPL-2.0-only */
/* From a publication's request to every row that could be near a packet. */
#include "nearest.h"

#include <stdlib.h>

#include "user/cli/policy/policy_spec.h"
#include "user/cli/print/output.h"
#include "user/core/explain/near_miss_text.h"
#include "user/core/resolve/request_words.h"

struct lx_nearest {
    struct lx_policy_spec spec;
    struct lx_request request;
    struct lx_near_rows near_rows;
};

static const struct lx_site *site_of(const struct lx_nearest *nearest)
{
    const struct lx_tables *tables = &nearest->spec.compiled_policy.tables;

    return tables->has_site ? &tables->site : NULL;
}

static bool gather(struct lx_nearest *nearest, const char *verb, const struct lx_attachment *attachment)
{
    struct lx_policy_spec *spec = &nearest->spec;

    spec->is_inline = attachment->metadata.pair_ifindex != 0;
    spec->vlan = attachment->metadata.vlan;
    if (lx_request_published(&attachment->publication, &spec->words) || !spec->words.count ||
        lx_policy_spec_compose(verb, lx_called(attachment->metadata.interface, attachment->metadata.vlan).text, spec) !=
            LX_EXIT_DONE)
        return false;
    nearest->request = lx_policy_request(&spec->compiled_policy.tables, &spec->options);
    return !lx_near_rows_gather(spec->compiled_policy.tables.files, site_of(nearest), &nearest->request,
                                &nearest->near_rows);
}

struct lx_nearest *lx_nearest_open(const char *verb, const struct lx_attachment *attachment)
{
    struct lx_nearest *nearest = calloc(1, sizeof(*nearest));

    if (nearest && gather(nearest, verb, attachment)) {
        if (!lx_policy_spec_published(&nearest->spec, &attachment->publication))
            lx_print_warning("the files of %s have changed since its policy was put in force: what is near a packet is "
                             "judged by what they say now",
                             lx_called(attachment->metadata.interface, attachment->metadata.vlan).text);
        return nearest;
    }
    lx_print_warning("the rows of %s cannot be read again, so that no nearest row is shown",
                     lx_called(attachment->metadata.interface, attachment->metadata.vlan).text);
    if (nearest)
        lx_policy_spec_free(&nearest->spec);
    free(nearest);
    return NULL;
}

struct lx_near_miss lx_nearest_find(const struct lx_nearest *nearest, const struct lx_probe *probe, enum lx_hook hook,
                                    char **text)
{
    struct lx_near_miss miss = lx_near_miss_find(&nearest->near_rows, probe, hook);

    *text = lx_near_miss_text(&miss, probe, &nearest->request, site_of(nearest));
    return miss;
}

void lx_nearest_close(struct lx_nearest *nearest)
{
    if (!nearest)
        return;
    lx_near_rows_free(&nearest->near_rows);
    lx_policy_spec_free(&nearest->spec);
    free(nearest);
}
