/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the process's clocks and takes back what its time namespace adds to them. */
#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SECOND 1000000000ll
#define MILLISECOND 1000000u

/* The inode of the machine's own time namespace, the same on every kernel. */
#define INITIAL_NAMESPACE 0xeffffffau

/* What is added to a clock ("monotonic", "boottime"), in nanoseconds. Where nothing can be determined, nothing is. */
static int64_t offset_of(const char *clock)
{
    int64_t seconds, nanoseconds, offset = 0;
    struct stat status;
    char name[16];
    FILE *offsets;

    if (stat("/proc/self/ns/time", &status) || status.st_ino == INITIAL_NAMESPACE)
        return 0;
    offsets = fopen("/proc/self/timens_offsets", "re");
    if (!offsets)
        return 0;
    while (fscanf(offsets, "%15s %" SCNd64 " %" SCNd64, name, &seconds, &nanoseconds) == 3)
        if (!strcmp(name, clock))
            offset = seconds * SECOND + nanoseconds;
    fclose(offsets);
    return offset;
}

static int64_t read_own(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static uint64_t read_clock(clockid_t clock, const char *name)
{
    return (uint64_t)(read_own(clock) - offset_of(name));
}

uint64_t lx_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC, "monotonic");
}

uint64_t lx_coarse_ns(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE, "monotonic");
}

uint64_t lx_monotonic_ms(void)
{
    return lx_monotonic_ns() / MILLISECOND;
}

uint64_t lx_boottime_ms(void)
{
    return read_clock(CLOCK_BOOTTIME, "boottime") / MILLISECOND;
}

uint64_t lx_elapsed_ns(void)
{
    return (uint64_t)read_own(CLOCK_MONOTONIC);
}

uint64_t lx_worked_ns(void)
{
    return (uint64_t)read_own(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t lx_realtime_ns(void)
{
    return (uint64_t)read_own(CLOCK_REALTIME);
}
