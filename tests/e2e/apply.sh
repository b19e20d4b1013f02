#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What apply promises: every interface of a file comes to its declared state or none does, what is as declared is left
# alone, and what was done is taken back when a later step fails. In a network and a mount namespace of its own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FOREIGN=${FOREIGN:-$tree/build/floor.bpf.o}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# Somebody who is not root may not even look into the folder that the tree lies in.
mkdir -p "$work/tree/build"
cp "$LYNCXDP" "$work/tree/build/lyncxdp"
cp -r "$tree/policies" "$work/tree/"
LYNCXDP=$work/tree/build/lyncxdp

own_ground
for name in one two three; do
    ip link add "$name" type veth peer name "far-$name"
    ip link set "$name" up
    ip link set "far-$name" up
done
ip addr add 198.51.100.1/24 dev one

# state   interface, role, generation and digest of everything that filters here, a line each.
state() { run status --json | jq -r '.[] | "\(.interface) \(.hook) \(.role) \(.generation) \(.digest)"' | sort; }

# changes_nothing CODE PATTERN command…   It ends so, and everything is as before.
changes_nothing() {
    local before
    before=$(state)
    says "$@" && is "$(state)" "$before"
}

# filtered NAME…   Exactly these interfaces are.
filtered() {
    is "$(run status --json | jq -r '[.[] | select(.state == "filtering").interface] | unique | join(" ")')" "$*"
}
# in_force NAME FILTER   the to-role hook's status satisfies it.
in_force() { answers ".[] | select(.hook == \"to-role\") | $2" run status "$1" --json; }

cat >site.yaml <<'END'
site: test
groups:
  next-hop: [192.0.2.10]
rows:
  - {id: ssh, from: 198.51.100.9, source-port: any, to: self, port: 22, transport: tcp}
END
cat >state.yaml <<'END'
defaults: {site: site.yaml}
interfaces:
  one: {role: access-edge}
  two: {role: av-edge, audit: on}
END

# --- To the declared state, and no further --------------------------------------------------------------------------

check "a dry run tells the plan" says 0 '^one: attach$' run apply -f state.yaml --dry-run
check "and does nothing" says 0 'nothing is attached' run status
check "apply attaches what is declared" says 0 'two: filtering as av-edge' run apply -f state.yaml
check "all of it, and nothing else" filtered one two
check "each as it is declared" in_force two '.role == "av-edge" and .audit'
check "again: nothing is changed" changes_nothing 0 '^one: unchanged$' run apply -f state.yaml
check "and it says so in JSON" answers '.applied and ([.interfaces[].action] == ["unchanged", "unchanged"])' \
    run apply --file state.yaml --json
cp -r . /run/copy
check "from another directory as well" changes_nothing 0 '^two: unchanged$' bash -c "cd / && '$LYNCXDP' apply -f $work/state.yaml"

sed -i 's/, audit: on//' state.yaml
check "what a file leaves out is the default again" says 0 'two: update: its policy differs' run apply -f state.yaml
check "and so it is" in_force two '.audit == false and .generation == 2'
check "the other was left alone" in_force one '.generation == 1'
sed -i 's/198.51.100.9/198.51.100.8/' site.yaml
check "a site that was edited is an update of all that use it" says 0 'one: generation 2' run apply -f state.yaml
check "which a second run finds done" changes_nothing 0 'two: unchanged' run apply -f state.yaml
printf 'watch-ports: [2222]\n' >>site.yaml
check "ports to be watched are a change as well" says 0 'one: update' run apply -f state.yaml
check "and it is done once" changes_nothing 0 'one: unchanged' run apply -f state.yaml
run update one --without federation >/dev/null
check "what was changed by hand is changed back" says 0 'one: update' run apply -f state.yaml
run update one --without federation --try 600 >/dev/null
check "so is what is on trial" says 0 'one: update' run apply -f state.yaml
run update two --audit --try 600 >/dev/null
run rollback two >/dev/null
check "what came back by itself is as declared" changes_nothing 0 'two: unchanged' run apply -f state.yaml
run detach one >/dev/null
check "what was detached is attached" says 0 'one: attach' run apply -f state.yaml
run detach one >/dev/null
run attach one --site "$work/site.yaml" --role access-edge >/dev/null
check "the order of options makes no difference" changes_nothing 0 'one: unchanged' run apply -f state.yaml

run attach three --role webconf-edge --site site.yaml >/dev/null
check "what is not declared is detached" says 0 'three: detach: it is not declared' run apply -f state.yaml
check "and only that" filtered one two
ip netns add elsewhere
elsewhere() { nsenter --net=/run/netns/elsewhere "$@"; }
elsewhere ip link add other type veth peer name far
check "one is filtered elsewhere" says 0 'other: filtering' elsewhere "$LYNCXDP" attach other --role av-edge
check "other network namespaces are none of its business" changes_nothing 0 'two: unchanged' run apply -f state.yaml
check "and is filtered still" says 0 'no longer filtered' elsewhere "$LYNCXDP" detach other

