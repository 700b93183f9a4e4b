# SPDX-License-Identifier: MIT
"""drive.py XSUPERCTL SOCKET PORT PIDFILE: a user of `watch` at a terminal."""
import os
import signal
import socket
import sys

from terminal import Terminal

xsuperctl, path, port, daemon = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def expect(got, wanted):
    if got != wanted:
        sys.exit(f"got {got!r} where {wanted!r} was expected")


def watch(*words, **environment):
    return Terminal([xsuperctl, "--socket", path, "watch", "-n", "0.2", *words], 80, 24, **environment)


t = watch("list")
t.until("drawn", lambda: t.row(2).startswith("SERVICE") and t.row(4).startswith("closed"))
expect(t.row(0), f"xsuperctl --socket {path} watch -n 0.2 list")
expect(t.row(23), "q quit  space now  arrows scroll")
socket.create_connection(("127.0.0.1", port)).close()
t.until("another refusal", lambda: t.row(4).split()[6] == "2")

# It follows the size, and scrolls where there is no room.
t.resize(40, 4)
t.until("small", lambda: t.row(2).startswith("SERVICE") and t.row(3).startswith("1-1 of "))
t.press(b"jj")
t.until("scrolled", lambda: t.row(3).startswith("3-3 of "))
t.press(b"G")
t.until("the end", lambda: t.row(3).split()[0].split("-")[1] == t.row(3).split()[2])
t.resize(200, 50)
t.until("as before", lambda: t.row(4).startswith("closed") and t.row(49) == "q quit  space now  arrows scroll")

# Keys are heard while the daemon stands still, and what it said last stays to be seen.
os.kill(daemon, signal.SIGSTOP)
t.until("late", lambda: t.row(1).startswith("no answer for ") and t.row(4).startswith("closed"))
t.press(b"q")
expect(t.ended(), 0)
os.kill(daemon, signal.SIGCONT)

t = watch("show", "lcosed")
t.until("the status", lambda: t.row(1).endswith("exit status 1") and "did you mean 'closed'?" in t.text())
os.kill(t.pid, signal.SIGTERM)
expect(t.ended(), -signal.SIGTERM)
t = watch("list")
t.until("drawn", lambda: t.row(4).startswith("closed"))
t.press(b"\x03")
expect(t.ended(), -signal.SIGINT)

for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
    t = watch("list", TERM="xterm-256color", **environment)
    t.until("drawn in xterm", lambda: b"q quit" in t.seen)
    t.press(b"\x1b")
    expect(t.ended(), 0)
    expect(b"\x1b[32m" in t.seen, coloured)

t = watch("list", TERM="dumb")
t.until("as text", lambda: b"one answer after the other: the terminal in TERM cannot move its cursor" in t.seen
        and t.seen.count(b"SERVICE") > 1)
t.press(b"\x03")
expect(t.ended(), -signal.SIGINT)
