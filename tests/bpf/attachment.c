/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attachments on real interfaces: each test has a network namespace with a veth pair, a bpffs and a /run of its own, so
 * that "nothing is left behind" can be checked to the last file and tests may run side by side.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/bpf/world.h"
#include "user/core/explain/probe.h"
#include "user/kernel/attachment/attach.h"
#include "user/kernel/attachment/attachment.h"
#include "user/kernel/attachment/detach.h"
#include "user/kernel/link/filter.h"
#include "user/kernel/link/running.h"
#include "user/kernel/read/ask.h"
#include "user/kernel/read/counters.h"
#include "user/kernel/read/flows.h"

#define SLOT 5

static struct lx_failure failure;

TestSuite(attachment, .init = enter_world, .timeout = 120);

/* --- What is put in force: one row, UDP 3478 from anywhere to anywhere, in slot 5 --- */

static struct lx_prefix_set any_address = {.any = true};
static struct lx_row stun = {
    .id = (char *)"test/stun",
    .role = (char *)"test",
    .to = {.kind = LX_ENDPOINT_SELF},
    .destination_ports = {.count = 1, .ranges = {{3478, 3478}}},
    .transports = LX_TRANSPORT_BIT(LX_UDP),
    .source = (char *)"A document, line 1",
};
static struct lx_rule rule = {.row = &stun, .source = &any_address, .destination = &any_address, .slot = SLOT};
static char *role = (char *)"test";
static struct lx_prefix_set nobody;
static struct lx_policy policy = {
    .edition = (char *)"lync2010",
    .roles = {.items = &role, .count = 1},
    .rules = &rule,
    .rule_count = 1,
    .protected = &nobody,
    .built_ins = LX_BUILT_IN_ARP,
};

static const struct lx_attach_choices automatic = {.mode = LX_MODE_AUTO};

static struct lx_compiled compile(uint32_t capacity)
{
    struct lx_diagnostics diagnostics = {0};
    struct lx_compiled compiled;
    struct lx_image *image;

    cr_assert_eq(lx_compile(&policy, &compiled, &diagnostics), 0);
    if (capacity > compiled.capacity) {
        image = calloc(1, capacity + LX_IMAGE_SLACK);
        cr_assert_not_null(image);
        memcpy(image, compiled.image, compiled.image->size);
        lx_compiled_free(&compiled);
        compiled = (struct lx_compiled){.image = image, .capacity = capacity};
    }
    return compiled;
}

static struct lx_interface interface_named(const char *name)
{
    struct lx_interface interface;

    cr_assert_eq(lx_interface_find(name, &interface, &failure), 0, "%s", failure.text);
    return interface;
}

static int attach(const char *name, enum lx_mode_choice mode, struct lx_metadata *metadata)
{
    struct lx_interface interface = interface_named(name);
    struct lx_compiled compiled = compile(0);
    struct lx_metadata ignored;
    const struct lx_attach_choices choices = {.mode = mode, .flows = 1024};
    int error = lx_attach(&interface, &policy, &compiled, &choices, metadata ?: &ignored, &failure);

    lx_compiled_free(&compiled);
    return error;
}

static void must_attach(const char *name)
{
    cr_assert_eq(attach(name, LX_MODE_AUTO, NULL), 0, "%s", failure.text);
}

static struct lx_attachment opened(const char *name)
{
    struct lx_interface interface = interface_named(name);
    struct lx_attachment attachment;

    cr_assert_eq(lx_attachment_open(&interface, &attachment, &failure), 0, "%s", failure.text);
    return attachment;
}

static enum lx_state state_of(const char *name)
{
    struct lx_attachment attachment = opened(name);
    enum lx_state state = lx_attachment_state(&attachment);

    lx_attachment_close(&attachment);
    return state;
}

static int detach(const char *name)
{
    struct lx_interface interface = interface_named(name);
    return lx_detach(&interface, &failure);
}

/* --- What may be left behind --- */

static unsigned program_on(const char *name)
{
    __u32 id = 0;
    bpf_xdp_query_id(if_nametoindex(name), 0, &id);
    return id;
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *files = opendir("/proc/self/fd");

    while (readdir(files))
        count++;
    closedir(files);
    return count;
}

/* Nothing on the interface, in bpffs or under /run. libxdp's own empty directory is not ours to judge. */
static void expect_no_trace(const char *name)
{
    if (name) {
        cr_expect_eq(program_on(name), 0, "a program is still on %s", name);
        cr_expect_eq(lx_clsact_look(if_nametoindex(name)), -ENOENT, "%s still has a clsact qdisc", name);
    }
    cr_expect_neq(access("/sys/fs/bpf/lyncxdp", F_OK), 0, "pins are left");
    cr_expect_neq(access("/run/lyncxdp", F_OK), 0, "a lock file is left");
}

