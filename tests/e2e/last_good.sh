#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What applied well last is kept, and stands in at the next start for what is broken or cannot be read by then; what can
# get neither, and is to fail closed, passes nothing but what must and its management rows. Whatever happens to the disk
# that it is kept on, what is declared is filtered.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_folder
cd "$work" || exit 1
own_ground
outer_and_far_host
in_far ip addr add 198.51.100.8/24 dev far
mkdir site include
kept=/var/lib/lyncxdp/last-good

# shellcheck disable=SC2120 # check calls it, with arguments
boot() { run apply -f "$work/lyncxdp.yaml" --each "$@"; }
# off   as a restart leaves it: nothing is attached, and nothing remembered but what is on the disk.
off() { run detach --all >/dev/null 2>&1; rm -rf /run/lyncxdp; }
# state FILTER   what status says in JSON, whatever its exit code, satisfies it.
state() {
    local said
    said=$(run status --json 2>/dev/null)
    echo "$said"
    jq -e "$1" <<<"$said"
}
origin() { state "length == 2 and all(.[]; .last_good == $1 and .closed == $2 and .state == \"filtering\")"; }
digest() { run status outer --json 2>/dev/null | jq -r '.[0].digest'; }
# The file as it should be, with all that it may name: a group's list, and what sites and policies include.
sound() {
    rm -rf site.yaml partners.txt shared.yaml own.yaml base.yaml
    cat >lyncxdp.yaml <<'END'
interfaces:
  outer:
    role: [av-edge, mine]
    site: site.yaml
    policy: own.yaml
    set: {admins: 198.51.100.9, self: 198.51.100.1}
END
    printf 'site: test\ninclude: shared\ngroups: {partners: {file: partners.txt}}\nrows: [{id: sip, from: partners, to: self, transport: tcp, port: 5061}]\n' >site.yaml
    echo '198.51.100.9 # the partner' >partners.txt
    printf 'rows: [{id: web, from: 198.51.100.9, to: self, transport: tcp, port: 8443}]\n' >shared.yaml
    printf 'edition: mine\ninclude: ./base.yaml\nroles: {mine: {external: [{id: own, from: any, to: self, transport: tcp, port: 7443}]}}\n' >own.yaml
    printf 'edition: base\nroles: {other: {external: [{id: never, from: any, to: self, transport: tcp, port: 1}]}}\n' >base.yaml
}
on_failure() { printf '    on-failure: closed\n    management: [{id: ssh, from: admins, to: self, transport: tcp, port: 22}]\n' >>lyncxdp.yaml; }

# --- Kept ------------------------------------------------------------------------------------------------------------

sound
check "what is applied is kept" says 0 'outer: filtering' run apply -f lyncxdp.yaml
file=$(find $kept -type f)
check "in one file" [ -f "$file" ]
check "which is root's alone" is "$(stat -c %a $kept "$(dirname "$file")" "$file" | tr '\n' ' ')" '700 700 600 '
for text in lyncxdp.yaml site.yaml partners.txt shared.yaml own.yaml base.yaml; do
    check "$text is in it" grep -qF "$(tail -1 $text)" "$file"
done
check "and so are the tables of the edition" grep -q 'stun-udp-in' "$file"
well=$(digest)
before=$(stat -c %i "$file")
run apply -f lyncxdp.yaml >/dev/null 2>&1
check "it is written anew only when it changes" is "$(stat -c %i "$file")" "$before"
check "status says that what is declared is in force" origin false false
off
check "at a start it is what is declared that is put in force" says 0 'outer: filtering' boot
check "and nothing else" origin false false

# --- By hand ---------------------------------------------------------------------------------------------------------

echo 'self: {av-edge: 198.51.100.' >>site.yaml
check "by hand a broken file is refused" says 3 'site.yaml:6:1: error: not YAML' run apply -f lyncxdp.yaml
check "and what is in force goes on" says 3 'what is in force goes on' run apply -f lyncxdp.yaml
check "as it was" is "$(digest)" "$well"
check "and so it is when each is taken by itself, while it is filtered" says 3 'outer goes on with what is in force' boot
check "as it was" origin false false

# --- Each way to break -----------------------------------------------------------------------------------------------

# stands_in PROMISE   After a start the interface is filtered as it was.
stands_in() {
    off
    check "$1: what applied well last stands in, aloud" says 3 'it gets what applied well last' boot
    check "$1: it is the same to the last address" is "$(digest)" "$well"
    check "$1: and status says so" origin true false
}
stands_in "a site that is broken"
check "status warns of it" says 0 'outer is filtered by what applied well last' run status
check "a plan says it as well" says 3 'it gets what applied well last|goes on with' boot --dry-run
check "a second start leaves it" says 3 'goes on with what is in force' boot
check "and leaves it as it is" origin true false
sound
check "what was mended takes its place" says 0 'outer: update: it is filtered for want of what is declared' boot
check "and is what is declared again" origin false false
for text in site.yaml partners.txt shared.yaml own.yaml base.yaml; do
    sound
    rm $text
    stands_in "$text that is gone"
