/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world of its own for a test that attaches: a network namespace with the veth pair outer0 - wire0, a bpffs and a
 * /run of its own, so that "nothing is left behind" can be checked to the last file and tests may run side by side.
 */
#ifndef LYNCXDP_TESTS_WORLD_H
#define LYNCXDP_TESTS_WORLD_H

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* By bash, not system(): the shell of a test kernel's busybox has an `ip` of its own that knows no veth. */
static inline void run(const char *command)
{
    int status = 0;
    pid_t child = fork();

    if (!child) {
        execlp("bash", "bash", "-c", command, NULL);
        _exit(127);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "%s", command);
}

/* Moves the test there; skips it without root. */
static inline void enter_own_world(void)
{
    if (geteuid())
        cr_skip_test("needs root: attaches XDP programs");
    cr_assert_eq(unshare(CLONE_NEWNET | CLONE_NEWNS), 0, "%s", strerror(errno));
    cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    cr_assert_eq(mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL), 0);
    cr_assert_eq(mount("run", "/run", "tmpfs", 0, NULL), 0);
    /* The kernel's own IPv6 chatter would be counted too. */
    run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
    run("ip link add outer0 type veth peer name wire0 && ip link set outer0 up && ip link set wire0 up");
}

#endif