# --- What an update cannot change ------------------------------------------------------------------------------------

sed -i 's/role: access-edge/role: access-edge, mode: generic, flows: 1024/' state.yaml
check "another mode is attached anew, and said to be" says 0 'one: detach and attach anew, unfiltered in between' \
    run apply -f state.yaml
check "in that mode" in_force one '.mode == "generic"'
check "once" changes_nothing 0 'one: unchanged' run apply -f state.yaml
sed -i 's/flows: 1024/flows: 2048/' state.yaml
check "so is another flow table" says 0 'one: .*anew.*flow table' run apply -f state.yaml
check "once, too" changes_nothing 0 'one: unchanged' run apply -f state.yaml
sed -i 's/, mode: generic, flows: 2048/, egress: off/' state.yaml
check "egress is an update" says 0 'one: update' run apply -f state.yaml
sed -i 's/, egress: off//' state.yaml
run apply -f state.yaml >/dev/null
check "back to the defaults" changes_nothing 0 'one: unchanged' run apply -f state.yaml
ip link set dev one xdp off 2>/dev/null || ip link set dev one xdpgeneric off
ip link set dev one xdpgeneric off 2>/dev/null
check "a program that somebody took off comes back" says 0 'one: attach: its program does not run' run apply -f state.yaml
check "and filters" in_force one '.state == "filtering"'
tc qdisc del dev one clsact
check "and so does the one at tc egress" says 0 'one: .*what it sends is not looked at' run apply -f state.yaml
check "both hooks filter" answers 'length == 2 and all(.[]; .state == "filtering")' run status one --json

# --- All or nothing ---------------------------------------------------------------------------------------------------

# with LINE   a declaration where one would change, and this interface is declared beside it.
with() {
    printf 'defaults: {site: site.yaml}\ninterfaces:\n  one: {role: av-edge}\n  two: {role: av-edge}\n  %s\n' "$1" >bad.yaml
}
with 'three: {role: av-egde}'
check "a role that is none" changes_nothing 3 "did you mean 'av-edge'" run apply -f bad.yaml
with 'three: {role: av-edge, site: nowhere.yaml}'
check "a site that is not there" changes_nothing 3 'nowhere.yaml' run apply -f bad.yaml
check "and where it was declared" says 3 'bad.yaml:5: three cannot be' run apply -f bad.yaml
with 'three: {role: front-end, edition: ocs2008}'
check "an edition that is none" changes_nothing 3 'no edition' run apply -f bad.yaml
with 'three: {rolle: av-edge}'
check "a key that is none" changes_nothing 3 "bad.yaml:5:.*rolle" run apply -f bad.yaml
with 'four: {role: av-edge}'
check "an interface that is not there" changes_nothing 1 "four" run apply -f bad.yaml
check "nor after a second" changes_nothing 1 'four has not appeared in 1 s' run apply -f bad.yaml --wait 1
printf 'interfaces:\n  one: {role: av-ed' >half.yaml
check "a file that is half written" changes_nothing 3 'half.yaml:[23]' run apply -f half.yaml
check "a file that is not there" changes_nothing 3 'none.yaml' run apply -f none.yaml
check "the default file" changes_nothing 3 '/etc/lyncxdp/lyncxdp.yaml' run apply
check "an argument" changes_nothing 2 'apply -f state.yaml' run apply state.yaml
check "no file after -f" changes_nothing 2 'needs an argument' run apply -f
check "a wait that is none" changes_nothing 2 'number of seconds' run apply -f state.yaml --wait long
with 'three: {role: av-edge}'
chmod -R a+rX "$work"
check "without root" changes_nothing 1 'root' setpriv --reuid=65534 --regid=65534 --clear-groups \
    --bounding-set=-all "$LYNCXDP" apply -f bad.yaml
check "a policy that would cut this session" changes_nothing 1 'would cut your SSH session' \
    env SSH_CONNECTION="198.51.100.9 50000 198.51.100.1 22" "$LYNCXDP" apply -f bad.yaml
check "for which it offers no trial" says_no 1 --try \
    env SSH_CONNECTION="198.51.100.9 50000 198.51.100.1 22" "$LYNCXDP" apply -f bad.yaml

# The last step fails in the kernel, after the others were done.
ip link set dev three xdp obj "$FOREIGN" program floor_drop 2>/dev/null
check "a foreign program in the way of the last step" says 0 'prog/xdp' ip link show dev three
run detach two >/dev/null
before=$(state)
check "all steps before it are taken back" says 4 'another XDP program' run apply -f bad.yaml
check "an update to the very generation before" is "$(state)" "$before"
check "and an attachment to none" filtered one
check "which is said of each" says 4 'one: generation [0-9]+ is in force again' run apply -f bad.yaml
run apply -f bad.yaml --json >told.json 2>/dev/null
check "and in JSON" jq -e '.applied == false and ([.interfaces[].done] | unique == [false])' told.json
run update one --role webconf-edge --try 600 >/dev/null
run apply -f bad.yaml >/dev/null 2>&1
check "a trial that was pending is pending again" in_force one '.trial.seconds_left > 500 and .role == "webconf-edge"'
run rollback one >/dev/null
check "and falls back to what it would have" is "$(state)" "$before"
ip link set dev three xdp off
mkdir -p /run/lyncxdp
exec 9>"/run/lyncxdp/$(stat -Lc %i /proc/self/ns/net)-$(cat /sys/class/net/one/ifindex).lock"
flock 9
check "an attachment that another command holds" changes_nothing 4 'another lyncxdp command' run apply -f bad.yaml
exec 9>&-
check "forced, it may cut the session" says 0 'as --force says' \
    env SSH_CONNECTION="198.51.100.9 50000 198.51.100.1 22" "$LYNCXDP" apply -f bad.yaml --force
