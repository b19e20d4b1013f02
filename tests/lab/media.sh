# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# TURN by hand, for what turnutils_uclient cannot do: two clients of one server on two networks, each with an allocation
# of its own, who send each other media through both and count what arrives. Bytes are kept as hex digits.

LAB_MEDIA_PACKETS=100
LAB_MEDIA_BYTES=160
LAB_COOKIE=2112a442

lab_hex() {
    od -An -v -tx1 | tr -d ' \n'
}

# Hex digits to bytes.
lab_bytes() {
    # shellcheck disable=SC2059 # the format is the bytes
    printf "${1//??/\\x&}"
}

# lab_attribute TYPE HEX   a STUN attribute, filled up to four bytes.
lab_attribute() {
    local length=$((${#2} / 2)) padding='' missing=$(((4 - ${#2} / 2 % 4) % 4))
    [ $missing -eq 0 ] || printf -v padding "%0$((2 * missing))d" 0
    printf '%s%04x%s%s' "$1" $length "$2" "$padding"
}

# lab_stun TYPE ATTRIBUTES   a request; with a KEY, signed: the length that is signed covers the signature.
lab_stun() {
    local type=$1 attributes=$2 transaction header
    transaction=$(head -c 12 /dev/urandom | lab_hex)
    if [ -n "${LAB_KEY:-}" ]; then
        printf -v header '%s%04x%s%s' "$type" $((${#attributes} / 2 + 24)) "$LAB_COOKIE" "$transaction"
        attributes+=$(lab_attribute 0008 "$(lab_bytes "$header$attributes" |
            openssl dgst -sha1 -mac HMAC -macopt "hexkey:$LAB_KEY" -binary | lab_hex)")
    fi
    printf '%s%04x%s%s%s' "$type" $((${#attributes} / 2)) "$LAB_COOKIE" "$transaction" "$attributes"
}

# lab_find TYPE MESSAGE   the value of an attribute.
lab_find() {
    local rest=${2:40} length
    while [ ${#rest} -ge 8 ]; do
        length=$((2 * 0x${rest:4:4}))
        if [ "${rest:0:4}" = "$1" ]; then
            echo "${rest:8:length}"
            return
        fi
        rest=${rest:8 + (length + 7) / 8 * 8}
    done
    return 1
}

# lab_request TYPE ATTRIBUTES   sends to the server at descriptor 4 and prints its answer; once more if none comes.
lab_request() {
    local message answer
    message=$(lab_stun "$1" "$2")
    for _ in 1 2 3; do
        lab_bytes "$message" | dd bs=2000 iflag=fullblock status=none >&4
        answer=$(timeout 1 dd bs=2000 count=1 status=none <&4 | lab_hex)
        [ -z "$answer" ] || break
    done
    echo "$answer"
}

# lab_allocate   asks for a relayed address, first without and then with the nonce; prints it as TURN writes addresses.
lab_allocate() {
    local answer realm transport
    transport=$(lab_attribute 0019 11000000)
    answer=$(lab_request 0003 "$transport")
    realm=$(lab_find 0014 "$answer") || return
    LAB_SIGNED=$(lab_attribute 0006 "$(echo -n lab | lab_hex)")
    LAB_SIGNED+=$(lab_attribute 0014 "$realm")$(lab_attribute 0015 "$(lab_find 0015 "$answer")")
    LAB_KEY=$(lab_bytes "$(echo -n lab: | lab_hex)$realm$(echo -n :lab | lab_hex)" | openssl dgst -md5 -binary | lab_hex)
    answer=$(lab_request 0003 "$transport$LAB_SIGNED")
    LAB_RELAYED=$(lab_find 0016 "$answer")
}

# lab_meet MINE THEIRS   leaves a word in a file of its own, waits for the other's, and prints that.
lab_meet() {
    until [ -s "$2" ]; do
        sleep 0.02
    done
    cat "$2"
}

# lab_listen FILE   keeps the media that arrives, until all has or nothing more does. Each datagram is one record.
lab_listen() {
    timeout 6 dd bs=2000 count="$LAB_MEDIA_PACKETS" of="$1" status=none <&4
}

# lab_speak   channel data, ten datagrams at once and ten times a second; one process sends the ten, each in one write.
lab_speak() {
    local datagram ten i
    printf -v datagram '4000%04x%0*d' "$LAB_MEDIA_BYTES" $((2 * LAB_MEDIA_BYTES)) 0
    printf -v ten "$datagram%.0s" {1..10}
    for ((i = 0; i < LAB_MEDIA_PACKETS; i += 10)); do
        lab_bytes "$ten" | dd ibs=20000 obs=$((LAB_MEDIA_BYTES + 4)) iflag=fullblock status=none >&4
        sleep 0.1
    done
}

# lab_talk SERVER PORT MINE THEIRS   one side of a conversation; MINE and THEIRS are names of files.
lab_talk() {
    local peer listener
    exec 4<>"/dev/udp/$1/$2" && lab_allocate || return
    echo "$LAB_RELAYED" >"$3.new" && mv "$3.new" "$3"
    peer=$(lab_meet "$3" "$4")
    lab_request 0009 "$(lab_attribute 000c 40000000)$(lab_attribute 0012 "$peer")$LAB_SIGNED" | grep -q ^0109 || return
    echo bound >"$3.bound"
    lab_meet "$3.bound" "$4.bound" >/dev/null
    lab_listen "$3.heard" &
    listener=$!
    lab_speak
    wait $listener
    echo "$1: sent $LAB_MEDIA_PACKETS, received $(($(stat -c %s "$3.heard") / (LAB_MEDIA_BYTES + 4)))"
    [ "$(stat -c %s "$3.heard")" -eq $((LAB_MEDIA_PACKETS * (LAB_MEDIA_BYTES + 4))) ]
}

# Between a client on the Internet and one inside, both ways, through the Edge's two sides: nothing is lost.
lab_probe_media() {
    local meeting=$LAB_RUN/media.${LAB_WORD//[!0-9]/-} inside
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_in client bash -c '. "$0/lab.sh"; cd "$LAB_RUN" && lab_talk "$@"' "$LAB_HOME" "$3" "$4" \
        "$meeting.in" "$meeting.out" &
    inside=$!
    lab_talk "$1" "$2" "$meeting.out" "$meeting.in" && wait $inside
}
