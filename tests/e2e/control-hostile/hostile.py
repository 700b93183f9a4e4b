# SPDX-License-Identifier: MIT
"""hostile.py PATH: connections to a control socket that no honest client would make."""
import json
import socket
import struct
import sys
import time


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])  # waits while the queue is full, as any client does
    s.settimeout(20)
    return s


def frame(value):
    body = json.dumps(value).encode()
    return struct.pack(">I", len(body)) + body


def everything(s):
    data = b""
    while True:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return data
        data += more


gigabyte = connect()
gigabyte.sendall(struct.pack(">I", 1 << 30) + b"x" * 1000)
assert b"at most 65536 are allowed" in everything(gigabyte), "the gigabyte was not refused"

nonsense = connect()
nonsense.sendall(b"GET / HTTP/1.1\r\n\r\n")
assert b'"ok":false' in everything(nonsense), "nonsense was not refused"

deep = connect()
deep.sendall(struct.pack(">I", 60000) + b"[" * 60000)
assert b"bad_request" in everything(deep), "nesting was not refused"

# Asks for much and takes nothing; the daemon may wait for it, but nobody else.
stalled = connect()
for _ in range(1000):
    try:
        stalled.settimeout(0.05)
        stalled.sendall(frame({"version": 1, "command": "show", "arguments": {"service": "one"}}))
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        break
halfway = connect()
halfway.sendall(b"\0\0")
open("ready", "w").close()
time.sleep(3)

# Many that say nothing: who asks at once is served all the same.
silent = []
for _ in range(600):
    silent.append(connect())
for number in range(20):
    honest = connect()
    before = time.monotonic()
    honest.sendall(frame({"version": 1, "command": "status"}))
    answer = honest.recv(65536)
    assert b'"ok":true' in answer, answer
    assert time.monotonic() - before < 5, "a silent crowd was waited for"
    silent += [connect() for _ in range(20)]
open("crowd", "w").close()
time.sleep(3)
