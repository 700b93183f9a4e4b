# SPDX-License-Identifier: MIT
"""echo_target.py PORT: sends back what comes on any address, at most so much that it can be written at once. Prints
"ready" first. For connections of small messages, many of them."""
import resource
import select
import socket
import sys

_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", int(sys.argv[1])))
listener.listen(4096)
listener.setblocking(False)
poll = select.epoll()
poll.register(listener, select.EPOLLIN)
peers = {}
print("ready", flush=True)
while True:
    for fd, _ in poll.poll():
        if fd == listener.fileno():
            try:
                while True:
                    peer, _ = listener.accept()
                    peer.setblocking(False)
                    peers[peer.fileno()] = peer
                    poll.register(peer, select.EPOLLIN)
            except BlockingIOError:
                continue
        try:
            data = peers[fd].recv(65536)
            if data:
                peers[fd].send(data)
                continue
        except BlockingIOError:
            continue
        except OSError:
            pass
        peers.pop(fd).close()
