#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What becomes of an attachment when its interface goes down, is renamed, moved, deleted, made anew, or has its programs
# taken off by somebody: the section "What happens when" of the manual. Everything happens in network namespaces and a
# mount namespace of its own, with its own bpffs.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FOREIGN=$tree/build/floor.bpf.o

# --- The ground: `outer` here, the other end of its wire in `far`, and `other`, where interfaces are moved to ----------

own_ground
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
# A datagram from the media range would be an answer to what an inbound row lets in, which is never remembered.
echo '32768 49151' >/proc/sys/net/ipv4/ip_local_port_range
ip netns add far && ip netns add other || exit 1
in_other() { nsenter --net=/run/netns/other "$@"; }
in_far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
in_other sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'

# make NAME [INDEX]   a new interface, whose wire leads to `far`.
make() {
    in_far ip link delete far 2>/dev/null
    ip link add "$1" ${2:+index $2} type veth peer name far netns far && in_far ip address add 198.51.100.9/24 dev far &&
        in_far ip link set far up && address "$1"
}

# address NAME [WRAPPER]   what an interface loses on its way to another namespace.
address() {
    ${2:-} ip address add 198.51.100.1/24 dev "$1" && ${2:-} ip link set "$1" up &&
        in_far ip neigh replace 198.51.100.1 lladdr "$(${2:-} ip -j link show "$1" | jq -r '.[0].address')" dev far &&
        until_true 30 carries "$@"
}
carries() { is "$(${2:-} ip -j link show "$1" | jq -r '.[0].operstate')" UP; }

# --- How it is asked -------------------------------------------------------------------------------------------------

elsewhere() { in_other "$LYNCXDP" "$@"; }
attach() { run attach outer --role av-edge >/dev/null; }

# states CODE EXPECTED command…   What status says of the hooks, "interface:state/state", and its exit code.
states() {
    local code=$1 expected=$2 output status
    shift 2
    output=$("$@" --json)
    status=$?
    output=$(jq -r 'group_by([.interface, .netns]) | map(.[0].interface + ":" + (map(.state) | join("/"))) | join(" ")' \
        <<<"$output")
    echo "exit code $status, expected $code; $output, expected $expected"
    [ $status -eq "$code" ] && [ "$output" = "$expected" ]
}

# judged FILTER INTERFACE [WRAPPER]   one number of the to-role hook.
judged() { ${3:-} "$LYNCXDP" counters "$2" --json | jq "[.[0] | $1] | add // 0"; }
# judged_are FILTER NUMBER INTERFACE [WRAPPER]
judged_are() { is "$(judged "$1" "${@:3}")" "$2"; }

# filters INTERFACE [WRAPPER]   a datagram to a closed port is dropped there, and one to an open port passes.
filters() {
    local dropped='.ports[] | select(.port == "3389") | .dropped' passed='.reasons[] | select(.reason == "row") | .packets'
    local drops passes
    drops=$(judged "$dropped" "$@") passes=$(judged "$passed" "$@")
    in_far bash -c 'echo closed >/dev/udp/198.51.100.1/3389; echo open >/dev/udp/198.51.100.1/3478'
    until_true 30 judged_are "$dropped" $((drops + 1)) "$@" && until_true 30 judged_are "$passed" $((passes + 1)) "$@" && return
    "${2:-env}" "$LYNCXDP" counters "$1"
    return 1
}

# remembers INTERFACE   what the role begins is a flow.
remembers() {
    local port=$((7000 + RANDOM % 1000))
    echo question >"/dev/udp/198.51.100.9/$port"
    until_true 30 answers "any(.[]; .remote == \"198.51.100.9:$port\")" run flows "$1" --json
}

pins() { ls /sys/fs/bpf/lyncxdp 2>/dev/null; }
has_clsact() { says 0 clsact tc qdisc show dev "$1"; }
# What must hold of NAME [WRAPPER] when its interface is left alone.
has_no_xdp() { says_no 0 prog/xdp "${2:-env}" ip -d link show dev "$1"; }
has_no_clsact() { [ -z "$(pins)" ] && says_no 0 clsact "${2:-env}" tc qdisc show dev "$1"; }
clean() { has_no_xdp "$@" && has_no_clsact "$@"; }
inode() { stat -Lc %i "/run/netns/$1"; }
now_attached() { says 0 'filtering as av-edge' run attach "$1" --role av-edge; }
now_detached() { says 0 "$1: no longer filtered" run detach "$1" && clean "$1"; }

# --- Down and up -------------------------------------------------------------------------------------------------------

make outer 70
attach
ip link set outer down
check "down: it is still in force" states 0 'outer:filtering/filtering' run status
ip link set outer up && address outer 2>/dev/null
ip link set outer up
check "up again: it filters" filters outer
check "up again: it remembers" remembers outer

# --- MTU ---------------------------------------------------------------------------------------------------------------

