# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Runs the probes of probes.txt, all at once, and says which got through. lab_probe_* return 0 when the far end
# answered (or, for a forged source, heard or believed) and LAB_BROKEN when what comes before the trial went wrong; the
# runner gives each a limit in seconds.

# What a probe may take, in seconds. One that must get through ends as soon as it has. One that a filter must drop waits
# all of its time there; it has no more than that without a filter either, so that it is known to be enough.
LAB_PATIENCE=10
LAB_IMPATIENCE=2
# What a client relays each way.
LAB_TURN_MESSAGES=50
LAB_AT_ONCE=${LAB_AT_ONCE:-24}

# shellcheck source=tests/lab/forgery.sh
. "$LAB_HOME/forgery.sh"

# lab_turn ADDRESS OPTION…   relays media to a peer on the Internet and back, all of it by the family of ADDRESS. What is
# lost is told, and fails.
lab_turn() {
    local family=(-e 203.0.113.10)
    [ "$1" = "${1#*:}" ] || family=(-x -e 2001:db8:113::10)
    turnutils_uclient "${@:2}" -u lab -w lab "${family[@]}" -r 3480 -n "$LAB_TURN_MESSAGES" -m 1 -l 160 -c -z 10 "$1" |
        tee /dev/stderr | grep -q "tot_send_msgs=$LAB_TURN_MESSAGES, tot_recv_msgs=$LAB_TURN_MESSAGES"
}

lab_probe_turn-udp() {
    lab_turn "$1" -p "$2"
}

lab_probe_turn-tcp() {
    lab_turn "$1" -t -p "$2"
}

lab_probe_stun-udp() {
    turnutils_stunclient -p "$2" "$1" | grep -q 'UDP reflexive addr'
}

# A binding request by hand; turnutils_stunclient knows UDP alone. A success response begins 01 01.
lab_probe_stun-tcp() {
    printf '\x00\x01\x00\x00\x21\x12\xa4\x42lyncxdp-demo' | socat -t 5 - "TCP:$(lab_bracket "$1"):$2" |
        head -c 2 | od -An -tx1 | grep -q '01 01'
}

# From the port that it asks, beside the A/V Edge's own server on it.
lab_probe_stun-out() {
    printf '\x00\x01\x00\x00\x21\x12\xa4\x42lyncxdp-demo' | lab_datagram "$(lab_bracket "$1"):$2,bind=$(lab_bracket "$3"):$2" 2 |
        od -An -tx1 | grep -q '01 01'
}

lab_probe_tls() {
    openssl s_client -brief -connect "$(lab_bracket "$1"):$2" -CAfile authority.pem -cert partner.pem -key partner.key \
        -verify_return_error -verify_hostname "$3.contoso.example" </dev/null
}

# lab_call OPTION…   one SIP call. Each has its own local ports: sipp's way of finding free ones is a race.
lab_call() {
    sipp -sn uac -m 1 -d 0 -nostdin -timeout "$LAB_LIMIT" -timeout_error \
        -p $((16000 + LAB_NUMBER)) -mp $((20000 + 4 * LAB_NUMBER)) -cp $((18000 + LAB_NUMBER)) "$@"
}

# Through the TLS tunnel that servers.sh opened for this probe.
lab_probe_sip-tls() {
    lab_call -t t1 -i 127.0.0.1 "$(lab_tunnel "$1"):$2"
}

lab_probe_sip-udp() {
    lab_call -t u1 "$1:$2"
}

lab_probe_http() {
    curl -sS "http://$(lab_bracket "$1"):$2/" -o /dev/null -w '%{http_code}' | grep -q 301
}

lab_probe_https() {
    curl -sS --cacert authority.pem --resolve "reverse-proxy.contoso.example:$2:$(lab_bracket "$1")" \
        "https://reverse-proxy.contoso.example:$2/" | grep -q 'pool web services'
}

# How an Edge finds a partner.
lab_probe_dns() {
    busybox nslookup -type=srv _sipfederationtls._tcp.contoso.example "$1" | grep -q '5061 partner.contoso.example'
}

lab_probe_crl() {
    curl -sS --fail --resolve "crl.contoso.example:$2:$(lab_bracket "$1")" "http://crl.contoso.example:$2/authority.crl" |
        openssl crl -noout -CAfile authority.pem 2>&1 | grep 'verify OK'
}

# From a port of its own, where one is given.
lab_probe_echo-tcp() {
    echo "$LAB_WORD" | socat -t 5 - "TCP:$(lab_bracket "$1"):$2${3:+,sourceport=$3,reuseaddr}" | grep -qF "$LAB_WORD"
}

