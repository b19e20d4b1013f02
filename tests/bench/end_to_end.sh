#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Packets a second from a wire to the end: dropped, or let in and forwarded by the kernel to the next wire, under the A/V
# Edge's external rows, for lyncxdp, the floor, and the filters that Debian packages; and across an inline box, by a pair
# that forwards by itself and by the kernel's bridge. The flood, the receiver's NAPI and the forwarding share one CPU, or
# each of two has its own. Rounds are interleaved and samples short, since the machine
# itself may be fast in one second and slow in the next; prints one JSON document. Needs root; everything happens in
# namespaces of its own. ROUNDS and SAMPLE_SECONDS say how long it takes.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
# shellcheck source=tests/bench/ground.sh
. "$tree/tests/bench/ground.sh"

FLOOD=$tree/build/tests/flood/flood
FLOOR=$tree/build/floor.bpf.o
ROUNDS=${ROUNDS:-11}
SAMPLE_SECONDS=${SAMPLE_SECONDS:-0.05}
flows=50000
own_ground

# --- Whom it is about ------------------------------------------------------------------------------------------------

netdev_hook='ingress device outer priority 0; policy accept;'
raw_hook='prerouting priority raw; policy accept;'

# set_up_NAME NAMESPACE, where there is a host; for the inline ones there are only the wires.
set_up_floor_drop() { within "$1" ip link set outer xdp object "$FLOOR" program floor_parse; }
set_up_floor_pass() { within "$1" ip link set outer xdp object "$FLOOR" program floor_pass; }
set_up_lyncxdp() { within "$1" "$LYNCXDP" attach outer --role av-edge --site "$contoso"; }
set_up_lyncxdp_flows() { set_up_lyncxdp "$1" && begin_flows "$1"; }
set_up_xdp_filter() { within "$1" xdp-filter load outer --mode native --policy deny && xdp_filter_rules within "$1"; }
set_up_nft_ingress() { nft_rules netdev "$netdev_hook" | within "$1" nft -f -; }
set_up_nft_ingress_map() { nft_map_rules netdev "$netdev_hook" | within "$1" nft -f -; }
set_up_nft_raw() { nft_rules ip "$raw_hook" | within "$1" nft -f -; }
set_up_nft_raw_map() { nft_map_rules ip "$raw_hook" | within "$1" nft -f -; }
set_up_iptables_nft() { iptables_rules | within "$1" iptables-nft-restore; }
set_up_iptables_legacy() { iptables_rules | within "$1" iptables-legacy-restore; }
set_up_inline_pair() { within "$1" "$LYNCXDP" attach outer --pair inner --forward --role av-edge --site "$contoso"; }
set_up_inline_bridge() { bridge "$1"; }
set_up_inline_filtered() { bridge "$1" && within "$1" "$LYNCXDP" attach outer --pair inner --role av-edge --site "$contoso"; }

# The role begins conversations, all from one port.
begin_flows() {
    within "$1" "$FLOOD" role --frames "$flows" --from 10.45.16.30/32 --source-port 40000 --to 203.0.113.9 \
        --ports "udp/1-$flows" --mac "$(address_of "$1" inner)" &&
        within "$1" "$LYNCXDP" status outer --json | jq -e --argjson flows "$flows" '.[0].flows > $flows * 0.99'
}

