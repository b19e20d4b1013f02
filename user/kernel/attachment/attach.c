/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching: everything is loaded, published and pinned first, and what the role sends is recorded before anything is
 * dropped, so that letting the to-role program onto the interface is one last step that puts a whole policy in force.
 * What a killed command left half done is tidied up on the way.
 */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claim.h"
#include "detach.h"
#include "hooks.h"
#include "lock.h"
#include "pair.h"
#include "pick_up.h"
#include "publish.h"
#include "user/core/resolve/request_words.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/link_settings.h"
#include "user/kernel/link/program.h"
#include "user/kernel/link/running.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/clock.h"
#include "user/kernel/process/privilege.h"

#define FIRST_SLOT 0
#define FALLBACK_SLOT 1
#define JOINING_SLOT 2 /* in force until all of several interfaces have their programs: it drops nothing */

/* An interface, or pair, on its way into an attachment: what is there to be undone if a step fails. */
struct attaching {
    const struct lx_interface *interface, *pair;

    /* Of the first one, which gives the attachment its name: those that are filtered with it, whose maps are its own.
     */
    struct attaching *with;
    size_t with_count;

    struct lx_metadata metadata;
    unsigned needs; /* enum lx_link_need bits */
    struct lx_maps maps;
    bool pinned; /* the directory was created */
    bool force;  /* tags that are taken off all the same are borne */
    char directory[LX_PINS_PATH];
};

static int describe(struct attaching *attaching, const struct lx_shape *shape, struct lx_failure *failure)
{
    const struct lx_interface *interface = attaching->interface, *pair = attaching->pair;
    struct lx_metadata *metadata = &attaching->metadata;

    *metadata = (struct lx_metadata){
        .magic = LX_MAGIC,
        .abi_version = LX_ABI_VERSION,
        .ifindex = interface->index,
        .netns = interface->netns,
        .image_capacity = shape->capacity,
        .program_version = LX_PROGRAM_VERSION,
        .from_role = shape->from_role,
        .flow_capacity = shape->from_role ? shape->flows : 0,
        .pair_ifindex = pair ? pair->index : 0,
        .forward = shape->forward,
        .placement = shape->behind ? LX_PLACEMENT_BEHIND
                     : pair        ? LX_PLACEMENT_PAIR
                                   : LX_PLACEMENT_HOST,
        .member = metadata->member,
        .joining = metadata->joining,
        .vlan = interface->vlan,
    };
    metadata->clsact = lx_has_filter(metadata) && lx_clsact_look(interface->index) == -ENOENT;
    snprintf(metadata->interface, sizeof(metadata->interface), "%s", interface->device);
    if (pair)
        snprintf(metadata->pair, sizeof(metadata->pair), "%s", pair->device);
    return lx_link_settings_look(interface, pair, attaching->needs, metadata, failure);
}

/*
 * The same policy, which drops nothing and counts what it would have: what a trial on a first attach falls back to, and
 * what is in force while several interfaces get their programs.
 */
static int publish_audit(struct attaching *attaching, const struct lx_publishing *publishing, uint32_t slot,
                         uint64_t generation, struct lx_failure *failure)
{
    struct lx_diagnostics unheard = {0};
    struct lx_policy policy = *publishing->policy;
    struct lx_words request = {0}, audit = {.items = (char *[]){(char *)"--audit"}, .count = 1};
    struct lx_publishing fallback = *publishing;
    struct lx_compiled compiled = {0};
    int error;

    policy.audit = true;
    fallback.policy = &policy;
    fallback.compiled = &compiled;
    fallback.request = &request;
    fallback.slot = slot;
    fallback.generation = generation;
    error = lx_compile(&policy, &compiled, &unheard);
    error = error ?: lx_request_merge(publishing->request ?: &request, &audit, &request);
    if (error)
        lx_fail(failure, LX_EXIT_FAILED, -error, "cannot prepare what drops nothing: %s", strerror(-error));
    error = error ?: lx_publish(&attaching->maps, &fallback, failure);
    lx_words_free(&request);
    lx_compiled_free(&compiled);
    lx_diagnostics_free(&unheard);
    return error;
}

