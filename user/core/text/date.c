/* SPDX-License-Identifier: GPL-2.0-only */
#include "date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

bool lx_date_parse(const char *text, uint64_t *seconds)
{
    char again[LX_DATE_TEXT];
    struct tm day = {0};
    time_t moment;

    if (sscanf(text, "%4d-%2d-%2d", &day.tm_year, &day.tm_mon, &day.tm_mday) != 3)
        return false;
    day.tm_year -= 1900;
    day.tm_mon--;
    moment = timegm(&day);
    if (moment <= 0 || strcmp(lx_date_format((uint64_t)moment, again), text) != 0) /* there is no 31st of June */
        return false;
    *seconds = (uint64_t)moment;
    return true;
}

const char *lx_date_format(uint64_t seconds, char text[LX_DATE_TEXT])
{
    time_t moment = (time_t)seconds;
    struct tm day;

    if (!gmtime_r(&moment, &day) || !strftime(text, LX_DATE_TEXT, "%Y-%m-%d", &day))
        snprintf(text, LX_DATE_TEXT, "-");
    return text;
}
