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
ocs2007r2 live-meeting - 2
lync2013 front-end - 43
lync2013 front-end-mediation - 50
lync2013 mediation - 10
lync2013 hlb-front-end - 23
lync2013 hlb-mediation - 1
lync2013 client - 12
lync2013 ip-phone - 1
lync2013 sba - 7
lync2013 exchange-um - 4
lync2013 sql-backend - 3
lync2013 access-edge external,internal 16
lync2013 webconf-edge external,internal 4
lync2013 av-edge external,internal 15
lync2013 consolidated-edge external,internal 35
lync2013 hlb-access-edge external,internal 7
lync2013 hlb-webconf-edge external 1
lync2013 hlb-av-edge external,internal 6
lync2013 hlb-edge external,internal 14
lync2013 reverse-proxy external,internal 7
lync2013 director - 11
lync2013 hlb-director - 10
lync2013 front-end-cms - 43
lync2013 persistent-chat - 6
lync2013 office-web-apps - 3
lync2013 pstn-gateway - 6
sfb2015 front-end - 46
sfb2015 front-end-mediation - 53
sfb2015 mediation - 10
sfb2015 hlb-front-end - 23
sfb2015 hlb-mediation - 1
sfb2015 client - 13
sfb2015 ip-phone - 1
sfb2015 sba - 7
sfb2015 exchange-um - 4
sfb2015 sql-backend - 5
sfb2015 access-edge external,internal 17
sfb2015 webconf-edge external,internal 3
sfb2015 av-edge external,internal 14
sfb2015 consolidated-edge external,internal 34
sfb2015 hlb-access-edge external,internal 7
sfb2015 hlb-webconf-edge external 1
sfb2015 hlb-av-edge external,internal 5
sfb2015 hlb-edge external,internal 13
sfb2015 reverse-proxy external,internal 2
sfb2015 director - 9
sfb2015 hlb-director - 6
sfb2015 front-end-cms - 46
sfb2015 video-interop - 4
sfb2015 office-web-apps - 3
sfb2015 pstn-gateway - 6
sfb2015 persistent-chat - 6
sfb2019 front-end - 43
sfb2019 front-end-mediation - 50
sfb2019 mediation - 10
sfb2019 hlb-front-end - 23
sfb2019 hlb-mediation - 1
sfb2019 client - 12
sfb2019 ip-phone - 1
sfb2019 sba - 7
sfb2019 exchange-um - 4
sfb2019 sql-backend - 3
sfb2019 access-edge external,internal 13
sfb2019 webconf-edge external,internal 3
sfb2019 av-edge external,internal 14
sfb2019 consolidated-edge external,internal 30
sfb2019 hlb-access-edge external,internal 5
sfb2019 hlb-webconf-edge external 1
sfb2019 hlb-av-edge external,internal 5
sfb2019 hlb-edge external,internal 11
sfb2019 reverse-proxy external,internal 2
sfb2019 director - 9
sfb2019 hlb-director - 6
sfb2019 front-end-cms - 43
sfb2019 video-interop - 4
sfb2019 office-web-apps - 3
sfb2019 pstn-gateway - 6
teams sbc external 8
teams teams-sba - 4
teams sip-phone - 2
teams teams-client - 5'

# A second name has the roles of the first.
expected+=$'\n'$(sed -n 's/^sfb2019 /sfbse /p' <<<"$expected")

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
    for edition in lync2010 lync2013 sfb2019; do
        check "$edition $role with DNS load balancing: every row of show is sound" shows "$edition" "$role" - dns
    done
done
check "nothing is printed for the load balancer of Mediation with DNS" \
    [ "$("$LYNCXDP" show hlb-mediation --lb dns --json)" = "[]" ]

# Text is by edition, and says which options are closed unless they are opened.
roles() { "$LYNCXDP" roles "$@"; }
check "roles has a heading for every edition" \
    [ "$(roles | grep -cxE 'lync2010|lync2013|ocs2007|ocs2007r2|sfb2015|sfb2019|sfbse|teams')" = 8 ]
check "and names what is closed by default" grep -qE '^front-end .* unprinted$' <(roles --edition sfb2019)
check "which JSON has, too" jq -e '.[] | select(.role == "consolidated-edge") | .closed | sort
    == ["edge-pool-nat", "single-address"]' <<<"$(roles --edition sfb2019 --json)"

# What is closed by default is not in show until it is opened, on the command line or by a site.
rows_of() { "$LYNCXDP" show "$@" --json | jq -r '.[].id'; }
closed_until_opened() {
    local site
    site=$(mktemp)
    printf 'options: {unprinted: on}\n' >"$site"
    ! rows_of front-end --edition sfb2019 | grep -qx front-end/fabric &&
        rows_of front-end --edition sfb2019 --open unprinted | grep -qx front-end/fabric &&
        rows_of front-end --edition sfb2019 --site "$site" | grep -qx front-end/fabric &&
        ! rows_of front-end --edition sfb2019 --site "$site" --without unprinted | grep -qx front-end/fabric
    local result=$?
    rm "$site"
    return $result
}
check "an option that is off by default opens by --open, or by the site" closed_until_opened
check "show says how" grep -q -- '--open unprinted' <("$LYNCXDP" show front-end --edition sfb2019)

# What changes from one edition to another, without an interface.
sfb=$here/../../policies/sites/contoso-2013.yaml
changes() { "$LYNCXDP" diff --role consolidated-edge --site "$sfb" "$@"; }
check "from Lync 2010 to 2019, media inwards is gone" jq -e '.dropped
    | any(.row == "av-edge/external/media-tcp-in" and .destination_port == "50000-59999")' \
    <<<"$(changes --edition lync2010 --to sfb2019 --json)"
check "Subscription Edition is 2019" jq -e .same <<<"$(changes --edition sfb2019 --to sfbse --json)"
check "2015 has XMPP" jq -e '.dropped | any(.row == "access-edge/external/xmpp-in")' \
    <<<"$(changes --edition sfb2015 --to sfb2019 --json)"
finish
