#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The exporter's page in a real browser: it shows what is attached and what the packets do, follows them, says nothing
# wrong to the console, fetches nothing from elsewhere, and fits a phone and a desk. Chromium is driven through its
# DevTools pipe: JSON messages that end with a zero byte, in on descriptor 3 and out on 4.

set -u
# shellcheck source=tests/sandbox.sh
. "$(dirname "${BASH_SOURCE[0]}")/../sandbox.sh"

if ! command -v chromium >/dev/null; then
    skip "the exporter's page in a browser" "chromium is not installed"
    finish
    exit
fi
own_folder

# --- The ground --------------------------------------------------------------------------------------------------

own_ground
outer_and_far_host
start_exporter || exit

# traffic   So many datagrams a second, more or less, to a closed port, until it is killed.
traffic() {
    nsenter --net=/run/netns/far bash -c \
        'exec 7>/dev/udp/198.51.100.1/3389; while printf x >&7; do sleep 0.02; done' &
    sender=$!
    started="$started $sender"
}

# --- The browser -------------------------------------------------------------------------------------------------

mkfifo "$work/in" "$work/out"
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --disable-dev-shm-usage --user-data-dir="$work/profile" \
    --remote-debugging-pipe about:blank 3<"$work/in" 4>"$work/out" 2>"$work/chromium.log" &
browser=$!
started="$browser $started"
# Both ways at once: opening one end alone waits for somebody at the other.
exec 8<>"$work/in" 9<>"$work/out"
message=0
session=

# tell METHOD [PARAMETERS]   Sends a message and prints the result of it; what happens meanwhile goes to `events`.
tell() {
    local line parameters=${2:-} ends=$((SECONDS + 120))
    runs "$browser" || { echo "the browser is gone" >&2; return 1; }
    message=$((message + 1))
    [ -n "$parameters" ] || parameters='{}'
    jq -cn --argjson id $((BASHPID * 1000 + message)) --arg method "$1" --argjson params "$parameters" --arg session "$session" \
        '{id: $id, method: $method, params: $params} + if $session == "" then {} else {sessionId: $session} end' |
        tr '\n' '\0' >&8
    while [ $SECONDS -lt $ends ] && IFS= read -r -d '' -t 60 line <&9; do
        if jq -e "has(\"id\")" <<<"$line" >/dev/null; then
            jq -c '.result // error(.error.message)' <<<"$line"
            return
        fi
        printf '%s\n' "$line" >>"$work/events"
    done
    echo "the browser says nothing, and is ended" >&2
    kill "$browser"
    return 1
}
# look SCRIPT   What an expression has for a value in the page.
look() {
    tell Runtime.evaluate "$(jq -cn --arg script "$1" '{expression: $script, returnByValue: true, awaitPromise: true}')" |
        jq -r '.result.value'
}
look_is() { echo "$1" && is "$(look "$1")" "$2"; }
window() { # window WIDTH MOBILE
    tell Emulation.setDeviceMetricsOverride "{\"width\":$1,\"height\":800,\"deviceScaleFactor\":1,\"mobile\":$2}" >/dev/null
}

target=$(tell Target.createTarget '{"url":"about:blank"}' | jq -r .targetId)
session=$(tell Target.attachToTarget "{\"targetId\":\"$target\",\"flatten\":true}" | jq -r .sessionId)
for domain in Runtime Log Network Page; do tell $domain.enable >/dev/null; done
window 1440 false
tell Page.navigate "{\"url\":\"$url\"}" >/dev/null

# --- What it shows -------------------------------------------------------------------------------------------------

card='document.querySelector("[data-interface=outer]")'
# The rate that stands under "dropped" for packets on their way to the role: a number.
rate="parseFloat($card?.querySelector('[data-hook=to-role] dd.drop')?.textContent)"
check "with nothing attached it says so" until_true 60 look_is 'document.getElementById("nothing").checkVisibility()' true
check "it says how fresh it is" until_true 60 look_is 'document.getElementById("fresh").textContent' 'up to date'
"$LYNCXDP" attach outer --role av-edge --set pool=10.0.0.1 >/dev/null
check "an attachment that comes appears" until_true 60 look_is "$card.querySelector('h2').textContent" outer
check "with its role" look_is "/av-edge · lync2010 · external/.test($card.textContent)" true
check "both hooks are there" look_is "$card.querySelectorAll('[data-hook]').length" 2
check "nothing is dropped" until_true 60 look_is "$rate" 0
traffic
check "traffic raises the rate" until_true 60 look_is "$rate > 10" true
check "the chart has the rate" until_true 60 look_is \
    "$card.querySelector('[data-hook=to-role] polyline.drop').getAttribute('points').split(' ').some(p => +p.split(',')[1] < 50)" true
