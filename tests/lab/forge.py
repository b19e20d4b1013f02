# SPDX-License-Identifier: GPL-2.0-only
"""Packets that no honest program sends: UDP from a port that another one has, TCP out of nowhere, ICMP errors about
packets that never were. Everything below the IP header is written here; the kernel writes that, and sums ICMPv6."""

import socket
import struct

from wire import family, key, packed

IPV6_CHECKSUM = 7


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def raw(protocol, address, data, source=None, sum_at=None):
    """Sends data as the payload of an IP packet, and returns the socket, which hears what comes of that protocol."""
    sock = socket.socket(family(address), socket.SOCK_RAW, protocol)
    if sum_at is not None and family(address) == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_CHECKSUM, sum_at)
    if source:
        sock.bind((source, 0))
    try:
        sock.sendto(data, (address, 0))
    except OSError:  # dropped by a filter on the sender's own card
        pass
    return sock


def udp(address, port, source, source_port, payload):
    """A datagram from a port that may be another's. Over IPv4 it goes without a checksum."""
    header = struct.pack("!HHHH", source_port, port, 8 + len(payload), 0)
    return raw(socket.IPPROTO_UDP, address, header + payload, source, 6)


def udp_answer(sock, port, source_port, seconds):
    """What comes back to the socket of udp(): the payload, or nothing in so many seconds."""
    sock.settimeout(seconds)
    try:
        while True:
            packet = sock.recv(2048)
            if sock.family == socket.AF_INET:
                packet = packet[(packet[0] & 15) * 4 :]
            if struct.unpack_from("!HH", packet) == (port, source_port):
                return packet[8:]
    except socket.timeout:
        return b""


def stray_ack(address, port, source, source_port):
    """What looks like more of a TCP connection."""
    raw(socket.IPPROTO_TCP, address, struct.pack("!HHIIBBHHH", source_port, port, 1, 1, 0x50, 0x10, 0xFFFF, 0, 0),
        source).close()
    return key(source, source_port, address, port)


def echo_request(address, word):
    """A ping, known by its word."""
    word += b" " * (len(word) % 2)
    if family(address) == socket.AF_INET6:
        raw(socket.IPPROTO_ICMPV6, address, struct.pack("!BBHHH", 128, 0, 0, 1, 1) + word).close()
    else:
        body = struct.pack("!HH", 1, 1) + word
        raw(socket.IPPROTO_ICMP, address,
            struct.pack("!BBH", 8, 0, checksum(b"\x08\0" + body)) + body).close()
    return word


def narrower(address):
    """What too_big() claims of a path: as narrow as the family allows."""
    return 1280 if ":" in address else 600


def too_big(address, port, partner):
    """An ICMP error about a datagram of 512 bytes from ADDRESS:PORT to PARTNER:1024, known by that datagram."""
    datagram = struct.pack("!HHHH", port, 1024, 512, 0)
    ends = packed(address) + packed(partner)
    if family(address) == socket.AF_INET6:
        quoted = struct.pack("!IHBB", 0x60000000, 512, 17, 63) + ends + datagram
        raw(socket.IPPROTO_ICMPV6, address, struct.pack("!BBHI", 2, 0, 0, narrower(address)) + quoted).close()
    else:
        quoted = struct.pack("!BBHHHBBH", 0x45, 0, 532, 0, 0x4000, 64, 17, 0) + ends + datagram
        body = struct.pack("!HH", 0, narrower(address)) + quoted
        raw(socket.IPPROTO_ICMP, address, struct.pack("!BBH", 3, 4, checksum(b"\x03\x04" + body)) + body).close()
    return quoted
