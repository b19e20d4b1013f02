#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is declared and what is: at boot each interface is brought up by itself, and whatever is declared and not filtered
# is a failure of status, of the exporter and of its metrics from the first look until it is mended.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_folder
cd "$work" || exit 1

own_ground
mount -t tmpfs etc /mnt && cp -r /etc/. /mnt/ 2>/dev/null
mount --move /mnt /etc
rm -rf /etc/lyncxdp
mkdir /etc/lyncxdp
for name in one two; do
    ip link add "$name" type veth peer name "far-$name"
    ip link set "$name" up
done
# shellcheck disable=SC2120 # check calls it, with arguments
boot() { run apply -f /etc/lyncxdp/lyncxdp.yaml --each "$@"; }
declares() { printf 'interfaces:\n' >/etc/lyncxdp/lyncxdp.yaml && printf '  %s\n' "$@" >>/etc/lyncxdp/lyncxdp.yaml; }

# state FILTER   what status says in JSON, whatever its exit code, satisfies it.
state() {
    local said
    said=$(run status --json)
    echo "$said"
    jq -e "$1" <<<"$said"
}
filtered() { state "[.[] | select(.state == \"filtering\").interface] | unique == ($1 | sort)"; }

# --- Each by itself ------------------------------------------------------------------------------------------------

check "nothing is declared: nothing is wrong" says 0 'nothing is attached' run status
printf 'site: test\n' >/etc/lyncxdp/good.yaml
printf 'site: test\nself: {av-edge: 198.51.100.\n' >/etc/lyncxdp/broken.yaml
declares 'one: {role: av-edge, site: good.yaml}' 'two: {role: av-edge, site: broken.yaml}' \
    'late: {role: av-edge}' 'wrong: {role: av-edge, egress: enfroce}'
check "what the next start will put in force is declared before it" says 1 'one is not filtered: nothing is attached to it' run status
check "by hand it is all or nothing" says 3 "unknown egress mode 'enfroce'" run apply
check "nothing, then" filtered '[]'
check "at boot a mistake, a broken site and a card that is late are told" says 3 'wrong is left as it is' boot
check "each of them" says 3 'two cannot be brought to this state' boot
check "the one that is late as well" says 3 'late cannot be brought to this state' boot
check "and the others are filtered" filtered '["one"]'
check "what is missing is a failure" says 1 'two is not filtered' run status
check "and JSON says it" state '[.[] | select(.state == "not-attached" and .declared and .hook == null).interface] == ["two", "late", "wrong"]'
check "beside what is well" state 'all(.[] | select(.interface == "one"); .declared and .state == "filtering")'
check "of one interface that is well, all is well" says 0 'filtering' run status one
check "of one that is missing, it is not" says 1 'nothing is attached to it' run status two
declares 'one: {role: av-edge}' 'two: {role: av-edge}' 'late: {role: av-edge}'
# A card that comes only when the others are seen to be filtered: they did not wait for it.
(
    until [ "$(run status two --json 2>/dev/null | jq -r '.[0].state')" = filtering ]; do sleep 0.1; done
    ip link add late type veth peer name far-late
) &
check "one that is late is waited for, and nobody waits with it" says 0 'late: filtering' boot --wait 120
check "all are filtered" filtered '["one", "two", "late"]'
check "and all is well" says 0 'filtering' run status
check "again, nothing is done" says 0 'late: unchanged' boot
run detach two >/dev/null
check "what is detached by hand is still declared" says 1 'two is not filtered' run status
check "JSON lists what was done and what was not" says 3 '"action": "failed"' bash -c \
    "sed -i 's/one: {/one: {mode: nativ, /' /etc/lyncxdp/lyncxdp.yaml; '$LYNCXDP' apply --each --json 2>/dev/null"
check "an interface whose declaration got a mistake stays as it is" filtered '["one", "two", "late"]'
check "but the declaration is a failure" says 1 'has mistakes; .lyncxdp check' run status
declares 'one: {role: av-edge}'
check "what is not declared any more is detached" says 0 'two: no longer filtered' boot
check "a dry run tells, waits for nothing and does nothing" says 0 'one: unchanged' boot --dry-run --wait 3600

# --- Where it is declared ------------------------------------------------------------------------------------------

printf 'interfaces: {two: {role: av-edge}}\n' >other.yaml
run apply -f other.yaml >/dev/null
check "the file that was applied last declares" says 0 'two' run status
run detach two >/dev/null
check "also from elsewhere" says 1 "two is not filtered.*$work/other.yaml" bash -c "cd / && '$LYNCXDP' status"
check "where that is is root's alone to read" [ "$(stat -c %a /run/lyncxdp/declared-*)" = 600 ]
rm other.yaml
check "a declaration that cannot be read is a failure" says 1 'other.yaml.* cannot be read: No such file' run status
check "the boot's file is declared again when it is applied" says 0 'one: filtering' boot
check "what is declared here is not declared in another network namespace" says 0 'one' unshare --net "$LYNCXDP" status

