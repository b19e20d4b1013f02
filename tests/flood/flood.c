/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes the headers that all frames of a flood share, hands them to the program beside this file, and has the kernel
 * run it over live frames, a part of a second at a time so that a rate can be kept and the end be noticed.
 */
#include "flood.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flood.skel.h"

#define FIRST_RUN 65536
#define RUN_SECONDS 0.25
#define RUNS_A_SECOND 20 /* where a rate is kept */
#define IN_A_BATCH 64    /* a veth's ring has room for 256 */

static const __u8 protocols[LX_FLOOD_TRANSPORTS] = {[LX_FLOOD_UDP] = 17, [LX_FLOOD_TCP] = 6};

static void put16(__u8 *at, __u16 value)
{
    at[0] = value >> 8;
    at[1] = value & 0xff;
}

static size_t round_up(size_t length)
{
    return (length + 7) & ~7ul;
}

/* The sum of 16-bit words as they lie in memory, which one's complement does not mind. */
static __u32 sum_of(const void *bytes, size_t length)
{
    __u32 sum = 0;
    __u16 word;

    for (size_t i = 0; i + 1 < length; i += 2) {
        memcpy(&word, (const __u8 *)bytes + i, 2);
        sum += word;
    }
    return sum;
}

static size_t write_ethernet(const struct lx_flood *flood, bool ipv6, __u8 *frame)
{
    size_t at = 12;

    memcpy(frame, flood->to_mac, 6);
    memcpy(frame + 6, flood->from_mac, 6);
    if (flood->vlan) {
        put16(frame + at, ETH_P_8021Q);
        put16(frame + at + 2, flood->vlan);
        at += 4;
    }
    put16(frame + at, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
    return at + 2;
}

/* `length` is that of the IP packet. */
static void write_network(const struct lx_flood *flood, bool ipv6, __u8 protocol, size_t length, __u8 *ip)
{
    if (ipv6) {
        ip[0] = 0x60;
        put16(ip + 4, length - sizeof(struct ipv6hdr));
        ip[6] = protocol;
        ip[7] = 64;
        memcpy(ip + 24, flood->target.bytes, 16);
        return;
    }
    ip[0] = 0x45;
    put16(ip + 2, length);
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 16, flood->target.bytes + 12, 4);
}

static void write_transport(const struct lx_flood *flood, enum lx_flood_transport transport, size_t length, __u8 *at)
{
    if (transport == LX_FLOOD_UDP) {
        put16(at + 4, length);
        return;
    }
    at[4] = 1; /* some sequence number */
    at[12] = sizeof(struct tcphdr) / 4 << 4;
    at[13] = flood->tcp_flags;
    put16(at + 14, 65535);
}

/* The template of a transport and the sums that stay the same. The payload is zeros. */
static void write_template(const struct lx_flood *flood, enum lx_flood_transport transport, size_t size,
                           struct lx_flood_shape *shape)
{
    __u8 *frame = (__u8 *)shape->templates[transport];
    size_t network = shape->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr), length;
    __u8 pseudo[4] = {0};

    write_ethernet(flood, shape->ipv6, frame);
    length = size - shape->ip;
    write_network(flood, shape->ipv6, protocols[transport], length, frame + shape->ip);
    length -= network;
    write_transport(flood, transport, length, frame + shape->ip + network);
    pseudo[1] = protocols[transport];
    put16(pseudo + 2, length);
    shape->ip_sums[transport] = sum_of(frame + shape->ip, sizeof(struct iphdr));
    shape->sums[transport] = sum_of(pseudo, sizeof(pseudo)) +
                             sum_of(frame + shape->ip + (shape->ipv6 ? 24 : 16), shape->ipv6 ? 16 : 4) +
                             sum_of(frame + shape->ip + network, sizeof(struct tcphdr));
}

/* Cuts the source's prefix into what stays and what is drawn. */
static void write_source(const struct lx_prefix *source, bool ipv6, struct lx_flood_shape *shape)
{
    struct lx_address varied;

    for (unsigned bit = 0; bit < 128; bit++)
        varied.bytes[bit / 8] = (bit % 8 ? varied.bytes[bit / 8] : 0) | (bit >= source->length ? 0x80 >> bit % 8 : 0);
    memcpy(shape->source, source->address.bytes + (ipv6 ? 0 : 12), ipv6 ? 16 : 4);
    memcpy(shape->varied, varied.bytes + (ipv6 ? 0 : 12), ipv6 ? 16 : 4);
}

