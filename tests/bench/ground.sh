# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034,SC2120 # half of it is in who sources this
# What the benchmarks in shell share, sourced after tests/sandbox.sh: the policy that is compared and the peers who are
# given the same one, a network namespace for each of them, and how a round's figures become one document.

contoso=$tree/policies/sites/contoso.yaml
partner_count=100000
crowd='100,000 addresses'

# JSON lines, made into one document by `document`, and what else is in the way of a file.
work=$(mktemp -d)
lines=$work/lines
touch "$lines"
trap 'rm -rf "$work"' EXIT

# Says where it is, to somebody who waits.
progress() {
    [ ! -t 2 ] || printf '\r\033[K%s' "$*" >&2
}

fail() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

# skip PART SUBJECT WHY   A peer that is left out is said aloud, and stands in the document.
skip() {
    progress
    printf 'bench: %s: %s is left out: %s\n' "$1" "$2" "$3" >&2
    jq -nc --arg part "$1" --arg subject "$2" --arg skipped "$3" '$ARGS.named' >>"$lines"
}

# --- A network of its own for each -----------------------------------------------------------------------------------

within() { nsenter --net="/run/netns/$1" "${@:2}"; }

# pair_of NAME OUTER FAR   A wire with a queue for each of two CPUs; NAPI at both ends, as a network card has it.
pair_of() {
    local end
    ip -n "$1" link add "$2" numrxqueues 2 numtxqueues 2 type veth peer name "$3" numrxqueues 2 numtxqueues 2
    for end in "$2" "$3"; do
        ip -n "$1" link set "$end" addrgenmode none up
        within "$1" ethtool -K "$end" gro on >/dev/null
    done
}

# wires NAME   wire → outer, which is filtered, and inner → role, where it comes out.
wires() {
    ip netns add "$1"
    # shellcheck disable=SC2016
    within "$1" bash -c 'for what in ipv4/ip_forward ipv6/conf/{all,default}/disable_ipv6; do echo 1 >/proc/sys/net/$what; done
        for what in all default; do echo 0 >/proc/sys/net/ipv4/conf/$what/rp_filter; done'
    pair_of "$1" outer wire
    pair_of "$1" inner role
}

# host NAME   A host that forwards from outer to inner what it lets in.
host() {
    local last
    wires "$1"
    ip -n "$1" addr add 198.51.100.1/24 dev outer
    ip -n "$1" neigh add 198.51.100.254 lladdr 02:00:00:00:00:fe dev outer nud permanent
    ip -n "$1" route add default via 198.51.100.254
    ip -n "$1" addr add 10.45.16.1/24 dev inner
    for last in 30 31; do
        ip -n "$1" neigh add 10.45.16.$last lladdr 02:00:00:00:00:$last dev inner nud permanent
    done
}

# bridge NAME   One that bridges them.
bridge() {
    ip -n "$1" link add bridge0 type bridge mcast_snooping 0
    ip -n "$1" link set bridge0 up
    ip -n "$1" link set outer master bridge0
    ip -n "$1" link set inner master bridge0
    until [ "$(command bridge -n "$1" link | grep -c 'state forwarding')" = 2 ]; do sleep 0.05; done
}

# --- The policy, and the same in the words of the peers ---------------------------------------------------------------
# Rows alone: no peer is asked for what lyncxdp checks and counts beside them, nor for the replies to what the role begins.

# crowded_site CHANGED   Contoso with very many partners, scattered, who are let in at one more port; or with another one.
crowded_site() {
    awk -v count="$partner_count" -v changed="$1" '{ print } /^groups:/ {
        print "  partners:"
        for (i = 1; i <= count; i++) {
            host = (i + (i == count) * changed) * 2654435761 % 268435456
            printf "    - %d.%d.%d.%d\n", 16 + int(host / 16777216), int(host / 65536) % 256, int(host / 256) % 256, host % 256
        }
    }' "$contoso"
    echo 'rows:'
    echo '  - {id: partners, from: partners, to: self, port: 8443, transport: tcp}'
}

# inbound ROLE SITE   The rows that the peers are given, in the form of `lyncxdp show`.
inbound() {
    "$LYNCXDP" show "$1" --site "$2" --json | jq -c '[.[] | select(.hook == "to-role")]'
}

# Those whom a row names have a set of their own. (Joining them would take jq time that grows with their square.)
nft_partners() {
    jq -r 'map(select(.source_addresses != ["any"])) | to_entries[] |
        "    set from\(.key) {\n type ipv4_addr\n elements = {", (.value.source_addresses[] + ","), "}\n }"' <<<"$rows"
}

nft_partner_rules() {
    jq -r 'map(select(.source_addresses != ["any"])) | to_entries[] |
        "        ip daddr { \(.value.destination_addresses | join(", ")) } \(.value.transport) dport \(.value.destination_port)" +
        " ip saddr @from\(.key) accept"' <<<"$rows"
}

