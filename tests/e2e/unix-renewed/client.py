"""client.py NAME FOLDER DATA: sends a datagram to a path or to '@' and an abstract name, and prints the answer."""
import os
import socket
import sys

name, folder, data = sys.argv[1:4]
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
    peer.settimeout(20)
    peer.bind(f"{folder}/client")
    peer.connect("\0" + name[1:] if name[0] == "@" else name)
    peer.send(data.encode())
    sys.stdout.buffer.write(peer.recv(100))
os.unlink(f"{folder}/client")