/* Puts the policy in force, on trial if it is one. */
static int begin(const struct attaching *attaching, uint32_t seconds, struct lx_failure *failure)
{
    const uint64_t word =
        seconds ? lx_control_word(FIRST_SLOT, FALLBACK_SLOT, LX_NO_SHADOW, lx_boottime_ms() + seconds * 1000ull)
                : lx_control_word(FIRST_SLOT, FIRST_SLOT, LX_NO_SHADOW, 0);

    return lx_publish_control(attaching->maps.fds[LX_MAP_CONTROL], word, failure);
}

static int publish(struct attaching *attaching, const struct lx_policy *policy, const struct lx_compiled *compiled,
                   const struct lx_attach_choices *choices, struct lx_failure *failure)
{
    const struct lx_publishing publishing = {.policy = policy,
                                             .compiled = compiled,
                                             .request = choices->request,
                                             .slot = FIRST_SLOT,
                                             .generation = choices->try_seconds ? 2 : 1};
    int error = lx_publish(&attaching->maps, &publishing, failure);

    error = error ?: lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, failure);
    for (size_t i = 0; i < attaching->with_count && !error; i++)
        error = lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->with[i].metadata, failure);
    if (!error && choices->try_seconds)
        error = publish_audit(attaching, &publishing, FALLBACK_SLOT, publishing.generation - 1, failure);
    if (!attaching->with_count)
        return error ?: begin(attaching, choices->try_seconds, failure);
    error = error ?: publish_audit(attaching, &publishing, JOINING_SLOT, 0, failure);
    return error
               ?: lx_publish_control(attaching->maps.fds[LX_MAP_CONTROL],
                                     lx_control_word(JOINING_SLOT, JOINING_SLOT, LX_NO_SHADOW, 0), failure);
}

/* Everything that readers need, the metadata last: who finds it finds all. */
static int pin(struct attaching *attaching, struct lx_failure *failure)
{
    const char *path = attaching->directory;
    int error;

    error = lx_pins_create(path, failure);
    if (error)
        return error;
    attaching->pinned = true;
    error = lx_maps_pin(&attaching->maps, path, failure);
    return error ?: lx_pin_map(attaching->maps.fds[LX_MAP_METADATA], path, LX_PIN_METADATA, failure);
}

/* Makes a pair forward what its programs will let through, and the cards leave in the frames what will be judged. */
static int connect(const struct attaching *attaching, struct lx_failure *failure)
{
    const struct lx_metadata *metadata = &attaching->metadata;
    int error = metadata->forward && !metadata->member
                    ? lx_pair_connect(attaching->maps.fds[LX_MAP_PEERS], metadata, failure)
                    : 0;

    return error ?: lx_link_settings_change(metadata, attaching->needs, attaching->force, failure);
}

/* Of those that are filtered with another it is the programs' maps that matter, which are pinned. */
static int pin_program(const struct attaching *attaching, enum lx_program which, int program,
                       struct lx_failure *failure)
{
    if (attaching->metadata.member)
        return 0;
    return lx_repin_program(program, attaching->directory, lx_program_pins[which], failure);
}

/* The program of tc, if it is of that hook: what leaves by an interface. */
static int let_out(struct attaching *attaching, enum lx_hook hook, struct lx_failure *failure)
{
    const enum lx_program which = lx_filter_program(&attaching->metadata);
    int error, program;

    if (!lx_has_filter_of(&attaching->metadata, hook))
        return 0;
    program = lx_program_load(&attaching->maps, which, false, failure);
    if (program < 0)
        return program;
    error = pin_program(attaching, which, program, failure);
    if (!error) {
        error = lx_clsact_create(attaching->interface, failure);
        attaching->metadata.clsact = error == 1;
        error = error < 0 ? error : lx_filter_attach(attaching->interface, program, failure);
    }
    close(program);
    return error ?: lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, failure);
}

/* The interface of a program of XDP. */
static const struct lx_interface *stands_on(const struct attaching *attaching, enum lx_program which)
{
    return lx_is_at_inner(&attaching->metadata, which) ? attaching->pair : attaching->interface;
}

/* What only attaching could show is written down. */
static int complete(struct attaching *attaching, enum lx_program which, int program, struct lx_failure *failure)
{
    const struct lx_interface *interface = stands_on(attaching, which);
    int error = lx_metadata_complete(&attaching->metadata, which, &attaching->maps);

    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error,
                       "the program was attached to %s but does not run there: %s; something else took it off",
                       interface->name, strerror(-error));
    error = pin_program(attaching, which, program, failure);
    return error ?: lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, failure);
}

