#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Of a trunk, one VLAN is filtered: what comes in others, or in none, passes and is counted as other-vlan, at either hook.
# Every verb knows it by the name IFACE@ID, reports by `vlan`. Beside the single program that an interface can have here
# no other VLAN can be filtered, and attach says so (tests/kernels/trunk.sh has two, side by side).

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_folder
own_ground
outer_and_wire
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip address add 198.51.100.1/24 dev outer # without a tag
ip link add other type veth peer name other_far

# --- Frames, tagged and not, onto the wire or out of the card -------------------------------------------------------------

cat >"$work/send.py" <<'PY'
import ipaddress, socket, struct, sys
device, tags, source, destination, port = sys.argv[1:6]
udp = struct.pack('!HHHH', 40000 if int(port) < 40000 else 3478, int(port), 8 + 10, 0) + bytes(10)
ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, ipaddress.ip_address(source).packed,
                 ipaddress.ip_address(destination).packed)
total = sum(struct.unpack('!10H', ip))
total = (total & 0xffff) + (total >> 16)
ip = ip[:10] + struct.pack('!H', ~((total & 0xffff) + (total >> 16)) & 0xffff) + ip[12:]
head = bytes.fromhex('020000000001020000000002')
for tag in tags.split(',') if tags != '-' else []:
    head += struct.pack('!HH', 0x8100, int(tag))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((device, 0))
wire.send(head + struct.pack('!H', 0x0800) + ip + udp)
PY
arrives() { python3 "$work/send.py" wire "$1" 203.0.113.9 10.45.16.30 "$2"; } # TAGS PORT
leaves() { python3 "$work/send.py" outer "$1" "${3:-10.45.16.30}" 203.0.113.9 "$2"; }

counted() { # HOOK REASON
    run counters outer@10 --json | command jq --arg hook "$1" --arg reason "$2" \
        '[.[] | select(.hook == $hook).reasons[] | select(.reason == $reason).packets] | add // 0'
}
more_than() { [ "$(counted "$1" "$2")" -gt "$3" ]; }
# counts HOOK REASON COMMAND…   What it sends is counted so.
counts() {
    local before
    before=$(counted "$1" "$2")
    "${@:3}" && until_true 30 more_than "$1" "$2" "$before" && return
    run counters outer@10
    return 1
}
offloads() { ethtool -k outer | grep -E 'rx-vlan-(offload|stag-hw-parse)'; ethtool -k wire | grep -E 'tx-vlan-(offload|stag-hw-insert)'; }
holdings() {
    find /sys/fs/bpf /run -mindepth 1 ! -path /sys/fs/bpf/xdp | sort
    tc qdisc show dev outer
    ip -j link show dev outer | command jq '.[0].xdp'
    offloads
}

printf 'self: {av-edge: {external: 10.45.16.30}, reverse-proxy: {external: 10.45.20.30}}\n' >"$work/site.yaml"
role=(--role av-edge --site "$work/site.yaml")
bare=$(holdings)

# --- What cannot be meant --------------------------------------------------------------------------------------------------

for id in 0 4095 ten ''; do
    check "--vlan '$id' is no VLAN" says 2 "'$id' is not the id of a VLAN; write one from 1 to 4094" \
        run attach outer --vlan "$id" "${role[@]}"
done
check "nor is outer@0" says 2 'not the id of a VLAN' run attach outer@0 "${role[@]}"
check "an interface that is not there is named whole" says 1 'no interface nowhere' run attach nowhere@10 "${role[@]}"
check "a pair has its VLANs in the site" says 2 'list the VLANs of a pair under vlans: and bypass:' \
    run attach outer --vlan 10 --pair other "${role[@]}"
check "nor is anything filtered with one VLAN" says 2 '--with goes by whole interfaces' \
    run attach outer --vlan 10 --with other "${role[@]}"
check "nor one VLAN with an interface" says 2 'name the whole interface, other' \
    run attach outer --force --with other@10 "${role[@]}"
check "the whole interface has no address of the role's" says 1 'outer has no address that is the role' \
    run attach outer "${role[@]}"
check "none of it changes anything" is "$(holdings)" "$bare"

# --- One VLAN ----------------------------------------------------------------------------------------------------------------

