/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The monitor's side of bpf/sample.h: brings a ring buffer, says which samples it wants, and keeps saying until when.
 * What it says last lasts for seconds only, so that nothing goes on that nobody hears.
 */
#include "sampling.h"

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

/* How long a monitor is believed to be there, and how much is left when it says so again. */
#define BELIEVED_MS 4000
#define RENEWED_MS 3000

struct one {
    struct lx_sampling *sampling; /* borrowed: what it is a part of */
    struct lx_maps maps;
    char directory[LX_PINS_PATH];
    struct lx_control *control; /* mapped */
    size_t index;
};

struct lx_sampling {
    lx_on_sample on_sample;
    void *context;
    struct ring_buffer *rings;
    struct one **ones;
    size_t count;
    bool stopped;
};

static int take_sample(void *context, void *data, size_t size)
{
    const struct one *one = context;

    if (size >= sizeof(struct lx_sample))
        one->sampling->on_sample(one->sampling->context, one->index, data);
    return 0;
}

int lx_sampling_open(lx_on_sample on_sample, void *context, struct lx_sampling **sampling, struct lx_failure *failure)
{
    struct lx_sampling *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return lx_fail(failure, LX_EXIT_FAILED, ENOMEM, "out of memory");
    opened->on_sample = on_sample;
    opened->context = context;
    *sampling = opened;
    return 0;
}

static void say_until(struct one *one, uint64_t until)
{
    __atomic_store_n(&one->control->sampled_until, until, __ATOMIC_RELEASE);
}

static int clear_counts(int map)
{
    const struct lx_sample_counts none = {0};
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
static int add_ring(struct lx_sampling *sampling, struct one *one, int ring)
{
    if (sampling->rings)
        return ring_buffer__add(sampling->rings, ring, take_sample, one);
    sampling->rings = ring_buffer__new(ring, take_sample, one, NULL);
    return sampling->rings ? 0 : -errno;
}

/* Under the attachment's lock, so that of two listeners the second sees the first. */
static int begin(struct lx_sampling *sampling, struct one *one, const struct lx_sample_filter *filter)
{
    const __u32 first = 0;
    int error, ring;

    if (__atomic_load_n(&one->control->sampled_until, __ATOMIC_ACQUIRE) > lx_monotonic_ms())
        return -EBUSY;
    error = clear_counts(one->maps.fds[LX_MAP_SAMPLE_COUNTS]);
    if (!error && bpf_map_update_elem(one->maps.fds[LX_MAP_SAMPLE_FILTER], &first, filter, BPF_ANY))
        error = -errno;
    if (error)
        return error;
    ring = bring_ring(one);
    if (ring < 0)
        return ring;
    error = add_ring(sampling, one, ring);
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
    const struct lx_called called = lx_called(attachment->metadata.interface, attachment->metadata.vlan);
    const char *interface = called.text;

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

static int add_locked(struct lx_sampling *sampling, const struct lx_attachment *attachment,
                      const struct lx_sample_filter *filter)
{
    struct one **grown = reallocarray(sampling->ones, sampling->count + 1, sizeof(*grown));
    struct one *one;
    int error;

    if (!grown)
        return -ENOMEM;
    sampling->ones = grown;
    one = open_one(attachment, &error);
    if (!one)
        return error;
    one->sampling = sampling;
    snprintf(one->directory, sizeof(one->directory), "%s", attachment->directory);
    one->index = sampling->count;
    error = begin(sampling, one, filter);
    if (error)
        close_one(one);
    else
        sampling->ones[sampling->count++] = one;
    return error;
}

int lx_sampling_add(struct lx_sampling *sampling, const struct lx_attachment *attachment,
                    const struct lx_sample_filter *filter, struct lx_failure *failure)
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
    error = add_locked(sampling, attachment, filter);
    lx_lock_free(&lock);
    return error ? fail_to_listen(error, attachment, failure) : 0;
}

int lx_sampling_wait(struct lx_sampling *sampling, int milliseconds)
{
    uint64_t now = lx_monotonic_ms();

    for (size_t i = 0; i < sampling->count && !sampling->stopped; i++)
        if (sampling->ones[i]->control->sampled_until < now + RENEWED_MS)
            say_until(sampling->ones[i], now + BELIEVED_MS);
    if (!sampling->rings)
        return poll(NULL, 0, milliseconds) < 0 ? -errno : 0;
    return ring_buffer__poll(sampling->rings, milliseconds);
}

bool lx_sampling_lost(const struct lx_sampling *sampling, size_t index)
{
    const struct one *one = sampling->ones[index];
    uint32_t pinned = 0, ours = 0;

    return lx_pin_map_id(one->directory, lx_map_name(LX_MAP_SAMPLES), &pinned) ||
           lx_map_id(one->maps.fds[LX_MAP_SAMPLES], &ours) || pinned != ours;
}

int lx_sampling_counts(const struct lx_sampling *sampling, size_t index, struct lx_sample_counts *sum)
{
    const struct one *one = sampling->ones[index];
    const int cpus = libbpf_num_possible_cpus();
    struct lx_sample_counts total = {0}, cpu_s;

    for (int cpu = 0; cpu < cpus; cpu++) {
        if (bpf_map_lookup_elem(one->maps.fds[LX_MAP_SAMPLE_COUNTS], &cpu, &cpu_s))
            return -errno;
        total.wanted += cpu_s.wanted;
        total.samples += cpu_s.samples;
        total.lost += cpu_s.lost;
    }
    *sum = total;
    return 0;
}

void lx_sampling_stop(struct lx_sampling *sampling)
{
    for (size_t i = 0; i < sampling->count; i++)
        say_until(sampling->ones[i], 0);
    sampling->stopped = true;
}

void lx_sampling_close(struct lx_sampling *sampling)
{
    const __u32 first = 0;

    lx_sampling_stop(sampling);
    for (size_t i = 0; i < sampling->count; i++)
        bpf_map_delete_elem(sampling->ones[i]->maps.fds[LX_MAP_SAMPLES], &first);
    ring_buffer__free(sampling->rings);
    for (size_t i = 0; i < sampling->count; i++)
        close_one(sampling->ones[i]);
    free(sampling->ones);
    free(sampling);
}
