/* SPDX-License-Identifier: GPL-2.0-only */
/* Read, resolve, compile. What holds without being said is decided here, so that no two verbs differ in it. */
#include "compiled_policy.h"

#include <errno.h>

#include "user/cli/print/output.h"
#include "user/core/resolve/closed.h"
#include "user/core/resolve/placement.h"

int lx_compose(const struct lx_policy_options *options, bool is_inline, struct lx_compiled_policy *compiled_policy)
{
    int result = lx_tables_read(options, &compiled_policy->tables);

    if (result == LX_EXIT_DONE)
        result = lx_tables_resolve(&compiled_policy->tables, options, &compiled_policy->policy);
    compiled_policy->policy.egress =
        options->egress.said ? options->egress.mode : lx_default_egress(&options->roles, is_inline);
    if (is_inline)
        lx_place_inline(&compiled_policy->policy);
    compiled_policy->policy.audit = options->audit;
    return result;
}

int lx_compose_closed(const struct lx_declared *declared, bool is_inline, unsigned vlan,
                      struct lx_compiled_policy *compiled_policy)
{
    struct lx_diagnostics diagnostics = {0};
    int error = lx_closed_policy(declared, &compiled_policy->policy, &diagnostics);
    int result = lx_resolve_exit(error, &diagnostics);

    compiled_policy->policy.vlan = (uint16_t)vlan;
    if (result == LX_EXIT_DONE && is_inline)
        lx_place_inline(&compiled_policy->policy);
    return result == LX_EXIT_DONE ? lx_compiled_policy_build(compiled_policy) : result;
}

int lx_refuse_bypass(const struct lx_compiled_policy *compiled_policy)
{
    const struct lx_bypass *bypass = &compiled_policy->policy.bypass;
    const struct lx_site *site = &compiled_policy->tables.site;
    struct lx_diagnostics diagnostics = {0};

    if (!lx_bypass_any(bypass))
        return LX_EXIT_DONE;
    lx_text_mistake(
        &site->text, &diagnostics, site->bypass.place.line, site->bypass.place.column,
        "bypass is for pairs (--pair), whose neighbours stand behind them; on a host, open another address "
        "by a row with a self of its own: {id: NAME, from: any, to: self, self: ADDR, transport: tcp, port: 80}");
    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    return LX_EXIT_POLICY;
}

int lx_compiled_policy_build(struct lx_compiled_policy *compiled_policy)
{
    struct lx_diagnostics diagnostics = {0};
    int error = lx_compile(&compiled_policy->policy, &compiled_policy->compiled, &diagnostics);

    lx_print_diagnostics(&diagnostics);
    lx_diagnostics_free(&diagnostics);
    if (error == -ENOMEM)
        return lx_memory_error();
    return error ? LX_EXIT_POLICY : LX_EXIT_DONE;
}

void lx_compiled_policy_free(struct lx_compiled_policy *compiled_policy)
{
    lx_compiled_free(&compiled_policy->compiled);
    lx_policy_free(&compiled_policy->policy);
    lx_tables_free(&compiled_policy->tables);
}
