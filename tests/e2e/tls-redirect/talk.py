# SPDX-License-Identifier: MIT
"""talk.py PORT LINE: says it in TLS, says that this was all, and prints what comes until the other end says so."""
import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations("ca.pem")
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(come, go, server_hostname="localhost")
said = b""


def until(step):
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            peer.sendall(go.read())
            data = peer.recv(65536)
            come.write(data) if data else come.write_eof()
        finally:
            if go.pending:
                peer.sendall(go.read())


until(tls.do_handshake)
tls.write(sys.argv[2].encode() + b"\n")
try:
    tls.unwrap()
except ssl.SSLWantReadError:
    pass
try:
    while piece := until(lambda: tls.read(65536)):
        said += piece
except ssl.SSLZeroReturnError:
    pass
print(said.decode(), end="")
