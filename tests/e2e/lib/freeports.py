# SPDX-License-Identifier: MIT
"""freeports.py N: prints N ports that are free for TCP and UDP, IPv4 and IPv6, outside of the ephemeral range. Of cases that
run at the same time each has its part of that, which SLOT and SLOTS in the environment say."""
import os
import random
import socket
import sys


def free(port):
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                probe = socket.socket(family, kind)
            except OSError:
                continue  # no IPv6 here
            with probe:
                try:
                    if family == socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind((address, port))
                except OSError as error:
                    if family == socket.AF_INET6 and error.errno == 99:  # IPv6 is switched off
                        continue
                    return False
    return True


wanted = int(sys.argv[1])
found = []
candidates = list(range(10000 + int(os.environ.get("SLOT", 0)), 32000, int(os.environ.get("SLOTS", 1))))
random.shuffle(candidates)
for candidate in candidates:
    if free(candidate):
        found.append(str(candidate))
    if len(found) == wanted:
        break
print(*found)
