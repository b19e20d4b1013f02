# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Probes that lie: forged sources, packets that imitate replies, ICMP errors about packets that were never sent. They
# return 0 when the lie was heard or believed.

# What a probe returns when a request that must be answered before its lie was not.
LAB_BROKEN=99

# lab_heard   waits until the probe's word is among what the lab's echo servers heard.
lab_heard() {
    until grep -qF "$LAB_WORD" heard; do
        sleep 0.05
    done
}

lab_probe_forged-udp() {
    echo "$LAB_WORD" | socat -u - "UDP:$(lab_bracket "$1"):$2,bind=$(lab_bracket "$3")"
    lab_heard
}

# lab_ask ADDRESS PORT   a DNS question by hand, crl.contoso.example, from a port that an echo server hears as well. An
# answer begins with the question's number.
lab_ask() {
    local server=203.0.113.10
    [ "$1" = "${1#*:}" ] || server=2001:db8:113::10
    printf '\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03crl\x07contoso\x07example\0\0\x01\0\x01' |
        lab_datagram "$(lab_bracket $server):53,bind=$(lab_bracket "$1"):$2" 2 | od -An -tx1 | grep -q '12 34'
}

lab_probe_imitation() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    lab_in edge bash -c '. "$0/lab.sh"; lab_ask "$@"' "$LAB_HOME" "$1" "$2" || return "$LAB_BROKEN"
    echo "$LAB_WORD" | socat -u - "UDP:$(lab_bracket "$1"):$2,bind=$(lab_bracket "$3"):$4,reuseaddr"
    lab_heard
}

# The bytes of an address, in hex.
lab_address_hex() {
    local head tail zeros
    case $1 in
    *:*)
        read -ra head <<<"$(tr : ' ' <<<"${1%%::*}")"
        read -ra tail <<<"$(tr : ' ' <<<"${1##*::}")"
        zeros=$((8 - ${#head[@]} - ${#tail[@]}))
        printf '%04x' "${head[@]/#/0x}" && printf "%0$((4 * zeros))d" 0 && printf '%04x' "${tail[@]/#/0x}"
        ;;
    *)
        read -ra head <<<"${1//./ }"
        printf '%02x' "${head[@]}"
        ;;
    esac
}

# The Internet checksum of an even number of bytes in hex.
lab_checksum() {
    local sum=0 i
    for ((i = 0; i < ${#1}; i += 4)); do
        sum=$((sum + 0x${1:i:4}))
    done
    sum=$(((sum & 0xffff) + (sum >> 16)))
    printf '%04x' $((~(sum + (sum >> 16)) & 0xffff))
}

# lab_raw PROTOCOL ADDRESS HEX   what follows an IP header that the kernel writes.
lab_raw() {
    local family=4
    [ "$2" = "${2#*:}" ] || family=6
    # shellcheck disable=SC2059 # the format is the bytes
    printf "${3//??/\\x&}" | socat -u - "IP$family-SENDTO:$(lab_bracket "$2"):$1"
}

# An ICMP error from whoever sends it: a datagram of 512 bytes from ADDRESS:PORT to PARTNER:1024 was too big. It is
# believed when the Edge then holds the path to PARTNER for that narrow. The kernel sums ICMPv6 itself.
lab_probe_forged-error() {
    local udp quoted from to mtu
    printf -v udp '%04x040002000000' "$2"
    from=$(lab_address_hex "$1") to=$(lab_address_hex "$3")
    case $1 in
    *:*)
        mtu=1280
        lab_raw 58 "$1" "0200000000000500600000000200113f$from$to$udp"
        ;;
    *)
        mtu=600
        quoted="00000258450002000000400040110000$from$to$udp"
        lab_raw 1 "$1" "0304$(lab_checksum "0304$quoted")$quoted"
        ;;
    esac
    until lab_path_mtu "$3" "$mtu"; do
        sleep 0.05
    done
}