# jumbo BYTES   a datagram of so many bytes arrives in one packet.
jumbo() {
    local bytes='.reasons[] | select(.reason == "row") | .bytes' before
    before=$(judged "$bytes" outer)
    in_far bash -c "dd if=/dev/zero bs=$1 count=1 status=none >/dev/udp/198.51.100.1/3478"
    until_true 30 judged_are "$bytes" $((before + $1 + 42)) outer || { run counters outer --by reason; return 1; }
}

for mtu in 9000 1280 1500; do
    check "MTU $mtu can be set" ip link set outer mtu "$mtu"
    in_far ip link set far mtu "$mtu"
    check "MTU $mtu: it is in force" states 0 'outer:filtering/filtering' run status outer
    check "MTU $mtu: a datagram that fills it passes" jumbo $((mtu - 28))
    check "MTU $mtu: it filters" filters outer
done

# --- Another name --------------------------------------------------------------------------------------------------------

echo question >/dev/udp/198.51.100.9/6999
ip link set outer down && ip link set outer name newer && ip link set newer up
check "renamed: status has the new name" states 0 'newer:filtering/filtering' run status
check "renamed: and answers to it" states 0 'newer:filtering/filtering' run status newer
check "renamed: not to the old one" says 1 'no interface outer' run status outer
check "renamed: it filters" filters newer
check "renamed: counters have the new name, and go on" says 0 '^newer, to-role: [1-9][0-9]* packets' run counters newer
check "renamed: so have flows" says 0 '^newer: [1-9][0-9]* flows.*198.51.100.9:6999' in_one_line run flows newer
check "renamed: explain asks it" says 0 'verdict +pass' run explain newer udp 203.0.113.7 198.51.100.1:3478
check "renamed: a second attach is refused" says 4 'attached to newer already' run attach newer --role av-edge
check "renamed: detach takes the new name" now_detached newer
ip link set newer down && ip link set newer name outer && ip link set outer up
attach
ip link set outer down && ip link set outer name newer && ip link set newer up
check "renamed: detach --all tells the new name" says 0 '^newer: no longer filtered' run detach --all
check "renamed: nothing is left" clean newer
ip link delete newer

# --- Gone ----------------------------------------------------------------------------------------------------------------

make outer 71
attach
ip link delete outer
check "gone: status says so" states 1 'outer:gone/gone' run status
check "gone: in words, with the way out" says 1 "outer is gone.*'lyncxdp detach outer'" run status
check "gone: detach --all tidies up" says 0 'outer: no longer' run detach --all
check "gone: then nothing is left" [ -z "$(pins)" ]
make outer 72
attach
make outer 73
check "a new one with its name is not attached" says 1 'nothing is attached to outer' run status outer
check "while the old one is still told of" states 1 'outer:gone/gone' run status
check "a new one with its name can be attached" now_attached outer
check "which tidies up" states 0 'outer:filtering/filtering' run status
check "and filters" filters outer
make newer 73
check "a new one with its index is not attached" says 1 'nothing is attached to newer' run status newer
check "nor are the old one's counters its own" says 1 'nothing is attached to newer' run counters newer
check "while the old one is gone" states 1 'outer:gone/gone' run status
tc qdisc add dev newer clsact
check "detach --all leaves the new one alone" says 0 'outer: no longer' run detach --all
check "its own clsact, too" has_clsact newer
tc qdisc delete dev newer clsact
make outer 73
attach
make newer 73
check "a new one with its index can be attached" now_attached newer
check "and takes its place" states 0 'newer:filtering/filtering' run status
make newer 73
check "a new one with its index and its name is not called filtered" states 1 'newer:not-running/not-running' run status
check "attach is all that it needs" now_attached newer
check "then it filters" filters newer
check "and can be detached" now_detached newer
ip link delete newer

# --- Moved to another network namespace ------------------------------------------------------------------------------------

make outer 74
attach
ip link set outer netns other
address outer in_other
check "moved: the packet path goes on there, its egress does not" states 1 'outer:filtering/not-running' elsewhere status outer
check "moved: it filters" filters outer in_other
check "moved: status there tells it without a name" states 1 'outer:filtering/not-running' elsewhere status
check "moved: status here says the same" states 1 'outer:filtering/not-running' run status
check "moved: and where it is" is "$(run status --json 2>/dev/null | jq '.[0].netns')" "$(inode other)"
check "moved: here it is no interface" says 1 'no interface outer' run status outer
check "moved: attach there is refused" says 4 'attached to outer already; change it' elsewhere attach outer --role av-edge
ip link add newer index 74 type veth peer name newest && ip link set newer up
check "moved: one in its old place is not attached" says 1 'nothing is attached to newer' run status newer
check "moved: nor can it take the pins of what filters" says 4 'moved to another network namespace' \
    run attach newer --role av-edge
