# SPDX-License-Identifier: MIT
"""echo_once.py PORT: a server of 127.0.0.1 that gives back the first that comes, and closes. Prints "ready"."""
import socket
import sys
import threading


def answer(peer):
    with peer:
        peer.sendall(peer.recv(4096))


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
