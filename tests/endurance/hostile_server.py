# SPDX-License-Identifier: MIT
"""A server of the soak that does harm, at random: to the socket it was given, to the processes it can see, to whoever
comes after it. Its first argument says which kind of service it plays: `stream`, `waiting` or `datagram`."""
import contextlib
import ctypes
import fcntl
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import time

SO_ATTACH_REUSEPORT_CBPF = 51
SO_LOCK_FILTER = 44
IP_RECVERR = 11
MOMENT = 0.3

given = socket.socket(fileno=0)
given.setblocking(True)


def program(*instructions):
    """A classic BPF program as setsockopt wants it; the buffer must live as long as the call."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in instructions))
    return struct.pack("HL", len(instructions), ctypes.addressof(code)), code


def attach(option, answer):
    wanted, code = program((0x06, 0, 0, answer))
    given.setsockopt(socket.SOL_SOCKET, option, wanted)
    del code


def in_a_child(work):
    """Goes on with the socket in a process of its own, of which the daemon does not know."""
    if os.fork() == 0:
        with contextlib.suppress(OSError):
            work()
        os._exit(0)


def block():
    """Whoever else has the socket sleeps in it when nothing is there any more."""
    end = time.monotonic() + MOMENT
    while time.monotonic() < end:
        os.set_blocking(0, True)
        time.sleep(0.001)


def snatch():
    """Takes what comes before the daemon can."""
    end = time.monotonic() + MOMENT
    while time.monotonic() < end:
        os.set_blocking(0, True)
        if select.select([given], [], [], 0.01)[0]:
            with contextlib.suppress(OSError):
                (given.accept()[0].close if given.type == socket.SOCK_STREAM else lambda: given.recv(1))()


def leave_an_error():
    given.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    given.sendto(b"x", ("127.0.0.1", port))


def options():
    for level, name, value in ((socket.SOL_SOCKET, socket.SO_RCVLOWAT, 5000), (socket.SOL_SOCKET, socket.SO_RCVBUF, 1),
                               (socket.SOL_SOCKET, socket.SO_SNDBUF, 1), (socket.IPPROTO_IP, socket.IP_TTL, 1),
                               (socket.IPPROTO_IP, socket.IP_TOS, 16), (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)):
        with contextlib.suppress(OSError):
            given.setsockopt(level, name, value)


def foreign_owner():
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, os.O_RDWR | os.O_ASYNC)


def lock_out():
    attach(socket.SO_ATTACH_FILTER if hasattr(socket, "SO_ATTACH_FILTER") else 26, 0)
    given.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)


def let_all_in():
    attach(SO_ATTACH_REUSEPORT_CBPF, 0)
    given.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)


def family():
    """The daemon, its worker, and what else it has started."""
    daemon = os.getppid()
    pids = [daemon]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{daemon}/task"):
            with open(f"/proc/{daemon}/task/{task}/children", encoding="ascii") as children:
                pids += map(int, children.read().split())
    return [pid for pid in pids if pid not in (1, os.getpid())]


def attack():
    """None of this may succeed: the processes are another user's."""
    for pid in family():
        for harm in (lambda pid=pid: os.kill(pid, signal.SIGSTOP), lambda pid=pid: os.kill(pid, signal.SIGKILL),
                     lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 19),
                     lambda pid=pid: resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3)),
                     lambda pid=pid: os.sched_setaffinity(pid, {0}), lambda pid=pid: os.killpg(os.getpgid(pid), signal.SIGKILL)):
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                owner = next(int(line.split()[1]) for line in status if line.startswith("Uid:"))
            if owner == os.getuid():
                continue  # another harmful server: that is its own affair
            with contextlib.suppress(OSError):
                harm()


def cling():
    """A child of the same group that ignores TERM and keeps the connection for a moment."""
    def stay():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(MOMENT)
    in_a_child(stay)


def fall():
    os.kill(os.getpid(), random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT]))


def flood():
    with contextlib.suppress(OSError):
        given.settimeout(MOMENT)
        for _ in range(64):
            given.sendall(b"x" * 65536)


def serve():
    given.settimeout(MOMENT)  # somebody may have been quicker
    if given.type == socket.SOCK_STREAM:
        with contextlib.suppress(OSError):
            peer, _ = given.accept()
            peer.sendall(b"served\n")
            peer.close()
    else:
        given.sendto(*given.recvfrom(65536))


HARM = {
    "stream": [attack, cling, fall, flood, foreign_owner, lambda: given.shutdown(socket.SHUT_RDWR)],
    "waiting": [lambda: in_a_child(block), lambda: in_a_child(snatch), options, foreign_owner, lock_out, let_all_in, fall, attack,
                lambda: given.shutdown(socket.SHUT_RDWR), lambda: given.listen(0)],
    "datagram": [lambda: in_a_child(block), lambda: in_a_child(snatch), options, leave_an_error, lock_out, let_all_in, fall,
                 lambda: given.connect(("127.0.0.1", 9)), lambda: given.shutdown(socket.SHUT_RDWR)],
}

kind = sys.argv[1]
if kind != "stream" and select.select([given], [], [], MOMENT)[0]:
    with contextlib.suppress(OSError):
        serve()
    given.setblocking(True)
for harm in random.sample(HARM[kind], random.randrange(1, 4)):
    with contextlib.suppress(OSError):
        harm()
