#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A role behind an interface of a machine that is not its own: a container on a bridge, with another beside it that is
# none of the filter's business. What the role may do on its own card it may do there; what it may not claim towards the
# others goes no further.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

# --- The ground: inet and web on a bridge of this host, and the Edge behind guest0 -------------------------------------

own_ground
own_folder
hosts=(inet edge web)
trap 'for host in "${hosts[@]}"; do ip netns pids "$host" | xargs -r kill -KILL 2>/dev/null; done; clean_up' EXIT
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
at() { nsenter --net="/run/netns/$1" "${@:2}"; }
ip link add bridge0 type bridge mcast_snooping 0
ip link set bridge0 up
# host NAME PORT NUMBER   A host with those last digits of its addresses, behind a port of the bridge.
host() {
    ip netns add "$1"
    at "$1" tee /proc/sys/net/ipv6/conf/default/disable_ipv6 <<<0 >/dev/null
    at "$1" tee /proc/sys/net/ipv6/conf/default/accept_dad <<<0 >/dev/null
    chance_ports at "$1"
    ip link add "$2" type veth peer name net0 netns "$1"
    ip link set "$2" master bridge0 up
    at "$1" ip link set lo up
    at "$1" ip link set net0 up
    at "$1" ip address add "198.51.100.$3/24" dev net0
    at "$1" ip address add "2001:db8:51::$3/64" dev net0
    ethtool -K "$2" gro on >/dev/null
}
host inet uplink0 9
host edge guest0 10
host web web0 50
until_true 30 is_up uplink0 guest0 web0 || exit 1
card() { at "$1" ip -j link show dev net0 | command jq -r '.[0].address'; }

serve() { at "$1" socat "$2,fork,reuseaddr" EXEC:cat & }
for host in edge web; do
    serve $host TCP6-LISTEN:80
    serve $host TCP6-LISTEN:443
    serve $host UDP6-LISTEN:3478
done
serve inet UDP6-LISTEN:5300
serves() { at "$1" ss -Hln "$2" | grep -q .; }
until_true 30 serves web -t && until_true 30 serves edge -u && until_true 30 serves inet -u || exit 1

cat >"$work/site.yaml" <<'END'
site: cloud
self:
  av-edge: {external: [198.51.100.10, "2001:db8:51::10"]}
END
role=(--role av-edge --site "$work/site.yaml")
from() { echo nsenter --net="/run/netns/$1"; }
# shellcheck disable=SC2046
reached() { echoed 5 "$2" $(from "$1"); }
cut() { ! at inet timeout 2 socat -t1 - "TCP:$1,connect-timeout=1" <<<question; }
count() { run counters guest0 --json | jq "[.[] | select(.hook == \"$1\") | .reasons[] | select(.reason == \"$2\"${3:+ and .verdict == \"$3\"}) | .packets] | add // 0"; }
counts() { is "$(count "$1" "$2" "${4:-}")" "$3"; }
some() { [ "$(count "$@")" -gt 0 ]; }
whole() { answers 'length == 2 and all(.[]; .packets == ([.reasons[].packets] | add))' run counters guest0 --json; }

# --- Attached ----------------------------------------------------------------------------------------------------------

check "without --behind it is warned of" says 0 'guest0 is a port of a bridge, .*attach with --behind' \
    run attach guest0 "${role[@]}"
run detach guest0 >/dev/null
check "with --pair it is an error" says 2 'leave one of them out' run attach guest0 "${role[@]}" --behind --pair web0
check "attach --behind says where it looks, and what it does not see" \
    says 0 'the role is behind it: .*redirects past tc egress' run attach guest0 "${role[@]}" --behind
check "without a warning" says_no 0 warning run status guest0
check "status has the placement" \
    answers 'map([.hook, .placement, .mode, .state]) == [["to-role", "behind", "tc", "filtering"], ["from-role", "behind", "native", "filtering"]]' \
    run status guest0 --json
for family in 4 6; do
    [ $family = 4 ] && edge=198.51.100.10 web=198.51.100.50 inet=198.51.100.9
    [ $family = 4 ] || { edge='[2001:db8:51::10]' web='[2001:db8:51::50]' inet='[2001:db8:51::9]'; }
    check "IPv$family: what a row lists passes, over UDP" reached inet "UDP:$edge:3478"
    check "IPv$family: and TCP" reached inet "TCP:$edge:443"
    check "IPv$family: nothing else does" cut "$edge:80"
    check "IPv$family: what the role begins is answered" reached edge "UDP:$inet:5300"
    check "IPv$family: the neighbour is untouched" reached inet "TCP:$web:80"
    check "IPv$family: by the role as well" reached edge "TCP:$web:80"
