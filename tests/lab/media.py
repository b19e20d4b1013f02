# SPDX-License-Identifier: GPL-2.0-only
"""Media through the A/V Edge with a real client of ICE and TURN (aioice). Every packet has a number, and the last is
followed by a mark on the same way, so that a packet that is lost is told from one that is late. By itself:
`media.py udp|tcp ADDRESS PORT FILE` relays until FILE is there."""

import asyncio
import os
import queue
import struct
import sys
import threading

from aioice import Candidate, Connection, TransportPolicy, stun, turn

from wire import PATIENCE, enter, family, socket

USER = {"username": "lab", "password": "lab"}
PACKETS = 100
INTERVAL = 0.01
END = 0xFFFFFFFF
# RFC 8656: which family the relayed address is to be of. aioice does not know it.
FAMILY = (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned)
stun.ATTRIBUTES_BY_NAME[FAMILY[1]] = stun.ATTRIBUTES_BY_TYPE[FAMILY[0]] = FAMILY


def rtp(number):
    """Its sequence number is too short for long conversations; the timestamp counts packets."""
    return struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number, 1) + bytes(160)


class Stream:
    """Media on one way: what was sent, and what came."""

    def __init__(self, enough=lambda sent: sent >= PACKETS):
        self.enough, self.sent, self.numbers, self.ended = enough, 0, set(), threading.Event()

    async def speak(self, send):
        """Sends packets until there are enough, and then the mark until it has come."""
        while not self.enough(self.sent):
            await send(rtp(self.sent))
            self.sent += 1
            await asyncio.sleep(INTERVAL)
        await asyncio.wait_for(self.mark(send), PATIENCE)

    async def mark(self, send):
        while not self.ended.is_set():
            await send(rtp(END))
            await asyncio.sleep(0.05)

    def take(self, packet):
        number = struct.unpack_from("!I", packet, 4)[0]
        if number == END:
            self.ended.set()
        else:
            self.numbers.add(number)

    def whole(self, who, log):
        print(f"{who}: sent {self.sent}, received {len(self.numbers)}", file=log, flush=True)
        return self.ended.is_set() and self.sent == len(self.numbers) > 0


class Client:
    """A TURN client of aioice that relays by the family of its server."""

    def __init__(self, server, stream):
        super().__init__(server, lifetime=600, channel_refresh_time=500, **USER)
        self.receiver, self.ipv6 = Echo(stream), family(server[0]) == socket.AF_INET6

    async def request(self, request):
        if self.ipv6 and request.message_method == stun.Method.ALLOCATE:
            request.attributes["REQUESTED-ADDRESS-FAMILY"] = 0x02000000
        return await super().request(request)


class Echo:
    """Where a client's media comes to once it is out of the tunnel."""

    def __init__(self, stream):
        self.stream = stream

    def datagram_received(self, data, _):
        self.stream.take(data)

    def connection_lost(self, _):
        pass


class UdpClient(Client, turn.TurnClientUdpProtocol):
    pass


class TcpClient(Client, turn.TurnClientTcpProtocol):
    pass


async def allocate(transport, server, stream):
    loop = asyncio.get_running_loop()
    if transport == "tcp":
        _, client = await loop.create_connection(lambda: TcpClient(server, stream), *server)
    else:
        _, client = await loop.create_datagram_endpoint(lambda: UdpClient(server, stream), remote_addr=server)
    await client.connect()
    return client


async def relay_over(transport, server, peer, stream, log):
    client = await asyncio.wait_for(allocate(transport, server, stream), PATIENCE)
    print("allocated", client.relayed_address, file=log, flush=True)
    await stream.speak(lambda packet: client.send_data(packet, peer))
    await asyncio.wait_for(client.delete(), PATIENCE)


def relay(transport, address, port, stream, log):
    """Media to a peer on the Internet that sends it back, all of it by the family of ADDRESS: whether it was whole."""
    peer = ("2001:db8:113::10" if family(address) == socket.AF_INET6 else "203.0.113.10", 3480)
    try:
        asyncio.run(relay_over(transport, (address, port), peer, stream, log))
    finally:
        whole = stream.whole(address, log)
    return whole


class Relayed(Connection):
    """ICE with nothing but a relayed address: no other way is tried."""

    def __init__(self, controlling, server):
        super().__init__(controlling, turn_server=server, turn_username="lab", turn_password="lab",
                         transport_policy=TransportPolicy.RELAY)

    async def get_component_candidates(self, component, addresses, timeout=5):
        return await super().get_component_candidates(component, [], timeout)


async def take_all(connection, stream):
    while True:
        stream.take(await connection.recv())


async def meet(connection, mine, theirs):
    """ICE; the queues carry what a signalling server would."""
    await connection.gather_candidates()
    mine.put((connection.local_username, connection.local_password,
              [candidate.to_sdp() for candidate in connection.local_candidates]))
    wait = asyncio.get_running_loop().run_in_executor
    connection.remote_username, connection.remote_password, candidates = await wait(
        None, lambda: theirs.get(timeout=PATIENCE))
    for candidate in candidates:
        await connection.add_remote_candidate(Candidate.from_sdp(candidate))
    await connection.add_remote_candidate(None)
    await connection.connect()


async def talk(connection, mine, theirs, said, heard):
    """One side of a call."""
    await asyncio.wait_for(meet(connection, mine, theirs), PATIENCE)
    listening = asyncio.ensure_future(take_all(connection, heard))
    await said.speak(connection.send)
    await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(None, heard.ended.wait, PATIENCE), PATIENCE)
    listening.cancel()
    await connection.close()


def call(outside, inside, log):
    """A call by ICE between a client on the Internet and one in the company, both relayed by the Edge, one at each of
    its sides, (address, port): whether both heard everything."""
    offers, answers = queue.Queue(), queue.Queue()
    inward, outward = Stream(), Stream()

    async def side(controlling, server, *rest):
        await talk(Relayed(controlling, server), *rest)

    def run(host, *arguments):
        enter(host)
        try:
            asyncio.run(side(*arguments))
        except Exception as error:  # of any kind: the streams tell what is missing
            print(f"{host}: {error!r}", file=log, flush=True)

    sides = [
        threading.Thread(target=run, args=("inet", True, outside, offers, answers, inward, outward)),
        threading.Thread(target=run, args=("client", False, inside, answers, offers, outward, inward)),
    ]
    for one in sides:
        one.start()
    for one in sides:
        one.join()
    return all([inward.whole("inward", log), outward.whole("outward", log)])


def main(transport, address, port, file):
    stream = Stream(lambda sent: sent >= PACKETS and os.path.exists(file))
    return not relay(transport, address, int(port), stream, sys.stdout)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
