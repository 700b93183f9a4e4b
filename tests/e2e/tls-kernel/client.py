# SPDX-License-Identifier: MIT
"""client.py PORT VERSION CIPHER WORD...: says the words, a line each, and prints what comes back and how it ends."""
import os
import socket
import ssl
import sys
import time

port, version, cipher = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile="ca.pem")
context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3 if version == "1.3" else ssl.TLSVersion.TLSv1_2
if version == "1.2":
    context.set_ciphers(cipher)
with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
    with context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as peer:
        peer.sendall("".join(word + "\n" for word in sys.argv[4:]).encode())
        count, text = 0, b""
        try:
            if os.environ.get("SLOW"):
                time.sleep(2)
            while piece := peer.recv(65536):
                count += len(piece)
                text += piece.replace(b"\0", b"")
            end = "the end"
        except ssl.SSLEOFError:
            end = "cut"
        print(text.decode().replace("\n", ", ") + f"{count} bytes, {end}")
