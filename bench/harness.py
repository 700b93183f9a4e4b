# SPDX-License-Identifier: MIT
"""What every benchmark does in the same way: build the helpers, start a server and end it, count its CPU time."""
import contextlib
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "bench"
HELPERS = {"hello": "c", "answer": "c", "connload": "cpp", "streamload": "cpp", "datagrams": "cpp", "limit": "cpp"}


def helpers(folder):
    """Paths of the compiled helpers, by name; built first when they are not there or older than their source."""
    paths = {name: folder / "bench" / f"bench_{name}" for name in HELPERS}
    fresh = lambda name: (paths[name].exists()
                          and paths[name].stat().st_mtime >= (HERE / f"{name}.{HELPERS[name]}").stat().st_mtime)
    if not all(fresh(name) for name in HELPERS):
        print(f"building the helpers in {folder}", file=sys.stderr)
        settings = ["-DXSUPERD_BENCH=AUTO", "-DXSUPERD_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release"]
        if not (folder / "CMakeCache.txt").exists():
            subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder, *settings], check=True, stdout=sys.stderr)
        targets = [path.name for path in paths.values()]
        subprocess.run(["cmake", "--build", folder, "--target", *targets], check=True, stdout=sys.stderr)
    return paths


def free_port():
    """A port of 127.0.0.1 that neither TCP nor UDP uses."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            with contextlib.suppress(OSError):
                stream.bind(("127.0.0.1", port))
                datagrams.bind(("127.0.0.1", port))
                return port


def children(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def family(pid):
    return [pid] + [one for child in children(pid) for one in family(child)]


def cpu_seconds(pid):
    """CPU time of a process with all its threads and children: those that live, and those that were waited for."""
    spent = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            spent += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    return spent / os.sysconf("SC_CLK_TCK")


def pss_kilobytes(pid):
    """Memory of a process and its children; pages that several processes share count in part for each."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            lines = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def connects(port, address="127.0.0.1"):
    """Is a connection taken there? What it brings is read to its end, at most for a moment."""
    with contextlib.suppress(OSError):
        with socket.create_connection((address, port), timeout=1) as peer:
            peer.settimeout(0.1)
            with contextlib.suppress(OSError):
                peer.recv(64)
            return True
    return False


def replies(port):
    """Does a datagram come back?"""
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.settimeout(0.2)
        peer.connect(("127.0.0.1", port))
        with contextlib.suppress(OSError):
            peer.send(b"ready?")
            return bool(peer.recv(64))
    return False


def wait_for(what, condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"{what}: the server ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} seconds")
        time.sleep(0.01)


def many_files():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextlib.contextmanager
def running(command, ready):
    """A server, from the moment when it is ready to the end of the block."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, preexec_fn=many_files)
    try:
        wait_for(f"start of {command[0]}", ready, process)
        at_rest(process, 0)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def at_rest(process, before):
    """Waits a while for the end of what a load has started, so that its time is accounted for. Workers may stay."""
    deadline = time.monotonic() + 1
    while len(children(process.pid)) > before and time.monotonic() < deadline:
        time.sleep(0.01)


def load(command, process, names):
    """Runs a load generator. Its numbers by name, and with them `cpu`, the seconds that the server has spent."""
    alive = len(children(process.pid))
    before = cpu_seconds(process.pid)
    output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    at_rest(process, alive)
    numbers = dict(zip(names, map(float, output.split()), strict=True))
    return numbers | {"cpu": cpu_seconds(process.pid) - before}
