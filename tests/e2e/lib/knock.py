# SPDX-License-Identifier: MIT
"""knock.py PORT FILE: one connection after the other, each with a word that has to come back, until FILE exists. Prints
how many were served, refused, and lost after they had been accepted."""
import os
import socket
import sys

served = refused = lost = 0
while not os.path.exists(sys.argv[2]) or served == 0:
    try:
        peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
    except ConnectionRefusedError:
        refused += 1
        continue
    with peer:
        try:
            peer.sendall(b"word")
            peer.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: peer.recv(100), b""))
        except OSError:
            answer = b""
        served += answer == b"word"
        lost += answer != b"word"
print(f"{served} served, {refused} refused, {lost} lost")
