#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One attachment on several interfaces: one policy, one flow table, one set of counters. An answer that comes back by
# another card passes; cards come and go while the others filter; what is missing is said.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
own_ground

# A host with two cards, one and two, and a third that comes later. What the host sends leaves by `one`; the far host
# answers by `two`.
# card NAME   It comes, with a wire to a namespace of its own.
card() {
    ip link add "$1" type veth peer name far netns "far-$1"
    echo 1 >"/proc/sys/net/ipv6/conf/$1/disable_ipv6"
    ip link set "$1" up
    ethtool -K "$1" tx off gro on >/dev/null
    nsenter --net="/run/netns/far-$1" sh -c '
        echo 1 >/proc/sys/net/ipv6/conf/far/disable_ipv6
        ip link set far up
        ethtool -K far tx off gro on >/dev/null'
    until_true 30 is_up "$1"
}
for card in one two three; do
    ip netns add far-$card
    card $card
done
ip addr add 198.51.100.1/24 dev one
ip addr add 198.51.100.2/24 dev two
for card in one two three; do echo 0 >/proc/sys/net/ipv4/conf/$card/rp_filter; done
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/policy.yaml" <<'Y'
edition: test
roles:
  web:
    rows:
      - {id: in, from: any, source-port: any, to: self, port: 4000, transport: udp}
      - {id: out, from: self, source-port: any, to: any, port: 53, transport: udp}
Y
sed 's/port: 4000/port: 4001/' "$work/policy.yaml" >"$work/other.yaml"

