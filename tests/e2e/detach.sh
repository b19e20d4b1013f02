#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The way out, and the way back in without one: detach works with what is gone, with /run full or read-only, with pins half
# deleted and few files; nobody but root can be in its way; and what somebody took off is put back by an update.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_ground
outer_and_far
trap 'ip netns delete "out$$" 2>/dev/null' EXIT

attach() { run attach "${1:-outer}" --role av-edge "${@:2}" >/dev/null 2>&1; }
not() { ! "$@"; }
pins() { ls /sys/fs/bpf/lyncxdp 2>/dev/null; }
directory() { echo "/sys/fs/bpf/lyncxdp/$(stat -Lc %i /proc/self/ns/net)-$(cat "/sys/class/net/$1/ifindex")"; }
has_xdp() { ip -d link show dev "$1" | grep -q prog/xdp; }
# No lock either; what is declared stays known.
clean() { [ -z "$(pins)" ] && ! ls /run/lyncxdp/[!d]* 2>/dev/null && not has_xdp "$1" && not grep clsact <(tc qdisc show dev "$1"); }
detached() { says 0 "$1: no longer filtered" run detach "$1" && clean "$1"; }
states() { [ "$(run status "$2" --json 2>/dev/null | jq -r 'map(.state) | join("/")')" = "$1" ]; }

# --- Gone ----------------------------------------------------------------------------------------------------------------

pair() { ip link add "$1" type veth peer name "$1-far" && ip link set "$1" up; }
attach
pair lost && attach lost
ip link delete lost
check "gone: status advises to detach that one" says 1 "lost is gone.*'lyncxdp detach lost'" run status
check "gone: detach by its name" says 0 'lost: .*gone' run detach lost
check "gone: the others filter on" states filtering/filtering outer
check "gone: a second time there is nothing" says 1 'no interface lost' run detach lost
pair lost && attach lost
ip link delete lost && pair lost
check "gone, its name taken: the advice is not about the other one" says 1 "detach $(pins | sed 's,^,/sys/fs/bpf/lyncxdp/,' |
    grep -v "^$(directory outer)\$")'" run status
check "gone, its name taken: detach tidies up" says 0 'lost: .*gone' run detach lost
pair older && attach older && ip link delete older
pair newer && attach newer && ip link set newer down && ip link set newer name older
left=$(run status 2>&1 | sed -n "s/.*older is gone.*'lyncxdp detach \(.*\)'.*/\1/p")
check "gone, its name that of one that filters: what is advised" says 0 'older: no longer' run detach "$left"
check "gone, its name that of one that filters: leaves it alone" states filtering/filtering older
check "the others still filter on" states filtering/filtering outer
run detach older >/dev/null
ip netns add "out$$"
pair moved && attach moved && ip link set moved netns "out$$"
check "moved: detach says where it is" says 1 "nsenter --net=/run/netns/out$$ lyncxdp detach moved" run detach moved
check "moved: update there puts back what it lost" says 0 'is back' nsenter --net="/run/netns/out$$" "$LYNCXDP" update moved
check "moved: and it is whole" nsenter --net="/run/netns/out$$" "$LYNCXDP" status moved
check "moved: detach there" says 0 'no longer' nsenter --net="/run/netns/out$$" "$LYNCXDP" detach moved
check "none of it has touched another" states filtering/filtering outer
check "detach by the name" detached outer

# --- /run, files, pins ---------------------------------------------------------------------------------------------------

# crippled OPTIONS COMMAND…   with such a /run.
# shellcheck disable=SC2016
crippled() { unshare --mount sh -c 'mount -t tmpfs -o "$0" tmpfs /run && exec "$@"' "$@"; }
for run in ro size=4k,nr_inodes=1; do
    attach && run update outer >/dev/null
    check "/run $run: rollback" says 0 'in force again' crippled "$run" "$LYNCXDP" rollback outer
    check "/run $run: update" says 0 'generation 3' crippled "$run" "$LYNCXDP" update outer
    check "/run $run: detach" says 0 'no longer filtered' crippled "$run" "$LYNCXDP" detach outer
    check "/run $run: leaves nothing" clean outer
    check "/run $run: attach" says 0 filtering crippled "$run" "$LYNCXDP" attach outer --role av-edge
    detached outer >/dev/null
done
attach
mkdir -m 700 "$(directory outer)-lock"
exec 9<"$(directory outer)-lock" && flock 9
check "a command that found /run full is waited for" says 4 'at work' run update outer
exec 9<&-
check "and forgotten when it was killed" says 0 'generation 2' run update outer

# shellcheck disable=SC2016
few() { sh -c 'ulimit -n "$0" && exec "$@"' "$@"; }
check "few files: update says what is short" says 1 'may open no more files' few 12 "$LYNCXDP" update outer
check "few files: detach works" says 0 'no longer' few 10 "$LYNCXDP" detach outer
check "few files: and leaves nothing" clean outer
check "few files: attach says what is short, and not to report it" says 1 'may open no more files' \
    few 16 "$LYNCXDP" attach outer --role av-edge
check "few files: a failed attach leaves nothing" clean outer

for lost in metadata '*counters' '[a-f]*' '[g-z]*' '*'; do
    attach
    # shellcheck disable=SC2086 # a pattern
    rm "$(directory outer)"/$lost
    check "pins deleted ($lost): detach" detached outer