done
sound
rm site.yaml && mkdir site.yaml
stands_in "a site that cannot be read"
sound
sed -i 's/role: /rolle: /' lyncxdp.yaml
stands_in "a mistake in the declaration of the interface"
sound
echo 'interfaces: [' >lyncxdp.yaml
stands_in "a declaration that is no YAML"
rm lyncxdp.yaml && mkdir lyncxdp.yaml
off
check "a declaration that is no file at all is not of the kind that was kept" says 3 'cannot be read' boot
rmdir lyncxdp.yaml
sound
export LYNCXDP_POLICIES=$work/nothing
stands_in "tables that are gone"
unset LYNCXDP_POLICIES
for text in *.yaml *.txt; do echo 'nothing: {' >"$text"; done
stands_in "everything at once"
find . $kept -exec touch -d @0 {} +
stands_in "files from before the clock was set"
find . $kept -exec touch -d 2199-01-01 {} +
stands_in "files from the future"
off
from_elsewhere() { (cd / && boot); }
check "from another directory" says 3 'it gets what applied well last' from_elsewhere
check "it is the same as well" is "$(digest)" "$well"
# A list that was not kept, and is there: of today's files none may slip in.
sound
off
boot >/dev/null 2>&1
off
file=$(find $kept -type f)
sed -i 's#/partners.txt$#/partners.old#' "$file"
echo 'nothing: {' >lyncxdp.yaml
check "what was not kept is not taken from today's files" says 3 "'partners.txt' cannot be read: it was not kept" boot
check "and nothing is put in force" state 'all(.[]; .state == "not-attached")'
sound
boot >/dev/null 2>&1
off
rm lyncxdp.yaml
check "a declaration that is no more declares nothing" says 3 'cannot be read: No such file' boot
check "so that nothing is filtered" state 'all(.[]; .state == "not-attached")'

# --- What is not declared any more -----------------------------------------------------------------------------------

sound
boot >/dev/null 2>&1
printf 'interfaces: {}\n' >lyncxdp.yaml
boot >/dev/null 2>&1
check "what is declared no longer is kept no longer" prints_nothing find $kept -type f
sound
boot >/dev/null 2>&1
cp lyncxdp.yaml elsewhere.yaml
run apply -f elsewhere.yaml >/dev/null 2>&1
check "another declaration is kept by itself" is "$(find $kept -type f | wc -l)" 2
rm elsewhere.yaml
run apply -f lyncxdp.yaml >/dev/null 2>&1
check "until it is no more" is "$(find $kept -type f | wc -l)" 1

# --- The disk that it is kept on -------------------------------------------------------------------------------------

off
rm -rf /var/lib/lyncxdp
mkdir /var/lib/lyncxdp
mount -t tmpfs -o ro full /var/lib/lyncxdp
check "read-only: what is declared is filtered" says 0 'outer: filtering' boot
check "with a warning" says 0 'cannot be kept in .*: Read-only file system' boot
off
umount /var/lib/lyncxdp
mount -t tmpfs -o size=64k full /var/lib/lyncxdp
dd if=/dev/zero of=/var/lib/lyncxdp/fill bs=4k 2>/dev/null
check "full: what is declared is filtered" says 0 'outer: filtering' boot
check "with a warning" says 0 'cannot be kept in .*: No space left' boot
check "and nothing half is left" prints_nothing find /var/lib/lyncxdp -type f -size -8k
rm /var/lib/lyncxdp/fill
mkdir -p /var/lib/lyncxdp/last-good
off
umount /var/lib/lyncxdp
rm -rf /var/lib/lyncxdp
: >/var/lib/lyncxdp
check "no directory: what is declared is filtered" says 0 'cannot be kept in .*: Not a directory' boot
rm /var/lib/lyncxdp
off
check "an empty state: what is declared is filtered and kept" says 0 'outer: filtering' boot
file=$(find $kept -type f)

# --- Neither ---------------------------------------------------------------------------------------------------------