# nft_rules FAMILY HOOK   A concatenation, which the kernel looks up in one go. Replaces what there was in one step.
nft_rules() {
    local elements
    elements=$(jq -r '[.[] | select(.source_addresses == ["any"]) |
        .destination_addresses[] + " . " + .transport + " . " + .destination_port] | join(", ")' <<<"$rows")
    cat <<EOF
table $1 edge
delete table $1 edge
table $1 edge {
$(nft_partners)
    set open {
        type ipv4_addr . inet_proto . inet_service
        flags interval
        elements = { $elements }
    }
    chain outer {
        type filter hook $2
        ip daddr . ip protocol . th dport @open accept
$(nft_partner_rules)
        iif "outer" ether type != arp drop
    }
}
EOF
}

# The other way to write it: a map to the ports of each address and transport, which skips what no row names.
nft_map_rules() {
    local each='map(select(.source_addresses == ["any"])) | group_by([.destination_addresses, .transport]) | to_entries[] |
        "\(.key)" as $chain | .value | (map(.destination_port) | join(", ")) as $ports | .[0].transport as $transport'
    cat <<EOF
table $1 edge {
$(jq -r "$each"' | "    chain open\($chain) {\n \($transport) dport { \($ports) } accept\n drop\n }"' <<<"$rows")
    chain outer {
        type filter hook $2
        ip daddr . ip protocol vmap { $(jq -r "[$each"' |
            .[0].destination_addresses[] + " . " + $transport + " : goto open" + $chain] | join(", ")' <<<"$rows") }
        iif "outer" ether type != arp drop
    }
}
EOF
}

# iptables-restore replaces the table in one step. Whom a row names alone is in a set.
iptables_rules() {
    echo '*raw'
    jq -r 'map(select(.source_addresses == ["any"])) | group_by([.destination_addresses, .transport])[] |
        (map(.destination_port | sub("-"; ":")) | join(",")) as $ports |
        "-A PREROUTING -d \(.[0].destination_addresses | join(",")) -p \(.[0].transport) -m multiport --dports \($ports) -j ACCEPT"' \
        <<<"$rows"
    jq -r 'map(select(.source_addresses != ["any"])) | to_entries[] | .key as $key | .value |
        "-A PREROUTING -d \(.destination_addresses | join(",")) -p \(.transport) --dport \(.destination_port | sub("-"; ":"))" +
        " -m set --match-set from\($key) src -j ACCEPT"' <<<"$rows"
    echo '-A PREROUTING -i outer -j DROP'
    echo COMMIT
}

# A set is built anew beside the one in force and then takes its place.
ipset_commands() {
    jq -r --arg most $((partner_count * 2)) 'map(select(.source_addresses != ["any"])) | to_entries[] |
        "create from\(.key) hash:ip maxelem \($most) -exist", "create new hash:ip maxelem \($most)",
        (.value.source_addresses[] | "add new \(.)"), "swap new from\(.key)", "destroy new"' <<<"$rows"
}

# xdp_filter_rules [COMMAND…]   The command runs xdp-filter where it is to be. It knows ports one by one and no more. As
# many commands as there are ports would take a minute: it writes one entry of each kind itself, and bpftool copies that
# one to the other ports.
xdp_filter_rules() {
    local transports ports first port value map=/sys/fs/bpf/xdp-filter/filter_ports
    while read -r transports ports; do
        read -r -a ports <<<"$ports"
        first=${ports[0]}
        "$@" xdp-filter port "$first" --mode dst --proto "$transports" || return
        value=$(bpftool -j map lookup pinned $map key $((first >> 8)) $((first & 255)) 0 0 |
            jq -r '.values[0].value | join(" ")') || return
        for port in "${ports[@]:1}"; do
            echo "map update pinned $map key $((port >> 8)) $((port & 255)) 0 0 value $value"
        done | bpftool batch file - >/dev/null || return
    done < <(jq -r '[.[] | .transport as $transport | .destination_port | split("-") | map(tonumber) | range(.[0]; .[-1] + 1) |
        {port: ., $transport}] | group_by(.port) | map({port: .[0].port, transports: (map(.transport) | unique | join(","))}) |
        group_by(.transports)[] | "\(.[0].transports) \(map(.port | tostring) | join(" "))"' <<<"$rows")
}

# --- The document ----------------------------------------------------------------------------------------------------

# document [FILTER]   One entry for each subject, from samples that differ in `round` and `value`, in the order in which
# they came: median, least and most, and what FILTER (jq, on one subject's samples; $all has all) finds out beside them.
document() {
    jq -s '
        def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
        def short: if . == null then . elif . >= 1000 then round else . * 1000 | round | . / 1000 end;
        # The median over the rounds of this value beside the greatest of those that match in the same round.
        def beside($all; match):
            [.[] as $one | [$all[] | select(.round == $one.round) | select(match).value] | max // empty | $one.value / .] | median | short;
        map(select(has("value"))) as $all |
        (reduce $all[] as $one ([]; ($one | del(.round, .value)) as $what | if index([$what]) then . else . + [$what] end) |
            map(. as $what | [$all[] | select(del(.round, .value) == $what)] |
                $what + (map(.value) | {median: (median | short), min: (min | short), max: (max | short), rounds: length}) +
                ('"${1:-{\}}"' | with_entries(select(.value != null))))) + map(select(has("value") | not))' "$lines"
}