static void expect_failure(int error, int expected, enum lx_exit code, const char *words)
{
    cr_expect_eq(error, -expected, "%d: %s", error, failure.text);
    cr_expect_eq(failure.exit, code);
    cr_expect_not_null(strstr(failure.text, words), "\"%s\" is not in: %s", words, failure.text);
}

/* --- Frames --- */

static size_t udp_frame(uint16_t port, uint8_t frame[LX_PROBE_FRAME])
{
    struct lx_probe probe = {.transport = LX_UDP, .source_port = 40000, .destination_port = port};

    lx_address_parse("198.51.100.7", &probe.source, NULL);
    lx_address_parse("131.107.155.30", &probe.destination, NULL);
    return lx_probe_frame(&probe, frame);
}

static struct lx_judgement answer_to(const char *name, uint16_t port)
{
    struct lx_attachment attachment = opened(name);
    uint8_t frame[LX_PROBE_FRAME];
    struct lx_judgement answer = {0};
    size_t length = udp_frame(port, frame);

    cr_expect_eq(lx_attachment_ask(&attachment, LX_HOOK_TO_ROLE, frame, length, &answer, &failure), 0, "%s",
                 failure.text);
    lx_attachment_close(&attachment);
    return answer;
}

static struct lx_counters *counters_of(const char *name)
{
    struct lx_attachment attachment = opened(name);
    struct lx_counters *sum = malloc(sizeof(*sum));

    cr_assert_eq(lx_attachment_counters(&attachment, LX_HOOK_TO_ROLE, sum, &failure), 0, "%s", failure.text);
    lx_attachment_close(&attachment);
    return sum;
}

static uint64_t packets_in(const struct lx_counters *counters)
{
    uint64_t packets = 0;

    for (int i = 0; i < LX_REASON_CAPACITY; i++)
        packets += counters->reasons[i].packets;
    return packets;
}

/* Sends frames into the pair, few enough at a time that no ring overflows, and waits until they were judged. */
static void send_frames(const char *onto, const char *judged, uint16_t port, unsigned count)
{
    struct sockaddr_ll wire = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(onto)};
    struct lx_counters *counters = counters_of(judged);
    uint64_t before = packets_in(counters);
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = udp_frame(port, frame);
    int out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    free(counters);
    cr_assert_geq(out, 0);
    for (unsigned sent = 1; sent <= count; sent++) {
        cr_assert_eq(sendto(out, frame, length, 0, (struct sockaddr *)&wire, sizeof(wire)), (ssize_t)length);
        if (sent % 64 && sent < count)
            continue;
        for (int wait = 0; wait < 400; wait++) {
            uint64_t seen = packets_in(counters = counters_of(judged));
            free(counters);
            if (seen - before >= sent)
                break;
            usleep(5000);
        }
    }
    close(out);
}

/* --- Promises --- */

Test(attachment, attaching_puts_the_policy_in_force_and_detaching_leaves_nothing)
{
    struct lx_metadata metadata;
    struct lx_row_label *labels;
    struct lx_attachment attachment;
    struct lx_judgement answer;
    size_t files = open_files();

    cr_assert_eq(attach("outer0", LX_MODE_AUTO, &metadata), 0, "%s", failure.text);
    cr_expect_eq(metadata.mode, LX_MODE_NATIVE);
    cr_expect_neq(metadata.program_id, 0);
    cr_expect_str_eq(metadata.interface, "outer0");
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);

    attachment = opened("outer0");
    cr_expect_eq(memcmp(&attachment.metadata, &metadata, sizeof(metadata)), 0);
    cr_expect_eq(attachment.publication.digest, lx_policy_digest(&policy));
    cr_expect_eq(attachment.publication.generation, 1);
    cr_expect_str_eq(attachment.publication.roles, "test");
    cr_expect_str_eq(attachment.publication.edition, "lync2010");
    cr_assert_eq(lx_attachment_labels(&attachment, &labels, &failure), 0);
    cr_expect_str_eq(labels[SLOT].id, "test/stun");
    cr_expect_str_eq(labels[SLOT].source, "A document, line 1");
    cr_expect_str_eq(labels[SLOT + 1].id, "");
    free(labels);
    lx_attachment_close(&attachment);

    answer = answer_to("outer0", 3478);
    cr_expect_eq(answer.reason, LX_REASON_ROW);
    cr_expect_eq(answer.row, SLOT);
    answer = answer_to("outer0", 3479);
    cr_expect_eq(answer.reason, LX_REASON_NO_ROW);
    cr_expect_eq(answer.row, LX_NO_ROW);

    /* libxdp 1.3 loses one each time it looks at a dispatcher, and in detaching. */
    if (!metadata.dispatcher)
        cr_expect_eq(open_files(), files);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
    expect_failure(detach("outer0"), ENOENT, LX_EXIT_FAILED, "nothing is attached to outer0");
    expect_no_trace("outer0");
}

