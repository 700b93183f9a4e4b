# SPDX-License-Identifier: MIT
"""clients.py METRICS DASHBOARD ECHO: peers who mean no good; meanwhile others are served."""
import socket
import sys
import time

metrics, dashboard, echo = (int(word) for word in sys.argv[1:4])
GET = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"


def call(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def rest(peer):
    text = b""
    try:
        while part := peer.recv(65536):
            text += part
    except ConnectionResetError:
        pass
    return text


def good():
    """A scrape, and a conversation of another service, are answered in time."""
    began = time.monotonic()
    with call(metrics) as peer:
        peer.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert rest(peer).startswith(b"HTTP/1.1 200 OK\r\n")
    with call(echo) as peer:
        peer.sendall(b"hello")
        assert peer.recv(5) == b"hello"
    assert time.monotonic() - began < 5


good()
# Half requests, each at another byte.
halves = []
for size in range(len(GET)):
    peer = call(metrics)
    peer.sendall(GET[:size])
    halves.append(peer)
good()
# A mebibyte of fields is not taken.
peer = call(metrics)
try:
    peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * (1 << 18))
except (ConnectionResetError, BrokenPipeError):
    pass
answer = rest(peer)
assert answer == b"" or answer.startswith(b"HTTP/1.1 431 "), answer
# Requests without end in one go, whose answers nobody reads: what is not read is not made.
flood = call(metrics)
flood.settimeout(0.2)
sent = 0
try:
    while sent < 8_000_000:
        sent += flood.send(GET * 100)
except (TimeoutError, socket.timeout, ConnectionResetError, BrokenPipeError):
    pass
good()
# Pipelining is answered in order.
peer = call(metrics)
peer.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n" * 50 + b"GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
answer = rest(peer)
assert answer.count(b"HTTP/1.1 200 OK") == 50 and answer.count(b"HTTP/1.1 404 ") == 1, answer
assert answer.rindex(b"404") > answer.rindex(b"200 OK")
# Followers who read nothing, and many of them.
followers = []
for _ in range(50):
    peer = call(dashboard)
    peer.sendall(b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
    followers.append(peer)
many = [call(metrics) for _ in range(300)]
good()
for peer in many[::2]:
    peer.sendall(GET)
good()
# Garbage.
for text in (b"\x00" * 9000, b"\r\n" * 5000, b"GET " + b"/" * 9000, b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789",
             b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 9000):
    with call(metrics) as peer:
        try:
            peer.sendall(text)
        except (ConnectionResetError, BrokenPipeError):
            pass
        answer = rest(peer)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4") or answer.startswith(b"HTTP/1.1 505"), answer
good()
# Half requests are given ten seconds, and told so.
answer = rest(halves[20])
assert answer.startswith(b"HTTP/1.1 408 "), answer
print("good")
