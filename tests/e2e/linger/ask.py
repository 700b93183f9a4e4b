# SPDX-License-Identifier: MIT
"""ask.py PORT COUNT [open]: sends a request, waits until the server has ended, and prints how often the answer came whole
and with a proper end. With `open` the connection is not closed by us, and what is printed is how it ended."""
import socket
import sys
import time

port, count, stays = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["open"]
good = 0
for _ in range(count):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(b"GET / HTTP/1.0\r\n" + b"X: y\r\n" * 500 + b"\r\n")
        time.sleep(0.15)  # a client that is slow to read
        came = b""
        try:
            while piece := peer.recv(4096):
                came += piece
            good += came == b"at your service\n"
            if stays:
                start = time.monotonic()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while time.monotonic() < start + 15:
                    peer.sendall(b"more")
                    time.sleep(0.02)
                print("never closed")
        except OSError:
            if stays:
                print("closed by the daemon")
if not stays:
    print(good)
