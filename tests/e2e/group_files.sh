#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Groups that a site reads from lists: every verb reads them, a mistake is told where it stands in the list, and a list
# that is broken or gone changes nothing that is in force, whoever asks.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)

watcher=
# shellcheck disable=SC2086
trap 'kill $watcher 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_far

mkdir site lists
cat >site/site.yaml <<'END'
self: {access-edge: 198.51.100.1}
groups:
  partners: {file: ../lists/partners.txt}
rows:
  - {id: from-partners, from: partners, to: self, port: 7000, transport: tcp}
END
printf 'interfaces:\n  outer: {role: access-edge, site: site/site.yaml, set: {next-hop: 192.0.2.10}}\n' >state.yaml
list() { printf '%s\n' "$@" >lists/partners.txt; }
offline() { run "$@" --role access-edge --site site/site.yaml --set next-hop=192.0.2.10; }
# judged PASS|DROP SOURCE   what the kernel says of a connection to the role.
judged() { answers ".verdict == \"$1\"" run explain outer tcp "$2" 198.51.100.1:7000 --json; }
generation() { run status outer --json | jq '.[0].generation'; }

# --- Every verb reads it ------------------------------------------------------------------------------------------------

list '# partners' '203.0.113.0/25   # an office' '' 2001:db8:7::/48
check "check reads it" run check site/site.yaml
check "show has its addresses" answers '.[] | select(.id == "site/from-partners") | .source_addresses | length == 2' \
    run show access-edge --site site/site.yaml --set next-hop=192.0.2.10 --json
check "explain --role lets a partner in" says 0 'site/from-partners' \
    offline explain tcp 203.0.113.7 198.51.100.1:7000
check "and nobody else" says 0 'no-row' offline explain tcp 203.0.113.200 198.51.100.1:7000
check "apply attaches with it" run apply -f state.yaml
check "a partner may come in" judged pass 203.0.113.7
check "nobody else may" judged drop 203.0.113.200
list 203.0.113.128/25
check "diff says that the files have changed" says 0 'the files have changed since' run diff outer
check "the words that are kept read it again" run update outer
check "the new partner may come in" judged pass 203.0.113.200
check "the old one no longer" judged drop 203.0.113.7

# --- Mistakes -----------------------------------------------------------------------------------------------------------

before=$(generation)
# refused WHAT PATTERN   said by every verb, which ends with exit code 3 and leaves everything as it is.
refused() {
    check "check: $1" says 3 "$2" run check site/site.yaml
    check "explain: $1" says 3 "$2" offline explain tcp 203.0.113.7 198.51.100.1:7000
    check "diff: $1" says 3 "$2" run diff outer
    check "update: $1" says 3 "$2" run update outer
    check "apply: $1" says 3 "$2" run apply -f state.yaml
    check "what is in force stays: $1" [ "$(generation)" -eq "$before" ]
    check "and lets in who it let in: $1" judged pass 203.0.113.200
}
list 203.0.113.1 '  partner.example' 203.0.113.2/24
refused "a broken list" 'lists/partners.txt:2:3: error: .*not an IPv4 or IPv6 address'
check "with the line and a caret" says 3 '^ *\^$' run update outer
check "and the other mistake too" says 3 'lists/partners.txt:3:1: error: .*203.0.113.0/24' run update outer
: >lists/partners.txt
refused "an empty list" 'lists/partners.txt: error: no address is in the list'
rm lists/partners.txt
refused "a list that is gone" "site.yaml:3:20: error: '../lists/partners.txt' cannot be read: No such file"
mkdir lists/partners.txt
refused "a list that is a directory" "site.yaml:3:20: error: .*it is a directory"
rmdir lists/partners.txt

# --- Of when it is ------------------------------------------------------------------------------------------------------

old='the list of the group .partners. is of 2026-01-15, [0-9]+ days old'
list '# date: 2026-01-15' 203.0.113.128/25
touch -d '2 days ago' lists/partners.txt
check "check warns of an old list" says 0 "site.yaml:3:3: warning: $old" run check site/site.yaml
check "check of a declaration, too" says 0 "$old" run check state.yaml
check "update warns of it" says 0 "$old" run update outer
check "status as well" says 0 "outer: $old" run status outer
check "and in JSON it has its day" answers '.[0].lists == [{"group": "partners", "date": "2026-01-15"}]' run status outer --json
age() { run exporter --textfile - | sed -n 's/^lyncxdp_group_age_seconds{interface="outer",hook="to-role",group="partners"} //p'; }
check "the metric is its age" is "$((($(date +%s) - $(age)) / 86400 * 86400))" "$(date -ud 2026-01-15 +%s)"
before=$(generation)
check "nothing to do is nothing done" run apply -f state.yaml
check "so the generation stays" is "$(generation)" "$before"
list "# date: $(date -u +%F)" 203.0.113.128/25
check "looked at again, it is in force anew" run apply -f state.yaml
check "though its addresses are the same" is "$(generation)" "$((before + 1))"
check "and nobody warns" says_no 0 'days old' run status outer
list 203.0.113.128/25
touch -d '100 days ago' lists/partners.txt
check "without a date the day of its file counts" says 0 '100 days old' run check site/site.yaml
list '# date: yesterday' 203.0.113.128/25
check "a date that is none is said" says 0 "lists/partners.txt:1:1: warning: no date can be read" run check site/site.yaml

# --- Watching it --------------------------------------------------------------------------------------------------------

list 203.0.113.128/25
marked=0
"$LYNCXDP" update outer --watch >log 2>&1 &
watcher=$!
mark() { marked=$(wc -l <log); }
said() { tail -n "+$((marked + 1))" log | grep -E -e "$1"; }
told() { until_true 60 said "$1"; }
follows() { until_true 60 judged pass "$1"; }
check "the list is watched beside the site" told 'watching [0-9]+ files'
list 203.0.113.9
check "a list that is written over" follows 203.0.113.9
mark
rm lists/partners.txt
check "a list that is deleted changes nothing" told 'the policy in force stays'
check "as it was" judged pass 203.0.113.9
list 203.0.113.10
check "and is read when it comes back" follows 203.0.113.10
mark
list 203.0.113.11 nobody
check "a broken one is told" told 'partners.txt:2:1: error'
check "and the policy in force stays" told 'the policy in force stays'
list 203.0.113.11
check "mended, it is in force" follows 203.0.113.11
mark
sed -i 's/partners.txt/others.txt/' site/site.yaml
check "a site that names a list that is not there yet changes nothing" told 'the policy in force stays'
echo 203.0.113.12 >lists/others.txt
check "until it is there" follows 203.0.113.12
kill $watcher
reap $watcher
watcher=
run detach outer >/dev/null

finish
