# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2086,SC2154,SC2034 # of inside.sh and frames.sh: lyncxdp, edge; options are words
# Two VLANs of one trunk, each with a role of its own behind a VLAN device and a filter of its own behind libxdp's
# dispatcher, and a third that nobody filters; real TCP and UDP over all of them, and without a tag. Each filter comes,
# changes and goes without the other noticing, and the last one leaves the card as it was. Source this after frames.sh.

trunk_site=/tmp/trunk.yaml
cat >$trunk_site <<'END'
site: trunk
self:
  av-edge: {external: 10.10.0.30}
  reverse-proxy: {external: 10.20.0.30}
END
av="--role av-edge --site $trunk_site"
proxy="--role reverse-proxy --site $trunk_site"

trunk_up() {
    local vlan
    ip netns add internet
    ip link add edge0 type veth peer name inet0 netns internet
    ip address add 10.0.0.30/24 dev edge0
    in_internet ip address add 10.0.0.1/24 dev inet0
    ip link set edge0 up
    in_internet ip link set inet0 up
    ethtool -K edge0 gro on >/dev/null
    in_internet ethtool -K inet0 gro on tx off >/dev/null
    for vlan in 10 20 30; do
        ip link add link edge0 name edge0.$vlan type vlan id $vlan
        in_internet ip link add link inet0 name inet0.$vlan type vlan id $vlan
        ip address add 10.$vlan.0.30/24 dev edge0.$vlan
        in_internet ip address add 10.$vlan.0.1/24 dev inet0.$vlan
        ip link set edge0.$vlan up
        in_internet ip link set inet0.$vlan up
    done
    serve udp-listen:3478 udp-listen:3479 tcp-listen:443 tcp-listen:3389
}

# in_vlan VLAN COMMAND…   What is answered and what not, at the address there (0: without a tag).
in_vlan() {
    local edge=10.$1.0.30
    "${@:2}"
}

trunk_counts() { # NAME FILTER
    says ".[0] | $2" $lyncxdp counters "$1" --json
}
seen_as() { # NAME HOOK REASON
    says "[.[] | select(.hook == \"$2\").reasons[] | select(.reason == \"$3\").packets] | add > 0" \
        $lyncxdp counters "$1" --json
}
card() {
    tc qdisc show dev edge0
    ethtool -k edge0 | grep -E 'rx-vlan-(offload|stag-hw-parse)'
    in_internet ethtool -k inet0 | grep -E 'tx-vlan-(offload|stag-hw-insert)'
}
filters_at_egress() { [ "$(tc filter show dev edge0 egress | grep -c 'direct-action')" = "$1" ]; }
says_and_fails() { # CODE TEXT COMMAND…
    local output code
    output=$("${@:3}" 2>&1)
    code=$?
    echo "exit code $code: $output"
    [ $code = "$1" ] && echo "$output" | grep -q -- "$2"
}

vlan_10_holds() { # HOW
    check "$1: VLAN 10: UDP 3478 is answered" in_vlan 10 answered udp 3478 1
    check "$1: VLAN 10: TCP 443 is answered" in_vlan 10 answered tcp 443 1
    check "$1: VLAN 10: UDP 3479 is not" in_vlan 10 unanswered udp 3479 1
    check "$1: VLAN 10: TCP 3389 is not" in_vlan 10 unanswered tcp 3389 1
}
vlan_20_holds() { # HOW
    check "$1: VLAN 20: TCP 443 is answered" in_vlan 20 answered tcp 443 1
    check "$1: VLAN 20: UDP 3478 is not" in_vlan 20 unanswered udp 3478 1
    check "$1: VLAN 20: TCP 3389 is not" in_vlan 20 unanswered tcp 3389 1
}
vlan_is_open() { # HOW VLAN
    check "$1: VLAN $2 is nobody's: TCP 3389 is answered" in_vlan "$2" answered tcp 3389 1
    check "$1: VLAN $2 is nobody's: UDP 3479 is answered" in_vlan "$2" answered udp 3479 1
}

check_trunk() {
    trunk_up
    before=$(holdings)
    card_before=$(card)
    check "a role's address of another VLAN is none of this one's" says_and_fails 1 'has no address that is the role' \
        $lyncxdp attach edge0 --vlan 30 $av
    check "and nothing is left of the attempt" nothing_left
    check "attach to VLAN 10, whose address a device above has" $lyncxdp attach edge0 --vlan 10 $av --egress enforce --mode native
    check "it is behind the dispatcher" says 'all(.[]; .vlan == 10 and .state == "filtering") and .[0].dispatcher' \
        $lyncxdp status edge0@10 --json
    vlan_10_holds "one filter"
    vlan_is_open "one filter" 20
    vlan_is_open "one filter" 0
    check "attach to VLAN 20 beside it" $lyncxdp attach edge0@20 $proxy --egress enforce
    check "status shows both, filtering" says 'length == 4 and all(.[]; .state == "filtering" and .interface == "edge0") and
        ([.[].vlan] | unique) == [10, 20]' $lyncxdp status --json
    check "and so does status of the interface" says 'length == 4' $lyncxdp status edge0 --json
    check "each has a filter at egress" filters_at_egress 2
    vlan_10_holds "two filters"
    vlan_20_holds "two filters"
    vlan_is_open "two filters" 30
    vlan_is_open "two filters" 0
    for name in edge0@10 edge0@20; do
        for hook in to-role from-role; do
            check "$name, $hook: what is of others is counted so" seen_as $name $hook other-vlan
        done
        check "$name: each packet once" trunk_counts $name '.packets == (.reasons | map(.packets) | add)'
    done
    check "the one credits answers that it lets out" seen_as edge0@10 from-role mirror
    check "and the other" seen_as edge0@20 from-role mirror
    check "a VLAN that has a filter gets no second" says_and_fails 4 'attached to edge0@10 already' \
        $lyncxdp attach edge0 --vlan 10 $av
    check "nor does the whole" says_and_fails 4 'filtered already, which would be judged twice' \
        $lyncxdp attach edge0 $av --force
    check "the one changes" $lyncxdp update edge0@10 --audit
    check "which lets through what is in its VLAN" in_vlan 10 answered udp 3479 1
    vlan_20_holds "the other changed"
    check "it changes back" $lyncxdp rollback edge0@10
    vlan_10_holds "changed back"
    check "the first one leaves" $lyncxdp detach edge0@10
    check "its filter at egress as well" filters_at_egress 1
    vlan_20_holds "the first is gone"
    vlan_is_open "the first is gone" 10
    check "the tags stay in the frames for the other" says 'all(.[]; .vlan_tags == "judged" and .state == "filtering")' \
        $lyncxdp status edge0@20 --json
    check "it comes back" $lyncxdp attach edge0 --vlan 10 $av
    vlan_10_holds "back again"
    check "an update that needs another program" $lyncxdp update edge0@20 --egress track
    vlan_20_holds "updated"
    check "status: both filter on" says 'length == 4 and all(.[]; .state == "filtering")' $lyncxdp status --json
    check "the second leaves" $lyncxdp detach edge0@20
    vlan_10_holds "the second is gone"
    check "and the last" $lyncxdp detach edge0@10
    check "nothing is left" nothing_left
    check "the card is as it was" [ "$(card)" = "$card_before" ]
    ip link del edge0
    ip netns del internet
}
