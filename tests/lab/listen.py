# SPDX-License-Identifier: GPL-2.0-only
"""A listener behind each probe that needs one, for all hosts in one process. It answers what it hears and notes each
datagram in the file `heard`: a forged packet's answer goes astray, but that it was heard can be seen."""

import os
import selectors
import socket
import threading

from probes import listeners
from wire import RUN, enter, family


def open_socket(transport, address, port):
    sock = socket.socket(family(address), socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    if transport == "tcp":
        sock.listen()
    return sock


def serve(connection):
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass
    connection.close()


def answer(sock, heard):
    if sock.type == socket.SOCK_STREAM:
        threading.Thread(target=serve, args=(sock.accept()[0],), daemon=True).start()
        return
    data, whom = sock.recvfrom(2048)
    os.write(heard, data + b"\n")
    try:
        sock.sendto(data, whom)
    except OSError:  # nobody can be answered at a forged address
        pass


def main():
    heard = os.open(f"{RUN}/heard", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    sockets = selectors.DefaultSelector()
    for what, host, transport, address, port, _ in listeners():
        if what == "echo":
            enter(host)
            sockets.register(open_socket(transport, address, int(port)), selectors.EVENT_READ)
    while True:
        for ready, _ in sockets.select():
            try:
                answer(ready.fileobj, heard)
            except OSError:  # an ICMP error about an earlier answer
                pass


if __name__ == "__main__":
    main()