static int write_shape(const struct lx_flood *flood, struct lx_flood_shape *shape, size_t *size)
{
    bool ipv6 = !lx_address_is_ipv4(&flood->target);
    size_t network = ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr), headers;

    if (ipv6 == lx_prefix_is_ipv4(&flood->source) || !flood->port_count || flood->port_count > LX_FLOOD_TARGETS)
        return -EINVAL;
    *shape = (struct lx_flood_shape){
        .ifindex = if_nametoindex(flood->interface),
        .ip = ETH_HLEN + (flood->vlan ? 4 : 0),
        .ipv6 = ipv6,
        .targets = flood->port_count,
        .source_port = flood->source_port,
    };
    headers = round_up(shape->ip + network + sizeof(struct tcphdr));
    shape->words = headers / 8;
    *size = flood->size ?: headers < ETH_ZLEN ? ETH_ZLEN : headers;
    if (!shape->ifindex)
        return -ENODEV;
    if (*size < headers || *size > LX_FLOOD_LONGEST)
        return -EMSGSIZE;
    write_source(&flood->source, ipv6, shape);
    write_template(flood, LX_FLOOD_UDP, *size, shape);
    write_template(flood, LX_FLOOD_TCP, *size, shape);
    return 0;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* What one CPU sends: a share of the whole, by a program of its own, so that no two write the same cache line. */
struct sender {
    struct lx_flood share;
    int cpu; /* -1: any */
    size_t size;
    struct flood *skeleton;
    double speed; /* frames a second, as far as is known; 0: not yet */
    /* Of what is being sent: */
    pthread_t thread;
    const volatile sig_atomic_t *stop;
    __u64 made;
    double running;
    int error;
};

struct lx_flooder {
    const struct lx_flood *flood;
    unsigned count;
    struct sender senders[LX_FLOOD_CPUS];
};

/*
 * How many frames come next. A test run takes some 30 ms to clean up after itself, so that there should be few; one
 * that takes long notices late that time is up.
 */
static __u64 next_few(const struct sender *sender, double elapsed)
{
    const struct lx_flood *flood = &sender->share;
    double most = flood->seconds > 0 && flood->seconds - elapsed < RUN_SECONDS ? flood->seconds - elapsed : RUN_SECONDS;
    __u64 few = sender->speed > 0 ? sender->speed * most : FIRST_RUN;

    if (flood->rate)
        few = flood->rate / RUNS_A_SECOND;
    if (flood->frames && flood->frames - sender->made < few)
        few = flood->frames - sender->made;
    return few < 1 ? 1 : few > INT32_MAX ? INT32_MAX : few;
}

static void keep_rate(const struct lx_flood *flood, double began, __u64 made)
{
    double early = flood->rate ? began + (double)made / flood->rate - now() : 0;

    if (early > 0)
        usleep(early * 1e6);
}

static int send_few(struct sender *sender, __u64 few)
{
    static const __u8 blank[LX_FLOOD_LONGEST];
    volatile struct flood__bss *state = sender->skeleton->bss;
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = blank, .data_size_in = sender->size, .repeat = few,
                .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = few < IN_A_BATCH ? few : IN_A_BATCH);
    int error;

    state->made = state->began = state->ended = 0;
    error = bpf_prog_test_run_opts(bpf_program__fd(sender->skeleton->progs.flood), &run);
    sender->made += state->made;
    sender->running += (state->ended - state->began) / 1e9;
    if (state->ended > state->began)
        sender->speed = state->made * 1e9 / (state->ended - state->began);
    return error == -EINTR ? 0 : error; /* a signal: `stop` tells whether it was meant */
}

static int run_on(int cpu)
{
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    return -pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
}

static void *send_share(void *argument)
{
    struct sender *sender = argument;
    const struct lx_flood *flood = &sender->share;
    double began = now();

    sender->error = sender->cpu >= 0 ? run_on(sender->cpu) : 0;
    while (!sender->error && !*sender->stop && (!flood->frames || sender->made < flood->frames) &&
           (flood->seconds <= 0 || now() < began + flood->seconds)) {
        sender->error = send_few(sender, next_few(sender, now() - began));
        keep_rate(flood, began, sender->made);
    }
    return NULL;
}

