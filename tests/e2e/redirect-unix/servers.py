# SPDX-License-Identifier: MIT
"""servers.py DIR NAME: servers at the UNIX sockets DIR/echo and @NAME that echo, whatever the length, and write into
DIR/peers which user has come; leaves DIR/left, which nobody has open, and DIR/shut, which only root may connect to. Prints
"ready"."""
import os
import socket
import struct
import sys
import threading

folder, name = sys.argv[1:]


def echo(peer):
    with peer:
        while piece := peer.recv(65536):
            peer.sendall(piece)


def serve(listener):
    while True:
        peer, _ = listener.accept()
        _, uid, gid = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        with open(f"{folder}/peers", "a", encoding="ascii") as peers:
            print(uid, gid, file=peers)
        threading.Thread(target=echo, args=(peer,), daemon=True).start()


def listener_at(place, mode=0o666):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    if place[0] == "/":
        os.chmod(place, mode)
    listener.listen()
    return listener


listener_at(f"{folder}/left").close()
listeners = [listener_at(f"{folder}/echo"), listener_at("\0" + name), listener_at(f"{folder}/shut", 0o600)]
threads = [threading.Thread(target=serve, args=(one,)) for one in listeners]
print("ready", flush=True)
for thread in threads:
    thread.start()
