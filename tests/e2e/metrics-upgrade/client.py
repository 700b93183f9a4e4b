# SPDX-License-Identifier: MIT
"""client.py METRICS DASHBOARD: has a scrape open, half of it sent, and follows the page, over an upgrade."""
import os
import socket
import sys
import time

GET = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"


def call(port):
    return socket.create_connection(("127.0.0.1", int(port)), timeout=20)


def rest(peer):
    text = b""
    while part := peer.recv(65536):
        text += part
    return text


def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.01)


half, idle, follower = call(sys.argv[1]), call(sys.argv[1]), call(sys.argv[2])
half.sendall(GET[:20])
follower.sendall(b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
assert b"text/event-stream" in follower.recv(100)
open("open", "w").close()
wait_for("upgraded")
assert rest(idle) == b""                        # in order, and without an answer: it had not asked
assert rest(follower).endswith(b"\n\n")         # with a whole event: a browser comes again
half.sendall(GET[20:])
answer = rest(half)                             # by what the new image tells
assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"Connection: close\r\n" in answer, answer
assert b"\nxsuperd_upgrades_total 1\n" in answer, answer
fresh = call(sys.argv[1])
fresh.sendall(GET)
assert fresh.recv(15) == b"HTTP/1.1 200 OK"
print("good")