/* A program of XDP, if there is to be one: what comes in by an interface. */
static int let_in(struct attaching *attaching, enum lx_program which, enum lx_mode_choice mode,
                  struct lx_failure *failure)
{
    const struct lx_interface *interface = stands_on(attaching, which);
    struct lx_running running;
    int error, program;

    if (!lx_place_of_xdp(&attaching->metadata, which))
        return 0;
    program = lx_pair_attach(&attaching->maps, which, interface, &attaching->metadata, mode, failure);
    /* Somebody was quicker: say who, rather than what the kernel thinks of it. */
    if ((program == -EBUSY || program == -EEXIST) && !lx_running_alone(interface->index, &running))
        return lx_fail_for_foreign(interface, &running, failure);
    if (program < 0)
        return program;
    error = complete(attaching, which, program, failure);
    close(program);
    return error;
}

/* What the role sends first, then what is running already: it is known before anything asks for it. */
static int let_role_send(struct attaching *attaching, const struct lx_compiled *compiled, enum lx_mode_choice mode,
                         struct lx_failure *failure)
{
    int error = connect(attaching, failure);

    error = error ?: let_in(attaching, LX_PROGRAM_FROM_ROLE_XDP, mode, failure);
    error = error ?: let_out(attaching, LX_HOOK_FROM_ROLE, failure);
    if (!error && attaching->metadata.from_role)
        lx_pick_up(&attaching->maps, attaching->interface, compiled);
    return error;
}

/* What comes to it, by whichever way. */
static int let_come(struct attaching *attaching, enum lx_mode_choice mode, struct lx_failure *failure)
{
    int error = let_out(attaching, LX_HOOK_TO_ROLE, failure);

    return error ?: let_in(attaching, LX_PROGRAM_TO_ROLE_XDP, mode, failure);
}

/*
 * What comes to the role last: the policy is in force with it. Of several interfaces the first comes last, and then one
 * store puts the policy in force at all of them.
 */
static int put_in_force(struct attaching *attaching, const struct lx_compiled *compiled, enum lx_mode_choice mode,
                        struct lx_failure *failure)
{
    int error = let_role_send(attaching, compiled, mode, failure);

    for (size_t i = 0; i < attaching->with_count && !error; i++)
        error = let_role_send(&attaching->with[i], compiled, mode, failure);
    for (size_t i = 0; i < attaching->with_count && !error; i++)
        error = let_come(&attaching->with[i], mode, failure);
    return error ?: let_come(attaching, mode, failure);
}

/* What cannot be found again must not be called attached. */
static int find_again(const struct attaching *attaching, struct lx_failure *failure)
{
    struct lx_metadata found;
    int error = lx_metadata_find(attaching->directory, &found);

    if (!error && found.ifindex == attaching->metadata.ifindex && found.netns == attaching->metadata.netns)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, error ? -error : ESTALE,
                   "what was pinned in %s is lost at once: %s; attaching was taken back", attaching->directory,
                   strerror(error ? -error : ESTALE));
}

static void undo(struct attaching *attaching)
{
    if (!attaching->pinned)
        return;
    lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->metadata, NULL); /* whose the qdisc is */
    for (size_t i = 0; i < attaching->with_count; i++)
        lx_publish_metadata(attaching->maps.fds[LX_MAP_METADATA], &attaching->with[i].metadata, NULL);
    lx_hooks_remove(&attaching->metadata, attaching->directory, NULL);
    attaching->pinned = false;
}

/* Makes sure that an interface, or both of a pair, are nobody's, and writes down what is to be filtered there. */
static int prepare(struct attaching *attaching, const struct lx_shape *shape, struct lx_failure *failure)
{
    int error = lx_claim(attaching->interface, attaching->directory, failure);

    if (attaching->pair)
        error = error ?: lx_claim(attaching->pair, attaching->directory, failure);
    return error ?: describe(attaching, shape, failure);
}

static int attach_locked(struct attaching *attaching, const struct lx_policy *policy,
                         const struct lx_compiled *compiled, const struct lx_attach_choices *choices,
                         enum lx_mode_choice mode, struct lx_failure *failure)
{
    bool from_role = policy->egress != LX_EGRESS_OFF;
    const struct lx_shape shape = {
        .capacity = compiled->capacity,
        .flows = from_role ? choices->flows ?: LX_DEFAULT_FLOWS : 1, /* the table takes memory, used or not */
        .from_role = from_role,
        .paired = attaching->pair != NULL,
        .forward = choices->forward,
        .behind = choices->behind,
    };
    int error;

