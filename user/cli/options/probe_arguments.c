/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a packet from words; every mistake in them is a usage error. */
#include "probe_arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "user/cli/print/output.h"
#include "user/core/policy/protocols.h"
#include "user/core/text/number.h"

/* Of a protocol without ports, its number stands where the ports do. */
static int read_transport(const char *word, struct lx_probe *probe)
{
    const char *problem;
    uint8_t protocol;

    if (!strcasecmp(word, "tcp")) {
        probe->transport = LX_TCP;
    } else if (!strcasecmp(word, "udp")) {
        probe->transport = LX_UDP;
    } else if (!lx_protocol_parse(word, &protocol, &problem)) {
        probe->transport = LX_PORTLESS;
        probe->source_port = probe->destination_port = protocol;
    } else if (problem) {
        return lx_usage_error("the transport '%s': %s", word, problem);
    } else {
        return lx_usage_error("the transport '%s': write tcp, udp, vrrp, ospf, igmp, pim, esp, ah, gre, ipip, echo or "
                              "the number of a protocol",
                              word);
    }
    return LX_EXIT_DONE;
}

/* Port 0 is let through: asking what becomes of such a packet is fair. */
static int read_port(const char *word, const char *text, uint16_t *port)
{
    uint32_t value;

    if (!lx_number_parse(text, 0, 65535, &value))
        return lx_usage_error("'%s': the port is a number up to 65535", word);
    *port = (uint16_t)value;
    return LX_EXIT_DONE;
}

static int read_address(const char *word, const char *text, struct lx_address *address)
{
    const char *problem = "not an address";

    if (lx_address_parse(text, address, &problem))
        return lx_usage_error("'%s': %s", word, problem);
    return LX_EXIT_DONE;
}

/*
 * Splits ADDR, ADDR:PORT, [ADDR] and [ADDR]:PORT in place; `port` is NULL where there is none. Two colons outside
 * brackets are an IPv6 address without a port.
 */
static bool split(char *text, char **address, char **port)
{
    char *end, *colon;

    *address = text;
    *port = NULL;
    if (*text == '[') {
        end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        *address = text + 1;
        *port = end[1] ? end + 2 : NULL;
        *end = '\0';
        return true;
    }
    colon = strchr(text, ':');
    if (colon && !strchr(colon + 1, ':')) {
        *port = colon + 1;
        *colon = '\0';
    }
    return true;
}

/* `port` holds what a missing port means; 0: it must not be missing. `ports` false: there is none. */
static int read_endpoint(const char *word, bool ports, struct lx_address *address, uint16_t *port)
{
    char text[128], *address_text, *port_text;
    int result;

    if (strlen(word) >= sizeof(text))
        return lx_usage_error("'%.40s...' is too long for an address", word);
    snprintf(text, sizeof(text), "%s", word);
    if (!split(text, &address_text, &port_text))
        return lx_usage_error("'%s': write an IPv6 address with a port as [ADDRESS]:PORT", word);
    result = read_address(word, address_text, address);
    if (result != LX_EXIT_DONE)
        return result;
    if (port_text && !ports)
        return lx_usage_error("'%s': this transport has no ports; write the address alone", word);
    if (port_text)
        return read_port(word, port_text, port);
    if (!*port)
        return lx_usage_error("'%s' has no port; write %s:PORT", word,
                              lx_address_is_ipv4(address) ? "ADDRESS" : "[ADDRESS]");
    return LX_EXIT_DONE;
}

static const struct {
    const char *name;
    uint8_t bit;
} tcp_flags[] = {
    {"FIN", LX_TCP_FIN}, {"SYN", LX_TCP_SYN}, {"RST", LX_TCP_RST},
    {"PSH", LX_TCP_PSH}, {"ACK", LX_TCP_ACK}, {"URG", LX_TCP_URG},
};

static int add_flag(const char *name, uint8_t *flags)
{
    if (!strcasecmp(name, "none"))
        return LX_EXIT_DONE;
    for (size_t i = 0; i < sizeof(tcp_flags) / sizeof(*tcp_flags); i++) {
        if (!strcasecmp(name, tcp_flags[i].name)) {
            *flags |= tcp_flags[i].bit;
            return LX_EXIT_DONE;
        }
    }
    return lx_usage_error("--flags '%s': write any of FIN, SYN, RST, PSH, ACK, URG, with commas, or none", name);
}

static int read_flags(const char *text, uint8_t *flags)
{
    char *copy = strdup(text), *rest = copy, *name;
    int result = copy ? LX_EXIT_DONE : lx_memory_error();

    *flags = 0;
    while (result == LX_EXIT_DONE && (name = strsep(&rest, ",")))
        result = add_flag(name, flags);
    free(copy);
    return result;
}

int lx_probe_read(char *const words[3], const char *flags, struct lx_probe *probe)
{
    struct lx_probe found = {.source_port = LX_PROBE_SOURCE_PORT, .tcp_flags = LX_TCP_SYN};
    int result = read_transport(words[0], &found);
    bool ports = found.transport != LX_PORTLESS;

    if (result == LX_EXIT_DONE)
        result = read_endpoint(words[1], ports, &found.source, &found.source_port);
    if (result == LX_EXIT_DONE)
        result = read_endpoint(words[2], ports, &found.destination, &found.destination_port);
    if (result != LX_EXIT_DONE)
        return result;
    if (lx_address_is_ipv4(&found.source) != lx_address_is_ipv4(&found.destination))
        return lx_usage_error("'%s' and '%s' are of different address families", words[1], words[2]);
    if (flags && found.transport != LX_TCP)
        return lx_usage_error("--flags goes with tcp alone");
    if (flags)
        result = read_flags(flags, &found.tcp_flags);
    if (result == LX_EXIT_DONE)
        *probe = found;
    return result;
}