# --- The exporter --------------------------------------------------------------------------------------------------

# healthz STATUS PATTERN   the very next answer.
healthz() {
    local status
    status=$(curl -sS --max-time 60 -o body -w '%{http_code}' "${url}healthz")
    echo "status $status, expected $1"
    cat body
    [ "$status" = "$1" ] && grep -qE -e "$2" body
}
# metric LINE   is among the metrics within a while: what was seen is shown for half a second.
metric() {
    local tries=100
    until get metrics >scraped && grep -qxF "$1" scraped; do
        [ $((tries--)) -gt 0 ] || { grep -E 'declar|attached' scraped; return 1; }
        sleep 0.1
    done
}

declares 'one: {role: av-edge}' 'two: {role: av-edge}'
start_exporter
check "a declared interface that is not filtered is trouble at the first question" healthz 503 'nothing is attached to two'
check "the other is none" healthz 503 "^[^1]*two[^1]*$"
check "the metrics tell it" metric 'lyncxdp_attached{interface="two"} 0'
check "beside what is declared" metric 'lyncxdp_declared{interface="two"} 1'
check "and what is well" metric 'lyncxdp_attached{interface="one"} 1'
check "a range that a row names has a series of its own" metric \
    'lyncxdp_port_range_dropped_packets_total{interface="one",hook="to-role",transport="udp",range="50000-59999"} 0'
check "Prometheus accepts it" promtool check metrics <scraped
check "the page says it" says 0 'nothing is attached to two' get state.json
boot >/dev/null
check "mended, all is well" healthz 200 '^ok: 2 attached'
check "and the metrics say so" metric 'lyncxdp_attached{interface="two"} 1'
# It was well at the last question: the next one knows.
gone_at_once() {
    healthz 200 '^ok' && ip link set dev two xdpdrv off && healthz 503 'two is not filtered'
}
check "a program that is taken away is known at the next question" gone_at_once
check "and is told by interface" metric 'lyncxdp_attached{interface="two"} 0'
run detach two >/dev/null
check "it stays trouble when nothing is left of it" healthz 503 'nothing is attached to two'
boot >/dev/null
check "until it is mended" healthz 200 '^ok: 2 attached'
ip link del two
check "a card that goes is trouble" healthz 503 two
run detach --all >/dev/null
check "also when its pins are gone" healthz 503 'nothing is attached to two'
declares 'one: {role: av-edge}'
boot >/dev/null
check "a declaration that changes is noticed" healthz 200 '^ok: 1 attached'
echo 'interfaces: [' >/etc/lyncxdp/lyncxdp.yaml
check "one that is broken is trouble" healthz 503 'lyncxdp.yaml .*has mistakes'
check "and the metrics tell it" metric 'lyncxdp_declaration_readable 0'
rm /etc/lyncxdp/lyncxdp.yaml
check "so is one that is gone" healthz 503 'lyncxdp.yaml.* cannot be read'
declares 'one: {role: av-edge}'
check "until it is there again" healthz 200 '^ok: 1 attached'
stop_exporter

# Interfaces that the exporter is told are all that it tells about, and what is to be filtered.
ip link add two type veth peer name far-two
run attach two --role av-edge >/dev/null
start_exporter two
check "an interface that is named is the only one that is told" healthz 200 '^ok: 1 attached'
get metrics >scraped
check "and has its metrics" grep -q 'interface="two"' scraped
check "nothing of the others is" lacks 'interface="one"' scraped
run detach two >/dev/null
check "and it must be filtered" healthz 503 'nothing is attached to two'
stop_exporter

# --- By which names it may be asked ----------------------------------------------------------------------------------

start_exporter --host metrics.example.org
# asked HOST STATUS
asked() { [ "$(curl -s --max-time 60 -o body -w '%{http_code}' -H "Host: $1" "${url}metrics")" = "$2" ] || { cat body; false; }; }
port=${url##*:}
port=${port%/}
check "by the address that it listens at" asked "127.0.0.1:$port" 200
check "by localhost" asked "localhost:$port" 200
check "by the machine's name" asked "$(hostname):$port" 200
check "by a name that it was told" asked "metrics.example.org:$port" 200
check "not by a stranger's name, which a page of the stranger's would use" asked "evil.example:$port" 421
check "nor by one that begins like its own" asked 'localhost.evil.example' 421
check "nor by another's address" asked 203.0.113.9 421
page_refused() { [ "$(curl -s --max-time 60 -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "$url")" = 421 ]; }
check "the page is no exception" page_refused
stop_exporter
run detach --all >/dev/null

finish
