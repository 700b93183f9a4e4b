# SPDX-License-Identifier: MIT
"""A store that is not as it should be: store.py PORT lie|hang|slow [REAL].

lie answers whatever comes with something else each time, hang says nothing, and slow passes on to the real one at port REAL,
and each answer two seconds later.
"""
import selectors, socket, sys, threading, time

LIES = [b"HTTP/1.1 200 OK\r\n\r\n", b"*2147483647\r\n", b"$536870912\r\n" + b"x" * 4_000_000, b"*1\r\n" * 1000, b"+OK\r\n" * 10_000, b"\0\xff" * 1000,
        b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n" + b"*2\r\n$1\r\n9\r\n*1\r\n$4\r\nself\r\n" * 100]


def lie(peer, number):
    peer.recv(4096)
    peer.sendall(LIES[number % len(LIES)])
    time.sleep(0.2)


def hang(peer, number):
    while peer.recv(4096):
        pass


def slow(peer, number):
    with socket.create_connection(("127.0.0.1", int(sys.argv[3]))) as real, selectors.DefaultSelector() as both:
        both.register(peer, selectors.EVENT_READ, real)
        both.register(real, selectors.EVENT_READ, peer)
        while True:
            for key, _ in both.select():
                data = key.fileobj.recv(65536)
                if not data:
                    return
                if key.fileobj is real:
                    time.sleep(2)
                key.data.sendall(data)


def serve(peer, number):
    with peer:
        try:
            {"lie": lie, "hang": hang, "slow": slow}[sys.argv[2]](peer, number)
        except OSError:
            pass


with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print("ready", flush=True)
    number = 0
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], number // 2), daemon=True).start()
        number += 1