check "attach judges VLAN 10 alone, whose addresses are not those without a tag" \
    says 0 'outer@10: filtering as av-edge' run attach outer --vlan 10 "${role[@]}"
check "its pins have the VLAN in their name" \
    test -e "/sys/fs/bpf/lyncxdp/$(stat -Lc %i /proc/self/ns/net)-$(cat /sys/class/net/outer/ifindex)-v10/metadata"
check "to the role: an open port of it" counts to-role row arrives 10 3478
check "to the role: a closed port of it" counts to-role no-row arrives 10 3479
check "to the role: another VLAN" counts to-role other-vlan arrives 20 3479
check "to the role: no tag" counts to-role other-vlan arrives - 3479
check "to the role: a priority tag is no way into it around the filter" counts to-role no-row arrives 0,10 3479
check "to the role: it inside another VLAN" counts to-role other-vlan arrives 20,10 3479
check "to the role: something inside it" counts to-role no-row arrives 10,20 3479
check "from the role: an answer" counts from-role mirror leaves 10 40000
check "from the role: a source that is not its own is counted" counts from-role spoofed leaves 10 40000 10.45.16.99
check "from the role: another VLAN" counts from-role other-vlan leaves 20 40000 10.45.16.99
check "from the role: no tag" counts from-role other-vlan leaves - 40000 10.45.16.99
check "every packet once" jq -e 'all(.[]; .packets == ([.reasons[].packets] | add))' <(run counters outer@10 --json)

# --- By its name in every verb -------------------------------------------------------------------------------------------------

check "status: its name" says 0 '^outer@10 +av-edge' run status
check "status of the interface shows its VLANs" says 0 '^outer@10 +av-edge' run status outer
check "status: in JSON the interface, and the VLAN" \
    jq -e 'length == 2 and all(.[]; .interface == "outer" and .vlan == 10 and .vlan_tags == "judged")' \
    <(run status outer@10 --json)
check "counters: in JSON, too" jq -e 'all(.[]; .interface == "outer" and .vlan == 10)' <(run counters outer --json)
check "counters: in words" says 0 '^outer@10, to-role: ' run counters outer@10
check "flows: in words" says 0 '^outer@10: ' run flows outer@10
check "explain asks about a packet of it" says 0 'no-row' run explain outer@10 udp 203.0.113.9:40000 10.45.16.30:3479
check "diff" says 0 'no packet is treated differently' run diff outer@10
check "update" says 0 'outer@10: generation 2: filtering as av-edge' run update outer@10
check "a trial names it" says 0 "'lyncxdp confirm outer@10' keeps it" run update outer@10 --audit --try 300
check "status says how to keep it" says 0 "'lyncxdp confirm outer@10' keeps it" run status
check "confirm" says 0 '^outer@10: generation 3 .* is confirmed' run confirm outer@10
check "rollback" says 0 '^outer@10: generation 2 .* in force again' run rollback outer@10
check "a candidate names it" says 0 "'lyncxdp promote outer@10'" run update outer@10 --shadow --audit
check "promote" says 0 '^outer@10: ' run promote outer@10
check "another VLAN still passes" counts to-role other-vlan arrives 20 3479
check "and this one is still judged" counts to-role no-row arrives 10 3479
hears() {
    timeout 30 "$LYNCXDP" monitor outer@10 --json --count 1 >"$work/heard" &
    local monitor=$!
    until_true 30 sh -c "[ \"\$(bpftool -j map dump pinned /sys/fs/bpf/lyncxdp/*-v10/samples | jq length)\" -gt 0 ]" || return
    arrives 20 3479 && arrives 10 3479
    wait $monitor
    jq -e 'select(.reason == "no-row" and .interface == "outer" and .vlan == 10)' "$work/heard"
}
check "monitor hears of what is dropped in it" hears
check "the interface by itself is not what is filtered: update" \
    says 1 'nothing is attached to outer; what is filtered there is called outer@10' run update outer
check "explain" says 1 'what is filtered there is called outer@10' run explain outer udp 203.0.113.9:1024 10.45.16.30:3479
check "detach" says 1 'what is filtered there is called outer@10' run detach outer
check "nor another VLAN" says 1 'nothing is attached to outer@20; what is filtered there is called outer@10' \
    run detach outer@20
