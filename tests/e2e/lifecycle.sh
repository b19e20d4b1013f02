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

mount -t sysfs none /sys && mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs none /run || exit 1
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
# A datagram from the media range would be an answer to what an inbound row lets in, which is never remembered.
echo '32768 49151' >/proc/sys/net/ipv4/ip_local_port_range
ip link set lo up
ip netns add far && ip netns add other || exit 1
in_far() { nsenter --net=/run/netns/far "$@"; }
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
        for _ in {1..100}; do
            [ "$(${2:-} ip -j link show "$1" | jq -r '.[0].operstate')" = UP ] && return
            sleep 0.02
        done
}

# --- How it is asked -------------------------------------------------------------------------------------------------

lyncxdp() { "$LYNCXDP" "$@"; }
elsewhere() { in_other "$LYNCXDP" "$@"; }
attach() { lyncxdp attach outer --role av-edge >/dev/null; }

# says CODE PATTERN command…   It ends with that exit code and what it prints matches.
says() {
    local code=$1 pattern=$2 output status
    shift 2
    output=$("$@" 2>&1)
    status=$?
    echo "exit code $status, expected $code; expected to match: $pattern"
    echo "$output"
    [ $status -eq "$code" ] && tr '\n' ' ' <<<"$output" | grep -qE -e "$pattern"
}

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

# filters INTERFACE [WRAPPER]   a datagram to a closed port is dropped there, and one to an open port passes.
filters() {
    local dropped='.ports[] | select(.port == "3389") | .dropped' passed='.reasons[] | select(.reason == "row") | .packets'
    local drops passes
    drops=$(judged "$dropped" "$@") passes=$(judged "$passed" "$@")
    in_far bash -c 'echo closed >/dev/udp/198.51.100.1/3389; echo open >/dev/udp/198.51.100.1/3478'
    for _ in {1..100}; do
        [ "$(judged "$dropped" "$@")" -eq $((drops + 1)) ] && [ "$(judged "$passed" "$@")" -eq $((passes + 1)) ] && return
        sleep 0.02
    done
    "${2:-env}" "$LYNCXDP" counters "$1"
    return 1
}

# remembers INTERFACE   what the role begins is a flow.
remembers() {
    local port=$((7000 + RANDOM % 1000))
    echo question >"/dev/udp/198.51.100.9/$port"
    lyncxdp flows "$1" --json | jq -e --arg remote "198.51.100.9:$port" 'any(.[]; .remote == $remote)'
}

pins() { ls /sys/fs/bpf/lyncxdp 2>/dev/null; }
has_xdp() { ip -d link show dev "$1" | grep -q prog/xdp; }
has_clsact() { tc qdisc show dev "$1" | grep -q clsact; }
not() { ! "$@"; }
clean() { [ -z "$(pins)" ] && ! has_xdp "$1" && ! has_clsact "$1"; }
inode() { stat -Lc %i "/run/netns/$1"; }
now_attached() { says 0 'filtering as av-edge' lyncxdp attach "$1" --role av-edge; }
now_detached() { says 0 "$1: no longer filtered" lyncxdp detach "$1" && clean "$1"; }

# --- Down and up -------------------------------------------------------------------------------------------------------

make outer 70
attach
ip link set outer down
check "down: it is still in force" states 0 'outer:filtering/filtering' lyncxdp status
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
    for _ in {1..100}; do
        [ "$(judged "$bytes" outer)" -eq $((before + $1 + 42)) ] && return
        sleep 0.02
    done
    lyncxdp counters outer --by reason
    return 1
}

for mtu in 9000 1280 1500; do
    check "MTU $mtu can be set" ip link set outer mtu "$mtu"
    in_far ip link set far mtu "$mtu"
    check "MTU $mtu: it is in force" states 0 'outer:filtering/filtering' lyncxdp status outer
    check "MTU $mtu: a datagram that fills it passes" jumbo $((mtu - 28))
    check "MTU $mtu: it filters" filters outer
done

# --- Another name --------------------------------------------------------------------------------------------------------

