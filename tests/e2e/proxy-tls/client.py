# client.py FROM PORT LINE: a header of version 1, if LINE has one; then TLS, "hello", and what comes in return.
import socket
import ssl
import sys

source, port, line = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", int(port)), timeout=20, source_address=(source, 0)) as raw:
    if line:
        raw.sendall(line.encode() + b"\r\n")
    try:
        with context.wrap_socket(raw) as peer:
            peer.sendall(b"hello")
            print(peer.recv(200).decode())
    except (ssl.SSLError, ConnectionError) as error:
        print("refused", error)
