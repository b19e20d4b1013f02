/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares what is declared with what is attached, interface by interface. */
#include "plan.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cli/print/output.h"
#include "user/core/resolve/request_words.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/hooks.h"
#include "user/kernel/attachment/location.h"
#include "user/kernel/attachment/members.h"
#include "user/kernel/process/namespace.h"

/* --- What is attached ----------------------------------------------------------------------------------------------
 */

/* What was filtered with it. Returns 0, or that it is not all there. */
static int find_wires_before(const struct lx_attachment *attachment, struct lx_wires *wires)
{
    int error = 0;

    for (size_t i = 0; i < attachment->members.count && !error; i++)
        error = lx_wire_find(&attachment->members.items[i], &wires->items[wires->count++]);
    return error;
}

/* What is in force, so that it can be put back. What its files say now is the next best to what they said. */
static void keep(const struct lx_attachment *attachment, struct lx_plan_item *item)
{
    const struct lx_metadata *metadata = &attachment->metadata;
    struct lx_policy_spec *before = &item->before;
    struct lx_failure unheard;

    before->is_inline = metadata->pair_ifindex != 0;
    before->vlan = metadata->vlan;
    if (lx_request_published(&attachment->publication, &before->words) ||
        (before->is_inline && lx_interface_find(metadata->pair, &item->pair_before, &unheard)))
        return;
    if (find_wires_before(attachment, &item->wires_before))
        return;
    item->returns = lx_policy_spec_compose("apply", item->name, before) == LX_EXIT_DONE &&
                    lx_compiled_policy_build(&before->compiled_policy) == LX_EXIT_DONE;
    item->choices_before = (struct lx_attach_choices){
        .mode = lx_mode_again(metadata->mode),
        .flows = metadata->flow_capacity,
        .forward = metadata->forward,
        .behind = lx_is_behind(metadata),
        .force = true, /* as it was */
    };
}

/* Why an update cannot bring an attachment to the declared state; NULL when it can. */
static const char *beyond_update(const struct lx_plan_item *item, const struct lx_attachment *attachment)
{
    const struct lx_metadata *metadata = &attachment->metadata;
    const struct lx_attach_choices *choices = &item->config.choices;
    uint32_t flows = choices->flows ?: LX_DEFAULT_FLOWS;

    if (!lx_pairing_is(metadata, &item->pair) && !lx_pairing_fits(metadata, &attachment->members, &item->pair))
        return "it is paired otherwise";
    if (lx_is_behind(metadata) != choices->behind)
        return choices->behind ? "the role is behind it now" : "the role is not behind it now";
    if (metadata->mode && ((choices->mode == LX_MODE_ONLY_NATIVE && metadata->mode != LX_MODE_NATIVE) ||
                           (choices->mode == LX_MODE_ONLY_GENERIC && metadata->mode != LX_MODE_GENERIC)))
        return "its mode differs";
    /* An attachment without a flow table gets one of the usual size by an update. */
    if (item->config.policy.compiled_policy.policy.egress != LX_EGRESS_OFF &&
        flows != (metadata->from_role ? metadata->flow_capacity : LX_DEFAULT_FLOWS))
        return "the size of its flow table differs";
    return NULL;
}

/* Why an update is needed; NULL when it is not. */
static const char *differs(const struct lx_plan_item *item, const struct lx_attachment *attachment)
{
    const struct lx_publication *publication = &attachment->publication;

    if (!lx_pairing_is(&attachment->metadata, &item->pair))
        return "it is paired otherwise";
    if (!lx_members_are(&attachment->members, item->wires.items, item->wires.count))
        return "what is filtered with it differs";
    if (lx_attachment_hook_state(attachment, LX_HOOK_TO_ROLE) != LX_STATE_FILTERING)
        return "not all of its programs run any more";
    if (lx_attachment_has_hook(attachment, LX_HOOK_FROM_ROLE) &&
        lx_attachment_hook_state(attachment, LX_HOOK_FROM_ROLE) != LX_STATE_FILTERING)
        return "what it sends is not looked at any more";
    if (lx_published_origin(publication) != item->config.policy.compiled_policy.policy.origin)
        return "it is filtered for want of what is declared";
    if (!lx_policy_spec_published(&item->config.policy, publication))
        return publication->digest == lx_policy_digest(&item->config.policy.compiled_policy.policy)
                   ? "its options differ"
                   : "its policy differs";
    if (lx_control_deadline(attachment->control))
        return "a trial is pending";
    if (lx_attachment_takes_tags(attachment) == 1)
        return "VLAN tags are taken off its frames again";
    return attachment->metadata.program_version != LX_PROGRAM_VERSION ? "its programs are of another version" : NULL;
}

