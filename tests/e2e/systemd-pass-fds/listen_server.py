# SPDX-License-Identifier: MIT
"""A wait = yes stream server: tells the first peer what sd_listen_fds(3) would look at, and ends."""
import os
import socket

listener = socket.socket(fileno=0)
variables = os.environ
try:
    same = os.fstat(3).st_ino == os.fstat(0).st_ino
except OSError:
    same = False
connection, _ = listener.accept()
mine = variables.get("LISTEN_PID") == str(os.getpid())
text = f"{variables.get('LISTEN_FDS')} {variables.get('LISTEN_FDNAMES')} {mine} {same}"
connection.sendall(text.encode())
