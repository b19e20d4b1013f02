/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Detaching: the programs come off first and the pins go after them, so that a command killed in between leaves pins
 * that the next one finds and removes, never a program that nothing can find.
 */
#include "attachment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hooks.h"
#include "lock.h"
#include "namespace.h"
#include "pins.h"
#include "privilege.h"

/* A namespace that is gone has taken its interfaces, and their programs, with it. */
static int stop(const struct lx_pin_name *name, const char *directory, struct lx_failure *failure)
{
    int error, came_from = lx_namespace_enter(name->netns);

    if (came_from == -ENOENT)
        return -ENOENT;
    if (came_from < 0)
        return lx_fail(failure, LX_EXIT_FAILED, -came_from, "cannot enter the interface's network namespace: %s",
                       strerror(-came_from));
    error = lx_hooks_stop(name->ifindex, directory, true, failure);
    lx_namespace_leave(came_from);
    return error;
}

static int detach(const struct lx_pin_name *name, const char *what, struct lx_failure *failure)
{
    char directory[LX_PINS_PATH];
    struct lx_lock lock;
    bool stopped;
    int error;

    lx_pins_path(name, directory);
    error = lx_privilege_check("detaching", failure);
    error = error ?: lx_lock_take(name, &lock, failure);
    if (error)
        return error;
    error = stop(name, directory, failure);
    stopped = !error;
    if (error == -ENOENT)
        error = 0;
    if (!error && !lx_pins_look(directory))
        error = lx_pins_remove(directory, failure);
    else if (!error && !stopped)
        error = lx_fail(failure, LX_EXIT_FAILED, ENOENT, "nothing is attached to %s", what);
    lx_lock_free(&lock);
    return error;
}

int lx_detach(const struct lx_interface *interface, struct lx_failure *failure)
{
    const struct lx_pin_name name = {.netns = interface->netns, .ifindex = interface->index};

    return detach(&name, interface->name, failure);
}

int lx_detach_directory(const char *directory, struct lx_failure *failure)
{
    struct lx_pin_name name;

    if (lx_pins_name(directory, &name))
        return lx_fail(failure, LX_EXIT_FAILED, EINVAL, "%s is not the directory of an attachment", directory);
    return detach(&name, directory, failure);
}
