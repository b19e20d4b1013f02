/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of an attachment: those of a policy, and the few that are settled when its programs are attached. */
#include "attachment_options.h"

#include "user/cli/print/output.h"
#include "user/core/policy/declaration.h"
#include "user/core/text/number.h"

static int take_mode(void *field, const char *value)
{
    int mode = lx_name_index(value, lx_mode_names, LX_MODES);

    if (mode < 0)
        return lx_usage_error("--mode '%s': write auto, native or generic", value);
    *(enum lx_mode_choice *)field = (enum lx_mode_choice)mode;
    return LX_EXIT_DONE;
}

static int take_flows(void *field, const char *value)
{
    if (lx_number_parse(value, LX_FEWEST_FLOWS, LX_MOST_FLOWS, field))
        return LX_EXIT_DONE;
    return lx_usage_error("--flows '%s': write a number from %d to %u", value, LX_FEWEST_FLOWS, LX_MOST_FLOWS);
}

static const struct lx_option attachment_options[] = {
    {"flows", "N", "size of the flow table", take_flows, offsetof(struct lx_attachment_options, choices.flows),
     "65536"},
    {"mode", "auto|native|generic", "XDP mode; auto takes native, or generic where the driver has no native", take_mode,
     offsetof(struct lx_attachment_options, choices.mode), "auto"},
    {"pair", "IFACE", "filter inline between two interfaces; this is the one on the role's side", lx_take_text,
     offsetof(struct lx_attachment_options, pair)},
    {"with", "IFACE",
     "filter this interface with it, by one policy and one flow table; of a pair OUTER:INNER; repeatable", lx_take_word,
     offsetof(struct lx_attachment_options, with)},
    {"behind", NULL,
     "the role is behind this interface: a virtual machine's tap, a container's veth, a router's inner card",
     lx_take_flag, offsetof(struct lx_attachment_options, choices.behind)},
    {"forward", NULL, "the pair forwards packets by itself, without the kernel's bridge or routes", lx_take_flag,
     offsetof(struct lx_attachment_options, choices.forward)},
};

void lx_attachment_option_sets(struct lx_attachment_options *options, struct lx_words *request,
                               struct lx_option_set sets[LX_ATTACHMENT_OPTION_SETS])
{
    sets[0] = lx_policy_option_set(&options->policy);
    sets[1] = lx_enforcement_option_set(&options->policy);
    sets[0].words = sets[1].words = request;
    sets[2] = (struct lx_option_set)LX_OPTION_SET(attachment_options, options);
}

int lx_attachment_options_check(const struct lx_attachment_options *options)
{
    const struct lx_egress_choice *egress = &options->policy.egress;

    if (options->choices.behind && options->pair)
        return lx_usage_error(
            "--behind looks at both ways on one interface, --pair at one on each of two; leave one of "
            "them out");
    if (!options->choices.forward)
        return LX_EXIT_DONE;
    if (!options->pair)
        return lx_usage_error("--forward is for an inline pair; name the inner interface with --pair");
    if (egress->said && egress->mode == LX_EGRESS_OFF)
        return lx_usage_error("a pair that forwards by itself looks at what the role sends: with --forward write "
                              "--egress track, which drops nothing");
    return LX_EXIT_DONE;
}

void lx_attachment_options_free(struct lx_attachment_options *options)
{
    lx_policy_options_free(&options->policy);
    lx_words_free(&options->with);
}
