# SPDX-License-Identifier: MIT
"""accept_server.py: a wait = yes stream server. Descriptor 0 is the listening socket: accepts, answers each line with
"PID LINE", and ends after the connection on which it was told "end"."""
import os
import socket

listener = socket.socket(fileno=0)
listener.settimeout(20)
if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
    raise SystemExit("descriptor 0 does not listen")
ending = False
while not ending:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        break
    with connection:
        connection.settimeout(20)
        for line in connection.makefile("rb"):
            connection.sendall(b"%d %s" % (os.getpid(), line))
            ending = ending or line.strip() == b"end"