# bash is quick, but cannot choose the port that it sends from.
lab_probe_echo-udp() {
    if [ -n "${3:-}" ]; then
        echo "$LAB_WORD" | lab_datagram "$(lab_bracket "$1"):$2,sourceport=$3" "${#LAB_WORD}" | grep -qF "$LAB_WORD"
    else
        exec 3<>"/dev/udp/$1/$2" && echo "$LAB_WORD" >&3 && head -n 1 <&3 | grep -qF "$LAB_WORD"
    fi
}

# lab_datagram WHERE BYTES   sends its input to WHERE (socat's words) and prints the answer's first bytes. It does not
# wait for socat, which cannot tell when an answer is over.
lab_datagram() {
    head -c "$2" < <(socat -t 1 - "UDP:$1,reuseaddr")
}

# That the bytes arrive shows that the filter lets the router's "too big" in; that the Edge learnt of a narrower path
# shows that there was need of it.
lab_probe_bulk() {
    local narrow=$1
    [ "$(lab_owner "$1")" = inet ] || narrow=$3
    # shellcheck disable=SC2094 # it is only read
    socat -t 5 - "TCP:$(lab_bracket "$1"):$2,bind=$(lab_bracket "$3")" <bulk | cmp - bulk &&
        lab_path_mtu "$narrow" "$LAB_NARROW"
}

# lab_path_mtu ADDRESS MTU   what the Edge believes of the path to ADDRESS.
lab_path_mtu() {
    lab_in edge ip route get "$1" | grep -w "mtu $2"
}

lab_probe_ping() {
    ping -c 1 -q "$1"
}

# The table without comments, one probe a line, fields trimmed: name|from|probe|av-edge|site|enforce
lab_probes() {
    sed -e '/^#/d; /^ *$/d; s/ *| */|/g; s/ *$//' "$LAB_HOME/probes.txt"
}

# One probe in its host's namespace: leaves "pass", "drop" or "broken" in its result file, and what it printed beside.
lab_probe() {
    local result=$1 from=$2 limit=$3 number=${1##*/} words
    read -ra words <<<"$4"
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_in "$from" env LAB_LIMIT="$limit" LAB_NUMBER="$number" LAB_WORD="$RANDOM-${1#"$LAB_RUN/results."}." \
        timeout "$limit" bash -c '. "$0/lab.sh"; cd "$LAB_RUN" && lab_probe_$1 "${@:2}"' \
        "$LAB_HOME" "${words[@]}" </dev/null >"$result.log" 2>&1 9>&-
    case $? in
    0) echo pass ;;
    "$LAB_BROKEN") echo broken ;;
    *) echo drop ;;
    esac >"$result"
}

# What an act expects of a probe: lab_expected ACT AV_EDGE SITE ENFORCE (the table's columns).
lab_expected() {
    case $1 in
    none) echo pass ;;
    av-edge) echo "$2" ;;
    site) echo "$3" ;;
    enforce) echo "$4" ;;
    esac
}

# Starts the probes of an act, a number at once, and waits for them all.
lab_run_probes() {
    local act=$1 results=$LAB_RUN/results.$1 number=0 name from probe av_edge site enforce expected limit
    while IFS='|' read -r name from probe av_edge site enforce; do
        expected=$(lab_expected "$act" "$av_edge" "$site" "$enforce")
        [ "$expected" != - ] || continue
        number=$((number + 1))
        limit=$LAB_PATIENCE
        if [ "$expected" = drop ] || { [ "$act" = none ] && [[ $av_edge$site$enforce = *drop* ]]; }; then
            limit=$LAB_IMPATIENCE
        fi
        echo "$name|$from|$expected" >"$results/$number.what"
        while [ "$(jobs -rp | wc -l)" -ge "$LAB_AT_ONCE" ]; do
            wait -n
        done
        lab_probe "$results/$number" "$from" "$limit" "$probe" &
    done < <(lab_probes)
    wait
}

# What an Edge has been told of its paths, it must be told anew in each act.
lab_forget() {
    ip -n lx-edge route flush cache && ip -n lx-edge -6 route flush cache
}

# lab_matrix ACT   act: none (no filter), av-edge, site, enforce. Leaves name|from|expected|seen for each probe tried in
# $LAB_RUN/matrix. In the background, for only `wait` lets a trap act at once.
lab_matrix() {
    local results=$LAB_RUN/results.$1 number
    rm -rf "$results" && mkdir "$results" && lab_forget || return
    lab_run_probes "$1" >/dev/null &
    wait $!
    for ((number = 1; ; number++)); do
        [ -e "$results/$number.what" ] || break
        echo "$(cat "$results/$number.what")|$(cat "$results/$number")"
    done >"$LAB_RUN/matrix"
}
