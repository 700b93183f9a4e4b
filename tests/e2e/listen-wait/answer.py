# SPDX-License-Identifier: MIT
"""answer.py: a wait = yes datagram server: answers what it is sent, and ends when nothing comes for a while."""
import socket

own = socket.socket(fileno=0)
own.settimeout(0.3)
try:
    while True:
        text, peer = own.recvfrom(1000)
        own.sendto(text, peer)
except TimeoutError:
    pass
