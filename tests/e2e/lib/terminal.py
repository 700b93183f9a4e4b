# SPDX-License-Identifier: MIT
"""A program under a terminal of its own: what it draws, as far as a vt100 is asked for, and what it leaves behind."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 20
CONTROL = re.compile(rb"\x1b\[([?>=!]?[0-9;]*)([A-Za-z])|\x1b[()].|\x1b[=>78DEHMc]|[\x00-\x1f]")


class Terminal:
    def __init__(self, argv, columns, lines, **environment):
        self.master, self.slave = pty.openpty()
        self.seen = b""
        self.pending = b""
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            os.environ.update({"TERM": "vt100", **environment})
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # the shell has jobs in the background ignore it
            os.execv(argv[0], argv)

    def resize(self, columns, lines):
        """The kernel sends SIGWINCH to the program. The screen is blank until it has been drawn anew."""
        self.columns, self.lines = columns, lines
        self.screen = [[" "] * columns for _ in range(lines)]
        self.x = self.y = 0
        self.saved = (0, 0)
        self.region = (0, lines - 1)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys)

    def row(self, number):
        return "".join(self.screen[number]).rstrip()

    def text(self):
        return "\n".join(self.row(n) for n in range(self.lines))

    def until(self, what, condition):
        """Draws what comes until the condition holds; it may look for words that are not drawn yet."""
        def holds():
            try:
                return condition()
            except IndexError:
                return False

        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                sys.exit(f"never: {what}; the screen is:\n{self.text()}")
            self.hear(0.05)

    def hear(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536)
            self.seen += data
            self.feed(self.pending + data)

    def feed(self, data):
        at = 0
        self.pending = b""
        while at < len(data):
            found = CONTROL.match(data, at)
            if found:
                self.obey(found)
                at = found.end()
            elif data[at] == 0x1b:
                self.pending = data[at:]
                if len(self.pending) > 32:
                    sys.exit(f"unknown: {self.pending!r}")
                return
            else:
                self.put(chr(data[at]))
                at += 1

    def put(self, character):
        if self.x < self.columns and self.y < self.lines:
            self.screen[self.y][self.x] = character
        self.x += 1

    def obey(self, found):
        code = found.group(2)
        if code is None:
            self.obey_byte(found.group(0))
            return
        numbers = [int(n or 0) for n in found.group(1).lstrip(b"?>=!").split(b";")]
        first = max(numbers[0], 1)
        if code == b"H":
            self.y, self.x = first - 1, max(numbers[1] if len(numbers) > 1 else 1, 1) - 1
        elif code in b"ABCD":
            dx, dy = {b"A": (0, -1), b"B": (0, 1), b"C": (1, 0), b"D": (-1, 0)}[code]
            self.x, self.y = max(self.x + dx * first, 0), max(self.y + dy * first, 0)
        elif code == b"r":
            self.region = (first - 1, (numbers[1] if len(numbers) > 1 and numbers[1] else self.lines) - 1)
            self.x = self.y = 0
        elif code == b"K":
            self.blank(self.y, *((0, self.x + 1) if numbers[0] == 1 else (self.x, self.columns)))
        elif code == b"J":
            self.blank(self.y, self.x, self.columns)
            for y in range(self.y + 1, self.lines):
                self.blank(y, 0, self.columns)

    def obey_byte(self, byte):
        if byte == b"\r":
            self.x = 0
        elif byte in (b"\n", b"\x1bD"):
            self.move_or_scroll(1, self.region[1])
        elif byte == b"\x1b7":
            self.saved = (self.x, self.y)
        elif byte == b"\x1b8":
            self.x, self.y = self.saved
        elif byte == b"\b":
            self.x = max(self.x - 1, 0)
        elif byte == b"\t":
            self.x = (self.x // 8 + 1) * 8
        elif byte == b"\x1bM":
            self.move_or_scroll(-1, self.region[0])

    def move_or_scroll(self, by, edge):
        """At the edge of the scrolling region the lines in it move instead."""
        if self.y != edge:
            self.y = min(max(self.y + by, 0), self.lines - 1)
            return
        top, bottom = self.region
        empty = [" "] * self.columns
        kept = self.screen[top + 1 : bottom + 1] if by > 0 else self.screen[top:bottom]
        self.screen[top : bottom + 1] = kept + [empty] if by > 0 else [empty] + kept

    def blank(self, y, first, end):
        if y < self.lines:
            for x in range(first, min(end, self.columns)):
                self.screen[y][x] = " "

    def ended(self):
        """The exit status; negative for a signal. The terminal must be as it was."""
        deadline = time.monotonic() + PATIENCE
        while (found := os.waitpid(self.pid, os.WNOHANG))[0] == 0:
            if time.monotonic() > deadline:
                sys.exit(f"it does not end; the screen is:\n{self.text()}")
            self.hear(0.02)
        while select.select([self.master], [], [], 0)[0]:  # its last words
            self.hear(0)
        if termios.tcgetattr(self.slave) != self.before:
            sys.exit("the terminal is not as it was")
        return os.waitstatus_to_exitcode(found[1])