static void compare(struct lx_plan_item *item, const struct lx_attachment *attachment)
{
    if (lx_attachment_unfinished(attachment) ||
        (lx_attachment_own_state(attachment, LX_HOOK_TO_ROLE) != LX_STATE_FILTERING &&
         !lx_location_goes_on(attachment->directory, 0))) {
        item->action = LX_ACTION_ATTACH; /* which tidies up what is left */
        item->why = "its program does not run on it any more";
    } else if ((item->why = beyond_update(item, attachment))) {
        item->action = LX_ACTION_REATTACH;
        keep(attachment, item);
    } else if ((item->why = differs(item, attachment))) {
        item->action = LX_ACTION_UPDATE;
    }
}

/* True for an interface that runs a program of ours whose pins are lost. */
static bool orphaned(const struct lx_interface *interface)
{
    char name[LX_INTERFACE_NAME];

    return lx_orphan_after(interface->index - 1, name) == interface->index;
}

static int look_at(struct lx_plan_item *item)
{
    struct lx_attachment attachment;
    struct lx_failure failure;
    int error = lx_attachment_open(&item->interface, &attachment, &failure);

    if (!error && !attachment.gone && attachment.metadata.ifindex != item->interface.index) {
        item->action = LX_ACTION_ATTACH;
        item->why = attachment.members.count ? "it is filtered with another" : "it is the inner side of another pair";
        lx_attachment_close(&attachment);
        return LX_EXIT_DONE;
    }
    if (!error) {
        compare(item, &attachment);
        lx_attachment_close(&attachment);
        return LX_EXIT_DONE;
    }
    if (error != -ENOENT)
        return lx_print_failure(&failure);
    item->action = orphaned(&item->interface) ? LX_ACTION_REATTACH : LX_ACTION_ATTACH;
    item->why = item->action == LX_ACTION_REATTACH ? "its pins are lost" : NULL;
    return LX_EXIT_DONE;
}

/* What is known of an interface by its name alone: of a VLAN even if it is not there. */
static void begin(const struct lx_declared *declared, struct lx_plan_item *item)
{
    struct lx_failure unheard;

    snprintf(item->name, sizeof(item->name), "%s", declared->interface);
    lx_interface_find(declared->interface, &item->interface, &unheard);
    item->config = (struct lx_interface_config){.policy.vlan = item->interface.vlan};
}

/* What is declared, with the texts that say it. */
static int compose(const struct lx_declared *declared, struct lx_plan_item *item)
{
    begin(declared, item);
    item->config.policy.compiled_policy.tables.kept = &item->texts;
    return lx_interface_config_compose("apply", declared, &item->config);
}

