/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks at an interface through libxdp, which knows its dispatcher and shows the programs behind it, and takes a
 * program off it by the same way.
 */
#include "running.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>
#include <xdp/prog_dispatcher.h>

#include "user/kernel/object/kernel_log.h"
#include "user/kernel/process/netlink.h"

#define DISPATCHER_NAME "xdp_dispatcher"

/* A program of lyncxdp's uses a dozen maps; one that uses more than this is not of lyncxdp's. */
#define MAPS 64

/* What to look for besides: any program that no dispatcher runs. */
static const struct lx_wanted alone;

bool lx_running_is_our_name(const char *name)
{
    /* The last one is what stood on the inner interface of a pair before 0.3.0. */
    static const char *const names[] = {"lyncxdp_to_role", "lyncxdp_from_ro", "lyncxdp_inner"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strncmp(name, names[i], strlen(names[i])))
            return true;
    return false;
}

int lx_running_examine(int program, const struct lx_wanted *wanted, struct lx_running *running)
{
    __u32 ids[MAPS] = {0};
    struct bpf_prog_info info = {.nr_map_ids = MAPS, .map_ids = (__u64)(unsigned long)ids};
    __u32 length = sizeof(info);
    bool uses_map = false;

    if (bpf_obj_get_info_by_fd(program, &info, &length))
        return -errno;
    running->id = info.id;
    running->lyncxdp = lx_running_is_our_name(info.name);
    snprintf(running->name, sizeof(running->name), "%s", *info.name ? info.name : "unnamed");
    for (__u32 i = 0; i < info.nr_map_ids && i < MAPS; i++)
        uses_map = uses_map || ids[i] == wanted->map_id;
    if (wanted->map_id)
        return uses_map ? 0 : -ENOENT;
    if (wanted->lyncxdp)
        return running->lyncxdp ? 0 : -ENOENT;
    return !wanted->id || info.id == wanted->id ? 0 : -ENOENT;
}

/* Whether a program is libxdp's dispatcher, which its configuration shows: the name alone makes none. */
static bool is_dispatcher(int program)
{
    __u32 ids[1] = {0}, first = 0, length = sizeof(struct bpf_prog_info);
    struct bpf_prog_info info = {.nr_map_ids = 1, .map_ids = (__u64)(unsigned long)ids};
    struct bpf_map_info map = {0};
    struct xdp_dispatcher_config config = {0};
    int fd = -1;

    if (bpf_obj_get_info_by_fd(program, &info, &length) || strcmp(info.name, DISPATCHER_NAME) != 0)
        return false;
    length = sizeof(map);
    if (info.nr_map_ids)
        fd = bpf_map_get_fd_by_id(ids[0]);
    if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &map, &length) && map.value_size == sizeof(config))
        bpf_map_lookup_elem(fd, &first, &config);
    if (fd >= 0)
        close(fd);
    return config.magic == XDP_DISPATCHER_MAGIC;
}

static int examine_all(unsigned ifindex, const struct lx_wanted *wanted, struct lx_running *running)
{
    struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(ifindex);
    struct xdp_program *program = NULL;
    int error = libxdp_get_error(all);

    if (error)
        return error;
    running->dispatcher = !xdp_multiprog__is_legacy(all);
    error = -ENOENT;
    /* libxdp takes a dispatcher whose pins are lost for any program; what it ran it runs no more. */
    if (!running->dispatcher && !is_dispatcher(xdp_program__fd(xdp_multiprog__main_prog(all))))
        error = lx_running_examine(xdp_program__fd(xdp_multiprog__main_prog(all)), wanted, running);
    while (running->dispatcher && wanted != &alone && error == -ENOENT &&
           (program = xdp_multiprog__next_prog(program, all)))
        error = lx_running_examine(xdp_program__fd(program), wanted, running);
    xdp_multiprog__close(all);
    return error;
}

/* What an interface says of its XDP program. */
struct attached {
    uint32_t id; /* 0: none */
    uint8_t mode;
};

static int see_link(const struct nlmsghdr *message, void *data)
{
    struct attached *attached = data;
    const struct nlattr *attribute, *nested;

    mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
    {
        if (mnl_attr_get_type(attribute) != IFLA_XDP)
            continue;
        mnl_attr_for_each_nested(nested, attribute)
        {
            if (mnl_attr_get_type(nested) == IFLA_XDP_PROG_ID)
                attached->id = mnl_attr_get_u32(nested);
            if (mnl_attr_get_type(nested) == IFLA_XDP_ATTACHED)
                attached->mode = mnl_attr_get_u8(nested);
        }
    }
    return MNL_CB_OK;
}

/* Of this interface alone: libbpf asks for all there are, each time. */
static int query(unsigned ifindex, struct attached *attached)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};

    *attached = (struct attached){0};
    return lx_netlink_ask(RTM_GETLINK, &header, sizeof(header), see_link, attached);
}

/* libxdp 1.3 loses a file descriptor each time it looks at an interface, so it is asked about dispatchers only. */
static int find(unsigned ifindex, const struct lx_wanted *wanted, struct lx_running *running)
{
    struct attached attached;
    struct bpf_prog_info info = {0};
    struct lx_running found = {0};
    __u32 length = sizeof(info);
    int error, program;

    lx_kernel_log_begin();
    error = query(ifindex, &attached);
    if (error || !attached.id)
        return error && error != -ENODEV ? error : -ENOENT;
    found.mode = attached.mode == XDP_ATTACHED_SKB ? LX_MODE_GENERIC : LX_MODE_NATIVE;
    program = bpf_prog_get_fd_by_id(attached.id);
    if (program < 0)
        return -errno; /* -ENOENT: it went just now */
    if (bpf_obj_get_info_by_fd(program, &info, &length))
        error = -errno;
    else if (strcmp(info.name, DISPATCHER_NAME))
        error = lx_running_examine(program, wanted, &found);
    else
        error = examine_all(ifindex, wanted, &found);
    close(program);
    if (!error)
        *running = found;
    return error;
}

