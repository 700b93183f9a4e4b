# SPDX-License-Identifier: MIT
"""What disturbs the daemon during the soak, and the configuration that it is disturbed with."""
import collections
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sys
import time

import lib
import soak_load

# Accepts or receives, gives everything back, and ends when nobody came for a moment.
ACCEPT = """import select, socket
listener = socket.socket(fileno=0)
while select.select([listener], [], [], 0.2)[0]:
    try:
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(5)
            while piece := peer.recv(65536):
                peer.sendall(piece)
    except OSError:
        pass
"""
RECEIVE = """import select, socket
server = socket.socket(fileno=0)
while select.select([server], [], [], 0.2)[0]:
    server.sendto(*server.recvfrom(65536))
"""
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


def datagrams(name, port, *lines, kind="UNLISTED", wait="yes"):
    text = lib.service(name, port, *lines, kind=kind)
    return (text.replace("socket_type = stream", "socket_type = dgram").replace("protocol = tcp", "protocol = udp")
            .replace("wait = no", f"wait = {wait}"))


def harmful(name, port, kind, *lines):
    """A service whose servers do harm, as an ordinary user where there is another one than ours."""
    make = datagrams if kind == "datagram" else lib.service
    text = make(name, port, f"server = {PYTHON}", f"server_args = -I @DIR@/hostile_server.py {kind}", *lines)
    if kind == "waiting":
        text = text.replace("wait = no", "wait = yes")
    return re.sub(r"user = \S+", "user = nobody", text) if os.geteuid() == 0 else text


def configuration(ports, mirror=(), echo=(), waiting=(), limited=(), defaults="", guest=False, end=""):
    """The services; the arguments are what reloads change."""
    waits = lambda text: text.replace("wait = no", "wait = yes")
    cat = "server = /bin/cat"
    parts = [
        lib.service("mirror", ports["mirror"], cat, *mirror),
        lib.service("teller", ports["teller"], "server = /bin/echo", "server_args = hello", "banner_success = /dev/null"),
        waits(lib.service("waiting", ports["waiting"], f"server = {PYTHON}", "server_args = -IS @DIR@/accept.py", *waiting)),
        datagrams("waiting-dgram", ports["waiting-dgram"], f"server = {PYTHON}", "server_args = -IS @DIR@/receive.py"),
        lib.internal("echo", ports["echo-stream"], "id = echo-stream", *echo),
        datagrams("echo", ports["echo-dgram"], "id = echo-dgram", kind="INTERNAL UNLISTED", wait="no"),
        lib.internal("chargen", ports["chargen"]),
        lib.service("target", ports["target"], cat),
        lib.relay("relayed", ports["relayed"], f"127.0.0.1 {ports['target']}"),
        lib.internal("tcpmux", ports["tcpmux"]),
        lib.service("muxed", ports["tcpmux"], "server = /bin/echo", "server_args = +muxed", kind="TCPMUX UNLISTED"),
        lib.service("refused", ports["refused"], cat, "no_access = 127.0.0.1", "banner_fail = @DIR@/xinetd.conf.banner"),
        lib.service("limited", ports["limited"], cat, "instances = 2", *limited),
        lib.service("absent", ports["absent"], "server = @DIR@/absent"),
        lib.service("rated", ports["rated"], cat, "cps = 20 1"),
        lib.service("trap", ports["trap"], "deny_time = 1", kind="INTERNAL UNLISTED").replace(
            "type = INTERNAL", "flags = SENSOR\n\ttype = INTERNAL"),
    ]
    if os.geteuid() == 0:
        parts += [
            harmful("harm-stream", ports["harm-stream"], "stream", "instances = 20"),
            harmful("harm-waiting", ports["harm-waiting"], "waiting"),
            harmful("harm-dgram", ports["harm-dgram"], "datagram"),
            harmful("harm-guarded", ports["harm-guarded"], "waiting", "only_from = 127.0.0.1"),
        ]
    if guest:
        parts.append(lib.service("guest", ports["guest"], cat))
    text = "".join(parts) + end
    return text + (f"defaults\n{{\n\t{defaults}\n}}\n" if defaults else "")


