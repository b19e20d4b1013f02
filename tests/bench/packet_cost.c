/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one packet costs: nanoseconds from the kernel's test runs, instructions and helper calls counted, for packets
 * that the A/V Edge's external policy drops and passes, beside the floor. All in one run, interleaved, medians.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor.skel.h"
#include "loaded.h"
#include "user/core/policy_file.h"
#include "user/core/probe.h"
#include "user/core/resolve.h"
#include "user/core/site_file.h"

#define ROUNDS 15
#define REPEAT 400000

struct subject {
    const char *what, *by;
    const char *source, *destination;
    enum lx_transport transport;
    uint16_t destination_port;
    uint32_t expected; /* XDP verdict */
};

enum { DROP = 1, PASS = 2 };

static const struct subject subjects[] = {
    {"drop everything", "floor_drop", "203.0.113.9", "10.45.16.30", LX_UDP, 3389, DROP},
    {"parse, then drop", "floor_parse", "203.0.113.9", "10.45.16.30", LX_UDP, 3389, DROP},
    {"UDP dropped: closed port", "lyncxdp", "203.0.113.9", "10.45.16.30", LX_UDP, 3389, DROP},
    {"TCP dropped: closed port", "lyncxdp", "203.0.113.9", "10.45.16.30", LX_TCP, 3389, DROP},
    {"UDP dropped: wrong host", "lyncxdp", "203.0.113.9", "10.45.16.31", LX_UDP, 3478, DROP},
    {"UDP passed: STUN", "lyncxdp", "203.0.113.9", "10.45.16.30", LX_UDP, 3478, PASS},
    {"TCP passed: STUN over TLS", "lyncxdp", "203.0.113.9", "10.45.16.30", LX_TCP, 443, PASS},
    {"IPv6 UDP dropped", "lyncxdp", "2001:db8::9", "2001:db8::30", LX_UDP, 3389, DROP},
};

#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

struct result {
    uint32_t times[ROUNDS];
    struct lx_execution execution;
    bool counted;
};

static int fail(const char *what, int error)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(-error));
    return 1;
}

static int read_policy(struct lx_policy_file *file, struct lx_site *site, struct lx_diagnostics *diagnostics)
{
    FILE *policy = fopen("policies/lync2010.yaml", "re"), *contoso = fopen("policies/sites/contoso.yaml", "re");
    int error = policy && contoso ? 0 : -errno;

    error = error ?: lx_policy_file_read(policy, "policies/lync2010.yaml", file, diagnostics);
    error = error ?: lx_site_file_read(contoso, "policies/sites/contoso.yaml", site, diagnostics);
    if (policy)
        fclose(policy);
    if (contoso)
        fclose(contoso);
    return error;
}

static int compile_reference(struct lx_compiled *compiled)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_policy_file file = {0};
    struct lx_site site = {0};
    struct lx_policy policy = {0};
    struct lx_request request = {0};
    int error = lx_words_add(&request.roles, "av-edge");

    error = error ?: read_policy(&file, &site, &diagnostics);
    error = error ?: lx_resolve(&file, &site, &request, &policy, &diagnostics);
    policy.egress = LX_EGRESS_TRACK; /* as attach does it */
    error = error ?: lx_compile(&policy, compiled, &diagnostics);
    lx_policy_free(&policy);
    lx_site_free(&site);
    lx_policy_file_free(&file);
    lx_words_free(&request.roles);
    lx_diagnostics_free(&diagnostics);
    return error;
}

static size_t make_frame(const struct subject *subject, uint8_t frame[LX_PROBE_FRAME])
{
    struct lx_probe probe = {.transport = subject->transport, .source_port = 49152, .tcp_flags = LX_TCP_SYN};

    probe.destination_port = subject->destination_port;
    lx_address_parse(subject->source, &probe.source, NULL);
    lx_address_parse(subject->destination, &probe.destination, NULL);
    return lx_probe_frame(&probe, frame);
}

