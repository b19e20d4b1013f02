#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The editions after Lync 2010 as somebody would use them: the single Edge, an Edge of a pool, a Front End and a session
# border controller are attached, and real clients knock at them: what their tables list answers, the rest does not.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

own_folder
cd "$work" || exit 1

own_ground
outer_and_far_host
access=198.51.100.10 webconf=198.51.100.20 av=198.51.100.30
far=198.51.100.9 other=198.51.100.8
for own in $access $webconf $av; do
    ip addr add "$own/24" dev outer
    in_far ip neigh replace "$own" lladdr "$(cat /sys/class/net/outer/address)" dev far
done
in_far ip addr add $other/24 dev far
for theirs in $far $other; do
    ip neigh replace "$theirs" lladdr "$(in_far ip -j link show far | jq -r '.[0].address')" dev outer
done

# listen PORT… [-- WRAPPER…]   Whoever says something there over TCP has it back, and over UDP at the A/V Edge.
listen() {
    local ports=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do ports+=("$1"); shift; done
    shift
    for port in "${ports[@]}"; do
        exec_echo "$port" "$@"
    done
}
exec_echo() {
    "${@:2}" socat "TCP-LISTEN:$1,fork,reuseaddr" EXEC:cat & started+=" $!"
    [ $# -gt 1 ] || { socat "UDP-RECVFROM:$1,bind=$av,fork,reuseaddr" EXEC:cat & started+=" $!"; }
}
listen 443 444 3478 3389 4443 5061 5062 5091 5269 8057 20000 23456 50000 50002 55555 --
listen 443 5061 8443 50000 -- in_far
listening() { [ "$("${@:2}" ss -Htuln | wc -l)" -ge "$1" ]; }
until_true 30 listening 30 && until_true 30 listening 4 in_far || exit 1

# hears|deaf TRANSPORT[,BIND] ADDRESS PORT   whether the far host has an answer from there, from SOURCE[:PORT].
asks() { echoed "$1" "$(end "$1" "$2" "$3:$4")${5:+,bind=$5}" nsenter --net=/run/netns/far; }
# end SECONDS TRANSPORT ADDRESS:PORT   A SYN that is dropped is not tried for minutes.
end() { if [ "$2" = tcp ]; then echo "TCP:$3,connect-timeout=$1"; else echo "UDP:$3"; fi; }
hears() { asks 5 "$@"; }
deaf() { ! asks 1 "$@"; }
# says_to|silent_to TRANSPORT PORT FROM   likewise what the Edge begins.
says_to() { echoed 5 "$(end 5 "$1" "$far:$2"),bind=$3"; }
silent_to() { ! echoed 1 "$(end 1 "$1" "$far:$2"),bind=$3"; }

cat >site.yaml <<END
site: test
self: {access-edge: $access, webconf-edge: $webconf, av-edge: $av}
groups:
  pool: [$other]
  cms: [$far]
  branch: [$far]
  edge-peers: [$far]
END
edge() { run "$1" outer --role consolidated-edge --site site.yaml "${@:2}"; }

# every_edge EDITION PORT   What all of them have in common. A port is taken once: its connection lingers.
every_edge() {
    check "$1: sign-in at the Access Edge" hears tcp $access 443
    check "$1: federation" hears tcp $access 5061
    check "$1: web conferencing" hears tcp $webconf 443
    check "$1: media over TCP 443" hears tcp $av 443
    check "$1: media over UDP 3478" hears udp $av 3478
    check "$1: no RDP" deaf tcp $av 3389
    check "$1: nothing of the inside: no replication" deaf tcp $access 4443
    check "$1: no logging agent" deaf tcp $access 50002
    check "$1: no second port for one address" deaf tcp $webconf 444
    check "$1: media out, from the Edge's own range" says_to tcp 8443 "$av:$2"
    check "$1: and not from another port" silent_to tcp 8443 $av:40021
}

# --- The single Edge ----------------------------------------------------------------------------------------------

check "no filter: RDP answers, so that silence says something" hears tcp $av 3389
check "and so does the logging agent" hears tcp $access 50002

check "Lync 2013 attaches" says 0 'consolidated-edge \(lync2013, external\)' \
    edge attach --edition lync2013 --egress enforce
every_edge lync2013 50021
check "lync2013: XMPP" hears tcp $access 5269
check "lync2013: media inwards, for partners with OCS 2007" hears udp $av 55555
check "lync2013: over TCP, too, logging agent and all" hears tcp $av 50002
printf 'include: [hardening]\n' >>site.yaml
check "the hardened set comes" edge update
check "lync2013, hardened: no logging agent at the A/V Edge" deaf tcp $av 50002
check "lync2013, hardened: the port beside it" hears tcp $av 50000
check "lync2013, hardened: nothing reflected from port 123" deaf udp $av 3478 $far:123
check "lync2013, hardened: from 3478 to 3478" hears udp $av 3478 $far:3478
check "the Edge becomes one of Skype for Business 2015" says 0 'sfb2015' edge update --edition sfb2015
check "sfb2015: XMPP" hears tcp $access 5269
check "and one of 2019" says 0 'sfb2019' edge update --edition sfb2019
every_edge sfb2019 50022
check "sfb2019: no XMPP" deaf tcp $access 5269
check "sfb2019: no media inwards over UDP" deaf udp $av 55555
check "sfb2019: nor over TCP" deaf tcp $av 50000
check "the other Edges of the pool are let in" edge update --open edge-pool-nat
check "sfb2019, pool: from another Edge" hears udp $av 55555 $far
check "sfb2019, pool: and nobody else" deaf udp $av 55555 $other
check "one address for all" edge update --open single-address
check "sfb2019, one address: web conferencing at 444" hears tcp $webconf 444
check "--open is replaced as a whole" deaf udp $av 55555 $far

check "the inner side of the Edge" edge update --side internal --open=
check "sfb2019, inside: replication from the Central Management store" hears tcp $access 4443 $far
check "sfb2019, inside: and from no other Front End" deaf tcp $access 4443 $other
check "sfb2019, inside: web conferencing from the pool alone" hears tcp $webconf 8057 $other
check "sfb2019, inside: not from elsewhere" deaf tcp $webconf 8057 $far
check "sfb2019, inside: A/V authentication from the pool" hears tcp $av 5062 $other
check "sfb2019, inside: and from a branch appliance" hears tcp $av 5062 $far
check "sfb2019, inside: logging" hears tcp $access 50002
check "sfb2019, inside: no XMPP gateway" deaf tcp $access 23456 $other
run detach outer >/dev/null

# --- What is shipped to be copied -----------------------------------------------------------------------------------

# But for the age of the vendor's lists, which have the day on which the vendor said so.
unwarned() { says_no 0 'warning: ([^t]|t[^h]|th[^e]|the [^l])|error' run check "$1"; }
for site in "$tree"/policies/sites/*.yaml; do
    check "no other warning about ${site##*/}" unwarned "$site"
