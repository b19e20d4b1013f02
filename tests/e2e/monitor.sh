#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What monitor promises: every dropped packet is told or counted, no more than the rate are told, filters hold in the
# kernel, tshark reads the capture, and a listener that is gone leaves nothing going on. In namespaces of its own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FLOOD=$tree/build/tests/flood/flood
work=$(mktemp -d)
monitor=
# shellcheck disable=SC2086
trap 'kill $monitor 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_wire
ip addr add 198.51.100.1/24 dev outer
ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev outer nud permanent
mac=$(cat /sys/class/net/outer/address)

# listen ARGUMENT…   starts a monitor that writes to heard.txt; it listens once its ring buffer is there.
listen() {
    "$LYNCXDP" monitor "$@" >heard.txt 2>told.txt &
    monitor=$!
    until_true 60 listened_to || echo "# nobody listens: $(cat told.txt)"
}

# The second word of the control map, which the listener writes last: until when it listens.
listened_to() { until_when 'any(. != "0x00")'; }
not_listened_to() { until_when 'all(. == "0x00")'; }
until_when() { bpftool -j map dump pinned "$pins/control" | jq -e ".[0].value[8:16] | length == 8 and $1"; }

# hush   stops it as a person does; what was sampled before is told all the same.
hush() {
    kill -INT $monitor
    reap $monitor
}

# strike   as nobody would.
strike() {
    kill -KILL $monitor
    reap $monitor
}

# datagrams N PORT   that the role sends, from a port that no row lists: one the kernel chooses may be a media port.
datagrams() {
    local i
    for ((i = 0; i < $1; i++)); do
        echo | socat -u - "UDP4-SENDTO:198.51.100.2:$2,sourceport=1234" || return
    done
}

# from_outside PREFIX   one datagram to a closed port.
from_outside() {
    "$FLOOD" wire --mac "$mac" --from "$1" --to 198.51.100.1 --ports udp/1434 --frames 1 >/dev/null
}

# knock   begins a TCP connection from port 1234 to port 1001, until its first segment is dropped.
knock() {
    local before knocking
    before=$(knocked)
    socat -u - TCP4:198.51.100.2:1001,sourceport=1234 </dev/null 2>/dev/null &
    knocking=$!
    until_true 60 knocked_more_than "$before"
    kill $knocking
    reap $knocking
}
knocked() { run counters outer --json | jq '[.[].ports[] | select(.transport == "tcp" and .port == "1001").dropped] | add // 0'; }
knocked_more_than() { [ "$(knocked)" -gt "$1" ]; }

dropped() { run counters outer --json | jq '[.[].reasons[] | select(.verdict != "pass") | .packets] | add // 0'; }
shown() { grep -c '"reason"' heard.txt; }
not_shown() { jq -s 'map(.not_shown // 0) | add // 0' heard.txt; }

# told_of FILTER   every packet that was shown satisfies it, and there was one.
told_of() { jq -se "map(select(.reason)) | length > 0 and all(.[]; $1)" heard.txt || { cat heard.txt; false; }; }

# exact   what was shown and what was not is what was dropped since.
exact() {
    local now
    now=$(dropped)
    echo "dropped $((now - before)), shown $(shown), not shown $(not_shown)"
    [ $((now - before)) -gt 0 ] && [ $((now - before)) -eq $(($(shown) + $(not_shown))) ]
}

