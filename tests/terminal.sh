# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# A terminal for shell tests of what draws on one: tmux in the caller's $work, with a session named view.

tmux() { command tmux -S "$work/tmux" -f /dev/null "$@"; }

screen() { tmux capture-pane -p -t view; }

# shows PATTERN   the screen comes to match it.
on_screen() { screen | grep -qE -e "$1"; }
shows() { until_true 60 on_screen "$1" || { screen; return 1; }; }
