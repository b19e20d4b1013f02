# SPDX-License-Identifier: GPL-2.0-only
"""Runs the probes of probes.txt in the lab: `probes.py run ACT`, `probes.py one HOST PROBE…`, `probes.py listeners`.
Each asks first whether its packets come through the filter, with evidence for either (wire.py). "pass" is what the real
client says then, "drop" is what was seen to be dropped, and anything else is "broken": the lab's fault."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import forge
from wire import PATIENCE, RUN, Inconclusive, Way, begin, enter, family, key, owner, say

HOME = os.path.dirname(os.path.abspath(__file__))
ACTS = ("av-edge", "site", "enforce")
AT_ONCE = 24
NARROW = os.environ.get("LAB_NARROW", "1400")
BINDING = b"\x00\x01\x00\x00\x21\x12\xa4\x42lyncxdp-demo"
BOUND = b"\x01\x01"
QUESTION = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03crl\x07contoso\x07example\0\0\x01\0\x01"


def bracket(address):
    return f"[{address}]" if ":" in address else address


def table():
    """The probes: name, host, words of the probe, and what is expected in each act."""
    with open(f"{HOME}/probes.txt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, host, probe, *expected = (field.strip() for field in line.split("|"))
                yield name, host, probe.split(), dict(zip(ACTS, expected), none="pass")


def listeners():
    """What must listen because of the probes, each once: what, host, transport, address, port,
    and whose the address is."""
    found = set()
    for _, host, (kind, address, port, *_), _ in ((*row[:2], (*row[2], "", ""), row[3]) for row in table()):
        there = owner(address)
        if kind in ("echo-tcp", "bulk"):
            found.add(("echo", there, "tcp", address, port))
        elif kind in ("echo-udp", "forged-udp", "forged-error", "imitation"):
            found.add(("echo", there, "udp", address, port))
        elif kind == "sip-tls":
            found.add(("sip-client", host, "tcp", address, port))
            found.add(("sip-server", there, "tcp", address, port))
    return sorted((*one, owner(one[3])) for one in found)


class Probe:
    """One line of the table, in the network namespace of its host. attempt() sends what the filter is asked about and
    returns its key; client() is the real thing, and says whether it got what it wanted."""

    transport = "tcp"
    retried = True  # a client that fails may try again: not where a loss is to be seen

    def __init__(self, number, log, words):
        self.number, self.log, self.address = number, log, words[0]
        self.port = int(words[1]) if len(words) > 1 else 0
        self.rest = words[2:]
        self.word = f"{os.urandom(6).hex()}-{number}.".encode()
        self.sock = None

    def source(self):
        """The address and the port that it sends from, where they are given."""
        return None, 0

    def payload(self):
        return self.word

    def attempt(self):
        if self.sock is None or self.transport == "tcp":
            self.close()
            self.sock, self.key = begin(self.transport, self.address, self.port, *self.source())
        if self.transport == "udp":
            say(self.sock, self.payload())
        return self.key

    def close(self):
        if self.sock:
            self.sock.close()
            self.sock = None

    def before(self):
        """What must succeed before the trial."""
        return True

    def client(self):
        return True

    def run(self, *command, shows=None):
        """A command, which succeeds and prints what it is to show."""
        done = subprocess.run(command, cwd=RUN, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        print(*command, f"ended with {done.returncode}:", done.stdout.decode(errors="replace"), file=self.log)
        return done.returncode == 0 and (shows is None or shows.encode() in done.stdout)

    def over_tcp(self, request, wanted):
        """Over the connection of the attempt, or a new one: whether the answer begins as is wanted."""
        if self.sock is None:
            self.attempt()
        self.sock.settimeout(PATIENCE / 2)
        try:
            self.sock.connect((self.address, self.port))
        except OSError as error:  # connected already
            if error.errno != 106:
                raise
        self.sock.sendall(request)
        answer = b""
        while len(answer) < len(wanted) and (more := self.sock.recv(65536)):
            answer += more
        return answer.startswith(wanted)

    def verdict(self):
        until = time.monotonic() + PATIENCE
        if not self.before():
            return "broken"
        way = Way(self.host, self.address)
        try:
            if not way.passes(self.attempt):
                return "drop"
        finally:
            way.close()
        while not self.satisfied():
            if not self.retried or time.monotonic() > until:
                return "broken"
            self.close()
            time.sleep(0.1)
        return "pass"

    def satisfied(self):
        try:
            return self.client()
        except (OSError, subprocess.TimeoutExpired) as error:
            print(repr(error), file=self.log)
            return False


class EchoTcp(Probe):
    def source(self):
        return None, int(self.rest[0]) if self.rest else 0

    def client(self):
        return self.over_tcp(self.word, self.word)


class EchoUdp(Probe):
    transport = "udp"
    source = EchoTcp.source

    def client(self):
        self.attempt()
        self.sock.settimeout(1)
        return self.word in self.sock.recv(2048)


class StunTcp(Probe):
    def client(self):
        return self.over_tcp(BINDING, BOUND)


class StunUdp(Probe):
    transport = "udp"

    def client(self):
        return self.run("turnutils_stunclient", "-p", str(self.port), self.address, shows="UDP reflexive addr")


class StunOut(Probe):
    """From the port that it asks, beside the A/V Edge's own server on it, which must not lose what is its own."""

    def attempt(self):
        self.close()
        self.sock = forge.udp(self.address, self.port, self.rest[0], self.port, BINDING)
        return key(self.rest[0], self.port, self.address, self.port)

    def client(self):
        self.attempt()
        return forge.udp_answer(self.sock, self.port, self.port, 1).startswith(BOUND)


