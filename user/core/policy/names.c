/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of names. What comes from the kernel may be of a later version, and out of any table. */
#include "names.h"

#include <string.h>

const char *const lx_side_names[] = {[LX_SIDE_EXTERNAL] = "external", [LX_SIDE_INTERNAL] = "internal"};
const char *const lx_lb_names[] = {[LX_LB_HARDWARE] = "hardware", [LX_LB_DNS] = "dns"};
const char *const lx_egress_names[] = {
    [LX_EGRESS_OFF] = "off", [LX_EGRESS_TRACK] = "track", [LX_EGRESS_ENFORCE] = "enforce"};
const char *const lx_mode_names[] = {[0] = "auto", [LX_MODE_NATIVE] = "native", [LX_MODE_GENERIC] = "generic"};

int lx_name_index(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] && !strcmp(name, names[i]))
            return (int)i;
    return -1;
}

const char *lx_side_name(enum lx_side side)
{
    return side < LX_SIDES ? lx_side_names[side] : NULL;
}

const char *lx_lb_name(enum lx_lb lb)
{
    return lb < LX_LBS ? lx_lb_names[lb] : NULL;
}

const char *lx_egress_name(enum lx_egress egress)
{
    return lx_egress_names[egress < LX_EGRESSES ? egress : LX_EGRESS_OFF];
}

const char *lx_mode_name(enum lx_mode mode)
{
    return mode && mode < LX_MODES ? lx_mode_names[mode] : "unknown";
}

const char *lx_hook_name(enum lx_hook hook)
{
    return hook == LX_HOOK_TO_ROLE ? "to-role" : "from-role";
}

const char *lx_transport_name(enum lx_transport transport)
{
    if (transport == LX_ECHO)
        return "echo";
    return transport == LX_TCP ? "tcp" : "udp";
}