# frame FROM TO   A UDP datagram in hex, ADDR:PORT each.
frame() {
    python3 - "$@" <<'P'
import socket, struct, sys
(a, ap), (b, bp) = (x.split(":") for x in sys.argv[1:3])
udp = struct.pack("!HHHH", int(ap), int(bp), 12, 0) + b"data"
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(a), socket.inet_aton(b))
total = sum(struct.unpack("!10H", head))
while total >> 16: total = (total & 0xffff) + (total >> 16)
head = head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:]
print((b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00" + head + udp).hex())
P
}
# put NAMESPACE INTERFACE FROM TO [COUNT]   The datagram is sent there, so many times.
put() {
    nsenter ${1:+--net=/run/netns/$1} python3 - "$2" "$(frame "$3" "$4")" "${5:-1}" <<'P'
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for _ in range(int(sys.argv[3])):
    s.send(bytes.fromhex(sys.argv[2]))
P
}
count() { run counters "${3:-one}" --json | jq "[.[] | select(.hook == \"$1\") | .reasons[] | select(.reason == \"$2\") | .packets] | add // 0"; }
counts() { is "$(count "$1" "$2" "${4:-one}")" "$3"; }
runs_on() { ip -d link show dev "$1" | grep -q prog/xdp && tc filter show dev "$1" egress | grep -q lyncxdp; }
runs_not_on() { ! ip -d link show dev "$1" | grep -q prog/xdp && ! tc qdisc show dev "$1" | grep -q clsact; }
policy=(--role web --policy "$work/policy.yaml" --set self=198.51.100.1 --egress enforce)
P53=192.0.2.9:53 SELF=198.51.100.1:5353

# --- An answer by another card ------------------------------------------------------------------------------------------

run attach one "${policy[@]}" >/dev/null
run attach two "${policy[@]}" --force >/dev/null 2>&1
put '' one $SELF $P53
put far-two far $P53 $SELF
check "without --with, an answer by another card is dropped" until_true 10 counts to-role no-row 1 two
run detach two >/dev/null
run detach one >/dev/null

check "two cards are attached as one" says 0 '^one, two: filtering' run attach one "${policy[@]}" --with two
check "both have both programs" eval 'runs_on one && runs_on two'
put '' one $SELF $P53
put far-two far $P53 $SELF
check "an answer that comes back by another card passes" until_true 10 counts to-role flow 1
put far-one far 192.0.2.7:9999 198.51.100.1:4000 300
put far-two far 192.0.2.7:9999 198.51.100.1:4000 500
put far-two far 192.0.2.7:9999 198.51.100.1:4444 7
check "what both let in is in one set of counters, exactly" until_true 10 counts to-role row 800
check "and so is what both drop" until_true 10 counts to-role no-row 7
check "status shows both, and how they run" answers \
    '.[0].interface == "one" and (.[0].members | map(.interface)) == ["one", "two"] and
     all(.[].members[]; .state == "filtering") and .[0].state == "filtering"' run status one --json
check "status of either name shows the attachment" answers '.[0].interface == "one"' run status two --json
check "status prints them" says 0 '^two +\(with one\) .*to-role +filtering native' run status
check "the further card is not changed by itself" says 2 'two is filtered with one; name that one: lyncxdp update one' \
    run update two --audit
check "a card that is filtered with another is refused" says 4 'two is filtered with one already' \
    run attach two "${policy[@]}" --force
check "and as a further card of a third" says 4 'two is filtered with one already' \
    run attach three "${policy[@]}" --with two
check "a refused attach leaves nothing" runs_not_on three

# --- Changes ------------------------------------------------------------------------------------------------------------

check "an update holds at both" run update one --policy "$work/other.yaml"
put far-one far 192.0.2.7:9999 198.51.100.1:4001 3
put far-two far 192.0.2.7:9999 198.51.100.1:4001 4
check "what the update opens comes by both" until_true 10 counts to-role row 807
put far-two far 192.0.2.7:9999 198.51.100.1:4000 2
check "what it closes comes by neither" until_true 10 counts to-role no-row 9
check "a card joins" run update one --with three
check "with both programs" runs_on three
put far-three far 192.0.2.7:9999 198.51.100.1:4001 5
check "and counts with the others" until_true 10 counts to-role row 812
check "a card leaves" says 0 'three: no longer filtered; one goes on' run detach three
check "and nothing stays on it" runs_not_on three
check "the others go on" eval 'runs_on one && runs_on two'
check "no trial of a card" says 2 'with is for good' run update one --with three --try 5

# --- What is missing is said, and put back -------------------------------------------------------------------------------

ip link set dev two xdp off
check "a program that is gone is said" says 1 'two is to be filtered with one, and its to-role program does not run' run status
check "in JSON too" answers '.[0].state == "not-running" and .[0].members[1].state == "not-running"' \
    eval 'run status --json 2>/dev/null || true'
check "an update puts it back" says 0 'is back' run update one
check "and it runs" runs_on two
tc qdisc del dev two clsact
check "a filter that is gone is said" says 1 'its from-role program does not run' run status
run update one >/dev/null 2>&1
check "and put back" runs_on two
ip link set dev one xdp off
check "so is the first card's" says 0 'is back' run update one
check "with the others filtering all the time" eval 'runs_on one && runs_on two && run status'

ip link del two
check "a card that is gone is said" says 1 'two, which is filtered with one, is gone' run status
check "what is left can be updated" run update one
card two
check "a card that is back is filtered again by an update" run update one
check "with both programs" eval 'runs_on two && run status'
ip link del two
check "one that stays away is struck off" run detach two
check "then nothing is missing" run status
card two
run update one --with two >/dev/null
ip link del one
check "the first card that is gone is said" says 1 'one is gone' run status
check "the others filter" runs_on two
card one && ip addr add 198.51.100.1/24 dev one
check "when it is back an update filters it again" run update one
check "all of it" eval 'runs_on one && runs_on two && run status'

# --- As it is declared ----------------------------------------------------------------------------------------------------

declare_with() {
    cat >"$work/declared.yaml" <<Y
interfaces:
  one: {role: web, policy: policy.yaml, set: {self: 198.51.100.1}, egress: enforce, with: $1}
${2-}
Y
}
apply() { run apply -f "$work/declared.yaml" "$@"; }
declare_with '[two, three]'
check "apply adds a card in place" says 0 '^one, two, three: update: what is filtered with it differs' apply
check "which runs" eval 'runs_on three && run status'
generation=$(run status one --json | jq '.[0].generation')
check "as declared is left alone" says 0 'one, two, three: unchanged' apply
declare_with two
check "apply takes a card off" apply
check "and the others go on" eval 'runs_not_on three && runs_on one && runs_on two && run status'
check "in place" test "$(run status one --json | jq '.[0].generation')" -gt "$generation"
declare_with two '  three: {role: web, policy: policy.yaml, set: {self: 198.51.100.1}}'
check "what was filtered with another stands by itself" apply --force
check "and is filtered" answers 'map(.interface) | unique == ["one", "three"]' run status --json
declare_with '[three]' '  two: {role: web, policy: policy.yaml, set: {self: 198.51.100.1}}'
check "a card that is declared alone and with another changes over" apply --force
declare_with '[two, three]'
check "and back" eval 'apply --force && runs_on two && runs_on three && run status'
declare_with '[two, two]'
check "a card that is named twice" says 3 'declared.yaml:2:[0-9]+: error: .two. is named twice' apply
declare_with '[two, one]'
check "a card that is to be filtered with itself" says 3 'one. is named twice' apply
declare_with '[two]' '  two: {role: web}'
check "a card that is declared elsewhere" says 3 'two, which is to be filtered with it, is declared on line 3' apply
declare_with '[two:three]'
check "a pair with a card" says 3 "two:three. cannot be an interface" apply
declare_with '[two, four]'
check "a card that is not there" says 1 'four' apply
check "changes nothing" eval 'runs_on one && runs_on two && runs_on three && run status'

# --- Programs that are replaced ---------------------------------------------------------------------------------------------

# As if another lyncxdp had attached: the next update puts its own programs in place of those.
version_at=$(sed -nE 's/.*offsetof\(struct lx_metadata, program_version\) == ([0-9]+).*/\1/p' "$tree/include/lyncxdp/abi.h")
outdate() {
    local pin bytes
    pin=$(echo /sys/fs/bpf/lyncxdp/*[0-9]/metadata)
    mapfile -t bytes < <(bpftool -j map lookup pinned "$pin" key 0 0 0 0 | jq -r '.value[]')
    bytes[version_at]=0xff
    bpftool map update pinned "$pin" key 0 0 0 0 value "${bytes[@]}"
}
ids() { for card in "$@"; do ip -d link show dev "$card" | grep -oE 'prog/xdp id [0-9]+'; done | sort; }
# are_others BEFORE CARD…   None of the programs is one of those before.
are_others() { [ "$(ids "${@:2}" | wc -l)" = $(($# - 1)) ] && [ -z "$(comm -12 <(echo "$1") <(ids "${@:2}"))" ]; }
outdate
before=$(ids one two three)
put '' one $SELF $P53
check "an update replaces the programs of all" run update one
check "and they are others" are_others "$before" one two three
check "they filter" eval 'runs_on one && runs_on two && runs_on three && run status'
flows=$(count to-role flow)
put far-two far $P53 $SELF
check "and know the flows" until_true 10 counts to-role flow $((flows + 1))
check "no successor is left" lacks next <(ls /sys/fs/bpf/lyncxdp)
run detach one >/dev/null
check "what does not look at what the role sends" run attach one "${policy[@]}" --egress off --with two
check "looks at it at all after an update" eval 'run update one --egress track && runs_on one && runs_on two && run status'

check "detaching the first takes all off" run detach one
check "and leaves nothing" eval 'runs_not_on one && runs_not_on two && [ ! -e /sys/fs/bpf/lyncxdp ]'
echo 'interfaces: {}' >"$work/nothing.yaml"
run apply -f "$work/nothing.yaml" >/dev/null # what was declared is not missed any more

# --- Pairs ------------------------------------------------------------------------------------------------------------------

# Two wires through a box that forwards by itself: in1 - out1 and in2 - out2. What comes by one leaves by its own other side.
for n in 1 2; do
    for side in out in; do
        ip netns add far-$side$n
        card $side$n
        ip link set $side$n promisc off
    done
    nsenter --net=/run/netns/far-in$n ip link set far promisc on
    nsenter --net=/run/netns/far-out$n ip link set far promisc on
done
received() { nsenter "--net=/run/netns/far-$1" ip -j -s link show dev far | jq '.[].stats64.rx.packets'; }
# came WIRE COUNT   So many frames have come to that far end since `remember`.
remember() { for far in in1 in2 out1 out2; do printf -v "had_$far" %s "$(received $far)"; done; }
came() { local had=had_$1; is "$(($(received "$1") - ${!had}))" "$2"; }

check "a pair and a single card do not go together" says 2 'write --with OUTER:INNER' \
    run attach out1 "${policy[@]}" --pair in1 --forward --with out2
check "nor a card and a pair" says 2 'out1 is no pair' run attach out1 "${policy[@]}" --force --with out2:in2
for how in native generic; do
    check "$how: two wires are one attachment" says 0 '^out1 - in1, out2 - in2: filtering' \
        run attach out1 "${policy[@]}" --pair in1 --forward --with out2:in2 --mode $how
    remember
    put far-out1 far 192.0.2.7:9999 198.51.100.1:4000 3
    put far-out2 far 192.0.2.7:9999 198.51.100.1:4000 5
    put far-out2 far 192.0.2.7:9999 198.51.100.1:4444 7
    check "$how: each wire goes on to its own other side" until_true 10 eval 'came in1 3 && came in2 5'
    put far-in1 far $SELF $P53
    check "$how: and back" until_true 10 came out1 1
    put far-out2 far $P53 $SELF
    check "$how: an answer that comes back by the other wire passes" until_true 10 came in2 6
    check "$how: and nowhere else" eval 'came out2 0 && came in1 3'
    check "$how: one set of counters" eval 'is "$(count to-role row out1)" 8 && is "$(count to-role flow out1)" 1 &&
        is "$(count to-role no-row out1)" 7'
    check "$how: status shows both wires" answers \
        ".[1].members | map(.pair) == [\"in1\", \"in2\"] and all(.[]; .state == \"filtering\" and .mode == \"$how\")" run status out1 --json
    check "$how: the inner side of the further wire is not changed by itself" says 2 'filtered with out1' run update in2 --audit
    check "$how: a wire leaves" says 0 'out1 goes on' run detach in2
    put far-out2 far 192.0.2.7:9999 198.51.100.1:4000 4
    check "$how: and joins" run update out1 --with out2:in2
    remember
    put far-out2 far 192.0.2.7:9999 198.51.100.1:4000 4
    put far-in2 far $SELF $P53
    check "$how: and goes on to its own other side again" until_true 10 eval 'came in2 4 && came out2 1'
    outdate
    before=$(ids out1 out2 in1 in2)
    check "$how: an update replaces all four programs" eval 'run update out1 && are_others "$before" out1 out2 in1 in2'
    remember
    put far-out2 far 192.0.2.7:9999 198.51.100.1:4000 4
    put far-out1 far 192.0.2.7:9999 198.51.100.1:4000 2
    put far-in2 far $SELF $P53
    check "$how: which forward as the others did" until_true 10 eval 'came in2 4 && came in1 2 && came out2 1'
    ip link set dev in2 xdp off; ip link set dev in2 xdpgeneric off
    check "$how: a program that is gone is said" says 1 'out2 is to be filtered with out1, and its from-role' run status
    check "$how: and put back" eval 'run update out1 && run status'
    remember
    put far-in2 far $SELF $P53 2
    check "$how: so that it forwards as before" until_true 10 came out2 2
    check "$how: all go together" eval 'run detach out1 && [ ! -e /sys/fs/bpf/lyncxdp ]'
    check "$how: and leave no program" lacks prog/xdp <(ip -d link)
done
finish
