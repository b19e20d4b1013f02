/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks for the capabilities rather than for user 0: a service may run with just these, and root in a container may lack
 * them. Finding programs by their id takes CAP_SYS_ADMIN on every kernel, and it includes CAP_BPF.
 */
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool effective(const struct __user_cap_data_struct data[2], unsigned capability)
{
    return data[capability >> 5].effective >> (capability & 31) & 1;
}

int lx_privilege_check(const char *deed, struct lx_failure *failure)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    const char *missing = NULL;

    if (syscall(SYS_capget, &header, data))
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot read this process's capabilities");
    if (!effective(data, CAP_NET_ADMIN))
        missing = "CAP_NET_ADMIN";
    if (!effective(data, CAP_SYS_ADMIN))
        missing = "CAP_SYS_ADMIN";
    if (!missing)
        return 0;
    if (geteuid())
        return lx_fail(failure, LX_EXIT_FAILED, EPERM, "%s needs root (%s is missing); run it with sudo", deed,
                       missing);
    return lx_fail(
        failure, LX_EXIT_FAILED, EPERM,
        "%s needs %s, which this root does not have; run it outside the container, or give it the capability", deed,
        missing);
}
