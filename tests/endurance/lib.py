# SPDX-License-Identifier: MIT
"""What the endurance tests share: a daemon in a folder of its own, and looks at it from outside."""
import contextlib
import json
import os
import pathlib
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE = 30
DUMP = pathlib.Path("/var/run/xinetd.dump")
COMMON = """defaults
{
	log_type	= FILE @DIR@/service.log
	log_on_success	= PID HOST EXIT DURATION
	log_on_failure	= HOST
	bind		= 127.0.0.1
	cps		= 0 0
	instances	= UNLIMITED
}
"""


def service(name, port, *lines, kind="UNLISTED"):
    """The text of a stream service for every user who may run the test."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    rows = [f"type = {kind}", "socket_type = stream", "protocol = tcp", f"port = {port}", "wait = no",
            f"user = {user}", *lines]
    return f"\nservice {name}\n{{\n" + "".join(f"\t{row}\n" for row in rows) + "}\n"


def internal(name, port, *lines):
    return service(name, port, *lines, kind="INTERNAL UNLISTED")


def relay(name, port, target, *lines):
    return service(name, port, f"redirect = {target}", *lines)


def fail(sentence):
    sys.exit(f"FAILED: {sentence}")


def check(condition, sentence):
    print(("ok      " if condition else "FAILED  ") + sentence, flush=True)
    if not condition:
        sys.exit(1)


def eventually(what, condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            fail(f"{what}: not within {seconds} seconds")
        time.sleep(0.01)


def free_ports(number):
    found = []
    while len(found) < number:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("0.0.0.0", port))
                found.append(port)
    return found


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def helper(name, folder):
    """A compiled helper; CMake brings it up to date first."""
    path = folder / "bench" / f"bench_{name}"
    if not (folder / "CMakeCache.txt").exists():
        settings = ["-DXSUPERD_BENCH=AUTO", "-DXSUPERD_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release"]
        subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder, *settings], check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", folder, "--target", path.name], check=True, stdout=sys.stderr)
    return path


def children(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def pipes(pid):
    """Descriptors of pipes; a worker keeps up to 32 empty ones for the next relays."""
    names = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            names.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return sum(name.startswith("pipe:") for name in names)


def pss_kb(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: +(\d+) kB", rollup, re.M).group(1))


class Daemon:
    """The program under test with a configuration, from `with` on until its end; in a control group if one is given."""

    def __init__(self, program, configuration, *arguments, group=None):
        self.program, self.configuration, self.arguments, self.group = program, configuration, arguments, group

    def __enter__(self):
        self.kept = False
        folder = pathlib.Path(tempfile.mkdtemp(prefix="xsuperd-endurance."))
        folder.chmod(0o755)
        self.folder, self.log, self.service_log = folder, folder / "daemon.log", folder / "service.log"
        text = (COMMON + self.configuration).replace("@DIR@", str(folder))
        (folder / "xinetd.conf").write_text(text)
        command = [self.program, "-dontfork", "-f", folder / "xinetd.conf", "-filelog", self.log,
                   "-pidfile", folder / "pid", "--control", folder / "control", *self.arguments]
        if self.group:
            command = ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', self.group / "cgroup.procs", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        eventually("the daemon's start", lambda: self.count("Started working") == 1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        if not self.kept:
            shutil.rmtree(self.folder)

    def keep(self):
        """Leaves the folder where it is; which one, for who wants to look."""
        self.kept = True
        return self.folder

    def count(self, text, log=None):
        """Lines of the daemon's log, or of another, that contain the text."""
        path = log or self.log
        return path.read_text(errors="replace").count(text) if path.exists() else 0

    def starts(self):
        return self.count("START: ", self.service_log)

    def exits(self):
        return self.count("EXIT: ", self.service_log)

    def worker(self):
        """The pid of the worker process; None while there is none."""
        return self.named("xsuperd-worker")

    def named(self, name):
        """The pid of the daemon's child of that name; None while there is none."""
        for pid in children(self.pid):
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(name.encode() + b"\0"):
                    return pid
        return None

    def control(self, *words):
        """xsuperctl, which stands beside the program: the result as an object, or None when it fails."""
        command = [pathlib.Path(self.program).with_name("xsuperctl"), "--socket", self.folder / "control", "--json", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        return json.loads(done.stdout or b"{}") if done.returncode == 0 else None

    def running(self):
        """Running servers of each service, as the state dump has them."""
        before = DUMP.stat().st_size if DUMP.exists() else 0
        dumps = self.count("generated state dump")
        self.process.send_signal(signal.SIGUSR1)
        eventually("the state dump", lambda: self.count("generated state dump") > dumps)
        with DUMP.open("rb") as dump:
            dump.seek(before)
            text = dump.read().decode(errors="replace")
        return dict(re.findall(r"^Service = (\S+)\n.*?running servers = (\d+)$", text, re.M | re.S))


def connect(port, timeout=PATIENCE):
    peer = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def answers(peer, message=b"hello"):
    """Whether what is sent comes back."""
    try:
        peer.sendall(message)
        came = b""
        while len(came) < len(message):
            piece = peer.recv(65536)
            if not piece:
                return False
            came += piece
        return came == message
    except OSError:
        return False


def add_options(parser):
    parser.add_argument("program", type=pathlib.Path, metavar="XSUPERD", help="the program, a release build")
    parser.add_argument("--helpers", default=ROOT / "build-bench", type=pathlib.Path, metavar="FOLDER",
                        help="build folder of the compiled helpers (build-bench)")
