/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads the to-role program twice over one set of maps, and lets libxdp put one of the two on the interface: natively
 * where the driver can, else (and only when asked to choose) in the generic path.
 */
#include "program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <xdp/libxdp.h>

#include "kernel_log.h"
#include "to_role.skel.h"

#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

/* Opens the object and sets what must be set before loading: the constants, and the shapes of the maps. */
static struct to_role *open_object(uint32_t capacity, bool twin)
{
    struct to_role *object = to_role__open();
    int error;

    if (!object)
        return NULL;
    object->rodata->twin = twin;
    object->rodata->image_mask = capacity - 1;
    error = bpf_map__set_value_size(bpf_map__inner_map(object->maps.images), capacity + LX_IMAGE_SLACK);
    error = error ?: bpf_map__set_max_entries(object->maps.counters, libbpf_num_possible_cpus());
    if (!error)
        return object;
    to_role__destroy(object);
    errno = -error;
    return NULL;
}

static int fail_to_load(int error, struct lx_failure *failure)
{
    unsigned major = 0, minor = 0;
    struct utsname name;

    uname(&name);
    if (sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
        (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)))
        return lx_fail(failure, LX_EXIT_FAILED, error, "Linux %s is too old: lyncxdp needs %d.%d or later",
                       name.release, OLDEST_MAJOR, OLDEST_MINOR);
    if (error == EPERM)
        return lx_fail(failure, LX_EXIT_FAILED, error,
                       "the kernel does not let this process load BPF programs (%s); lyncxdp needs CAP_BPF and "
                       "CAP_NET_ADMIN of the host, outside any container, and no lockdown",
                       strerror(error));
    return lx_fail(failure, LX_EXIT_FAILED, error,
                   "the kernel (Linux %s) refuses the program: %s; please report this with the lines below\n%s",
                   name.release, strerror(error), lx_kernel_log());
}

int lx_twin_load(uint32_t capacity, struct lx_twin *twin, struct lx_failure *failure)
{
    struct to_role *skeleton;
    int error;

    lx_kernel_log_begin();
    skeleton = open_object(capacity, true);
    if (!skeleton)
        return fail_to_load(errno, failure);
    error = to_role__load(skeleton);
    if (error) {
        to_role__destroy(skeleton);
        return fail_to_load(-error, failure);
    }
    *twin = (struct lx_twin){
        .skeleton = skeleton,
        .capacity = capacity,
        .program = bpf_program__fd(skeleton->progs.lyncxdp_to_role),
        .control = bpf_map__fd(skeleton->maps.data_control),
        .images = bpf_map__fd(skeleton->maps.images),
        .counters = bpf_map__fd(skeleton->maps.counters),
        .labels = bpf_map__fd(skeleton->maps.labels),
        .metadata = bpf_map__fd(skeleton->maps.metadata),
    };
    return 0;
}

void lx_twin_free(struct lx_twin *twin)
{
    to_role__destroy(twin->skeleton);
    *twin = (struct lx_twin){0};
}

/* Lets `map` be an existing one. libbpf takes whatever it is given, so the shapes are compared here. */
static int share(struct bpf_map *map, int fd)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);

    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        return -errno;
    if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
        info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map) ||
        info.map_flags != bpf_map__map_flags(map))
        return -EPROTO;
    return bpf_map__reuse_fd(map, fd);
}

/* The program over the twin's maps, not loaded yet. */
static struct to_role *open_over(const struct lx_twin *twin)
{
    struct to_role *object = open_object(twin->capacity, false);
    int error = 0;

    if (!object)
        return NULL;
    error = error ?: share(object->maps.data_control, twin->control);
    error = error ?: share(object->maps.images, twin->images);
    error = error ?: share(object->maps.counters, twin->counters);
    error = error ?: share(object->maps.labels, twin->labels);
    error = error ?: share(object->maps.metadata, twin->metadata);
    if (!error)
        return object;
    to_role__destroy(object);
    errno = -error;
    return NULL;
}

/* One attempt in one mode, with an object of its own: libxdp may have loaded that of a failed one as something else. */
static int attach_once(const struct lx_twin *twin, unsigned ifindex, enum xdp_attach_mode mode)
{
    struct xdp_program *program = NULL;
    struct to_role *object;
    int error, fd = -1;

    lx_kernel_log_begin();
    object = open_over(twin);
    if (!object)
        return -errno;
    DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = object->obj, .prog_name = "lyncxdp_to_role");
    program = xdp_program__create(&options);
    error = libxdp_get_error(program);
    if (error) {
        program = NULL;
        goto out;
    }
    /* Jumbo frames: libbpf reads it from the section's name, libxdp's dispatcher must be told. */
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
    to_role__destroy(object);
    return error ?: fd;
}

/* Errors that another mode would only meet again. */
static bool hopeless(int error)
{
    return error == -EBUSY || error == -EEXIST || error == -EPERM || error == -EACCES || error == -ENODEV;
}

int lx_program_attach(const struct lx_twin *twin, const struct lx_interface *interface, enum lx_mode_choice choice,
                      struct lx_failure *failure)
{
    const char *mode = choice == LX_MODE_ONLY_GENERIC ? "generic" : "native";
    int fd = -EOPNOTSUPP;

    if (choice != LX_MODE_ONLY_GENERIC)
        fd = attach_once(twin, interface->index, XDP_MODE_NATIVE);
    if (choice == LX_MODE_ONLY_GENERIC || (choice == LX_MODE_AUTO && fd < 0 && !hopeless(fd))) {
        mode = "generic";
        fd = attach_once(twin, interface->index, XDP_MODE_SKB);
    }
    if (fd >= 0)
        return fd;
    return lx_fail(failure, fd == -EBUSY || fd == -EEXIST ? LX_EXIT_BUSY : LX_EXIT_FAILED, -fd,
                   "cannot attach to %s in %s mode: %s%s%s%s", interface->name, mode, strerror(-fd),
                   choice == LX_MODE_ONLY_NATIVE ? "; leave the mode to lyncxdp, or ask for generic" : "",
                   *lx_kernel_log() ? "\n" : "", lx_kernel_log());
}
