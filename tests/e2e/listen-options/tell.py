# SPDX-License-Identifier: MIT
"""tell.py: says what descriptor 0, a TCP connection, has for options."""
import socket

peer = socket.socket(fileno=0)
peer.recv(100)
tcp = [peer.getsockopt(socket.IPPROTO_TCP, o) for o in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)]
keepalive = peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
print(keepalive, *tcp, hex(peer.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)), flush=True)
