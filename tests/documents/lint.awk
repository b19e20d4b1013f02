# SPDX-License-Identifier: GPL-2.0-only
# Says what is wrong with the form of one transcription, a line for each mistake; README.md describes the form.
# Wants -F '\t' and -v stem=NAME, the file's name without its ending.

function wrong(what) {
    print FILENAME ":" FNR ": " what
    failed = 1
}

function set(array, words,    list, count, i) {
    count = split(words, list, " ")
    for (i = 1; i <= count; i++)
        array[list[i]] = 1
}

# Every word of a comma-separated cell must be known.
function want(cell, known, what,    list, count, i) {
    count = split(cell, list, ",")
    for (i = 1; i <= count; i++)
        if (!(list[i] in known))
            wrong(what " \"" list[i] "\" is not known")
}

function want_ports(cell, what,    list, ends, count, i) {
    if (cell == "-" || cell == "any" || cell == "site")
        return
    count = split(cell, list, ",")
    for (i = 1; i <= count; i++) {
        if (list[i] !~ /^[1-9][0-9]*(-[1-9][0-9]*)?$/) {
            wrong(what " \"" list[i] "\" is neither a port nor a range")
            continue
        }
        if (split(list[i], ends, "-") == 1)
            ends[2] = ends[1] + 1
        if (ends[1] + 0 >= ends[2] + 0 || ends[2] + 0 > 65536)
            wrong(what " \"" list[i] "\" is out of bounds")
    }
}

# A row is table/number, and its parts a, b … follow one another.
function want_place(cell,    part, number) {
    if (cell !~ /^[a-z-]+\/[1-9][0-9]*[a-z]?$/) {
        wrong("\"" cell "\" is not table/number")
        return
    }
    if (cell in seen)
        wrong("\"" cell "\" stands here twice")
    seen[cell] = 1
    part = cell ~ /[a-z]$/ ? substr(cell, length(cell)) : ""
    number = substr(cell, 1, length(cell) - length(part))
    if (part == "" && parts[number] || part != "" && substr("abcdefgh", parts[number] + 1, 1) != part)
        wrong("\"" cell "\" does not continue the parts of its row")
    if (part == "")
        whole[number] = 1
    else if (number in whole)
        wrong("\"" cell "\" is a part of a row that stands here whole")
    parts[number]++
    last[number] = part
    tables[substr(cell, 1, index(cell, "/") - 1)]++
}

BEGIN {
    header = "document row edition roles side ports source_ports transport direction hook application condition " \
             "workload peers certainty note"
    gsub(" ", "\t", header)
    edition = stem
    sub(/-.*/, "", edition)
    if (edition == "ocs2007")
        set(role, "front-end web-components webconf-server av-conf-server reverse-proxy access-edge webconf-edge " \
                  "av-edge office-communicator live-meeting")
    else if (edition == "ocs2007r2")
        set(role, "office-communicator live-meeting")
    else if (edition == "lync2010")
        set(role, "access-edge webconf-edge av-edge reverse-proxy front-end front-end-mediation front-end-cms " \
                  "director mediation hlb-front-end hlb-director hlb-mediation client ip-phone group-chat " \
                  "group-chat-compliance xmpp-gateway exchange-um branch-appliance sql-backend domain-controller " \
                  "global-catalog pstn-gateway monitoring archiving")
    else {
        later = 1
        set(role, "access-edge webconf-edge av-edge reverse-proxy front-end front-end-mediation front-end-cms " \
                  "director mediation hlb-front-end hlb-director hlb-mediation hlb-access-edge hlb-webconf-edge " \
                  "hlb-av-edge client ip-phone persistent-chat video-interop office-web-apps exchange-um sba " \
                  "sql-backend pstn-gateway sbc teams-sba teams-client sip-phone -")
        set(peer, "monitoring branch cms office365 teams-signalling teams-media teams-gcc-high teams-dod")
        set(of, "lync2013 sfb2015 sfb2019 teams")
    }
    set(sided, "access-edge webconf-edge av-edge reverse-proxy hlb-access-edge hlb-webconf-edge hlb-av-edge sbc")
    set(side, "external internal both -")
    set(transport, "tcp udp tcp/udp -")
    set(direction, "in out in/out -")
    set(hook, "to-role from-role both -")
    set(workload, "im-presence av-conferencing enterprise-voice application-sharing cac central-management -")
    set(certainty, "printed inferred")
    for (name in role)
        peer[name] = 1
    set(peer, "any pool next-hop pool-vip -")
}

FNR == 1 {
    if ($0 != header)
        wrong("the header is not the one that README.md describes")
    next
}

NF != 16 {
    wrong(NF " cells instead of 16")
    next
}

{
    for (i = 1; i <= NF; i++)
        if ($i == "" || $i ~ /^ | $|\r|  /)
            wrong("cell " i " is empty or has stray blanks")
    if ($1 != stem)
        wrong("the document is not " stem)
    if (later)
        want($3, of, "edition")
    else if ($3 != edition)
        wrong("the edition is not " edition)
    want_place($2)
    want($4, role, "role")
    want($5, side, "side")
    want_ports($6, "port")
    want_ports($7, "source port")
    want($8, transport, "transport")
    want($9, direction, "direction")
    want($10, hook, "hook")
    want($13, workload, "workload")
    want($14, peer, "peer")
    want($15, certainty, "certainty")
    if ($11 !~ /^[A-Za-z,-]+$/ || $12 !~ /^[a-z0-9,-]+$/)
        wrong("an application or a condition is not a short word")
    if (split($4, list, ",") && (list[1] in sided) != ($5 != "-"))
        wrong("a side goes with the Edge roles and the reverse proxy, and only with them")
    if (($4 == "-") != ($16 ~ /^nobody: /))
        wrong("a line that asks nothing of a role says why, and only such a line")
    if ($4 != "-" && ($6 == "-" || $8 == "-") != ($16 ~ /^unresolved: /))
        wrong("a row without a port or a transport is marked unresolved, and only such a row")
    if ($6 == "-" && $7 != "-" || $6 == "any" && $7 !~ /[0-9]/)
        wrong("the source ports do not go with the ports")
}

END {
    for (number in last)
        if (last[number] == "a")
            wrong(number " has only one part")
    for (number in parts)
        numbers[substr(number, 1, index(number, "/") - 1)]++
    for (table in numbers)
        for (i = 1; i <= numbers[table]; i++)
            if (!((table "/" i) in parts))
                wrong(table " lacks number " i)
    exit failed
}