echo question >/dev/udp/198.51.100.9/6999
ip link set outer down && ip link set outer name newer && ip link set newer up
check "renamed: status has the new name" states 0 'newer:filtering/filtering' lyncxdp status
check "renamed: and answers to it" states 0 'newer:filtering/filtering' lyncxdp status newer
check "renamed: not to the old one" says 1 'no interface outer' lyncxdp status outer
check "renamed: it filters" filters newer
check "renamed: counters have the new name, and go on" says 0 '^newer, to-role: [1-9][0-9]* packets' lyncxdp counters newer
check "renamed: so have flows" says 0 '^newer: [1-9][0-9]* flows.*198.51.100.9:6999' lyncxdp flows newer
check "renamed: explain asks it" says 0 'verdict +pass' lyncxdp explain newer udp 203.0.113.7 198.51.100.1:3478
check "renamed: a second attach is refused" says 4 'attached to newer already' lyncxdp attach newer --role av-edge
check "renamed: detach takes the new name" now_detached newer
ip link set newer down && ip link set newer name outer && ip link set outer up
attach
ip link set outer down && ip link set outer name newer && ip link set newer up
check "renamed: detach --all tells the new name" says 0 '^newer: no longer filtered' lyncxdp detach --all
check "renamed: nothing is left" clean newer
ip link delete newer

# --- Gone ----------------------------------------------------------------------------------------------------------------

make outer 71
attach
ip link delete outer
check "gone: status says so" states 1 'outer:gone/gone' lyncxdp status
check "gone: in words, with the way out" says 1 "outer is gone.*detach --all" lyncxdp status
check "gone: detach --all tidies up" says 0 'outer: no longer' lyncxdp detach --all
check "gone: then nothing is left" [ -z "$(pins)" ]
make outer 72
attach
make outer 73
check "a new one with its name is not attached" says 1 'nothing is attached to outer' lyncxdp status outer
check "nor detached" says 1 'nothing is attached to outer' lyncxdp detach outer
check "while the old one is still told of" states 1 'outer:gone/gone' lyncxdp status
check "a new one with its name can be attached" now_attached outer
check "which tidies up" states 0 'outer:filtering/filtering' lyncxdp status
check "and filters" filters outer
make newer 73
check "a new one with its index is not attached" says 1 'nothing is attached to newer' lyncxdp status newer
check "nor are the old one's counters its own" says 1 'nothing is attached to newer' lyncxdp counters newer
check "while the old one is gone" states 1 'outer:gone/gone' lyncxdp status
tc qdisc add dev newer clsact
check "detach --all leaves the new one alone" says 0 'outer: no longer' lyncxdp detach --all
check "its own clsact, too" has_clsact newer
tc qdisc delete dev newer clsact
make outer 73
attach
make newer 73
check "a new one with its index can be attached" now_attached newer
check "and takes its place" states 0 'newer:filtering/filtering' lyncxdp status
make newer 73
check "a new one with its index and its name is not called filtered" states 1 'newer:not-running/not-running' lyncxdp status
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
check "moved: status here says the same" states 1 'outer:filtering/not-running' lyncxdp status
check "moved: and where it is" [ "$(lyncxdp status --json 2>/dev/null | jq '.[0].netns')" = "$(inode other)" ]
check "moved: here it is no interface" says 1 'no interface outer' lyncxdp status outer
check "moved: attach there is refused" says 4 'attached to outer already; detach' elsewhere attach outer --role av-edge
ip link add newer index 74 type veth peer name newest && ip link set newer up
check "moved: one in its old place is not attached" says 1 'nothing is attached to newer' lyncxdp status newer
check "moved: nor can it take the pins of what filters" says 4 'moved to another network namespace' \
    lyncxdp attach newer --role av-edge
check "moved: what was refused changed nothing" states 1 'outer:filtering/not-running' lyncxdp status
ip link delete newer
lyncxdp detach --all >/dev/null
make outer 75
attach
ip link set outer netns other
address outer in_other
check "moved: detach there takes it off" says 0 'outer: no longer filtered' elsewhere detach outer
check "moved: and leaves nothing" in_other bash -c '! ip -d link show dev outer | grep prog/xdp && ! ls /sys/fs/bpf/lyncxdp'
check "moved: then it can be attached there" says 0 'filtering as av-edge' elsewhere attach outer --role av-edge
check "moved: and is whole" states 0 'outer:filtering/filtering' lyncxdp status
in_other ip link set outer netns $$
address outer
check "moved back: the same holds" states 1 'outer:filtering/not-running' lyncxdp status outer
check "moved back: it filters" filters outer
check "moved back: detach takes it off" now_detached outer
lyncxdp attach outer --role av-edge --egress off >/dev/null
ip link set outer netns other
check "moved, with egress off: nothing of it is lost" states 0 'outer:filtering' elsewhere status outer
address outer in_other
check "moved, with egress off: it filters" filters outer in_other
check "moved, with egress off: detach --all finds it" says 0 'outer: no longer filtered' lyncxdp detach --all
check "moved, with egress off: nothing is left" in_other bash -c '! ip -d link show dev outer | grep prog/xdp'
elsewhere attach outer --role av-edge >/dev/null
ip netns delete other
check "its namespace deleted: it is gone" states 1 'outer:gone/gone' lyncxdp status
check "its namespace deleted: detach --all tidies up" says 0 'outer: no longer' lyncxdp detach --all
check "its namespace deleted: nothing is left" [ -z "$(pins)" ]

