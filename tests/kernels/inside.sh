# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What must hold on every supported kernel, checked inside an emulated machine by its init: the A/V Edge's external
# interface is `edge0`, an end of a veth pair; the Internet is a namespace at the other end.
. tests/tap.sh
. tests/kernels/frames.sh
. tests/kernels/bonds.sh
. tests/kernels/trunk.sh

lyncxdp=build/lyncxdp
policy="--role av-edge --site policies/sites/contoso.yaml"

# says FILTER COMMAND…   The command's JSON satisfies the jq filter.
says() {
    local filter=$1 json
    shift
    json=$("$@") || return
    echo "$json"
    echo "$json" | jq -e "$filter" >/dev/null
}

counters_say() {
    says ".[0] | $1" $lyncxdp counters edge0 --json
}

status_says() {
    says ".[0] | $1" $lyncxdp status "${2:-edge0}" --json
}

# Everything of BPF that the kernel holds, and every pin: what must be the same before attaching and after detaching.
# libxdp's own directory stays, empty, for the next program.
holdings() {
    bpftool -j prog list | jq -r '.[] | "program \(.name)"'
    bpftool -j map list | jq -r '.[] | "map \(.name)"'
    bpftool -j link list | jq -r '.[] | "link \(.id)"'
    find /sys/fs/bpf -mindepth 1 ! -path /sys/fs/bpf/xdp
}

# Programs and maps are freed after a grace period.
nothing_left() {
    local tries=10
    while [ $tries -gt 0 ]; do
        [ "$(holdings)" = "$before" ] && return
        sleep 0.5
        tries=$((tries - 1))
    done
    echo "before: $before"
    echo "now: $(holdings)"
    return 1
}

check_attached() {
    check "attach, natively" $lyncxdp attach edge0 $policy --mode native
    check "status: native, under the dispatcher" status_says '.mode == "native" and .dispatcher == true'
    check "explain: a STUN request passes by its row" says \
        '.verdict == "pass" and (.row | endswith("stun-udp-in"))' \
        $lyncxdp explain edge0 --json udp "203.0.113.9:40000" "$edge:3478"
    check "explain: remote desktop is dropped" says '.verdict == "drop" and .reason == "no-row"' \
        $lyncxdp explain edge0 --json tcp "203.0.113.9:40000" "$edge:3389"
    check "explain counts nothing" counters_say '(.rows | map(.packets) | add) == 0 and .ports == []'
}

check_traffic() {
    check "3 datagrams to 3478 are answered" answered udp 3478 3
    check "and credited to their row" counters_say \
        '.rows | map(select(.id | endswith("stun-udp-in"))) | map(.packets) == [3]'
    check "2 datagrams to 3479 are not" unanswered udp 3479 2
    check "and counted by port" counters_say \
        '.ports | map(select(.transport == "udp" and .port == "3479")) | map(.dropped) == [2]'
    check "TCP to 443 is answered" answered tcp 443 1
    check "TCP to 3389 is not" unanswered tcp 3389 1
    check "the sum over the reasons is the number of packets" counters_say \
        '.packets > 0 and .packets == (.reasons | map(.packets) | add)'
}

# xdp-filter knows nothing of lyncxdp: that its own drops are seen shows that packets reach it, after lyncxdp.
check_neighbour() {
    check "another program comes to stay beside it" xdp-filter load edge0 --mode native --policy allow --features udp
    check "status: still under the dispatcher" status_says '.state == "filtering" and .dispatcher == true'
    check "what both pass is answered" answered udp 3478 1
    check "the other is told to drop 3478" xdp-filter port 3478 --mode dst --proto udp
    check "what the other drops is not answered" unanswered udp 3478 1
    check "what lyncxdp drops is not either" unanswered udp 3479 1
    check "the other leaves" xdp-filter unload edge0
    check "lyncxdp filters on" status_says '.state == "filtering" and .dispatcher == true'
    check "and still passes" answered udp 3478 1
    check "and still drops" unanswered udp 3479 1
}

neighbour_runs() {
    xdp-filter status | grep 'edge0 (native mode)'
}

