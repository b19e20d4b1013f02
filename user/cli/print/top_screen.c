/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws through ncurses, which knows the terminal; every line is cut to its width, and the table to its height. */
#include "top_screen.h"

#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "title.h"
#include "user/core/report/report_rates.h"

/* Lines above the table. */
#define TABLE 6

/* A column: its width is so many characters, or what the others leave (0). */
struct column {
    const char *title, *member;
    int width;
};

struct view {
    const char *array;
    const char *members[4]; /* what comes first */
    struct column columns[5];
};

static const struct view views[] = {
    [LX_TOP_PORTS] = {"ports",
                      {"per_second", "dropped", "would_drop", NULL},
                      {{"TRANSPORT", "transport", 10},
                       {"PORT", "port", 7},
                       {"PER SECOND", "per_second", -12},
                       {"DROPPED", "dropped", -14},
                       {"WOULD-DROP", "would_drop", -14}}},
    [LX_TOP_ROWS] = {"rows",
                     {"packets_per_second", "packets", NULL},
                     {{"ROW", "id", 0},
                      {"PACKETS/S", "packets_per_second", -11},
                      {"BYTES/S", "bytes_per_second", -13},
                      {"PACKETS", "packets", -14}}},
    [LX_TOP_REASONS] = {"reasons",
                        {"packets_per_second", "packets", NULL},
                        {{"REASON", "reason", 0},
                         {"VERDICT", "verdict", 11},
                         {"PACKETS/S", "packets_per_second", -11},
                         {"BYTES/S", "bytes_per_second", -13},
                         {"PACKETS", "packets", -14}}},
};

bool lx_top_open(struct lx_top *top)
{
    top->screen = newterm(NULL, stdout, stdin);
    if (!top->screen)
        return false;
    set_term(top->screen);
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    return true;
}

void lx_top_close(struct lx_top *top)
{
    endwin();
    delscreen(top->screen);
    top->screen = NULL;
}

/* A line of its own, cut to the width of the terminal. */
static void put(int line, attr_t attributes, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(int line, attr_t attributes, const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (line >= LINES)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    attrset(attributes);
    mvaddnstr(line, 0, text, COLS);
    attrset(A_NORMAL);
}

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member)) ?: "-";
}