/* The first share is sent by this thread, which is the one that a signal interrupts. */
static int send_all(struct lx_flooder *flooder, const volatile sig_atomic_t *stop, struct lx_flood_sent *sent)
{
    struct sender *senders = flooder->senders;
    double began = now();
    unsigned started = 1;
    int error = 0;

    for (unsigned i = 0; i < flooder->count; i++) {
        senders[i].stop = stop;
        senders[i].made = senders[i].running = 0;
    }
    while (started < flooder->count && !error) {
        error = -pthread_create(&senders[started].thread, NULL, send_share, &senders[started]);
        started += !error;
    }
    if (!error)
        send_share(&senders[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(senders[i].thread, NULL);
    for (unsigned i = 0; i < started; i++) {
        error = error ?: senders[i].error;
        sent->made += senders[i].made;
        sent->speed += senders[i].running > 0 ? senders[i].made / senders[i].running : 0;
    }
    sent->seconds = now() - began;
    return error;
}

static int statistics(const struct lx_flood *flood, __u64 *taken, __u64 *lost)
{
    int error = lx_flood_statistic(flood->interface, "tx_queue_", "_xdp_xmit", taken);

    return error ?: lx_flood_statistic(flood->interface, "tx_queue_", "_xdp_xmit_errors", lost);
}

int lx_flood_send(struct lx_flooder *flooder, const volatile sig_atomic_t *stop, struct lx_flood_sent *sent)
{
    struct lx_flood_sent done = {0};
    __u64 taken, lost;
    int error = statistics(flooder->flood, &taken, &lost);

    error = error ?: send_all(flooder, stop, &done);
    error = error ?: statistics(flooder->flood, &done.taken, &done.lost);
    if (error)
        return error;
    done.taken -= taken;
    done.lost -= lost;
    *sent = done;
    return 0;
}

static int load_sender(struct sender *sender, const struct lx_flood_shape *shape)
{
    const struct lx_flood *flood = &sender->share;

    sender->skeleton = flood__open();
    if (!sender->skeleton)
        return -errno;
    memcpy((void *)&sender->skeleton->rodata->shape, shape, sizeof(*shape));
    memcpy(sender->skeleton->bss->targets, flood->ports, flood->port_count * sizeof(*flood->ports));
    sender->skeleton->data->state = flood->seed * 0x9e3779b97f4a7c15ull; /* small seeds begin alike */
    return flood__load(sender->skeleton);
}

/* An equal part of what is limited by a number; the first has what is left over. */
static __u64 part(__u64 whole, unsigned count, unsigned which)
{
    return whole / count + (which ? 0 : whole % count);
}

static int make_senders(struct lx_flooder *flooder)
{
    const struct lx_flood *flood = flooder->flood;
    struct lx_flood_shape shape;
    size_t size;
    int error = write_shape(flood, &shape, &size);

    for (unsigned i = 0; i < flooder->count && !error; i++) {
        struct sender *sender = &flooder->senders[i];

        *sender = (struct sender){.share = *flood, .cpu = flood->cpu_count ? flood->cpus[i] : -1, .size = size};
        sender->share.frames = part(flood->frames, flooder->count, i);
        sender->share.rate = part(flood->rate, flooder->count, i);
        sender->share.seed = (flood->seed ?: 1) + i;
        error = load_sender(sender, &shape);
    }
    return error;
}

int lx_flood_open(const struct lx_flood *flood, struct lx_flooder **flooder)
{
    unsigned count = flood->cpu_count ?: 1;
    struct lx_flooder *opened;
    int error;

    if (count > LX_FLOOD_CPUS || (flood->frames && flood->frames < count))
        return -EINVAL;
    opened = calloc(1, sizeof(*opened));
    if (!opened)
        return -ENOMEM;
    opened->flood = flood;
    opened->count = count;
    error = make_senders(opened);
    if (error)
        lx_flood_close(opened);
    else
        *flooder = opened;
    return error;
}

void lx_flood_close(struct lx_flooder *flooder)
{
    for (unsigned i = 0; flooder && i < flooder->count; i++)
        flood__destroy(flooder->senders[i].skeleton);
    free(flooder);
}
