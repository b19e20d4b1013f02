#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The vendor's list of its cloud's addresses becomes the list of a group, which a site reads.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

cat >worldwide.json <<'END'
[
  {"id": 1, "serviceArea": "Exchange", "ips": ["13.107.6.152/31"], "tcpPorts": "80,443", "required": true},
  {"id": 11, "serviceArea": "Skype", "serviceAreaDisplayName": "Skype for Business Online and Microsoft Teams",
   "ips": ["52.112.0.0/14", "13.107.64.0/18", "2603:1063::/38"], "udpPorts": "3478,3479,3480,3481",
   "expressRoute": true, "category": "Optimize", "required": true},
  {"id": 12, "serviceArea": "Skype", "urls": ["*.lync.com"], "ips": ["52.112.0.0/14", "52.238.119.141/32"],
   "tcpPorts": "443,80", "category": "Allow", "required": true},
  {"id": 22, "serviceArea": "Skype", "ips": ["52.244.160.207/32"], "required": false}
]
END
touch -d '2026-10-01 17:00 UTC' worldwide.json
"$LYNCXDP" endpoints worldwide.json --service-area Skype --required >office365.txt
check "the entries become a list with its date" is "$(cat office365.txt)" "$(printf '%s\n' \
    '# lyncxdp endpoints worldwide.json --service-area Skype --required' '# date: 2026-10-01' \
    13.107.64.0/18 52.112.0.0/14 52.238.119.141 2603:1063::/38)"
check "its date may be given" says 0 '^# date: 2026-11-02$' "$LYNCXDP" endpoints worldwide.json --date 2026-11-02
check "an id is enough" is "$("$LYNCXDP" endpoints worldwide.json --id 22 | tail -n 1)" 52.244.160.207

cat >site.yaml <<'END'
self: {access-edge: 198.51.100.1}
groups:
  office365: {file: office365.txt}
rows:
  - {id: from-the-cloud, from: office365, to: self, port: 7000, transport: tcp}
END
from() { "$LYNCXDP" explain --role access-edge --site site.yaml tcp "$1" 198.51.100.1:7000 --set next-hop=192.0.2.1; }
check "a site reads it" says 0 'site/from-the-cloud' from 52.115.3.9
check "and lets nobody else in" says 0 'no-row' from 52.116.3.9

check "an area that is not there" says 3 "no entry has the service area 'Skpe'; did you mean 'Skype'" \
    "$LYNCXDP" endpoints worldwide.json --service-area Skpe
check "nothing is printed then" is "$("$LYNCXDP" endpoints worldwide.json --id 4711 2>/dev/null | wc -c)" 0
printf '[\n<html>\n' >page.html
check "a page that is no JSON" says 3 'page.html:2:1: error: this is no JSON' "$LYNCXDP" endpoints page.html
check "a file that is not there" says 3 "'gone.json' cannot be read" "$LYNCXDP" endpoints gone.json
check "no file" says 2 'endpoints takes one file' "$LYNCXDP" endpoints
check "a day that is none" says 2 'write a day, like 2026-10-01' "$LYNCXDP" endpoints worldwide.json --date 1.10.2026

finish
