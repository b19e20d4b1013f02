/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds the programs to what a packet of each class is recorded to cost, in BPF instructions executed and helpers
 * called: figures that repeat exactly, where a time does not. The record is tests/bench/recorded.tsv; LX_RECORD=1
 * writes it anew, and belongs into the commit that changes a cost.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/classes.h"
#include "tests/bench/loaded.h"

#define RECORD "tests/bench/recorded.tsv"

static struct lx_compiled compiled;
static struct lx_loaded loaded;

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return level == LIBBPF_WARN && !strstr(format, "Retrying without BTF") ? vfprintf(stderr, format, arguments) : 0;
}

static void setup(void)
{
    const struct lx_measured measured = {.partners = 10000};

    if (geteuid() != 0)
        cr_skip_test("loading BPF programs needs root");
    libbpf_set_print(silent);
    cr_assert_eq(lx_measured_compile(&measured, &compiled), 0, "the policy does not compile");
    cr_assert_eq(lx_loaded_open(&loaded, &compiled), 0, "the programs do not load");
}

static void teardown(void)
{
    lx_loaded_close(&loaded);
    lx_compiled_free(&compiled);
}

TestSuite(packet_cost, .init = setup, .fini = teardown);

static void measure(struct lx_execution costs[LX_PACKET_CLASSES])
{
    uint8_t frame[LX_CLASS_FRAME];

    for (size_t i = 0; i < LX_PACKET_CLASSES; i++) {
        size_t length = lx_class_frame(&lx_packet_classes[i], frame);
        int error = lx_count_packet(&loaded, lx_packet_classes[i].hook, frame, (uint32_t)length, &costs[i]);

        cr_assert_eq(error, 0, "%s: the interpreter stops: %d", lx_packet_classes[i].name, error);
    }
}

static void write_record(const struct lx_execution costs[LX_PACKET_CLASSES])
{
    FILE *record = fopen(RECORD, "we");

    cr_assert_not_null(record, RECORD " cannot be written");
    fputs("# class\tinstructions\thelpers called; LX_RECORD=1 build/tests/bpf/packet_cost writes this anew\n", record);
    for (size_t i = 0; i < LX_PACKET_CLASSES; i++)
        fprintf(record, "%s\t%llu\t%llu\n", lx_packet_classes[i].name, (unsigned long long)costs[i].instructions,
                (unsigned long long)costs[i].helper_calls);
    cr_assert_eq(fclose(record), 0);
}

/* The recorded costs, in the order of the classes; a class that has none keeps zeroes. Returns the lines read. */
static size_t read_record(struct lx_execution costs[LX_PACKET_CLASSES])
{
    FILE *record = fopen(RECORD, "re");
    unsigned long long instructions, calls;
    char line[256], name[128];
    size_t lines = 0;

    cr_assert_not_null(record, RECORD " is missing");
    memset(costs, 0, LX_PACKET_CLASSES * sizeof(costs[0]));
    while (fgets(line, sizeof(line), record)) {
        if (line[0] == '#')
            continue;
        cr_assert_eq(sscanf(line, "%127[^\t]\t%llu\t%llu", name, &instructions, &calls), 3, "%s", line);
        lines++;
        for (size_t i = 0; i < LX_PACKET_CLASSES; i++)
            if (strcmp(lx_packet_classes[i].name, name) == 0)
                costs[i] = (struct lx_execution){.instructions = instructions, .helper_calls = calls};
    }
    fclose(record);
    return lines;
}

static void compare(const char *class, const char *what, uint64_t now, uint64_t then)
{
    cr_expect(now * 100 <= then * 105,
              "%s: %llu %s, recorded are %llu. Make it cheaper; or if it must be, record it (LX_RECORD=1)", class,
              (unsigned long long)now, what, (unsigned long long)then);
    cr_expect(now * 105 >= then * 100, "%s: only %llu %s, recorded are %llu: lower the record (LX_RECORD=1)", class,
              (unsigned long long)now, what, (unsigned long long)then);
}

Test(packet_cost, no_class_of_packets_costs_more_than_is_recorded_nor_much_less)
{
    struct lx_execution now[LX_PACKET_CLASSES], then[LX_PACKET_CLASSES];

    measure(now);
    if (getenv("LX_RECORD"))
        write_record(now);
    cr_expect_eq(read_record(then), LX_PACKET_CLASSES, "the record has other classes than are measured");
    for (size_t i = 0; i < LX_PACKET_CLASSES; i++) {
        compare(lx_packet_classes[i].name, "instructions", now[i].instructions, then[i].instructions);
        compare(lx_packet_classes[i].name, "helper calls", now[i].helper_calls, then[i].helper_calls);
    }
}

/* A count is worth nothing unless it is of what the kernel runs. */
Test(packet_cost, what_is_counted_does_as_the_kernel_does)
{
    struct lx_execution costs[LX_PACKET_CLASSES];
    uint32_t verdict = 0;
    double nanoseconds;
    uint8_t frame[LX_CLASS_FRAME];

    measure(costs);
    for (size_t i = 0; i < LX_PACKET_CLASSES; i++) {
        const struct bpf_program *program = lx_loaded_program(&loaded, lx_packet_classes[i].hook);
        size_t length = lx_class_frame(&lx_packet_classes[i], frame);

        cr_assert_eq(lx_time_packet(bpf_program__fd(program), frame, (uint32_t)length, 1, &nanoseconds, &verdict), 0,
                     "%s", lx_packet_classes[i].name);
        cr_expect_eq((uint32_t)costs[i].result, verdict, "%s: %u, in the kernel %u", lx_packet_classes[i].name,
                     (uint32_t)costs[i].result, verdict);
    }
}

Test(packet_cost, a_closed_port_costs_the_same_whoever_sends)
{
    struct lx_packet_class stranger = lx_packet_classes[0], partner = lx_packet_classes[0];
    struct lx_execution costs[2];
    uint8_t frame[LX_CLASS_FRAME];

    partner.source = "198.18.3.4";
    cr_assert_eq(
        lx_count_packet(&loaded, LX_HOOK_TO_ROLE, frame, (uint32_t)lx_class_frame(&stranger, frame), &costs[0]), 0);
    cr_assert_eq(lx_count_packet(&loaded, LX_HOOK_TO_ROLE, frame, (uint32_t)lx_class_frame(&partner, frame), &costs[1]),
                 0);
    cr_expect_eq(costs[0].instructions, costs[1].instructions);
    cr_expect_eq(costs[0].helper_calls, costs[1].helper_calls);
}
