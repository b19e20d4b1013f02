/* SPDX-License-Identifier: GPL-2.0-only */
/* detach: takes the program off an interface, or off all of them, and removes everything that was pinned. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "detach_commands.h"
#include "user/cli/options/options.h"
#include "user/cli/print/output.h"
#include "user/cli/print/title.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/attachment/location.h"
#include "verb.h"

struct detach_options {
    bool all, commands;
};

static const struct lx_option options_of_detach[] = {
    {"all", NULL, "every attachment, in other network namespaces too", lx_take_flag,
     offsetof(struct detach_options, all)},
    {"commands", NULL, "print the commands that do it without lyncxdp, and change nothing", lx_take_flag,
     offsetof(struct detach_options, commands)},
};

/* An interface that has that name, or else what is left of one that had it. */
static int detach_one(const char *name)
{
    struct lx_interface interface;
    struct lx_failure failure, second;
    struct lx_metadata first;
    int error = lx_interface_find(name, &interface, &failure), gone;

    if (!error && (gone = lx_detach_member(&interface, &first, &failure)) != -ENOENT) {
        if (gone)
            return lx_print_failure(&failure);
        lx_print("%s: no longer filtered; %s goes on\n", name, first.interface);
        return LX_EXIT_DONE;
    }
    error = error ?: lx_detach(&interface, &failure);
    if (!error) {
        lx_print("%s: no longer filtered\n", name);
        return LX_EXIT_DONE;
    }
    if (error != -ENODEV && error != -ENOENT)
        return lx_print_failure(&failure);
    gone = lx_detach_gone(name, &second);
    if (gone)
        return lx_print_failure(gone == -ENOENT ? &failure : &second);
    lx_print("%s: the interface is gone; what was left of its filter is removed\n", name);
    return LX_EXIT_DONE;
}

/* By as little as there may be left of it. */
static int detach_directory(const char *directory)
{
    struct lx_metadata metadata = {0};
    struct lx_failure failure;
    struct lx_title title = {""};
    struct lx_called called;
    bool named = !lx_metadata_find(directory, &metadata);

    if (named) {
        lx_location_find(directory, &metadata);
        title = lx_attachment_title(&metadata);
    }
    if (lx_detach_directory(directory, &failure))
        return lx_print_failure(&failure);
    called = lx_called(metadata.interface, metadata.vlan);
    lx_print("%s: no longer filtered%s\n", named ? called.text : directory,
             named ? title.text + strlen(called.text) : "");
    return LX_EXIT_DONE;
}

static int detach_all(void)
{
    struct lx_words directories = {0};
    struct lx_failure failure;
    char name[LX_INTERFACE_NAME];
    int result = LX_EXIT_DONE;

    if (lx_attachments_list(&directories, &failure))
        return lx_print_failure(&failure);
    if (!directories.count && !lx_orphan_after(0, name))
        puts("nothing is attached");
    for (size_t i = 0; i < directories.count; i++) {
        int one = detach_directory(directories.items[i]);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    for (unsigned index = 0; (index = lx_orphan_after(index, name));) {
        int one = detach_one(name);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    lx_words_free(&directories);
    return result;
}

static int show_all(void)
{
    struct lx_words directories = {0};
    struct lx_failure failure;

    if (lx_attachments_list(&directories, &failure))
        return lx_print_failure(&failure);
    for (size_t i = 0; i < directories.count; i++)
        lx_print_detach_commands(directories.items[i]);
    lx_print_orphan_commands();
    lx_words_free(&directories);
    return LX_EXIT_DONE;
}

static int show_one(const char *name)
{
    struct lx_interface interface;
    struct lx_failure failure;
    char directory[LX_PINS_PATH];

    if (lx_interface_find(name, &interface, &failure))
        return lx_print_failure(&failure);
    if (lx_pins_look(lx_location_directory(&interface, directory))) {
        lx_print_error("nothing is attached to %s", name);
        return LX_EXIT_FAILED;
    }
    lx_print_detach_commands(directory);
    return LX_EXIT_DONE;
}

int lx_verb_detach(int argc, char **argv)
{
    struct detach_options options = {0};
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_detach, &options)};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (arguments.count != (options.all ? 0 : 1))
        return lx_usage_error("detach takes one interface, or --all");
    if (options.commands)
        return options.all ? show_all() : show_one(arguments.items[0]);
    if (options.all)
        return detach_all();
    return arguments.items[0][0] == '/' ? detach_directory(arguments.items[0]) : detach_one(arguments.items[0]);
}
