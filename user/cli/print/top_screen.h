/* SPDX-License-Identifier: GPL-2.0-only */
/* The screen of `top`: reports of counters with their rates, one hook at a time, in whatever room the terminal has. */
#ifndef LYNCXDP_CLI_TOP_SCREEN_H
#define LYNCXDP_CLI_TOP_SCREEN_H

#include <jansson.h>
#include <stdbool.h>

enum lx_top_view {
    LX_TOP_PORTS,
    LX_TOP_ROWS,
    LX_TOP_REASONS,
};

struct lx_top {
    void *screen; /* of ncurses */
    enum lx_top_view view;
    size_t hook;   /* of the reports, the one that is shown */
    size_t scroll; /* lines of its table above the window */
};

/* Takes the terminal over. False when it cannot: nothing has changed then. */
bool lx_top_open(struct lx_top *top);

/*
 * Draws. `reports` are those of lx_counters_report with rates, `statuses` those of lx_report_status in the same order.
 * `seconds` is how often that happens.
 */
void lx_top_draw(struct lx_top *top, const json_t *reports, const json_t *statuses, unsigned seconds);

/* Waits for a key, at most so long, and does what it says. Returns false when it says to end. */
bool lx_top_wait(struct lx_top *top, size_t hooks, int milliseconds);

/* Gives the terminal back as it was. */
void lx_top_close(struct lx_top *top);

#endif
