# SPDX-License-Identifier: MIT
"""knocks.py FILE: connects to one port of the range after the other until FILE is there; says how often, and what was lost."""
import os
import socket
import sys

count = lost = 0
while not os.path.exists(sys.argv[1]):
    count += 1
    port = 3000 + count % 20000
    try:
        with socket.create_connection(("127.5.0.1", port), timeout=20) as peer:
            peer.sendall(b"x")
            peer.shutdown(socket.SHUT_WR)
            lost += peer.recv(10) != b"x"
    except OSError as error:
        print(port, error)
        lost += 1
    if count == 1:
        print("begun", flush=True)
print(f"{lost} lost", flush=True)
