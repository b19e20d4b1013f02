#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What diff promises: it tells what an update with the same options would newly allow and drop, and what it does not
# tell is not there. Each difference is held against what the kernel says before and after the update itself.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_far

# verdict pass|drop TRANSPORT SRC DST:PORT   what the kernel says of a packet.
verdict() {
    local expected=$1
    shift
    answers ".verdict == \"$expected\"" run explain outer "$@" --json
}
# state   generation and digest of each hook; nothing attached is a state, too.
state() { run status --json | jq -c '[.[] | [.generation, .digest]]'; }

# changes_nothing CODE PATTERN command…   It ends so, and what is in force is as before.
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

check "nothing to compare where nothing is attached" says 1 'nothing is attached' run diff outer
run attach outer --role av-edge --site site.yaml >/dev/null

check "no options: no difference" changes_nothing 0 '^no packet is treated differently$' run diff outer
check "in JSON, too" answers '.same and .allowed == [] and .dropped == [] and .switches == []' run diff outer --json
check "what is asked for already is none" changes_nothing 0 'no packet is treated' run diff outer --role av-edge

# An option that is closed.
check "a closed option is told as what it drops" changes_nothing 0 'newly dropped, on the way to the role' \
    run diff outer --without federation-ocs2007
check "and as nothing that it allows" answers '.allowed == [] and (.dropped | length > 0)' \
    run diff outer --without federation-ocs2007 --json
check "by its ports" answers 'any(.dropped[]; .hook == "to-role" and .destination_port == "50000-59999")' \
    run diff outer --without federation-ocs2007 --json
check "the kernel lets them in still" verdict pass udp 203.0.113.7 198.51.100.1:55555
run update outer --without federation-ocs2007 >/dev/null
check "and after the update not" verdict drop udp 203.0.113.7 198.51.100.1:55555
check "what the update does is no difference any more" says 0 'no packet is treated' \
    run diff outer --without federation-ocs2007
check "an empty value opens it again" answers '.dropped == [] and (.allowed | length > 0)' \
    run diff outer --without '' --json

# A name that is set.
run update outer --role access-edge --side internal --set pool=192.0.2.20 --set next-hop=192.0.2.20 >/dev/null
check "a name with another address is told both ways" answers '(.allowed | length > 0) and (.dropped | length > 0)' \
    run diff outer --set pool=192.0.2.21 --set next-hop=192.0.2.21 --json
check "with the addresses" says 0 '192\.0\.2\.21' run diff outer --set pool=192.0.2.21 --set next-hop=192.0.2.21
check "one more address only allows" answers '.dropped == [] and ([.allowed[] | select(.hook == "to-role") |
    .source_addresses[]] | unique == ["192.0.2.21"])' \
    run diff outer --set pool=192.0.2.20,192.0.2.21 --set next-hop=192.0.2.20,192.0.2.21 --json

# Switches.
check "audit is a switch" answers '.switches == [{switch: "audit", before: "off", after: "on", meaning: .switches[0].meaning}]' \
    run diff outer --audit --json
check "egress as well" says 0 '^egress +track +enforce' run diff outer --egress enforce
run update outer --egress off --audit >/dev/null 2>&1
check "egress that is off is off before" answers '.switches | map([.switch, .before, .after]) == [["audit", "on", "off"],
    ["egress", "off", "track"]]' run diff outer --egress track --no-audit --json

# Another role, and files that changed.
run update outer --role av-edge --side '' --no-audit --egress track >/dev/null
check "another role is told by what it no longer lists" says 0 "newly dropped, on the way to the role" run diff outer --role webconf-edge
sed -i 's/198.51.100.9/198.51.100.8/' site.yaml
check "files that changed since are told" says 0 'warning: the files have changed since generation' run diff outer
check "with no trace" changes_nothing 0 'warning' run diff outer
run update outer >/dev/null
check "and not after an update" says_no 0 'have changed' run diff outer
sed 's/port: 22/port: 23/' site.yaml >other.yaml
check "another site is told both ways" answers '([.allowed[].destination_port] == ["23"]) and
    ([.dropped[].destination_port] == ["22"])' run diff outer --site other.yaml --json

check "a role that is none" changes_nothing 2 'did you mean' run diff outer --role av-egde
check "a site that is not there" changes_nothing 3 'nowhere.yaml' run diff outer --site nowhere.yaml
check "a trial is no matter of diff" changes_nothing 2 'no option --try' run diff outer --try 60
check "two interfaces" changes_nothing 2 'one interface' run diff outer far

finish
