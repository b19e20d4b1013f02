#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How long it takes until a policy is in force, and until another one has taken its place: time on the clock and of the
# CPU, for lyncxdp and for what its peers need for the same rows. Rounds are interleaved; prints one JSON document.
# Needs root; everything happens in a namespace of its own. ROUNDS says how long it takes.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
# shellcheck source=tests/bench/ground.sh
. "$tree/tests/bench/ground.sh"

ROUNDS=${ROUNDS:-7}
TIMEFORMAT='%3R %3U %3S'
own_ground
outer_and_far

# --- The policies, each in two versions -------------------------------------------------------------------------------

policies=(av-edge consolidated-edge "av-edge, $crowd")

# write POLICY ROLE VERSION < SITE   Everybody's file of it.
write() {
    local name=$work/$1.$3
    cat >"$name.site"
    rows=$(inbound "$2" "$name.site")
    nft_rules netdev 'ingress device outer priority 0; policy accept;' >"$name.nft"
    iptables_rules >"$name.iptables"
    ipset_commands >"$name.ipset"
}

another_row() {
    cat "$contoso"
    echo 'rows:'
    echo '  - {id: another, from: any, to: self, port: 8443, transport: tcp}'
}

progress "writing policies"
for policy in 0 1; do
    write $policy "${policies[policy]}" 0 <"$contoso"
    write $policy "${policies[policy]}" 1 < <(another_row)
done
write 2 av-edge 0 < <(crowded_site 0)
write 2 av-edge 1 < <(crowded_site 1)
roles=(av-edge consolidated-edge av-edge)

# --- What is done with them -------------------------------------------------------------------------------------------

# attach_NAME and update_NAME FILES POLICY, detach_NAME
attach_lyncxdp() { "$LYNCXDP" attach outer --role "${roles[$2]}" --site "$1.site"; }
update_lyncxdp() { "$LYNCXDP" update outer --site "$1.site"; }
detach_lyncxdp() { "$LYNCXDP" detach outer; }
attach_nftables() { nft -f "$1.nft"; }
update_nftables() { nft -f "$1.nft"; }
detach_nftables() { nft flush ruleset; }

restore() {
    [ ! -s "$2.ipset" ] || ipset restore -file "$2.ipset" || return
    "$1-restore" "$2.iptables"
}
cleared() {
    echo '*raw
COMMIT' | "$1-restore" && { ! command -v ipset >/dev/null || ipset destroy; }
}
attach_iptables_nft() { restore iptables-nft "$1"; }
update_iptables_nft() { restore iptables-nft "$1"; }
detach_iptables_nft() { cleared iptables-nft; }
attach_iptables_legacy() { restore iptables-legacy "$1"; }
update_iptables_legacy() { restore iptables-legacy "$1"; }
detach_iptables_legacy() { cleared iptables-legacy; }
attach_xdp_filter() { xdp-filter load outer --mode native --policy deny; }
update_xdp_filter() { xdp-filter port 3478 --mode dst --proto udp; }
detach_xdp_filter() { xdp-filter unload outer; }

# --- Rounds -----------------------------------------------------------------------------------------------------------

# measure ROUND WHAT POLICY SUBJECT FUNCTION ARGUMENT…
measure() {
    local times remark='' subject=${4//_/-}
    progress "round $1 of $ROUNDS: $2, ${policies[$3]}, $subject"
    [ "$4" != xdp_filter ] || remark='cannot express the policy: ports alone, a command for each of ten thousand'
    times=$({ time "${@:5}" >/dev/null 2>"$work/said"; } 2>&1) ||
        fail "$2, ${policies[$3]}, $subject: $(cat "$work/said")"
    jq -Rc --argjson round "$1" --arg what "$2" --arg policy "${policies[$3]}" --arg subject "$subject" --arg remark "$remark" '
        split(" ") | map(tonumber * 1000) | {wall: .[0], cpu: (.[1] + .[2])} | to_entries[] |
        {part: "latency", $what, $policy, $subject, clock: .key, unit: "ms", $round, value} +
        if $remark == "" then {} else {$remark} end' <<<"$times" >>"$lines"
}

subjects=(lyncxdp)
while read -r subject needs; do
    if command -v "$needs" >/dev/null; then subjects+=("$subject"); else skip latency "${subject//_/-}" "$needs is not installed"; fi
done <<EOF
nftables nft
iptables_nft iptables-nft-restore
iptables_legacy iptables-legacy-restore
EOF
crowded=("${subjects[@]}")
# Its commands take one port each and no addresses beside it.
if command -v xdp-filter >/dev/null; then
    subjects+=(xdp_filter)
    skip latency "xdp-filter with $crowd" "it cannot express addresses together with ports"
else
    skip latency xdp-filter "xdp-filter is not installed"
fi
if ! command -v ipset >/dev/null; then
    skip latency "iptables with $crowd" "ipset is not installed"
    mapfile -t crowded < <(printf '%s\n' "${subjects[@]}" | grep -v iptables)
fi

for ((round = 1; round <= ROUNDS; round++)); do
    for policy in "${!policies[@]}"; do
        if [ "$policy" = 2 ]; then now=("${crowded[@]}"); else now=("${subjects[@]}"); fi
        for subject in "${now[@]}"; do
            measure $round attach "$policy" "$subject" "attach_$subject" "$work/$policy.0" "$policy"
            measure $round update "$policy" "$subject" "update_$subject" "$work/$policy.1" "$policy"
            "detach_$subject" >/dev/null || fail "cannot detach $subject"
        done
    done
done
progress
document