check_second() {
    check "another program is there first" xdp-filter load edge0 --mode native --policy allow --features udp
    check "attach beside it" $lyncxdp attach edge0 $policy --egress off
    check "status: native, under the dispatcher" status_says '.mode == "native" and .dispatcher == true'
    check "3478 is answered" answered udp 3478 1
    check "3479 is not" unanswered udp 3479 1
    check "detach leaves the other" $lyncxdp detach edge0
    check "which runs on" neighbour_runs
    check "and leaves" xdp-filter unload edge0
}

check_detached() {
    check "detach" $lyncxdp detach edge0
    check "nothing is left: no program, no map, no pin" nothing_left
    check "3479 is answered without it" answered udp 3479 1
}

one_program() {
    [ "$(bpftool -j prog list | jq '[.[] | select(.name == "lyncxdp_to_role")] | length')" -eq 1 ]
}

# Updates, of the kind that takes a new program too: the dispatcher runs the new one before the old one goes.
check_updates() {
    check "attach without the other hook" $lyncxdp attach edge0 $policy --egress off
    check "an update that needs it" $lyncxdp update edge0 --egress track
    check "status: both hooks, still under the dispatcher" says \
        'length == 2 and all(.[]; .state == "filtering") and .[0].dispatcher' $lyncxdp status edge0 --json
    check "one program has taken the other's place" one_program
    check "what the policy allows is answered" answered udp 3478 1
    check "what it does not is not" unanswered udp 3479 1
    check "audit lets it through" $lyncxdp update edge0 --audit
    check "which is answered then" answered udp 3479 1
    check "a trial" $lyncxdp update edge0 --no-audit --try 5
    check "which drops" unanswered udp 3479 1
    sleep 6
    check "until it has run out" answered udp 3479 1
    check "updates: detach" $lyncxdp detach edge0
    check "updates: nothing is left" nothing_left
}

# told: a monitor that ends with its first sample, while a datagram is sent that is dropped.
told() {
    local monitor tries=100
    timeout 30 $lyncxdp monitor edge0 --json --count 1 --port udp/3479 >/tmp/told &
    monitor=$!
    until [ "$(bpftool -j map dump pinned /sys/fs/bpf/lyncxdp/*/samples | jq length)" -gt 0 ]; do
        [ $((tries--)) -gt 0 ] || return
        sleep 0.1
    done
    unanswered udp 3479 1
    wait $monitor
    cat /tmp/told
    head -n 1 /tmp/told | jq -e '.verdict == "drop" and .reason == "no-row" and .port == "3479"'
}

# What the programs do besides judging, in functions that only run then: no other test makes this kernel run them.
check_watched() {
    check "attach to be watched" $lyncxdp attach edge0 $policy
    check "monitor tells of a datagram that is dropped" told
    check "a candidate is loaded" $lyncxdp update edge0 --shadow --role access-edge
    check "3478 is answered as before" answered udp 3478 2
    check "and counted as what the candidate would drop" counters_say \
        '.shadow.newly_dropped | map(select(.port == "3478") | .packets) == [2]'
    check "promote puts it in force" $lyncxdp promote edge0
    check "so that 3478 is answered no more" unanswered udp 3478 1
    check "watched: detach" $lyncxdp detach edge0
    check "watched: nothing is left" nothing_left
}

check_generic() {
    check "attach, in generic mode" $lyncxdp attach edge0 $policy --mode generic --egress off
    check "status: generic, under the dispatcher" status_says '.mode == "generic" and .dispatcher == true'
    check "generic: 3478 is answered" answered udp 3478 1
    check "generic: 3479 is not" unanswered udp 3479 1
    check "generic: detach" $lyncxdp detach edge0
    check "generic: nothing is left" nothing_left
}

check_jumbo() {
    frames_mtu 9000
    check "attach at MTU 9000, natively" $lyncxdp attach edge0 $policy --mode native --egress off
    check "a datagram of 8000 bytes is answered" answered udp 3478 1 8000
    check "jumbo: 3479 is not" unanswered udp 3479 1 8000
    check "jumbo: detach" $lyncxdp detach edge0
    frames_mtu 1500
}

# A driver that is not veth, with multi-queue and offloads of its own.
check_virtio() {
    ip link set eth0 up
    ip address add 10.0.2.15/24 dev eth0
    check "virtio-net: attach, natively" $lyncxdp attach eth0 --role av-edge --set self=10.0.2.15 --mode native --egress off
    check "virtio-net: native, under the dispatcher" status_says '.mode == "native" and .dispatcher == true' eth0
    check "virtio-net: the gateway answers ARP" arping -c 1 -w 5 -I eth0 10.0.2.2
    check "virtio-net: detach" $lyncxdp detach eth0
    check "virtio-net: nothing is left" nothing_left
}

