/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nearest word, by edit distance: how many letters must be changed, added, left out or swapped with their
 * neighbour. A slip every third letter is forgiven, and so is a word that stops halfway ("reverse").
 */
#include "spelling.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Longer words are no slips of anything that the tables name. */
#define LONGEST 64

static unsigned minimum(unsigned left, unsigned right)
{
    return left < right ? left : right;
}

static bool same(char left, char right)
{
    return tolower((unsigned char)left) == tolower((unsigned char)right);
}

/* Optimal string alignment distance; both words are at most LONGEST letters long. Keeps three rows of its table. */
static unsigned distance(const char *left, size_t left_length, const char *right, size_t right_length)
{
    unsigned rows[3][LONGEST + 1];

    for (size_t j = 0; j <= right_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= left_length; i++) {
        const unsigned *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
        unsigned *row = rows[i % 3];

        row[0] = i;
        for (size_t j = 1; j <= right_length; j++) {
            row[j] = minimum(minimum(above[j], row[j - 1]) + 1, above[j - 1] + !same(left[i - 1], right[j - 1]));
            if (i > 1 && j > 1 && same(left[i - 1], right[j - 2]) && same(left[i - 2], right[j - 1]))
                row[j] = minimum(row[j], before[j - 2] + 1);
        }
    }
    return rows[left_length % 3][right_length];
}

const char *lx_nearest(const char *word, const char *const *known, size_t count)
{
    size_t length = strlen(word);
    unsigned best = UINT_MAX;
    const char *nearest = NULL;

    if (!length || length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t known_length = strlen(known[i]);
        unsigned far;

        if (known_length > LONGEST)
            continue;
        far = distance(word, length, known[i], known_length);
        if (far > (length > 3 ? length / 3 : 1)) {
            if (length < 3 || strncasecmp(word, known[i], length))
                continue;
            far = LONGEST; /* the beginning of a word is a weaker hint than any slip */
        }
        if (far < best) {
            best = far;
            nearest = known[i];
        }
    }
    return nearest;
}
