# SPDX-License-Identifier: MIT
"""listener.py ADDRESS PORT WORD: says "listening", and WORD to everybody who connects there; '' is any address."""
import socket
import sys

with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
    print("listening", flush=True)
    while True:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(sys.argv[3].encode() + b"\n")
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(100):
                pass
