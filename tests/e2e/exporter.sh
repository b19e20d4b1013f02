#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the exporter promises: text that Prometheus accepts in every state, numbers that are exact, an answer for
# everybody whatever some clients do, and nothing kept that it does not need. Everything happens in a network and a
# mount namespace of its own, with its own bpffs.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

ulimit -n "$(ulimit -Hn)"
own_folder
chmod 755 "$work"

# --- The ground --------------------------------------------------------------------------------------------------

bpffs_options=mode=0700 own_ground
outer_and_far_host

attach() { "$LYNCXDP" attach "$1" --role av-edge --set pool=10.0.0.1; }

# send COUNT PORT   So many datagrams from the other end, one write each.
send() {
    # shellcheck disable=SC2016
    in_far bash -c 'exec 7>/dev/udp/198.51.100.1/$2; for ((i = 0; i < $1; i++)); do printf x >&7; done' send "$1" "$2"
}

# --- The exporter ------------------------------------------------------------------------------------------------

answering() { cat "$work/said" && [ -n "$url" ] && runs "$exporter"; }

scrape() { sleep 0.6 && get metrics >"$work/metrics"; } # longer than an answer is shared
accepted() { scrape && promtool check metrics <"$work/metrics"; }
# Sooner than silent clients are shown out: nobody waits for them.
status_of() { curl -s --max-time 8 -o "$work/body" -w '%{http_code}' "$url$1"; }
# responds STATUS PATH [PATTERN]
responds() {
    local status
    status=$(status_of "$2")
    echo "status $status, expected $1"
    cat "$work/body"
    [ "$status" = "$1" ] && grep -qE -e "${3:-}" "$work/body"
}
# sample SERIES   The value of one series of the last scrape.
sample() { grep -F "$1 " "$work/metrics" | sed 's/.* //'; }
dropped='lyncxdp_port_dropped_packets_total{interface="outer",hook="to-role",transport="udp",port='

start_exporter
check "an exporter says where it answers" answering
check "what it says with nothing attached is accepted" accepted
check "without attachments all is well" responds 200 healthz '^ok: 0 attached'
check "an attachment that comes is told" eval 'attach outer && scrape && grep -q "interface=\"outer\"" "$work/metrics"'
check "what it says of it is accepted" accepted
check "and all is well" responds 200 healthz '^ok: 1 attached'
check "what is nowhere is nowhere" responds 404 nowhere
check "nothing but GET and HEAD" is "$(curl -s -o /dev/null -w '%{http_code}' -X POST -d x "${url}metrics")" 405
check "the type is the one that Prometheus knows" grep -qi '^content-type: text/plain; version=0.0.4' \
    <(curl -sI "${url}metrics")

# --- What it may still do ------------------------------------------------------------------------------------------

# in_status NAME VALUE   of the exporter, which must be there to be asked.
in_status() { says 0 "^$1:[[:space:]]*$2\$" cat "/proc/$exporter/status"; }
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    check "no capability is left: $set" in_status $set 0000000000000000
done
check "it can gain no privileges" in_status NoNewPrivs 1
check "its system calls are filtered" in_status Seccomp 2
check "it looks at 0700 bpffs all the same" is "$(stat -c %A /sys/fs/bpf) $(status_of metrics)" "drwx-----T 200"

# --- Exact numbers, as a real Prometheus has them ------------------------------------------------------------------

cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 1s}
rule_files: [$tree/user/share/prometheus/lyncxdp.rules.yml]
scrape_configs:
  - job_name: lyncxdp
    static_configs: [{targets: ['${url#http://}']}]
END
sed -i "s,/']},']}," "$work/prometheus.yml"
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address=127.0.0.1:9090 >"$work/prometheus.log" 2>&1 &
started="$started $!"
# asked QUERY   What Prometheus answers to it: the values, one a line.
asked() {
    curl -sS --max-time 10 http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
        jq -r 'if .status == "success" then .data.result[].value[1] else error(.error) end'
}
asked_is() { is "$(asked "$1")" "$2"; }
query='lyncxdp_port_dropped_packets_total{interface="outer",hook="to-role",transport="udp",port="3389"}'
check "Prometheus scrapes it" until_true 60 asked_is 'up{job="lyncxdp"}' 1
check "a port that nobody has tried is there, at zero" until_true 60 asked_is "$query" 0
# Nobody answers that a port is closed, which would end the sending.
socat -u UDP-RECV:3478 /dev/null &
started="$started $!"
socat -u UDP-RECV:3389 /dev/null &
started="$started $!"
send 1234 3389
send 55 4444
send 7 3478
check "Prometheus knows exactly how many went to closed port 3389" until_true 60 asked_is "$query" 1234
check "the others are together" until_true 60 asked_is "${query/3389/other}" 55
check "what a row lets through is told by row" until_true 60 \
    asked_is 'sum(lyncxdp_row_packets_total{hook="to-role",row=~".*stun-udp-in"})' 7
