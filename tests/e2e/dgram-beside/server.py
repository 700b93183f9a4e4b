# SPDX-License-Identifier: MIT
"""Answers a datagram of the socket it was given, and says whether it could have one of its own at a single address of
the same port, as NetBIOS name servers do."""
import socket
import sys

given = socket.socket(fileno=0)
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
    own.setsockopt(socket.SOL_SOCKET, option, 1)
try:
    own.bind(("127.0.0.9", int(sys.argv[1])))
    answer = b"beside"
except OSError as error:
    answer = str(error).encode()
_, peer = given.recvfrom(100)
given.sendto(answer, peer)
