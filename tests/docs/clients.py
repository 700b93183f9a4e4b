# SPDX-License-Identifier: MIT
"""Clients of the recipes, as far as Python does not have them."""
import socket

from world import expect

TIMEOUT = 20


def dial(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), TIMEOUT, (source, 0))


def tcp(port, data=b"", source="127.0.0.1", ends=True):
    """Connects, sends, says that it is done, and returns all that comes until the end."""
    with dial(port, source) as peer:
        try:
            peer.sendall(data)
            if ends:
                peer.shutdown(socket.SHUT_WR)
        except OSError:  # already turned away
            pass
        return until_end(peer)


def until_end(peer):
    got = b""
    while True:
        try:
            part = peer.recv(65536)
        except ConnectionResetError:
            return got
        if not part:
            return got
        got += part


def line(peer):
    got = b""
    while not got.endswith(b"\n"):
        part = peer.recv(1)
        expect(part, f"a whole line came, not {got!r}")
        got += part
    return got.decode()


def tftp_read(port, name, source="127.0.0.1", timeout=TIMEOUT):
    """A whole file (RFC 1350), or None when nobody answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind((source, 0))
        peer.settimeout(timeout)
        peer.sendto(b"\0\1" + name.encode() + b"\0octet\0", ("127.0.0.1", port))
        data = b""
        while True:
            try:
                packet, server = peer.recvfrom(600)
            except TimeoutError:
                return None
            expect(packet[:2] == b"\0\3", f"a block of data came, not {packet!r}")
            peer.sendto(b"\0\4" + packet[2:4], server)
            data += packet[4:]
            if len(packet) < 516:
                return data


def git_branches(port, path):
    """The references of a repository (gitprotocol-pack), as text."""
    request = f"git-upload-pack {path}\0host=127.0.0.1\0".encode()
    with dial(port) as peer:
        peer.sendall(f"{len(request) + 4:04x}".encode() + request)
        text = b""
        while True:
            size = int(peer.recv(4, socket.MSG_WAITALL), 16)
            if size == 0:
                peer.sendall(b"0000")
                return text.decode()
            text += peer.recv(size - 4, socket.MSG_WAITALL)
