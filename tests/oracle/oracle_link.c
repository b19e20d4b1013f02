/* SPDX-License-Identifier: GPL-2.0-only */
/* What is link control: pairs of an address and a protocol, written out one by one. */
#include "oracle.h"

#include <string.h>

static const struct {
    uint8_t last; /* of 01:80:c2:00:00:XX */
    uint16_t ethertype;
} link_protocols[] = {
    {0x02, 0x8809},                                 /* slow protocols: IEEE 802.3, 57A.3 */
    {0x03, 0x888e}, {0x00, 0x888e}, {0x0e, 0x888e}, /* IEEE 802.1X-2010, table 11-1 */
    {0x0e, 0x88cc}, {0x03, 0x88cc}, {0x00, 0x88cc}, /* LLDP: IEEE 802.1AB, table 7-1 */
};

/* Whether these bytes come next. */
static bool follows(const uint8_t *frame, size_t length, size_t at, const uint8_t *bytes, size_t count)
{
    return at + count <= length && memcmp(frame + at, bytes, count) == 0;
}

bool oracle_is_link_control(const struct lx_policy *policy, const uint8_t *frame, size_t length, size_t at,
                            uint16_t ethertype)
{
    static const uint8_t link_groups[5] = {0x01, 0x80, 0xc2, 0x00, 0x00}, cisco[5] = {0x01, 0x00, 0x0c, 0xcc, 0xcc};
    static const uint8_t spanning_tree[3] = {0x42, 0x42, 0x03}, snap[6] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c};
    bool is_length = ethertype <= 1500;
    uint8_t last = frame[5];
    size_t index;

    if (memcmp(frame, cisco, 5) == 0)
        return (policy->built_ins & LX_BUILT_IN_WIRE) && (last == 0xcc || last == 0xcd) && is_length &&
               follows(frame, length, at, snap, sizeof(snap)) && at + 8 <= length;
    if (memcmp(frame, link_groups, 5) != 0)
        return false;
    if (is_length) /* a bridge's BPDU, or a provider bridge's */
        return (last == 0x00 || last == 0x08) && follows(frame, length, at, spanning_tree, sizeof(spanning_tree));
    for (index = 0; index < sizeof(link_protocols) / sizeof(*link_protocols); index++)
        if (link_protocols[index].last == last && link_protocols[index].ethertype == ethertype)
            return true;
    return false;
}