done
attach
rm "$(directory outer)/labels"
check "a pin deleted: update does not say that nothing is attached" says 1 'pins of outer are gone' run update outer
check "a pin deleted: nor does status" says 1 'pins of outer are gone' run status outer
run detach outer >/dev/null

# --- Locks ---------------------------------------------------------------------------------------------------------------

attach
lock=/run/lyncxdp/$(basename "$(directory outer)").lock
mkdir -m 755 /run/lyncxdp && touch "$lock" && chmod 644 "$lock"
setpriv --reuid=65534 --regid=65534 --clear-groups flock "$lock" sleep 1000 &
holder=$!
is_held() { not flock --nonblock "$lock" true; }
check "a user holds the lock that an earlier version left" until_true 30 is_held
check "and blocks nobody" says 0 'generation 2' run update outer
# shellcheck disable=SC2046 # process ids
kill $holder $(ps -o pid= --ppid $holder) 2>/dev/null
wait $holder 2>/dev/null
run detach outer >/dev/null
(umask 000 && strace -f -qq -e inject=unlink:signal=KILL:when=1 -P "$lock" "$LYNCXDP" attach outer --role av-edge) \
    >/dev/null 2>&1
check "the locks are root's alone" [ "$(stat -c %a /run/lyncxdp "$lock" | xargs)" = "700 600" ]
run detach outer >/dev/null

# --- By another version --------------------------------------------------------------------------------------------------

# age INTERFACE   as if an earlier lyncxdp had attached it.
age() {
    local words
    words=$(bpftool -j map dump pinned "$(directory "$1")/metadata" | jq -r '.[0].value[4] = "0x05" | .[0].value | join(" ")')
    # shellcheck disable=SC2086
    bpftool map update pinned "$(directory "$1")/metadata" key 0 0 0 0 value $words
}
attach && age outer
for verb in update status rollback counters; do
    check "another ABI: $verb says so" says 1 'incompatible lyncxdp \(ABI 5, this is [0-9]+\)' run $verb outer
done
check "another ABI: detach takes it off" detached outer
pair inner
attach outer --pair inner && age outer
check "another ABI: a pair is detached" detached outer
check "both sides of it" clean inner

# --- Taken off by somebody -----------------------------------------------------------------------------------------------

for loss in 'qdisc delete dev outer clsact' 'filter delete dev outer egress'; do
    attach
    # shellcheck disable=SC2086 # words
    tc $loss
    check "tc $loss: status advises an update" says 1 "'lyncxdp update outer' puts it back" run status outer
    check "tc $loss: which puts it back, and says so" says 0 'is back' run update outer
    check "tc $loss: it filters" states filtering/filtering outer
    # shellcheck disable=SC2086
    tc $loss
    check "tc $loss: confirm is not told that nothing is filtered" says 1 'no trial' run confirm outer
    # shellcheck disable=SC2086
    tc $loss
    printf 'interfaces:\n  outer: {role: av-edge}\n' >/run/declared.yaml
    check "tc $loss: apply updates, and opens nothing" says 0 '^outer: update: what it sends' run apply -f /run/declared.yaml
    check "tc $loss: and then it is whole" states filtering/filtering outer
    check "tc $loss: detach leaves nothing" detached outer
done
attach outer --pair inner
ip link set dev inner xdp off
check "inner side's program gone: status advises an update" says 1 "'lyncxdp update outer' puts it back" run status outer
check "inner side's program gone: which puts it back" says 0 'is back' run update outer
check "inner side's program gone: it filters" states filtering/filtering outer
check "inner side's program gone: detach leaves nothing" detached outer
check "on neither side" clean inner

# --- Without lyncxdp -----------------------------------------------------------------------------------------------------

# by_commands OPTION…   what is printed takes it off, and nothing is left.
by_commands() { run detach "$@" --commands >/run/commands && bash -e /run/commands; }
bare() { [ ! -e /sys/fs/bpf/lyncxdp ] && not has_xdp outer && not has_xdp inner && [ -z "$(tc filter show dev outer egress)" ]; }
for mode in native generic; do
    attach outer --mode $mode
    check "$mode: printing the commands changes nothing" says 0 "^ip link set dev outer xdp(drv|generic) off" run detach outer --commands
    check "$mode: it filters on" states filtering/filtering outer
    check "$mode: the commands work" by_commands outer
    check "$mode: and leave nothing" bare
done
attach outer --pair inner
check "a pair: the commands work" by_commands --all
check "and leave nothing on either side" bare
check "where nothing is attached, there are none" prints_nothing run detach --all --commands
check "and one is named that has none" says 1 'nothing is attached to outer' run detach outer --commands
attach outer
ip link set dev outer xdpdrv off
ip link set dev outer xdpgeneric off 2>/dev/null
tc qdisc delete dev outer clsact
check "what the manual says to do on a console opens it" not has_xdp outer
check "status says that nothing is filtered" says 1 'not-running' run status outer
check "attach is enough then" says 0 'outer: filtering' run attach outer --role av-edge
run detach outer >/dev/null

attach
ip link set dev outer xdp off
check "XDP gone: update says to attach again" says 1 'outer is not filtered.*attach it again' run update outer
run detach outer >/dev/null
finish
