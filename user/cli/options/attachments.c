/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens attachments one after the other and hands them to a verb. */
#include "attachments.h"

#include "user/cli/print/output.h"
#include "user/kernel/attachment/location.h"

int lx_open_attachment(const char *name, struct lx_attachment *attachment)
{
    struct lx_interface interface;
    struct lx_failure failure;

    if (lx_interface_find(name, &interface, &failure) || lx_attachment_open(&interface, attachment, &failure))
        return lx_print_failure(&failure);
    return LX_EXIT_DONE;
}

typedef int (*visitor)(const struct lx_attachment *attachment, void *context);

static int visit_interface(const char *name, visitor visit, void *context)
{
    struct lx_attachment attachment;
    int result = lx_open_attachment(name, &attachment);

    if (result != LX_EXIT_DONE)
        return result;
    result = visit(&attachment, context);
    lx_attachment_close(&attachment);
    return result;
}

static int visit_directory(const char *directory, visitor visit, void *context)
{
    struct lx_attachment attachment;
    struct lx_failure failure;
    int result;

    if (lx_attachment_open_directory(directory, &attachment, &failure))
        return lx_print_failure(&failure);
    result = visit(&attachment, context);
    lx_attachment_close(&attachment);
    return result;
}

/* Whether a directory is that of a VLAN of the interface. */
static bool is_vlan_of(const struct lx_interface *interface, const char *directory)
{
    struct lx_metadata metadata;

    return !lx_metadata_find(directory, &metadata) && metadata.vlan && !lx_location_find(directory, &metadata) &&
           metadata.netns == interface->netns && metadata.ifindex == interface->index;
}

/* All, or where it is a trunk the VLANs of an interface. `seen` receives how many they are. */
static int visit_each(const struct lx_interface *of, visitor visit, void *context, size_t *seen)
{
    struct lx_words directories = {0};
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    *seen = 0;
    if (lx_attachments_list(&directories, &failure))
        return of ? LX_EXIT_DONE : lx_print_failure(&failure);
    for (size_t i = 0; i < directories.count; i++) {
        int one;

        if (of && !is_vlan_of(of, directories.items[i]))
            continue;
        one = visit_directory(directories.items[i], visit, context);
        (*seen)++;
        if (one != LX_EXIT_DONE)
            result = one;
    }
    lx_words_free(&directories);
    return result;
}

/* An interface that is filtered by its VLANs stands for all of them. */
static int visit_named(const char *name, visitor visit, void *context)
{
    struct lx_interface interface;
    struct lx_failure unheard;
    size_t seen = 0;
    int result = LX_EXIT_DONE;

    if (!lx_interface_find(name, &interface, &unheard) && !interface.vlan)
        result = visit_each(&interface, visit, context, &seen);
    return seen ? result : visit_interface(name, visit, context);
}

int lx_visit_attachments(const struct lx_arguments *arguments, visitor visit, void *context)
{
    size_t seen;

    if (arguments->count > 1)
        return lx_usage_error("name one interface, or none for all; '%s' is one too many", arguments->items[1]);
    if (arguments->count)
        return visit_named(arguments->items[0], visit, context);
    return visit_each(NULL, visit, context, &seen);
}
