# SPDX-License-Identifier: MIT
"""cut_short.py PORT: prints what comes, and how it ends, after a byte that asks for the end."""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as peer:
    got = peer.recv(100)
    peer.sendall(b"x")
    try:
        rest = peer.recv(100)
        print(got.decode() + ", then " + ("more" if rest else "the end"))
    except ConnectionResetError:
        print(got.decode() + ", then reset")
