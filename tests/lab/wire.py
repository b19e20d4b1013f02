# SPDX-License-Identifier: GPL-2.0-only
"""The lab's cables: who owns an address, entering a host's network namespace, and watching both ends of a cable.
A packet that was put on a cable and does not come out at the other end, though one sent after it does, was dropped by
the filter there: that is seen, and not guessed from a time that has passed."""

import ctypes
import os
import socket
import struct
import time

RUN = os.environ.get("LAB_RUN", "/run/lyncxdp-lab")
# Seconds in which what must happen has happened, however busy the machine.
PATIENCE = int(os.environ.get("LAB_PATIENCE", "60"))
LIBC = ctypes.CDLL(None, use_errno=True)

OWNERS = [
    ("rp", ("10.45.16.40", "172.25.33.40", "2001:db8:16::40")),
    ("edge", ("10.45.16.", "172.25.33.10", "2001:db8:16::")),
    ("fe1", ("192.168.10.90", "192.168.10.190")),
    ("fe2", ("192.168.10.91",)),
    ("client", ("192.168.10.50",)),
    ("rogue", ("203.0.113.66", "2001:db8:113::66")),
    ("inet", ("203.0.113.", "2001:db8:113::")),
]
# What each act's filters let through, to show that a cable is alive: sent to a host's interface, and sent from one.
ALLOWED_TO = {
    ("edge", "ext0"): ("udp", "10.45.16.30", 50000),
    ("edge", "int0"): ("udp", "172.25.33.10", 3478),
    ("rp", "ext0"): ("tcp", "10.45.16.40", 443),
}
ALLOWED_FROM = {
    ("edge", "ext0"): ("udp", "203.0.113.10", 53),
    ("edge", "int0"): ("tcp", "192.168.10.90", 5061),
    ("rp", "int0"): ("tcp", "192.168.10.190", 4443),
}


class Inconclusive(Exception):
    """Neither that a packet came through nor that it was dropped can be said."""


def owner(address):
    """The host that has an address."""
    for host, beginnings in OWNERS:
        if any(address == one or one[-1] in ".:" and address.startswith(one) for one in beginnings):
            return host
    raise ValueError(f"nobody in the lab has {address}")


def enter(host):
    """The calling thread, and what it starts, is in a host's network namespace from now on."""
    with open(f"/run/netns/lx-{host}", "rb") as namespace:
        if LIBC.setns(namespace.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter lx-{host}")


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address):
    return socket.inet_pton(family(address), address)


def key(source, source_port, destination, port):
    """The bytes by which a packet is known: in both families the addresses and then the ports."""
    return packed(source) + packed(destination) + struct.pack("!HH", source_port, port)


def begin(transport, address, port, source=None, source_port=0):
    """A socket on its way to an address, and the key of its packets. TCP: its SYN has been sent."""
    sock = socket.socket(family(address), socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if transport == "tcp":  # closing it leaves nothing that could keep the ports
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if source or source_port:
        sock.bind((source or "", source_port))
    sock.setblocking(False)
    sock.connect_ex((address, port))
    mine = sock.getsockname()
    return sock, key(mine[0], mine[1], address, port)


def say(sock, payload):
    """Sends a datagram; that a filter on the sender's own card drops it is no error of the probe."""
    try:
        sock.send(payload)
    except OSError:
        pass


class Tap:
    """What passes one end of a cable: coming out of it (behind XDP), or put on it."""

    def __init__(self, host, interface, home, outgoing=False):
        enter(host)
        try:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
            self.sock.bind((interface, 3))  # ETH_P_ALL
        finally:
            enter(home)
        self.outgoing = outgoing

    def frames(self, seconds):
        """The frames that come within so many seconds."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame, (_, _, kind, *_) = self.sock.recvfrom(2048)
            except socket.timeout:
                return
            if (kind == socket.PACKET_OUTGOING) == self.outgoing:
                yield frame

    def lost(self):
        """Whether frames passed that were not read."""
        return struct.unpack("II", self.sock.getsockopt(263, 6, 8))[1] > 0  # SOL_PACKET, PACKET_STATISTICS

    def close(self):
        self.sock.close()


class Way:
    """From a host to an address, past the filter that is to be asked."""

    def __init__(self, host, address):
        there = owner(address)
        outside = family(address) == socket.AF_INET6 or address.startswith(("203.", "10.45."))
        if host in ("edge", "rp") and there not in ("edge", "rp"):  # the sender's own filter, before the cable
            router, interface = ("wan", "ext0") if outside else ("corp", "int0")
            self.wire, self.card = None, Tap(router, host, host)
            self.allowed = ALLOWED_FROM[(host, interface)]
        else:
            router, interface = ("wan", "ext0") if host in ("inet", "rogue") else ("corp", "int0")
            self.wire, self.card = Tap(router, there, host, outgoing=True), Tap(there, interface, host)
            self.allowed = ALLOWED_TO[(there, interface)]
        self.keys = set()

    def passes(self, attempt):
        """Whether what attempt() sends comes through; it returns the key of its packets. Twice dropped is dropped."""
        until = time.monotonic() + PATIENCE
        return self.once(attempt, until) or self.once(attempt, until)

    def once(self, attempt, until):
        self.send(attempt, until)
        transport, address, port = self.allowed
        while time.monotonic() < until:
            sock, marker = begin(transport, address, port)
            say(sock, b"marker")
            arrived = False
            for frame in self.card.frames(1):
                arrived = arrived or any(one in frame for one in self.keys)
                if arrived or marker in frame:
                    break
            else:
                continue
            sock.close()
            if not arrived and self.card.lost():
                raise Inconclusive("more frames came than could be read")
            return arrived
        raise Inconclusive("what every filter lets through does not arrive")

    def send(self, attempt, until):
        """Sends until it is seen on the wire. What the sender's own card drops is seen nowhere."""
        while time.monotonic() < until:
            self.keys.add(attempt())
            if not self.wire or any(one in frame for frame in self.wire.frames(1) for one in self.keys):
                return
        raise Inconclusive("it is not seen on the wire")

    def close(self):
        for tap in (self.wire, self.card):
            if tap:
                tap.close()
