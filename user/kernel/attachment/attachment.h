/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attachment: one interface, or an inline pair, with its programs, maps and policy, and everything pinned that a
 * reader needs.
 * The only way to reach the kernel's side of a policy. Functions return 0 or -errno and then explain in `failure`.
 */
#ifndef LYNCXDP_KERNEL_ATTACHMENT_H
#define LYNCXDP_KERNEL_ATTACHMENT_H

#include <lyncxdp/flow.h>

#include "user/core/image/compile.h"
#include "user/core/report/counters.h"
#include "user/core/report/flow_numbers.h"
#include "user/core/resolve/policy.h"
#include "user/kernel/link/interface.h"
#include "user/kernel/link/program.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/failure.h"

struct lx_attach_choices {
    enum lx_mode_choice mode;
    uint32_t flows;                  /* entries of the flow table; 0: LX_DEFAULT_FLOWS */
    uint32_t try_seconds;            /* 0: for good; else everything passes, counted, unless confirmed in that time */
    const struct lx_words *request;  /* the words that asked for the policy, for a later update; NULL: not known */
    const struct lx_interface *pair; /* the inner interface of an inline pair, or NULL */
    bool forward;                    /* the pair forwards by itself; the policy's egress must not be off then */
    bool force;                      /* a card that takes VLAN tags off frames, and does not let go of that, is borne */
};

/* An attachment opened for reading. */
struct lx_attachment {
    char directory[128];               /* of its pins */
    struct lx_metadata metadata;       /* its interface as it is now: renamed perhaps, or moved to another namespace */
    bool gone;                         /* there is no such interface any more */
    struct lx_publication publication; /* of the policy in force when it was opened */
    uint64_t control;                  /* the control word then */
    uint64_t opened_ms;                /* when that was: milliseconds of CLOCK_BOOTTIME */
    struct lx_maps maps;
    int twins[LX_HOOK_COUNT]; /* programs to ask (lx_attachment_ask), loaded when first asked; -1 until then */
};

/* What is there and in what state, for `status`. */
enum lx_state {
    LX_STATE_FILTERING,   /* the programs of all its hooks run on its interface */
    LX_STATE_NOT_RUNNING, /* pins without all their programs on the interface */
    LX_STATE_GONE,        /* the interface is gone; what is pinned is left over */
    LX_STATE_OTHER_ABI,   /* pinned by a version that this one cannot read */
};

/*
 * Attaches: loads, pins, publishes the image, labels the rows, lets the from-role program onto tc egress (unless the
 * policy's egress is off), of a pair onto the inner interface too, so that flows that already run are known, and only
 * then the to-role program onto the interface through libxdp. A failure at any step leaves nothing behind. LX_EXIT_BUSY
 * when the interface already has an attachment (-EEXIST), a foreign program (-EBUSY) or another lyncxdp command at work
 * (-EWOULDBLOCK). `attached` receives the metadata.
 */
int lx_attach(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_compiled *compiled,
              const struct lx_attach_choices *choices, struct lx_metadata *attached, struct lx_failure *failure);

/*
 * Takes the programs off the interface, then removes the pins. The inner interface of a pair stands for the pair.
 * -ENOENT when nothing is attached.
 */
int lx_detach(const struct lx_interface *interface, struct lx_failure *failure);

/* Removes an attachment by its directory, even when its interface or namespace is gone (detach --all). */
int lx_detach_directory(const char *directory, struct lx_failure *failure);

/*
 * Removes what is left of attachments to interfaces of that name that are gone, wherever they were. -ENOENT, and
 * nothing in `failure`, when there are none; -EXDEV when the interface is not gone but in another network namespace.
 */
int lx_detach_gone(const char *name, struct lx_failure *failure);

/* The same for the name and the namespace of an interface that is to be attached. What fails, stays. */
void lx_detach_leftovers(const struct lx_interface *interface);

/* The pin directories of all attachments. Caller frees the words. Returns 0 (an absent bpffs: none) or -errno. */
int lx_attachments_list(struct lx_words *directories, struct lx_failure *failure);