start_exporter "outer"
check "metrics have a label more" grep '^lyncxdp_packets_total{interface="outer",hook="to-role",vlan="10"' <(get metrics)
get metrics >"$work/metrics"
check "which promtool reads" promtool check metrics <"$work/metrics"
stop_exporter

# --- What stands beside it -----------------------------------------------------------------------------------------------------

before=$(holdings)
check "the same VLAN again" says 4 'lyncxdp is attached to outer@10 already; change it with: lyncxdp update outer@10' \
    run attach outer --vlan 10 "${role[@]}"
check "another VLAN has no room beside a single program" \
    says 4 "outer@10 is filtered by the single XDP program that outer can have here.*dispatcher" \
    run attach outer@20 --role reverse-proxy --site "$work/site.yaml"
check "in one sentence" is "$(run attach outer@20 --role reverse-proxy --site "$work/site.yaml" 2>&1 | wc -l)" 1
check "nor is the whole filtered beside it" says 4 'VLAN 10 is filtered already, which would be judged twice' \
    run attach outer "${role[@]}" --force
check "nothing has changed" is "$(holdings)" "$before"
check "detach takes it off" says 0 'outer@10: no longer filtered' run detach outer@10
check "and sets everything back" is "$(holdings)" "$bare"
run attach outer --force "${role[@]}" >/dev/null 2>&1
check "beside the whole no VLAN is filtered" says 4 'outer is filtered whole already, where VLAN 10 would be judged twice' \
    run attach outer --vlan 10 "${role[@]}"
check "whose detach says that it is none" says 1 'nothing is attached to outer@10; what is filtered there is called outer' \
    run detach outer@10
run detach outer >/dev/null

# --- Declared ------------------------------------------------------------------------------------------------------------------

cat >"$work/state.yaml" <<'END'
defaults: {site: site.yaml}
interfaces:
  outer@10: {role: av-edge}
END
check "apply attaches what is declared" says 0 'outer@10: filtering as av-edge' run apply -f "$work/state.yaml"
check "status knows that it is declared" jq -e 'all(.[]; .declared)' <(run status --json)
check "and finds nothing missing" says 0 'filtering' run status
check "apply again changes nothing" says 0 'outer@10: unchanged' run apply --dry-run -f "$work/state.yaml"
start_exporter "outer@10"
check "the metric of what is declared" grep '^lyncxdp_attached{interface="outer",vlan="10"} 1$' <(get metrics)
stop_exporter
sed -i 's/av-edge}/av-edge, audit: on}/' "$work/state.yaml"
check "apply updates" says 0 'outer@10: generation 2' run apply -f "$work/state.yaml"
sed -i 's/outer@10/outer@20/' "$work/state.yaml"
check "of a VLAN that is declared instead of another it says that it detaches that" \
    says 0 'outer@10: detach' run apply --dry-run -f "$work/state.yaml"
run detach outer@10 >/dev/null
check "what is declared and not there is missing" says 1 'outer@20 is not filtered: nothing is attached to it' run status
check "in JSON, too" eval 'run status --json | jq -e "any(.[]; .state == \"not-attached\")"'
run apply -f "$work/state.yaml" >/dev/null
check "detach --all takes it off" says 0 'outer@20: no longer filtered' run detach --all
rm -rf /run/lyncxdp /run/lyncxdp*
check "and sets everything back" is "$(holdings)" "$bare"

# --- An interface that goes, and one that has an @ in its name ---------------------------------------------------------------

ip link set other name 'odd@7'
ip link set 'odd@7' up
check "an interface's own name counts first" says 0 'odd@7: filtering as av-edge' \
    run attach odd@7 --force "${role[@]}" --egress off
check "it is whole" jq -e 'all(.[]; .interface == "odd@7" and .vlan == null)' <(run status odd@7 --json)
run detach odd@7 >/dev/null
run attach outer@10 "${role[@]}" >/dev/null
ip link del outer
check "what is left of one that is gone is tidied up by its name" says 0 'what was left of its filter is removed' \
    run detach outer@10
check "nothing is attached" says 0 'nothing is attached' run status

finish
