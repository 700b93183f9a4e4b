# SPDX-License-Identifier: MIT
"""hostile.py PORT WHAT: somebody who means harm to a service with TLS. Prints how each attempt ended.

WHAT  garbage   bytes that are no TLS, in many lengths
      lengths   records whose lengths are not true
      alerts    alerts without end
      halves    a good first message, cut off at every byte
      keys      a session in TLS 1.3 in which nothing but new keys is asked for, over and over
      empty     records with nothing in them, without end
"""
import os
import socket
import ssl
import sys

PORT = int(sys.argv[1])
WHAT = sys.argv[2]


def dial():
    return socket.create_connection(("127.0.0.1", PORT), timeout=20)


def outcome(peer):
    """Until the other side ends it, however that is."""
    got = 0
    try:
        while piece := peer.recv(65536):
            got += len(piece)
            if got > 1_000_000:
                return "answers without end"
    except ConnectionError:
        pass
    except TimeoutError:
        return "hangs"
    return "over"


def send(peer, data):
    try:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
    except ConnectionError:
        pass


def hello():
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    tls = context.wrap_bio(come, go)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return go.read()


def attempts():
    if WHAT == "garbage":
        for size in (1, 2, 5, 6, 100, 16_384, 70_000, 1_000_000):
            yield os.urandom(size)
    elif WHAT == "lengths":
        yield b"\x16\x03\x01\xff\xff" + bytes(65535)
        yield b"\x16\x03\x01\x00\x00" * 1000
        yield b"\x16\x03\x01\x00\x04\x01\xff\xff\xff" * 10
        yield b"\x17\x03\x03\x00\x10" + bytes(16)
    elif WHAT == "alerts":
        yield b"\x15\x03\x01\x00\x02\x01\x5a" * 100_000
    elif WHAT == "halves":
        whole = hello()
        for end in range(0, len(whole), 7):
            yield whole[:end]
    elif WHAT == "empty":
        yield hello() + b"\x17\x03\x03\x00\x00" * 100_000


for data in attempts():
    with dial() as peer:
        send(peer, data)
        end = outcome(peer)
        if end != "over":
            print(end, len(data), data[:20])
print("done")
