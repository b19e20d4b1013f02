/* SPDX-License-Identifier: GPL-2.0-only */
#include "fallback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/options/options.h"
#include "user/cli/policy/keeping.h"
#include "user/cli/policy/opening.h"
#include "user/cli/print/output.h"

/* --- Which interfaces there are ---------------------------------------------------------------------------------- */

static bool names(const struct lx_declaration *declaration, const char *interface)
{
    for (size_t i = 0; i < declaration->count; i++)
        if (!strcmp(declaration->items[i].interface, interface))
            return true;
    return false;
}

static int add_declared(struct lx_declaration *declaration, const char *interface)
{
    struct lx_declared *items = reallocarray(declaration->items, declaration->count + 1, sizeof(*items));

    if (!items)
        return -ENOMEM;
    declaration->items = items;
    items[declaration->count] =
        (struct lx_declared){.interface = strdup(interface), .mistaken = true, .place = {.file = declaration->name}};
    if (!items[declaration->count].interface)
        return -ENOMEM;
    declaration->count++;
    return 0;
}

int lx_fallback_declare(const char *file, struct lx_declaration *declaration)
{
    char *source = lx_keeping_source(file);
    struct lx_words kept = {0};
    int error = source ? lx_keeping_list(source, &kept) : 0;

    if (!error && kept.count && !declaration->name && !(declaration->name = strdup(file)))
        error = -ENOMEM;
    for (size_t i = 0; i < kept.count && !error; i++)
        if (!names(declaration, kept.items[i]))
            error = add_declared(declaration, kept.items[i]);
    lx_words_free(&kept);
    free(source);
    return error;
}

/* --- What applied well last -------------------------------------------------------------------------------------- */

/* The declaration that was kept, which had no mistake then. */
static int read_declaration(struct lx_fallback *fallback)
{
    const char *name = fallback->kept.declaration;
    struct lx_diagnostics diagnostics = {0};
    FILE *stream = lx_kept_text_open(lx_last_good_find(&fallback->kept, name));
    int error = stream ? lx_declaration_read_each(stream, name, &fallback->declaration, &diagnostics) : -ENOMEM;

    if (stream)
        fclose(stream);
    lx_diagnostics_free(&diagnostics); /* of other interfaces; what is wrong with this one is seen */
    return error == -ENOMEM ? error : 0;
}

static const struct lx_declared *find(const struct lx_declaration *declaration, const char *interface)
{
    for (size_t i = 0; i < declaration->count; i++)
        if (!strcmp(declaration->items[i].interface, interface))
            return &declaration->items[i];
    return NULL;
}

/* Reads what is kept of an interface. Returns what was declared of it, or NULL. */
static const struct lx_declared *read_kept(const char *file, const char *interface, struct lx_fallback *fallback)
{
    char *source = lx_keeping_source(file);
    int error = source ? lx_keeping_read(source, interface, &fallback->kept) : -ENOENT;

    free(source);
    error = error ?: read_declaration(fallback);
    if (error && error != -ENOENT)
        lx_print_error("what applied well last to %s cannot be read: %s", interface,
                       error == -EINVAL ? "its file is damaged" : strerror(-error));
    return error ? NULL : find(&fallback->declaration, interface);
}

static int compose_kept(const struct lx_declared *kept, struct lx_fallback *fallback,
                        struct lx_interface_config *config)
{
    int result;

    if (!kept || kept->mistaken)
        return LX_EXIT_POLICY;
    config->policy.compiled_policy.tables.kept = &fallback->kept;
    result = lx_interface_config_compose("apply", kept, config);
    config->policy.compiled_policy.policy.origin = LX_ORIGIN_LAST_GOOD;
    if (result == LX_EXIT_DONE)
        lx_print_error("what is declared for %s cannot be used: it gets what applied well last", kept->interface);
    else
        lx_print_error("what applied well last to %s cannot be used either", kept->interface);
    return result;
}

/* --- Closed ------------------------------------------------------------------------------------------------------ */

static int compose_closed(const struct lx_declared *declared, struct lx_interface_config *config)
{
    struct lx_declared without = *declared;
    int result = lx_interface_config_read("apply", declared, config);

    if (result != LX_EXIT_DONE)
        return result;
    result =
        lx_compose_closed(declared, config->policy.is_inline, config->policy.vlan, &config->policy.compiled_policy);
    if (result != LX_EXIT_DONE) {
        lx_print_error("the management rows of %s cannot be used", declared->interface);
        lx_compiled_policy_free(&config->policy.compiled_policy);
        config->policy.compiled_policy = (struct lx_compiled_policy){0};
        without.management_count = 0;
        result =
            lx_compose_closed(&without, config->policy.is_inline, config->policy.vlan, &config->policy.compiled_policy);
    }
    if (result == LX_EXIT_DONE)
        lx_print_error("there is no policy to be had for %s: IT IS CLOSED to all but its neighbours, DHCP and its "
                       "management rows",
                       declared->interface);
    return result;
}

int lx_fallback_compose(const char *file, const struct lx_declared *declared, struct lx_fallback *fallback,
                        struct lx_interface_config *config)
{
    const struct lx_declared *kept = read_kept(file, declared->interface, fallback);
    const unsigned vlan = config->policy.vlan;
    int result = compose_kept(kept, fallback, config);

    if (result == LX_EXIT_DONE)
        return result;
    lx_interface_config_free(config);
    *config = (struct lx_interface_config){.policy.vlan = vlan};
    /* Where today's declaration has mistakes, the one that had none knows better how its rows were meant. */
    if (declared->mistaken && kept && kept->closed)
        return compose_closed(kept, config);
    return declared->closed ? compose_closed(declared, config) : result;
}

/* --- Keeping ----------------------------------------------------------------------------------------------------- */

int lx_fallback_keep(const char *file, const struct lx_last_good *declaration, const char *interface,
                     struct lx_last_good *texts)
{
    const struct lx_kept_text *text = lx_last_good_find(declaration, file);
    char buffer[PATH_MAX];
    int error;

    texts->source = lx_keeping_source(file);
    if (!texts->source)
        return 0; /* a pipe: there will be nothing to be broken */
    texts->interface = strdup(interface);
    texts->declaration = lx_absolute_path(file);
    texts->policies = texts->policies ?: strdup(lx_policy_directory(NULL, buffer));
    if (!text || !texts->interface || !texts->declaration || !texts->policies)
        return -ENOMEM;
    error = lx_last_good_add(texts, texts->declaration, texts->source, text->modified, text->bytes, text->size);
    return error ?: lx_keeping_write(texts);
}

void lx_fallback_free(struct lx_fallback *fallback)
{
    lx_declaration_free(&fallback->declaration);
    lx_last_good_free(&fallback->kept);
}
