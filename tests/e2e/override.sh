#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rows of the tables that a site overrides: the two deployments that the README shows, every verb naming the site's line,
# and mistakes that leave what is in force as it is.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

own_ground
outer_and_far

# example N   the README's Nth example that overrides, as it stands there.
example() {
    awk -v wanted="$1" '/^```/ { if (inside && kept ~ /^override:/ && ++found == wanted) printf "%s", kept; inside = !inside; kept = ""; next }
                        inside { kept = kept $0 "\n" }' "$tree/README.md"
}
# with N   a site for a single address, with that example.
with() {
    printf 'self:\n  consolidated-edge: {external: 198.51.100.1}\n' >site.yaml
    example "$1" >>site.yaml
}
# offline TRANSPORT SOURCE[:PORT] PORT ROW   explain without an interface passes it, or with ROW "-" drops it.
offline() {
    answers "(.row // \"-\") == \"$4\"" \
        run explain --role consolidated-edge --site site.yaml "$1" "$2" "198.51.100.1:$3" --json
}
sends() {
    answers "(.row // \"-\") == \"$4\"" run explain --role consolidated-edge --site site.yaml --from-role "$1" \
        "198.51.100.1:$2" "203.0.113.9:$3" --json
}

# --- The README's deployments ---------------------------------------------------------------------------------------------

with 1
check "the single address: two lines" [ "$(grep -c 'external/' site.yaml)" -eq 2 ]
check "check finds no mistake" run check site.yaml --role consolidated-edge
check "sign-in is on 5061" offline tcp 203.0.113.9 5061 access-edge/external/sip-tls-in
check "web conferences are on 444" offline tcp 203.0.113.9 444 webconf-edge/external/psom-tls-in
check "A/V is on 443" offline tcp 203.0.113.9 443 av-edge/external/stun-tcp-in
with 2
check "moved media: two lines" [ "$(grep -c 'external/' site.yaml)" -eq 2 ]
check "check finds no mistake in it" run check site.yaml --role consolidated-edge
check "and warns of what is beyond the printed row" says 0 \
    "site.yaml:4:[0-9]+: warning: 'port' opens more than is printed: the row av-edge/external/media-tcp-in has 50000-59999" \
    run check site.yaml
check "media comes in there" offline udp 203.0.113.9 44999 av-edge/external/media-udp-in
check "and over TCP" offline tcp 203.0.113.9 40000 av-edge/external/media-tcp-in
check "no longer where it is printed" offline udp 203.0.113.9 50000 -
check "media goes out from there" sends tcp 40000 7000 av-edge/external/media-tcp-out
check "no longer from where it is printed" sends tcp 50000 7000 -

# --- Every verb names the line --------------------------------------------------------------------------------------------

mkdir policies
cp -r "$tree/policies/." policies/
export LYNCXDP_POLICIES=$work/policies
printf 'override:\n  access-edge/external/http-out: {closed: true}\n  av-edge/external/stun-tcp-in: {from: partners}\n' \
    >policies/hardening.yaml
cat >site.yaml <<'END'
self: {consolidated-edge: 198.51.100.1}
groups: {partners: 203.0.113.0/25}
include: [hardening]
override:
  access-edge/external/sip-mtls-in: {from: partners}
  webconf-edge/external/psom-tls-in: {port: 444, except-source-port: 1-1023}
END
printf 'interfaces:\n  outer: {role: consolidated-edge, site: site.yaml}\n' >state.yaml
check "check takes what is included" run check site.yaml
check "and the file itself" run check policies/hardening.yaml
check "which is no edition" answers 'all(.edition != "hardening")' run roles --json
check "show names the line" says 0 'psom-tls-in .* 444 .*/?site.yaml:6$' run show consolidated-edge --site site.yaml
check "of an included file too" says 0 '\(access-edge/external/http-out is closed by .*policies/hardening.yaml:2\)' \
    run show consolidated-edge --site site.yaml
check "show --json keeps the citation" answers \
    '.[] | select(.id == "webconf-edge/external/psom-tls-in") | (.source | endswith("row 6")) and (.override == "site.yaml:6")' \
    run show consolidated-edge --site site.yaml --json