damage() { truncate -s -1 "$file"; }
echo 'nothing' >site.yaml
off
damage
check "what was kept and is damaged is told" says 3 'its file is damaged' boot
check "an interface that has neither, and may fail open, is left" state 'all(.[]; .state == "not-attached")'
sound
on_failure
check "one that is to fail closed has its policy while there is one" says 0 'outer: filtering' boot
check "and all is well" origin false false
sed -i 's/from: admins/from: amdins/' lyncxdp.yaml
check "its management rows are looked at before they are needed" says 3 "management/ssh needs the group 'amdins'" run apply -f lyncxdp.yaml
sound
on_failure
boot >/dev/null 2>&1
echo 'nothing' >site.yaml
stands_in_closed() {
    off
    check "$1: it is closed, aloud" says 3 'IT IS CLOSED' boot
    check "$1: and status says so" origin false true
}
damage
stands_in_closed "with neither"
check "which is a failure" says 1 'outer IS CLOSED' run status
check "of its role nothing is left" state 'all(.[]; .role == "closed")'
start_exporter
check "it is trouble" says 22 'outer is closed: neither' get healthz
get metrics >scraped
check "and a metric" grep -qxF 'lyncxdp_closed{interface="outer",hook="to-role"} 1' scraped
check "not the other one" grep -qxF 'lyncxdp_last_good{interface="outer",hook="to-role"} 0' scraped
check "which Prometheus accepts" promtool check metrics <scraped
stop_exporter

# What comes through. `answered ADDRESS PORT`: a listener there answers the far host at that address of its own.
for port in 22 8443 7443; do
    socat TCP-LISTEN:$port,bind=198.51.100.1,reuseaddr,fork EXEC:'echo open' &
    started="$started $!"
done
answered() { [ "$(in_far socat -T5 -,ignoreeof "TCP:198.51.100.1:$2,bind=$1,connect-timeout=3" </dev/null)" = open ]; }
in_far_silent() { says 1 "100% packet loss" in_far ping -c 1 -W 2 198.51.100.1; }
refused() { ! answered "$@"; }
in_far ip neigh flush dev far
ip neigh flush dev outer
check "its management row is open, neighbours are found" until_true 30 answered 198.51.100.9 22
check "to nobody but those it names" refused 198.51.100.8 22
check "what its site opened is not" refused 198.51.100.9 8443
check "nor what its policy did" refused 198.51.100.9 7443
check "it answers no ping" in_far_silent
check "it sends nothing of its own accord" bash -c '! timeout 5 bash -c "exec 3<>/dev/tcp/198.51.100.9/80" 2>said; ! grep -q refused said'
check "DHCP passes" answers '.verdict == "pass"' run explain outer udp 198.51.100.8:67 198.51.100.1:68 --json
check "what is not declared is not opened" answers '.verdict == "drop"' run explain outer udp 198.51.100.8 198.51.100.1:3478 --json
sound
on_failure
boot >/dev/null 2>&1
check "mended, it is what is declared" origin false false
check "and open again" until_true 30 answered 198.51.100.9 8443
file=$(find $kept -type f)
sed -i 's/role: /rolle: /; s/from: admins/from: amdins/' lyncxdp.yaml
printf 'nothing' >own.yaml
# What was kept is whole, and names a role that the tables have no more: only its management rows are of use.
sed -i 's/^    role: \[av-edge, mine\]/    role: [av-egde, mine]/' "$file"
stands_in_closed "with a declaration that is broken"
check "by the rows of the one that was not" until_true 30 answered 198.51.100.9 22

# --- One interface ---------------------------------------------------------------------------------------------------

sound
off
ip link add late type veth peer name far-late
printf '  late: {role: av-edge}\n' >>lyncxdp.yaml
check "one alone is brought up" says 0 'late: filtering' boot --only late
check "and no other" state 'all(.[]; .interface == "late" or .state == "not-attached")'
check "it is kept" test -f "$(dirname "$file")/late"
check "the others are still kept" test -f "$(dirname "$file")/outer"
check "again, nothing is done" says 0 'late: unchanged' boot --only late
check "one that is not declared is none of its business" prints_nothing boot --only far-late
check "it goes with --each" says 2 'only goes with --each' run apply -f lyncxdp.yaml --only late
echo 'interfaces: [' >lyncxdp.yaml
off
check "with a declaration that is broken, what applied well last" says 3 'late: filtering' boot --only late
check "also for it alone" state 'length == 2 and all(.[]; .interface == "late" and .last_good)'

# --- One VLAN of a trunk -----------------------------------------------------------------------------------------------

sound
off
sed -i 's/^  outer:/  outer@10:/' lyncxdp.yaml
on_failure
boot >/dev/null 2>&1
rm site.yaml
off
check "a VLAN of a trunk has its own to fall back on" says 3 'outer@10: filtering' boot
check "which is of that VLAN" state 'length == 2 and all(.[]; .vlan == 10 and .last_good)'
off
truncate -s -1 "$(dirname "$file")/outer@10"
check "and is closed by itself" says 3 'outer@10: filtering as closed' boot
check "for that VLAN alone" state 'length == 2 and all(.[]; .vlan == 10 and .closed)'
off
finish
