/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads programs over the maps of an attachment, and lets libxdp put those of XDP on an interface: natively where
 * the driver can, else (and only when asked to choose) in the generic path.
 */
#include "program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "user/kernel/object/kernel_log.h"
#include "user/kernel/object/object.h"

int lx_program_load(const struct lx_maps *maps, enum lx_program program, bool dry_run, struct lx_failure *failure)
{
    struct bpf_object *object;
    int error, fd = -1;

    lx_kernel_log_begin();
    object = lx_object_open_over(program, maps, dry_run);
    if (!object)
        return lx_fail_to_load(errno, failure);
    error = bpf_object__load(object);
    if (!error) {
        fd = fcntl(bpf_program__fd(lx_object_program(object, program)), F_DUPFD_CLOEXEC, 3);
        error = fd < 0 ? -errno : 0;
    }
    bpf_object__close(object);
    return error ? lx_fail_to_load(-error, failure) : fd;
}

/* One attempt in one mode, with an object of its own: libxdp may have loaded that of a failed one as something else. */
static int attach_once(const struct lx_maps *maps, enum lx_program which, unsigned ifindex, enum xdp_attach_mode mode)
{
    struct xdp_program *program = NULL;
    struct bpf_object *object;
    int error, fd = -1;

    lx_kernel_log_begin();
    object = lx_object_open_over(which, maps, false);
    if (!object)
        return -errno;
    DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object, .prog_name = lx_program_name(which));
    program = xdp_program__create(&options);
    error = libxdp_get_error(program);
    if (error) {
        program = NULL;
        goto out;
    }
    /* Jumbo frames: libbpf reads it from the section's name, libxdp's dispatcher must be asked. */
    error = xdp_program__set_xdp_frags_support(program, true);
    error = error ?: xdp_program__attach(program, ifindex, mode, 0);
    if (error)
        goto out;
    fd = fcntl(xdp_program__fd(program), F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        error = -errno;
        xdp_program__detach(program, ifindex, mode, 0);
    }
out:
    xdp_program__close(program);
    bpf_object__close(object);
    return error ?: fd;
}

/* Errors that another mode would only meet again. */
static bool hopeless(int error)
{
    return error == -EBUSY || error == -EEXIST || error == -EPERM || error == -EACCES || error == -ENODEV;
}

int lx_program_attach(const struct lx_maps *maps, enum lx_program program, const struct lx_interface *interface,
                      enum lx_mode_choice choice, struct lx_failure *failure)
{
    const char *mode = choice == LX_MODE_ONLY_GENERIC ? "generic" : "native";
    int fd = -EOPNOTSUPP;

    if (choice != LX_MODE_ONLY_GENERIC)
        fd = attach_once(maps, program, interface->index, XDP_MODE_NATIVE);
    if (choice == LX_MODE_ONLY_GENERIC || (choice == LX_MODE_AUTO && fd < 0 && !hopeless(fd))) {
        mode = "generic";
        fd = attach_once(maps, program, interface->index, XDP_MODE_SKB);
    }
    if (fd >= 0)
        return fd;
    return lx_fail(failure, fd == -EBUSY || fd == -EEXIST ? LX_EXIT_BUSY : LX_EXIT_FAILED, -fd,
                   "cannot attach to %s in %s mode: %s%s%s%s", interface->name, mode, strerror(-fd),
                   choice == LX_MODE_ONLY_NATIVE ? "; leave the mode to lyncxdp, or ask for generic" : "",
                   *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}

/* Without a dispatcher the kernel itself exchanges the two, if the old one is still the one that runs. */
static int exchange(const struct lx_maps *maps, enum lx_program which, const struct lx_interface *interface,
                    const struct lx_running *running, struct lx_failure *failure)
{
    const __u32 mode = running->mode == LX_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
    int error, program, old = bpf_prog_get_fd_by_id(running->id);

    if (old < 0)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot open program %u of %s: %s", running->id, interface->name,
                       strerror(errno));
    program = lx_program_load(maps, which, false, failure);
    if (program >= 0) {
        LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = old);

        lx_kernel_log_begin();
        error = bpf_xdp_attach((int)interface->index, program, mode | XDP_FLAGS_REPLACE, &options);
        if (error) {
            close(program);
            program = lx_fail(failure, LX_EXIT_FAILED, -error, "cannot replace program %u on %s: %s%s%s", running->id,
                              interface->name, strerror(-error), *lx_kernel_log() ? "\n" : "", lx_kernel_log());
        }
    }
    close(old);
    return program;
}

int lx_program_replace(const struct lx_maps *maps, enum lx_program which, const struct lx_interface *interface,
                       const struct lx_running *running, struct lx_failure *failure)
{
    int error, program;

    if (!running->dispatcher)
        return exchange(maps, which, interface, running, failure);
    program = lx_program_attach(maps, which, interface, lx_mode_again(running->mode), failure);
    if (program < 0)
        return program;
    error = lx_running_stop(interface->index, running, failure);
    if (!error)
        return program;
    close(program);
    return error;
}