done
check "what the tables do not list is counted" some from-role no-row would-drop
check "every packet is counted once" whole
row_packets() { run counters guest0 --json | jq "[.[] | select(.hook == \"to-role\") | .rows[] | select(.id == \"av-edge/external/$1\") | .packets] | add // 0"; }
before=$(row_packets stun-tcp-in)
head -c 4000000 /dev/zero | timeout 60 nsenter --net=/run/netns/inet socat -t5 - 'TCP:[2001:db8:51::10]:443' >/dev/null
check "segments that are not split yet count as those that they stand for" \
    [ $(($(row_packets stun-tcp-in) - before)) -gt $((4000000 / 1500)) ]

# --- What the role may not claim -----------------------------------------------------------------------------------------

# say HEX…   The role's host sends a frame.
say() {
    at edge python3 -c '
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("net0", 0))
s.send(bytes.fromhex("".join(sys.argv[1:])))' "$@"
}
own=$(card edge | tr -d :)
# arp OPERATION SENDER TARGET   in hexadecimal digits.
arp() { say ffffffffffff "$own" 0806 0001080006 04 "000$1" "$own" "$2" 000000000000 "$3"; }
heard() { at web ip -j neigh show "$1" | command jq -r '.[].lladdr'; }
check "the neighbour knows the way to the Internet" at web ping -qc1 -W5 198.51.100.9
known=$(heard 198.51.100.9)
arp 2 c6336409 c6336432 # 198.51.100.9, to 198.51.100.50
arp 1 c6336409 c6336432
check "ARP of who claims to be another" until_true 10 counts from-role not-from-role 2
check "which the neighbour has not heard" is "$(heard 198.51.100.9)" "$known"
say 0180c2000000 "$own" 0026 424203 "$(printf '%086d' 0)"
check "a BPDU" until_true 10 counts from-role not-from-role 3
say 333300000001 "$own" 86dd 6000000000103aff fe800000000000000000000000000009 ff020000000000000000000000000001 \
    8600000040001e1e 0000000000000000
check "a router advertisement" until_true 10 counts from-role not-from-role 4
say ffffffffffff "$own" 0800 45000020000000004011b1e5 c633640a ffffffff 00430044000c0000 00000000
check "the answer of a DHCP server" until_true 10 counts from-role not-from-role 5
check "as drops, though egress is track" counts from-role not-from-role 5 drop
check "explain says it, too" says 0 'not-from-role.*may not claim' \
    run explain guest0 --from-role udp 198.51.100.10:67 198.51.100.50:68
arp 1 c633640a c6336432
check "its own name it may say" until_true 10 some from-role arp
run update guest0 --audit >/dev/null
arp 2 c6336409 c633640a
check "audit drops nothing" until_true 10 counts from-role not-from-role 1 would-drop
at web ip neigh flush dev net0
run update guest0 --site "$work/site.yaml" >/dev/null 2>&1
run detach guest0 >/dev/null
run attach guest0 "${role[@]}" --behind >/dev/null
if busybox --list 2>/dev/null | grep -qx udhcpc; then
    at inet dnsmasq -kC/dev/null -i net0 --bind-interfaces -p0 --dhcp-range=198.51.100.10,198.51.100.10 \
        --dhcp-leasefile="$work/leases" --pid-file= 2>"$work/dnsmasq" &
    check "the role gets a lease" says 0 'lease of 198.51.100.10 obtained' at edge busybox udhcpc -i net0 -nq -s /bin/true
    check "which is counted, what it asks and what it is answered" eval "some from-role dhcp && some to-role dhcp"
else
    skip "the role gets a lease" "no DHCP client here"
fi

# --- What can be done to it ----------------------------------------------------------------------------------------------

cat >"$work/more.yaml" <<'END'
site: cloud
self:
  av-edge: {external: [198.51.100.10, "2001:db8:51::10"]}
rows:
  - {id: web, from: any, to: self, transport: tcp, port: 80}
