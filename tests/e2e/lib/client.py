# SPDX-License-Identifier: MIT
"""client.py tcp|udp|refused|unix ADDRESS PORT DATA: the client of the end-to-end cases.

tcp      connects, sends DATA, shuts its sending side, prints everything until the end
udp      sends DATA as one datagram and prints the answer; sends it again each second until one comes
unix     as tcp, to a UNIX socket at the path ADDRESS, or at an abstract name behind '@'; PORT means nothing
refused  prints "refused" when the connection is refused, reset or closed without a byte, else what came
"""
import socket
import sys
import time

PATIENCE = 20


def everything(peer):
    received = b""
    while True:
        piece = peer.recv(65536)
        if not piece:
            return received
        received += piece


def tcp(address, data):
    with socket.create_connection(address, timeout=PATIENCE) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        return everything(peer)


def unix(address, data):
    name = address[0]
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect("\0" + name[1:] if name.startswith("@") else name)
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            return everything(peer)
        except ConnectionResetError:
            return b""


def udp(address, data):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.connect(address)
        peer.settimeout(5)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                peer.send(data)
                return peer.recv(65536)
            except TimeoutError:
                pass
            except ConnectionRefusedError:
                time.sleep(0.05)
    sys.exit("no answer")


def refused(address, _data):
    try:
        with socket.create_connection(address, timeout=PATIENCE) as peer:
            return everything(peer) or b"refused"
    except (ConnectionRefusedError, ConnectionResetError):
        return b"refused"


def main():
    kind, host, port, data = sys.argv[1:5]
    what = {"tcp": tcp, "udp": udp, "refused": refused, "unix": unix}[kind]
    sys.stdout.buffer.write(what((host, int(port)), data.encode()))


main()
