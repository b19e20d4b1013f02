/* SPDX-License-Identifier: GPL-2.0-only */
/* Shapes to bytes. Checksums stay zero: nothing that is tested here looks at them. */
#include "shape.h"

#include <string.h>

struct writer {
    uint8_t *bytes;
    size_t length;
};

static void put8(struct writer *writer, unsigned value)
{
    writer->bytes[writer->length++] = (uint8_t)value;
}

static void put16(struct writer *writer, unsigned value)
{
    put8(writer, value >> 8);
    put8(writer, value);
}

static void put_bytes(struct writer *writer, const void *bytes, size_t count)
{
    memcpy(writer->bytes + writer->length, bytes, count);
    writer->length += count;
}

static void put_zeros(struct writer *writer, size_t count)
{
    memset(writer->bytes + writer->length, 0, count);
    writer->length += count;
}

static struct shape between(const struct oracle_tuple *tuple)
{
    struct shape shape = {
        .destination_mac = {0x02, 0, 0, 0, 0, 0x01},
        .source_mac = {0x02, 0, 0, 0, 0, 0x02},
        .ethertype = tuple->ipv6 ? 0x86dd : 0x0800,
        .tuple = *tuple,
        .hop_limit = 64,
    };

    return shape;
}

struct shape shape_of_tuple(const struct oracle_tuple *tuple)
{
    struct shape shape = between(tuple);

    shape.protocol = tuple->transport == LX_TCP ? 6 : 17;
    shape.tcp_flags = 0x02;
    if (tuple->transport == LX_PORTLESS) {
        shape.protocol = (uint8_t)tuple->destination_port;
        shape.hop_limit = shape.protocol == 112 ? 255 : 64;
    }
    return shape;
}

struct shape shape_of_icmp(const struct oracle_tuple *tuple, uint8_t type)
{
    struct shape shape = between(tuple);

    shape.protocol = tuple->ipv6 ? 58 : 1;
    shape.icmp_type = type;
    shape.payload = 16;
    if (tuple->ipv6 && type >= 133 && type <= 136)
        shape.hop_limit = 255;
    if (tuple->ipv6 && ((type >= 130 && type <= 132) || type == 143))
        shape.hop_limit = 1;
    return shape;
}

struct shape shape_of_error(const struct oracle_tuple *tuple, uint8_t type, const struct oracle_tuple *quoted)
{
    struct shape shape = shape_of_icmp(tuple, type);
    uint8_t echo = quoted->ipv6 ? 58 : 1;

    shape.quote.present = true;
    shape.quote.tuple = *quoted;
    shape.quote.protocol = quoted->transport == LX_TCP ? 6 : quoted->transport == LX_UDP ? 17 : echo;
    if (quoted->transport == LX_PORTLESS)
        shape.quote.protocol = (uint8_t)quoted->destination_port;
    shape.quote.echo_type = quoted->ipv6 ? 128 : 8;
    shape.payload = (quoted->ipv6 ? 40 : 20) + 8;
    return shape;
}

struct shape shape_of_arp(uint16_t operation)
{
    struct shape shape = {
        .destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
        .source_mac = {0x02, 0, 0, 0, 0, 0x02},
        .ethertype = 0x0806,
        .arp_operation = operation,
    };

    return shape;
}

static size_t transport_length(const struct shape *shape)
{
    size_t header = shape->protocol == 6 ? 20 + 4u * shape->tcp_option_words : 8;

    return header + shape->payload;
}

static size_t extensions_length(const struct shape *shape)
{
    size_t length = 0;
    unsigned index;

    for (index = 0; index < shape->extensions; index++)
        length += 8 + 8u * shape->extension_size[index];
    return length;
}

static void write_quoted_transport(struct writer *writer, const struct shape_quote *quote)
{
    if (quote->protocol == 6 || quote->protocol == 17) {
        put16(writer, quote->tuple.source_port);
        put16(writer, quote->tuple.destination_port);
        put_zeros(writer, 4);
    } else {
        put8(writer, quote->echo_type);
        put_zeros(writer, 3);
        put16(writer, quote->tuple.source_port);
        put16(writer, 1);
    }
}

static void write_quote4(struct writer *writer, const struct shape_quote *quote)
{
    unsigned words = 5 + quote->option_words;

    put8(writer,
         (unsigned)((4 + quote->version_error) & 0x0f) << 4 | ((words + (unsigned)quote->header_length_error) & 0x0f));
    put8(writer, 0);
    put16(writer, words * 4 + 100); /* it went on */
    put16(writer, 0);
    put16(writer, quote->fragment);
    put8(writer, 60);
    put8(writer, quote->protocol);
    put16(writer, 0);
    put_bytes(writer, quote->tuple.source, 4);
    put_bytes(writer, quote->tuple.destination, 4);
    put_zeros(writer, quote->option_words * 4);
}

static void write_quote6(struct writer *writer, const struct shape_quote *quote)
{
    unsigned index;

    put8(writer, (unsigned)((6 + quote->version_error) & 0x0f) << 4);
    put_zeros(writer, 3);
    put16(writer, 100);
    put8(writer, quote->extensions ? quote->extension[0] : quote->protocol);
    put8(writer, 60);
    put_bytes(writer, quote->tuple.source, 16);
    put_bytes(writer, quote->tuple.destination, 16);
    for (index = 0; index < quote->extensions; index++) {
        put8(writer, index + 1 < quote->extensions ? quote->extension[index + 1] : quote->protocol);
        put8(writer, 0);
        put16(writer, quote->extension[index] == 44 ? quote->fragment : 0);
        put_zeros(writer, 4);
    }
}