# The kernel may say something between one question and the other.
sums_agree() {
    scrape && is "$(awk '/^lyncxdp_packets_total\{interface="outer",hook="to-role"/ { n += $NF } END { print n }' "$work/metrics")" \
        "$(run counters outer --json | jq '.[0].packets')"
}
check "the sum over the reasons is what counters tell" until_true 60 sums_agree
check "the alert rules load" is "$(curl -s http://127.0.0.1:9090/api/v1/rules | jq '.data.groups[0].rules | length')" \
    "$(grep -c 'alert:' "$tree/user/share/prometheus/lyncxdp.rules.yml")"
check "the alert rules are right" promtool check rules "$tree/user/share/prometheus/lyncxdp.rules.yml"
check "each alert fires on what it is for" promtool test rules "$tree/user/share/prometheus/lyncxdp.rules.test.yml"

# Every query of the dashboard means something to Prometheus, and is about a metric that there is.
dashboard=$tree/user/share/grafana/lyncxdp.json
queries() { jq -r '.panels[].targets[].expr' "$dashboard" | sed 's/\$interface/.*/g; s/\$__rate_interval/1m/g'; }
understood() {
    local one failed=0 count=0
    while read -r one; do
        asked "$one" >/dev/null || { echo "$one"; failed=1; }
        count=$((count + 1))
    done < <(queries)
    echo "$count queries"
    [ $failed -eq 0 ] && [ $count -gt 0 ]
}
known() {
    local name failed=0
    queries | grep -q lyncxdp_ || return
    for name in $(queries | grep -oE 'lyncxdp_[a-z_]+' | sort -u) \
        $(grep -oE 'lyncxdp_[a-z_]+' "$tree/user/share/prometheus/lyncxdp.rules.yml" | sort -u); do
        grep -q "^# TYPE $name " "$work/metrics" || { echo "$name"; failed=1; }
    done
    return $failed
}
check "Prometheus understands the dashboard" understood
check "dashboard and alerts are about metrics that there are" known

# --- Ports ---------------------------------------------------------------------------------------------------------

check "a port keeps what it had" is "$(sample "$dropped\"3389\"}")" 1234
check "ports of the policy are named" grep -qF "$dropped\"3478\"}" "$work/metrics"
check "a port that is not watched is not named" lacks 'port="4444"' "$work/metrics"
stop_exporter
start_exporter --all-ports
scrape
check "--all-ports names every port that has dropped" is "$(sample "$dropped\"4444\"}")" 55
check "and leaves nothing for the others" is "$(sample "$dropped\"other\"}")" 0
send 3 4445
scrape
check "and the next one" is "$(sample "$dropped\"4445\"}") $(sample "$dropped\"other\"}")" "3 0"
stop_exporter

# --- Clients that mean no good ---------------------------------------------------------------------------------------

start_exporter
port=${url##*:}
port=${port%/}
request='GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
# One that sends a byte now and then, for ever, until it is shown out.
(
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /' >&9 && touch "$work/dripping"
    while printf 'a' >&9; do sleep 1; done
) 2>/dev/null &
drip=$!
started="$started $drip"
stalled=()
for i in $(seq 100); do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port" && stalled+=("$fd")
    # A third says nothing, a third half a request, a third asks and never reads.
    case $((i % 3)) in
    1) printf 'GET /metrics HTTP/1.1\r\nHost' >&"$fd" ;;
    2) printf '%b' "$request" >&"$fd" ;;
    esac
