/* SPDX-License-Identifier: GPL-2.0-only */
#include "report_rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_json.h"

/* How the items of a report's array are distinguished, what is counted of them, and what its rate is called. */
struct counted {
    const char *array;
    const char *names[2];
    const char *members[2]; /* added up; the second may be NULL */
    const char *rate;
};

static const struct counted arrays[] = {
    {"rows", {"id", NULL}, {"packets", NULL}, "packets_per_second"},
    {"rows", {"id", NULL}, {"bytes", NULL}, "bytes_per_second"},
    {"reasons", {"reason", "verdict"}, {"packets", NULL}, "packets_per_second"},
    {"reasons", {"reason", "verdict"}, {"bytes", NULL}, "bytes_per_second"},
    {"ports", {"transport", "port"}, {"dropped", "would_drop"}, "per_second"},
};

static json_int_t count_of(const json_t *item, const char *const members[2])
{
    json_int_t count = json_integer_value(json_object_get(item, members[0]));

    return count + (members[1] ? json_integer_value(json_object_get(item, members[1])) : 0);
}

static const char *key_of(const json_t *item, const struct counted *counted, char key[192])
{
    const char *first = json_string_value(json_object_get(item, counted->names[0]));
    const char *second = counted->names[1] ? json_string_value(json_object_get(item, counted->names[1])) : "";

    snprintf(key, 192, "%s %s", first ? first : "", second ? second : "");
    return key;
}

/* A counter that is smaller than before began anew. */
static json_t *rate_of(json_int_t now, json_int_t before, double seconds)
{
    json_int_t more = now < before ? now : now - before;

    return json_integer(seconds > 0 ? (json_int_t)((double)more / seconds + 0.5) : 0);
}

/* The items of an array by their keys. */
static json_t *index_of(const json_t *array, const struct counted *counted)
{
    json_t *index = json_object();
    char key[192];

    for (size_t i = 0; index && i < json_array_size(array); i++) {
        json_t *item = json_array_get(array, i);

        if (json_object_set(index, key_of(item, counted, key), item)) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

static int add_rates(json_t *array, const json_t *before, const struct counted *counted, double seconds)
{
    json_t *index = index_of(before, counted);
    char key[192];
    int error = index ? 0 : -1;

    for (size_t i = 0; !error && i < json_array_size(array); i++) {
        json_t *item = json_array_get(array, i);
        const json_t *old = json_object_get(index, key_of(item, counted, key));

        error = json_object_set_new(
            item, counted->rate,
            rate_of(count_of(item, counted->members), old ? count_of(old, counted->members) : 0, seconds));
    }
    json_decref(index);
    return error;
}

/* The report of the same hook; NULL when there was none. */
static const json_t *same_hook(const json_t *reports, const json_t *report)
{
    for (size_t i = 0; i < json_array_size(reports); i++) {
        const json_t *other = json_array_get(reports, i);

        if (json_equal(json_object_get(other, "interface"), json_object_get(report, "interface")) &&
            json_integer_value(json_object_get(other, "vlan")) == json_integer_value(json_object_get(report, "vlan")) &&
            json_integer_value(json_object_get(other, "netns")) ==
                json_integer_value(json_object_get(report, "netns")) &&
            json_equal(json_object_get(other, "hook"), json_object_get(report, "hook")))
            return other;
    }
    return NULL;
}

static int rate_report(json_t *report, const json_t *before, double seconds)
{
    int error = json_object_set_new(report, "packets_per_second",
                                    rate_of(json_integer_value(json_object_get(report, "packets")),
                                            json_integer_value(json_object_get(before, "packets")), seconds));

    for (size_t i = 0; !error && i < sizeof(arrays) / sizeof(*arrays); i++)
        error = add_rates(json_object_get(report, arrays[i].array), json_object_get(before, arrays[i].array),
                          &arrays[i], seconds);
    return error;
}

int lx_report_rates(json_t *reports, const json_t *before, double seconds)
{
    int error = 0;

    for (size_t i = 0; !error && i < json_array_size(reports); i++) {
        json_t *report = json_array_get(reports, i);
        const json_t *old = same_hook(before, report);

        error = rate_report(report, old, old ? seconds : 0);
    }
    return error;
}

/* --- The order --- */

struct placed {
    json_t *item;
    size_t place;
    const char *const *members;
};

static int most_first(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;

    for (const char *const *member = a->members; *member; member++) {
        json_int_t one = json_integer_value(json_object_get(a->item, *member));
        json_int_t other = json_integer_value(json_object_get(b->item, *member));

        if (one != other)
            return one < other ? 1 : -1;
    }
    return a->place < b->place ? -1 : 1;
}

json_t *lx_report_sorted(const json_t *items, const char *const *members)
{
    size_t count = json_array_size(items);
    struct placed *placed = calloc(count + 1, sizeof(*placed));
    json_t *sorted = placed ? json_array() : NULL;

    for (size_t i = 0; sorted && i < count; i++)
        placed[i] = (struct placed){json_array_get(items, i), i, members};
    if (sorted)
        qsort(placed, count, sizeof(*placed), most_first);
    for (size_t i = 0; sorted && i < count; i++) {
        if (json_array_append(sorted, placed[i].item)) {
            json_decref(sorted);
            sorted = NULL;
        }
    }
    free(placed);
    return sorted;
}
