#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pair changes its programs where it stands, as a host does: for a larger image, for another egress mode; and apply
# pairs an interface otherwise, or not any more. Numbered packets go through it both ways all the while: none that both
# policies allow is lost, none that both forbid arrives.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
sending=
trap 'kill $sending 2>/dev/null; rm -rf "$work"' EXIT

# --- The ground: one machine on either side of the box ----------------------------------------------------------------

own_ground
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
for host in outside inside; do
    ip netns add $host
    nsenter --net=/run/netns/$host sh -c 'ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done

# wire CARD HOST ADDRESS   a cable from a card of the box to a machine.
wire() {
    ip link add "$1" type veth peer name card netns "$2"
    nsenter --net="/run/netns/$2" sh -c "ip address add $3/24 dev card; ip link set card up"
    nsenter --net="/run/netns/$2" ethtool -K card gro on tx off txvlan off >/dev/null
    ethtool -K "$1" gro on tx off txvlan off >/dev/null
    ip link set "$1" up
}
wire outer outside 192.0.2.1
wire inner inside 192.0.2.2

# Sends two numbered packets a millisecond, one to a port that is open and one to a port that is not, until the file
# `stop` is there, and shows how many it sent.
sends() {
    nsenter --net="/run/netns/$1" python3 - "$2" "$work/stop" <<'END'
import os, socket, struct, sys, time
to, stop = sys.argv[1:]
sent, out = 0, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind(("", 5000))
while not os.path.exists(stop):
    for port in (5001, 9):
        out.sendto(struct.pack("!I", sent), (to, port))
    sent += 1
    time.sleep(0.001)
print(sent)
END
}

# Shows how many different numbers came to each of the two ports until a second after the file `stop` is there.
receives() {
    nsenter --net="/run/netns/$1" python3 - "$work/stop" "$work/$1.ready" <<'END'
import os, select, socket, sys, time
stop, ready = sys.argv[1:]
seen, inputs = {5001: set(), 9: set()}, {}
for port in seen:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    one.bind(("", port))
    inputs[one] = port
open(ready, "w").close()
end = None
while end is None or time.monotonic() < end:
    for one in select.select(list(inputs), [], [], 0.2)[0]:
        seen[inputs[one]].add(one.recv(64))
    if end is None and os.path.exists(stop):
        end = time.monotonic() + 1
print(len(seen[5001]), len(seen[9]))
END
}

# policy FILE ROWS   what goes to the role at 5001, what it sends to 5001, and so many rows besides.
policy() {
    local row
    {
        printf 'edition: test\nroles:\n  %s:\n    rows:\n' "role"
        echo '      - {id: in, from: any, to: self, port: 5001, transport: udp}'
        echo '      - {id: out, from: self, to: any, port: 5001, transport: udp}'
        for row in $(seq "$2"); do
            echo "      - {id: more-$row, from: 10.$row.0.0/16, to: self, port: $((10000 + row * 3)), transport: tcp}"
        done
    } >"$1"
}
policy "$work/few.yaml" 1
policy "$work/many.yaml" 200
to_pair=(--role role --set self=192.0.2.2)

