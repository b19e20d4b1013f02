#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Where an attachment may stand, and for how long: not in mounts that end with the command, not on what is not Ethernet,
# by any name that the interface has, and with deadlines that mean the same in every time namespace.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
outer_and_far
work=$(mktemp -d)
trap 'rm -rf "$work"; ip netns delete "where$$" 2>/dev/null' EXIT

role='--role av-edge --set self=198.51.100.1'
not() { ! "$@"; }
# declare_it INTERFACE…   the same of each.
declare_it() {
    echo interfaces:
    printf '  %s: {role: av-edge, set: {self: 198.51.100.1}}\n' "$@"
}
# No lock either; what is declared stays known.
clean() { [ ! -e /sys/fs/bpf/lyncxdp ] && ! ls /run/lyncxdp/[!d]* 2>/dev/null && not grep -q prog/xdp <(ip -d link show dev "$1"); }
trial() { "$@" "$LYNCXDP" status outer --json 2>/dev/null | jq '.[0].trial.seconds_left // 0'; }

# --- Mounts that end with the command ----------------------------------------------------------------------------------

# in_mounts COMMAND…   it gets mounts of its own, without bpffs, as by ip netns exec.
in_mounts() { unshare --mount sh -c 'umount /sys/fs/bpf && exec "$@"' sh "$@"; }
# shellcheck disable=SC2086 # words
check "attach in mounts that end with it is refused" says 1 'mounts of its own' in_mounts "$LYNCXDP" attach outer $role
# shellcheck disable=SC2086
check "also where a command waits for it" says 1 'mounts of its own' \
    in_mounts timeout 60 "$LYNCXDP" attach outer $role
check "which leaves nothing" clean outer
declare_it outer >"$work/declared.yaml"
check "so is apply" says 1 'out of sight|mounts of its own' in_mounts "$LYNCXDP" apply -f "$work/declared.yaml"
check "which leaves nothing, either" clean outer

ip netns add "where$$"
ip link add there netns "where$$" type veth peer name elsewhere netns "where$$"
# shellcheck disable=SC2086
check "ip netns exec: refused, with the command that works" says 1 "nsenter --net=/run/netns/where$$ .*attach.* there" \
    ip netns exec "where$$" "$LYNCXDP" attach there $role
# shellcheck disable=SC2086
remedy=$(ip netns exec "where$$" "$LYNCXDP" attach there $role 2>&1 | grep nsenter)
check "which works" says 0 'there: filtering' bash -c "$remedy"
check "and can be changed" says 0 'generation 2' nsenter --net="/run/netns/where$$" "$LYNCXDP" update there
# What is out of sight is known by what process 1 sees; one without bpffs shows nothing.
if grep -q ' /sys/fs/bpf bpf ' /proc/1/mounts; then
    check "ip netns exec: update there says how" says 1 "nsenter --net=/run/netns/where$$" \
        ip netns exec "where$$" "$LYNCXDP" update there
else
    skip "ip netns exec: update there says how" "process 1 has no BPF file system here"
fi
check "it can be detached" says 0 'no longer' nsenter --net="/run/netns/where$$" "$LYNCXDP" detach there

# shellcheck disable=SC2086,SC2016
check "mounts that a shell holds: it attaches, and warns" says 0 "as long as the mounts.*nsenter.*filtering|filtering.*as long as" \
    in_mounts bash -c '"$@" 2>&1 | tr "\n" " "; "$1" detach outer' bash "$LYNCXDP" attach outer $role
# shellcheck disable=SC2086
check "the machine's own bpffs in mounts of its own: it attaches" says 0 'outer: filtering' \
    unshare --mount "$LYNCXDP" attach outer $role
check "and filters on" says 0 filtering run status outer
check "and can be changed from outside" says 0 'generation 2' run update outer
check "second attach: told to update, not to detach" says 4 'already; change it with: lyncxdp update outer' \
    run attach outer --role av-edge
run detach outer >/dev/null

# --- Not Ethernet --------------------------------------------------------------------------------------------------------