/* What it takes to bring an interface to its configuration. */
static int plan_composed(const struct lx_declared *declared, const struct lx_intent *intent, struct lx_plan_item *item)
{
    const char *pair = item->config.pair;
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    item->config.choices.force = intent->force;
    if (lx_interface_find(declared->interface, &item->interface, &failure) ||
        lx_interface_check(&item->interface, &failure))
        result = lx_print_failure(&failure);
    if (result == LX_EXIT_DONE)
        memcpy(item->name, item->interface.name, sizeof(item->name));
    if (result == LX_EXIT_DONE && pair)
        result = lx_pair_find(pair, &item->interface, item->config.choices.forward, &item->pair);
    if (result == LX_EXIT_DONE &&
        lx_wires_find(&item->config.with, &item->interface, pair ? &item->pair : NULL, &item->wires) != LX_EXIT_DONE)
        result = LX_EXIT_FAILED;
    if (result == LX_EXIT_DONE)
        result = look_at(item);
    if (result == LX_EXIT_DONE && item->action != LX_ACTION_NONE)
        result = lx_guard_attachment(&item->interface, pair ? &item->pair : NULL, item->config.choices.behind,
                                     &item->config.policy.compiled_policy.policy,
                                     &item->config.policy.compiled_policy.compiled, intent);
    if (result == LX_EXIT_DONE && item->action != LX_ACTION_NONE)
        result = lx_guard_wires(&item->wires, item->pair.forward, item->config.choices.behind,
                                &item->config.policy.compiled_policy.policy,
                                &item->config.policy.compiled_policy.compiled, intent);
    return result;
}

static int plan_declared(const struct lx_declared *declared, const struct lx_intent *intent, struct lx_plan_item *item)
{
    int result = compose(declared, item);

    if (result == LX_EXIT_DONE)
        result = plan_composed(declared, intent, item);
    if (result != LX_EXIT_DONE)
        lx_print_error("%s:%u: %s cannot be brought to this state", declared->place.file, declared->place.line,
                       declared->interface);
    return result;
}

/* --- What is not declared ------------------------------------------------------------------------------------------
 */

/* Whether what a declaration calls an interface means the one of that name: it may be an alternative name. */
static bool means(const char *declared, const char *name)
{
    struct lx_interface interface;

    return !strcmp(declared, name) || (!lx_interface_find(declared, &interface, NULL) && !strcmp(interface.name, name));
}

static bool is_declared(const struct lx_declaration *declaration, const char *name)
{
    for (size_t i = 0; i < declaration->count; i++)
        if (means(declaration->items[i].interface, name))
            return true;
    return false;
}

/* Whether an interface is one of a word of `with`. */
static bool is_with(const char *word, const char *name)
{
    char first[LX_INTERFACE_NAME * 8];

    snprintf(first, sizeof(first), "%.*s", (int)strcspn(word, ":"), word);
    return means(first, name) || (strchr(word, ':') && means(strchr(word, ':') + 1, name));
}

bool lx_plan_stands_on(const struct lx_declared *declared, const char *name)
{
    bool stands = means(declared->interface, name) || (declared->pair && means(declared->pair, name));

    for (size_t i = 0; i < declared->with.count && !stands; i++)
        stands = is_with(declared->with.items[i], name);
    return stands;
}

/* Whether something declared stands on the interface. */
static bool is_needed(const struct lx_declaration *declaration, const char *name)
{
    bool needed = false;

    for (size_t i = 0; name[0] && i < declaration->count && !needed; i++)
        needed = lx_plan_stands_on(&declaration->items[i], name);
    return needed;
}

/* The same of any interface that an attachment stands on. */
static bool stands_in_the_way(const struct lx_declaration *declaration, const struct lx_attachment *attachment)
{
    bool needed =
        is_needed(declaration, attachment->metadata.interface) || is_needed(declaration, attachment->metadata.pair);

    for (size_t i = 0; i < attachment->members.count && !needed; i++)
        needed = is_needed(declaration, attachment->members.items[i].interface) ||
                 is_needed(declaration, attachment->members.items[i].pair);
    return needed;
}

static struct lx_plan_item *add_detach(struct lx_plan *plan, const char *name, const char *why)
{
    struct lx_plan_item *items = reallocarray(plan->items, plan->count + 1, sizeof(*items));

    if (!items)
        return NULL;
    plan->items = items;
    items[plan->count] = (struct lx_plan_item){.action = LX_ACTION_DETACH, .why = why};
    snprintf(items[plan->count].name, sizeof(items->name), "%s", name);
    return &items[plan->count++];
}

