/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ports as text and back. The text is what the tables print, less their thousands separators and long dashes.
 */
#include "ports.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_OF(number) #number
#define NUMBER_TEXT(number) TEXT_OF(number)

bool lx_ports_any(const struct lx_ports *ports)
{
    return ports->count == 0;
}

bool lx_ports_contain(const struct lx_ports *ports, uint16_t port)
{
    for (size_t i = 0; i < ports->count; i++)
        if (port >= ports->ranges[i].first && port <= ports->ranges[i].last)
            return true;
    return lx_ports_any(ports);
}

bool lx_ports_cover(const struct lx_ports *wide, const struct lx_ports *narrow)
{
    if (lx_ports_any(wide))
        return true;
    if (lx_ports_any(narrow))
        return false;
    for (size_t i = 0; i < narrow->count; i++) {
        uint32_t port = narrow->ranges[i].first;
        bool grown = true;

        /* A range may be covered by several that touch. */
        while (grown && port <= narrow->ranges[i].last) {
            grown = false;
            for (size_t j = 0; j < wide->count; j++) {
                if (wide->ranges[j].first <= port && port <= wide->ranges[j].last) {
                    port = wide->ranges[j].last + 1u;
                    grown = true;
                }
            }
        }
        if (port <= narrow->ranges[i].last)
            return false;
    }
    return true;
}

bool lx_ports_meet(const struct lx_ports *left, const struct lx_ports *right)
{
    for (size_t i = 0; i < left->count; i++)
        for (size_t j = 0; j < right->count; j++)
            if (left->ranges[i].first <= right->ranges[j].last && right->ranges[j].first <= left->ranges[i].last)
                return true;
    return lx_ports_any(left) || lx_ports_any(right);
}

/* Moves `port` behind what is taken at it. Returns the last port before the next that is taken, at most `last`. */
static uint32_t next_kept(const struct lx_ports *taken, uint32_t *port, uint32_t last)
{
    uint32_t end = last;

    for (size_t i = 0; i < taken->count; i++) {
        const struct lx_port_range *range = &taken->ranges[i];

        if (range->first <= *port && *port <= range->last) {
            *port = range->last + 1u;
            return next_kept(taken, port, last);
        }
    }
    for (size_t i = 0; i < taken->count; i++)
        if (taken->ranges[i].first > *port && taken->ranges[i].first <= end)
            end = taken->ranges[i].first - 1u;
    return end;
}

int lx_ports_subtract(const struct lx_ports *ports, const struct lx_ports *taken, struct lx_ports *left)
{
    static const struct lx_ports all = {.count = 1, .ranges = {{1, UINT16_MAX}}};
    struct lx_ports kept = {.count = 0};

    if (lx_ports_any(taken))
        return -ENOENT;
    if (lx_ports_any(ports))
        ports = &all;
    for (size_t i = 0; i < ports->count; i++) {
        uint32_t port = ports->ranges[i].first, last = ports->ranges[i].last, end;

        for (end = next_kept(taken, &port, last); port <= last; end = next_kept(taken, &port, last)) {
            if (kept.count == LX_PORT_RANGES)
                return -E2BIG;
            kept.ranges[kept.count++] = (struct lx_port_range){(uint16_t)port, (uint16_t)end};
            port = end + 1;
        }
    }
    if (!kept.count)
        return -ENOENT;
    *left = kept;
    return 0;
}

static int refuse(const char **problem, const char *sentence)
{
    if (problem)
        *problem = sentence;
    return -EINVAL;
}

static const char *port_problem(const char *text)
{
    if (!*text || *text == ',')
        return "a port is missing; write 443, 50000-59999, 443,3478 or any";
    if (!strncmp(text, "\xe2\x80\x93", 3) || !strncmp(text, "\xe2\x80\x94", 3))
        return "a long dash in a range of ports; write a plain hyphen, 50000-59999";
    if (isspace((unsigned char)*text))
        return "a blank among ports; write 50000-59999 or 443,3478 without one";
    return "not a port; write 443, 50000-59999, 443,3478 or any";
}

/* Reads one port and moves `text` behind it. */
static int parse_port(const char **text, uint16_t *port, const char **problem)
{
    const char *digit = *text;
    unsigned value = 0;

    if (!isdigit((unsigned char)*digit))
        return refuse(problem, port_problem(digit));
    if (*digit == '0' && isdigit((unsigned char)digit[1]))
        return refuse(problem, "a port with a leading zero; write it without one, and without a thousands separator: "
                               "50000, not 50,000");
    for (; isdigit((unsigned char)*digit); digit++) {
        value = value * 10 + (unsigned)(*digit - '0');
        if (value > UINT16_MAX)
            return refuse(problem, "the port is out of range; ports are 1 to 65535");
    }
    if (!value)
        return refuse(problem, "port 0 cannot be used; ports are 1 to 65535");
    *port = (uint16_t)value;
    *text = digit;
    return 0;
}

static int parse_range(const char **text, struct lx_port_range *range, const char **problem)
{
    int error = parse_port(text, &range->first, problem);

    if (error)
        return error;
    range->last = range->first;
    if (**text == '-') {
        (*text)++;
        error = parse_port(text, &range->last, problem);
        if (error)
            return error;
    }
    if (range->last < range->first)
        return refuse(problem, "the range of ports is reversed; write the smaller one first, 50000-59999");
    if (**text && **text != ',')
        return refuse(problem, port_problem(*text));
    return 0;
}

int lx_ports_parse(const char *text, struct lx_ports *ports, const char **problem)
{
    struct lx_ports parsed = {.count = 0};
    int error;

    if (strcmp(text, "any")) {
        for (;;) {
            if (parsed.count == LX_PORT_RANGES)
                return refuse(problem, "more than " NUMBER_TEXT(LX_PORT_RANGES) " ports and ranges in one list; write "
                                                                                "the rest as another row");
            error = parse_range(&text, &parsed.ranges[parsed.count], problem);
            if (error)
                return error;
            parsed.count++;
            if (!*text)
                break;
            text++; /* the comma */
        }
    }
    *ports = parsed;
    return 0;
}

char *lx_ports_format(const struct lx_ports *ports, char text[LX_PORTS_TEXT])
{
    size_t used = 0;

    if (lx_ports_any(ports))
        return strcpy(text, "any");
    for (size_t i = 0; i < ports->count; i++) {
        const struct lx_port_range *range = &ports->ranges[i];

        used += (size_t)snprintf(text + used, LX_PORTS_TEXT - used, "%s%u", i ? "," : "", range->first);
        if (range->last != range->first)
            used += (size_t)snprintf(text + used, LX_PORTS_TEXT - used, "-%u", range->last);
    }
    return text;
}
