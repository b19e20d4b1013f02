#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A site's list of VLANs holds on cards that take tags off frames, as nearly all do unless they are told not to: attach
# and update tell them, detach takes it back, status says when somebody else has, and what cannot be told is refused.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'umount "$work/hidden" 2>/dev/null; rm -rf "$work"' EXIT
own_ground
beyond=/run/netns/out
out() { nsenter --net="$beyond" "$@"; }

# --- The ground: `edge`, and beyond it a host whose frames are all of VLAN 20, with the tag beside them ------------------

cat >"$work/tag.c" <<'C'
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int tag(struct __sk_buff *packet)
{
    if (packet->protocol == bpf_htons(ETH_P_IP))
        bpf_skb_vlan_push(packet, bpf_htons(ETH_P_8021Q), 20);
    return 0;
}

char terms[] SEC("license") = "GPL";
C
"${CLANG:-clang-14}" -O2 -g -target bpf -idirafter "/usr/include/$(uname -m)-linux-gnu" -c "$work/tag.c" \
    -o "$work/tag.o" || exit 1

# cable NAME FAR   a card, and its far end with the other host
cable() {
    ip link add "$1" type veth peer name "$2" netns out
    ethtool -K "$1" gro on >/dev/null
    out ethtool -K "$2" gro on >/dev/null
    ip link set "$1" addrgenmode none up
    out ip link set "$2" addrgenmode none up
}
ip netns add out
cable edge far
cable inner role
ip address add 10.45.16.30/24 dev edge
out ip address add 10.45.16.1/24 dev far
out ip neigh replace 10.45.16.30 lladdr "$(cat /sys/class/net/edge/address)" dev far
out tc qdisc add dev far clsact
out tc filter add dev far egress bpf direct-action object-file "$work/tag.o" section tc || exit 1

for list in 0 20; do
    printf 'self: {av-edge: {external: 10.45.16.30}}\nvlans: [%s]\n' $list >"$work/$list.yaml"
done
printf 'self: {av-edge: {external: 10.45.16.30}}\n' >"$work/none.yaml"

counted() { # REASON, of what has come to the role
    run counters edge --json | jq --arg reason "$1" \
        '[.[] | select(.hook == "to-role").reasons[] | select(.reason == $reason).packets] | add // 0'
}
arrives_as() { # REASON   five datagrams of VLAN 20 to an open port are all counted so
    local before after attempt
    before=$(counted "$1")
    out bash -c 'for i in 1 2 3 4 5; do echo x >/dev/udp/10.45.16.30/3478; done'
    for ((attempt = 0; attempt < 200; attempt++)); do
        after=$(counted "$1")
        [ $((after - before)) -lt 5 ] || break
        sleep 0.05
    done
    run counters edge
    [ $((after - before)) -eq 5 ]
}
offloads() { # ON|OFF   what takes tags off, at either end
    local state
    state=$(ethtool -k edge | grep -E 'rx-vlan-(offload|stag-hw-parse)'
        out ethtool -k far | grep -E 'tx-vlan-(offload|stag-hw-insert)')
    echo "$state"
    [ "$(grep -c ": $1\$" <<<"$state")" = 4 ]
}

# --- What the list says holds ---------------------------------------------------------------------------------------

check "the cards begin by taking tags off" offloads on
for mode in native generic; do
    run attach edge --role av-edge --site "$work/0.yaml" --mode $mode >/dev/null
    check "$mode: a VLAN that is not listed is dropped" arrives_as vlan
    run update edge --site "$work/20.yaml" >/dev/null
    check "$mode: a VLAN that is listed passes" arrives_as row
    check "$mode: status says that tags are judged" answers 'all(.vlan_tags == "judged")' run status edge --json
    run detach edge >/dev/null
    check "$mode: detach sets back what attach changed" offloads on
done

run attach edge --pair inner --role av-edge --site "$work/0.yaml" >/dev/null 2>&1
check "pair: a VLAN that is not listed is dropped" arrives_as vlan
check "pair: the inner card leaves tags in their frames, too" \
    eval 'ethtool -k inner | grep "rx-vlan-offload: off" && out ethtool -k role | grep "tx-vlan-offload: off"'
run detach edge >/dev/null
check "pair: detach sets back what attach changed" \
    eval 'offloads on && ethtool -k inner | grep "rx-vlan-offload: on" && out ethtool -k role | grep "tx-vlan-offload: on"'

