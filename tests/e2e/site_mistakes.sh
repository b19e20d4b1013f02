#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A slip in a site is told where it is made, and nothing comes into force: a name that nothing knows, an address that
# nobody has, a site that is for another host. What cannot be told apart from what is meant is warned of.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_far

# site LINE...   the site file.
site() { printf '%s\n' "$@" >site.yaml; }

# --- Names that nothing knows -------------------------------------------------------------------------------------------

printf 'interfaces:\n  outer: {role: av-edge, site: site.yaml}\n' >state.yaml

# everywhere PLACE TEXT   said by every verb that reads the site, which ends with exit code 3.
everywhere() {
    check "check: $2" says 3 "site.yaml:$1: error: $2" run check site.yaml
    check "check --role: $2" says 3 "site.yaml:$1: error: $2" run check site.yaml --role av-edge
    check "check of a declaration: $2" says 3 "site.yaml:$1: error: $2" run check state.yaml
    check "show: $2" says 3 "site.yaml:$1: error: $2" run show av-edge --site site.yaml
    check "attach: $2" says 3 "site.yaml:$1: error: $2" run attach outer --role av-edge --site site.yaml --force
    check "apply: $2" says 3 "site.yaml:$1: error: $2" run apply -f state.yaml --force
    run attach outer --role av-edge --set self=198.51.100.1 >/dev/null
    check "update: $2" says 3 "site.yaml:$1: error: $2" run update outer --site site.yaml --force
    check "and what was in force stays" answers 'all(.generation == 1)' run status outer --json
    run detach outer >/dev/null
}
site 'self:' '  av-egde: {external: 198.51.100.1}'
everywhere 2:3 "there is no role 'av-egde'; did you mean 'av-edge'\?"
site 'self: {av-edge: 198.51.100.1}' 'options: {federation-ocs207: off}'
everywhere 2:11 "no row has the option 'federation-ocs207'; did you mean 'federation-ocs2007'\?"
site 'self: {av-edge: 198.51.100.1}' 'built-in: {arpp: off}'
everywhere 2:12 "unknown key 'arpp' in the built-in cases; did you mean 'arp'\?"
site 'self: {av-edge: 198.51.100.1}' 'rows:' \
    '- {id: ssh, from: 192.0.2.0/24, to: self, port: 22, transport: tcp, role: av-egde}'
everywhere 3:3 "there is no role 'av-egde'; did you mean 'av-edge'\?"
check "the line stands there with a caret" eval \
    'run check site.yaml 2>&1 | grep -A1 -F "    - {id: ssh" | tail -n 1 | grep -E "^ +\^$"'
check "the JSON of check knows the place" eval "run check site.yaml --json 2>/dev/null |
    jq -e '.[0] | (.ok | not) and (.diagnostics[0] | .line == 3 and .severity == \"error\")'"
check "nothing is attached by any of them" says 0 'nothing is attached' run status

site 'self: {av-edge: 198.51.100.1, office-communicator: 198.51.100.7}'
check "a role of another edition is right: a site is shared" says 0 'ok, site' run check site.yaml
check "so it is on the interface" says 0 'filtering' run attach outer --role av-edge --site site.yaml
run detach outer >/dev/null
cat >own.yaml <<'Y'
edition: own
roles: {recorder: {rows: [{id: in, from: any, to: self, port: 9, transport: udp}]}}
Y
site 'self: {av-edge: 198.51.100.1, recorder: 198.51.100.7}'
check "a role of a policy that is given is right" says 0 'ok, site' run check own.yaml site.yaml
check "on the interface, too" says 0 'filtering' run attach outer --role av-edge --site site.yaml --policy own.yaml
run detach outer >/dev/null
check "without it, nothing knows the role" says 3 "there is no role 'recorder'.*--policy FILE" \
    run attach outer --role av-edge --site site.yaml
check "--without knows its names" says 3 "has the option 'federation-ocs207'; did you mean" \
    run attach outer --role av-edge --without federation-ocs207
check "--workload knows its names" says 3 "has the workload 'im-presense'; did you mean" \
    run attach outer --role av-edge --workload im-presense
check "a name that --set gives and nobody uses does no harm" says 0 'filtering' \
    run attach outer --role av-edge --set self=198.51.100.1 --set spare=192.0.2.1
run detach outer >/dev/null

# --- Addresses that nobody has --------------------------------------------------------------------------------------------

for address in 0.0.0.0/0 0.0.0.0 127.0.0.1 224.0.0.9 255.255.255.255 '"::/0"' '"::1"' '"ff02::1"'; do
    site "self: {av-edge: $address}"
    check "self cannot be $address" says 3 "site.yaml:1:17: error: .* cannot be the role's own" run check site.yaml
    check "nor by --set" says 2 "cannot be the role's own" run show av-edge --set "self=${address//\"/}"