static void count_exactly(enum lx_mode_choice mode, enum lx_mode expected)
{
    struct lx_metadata metadata;
    struct lx_counters *counters;
    uint8_t frame[LX_PROBE_FRAME];
    size_t length = udp_frame(3478, frame);

    cr_assert_eq(attach("outer0", mode, &metadata), 0, "%s", failure.text);
    cr_expect_eq(metadata.mode, expected);
    send_frames("wire0", "outer0", 3478, 300);
    send_frames("wire0", "outer0", 3389, 77);
    answer_to("outer0", 3389); /* asking counts nothing */
    counters = counters_of("outer0");
    cr_expect_eq(counters->reasons[LX_REASON_ROW].packets, 300);
    cr_expect_eq(counters->reasons[LX_REASON_ROW].bytes, 300 * length);
    cr_expect_eq(counters->rows[SLOT].packets, 300);
    cr_expect_eq(counters->reasons[LX_REASON_NO_ROW].packets, 77);
    cr_expect_eq(counters->dropped[LX_UDP][3389], 77);
    cr_expect_eq(counters->dropped[LX_UDP][3478], 0);
    cr_expect_eq(packets_in(counters), 377);
    free(counters);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, counters_read_again_are_those_read_anew)
{
    struct lx_counters *again = calloc(1, sizeof(*again)), *anew;
    struct lx_attachment attachment;

    must_attach("outer0");
    attachment = opened("outer0");
    for (unsigned round = 1; round <= 3; round++) {
        send_frames("wire0", "outer0", 3389, 5); /* one page grows each time, another only once */
        if (round == 2)
            send_frames("wire0", "outer0", 445, 7);
        cr_assert_eq(lx_attachment_counters_again(&attachment, LX_HOOK_TO_ROLE, again, &failure), 0, "%s",
                     failure.text);
        anew = counters_of("outer0");
        cr_expect_eq(again->dropped[LX_UDP][3389], 5 * round);
        cr_expect_eq(again->dropped[LX_UDP][445], round < 2 ? 0 : 7);
        cr_expect_eq(memcmp(again, anew, sizeof(*again)), 0);
        free(anew);
    }
    lx_attachment_close(&attachment);
    free(again);
}

Test(attachment, real_frames_are_counted_exactly_in_native_mode)
{
    count_exactly(LX_MODE_AUTO, LX_MODE_NATIVE);
}

Test(attachment, real_frames_are_counted_exactly_in_generic_mode)
{
    count_exactly(LX_MODE_ONLY_GENERIC, LX_MODE_GENERIC);
}

Test(attachment, auto_mode_falls_back_to_generic_where_the_driver_has_no_xdp)
{
    struct lx_metadata metadata;

    cr_assert_eq(attach("lo", LX_MODE_AUTO, &metadata), 0, "%s", failure.text);
    cr_expect_eq(metadata.mode, LX_MODE_GENERIC);
    cr_expect_eq(detach("lo"), 0, "%s", failure.text);
    expect_no_trace("lo");
    cr_expect_lt(attach("lo", LX_MODE_ONLY_NATIVE, NULL), 0);
    cr_expect_not_null(strstr(failure.text, "native"), "%s", failure.text);
    expect_no_trace("lo");
}

Test(attachment, images_of_every_capacity_work)
{
    static const uint32_t capacities[] = {LX_IMAGE_MIN_CAPACITY, 1u << 20, LX_IMAGE_MAX_CAPACITY};
    struct lx_interface interface = interface_named("outer0");

    for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
        struct lx_compiled compiled = compile(capacities[i]);
        struct lx_metadata metadata;

        cr_assert_eq(lx_attach(&interface, &policy, &compiled, &automatic, &metadata, &failure), 0, "%s", failure.text);
        cr_expect_eq(metadata.image_capacity, capacities[i]);
        cr_expect_eq(answer_to("outer0", 3478).row, SLOT);
        cr_expect_eq(answer_to("outer0", 3477).reason, LX_REASON_NO_ROW);
        cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
        expect_no_trace("outer0");
        lx_compiled_free(&compiled);
    }
}

