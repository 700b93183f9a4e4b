# SPDX-License-Identifier: MIT
"""dgram_server.py SECONDS: a wait = yes datagram server. Answers each datagram on descriptor 0 with
"PID REMOTE_HOST DATA"; ends by itself when none came for SECONDS, or at once on the datagram "end"."""
import os
import socket
import sys

server = socket.socket(fileno=0)
server.settimeout(float(sys.argv[1]))
try:
    while True:
        data, peer = server.recvfrom(65536)
        text = f"{os.getpid()} {os.environ.get('REMOTE_HOST', 'nobody')} {data.decode()}"
        server.sendto(text.encode(), peer)
        if data == b"end":
            break
except TimeoutError:
    pass
