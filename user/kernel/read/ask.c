/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks the kernel for its verdict on a frame: a test run of the dry run, which is the attached program over the same
 * maps but for counting, loaded for the occasion. It works under a dispatcher too, where the attached program has no
 * test run.
 */
#include "ask.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "user/kernel/link/program.h"

/*
 * Ethernet and IPv6. A test run of tc takes no frame that ends before its IP header does; all programs judge such a one
 * alike, by what the headers show.
 */
#define HEADERS 54

static int test_run(int program, const void *frame, size_t length, uint32_t *word)
{
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = length, .repeat = 1);

    if (bpf_prog_test_run_opts(program, &run))
        return -errno;
    *word = run.retval;
    return 0;
}

/* Of a pair, what the role sends is seen by the program on the inner interface. */
static enum lx_program program_to_ask(const struct lx_maps *maps, enum lx_hook hook)
{
    if (hook == LX_HOOK_TO_ROLE)
        return maps->shape.behind ? LX_PROGRAM_TO_ROLE_TC : LX_PROGRAM_TO_ROLE_XDP;
    return maps->shape.paired || maps->shape.behind ? LX_PROGRAM_FROM_ROLE_XDP : LX_PROGRAM_FROM_ROLE_TC;
}

/* The program to ask, loaded over the attachment's maps at the first question. */
static int dry_run_of(struct lx_attachment *attachment, enum lx_program program, struct lx_failure *failure)
{
    struct lx_maps maps;
    int error;

    if (attachment->dry_runs[program] >= 0)
        return attachment->dry_runs[program];
    error = lx_maps_open(attachment->directory, true, &maps);
    if (error == -EPERM || error == -EACCES)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "asking the kernel needs root; run it with sudo");
    if (error)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot open the maps of %s: %s",
                       lx_called(attachment->metadata.interface, attachment->metadata.vlan).text, strerror(-error));
    attachment->dry_runs[program] = lx_program_load(&maps, program, true, failure);
    lx_maps_close(&maps);
    return attachment->dry_runs[program];
}

static int ask(struct lx_attachment *attachment, enum lx_program program, const void *frame, size_t length,
               uint32_t *word, struct lx_failure *failure)
{
    int error, dry_run = dry_run_of(attachment, program, failure);

    if (dry_run < 0)
        return dry_run;
    error = test_run(dry_run, frame, length, word);
    if (error == -EINVAL && program != LX_PROGRAM_TO_ROLE_XDP && length < HEADERS)
        return ask(attachment, LX_PROGRAM_TO_ROLE_XDP, frame, length, word, failure);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "the kernel does not judge this frame of %zu bytes: %s", length,
                   strerror(-error));
}

int lx_attachment_ask(struct lx_attachment *attachment, enum lx_hook hook, const void *frame, size_t length,
                      struct lx_judgement *answer, struct lx_failure *failure)
{
    struct lx_judgement given;
    uint32_t word = 0;
    int error;

    if (!lx_attachment_has_hook(attachment, hook))
        return lx_fail(failure, LX_EXIT_FAILED, ENOENT,
                       "%s has no hook for what the role sends: it was attached with --egress off",
                       lx_called(attachment->metadata.interface, attachment->metadata.vlan).text);
    error = ask(attachment, program_to_ask(&attachment->maps, hook), frame, length, &word, failure);
    if (error)
        return error;
    given = lx_judgement_unpack(word);
    if (given.reason >= LX_REASON_COUNT)
        return lx_fail(failure, LX_EXIT_FAILED, EPROTO,
                       "the kernel answers with a reason that this lyncxdp does not "
                       "know (%u); use the lyncxdp that attached",
                       given.reason);
    *answer = given;
    return 0;
}

int lx_attachment_image(const struct lx_attachment *attachment, struct lx_compiled *compiled,
                        struct lx_failure *failure)
{
    __u8 slot = lx_control_in_force(attachment->control, attachment->opened_ms);
    int error = lx_compiled_read(&attachment->maps, slot, compiled);

    if (error == -EPERM || error == -EACCES)
        return lx_fail(failure, LX_EXIT_FAILED, -error, "asking the kernel needs root; run it with sudo");
    return error ? lx_fail(failure, LX_EXIT_FAILED, -error, "cannot read the policy of %s: %s",
                           lx_called(attachment->metadata.interface, attachment->metadata.vlan).text, strerror(-error))
                 : 0;
}
