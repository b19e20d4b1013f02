#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# setup writes a site that is sound, from the addresses that interfaces have, and what it cannot know it leaves to fill in.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"
own_folder
own_ground

for card in outer inner bare; do
    ip link add $card type veth peer name $card-far && ip link set $card up
done
ip address add 198.51.100.10/24 dev outer
ip address add 2001:db8::10/64 dev outer nodad
ip address add 10.0.0.10/24 dev inner

# written ROLE…   the site is in the file `site.yaml`.
written() { run setup "$@" >"$work/site.yaml"; }
both=(--external outer --internal inner)

check "a site is written" written consolidated-edge "${both[@]}"
cp "$work/site.yaml" "$work/first.yaml"
check "each role has both of its sides" grep -qE '^  av-edge: \{external: \["198.51.100.10", "2001:db8::10"\], internal: "10.0.0.10"\}$' "$work/site.yaml"
check "no role is named that has no rows of its own" lacks '^  consolidated-edge' "$work/site.yaml"
check "the pool is left to be filled in, and by which row it is told" grep -qE '^#  pool: \[\]  # .*access-edge/internal/' "$work/site.yaml"
check "it is sound" run check "$work/site.yaml"
check "attaching names what is missing" says 3 "'pool'" run attach outer --role consolidated-edge --side internal --site "$work/site.yaml"
sed -i -e 's/^#groups/groups/' -e 's/^#  pool: \[\]/  pool: [192.0.2.90]/' "$work/site.yaml"
check "filled in, it is enough" says 0 'inner: filtering' run attach inner --role consolidated-edge --side internal --site "$work/site.yaml"
check "and for the other side" says 0 'outer: filtering' run attach outer --role consolidated-edge --site "$work/site.yaml"
check "which is open at its own address" says 0 'pass' run explain outer tcp 203.0.113.9 198.51.100.10:443
check "a role without sides has its addresses alone" written front-end --external inner
check "in one word" grep -qE '^  front-end: "10.0.0.10"$' "$work/site.yaml"
check "which is sound" run check "$work/site.yaml"
check "one side is enough" written reverse-proxy --internal inner
check "and no other is named" grep -qE '^  reverse-proxy: \{internal: "10.0.0.10"\}$' "$work/site.yaml"
check "an interface without an address" says 1 'bare has no address' run setup av-edge --external bare
check "one that is not there" says 1 'no interface nobody' run setup av-edge --external nobody
check "no interface at all" says 2 'write --external IFACE' run setup av-edge
check "no role" says 2 'takes a role' run setup --external outer
check "a role that nobody has" says 2 "did you mean 'av-edge'" run setup av-edgee --external outer
finish