class Disturber:
    """One thing at a time, at random. What it asks of services itself is in `asked`, as the clients count."""

    def __init__(self, daemon, ports):
        self.daemon, self.ports = daemon, ports
        self.asked, self.done, self.killed = collections.Counter(), collections.Counter(), 0
        self.stopped, self.held, self.rotations, self.source, self.settled = [], [], 0, 0, False
        folder = daemon.folder
        (folder / "accept.py").write_text(ACCEPT)
        (folder / "receive.py").write_text(RECEIVE)
        shutil.copy(pathlib.Path(__file__).with_name("hostile_server.py"), folder)
        (folder / "hostile_server.py").chmod(0o644)
        (folder / "xinetd.conf.banner").write_text("")
        (folder / "absent").symlink_to("/bin/cat")
        self.things = [self.reload, self.reload, self.reload, self.upgrade, self.kill_worker, self.stop_worker, self.kill_servers,
                       self.kill_servers, self.stop_servers, self.ban, self.trap, self.rotate, self.hide, self.drain,
                       self.stall, self.hold, self.reload_and_upgrade]

    def disturb(self):
        for pid in self.stopped:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.stopped = []
        thing = random.choice(self.things)
        thing()
        self.done[thing.__name__.replace("_", " ")] += 1

    def without_upgrades(self):
        self.settled = True
        self.things = [thing for thing in self.things if thing not in (self.upgrade, self.reload_and_upgrade)]

    def settle(self):
        """All as it was in the beginning."""
        for pid in self.stopped:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for peer in self.held:
            peer.close()
        self.stopped, self.held = [], []
        self.write()
        self.daemon.process.send_signal(signal.SIGHUP)
        self.show()
        self.control("enable", "rated")

    def control(self, *words):
        """xsuperctl; a daemon that is being upgraded at that moment may not answer."""
        for _ in range(50):
            if (told := self.daemon.control(*words)) is not None:
                return told
            time.sleep(0.05)
        lib.fail(f"xsuperctl {' '.join(words)} does not succeed")

    def write(self, **changes):
        text = (lib.COMMON + configuration(self.ports, **changes)).replace("@DIR@", str(self.daemon.folder))
        new = self.daemon.folder / "xinetd.conf.new"
        new.write_text(text)
        new.rename(self.daemon.folder / "xinetd.conf")

    def reload(self):
        """Reads another configuration, good or broken. Not waited for."""
        random.choice([
            lambda: self.write(),
            lambda: self.write(mirror=["nice = 1", "instances = 900"]),
            lambda: self.write(mirror=["nice = very"]),
            lambda: self.write(echo=["per_source = 500"], waiting=["umask = 077"]),
            lambda: self.write(waiting=["env = A=B"], limited=["nice = 2"]),
            lambda: self.write(guest=True),
            lambda: self.write(guest=True, mirror=["env = GUEST=1"]),
            lambda: self.write(defaults="instances = many"),
            lambda: self.write(end="service lost\n{\n\tuser = root\n"),
            lambda: (self.daemon.folder / "xinetd.conf").unlink(missing_ok=True),
        ])()
        self.daemon.process.send_signal(signal.SIGHUP)

    def upgrade(self):
        taken = self.daemon.count("has taken over from")
        refused = self.daemon.count("upgrade refused")
        self.daemon.control("upgrade")
        lib.eventually("the upgrade", lambda: self.daemon.count("has taken over from") > taken
                       or self.daemon.count("upgrade refused") > refused)
        if self.daemon.count("upgrade refused") > refused:
            self.done["upgrades refused"] += 1

    def reload_and_upgrade(self):
        self.reload()
        self.upgrade()

    def kill_worker(self):
        if (pid := self.daemon.worker()) is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM]))

    def stop_worker(self):
        """It does not say that it has gone: the daemon has to find out."""
        if (pid := self.daemon.worker()) is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)

    def servers(self, most):
        """Some of the daemon's children that are servers. One that is just being started may still look like it."""
        found = []
        for pid in lib.children(self.daemon.pid):
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() in ("cat", "echo", "python3"):
                    found.append(pid)
        return random.sample(found, min(most, len(found)))

    def kill_servers(self):
        for pid in self.servers(random.randrange(1, 8)):
            with contextlib.suppress(OSError):
                os.kill(pid, random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
                self.killed += 1

    def stop_servers(self):
        """They are killed when the next thing is done."""
        for pid in self.servers(3):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
                self.stopped.append(pid)
                self.killed += 1

    def ban(self):
        """A peer that nobody else is, so that the others notice nothing."""
        self.control("ban", "127.0.9.9")
        for name in ("mirror", "echo-stream", "relayed"):
            self.asked[name, "asked"] += 1
            try:
                soak_load.refused(self.ports[name], "127.0.9.9")
            except OSError as error:
                self.asked[name, f"wrong: banned peer met {error}"] += 1
        if random.random() < 0.7:
            self.control("unban", "127.0.9.9")

    def trap(self):
        self.source = self.source % 250 + 1
        source = f"127.0.8.{self.source}"
        with contextlib.suppress(OSError):
            soak_load.refused(self.ports["trap"], source)

    def rotate(self):
        self.rotations += 1
        with contextlib.suppress(FileNotFoundError):
            self.daemon.service_log.rename(self.daemon.folder / f"service.log.{self.rotations}")
        self.control("reopen-logs")

    def hide(self):
        """The program of a service goes away, or is there again."""
        absent = self.daemon.folder / "absent"
        if absent.is_symlink():
            absent.unlink()
        else:
            self.show()

    def show(self):
        with contextlib.suppress(FileExistsError):
            (self.daemon.folder / "absent").symlink_to("/bin/cat")

    def drain(self):
        self.control(random.choice(["drain", "disable", "enable"]), "rated")

    def stall(self):
        """Clients of the control socket that say nothing, or half of something."""
        with contextlib.suppress(OSError):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(str(self.daemon.folder / "control"))
            peer.sendall(random.randbytes(random.randrange(0, 30)))
            self.held.append(peer)
        for peer in self.held[:-6]:
            peer.close()
        self.held = self.held[-6:]

    def hold(self):
        """A peer that says nothing until it is closed at the end of the round."""
        name = random.choice(["mirror", "echo-stream", "relayed", "tcpmux", "chargen"])
        self.asked[name, "asked"] += 1
        self.held.append(soak_load.dial(self.ports[name]))
