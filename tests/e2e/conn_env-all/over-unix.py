# SPDX-License-Identifier: MIT
"""over-unix.py PATH: prints its own ids, and then what a UNIX socket says until it ends."""
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(sys.argv[1])
    print(os.getuid(), os.getgid(), os.getpid())
    while piece := peer.recv(65536):
        sys.stdout.write(piece.decode())