    error = prepare(attaching, &shape, failure);
    for (size_t i = 0; i < attaching->with_count && !error; i++)
        error = prepare(&attaching->with[i], &shape, failure);
    error = error ?: lx_maps_create(&shape, &attaching->maps, failure);
    if (error)
        return error;
    for (size_t i = 0; i < attaching->with_count; i++)
        attaching->with[i].maps = attaching->maps;
    error = publish(attaching, policy, compiled, choices, failure);
    error = error ?: pin(attaching, failure);
    error = error ?: put_in_force(attaching, compiled, mode, failure);
    /* Attaching took some of a trial's time. */
    if (!error && (choices->try_seconds || attaching->with_count))
        error = begin(attaching, choices->try_seconds, failure);
    error = error ?: find_again(attaching, failure);
    if (error)
        undo(attaching);
    lx_maps_close(&attaching->maps);
    return error;
}

/*
 * Of a pair that forwards by itself both sides run in the same mode: a driver that knows no XDP takes no frame from one
 * that does.
 */
static int attach_in_a_mode(struct attaching *attaching, const struct lx_policy *policy,
                            const struct lx_compiled *compiled, const struct lx_attach_choices *choices,
                            struct lx_failure *failure)
{
    bool fits = !choices->forward || lx_pair_fits_natively(attaching->interface);
    enum lx_mode_choice mode = choices->mode;
    int error;

    if (mode == LX_MODE_ONLY_NATIVE && !fits)
        return lx_fail(failure, LX_EXIT_FAILED, EOPNOTSUPP,
                       "this kernel does not forward frames of MTU %u natively (Linux 6.3 does); leave the mode to "
                       "lyncxdp, or ask for generic",
                       attaching->interface->mtu);
    if (choices->forward && mode == LX_MODE_AUTO)
        mode = fits ? LX_MODE_ONLY_NATIVE : LX_MODE_ONLY_GENERIC;
    error = attach_locked(attaching, policy, compiled, choices, mode, failure);
    if (!error || mode == choices->mode || mode == LX_MODE_ONLY_GENERIC || error == -EBUSY || error == -EEXIST)
        return error;
    return attach_locked(attaching, policy, compiled, choices, LX_MODE_ONLY_GENERIC, failure);
}

/* An interface or a pair as it comes; `pair` may be NULL, or one without an index. */
static struct attaching arrival(const struct lx_interface *interface, const struct lx_interface *pair, uint32_t member)
{
    return (struct attaching){
        .interface = interface,
        .pair = pair && pair->index ? pair : NULL,
        .maps = LX_MAPS_NONE,
        .metadata.member = member,
    };
}

static size_t list_interfaces(const struct attaching *attaching, unsigned ifindexes[2 * LX_MEMBERS])
{
    size_t count = 0;

    for (size_t i = 0; i <= attaching->with_count; i++) {
        const struct attaching *one = i ? &attaching->with[i - 1] : attaching;

        ifindexes[count++] = one->interface->index;
        ifindexes[count++] = one->pair ? one->pair->index : 0;
    }
    return count;
}

int lx_attach(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_compiled *compiled,
              const struct lx_attach_choices *choices, struct lx_metadata *attached, struct lx_failure *failure)
{
    const struct lx_pin_name name = {.netns = interface->netns, .ifindex = interface->index, .vlan = interface->vlan};
    struct attaching attaching = arrival(interface, choices->pair, 0), with[LX_MEMBERS - 1];
    unsigned ifindexes[2 * LX_MEMBERS];
    struct lx_locks locks;
    int error = choices->pair ? lx_pair_check(interface, choices->pair, choices->forward, failure) : 0;

    attaching.needs = (choices->forward ? LX_NEED_FORWARD : 0) | (lx_policy_reads_tags(policy) ? LX_NEED_TAGS : 0);
    attaching.force = choices->force;
    lx_pins_path(&name, attaching.directory);
    for (size_t i = 0; i < choices->with_count && i < LX_MEMBERS - 1; i++) {
        with[i] = arrival(&choices->with[i].interface, &choices->with[i].pair, (uint32_t)i + 1);
        with[i].needs = attaching.needs;
        with[i].force = attaching.force;
        memcpy(with[i].directory, attaching.directory, sizeof(with[i].directory));
    }
    attaching.with = with;
    attaching.with_count = choices->with_count;
    error = error ?: lx_privilege_check("attaching", failure);
    error = error ?: lx_bpffs_prepare(failure);
    if (!error)
        lx_detach_leftovers(interface);
    error = error ?: lx_locks_take(&name, ifindexes, list_interfaces(&attaching, ifindexes), &locks, failure);
    if (error)
        return error;
    error = attach_in_a_mode(&attaching, policy, compiled, choices, failure);
    lx_locks_free(&locks);
    if (!error)
        *attached = attaching.metadata;
    return error;
}