static int program_of(const struct subject *subject, const struct floor *floor, const struct lx_loaded *loaded)
{
    if (strcmp(subject->by, "floor_drop") == 0)
        return bpf_program__fd(floor->progs.floor_drop);
    if (strcmp(subject->by, "floor_parse") == 0)
        return bpf_program__fd(floor->progs.floor_parse);
    return bpf_program__fd(lx_loaded_program(loaded, LX_HOOK_TO_ROLE));
}

static int measure(const struct floor *floor, struct lx_loaded *loaded, struct result results[SUBJECTS])
{
    uint8_t frame[LX_PROBE_FRAME];
    uint32_t verdict = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < SUBJECTS; i++) {
            uint32_t length = (uint32_t)make_frame(&subjects[i], frame);
            int error = lx_time_packet(program_of(&subjects[i], floor, loaded), frame, length, REPEAT,
                                       &results[i].times[round], &verdict);

            if (error)
                return error;
            if (verdict != subjects[i].expected) {
                fprintf(stderr, "bench: %s: verdict %u, expected %u\n", subjects[i].what, verdict,
                        subjects[i].expected);
                return -EPROTO;
            }
            if (strcmp(subjects[i].by, "lyncxdp") == 0)
                results[i].counted =
                    lx_count_packet(loaded, LX_HOOK_TO_ROLE, frame, length, &results[i].execution) == 0 &&
                    results[i].execution.result == verdict;
        }
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\rround %d of %d", round + 1, ROUNDS);
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return 0;
}

static int compare_times(const void *left, const void *right)
{
    const uint32_t *l = left, *r = right;

    return *l < *r ? -1 : *l > *r;
}

static void print(struct result results[SUBJECTS])
{
    struct libscols_table *table = scols_new_table();
    double floor = 0;

    scols_table_new_column(table, "PACKET", 0, 0);
    scols_table_new_column(table, "NS (MEDIAN)", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "MIN-MAX", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "x FLOOR", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "BPF INSTRUCTIONS", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(table, "HELPER CALLS", 0, SCOLS_FL_RIGHT);
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        uint32_t *times = results[i].times;
        char text[32];

        qsort(times, ROUNDS, sizeof(*times), compare_times);
        if (i == 1)
            floor = times[ROUNDS / 2];
        scols_line_set_data(line, 0, subjects[i].what);
        snprintf(text, sizeof(text), "%u", times[ROUNDS / 2]);
        scols_line_set_data(line, 1, text);
        snprintf(text, sizeof(text), "%u-%u", times[0], times[ROUNDS - 1]);
        scols_line_set_data(line, 2, text);
        if (floor > 0)
            snprintf(text, sizeof(text), "%.2f", times[ROUNDS / 2] / floor);
        scols_line_set_data(line, 3, floor > 0 ? text : "");
        if (!results[i].counted)
            continue;
        snprintf(text, sizeof(text), "%llu", (unsigned long long)results[i].execution.instructions);
        scols_line_set_data(line, 4, text);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)results[i].execution.helper_calls);
        scols_line_set_data(line, 5, text);
    }
    scols_print_table(table);
    scols_unref_table(table);
}

int main(void)
{
    struct result results[SUBJECTS] = {0};
    struct lx_compiled compiled = {0};
    struct lx_loaded loaded = {.image = -1};
    struct floor *floor;
    int error = compile_reference(&compiled);

    setlocale(LC_ALL, "");
    if (error)
        return fail("policies", error);
    floor = floor__open_and_load();
    if (!floor)
        return fail("loading BPF programs (run as root)", -errno);
    error = lx_loaded_open(&loaded, &compiled);
    if (!error)
        error = measure(floor, &loaded, results);
    if (!error)
        print(results);
    lx_loaded_close(&loaded);
    floor__destroy(floor);
    lx_compiled_free(&compiled);
    return error ? fail("measuring", error) : 0;
}
