#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What update --watch promises: it follows its files however they are written, keeps the policy in force on any mistake,
# and says what it did. In a network and a mount namespace of its own, with its own bpffs.

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

# A policy that includes a file in another directory, and a site.
mkdir rules
more() {
    printf 'edition: more\nroles:\n  extra:\n    rows:\n' >rules/more.yaml
    printf '      - {id: extra, from: any, source-port: any, to: self, port: %s, transport: tcp}\n' "$1" >>rules/more.yaml
}
site() { printf 'site: test\nrows:\n  - {id: ssh, from: 198.51.100.%s, source-port: any, to: self, port: 22, transport: tcp}\n' "$1"; }
site 1 >site.yaml

status() { run status outer --json | jq -r ".[0] | $1"; }
generation() { status .generation; }

# soon command…   It comes to hold.
soon() { until_true 60 "$@" || { tail -5 log; return 1; }; }
# judged PASS|DROP SOURCE PORT   what the kernel says of a connection to the role.
judged() { answers ".verdict == \"$1\"" run explain outer tcp "$2" "198.51.100.1:$3" --json; }
# follows SOURCE   ssh is open for this source soon, and for nobody else of the ten.
follows() {
    soon judged pass "198.51.100.$1" 22 && judged drop 198.51.100.99 22
}
# told PATTERN   The watcher says so soon, in what it has said since `mark`.
mark() { marked=$(wc -l <log); }
said() { tail -n "+$((marked + 1))" log | grep -E -e "$1"; }
told() { soon said "$1"; }

run attach outer --role access-edge --site site.yaml --set next-hop=192.0.2.10 >/dev/null
check "not with a trial" says 2 'leave one of them out' run update outer --watch --try 60
check "what is wrong at once ends at once" says 3 'nowhere.yaml' run update outer --watch --site nowhere.yaml
check "and has changed nothing" [ "$(generation)" -eq 1 ]

marked=0
"$LYNCXDP" update outer --role av-edge --watch >log 2>&1 &
watcher=$!
check "it updates and stays" told 'watching [0-9]+ files'
check "as it was told" [ "$(status .role)" = av-edge ]
check "once" [ "$(generation)" -eq 2 ]

# --- However a file is written ----------------------------------------------------------------------------------------

mark
site 2 >site.yaml
check "a file that is written over" follows 2
check "is said, with the time" told '^20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} outer: .*site.yaml has changed'
site 3 >new && mv new site.yaml
check "a file that another is renamed over" follows 3
mkdir elsewhere && site 4 >elsewhere/site.yaml && ln -sf "$work/elsewhere/site.yaml" site.yaml
check "a link in its place" follows 4
site 5 >elsewhere/site.yaml
check "what the link leads to" follows 5
mkdir third && site 6 >third/site.yaml && ln -sfn "$work/third/site.yaml" new && mv -T new site.yaml
check "a link that is turned" follows 6
mark
rm site.yaml
check "a file that is deleted changes nothing" told 'outer: the policy in force stays'
check "which is in force" follows 6
site 7 >site.yaml
check "and is read when it comes back" follows 7
before=$(generation)
mark
touch site.yaml
check "what says the same makes no generation" told 'nothing differs'
check "none at all" [ "$(generation)" -eq "$before" ]

# --- Mistakes ---------------------------------------------------------------------------------------------------------

mark
printf 'site: test\nrows:\n  - {id: ssh, fr' >site.yaml
check "a broken file is told, with line and column" told 'site.yaml:[0-9]+:[0-9]+: error'
check "and the policy in force stays" told 'the policy in force stays'
check "as it is" [ "$(generation)" -eq "$before" ]
site 8 >site.yaml
check "mended, it is in force" follows 8

# --- Beside other commands ---------------------------------------------------------------------------------------------

run update outer --role webconf-edge >/dev/null
site 9 >site.yaml
check "what others change" follows 9
check "stays changed" [ "$(status .role)" = webconf-edge ]
run update outer --audit --try 600 >/dev/null
mark
site 10 >site.yaml
check "while a trial is pending it waits" told 'a trial is pending'
check "and leaves it so" [ "$(status '.trial != null')" = true ]
run rollback outer >/dev/null
check "and reads when it is over" follows 10
check "what the trial fell back to" [ "$(status .audit)" = false ]

# --- What files include ------------------------------------------------------------------------------------------------

more 7000
cat >mine.yaml <<'END'
edition: mine
include: [rules/more.yaml]
roles:
  mine:
    includes: [extra]
    rows:
      - {id: own, from: any, source-port: any, to: self, port: 7777, transport: tcp}
END
opens() { soon judged pass 203.0.113.7 "$1"; }
run update outer --role mine --policy mine.yaml >/dev/null
site 11 >site.yaml
check "the next change finds the files of another policy" follows 11
more 7001
check "and what they include is followed" opens 7001
mark
echo 'roles: [' >rules/more.yaml
check "a mistake there is told" told 'more.yaml:[0-9]+:[0-9]+: error'
more 7002
check "and forgotten when it is mended" opens 7002
rm -r rules
mark
check "a directory that is deleted" told 'the policy in force stays'
mkdir rules && more 7003
check "and made again" opens 7003
mkdir new && mv rules/more.yaml new/ && sed -i 's/7003/7004/' new/more.yaml && mv rules old && mv new rules
check "a directory that another is put in the place of" opens 7004

# --- The end -----------------------------------------------------------------------------------------------------------

kill -INT $watcher
reap $watcher
check "SIGINT ends it, and that is no failure" [ $ended -eq 0 ]
check "it says so" grep -q 'no longer watching' log
check "the policy stays in force" opens 7004
: >log
"$LYNCXDP" update outer --watch >>log 2>&1 &
watcher=$!
marked=0
told 'watching' && kill -TERM $watcher
reap $watcher
check "so does SIGTERM" [ $ended -eq 0 ]
: >log
"$LYNCXDP" update outer --watch >>log 2>&1 &
watcher=$!
told 'watching'
run detach outer >/dev/null
mark
more 7005
check "without an attachment it says what is wrong" told 'attach first'
run attach outer --role mine --policy mine.yaml >/dev/null
more 7006
check "and goes on when there is one again" opens 7006
run detach outer >/dev/null
kill $watcher
watcher=
check "nothing is left" bash -c "[ ! -e /sys/fs/bpf/lyncxdp ] && [ ! -e /run/lyncxdp ]"

finish