/* --- What joins later -------------------------------------------------------------------------------------------- */

/* Of pairs that forward by themselves all run in the same mode. */
static enum lx_mode_choice mode_to_join_in(const struct lx_maps *maps)
{
    struct lx_metadata first;

    if (!maps->shape.forward || lx_metadata_read(maps, &first))
        return LX_MODE_AUTO;
    return lx_mode_again(first.mode);
}

/* What is in force, and what it needs of a card. */
static int read_in_force(struct attaching *attaching, struct lx_compiled *compiled, struct lx_failure *failure)
{
    const struct lx_maps *maps = &attaching->maps;
    struct lx_publication publication;
    uint64_t word = 0;
    int error = lx_control_read(maps, &word);
    uint32_t slot = lx_control_in_force(word, lx_boottime_ms());

    error = error ?: lx_publication_read(maps, slot, &publication);
    error = error ?: lx_compiled_read(maps, slot, compiled);
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the policy in force: %s", strerror(-error));
    attaching->needs =
        (maps->shape.forward ? LX_NEED_FORWARD : 0) | (publication.traits & LX_TRAIT_VLANS ? LX_NEED_TAGS : 0);
    return 0;
}

static int join_locked(struct attaching *joining, const struct lx_compiled *compiled, struct lx_failure *failure)
{
    const struct lx_metadata none = {.member = joining->metadata.member};
    const enum lx_mode_choice mode = mode_to_join_in(&joining->maps);
    const int map = joining->maps.fds[LX_MAP_METADATA];
    int error = prepare(joining, &joining->maps.shape, failure);

    error = error ?: lx_publish_metadata(map, &joining->metadata, failure);
    if (error)
        return error;
    error = let_role_send(joining, compiled, mode, failure);
    joining->metadata.joining = 0;
    error = error ?: let_come(joining, mode, failure);
    if (error && !lx_hooks_stop_both(&joining->metadata, joining->directory, NULL) && none.member)
        lx_publish_metadata(map, &none, NULL);
    return error;
}

/* Whether the attachment stands on that place already: what was gone comes back. */
static bool is_known(const struct lx_maps *maps, uint32_t member)
{
    struct lx_members members;

    lx_members_read(maps->fds[LX_MAP_METADATA], &members);
    return !member || lx_members_at(&members, member);
}

int lx_join(const struct lx_maps *maps, const char *directory, const struct lx_wire *wire, uint32_t member,
            struct lx_failure *failure)
{
    struct attaching joining = arrival(&wire->interface, &wire->pair, member);
    const unsigned ifindexes[] = {wire->interface.index, wire->pair.index};
    struct lx_compiled compiled = {0};
    struct lx_locks locks = {0};
    int error;

    joining.maps = *maps;
    joining.metadata.joining = !is_known(maps, member);
    snprintf(joining.directory, sizeof(joining.directory), "%s", directory);
    error = read_in_force(&joining, &compiled, failure);
    error =
        error ?: lx_locks_take(&(struct lx_pin_name){.netns = wire->interface.netns}, ifindexes, 2, &locks, failure);
    error = error ?: join_locked(&joining, &compiled, failure);
    lx_locks_free(&locks);
    lx_compiled_free(&compiled);
    return error;
}

int lx_let_in_again(const struct lx_maps *maps, const char *directory, struct lx_metadata *metadata,
                    struct lx_failure *failure)
{
    const struct lx_interface interface = lx_interface_of(metadata);
    struct attaching again = arrival(&interface, NULL, metadata->member);
    int error;

    again.maps = *maps;
    again.metadata = *metadata;
    snprintf(again.directory, sizeof(again.directory), "%s", directory);
    error = let_come(&again, lx_mode_again(metadata->mode), failure);
    if (!error)
        *metadata = again.metadata;
    return error;
}