check "and is done" filtered one three two

# A veth with fewer queues than its peer has no native mode: what an update cannot change fails after it was taken off.
ip link add slow numrxqueues 1 numtxqueues 1 type veth peer name slow-far numrxqueues 2 numtxqueues 2
run attach slow --role webconf-edge --site site.yaml --flows 4096 >/dev/null
before=$(state)
with 'slow: {role: av-edge, mode: native}'
sed -i '/two/d' bad.yaml
check "what cannot be attached anew is put back" says 1 'slow is filtered again by what it had' run apply -f bad.yaml
check "as it was, and all the others" is "$(state)" "$before"
check "its flow table among it" says 0 'slow: unchanged' bash -c "sed 's/slow: .*/slow: {role: webconf-edge, \
    flows: 4096}/' bad.yaml >same.yaml; '$LYNCXDP' apply -f same.yaml"
run detach slow >/dev/null
ip link delete slow

# --- Pairs --------------------------------------------------------------------------------------------------------------

# paired KEYS   the declaration with two and three as a pair.
paired() { printf 'defaults: {site: site.yaml}\ninterfaces:\n  one: {role: av-edge}\n  two: {role: av-edge, pair: three%s}\n' "$1" >pair.yaml; }
paired ''
run apply -f state.yaml >/dev/null
check "an interface becomes the outer side of a pair" says 0 'two - three: update: it is paired otherwise' run apply -f pair.yaml
check "once" changes_nothing 0 'two - three: unchanged' run apply -f pair.yaml
sed -i 's/198.51.100.8/198.51.100.7/' site.yaml
check "its policy is updated in place" says 0 'two - three: update' run apply -f pair.yaml
check "as it is declared" changes_nothing 0 'two - three: unchanged' run apply -f pair.yaml
check "diff knows that it is a pair" says 0 'no packet is treated differently' run diff two
paired ', forward: on'
check "forwarding comes in place, too" says 0 'two - three: update: it is paired otherwise' run apply -f pair.yaml
check "once, too" changes_nothing 0 'two - three: unchanged' run apply -f pair.yaml
paired ', forward: on, egress: off'
check "what a pair cannot be" changes_nothing 3 'write --egress track' run apply -f pair.yaml
paired ', forward: on'
run detach two >/dev/null
run attach three --role webconf-edge >/dev/null
check "what stands on its inner side goes first" says 0 'two - three: filtering' run apply -f pair.yaml
run detach two >/dev/null
run attach three --role webconf-edge >/dev/null
ip link set dev two xdp obj "$FOREIGN" program floor_drop
before=$(run status three --json | jq '[.[].digest]')
check "and comes back when the pair cannot be" says 4 'three is filtered again by what it had' run apply -f pair.yaml
check "as it was" is "$(run status three --json | jq '[.[].digest]')" "$before"
ip link set dev two xdp off
run detach three >/dev/null

# --- Interfaces that come late ------------------------------------------------------------------------------------------

with 'late: {role: access-edge}'
sed -i '/three/d' bad.yaml
"$LYNCXDP" apply -f bad.yaml --wait 60 >late.told 2>&1 &
waiting=$!
check "it waits for an interface" until_true 30 asleep $waiting
ip link add late type veth peer name far-late
reap $waiting
check "which comes" says 0 'late: filtering' cat late.told
check "and that is no failure" [ "$ended" -eq 0 ]
check "and then everything is done" filtered late one two
ip link del late
sed -i '/late/d' bad.yaml
check "what is left of an interface that is gone is tidied up" says 0 'late: detach: the interface is gone' run apply -f bad.yaml
rm -rf /sys/fs/bpf/lyncxdp
check "an attachment whose pins are lost is made anew" says 0 'one: .*anew.*pins are lost' run apply -f bad.yaml
check "and read again" in_force one '.state == "filtering"'
echo 'interfaces: {}' >none.yaml
check "an empty declaration takes everything off" says 0 'two: no longer filtered' run apply -f none.yaml
check "and leaves nothing" eval '[ ! -e /sys/fs/bpf/lyncxdp ] && [ ! -e /run/lyncxdp ] && says_no 0 xdp ip link'
check "again: nothing" says 0 'nothing is declared, and nothing is attached' run apply -f none.yaml

finish