# change COMMAND…   while packets go both ways; what became of them is left in $work.
change() {
    local host result
    rm -f "$work/stop" "$work"/*.ready
    for host in outside inside; do
        receives $host >"$work/$host.received" &
    done
    until_true 30 test -e "$work/outside.ready" && until_true 30 test -e "$work/inside.ready" || return
    sends outside 192.0.2.2 >"$work/outside.sent" &
    sends inside 192.0.2.1 >"$work/inside.sent" &
    until_true 30 flows && "$@" >"$work/said" 2>&1 && until_true 30 flows
    result=$?
    touch "$work/stop"
    wait
    [ $result -eq 0 ] || cat "$work/said"
    return $result
}

packets() { run counters outer --json | jq '[.[].packets] | add'; }

# More goes through the pair now.
flows() {
    local before
    before=$(packets)
    until_true 10 more_than "$before"
}
more_than() { [ "$(packets)" -gt $(($1 + 200)) ]; }

# arrived FROM TO   all that was sent to the open port, nothing to the other.
arrived() { is "$(<"$work/$2.received")" "$(<"$work/$1.sent") 0"; }

id_of() { ip -d -j link show "$1" | jq '.[0].xdp.prog.id'; }
both_ids() { echo "$(id_of outer) $(id_of inner)"; }
nothing_beside() { prints_nothing find /sys/fs/bpf/lyncxdp -mindepth 1 -name '*next*'; }
filtering() { is "$(run status outer --json | jq -r '[.[].state] | join(" ")')" "filtering filtering"; }

# --- A pair that forwards by itself -----------------------------------------------------------------------------------

check "a pair is attached that forwards by itself" run attach outer --pair inner --forward --egress enforce "${to_pair[@]}" --policy "$work/few.yaml"
before=$(both_ids)
check "an update that outgrows its room works while packets pass" change run update outer "${to_pair[@]}" --policy "$work/many.yaml"
both_differ() { [ "${1% *}" != "${2% *}" ] && [ "${1#* }" != "${2#* }" ]; }
check "both sides run other programs" both_differ "$before" "$(both_ids)"
check "all that both policies allow came to the role, and nothing else" arrived outside inside
check "and from the role" arrived inside outside
check "both hooks filter" filtering
check "nothing is left of what was before" nothing_beside
check "a row of the larger policy is open" says 0 'pass' run explain outer tcp 10.7.0.1 192.0.2.2:10021
check "the smaller one fits there" change run update outer "${to_pair[@]}" --policy "$work/few.yaml"
check "with nothing lost to the role" arrived outside inside
check "nor from it" arrived inside outside
check "it can be taken off" run detach outer
check "with all of its programs" is "$(both_ids)" "null null"

# --- A pair that the kernel bridges: the from-role hook comes with an update ------------------------------------------

ip link add bridge0 type bridge mcast_snooping 0 && ip link set bridge0 up
ip link set outer master bridge0 && ip link set inner master bridge0
both_forward() { is "$(bridge link | grep -c 'state forwarding')" 2; }
check "the kernel bridges" until_true 60 both_forward
check "a pair is attached that does not look at what the role sends" \
    run attach outer --pair inner --egress off "${to_pair[@]}" --policy "$work/few.yaml"
before=$(both_ids)
check "an update looks at it, and enforces" change run update outer --egress enforce
check "the outer side runs another program, the inner one has its first" \
    both_differ "$before" "$(both_ids)"
check "all that is allowed came to the role, and nothing else" arrived outside inside
check "both hooks filter then" filtering
check "what the role may not send is dropped" says 0 'no-row' run explain outer --from-role udp 192.0.2.2:5000 192.0.2.1:9
check "and when it grows as well" change run update outer --policy "$work/many.yaml"
check "nothing else comes from the role" arrived inside outside
check "and nothing else to it" arrived outside inside
check "the pair can be taken off" run detach outer
check "with the program on either side" is "$(both_ids)" "null null"
check "and the filter at the box's own way out" prints_nothing tc filter show dev outer egress

# --- One interface becomes a pair, another pair, and one interface again ----------------------------------------------

printf 'self: {role: 192.0.2.2}\n' >"$work/site.yaml"
# declare KEYS…   how `outer` is to be attached from now on.
declare_outer() {
    printf 'interfaces:\n  outer: {role: role, policy: few.yaml, site: site.yaml, egress: enforce%s}\n' "$1" >"$work/outer.yaml"
}
inner_of() { run status outer --json | jq -r '.[0].pair'; }

declare_outer ''
check "an interface of the bridge is attached alone" run apply -f "$work/outer.yaml"
declare_outer ', pair: inner'
before=$(run status outer --json | jq -r '.[0].generation')
check "apply says that it is paired in place" says 0 'outer - inner: update: it is paired otherwise' run apply -f "$work/outer.yaml" --dry-run
check "it becomes a pair while packets pass" change run apply -f "$work/outer.yaml"
check "whose inner side is looked at" is "$(inner_of)" inner
check "all that is allowed came to the role, and nothing else" arrived outside inside
check "and from the role" arrived inside outside
check "both hooks filter" filtering
check "its counters went on" more_than 1000
check "nothing is left of what was before" nothing_beside
check "once is enough" says 0 'outer - inner: unchanged' run apply -f "$work/outer.yaml"
declare_outer ''
check "it stands alone again while packets pass" change run apply -f "$work/outer.yaml"
check "all that is allowed came to the role, and nothing else, either way" \
    is "$(<"$work/inside.received") $(<"$work/outside.received")" "$(<"$work/outside.sent") 0 $(<"$work/inside.sent") 0"
check "nothing of ours is on the inner side any more" is "$(id_of inner)" null
check "both hooks filter" filtering

# Without the bridge the pair forwards by itself, which takes the filter off the egress and changes the cards.
ip link delete bridge0
promiscuity() { ip -d -j link show "$1" | jq '.[0].promiscuity'; }
filters() { tc filter show dev outer egress | grep -c lyncxdp; }
declare_outer ', pair: inner, forward: on'
check "it becomes a pair that forwards by itself" says 0 '' run apply -f "$work/outer.yaml"
check "in place" is "$(run status outer --json | jq -r '.[0].forward, .[0].generation > '"$before" | paste -sd ' ')" "true true"
check "no filter is left at the egress" is "$(filters)" 0
check "packets pass both ways" change run update outer --policy "$work/many.yaml"
check "all of them to the role" arrived outside inside
check "and all from it" arrived inside outside

# To another inner side, where nobody is.
ip link add third type veth peer name third-far
ethtool -K third gro on tx off txvlan off >/dev/null
ip link set third-far up && ip link set third up
declare_outer ', pair: third, forward: on'
check "it gets another inner side" says 0 'it is paired otherwise' run apply -f "$work/outer.yaml"
check "which filters" filtering
check "the one before is let go" is "$(id_of inner) $(promiscuity inner)" "null 0"
check "the new one is as forwarding needs it" is "$(promiscuity third)" 1
declare_outer ', pair: inner, forward: on'
check "and goes back" says 0 'it is paired otherwise' run apply -f "$work/outer.yaml"
check "packets pass again" change run update outer --policy "$work/many.yaml"
check "all of them" arrived outside inside
check "the other is let go" is "$(id_of third) $(promiscuity third)" "null 0"

# --- A command that dies on the way -----------------------------------------------------------------------------------

# dies N   apply dies at its Nth call of bpf(2); the next one brings it there.
dies() {
    strace -f -qq -o /dev/null -e trace=bpf -e inject=bpf:signal=SIGKILL:when="$1" "$LYNCXDP" apply -f "$work/outer.yaml" >/dev/null 2>&1
    [ $? -eq 137 ] && died=$((died + 1))
    filters_something && run apply -f "$work/outer.yaml" >"$work/said" 2>&1 && filtering && nothing_beside && return
    cat "$work/said"
    return 1
}
# To the role something of ours stands at every moment.
filters_something() { [ "$(id_of outer)" != null ]; }
all_deaths() {
    local n inner=third died=0
    for n in $(seq 40 9 400); do
        declare_outer ", pair: $inner, forward: on"
        dies "$n" || { echo "at call $n"; return 1; }
        [ "$inner" = third ] && inner=inner || inner=third
    done
    [ $died -ge 10 ] || echo "no more than $died died"
    [ $died -ge 10 ]
}
check "killed at any call, the next command brings it to its state" all_deaths
check "it can be taken off" run detach outer
check "and nothing is left" is "$(both_ids) $(id_of third) $(promiscuity outer) $(promiscuity inner) $(promiscuity third)" "null null null 0 0 0"

finish
