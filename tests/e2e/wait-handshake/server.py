# SPDX-License-Identifier: MIT
"""Serves one peer and ends."""
import socket

with socket.socket(fileno=0) as listener:
    listener.settimeout(5)
    peer, _ = listener.accept()
    with peer:
        peer.settimeout(5)
        peer.recv(100)
        peer.sendall(b"served")
