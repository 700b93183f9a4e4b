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

# The mark goes a page down, further, to the end and up again. (A vt100 has no page keys: Control-F is one.)
DOWN = b"\x1bOB"
t.press(DOWN)
t.press(b"\x06jjj")
t.until("as far as the mark", lambda: t.row(23).startswith("5-23 of 32"))
t.press(b"Gjjj")
t.until("at the end", lambda: t.row(23).startswith("14-32 of 32") and t.row(22).startswith("tcpmux"))
t.press(b"g")
t.until("at the top", lambda: t.row(23).startswith("1-19 of 32"))
for key in ("q quit", "? help", "/ filter", "Enter details", "sort: r u f n b"):
    if key not in t.row(23):
        sys.exit(f"no {key!r} in {t.row(23)!r}")

# The service that is marked, with its refusals; help from there, and back to where it was asked for.
t.press(b"\r")
t.until("the service", lambda: t.row(0).startswith("closed  listening  tcp ") and "REFUSED FOR" in t.text()
        and "address 5  last: 127.0.0.1 (address)" in t.text() and "LAST EVENTS" in t.text() and "0 SESSIONS" in t.text())
t.press(b"?")
t.until("help", lambda: t.row(0) == "Keys of xsuperctl top" and "sort by bytes per second" in t.text())
t.press(b"q")
t.until("the service again", lambda: t.row(0).startswith("closed  listening"))
t.press(b"q")
t.until("the table again", lambda: t.row(3).startswith("SERVICE"))

# A filter, which can be corrected while it is typed, and is taken away; the mark before that.
t.press(b"/s0x\x7f")
t.until("typing", lambda: t.row(2).endswith("s0_"))
t.press(b"*\r")
t.until("filtered", lambda: t.row(2) == "9 of 32 services by name, those that match s0*" and t.row(23).startswith("1-9 of 9"))
t.press(b"jj\r")
t.until("another service", lambda: t.row(0).startswith("s02  "))
t.press(b"q\x1b")
t.until("all of them", lambda: t.row(2) == "32 services by name" and t.row(23).startswith("1-19 of 32"))
t.press(b"/nobody\r")
t.until("none", lambda: t.row(23).startswith("no services"))
t.press(b"j\r/" + 6 * b"\x7f" + b"\r")
t.until("all again", lambda: t.row(23).startswith("1-19 of 32"))

t.resize(60, 10)
t.until("smaller", lambda: t.row(9).startswith("1-5 of 32") and t.row(3).startswith("SERVICE"))
t.resize(132, 40)
t.until("greater", lambda: t.row(39).startswith("1-32 of 32") and "STATE" in t.row(3))
t.resize(200, 50)
t.until("wide", lambda: t.row(49).startswith("1-32 of 32") and "SESSIONS" in t.row(3) and "REFUSED FOR" in t.row(3)
        and t.row(49).endswith("space now"))
t.resize(80, 24)
t.until("as before", lambda: t.row(23).startswith("1-19 of 32"))

# A daemon that stands still is told; keys work; it goes on.
os.kill(daemon, signal.SIGSTOP)
t.until("late", lambda: "waiting for the daemon" in t.row(2))
t.press(b"G")
t.until("scrolled meanwhile", lambda: t.row(23).startswith("14-32 of 32"))
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
    t.until("drawn in xterm", lambda: b"? help" in t.seen)
    t.press(b"q")
    expect(t.ended(), 0)
    expect(b"\x1b[32m" in t.seen or b"\x1b[1m\x1b[32m" in t.seen, coloured)
    expect(t.seen.count(b"\x1b[?1049h"), 1)
    expect(t.seen.count(b"\x1b[?1049l"), 1)

# A terminal that is not known, and one that cannot move its cursor, get one screen, and the reason.
for terminal, reason in (("no-such-terminal", b"ncurses does not know the terminal in TERM"),
                         ("dumb", b"the terminal in TERM cannot move its cursor")):
    t = Terminal([xsuperctl, "--socket", path, "top", "--interval", "0.1"], 80, 24, TERM=terminal)
    expect(t.ended(), 0)
    t.until("the reason", lambda: b"instead of the live view: " + reason in t.seen and b"32 services by rate" in t.seen)

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