done

# --- A second name ------------------------------------------------------------------------------------------------

check "Subscription Edition is asked for by its name" says 0 '\(sfbse, external\)' edge attach --edition sfbse
check "and status says so" answers '.[0].edition == "sfbse"' run status outer --json
run detach outer >/dev/null
check "without --edition, attach says which it took" says 0 'tables are those of lync2010, the default' edge attach
run detach outer >/dev/null
check "with it, it need not" says_no 0 'the default' edge attach --edition lync2010
run detach outer >/dev/null

# --- What no table prints -----------------------------------------------------------------------------------------

front_end() { run "$1" outer --role front-end --edition sfb2019 --set self=198.51.100.1 --set pool=$far "${@:2}"; }
check "a Front End in force is warned of its fabric" says 0 'front-end/fabric is closed: .*Windows Fabric.*--open unprinted' \
    front_end attach
check "and has lost it" deaf tcp 198.51.100.1 5091
check "opened, it is not" says_no 0 'Windows Fabric' front_end update --open unprinted
check "and the pool reaches it" hears tcp 198.51.100.1 5091 $far
check "nobody else does" deaf tcp 198.51.100.1 5091 $other
run detach outer >/dev/null
check "in audit nothing is lost" says_no 0 'Windows Fabric' front_end attach --audit
run detach outer >/dev/null
check "who closes it on purpose is not warned" says_no 0 'Windows Fabric' front_end attach --without unprinted
run detach outer >/dev/null

# --- Direct Routing -----------------------------------------------------------------------------------------------

sbc() { run "$1" outer --role sbc --edition teams --set self=$av --set teams-signalling=$far --set teams-media=$far "${@:2}"; }
check "an SBC whose ports are not given is warned" says 0 'sip-tls-in opens nothing: .*override' sbc attach
check "and takes nothing" deaf tcp $av 5061 $far
run detach outer >/dev/null
printf 'override:\n  sbc/external/sip-tls-in: {port: 5061}\n  sbc/external/media-*-in: {port: 20000}\n' >sbc.yaml
check "with its ports it is not" says_no 0 'opens nothing' sbc attach --site sbc.yaml --egress enforce
check "signalling from the SIP proxy" hears tcp $av 5061 $far
check "and from nobody else" deaf tcp $av 5061 $other
check "media from a processor" hears udp $av 20000 $far:3480
check "and from a relay" hears udp $av 20000 $far:55000
check "and from a client, wherever it is" hears udp $av 20000 $other:50010
check "but from no other port" deaf udp $av 20000 $other:40000
check "the SBC calls the proxy" says_to tcp 5061 $av:30000
check "and nothing else of it" silent_to tcp 8443 $av:30001
check "without media bypass" sbc update --without media-bypass
check "no relay" deaf udp $av 20000 $far:55000
check "no client" deaf udp $av 20000 $other:50011
check "the processors still" hears udp $av 20000 $far:3479
finish
