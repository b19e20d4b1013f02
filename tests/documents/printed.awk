# SPDX-License-Identifier: GPL-2.0-only
# Finds the rows of one document in its text and prints "table/number figure" for each port that a row prints ("-" when
# it prints none). Wants -v document=NAME and text whose dashes and thousands reconcile.sh has made plain.

function row(table, text,    place, found) {
    place = table "/" ++count[table]
    while (match(text, /[0-9]+/)) {
        print place, substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        found = 1
    }
    if (!found)
        print place, "-"
}

# A table of one line a row.
document == "ocs2007" {
    if (/^---[|]/)
        inside = 1
    else if (inside && split($0, cell, " [|] ") >= 4)
        row("components", cell[2])
}

# One line a cell, four cells a row.
document == "ocs2007r2" && / [|]$/ {
    if (++cells % 4 == 2)
        row("media-ports", $0)
}

# Four tables of one line a cell; the line under a head tells how many cells make a row.
document == "lync2010-servers" {
    if (/^---[|]/) {
        table = substr("servers     hlb-hardwarehlb-dns     clients     ", 1 + 12 * tables++, 12)
        sub(/ +$/, "", table)
        columns = gsub(/---/, "")
        port = columns == 5 ? 3 : 2
        cells = 0
        next
    }
    if (columns && $0 !~ /[|]$/)
        columns = 0
    if (columns && cells++ % columns == port - 1)
        row(table, $0)
}

# The summaries mark a row by its direction; the 5-tuples by the Edge role on a line of its own above the addresses.
document == "lync2010-edge" {
    if (/^Firewall Summary .*External Interface/) table = "external-summary"
    else if (/^Firewall Details .*Edge.*Internal Interface/) table = "internal-summary"
    else if (/^Firewall Details for Reverse Proxy.*External/) table = "proxy-external"
    else if (/^Firewall Details for Reverse Proxy.*Internal/) table = "proxy-internal"
    else if (/^External Ports Settings/) table = "external-tuples"
    else if (/^Internal Ports Settings/) table = "internal-tuples"
    else if (table ~ /tuples/ && /^(Access|Web Conferencing|A\/V|Reverse [Pp]roxy: N\/A) [|]$/) below = 1
    else if (below && split($0, cell, " [|] ") >= 5) {
        row(table, cell[2] " " cell[4])
        below = 0
    } else if (match($0, /\((in|out|in\/out)\) [|]/)) {
        row(table, substr($0, 1, RSTART))
    }
}

# The poster's text, whose second half says the first again. Remarks first, so that they are not taken for labels.
document == "lync2010-poster" {
    if (/^More Related Content/)
        exit
    if (/^(TCP:443|UDP:3478) must/ || /^HTTPS:443 is/ || /port 80,/ || /^- [0-9]/ || /port range,/ || /rule for port/)
        row("note", $0)
    else if (/^(SRVquery|MSMQ|SIP\/MTLS|MRAS|AD DS Sync)$/)
        row("portless", "")
    else if (/^[0-9][0-9][0-9][0-9] /)
        row("assignment", substr($0, 1, 4))
    else
        while (match($0, /:[0-9]/)) {
            text = substr($0, RSTART)
            # A port, a blank and a capital begin another label on the same line.
            end = match(text, /[0-9] [A-Z]/) ? RSTART : length(text)
            row("label", substr(text, 1, end))
            $0 = substr(text, end + 1)
        }
}