done
connected() { ss -Htn state established sport = ":$port" | wc -l; }
more_connected_than() { [ "$(connected)" -gt "$1" ]; }
no_more_connected_than() { [ "$(connected)" -le "$1" ]; }
check "one that never ends its request is connected" until_true 60 test -e "$work/dripping"
check "100 clients are stalled" is "${#stalled[@]}" 100
check "and hold on to their connections" until_true 60 more_connected_than 50
check "and others are answered" responds 200 metrics lyncxdp_build_info
crowd=()
for _ in $(seq 1000); do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port" && crowd+=("$fd") && printf '%b' "$request" >&"$fd"
done
check "1000 more ask at a time" is "${#crowd[@]}" 1000
check "and others are answered still" responds 200 healthz '^ok'
served=0
for fd in "${crowd[@]}"; do
    timeout 60 cat <&"$fd" | tail -n 1 | grep -q '^lyncxdp_' && served=$((served + 1))
    exec {fd}>&-
done
check "all 1000 get the whole answer" is $served 1000
# refused BYTES…   of the command's output, sent to the exporter, which is there and ends the connection: without an
# answer, or with one that says what is wrong.
refused() {
    local answer status client
    exec {client}<>"/dev/tcp/127.0.0.1/$port" || return
    ("$@" >&"$client") 2>/dev/null # which the signal of a connection that has ended may end
    read -rt 60 answer <&"$client"
    status=$?
    exec {client}>&-
    echo "answer: $answer, read: $status"
    # Above 128 nothing had come in time.
    [ $status -le 128 ] && [[ ${answer:-HTTP/1.1 4} == HTTP/1.1\ 4* ]] && responds 200 metrics lyncxdp_build_info
}
rubbish() { refused printf '%b\r\n\r\n' "$1"; }
endless() { printf 'GET /'; head -c 1000000 /dev/zero | tr '\0' a; }
check "a request without end is refused" refused endless
many_headers="GET / HTTP/1.1\\r\\n$(printf 'a%d: b\\r\\n' $(seq 4000))"
check "rubbish is refused" rubbish '\0\0\377\376 \t\n\0\n: :\r\r\n'
check "what is not HTTP is refused" rubbish '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'
check "a request with more headers than there is room for is refused" rubbish "$many_headers"
check "a length that is a lie is refused" rubbish 'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n'
check "stalled clients are shown out" until_true 60 no_more_connected_than 1
check "so is one that never ends its request" until_true 60 runs_no_more $drip
for fd in "${stalled[@]}"; do exec {fd}>&-; done
check "the exporter is as it was" responds 200 metrics lyncxdp_build_info
has_few_descriptors() {
    local count
    count=$(find "/proc/$exporter/fd" -mindepth 1 | wc -l)
    echo "$count descriptors"
    [ "$count" -gt 2 ] && [ "$count" -lt 16 ]
}
check "and has lost no descriptor" until_true 60 has_few_descriptors

# --- What is well and what is not ------------------------------------------------------------------------------------

healthy() { responds 200 healthz '^ok'; }
ip link set dev outer xdpdrv off
check "a program that something took away is noticed" until_true 60 responds 503 healthz 'outer is not filtered'
scrape
check "and told" is "$(sample 'lyncxdp_filtering{interface="outer",hook="to-role"}')" 0
"$LYNCXDP" detach outer >/dev/null
check "detaching is no trouble" until_true 60 responds 200 healthz '^ok: 0 attached'
attach outer >/dev/null
check "attached anew it is another attachment" eval \
    'scrape && is "$(sample "$dropped\"3389\"}")" 0'
mv_pins() { umount /sys/fs/bpf; }
check "pins that are lost are noticed" eval 'mv_pins && until_true 60 responds 503 healthz "pins of outer are lost"'
mount -t bpf -o mode=0700 bpf /sys/fs/bpf
"$LYNCXDP" detach outer >/dev/null
check "and forgotten when the program is gone" until_true 60 responds 200 healthz '^ok: 0 attached'
stop_exporter
check "it stops when told" is $ended 0
start_exporter outer
check "an interface that must be attached and is not, is trouble" until_true 60 responds 503 healthz 'nothing is attached to outer'
attach outer >/dev/null
check "and is no trouble when it is" until_true 60 healthy
stop_exporter

# --- Updates ---------------------------------------------------------------------------------------------------------

