# SPDX-License-Identifier: MIT
"""Holds sessions with echoing servers: sessions.py COUNT PORT...; each line on stdin has every session send something
and wait for it to come back; then "all" is printed, or what went wrong."""
import socket
import sys

count, ports = int(sys.argv[1]), [int(p) for p in sys.argv[2:]]
sessions = [socket.create_connection(('127.0.0.1', ports[i % len(ports)]), 20) for i in range(count)]
for line in sys.stdin:
    try:
        for i, s in enumerate(sessions):
            s.sendall(b'%d %s' % (i, line.encode()))
        for i, s in enumerate(sessions):
            wanted, got = b'%d %s' % (i, line.encode()), b''
            while len(got) < len(wanted):
                piece = s.recv(100)
                if not piece:
                    raise ConnectionError('session %d has ended' % i)
                got += piece
            if got != wanted:
                raise ConnectionError('session %d got %r' % (i, got))
        print('all', flush=True)
    except OSError as e:
        print(e, flush=True)
