# SPDX-License-Identifier: MIT
"""wait.py XSUPERCTL SOCKET DAEMON: what takes longer than a second says so on a terminal, and takes it away again."""
import os
import signal
import subprocess
import sys

from terminal import Terminal

xsuperctl, path, daemon = sys.argv[1], sys.argv[2], int(sys.argv[3])


def expect(got, wanted):
    if got != wanted:
        sys.exit(f"got {got!r} where {wanted!r} was expected")


os.kill(daemon, signal.SIGSTOP)
t = Terminal([xsuperctl, "--socket", path, "list", "one"], 80, 24)
t.until("told", lambda: t.row(0).startswith("waiting for the daemon, 1s"))
os.kill(daemon, signal.SIGCONT)
expect(t.ended(), 0)
t.until("the answer in its place", lambda: t.row(0).startswith("SERVICE") and "waiting" not in t.text())

# Neither is there anything of it where there is no terminal.
os.kill(daemon, signal.SIGSTOP)
silent = subprocess.Popen([xsuperctl, "--socket", path, "list", "one"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
try:
    silent.wait(1.5)
except subprocess.TimeoutExpired:
    pass
os.kill(daemon, signal.SIGCONT)
expect(silent.communicate()[1], b"")
