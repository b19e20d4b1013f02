/* SPDX-License-Identifier: GPL-2.0-only */
/* The flood as a command, for tests in shell. Prints what it sent as JSON; a signal ends it early, not wrongly. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flood.h"
#include "user/core/policy/ports.h"

static const char usage[] =
    "usage: flood INTERFACE --to ADDRESS --ports TRANSPORT/PORTS… [OPTION]…\n"
    "Puts frames into INTERFACE, a veth whose peer has XDP or `gro on`, as if they came from its peer's wire.\n"
    "  --ports T/P         tcp or udp and ports, \"udp/3478,50000-59999\"; may be given again; taken in turn\n"
    "  --from PREFIX       the source; bits beyond the prefix's length are drawn for each frame (default: any)\n"
    "  --source-port N     drawn from 1024 to 65535 unless given\n"
    "  --flags HEX         of TCP (default 02, SYN)\n"
    "  --mac A --from-mac B  Ethernet destination and source (default 02:00:00:00:00:02 and …:01)\n"
    "  --vlan N            one tag\n"
    "  --size N            of the frame without FCS, or --payload N, of a datagram (a segment has 12 bytes less)\n"
    "  --frames N --seconds N   where to end (default: 10000000 frames, unless --seconds is given)\n"
    "  --rate N            frames a second\n"
    "  --seed N            of what is drawn\n"
    "  --cpu N[,N]…        where to run, all at once (default: one CPU, whichever)\n"
    "  --again             once for each line of standard input\n";

static volatile sig_atomic_t stop;

static void end(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static _Noreturn void fail(const char *what, const char *about)
{
    fprintf(stderr, "flood: %s: %s\n%s", about, what, usage);
    exit(2);
}

static __u64 number(const char *text, int base, __u64 most)
{
    char *rest;
    unsigned long long read = strtoull(text, &rest, base);

    if (*rest || rest == text || *text == '-' || read > most)
        fail("not a number that it can be", text);
    return read;
}

static double duration(const char *text)
{
    char *rest;
    double read = strtod(text, &rest);

    if (*rest || rest == text || !(read >= 0 && read <= 86400))
        fail("not a number of seconds that it can be", text);
    return read;
}

static void add_ports(struct lx_flood *flood, const char *text)
{
    enum lx_flood_transport transport = !strncmp(text, "tcp/", 4) ? LX_FLOOD_TCP : LX_FLOOD_UDP;
    const char *problem = "write tcp/PORTS or udp/PORTS";
    struct lx_ports ports;

    if ((strncmp(text, "tcp/", 4) && strncmp(text, "udp/", 4)) || lx_ports_parse(text + 4, &ports, &problem))
        fail(problem, text);
    if (lx_ports_any(&ports))
        ports = (struct lx_ports){.count = 1, .ranges = {{1, 65535}}};
    for (size_t i = 0; i < ports.count; i++)
        for (__u32 port = ports.ranges[i].first; port <= ports.ranges[i].last; port++) {
            if (flood->port_count == LX_FLOOD_TARGETS)
                fail("too many ports", text);
            flood->ports[flood->port_count++] = LX_FLOOD_TARGET(transport, port);
        }
}

static void read_mac(const char *text, __u8 mac[6])
{
    unsigned bytes[6];

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", bytes, bytes + 1, bytes + 2, bytes + 3, bytes + 4, bytes + 5) != 6)
        fail("not a MAC address", text);
    for (int i = 0; i < 6; i++)
        mac[i] = bytes[i];
}

/* "0,1": one after the other. */
static void add_cpus(struct lx_flood *flood, const char *text)
{
    char list[64], *rest = list, *one;

    if (snprintf(list, sizeof(list), "%s", text) >= (int)sizeof(list))
        fail("too many CPUs", text);
    while ((one = strsep(&rest, ","))) {
        if (flood->cpu_count == LX_FLOOD_CPUS)
            fail("too many CPUs", text);
        flood->cpus[flood->cpu_count++] = number(one, 10, CPU_SETSIZE - 1);
    }
}

enum choice {
    TO,
    PORTS,
    FROM,
    SOURCE_PORT,
    FLAGS,
    MAC,
    FROM_MAC,
    VLAN,
    SIZE,
    PAYLOAD,
    FRAMES,
    SECONDS,
    RATE,
    SEED,
    CPU,
    AGAIN
};

