# SPDX-License-Identifier: GPL-2.0-only
# A terminal for shell tests of what draws on one: tmux in the caller's $work, with a session named view.

tmux() { command tmux -S "$work/tmux" -f /dev/null "$@"; }

screen() { tmux capture-pane -p -t view; }

# shows PATTERN   the screen comes to match it, within $patience tenths of a second (60).
shows() {
    local tries=${patience:-60}
    until screen | grep -qE -e "$1"; do
        [ $((tries--)) -gt 0 ] || { screen; return 1; }
        sleep 0.1
    done
}