# What it is called, the command that it needs, what becomes of a closed port, an open one and another host's, and
# whether it is to be timed when it drops, passes, both, or inline.
subjects() {
    cat <<EOF
floor_drop        floor                                            ip                      drop drop drop  drop
floor_pass        floor                                            ip                      pass pass pass  pass
lyncxdp           lyncxdp                                          $LYNCXDP                drop pass drop  both
lyncxdp_flows     lyncxdp,_50,000_flows_live                       $LYNCXDP                drop pass drop  drop
xdp_filter        xdp-filter                                       xdp-filter              drop pass pass  both
nft_ingress       nftables,_netdev_ingress,_concatenated_set       nft                     drop pass drop  both
nft_ingress_map   nftables,_netdev_ingress,_verdict_map            nft                     drop pass drop  both
nft_raw           nftables,_raw_prerouting,_concatenated_set       nft                     drop pass drop  both
nft_raw_map       nftables,_raw_prerouting,_verdict_map            nft                     drop pass drop  both
iptables_nft      iptables-nft,_raw_prerouting                     iptables-nft-restore    drop pass drop  both
iptables_legacy   iptables-legacy,_raw_prerouting                  iptables-legacy-restore drop pass drop  both
inline_pair       lyncxdp,_a_pair_that_forwards                    $LYNCXDP                drop pass drop  inline
inline_filtered   lyncxdp,_on_the_kernel's_bridge                  $LYNCXDP                drop pass drop  inline
inline_bridge     the_kernel's_bridge,_no_filter                   ip                      pass pass pass  inline
EOF
}

# --- What is sent, and what comes out --------------------------------------------------------------------------------

address_of() { ip -n "$1" -json link show "$2" | jq -r '.[0].address'; }
arrived() { ip -n "$1" -s -json link show role | jq '.[0].stats64.rx.packets'; }

# send NAMESPACE ARGUMENT…   What the flood says, with how many came `through`.
send() {
    local before sent
    before=$(arrived "$1")
    sent=$(within "$1" "$FLOOD" wire --mac "${macs[$1]}" --from 16.0.0.0/4 "${@:2}") || return
    jq -c --argjson through $(($(arrived "$1") - before)) '. + {$through}' <<<"$sent"
}

# A filter that does not filter is not worth timing.  does NAMESPACE drop|pass HOST PORTS
does() {
    local sent
    sent=$(send "$1" --frames 4096 --cpu 0 --to "$3" --ports "$4") || return
    jq -e --arg expected "$2" '.taken > 4000 and if $expected == "drop" then .through == 0 else .through > .taken * 0.99 end' \
        <<<"$sent" >/dev/null || fail "${names[$1]} does not $2 $4 to $3: $sent"
}

verify() {
    does "$1" "$2" 10.45.16.30 udp/3389
    does "$1" "$2" 10.45.16.30 tcp/22,135,445,3389
    does "$1" "$3" 10.45.16.30 udp/3478,50000-59999
    does "$1" "$3" 10.45.16.30 tcp/443
    does "$1" "$4" 10.45.16.31 udp/3478
}

# --- Everybody is set up at once, each in a network of its own ---------------------------------------------------------