/* What a killed command left: attaching tidies it up, where the interface is declared. */
static int plan_remains(const struct lx_declaration *declaration, const char *directory, unsigned index,
                        struct lx_plan *plan)
{
    char name[IF_NAMESIZE] = "";
    struct lx_plan_item *item;

    if (if_indextoname(index, name) && is_declared(declaration, name))
        return LX_EXIT_DONE;
    item = add_detach(plan, name[0] ? name : "gone", "a command that was killed left its pins");
    if (!item)
        return lx_memory_error();
    snprintf(item->directory, sizeof(item->directory), "%s", directory);
    return LX_EXIT_DONE;
}

/* An attachment by its pins, if it is one of this namespace. What is gone goes with attaching where its name is needed.
 */
static int plan_undeclared(const struct lx_declaration *declaration, const char *directory, struct lx_plan *plan)
{
    const uint64_t own = lx_namespace_own();
    struct lx_attachment attachment;
    struct lx_failure failure;
    struct lx_pin_name name;
    struct lx_plan_item *item = NULL;
    struct lx_called called;
    int error, result = LX_EXIT_DONE;

    error = lx_attachment_open_directory(directory, &attachment, &failure);
    if (error && (lx_pins_name(directory, &name) || name.netns != own))
        return LX_EXIT_DONE;
    if (error == -ENOENT)
        return plan_remains(declaration, directory, name.ifindex, plan);
    if (error)
        return lx_print_failure(&failure);
    called = lx_called(attachment.metadata.interface, attachment.metadata.vlan);
    if (attachment.metadata.netns == own && !is_declared(declaration, called.text)) {
        item = add_detach(plan, called.text, attachment.gone ? "the interface is gone" : "it is not declared");
        result = item ? LX_EXIT_DONE : lx_memory_error();
    }
    if (item && !attachment.gone && stands_in_the_way(declaration, &attachment)) {
        item->in_the_way = true;
        keep(&attachment, item);
    }
    if (item && attachment.gone)
        snprintf(item->directory, sizeof(item->directory), "%s", directory);
    else if (item && lx_interface_find(item->name, &item->interface, &failure))
        result = lx_print_failure(&failure);
    lx_attachment_close(&attachment);
    return result;
}

static int plan_orphans(const struct lx_declaration *declaration, struct lx_plan *plan)
{
    char name[LX_INTERFACE_NAME];
    struct lx_failure failure;

    for (unsigned index = 0; (index = lx_orphan_after(index, name));) {
        struct lx_plan_item *item;

        if (is_declared(declaration, name))
            continue;
        item = add_detach(plan, name, "it is not declared");
        if (!item)
            return lx_memory_error();
        if (lx_interface_find(name, &item->interface, &failure))
            return lx_print_failure(&failure);
    }
    return LX_EXIT_DONE;
}

static int plan_rest(const struct lx_declaration *declaration, struct lx_plan *plan)
{
    struct lx_words directories = {0};
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    if (lx_attachments_list(&directories, &failure))
        return lx_print_failure(&failure);
    for (size_t i = 0; i < directories.count && result == LX_EXIT_DONE; i++)
        result = plan_undeclared(declaration, directories.items[i], plan);
    lx_words_free(&directories);
    return result == LX_EXIT_DONE ? plan_orphans(declaration, plan) : result;
}

/* Two names may be those of one interface. */
static int refuse_twice(const struct lx_declaration *declaration, const struct lx_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < i; j++) {
            if (!plan->items[i].interface.index || plan->items[i].interface.index != plan->items[j].interface.index)
                continue;
            lx_print_error("%s:%u: %s and %s are two names of one interface; declare it once",
                           declaration->items[i].place.file, declaration->items[i].place.line,
                           declaration->items[j].interface, declaration->items[i].interface);
            return LX_EXIT_POLICY;
        }
    return LX_EXIT_DONE;
}

