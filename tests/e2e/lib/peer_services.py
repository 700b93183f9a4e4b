# SPDX-License-Identifier: MIT
"""peer_services.py dns|ident MODE: a name server or an identity server that does not do what it should. Prints "ready".

dns    of 127.0.0.1, port 53:  ok      127.0.0.1 is good.example.org, and back
                               silent  never answers
                               none    there is no such name
                               lie     127.0.0.1 is good.example.org, which is 192.0.2.66
                               flood   a thousand datagrams of nonsense for each question
                               odd     127.0.0.1 has a name of control characters, and back
ident  of 127.0.0.1, port 113: silent  never answers
                               flood   sends without end and without a line
                               odd     control characters, escapes of a terminal, words of printf
                               long    a user of 100,000 bytes, with and without an end of line in turn
                               FILE    the contents of FILE
"""
import contextlib
import os
import socket
import struct
import sys
import threading
import time

ODD = b"bad\x1b]0;title\x07\x1b[2J\n26/1/1@00:00:00: START\t%n%s%m\xff\xfe\xc0\x80\x7f"


def labels(name):
    return b"".join(bytes([len(part)]) + part for part in name) + b"\0"


def record(question, kind, data):
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 5, len(data)) + data


def reply(query, mode):
    end = query.index(b"\0", 12) + 1
    kind = struct.unpack("!H", query[end:end + 2])[0]
    question, found = query[12:end + 4], b""
    name = [ODD[:60], b"example", b"org"] if mode == "odd" else [b"good", b"example", b"org"]
    if mode != "none" and kind == 12 and query[12:].startswith(b"\x011\x010\x010\x03127"):
        found = record(question, 12, labels(name))
    if mode != "none" and kind == 1:
        found = record(question, 1, socket.inet_aton("192.0.2.66" if mode == "lie" else "127.0.0.1"))
    status = 0x8180 if found or kind == 28 else 0x8183
    return query[:2] + struct.pack("!HHHHH", status, 1, 1 if found else 0, 0, 0) + question + found


def dns(mode):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    print("ready", flush=True)
    while True:
        query, peer = server.recvfrom(4096)
        if mode == "flood":
            for _ in range(1000):
                with contextlib.suppress(OSError):
                    server.sendto(query[:2] + os.urandom(1400), peer)
        elif mode != "silent":
            server.sendto(reply(query, mode), peer)


def answer(peer, mode, number):
    with peer, contextlib.suppress(OSError):
        asked = peer.recv(100).strip()
        if mode == "silent":
            time.sleep(3600)
        elif mode == "flood":
            while True:
                peer.sendall(b"x" * 65536)
        elif mode == "odd":
            peer.sendall(asked + b" : USERID : UNIX : " + ODD.replace(b"\n", b"\v") + b"\r\n")
        elif mode == "long":
            peer.sendall(asked + b" : USERID : UNIX : " + b"%n%s" * 25000 + (b"\r\n" if number % 2 else b""))
        else:
            with open(mode, "rb") as file:
                peer.sendall(file.read())


def ident(mode):
    server = socket.create_server(("127.0.0.1", 113), backlog=100)
    print("ready", flush=True)
    number = 0
    while True:
        peer, _ = server.accept()
        number += 1
        threading.Thread(target=answer, args=(peer, mode, number), daemon=True).start()


{"dns": dns, "ident": ident}[sys.argv[1]](sys.argv[2])
