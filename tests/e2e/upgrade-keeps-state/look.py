# SPDX-License-Identifier: MIT
"""Run by the daemon: tells what it was given."""
import os
import resource

for name in sorted(os.environ):
    print(name, os.environ[name])
mask = os.umask(0)
print(f"umask {mask:03o}, files {resource.getrlimit(resource.RLIMIT_NOFILE)}, nice {os.nice(0)}, in {os.getcwd()}")
for number in range(3, 100):
    try:
        print(number, os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
with open("/proc/self/status", encoding="ascii") as status:
    print(*[line.strip() for line in status if line.startswith(("SigBlk", "SigIgn", "CapEff", "NoNewPrivs"))])
