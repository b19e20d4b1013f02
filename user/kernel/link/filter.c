/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads tc by rtnetlink dumps, since libbpf can only ask for a filter whose place it knows, and changes it by libbpf.
 * Filters are recognised by the counters map of their program: handles and priorities are anybody's.
 */
#include "filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "running.h"
#include "user/kernel/object/kernel_log.h"
#include "user/kernel/process/netlink.h"

#define EGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* Ours goes first, so that no other filter lets a packet out before it was judged; a few places in case of clashes. */
#define HANDLE 0x4c58
#define FIRST_PRIORITY 1
#define LAST_PRIORITY 16

struct filter_search {
    uint32_t map_id; /* to look for, or 0: look for our name */
    size_t seen;     /* filters of any kind */
    int result;      /* -ENOENT until found, or why it cannot be determined */
    struct lx_filter found;
};

/* The id and the name of a BPF filter's program. Filters of another kind have none. */
static uint32_t read_options(const struct nlattr *options, const char **name)
{
    const struct nlattr *attribute;
    uint32_t id = 0;

    mnl_attr_for_each_nested(attribute, options)
    {
        if (mnl_attr_get_type(attribute) == TCA_BPF_ID)
            id = mnl_attr_get_u32(attribute);
        if (mnl_attr_get_type(attribute) == TCA_BPF_NAME)
            *name = mnl_attr_get_str(attribute);
    }
    return id;
}

static int uses_map(uint32_t id, uint32_t map_id)
{
    struct lx_running running;
    int error, program = bpf_prog_get_fd_by_id(id);

    if (program < 0)
        return -errno; /* -ENOENT: it went just now */
    error = lx_running_examine(program, &(struct lx_wanted){.map_id = map_id}, &running);
    close(program);
    return error;
}

static int see_filter(const struct nlmsghdr *message, void *data)
{
    const struct tcmsg *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute, *options = NULL;
    struct filter_search *search = data;
    const char *kind = "", *name = "";
    uint32_t id;
    int result;

    search->seen++;
    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == TCA_KIND)
            kind = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == TCA_OPTIONS)
            options = attribute;
    }
    if (strcmp(kind, "bpf") || !options || !search->result)
        return MNL_CB_OK;
    id = read_options(options, &name);
    if (!id)
        return MNL_CB_OK;
    if (search->map_id)
        result = uses_map(id, search->map_id);
    else
        result = lx_running_is_our_name(name) ? 0 : -ENOENT;
    if (result != -ENOENT)
        search->result = result;
    if (!result)
        search->found =
            (struct lx_filter){.handle = header->tcm_handle, .priority = header->tcm_info >> 16, .program = id};
    return MNL_CB_OK;
}

static int search_filters(unsigned ifindex, uint32_t parent, struct filter_search *search)
{
    struct tcmsg header = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex, .tcm_parent = parent};

    return lx_netlink_dump(RTM_GETTFILTER, &header, sizeof(header), see_filter, search);
}

static int find(unsigned ifindex, uint32_t map_id, struct lx_filter *filter)
{
    struct filter_search search = {.map_id = map_id, .result = -ENOENT};
    int error = search_filters(ifindex, EGRESS, &search);

    /* Without the qdisc, or without the interface, there is no filter. */
    if (error)
        return error == -EINVAL || error == -ENODEV ? -ENOENT : error;
    if (!search.result)
        *filter = search.found;
    return search.result;
}

int lx_filter_with_map(unsigned ifindex, uint32_t map_id, struct lx_filter *filter)
{
    return map_id ? find(ifindex, map_id, filter) : -ENOENT;
}

int lx_filter_by_name(unsigned ifindex, struct lx_filter *filter)
{
    return find(ifindex, 0, filter);
}

int lx_filter_attach(const struct lx_interface *interface, int program, struct lx_failure *failure)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)interface->index, .attach_point = BPF_TC_EGRESS);
    int error = -EEXIST;

    /* -EEXIST: the handle is taken; -EINVAL: filters of another kind have this priority. */
    for (uint32_t priority = FIRST_PRIORITY; priority <= LAST_PRIORITY && (error == -EEXIST || error == -EINVAL);
         priority++) {
        LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = HANDLE, .priority = priority);

        lx_kernel_log_begin();
        error = bpf_tc_attach(&hook, &options);
    }
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot attach to the egress of %s: %s%s%s", interface->name,
                   strerror(-error), *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}

int lx_filter_replace(unsigned ifindex, const struct lx_filter *filter, int program, struct lx_failure *failure)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .flags = BPF_TC_F_REPLACE, .handle = filter->handle,
                .priority = filter->priority);
    int error;

    lx_kernel_log_begin();
    error = bpf_tc_attach(&hook, &options);
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot replace program %u at the interface's egress: %s%s%s",
                   filter->program, strerror(-error), *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}

int lx_filter_detach(unsigned ifindex, const struct lx_filter *filter, struct lx_failure *failure)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter->handle, .priority = filter->priority);
    int error;

    lx_kernel_log_begin();
    error = bpf_tc_detach(&hook, &options);
    if (!error || error == -ENOENT)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot take program %u off the interface's egress: %s",
                   filter->program, strerror(-error));
}

struct qdisc_search {
    int ifindex;
    int result;
};

static int see_qdisc(const struct nlmsghdr *message, void *data)
{
    const struct tcmsg *header = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    struct qdisc_search *search = data;

    /* The `ingress` qdisc and clsact share one place. */
    if (header->tcm_ifindex != search->ifindex || header->tcm_parent != TC_H_CLSACT)
        return MNL_CB_OK;
    mnl_attr_for_each(attribute, message, sizeof(*header))
    {
        if (mnl_attr_get_type(attribute) == TCA_KIND)
            search->result = strcmp(mnl_attr_get_str(attribute), "clsact") ? -EEXIST : 0;
    }
    return MNL_CB_OK;
}

int lx_clsact_look(unsigned ifindex)
{
    struct qdisc_search search = {.ifindex = (int)ifindex, .result = -ENOENT};
    struct tcmsg header = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex};

    return lx_netlink_dump(RTM_GETQDISC, &header, sizeof(header), see_qdisc, &search) ?: search.result;
}

int lx_clsact_create(const struct lx_interface *interface, struct lx_failure *failure)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)interface->index, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
    int error = lx_clsact_look(interface->index);

    if (!error)
        return 0;
    if (error == -EEXIST)
        return lx_fail(failure, LX_EXIT_BUSY, EBUSY,
                       "%s has an ingress qdisc, in the place of the clsact qdisc that egress needs; "
                       "take it off with: tc qdisc del dev %s ingress, or attach with --egress off",
                       interface->name, interface->name);
    lx_kernel_log_begin();
    error = bpf_tc_hook_create(&hook);
    if (!error)
        return 1;
    if (error == -EEXIST)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot create the clsact qdisc of %s: %s%s%s", interface->name,
                   strerror(-error), *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}

int lx_clsact_remove(unsigned ifindex, struct lx_failure *failure)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
    struct filter_search search = {.result = 0};
    int error = lx_clsact_look(ifindex);

    if (error)
        return error == -ENOENT || error == -EEXIST ? 0 : error;
    error = search_filters(ifindex, EGRESS, &search) ?: search_filters(ifindex, INGRESS, &search);
    if (!error && search.seen)
        return 0;
    lx_kernel_log_begin();
    error = error ?: bpf_tc_hook_destroy(&hook);
    if (!error || error == -ENOENT)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot remove the clsact qdisc: %s", strerror(-error));
}
