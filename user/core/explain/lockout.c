/* SPDX-License-Identifier: GPL-2.0-only */
/* The SSH session that a command runs in, put to a policy before the policy is put in force. */
#include "lockout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation.h"
#include "user/core/text/number.h"

/* The next word of a text with single or repeated spaces; NULL at its end. */
static char *next_word(char **rest)
{
    char *word;

    do {
        word = strsep(rest, " ");
    } while (word && !*word);
    return word;
}

static int parse_address(char *text, struct lx_address *address)
{
    char *zone;

    if (!text)
        return -EINVAL;
    zone = strchr(text, '%'); /* fe80::1%eth0: the zone is ours, not the packet's */
    if (zone)
        *zone = '\0';
    return lx_address_parse(text, address, NULL) ? -EINVAL : 0;
}

static int parse_port(const char *text, uint16_t *port)
{
    uint32_t value;

    if (!text || !lx_number_parse(text, 1, 65535, &value))
        return -EINVAL;
    *port = (uint16_t)value;
    return 0;
}

int lx_ssh_session_parse(const char *text, struct lx_ssh_session *session)
{
    struct lx_ssh_session found;
    char copy[256], *rest = copy;

    if (strlen(text) >= sizeof(copy))
        return -EINVAL;
    snprintf(copy, sizeof(copy), "%s", text);
    if (parse_address(next_word(&rest), &found.client) || parse_port(next_word(&rest), &found.client_port) ||
        parse_address(next_word(&rest), &found.server) || parse_port(next_word(&rest), &found.server_port) ||
        next_word(&rest))
        return -EINVAL;
    if (lx_address_is_ipv4(&found.client) != lx_address_is_ipv4(&found.server))
        return -EINVAL;
    *session = found;
    return 0;
}

/* As it arrives on that path: behind its tags. */
static struct lx_judgement judge_frame(const struct lx_ssh_path *path, enum lx_hook hook,
                                       const struct lx_compiled *compiled, const uint8_t *frame, size_t length)
{
    uint8_t tagged[LX_PROBE_FRAME + LX_PROBE_TAGS];

    return lx_judge_offline(compiled, hook, tagged, lx_probe_tag(frame, length, path->vlans, tagged));
}

struct lx_ssh_verdict lx_ssh_session_judge(const struct lx_ssh_session *session, const struct lx_ssh_path *path,
                                           enum lx_hook hook, const struct lx_compiled *compiled)
{
    const struct lx_probe probe = {
        .transport = LX_TCP,
        .source = session->client,
        .destination = session->server,
        .source_port = session->client_port,
        .destination_port = session->server_port,
        .tcp_flags = LX_TCP_ACK | LX_TCP_PSH, /* it is established, and somebody is typing */
    };
    struct lx_ssh_verdict verdict = {.packet = "TCP"};
    struct lx_judgement found;
    uint8_t frame[LX_PROBE_FRAME];

    verdict.judgement = judge_frame(path, hook, compiled, frame, lx_probe_frame(&probe, frame));
    if (!path->resolves || lx_reason_verdict(verdict.judgement.reason) == LX_DROP)
        return verdict;
    found = judge_frame(path, hook, compiled, frame, lx_probe_neighbour(&session->client, &session->server, frame));
    if (lx_reason_verdict(found.reason) == LX_DROP)
        verdict = (struct lx_ssh_verdict){
            .judgement = found, .packet = lx_address_is_ipv4(&session->server) ? "ARP" : "neighbour discovery"};
    return verdict;
}

/* True when the session's server address is one of the role's own, so that a row to `self` lets it in. */
static bool at_own_address(const struct lx_ssh_session *session, const struct lx_policy *policy)
{
    return policy->own->any || lx_prefix_set_lists(policy->own, &session->server);
}

char *lx_ssh_session_row(const struct lx_ssh_session *session, const struct lx_policy *policy,
                         char text[LX_SSH_ROW_TEXT])
{
    char client[LX_PREFIX_TEXT], id[LX_PREFIX_TEXT], server[LX_PREFIX_TEXT], self[LX_PREFIX_TEXT + 16] = "";

    /* An id of its own for every client, so that two such rows get along in one file. */
    snprintf(id, sizeof(id), "%s", lx_address_format(&session->client, client));
    for (char *letter = id; *letter; letter++)
        if (*letter == '.' || *letter == ':')
            *letter = '-';
    if (!at_own_address(session, policy))
        snprintf(self, sizeof(self), " self: \"%s\",", lx_address_format(&session->server, server));
    snprintf(text, LX_SSH_ROW_TEXT,
             "- {id: ssh-%s, from: \"%s\", to: self,%s port: %u, transport: tcp, application: SSH}", id, client, self,
             session->server_port);
    return text;
}