declare -A names macs timed
order=()
rows=$(inbound av-edge "$contoso")
while read -r key name needs closed open other when; do
    names[$key]=${name//_/ }
    progress "setting up ${names[$key]}"
    if ! command -v "$needs" >/dev/null; then
        skip end-to-end "${names[$key]}" "$needs is not installed"
        continue
    fi
    if [ "$when" = inline ]; then
        wires "$key"
        macs[$key]=02:00:00:00:00:02
    else
        host "$key"
        macs[$key]=$(address_of "$key" outer)
    fi
    said=$("set_up_$key" "$key" 2>&1) || fail "cannot set up ${names[$key]}: $said"
    verify "$key" "$closed" "$open" "$other"
    timed[$key]=$when
    order+=("$key")
done < <(subjects)
skip end-to-end bpfilter "Debian does not package it"

# --- Rounds ----------------------------------------------------------------------------------------------------------

# begin SUBJECT CPUS PORTS   A flood that waits to be told.
declare -A floods tells answers
begin() {
    local key=$1 at=$1.$2 tell answer
    mkfifo "$work/tell" "$work/answer"
    nsenter --net="/run/netns/$key" "$FLOOD" wire --again --mac "${macs[$key]}" --from 16.0.0.0/4 --to 10.45.16.30 \
        --ports "$3" --cpu "$2" --seconds "$SAMPLE_SECONDS" <"$work/tell" >"$work/answer" &
    floods[$at]=$!
    exec {tell}>"$work/tell" {answer}<"$work/answer"
    tells[$at]=$tell answers[$at]=$answer
    rm "$work/tell" "$work/answer"
}

end_all() {
    local at tell answer
    for at in "${!floods[@]}"; do
        tell=${tells[$at]} answer=${answers[$at]}
        exec {tell}>&- {answer}<&-
    done
    wait "${floods[@]}" || fail "a flood ended badly"
    floods=() tells=() answers=()
}

# What came out at the end, in `arrived_there`; a program of its own would take longer than the sample.
arrived_there=
look() {
    local name packets
    while read -r name _ packets _; do
        [ "$name" != role: ] || arrived_there=$packets
    done <"/proc/${floods[$1]}/net/dev"
}

# sample ROUND SUBJECT CPUS drop|pass|inline PACKET   One sample as the flood saw it.
sample() {
    local at=$2.$3 before sent
    progress "round $1 of $ROUNDS: $5, ${names[$2]}, CPU $3"
    look "$at"
    before=$arrived_there
    echo >&"${tells[$at]}"
    read -r sent <&"${answers[$at]}" || fail "the flood for ${names[$2]} ended"
    look "$at"
    printf '{"packet": "%s", "subject": "%s", "key": "%s", "cpus": "%s", "round": %d, "what": "%s", "through": %d, "sent": %s}\n' \
        "$5" "${names[$2]}" "$2" "$3" "$1" "$4" $((arrived_there - before)) "$sent" >>"$work/samples"
}

# rounds drop|pass|inline PACKET PORTS CPUS…   The first of all samples is not counted: nobody knows the speed yet.
rounds() {
    local key cpus round now=()
    for key in "${order[@]}"; do
        case $1:${timed[$key]} in
        drop:both | pass:both | drop:drop | pass:pass | inline:inline) ;;
        *) continue ;;
        esac
        now+=("$key")
        for cpus in "${@:4}"; do begin "$key" "$cpus" "$3"; done
    done
    for ((round = 0; round <= ROUNDS; round++)); do
        for key in "${now[@]}"; do
            for cpus in "${@:4}"; do sample $round "$key" "$cpus" "$1" "$2"; done
        done
    done
    end_all
}

both=(0)
[ "$(nproc)" -lt 2 ] || both+=("0,1")
rounds drop "UDP dropped" udp/3389 "${both[@]}"
rounds drop "TCP SYN dropped" tcp/22,135,445,3389 0
rounds pass "UDP passed" udp/3478 "${both[@]}"
rounds inline "UDP passed inline" udp/3478 "${both[@]}"
for key in lyncxdp lyncxdp_flows inline_pair inline_filtered; do
    within "$key" "$LYNCXDP" detach outer >/dev/null
done
progress

jq -c 'select(.round > 0) |
    if .what == "drop" and .through != 0 then error("\(.subject) let something through") else . end |
    if .key == "xdp_filter" then {remark: "cannot express the policy: ports alone"} else {} end +
    {part: "end-to-end", packet, cpus: (.cpus / "," | length), subject, unit: "packets/s", round,
     value: (.sent.speed * (if .what == "drop" then .sent.taken else .through end) / .sent.made)}' \
    "$work/samples" >>"$lines" || exit

# Beside what else the same packet does on as many CPUs; two CPUs beside one; and the time that a packet takes longer
# than on the floor, which does not depend on how fast the flood is.
# shellcheck disable=SC2016
document '.[0] as $this |
    def like: .packet == $this.packet and .cpus == $this.cpus;
    {of_floor: beside($all; like and .subject == "floor")} +
    if $this.cpus == 2 then
        {of_one_cpu: beside($all; .packet == $this.packet and .cpus == 1 and .subject == $this.subject)}
    else
        {ns_more_than_floor: (map(.value as $value | .round as $round |
            $all[] | select(.round == $round and like and .subject == "floor") | 1e9 / $value - 1e9 / .value) | median | short)}
    end +
    if $this.subject == "lyncxdp" then
        {of_nftables: beside($all; like and (.subject | startswith("nftables"))),
         of_iptables: beside($all; like and (.subject | startswith("iptables")))}
    else {} end'
