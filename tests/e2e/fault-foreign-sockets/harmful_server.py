# SPDX-License-Identifier: MIT
"""harmful_server.py HARM FLAG: a wait = yes server on descriptor 0. Answers one peer with "PID served"; the first time,
when the file FLAG is not there yet, it does harm to the socket before it ends, and may leave a child that keeps it."""
import ctypes
import os
import socket
import struct
import sys
import time

REUSEPORT_CBPF, DETACH_REUSEPORT, LOCK_FILTER, RECVERR = 51, 68, 44, 11
harm, flag = sys.argv[1:]
own = socket.socket(fileno=0)
stream = own.type == socket.SOCK_STREAM


def serve():
    own.settimeout(5)
    text = b"%d served\n" % os.getpid()
    if stream:
        with own.accept()[0] as peer:
            peer.settimeout(5)
            peer.recv(100)
            peer.sendall(text)
    else:
        own.sendto(text, own.recvfrom(65536)[1])


def program(option, verdict):
    one = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, verdict))
    own.setsockopt(socket.SOL_SOCKET, option, struct.pack("HL", 1, ctypes.addressof(one)))


def leave_error():
    own.setsockopt(socket.IPPROTO_IP, RECVERR, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()
    own.sendto(b"x", closed)


def let_all_in():
    own.setsockopt(socket.SOL_SOCKET, socket.SO_DETACH_FILTER if hasattr(socket, "SO_DETACH_FILTER") else 27, 0)
    program(REUSEPORT_CBPF, 0)
    own.setsockopt(socket.SOL_SOCKET, LOCK_FILTER, 1)
    if os.fork():
        os._exit(0)
    time.sleep(8)


def listen_again():
    own.shutdown(socket.SHUT_RDWR)
    if os.fork():
        os._exit(0)
    end = time.monotonic() + 8
    while time.monotonic() < end:
        try:
            own.listen(5)
        except OSError:
            pass
        time.sleep(0.0005)


def filter_all():
    program(26, 0)
    own.setsockopt(socket.SOL_SOCKET, LOCK_FILTER, 1)


serve()
if not os.path.exists(flag):
    with open(flag, "w"):
        pass
    {"shut": lambda: own.shutdown(socket.SHUT_RDWR), "error": leave_error, "let_all_in": let_all_in,
     "listen_again": listen_again, "filter": filter_all}[harm]()
