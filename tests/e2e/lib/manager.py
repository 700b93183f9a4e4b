# SPDX-License-Identifier: MIT
"""A tiny service manager: runs a program as systemd would and notes what that says.

    manager.py [--watchdog SECONDS] [--store NUMBER] [--socket NAME=PROTOCOL:ADDRESS:PORT|NAME=unix:PATH:]... FOLDER PROGRAM ARGUMENT...

FOLDER/manager.log gets a line for each message, its lines joined by "|"; "started N" with the number of sockets handed
over; "hung up NAME" when a stored socket has been shut down. It keeps as many sockets as --store says, and does not
tell that others are closed. HUP and RTMIN are passed on. USR1 restarts the program:
TERM, wait for its end, start it anew with the stored sockets. TERM ends the program and then the manager, with its
status; so does the program's end.
"""
import argparse
import array
import os
import select
import signal
import socket
import sys


class Manager:
    def __init__(self, options):
        self.options = options
        self.log = open(os.path.join(options.folder, "manager.log"), "w", buffering=1)
        path = os.path.join(options.folder, "notify")
        self.words = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.words.bind(path)
        self.environment = dict(os.environ, NOTIFY_SOCKET=path)
        self.own = [(name, opened(text)) for name, text in (s.split("=", 1) for s in options.socket)]
        self.stored = []
        self.child = 0
        self.restarting = False

    def start(self):
        handed = [(n, s.fileno()) for n, s in self.own] + list(self.stored)
        self.log.write(f"started {len(handed)}\n")
        self.child = os.fork()
        if self.child:
            return
        high = [os.dup2(fd, 200 + i, inheritable=False) for i, (_, fd) in enumerate(handed)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        if handed:
            self.environment["LISTEN_PID"] = str(os.getpid())
            self.environment["LISTEN_FDS"] = str(len(handed))
            self.environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in handed)
        if self.options.store is not None:
            self.environment["FDSTORE"] = str(self.options.store)
        if self.options.watchdog:
            self.environment["WATCHDOG_PID"] = str(os.getpid())
            self.environment["WATCHDOG_USEC"] = str(int(self.options.watchdog * 1000000))
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execve(self.options.command[0], self.options.command, self.environment)

    def hear(self):
        space = socket.CMSG_SPACE(4 * 16)
        text, control, _, _ = self.words.recvmsg(65536, space)
        passed = array.array("i")
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                passed.frombytes(data)
        lines = text.decode().split("\n")
        fields = dict(line.split("=", 1) for line in lines)
        if "FDSTOREREMOVE" in fields:
            self.forget(lambda name, fd: name == fields["FDNAME"])
        if "FDSTORE" in fields:
            self.keep(fields["FDNAME"], passed)
        self.log.write("|".join(lines) + "\n")

    def keep(self, name, passed):
        known = {os.fstat(fd).st_ino for _, fd in self.stored}
        for fd in passed:
            if os.fstat(fd).st_ino in known:
                os.close(fd)
            elif self.options.store is not None and len(self.stored) >= self.options.store:
                os.close(fd)
            else:
                self.stored.append((name, fd))

    def forget(self, which):
        for name, fd in [one for one in self.stored if which(*one)]:
            self.stored.remove((name, fd))
            os.close(fd)

    def look_for_hang_ups(self):
        poll = select.poll()
        for _, fd in self.stored:
            poll.register(fd, 0)
        for fd, _ in poll.poll(0):
            self.log.write("hung up " + next(n for n, f in self.stored if f == fd) + "\n")
            self.forget(lambda _, f: f == fd)

    def on_signal(self, number):
        if number in (signal.SIGHUP, signal.SIGRTMIN):
            os.kill(self.child, number)
        elif number == signal.SIGUSR1:
            self.restarting = True
            os.kill(self.child, signal.SIGTERM)
        elif number == signal.SIGTERM:
            os.kill(self.child, signal.SIGTERM)

    def reap(self):
        pid, status = os.waitpid(self.child, os.WNOHANG)
        if not pid:
            return
        while select.select([self.words], [], [], 0)[0]:
            self.hear()
        self.log.write(f"ended {os.waitstatus_to_exitcode(status)}\n")
        if not self.restarting:
            sys.exit(os.waitstatus_to_exitcode(status) & 255)
        self.restarting = False
        self.start()

    def run(self):
        wanted = {signal.SIGHUP, signal.SIGRTMIN, signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        self.start()
        while True:
            if select.select([self.words], [], [], 0.01)[0]:
                self.hear()
            self.look_for_hang_ups()
            info = signal.sigtimedwait(wanted, 0)
            if info and info.si_signo != signal.SIGCHLD:
                self.on_signal(info.si_signo)
            self.reap()


def opened(text):
    protocol, rest = text.split(":", 1)
    address, port = rest.rsplit(":", 1)
    if protocol == "unix":
        one = socket.socket(socket.AF_UNIX)
        one.bind(address)
        one.listen(128)
        return one
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    one = socket.socket(family, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, int(port)))
    if protocol == "tcp":
        one.listen(128)
    return one


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--watchdog", type=float, default=0)
    parser.add_argument("--store", type=int)
    parser.add_argument("--socket", action="append", default=[])
    parser.add_argument("folder")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    Manager(parser.parse_args()).run()


main()