check "moved: what was refused changed nothing" states 1 'outer:filtering/not-running' run status
ip link delete newer
run detach --all >/dev/null
make outer 75
attach
ip link set outer netns other
address outer in_other
check "moved: detach there takes it off" says 0 'outer: no longer filtered' elsewhere detach outer
check "moved: and leaves nothing" clean outer in_other
check "moved: then it can be attached there" says 0 'filtering as av-edge' elsewhere attach outer --role av-edge
check "moved: and is whole" states 0 'outer:filtering/filtering' run status
in_other ip link set outer netns $$
address outer
check "moved back: the same holds" states 1 'outer:filtering/not-running' run status outer
check "moved back: it filters" filters outer
check "moved back: detach takes it off" now_detached outer
run attach outer --role av-edge --egress off >/dev/null
ip link set outer netns other
check "moved, with egress off: nothing of it is lost" states 0 'outer:filtering' elsewhere status outer
address outer in_other
check "moved, with egress off: it filters" filters outer in_other
check "moved, with egress off: detach --all finds it" says 0 'outer: no longer filtered' run detach --all
check "moved, with egress off: nothing is left" clean outer in_other
elsewhere attach outer --role av-edge >/dev/null
ip netns delete other
check "its namespace deleted: it is gone" states 1 'outer:gone/gone' run status
check "its namespace deleted: detach --all tidies up" says 0 'outer: no longer' run detach --all
check "its namespace deleted: nothing is left" [ -z "$(pins)" ]

# --- Among others that come and go -----------------------------------------------------------------------------------

# Turns are counted: what goes on beside it must go on.
churn() {
    while echo >>"$turns"; do
        for i in 1 2 3; do ip link add "come$i" type veth peer name "go$i"; done
        for i in 1 2 3; do ip link delete "come$i"; done
    done
}
turns=/run/turns
turned() { [ "$(wc -l <"$turns")" -gt "$1" ]; }

# always TIMES command…   It succeeds every time.
always() {
    local i
    for ((i = 0; i < $1; i++)); do
        "${@:2}" || return
    done
}

make outer 77
attach
for i in {1..50}; do ip link add "stay$i" type veth peer name "also$i"; done
churn 2>/dev/null &
churning=$!
check "others come and go" until_true 60 turned 3
check "among others that come and go: status finds it every time" always 80 run status outer
came=$(wc -l <"$turns")
check "which went on meanwhile" until_true 60 turned "$came"
kill $churning
reap $churning
for i in {1..50}; do ip link delete "stay$i"; done
run detach --all >/dev/null

# --- Taken off by somebody ---------------------------------------------------------------------------------------------------

make outer 76
attach
ip link set dev outer xdp off
check "XDP taken off: status says so" states 1 'outer:not-running/filtering' run status
check "XDP taken off: in words, with the way out" says 1 'outer is not filtered.*attach it again' run status outer
check "XDP taken off: a new attach is enough" now_attached outer
check "XDP taken off: and filters" filters outer
if ip -force link set dev outer xdp obj "$FOREIGN" program floor_drop 2>/dev/null; then
    foreign=$(ip -j link show dev outer | jq '.[0].xdp.prog.id')
    check "XDP replaced: status says so" states 1 'outer:not-running/filtering' run status
    check "XDP replaced: attach is refused" says 4 'another XDP program' run attach outer --role av-edge
    check "XDP replaced: what was refused changed nothing" states 1 'outer:not-running/filtering' run status
    check "XDP replaced: detach takes off the rest" says 0 'no longer filtered' run detach outer
    check "XDP replaced: and only that" is "$(ip -j link show dev outer | jq '.[0].xdp.prog.id')" "$foreign"
    check "XDP replaced: no qdisc, no pins" has_no_clsact outer
    ip link set dev outer xdp off
else
    skip "XDP replaced by another program" "ip cannot load $FOREIGN"
    run detach outer >/dev/null
fi
for loss in 'qdisc delete dev outer clsact' 'filter delete dev outer egress'; do
    attach
    # shellcheck disable=SC2086 # words
    tc $loss
    check "tc $loss: status says so" states 1 'outer:filtering/not-running' run status
    check "tc $loss: in words, with the way out" says 1 'what the role sends through outer.*update outer' \
        run status outer
    check "tc $loss: what arrives is filtered" filters outer
    check "tc $loss: detach leaves nothing" now_detached outer
done

# --- Pins lost -------------------------------------------------------------------------------------------------------------

lose_pins() { umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf; }
attach
lose_pins
check "pins lost: status does not say that nothing is attached" says 1 'outer runs .*pins are lost.*detach outer' run status
check "pins lost: nor of the interface" says 1 'outer runs .*pins are lost.*detach outer' run status outer
check "pins lost: attach is refused" says 4 'without its pins.*detach outer' run attach outer --role av-edge
check "pins lost: detach takes both programs off, and the qdisc" now_detached outer
attach
lose_pins
check "pins lost: so does detach --all" says 0 'outer: no longer filtered' run detach --all
check "pins lost: then nothing is left" clean outer
tc qdisc add dev outer clsact
tc filter add dev outer ingress bpf bytecode "1,6 0 0 0"
attach
lose_pins
check "pins lost: a qdisc that others use" says 0 'no longer filtered' run detach outer
check "pins lost: stays" has_clsact outer
check "then nothing is attached" says 0 '^nothing is attached' run status
finish