"$LYNCXDP" detach outer >/dev/null
"$LYNCXDP" attach outer --role av-edge --set pool=10.0.0.1 --audit >/dev/null
start_exporter
# told METRIC VALUE   The to-role hook of outer has it, and the text is accepted.
told() { accepted && is "$(sample "$1{interface=\"outer\",hook=\"to-role\"}")" "$2"; }
check "audit mode is told" told lyncxdp_policy_audit 1
send 9 3389
check "and what it would drop" eval \
    'scrape && is "$(sample "${dropped/dropped/would_drop}\"3389\"}") $(sample "$dropped\"3389\"}")" "9 0"'
"$LYNCXDP" update outer --no-audit --shadow >/dev/null
check "a candidate is told" told lyncxdp_policy_shadow 1
check "on the page as well" responds 200 state.json '"shadow":true'
send 4 3389
check "while the policy in force decides and is told" eval 'told lyncxdp_policy_audit 1 &&
    is "$(sample "${dropped/dropped/would_drop}\"3389\"}") $(sample "$dropped\"3389\"}")" "13 0"'
"$LYNCXDP" promote outer >/dev/null
check "and no more when it is promoted" eval 'told lyncxdp_policy_shadow 0 && told lyncxdp_policy_audit 0'
send 5 3389
check "which then decides, and counts on" eval 'scrape &&
    is "$(sample "${dropped/dropped/would_drop}\"3389\"}") $(sample "$dropped\"3389\"}")" "13 5"'
"$LYNCXDP" update outer --egress enforce --try 60 >/dev/null
check "a trial is told" eval 'accepted && s=$(sample "lyncxdp_policy_trial_seconds_left{interface=\"outer\",hook=\"to-role\"}") && [ "$s" -gt 30 ] && [ "$s" -le 60 ]'
check "and that nothing fell back" told lyncxdp_policy_fallback 0
"$LYNCXDP" rollback outer >/dev/null
"$LYNCXDP" update outer --egress enforce --try 1 >/dev/null
check "a trial that ran out is told" until_true 60 told lyncxdp_policy_fallback 1
"$LYNCXDP" detach outer >/dev/null
attach outer >/dev/null

# Under traffic, with updates that take rows away and bring them back, no counter of any scrape is below the one before.
# traffic PORT   Datagrams as fast as they go, until there were enough.
traffic() {
    # shellcheck disable=SC2016
    in_far bash -c 'exec 7>/dev/udp/198.51.100.1/$2; while [ ! -e "$1" ]; do printf x >&7; done' traffic "$work/enough" "$1"
}
traffic 3478 &
traffic 3389 &
(while [ ! -e "$work/enough" ]; do
    "$LYNCXDP" update outer --without federation-ocs2007
    "$LYNCXDP" update outer --role av-edge --set pool=10.0.0.1
    "$LYNCXDP" update outer --role access-edge --set pool=10.0.0.1
    "$LYNCXDP" update outer --role av-edge --set pool=10.0.0.1
done) >"$work/updates" 2>&1 &
updating=$!
# Prints what fell between two scrapes, and the name of each counter that is gone.
fallen() {
    awk 'NR == FNR { if ($0 ~ /^lyncxdp_[a-z_]*_total/) was[$1] = $2; next }
        $0 ~ /^lyncxdp_[a-z_]*_total/ { if ($1 in was && $2 + 0 < was[$1] + 0) { print $1, was[$1], $2; bad = 1 } seen[$1] = 1 }
        END { for (name in was) if (!(name in seen)) { print "gone", name; bad = 1 }; exit bad }' "$1" "$2"
}
rising() {
    scrape && cp "$work/metrics" "$work/before" || return 1
    for _ in $(seq 8); do
        scrape && fallen "$work/before" "$work/metrics" || return 1
        cp "$work/metrics" "$work/before"
    done
}
check "no counter falls and no series is lost while policies change under traffic" rising
touch "$work/enough"
reap $updating
check "the generations went by" eval 'scrape && g=$(sample "lyncxdp_policy_generation{interface=\"outer\",hook=\"to-role\"}") && echo "$g" && [ "$g" -gt 4 ]'
stop_exporter

# --- Many ------------------------------------------------------------------------------------------------------------

for i in $(seq 31); do
    ip link add "many$i" type veth peer name "end$i"
    ip link set "many$i" up
    attach "many$i" >/dev/null || echo "# many$i"
