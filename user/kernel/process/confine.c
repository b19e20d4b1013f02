/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capabilities by libcap-ng, system calls by libseccomp. What is not listed fails with EPERM rather than kills: a
 * library that tries a newer call first then takes the older one.
 */
#include "confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Memory, time, signals, and what has been opened. */
static const int ordinary[] = {
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(uname),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(fcntl),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(bind),
    SCMP_SYS(getsockname),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
};

/* Connections that others make. */
static const int serving[] = {
    SCMP_SYS(accept),      SCMP_SYS(accept4),     SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait), SCMP_SYS(poll),        SCMP_SYS(ppoll),         SCMP_SYS(select),    SCMP_SYS(pselect6),
    SCMP_SYS(shutdown),    SCMP_SYS(getpeername), SCMP_SYS(eventfd2),      SCMP_SYS(pipe2),
};

static const int writing[] = {
    SCMP_SYS(openat),    SCMP_SYS(open),   SCMP_SYS(rename),   SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(fchmod),
    SCMP_SYS(ftruncate), SCMP_SYS(getcwd), SCMP_SYS(lstat),
};

/* Reading maps, by their pins. */
static const int bpf_commands[] = {
    BPF_OBJ_GET, BPF_MAP_LOOKUP_ELEM, BPF_MAP_LOOKUP_BATCH, BPF_MAP_GET_NEXT_KEY, BPF_OBJ_GET_INFO_BY_FD,
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int error = 0;

    for (size_t i = 0; i < count && !error; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return error;
}

#define ALLOW(filter, calls) allow(filter, calls, sizeof(calls) / sizeof(*(calls)))

/* Opening files to read them, whatever else the flags say. */
static int allow_reading(scmp_filter_ctx filter)
{
    const unsigned refused = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, refused, 0));

    return error
               ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, refused, 0));
}

/* The kernel is asked by netlink what runs on an interface. */
static int allow_asking(scmp_filter_ctx filter)
{
    int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));

    for (size_t i = 0; i < sizeof(bpf_commands) / sizeof(*bpf_commands) && !error; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1, SCMP_A0(SCMP_CMP_EQ, bpf_commands[i]));
    return error;
}

static int filter_calls(enum lx_confinement confinement)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int error = filter ? 0 : -ENOMEM;

    error = error ?: ALLOW(filter, ordinary);
    error = error ?: allow_asking(filter);
    if (confinement == LX_CONFINE_WRITER)
        error = error ?: ALLOW(filter, writing);
    else
        error = error ?: allow_reading(filter) ?: ALLOW(filter, serving);
    error = error ?: seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    return error;
}

/* A file is often written into a directory of somebody else's; nothing else of root's is kept. */
static int drop_capabilities(enum lx_confinement confinement)
{
    bool bounds, overrides;

    if (capng_get_caps_process())
        return -EPERM;
    bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
    overrides = capng_have_capability(CAPNG_PERMITTED, CAP_DAC_OVERRIDE);
    capng_clear(CAPNG_SELECT_ALL);
    if (confinement == LX_CONFINE_WRITER && overrides)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE);
    if (bounds && capng_apply(CAPNG_SELECT_BOUNDS))
        return -EPERM;
    return capng_apply(CAPNG_SELECT_CAPS) || capng_apply(CAPNG_SELECT_AMBIENT) ? -EPERM : 0;
}

int lx_confine(enum lx_confinement confinement, struct lx_failure *failure)
{
    int error;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot give up new privileges: %s", strerror(errno));
    if (drop_capabilities(confinement))
        return lx_fail(failure, LX_EXIT_FAILED, EPERM, "cannot drop the capabilities");
    error = filter_calls(confinement);
    return error ? lx_fail(failure, LX_EXIT_FAILED, -error, "cannot filter system calls: %s", strerror(-error)) : 0;
}
