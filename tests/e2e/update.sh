#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What changing a policy promises at the command line: what is not named stays, a mistake changes nothing, a trial ends
# by itself, commands queue, and drift is told. In a network and a mount namespace of its own, with its own bpffs.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_far

# in_force FILTER   the to-role hook's status satisfies it.
in_force() { answers ".[0] | $1" run status outer --json; }
generation() { run status outer --json | jq '.[0].generation'; }

# verdict pass|drop TRANSPORT SRC DST:PORT   what the kernel says of a packet.
verdict() {
    local expected=$1
    shift
    answers ".verdict == \"$expected\"" run explain outer "$@" --json
}

# What must be as before, but for a trial's time, which passes.
state() { run status outer --json | jq -c '.[0] | [.generation, .digest, .trial != null]'; }

# changes_nothing CODE PATTERN command…   It fails so, and generation and digest are as before.
changes_nothing() {
    local before
    before=$(state)
    says "$@" && is "$(state)" "$before"
}

cat >site.yaml <<'END'
site: test
groups:
  next-hop: [192.0.2.10]
rows:
  - {id: ssh, from: 198.51.100.9, source-port: any, to: self, port: 22, transport: tcp}
END

# --- What stays, and what is replaced ------------------------------------------------------------------------------

check "nothing to update where nothing is attached" says 1 'attach first' run update outer --audit
check "attach" says 0 'filtering as access-edge' run attach outer --role access-edge --site site.yaml \
    --without federation --set pool=192.0.2.20
check "an update that names nothing reads the same again" says 0 'generation 2' run update outer
check "and the policy is the same" in_force '.role == "access-edge" and .generation == 2'
check "the site's row is open" verdict pass tcp 198.51.100.9 198.51.100.1:22
digest=$(run status outer --json | jq -r '.[0].digest')
check "a role is replaced" says 0 'as av-edge' run update outer --role av-edge
check "what was not named stays: the site" verdict pass tcp 198.51.100.9 198.51.100.1:22
check "the new role's port is open" verdict pass udp 203.0.113.7 198.51.100.1:3478
check "rollback returns to the role before" says 0 'generation 2 \(access-edge\)' run rollback outer
check "with the very same policy" in_force ".digest == \"$digest\""
check "there is no second step back" changes_nothing 1 'nothing to return to' run rollback outer
sed -i 's/198.51.100.9/198.51.100.8/' site.yaml
check "files are read anew" says 0 'generation' run update outer
check "and what they say now is in force" verdict pass tcp 198.51.100.8 198.51.100.1:22
check "and what they said before no more" verdict drop tcp 198.51.100.9 198.51.100.1:22
check "from another directory the files are found as well" says 0 'generation' bash -c "cd / && '$LYNCXDP' update outer"
check "an empty value takes the site away" says 0 'generation' run update outer --site ''
check "and its rows" verdict drop tcp 198.51.100.8 198.51.100.1:22
check "an empty list clears" says 0 'generation' run update outer --without ''
check "egress is changed in place" says 0 'egress enforce' run update outer --egress enforce
check "and told" in_force '.egress == "enforce"'
check "egress off takes the hook away" says 0 'generation' run update outer --egress off
check "of which status speaks no more" answers 'length == 1' run status outer --json
check "and it comes back" says 0 'egress track' run update outer --egress track
check "as it was" answers 'length == 2 and all(.[]; .state == "filtering")' run status outer --json

# --- What an update cannot do, and mistakes ------------------------------------------------------------------------

check "the mode is said to need attaching" changes_nothing 2 'detach, then attach with --mode generic' \
    run update outer --mode generic
check "so is the flow table" changes_nothing 2 'detach, then attach with --flows' run update outer --flows 1024
check "a role that is none" changes_nothing 2 'no role' run update outer --role av-egde
check "a site that is not there" changes_nothing 3 'nowhere.yaml' run update outer --site nowhere.yaml
printf 'site: half\nrows:\n  - {id: ssh, from: any, source-po' >half.yaml
check "a file that is half written" changes_nothing 3 'half.yaml:4' run update outer --site half.yaml
check "two interfaces" changes_nothing 2 'one interface' run update outer far
check "an option of an other verb" changes_nothing 2 'no option --json' run update outer --json
for time in 0 86401 ten -5 ''; do
    check "a trial of '$time' seconds" changes_nothing 2 'no time for a trial|needs an argument' \
        run update outer --try="$time"
done
check "without root" changes_nothing 1 'root' setpriv --reuid=65534 --regid=65534 --clear-groups \
    --bounding-set=-all "$LYNCXDP" update outer
mkdir /run/lyncxdp
exec 9>"/run/lyncxdp/$(stat -Lc %i /proc/self/ns/net)-$(cat /sys/class/net/outer/ifindex).lock"
flock 9
check "while another command is at work" changes_nothing 4 'another lyncxdp command' run update outer
exec 9>&-

