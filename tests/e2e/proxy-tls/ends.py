# Tells the peer's address, both ends of its socket, and what came.
import os
import socket

with socket.socket(fileno=0) as peer:
    text = " ".join([os.environ["REMOTE_HOST"], "%s:%d" % peer.getpeername()[:2], "%s:%d" % peer.getsockname()[:2], ""])
    peer.sendall(text.encode() + peer.recv(100))