class TurnUdp(Probe):
    transport = "udp"
    retried = False

    def client(self):
        import media  # costs time that most runs of this file need not spend

        return media.relay(self.transport, self.address, self.port, media.Stream(), self.log)


class TurnTcp(TurnUdp):
    transport = "tcp"


class Media(TurnUdp):
    def client(self):
        import media

        return media.call((self.address, self.port), (self.rest[0], int(self.rest[1])), self.log)


class Tls(Probe):
    def client(self):
        return self.run("openssl", "s_client", "-brief", "-connect", f"{bracket(self.address)}:{self.port}", "-CAfile",
                        "authority.pem", "-cert", "partner.pem", "-key", "partner.key", "-verify_return_error",
                        "-verify_hostname", f"{self.rest[0]}.contoso.example")


class SipUdp(Probe):
    transport = "udp"

    def payload(self):
        return b"\r\n\r\n"  # keep-alive, RFC 5626

    def call(self, *options):
        """Each call has its own local ports: sipp's way of finding free ones is a race."""
        return self.run("sipp", "-sn", "uac", "-m", "1", "-d", "0", "-nostdin", "-timeout", str(PATIENCE // 2),
                        "-timeout_error", "-p", str(16000 + self.number), "-mp", str(20000 + 4 * self.number), "-cp",
                        str(18000 + self.number), *options)

    def client(self):
        return self.call("-t", "u1", f"{self.address}:{self.port}")


class SipTls(SipUdp):
    """Through the TLS tunnel that servers.sh opened for this probe."""

    transport = "tcp"

    def client(self):
        tunnel = "127.0.0.6" if ":" in self.address else "127.0.0.4"
        return self.call("-t", "t1", "-i", "127.0.0.1", f"{tunnel}:{self.port}")


class Http(Probe):
    def client(self):
        return self.run("curl", "-sSi", f"http://{bracket(self.address)}:{self.port}/", shows=" 301 ")


class Https(Probe):
    def client(self):
        name = f"reverse-proxy.contoso.example:{self.port}"
        return self.run("curl", "-sS", "--cacert", "authority.pem", "--resolve", f"{name}:{bracket(self.address)}",
                        f"https://{name}/", shows="pool web services")


class Crl(Probe):
    def client(self):
        name, kept = f"crl.contoso.example:{self.port}", f"fetched.{self.number}"
        return self.run("curl", "-sS", "--fail", "--resolve", f"{name}:{bracket(self.address)}", "-o", kept,
                        f"http://{name}/authority.crl") and \
            self.run("openssl", "crl", "-in", kept, "-noout", "-CAfile", "authority.pem", shows="verify OK")


class Dns(Probe):
    """How an Edge finds a partner."""

    transport = "udp"

    def payload(self):
        return QUESTION

    def client(self):
        return self.run("busybox", "nslookup", "-type=srv", "_sipfederationtls._tcp.contoso.example", self.address,
                        shows="5061 partner.contoso.example")


class Bulk(Probe):
    """That the bytes arrive shows that the filter lets the router's "too big" in; that the Edge learnt of a narrower
    path shows that there was need of it."""

    def source(self):
        return self.rest[0], 0

    def client(self):
        with open(f"{RUN}/bulk", "rb") as file:
            everything = file.read()
        narrow = self.address if owner(self.address) == "inet" else self.rest[0]
        return self.over_tcp(everything, everything) and path_mtu(self, narrow, NARROW)


class ForgedUdp(Probe):
    transport = "udp"

    def source(self):
        return self.rest[0], int(self.rest[1]) if len(self.rest) > 1 else 0

    def client(self):
        self.attempt()
        with open(f"{RUN}/heard", "rb") as heard:
            return self.word in heard.read()


class Imitation(ForgedUdp):
    """ADDRESS:PORT asks a DNS server and is answered; then comes something else to that port."""

    def before(self):
        server = "2001:db8:113::10" if family(self.address) == socket.AF_INET6 else "203.0.113.10"
        until = time.monotonic() + PATIENCE
        answer = b""
        enter("edge")
        while not answer.startswith(QUESTION[:2]) and time.monotonic() < until:
            asking = forge.udp(server, 53, self.address, self.port, QUESTION)
            answer = forge.udp_answer(asking, 53, self.port, 1)
            asking.close()
        enter(self.host)
        return answer.startswith(QUESTION[:2])


class ForgedError(Probe):
    """It is believed when the Edge then holds the path to the partner for that narrow."""

    def attempt(self):
        return forge.too_big(self.address, self.port, self.rest[0])

    def client(self):
        self.attempt()
        return path_mtu(self, self.rest[0], forge.narrower(self.address))


class StrayAck(Probe):
    def attempt(self):
        return forge.stray_ack(self.address, self.port, self.rest[0], int(self.rest[1]))


class Ping(Probe):
    def attempt(self):
        return forge.echo_request(self.address, self.word)

    def client(self):
        return self.run("ping", "-c", "1", "-w", str(PATIENCE // 2), "-q", self.address)


KINDS = {
    "bulk": Bulk, "crl": Crl, "dns": Dns, "echo-tcp": EchoTcp, "echo-udp": EchoUdp, "forged-error": ForgedError,
    "forged-udp": ForgedUdp, "http": Http, "https": Https, "imitation": Imitation, "media": Media, "ping": Ping,
    "sip-tls": SipTls, "sip-udp": SipUdp, "stray-ack": StrayAck, "stun-out": StunOut, "stun-tcp": StunTcp,
    "stun-udp": StunUdp, "tls": Tls, "turn-tcp": TurnTcp, "turn-udp": TurnUdp,
}


def path_mtu(probe, address, mtu):
    """What the Edge believes of the path to an address."""
    return probe.run("nsenter", "--net=/run/netns/lx-edge", "ip", "route", "get", address, shows=f"mtu {mtu}")


def run_one(number, host, words, log_path):
    """What became of a probe; its client's words, and what else there is to say, are in its log."""
    with open(log_path, "w", encoding="utf-8") as log:
        try:
            enter(host)
            probe = KINDS[words[0]](number, log, words[1:])
            probe.host = host
            verdict = probe.verdict()
            probe.close()
            return verdict
        except Inconclusive as reason:
            print(reason, file=log)
        except Exception as error:  # whatever it is, this probe says nothing of the filter
            print(repr(error), file=log)
        return "broken"


def run_act(act):
    """Prints name|from|expected|seen for each probe of an act."""
    rows = [(name, host, words, expected[act]) for name, host, words, expected in table() if expected[act] != "-"]
    # The longest first.
    order = sorted(range(len(rows)), key=lambda i: rows[i][2][0] not in ("media", "turn-udp", "turn-tcp"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {i: pool.submit(run_one, i, rows[i][1], rows[i][2], f"{RUN}/results.{act}/{i}.log") for i in order}
    for i, (name, host, _, wanted) in enumerate(rows):
        print(name, host, wanted, running[i].result(), sep="|")


def main(verb, *arguments):
    if verb == "listeners":
        for line in listeners():
            print(*line)
    elif verb == "run":
        run_act(arguments[0])
    else:
        print(run_one(0, arguments[0], arguments[1:], f"{RUN}/one.log"))


if __name__ == "__main__":
    main(*sys.argv[1:])
