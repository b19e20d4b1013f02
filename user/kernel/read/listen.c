/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The listener's side of bpf/sample.h: brings a ring buffer, says what is wished, and keeps saying until when. What it
 * says last lasts for seconds only, so that nothing goes on that nobody hears.
 */
#include "listen.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/kernel/attachment/lock.h"
#include "user/kernel/attachment/update.h"
#include "user/kernel/object/kernel_log.h"
#include "user/kernel/object/pins.h"
#include "user/kernel/process/clock.h"

/* How long a listener is believed to be there, and how much is left when it says so again. */
#define BELIEVED_MS 4000
#define RENEWED_MS 3000

struct one {
    struct lx_listening *listening; /* borrowed: what it is a part of */
    struct lx_maps maps;
    char directory[LX_PINS_PATH];
    struct lx_control *control; /* mapped */
    size_t index;
};

struct lx_listening {
    lx_heard heard;
    void *context;
    struct ring_buffer *rings;
    struct one **ones;
    size_t count;
    bool stopped;
};

static int hear(void *context, void *data, size_t size)
{
    const struct one *one = context;

    if (size >= sizeof(struct lx_sample))
        one->listening->heard(one->listening->context, one->index, data);
    return 0;
}

int lx_listen_open(lx_heard heard, void *context, struct lx_listening **listening, struct lx_failure *failure)
{
    struct lx_listening *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    opened->heard = heard;
    opened->context = context;
    *listening = opened;
    return 0;
}

static void say_until(struct one *one, uint64_t until)
{
    __atomic_store_n(&one->control->sampled_until, until, __ATOMIC_RELEASE);
}

static int clear_counts(int map)
{
    const struct lx_listened none = {0};
    const int cpus = libbpf_num_possible_cpus();
    int error = cpus < 0 ? cpus : 0;

    for (int cpu = 0; cpu < cpus && !error; cpu++)
        error = bpf_map_update_elem(map, &cpu, &none, BPF_ANY) ? -errno : 0;
    return error;
}

/* Brings the ring buffer, which the programs find from now on. Returns its file descriptor or -errno. */
static int bring_ring(struct one *one)
{
    const __u32 first = 0;
    int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "lyncxdp_samples", 0, 0, LX_SAMPLE_RING, NULL);

    if (ring < 0)
        return -errno;
    if (bpf_map_update_elem(one->maps.fds[LX_MAP_SAMPLES], &first, &ring, BPF_ANY)) {
        close(ring);
        return -errno;
    }
    return ring;
}

/* Hears a ring as well as those before it. */
static int add_ring(struct lx_listening *listening, struct one *one, int ring)
{
    if (listening->rings)
        return ring_buffer__add(listening->rings, ring, hear, one);
    listening->rings = ring_buffer__new(ring, hear, one, NULL);
    return listening->rings ? 0 : -errno;
}

/* Under the attachment's lock, so that of two listeners the second sees the first. */
static int begin(struct lx_listening *listening, struct one *one, const struct lx_wish *wish)
{
    const __u32 first = 0;
    int error, ring;

    if (__atomic_load_n(&one->control->sampled_until, __ATOMIC_ACQUIRE) > lx_monotonic_ms())
        return -EBUSY;
    error = clear_counts(one->maps.fds[LX_MAP_LISTENED]);
    if (!error && bpf_map_update_elem(one->maps.fds[LX_MAP_WISHES], &first, wish, BPF_ANY))
        error = -errno;
    if (error)
        return error;
    ring = bring_ring(one);
    if (ring < 0)
        return ring;
    error = add_ring(listening, one, ring);
    close(ring);
    if (!error)
        say_until(one, lx_monotonic_ms() + BELIEVED_MS);
    return error;
}

static struct one *open_one(const struct lx_attachment *attachment, int *error)
{
    struct one *one = calloc(1, sizeof(*one));

    *error = one ? lx_maps_open(attachment->directory, true, &one->maps) : -ENOMEM;
    if (!*error) {
        one->control = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
                            one->maps.fds[LX_MAP_CONTROL], 0);
        if (one->control != MAP_FAILED)
            return one;
        *error = -errno;
        lx_maps_close(&one->maps);
    }
    free(one);
    return NULL;
}