no_xdp() {
    [ "$(ip -j link show dev edge0 | jq '.[0].xdp.prog.id // 0')" -eq 0 ]
}

# Who removes libxdp's pins takes off what its dispatcher runs, and leaves the dispatcher, which nobody can take off then.
check_dispatcher_lost() {
    check "attach behind the dispatcher" $lyncxdp attach edge0 $policy
    rm -rf /sys/fs/bpf/xdp/*
    check "libxdp's pins lost: status says that nothing is filtered" status_fails not-running
    check "libxdp's pins lost: detach" $lyncxdp detach edge0
    check "libxdp's pins lost: takes off the dispatcher, too" no_xdp
    check "libxdp's pins lost: nothing is left" nothing_left
    $lyncxdp attach edge0 $policy
    rm -rf /sys/fs/bpf/xdp/*
    check "libxdp's pins lost: attach is enough" $lyncxdp attach edge0 $policy
    check "libxdp's pins lost: which filters" unanswered udp 3479 1
    check "libxdp's pins lost: and passes" answered udp 3478 1
    rm -rf /sys/fs/bpf/xdp/* /sys/fs/bpf/lyncxdp
    check "all pins lost: detach" $lyncxdp detach edge0
    check "all pins lost: nothing is left" nothing_left
}

# A pair of mounts that ends with the command takes the pins with it, and behind the dispatcher the program.
check_mounts_end() {
    check "attach in mounts that end with it is refused" refused_in_mounts
    check "and leaves nothing" nothing_left
}

refused_in_mounts() {
    local output
    output=$(unshare -m sh -c "umount /sys/fs/bpf; exec $lyncxdp attach edge0 $policy" 2>&1) && return 1
    echo "$output"
    echo "$output" | grep -q 'mounts of its own'
}

status_fails() {
    local output
    output=$($lyncxdp status edge0 --json) && return 1
    echo "$output"
    echo "$output" | jq -e --arg state "$1" '.[0].state == $state' >/dev/null
}

# passes LEAST PATTERN PROGRAM: at least so many of the program's tests match, and all of them pass.
passes() {
    local least=$1 pattern=$2 program=$3 output tested
    output=$("$program" -j2 --filter "$pattern" 2>&1) || { echo "$output"; return 1; }
    tested=$(echo "$output" | sed -n 's/.*Tested: [^0-9]*\([0-9]*\).*/\1/p')
    echo "$tested tests ran"
    [ "$tested" -ge "$least" ]
}

# Of the tests in C those that another kernel, or the dispatcher, could make fail; all of them would take minutes.
check_test_programs() {
    check "judges and counts as the oracle does" passes 3 '*' build/tests/bpf/differential
    check "attaches, refuses and tidies up as it should" passes 4 \
        'attachment/@(attaching_puts|a_foreign_program|an_attach_killed|the_verifier)*' build/tests/bpf/attachment
    check "a pair forwards by itself, in either mode and jumbo frames, and the verifier is content" passes 4 \
        'inline/@(a_pair_forwards|jumbo|the_verifier)*' build/tests/bpf/inline
    check "flows begin with the role, and replies pass by them" passes 2 \
        'flows/@(of_a_tcp|icmp_errors)*' build/tests/bpf/flows
    check "the policy changes while packets pass" passes 3 \
        'update/@(a_trial_ends|an_image_that|rows_that)*' build/tests/bpf/update
    check "all fixtures are judged in test runs and counted on an interface as they say" passes 4 \
        '*' build/tests/bpf/fixtures
}

# shellcheck disable=SC2154 # of the kernel's command line
if [ -n "${lx_only:-}" ]; then
    "check_$lx_only"
    finish
    exit
fi
frames_up
before=$(holdings)
check_attached
check_traffic
check_neighbour
check_detached
check_second
check_dispatcher_lost
check_mounts_end
check_updates
check_watched
check_generic
check_jumbo
check_virtio
check_test_programs
ip link del edge0 && ip netns del internet
check_trunk
check_bonds
check_loops
finish
