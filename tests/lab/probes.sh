# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Runs the probes of probes.txt, all at once, and says which got through. lab_probe_* return 0 when the far end
# answered (or, for a forged source, heard); the runner gives each a limit in seconds.

# What a probe may take, in seconds. One that must get through ends as soon as it has. One that a filter must drop waits
# all of its time there; it has no more than that without a filter either, so that it is known to be enough.
LAB_PATIENCE=10
LAB_IMPATIENCE=2
LAB_AT_ONCE=${LAB_AT_ONCE:-24}

lab_turn() {
    turnutils_uclient "$@" -u lab -w lab -e 203.0.113.10 -r 3480 -n 5 -m 1 -l 160 -c -z 20 | tee "$LAB_RUN/turn.$BASHPID" |
        grep -q 'tot_send_msgs=5, tot_recv_msgs=5'
}

lab_probe_turn-udp() {
    lab_turn -p "$2" "$1"
}

lab_probe_turn-tcp() {
    lab_turn -t -p "$2" "$1"
}

lab_probe_stun-udp() {
    turnutils_stunclient -p "$2" "$1" | grep -q 'UDP reflexive addr'
}

# A binding request by hand; turnutils_stunclient knows UDP alone. A success response begins 01 01.
lab_probe_stun-tcp() {
    printf '\x00\x01\x00\x00\x21\x12\xa4\x42lyncxdp-demo' | socat -t 5 - "TCP:$1:$2" |
        head -c 2 | od -An -tx1 | grep -q '01 01'
}

lab_probe_tls() {
    openssl s_client -brief -connect "$1:$2" -CAfile authority.pem -cert partner.pem -key partner.key \
        -verify_return_error -verify_hostname "$3.contoso.example" </dev/null
}

# lab_call OPTION…   one SIP call. Each has its own local ports: sipp's way of finding free ones is a race.
lab_call() {
    sipp -sn uac -m 1 -d 0 -nostdin -timeout "$LAB_LIMIT" -timeout_error \
        -p $((16000 + LAB_NUMBER)) -mp $((20000 + 4 * LAB_NUMBER)) -cp $((18000 + LAB_NUMBER)) "$@"
}

# Through the TLS tunnel that servers.sh opened for this probe.
lab_probe_sip-tls() {
    lab_call -t t1 -i 127.0.0.1 "127.0.0.1:$2"
}

lab_probe_sip-udp() {
    lab_call -t u1 "$1:$2"
}

lab_probe_http() {
    curl -sS "http://$1:$2/" -o /dev/null -w '%{http_code}' | grep -q 301
}

lab_probe_https() {
    curl -sS --cacert authority.pem --resolve "reverse-proxy.contoso.example:$2:$1" \
        "https://reverse-proxy.contoso.example:$2/" | grep -q 'pool web services'
}

lab_probe_echo-tcp() {
    echo "$LAB_WORD" | socat -t 5 - "TCP:$(lab_bracket "$1"):$2" | grep -qF "$LAB_WORD"
}

lab_probe_echo-udp() {
    exec 3<>"/dev/udp/$1/$2" && echo "$LAB_WORD" >&3 && head -n 1 <&3 | grep -qF "$LAB_WORD"
}

lab_probe_forged-udp() {
    echo "$LAB_WORD" | socat -u - "UDP:$1:$2,bind=$3"
    until grep -qF "$LAB_WORD" heard; do
        sleep 0.05
    done
}

lab_probe_ping() {
    ping -c 1 -q "$1"
}

# The table without comments, one probe a line, fields trimmed: name|from|probe|av-edge|site
lab_probes() {
    sed -e '/^#/d; /^ *$/d; s/ *| */|/g; s/ *$//' "$LAB_HOME/probes.txt"
}

# One probe in its host's namespace: leaves "pass" or "drop" in its result file, and what it printed beside it.
lab_probe() {
    local result=$1 from=$2 limit=$3 number=${1##*/} words
    read -ra words <<<"$4"
    # shellcheck disable=SC2016 # expanded by the inner shell
    if lab_in "$from" env LAB_LIMIT="$limit" LAB_NUMBER="$number" LAB_WORD="$RANDOM-${1#"$LAB_RUN/results."}." \
        timeout "$limit" bash -c '. "$0/lab.sh"; cd "$LAB_RUN" && lab_probe_$1 "${@:2}"' \
        "$LAB_HOME" "${words[@]}" </dev/null >"$result.log" 2>&1 9>&-; then
        echo pass >"$result"
    else
        echo drop >"$result"
    fi
}

# What an act expects of a probe: lab_expected ACT AV_EDGE SITE (the table's two columns).
lab_expected() {
    case $1 in
    none) echo pass ;;
    av-edge) echo "$2" ;;
    site) echo "$3" ;;
    esac
}

# Starts the probes of an act, a number at once, and waits for them all.
lab_run_probes() {
    local act=$1 results=$LAB_RUN/results.$1 number=0 name from probe av_edge site expected limit
    while IFS='|' read -r name from probe av_edge site; do
        expected=$(lab_expected "$act" "$av_edge" "$site")
        [ "$expected" != - ] || continue
        number=$((number + 1))
        limit=$LAB_PATIENCE
        if [ "$expected" = drop ] || { [ "$act" = none ] && [[ $av_edge$site = *drop* ]]; }; then
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

# lab_matrix ACT   act: none (no filter), av-edge, site. Leaves name|from|expected|seen for each probe tried in
# $LAB_RUN/matrix. In the background, for only `wait` lets a trap act at once.
lab_matrix() {
    local results=$LAB_RUN/results.$1 number
    rm -rf "$results" && mkdir "$results" || return
    lab_run_probes "$1" >/dev/null &
    wait $!
    for ((number = 1; ; number++)); do
        [ -e "$results/$number.what" ] || break
        echo "$(cat "$results/$number.what")|$(cat "$results/$number")"
    done >"$LAB_RUN/matrix"
}
