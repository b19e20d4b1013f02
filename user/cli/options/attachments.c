/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens attachments one after the other and hands them to a verb. */
#include "attachments.h"

#include "user/cli/print/output.h"

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

static int visit_all(visitor visit, void *context)
{
    struct lx_words directories = {0};
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    if (lx_attachments_list(&directories, &failure))
        return lx_print_failure(&failure);
    for (size_t i = 0; i < directories.count; i++) {
        int one = visit_directory(directories.items[i], visit, context);

        if (one != LX_EXIT_DONE)
            result = one;
    }
    lx_words_free(&directories);
    return result;
}

int lx_visit_attachments(const struct lx_arguments *arguments, visitor visit, void *context)
{
    if (arguments->count > 1)
        return lx_usage_error("name one interface, or none for all; '%s' is one too many", arguments->items[1]);
    if (arguments->count)
        return visit_interface(arguments->items[0], visit, context);
    return visit_all(visit, context);
}
