# SPDX-License-Identifier: MIT
"""target.py PORT HOW: a target of a redirect. HOW is plain: says something that is not TLS; mute: nothing; cut: in TLS it sends a
word, and closes the connection without having said that this was all."""
import socket
import ssl
import sys

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print("ready", flush=True)
    peer, _ = listener.accept()
    if sys.argv[2] == "plain":
        peer.sendall(b"220 hello\r\n")
        peer.recv(1000)
    elif sys.argv[2] == "mute":
        while peer.recv(1000):
            pass
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("server.pem")
        covered = context.wrap_socket(peer, server_side=True)
        covered.sendall(b"half of it")
        covered.recv(1)
        socket.socket(fileno=covered.detach()).close()
