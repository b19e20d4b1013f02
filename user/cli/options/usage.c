/* SPDX-License-Identifier: GPL-2.0-only */
/* The help's words on every verb. */
#include "usage.h"

#include <stddef.h>

const struct lx_usage lx_usages[] = {
    {"attach", "IFACE --role ROLE... [OPTION]...", "filter an interface as the tables of a role say"},
    {"update", "IFACE [OPTION]...", "change the policy in force; what is not named stays"},
    {"diff", "IFACE [OPTION]... [--json]", "what an update would newly allow and newly drop"},
    {"confirm", "IFACE", "keep the policy that is on trial"},
    {"promote", "IFACE", "put the candidate of update --shadow in force"},
    {"rollback", "IFACE", "end a trial, or discard a candidate, or return to what the last update replaced"},
    {"apply", "[-f FILE] [--each [--only IFACE]] [--dry-run] [--wait SECONDS] [--force] [--json]",
     "bring every interface to the state that a file declares"},
    {"detach", "IFACE | --all", "stop filtering and leave nothing behind"},
    {"status", "[IFACE] [--json]", "what is attached, and whether it filters"},
    {"counters", "[IFACE] [--by row|port|reason] [--watch] [--json]",
     "packets passed and dropped, by row, reason and port"},
    {"exporter", "[IFACE]... [OPTION]...", "serve metrics for Prometheus, and a page for people"},
    {"top", "[IFACE]", "live counters: p ports, r rows, e reasons, Tab next hook, q quit"},
    {"monitor", "[IFACE] [-w FILE] [OPTION]... [--json]", "show packets as they are dropped"},
    {"flows", "[IFACE] [--json]", "conversations that the role began"},
    {"explain", "(IFACE | --role ROLE...) [OPTION]... TRANSPORT SRC[:PORT] DST[:PORT]",
     "the verdict on one packet, or on each of a capture (--pcap), and the row behind it"},
    {"roles", "[--edition EDITION] [--json]", "list the roles that have tables"},
    {"show", "ROLE... [OPTION]... [--format FORMAT]",
     "list the rows of roles, and where each is printed; the sheet for another firewall"},
    {"setup", "ROLE... [--external IFACE] [--internal IFACE] [OPTION]...",
     "write a first site file from the addresses of interfaces"},
    {"check", "FILE... [OPTION]... [--json]", "look for mistakes in policy, site and declaration files"},
    {"endpoints", "FILE [--service-area AREA]... [--id NUMBER]... [--required] [--date DAY]",
     "the list of a group, out of the vendor's list of cloud addresses (JSON)"},
    {NULL, NULL, NULL},
};