# --- A list that comes and goes -----------------------------------------------------------------------------------------

run attach edge --role av-edge --site "$work/none.yaml" >/dev/null
check "without a list the cards keep what they had" offloads on
check "and status says nothing of tags" answers 'all(.vlan_tags == null)' run status edge --json
run update edge --site "$work/0.yaml" >/dev/null
check "an update that brings a list makes it hold" arrives_as vlan
run update edge --site "$work/none.yaml" >/dev/null
check "one that takes it away leaves the tags, for the list may come back" offloads off
run rollback edge >/dev/null
check "and when it does, it holds" arrives_as vlan
run detach edge >/dev/null
check "detach sets them back" offloads on
run attach edge --role av-edge --site "$work/none.yaml" >/dev/null
run update edge --shadow --site "$work/0.yaml" >/dev/null
check "a candidate sees the tags that it is to judge" offloads off
run detach edge >/dev/null

# --- Somebody else switches it on ---------------------------------------------------------------------------------------

run attach edge --role av-edge --site "$work/0.yaml" >/dev/null
for end in 'ethtool -K edge rxvlan on' 'out ethtool -K far txvlan on'; do
    $end >/dev/null
    check "$end: status fails and says so" says 1 'VLAN tags are taken off frames' run status edge
    check "$end: in JSON, too" eval 'run status edge --json | jq -e "all(.vlan_tags == \"stripped\")"'
    run update edge >/dev/null
    check "$end: an update mends it" says 0 'filtering' run status edge
done
check "and the list holds again" arrives_as vlan
out ethtool -K far txvlan on >/dev/null
printf 'interfaces:\n  edge: {role: av-edge, site: 0.yaml}\n' >"$work/state.yaml"
check "apply mends it" says 0 'edge: update.*VLAN tags' run apply -f "$work/state.yaml"
check "so that status is content" says 0 'filtering' run status edge
run detach edge >/dev/null

# --- Killed on the way ----------------------------------------------------------------------------------------------------

calls=$(strace -f -qq -e trace=ioctl "$LYNCXDP" attach edge --role av-edge --site "$work/0.yaml" 2>&1 | grep -c 'ioctl(.*SIOCETHTOOL')
run detach edge >/dev/null
restored_after_kill() { # COMMAND...
    local number
    for number in $((calls - 1)) $((calls / 2)) $((calls - 8)); do
        strace -f -qq -o /dev/null -e trace=ioctl -e "inject=ioctl:signal=SIGKILL:when=$number" \
            "$LYNCXDP" attach edge --role av-edge --site "$work/0.yaml" >/dev/null 2>&1
        "$@" >/dev/null 2>&1
        echo "killed at call $number of $calls"
        offloads on || return 1
    done
}
attach_and_detach() { run attach edge --role av-edge --site "$work/none.yaml" && run detach edge; }
check "what a killed attach changed, detach sets back" restored_after_kill run detach edge
check "or the next attach, when that goes" restored_after_kill attach_and_detach

# --- What cannot be switched off --------------------------------------------------------------------------------------------

touch "$work/hidden"
mount --bind /run/netns/out "$work/hidden"
ip netns delete out
beyond=$work/hidden
check "a far end that cannot be reached is refused in a sentence" says 1 \
    "edge takes VLAN tags off frames.*list of VLANs would not hold.*--force" run attach edge --role av-edge --site "$work/0.yaml"
check "and nothing is left of it" eval '[ ! -e /sys/fs/bpf/lyncxdp ] && offloads on'
check "a policy without a list is none of that" says 0 'filtering' run attach edge --role av-edge --site "$work/none.yaml"
check "an update to a list is refused, too" says 1 "list of VLANs would not hold" run update edge --site "$work/0.yaml"
check "and what was in force stays" answers 'all(.generation == 1)' run status edge --json
run detach edge >/dev/null
check "--force goes on all the same" says 0 'filtering' run attach edge --role av-edge --site "$work/0.yaml" --force
check "and status does not let it be forgotten" says 1 'VLAN tags are taken off frames' run status edge
run detach edge >/dev/null
if ip link add bridge type bridge 2>/dev/null; then
    check "on a bridge, tags are gone before anybody can look" says 1 'attach to what it is made of' \
        run attach bridge --role av-edge --site "$work/0.yaml"
else
    skip "on a bridge, tags are gone before anybody can look" "the kernel has no bridges"
fi
finish
