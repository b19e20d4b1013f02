/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Publishes a policy. An image is never rewritten in place: packets would read half of one and half of the other. A
 * fresh map is filled, frozen and only then put into its slot.
 */
#include "publish.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int lx_publish_image(int images, uint32_t slot, const struct lx_compiled *compiled, uint32_t generation,
                     struct lx_failure *failure)
{
    const __u32 first = 0;
    int error = 0, image;

    compiled->image->generation = generation;
    image = bpf_map_create(BPF_MAP_TYPE_ARRAY, "lyncxdp_image", sizeof(first), compiled->capacity + LX_IMAGE_SLACK, 1,
                           NULL);
    if (image < 0)
        error = -errno;
    else if (bpf_map_update_elem(image, &first, compiled->image, BPF_ANY) || bpf_map_freeze(image) ||
             bpf_map_update_elem(images, &slot, &image, BPF_ANY))
        error = -errno;
    if (image >= 0)
        close(image);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot give the kernel the policy's image of %u KiB: %s",
                   compiled->capacity >> 10, strerror(-error));
}

/* Copies text, cut if need be, but not in the middle of a UTF-8 character. */
static void copy_text(char *to, size_t room, const char *from)
{
    size_t length = from ? strlen(from) : 0;

    if (length >= room) {
        length = room - 1;
        while (length && ((unsigned char)from[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(to, from ?: "", length);
    memset(to + length, 0, room - length);
}

int lx_publish_labels(int labels, const struct lx_policy *policy, struct lx_failure *failure)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct lx_rule *rule = &policy->rules[i];
        struct lx_row_label label;
        __u32 slot = rule->slot;

        copy_text(label.id, sizeof(label.id), rule->row->id);
        copy_text(label.source, sizeof(label.source), rule->row->source);
        if (bpf_map_update_elem(labels, &slot, &label, BPF_ANY))
            return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot label row %s: %s", rule->row->id, strerror(errno));
    }
    return 0;
}

int lx_publish_metadata(int map, const struct lx_metadata *metadata, struct lx_failure *failure)
{
    const __u32 first = 0;

    if (!bpf_map_update_elem(map, &first, metadata, BPF_ANY))
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot write the attachment's metadata: %s", strerror(errno));
}

int lx_publish_control(int control, uint64_t word, struct lx_failure *failure)
{
    struct lx_control *mapped;

    mapped = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, control, 0);
    if (mapped == MAP_FAILED)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot reach the control word: %s", strerror(errno));
    __atomic_store_n(&mapped->word, word, __ATOMIC_RELEASE);
    munmap(mapped, sysconf(_SC_PAGESIZE));
    return 0;
}
