#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds the transcriptions beside it to their form and to the row counts stated in README.md. With a directory that
# holds the documents as text, `reconcile.sh DIR`, it also counts their rows anew and compares every printed figure.
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

# --- The counts stated in README.md ------------------------------------------------------------------------------

# "table rows lines" for each table; the parts a, b … of a row are lines of one row.
counted() {
    awk -F '\t' 'NR > 1 {
        split($2, place, "/"); table = place[1]; sub(/[a-z]$/, "", place[2])
        lines[table]++
        if (!seen[table, place[2]]++) rows[table]++
    } END { for (table in lines) print table, rows[table], lines[table] }' "$1" | sort
}

stated() { # stated DOCUMENT: the same, from the table in README.md
    awk -F ' *[|] *' -v document="$1" '$2 == document && $4 ~ /^[0-9]+$/ { print $3, $4, $5 }' $here/README.md | sort
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

# -----------------------------------------------------------------------------------------------------------------

for file in "$here"/*.tsv; do
    [ "$file" != "$here/exceptions.tsv" ] || continue
    check "$(basename "$file") is well-formed" lint "$file"
    check "$(basename "$file") has the rows that README.md states" counts_agree "$file"
    if [ -n "$documents" ]; then
        check "$(basename "$file") has every row and figure of its document" figures_agree "$file"
    fi
done
finish