# --- A candidate beside the policy -----------------------------------------------------------------------------------

# candidate HOOK FILTER   what the counters of a hook tell of the candidate satisfies it.
candidate() { answers ".[] | select(.hook == \"$1\") | .shadow | $2" run counters outer --json; }

# datagrams N PORT   that the role sends, from that port and to it.
datagrams() {
    local i
    for ((i = 0; i < $1; i++)); do
        echo | socat -u - "UDP4-SENDTO:198.51.100.2:$2,sourceport=$2" || return
    done
}

ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev outer
check "attach for the candidate" says 0 'generation' run update outer --role av-edge --egress enforce --site site.yaml
before=$(generation)
check "nobody is a candidate" in_force '.shadow == null'
check "and the counters tell of none" candidate to-role '. == null'
check "promote has nothing to put in force" changes_nothing 1 'no candidate' run promote outer
check "a candidate cannot be tried" changes_nothing 2 'none of --try, --force and --watch' \
    run update outer --shadow --try 30
check "a candidate is loaded" says 0 'is a candidate: .*access-edge' run update outer --shadow --role access-edge
check "and nothing else is in force for that" in_force ".generation == $before and .role == \"av-edge\""
check "status tells what it is" in_force ".shadow.role == \"access-edge\" and .shadow.generation == $((before + 1))"
check "and says so" says 0 'is a candidate on outer' run status outer
check "what the role sends is judged by both" datagrams 3 3478
check "and what the candidate would drop is counted, by port, reason and row" candidate from-role \
    '.newly_dropped | length == 1 and .[0].transport == "udp" and .[0].port == "3478" and .[0].reason == "no-row" and
     (.[0].row | test("stun")) and .[0].packets == 3'
check "what it would pass is none of it" candidate from-role '.newly_passed == []'
check "in text as well" says 0 'would newly drop:' run counters outer
check "another candidate begins anew" says 0 'is a candidate' run update outer --shadow --role av-edge
check "from zero" candidate from-role '.packets == 0 and .newly_dropped == []'
check "rollback discards it" says 0 'stays in force; the candidate is discarded' run rollback outer
check "and it is gone" in_force ".shadow == null and .generation == $before"
check "with what it counted" candidate from-role '. == null'
check "a candidate is loaded again" says 0 'candidate' run update outer --shadow --role access-edge
check "an update beside it changes what is in force" says 0 'generation' run update outer --audit
check "and keeps the candidate" in_force '.shadow.role == "access-edge" and .audit'
check "promote waits for a trial to end" says 0 'generation' run update outer --no-audit --try 600
check "so that what it falls back to is sure" changes_nothing 1 'trial is pending' run promote outer
check "the trial ends" says 0 'again' run rollback outer
check "with the candidate still there" in_force '.shadow.role == "access-edge"'
check "promote spares the session" changes_nothing 1 'would cut your SSH session' \
    env SSH_CONNECTION="203.0.113.9 50000 198.51.100.1 22" "$LYNCXDP" promote outer
check "promote puts it in force" says 0 'access-edge.* is in force now' run promote outer
check "as it was loaded" in_force '.role == "access-edge" and .shadow == null'
check "rollback returns to what it replaced" says 0 'in force again' run rollback outer
check "and that is the policy of before" in_force '.role == "av-edge"'
check "detach takes a candidate along" says 0 'candidate' run update outer --shadow --role access-edge
check "with its pins" bash -c "'$LYNCXDP' detach outer && [ ! -e /sys/fs/bpf/lyncxdp ]"
check "a new attachment has none" says 0 'filtering' run attach outer --role av-edge --egress off --site site.yaml
check "a candidate for a hook that is not there" changes_nothing 2 'not looked at' \
    run update outer --shadow --egress track
check "one without it" says 0 'candidate' run update outer --shadow --role access-edge
check "is discarded like any" says 0 'discarded' run rollback outer
check "and the hook comes back" says 0 'egress track' run update outer --egress track

# --- Audit and trials ------------------------------------------------------------------------------------------------

check "audit is an update" says 0 'audit: nothing is dropped' run update outer --audit
check "status warns of it" says 0 'warning: .*audit mode' run status outer
check "and tells it in JSON" in_force '.audit'
check "audit stays when something else is named" says 0 'audit' run update outer --role av-edge
check "explain tells that it passes all the same" says 0 'audit +on: it passes' run explain outer tcp 203.0.113.7 \
    198.51.100.1:3389
check "the guard lets audit through" says 0 'audit' env SSH_CONNECTION="198.51.100.9 50000 198.51.100.1 22" \
    "$LYNCXDP" update outer
