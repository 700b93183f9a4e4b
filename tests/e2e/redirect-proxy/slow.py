# Takes one connection, and of that one byte at a time.
import socket
import sys

with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    peer, _ = listener.accept()
with peer, open(sys.argv[2], "wb") as out:
    while byte := peer.recv(1):
        out.write(byte)
