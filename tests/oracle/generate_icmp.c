/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP around a conversation: any type, echoes, and errors about packets that did pass or that nobody sent. */
#include "generate_icmp.h"

#include <string.h>

/* A chain of extension headers in front of what is quoted, most of them such as a packet may have. */
static void extend_quote(struct generator *generator, struct shape *shape)
{
    static const uint8_t usual[] = {60, 60, 44, 44, 0, 43};
    struct shape_quote *quote = &shape->quote;
    unsigned index;

    quote->extensions = 1 + (unsigned)generate_below(generator, generate_chance(generator, 15) ? 10 : 3);
    for (index = 0; index < quote->extensions; index++) {
        quote->extension[index] = usual[generate_below(generator, generate_chance(generator, 80) ? 4 : 6)];
        if (index && quote->extension[index] == 44 && generate_chance(generator, 70))
            quote->extension[index] = 60;
    }
    if (generate_chance(generator, 30))
        quote->extension[0] = 0;
    if (quote->tuple.ipv6)
        shape->payload += quote->extensions * 8;
}

/* What may be wrong with a quoted packet. */
static void disturb_quote(struct generator *generator, struct shape *shape)
{
    struct shape_quote *quote = &shape->quote;

    switch (generate_below(generator, 13)) {
    case 0:
        quote->protocol = (uint8_t)(generate_chance(generator, 50) ? 50 : shape->protocol);
        break;
    case 1:
        if (quote->tuple.ipv6)
            quote->fragment = (uint16_t)(generate_chance(generator, 70) ? generate_below(generator, 8)
                                                                        : generate_below(generator, 0x10000));
        else
            quote->fragment = (uint16_t)(generate_chance(generator, 50) ? 0x2000 : 1u << generate_below(generator, 16));
        extend_quote(generator, shape);
        break;
    case 2:
        extend_quote(generator, shape);
        if (quote->tuple.ipv6)
            break;
        quote->option_words = (unsigned)generate_below(generator, 11);
        shape->payload += quote->option_words * 4;
        break;
    case 3:
        generate_neighbour(quote->tuple.source, quote->tuple.ipv6, 1);
        break;
    case 4:
        quote->version_error = 1;
        break;
    case 5:
        quote->header_length_error = generate_chance(generator, 50) ? 1 : -1;
        break;
    case 6:
        shape->payload = (unsigned)generate_below(generator, shape->payload + 20);
        if (generate_chance(generator, 50))
            shape->padding = (unsigned)generate_below(generator, 64); /* zeros where the rest would be */
        break;
    case 7:
        quote->echo_type = (uint8_t)(generate_chance(generator, 50) ? 129 : 0);
        break;
    case 8:
        *(generate_chance(generator, 50) ? &quote->tuple.source_port : &quote->tuple.destination_port) = 0;
        break;
    case 9:
        generate_special(generator, quote->tuple.ipv6, quote->tuple.destination);
        break;
    case 10:
        memcpy(quote->tuple.destination, quote->tuple.source, 16);
        break;
    case 11: /* an end that no packet may have, or may not send to, and the error is for it */
        generate_special(generator, quote->tuple.ipv6, quote->tuple.source);
        memcpy(shape->tuple.destination, quote->tuple.source, 16);
        break;
    default:
        quote->tuple.transport ^= 1;
        quote->protocol = quote->protocol == 6 ? 17 : 6;
        break;
    }
}

struct shape generate_error(struct generator *generator, const struct oracle_tuple *tuple)
{
    uint8_t type = (uint8_t)(tuple->ipv6 ? 1 + generate_below(generator, 3) : generate_chance(generator, 50) ? 3 : 11);
    struct oracle_tuple quoted = oracle_turned(tuple), outer = *tuple;
    struct shape shape;

    if (generate_chance(generator, 40))
        outer.source[outer.ipv6 ? 15 : 3] ^= 0x55;
    if (generate_chance(generator, 20)) { /* as if from behind the role, or from before it */
        memcpy(outer.source, outer.destination, 16);
        generate_neighbour(outer.source, outer.ipv6, 1);
    }
    if (generate_chance(generator, 10)) {
        quoted.transport = LX_ECHO;
        quoted.source_port = quoted.destination_port = tuple->source_port;
    }
    shape = shape_of_error(&outer, type, &quoted);
    shape.payload += (unsigned)generate_below(generator, 20);
    if (generate_chance(generator, 40))
        disturb_quote(generator, &shape);
    if (generate_chance(generator, 5))
        shape.icmp_code = (uint8_t)generate_below(generator, 16);
    return shape;
}

/* The link-local address that a card gives itself. */
static void put_address_of_card(const uint8_t mac[6], uint8_t address[16])
{
    const uint8_t made[16] = {0xfe,   0x80,   0,    0,    0,      0,      0,     0, (uint8_t)(mac[0] ^ 2),
                              mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};

    memcpy(address, made, sizeof(made));
}

struct shape generate_icmp(struct generator *generator, const struct oracle_tuple *tuple)
{
    static const uint8_t usual4[] = {0, 3, 4, 5, 8, 11, 12, 13},
                         usual6[] = {1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 143, 144};
    uint8_t type = tuple->ipv6 ? usual6[generate_below(generator, sizeof(usual6))]
                               : usual4[generate_below(generator, sizeof(usual4))];
    struct shape shape =
        shape_of_icmp(tuple, generate_chance(generator, 90) ? type : (uint8_t)generate_number(generator));

    shape.icmp_identifier = tuple->source_port;
    memcpy(shape.neighbour, generate_chance(generator, 60) ? tuple->source : tuple->destination, 16);
    if (generate_chance(generator, 15))
        put_address_of_card(shape.source_mac, shape.neighbour);
    if (tuple->ipv6 && generate_chance(generator, 15))
        put_address_of_card(shape.source_mac, shape.tuple.source);
    else if (generate_chance(generator, 40)) {
        generate_special(generator, tuple->ipv6, shape.tuple.source);
        shape.tuple.source[15] ^= (uint8_t)(tuple->ipv6 ? generate_below(generator, 2) : 0);
    }
    if (generate_chance(generator, 30))
        generate_special(generator, tuple->ipv6, shape.tuple.destination);
    if (generate_chance(generator, 15))
        shape.hop_limit = (uint8_t)(generate_chance(generator, 50) ? generate_below(generator, 4)
                                                                   : 252 + generate_below(generator, 4));
    if (generate_chance(generator, 10))
        shape.icmp_code = (uint8_t)generate_below(generator, 4);
    if (generate_chance(generator, 20))
        shape.payload = (unsigned)generate_below(generator, 40);
    return shape;
}

struct shape generate_echo(struct generator *generator, const struct oracle_tuple *tuple)
{
    bool request = generate_chance(generator, 50);
    struct shape shape = shape_of_icmp(tuple, tuple->ipv6 ? (request ? 128 : 129) : (request ? 8 : 0));

    shape.icmp_identifier = tuple->source_port;
    return shape;
}
