# SPDX-License-Identifier: MIT
"""A host to be confined from, in namespaces of its own: what lies in its directories is known, and nothing that a hostile
server breaks is anybody's. enter() puts this process there; it needs root."""
import atexit
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
NOBODY = 65534
WAIT = float(os.environ.get("E2E_WAIT", "30"))
INSIDE = "XSUPERD_PROBE_WORLD"
ABSTRACT = "xsuperd-probe-host"
libc = ctypes.CDLL(None, use_errno=True)


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def enter(propagation="private"):
    """Runs the program again, where it is alone. Does not return there where that is not yet so."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        skip("boxes need root")
    apart = ["unshare", "--mount", "--net", "--ipc", "--propagation", propagation]
    tried = subprocess.run(apart + ["true"], stderr=subprocess.PIPE, text=True)
    if tried.returncode != 0:
        skip("no namespaces can be made here: " + tried.stderr.strip())
    os.environ[INSIDE] = "1"
    # A python of somebody's own may lie in a directory that is not there any more.
    python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
    os.execvp(apart[0], apart + [python] + sys.argv)


def mount(kind, where, options):
    subprocess.run(["mount", "-t", kind, "-o", options, "probe", where], check=True)


def listener(address, mode=None):
    one = socket.socket(socket.AF_UNIX)
    one.bind(address)
    one.listen(100)
    if mode is not None:
        os.chmod(address, mode)
    return one


class World:
    """Files, sockets, queues and processes of the host."""

    def __init__(self, binary, probe):
        # They may lie where nothing is any more from here on.
        daemon, probe = (pathlib.Path(one).read_bytes() for one in (binary, probe))
        mount("tmpfs", "/tmp", "mode=1777")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="world.", dir="/tmp"))
        self.work.chmod(0o700)
        self.binary = self.work / "xsuperd"
        self.binary.write_bytes(daemon)
        self.binary.chmod(0o755)
        for where, mode in (("/var/tmp", "1777"), ("/root", "700"), ("/home", "755"), ("/run", "755"), ("/srv", "755")):
            mount("tmpfs", where, "mode=" + mode)
        mount("tmpfs", "/dev/shm", "mode=1777")
        subprocess.run([sys.executable, str(SOURCE / "tests/e2e/lib/loopback_up.py")], check=True)
        self.sockets, self.processes = [], []
        self.fill_directories(probe)
        self.fill_queues()

    def fill_directories(self, probe):
        os.umask(0)
        for path in ("/root/secret", "/home/someone/secret", "/tmp/marker", "/dev/shm/marker"):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            pathlib.Path(path).write_text("secret\n")
            os.chmod(path, 0o644)
        shared = pathlib.Path("/srv/world-writable")
        shared.mkdir(mode=0o777)
        (shared / "file").touch(0o666)
        os.mkfifo(shared / "fifo", 0o666)
        self.sockets += [listener("/run/host.socket", 0o666), listener(str(shared / "socket"), 0o666), listener("\0" + ABSTRACT)]
        self.tcp = socket.create_server(("127.0.0.1", 0))
        for name, mode in (("/srv/inside", 0o755), ("/srv/setuid", 0o4755)):
            pathlib.Path(name).write_bytes(probe)
            os.chmod(name, mode)
        self.make_jail("/srv/jail")
        os.umask(0o022)

    def make_jail(self, where):
        for name, mode in (("tmp", 0o1777), ("var/tmp", 0o1777), ("proc", 0o755), ("dev", 0o755), ("etc", 0o755), ("srv", 0o755), ("usr/bin", 0o755)):
            path = pathlib.Path(where, name)
            path.mkdir(parents=True)
            path.chmod(mode)
            path.parent.chmod(0o755)
        os.chmod(where, 0o755)
        for name in ("inside", "setuid"):
            shutil.copy2("/srv/" + name, where + "/srv/" + name)
        shutil.copy("/etc/passwd", where + "/etc/passwd")

    def fill_queues(self):
        create, everybody = 0o1000, 0o666
        self.keys = {"shm_key": 7001, "msg_key": 7002, "sem_key": 7003}
        libc.shmget(7001, 4096, create | everybody)
        libc.msgget(7002, create | everybody)
        libc.semget(7003, 1, create | everybody)

    def sleeper(self, uid):
        """A process of the host's, for others to look at."""
        one = subprocess.Popen(["sleep", "1000"], user=uid, group=uid, extra_groups=[], start_new_session=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
        self.processes.append(one)
        atexit.register(one.kill)
        return one.pid

    def facts(self, pid):
        disk = next((line.split()[3] for line in open("/proc/partitions") if line.strip() and line.split()[0].isdigit()), "sda")
        words = dict(self.keys, port=self.tcp.getsockname()[1], low_port=99, abstract=ABSTRACT, pid=pid, marker="/tmp/marker",
                     shm_marker="/dev/shm/marker", disk="/dev/" + disk, setuid="/srv/setuid")
        return " ".join("%s=%s" % one for one in words.items())

    def close(self):
        for one in self.processes:
            one.kill()
            one.wait()


class Daemon:
    """xsuperd with services that are given as {name: lines}; each has a port on loopback."""

    def __init__(self, binary, work, services, extra=""):
        self.ports = {name: 20000 + number for number, name in enumerate(services)}
        self.log = work / "daemon.log"
        self.service_log = work / "service.log"
        conf = work / "xinetd.conf"
        conf.write_text("".join(self.text(services)) + extra)
        self.process = subprocess.Popen([binary, "-dontfork", "-f", str(conf), "-filelog", str(self.log), "-pidfile", str(work / "pidfile"),
                                         "--control", str(work / "control")], stdin=subprocess.DEVNULL, start_new_session=True)
        atexit.register(self.process.kill)
        self.control = work / "control"
        until(lambda: self.log.exists() and "Started working" in self.log.read_text(), "the daemon does not start")

    def text(self, services):
        yield "defaults\n{\n\tlog_type = FILE %s\n\tlog_on_success = PID EXIT\n\tlog_on_failure = HOST\n\tinstances = UNLIMITED\n\tcps = 10000 1\n}\n" % self.service_log
        for name, lines in services.items():
            yield "service %s\n{\n\ttype = UNLISTED\n\tsocket_type = stream\n\tprotocol = tcp\n\tport = %d\n\tbind = 127.0.0.1\n\twait = no\n" % (name, self.ports[name])
            yield "".join("\t%s\n" % line for line in lines) + "}\n"

    def dial(self, name):
        one = socket.create_connection(("127.0.0.1", self.ports[name]), timeout=WAIT)
        one.settimeout(WAIT)
        return one

    def ask(self, name, text=""):
        """All that the server says until it ends."""
        with self.dial(name) as one:
            if text:
                one.sendall(text.encode())
            try:
                return b"".join(iter(lambda: one.recv(65536), b"")).decode(errors="replace")
            except ConnectionResetError:
                return ""  # the server was not started, or ended with something unread

    def wait_for_ends(self, number):
        """Until so many servers have ended, as the service log has it."""
        until(lambda: self.service_log.exists() and self.service_log.read_text().count("EXIT: ") >= number, "a server does not end")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT)


def until(condition, what):
    end = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("after %g seconds: %s" % (WAIT, what))
        time.sleep(0.01)