END
check "a candidate" says 0 'is a candidate' run update guest0 --shadow --site "$work/more.yaml"
check "changes nothing" cut 198.51.100.10:80
check "and shows what it would" until_true 10 answers '.[0].shadow.newly_passed | map(.packets) | add > 0' run counters guest0 --json
check "promoted" says 0 generation run promote guest0
check "it lets in" reached inet TCP:198.51.100.10:80
check "rolled back" says 0 generation run rollback guest0
check "it does not" cut 198.51.100.10:80
check "a trial" says 0 'on trial for 1 s' run update guest0 --site "$work/more.yaml" --try 1
check "falls back by itself" until_true 30 cut 198.51.100.10:80
run update guest0 --site "$work/site.yaml" >/dev/null 2>&1
check "explain asks the kernel" says 0 'verdict +pass' run explain guest0 udp 203.0.113.9 198.51.100.10:3478
run monitor guest0 --count 1 --json >"$work/heard" 2>&1 &
monitor=$!
seen() { cut 198.51.100.10:80 && [ -s "$work/heard" ]; }
check "monitor shows what is dropped on its way to the role" until_true 30 seen
reap $monitor
check "by its hook" answers '.hook == "to-role" and .reason == "no-row"' head -n 1 "$work/heard"
check "diff" says 0 'tcp.*80' run diff guest0 --site "$work/more.yaml"
check "egress off: what it sends is not looked at" says 0 generation run update guest0 --egress off
check "and its replies are not let in" eval '! reached edge UDP:198.51.100.9:5300 2>/dev/null'
check "enforce" says 0 'egress enforce' run update guest0 --egress enforce
check "drops what no row lists" eval '! reached edge UDP:198.51.100.9:5300 2>/dev/null'
check "but answers" reached inet UDP:198.51.100.10:3478
run detach guest0 >/dev/null
check "attached with egress off it is one program, at tc egress" says 0 'at tc egress$' run attach guest0 "${role[@]}" --behind --egress off
check "which filters" eval 'reached inet UDP:198.51.100.10:3478 && cut 198.51.100.10:80'
check "explain knows it" says 0 'verdict +drop' run explain guest0 tcp 203.0.113.9 198.51.100.10:80
check "an update brings the other one, in place" says 0 'egress track' run update guest0 --egress track
check "which looks at what it sends" reached edge UDP:198.51.100.9:5300
check "and is natively there" answers '.[1].mode == "native"' run status guest0 --json

# --- While packets come ----------------------------------------------------------------------------------------------------

taken() { cat /sys/class/net/guest0/statistics/tx_packets; }
sent_before=$(taken) rows_before=$(row_packets stun-udp-in)
at inet "$tree/build/tests/flood/flood" net0 --to 198.51.100.10 --mac "$(card edge)" --from 203.0.113.0/24 --ports udp/3478 \
    --seconds 5 --rate 50000 --cpu 0 >"$work/sent" &
flood=$!
updates=0 failed=0
while runs $flood; do
    run update guest0 --site "$work/$([ $((updates % 2)) = 0 ] && echo more || echo site).yaml" >"$work/said" 2>&1 || failed=1
    updates=$((updates + 1))
done
reap $flood
check "a flood came, and the policy changed meanwhile" [ "$updates" -gt 1 ]
check "no update failed" is $failed 0
check "and not a packet of it was lost or counted twice" \
    is "$(($(row_packets stun-udp-in) - rows_before))" "$(jq .taken "$work/sent")"
check "nor dropped by the filter" [ $(($(taken) - sent_before)) -ge "$(jq .taken "$work/sent")" ]
check "every packet is counted once" whole

# --- What goes away comes back ---------------------------------------------------------------------------------------------

ip link set dev guest0 xdp off
check "without the program of XDP status says what is missing" says 1 "update guest0' puts it back" run status guest0
check "an update puts it back" says 0 'is back' run update guest0 --site "$work/site.yaml"
check "it filters" says_no 0 not-running run status guest0
tc filter del dev guest0 egress
check "without the filter it is not filtered" says 1 'guest0 is not filtered' run status guest0
check "attaching tidies up" says 0 'the role is behind it' run attach guest0 "${role[@]}" --behind
check "it filters again" cut 198.51.100.10:80
ip link set guest0 name guest9
check "by a new name" says 0 'guest9' run status guest9
check "detach" says 0 'no longer' run detach guest9
ip link set guest9 name guest0
clean() { [ ! -e /sys/fs/bpf/lyncxdp ] && ! ip -d link show dev guest0 | grep -q prog/xdp && ! tc qdisc show dev guest0 | grep -q clsact; }
check "leaves nothing" clean

# --- Declared ----------------------------------------------------------------------------------------------------------------

declare_it() { printf 'interfaces:\n  guest0: {role: av-edge, site: %s%s}\n' "$work/site.yaml" "$1" >"$work/declared.yaml"; }
declare_it ', behind: true, pair: web0'
check "a declaration with both is a mistake" says 3 'declared.yaml:2:.*leave one of them out' run apply -f "$work/declared.yaml"
declare_it ', behind: true'
check "apply attaches it" says 0 'the role is behind it' run apply -f "$work/declared.yaml"
check "and finds it as it should be" says 0 'guest0: unchanged' run apply -f "$work/declared.yaml"
check "where it filters" eval 'reached inet UDP:198.51.100.10:3478 && cut 198.51.100.10:80'
declare_it ''
check "otherwise it is attached anew" says 0 'attach anew.*: the role is not behind it' run apply --dry-run --force -f "$work/declared.yaml"
start_exporter guest0
check "the exporter shows both hooks" says 0 'lyncxdp_packets_total{.*hook="to-role".*reason="row"' get metrics
stop_exporter
run detach guest0 >/dev/null
finish
