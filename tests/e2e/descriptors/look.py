# SPDX-License-Identifier: MIT
"""Run by the daemon: tells what it was given."""
import os

numbers = sorted(int(name) for name in os.listdir("/proc/self/fd"))
there = []
for number in numbers:
    try:
        os.fstat(number)
        there.append(str(number))
    except OSError:
        pass  # what listdir had open
ends = {os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)}
print("descriptors:", *there)
print("one socket:", len(ends) == 1 and next(iter(ends)).startswith("socket:"))
print("folder:", os.getcwd())
print("own session:", os.getsid(0) == os.getpid())
