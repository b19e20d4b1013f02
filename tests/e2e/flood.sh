#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Ten million packets from everywhere to every open port, and more where replies are awaited: every one is counted, and
# what the role has begun is remembered as before. Everything happens in a network and a mount namespace of its own.
# alone: it keeps every processor busy

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FLOOD=$tree/build/tests/flood/flood
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- The ground: a host with a default route, and nobody at the other end -------------------------------------------

own_ground
outer_and_wire
ip addr add 198.51.100.1/24 dev outer
ip addr add 2001:db8::1/64 dev outer nodad
for gateway in 198.51.100.254 2001:db8::fe; do
    ip neigh add "$gateway" lladdr 02:00:00:00:00:fe dev outer nud permanent
    ip route add default via "$gateway" dev outer
done
# A datagram from the media range would be an answer to what an inbound row lets in, which is never remembered.
echo '32768 49151' >/proc/sys/net/ipv4/ip_local_port_range
mac=$(cat /sys/class/net/outer/address)

# --- How it is asked -------------------------------------------------------------------------------------------------

# What the receiving card says that its XDP program has seen.
seen() { ethtool -S outer | awk '/rx_queue_.*_xdp_packets/ { sum += $2 } END { print sum + 0 }'; }
counted() { run counters outer --json | jq '.[0].packets'; }

# Every flow, without the time that passes.
flows() { run flows outer --json | jq -S '[.[] | {transport, role, remote, state, row}] | sort_by(.role, .remote)'; }

# The role begins conversations: listed ones, one that no row lists, and many more from one port.
begin() {
    local port
    for port in 53 3478 {7001..7020}; do
        echo question >"/dev/udp/198.51.100.254/$port"
        echo question >"/dev/udp/2001:db8::fe/$port"
    done
    exec 5<>/dev/udp/203.0.113.53/53
    echo question >&5
}

# flood FRAMES ARGUMENT…   sends, and keeps what it says in $work/sent and what was counted meanwhile in $work/counted.
flood() {
    local frames=$1 before
    shift
    run counters outer --json >"$work/before"
    before=$(seen)
    timeout 300 "$FLOOD" wire --frames "$frames" "$@" >"$work/sent" || return
    echo $(($(seen) - before)) >"$work/seen"
    run counters outer --json >"$work/after"
    cat "$work/sent" "$work/seen"
    jq -e --argjson frames "$frames" '.made == $frames' "$work/sent"
}

# Those that the card has seen, those that were counted, and the sum over the reasons are the same number.
all_counted() {
    jq -nce --slurpfile before "$work/before" --slurpfile after "$work/after" --slurpfile sent "$work/sent" \
        --slurpfile seen "$work/seen" '
        def packets(side): side[0][0].packets;
        def reasons(side): [side[0][0].reasons[].packets] | add // 0;
        [$seen[0], $sent[0].taken, packets($after) - packets($before), reasons($after) - reasons($before)] |
        ., (unique | length == 1 and .[0] > 0)' | tee /dev/stderr | tail -n 1 | grep -qx true
}

# more REASON VERDICT HOOK   how many more packets had that reason.
more() {
    jq -n --slurpfile before "$work/before" --slurpfile after "$work/after" --arg reason "$1" --arg verdict "$2" \
        --argjson hook "$3" 'def of(side): [side[0][$hook].reasons[] |
            select(.reason == $reason and .verdict == $verdict).packets] | add // 0; of($after) - of($before)'
}

more_than() {
    local most=$1
    shift
    echo "$* more: $(more "$@")"
    [ "$(more "$@")" -gt "$most" ]
}

none_more() {
    echo "$* more: $(more "$@")"
    [ "$(more "$@")" -eq 0 ]
}

same_flows() {
    is "$(flows)" "$(<"$work/flows")"
}

open_ports=(--ports "udp/3478,50000-59999" --ports "tcp/443,5061,50000-59999")

# --- From everywhere -------------------------------------------------------------------------------------------------

run attach outer --role consolidated-edge >/dev/null || exit
begin
flows >"$work/flows"
check "the role has begun conversations, listed and unlisted" \
    jq -e 'length == 45 and any(.row != null) and any(.row == null)' "$work/flows"

check "10 million packets come from everywhere to every open port" \
    flood 10000000 --to 198.51.100.1 "${open_ports[@]}"
check "each of them is counted once" all_counted
check "most of them pass" more_than 8000000 row pass 0
check "what cannot be on a wire does not" more_than 1000000 martian drop 0
check "the flows are as they were" same_flows
check "no flow made room for another" is "$(run status outer --json | jq '.[0].flows_evicted')" 0

check "a million come over IPv6" flood 1000000 --to 2001:db8::1 "${open_ports[@]}" --from 2000::/3
check "each of those is counted once, too" all_counted
check "the flows are as they were after it" same_flows

check "a million come to where answers are awaited" flood 1000000 --to 198.51.100.1 --source-port 53 \
    --ports "udp/$(jq -r '.[] | select(.remote == "203.0.113.53:53").role | split(":")[1]' "$work/flows")"
check "not one of them passes" none_more flow pass 0
check "nor is any taken for an unlisted answer" none_more reply-unlisted pass 0
check "each is counted" all_counted
check "the flows are as they were after that" same_flows

# --- A host that answers -----------------------------------------------------------------------------------------------

for egress in track enforce; do
    run detach outer >/dev/null && run attach outer --role consolidated-edge --egress "$egress" >/dev/null || exit
    begin
    flows >"$work/flows"
    check "$egress: a host gets 200,000 packets at its own address" flood 200000 --to 198.51.100.1 \
        --mac "$mac" "${open_ports[@]}" --from 16.0.0.0/4
    check "$egress: each is counted" all_counted
    check "$egress: its answers are what a row let in" more_than 1000 mirror pass 1
    check "$egress: the flows are as they were" same_flows
done
run detach outer >/dev/null
finish
