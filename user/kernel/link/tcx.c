/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the kernel itself: the headers of Debian 12 are older than TCX. */
#include "tcx.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "running.h"

#define TCX_EGRESS ((enum bpf_attach_type)47)

/* The kernel lets no more stand in one place. */
#define PROGRAMS 64

int lx_tcx_at_egress(unsigned ifindex, struct lx_tcx *first)
{
    __u32 ids[PROGRAMS] = {0}, count = PROGRAMS;
    struct lx_running running;
    int fd, error = bpf_prog_query((int)ifindex, TCX_EGRESS, 0, NULL, ids, &count);

    /* A kernel without TCX knows no such place. */
    if (error)
        return error == -EINVAL ? -ENOENT : error;
    if (!count)
        return -ENOENT;
    fd = bpf_prog_get_fd_by_id(ids[0]);
    if (fd < 0)
        return -errno;
    error = lx_running_examine(fd, &(struct lx_wanted){.id = ids[0]}, &running);
    close(fd);
    if (error)
        return error;
    first->id = running.id;
    memcpy(first->name, running.name, sizeof(first->name));
    return lx_interface_name(ifindex, first->interface);
}