Test(attachment, a_second_attach_is_refused_and_harms_nothing)
{
    unsigned program;

    must_attach("outer0");
    program = program_on("outer0");
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EEXIST, LX_EXIT_BUSY, "already");
    cr_expect_eq(program_on("outer0"), program);
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_foreign_program_is_named_and_left_alone)
{
    const struct bpf_insn pass[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
        {.code = BPF_JMP | BPF_EXIT},
    };
    char id[16];
    int foreign = bpf_prog_load(BPF_PROG_TYPE_XDP, "somebody_elses", "GPL", pass, 2, NULL);

    cr_assert_geq(foreign, 0);
    cr_assert_eq(bpf_xdp_attach(if_nametoindex("outer0"), foreign, 0, NULL), 0);
    snprintf(id, sizeof(id), " %u ", program_on("outer0"));
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EBUSY, LX_EXIT_BUSY, "somebody_elses");
    cr_expect_not_null(strstr(failure.text, id), "%s", failure.text);
    cr_expect_not_null(strstr(failure.text, "ip link set"), "%s", failure.text);
    expect_failure(detach("outer0"), ENOENT, LX_EXIT_FAILED, "nothing is attached");
    cr_expect_neq(program_on("outer0"), 0);
    expect_no_trace(NULL);
}

Test(attachment, a_missing_interface_is_answered_with_those_there_are)
{
    struct lx_interface interface;

    expect_failure(lx_interface_find("eth77", &interface, &failure), ENODEV, LX_EXIT_FAILED, "outer0");
    cr_expect_not_null(strstr(failure.text, "eth77"));
}

Test(attachment, an_interface_that_vanishes_before_attaching_leaves_no_trace)
{
    struct lx_interface interface = interface_named("outer0");
    struct lx_compiled compiled = compile(0);
    struct lx_metadata metadata;

    run("ip link del outer0");
    cr_expect_lt(lx_attach(&interface, &policy, &compiled, &automatic, &metadata, &failure), 0);
    cr_expect_eq(failure.exit, LX_EXIT_FAILED);
    cr_expect_not_null(strstr(failure.text, "outer0"), "%s", failure.text);
    expect_no_trace(NULL);
    lx_compiled_free(&compiled);
}

Test(attachment, a_bpffs_that_is_not_mounted_is_mounted)
{
    while (!umount("/sys/fs/bpf"))
        ;
    must_attach("outer0");
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_bpffs_that_cannot_be_mounted_is_explained)
{
    cr_assert_eq(mount("hidden", "/sys/fs", "tmpfs", 0, NULL), 0);
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), ENOENT, LX_EXIT_FAILED, "mount -t bpf bpf /sys/fs/bpf");
    expect_no_trace("outer0");
}

Test(attachment, without_root_one_is_told_to_become_root)
{
    struct lx_words directories = {0};

    cr_assert_eq(setresuid(65534, 65534, 65534), 0);
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EPERM, LX_EXIT_FAILED, "sudo");
    expect_failure(detach("outer0"), EPERM, LX_EXIT_FAILED, "sudo");
    cr_expect_eq(lx_attachments_list(&directories, &failure), 0);
    cr_expect_eq(directories.count, 0);
    expect_no_trace("outer0");
}

Test(attachment, pins_can_be_read_without_root)
{
    must_attach("outer0");
    send_frames("wire0", "outer0", 3478, 3);
    cr_assert_eq(setresuid(65534, 65534, 65534), 0);
    struct lx_attachment attachment = opened("outer0");
    struct lx_counters *counters = counters_of("outer0");
    struct lx_judgement answer;
    uint8_t frame[LX_PROBE_FRAME];

    cr_expect_eq(counters->rows[SLOT].packets, 3);
    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    cr_expect_lt(lx_attachment_ask(&attachment, LX_HOOK_TO_ROLE, frame, udp_frame(1, frame), &answer, &failure), 0);
    cr_expect_not_null(strstr(failure.text, "root"));
    lx_attachment_close(&attachment);
    free(counters);
}

Test(attachment, another_command_at_work_is_waited_for_and_then_named)
{
    struct lx_interface interface = interface_named("outer0");
    char path[64];
    int held;

    snprintf(path, sizeof(path), "/run/lyncxdp/%lu-%u.lock", (unsigned long)interface.netns, interface.index);
    cr_assert_eq(mkdir("/run/lyncxdp", 0755), 0);
    held = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    cr_assert_eq(flock(held, LOCK_EX), 0);
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EWOULDBLOCK, LX_EXIT_BUSY, "another lyncxdp command");
    close(held);
    must_attach("outer0"); /* the file alone locks nobody out */
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

/* --- What killed commands and vanished interfaces leave --- */

