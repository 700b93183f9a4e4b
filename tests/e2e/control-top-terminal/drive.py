# SPDX-License-Identifier: MIT
"""drive.py XSUPERCTL SOCKET PORT PIDFILE: a user of `top` at a terminal of 80 columns and 24 lines."""
import os
import signal
import socket
import sys

from terminal import Terminal

xsuperctl, path, port, daemon = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def expect(got, wanted):
    if got != wanted:
        sys.exit(f"got {got!r} where {wanted!r} was expected")


def top(**environment):
    t = Terminal([xsuperctl, "--socket", path, "top", "--interval", "0.2"], 80, 24, **environment)
    t.until("drawn", lambda: t.row(23).startswith("1-19 of 32"))
    return t


t = top()
expect(t.row(2), "32 services by rate")
expect(t.row(3).split()[0], "SERVICE")

# Requests that are refused make the service the first; by name it is the first anyway, so that another order is told.
for _ in range(5):
    socket.create_connection(("127.0.0.1", port)).close()
t.until("refused", lambda: "5 address" in t.row(4) and t.row(4).startswith("closed"))

t.press(b"n")
t.until("by name", lambda: t.row(2) == "32 services by name" and t.row(5).startswith("s01"))
t.press(b"u")
t.until("by running", lambda: t.row(2) == "32 services by running")
t.press(b"x")
t.until("by refused", lambda: t.row(2) == "32 services by refused" and t.row(4).startswith("closed"))
t.press(b"n")
t.until("by name again", lambda: t.row(5).startswith("s01"))

# Arrow down, a page down and beyond the end, up again. (A vt100 has no page keys: Control-F is one.)
t.press(b"\x1bOB")
t.until("one down", lambda: t.row(4).startswith("s01"))
t.press(b"\x06jjj")
t.until("at the end", lambda: t.row(23).startswith("14-32 of 32") and t.row(22).startswith("tcpmux"))
t.press(b"g")
t.until("at the top", lambda: t.row(23).startswith("1-19 of 32"))

t.resize(60, 10)
t.until("smaller", lambda: t.row(9).startswith("1-5 of 32") and t.row(3).startswith("SERVICE"))
t.resize(132, 40)
t.until("greater", lambda: t.row(39).startswith("1-32 of 32") and "STATE" in t.row(3))
t.resize(80, 24)
t.until("as before", lambda: t.row(23).startswith("1-19 of 32"))

# A daemon that stands still is told; keys work; it goes on.
os.kill(daemon, signal.SIGSTOP)
t.until("late", lambda: "waiting for the daemon" in t.row(2))
t.press(b"\x1bOB")
t.until("scrolled meanwhile", lambda: t.row(4).startswith("s01"))
os.kill(daemon, signal.SIGCONT)
t.until("back", lambda: t.row(2) == "32 services by name")

# Neither does an upgrade end it: the script has a go at one as soon as this is there.
open("upgrade-now", "w").close()
t.until("an upgrade", lambda: os.path.exists("upgraded"))
t.until("up to date", lambda: t.row(2) == "32 services by name")
socket.create_connection(("127.0.0.1", port)).close()
t.press(b"x ")
t.until("still counting", lambda: "6 address" in t.row(4))
t.press(b"q")
expect(t.ended(), 0)

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    t = top()
    os.kill(t.pid, number)
    expect(t.ended(), -number)
t = top()
t.press(b"\x03")
expect(t.ended(), -signal.SIGINT)

# Colours, and the other screen while it runs, where the terminal has them; NO_COLOR is heard.
for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
    t = Terminal([xsuperctl, "--socket", path, "top"], 80, 24, TERM="xterm-256color", **environment)
    t.until("drawn in xterm", lambda: b"arrows scroll" in t.seen or b"space now" in t.seen)
    t.press(b"q")
    expect(t.ended(), 0)
    expect(b"\x1b[32m" in t.seen or b"\x1b[1m\x1b[32m" in t.seen, coloured)
    expect(t.seen.count(b"\x1b[?1049h"), 1)
    expect(t.seen.count(b"\x1b[?1049l"), 1)

# A terminal that is not known gets one screen, and the reason.
t = Terminal([xsuperctl, "--socket", path, "top", "--interval", "0.1"], 80, 24, TERM="no-such-terminal")
expect(t.ended(), 0)
t.until("the reason", lambda: b"instead of the live view: ncurses does not know the terminal in TERM" in t.seen and b"32 services by rate" in t.seen)

# The daemon goes away and comes back with counters that begin anew; it goes away again, and q works.
t = top()
open("stop-now", "w").close()
t.until("gone", lambda: "no daemon answers at" in t.row(2))
open("start-now", "w").close()
t.until("back", lambda: t.row(2) == "32 services by rate" and "address" not in t.text())
t.until("counting", lambda: t.row(1).startswith("accepted 0/s"))
open("stop-again", "w").close()
t.until("gone again", lambda: "no daemon answers at" in t.row(2))
t.press(b"q")
expect(t.ended(), 0)