check "attach" says 0 'filtering' run attach outer --role av-edge --egress enforce
pins=$(echo /sys/fs/bpf/lyncxdp/*)
check "without a listener nothing is sampled" not_listened_to

# --- What is told ----------------------------------------------------------------------------------------------------

before=$(dropped)
listen outer --json
check "a few datagrams that no row allows" datagrams 2 999
hush
check "monitor ends when it is told to" [ "$ended" -eq 0 ]
check "and has told who sent what to whom, and why" told_of \
    '.interface == "outer" and .hook == "from-role" and .verdict == "drop" and .reason == "no-row" and
     .transport == "udp" and .from == "198.51.100.1:1234" and .to == "198.51.100.2:999" and .port == "999" and
     .bytes == 43 and (.time | test("^[0-9-]+T[0-9:.]+Z$"))'
check "and what is near" told_of '.nearest | test("no row of av-edge has the port 999")'
check "of both of them" [ "$(shown)" -eq 2 ]
check "and no more goes on" not_listened_to
check "all is told or counted" exact

listen outer -w file.pcap
check "in words" datagrams 1 3478
hush
check "it reads like this" grep -E \
    '^[0-9:.]+Z outer from-role drop no-row: udp 198.51.100.1:1234 > 198.51.100.2:3478, 43 bytes$' heard.txt
check "with the row that is near" grep -E '^    nearest av-edge/external/' heard.txt
check "tshark reads the capture" [ "$(tshark -r file.pcap -T fields -e ip.dst -e udp.dstport 2>/dev/null)" = \
    "$(printf '198.51.100.2\t3478')" ]
check "with the frame as it was" [ "$(tshark -r file.pcap -T fields -e frame.len -e udp.length 2>/dev/null)" = \
    "$(printf '43\t9')" ]

listen outer --write -
datagrams 1 1000
hush
check "a capture to standard output alone" [ "$(tshark -r - -T fields -e udp.dstport <heard.txt 2>/dev/null)" = 1000 ]

# --- Filters, in the kernel ------------------------------------------------------------------------------------------

listen outer --json --port udp/1001
datagrams 1 1000
datagrams 1 1001
knock
hush
check "a port of one transport" told_of '.port == "1001" and .transport == "udp"'
check "and no other" [ "$(shown)-$(not_shown)" = 1-0 ]

listen outer --json --port 1001
knock
hush
check "a port of any transport, with TCP's flags" told_of '.port == "1001" and .flags == ["SYN"]'

listen outer --json --reason tcp-flags --reason no-row --prefix 203.0.113.0/24
datagrams 1 1000
from_outside 203.0.113.9/32
hush
check "a prefix that one end is in" told_of '.from | startswith("203.0.113.9:")'
check "and no packet that neither end is" is "$(shown)-$(not_shown)" 1-0
listen outer --json --reason no-row --prefix 198.51.100.0/30
datagrams 1 1000
hush
check "or both are" told_of '.reason == "no-row"'
listen outer --json --reason martian
datagrams 1 1000
from_outside 127.0.0.0/8
hush
check "a reason" told_of '.reason == "martian"'
check "and no other" is "$(shown)-$(not_shown)" 1-0

# --- Who listens -----------------------------------------------------------------------------------------------------

listen outer --json
check "a second listener is told so" says 4 'another monitor listens to outer' run monitor outer
strike
check "one that was killed is listened for still" listened_to
ended_by_a_packet() { datagrams 1 1000 && not_listened_to; }
check "until a packet comes some seconds later" until_true 60 ended_by_a_packet
listen outer --json
strike
while [ ! -e enough ]; do datagrams 1 1000; done &
sending=$!
check "another can listen within seconds" until_true 60 says 0 no-row timeout 30 "$LYNCXDP" monitor outer --count 1
touch enough
reap $sending
check "without root" says 1 'root' setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all \
    "$LYNCXDP" monitor outer
check "an interface without an attachment" says 1 'nothing is attached' run monitor wire
check "a reason that drops nothing" says 2 "is no reason for a drop" run monitor outer --reason row
check "a port that is none" says 2 'write a port' run monitor outer --port 70000
check "a file that cannot be written" says 1 'cannot write' run monitor outer -w /nowhere/file.pcap

# --- What only would be dropped --------------------------------------------------------------------------------------

check "egress track" says 0 'track' run update outer --egress track
listen outer --json
datagrams 1 1002
hush
check "what would be dropped is told as that" told_of '.verdict == "would-drop" and .port == "1002"'

# --- A flood -----------------------------------------------------------------------------------------------------------

before=$(dropped)
listen outer --json --rate 50 -w flood.pcap
check "a flood on closed ports" "$FLOOD" wire --mac "$mac" --from 203.0.113.0/24 --to 198.51.100.1 \
    --ports tcp/3389 --ports udp/1434 --ports tcp/445 --frames 3000000 --seconds 30
hush
seconds=$(jq -s 'map(select(.time) | .time[0:19] + "Z" | fromdate) | max - min + 1' heard.txt)
check "every packet of it is shown or counted" exact
echo "# $(shown) shown in $seconds s, $(not_shown) not; of them for a slow listener $(jq -s 'map(.lost // 0) | max' heard.txt)"
check "and no more are shown than the rate" [ "$(shown)" -le $((50 * seconds + 10)) ]
check "but some are" [ "$(shown)" -ge 5 ]
check "and every one that is shown is in the capture, for tshark" \
    [ "$(tshark -r flood.pcap -T fields -e frame.number 2>/dev/null | wc -l)" -eq "$(shown)" ]
check "detach takes all of it along" eval 'run detach outer && [ ! -e /sys/fs/bpf/lyncxdp ]'
finish
