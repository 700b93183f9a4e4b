# SPDX-License-Identifier: MIT
"""hold.py PORT: says in TLS each line that comes on standard input, and prints what is answered."""
import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations("ca.pem")
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20), server_hostname="localhost") as peer:
    for line in sys.stdin:
        peer.sendall(line.encode())
        print(peer.recv(1000).decode(), end="", flush=True)