done
for address in 0.0.0.0 127.0.0.1 224.0.0.9 255.255.255.255 '"::1"' '"ff02::1"'; do
    site "groups: {pool: $address}"
    check "a group cannot be $address" says 3 "site.yaml:1:16: error: .* cannot be a peer" run check site.yaml
    check "nor by --set" says 2 "cannot be a peer" run show av-edge --set "pool=${address//\"/}"
done

# --- What is bypassed -----------------------------------------------------------------------------------------------------

for address in 0.0.0.0/0 10.0.0.0/0 127.0.0.1 224.0.0.18 255.255.255.255 '"::/0"' '"ff02::1"'; do
    site "bypass: {addresses: [$address]}"
    check "nothing bypasses $address" says 3 'site.yaml:1:22: error:' run check site.yaml
done
for name in self any; do
    site "bypass: {addresses: [$name]}"
    check "nor '$name'" says 3 "site.yaml:1:22: error: '$name' cannot be bypassed" run check site.yaml
done
site 'bypass: {addresses: [{address: 192.0.2.5, mac: "52:54:00:12:34"}]}'
check "half a MAC address" says 3 "site.yaml:1:48: error: '52:54:00:12:34' is not the MAC address of a card" run check site.yaml
site 'bypass: {addresses: [{address: 192.0.2.5, mac: "01:00:5e:00:00:12"}]}'
check "a group's MAC address" says 3 'site.yaml:1:48: error: .* is not the MAC address of a card' run check site.yaml
site 'bypass: {addresses: [{mac: "52:54:00:12:34:56"}]}'
check "a MAC address alone" says 3 'site.yaml:1:2[0-9]: error: .*address' run check site.yaml
site 'bypass: {addresses: [{address: 192.0.2.5, mac: [02:00:00:00:00:01, 02:00:00:00:00:02, 02:00:00:00:00:03, 02:00:00:00:00:04, 02:00:00:00:00:05]}]}'
check "more MAC addresses than there is room for" says 3 'more than 4 MAC addresses' run check site.yaml
site 'bypass: {vlans: [0]}'
check "a VLAN that is none" says 3 'site.yaml:1:18: error:' run check site.yaml
site 'vlans: [10]' 'bypass: {vlans: [10]}'
check "a VLAN that is let in to be judged" says 3 'site.yaml:2:18: error: VLAN 10 is let in to be judged' run check site.yaml
site 'bypass: {adresses: [192.0.2.5]}'
check "a misspelt key" says 3 "did you mean 'addresses'" run check site.yaml
site 'bypass: {addresses: [web]}'
check "a group that nobody has is warned of" says 0 "site.yaml:1:22: warning: there is no group 'web' to bypass" run check site.yaml
check "and refused where it would be used" says 3 "site.yaml:1:22: error: there is no group 'web' to bypass" \
    run check site.yaml --role av-edge
site 'groups: {web: 0.0.0.0/0}' 'bypass: {addresses: [web]}'
check "a group that holds everything" says 3 "site.yaml:2:22: error: '0.0.0.0/0' cannot be bypassed" \
    run check site.yaml --role av-edge
site 'bypass: {addresses: [192.0.2.5, {address: 192.0.2.5, mac: 02:00:00:00:00:01}]}'
check "an address twice, by different MAC addresses" says 3 'site.yaml:1:[0-9]+: error: 192.0.2.5 is bypassed twice' \
    run check site.yaml --role av-edge
site 'self: {av-edge: 192.0.2.5}' 'bypass: {addresses: [192.0.2.0/28]}'
check "the role's own address" says 3 'site.yaml:2:22: error: 192.0.2.0/28 cannot be bypassed: 192.0.2.5 is the role' \
    run check site.yaml --role av-edge

# --- A site that is for another host ----------------------------------------------------------------------------------------

sample=$tree/policies/sites/contoso.yaml
check "the sample site as it is, on a host that has other addresses, is refused" says 1 \
    'outer has no address that is the role.s: it has 198.51.100.1, and the role has 10.45.16.30.*nothing was changed' \
    run attach outer --role av-edge --site "$sample"
check "and nothing is filtered" says 0 'nothing is attached' run status
check "apply only warns: addresses may come later" says 0 'warning: outer has no address that is the role.s' \
    bash -c "printf 'interfaces:\n  outer: {role: av-edge, site: %s}\n' '$sample' >other.yaml; '$LYNCXDP' apply -f other.yaml"