static void close_one(struct one *one)
{
    munmap(one->control, (size_t)sysconf(_SC_PAGESIZE));
    lx_maps_close(&one->maps);
    free(one);
}

static int fail_to_listen(int error, const struct lx_attachment *attachment, struct lx_failure *failure)
{
    const char *interface = attachment->metadata.interface;

    switch (-error) {
    case EBUSY:
        return lx_fail(failure, LX_EXIT_BUSY, EBUSY, "another monitor listens to %s", interface);
    case EPERM:
    case EACCES:
        return lx_fail(failure, LX_EXIT_FAILED, -error, "listening to %s needs root; run it with sudo", interface);
    default:
        return lx_fail(failure, LX_EXIT_FAILED, -error, "cannot listen to %s: %s", interface, strerror(-error));
    }
}

static int listen_locked(struct lx_listening *listening, const struct lx_attachment *attachment,
                         const struct lx_wish *wish)
{
    struct one **grown = reallocarray(listening->ones, listening->count + 1, sizeof(*grown));
    struct one *one;
    int error;

    if (!grown)
        return -ENOMEM;
    listening->ones = grown;
    one = open_one(attachment, &error);
    if (!one)
        return error;
    one->listening = listening;
    snprintf(one->directory, sizeof(one->directory), "%s", attachment->directory);
    one->index = listening->count;
    error = begin(listening, one, wish);
    if (error)
        close_one(one);
    else
        listening->ones[listening->count++] = one;
    return error;
}

int lx_listen_to(struct lx_listening *listening, const struct lx_attachment *attachment, const struct lx_wish *wish,
                 struct lx_failure *failure)
{
    struct lx_pin_name name;
    struct lx_lock lock;
    int error = lx_pins_name(attachment->directory, &name);

    if (error)
        return fail_to_listen(error, attachment, failure);
    error = lx_lock_take(&name, &lock, failure);
    if (error)
        return error;
    lx_kernel_log_begin();
    error = listen_locked(listening, attachment, wish);
    lx_lock_free(&lock);
    return error ? fail_to_listen(error, attachment, failure) : 0;
}

int lx_listen_wait(struct lx_listening *listening, int milliseconds)
{
    uint64_t now = lx_monotonic_ms();

    for (size_t i = 0; i < listening->count && !listening->stopped; i++)
        if (listening->ones[i]->control->sampled_until < now + RENEWED_MS)
            say_until(listening->ones[i], now + BELIEVED_MS);
    if (!listening->rings)
        return poll(NULL, 0, milliseconds) < 0 ? -errno : 0;
    return ring_buffer__poll(listening->rings, milliseconds);
}

bool lx_listen_lost(const struct lx_listening *listening, size_t index)
{
    const struct one *one = listening->ones[index];
    uint32_t pinned = 0, ours = 0;

    return lx_pin_map_id(one->directory, lx_map_name(LX_MAP_SAMPLES), &pinned) ||
           lx_map_id(one->maps.fds[LX_MAP_SAMPLES], &ours) || pinned != ours;
}

int lx_listen_counts(const struct lx_listening *listening, size_t index, struct lx_listened *sum)
{
    const struct one *one = listening->ones[index];
    const int cpus = libbpf_num_possible_cpus();
    struct lx_listened total = {0}, cpu_s;

    for (int cpu = 0; cpu < cpus; cpu++) {
        if (bpf_map_lookup_elem(one->maps.fds[LX_MAP_LISTENED], &cpu, &cpu_s))
            return -errno;
        total.wanted += cpu_s.wanted;
        total.samples += cpu_s.samples;
        total.lost += cpu_s.lost;
    }
    *sum = total;
    return 0;
}

void lx_listen_stop(struct lx_listening *listening)
{
    for (size_t i = 0; i < listening->count; i++)
        say_until(listening->ones[i], 0);
    listening->stopped = true;
}

void lx_listen_close(struct lx_listening *listening)
{
    const __u32 first = 0;

    lx_listen_stop(listening);
    for (size_t i = 0; i < listening->count; i++)
        bpf_map_delete_elem(listening->ones[i]->maps.fds[LX_MAP_SAMPLES], &first);
    ring_buffer__free(listening->rings);
    for (size_t i = 0; i < listening->count; i++)
        close_one(listening->ones[i]);
    free(listening->ones);
    free(listening);
}
