# SPDX-License-Identifier: MIT
"""Holds up who executes FILE: as long as this runs it has a lease on it, and the kernel lets nobody else open that
(fcntl(2), F_SETLEASE). Says "held", or "impossible"; ends, and gives the file free, on SIGTERM."""
import errno
import fcntl
import signal
import sys
import time

signal.signal(signal.SIGIO, signal.SIG_IGN)  # somebody wants to open it
held = open(sys.argv[1], "rb")
for _ in range(1000):
    try:
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        break
    except OSError as error:
        if error.errno != errno.EAGAIN:  # not "it is still being executed"
            print("impossible", error, flush=True)
            sys.exit(1)
    time.sleep(0.02)
else:
    print("impossible: somebody else has it open", flush=True)
    sys.exit(1)
print("held", flush=True)
signal.pause()
