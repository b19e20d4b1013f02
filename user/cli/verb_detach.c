/* SPDX-License-Identifier: GPL-2.0-only */
/* detach: takes the program off an interface, or off all of them, and removes everything that was pinned. */
#include <stdio.h>
#include <string.h>

#include "attachments.h"
#include "options.h"
#include "output.h"
#include "verb.h"

static const struct lx_option options_of_detach[] = {
    {"all", NULL, "every attachment, those of interfaces that are gone among them", lx_take_flag, 0},
};

static int detach_one(const char *name)
{
    struct lx_interface interface;
    struct lx_failure failure;

    if (lx_interface_find(name, &interface, &failure) || lx_detach(&interface, &failure))
        return lx_print_failure(&failure);
    lx_print("%s: no longer filtered\n", name);
    return LX_EXIT_DONE;
}

static int detach_directory(const char *directory)
{
    struct lx_attachment attachment;
    struct lx_failure failure;
    char name[sizeof(attachment.metadata.interface)] = "";
    struct lx_title title = {""};

    if (!lx_attachment_open_directory(directory, &attachment, &failure)) {
        snprintf(name, sizeof(name), "%s", attachment.metadata.interface);
        title = lx_attachment_title(&attachment.metadata);
        lx_attachment_close(&attachment);
    }
    if (lx_detach_directory(directory, &failure))
        return lx_print_failure(&failure);
    lx_print("%s: no longer filtered%s\n", name[0] ? name : directory, title.text + strlen(name));
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

int lx_verb_detach(int argc, char **argv)
{
    bool all = false;
    const struct lx_option_set sets[] = {LX_OPTION_SET(options_of_detach, &all)};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (arguments.count != (all ? 0 : 1))
        return lx_usage_error("detach takes one interface, or --all");
    return all ? detach_all() : detach_one(arguments.items[0]);
}
