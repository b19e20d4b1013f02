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
#include "user/kernel/link/tcx.h"
#include "user/kernel/object/maps.h"
#include "user/kernel/process/failure.h"

/* An attachment opened for reading. */
struct lx_attachment {
    char directory[128];               /* of its pins */
    struct lx_metadata metadata;       /* its interface as it is now: renamed perhaps, or moved to another namespace */
    bool gone;                         /* there is no such interface any more */
    struct lx_members members;         /* that are filtered with it, as they are now; index 0: it is gone */
    struct lx_publication publication; /* of the policy in force when it was opened */
    uint64_t control;                  /* the control word then */
    uint64_t opened_ms;                /* when that was: milliseconds of CLOCK_BOOTTIME */
    struct lx_maps maps;
    int dry_runs[LX_PROGRAM_COUNT]; /* programs to ask (lx_attachment_ask), loaded when first asked; -1 until then */
};

/* What is there and in what state, for `status`. */
enum lx_state {
    LX_STATE_FILTERING,   /* the programs of all its hooks run on its interface */
    LX_STATE_NOT_RUNNING, /* pins without all their programs on the interface */
    LX_STATE_GONE,        /* the interface is gone; what is pinned is left over */
    LX_STATE_OTHER_ABI,   /* pinned by a version that this one cannot read */
};

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

/* The same at its own interface alone, and at one of those that are filtered with it. */
enum lx_state lx_attachment_own_state(const struct lx_attachment *attachment, enum lx_hook hook);
enum lx_state lx_attachment_member_state(const struct lx_attachment *attachment, size_t member, enum lx_hook hook);

/* Whether attaching it was interrupted before its policy came into force: then it drops nothing. */
static inline bool lx_attachment_unfinished(const struct lx_attachment *attachment)
{
    return !attachment->publication.generation;
}

/*
 * A port that is not filtered of a bond that one of its interfaces is a port of, too: such a port may join at any time.
 */
bool lx_attachment_open_port(const struct lx_attachment *attachment, char name[LX_INTERFACE_NAME]);

/*
 * Whether a card of the attachment takes VLAN tags off frames, though the policy in force lists VLANs, which then does
 * not hold: 1 or 0. -ENOENT when it lists none; another -errno: it cannot be determined, by this user perhaps.
 */
int lx_attachment_takes_tags(const struct lx_attachment *attachment);

/* A TCX program that judges what the role sends before the attachment does: 0, -ENOENT, or another -errno, as above. */
int lx_attachment_tcx(const struct lx_attachment *attachment, struct lx_tcx *first);

/* The row labels by slot: LX_ROW_SLOTS of them. Caller frees. */
int lx_attachment_labels(const struct lx_attachment *attachment, struct lx_row_label **labels,
                         struct lx_failure *failure);

/* A copy of the image in force when the attachment was opened. Caller frees it (lx_compiled_free). Takes root. */
int lx_attachment_image(const struct lx_attachment *attachment, struct lx_compiled *compiled,
                        struct lx_failure *failure);

#endif
