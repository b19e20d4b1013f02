/* SPDX-License-Identifier: GPL-2.0-only */
/* Says what becomes of pins in a BPF file system that is not the machine's. */
#include "lasting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/cli/print/output.h"
#include "user/kernel/object/bpffs.h"
#include "user/kernel/process/privilege.h"

/* A word as a shell takes it. */
static void print_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%[]";

    if (*word && strspn(word, plain) == strlen(word)) {
        fprintf(stderr, " %s", word);
        return;
    }
    fputs(" '", stderr);
    for (; *word; word++)
        fprintf(stderr, *word == '\'' ? "'\\''" : "%c", *word);
    fputc('\'', stderr);
}

static void print_command(int count, char *const *words)
{
    char entrance[LX_BPFFS_ENTRANCE];

    fprintf(stderr, "    %s%s", lx_bpffs_entrance(entrance), program_invocation_name);
    for (int i = 0; i < count; i++)
        print_word(words[i]);
    fputc('\n', stderr);
}

int lx_check_lasting(int count, char *const *words)
{
    enum lx_bpffs_lasts lasts;
    struct lx_failure failure;
    int holder;

    if (lx_privilege_check("attaching", &failure) || lx_bpffs_lasts(&lasts, &holder, &failure))
        return lx_print_failure(&failure);
    if (lasts == LX_BPFFS_LASTS)
        return LX_EXIT_DONE;
    if (lasts == LX_BPFFS_LASTS_A_WHILE) {
        lx_print_warning(
            "this BPF file system is not the machine's: what is attached here lasts as long as the mounts of "
            "process %d do; for good it is attached by:",
            holder);
        print_command(count, words);
        return LX_EXIT_DONE;
    }
    lx_print_error(
        "this command was given mounts of its own (by ip netns exec or unshare --mount), whose BPF file system "
        "ends with it, and so would the filter, or all hold on it; nothing was changed; what works is:");
    print_command(count, words);
    return LX_EXIT_FAILED;
}