Test(attachment, pins_without_their_program_are_tidied_up_by_the_next_attach)
{
    must_attach("outer0");
    run("ip link set dev outer0 xdpdrv off");
    cr_expect_eq(state_of("outer0"), LX_STATE_NOT_RUNNING);
    must_attach("outer0");
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, pins_of_a_vanished_interface_do_not_stand_in_the_way_of_one_with_its_index)
{
    struct lx_interface newcomer;
    struct lx_attachment ignored;
    char command[128];

    must_attach("outer0");
    snprintf(command, sizeof(command),
             "i=%u; ip link del outer0; ip link add other0 index $i type veth peer name wire1",
             if_nametoindex("outer0"));
    run(command);
    newcomer = interface_named("other0");
    cr_expect_eq(lx_attachment_open(&newcomer, &ignored, &failure), -ENOENT, "it is taken for the old one");
    must_attach("other0");
    cr_expect_eq(state_of("other0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("other0"), 0, "%s", failure.text);
    expect_no_trace("other0");
}

Test(attachment, a_detach_cut_short_is_completed_by_the_next)
{
    must_attach("outer0");
    run("ip link set dev outer0 xdpdrv off && rm /sys/fs/bpf/lyncxdp/*/metadata "
        "/sys/fs/bpf/lyncxdp/*/to_role_counters");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_program_that_lost_its_pins_is_explained_and_detached)
{
    must_attach("outer0");
    run("rm -r /sys/fs/bpf/lyncxdp");
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EBUSY, LX_EXIT_BUSY, "lyncxdp detach outer0");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

/* Unfinished metadata is what a command leaves that is killed between attaching and writing down how. */
Test(attachment, an_attach_killed_after_its_last_step_is_in_force_and_known)
{
    struct lx_attachment attachment;
    struct lx_metadata metadata, unfinished;
    __u32 first = 0;
    int map;

    cr_assert_eq(attach("outer0", LX_MODE_AUTO, &metadata), 0, "%s", failure.text);
    run("rm /sys/fs/bpf/lyncxdp/*/to_role_xdp");
    attachment = opened("outer0");
    unfinished = metadata;
    unfinished.mode = unfinished.program_id = unfinished.dispatcher = 0;
    char path[192];
    snprintf(path, sizeof(path), "%s/metadata", attachment.directory);
    map = bpf_obj_get(path);
    cr_assert_eq(bpf_map_update_elem(map, &first, &unfinished, BPF_ANY), 0);
    lx_attachment_close(&attachment);

    attachment = opened("outer0");
    cr_expect_eq(memcmp(&attachment.metadata, &metadata, sizeof(metadata)), 0);
    lx_attachment_close(&attachment);
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EEXIST, LX_EXIT_BUSY, "already");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
    close(map);
}

Test(attachment, another_abi_is_refused_with_a_sentence_but_can_be_detached)
{
    struct lx_interface interface = interface_named("outer0");
    struct lx_attachment attachment;
    struct lx_metadata metadata;
    __u32 first = 0;
    char path[192];
    int map;

    must_attach("outer0");
    attachment = opened("outer0");
    snprintf(path, sizeof(path), "%s/metadata", attachment.directory);
    map = bpf_obj_get(path);
    metadata = attachment.metadata;
    lx_attachment_close(&attachment);
    metadata.abi_version++;
    cr_assert_eq(bpf_map_update_elem(map, &first, &metadata, BPF_ANY), 0);
    close(map);
    expect_failure(lx_attachment_open(&interface, &attachment, &failure), EPROTO, LX_EXIT_FAILED, "outer0");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

static void list_one(char directory[128])
{
    struct lx_words directories = {0};

    cr_assert_eq(lx_attachments_list(&directories, &failure), 0, "%s", failure.text);
    cr_assert_eq(directories.count, 1);
    snprintf(directory, 128, "%s", directories.items[0]);
    lx_words_free(&directories);
}

Test(attachment, an_attachment_of_another_namespace_is_seen_and_detached_there)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct lx_attachment attachment;
    char directory[128];
    pid_t resident = fork();

    if (!resident) {
        pause();
        _exit(0);
    }
    must_attach("outer0");
    cr_assert_eq(unshare(CLONE_NEWNET), 0);
    list_one(directory);
    cr_assert_eq(lx_attachment_open_directory(directory, &attachment, &failure), 0, "%s", failure.text);
    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    lx_attachment_close(&attachment);
    cr_expect_eq(if_nametoindex("outer0"), 0); /* still away from home */
    cr_expect_eq(lx_detach_directory(directory, &failure), 0, "%s", failure.text);
    cr_expect_eq(if_nametoindex("outer0"), 0);
    cr_assert_eq(setns(home, CLONE_NEWNET), 0);
    expect_no_trace("outer0");
    kill(resident, SIGKILL);
    waitpid(resident, NULL, 0);
    close(home);
}

Test(attachment, an_attachment_of_a_namespace_that_is_gone_can_be_removed)
{
    struct lx_attachment attachment;
    char directory[128];

    must_attach("outer0");
    cr_assert_eq(unshare(CLONE_NEWNET), 0);
    list_one(directory);
    cr_assert_eq(lx_attachment_open_directory(directory, &attachment, &failure), 0, "%s", failure.text);
    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_GONE);
    lx_attachment_close(&attachment);
    cr_expect_eq(lx_detach_directory(directory, &failure), 0, "%s", failure.text);
    expect_no_trace(NULL);
    cr_expect_eq(lx_detach_directory("/sys/fs/bpf/other", &failure), -EINVAL);
}