# --- Among others that come and go -----------------------------------------------------------------------------------

churn() {
    while :; do
        for i in 1 2 3; do ip link add "come$i" type veth peer name "go$i"; done
        for i in 1 2 3; do ip link delete "come$i"; done
    done
}

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
check "among others that come and go: status finds it every time" always 80 lyncxdp status outer
kill $churning
wait $churning 2>/dev/null
for i in {1..50}; do ip link delete "stay$i"; done
lyncxdp detach --all >/dev/null

# --- Taken off by somebody ---------------------------------------------------------------------------------------------------

make outer 76
attach
ip link set dev outer xdp off
check "XDP taken off: status says so" states 1 'outer:not-running/filtering' lyncxdp status
check "XDP taken off: in words, with the way out" says 1 'outer is not filtered.*detach.*attach again' lyncxdp status outer
check "XDP taken off: a new attach is enough" now_attached outer
check "XDP taken off: and filters" filters outer
if ip -force link set dev outer xdp obj "$FOREIGN" program floor_drop 2>/dev/null; then
    foreign=$(ip -j link show dev outer | jq '.[0].xdp.prog.id')
    check "XDP replaced: status says so" states 1 'outer:not-running/filtering' lyncxdp status
    check "XDP replaced: attach is refused" says 4 'another XDP program' lyncxdp attach outer --role av-edge
    check "XDP replaced: what was refused changed nothing" states 1 'outer:not-running/filtering' lyncxdp status
    check "XDP replaced: detach takes off the rest" says 0 'no longer filtered' lyncxdp detach outer
    check "XDP replaced: and only that" [ "$(ip -j link show dev outer | jq '.[0].xdp.prog.id')" = "$foreign" ]
    check "XDP replaced: no qdisc, no pins" eval '! has_clsact outer && [ -z "$(pins)" ]' # shellcheck disable=SC2016
    ip link set dev outer xdp off
else
    skip "XDP replaced by another program" "ip cannot load $FOREIGN"
    lyncxdp detach outer >/dev/null
fi
for loss in 'qdisc delete dev outer clsact' 'filter delete dev outer egress'; do
    attach
    # shellcheck disable=SC2086 # words
    tc $loss
    check "tc $loss: status says so" states 1 'outer:filtering/not-running' lyncxdp status
    check "tc $loss: in words, with the way out" says 1 'what the role sends through outer.*detach.*attach again' \
        lyncxdp status outer
    check "tc $loss: what arrives is filtered" filters outer
    check "tc $loss: detach leaves nothing" now_detached outer
done

# --- Pins lost -------------------------------------------------------------------------------------------------------------

lose_pins() { umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf; }
attach
lose_pins
check "pins lost: status does not say that nothing is attached" says 1 'outer runs .*pins are lost.*detach outer' lyncxdp status
check "pins lost: nor of the interface" says 1 'outer runs .*pins are lost.*detach outer' lyncxdp status outer
check "pins lost: attach is refused" says 4 'without its pins.*detach outer' lyncxdp attach outer --role av-edge
check "pins lost: detach takes both programs off, and the qdisc" now_detached outer
attach
lose_pins
check "pins lost: so does detach --all" says 0 'outer: no longer filtered' lyncxdp detach --all
check "pins lost: then nothing is left" clean outer
tc qdisc add dev outer clsact
tc filter add dev outer ingress bpf bytecode "1,6 0 0 0"
attach
lose_pins
check "pins lost: a qdisc that others use" says 0 'no longer filtered' lyncxdp detach outer
check "pins lost: stays" has_clsact outer
check "then nothing is attached" says 0 '^nothing is attached' lyncxdp status
finish