done
in_far ip link add outer type veth peer name elsewhere
in_far ip link set outer up
in_far "$LYNCXDP" attach outer --role av-edge --set pool=10.0.0.1 >/dev/null
start_exporter
check "what it says of 32 interfaces, and one elsewhere, is accepted" accepted
check "they are all there" is "$(grep -c '^lyncxdp_policy_generation{.*hook="to-role"' "$work/metrics")" 33
check "one elsewhere is told apart from its namesake" is \
    "$(grep -c '^lyncxdp_policy_generation{interface="outer",hook="to-role"' "$work/metrics")" 2
check "and all is well" responds 200 healthz '^ok: 33 attached'
stop_exporter
for i in $(seq 31); do "$LYNCXDP" detach "many$i" >/dev/null; done
in_far "$LYNCXDP" detach outer >/dev/null

# --- Secrets ---------------------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=lyncxdp \
    -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
hash_of() { openssl passwd -6 "$1"; }
{ echo '# who may ask' && echo "prom:$(hash_of right:horse)" && echo 'other:$y$j75$lyncxdpsalt.........$jxQzSdOzSWNumYdeWT/65o5.Pj06MIGFVA7GGZWCFb1'; } >"$work/passwords"
chmod 644 "$work/passwords"
# fails CODE PATTERN OPTION…   It ends at once, with a sentence.
fails() { says "$1" "$2" timeout 60 "$LYNCXDP" exporter --listen 127.0.0.1:0 "${@:3}"; }
check "passwords that others may read are refused" fails 1 'chmod 600' --passwords "$work/passwords"
chmod 600 "$work/passwords"
check "a certificate needs its key" fails 2 'go together' --certificate "$work/cert.pem"
check "and its own" fails 1 'not a certificate and its key' --certificate "$work/cert.pem" --key "$work/passwords"
check "passwords need names" fails 1 'line 1: write NAME:HASH' --passwords "$work/key.pem"
printf '# plain\nprom:right:horse\n' >"$work/plain"
printf 'prom:%s\n' "$(hash_of pass | cut -c -50)" >"$work/cut"
echo 'prom:$2y$16$lyncxdpsaltlyncxdpsale4R9pPQ00pMHI3lYttAzzFXKvbmnAxPm' >"$work/dear"
chmod 600 "$work/plain" "$work/cut" "$work/dear"
check "a password in plain text is refused, and how a hash is made is told" \
    fails 1 'plain, line 2: .*mkpasswd -m yescrypt' --passwords "$work/plain"