int lx_fail_to_look(int error, const char *interface, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot find out what runs on %s: %s", interface, strerror(-error));
}

int lx_running_with_map(unsigned ifindex, uint32_t map_id, struct lx_running *running)
{
    return map_id ? find(ifindex, &(struct lx_wanted){.map_id = map_id}, running) : -ENOENT;
}

int lx_running_by_name(unsigned ifindex, struct lx_running *running)
{
    return find(ifindex, &(struct lx_wanted){.lyncxdp = true}, running);
}

int lx_running_alone(unsigned ifindex, struct lx_running *running)
{
    return find(ifindex, &alone, running);
}

uint32_t lx_running_id(unsigned ifindex)
{
    struct attached attached;

    return query(ifindex, &attached) ? 0 : attached.id;
}

static int fail_to_stop(int error, const struct lx_running *running, struct lx_failure *failure)
{
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot take program %u (%s) off the interface: %s%s%s",
                   running->id, running->name, strerror(-error), *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}

/* libxdp may report success without having found the program. */
static int stop_behind_dispatcher(unsigned ifindex, int fd, const struct lx_running *running)
{
    const enum xdp_attach_mode mode = running->mode == LX_MODE_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
    struct xdp_program *program = xdp_program__from_fd(fd); /* keeps a duplicate */
    struct lx_running still;
    int error = libxdp_get_error(program);

    if (error)
        return error;
    error = xdp_program__detach(program, ifindex, mode, 0);
    xdp_program__close(program);
    if (error)
        return error;
    error = find(ifindex, &(struct lx_wanted){.id = running->id}, &still);
    return error == -ENOENT ? 0 : error ?: -EIO;
}

int lx_running_stop(unsigned ifindex, const struct lx_running *running, struct lx_failure *failure)
{
    int error, fd;

    lx_kernel_log_begin();
    fd = bpf_prog_get_fd_by_id(running->id);
    if (fd < 0)
        return fail_to_stop(-errno, running, failure);
    if (running->dispatcher) {
        error = stop_behind_dispatcher(ifindex, fd, running);
    } else {
        LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = fd);

        error = bpf_xdp_detach((int)ifindex, running->mode == LX_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE,
                               &options);
    }
    close(fd);
    return error ? fail_to_stop(error, running, failure) : 0;
}

/* --- A dispatcher whose pins are lost ------------------------------------------------------------------------------
 */

/* The id of a program of somebody else's behind a dispatcher, by the links that hold them there, or 0. */
static uint32_t foreign_behind(uint32_t dispatcher, struct lx_running *foreign)
{
    uint32_t found = 0;

    for (__u32 id = 0; !found && !bpf_link_get_next_id(id, &id);) {
        struct bpf_link_info info = {0};
        __u32 length = sizeof(info);
        int program = -1, fd = bpf_link_get_fd_by_id(id);

        if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == BPF_LINK_TYPE_TRACING &&
            info.tracing.target_obj_id == dispatcher)
            program = bpf_prog_get_fd_by_id(info.prog_id);
        if (program >= 0 && !lx_running_examine(program, &alone, foreign) && !foreign->lyncxdp)
            found = foreign->id;
        if (program >= 0)
            close(program);
        if (fd >= 0)
            close(fd);
    }
    return found;
}

/* Whether a program is a dispatcher that libxdp can neither look behind nor take off any more. */
static bool is_abandoned(unsigned ifindex, int program)
{
    struct xdp_multiprog *all;
    bool known;

    if (!is_dispatcher(program))
        return false;
    all = xdp_multiprog__get_from_ifindex(ifindex);
    if (libxdp_get_error(all))
        return true;
    known = !xdp_multiprog__is_legacy(all);
    xdp_multiprog__close(all);
    return !known;
}

static int stop_abandoned(unsigned ifindex, const struct attached *attached, int program, struct lx_failure *failure)
{
    const __u32 mode = attached->mode == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
    struct lx_running dispatcher = {.id = attached->id, .name = DISPATCHER_NAME}, foreign = {0};
    LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = program);
    int error;

    if (foreign_behind(attached->id, &foreign))
        return lx_fail(failure, LX_EXIT_BUSY, EUCLEAN,
                       "libxdp's dispatcher (program %u) stays on the interface: its pins are lost, and it still runs "
                       "program %u (%s), which is not lyncxdp's; nothing of lyncxdp's runs there any more",
                       attached->id, foreign.id, foreign.name);
    error = bpf_xdp_detach((int)ifindex, mode, &options);
    return error ? fail_to_stop(error, &dispatcher, failure) : 0;
}

int lx_running_stop_abandoned(unsigned ifindex, struct lx_failure *failure)
{
    struct attached attached = {0};
    int program, error = query(ifindex, &attached);

    lx_kernel_log_begin();
    if (error || !attached.id)
        return -ENOENT;
    program = bpf_prog_get_fd_by_id(attached.id);
    if (program < 0)
        return -ENOENT;
    error = is_abandoned(ifindex, program) ? stop_abandoned(ifindex, &attached, program, failure) : -ENOENT;
    close(program);
    return error;
}
