"""read.py PATH: prints all that comes from a UNIX socket."""
import socket
import sys

with socket.socket(socket.AF_UNIX) as peer:
    peer.settimeout(20)
    peer.connect(sys.argv[1])
    while piece := peer.recv(65536):
        sys.stdout.buffer.write(piece)