/*
 * Opens for reading, by interface (either side of a pair) or by directory; refuses another ABI with a sentence. The
 * names in the metadata are those that the interfaces have now.
 */
int lx_attachment_open(const struct lx_interface *interface, struct lx_attachment *attachment,
                       struct lx_failure *failure);
int lx_attachment_open_directory(const char *directory, struct lx_attachment *attachment, struct lx_failure *failure);

/*
 * The same for who reads many, often, and may not enter other network namespaces: an attachment of another one is taken
 * to be where it was made.
 */
int lx_attachment_open_nearby(const char *directory, struct lx_attachment *attachment, struct lx_failure *failure);

void lx_attachment_close(struct lx_attachment *attachment);

/* The candidate that was beside the policy when the attachment was opened. -ENOENT when there was none. */
int lx_attachment_candidate(const struct lx_attachment *attachment, struct lx_publication *candidate);

/* False for the from-role hook under `--egress off`, where a program may stand but looks at nothing. */
bool lx_attachment_has_hook(const struct lx_attachment *attachment, enum lx_hook hook);

/* LX_STATE_FILTERING when every hook that the attachment has is. Of a pair, from-role is when all its programs run. */
enum lx_state lx_attachment_state(const struct lx_attachment *attachment);

/* The state of one hook that the attachment has: which program is missing when not all run. */
enum lx_state lx_attachment_hook_state(const struct lx_attachment *attachment, enum lx_hook hook);

/*
 * Whether a card of the attachment takes VLAN tags off frames, though the policy in force lists VLANs, which then does
 * not hold: 1 or 0. -ENOENT when it lists none; another -errno: it cannot be told, by this user perhaps.
 */
int lx_attachment_takes_tags(const struct lx_attachment *attachment);

/*
 * Sums the counters of all CPUs into `sum` (about two megabytes; the caller allocates). The packets of reason `row` are
 * those that a row credits and no other reason counts. Returns 0 or -errno.
 */
int lx_attachment_counters(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                           struct lx_failure *failure);

/*
 * The same into what an earlier call filled, or into zeroes, of the very same attachment: reads only those pages of
 * ports that have grown meanwhile.
 */
int lx_attachment_counters_again(const struct lx_attachment *attachment, enum lx_hook hook, struct lx_counters *sum,
                                 struct lx_failure *failure);

/* The row labels by slot: LX_ROW_SLOTS of them. Caller frees. */
int lx_attachment_labels(const struct lx_attachment *attachment, struct lx_row_label **labels,
                         struct lx_failure *failure);

/* A copy of the image in force when the attachment was opened. Caller frees it (lx_compiled_free). Takes root. */
int lx_attachment_image(const struct lx_attachment *attachment, struct lx_compiled *compiled,
                        struct lx_failure *failure);

/* Frames up to this length the kernel lets anybody ask about; longer ones -EINVAL may answer. */
#define LX_LONGEST_QUESTION 3400

/* Puts a frame (at least 14 bytes) to a hook's twin: the verdict of the policy in force, nothing counted or recorded.
 */
int lx_attachment_ask(struct lx_attachment *attachment, enum lx_hook hook, const void *frame, size_t length,
                      struct lx_judgement *answer, struct lx_failure *failure);

/* The flows that live, in no order. Caller frees. None without the from-role hook. Returns 0 or -errno. */
int lx_attachment_flows(const struct lx_attachment *attachment, struct lx_flow **flows, size_t *count,
                        struct lx_failure *failure);

/* Takes all flows that were picked up out of a table; `count` receives how many they were. Returns 0 or -errno. */
int lx_flows_remove_picked_up(int map, size_t *count);

struct lx_flow_numbers; /* core/report.h */

/*
 * Counts them without keeping them, when so many have been created (as the counters of the from-role hook tell, read
 * before). All zero without that hook. Returns 0 or -errno.
 */
int lx_attachment_count_flows(const struct lx_attachment *attachment, uint64_t created, struct lx_flow_numbers *numbers,
                              struct lx_failure *failure);

/* The same, for who has not read the counters. */
int lx_attachment_flow_numbers(const struct lx_attachment *attachment, struct lx_flow_numbers *numbers,
                               struct lx_failure *failure);

#endif