/* --- The hook for what the role sends --- */

static void track(void)
{
    policy.egress = LX_EGRESS_TRACK;
}

static bool filter_on(const char *name)
{
    struct lx_filter filter;
    return !lx_filter_by_name(if_nametoindex(name), &filter);
}

static enum lx_state hook_state_of(const char *name, enum lx_hook hook)
{
    struct lx_attachment attachment = opened(name);
    enum lx_state state = lx_attachment_hook_state(&attachment, hook);

    lx_attachment_close(&attachment);
    return state;
}

/* Takes our filter off as somebody with tc would. */
static void take_filter_off(const char *name)
{
    struct lx_filter filter;

    cr_assert_eq(lx_filter_by_name(if_nametoindex(name), &filter), 0);
    cr_assert_eq(lx_filter_detach(if_nametoindex(name), &filter, &failure), 0, "%s", failure.text);
}

/* A filter of somebody else's, where ours would like to be. */
static void add_foreign_filter(const char *name)
{
    const struct bpf_insn go_on[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
        {.code = BPF_JMP | BPF_EXIT},
    };
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(name), .attach_point = BPF_TC_EGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = 0x4c58, .priority = 1);

    options.prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "somebody_elses", "GPL", go_on, 2, NULL);
    cr_assert_geq(options.prog_fd, 0);
    cr_assert_eq(bpf_tc_hook_create(&hook), 0);
    cr_assert_eq(bpf_tc_attach(&hook, &options), 0);
    close(options.prog_fd);
}

Test(attachment, both_hooks_come_and_go_together)
{
    struct lx_attachment attachment;
    struct lx_metadata metadata;
    size_t files = open_files();

    track();
    cr_assert_eq(attach("outer0", LX_MODE_AUTO, &metadata), 0, "%s", failure.text);
    cr_expect_eq(metadata.from_role, 1);
    cr_expect_eq(metadata.flow_capacity, 1024);
    cr_expect_eq(metadata.clsact, 1);
    if (!metadata.dispatcher)
        cr_expect_eq(open_files(), files);
    cr_expect(filter_on("outer0"));
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    attachment = opened("outer0");
    cr_expect(lx_attachment_has_hook(&attachment, LX_HOOK_FROM_ROLE));
    cr_expect_eq(attachment.publication.egress, LX_EGRESS_TRACK);
    cr_expect_eq(memcmp(&attachment.metadata, &metadata, sizeof(metadata)), 0);
    lx_attachment_close(&attachment);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, without_egress_there_is_no_second_hook)
{
    struct lx_attachment attachment;
    struct lx_flow *flows;
    struct lx_judgement answer;
    struct lx_counters *sum = malloc(sizeof(*sum));
    uint8_t frame[LX_PROBE_FRAME];
    size_t count = 1;

    must_attach("outer0");
    cr_expect_not(filter_on("outer0"));
    cr_expect_eq(lx_clsact_look(if_nametoindex("outer0")), -ENOENT);
    attachment = opened("outer0");
    cr_expect_not(lx_attachment_has_hook(&attachment, LX_HOOK_FROM_ROLE));
    cr_expect_eq(attachment.metadata.flow_capacity, 0);
    cr_expect_eq(attachment.maps.fds[LX_MAP_FROM_ROLE_COUNTERS], -1);
    cr_expect_eq(lx_attachment_flows(&attachment, &flows, &count, &failure), 0);
    cr_expect_eq(count, 0);
    free(flows);
    expect_failure(lx_attachment_ask(&attachment, LX_HOOK_FROM_ROLE, frame, udp_frame(1, frame), &answer, &failure),
                   ENOENT, LX_EXIT_FAILED, "--egress off");
    cr_expect_eq(lx_attachment_counters(&attachment, LX_HOOK_FROM_ROLE, sum, &failure), -ENOENT);
    lx_attachment_close(&attachment);
    free(sum);
}

