#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the command line promises: the exit codes, a sentence for every failure that names the cause and the way out,
# and no trace of what failed. Everything happens in a network and a mount namespace of its own, with its own bpffs.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

FOREIGN=${FOREIGN:-$tree/build/floor.bpf.o}
work=$(mktemp -d)
chmod 755 "$work"
# Half of it is asked as nobody, who may not even look into the folder that the tree lies in.
mkdir -p "$work/tree/build"
cp "$LYNCXDP" "$work/tree/build/lyncxdp"
cp -r "$tree/policies" "$work/tree/"
chmod -R a+rX "$work/tree"
LYNCXDP=$work/tree/build/lyncxdp
policies=$work/tree/policies
contoso=$policies/sites/contoso.yaml
echoes=

clean_up() {
    # shellcheck disable=SC2086
    kill $echoes 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

# --- The ground --------------------------------------------------------------------------------------------------

own_ground
outer_and_far_host
ip addr add 2001:db8::1/64 dev outer nodad

# --- How it is asked ---------------------------------------------------------------------------------------------

# lyncxdp as nobody.
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$LYNCXDP" "$@"; }

# The kernel's side of an attachment: nothing pinned, no lock, no program on the interface, neither way.
untouched() {
    [ -z "$(find /sys/fs/bpf -mindepth 1 -path '*lyncxdp*' -print -quit)" ] &&
        [ ! -e /run/lyncxdp ] && without_program
}
without_program() { says_no 0 prog/xdp ip -d link show dev outer && says_no 0 clsact tc qdisc show dev outer; }
program_id() { ip -j link show dev outer | jq -r '.[0].xdp.prog.id // .[0].xdp.attached[0].prog.id'; }

# refuses CODE PATTERN command…   As says, and nothing is left behind.
refuses() { says "$@" && untouched; }

# --- Without a verb, and with a wrong one ------------------------------------------------------------------------

check "--help lists the verbs" says 0 'attach .*detach' in_one_line run --help
check "--version names the version" says 0 '^lyncxdp [0-9]' run --version
check "no arguments is a usage error" says 2 'usage:' run
check "a wrong verb is a usage error with a suggestion" says 2 "did you mean 'attach'" run atach
check "an option before the verb is a usage error" says 2 'follow the verb' run --json status
# Every verb that there is, as the source says.
mapfile -t verbs < <(sed -nE 's/^    \{"([a-z]+)", .*/\1/p' "$tree/user/cli/options/usage.c")
check "--help has every verb" is "$(run --help | sed -nE 's/^  ([a-z]+) .*/\1/p')" "$(printf '%s\n' "${verbs[@]}")"
for verb in "${verbs[@]}"; do
    check "$verb --help" says 0 "usage: lyncxdp $verb" run "$verb" --help
    check "$verb --version" says 0 '^lyncxdp [0-9]' run "$verb" --version
    check "$verb with a wrong option is a usage error" says 2 "no option --nonsense" run "$verb" --nonsense
done
check "a wrong option brings a suggestion" says 2 'did you mean --role' run attach outer --rolle av-edge
check "an option without its argument" says 2 '--role needs an argument' run attach outer --role
check "an argument to a flag" says 2 '--json takes no argument' run status --json=yes
check "output that cannot be written is a failure" says 1 'could not be written' bash -c "'$LYNCXDP' roles >/dev/full"
check "no colour into a pipe" says_no 2 $'\033' run atach
on_terminal() { env TERM=xterm "$@" script -qec "'$LYNCXDP' atach" /dev/null; }
check "colour on a terminal" says 2 $'\033' on_terminal
check "no colour on a terminal against NO_COLOR" says_no 2 $'\033' on_terminal NO_COLOR=1

# --- The manual and the completion ---------------------------------------------------------------------------------

manual=$tree/user/share/lyncxdp.8
documented() {
    local word missing=0
    [ $# -gt 0 ] || { echo "there is nothing to look for"; return 1; }
    for word in "$@"; do
        grep -qF -e "${word//-/\\-}" "$manual" || {
            echo "not in the manual: $word"
            missing=1
        }
    done
    return $missing
}
mapfile -t reasons < <(sed -nE 's/^ *X\([A-Z0-9_]+, "([a-z0-9-]+)".*/\1/p' "$tree/include/lyncxdp/reason.h")
mapfile -t options < <(for verb in "${verbs[@]}"; do
    run "$verb" --help | sed -nE 's/^  (--[a-z-]+).*/\1/p'
done | sort -u)
mapfile -t switches < <(sed -nE 's/^ *\{"([a-z0-9-]+)", LX_BUILT_IN_.*/.BR \1/p' "$tree/user/core/policy/built_ins.c")
check "the manual has every reason" documented "${reasons[@]}"
check "the manual has every switch of a site" documented "${switches[@]}"
check "the manual has every option" documented "${options[@]}"
check "the manual has every verb" documented "${verbs[@]/#/.B }"
# completed WORDS… = EXPECTED…   What completion offers behind the words; compopt's settings first.
completed() {
    (
        PATH=$(dirname "$LYNCXDP"):$PATH
        # shellcheck source=user/share/lyncxdp.bash
        . "$tree/user/share/lyncxdp.bash"
        compopt() { printf '%s ' "$@"; }
        COMP_WORDS=(lyncxdp)
        while [ "$1" != = ]; do
            COMP_WORDS+=("$1")
            shift
        done
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        offered=$(_lyncxdp && echo "${COMPREPLY[*]}.")
        echo "$offered"
        [ "$offered" = "${*:2}." ]
    )
}
check "completion offers the verbs" completed co = confirm counters
check "completion offers the options of a verb" completed attach --forc = --force
check "completion leaves out what update refuses" completed update eth0 --mo =
check "completion offers the roles" completed show av-e = av-edge
check "completion offers the options of a role's rows" \
    completed attach eth0 --role av-edge --without federation-l = federation-lync2010
check "completion offers the workloads of a role's rows" \
    completed attach eth0 --role av-edge --workload a = application-sharing av-conferencing
check "completion offers the groups, with nothing behind the sign" completed attach eth0 --set po = -o nospace pool= pool-vip=
check "completion offers the reasons of a drop" completed monitor --reason mart = martian
check "completion offers the formats of show" completed show av-edge --format c = csv
check "completion puts no blank behind a folder" completed check "$tree/polic" = -o filenames "$tree/policies"

check "attach --help says what holds by default" says 0 'edition of .*\(default: lync2010\)' nobody attach --help
check "update --help has no defaults: what is not named stays" says_no 0 'default' nobody update --help
check "diff --help has no defaults either" says_no 0 'default' nobody diff --help
check "update --help lists no option that update refuses" says_no 0 '--(mode|flows)' nobody update --help
cat >"$work/one.yaml" <<END
edition: one
documents: {plan: "Port plan"}
roles:
  kiosk:
    rows:
      - {id: web, from: any, to: self, port: 443, transport: tcp, source: plan 1}
END
check "one of a kind has no plural" says 0 'ok, 1 role, 1 row$' nobody check "$work/one.yaml"

# --- roles, show, check: without root ----------------------------------------------------------------------------

check "roles lists the Edge roles" \
    answers 'any(.edition == "lync2010" and .role == "av-edge" and .rows == 10 and .sides == ["external", "internal"])' \
    nobody roles --json
check "roles as a table" says 0 '^av-edge +external,internal +10 ' nobody roles
check "an unknown edition" says 2 "did you mean 'lync2010'" nobody roles --edition lync2011
check "LYNCXDP_POLICIES without a directory" says 3 '/nowhere.*cannot be read' \
    env LYNCXDP_POLICIES=/nowhere "$LYNCXDP" roles

mkdir -p "$work/prefix/sbin" "$work/prefix/share/lyncxdp/policies"
cp "$LYNCXDP" "$work/prefix/sbin/" && cp "$policies/lync2010.yaml" "$work/prefix/share/lyncxdp/policies/mine.yaml"
check "an installed lyncxdp uses the policies beside it" says 0 '^av-edge +external,internal +10 ' "$work/prefix/sbin/lyncxdp" roles --edition mine

members='["id","role","side","hook","from","source_port","to","destination_port","transport","application","options","workloads","source","note","unresolved"]'
check "show has every member" answers "length > 0 and all(.[]; . as \$row | $members | all(. as \$m | \$row | has(\$m)))" \
    nobody show av-edge --json
check "show leaves names unresolved without a site" \
    answers 'any(.from == "pool" and (has("source_addresses") | not))' nobody show av-edge --side internal --json
check "show resolves names with a site" \
    answers 'any(.from == "pool" and .source_addresses == ["192.168.10.90", "192.168.10.91"])' \
    nobody show av-edge --side internal --site "$contoso" --json
check "--set wins over the site" answers 'any(.from == "pool" and .source_addresses == ["192.0.2.7"])' \
    nobody show av-edge --side internal --site "$contoso" --set pool=192.0.2.7 --json
check "a site may speak of roles that only another edition has" says_no 0 warning run explain \
    --role office-communicator --edition ocs2007r2 --site "$contoso" udp 192.0.2.1 192.0.2.2:5000
check "an unused --set is harmless" says 0 'stun-udp-in' nobody show av-edge --set nobody=192.0.2.7
check "--without closes rows" answers 'length > 0 and all(.[]; .options != ["federation-ocs2007"])' \
    nobody show av-edge --without federation-ocs2007 --json
check "an unknown option is not passed over" says 3 'did you mean .federation-ocs2007' \
    nobody show av-edge --without federation-ocs207
check "show without a role" says 2 'takes a role' nobody show
check "show of an unknown role" says 2 "did you mean 'av-edge'" nobody show av-egde

# A line of the sheet, by the columns that have these titles.
sheet() { # sheet FORMAT ARGUMENT...
    nobody show "${@:2}" --format "$1"
}
read_csv() { # read_csv ARGUMENT...: the cells that a spreadsheet would read, a tab between them
    sheet csv "$@" | python3 -c 'import csv, sys; [print("\t".join(row)) for row in csv.reader(sys.stdin.buffer.read().decode().splitlines(keepends=True), strict=True)]'
}
check "the sheet for another firewall has its columns" says 0 $'^From\tSource port\tTo\tDestination port\tTransport\tDirection\tPurpose\tOnly for\tSource document\tRow' \
    read_csv av-edge
check "a line of it names the role and its addresses" \
    says 0 $'^any\tany\tav-edge \\([0-9.]+\\)\t3478\tudp\tinbound\tSTUN/MSTURN: external users, A/V over UDP\t\t.*, row 12\tav-edge/external/stun-udp-in' \
    read_csv av-edge --site "$contoso"
check "a source range and a condition are in it" \
    says 0 $'^av-edge\t50000-59999\tany\tany\tudp\toutbound\tRTP: .*\tfederated partners that still run Office Communications Server 2007\t' \
    read_csv av-edge
check "every open row is a line of it" is "$(sheet csv consolidated-edge | tail -n +2 | wc -l)" \
    "$(nobody show consolidated-edge --json | jq 'map(select(.unresolved | not)) | length')"
check "its lines end as RFC 4180 says" is "$(sheet csv av-edge | grep -c $'\r$')" "$(sheet csv av-edge | wc -l)"
check "as Markdown it is a table" says 0 '^\|---\|---\|---\|---\|---\|---\|---\|---\|---\|---\|$' sheet markdown av-edge
check "rows that open nothing are not in it, and that is said" says 0 'rows are printed without a port.*not in the sheet' \
    sheet csv front-end
printf 'rows:\n  - {id: own, from: any, to: self, port: 22, transport: tcp, application: "=cmd|x", note: "a, \\"b\\""}\n' >"$work/formula.yaml"
check "nothing is a formula in it, and every cell stays one" says 0 $'\tinbound\t.=cmd\\|x: a, "b"\t.*\tsite/own$' \
    read_csv av-edge --site "$work/formula.yaml"
check "nor does a cell end a cell of Markdown" says 0 '\| =cmd\\\|x: a, "b" \|.*site/own \|$' \
    sheet markdown av-edge --site "$work/formula.yaml"
check "--format json is --json" is "$(sheet json av-edge)" "$(nobody show av-edge --json)"
check "another format" says 2 'csv or markdown' sheet firewall av-edge

check "check finds the tables sound" says 0 'lync2010.yaml: ok, [0-9]+ roles, [0-9]+ rows' \
    nobody check "$policies/lync2010.yaml" "$contoso"
check "check of a role goes all the way" says 0 'av-edge: ok, 3 rows open' \
    nobody check "$contoso" --role av-edge --side internal
mkdir "$work/declared"
printf 'interfaces:\n  eth0: {role: av-edge, site: %s}\n  eth1: {role: access-edge, set: {next-hop: 192.0.2.1}}\n' "$contoso" \
    >"$work/declared/good.yaml"
sed 's/av-edge/av-egde/' "$work/declared/good.yaml" >"$work/declared/role.yaml"
sed 's/set: .*/sit: x}/' "$work/declared/good.yaml" >"$work/declared/key.yaml"
sed 's/, set: .*/, side: internal}/' "$work/declared/good.yaml" >"$work/declared/group.yaml"
check "check knows a declaration" says 0 'good.yaml: ok, declaration, 2 interfaces' nobody check "$work/declared/good.yaml"
check "and builds what it declares" says 0 '^eth1: ok, [0-9]+ rows open' nobody check "$work/declared/good.yaml"
check "and tells it in JSON" answers '.[0] | .kind == "declaration" and .ok and .interfaces == 2' \
    nobody check --json "$work/declared/good.yaml"
check "an unknown key in a declaration" says 3 "key.yaml:3:[0-9]+: error: .*'sit'.*did you mean" \
    nobody check "$work/declared/key.yaml"
check "an unknown role in it" says 3 'role.yaml:2: eth0 cannot be attached' nobody check "$work/declared/role.yaml"
check "while the rest is checked all the same" says 3 '^eth1: ok' nobody check "$work/declared/role.yaml"
check "a group that nobody sets" says 3 'pool' nobody check "$work/declared/group.yaml"
check "check without a file" says 2 'takes policy, site or declaration files' nobody check

cat >"$work/broken.yaml" <<'END'
edition: mine
roles:
  web:
    rows:
      - {id: one, from: any, to: self, port: 70000, transport: tcp}
      - {id: two, from: any, to: self, port: 443, transport: tpc}
END
check "a mistake is told with file, line, column, excerpt and caret" \
    says 3 "^$work/broken.yaml:5:[0-9]+: error: .*\|    +- \{id: one.*\| +\^\|$work/broken.yaml:6:" \
    bash -c "'$LYNCXDP' check '$work/broken.yaml' 2>&1 | tr '\n' '|'; exit \${PIPESTATUS[0]}"
check "the caret stands under the mistake" bash -c "
    '$LYNCXDP' check '$work/broken.yaml' 2>&1 | awk 'NR == 2 {at = index(\$0, \"70000\")}
        NR == 3 {caret = index(\$0, \"^\")} END {exit !at || caret != at}'"
mistakes() { run check --json "$work/broken.yaml" | jq -e '.[0].ok == false and (.[0].diagnostics | length) == 2'; }
check "all mistakes are told as JSON" mistakes
printf 'site: mine\nself: {av-edge: 192.0.2.300}\n' >"$work/broken-site.yaml"
check "a broken site" says 3 "broken-site.yaml:2:[0-9]+: error" nobody check "$work/broken-site.yaml"
printf 'edition: mine\033[31m\n' >"$work/escape.yaml"
check "control characters of a file stay off the terminal" \
    says_no 3 $'\033' run check "$work/escape.yaml"
check "a directory is no policy" says 3 'is a directory' nobody check "$work"
check "a file that is not there" says 3 'No such file' nobody check "$work/nowhere.yaml"
: >"$work/secret.yaml" && chmod 600 "$work/secret.yaml"
check "a file that may not be read" says 3 'Permission denied' nobody check "$work/secret.yaml"
check "an empty file" says 3 'error' nobody check /dev/null

cat >"$work/own.yaml" <<'END'
edition: mine
roles:
  web:
    rows:
      - {id: https, from: any, to: self, port: 443, transport: tcp}
  av-edge:
    rows:
      - {id: turn, from: any, to: self, port: 3479, transport: udp}
END
check "--policy reads another file" answers 'length == 1 and .[0].id == "web/https" and .[0].side == null' \
    nobody show web --policy "$work/own.yaml" --json
cat >"$work/comma.yaml" <<'END'
edition: mine
documents: {poster: "A poster"}
roles: {web: {rows: [{id: turn, from: any, to: self, port: [443, 3478], transport: tcp, source: "poster Media, TURN:443,3478"}]}}
END
check "a citation is split where a part begins, not inside a list of ports" says 0 '\[1\] TURN:443,3478$' \
    nobody show web --policy "$work/comma.yaml"
check "roles are looked for in the files in order" answers 'map(.id) == ["av-edge/turn"]' \
    nobody show av-edge --policy "$work/own.yaml" --policy "$policies/lync2010.yaml" --json
check "--policy adds to the edition" answers 'map(.role) | unique == ["access-edge", "web"]' \
    nobody show web access-edge --policy "$work/own.yaml" --json

# A file of one's own that includes the shipped tables and adds to them.
mkdir -p "$work/branch"
cat >"$work/branch/sets.yaml" <<'END'
sets:
  watched:
    - {id: agent, from: watchers, to: self, port: 10050, transport: tcp, needs: watchers}
END
cat >"$work/mine.yaml" <<'END'
edition: mine
include: [lync2010, branch/sets.yaml]
roles:
  av-edge:
    extends: true
    includes: [watched]
    external:
      - {id: turn, from: any, to: self, port: 3479, transport: udp}
  kiosk:
    includes: [watched, reverse-proxy]
    rows:
      - {id: web, from: any, to: self, port: 8443, transport: tcp, lb: dns}
END
mine() { nobody "$@" --policy "$work/mine.yaml" --json; }
check "a file adds rows to a role of the edition that it includes" \
    answers 'any(.id == "av-edge/external/turn") and any(.id == "av-edge/external/stun-udp-in")' mine show consolidated-edge
check "a role of the file includes one of the edition" \
    answers 'any(.role == "reverse-proxy") and all(.id != "kiosk/web") and all(.id != "kiosk/agent")' mine show kiosk
check "--lb picks rows" answers 'any(.id == "kiosk/web" and .lb == "dns")' mine show kiosk --lb dns
check "a row that needs a group is there where it is set" \
    answers 'any(.id == "kiosk/agent" and .source_addresses == ["192.0.2.9"])' mine show kiosk --set watchers=192.0.2.9
check "what show leaves out is counted by its reason" says 0 '\(1 more are for the other way of load balancing' \
    nobody show kiosk --policy "$work/mine.yaml"
check "a wrong --lb" says 2 'hardware or dns' nobody show kiosk --lb soft --policy "$work/mine.yaml"
# The canonical form has no other files, is its own canonical form, and comes to the same rows.
canonical() {
    local role
    run check --canonical "$work/mine.yaml" >"$work/canonical.yaml" && lacks '^(include|sets):' "$work/canonical.yaml" &&
        is "$(run check --canonical "$work/canonical.yaml")" "$(<"$work/canonical.yaml")" || return
    for role in kiosk consolidated-edge; do
        is "$(run show $role --set watchers=192.0.2.9 --json --policy "$work/mine.yaml")" \
            "$(run show $role --set watchers=192.0.2.9 --json --policy "$work/canonical.yaml")" || return
    done
}
check "the canonical form comes to the same" canonical
check "the canonical form as JSON" answers '.[0].canonical | startswith("edition: mine\n")' \
    nobody check --canonical --json "$work/mine.yaml"
check "the canonical form of one policy at a time" says 2 'prints one policy' \
    nobody check --canonical "$work/mine.yaml" "$work/own.yaml"
printf 'include: lync2011\n' >"$work/missing.yaml"
check "an edition that is not there brings a suggestion" \
    says 3 "missing.yaml:1:10: error: 'lync2011' cannot be included: .*did you mean 'lync2010'" nobody check "$work/missing.yaml"
printf 'edition: x\ninclude: branch/nowhere.yaml\n' >"$work/missing.yaml"
check "a file that is not there" says 3 'missing.yaml:2:10: error: .*No such file' nobody check "$work/missing.yaml"
printf 'edition: x\ninclude: branch\n' >"$work/branch/round.yaml"
printf 'edition: x\ninclude: ./round.yaml\n' >"$work/branch/round.yaml"
check "a file that includes itself" says 3 'round.yaml:2:10: error: .*round in a circle' nobody check "$work/branch/round.yaml"
printf 'edition: x\ninclude: ../broken.yaml\nrolls: {}\n' >"$work/branch/two.yaml"
check "the mistakes of all files in one run" says 3 'broken.yaml:6:.*two.yaml:3:1' \
    bash -c "'$LYNCXDP' check '$work/branch/two.yaml' 2>&1 | tr '\n' ' '; exit \${PIPESTATUS[0]}"

cat >"$work/wide.yaml" <<'END'
site: wide
groups: {poool: 192.0.2.1}
rows:
  - {id: media, from: any, to: self, port: 1024-65535, transport: udp}
END
check "lint warns and passes" says 0 "wide.yaml:2:10: warning: no row names the group 'poool'.*wide.yaml:4:5: warning: .*1024-65535.*wide.yaml: ok, site, 1 group, 1 row, 3 warnings" \
    bash -c "'$LYNCXDP' check '$work/wide.yaml' 2>&1 | tr '\n' ' '; exit \${PIPESTATUS[0]}"
# The lists of Teams are as old as the pages that they are from, which is said.
check "lint is quiet about what is shipped" \
    answers 'length > 3 and all(.ok and all(.diagnostics[]; .message | test("list of the group .teams-.*days old")))' \
    nobody check --json "$policies"/*.yaml "$policies"/sites/*.yaml
check "roles lists every edition" answers 'map(.edition) | unique == ["lync2010", "lync2013", "ocs2007", "ocs2007r2", "sfb2015",
    "sfb2019", "sfbse", "teams"]' nobody roles --json
check "a side on a role without sides" says 2 'has no sides' nobody show web --side external --policy "$work/own.yaml"

# --- explain --role: without root, without an interface ------------------------------------------------------------

offline() { nobody explain --role av-edge "$@"; }
check "explain names the row and its source" \
    answers '.verdict == "pass" and .reason == "row" and .hook == "to-role" and .row == "av-edge/external/stun-udp-in" and (.source | length > 0)' \
    offline udp 203.0.113.7 10.45.16.30:3478 --json
check "explain of a drop exits with 0 as well" \
    answers '.verdict == "drop" and .reason == "no-row" and .row == null and .source == null' \
    offline udp 203.0.113.7 10.45.16.30:3477 --json
check "explain names the row that a closed option closes, and how to open it" \
    answers '.verdict == "drop" and .row == null and (.nearest | .kind == "option" and .row == "av-edge/external/media-udp-in" and (.source | length > 0) and (.detail | contains("leave out --without federation-ocs2007")))' \
    offline udp 203.0.113.7 10.45.16.30:50001 --without federation-ocs2007 --json
check "explain says so in a line" says 0 '^nearest  av-edge/external/media-udp-in would allow it, but its option federation-ocs2007 is closed' \
    offline udp 203.0.113.7 10.45.16.30:50001 --without federation-ocs2007
check "explain says when no table has the port" \
    answers '.nearest | .kind == "port" and .row == null and .source == null and .detail == "no row of av-edge has the port 3477"' \
    offline udp 203.0.113.7 10.45.16.30:3477 --json
check "explain tells the transport" answers '.nearest.kind == "transport"' offline tcp 203.0.113.7 10.45.16.30:3478 --json
check "explain tells the address" answers '.nearest.kind == "address"' \
    offline udp 203.0.113.7 10.45.16.31:3478 --site "$contoso" --json
check "explain tells the side" answers '.nearest | .kind == "side" and (.detail | contains("--side internal"))' \
    offline tcp 192.168.10.90 172.25.33.10:5062 --site "$contoso" --json
check "explain tells the direction" answers '.nearest | .kind == "direction" and .row == "access-edge/external/dns-out"' \
    offline udp 203.0.113.7 10.45.16.10:53 --role access-edge --json
check "nothing is near what passes" answers '.verdict == "pass" and .nearest == null' \
    offline udp 203.0.113.7 10.45.16.30:3478 --json
check "nor what is malformed, which has its own reason" answers '.reason == "port-zero" and (.meaning | length > 0) and .nearest == null' \
    offline udp 203.0.113.7:0 10.45.16.30:3477 --json
check "explain in words" says 0 'no-row: no row of the policy allows it' offline tcp 203.0.113.7 10.45.16.30:3389
check "explain of IPv6" answers '.verdict == "pass" and .to == "[2001:db8::1]:443"' \
    offline tcp '[2001:db8::7]:5000' '[2001:db8::1]:443' --json
check "a source port that is not given is 49152" answers '.from == "203.0.113.7:49152"' \
    offline tcp 203.0.113.7 10.45.16.30:443 --json
check "flags by name" answers '.reason == "tcp-flags"' offline tcp 203.0.113.7 10.45.16.30:443 --flags SYN,FIN --json
check "what the role begins is asked with --from-role" \
    answers '.hook == "from-role" and .verdict == "pass" and .reason == "row" and .row == "access-edge/external/dns-out" and (.source | length > 0) and .would_drop == false' \
    nobody explain --role access-edge --from-role udp 10.45.16.10 203.0.113.53:53 --json
check "and so are its answers" \
    answers '.hook == "from-role" and .verdict == "pass" and .reason == "mirror" and .row == "av-edge/external/stun-tcp-in"' \
    offline --from-role tcp 10.45.16.30:443 203.0.113.7:5000 --flags SYN,ACK --json
check "a connection from an inbound row's port is no answer" answers '.verdict == "drop" and .reason == "no-row"' \
    offline --from-role tcp 10.45.16.30:443 203.0.113.7:5000 --json
check "what track lets pass is told" answers '.verdict == "drop" and .reason == "no-row" and .would_drop' \
    offline --from-role udp 10.45.16.30 203.0.113.7:5353 --json
check "and told in words" says 0 '^egress +track: it passes' offline --from-role udp 10.45.16.30 203.0.113.7:5353
check "offline, nobody has asked for a reply" answers '.hook == "to-role" and .verdict == "drop" and (.would_drop | not)' \
    nobody explain --role access-edge udp 203.0.113.53:53 10.45.16.10:49152 --json
check "a missing destination port" says 2 'has no port' offline tcp 203.0.113.7 10.45.16.30
check "a missing destination port of IPv6" says 2 'has no port' offline tcp 2001:db8::7 2001:db8::1
check "a bad address" says 2 '192.0.2.300' offline tcp 203.0.113.7 192.0.2.300:443
check "a bad port" says 2 'the port is a number' offline tcp 203.0.113.7 192.0.2.3:65536
check "mixed families" says 2 'different address families' offline tcp 203.0.113.7 '[2001:db8::1]:443'
check "a bad transport" says 2 'write tcp, udp, vrrp' offline sctp 203.0.113.7 192.0.2.3:443
check "flags on UDP" says 2 'tcp alone' offline udp 203.0.113.7 192.0.2.3:443 --flags SYN
check "bad flags" says 2 'FIN, SYN' offline tcp 203.0.113.7 192.0.2.3:443 --flags SIN
check "no packet" says 2 'TRANSPORT SRC' offline
check "policy options without a role" says 2 'name it with --role' nobody explain outer --site "$contoso" udp 1.2.3.4 1.2.3.5:6
check "an unresolved group names the row, the group and the way out" says 3 'sip-mtls-auth.*pool.*--set pool=' \
    offline --side internal tcp 203.0.113.7 192.0.2.3:443
check "bad --set" says 2 'NAME=ADDRESS' offline --set pool tcp 203.0.113.7 192.0.2.3:443
check "--set with bits beyond the length" says 2 'write 192.0.2.0/24' \
    offline --set pool=192.0.2.1/24 tcp 203.0.113.7 192.0.2.3:443
check "bad --side" says 2 'external or internal' offline --side outer tcp 203.0.113.7 192.0.2.3:443

# --- attach that must not happen -------------------------------------------------------------------------------------

check "attach without a role" refuses 2 'name a role with --role' run attach outer
check "attach without an interface" refuses 2 'takes one interface' run attach --role av-edge
check "attach with a bad mode" refuses 2 'auto, native or generic' run attach outer --role av-edge --mode fast
check "attach with a bad egress" refuses 2 'track, enforce or off' run attach outer --role av-edge --egress maybe
for flows in 15 16777217 many '' -1 4294967312 18446744073709551632; do
    check "attach with --flows '$flows'" refuses 2 'a number from 16 to 16777216' run attach outer --role av-edge --flows "$flows"
done
check "attach without root" refuses 1 'needs root.*sudo' nobody attach outer --role av-edge
check "attach to a missing interface names those there are" refuses 1 'no interface nowhere.*outer' \
    run attach nowhere --role av-edge
check "attach with a broken policy" refuses 3 'broken.yaml:5:' run attach outer --role web --policy "$work/broken.yaml"
check "attach with an unreadable policy" refuses 3 'Permission denied' \
    nobody attach outer --role web --policy "$work/secret.yaml"
check "attach with a missing policy" refuses 3 'No such file' run attach outer --role web --policy "$work/nowhere"
check "attach with a broken site" refuses 3 'broken-site.yaml:2:' \
    run attach outer --role av-edge --site "$work/broken-site.yaml"
check "attach with an unresolved group" refuses 3 'needs the group' run attach outer --role av-edge --side internal
check "attach without bpffs, and without a place for it" refuses 1 'BPF file system.*mount -t bpf' \
    unshare --mount sh -c "mount -t tmpfs none /sys; exec '$LYNCXDP' attach outer --role av-edge"
check "detach where nothing is attached" refuses 1 'nothing is attached to outer' run detach outer
check "detach without an interface" refuses 2 'one interface, or --all' run detach
check "detach of a missing interface" refuses 1 'no interface nowhere' run detach nowhere
check "status where nothing is attached" refuses 0 'nothing is attached' run status
check "status as JSON where nothing is attached" answers '. == []' run status --json
check "status of an interface without an attachment" refuses 1 'nothing is attached to outer' run status outer
check "counters of an interface without an attachment" refuses 1 'nothing is attached to outer' run counters outer
check "explain on an interface without an attachment" refuses 1 'nothing is attached to outer' \
    run explain outer udp 203.0.113.7 198.51.100.1:3478
check "flows of an interface without an attachment" refuses 1 'nothing is attached to outer' run flows outer
check "flows where nothing is attached" refuses 0 'nothing is attached' run flows
check "flows as JSON where nothing is attached" answers '. == []' run flows --json
check "counters by nonsense" says 2 'row, port or reason' run counters --by colour
check "two interfaces to status" says 2 'one too many' run status outer lo

# Another XDP program stays as it is.
if ip link set dev outer xdp obj "$FOREIGN" program floor_drop 2>/dev/null; then
    before=$(program_id)
    check "attach to an interface with another program" says 4 'another XDP program.*ip link set' \
        run attach outer --role av-edge
    check "the other program stays" is "$(program_id)" "$before"
    check "detach leaves another program alone" says 1 'nothing is attached' run detach outer
    check "the other program still stays" is "$(program_id)" "$before"
    ip link set dev outer xdp off
    check "what was refused left no trace" untouched
else
    skip "attach to an interface with another program" "ip cannot load $FOREIGN"
fi

# --- The guard against locking oneself out ---------------------------------------------------------------------------

in_session() { SSH_CONNECTION="$1" "$LYNCXDP" attach outer --role av-edge "${@:2}"; }
ssh4='203.0.113.9 50022 198.51.100.1 22'
check "attach refuses to cut its SSH session" refuses 1 'cut your SSH session from 203.0.113.9' in_session "$ssh4"
check "attach refuses to cut an IPv6 session" refuses 1 'cut your SSH session from 2001:db8::9' \
    in_session '2001:db8::9 50022 2001:db8::1 22'
check "attach finds the session of an ancestor, as under sudo" refuses 1 'cut your SSH session' \
    env SSH_CONNECTION="$ssh4" bash -c "env -u SSH_CONNECTION '$LYNCXDP' attach outer --role av-edge; exit \$?"
ip link add bridge type bridge 2>/dev/null && {
    ip link set outer master bridge && ip addr add 203.0.113.1/24 dev bridge && ip link set bridge up
    check "attach finds the session of a bridge on the interface" refuses 1 'cut your SSH session' \
        in_session '203.0.113.9 50022 203.0.113.1 22'
    ip link del bridge
}
{
    echo 'rows:'
    in_session "$ssh4" 2>&1 | grep -F -- '- {id: ssh'
} >"$work/site.yaml"
check "with the row that it suggests, attach goes ahead" says 0 'filtering as av-edge' \
    in_session "$ssh4" --site "$work/site.yaml"
check "and the session is let in by that row" answers '.verdict == "pass" and .row == "site/ssh-203-0-113-9"' \
    run explain outer tcp 203.0.113.9:50022 198.51.100.1:22 --flags ACK --json
check "detach says what it did" says 0 'outer: no longer filtered' run detach outer
check "detach leaves no trace" untouched
{
    echo 'rows:'
    in_session "$ssh4" --set self=198.51.100.2 2>&1 | grep -F -- '- {id: ssh'
} >"$work/site.yaml"
check "the row that keeps a session at another address than the role's own says which" \
    grep -F 'self: "198.51.100.1"' "$work/site.yaml"
check "with that row, attach goes ahead" says 0 'filtering as av-edge' \
    in_session "$ssh4" --set self=198.51.100.2 --site "$work/site.yaml"
check "and nothing else of the role is at that address" answers '.verdict == "drop"' \
    run explain outer tcp 203.0.113.9 198.51.100.1:443 --json
run detach outer >/dev/null
check "--force attaches all the same, and says so" says 0 'warning: this cuts the SSH session' in_session "$ssh4" --force
run detach outer >/dev/null
check "a session through another interface is none of its business" says 0 'filtering' \
    in_session '127.0.0.1 50022 127.0.0.1 22'
run detach outer >/dev/null

# --- An attachment's life ------------------------------------------------------------------------------------------

check "attach says interface, role, mode and rows, and what becomes of what the role sends" \
    says 0 'outer: filtering as av-edge \(lync2010, external\), 4 inbound rows open, (native|generic) mode.* egress track: 3 outbound rows open' \
    in_one_line run attach outer --role av-edge
members='["interface","role","edition","side","hook","mode","egress","dispatcher","generation","digest","audit","trial","shadow","flows"]'
check "status has every member" answers "length == 2 and all(.[]; . as \$entry | $members | all(. as \$m | \$entry | has(\$m)))" \
    run status --json
check "status has an entry for each hook" answers 'map(.hook) == ["to-role", "from-role"]' run status --json
check "status tells the truth" \
    answers '.[0] | .interface == "outer" and .role == "av-edge" and .side == "external" and .state == "filtering" and .generation == 1 and (.digest | test("^[0-9a-f]{16}$"))' \
    run status outer --json
check "status tells the same of both hooks" \
    answers 'length == 2 and all(.[]; .state == "filtering" and .egress == "track" and .flow_capacity == 65536) and .[0].digest == .[1].digest and .[0].flows == .[1].flows' \
    run status outer --json
check "status as a table" says 0 '^outer +av-edge.*filtering' run status
digest=$(run status --json | jq -r '.[0].digest')
check "a second attach is refused" says 4 'attached to outer already; change it with: lyncxdp update outer' run attach outer --role access-edge
check "a broken policy does not change the filter" says 3 'broken.yaml' \
    run attach outer --role web --policy "$work/broken.yaml"
check "the policy in force is the first one" is "$(run status --json | jq -r '.[0].digest')" "$digest"
# Whether reading needs root is up to the kernel (kernel.unprivileged_bpf_disabled) and to who mounted bpffs.
reads_or_asks_for_root() { says 0 "$@" || says 1 'needs root|sudo' "${@:2}"; }
check "status without root answers, or asks for root" reads_or_asks_for_root 'filtering' nobody status outer
check "counters without root answer, or ask for root" reads_or_asks_for_root 'outer, to-role' nobody counters outer
check "explain on an interface needs root" says 1 'needs root|sudo' nobody explain outer udp 203.0.113.7 198.51.100.1:3478
check "detach needs root" says 1 'needs root' nobody detach outer

check "explain on an interface tells what comes near as well" says 0 '^nearest  none: no row of av-edge has the port 3479$' \
    run explain outer udp 203.0.113.7 198.51.100.1:3479
check "and so does its JSON" answers '.nearest.kind == "port" and .nearest.row == null' \
    run explain outer udp 203.0.113.7 198.51.100.1:3479 --json

# The kernel's answer and the offline one are the same for whatever is asked.
same_answer() {
    local online offline
    online=$(run explain outer "$@" --json) && offline=$(run explain --role av-edge "$@" --json) || return 1
    printf '%s\n' "$online" "$offline"
    jq -es 'length == 2 and .[0] == .[1]' <<<"$online$offline"
}
for packet in 'udp 203.0.113.7 198.51.100.1:3478' 'udp 203.0.113.7 198.51.100.1:3479' \
    'tcp 203.0.113.7 198.51.100.1:443' 'tcp 203.0.113.7 198.51.100.1:443 --flags SYN,FIN' \
    'tcp [2001:db8::7]:1 [2001:db8::1]:59999' 'udp [2001:db8::7]:1 [2001:db8::1]:60000' \
    'udp 127.0.0.1 198.51.100.1:3478' 'tcp 203.0.113.7:0 198.51.100.1:443' \
    '--from-role udp 198.51.100.1:50000 203.0.113.7:7' '--from-role udp 198.51.100.1:49999 203.0.113.7:7' \
    '--from-role tcp 198.51.100.1:443 203.0.113.7:7' '--from-role tcp 198.51.100.1:443 203.0.113.7:7 --flags ACK' \
    '--from-role tcp [2001:db8::1]:59999 [2001:db8::7]:1' '--from-role udp 198.51.100.1:50000 127.0.0.1:7'; do
    # shellcheck disable=SC2086
    check "explain $packet: kernel and offline agree" same_answer $packet
done
# The kernel may say something about IPv6 at any moment; what is asked about is TCP and UDP.
count_packets() {
    run counters outer --json |
        jq -c 'map([.reasons[] | select(.reason | IN("mld", "router-solicitation", "neighbour-discovery") | not) | .packets] | add)'
}
before=$(count_packets)
run explain outer udp 203.0.113.7 198.51.100.1:3478 >/dev/null
run explain outer --from-role udp 198.51.100.1:50000 203.0.113.7:7 >/dev/null
check "explain counts nothing" is "$(count_packets)" "$before"
check "explain records no flow" answers 'map(select(.remote == "203.0.113.7:7")) == []' run flows outer --json

send() { in_far bash -c "for i in 1 2 3; do echo x >/dev/udp/198.51.100.1/$1; done" 2>/dev/null; }
send 3478
send 5060
check "counters count by row" until_true 30 \
    answers '.[0].rows[] | select(.id == "av-edge/external/stun-udp-in") | .packets == 3 and .bytes > 0' run counters --json
check "counters count every open row, zero ones too" answers '.[0].rows | length == 7' run counters --json
check "counters count dropped ports" until_true 30 \
    answers '.[0].ports[] | select(.transport == "udp" and .port == "5060") | .dropped == 3 and .would_drop == 0' \
    run counters --json
check "counters have an entry for each hook" answers 'map(.hook) == ["to-role", "from-role"]' run counters --json
check "the sum over reasons is the number of packets" \
    answers 'length == 2 and all(.[]; .packets > 0 and .packets == ([.reasons[].packets] | add))' run counters --json
check "counters as tables" says 0 'stun-udp-in +3 .*no-row +drop +3 .*udp +5060 +3' \
    in_one_line run counters
check "counters by port" says 0 '^udp +5060 +3' run counters outer --by port
check "counters by row show the zero ones" says 0 'stun-tcp-in +0 ' run counters outer --by row

# Somebody takes a program off behind our back. What is in the JSON, which is not alone there: a warning goes before it.
status_is() { run status --json 2>/dev/null | jq -e "$1"; }
tc qdisc del dev outer clsact
check "status exits with 1 when the program at tc egress is gone" says 1 'what the role sends through outer is not filtered' \
    run status
check "status says which one, in JSON" \
    status_is 'map(.state) == ["filtering", "not-running"]'
ip link set dev outer xdp off 2>/dev/null
ip link set dev outer xdpdrv off 2>/dev/null
ip link set dev outer xdpgeneric off 2>/dev/null
check "status exits with 1 when the program is gone" says 1 'not filtered' run status
check "status says so in JSON" status_is '.[0].state == "not-running"'
check "detach tidies up" says 0 'no longer filtered' run detach outer
check "and leaves no trace" untouched

check "generic mode is said aloud" says 0 'generic mode' run attach outer --role av-edge --mode generic
check "status knows the mode" answers '.[0].mode == "generic"' run status --json
check "detach --all detaches" says 0 'outer: no longer filtered' run detach --all
check "detach --all leaves no trace" untouched
check "detach --all with nothing to do" says 0 'nothing is attached' run detach --all
check "several roles are one policy" says 0 'filtering as access-edge,av-edge' \
    run attach outer --role access-edge --role av-edge
run detach outer >/dev/null

# --- What the role begins ------------------------------------------------------------------------------------------

# The far end answers what it is sent on two ports: one that a row lists, one that none does.
for port in 53 5353; do
    nsenter --net=/run/netns/far socat "UDP4-RECVFROM:$port,fork" EXEC:cat & # itself, and not a shell that waits for it
    echoes="$echoes $!"
done
echoing() { is "$(in_far ss -Huln | grep -cE ':(53|5353) ')" 2; }
check "somebody answers at the far end" until_true 30 echoing
# answered PORT [SECONDS]   what is sent there from port 40000 + PORT comes back.
answered() { echoed "${2:-30}" "UDP4:198.51.100.9:$1,sourceport=$((40000 + $1))"; }
# unanswered PORT   nothing does; that it was sent, and where it was dropped, is for the counters to tell.
unanswered() { ! answered "$1" 1; }
attach_edge() { run attach outer --role access-edge "$@"; }
flow_of() { echo "map(select(.remote == \"198.51.100.9:$1\"))"; }

check "attach with room for a few flows" says 0 'egress track: 3 outbound rows open' attach_edge --flows 16
check "status knows the room" answers 'map(.flow_capacity) == [16, 16]' run status outer --json
check "track: a reply to a listed request arrives" answered 53
check "track: and one to an unlisted one" answered 5353
check "flows has every member" \
    answers "$(flow_of 53) | length == 1 and (.[0] | .transport == \"udp\" and .role == \"198.51.100.1:40053\" and .state == \"datagrams\" and .row == \"access-edge/external/dns-out\" and .age_seconds < 60 and .idle_seconds <= .age_seconds)" \
    run flows outer --json
check "a flow that no row lists has none" answers "$(flow_of 5353) | length == 1 and .[0].row == null" run flows outer --json
check "flows as a table" says 0 'outer: 2 flows, room for 16, 0 evicted, 0 picked up.*udp +198.51.100.1:40053 +198.51.100.9:53 +datagrams +access-edge/external/dns-out +no +[0-9]+s +[0-9]+s' \
    in_one_line run flows outer
check "status counts the flows" is "$(run status outer --json | jq '.[0].flows')" "$(run flows outer --json | jq length)"
check "the replies are counted by their reasons" \
    answers '.[0].reasons | any(.reason == "flow" and .verdict == "pass") and any(.reason == "reply-unlisted" and .verdict == "pass")' \
    run counters outer --json
check "a reply is credited to the row of its flow" \
    answers 'map(.rows[] | select(.id == "access-edge/external/dns-out") | .packets) == [1, 1]' run counters outer --json
check "what track lets pass is counted as would-drop" \
    answers '.[1] | any(.reasons[]; .reason == "no-row" and .verdict == "would-drop") and any(.ports[]; .transport == "udp" and .port == "5353" and .dropped == 0 and .would_drop == 1)' \
    run counters outer --json
check "and every packet once, both ways" answers 'length == 2 and all(.[]; .packets > 0 and .packets == ([.reasons[].packets] | add))' \
    run counters outer --json
check "counters as tables tell it too" says 0 'no-row +would-drop .*WOULD-DROP.*udp +5353 +0 +1' \
    in_one_line run counters outer
check "explain on the interface knows the flow" answers '.verdict == "pass" and .reason == "flow" and .row == "access-edge/external/dns-out"' \
    run explain outer udp 198.51.100.9:53 198.51.100.1:40053 --json
check "explain on the interface knows whose reply it is not" answers '.verdict == "drop" and .reason == "no-row"' \
    run explain outer udp 198.51.100.9:53 198.51.100.1:40054 --json
for port in {1001..1040}; do echo x >"/dev/udp/198.51.100.9/$port"; done 2>/dev/null
check "flows tells how many made room for others" says 0 '^outer: [0-9]+ flows, room for 16, [1-9][0-9]* evicted' run flows outer
check "status tells it as well" answers '.[0].flows <= 16 and .[0].flows_evicted > 0 and .[0].flows_evicted == .[1].flows_evicted' \
    run status outer --json
check "flows without root answer, or ask for root" reads_or_asks_for_root 'outer' nobody flows outer
run detach outer >/dev/null
check "both programs are gone with detach" untouched

check "enforce is said" says 0 'egress enforce: 3 outbound rows open' attach_edge --egress enforce
check "status says enforce" answers 'map(.egress) == ["enforce", "enforce"]' run status outer --json
check "enforce: a reply to a listed request arrives" answered 53
check "enforce: an unlisted request does not leave" unanswered 5353
check "enforce: it is counted as dropped" \
    answers '.[1] | any(.reasons[]; .reason == "no-row" and .verdict == "drop") and any(.ports[]; .port == "5353" and .dropped == 1 and .would_drop == 0)' \
    run counters outer --json
check "enforce: explain says drop, and no more" answers '.verdict == "drop" and (.would_drop | not)' \
    run explain outer --from-role udp 198.51.100.1 198.51.100.9:5353 --json
check "enforce: only listed flows are remembered" answers "$(flow_of 5353) == []" run flows outer --json
run detach outer >/dev/null

check "off is said" says 0 'replies .* not let in: egress is off' attach_edge --egress off
check "off: one hook" answers 'map(.hook) == ["to-role"] and .[0].egress == "off" and .[0].flows == 0' run status outer --json
check "off: one entry of counters" answers 'map(.hook) == ["to-role"]' run counters outer --json
check "off: no program at tc egress" says_no 0 clsact tc qdisc show dev outer
check "off: no reply arrives" unanswered 53
check "off: which has come as far as the filter" until_true 30 \
    answers '.[0].ports | any(.port == "40053" and .dropped == 1)' run counters outer --json
check "off: flows says why there are none" says 0 'outer: no flows, egress is off' run flows outer
check "off: flows as JSON" answers '. == []' run flows outer --json
check "off: what the role sends is not explained" says 1 'not looked at: its egress is off' \
    run explain outer --from-role udp 198.51.100.1 198.51.100.9:53
run detach outer >/dev/null
check "off: nothing is left" untouched

# Another's filter at tc egress stays, whatever comes and goes beside it.
if tc qdisc add dev outer clsact && tc filter add dev outer egress protocol all u32 match u32 0 0; then
    check "attach beside another's tc filter" says 0 'filtering' attach_edge
    check "and detach leaves it alone" eval 'run detach outer && says 0 u32 tc filter show dev outer egress'
else
    skip "attach beside another's tc filter" "no u32 filter here"
fi
tc qdisc del dev outer clsact

# --- Warnings ------------------------------------------------------------------------------------------------------

printf 'site: mine\nbuilt-in: {dhcp: off}\n' >"$work/no-dhcp.yaml"
ip addr add 198.51.100.33/24 dev outer valid_lft 3600 preferred_lft 3600
check "attach warns when DHCP is off where the address is leased" says 0 'warning: .*DHCP' \
    run attach outer --role av-edge --site "$work/no-dhcp.yaml"
run detach outer >/dev/null
ip addr del 198.51.100.33/24 dev outer
cat >"$work/silent.yaml" <<'END'
edition: mine
roles:
  web:
    rows:
      - {id: dns, from: self, to: any, port: 53, transport: udp}
END
check "attach warns when nothing is let in" says 0 'no row lets anything in' \
    run attach outer --role web --policy "$work/silent.yaml"
run detach outer >/dev/null
check "attach warns when enforce leaves the role nothing to begin" says 0 'no row lets the role begin anything' \
    run attach outer --role web --policy "$work/own.yaml" --egress enforce
run detach outer >/dev/null
check "but not under track" says_no 0 warning run attach outer --role web --policy "$work/own.yaml" \
    --set self=198.51.100.1
run detach outer >/dev/null
umount /sys/fs/bpf
check "attach mounts bpffs where it is missing" says 0 'filtering' run attach outer --role av-edge
run detach outer >/dev/null
check "nothing is left in the end" untouched

finish
