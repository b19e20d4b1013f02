/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds SSH_CONNECTION in this process or in its ancestors, through /proc. What cannot be read is passed over. */
#include "ssh_session.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "SSH_CONNECTION"

/* More ancestors than any login has; also the end of a loop that a reused process id could close. */
#define ANCESTORS 64

/* VLANs over bonds over NICs: no deeper stack of interfaces is searched. */
#define STACK_DEPTH 4

/* The parent of a process; 0 when there is none that can be seen. */
static pid_t parent_of(pid_t process)
{
    char path[64], stat[512], *end;
    size_t length;
    FILE *stream;
    int parent;

    snprintf(path, sizeof(path), "/proc/%d/stat", process);
    stream = fopen(path, "re");
    if (!stream)
        return 0;
    length = fread(stat, 1, sizeof(stat) - 1, stream);
    fclose(stream);
    stat[length] = '\0';
    end = strrchr(stat, ')'); /* the name before it may hold anything */
    return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Looks through the environment that a process was started with. */
static bool find_in_process(pid_t process, struct lx_ssh_session *session)
{
    char path[64], *entry = NULL;
    bool found = false;
    size_t size = 0;
    FILE *stream;

    snprintf(path, sizeof(path), "/proc/%d/environ", process);
    stream = fopen(path, "re");
    if (!stream)
        return false;
    while (!found && getdelim(&entry, &size, '\0', stream) > 0)
        if (!strncmp(entry, VARIABLE "=", strlen(VARIABLE "=")))
            found = !lx_ssh_session_parse(entry + strlen(VARIABLE "="), session);
    free(entry);
    fclose(stream);
    return found;
}

bool lx_ssh_session_find(struct lx_ssh_session *session)
{
    const char *own = getenv(VARIABLE);
    pid_t process = getppid();

    if (own && !lx_ssh_session_parse(own, session))
        return true;
    for (int i = 0; i < ANCESTORS && process > 0; i++) {
        if (find_in_process(process, session))
            return true;
        process = parent_of(process);
    }
    return false;
}

/* Whether a bridge, bond or VLAN stands on an interface, directly or with others between them. */
static bool stands_on(const char *upper, const char *lower, unsigned depth)
{
    char path[64];
    struct dirent *entry;
    bool found = false;
    DIR *directory;

    snprintf(path, sizeof(path), "/sys/class/net/%s", upper);
    directory = opendir(path);
    if (!directory)
        return false;
    while (!found && (entry = readdir(directory))) {
        const char *below = strncmp(entry->d_name, "lower_", 6) ? NULL : entry->d_name + 6;

        if (below)
            found = !strcmp(below, lower) || (depth && stands_on(below, lower, depth - 1));
    }
    closedir(directory);
    return found;
}

bool lx_ssh_session_arrives_at(const struct lx_ssh_session *session, const struct lx_interface *interface)
{
    struct lx_interface holder;

    if (lx_interface_with_address(&session->server, &holder))
        return false;
    return holder.index == interface->index || stands_on(holder.name, interface->name, STACK_DEPTH);
}