/* What a cell shows. */
static const char *cell(const json_t *value, char text[32])
{
    if (json_is_string(value))
        return json_string_value(value);
    snprintf(text, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return text;
}

/* The width of a column of width 0. */
static int rest_of(const struct view *view)
{
    int rest = COLS;

    for (size_t i = 0; i < 5 && view->columns[i].title; i++)
        rest -= view->columns[i].width < 0 ? -view->columns[i].width : view->columns[i].width;
    return rest > 8 ? rest : 8;
}

/* One line of the table; `item` NULL: its titles. */
static void put_line(int line, const struct view *view, const json_t *item)
{
    char text[512] = "", number[32];
    size_t length = 0;

    for (size_t i = 0; i < 5 && view->columns[i].title && length + 1 < sizeof(text); i++) {
        const struct column *column = &view->columns[i];
        const char *shown = item ? cell(json_object_get(item, column->member), number) : column->title;
        int width = column->width ? column->width : rest_of(view);

        if (width < 0) /* numbers stand to the right, and have a blank in front */
            length += (size_t)snprintf(text + length, sizeof(text) - length, " %*.*s", -width - 1, -width - 1, shown);
        else
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%-*.*s", width, width - 1, shown);
    }
    put(line, item ? A_NORMAL : A_REVERSE, "%-*s", COLS, text);
}

/* Packets a second with a verdict. */
static json_int_t rate_of(const json_t *report, const char *verdict)
{
    const json_t *reasons = json_object_get(report, "reasons");
    json_int_t rate = 0;

    for (size_t i = 0; i < json_array_size(reasons); i++)
        if (!strcmp(text_of(json_array_get(reasons, i), "verdict"), verdict))
            rate += json_integer_value(json_object_get(json_array_get(reasons, i), "packets_per_second"));
    return rate;
}

/* What nobody may overlook. */
static void put_banner(int line, const json_t *status)
{
    const json_t *trial = json_object_get(status, "trial"), *shadow = json_object_get(status, "shadow");
    char text[256] = "";
    size_t length = 0;

    if (json_is_true(json_object_get(status, "audit")))
        length += (size_t)snprintf(text, sizeof(text), "AUDIT: nothing is dropped  ");
    if (json_is_object(trial))
        length += (size_t)snprintf(text + length, sizeof(text) - length, "TRIAL: %" JSON_INTEGER_FORMAT " s left  ",
                                   json_integer_value(json_object_get(trial, "seconds_left")));
    if (json_is_true(json_object_get(status, "fallback")))
        length += (size_t)snprintf(text + length, sizeof(text) - length, "FALLBACK: the trial ran out  ");
    if (json_is_object(shadow))
        snprintf(text + length, sizeof(text) - length, "CANDIDATE: generation %" JSON_INTEGER_FORMAT " (%s)",
                 json_integer_value(json_object_get(shadow, "generation")), text_of(shadow, "role"));
    put(line, A_BOLD, "%s", text);
}

static void put_head(const struct lx_top *top, const json_t *report, const json_t *status, size_t hooks)
{
    put(1, A_BOLD, "%s, %s (%zu of %zu): %s", lx_report_title(report).text, text_of(report, "hook"), top->hook + 1,
        hooks, text_of(status, "role"));
    put(2, A_NORMAL, "%s, generation %" JSON_INTEGER_FORMAT ", %s, egress %s, flows %" JSON_INTEGER_FORMAT,
        text_of(status, "edition"), json_integer_value(json_object_get(status, "generation")), text_of(status, "mode"),
        text_of(status, "egress"), json_integer_value(json_object_get(status, "flows")));
    put_banner(3, status);
    put(4, A_NORMAL,
        "passed %" JSON_INTEGER_FORMAT "/s  dropped %" JSON_INTEGER_FORMAT "/s  would-drop %" JSON_INTEGER_FORMAT
        "/s  packets %" JSON_INTEGER_FORMAT,
        rate_of(report, "pass"), rate_of(report, "drop"), rate_of(report, "would-drop"),
        json_integer_value(json_object_get(report, "packets")));
}

/* Items that have counted something, most first, as many as there is room for. */
static void put_table(struct lx_top *top, const json_t *report)
{
    const struct view *view = &views[top->view];
    json_t *items = lx_report_sorted(json_object_get(report, view->array), view->members);
    size_t place = 0, shown = 0, counted = 0;

    put_line(TABLE - 1, view, NULL);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        if (top->view != LX_TOP_PORTS && !json_integer_value(json_object_get(item, "packets")))
            continue;
        counted++;
        if (place++ < top->scroll || TABLE + (int)shown >= LINES)
            continue;
        put_line(TABLE + (int)shown++, view, item);
    }
    if (top->scroll >= counted)
        top->scroll = counted ? counted - 1 : 0;
    json_decref(items);
}

void lx_top_draw(struct lx_top *top, const json_t *reports, const json_t *statuses, unsigned seconds)
{
    size_t hooks = json_array_size(reports);
    time_t now = time(NULL);
    char clock[16] = "";
    struct tm local;

    if (localtime_r(&now, &local))
        strftime(clock, sizeof(clock), "%H:%M:%S", &local);
    if (top->hook >= hooks)
        top->hook = 0;
    erase();
    put(0, A_NORMAL, "lyncxdp %s, every %u s   p ports  r rows  e reasons  tab next hook  q quit", clock, seconds);
    if (hooks) {
        put_head(top, json_array_get(reports, top->hook), json_array_get(statuses, top->hook), hooks);
        put_table(top, json_array_get(reports, top->hook));
    } else {
        put(2, A_NORMAL, "nothing is attached");
    }
    refresh();
}

bool lx_top_wait(struct lx_top *top, size_t hooks, int milliseconds)
{
    timeout(milliseconds);
    switch (getch()) {
    case 'q':
    case 'Q':
        return false;
    case 'p':
        top->view = LX_TOP_PORTS;
        break;
    case 'r':
        top->view = LX_TOP_ROWS;
        break;
    case 'e':
        top->view = LX_TOP_REASONS;
        break;
    case '\t':
    case KEY_RIGHT:
        top->hook = hooks ? (top->hook + 1) % hooks : 0;
        break;
    case KEY_BTAB:
    case KEY_LEFT:
        top->hook = hooks ? (top->hook + hooks - 1) % hooks : 0;
        break;
    case KEY_DOWN:
        top->scroll++;
        return true;
    case KEY_UP:
        top->scroll -= top->scroll > 0;
        return true;
    default: /* the time is over, or the window has another size */
        return true;
    }
    top->scroll = 0;
    return true;
}
