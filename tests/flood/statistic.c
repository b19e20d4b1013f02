/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the statistics of a driver, which alone knows what its XDP program has seen. */
#include "flood.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int socket, const char *interface, void *question)
{
    struct ifreq request = {.ifr_data = question};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    return ioctl(socket, SIOCETHTOOL, &request) ? -errno : 0;
}

static __u64 add_up(const struct ethtool_gstrings *names, const struct ethtool_stats *values, const char *begin,
                    const char *end)
{
    __u64 sum = 0;

    for (__u32 i = 0; i < names->len; i++) {
        char name[ETH_GSTRING_LEN + 1] = "";

        memcpy(name, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
        if (strlen(name) >= strlen(begin) + strlen(end) && !strncmp(name, begin, strlen(begin)) &&
            !strcmp(name + strlen(name) - strlen(end), end))
            sum += values->data[i];
    }
    return sum;
}

int lx_flood_statistic(const char *interface, const char *begin, const char *end, __u64 *sum)
{
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
    int error, asking = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ethtool_gstrings *names = NULL;
    struct ethtool_stats *values = NULL;

    if (asking < 0)
        return -errno;
    error = ask(asking, interface, &driver);
    if (error)
        goto out;
    names = calloc(1, sizeof(*names) + (size_t)driver.n_stats * ETH_GSTRING_LEN);
    values = calloc(1, sizeof(*values) + driver.n_stats * sizeof(values->data[0]));
    if (!names || !values) {
        error = -ENOMEM;
        goto out;
    }
    *names = (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS, .len = driver.n_stats};
    *values = (struct ethtool_stats){.cmd = ETHTOOL_GSTATS, .n_stats = driver.n_stats};
    error = ask(asking, interface, names);
    error = error ?: ask(asking, interface, values);
    if (!error)
        *sum = add_up(names, values, begin, end);
out:
    free(names);
    free(values);
    close(asking);
    return error;
}
