#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which roles there are: those of the documents with their sides and their printed rows, and no others; and what `show`
# says of each. That each attaches and passes its rows is tests/bpf/roles.c.

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
LYNCXDP=${LYNCXDP:-$here/../../build/lyncxdp}
contoso=$here/../../policies/sites/contoso.yaml
unset LYNCXDP_POLICIES

# edition, role, sides (- for none), rows as printed: in the tables of the role and of what it includes, those for all
# servers and those of the poster among them.
expected='
lync2010 access-edge external,internal 8
lync2010 webconf-edge external,internal 2
lync2010 av-edge external,internal 10
lync2010 consolidated-edge external,internal 20
lync2010 reverse-proxy external,internal 4
lync2010 front-end - 33
lync2010 front-end-mediation - 38
lync2010 front-end-cms - 34
lync2010 director - 10
lync2010 mediation - 9
lync2010 hlb-front-end - 18
lync2010 hlb-mediation - 1
lync2010 hlb-director - 7
lync2010 client - 12
lync2010 ip-phone - 1
lync2010 group-chat - 3
lync2010 group-chat-compliance - 1
lync2010 xmpp-gateway - 2
lync2010 exchange-um - 2
lync2010 branch-appliance - 5
lync2010 pstn-gateway - 8
lync2010 monitoring - 2
lync2010 archiving - 1
lync2010 sql-backend - 1
lync2010 domain-controller - 2
lync2010 global-catalog - 2
ocs2007 front-end - 4
ocs2007 web-components - 1
ocs2007 webconf-server - 3
ocs2007 av-conf-server - 2
ocs2007 reverse-proxy external,internal 1
ocs2007 access-edge external,internal 2
ocs2007 webconf-edge external,internal 2
ocs2007 av-edge external,internal 4
ocs2007 office-communicator - 5
ocs2007 live-meeting - 5
ocs2007r2 office-communicator - 2
ocs2007r2 live-meeting - 2'

listed=$("$LYNCXDP" roles --json)

# as_listed EDITION ROLE SIDES ROWS
as_listed() {
    jq -e --arg edition "$1" --arg role "$2" --arg sides "$3" --argjson rows "$4" '
        [.[] | select(.edition == $edition and .role == $role)]
        | length == 1 and .[0].rows == $rows and (.[0].sides | join(",")) == ($sides | sub("^-$"; ""))' <<<"$listed"
}

# Whoever begins decides the hook, every row rests on a document, and what is resolved has a port and a transport.
sound='length > 0 and all(.[];
    .hook == (if .from == "self" then "from-role" else "to-role" end) and (.from == "self") != (.to == "self")
    and (.source | length > 0) and (.unresolved or (.transport != null and .destination_port != null)))'

# shows EDITION ROLE SIDE LB
shows() {
    local side=()
    [ "$3" = - ] || side=(--side "$3")
    "$LYNCXDP" show "$2" --edition "$1" "${side[@]}" --lb "$4" --site "$contoso" --set cms=192.168.10.92 --json |
        jq -e "$sound"
}

check "there are no other roles" [ "$(jq length <<<"$listed")" = "$(grep -c . <<<"$expected")" ]
while read -r edition role sides rows; do
    [ -n "$role" ] || continue
    check "$edition $role has its sides and $rows printed rows" as_listed "$edition" "$role" "$sides" "$rows"
    for side in ${sides/,/ }; do
        check "$edition $role, side $side: every row of show is sound" shows "$edition" "$role" "$side" hardware
    done
done <<<"$expected"
for role in hlb-front-end hlb-director; do
    check "lync2010 $role with DNS load balancing: every row of show is sound" shows lync2010 "$role" - dns
done
check "nothing is printed for the load balancer of Mediation with DNS" \
    [ "$("$LYNCXDP" show hlb-mediation --lb dns --json)" = "[]" ]
finish
