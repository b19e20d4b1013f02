/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame described by its parts, and written to bytes. Every part can be made wrong on purpose; what is not named is
 * right, so that a test says only what it is about.
 */
#ifndef LYNCXDP_TESTS_SHAPE_H
#define LYNCXDP_TESTS_SHAPE_H

#include "oracle.h"

#define SHAPE_TAGS 3
#define SHAPE_EXTENSIONS 12
/* Longest frame that a shape makes, apart from its payload and padding. */
#define SHAPE_HEADERS 1024

/* The packet that an ICMP error quotes: an IP header and the first eight bytes behind it. */
struct shape_quote {
    bool present; /* else the error's payload is zeros */
    struct oracle_tuple tuple;
    uint8_t protocol;
    unsigned option_words;               /* IPv4 */
    uint16_t fragment;                   /* IPv4: flags and offset; IPv6: the field of every fragment header */
    unsigned extensions;                 /* IPv6, of eight bytes each */
    uint8_t extension[SHAPE_EXTENSIONS]; /* the number of each header */
    uint8_t echo_type;                   /* when the protocol is ICMP; the source port is its identifier */
    int version_error, header_length_error;
};

struct shape {
    uint8_t destination_mac[6], source_mac[6];
    unsigned tags;
    uint16_t tag_type[SHAPE_TAGS], tag[SHAPE_TAGS];
    uint16_t ethertype; /* 0x0800, 0x86dd, 0x0806, or anything else, which is followed by */
    uint8_t inside[8];  /* these bytes and zeros */
    struct oracle_tuple tuple;
    uint8_t protocol;
    uint8_t hop_limit;
    unsigned option_words;                    /* IPv4: words of 4 bytes, */
    bool router_alert;                        /* the first of which asks routers to look (RFC 2113) */
    uint16_t fragment;                        /* IPv4: flags and offset; IPv6: the field of every fragment header */
    unsigned extensions;                      /* IPv6 */
    uint8_t extension[SHAPE_EXTENSIONS];      /* the number of each header */
    uint8_t extension_size[SHAPE_EXTENSIONS]; /* in units of 8 bytes beyond the first 8; 0 in a fragment header */
    uint8_t tcp_flags;
    uint8_t tcp_option_words;
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_identifier;
    struct shape_quote quote;
    uint32_t identification; /* of a fragment; IPv4 has the lower half alone */
    uint16_t arp_operation;
    uint8_t arp_sender[4], arp_target[4];
    uint8_t neighbour[16]; /* of neighbour discovery: the first 16 bytes of the payload */
    unsigned payload;      /* bytes after the transport header, or after the 8 first bytes of ICMP */
    unsigned padding;      /* bytes after the IP packet */
    bool without_length;   /* the IP length is 0, */
    bool jumbo;            /* and a first hop-by-hop header has it instead (RFC 2675) */
    int jumbo_error;       /* wrong by so much */
    /* What is wrong, added to the right value. */
    int version_error, ip_length_error, header_length_error, transport_length_error;
};

/* An honest TCP SYN over IPv4 or IPv6 between a tuple's ends, or an honest UDP datagram. */
struct shape shape_of_tuple(const struct oracle_tuple *tuple);

/* An honest ICMP or ICMPv6 message between a tuple's addresses; neighbour discovery gets its hop limit and length. */
struct shape shape_of_icmp(const struct oracle_tuple *tuple, uint8_t type);

/* An ICMP error between a tuple's addresses about a packet of another tuple, which may be an echo request's. */
struct shape shape_of_error(const struct oracle_tuple *tuple, uint8_t type, const struct oracle_tuple *quoted);

struct shape shape_of_arp(uint16_t operation);

/* Writes the frame into room for SHAPE_HEADERS + payload + padding bytes; returns its length. */
size_t shape_write(const struct shape *shape, uint8_t *frame);

#endif