check "a hash that was cut off is refused" fails 1 'cut, line 1: the hash is not whole' --passwords "$work/cut"
check "a hash that takes too long is refused" fails 1 'dear, line 1: .*lower cost' --passwords "$work/dear"
check "an address that is none" fails 2 'write ADDRESS:PORT' --listen localhost
check "an address that is taken" fails 1 'cannot listen at 127.0.0.1:9090' --listen 127.0.0.1:9090
start_exporter --certificate "$work/cert.pem" --key "$work/key.pem" --passwords "$work/passwords"
secure() { curl -s --max-time 20 --cacert "$work/cert.pem" -o "$work/metrics" -w '%{http_code}' "$@" "${url}metrics"; }
check "an exporter with TLS says so" grep -q '^https://127' <<<"$url"
check "without a password" is "$(secure)" 401
check "with a wrong one" is "$(secure -u prom:wrong)" 401
check "with one's password and somebody's name" is "$(secure -u other:right:horse)" 401
check "with a beginning of it" is "$(secure -u prom:right)" 401
check "with the hash" is "$(secure -u "prom:$(sed -n 's/^prom://p' "$work/passwords")")" 401
check "with the right one" is "$(secure -u prom:right:horse)" 200
check "by yescrypt, too" is "$(secure -u other:pass)" 200
check "and the metrics are the metrics" promtool check metrics <"$work/metrics"
# What curl says when the other end hangs up, which is neither being refused (7) nor waiting in vain (28).
check "nothing without TLS" says 52 'Empty reply' curl -sS --max-time 60 "http://${url#https://}metrics"
# shakes_hands CODE PATTERN OPTION…   with this exporter, at a level of security at which old TLS may be spoken at all.
shakes_hands() {
    says "$1" "$2" timeout 60 openssl s_client -brief -cipher DEFAULT:@SECLEVEL=0 -connect "${address:-$listening}" \
        "${@:3}" </dev/null
}
listening=${url#https://}
listening=${listening%/}
check "TLS 1.2 is spoken" shakes_hands 0 'Protocol version: TLSv1.2' -tls1_2
check "nothing of old TLS" shakes_hands 1 'alert protocol version|unexpected eof' -tls1_1
openssl s_server -www -accept 127.0.0.1:9443 -cert "$work/cert.pem" -key "$work/key.pem" -cipher DEFAULT:@SECLEVEL=0 \
    >/dev/null 2>&1 &
started="$started $!"
address=127.0.0.1:9443
check "though it is known here" until_true 60 shakes_hands 0 'Protocol version: TLSv1.1' -tls1_1
stop_exporter

# A hash of half a second's work: guesses use the budget up, and after that nobody waits for them.
echo 'slow:$6$rounds=600000$lyncxdpsalt$onzwXVysqQjqJJvS41r7ZUo5rNZp295wnLpcDZT/4JaeykBltujEDWpaO/EzmXCLMfSHDfAlx/7YNE7A0aqpJ.' >"$work/passwords"
start_exporter --passwords "$work/passwords"
asks() { curl -s --max-time 60 -o "$work/body" -w '%{http_code}' -u "$1" "${url}metrics"; }
check "who gives the right password is answered" is "$(asks slow:right)" 200
guessed_away() {
    local status seen=
    for _ in $(seq 50); do
        status=$(asks slow:wrong)
        seen="$seen $status"
        [ "$status" = 429 ] && break
    done
    echo "$seen"
    [ "$status" = 429 ]
}
check "guesses end with 429: too many" guessed_away
check "who was right before is answered all the same" is "$(asks slow:right)" 200
check "and without a password it is 401 still" is "$(status_of metrics)" 401
stop_exporter

# --- To a file -------------------------------------------------------------------------------------------------------

prom=$work/collector/lyncxdp.prom
mkdir "$work/collector"
chown 65534 "$work/collector"
textfile() { timeout 60 "$LYNCXDP" exporter --textfile "$prom" "$@"; }
check "the metrics to a file, once, in the directory of another user" textfile
check "are accepted" promtool check metrics <"$prom"
check "for everybody to read" is "$(stat -c %a "$prom")" 644
check "and nothing lies beside them" is "$(ls "$work/collector")" lyncxdp.prom
check "a directory that is not there" says 1 'nowhere.*No such file' "$LYNCXDP" exporter --textfile "$work/nowhere/x.prom"
check "a file and HTTP at once is a mistake" fails 2 'instead of answering' --textfile "$prom"
"$LYNCXDP" exporter --textfile "$prom" --every 1 &
writer=$!
started="$started $writer"
# Until there were three others.
whole() {
    local text versions=0 last='' ends=$((SECONDS + 60))
    while [ $versions -le 3 ] && [ $SECONDS -lt $ends ]; do
        text=$(cat "$prom") || return 1
        [[ $text == '# HELP lyncxdp_build_info'* && ${text##*$'\n'} == lyncxdp_flows_created_total* ]] || {
            echo "not whole: ${text: -200}"
            return 1
        }
        [ "$(stat -c %i "$prom")" = "$last" ] || versions=$((versions + 1))
        last=$(stat -c %i "$prom")
    done
    echo "$versions versions"
    [ $versions -gt 3 ]
}
check "again and again, and whole whenever it is read" whole
send 5 5900
check "with what is new" until_true 60 grep -qF "$dropped\"5900\"} 5" "$prom"
check "still without a capability but one" grep -qP '^CapEff:\t0000000000000002$' /proc/$writer/status
kill $writer
reap $writer
check "and nothing is left when it is stopped" is "$(ls "$work/collector")" lyncxdp.prom

# --- Who may not -----------------------------------------------------------------------------------------------------

cp "$LYNCXDP" "$work/lyncxdp"
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$work/lyncxdp" exporter --listen 127.0.0.1:0; }
check "who may not look is told at once" says 1 'run it with sudo' nobody
chmod 755 /sys/fs/bpf
nobody >"$work/said" 2>&1 &
started="$started $!"
check "who may look needs nothing else" until_true 60 grep '^answering' "$work/said"

"$LYNCXDP" detach --all >/dev/null
finish