int lx_plan_make(const struct lx_declaration *declaration, const struct lx_intent *intent, struct lx_plan *plan)
{
    struct lx_plan made = {.items = calloc(declaration->count + 1, sizeof(*made.items)), .count = declaration->count};
    int result = LX_EXIT_DONE;

    if (!made.items)
        return lx_memory_error();
    for (size_t i = 0; i < declaration->count; i++) {
        int one = plan_declared(&declaration->items[i], intent, &made.items[i]);

        if (result == LX_EXIT_DONE || one == LX_EXIT_POLICY)
            result = one; /* the mistakes of the others are reported in the same run */
    }
    if (result == LX_EXIT_DONE)
        result = refuse_twice(declaration, &made);
    if (result == LX_EXIT_DONE)
        result = plan_rest(declaration, &made);
    if (result == LX_EXIT_DONE)
        *plan = made;
    else
        lx_plan_free(&made);
    return result;
}

static bool is_filtered(const char *name)
{
    struct lx_interface interface;
    struct lx_attachment attachment;
    struct lx_failure unheard;
    bool filtered;

    if (lx_interface_find(name, &interface, &unheard) || lx_attachment_open(&interface, &attachment, &unheard))
        return false;
    filtered = lx_attachment_hook_state(&attachment, LX_HOOK_TO_ROLE) == LX_STATE_FILTERING;
    lx_attachment_close(&attachment);
    return filtered;
}

static void say_left(const struct lx_declared *declared, bool filtered)
{
    const char *name = declared->interface, *file = declared->place.file;

    if (filtered)
        lx_print_error("%s:%u: %s goes on with what is in force: what is declared cannot be used", file,
                       declared->place.line, name);
    else if (declared->mistaken)
        lx_print_error("%s:%u: %s is left as it is: its declaration has mistakes", file, declared->place.line, name);
    else
        lx_print_error("%s:%u: %s cannot be brought to this state", file, declared->place.line, name);
}

/* By what is declared, or else by what stands in for it. The exit code is that of what is declared. */
static int plan_one(const char *file, const struct lx_declared *declared, const struct lx_intent *intent,
                    struct lx_plan_item *item)
{
    int asked = declared->mistaken ? LX_EXIT_POLICY : compose(declared, item), result = asked;
    bool filtered = asked != LX_EXIT_DONE && is_filtered(declared->interface);

    if (asked != LX_EXIT_DONE) {
        lx_interface_config_free(&item->config);
        begin(declared, item);
    }
    if (asked != LX_EXIT_DONE && !filtered) {
        result = lx_fallback_compose(file, declared, &item->fallback, &item->config);
    }
    if (result == LX_EXIT_DONE)
        result = plan_composed(declared, intent, item);
    if (result != LX_EXIT_DONE)
        say_left(declared, filtered);
    item->failed = result != LX_EXIT_DONE;
    return asked != LX_EXIT_DONE ? asked : result;
}

int lx_plan_make_each(const struct lx_declaration *declaration, const bool *wanted, bool rest,
                      const struct lx_intent *intent, struct lx_plan *plan)
{
    int result = LX_EXIT_DONE;

    *plan =
        (struct lx_plan){.items = calloc(declaration->count + 1, sizeof(*plan->items)), .count = declaration->count};
    if (!plan->items) {
        plan->count = 0;
        return lx_memory_error();
    }
    for (size_t i = 0; i < declaration->count; i++) {
        struct lx_plan_item *item = &plan->items[i];
        int one = wanted[i] ? plan_one(declaration->name, &declaration->items[i], intent, item) : LX_EXIT_DONE;

        item->left_out = !wanted[i];
        if (item->failed)
            item->action = LX_ACTION_NONE;
        result = result != LX_EXIT_DONE ? result : one;
    }
    if (rest) {
        int one = plan_rest(declaration, plan);

        result = result != LX_EXIT_DONE ? result : one;
    }
    return result;
}

void lx_plan_free(struct lx_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct lx_plan_item *item = &plan->items[i];

        if (item->held)
            lx_update_end(&item->update);
        lx_interface_config_free(&item->config);
        lx_fallback_free(&item->fallback);
        lx_last_good_free(&item->texts);
        lx_policy_spec_free(&item->before);
    }
    free(plan->items);
    *plan = (struct lx_plan){0};
}