check "audit ends by an update" says 0 'generation' run update outer --no-audit
check "nothing is to be confirmed" changes_nothing 1 'no trial' run confirm outer
before=$(generation)
check "a trial" says 0 'on trial for 600 s' run update outer --role webconf-edge --try 600
check "status tells it" says 0 'warning: .*on trial.*falls back in [0-9]+ s' run status outer
check "and the seconds left" in_force '.trial.seconds_left > 500 and .role == "webconf-edge"'
check "rollback ends it" says 0 "generation $before " run rollback outer
check "and no trial is left" in_force '.trial == null and .fallback == false'
run update outer --role webconf-edge --try 600 >/dev/null
check "confirm keeps it" says 0 'confirmed' run confirm outer
check "as what is in force" in_force '.trial == null and .role == "webconf-edge"'
run update outer --role av-edge --try 1 >/dev/null
run update outer --role av-edge >/dev/null
check "an update without a trial ends the trial" in_force '.trial == null and .role == "av-edge"'
stands=$(generation)
run update outer --role webconf-edge --try 1 >/dev/null
check "a trial that nobody confirms falls back" until_true 60 in_force ".fallback and .generation == $stands and .role == \"av-edge\""
check "status warns of it" says 0 'warning: .*run out unconfirmed' run status outer
check "it is too late to confirm it" says 1 'too late' run confirm outer
check "and what it fell back to is the policy" in_force ".fallback == false and .generation == $stands"

# --- The SSH session --------------------------------------------------------------------------------------------------

session="198.51.100.9 50000 198.51.100.1 22"
check "an update that would cut this session is refused" changes_nothing 1 'would cut your SSH session' \
    env SSH_CONNECTION="$session" "$LYNCXDP" update outer
check "unless it is forced" says 0 'as --force says' env SSH_CONNECTION="$session" "$LYNCXDP" update outer --force
check "or on trial" says 0 'until the trial ends in 600 s' env SSH_CONNECTION="$session" "$LYNCXDP" update outer --try 600
run rollback outer >/dev/null

# --- Many at once -----------------------------------------------------------------------------------------------------

run update outer --role access-edge >/dev/null
before=$(generation)
for i in $(seq 20); do
    "$LYNCXDP" update outer --set "name$i=192.0.2.$i" >"many.$i" 2>&1 &
    updates[i]=$!
done
failed=0
for i in $(seq 20); do wait "${updates[i]}" || { failed=$((failed + 1)); cat "many.$i"; }; done
check "twenty updates at once queue or say that they cannot" [ "$failed" -eq "$(grep -l 'another lyncxdp' many.* | wc -l)" ]
check "and some succeeded" [ "$failed" -lt 20 ]
check "each that succeeded took its turn" [ $((before + 20 - failed)) -eq "$(generation)" ]
# words SLOT   what asked for the policy in an image slot.
words() {
    local bytes
    bytes=$(bpftool -j map lookup pinned /sys/fs/bpf/lyncxdp/*/publications key "$1" 0 0 0 |
        jq -j '.value | map("\\x" + ltrimstr("0x")) | join("")')
    printf '%b' "$bytes" | tr '\0' '\n'
}
kept=$(for slot in 0 1 2 3; do words $slot | grep -ac '^--set=name'; done | sort -n | tail -1)
check "and none was lost" [ "$kept" -eq $((20 - failed)) ]

# --- Drift ------------------------------------------------------------------------------------------------------------

pins=$(echo /sys/fs/bpf/lyncxdp/*)
metadata=$(bpftool -j map lookup pinned "$pins/metadata" key 0 0 0 0 | jq -r '.value | map(ltrimstr("0x")) | join(" ")')
other=$(awk '{$5 = "63"; print}' <<<"$metadata")
# shellcheck disable=SC2086 # bytes, one a word
bpftool map update pinned "$pins/metadata" key 0 0 0 0 value hex $other
check "an attachment of another version is not touched" says 1 'incompatible lyncxdp \(ABI 99' run update outer
check "and status says so" says 1 'incompatible lyncxdp' run status outer
# shellcheck disable=SC2086
bpftool map update pinned "$pins/metadata" key 0 0 0 0 value hex $metadata
check "as it was, it can be read again" says 0 'filtering' run status outer
ip link set dev outer xdp off
check "a program that is gone is told" says 1 'not filtered' run status outer
check "and there is nothing to update" says 1 'not filtered' run update outer
check "detach tidies up" says 0 'no longer' run detach outer
run attach outer --role av-edge >/dev/null
rm -r /sys/fs/bpf/lyncxdp
check "pins that are gone are told" says 1 'pins are lost' run status outer
check "there is nothing to start an update from" says 1 'attach first|pins are lost' run update outer
check "the old policy is in force" says 0 xdp ip link show dev outer
check "detach takes it off" says 0 'no longer' run detach outer
check "and nothing is left" eval 'says_no 0 xdp ip link show dev outer && [ ! -e /sys/fs/bpf/lyncxdp ] &&
    [ ! -e /run/lyncxdp ]'

finish
