#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# BIG TCP: where a card takes segments of more than 64 KiB, what the role sends reaches its hook with an IP length of 0. It
# must leave under `--egress enforce` as it does without a filter, over either family. In namespaces of its own.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

BYTES=20000000
own_ground
work=$(mktemp -d)
ip netns add far
stop() {
    ip netns pids far | xargs -r kill 2>/dev/null
    ip netns del far
    rm -rf "$work"
}
trap stop EXIT

ip link add outer type veth peer name far netns far
ethtool -K outer gro on >/dev/null && in_far ethtool -K far gro on >/dev/null
ip addr add 10.45.16.30/24 dev outer && ip addr add 2001:db8:16::30/64 dev outer nodad
in_far ip addr add 10.45.16.1/24 dev far && in_far ip addr add 2001:db8:16::1/64 dev far nodad
ip link set outer up && in_far ip link set far up
cat >"$work/site.yaml" <<'END'
site: big
self: {av-edge: {external: [10.45.16.30, "2001:db8:16::30"]}}
END
head -c $BYTES /dev/zero >"$work/big"

# Sets all four limits of an interface by its number; older `ip` commands know only those of IPv6.
# shellcheck disable=SC2016 # the dollars are for perl
set_limits='use Socket; my ($limit, $index) = @ARGV; socket(my $netlink, 16, SOCK_RAW, 0) or die;
    my $request = pack("CxSiII", 0, 0, $index, 0, 0) . join "", map { pack("SSL", 8, $_, $limit) } 41, 58, 63, 64;
    send($netlink, pack("LSSLL", 16 + length $request, 16, 5, 1, 0) . $request, 0) or die;
    recv($netlink, my $answer, 4096, 0); exit(unpack("l", substr($answer, 16, 4)) ? 1 : 0)'
limits() { # limits BYTES
    perl -e "$set_limits" "$1" "$(cat /sys/class/net/outer/ifindex)" &&
        in_far perl -e "$set_limits" "$1" "$(in_far ip -o link show dev far | cut -d: -f1)"
}

# sent FAMILY ADDRESS   Somebody far away gets all of it.
sent() {
    local got
    socat -u -b 1000000 "OPEN:$work/big" "TCP$1-LISTEN:443,reuseaddr" &
    got=$(in_far timeout 60 socat -u "TCP$1:$2:443,retry=100,interval=0.1" - | wc -c)
    wait $!
    echo "$got of $BYTES bytes arrived"
    [ "$got" = $BYTES ]
}


malformed_none() {
    answers '[.[].reasons[] | select(.reason == "ip-length" or .reason == "short-frame") | .packets] | add // 0 | . == 0' \
        run counters outer --json
}

check_family() { # check_family FAMILY ADDRESS MODE
    check "IPv$1, $3: attach" run attach outer --role av-edge --site "$work/site.yaml" --egress enforce --mode "$3"
    check "IPv$1, $3: a long answer arrives whole" sent "$1" "$2"
    check "IPv$1, $3: nothing of it was taken for malformed" malformed_none
    check "IPv$1, $3: detach" run detach outer
}

if limits 190000; then
    for mode in native generic; do
        check_family 4 10.45.16.30 $mode
        check_family 6 '[2001:db8:16::30]' $mode
    done
else
    skip "what is longer than an IP header can say leaves" "this kernel has no BIG TCP"
fi
finish
