/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the directory of an attachment in bpffs. The kernel names neither an interface nor a namespace in a pin, and
 * bpffs refuses dots (eth0.100), hence <inode of the namespace>-<interface index> and the names in the metadata; behind
 * it -v<id> for one VLAN of a trunk.
 */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const lx_program_pins[LX_PROGRAM_COUNT] = {
    [LX_PROGRAM_TO_ROLE_XDP] = "to_role_xdp",
    [LX_PROGRAM_FROM_ROLE_TC] = "from_role_tc",
    [LX_PROGRAM_FROM_ROLE_XDP] = "from_role_xdp",
    [LX_PROGRAM_TO_ROLE_TC] = "to_role_tc",
};

char *lx_pins_path(const struct lx_pin_name *name, char path[LX_PINS_PATH])
{
    snprintf(path, LX_PINS_PATH, name->vlan ? LX_PINS_ROOT "/%" PRIu64 "-%u-v%u" : LX_PINS_ROOT "/%" PRIu64 "-%u",
             name->netns, name->ifindex, name->vlan);
    return path;
}

int lx_pins_name(const char *path, struct lx_pin_name *name)
{
    char canonical[LX_PINS_PATH];
    struct lx_pin_name read = {0};

    if (sscanf(path, LX_PINS_ROOT "/%" SCNu64 "-%u-v%u", &read.netns, &read.ifindex, &read.vlan) < 2 ||
        strcmp(lx_pins_path(&read, canonical), path))
        return -EINVAL;
    *name = read;
    return 0;
}

char *lx_pins_next(const char *path, char next[LX_PINS_PATH])
{
    snprintf(next, LX_PINS_PATH, "%s-next", path);
    return next;
}

int lx_pins_exchange(const char *one, const char *other, struct lx_failure *failure)
{
    if (!renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE))
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot let %s and %s change places: %s", one, other,
                   strerror(errno));
}

int lx_pins_look(const char *path)
{
    struct stat status;

    if (!stat(path, &status))
        return lx_bpffs_mounted() ? 0 : -ENOENT;
    return errno == EACCES ? -EACCES : -ENOENT;
}

static int make_directory(const char *path)
{
    if (mkdir(path, 0755))
        return -errno;
    return chmod(path, 0755) ? -errno : 0; /* whatever the umask: readers need no root */
}

int lx_pins_create_root(void)
{
    int error = make_directory(LX_PINS_ROOT);

    return error == -EEXIST ? 0 : error;
}

int lx_pins_create(const char *path, struct lx_failure *failure)
{
    int error = -ENOENT;

    /* A detach that empties the root removes it, perhaps between our two steps. */
    for (int attempt = 0; attempt < 100 && error == -ENOENT; attempt++) {
        error = lx_pins_create_root() ?: make_directory(path);
    }
    if (!error)
        return 0;
    rmdir(LX_PINS_ROOT);
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot create %s: %s", path, strerror(-error));
}

static int remove_pin(const char *path, const char *name)
{
    char pin[LX_PINS_PATH + NAME_MAX + 2];

    snprintf(pin, sizeof(pin), "%s/%s", path, name);
    return unlink(pin) && errno != ENOENT ? -errno : 0;
}

int lx_pins_remove(const char *path, struct lx_failure *failure)
{
    struct dirent *entry;
    DIR *pins;
    int error = remove_pin(path, LX_PIN_METADATA);

    pins = opendir(path);
    if (!pins)
        error = errno == ENOENT ? 0 : -errno;
    while (pins && !error && (entry = readdir(pins)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            error = remove_pin(path, entry->d_name);
    if (pins)
        closedir(pins);
    if (!error && rmdir(path) && errno != ENOENT)
        error = -errno;
    rmdir(LX_PINS_ROOT); /* stays while other attachments are in it */
    if (!error)
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot remove the pins in %s: %s", path, strerror(-error));
}

static int pin(int fd, const char *path, const char *name, mode_t mode, struct lx_failure *failure)
{
    char target[LX_PINS_PATH + 32];

    snprintf(target, sizeof(target), "%s/%s", path, name);
    if (!bpf_obj_pin(fd, target) && !chmod(target, mode))
        return 0;
    return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot pin %s: %s", target, strerror(errno));
}

int lx_pin_map(int fd, const char *path, const char *name, struct lx_failure *failure)
{
    return pin(fd, path, name, 0444, failure);
}

int lx_pin_program(int fd, const char *path, const char *name, struct lx_failure *failure)
{
    return pin(fd, path, name, 0400, failure);
}

int lx_unpin(const char *path, const char *name, struct lx_failure *failure)
{
    int error = remove_pin(path, name);

    return error ? lx_fail(failure, LX_EXIT_FAILED, -error, "cannot unpin %s/%s: %s", path, name, strerror(-error)) : 0;
}

int lx_repin_program(int fd, const char *path, const char *name, struct lx_failure *failure)
{
    int error = lx_unpin(path, name, failure);

    return error ?: lx_pin_program(fd, path, name, failure);
}

static int open_pin(const char *path, const char *name, bool writing)
{
    LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = writing ? 0 : BPF_F_RDONLY);
    char source[LX_PINS_PATH + 32];
    int fd;

    snprintf(source, sizeof(source), "%s/%s", path, name);
    fd = bpf_obj_get_opts(source, &options);
    return fd < 0 ? -errno : fd;
}

int lx_pin_open_map(const char *path, const char *name, bool writing, uint32_t key_size, uint32_t value_size)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);
    int error = 0, fd = open_pin(path, name, writing);

    if (fd < 0)
        return fd;
    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        error = -errno;
    else if (info.key_size != key_size || info.value_size != value_size)
        error = -EPROTO;
    if (!error)
        return fd;
    close(fd);
    return error;
}

int lx_pin_open_program(const char *path, const char *name)
{
    return open_pin(path, name, false);
}

int lx_map_id(int fd, uint32_t *id)
{
    struct bpf_map_info info = {0};
    __u32 length = sizeof(info);

    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        return -errno;
    *id = info.id;
    return 0;
}

int lx_pin_map_id(const char *path, const char *name, uint32_t *id)
{
    int error, fd = open_pin(path, name, false);

    *id = 0;
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    error = lx_map_id(fd, id);
    close(fd);
    return error;
}

int lx_pins_list(struct lx_words *paths, struct lx_failure *failure)
{
    char path[LX_PINS_PATH + NAME_MAX];
    struct lx_words found = {0};
    struct lx_pin_name name;
    struct dirent *entry;
    int error = 0;
    DIR *root = NULL;

    if (lx_bpffs_refuse_hidden(failure))
        return -ENOTSUP;
    if (lx_bpffs_mounted() && !(root = opendir(LX_PINS_ROOT)) && errno != ENOENT)
        return lx_fail(failure, LX_EXIT_FAILED, errno, "cannot read " LX_PINS_ROOT ": %s; run it with sudo",
                       strerror(errno));
    while (root && !error && (entry = readdir(root))) {
        snprintf(path, sizeof(path), LX_PINS_ROOT "/%s", entry->d_name);
        if (!lx_pins_name(path, &name))
            error = lx_words_add(&found, path);
    }
    if (root)
        closedir(root);
    if (error) {
        lx_words_free(&found);
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot list the attachments: %s", strerror(-error));
    }
    *paths = found;
    return 0;
}