Test(attachment, an_attachment_that_lost_its_filter_is_not_called_filtering)
{
    track();
    must_attach("outer0");
    take_filter_off("outer0");
    cr_expect_eq(state_of("outer0"), LX_STATE_NOT_RUNNING);
    cr_expect_eq(hook_state_of("outer0", LX_HOOK_TO_ROLE), LX_STATE_FILTERING);
    cr_expect_eq(hook_state_of("outer0", LX_HOOK_FROM_ROLE), LX_STATE_NOT_RUNNING);
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EEXIST, LX_EXIT_BUSY, "already");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, an_attachment_that_lost_its_qdisc_is_not_called_filtering)
{
    track();
    must_attach("outer0");
    run("tc qdisc del dev outer0 clsact");
    cr_expect_eq(state_of("outer0"), LX_STATE_NOT_RUNNING);
    cr_expect_eq(hook_state_of("outer0", LX_HOOK_FROM_ROLE), LX_STATE_NOT_RUNNING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_filter_without_its_xdp_program_is_tidied_up_by_the_next_attach)
{
    struct lx_filter old, new;

    track();
    must_attach("outer0");
    cr_assert_eq(lx_filter_by_name(if_nametoindex("outer0"), &old), 0);
    run("ip link set dev outer0 xdpdrv off");
    cr_expect_eq(state_of("outer0"), LX_STATE_NOT_RUNNING);
    cr_expect_eq(hook_state_of("outer0", LX_HOOK_TO_ROLE), LX_STATE_NOT_RUNNING);
    cr_expect_eq(hook_state_of("outer0", LX_HOOK_FROM_ROLE), LX_STATE_FILTERING);
    must_attach("outer0");
    cr_assert_eq(lx_filter_by_name(if_nametoindex("outer0"), &new), 0);
    cr_expect_neq(new.program, old.program);
    cr_expect_eq(new.priority, old.priority);
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_foreign_filter_stays_and_ours_stands_beside_it)
{
    struct lx_filter filter;

    track();
    add_foreign_filter("outer0");
    must_attach("outer0");
    cr_assert_eq(lx_filter_by_name(if_nametoindex("outer0"), &filter), 0);
    cr_expect_eq(filter.priority, 2); /* the first place is taken */
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    cr_expect_not(filter_on("outer0"));
    run("tc filter show dev outer0 egress | grep -q somebody_elses");
    cr_expect_eq(lx_clsact_look(if_nametoindex("outer0")), 0);
    expect_no_trace(NULL);
}

Test(attachment, a_filter_that_came_later_keeps_the_qdisc)
{
    track();
    must_attach("outer0");
    take_filter_off("outer0");
    run("tc qdisc del dev outer0 clsact");
    add_foreign_filter("outer0");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    run("tc filter show dev outer0 egress | grep -q somebody_elses");
    cr_expect_eq(lx_clsact_look(if_nametoindex("outer0")), 0);
}

Test(attachment, a_qdisc_that_was_there_stays)
{
    struct lx_metadata metadata;

    track();
    run("tc qdisc add dev outer0 clsact");
    cr_assert_eq(attach("outer0", LX_MODE_AUTO, &metadata), 0, "%s", failure.text);
    cr_expect_eq(metadata.clsact, 0);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    cr_expect_eq(lx_clsact_look(if_nametoindex("outer0")), 0);
    cr_expect_not(filter_on("outer0"));
}

Test(attachment, an_ingress_qdisc_in_the_way_is_named)
{
    track();
    run("tc qdisc add dev outer0 ingress");
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EBUSY, LX_EXIT_BUSY, "tc qdisc del dev outer0 ingress");
    cr_expect_eq(program_on("outer0"), 0);
    expect_no_trace(NULL);
    run("tc qdisc show dev outer0 | grep -q ingress");
}

Test(attachment, an_attach_that_fails_at_its_last_step_takes_the_filter_back)
{
    track();
    cr_expect_lt(attach("lo", LX_MODE_ONLY_NATIVE, NULL), 0);
    cr_expect_not_null(strstr(failure.text, "native"), "%s", failure.text);
    cr_expect_not(filter_on("lo"));
    expect_no_trace("lo");
    run("tc qdisc add dev lo clsact");
    cr_expect_lt(attach("lo", LX_MODE_ONLY_NATIVE, NULL), 0);
    cr_expect_eq(lx_clsact_look(if_nametoindex("lo")), 0);
}

Test(attachment, a_filter_that_lost_its_pins_is_explained_and_detached)
{
    track();
    must_attach("outer0");
    run("ip link set dev outer0 xdpdrv off && rm -r /sys/fs/bpf/lyncxdp");
    expect_failure(attach("outer0", LX_MODE_AUTO, NULL), EBUSY, LX_EXIT_BUSY, "lyncxdp detach outer0");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    cr_expect_not(filter_on("outer0"));
    expect_no_trace("outer0"); /* nor the qdisc, which ours was the last filter on */
}