/* As much of the quoted packet as the payload has room for, and zeros behind it. */
static void write_quote(struct writer *writer, const struct shape *shape)
{
    uint8_t bytes[256];
    struct writer whole = {.bytes = bytes};

    if (shape->quote.tuple.ipv6)
        write_quote6(&whole, &shape->quote);
    else
        write_quote4(&whole, &shape->quote);
    write_quoted_transport(&whole, &shape->quote);
    if (whole.length > shape->payload)
        whole.length = shape->payload;
    put_bytes(writer, bytes, whole.length);
    put_zeros(writer, shape->payload - whole.length);
}

static void write_transport(struct writer *writer, const struct shape *shape)
{
    const struct oracle_tuple *tuple = &shape->tuple;

    if (shape->protocol == 6) {
        put16(writer, tuple->source_port);
        put16(writer, tuple->destination_port);
        put_zeros(writer, 8);
        put8(writer, (unsigned)(5 + shape->tcp_option_words + shape->transport_length_error) << 4);
        put8(writer, shape->tcp_flags);
        put_zeros(writer, 6 + 4u * shape->tcp_option_words);
    } else if (shape->protocol == 17) {
        put16(writer, tuple->source_port);
        put16(writer, tuple->destination_port);
        put16(writer, (unsigned)((int)transport_length(shape) + shape->transport_length_error));
        put16(writer, 0);
    } else {
        put8(writer, shape->icmp_type);
        put8(writer, shape->icmp_code);
        put_zeros(writer, 2);
        put16(writer, shape->icmp_identifier);
        put_zeros(writer, 2);
    }
    if (shape->quote.present) {
        write_quote(writer, shape);
    } else if (shape->protocol == 58 && shape->payload >= sizeof(shape->neighbour)) {
        put_bytes(writer, shape->neighbour, sizeof(shape->neighbour));
        put_zeros(writer, shape->payload - sizeof(shape->neighbour));
    } else {
        put_zeros(writer, shape->payload);
    }
}

static void write_ipv4(struct writer *writer, const struct shape *shape)
{
    unsigned words = 5 + shape->option_words;
    size_t total = words * 4 + transport_length(shape);

    put8(writer,
         (unsigned)((4 + shape->version_error) & 0x0f) << 4 | ((words + (unsigned)shape->header_length_error) & 0x0f));
    put8(writer, 0);
    put16(writer, shape->without_length ? 0 : (unsigned)((int)total + shape->ip_length_error));
    put16(writer, shape->identification & 0xffff);
    put16(writer, shape->fragment);
    put8(writer, shape->hop_limit);
    put8(writer, shape->protocol);
    put16(writer, 0);
    put_bytes(writer, shape->tuple.source, 4);
    put_bytes(writer, shape->tuple.destination, 4);
    put16(writer, shape->router_alert && shape->option_words ? 0x9404 : 0);
    writer->length -= shape->option_words ? 0 : 2;
    put_zeros(writer, shape->option_words ? shape->option_words * 4 - 2 : 0);
    write_transport(writer, shape);
}

static void write_ipv6(struct writer *writer, const struct shape *shape)
{
    size_t payload = extensions_length(shape) + transport_length(shape);
    unsigned index;

    put8(writer, (unsigned)((6 + shape->version_error) & 0x0f) << 4);
    put_zeros(writer, 3);
    put16(writer, shape->without_length ? 0 : (unsigned)((int)payload + shape->ip_length_error));
    put8(writer, shape->extensions ? shape->extension[0] : shape->protocol);
    put8(writer, shape->hop_limit);
    put_bytes(writer, shape->tuple.source, 16);
    put_bytes(writer, shape->tuple.destination, 16);
    for (index = 0; index < shape->extensions; index++) {
        put8(writer, index + 1 < shape->extensions ? shape->extension[index + 1] : shape->protocol);
        put8(writer, shape->extension_size[index]);
        if (shape->jumbo && index == 0) {
            put16(writer, 0xc204);
            put16(writer, (unsigned)((int)payload + shape->jumbo_error) >> 16);
            put16(writer, (unsigned)((int)payload + shape->jumbo_error) & 0xffff);
        } else {
            put16(writer, shape->extension[index] == 44 ? shape->fragment : 0);
            put16(writer, shape->identification >> 16);
            put16(writer, shape->identification & 0xffff);
        }
        put_zeros(writer, 8u * shape->extension_size[index]);
    }
    write_transport(writer, shape);
}

static void write_arp(struct writer *writer, const struct shape *shape)
{
    put16(writer, 1);
    put16(writer, 0x0800);
    put8(writer, 6);
    put8(writer, 4);
    put16(writer, shape->arp_operation);
    put_bytes(writer, shape->source_mac, 6);
    put_bytes(writer, shape->arp_sender, 4);
    put_zeros(writer, 6);
    put_bytes(writer, shape->arp_target, 4);
}

static void write_other(struct writer *writer, const struct shape *shape)
{
    put_bytes(writer, shape->inside, sizeof(shape->inside));
    put_zeros(writer, 38);
}

size_t shape_write(const struct shape *shape, uint8_t *frame)
{
    struct writer writer = {.bytes = frame};
    unsigned index;

    put_bytes(&writer, shape->destination_mac, 6);
    put_bytes(&writer, shape->source_mac, 6);
    for (index = 0; index < shape->tags; index++) {
        put16(&writer, shape->tag_type[index]);
        put16(&writer, shape->tag[index]);
    }
    put16(&writer, shape->ethertype);
    if (shape->ethertype == 0x0800)
        write_ipv4(&writer, shape);
    else if (shape->ethertype == 0x86dd)
        write_ipv6(&writer, shape);
    else if (shape->ethertype == 0x0806)
        write_arp(&writer, shape);
    else
        write_other(&writer, shape);
    put_zeros(&writer, shape->padding);
    return writer.length;
}
