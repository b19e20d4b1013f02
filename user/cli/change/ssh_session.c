/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds SSH_CONNECTION in this process or in its ancestors, through /proc. What cannot be read is passed over. */
#include "ssh_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/kernel/link/links.h"
#include "user/kernel/link/route.h"

#define VARIABLE "SSH_CONNECTION"

/* More ancestors than any login has; also the end of a loop that a reused process id could close. */
#define ANCESTORS 64

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

/* The interfaces that the session's packets may come by. */
static void find_ways(const struct lx_ssh_session *session, struct lx_route *ways)
{
    struct lx_route local;
    struct lx_interface holder;

    *ways = (struct lx_route){.count = 0};
    /* The session may end elsewhere: this may be another network namespace. */
    if (lx_route_find(&session->server, NULL, &local) || !local.local)
        return;
    lx_route_find(&session->client, &session->server, ways);
    if (ways->local || lx_interface_with_address(&session->server, &holder) || ways->count == LX_ROUTE_INTERFACES)
        return;
    ways->interfaces[ways->count++] = holder.index;
}

size_t lx_ssh_session_paths(const struct lx_ssh_session *session, const struct lx_interface *interface,
                            struct lx_ssh_path paths[LX_SSH_PATHS])
{
    const struct lx_link *link;
    struct lx_links links;
    struct lx_route ways;
    size_t count = 0;

    find_ways(session, &ways);
    if (lx_links_read(&links))
        return 0;
    for (size_t i = 0; i < ways.count && count < LX_SSH_PATHS; i++) {
        if (!lx_link_stands_on(&links, ways.interfaces[i], interface->index, paths[count].vlans))
            continue;
        link = lx_link_find(&links, ways.interfaces[i]);
        paths[count++].resolves = link && link->resolves;
    }
    lx_links_free(&links);
    return count;
}

bool lx_ssh_session_cut(const struct lx_ssh_session *session, const struct lx_interface *interface, enum lx_hook hook,
                        const struct lx_compiled *compiled, struct lx_ssh_verdict *verdict)
{
    struct lx_ssh_path paths[LX_SSH_PATHS];
    size_t count = lx_ssh_session_paths(session, interface, paths);

    for (size_t i = 0; i < count; i++) {
        *verdict = lx_ssh_session_judge(session, &paths[i], hook, compiled);
        if (lx_reason_verdict(verdict->judgement.reason) == LX_DROP)
            return true;
    }
    return false;
}
