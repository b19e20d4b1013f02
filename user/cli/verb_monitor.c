/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * monitor: packets as they are dropped, a few a second, with the row that comes nearest to each, and how many there
 * were besides.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../core/report.h"
#include "../kernel/listen.h"
#include "attachments.h"
#include "capture_file.h"
#include "nearest.h"
#include "output.h"
#include "verb.h"

#define SECOND 1000000000ull
/* Samples a second unless another rate is asked for, and how many of them may come at once. */
#define RATE 20
#define MOST_RATE 100000

struct monitor_options {
    const char *write;
    struct lx_wish wish;
    uint32_t rate, count;
    bool json;
};

/* An attachment that is listened to. */
struct heard_of {
    char interface[LX_INTERFACE_NAME];
    struct lx_nearest *nearest;
    uint64_t ignored; /* samples that came when enough were shown */
    uint64_t told;    /* of those that are not shown, so many were told of */
};

struct monitor {
    const struct monitor_options *options;
    struct lx_listening *listening;
    struct lx_capture *capture; /* NULL: none is written */
    struct heard_of *heard_of;  /* owned */
    size_t count;
    uint64_t shown;
    int result;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

/* --- Options --- */

static int take_reason(void *field, const char *value)
{
    for (uint32_t reason = 0; reason < LX_REASON_COUNT; reason++) {
        if (strcmp(value, lx_reason_name(reason)) || lx_reason_verdict(reason) == LX_PASS)
            continue;
        *(__u64 *)field |= 1ull << reason;
        return LX_EXIT_DONE;
    }
    return lx_usage_error("--reason '%s' is none that drops a packet; lyncxdp(8) lists them", value);
}

/* PORT, tcp/PORT or udp/PORT. */
static int take_port(void *field, const char *value)
{
    const char *slash = strchr(value, '/'), *digits = slash ? slash + 1 : value;
    bool tcp = slash && !strncmp(value, "tcp/", 4), udp = slash && !strncmp(value, "udp/", 4);
    unsigned long port;
    char *rest;

    errno = 0;
    port = strtoul(digits, &rest, 10);
    if (errno || *rest || *digits < '0' || *digits > '9' || port > 65535 || (slash && !tcp && !udp))
        return lx_usage_error("--port '%s': write a port, such as 3389, tcp/3389 or udp/3389", value);
    *(__u32 *)field = slash ? lx_service(tcp ? LX_TCP : LX_UDP, (uint16_t)port) : LX_LISTEN_PORT(port);
    return LX_EXIT_DONE;
}

static int take_prefix(void *field, const char *value)
{
    struct lx_wish *wish = field;
    const char *problem = "not an address";
    struct lx_prefix prefix;
    uint8_t mask[16];

    if (lx_prefix_parse(value, &prefix, &problem))
        return lx_usage_error("--prefix '%s': %s", value, problem);
    for (unsigned i = 0; i < sizeof(mask); i++)
        mask[i] = prefix.length >= 8 * (i + 1) ? 0xff
                  : prefix.length <= 8 * i     ? 0
                                               : (uint8_t)(0xff00 >> prefix.length % 8);
    wish->prefixed = 1;
    memcpy(wish->address, prefix.address.bytes, sizeof(wish->address));
    memcpy(wish->mask, mask, sizeof(wish->mask));
    return LX_EXIT_DONE;
}

static int take_number(const char *option, const char *value, uint32_t most, uint32_t *number)
{
    unsigned long read;
    char *rest;

    errno = 0;
    read = strtoul(value, &rest, 10);
    if (errno || *rest || *value < '0' || *value > '9' || !read || read > most)
        return lx_usage_error("--%s '%s': write a number from 1 to %u", option, value, most);
    *number = (uint32_t)read;
    return LX_EXIT_DONE;
}

static int take_rate(void *field, const char *value)
{
    return take_number("rate", value, MOST_RATE, field);
}

static int take_count(void *field, const char *value)
{
    return take_number("count", value, 1000000000, field);
}

static const struct lx_option options_of_monitor[] = {
    {"write", "FILE", "write the packets to a capture file as well, or (-) instead", lx_take_text,
     offsetof(struct monitor_options, write)},
    {"reason", "REASON", "only packets dropped for this; may be given again", take_reason,
     offsetof(struct monitor_options, wish.reasons)},
    {"port", "[tcp/|udp/]PORT", "only packets to this port", take_port, offsetof(struct monitor_options, wish.service)},
    {"prefix", "ADDR[/LENGTH]", "only packets from or to these addresses", take_prefix,
     offsetof(struct monitor_options, wish)},
    {"rate", "N", "show at most so many a second (20)", take_rate, offsetof(struct monitor_options, rate)},
    {"count", "N", "show so many, then stop", take_count, offsetof(struct monitor_options, count)},
    {"json", NULL, "print a line of JSON for each", lx_take_flag, offsetof(struct monitor_options, json)},
};

/* --- What is heard --- */

static uint64_t clock_of(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void print_line(const json_t *report)
{
    if (json_dumpf(report, stdout, JSON_COMPACT))
        lx_memory_error();
    putchar('\n');
}

/* "16:03:12.123456 eth0 to-role drop no-row: tcp 203.0.113.9:4711 > 192.0.2.1:3389 SYN, 60 bytes" */
static void print_sample(const json_t *report)
{
    const char *time = json_string_value(json_object_get(report, "time")), *separator = " ";
    const char *row = json_string_value(json_object_get(report, "row"));
    const char *nearest = json_string_value(json_object_get(report, "nearest"));
    const char *from = json_string_value(json_object_get(report, "from"));
    const json_t *flag;
    size_t i;

    printf("%s %s %s %s %s: %s", time ? time + 11 : "-", json_string_value(json_object_get(report, "interface")),
           json_string_value(json_object_get(report, "hook")), json_string_value(json_object_get(report, "verdict")),
           json_string_value(json_object_get(report, "reason")),
           json_string_value(json_object_get(report, "transport")));
    if (from)
        printf(" %s > %s", from, json_string_value(json_object_get(report, "to")));
    json_array_foreach(json_object_get(report, "flags"), i, flag)
    {
        printf("%s%s", separator, json_string_value(flag));
        separator = ",";
    }
    printf(", %" JSON_INTEGER_FORMAT " bytes\n", json_integer_value(json_object_get(report, "bytes")));
    if (nearest)
        printf("    nearest %s%s%s\n", row ? row : "none: ", row ? " " : "", nearest);
}

static void show(const struct monitor *monitor, const struct lx_sampled *sampled)
{
    json_t *report = lx_report_sample(sampled);

    if (!report)
        lx_memory_error();
    else if (monitor->options->json)
        print_line(report);
    else
        print_sample(report);
    json_decref(report);
    fflush(stdout);
}

static void heard(void *context, size_t index, const struct lx_sample *sample)
{
    struct monitor *monitor = context;
    struct heard_of *of = &monitor->heard_of[index];
    struct lx_sampled sampled = {.sample = sample, .interface = of->interface};
    struct lx_probe probe;
    char *text = NULL;

    if (monitor->options->count && monitor->shown >= monitor->options->count) {
        of->ignored++;
        return;
    }
    monitor->shown++;
    sampled.time = clock_of(CLOCK_REALTIME) - (clock_of(CLOCK_MONOTONIC) - sample->time);
    if (monitor->capture && monitor->result == LX_EXIT_DONE)
        monitor->result = lx_capture_write(
            monitor->capture, &(struct lx_captured){sampled.time, sample->length, sample->captured, sample->bytes});
    if (monitor->options->write && !strcmp(monitor->options->write, "-"))
        return;
    if (of->nearest && (sample->judgement & 0xffff) == LX_REASON_NO_ROW && lx_sample_probe(sample, &probe))
        lx_nearest_find(of->nearest, &probe, sample->hook, &sampled.row, &text);
    sampled.nearest = text;
    show(monitor, &sampled);
    free(text);
}

/* What there was besides, since it was said last. Returns false when it cannot be told. */
static bool tell_rest(struct monitor *monitor, size_t index)
{
    struct heard_of *of = &monitor->heard_of[index];
    FILE *stream = monitor->options->json ? stdout : stderr;
    struct lx_listened listened;
    uint64_t rest;

    if (lx_listen_counts(monitor->listening, index, &listened))
        return false;
    /* Counted one after the other, and read while that goes on. */
    rest = listened.wanted > listened.samples ? listened.wanted - listened.samples + of->ignored : of->ignored;
    if (rest <= of->told)
        return true;
    if (monitor->options->json)
        fprintf(stream, "{\"interface\":\"%s\",\"not_shown\":%llu,\"lost\":%llu}\n", of->interface,
                (unsigned long long)(rest - of->told), (unsigned long long)listened.lost);
    else
        fprintf(stream, "%s: %llu more, not shown\n", of->interface, (unsigned long long)(rest - of->told));
    fflush(stream);
    of->told = rest;
    return true;
}

/* --- The verb --- */

static int listen_to(const struct lx_attachment *attachment, void *context)
{
    struct monitor *monitor = context;
    struct heard_of *grown = reallocarray(monitor->heard_of, monitor->count + 1, sizeof(*grown));
    struct lx_failure failure;

    if (!grown)
        return lx_memory_error();
    monitor->heard_of = grown;
    grown[monitor->count] = (struct heard_of){.nearest = lx_nearest_open(attachment)};
    snprintf(grown[monitor->count].interface, sizeof(grown->interface), "%s", attachment->metadata.interface);
    if (lx_listen_to(monitor->listening, attachment, &monitor->options->wish, &failure)) {
        lx_nearest_close(grown[monitor->count].nearest);
        return lx_print_failure(&failure);
    }
    monitor->count++;
    return LX_EXIT_DONE;
}

static bool goes_on(const struct monitor *monitor)
{
    return !ended && monitor->result == LX_EXIT_DONE &&
           !(monitor->options->count && monitor->shown >= monitor->options->count);
}

static void listen(struct monitor *monitor)
{
    uint64_t said = clock_of(CLOCK_MONOTONIC);
    int samples = 0;

    while (goes_on(monitor)) {
        samples = lx_listen_wait(monitor->listening, 500);
        if (samples < 0 && samples != -EINTR) {
            lx_print_error("cannot listen any more: %s", strerror(-samples));
            monitor->result = LX_EXIT_FAILED;
        }
        if (clock_of(CLOCK_MONOTONIC) - said < SECOND)
            continue;
        said = clock_of(CLOCK_MONOTONIC);
        for (size_t i = 0; i < monitor->count; i++)
            tell_rest(monitor, i);
    }
    lx_listen_stop(monitor->listening);
    lx_listen_wait(monitor->listening, 0);
    for (size_t i = 0; i < monitor->count; i++)
        tell_rest(monitor, i);
}

static int run(struct monitor *monitor, const struct lx_arguments *arguments)
{
    struct sigaction action = {.sa_handler = end};
    struct lx_failure failure;
    int result = LX_EXIT_DONE;

    if (monitor->options->write)
        result = lx_capture_create(monitor->options->write, LX_SAMPLE_BYTES, &monitor->capture);
    if (result == LX_EXIT_DONE && lx_listen_open(heard, monitor, &monitor->listening, &failure))
        result = lx_print_failure(&failure);
    if (result != LX_EXIT_DONE)
        return result;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    result = lx_visit_attachments(arguments, listen_to, monitor);
    if (result == LX_EXIT_DONE && !monitor->count)
        lx_print_warning("nothing is attached");
    else if (result == LX_EXIT_DONE)
        listen(monitor);
    lx_listen_close(monitor->listening);
    return result != LX_EXIT_DONE ? result : monitor->result;
}

int lx_verb_monitor(int argc, char **argv)
{
    struct monitor_options options = {.wish.service = LX_LISTEN_ANY, .rate = RATE};
    const struct lx_option_set sets[] = {{.options = options_of_monitor,
                                          .count = sizeof(options_of_monitor) / sizeof(*options_of_monitor),
                                          .target = &options,
                                          .letters = "w"}};
    struct monitor monitor = {.options = &options};
    struct lx_arguments arguments;
    int result;

    if (!lx_options_read(argc, argv, sets, 1, &arguments, &result))
        return result;
    if (options.json && options.write && !strcmp(options.write, "-"))
        return lx_usage_error("--write - sends the capture where --json would go; leave one of them out");
    options.wish.interval = SECOND / options.rate;
    options.wish.burst = SECOND / 10;
    result = run(&monitor, &arguments);
    for (size_t i = 0; i < monitor.count; i++)
        lx_nearest_close(monitor.heard_of[i].nearest);
    free(monitor.heard_of);
    lx_capture_close(monitor.capture);
    return result;
}
