"""client.py stream|dgram|seqpacket PATH DATA: prints what comes back."""
import os
import socket
import sys

kind, path, data = sys.argv[1:4]
with socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + kind.upper())) as peer:
    peer.settimeout(20)
    if kind == "dgram":
        peer.bind(path + ".client")
    peer.connect(path)
    if data:
        peer.sendall(data.encode())
    if kind == "stream":
        peer.shutdown(socket.SHUT_WR)
        received = b""
        while piece := peer.recv(65536):
            received += piece
    else:
        received = peer.recv(65536)
    if kind == "dgram":
        os.unlink(path + ".client")
sys.stdout.buffer.write(received)
