# SPDX-License-Identifier: MIT
"""crowd.py PORT NUMBER OTHER: connects so many times to one port; meanwhile another service has to answer in time."""
import resource
import socket
import sys

port, number, other = map(int, sys.argv[1:])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
crowd = []
for i in range(number):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(('127.0.0.1', port))
    crowd.append(one)
    if i % 100 == 99:
        with socket.create_connection(('127.0.0.1', other), timeout=5) as asked:
            asked.sendall(b'x\n')
            assert asked.recv(2) == b'x\n', 'another service does not answer'