ip tuntap add mode tun name tunnel && ip link set tunnel up
for interface in tunnel lo; do
    # shellcheck disable=SC2086
    check "attach to $interface is refused" says 1 "$interface (does not carry Ethernet|is the loopback)" \
        run attach "$interface" $role
    # shellcheck disable=SC2086
    check "$interface as the inner side is refused" says 1 "$interface (does not carry Ethernet|is the loopback)" \
        run attach outer --pair "$interface" $role
    declare_it "$interface" >"$work/odd.yaml"
    check "apply to $interface is refused, also dry" says 1 "$interface (does not carry Ethernet|is the loopback)" \
        run apply --dry-run -f "$work/odd.yaml"
    check "nothing is on $interface" clean "$interface"
done
ip tuntap add mode tap name tapped && ip link set tapped up
# shellcheck disable=SC2086
check "a tap carries Ethernet" says 0 'tapped: filtering' run attach tapped $role
run detach tapped >/dev/null

# --- Other names -----------------------------------------------------------------------------------------------------------

long=uplink-to-the-internet-over-the-second-provider
ip link property add dev outer altname wan altname $long
# shellcheck disable=SC2086
check "attach by an alternative name" says 0 '^outer: filtering' run attach $long $role
for verb in status counters flows update diff; do
    check "$verb by an alternative name" says 0 . run $verb wan
done
check "explain by an alternative name" says 0 'verdict +pass' run explain $long udp 203.0.113.7 198.51.100.1:3478
check "rollback by an alternative name" says 0 'outer: generation' run rollback wan
declare_it $long >"$work/alias.yaml"
check "apply by an alternative name changes nothing" says 0 '^outer: unchanged' run apply -f "$work/alias.yaml"
check "apply by an alternative name detaches nothing" says 0 filtering run status outer
declare_it $long outer >"$work/alias.yaml"
check "two names of one interface are one too many" says 3 'two names of one' run apply --dry-run -f "$work/alias.yaml"
"$LYNCXDP" exporter wan --listen 127.0.0.1:9990 >/dev/null 2>&1 &
exporter=$!
healthy() { curl -s http://127.0.0.1:9990/healthz | grep '^ok: 1 attached'; }
check "exporter by an alternative name finds it" until_true 30 healthy
kill $exporter
wait $exporter 2>/dev/null
ip link set outer down && ip link set outer name newer && ip link set newer up
check "renamed: update says the new name" says 0 '^newer: generation' run update newer
check "detach by an alternative name" says 0 'wan: no longer filtered' run detach wan
check "which leaves nothing" clean newer
ip link set newer down && ip link set newer name outer && ip link set outer up

# --- Another clock -------------------------------------------------------------------------------------------------------

later="unshare --fork --time --monotonic 200000 --boottime 100000"
earlier="unshare --fork --time --monotonic -100 --boottime -50"
# shellcheck disable=SC2086
if $later true 2>/dev/null; then
    run attach outer $role --try 1000 >/dev/null 2>&1
    between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
    for ahead in "$later" "$earlier"; do
        check "time namespace ($ahead): the trial is told right" between "$(trial $ahead)" 900 1000
        check "time namespace ($ahead): a trial is begun" says 0 'on trial for 2000 s' \
            $ahead "$LYNCXDP" update outer --try 2000
        check "time namespace ($ahead): it has its time" between "$(trial env)" 1900 2000
        check "time namespace ($ahead): it is rolled back" says 0 . $ahead "$LYNCXDP" rollback outer
        run update outer --try 1000 >/dev/null 2>&1
    done
    check "time namespace: a short trial begins" says 0 'on trial' $later "$LYNCXDP" update outer --try 1
    check "time namespace: and runs out" until_true 60 says 0 'has run out' run status outer
    run detach outer >/dev/null
    run attach outer $role >/dev/null
    ip neigh replace 198.51.100.9 lladdr 02:00:00:00:00:09 dev outer
    echo question >/dev/udp/198.51.100.9/7001
    ages() { "$@" "$LYNCXDP" flows outer --json; }
    check "time namespace: flows have their age" answers 'length > 0 and all(.[]; .age_seconds < 600 and .idle_seconds < 600)' \
        ages $later
else
    skip "deadlines in a time namespace" "no time namespaces here"
fi
finish
