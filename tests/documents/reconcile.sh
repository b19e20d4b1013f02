#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds the transcriptions beside it to their form and to the row counts stated in tables.tsv. `reconcile.sh DIR` also
# counts the rows anew and compares every printed figure, with what DIR has: the documents up to Lync 2010 as text, or
# the facts of the later ones, a file rows.tsv.
set -u
documents=
if [ $# -gt 0 ]; then
    documents=$(cd "$1" && pwd) || exit 2
fi
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
here=tests/documents
export LC_ALL=C # the documents' dashes are bytes to replace, not letters

# --- The form of a transcription ---------------------------------------------------------------------------------

lint() { # lint FILE: says what is wrong with it, line by line
    awk -F '\t' -v stem="$(basename "$1" .tsv)" -f $here/lint.awk "$1"
}

# --- The counts stated in tables.tsv ------------------------------------------------------------------------------

# "table rows lines" for each table; the parts a, b … of a row are lines of one row.
counted() {
    awk -F '\t' 'NR > 1 {
        split($2, place, "/"); table = place[1]; sub(/[a-z]$/, "", place[2])
        lines[table]++
        if (!seen[table, place[2]]++) rows[table]++
    } END { for (table in lines) print table, rows[table], lines[table] }' "$1" | sort
}

stated() { # stated DOCUMENT: the same, from tables.tsv; a table that is left out has no lines
    awk -F '\t' -v document="$1" '$1 == document && $8 == "-" { print $2, $4, $5 }' $here/tables.tsv | sort
}

counts_agree() {
    is "$(counted "$1")" "$(stated "$(basename "$1" .tsv)")"
}

# --- The documents themselves ------------------------------------------------------------------------------------

# What tells a document: a few words of its title, or of its table's head where it has none.
words_of() {
    case $1 in
    ocs2007) echo 'Component (Server role or client)' ;;
    ocs2007r2) echo 'OCS 2007 R2 Edge server configuration' ;;
    lync2010-servers) echo 'Ports and Protocols for Internal Servers' ;;
    lync2010-edge) echo 'Port Summary for Single Consolidated Edge' ;;
    lync2010-poster) echo 'IM and Presence Workload' ;;
    esac
}

# Both sides of the comparison are lines "table/number figure", with a figure "-" for a row that prints none.
printed() { # printed DOCUMENT
    local file
    file=$(grep -slF "$(words_of "$1")" "$documents"/*)
    if [ "$(grep -c . <<<"$file")" -ne 1 ]; then
        echo "not exactly one text there is that of $1: ${file:-none}" >&2
        return 1
    fi
    # Dashes to "-", thousands to plain numbers (a comma before exactly three digits, "443,3478" being a list).
    sed -E 's/\xe2\x80\x93/-/g; s/([0-9]),([0-9]{3})([^0-9]|$)/\1\2\3/g; s/([0-9]),([0-9]{3})([^0-9]|$)/\1\2\3/g
            s/50K range/50000-59999/; s/\r$//' "$file" | awk -v document="$1" -f $here/printed.awk | sort -u
}

transcribed() { # transcribed FILE
    awk -F '\t' 'NR > 1 { row = $2; sub(/[a-z]$/, "", row); print row "\t" $6 " " $7 }' "$1" |
        awk -F '\t' '{
            if (!($1 in rows)) rows[$1] = 0
            while (match($2, /[0-9]+/)) {
                print $1, substr($2, RSTART, RLENGTH); rows[$1]++
                $2 = substr($2, RSTART + RLENGTH)
            }
        } END { for (row in rows) if (!rows[row]) print row, "-" }' | sort -u
}

figures_agree() {
    local lines
    lines=$(printed "$(basename "$1" .tsv)") && [ -n "$lines" ] && diff <(echo "$lines") <(transcribed "$1")
}

# --- The facts of the later documents ------------------------------------------------------------------------------

# Every table that has facts stands in tables.tsv with as many rows: transcribed, or left out with the reason.
tables_agree() {
    diff <(awk -F '\t' 'NR > 1 { sub(/ \(.*\)/, "", $2); sub(/ \(.*\):/, ":", $2); rows[$2 " | " $3]++ }
                        END { for (table in rows) print table, rows[table] }' "$documents/rows.tsv" | sort) \
        <(awk -F '\t' 'NR > 1 && $6 != "-" { print $6 " | " $7, $4 }' $here/tables.tsv | sort)
}

# Like `printed`, from the ports of the facts; a port count becomes the last port of its range.
noted() { # noted DOCUMENT
    awk -F '\t' -v document="$1" 'NR == FNR {
            if ($1 == document && $8 == "-") table[$6 " | " $7] = $2
            next
        } {
            sub(/ \(.*\)/, "", $2); sub(/ \(.*\):/, ":", $2)
            place = $2 " | " $3
            if (!(place in table)) next
            row = table[place] "/" ++count[place]
            if ($12 ~ /^[0-9]+, [0-9]+ ports$/) {
                split($12, start, ", ")
                $12 = start[1] " " start[1] + start[2] - 1
            }
            found = $10 " " $12
            if (found !~ /[0-9]/) print row, "-"
            while (match(found, /[0-9]+/)) {
                print row, substr(found, RSTART, RLENGTH)
                found = substr(found, RSTART + RLENGTH)
            }
        }' $here/tables.tsv "$documents/rows.tsv" | sort -u
}

facts_agree() {
    local lines
    lines=$(noted "$(basename "$1" .tsv)") && [ -n "$lines" ] && diff <(echo "$lines") <(transcribed "$1")
}

# -----------------------------------------------------------------------------------------------------------------

has_text() { # has_text DOCUMENT: its text was kept, the later ones are facts only
    [ -n "$(words_of "$1")" ]
}

if [ -n "$documents" ] && [ -f "$documents/rows.tsv" ]; then
    check "tables.tsv has every table of rows.tsv, with as many rows" tables_agree
fi
for file in "$here"/*.tsv; do
    case $file in */exceptions.tsv | */tables.tsv | */addresses.tsv) continue ;; esac
    check "$(basename "$file") is well-formed" lint "$file"
    check "$(basename "$file") has the rows that tables.tsv states" counts_agree "$file"
    agree=
    if [ -n "$documents" ] && [ -f "$documents/rows.tsv" ]; then
        has_text "$(basename "$file" .tsv)" || agree=facts_agree
    elif [ -n "$documents" ]; then
        has_text "$(basename "$file" .tsv)" && agree=figures_agree
    fi
    [ -z "$agree" ] || check "$(basename "$file") has every row and figure of its document" $agree "$file"
done
finish