check "and tells it to those who do not see" look_is \
    "/dropped at most [0-9.]+ packets a second/.test($card.querySelector('[data-hook=to-role] svg').getAttribute('aria-label'))" true
check "the port is there, and why" look_is \
    "/3389\\/udpno row lists it/.test($card.querySelector('[data-hook=to-role]').textContent)" true
check "and the reason" look_is "/no-rowno row of the policy allows it/.test($card.textContent)" true
check "tables have captions and heads" look_is \
    "[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th[scope=col]') && t.querySelector('th[scope=row]'))" true
kill "$sender"
check "without traffic the rate falls again" until_true 60 look_is "$rate" 0
check "the total stays" look_is "/[1-9].* in all/.test($card.querySelector('[data-hook=to-role] .rates').textContent)" true

"$LYNCXDP" update outer --audit --try 300 >/dev/null
check "audit mode is told" until_true 60 look_is "/Audit: everything passes/.test($card.textContent)" true
check "and a trial, with the time left" look_is \
    "/Trial: unless confirmed, the policy before this one returns in [0-9]+ (s|min)/.test($card.textContent)" true
"$LYNCXDP" rollback outer >/dev/null
check "and no more when it is over" until_true 60 look_is "/Audit:|Trial:/.test($card.textContent)" false

# --- For whom ------------------------------------------------------------------------------------------------------

fits='document.documentElement.scrollWidth <= innerWidth'
check "nothing sticks out at 1440 px" look_is "$fits" true
window 360 true
check "nothing sticks out at 360 px" until_true 60 look_is "innerWidth == 360 && $fits" true
check "and everything in it fits" look_is \
    "[...document.querySelectorAll('main *')].every(e => e.getBoundingClientRect().right <= 360.5)" true
# The contrast of two colours, as the WCAG reckons it.
contrast='(() => { const l = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const back = l(getComputedStyle(document.querySelector(".card")).backgroundColor);
    return [...document.querySelectorAll(".card *")].filter(e => e.textContent.trim() && !e.closest("svg, .notice, .trouble"))
        .every(e => { const fore = l(getComputedStyle(e).color); return (Math.max(fore, back) + 0.05) / (Math.min(fore, back) + 0.05) >= 4.5; }); })()'
for scheme in light dark; do
    tell Emulation.setEmulatedMedia "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"$scheme\"}]}" >/dev/null
    look 'getComputedStyle(document.body).backgroundColor' >"$work/ground-$scheme"
    check "every word can be read: $scheme" look_is "$contrast" true
done
check "light and dark differ" says 1 differ cmp "$work/ground-light" "$work/ground-dark"
check "the page has a language, a title, a heading and a main part" look_is \
    '!!(document.documentElement.lang && document.title && document.querySelector("h1") && document.querySelector("main"))' true

# --- When something is wrong -----------------------------------------------------------------------------------------

ip link set dev outer xdpdrv off
check "a program that is gone raises an alarm" until_true 60 look_is \
    '/outer is not filtered/.test(document.querySelector("[role=alert]").textContent)' true
"$LYNCXDP" detach outer >/dev/null
check "a detached one disappears" until_true 60 look_is "$card" null
kill -STOP $exporter
check "an exporter that is silent makes the page old" until_true 60 look_is \
    '/what is shown is old/.test(document.getElementById("fresh").textContent)' true
kill -CONT $exporter
check "and fresh when it speaks again" until_true 60 look_is 'document.getElementById("fresh").textContent' 'up to date'

# --- What it said and asked for ----------------------------------------------------------------------------------------

check "it was noted what happened" grep Network.requestWillBeSent "$work/events"
check "nothing but its own exporter was asked" prints_nothing jq -r --arg url "$url" \
    'select(.method == "Network.requestWillBeSent") | .params.request.url |
        select(startswith($url) or startswith("data:") | not)' "$work/events"
check "the console has no error" prints_nothing jq -c 'select(.method == "Runtime.exceptionThrown" or
    (.method == "Runtime.consoleAPICalled" and (.params.type | IN("error", "warning"))) or
    (.method == "Log.entryAdded" and (.params.entry.level | IN("error", "warning")))) | .params' "$work/events"
check "a policy of what it may do comes with it" says 0 "^[Cc]ontent-[Ss]ecurity-[Pp]olicy: default-src 'none'" curl -sI --max-time 60 "$url"
check "that policy holds: a script of somebody else's does not run" look_is \
    '(() => { const s = document.createElement("script"); s.textContent = "window.taken = 1"; document.body.append(s); return window.taken; })()' null
tell Browser.close >/dev/null
finish
