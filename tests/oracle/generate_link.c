/* SPDX-License-Identifier: GPL-2.0-only */
/* Link control, and frames that are it but for one thing. */
#include "generate_icmp.h"

#include <string.h>

struct link_frame {
    uint8_t destination[6];
    uint16_t ethertype; /* or length */
    uint8_t inside[8];
};

static const struct link_frame link_frames[] = {
    {{0x01, 0x80, 0xc2, 0, 0, 0x02}, 0x8809, {1, 1}},
    {{0x01, 0x80, 0xc2, 0, 0, 0x00}, 0x0026, {0x42, 0x42, 0x03}},
    {{0x01, 0x80, 0xc2, 0, 0, 0x08}, 0x0069, {0x42, 0x42, 0x03}},
    {{0x01, 0x80, 0xc2, 0, 0, 0x03}, 0x888e, {2, 1}},
    {{0x01, 0x80, 0xc2, 0, 0, 0x0e}, 0x88cc, {2, 7, 4}},
    {{0x01, 0x80, 0xc2, 0, 0, 0x01}, 0x8808, {0, 1}}, /* pause */
    {{0x01, 0x80, 0xc2, 0, 0, 0x21}, 0x88f5, {0}},    /* MVRP */
    {{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}, 0x0040, {0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00}},
    {{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd}, 0x0032, {0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x01, 0x0b}},
};

static const struct link_frame *pick(struct generator *generator)
{
    return &link_frames[generate_below(generator, sizeof(link_frames) / sizeof(*link_frames))];
}

struct shape generate_link_control(struct generator *generator)
{
    struct link_frame frame = *pick(generator);
    struct shape shape = {.source_mac = {0x02, 0, 0, 0, 0, 0x02}};

    switch (generate_below(generator, 10)) {
    case 0:
        memcpy(frame.destination, pick(generator)->destination, 6);
        break;
    case 1:
        frame.ethertype = pick(generator)->ethertype;
        break;
    case 2:
        frame.destination[generate_below(generator, 6)] ^= (uint8_t)(1u << generate_below(generator, 8));
        break;
    case 3:
        frame.inside[generate_below(generator, 8)] ^= (uint8_t)(1u << generate_below(generator, 8));
        break;
    case 4:
        frame.ethertype =
            (uint16_t)(1498 + generate_below(generator, 5)); /* lengths end, ethertypes do not begin yet */
        break;
    default:
        break;
    }
    memcpy(shape.destination_mac, frame.destination, 6);
    shape.ethertype = frame.ethertype;
    memcpy(shape.inside, frame.inside, 8);
    return shape;
}