check "check --canonical names it" says 0 'port: 444,.* # changed in site.yaml:6$' \
    run check --canonical policies/lync2010.yaml site.yaml
check "explain names it" says 0 '^override +site.yaml:6' \
    run explain --role consolidated-edge --site site.yaml tcp 203.0.113.200 198.51.100.1:444
check "and what closes a row" says 0 "the site closes it \(take 'closed: true' out at .*hardening.yaml:2\)" \
    run explain --role consolidated-edge --site site.yaml --from-role tcp 198.51.100.1:4711 203.0.113.9:80
check "apply attaches it" run apply -f state.yaml
check "explain of the interface names it" says 0 '^override +(\.\.\.)?.*/site.yaml:6' \
    run explain outer tcp 203.0.113.200 198.51.100.1:444
check "and its JSON" answers '.override | endswith("/site.yaml:5")' \
    run explain outer tcp 203.0.113.9 198.51.100.1:5061 --json
check "counters name it" answers \
    '.[0].rows[] | select(.id == "webconf-edge/external/psom-tls-in") | .override | endswith("/site.yaml:6")' \
    run counters outer --json
check "what is narrowed lets in nobody else" answers '.verdict == "drop"' \
    run explain outer tcp 203.0.113.200 198.51.100.1:5061 --json
check "what is carved out does not pass" answers '.verdict == "drop"' \
    run explain outer tcp 203.0.113.200:1023 198.51.100.1:444 --json
sed 's/444/445/' site.yaml >other.yaml
check "diff names the lines" says 0 'psom-tls-in .* 445 .*other.yaml:6' run diff outer --site other.yaml
check "the kept words come to the same policy" says 0 'nothing|already|no packet' run diff outer
check "apply again changes nothing" run apply -f state.yaml
check "none at all" answers 'all(.generation == 1)' run status outer --json

# --- Mistakes -------------------------------------------------------------------------------------------------------------

# everywhere PLACE TEXT   said by every verb that reads the site, which ends with exit code 3.
everywhere() {
    check "check: $2" says 3 "$1: error: $2" run check site.yaml
    check "show: $2" says 3 "$1: error: $2" run show consolidated-edge --site site.yaml
    check "explain: $2" says 3 "$1: error: $2" \
        run explain --role consolidated-edge --site site.yaml tcp 203.0.113.9 198.51.100.1:443
    check "update: $2" says 3 "$1: error: $2" run update outer
    check "apply: $2" says 3 "$1: error: $2" run apply -f state.yaml
    check "and what is in force stays: $2" answers 'all(.generation == 1)' run status outer --json
}
cp site.yaml sound.yaml
echo '  webconf-edge/external/psom-tsl-in: {port: 444}' >>site.yaml
everywhere site.yaml:7:3 \
    "no table has a row 'webconf-edge/external/psom-tsl-in'; did you mean 'webconf-edge/external/psom-tls-in'\?"
cp sound.yaml site.yaml
echo '  webconf-edge/external/*: {port: 445}' >>site.yaml
everywhere site.yaml:7:35 "'port' of the row webconf-edge/external/psom-tls-in is given twice: here, on line 7 .* on line 6"
sed 's/hardening/nowhere/' sound.yaml >site.yaml
everywhere site.yaml:3:11 "'nowhere' cannot be read: there is no nowhere.yaml beside this file, and none among the policies"
cp sound.yaml site.yaml
cp policies/hardening.yaml kept
echo '  av-edge/external/stun-udp-in: {prot: 1}' >>policies/hardening.yaml
everywhere policies/hardening.yaml:4:34 "unknown key 'prot' in an override; did you mean 'port'\?"
cp kept policies/hardening.yaml
printf 'override:\n  access-edge/external/http-out: {closed: false}\n' >hardening.yaml
check "a file beside the site comes first" says 0 'http-out .*hardening.yaml:2' \
    run show consolidated-edge --site site.yaml
run detach outer >/dev/null

finish