static const struct option options[] = {
    {"to", 1, NULL, TO},
    {"ports", 1, NULL, PORTS},
    {"from", 1, NULL, FROM},
    {"source-port", 1, NULL, SOURCE_PORT},
    {"flags", 1, NULL, FLAGS},
    {"mac", 1, NULL, MAC},
    {"from-mac", 1, NULL, FROM_MAC},
    {"vlan", 1, NULL, VLAN},
    {"size", 1, NULL, SIZE},
    {"payload", 1, NULL, PAYLOAD},
    {"frames", 1, NULL, FRAMES},
    {"seconds", 1, NULL, SECONDS},
    {"rate", 1, NULL, RATE},
    {"seed", 1, NULL, SEED},
    {"cpu", 1, NULL, CPU},
    {"again", 0, NULL, AGAIN},
    {0},
};

static void take(struct lx_flood *flood, int option, const char *value, const char **from, long *payload)
{
    const char *problem = "not an address";

    switch (option) {
    case TO:
        if (lx_address_parse(value, &flood->target, &problem))
            fail(problem, value);
        break;
    case PORTS:
        add_ports(flood, value);
        break;
    case FROM:
        *from = value;
        break;
    case SOURCE_PORT:
        flood->source_port = number(value, 10, 65535);
        break;
    case FLAGS:
        flood->tcp_flags = number(value, 16, 255);
        break;
    case MAC:
        read_mac(value, flood->to_mac);
        break;
    case FROM_MAC:
        read_mac(value, flood->from_mac);
        break;
    case VLAN:
        flood->vlan = number(value, 10, 4095);
        break;
    case SIZE:
        flood->size = number(value, 10, LX_FLOOD_LONGEST);
        break;
    case PAYLOAD:
        *payload = number(value, 10, LX_FLOOD_LONGEST);
        break;
    case FRAMES:
        flood->frames = number(value, 10, ~0ull);
        break;
    case SECONDS:
        flood->seconds = duration(value);
        break;
    case RATE:
        flood->rate = number(value, 10, 1000000000);
        break;
    case SEED:
        flood->seed = number(value, 10, ~0ull);
        break;
    case CPU:
        add_cpus(flood, value);
        break;
    default:
        fail("no such option, or it lacks its value", "above");
    }
}

static void complete(struct lx_flood *flood, const char *from, long payload)
{
    bool ipv6 = !lx_address_is_ipv4(&flood->target);
    const char *problem = "not a prefix";

    if (!flood->interface || !flood->port_count)
        fail("INTERFACE, --to and --ports are needed", "too little");
    if (lx_prefix_parse(from ?: ipv6 ? "::/0" : "0.0.0.0/0", &flood->source, &problem))
        fail(problem, from);
    if (payload >= 0)
        flood->size = payload + 8 + (ipv6 ? 40 : 20) + 14 + (flood->vlan ? 4 : 0);
    if (!flood->frames && flood->seconds <= 0)
        flood->frames = 10000000;
}

static int send_once(struct lx_flooder *flooder)
{
    struct lx_flood_sent sent;
    int error = lx_flood_send(flooder, &stop, &sent);

    if (error)
        return error;
    printf(
        "{\"made\": %llu, \"taken\": %llu, \"lost\": %llu, \"seconds\": %.6f, \"per_second\": %.0f, \"speed\": %.0f}\n",
        sent.made, sent.taken, sent.lost, sent.seconds, sent.taken / sent.seconds, sent.speed);
    return fflush(stdout) ? -EIO : 0;
}

static int send_flood(const struct lx_flood *flood, bool again)
{
    struct lx_flooder *flooder = NULL;
    int error = lx_flood_open(flood, &flooder), byte;

    if (!again)
        error = error ?: send_once(flooder);
    while (again && !error && !stop && (byte = getchar()) != EOF)
        if (byte == '\n')
            error = send_once(flooder);
    lx_flood_close(flooder);
    return error;
}

int main(int argc, char **argv)
{
    struct lx_flood flood = {.tcp_flags = 2, .from_mac = {2, 0, 0, 0, 0, 1}, .to_mac = {2, 0, 0, 0, 0, 2}};
    struct sigaction action = {.sa_handler = end};
    const char *from = NULL;
    bool again = false;
    int option, error;
    long payload = -1;

    flood.ports = calloc(LX_FLOOD_TARGETS, sizeof(*flood.ports));
    if (!flood.ports)
        return 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
        if (option == AGAIN)
            again = true;
        else
            take(&flood, option, optarg, &from, &payload);
    flood.interface = optind + 1 == argc ? argv[optind] : NULL;
    complete(&flood, from, payload);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    error = send_flood(&flood, again);
    free(flood.ports);
    if (error)
        fprintf(stderr, "flood: %s: %s\n", flood.interface, strerror(-error));
    return error ? 1 : 0;
}
