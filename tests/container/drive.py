# SPDX-License-Identifier: MIT
"""drive.py SIGNAL: looks at the daemon, process 1, from inside its container; then ends it with this signal.
drive.py --loopback: sets the loopback interface up, for which one has to be root of the namespace."""
import fcntl
import os
import signal
import socket
import struct
import sys
import time

PATIENCE = 30


def set_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def expect(right, what):
    if not right:
        print("FAIL:", what, flush=True)
        sys.exit(1)


def eventually(question, what):
    deadline = time.monotonic() + PATIENCE
    while not question():
        expect(time.monotonic() < deadline, what)
        time.sleep(0.02)


def ask(port, text=b""):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
        peer.settimeout(PATIENCE)
        peer.sendall(text)
        peer.shutdown(socket.SHUT_WR)
        answer = b""
        while part := peer.recv(4096):
            answer += part
        return answer


def ask_local(name, text):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(name)
        peer.sendall(text)
        peer.shutdown(socket.SHUT_WR)
        return peer.recv(4096)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        return True
    except ConnectionRefusedError:
        return False


def status_of(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def zombies():
    every = [status_of(name) for name in os.listdir("/proc") if name.isdigit()]
    return [one["Pid"] for one in every if one.get("State", "").startswith("Z")]


def check_the_container():
    one = status_of(1)
    expect(one["Name"] == "xsuperd", "process 1 is " + one["Name"])
    expect(one["Uid"].split() == ["1000"] * 4, "the daemon is user " + one["Uid"])
    expect(int(one["CapEff"], 16) == 0, "the daemon has capabilities: " + one["CapEff"])
    expect(not os.path.exists("/dev/log"), "there is a /dev/log")
    try:
        open("/srv/new", "w")
        expect(False, "the root directory can be written to")
    except OSError:
        pass


def check_orphans():
    orphans = [int(ask(7002)) for _ in range(20)]
    parents = [status_of(pid).get("PPid") for pid in orphans]
    expect("1" in parents, f"no orphan came to process 1: {parents}")
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in orphans), "orphans are still there")
    eventually(lambda: not zombies(), f"there are zombies: {zombies()}")


def main(ending):
    eventually(lambda: status_of(1)["Name"] == "xsuperd", "the daemon does not start")
    eventually(lambda: listens(7003), "nobody listens")
    check_the_container()
    expect(ask(7000, b"hello\n") == b"hello\n", "the mirror does not answer")
    expect(len(ask(7001)) == 4, "the internal service does not answer")
    expect(ask_local("/tmp/local", b"path") == b"path", "the UNIX socket does not answer")
    expect(ask_local("\0local", b"name") == b"name", "the abstract name does not answer")
    check_orphans()
    os.kill(1, signal.SIGUSR1)
    os.kill(1, signal.SIGHUP)
    # Until the end nothing tells from inside that these were obeyed: a request after each, and the log, show it.
    expect(ask(7001) != b"", "no answer after the signals")
    print("all good", flush=True)
    os.kill(1, getattr(signal, "SIG" + ending))
    time.sleep(PATIENCE)
    print("FAIL: the signal did not end process 1", flush=True)


if sys.argv[1] == "--loopback":
    set_loopback_up()
else:
    main(sys.argv[1])