run detach outer >/dev/null
check "on trial it only warns: it comes back by itself" says 0 'warning: outer has no address' \
    run attach outer --role av-edge --site "$sample" --try 600
run detach outer >/dev/null
check "--force attaches all the same" says 0 'warning: outer has no address.*' \
    run attach outer --role av-edge --site "$sample" --force
check "so does an update to nothing else" says 0 'filtering' run update outer --set self=198.51.100.1
check "an update to a site for another host is refused" says 1 'outer has no address that is the role.s' \
    run update outer --set self=198.51.100.2
check "as a candidate it is only warned of" says 0 'warning: outer has no address' \
    run update outer --set self=198.51.100.2 --shadow
run detach outer >/dev/null
ip address add 10.45.16.30/24 dev outer
check "one address among several is enough" says 0 'filtering' run attach outer --role av-edge --site "$sample"
run detach outer >/dev/null
ip address flush dev outer
check "a card without an address may get it yet" says 0 'filtering' run attach outer --role av-edge --site "$sample"
run detach outer >/dev/null
ip -6 address add fe80::77/64 dev outer nodad
check "an address of the link is none" says 0 'filtering' run attach outer --role av-edge --site "$sample"
run detach outer >/dev/null
ip address add 198.51.100.1/24 dev outer
check "a pair is not asked: the role is behind it" says 0 'filtering' bash -c "
    ip link add inner type veth peer name beyond
    '$LYNCXDP' attach outer --pair inner --role av-edge --site '$sample' 2>/dev/null"
run detach outer >/dev/null
site 'rows: [{id: ssh, from: any, to: self, self: 198.51.100.1, port: 22, transport: tcp}]' \
    'self: {av-edge: 10.45.16.30}'
check "a row for the card's own address makes it a warning" says 0 'warning: outer has no address.*only rows with a self' \
    run attach outer --role av-edge --site site.yaml
run detach outer >/dev/null
if ip link add bridge type bridge 2>/dev/null; then
    ip address flush dev outer
    ip link set outer master bridge
    ip address add 198.51.100.1/24 dev bridge
    check "the address of the bridge above is the host's" says 1 'it has 198.51.100.1' \
        run attach outer --role av-edge --site "$sample"
    ip link delete bridge
    ip address add 198.51.100.1/24 dev outer
else
    skip "the address of the bridge above is the host's" "the kernel has no bridges"
fi

# --- No self at all ---------------------------------------------------------------------------------------------------------

check "attach warns where nobody gives the role an address" says 0 'warning: av-edge has no address of its own' \
    run attach outer --role av-edge
check "status says so, too" says 0 'warning: the role on outer has no address of its own' run status outer
check "and in JSON" answers 'all(.any_self)' run status outer --json
run update outer --set self=198.51.100.1 >/dev/null
check "until somebody does" answers 'all(.any_self | not)' run status outer --json
run detach outer >/dev/null
site 'site: nothing'
check "check warns of a site that gives none" says 0 'site.yaml: warning: no role has an address' run check site.yaml
check "and of a role that has none" says 0 'warning: av-edge has no address of its own' run check site.yaml --role av-edge
site 'self: {front-end: 10.0.0.1}'
check "as where the address is another role's" says 0 'warning: av-edge has no address of its own' run check state.yaml

# --- What a host lives by -------------------------------------------------------------------------------------------------------

site 'self: {av-edge: 198.51.100.1}' 'built-in:' '  arp: off'
check "check warns of ARP that is off, at its place" says 0 'site.yaml:3:8: warning: arp is off: .*cut off from IPv4' \
    run check site.yaml
check "attach warns of ARP that is off" says 0 'warning: arp is off: ' run attach outer --role av-edge --site site.yaml
site 'self: {av-edge: 198.51.100.1}' 'built-in: {neighbour-discovery: off, router-advertisement: off}'
check "update does not warn of IPv6 where nobody has any" says_no 0 'discovery is off|advertisement is off' \
    run update outer --site site.yaml
ip address add 2001:db8::1/64 dev outer nodad
check "update warns of neighbour discovery that is off" says 0 'warning: neighbour-discovery is off: .*from IPv6' \
    run update outer
check "and not of router advertisements where the host has nothing from them" says_no 0 'advertisement is off' \
    run update outer
ip -6 route add default via fe80::1 dev outer proto ra
check "but where it has its gateway from them" says 0 'warning: router-advertisement is off' run update outer
run detach outer >/dev/null
check "apply warns of what is off" says 0 'warning: neighbour-discovery is off' run apply -f state.yaml
run detach outer >/dev/null
check "a pair that forwards by itself is no host" says_no 0 'is off' \
    run attach outer --pair inner --forward --role av-edge --site site.yaml
run detach outer >/dev/null
finish