/* What a detach leaves that is killed after its first step, and after its second. */
Test(attachment, a_detach_cut_short_after_the_xdp_program_is_completed_by_the_next)
{
    track();
    must_attach("outer0");
    run("ip link set dev outer0 xdpdrv off");
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_detach_cut_short_after_the_filter_is_completed_by_the_next)
{
    track();
    must_attach("outer0");
    run("ip link set dev outer0 xdpdrv off");
    take_filter_off("outer0");
    cr_expect_eq(lx_clsact_look(if_nametoindex("outer0")), 0);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, a_detach_cut_short_after_the_filter_is_completed_by_an_attach)
{
    track();
    must_attach("outer0");
    run("ip link set dev outer0 xdpdrv off");
    take_filter_off("outer0");
    must_attach("outer0");
    cr_expect_eq(state_of("outer0"), LX_STATE_FILTERING);
    cr_expect_eq(detach("outer0"), 0, "%s", failure.text);
    expect_no_trace("outer0");
}

Test(attachment, both_hooks_can_be_read_without_root)
{
    struct lx_attachment attachment;
    struct lx_flow *flows;
    struct lx_counters *sum = malloc(sizeof(*sum));
    size_t count = 1;

    track();
    must_attach("outer0");
    cr_assert_eq(setresuid(65534, 65534, 65534), 0);
    attachment = opened("outer0");
    cr_expect_eq(lx_attachment_state(&attachment), LX_STATE_FILTERING);
    cr_expect_eq(lx_attachment_flows(&attachment, &flows, &count, &failure), 0, "%s", failure.text);
    cr_expect_eq(lx_attachment_counters(&attachment, LX_HOOK_FROM_ROLE, sum, &failure), 0, "%s", failure.text);
    lx_attachment_close(&attachment);
    free(sum);
    free(flows);
}

Test(attachment, both_hooks_answer_about_the_shortest_frames)
{
    static const uint8_t headers[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd};
    struct lx_attachment attachment;
    struct lx_judgement answer;

    track();
    must_attach("outer0");
    attachment = opened("outer0");
    for (int hook = 0; hook < LX_HOOK_COUNT; hook++) {
        cr_assert_eq(lx_attachment_ask(&attachment, hook, headers, sizeof(headers), &answer, &failure), 0, "%s",
                     failure.text);
        cr_expect_eq(answer.reason, LX_REASON_SHORT_FRAME);
    }
    lx_attachment_close(&attachment);
}

static void expect_within_the_verifier_s_reach(const char *name, const char *pin)
{
    struct lx_attachment attachment = opened(name);
    struct bpf_prog_info info = {0};
    __u32 length = sizeof(info);
    char path[192];
    int program;

    snprintf(path, sizeof(path), "%s/%s", attachment.directory, pin);
    program = bpf_obj_get(path);
    cr_assert_geq(program, 0, "%s", path);
    cr_assert_eq(bpf_obj_get_info_by_fd(program, &info, &length), 0);
    cr_expect_gt(info.verified_insns, 0);
    cr_expect_lt(info.verified_insns, 250000, "%s: %u instructions followed", pin, info.verified_insns);
    close(program);
    lx_attachment_close(&attachment);
}

/* It gives up at a million; but attaching waits for it, and other kernels follow other paths. */
Test(attachment, the_verifier_is_far_from_the_end_of_its_reach)
{
    track();
    must_attach("outer0");
    expect_within_the_verifier_s_reach("outer0", "to_role_xdp");
    expect_within_the_verifier_s_reach("outer0", "from_role_tc");
}

/* --- Interfaces --- */

Test(attachment, an_interface_knows_its_addresses_and_whether_they_were_leased)
{
    struct lx_interface interface, holder;
    struct lx_address *addresses, address;
    size_t count;

    run("ip address add 131.107.155.30/24 dev outer0");
    interface = interface_named("outer0");
    cr_expect(interface.up);
    cr_assert_eq(lx_interface_addresses(&interface, &addresses, &count), 0);
    cr_expect_eq(count, 1);
    lx_address_parse("131.107.155.30", &address, NULL);
    cr_expect_eq(memcmp(addresses, &address, sizeof(address)), 0);
    free(addresses);
    cr_expect_not(lx_interface_leased(&interface));
    cr_assert_eq(lx_interface_with_address(&address, &holder), 0);
    cr_expect_eq(memcmp(&holder, &interface, sizeof(holder)), 0);
    lx_address_parse("192.0.2.9", &address, NULL);
    cr_expect_eq(lx_interface_with_address(&address, &holder), -ENOENT);
    run("ip address add 10.9.9.9/24 dev outer0 valid_lft 600 preferred_lft 600");
    cr_expect(lx_interface_leased(&interface));
}
