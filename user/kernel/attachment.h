/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attachment: one interface with its program, its maps and its policy, and everything pinned that a reader needs.
 * The only way to reach the kernel's side of a policy. Functions return 0 or -errno and then explain in `failure`.
 */
#ifndef LYNCXDP_KERNEL_ATTACHMENT_H
#define LYNCXDP_KERNEL_ATTACHMENT_H

#include <lyncxdp/abi.h>

#include "../core/compile.h"
#include "../core/policy.h"
#include "failure.h"
#include "interface.h"

/* How a person wants the program to run. */
enum lx_mode_choice {
    LX_MODE_AUTO, /* native, else generic */
    LX_MODE_ONLY_NATIVE,
    LX_MODE_ONLY_GENERIC,
};

/* An attachment opened for reading. */
struct lx_attachment {
    char directory[128]; /* of its pins */
    struct lx_metadata metadata;
    int counters, labels, control, images, twin; /* file descriptors, or -1 */
};

/* What is there and in what state, for `status`. */
enum lx_state {
    LX_STATE_FILTERING,   /* its program runs on its interface */
    LX_STATE_NOT_RUNNING, /* pins without their program on the interface, or the interface is gone */
    LX_STATE_OTHER_ABI,   /* pinned by a version that this one cannot read */
};

/*
 * Attaches: loads, pins, publishes the image, labels the rows, and only then lets the program onto the interface
 * through libxdp. A failure at any step leaves nothing behind. LX_EXIT_BUSY when the interface already has an
 * attachment (-EEXIST), a foreign program (-EBUSY) or another lyncxdp command at work (-EWOULDBLOCK).
 * `attached` receives the metadata.
 */
int lx_attach(const struct lx_interface *interface, const struct lx_policy *policy, const struct lx_compiled *compiled,
              enum lx_mode_choice mode, struct lx_metadata *attached, struct lx_failure *failure);

/* Takes the program off the interface, then removes the pins. -ENOENT when nothing is attached. */
int lx_detach(const struct lx_interface *interface, struct lx_failure *failure);

/* Removes an attachment by its directory, even when its interface or namespace is gone (detach --all). */
int lx_detach_directory(const char *directory, struct lx_failure *failure);

/* The pin directories of all attachments. Caller frees the words. Returns 0 (an absent bpffs: none) or -errno. */
int lx_attachments_list(struct lx_words *directories, struct lx_failure *failure);

/* Opens for reading, by interface or by directory; refuses another ABI with a sentence. */
int lx_attachment_open(const struct lx_interface *interface, struct lx_attachment *attachment,
                       struct lx_failure *failure);
int lx_attachment_open_directory(const char *directory, struct lx_attachment *attachment, struct lx_failure *failure);
void lx_attachment_close(struct lx_attachment *attachment);

enum lx_state lx_attachment_state(const struct lx_attachment *attachment);

/* Sums the counters of all CPUs into `sum` (about a megabyte; the caller allocates). Returns 0 or -errno. */
int lx_attachment_counters(const struct lx_attachment *attachment, struct lx_counters *sum, struct lx_failure *failure);

/* The row labels by slot: LX_ROW_SLOTS of them. Caller frees. */
int lx_attachment_labels(const struct lx_attachment *attachment, struct lx_row_label **labels,
                         struct lx_failure *failure);

/* Puts a frame (at least 14 bytes) to the twin: the verdict of the policy in force, nothing counted. */
int lx_attachment_ask(const struct lx_attachment *attachment, const void *frame, size_t length,
                      struct lx_judgement *answer, struct lx_failure *failure);

#endif
