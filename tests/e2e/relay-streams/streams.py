# SPDX-License-Identifier: MIT
"""streams.py RELAY TARGET STREAMS BYTES: both sides of a relay, each with a thread to send and one to read. The hash of
what arrives must be that of what was sent. Of each pair one side keeps its last piece until it has seen the end of the
other's stream."""
import hashlib
import random
import socket
import sys
import threading
import time

PATIENCE = 60
relay, target, streams, size = map(int, sys.argv[1:5])
troubles = []


class Side:
    def __init__(self, peer, seed, ends_first):
        self.peer, self.seed, self.ends_first = peer, seed, ends_first
        self.sent, self.came, self.heard_the_end = hashlib.sha256(), hashlib.sha256(), threading.Event()

    def send(self):
        chance, left = random.Random(self.seed), size
        while left > 0:
            piece = chance.randbytes(min(left, chance.choice((1, 700, 20_000, 300_000))))
            if len(piece) == left and not self.ends_first and not self.heard_the_end.wait(PATIENCE):
                troubles.append(f"stream {self.seed}: the other's end does not come")
            self.peer.sendall(piece)
            self.sent.update(piece)
            left -= len(piece)
            if chance.random() < 0.05:
                time.sleep(chance.random() / 100)
        self.peer.shutdown(socket.SHUT_WR)

    def read(self):
        chance = random.Random(-self.seed)
        while piece := self.peer.recv(chance.randrange(1, 200_000)):
            self.came.update(piece)
            if chance.random() < 0.02:
                time.sleep(chance.random() / 100)
        self.heard_the_end.set()


def guarded(work):
    def run():
        try:
            work()
        except OSError as error:
            troubles.append(str(error))
    return threading.Thread(target=run)


pairs = []
with socket.create_server(("127.0.0.1", target)) as listener:
    listener.settimeout(PATIENCE)
    for number in range(streams):
        client = socket.create_connection(("127.0.0.1", relay), timeout=PATIENCE)
        other, _ = listener.accept()
        other.settimeout(PATIENCE)
        pairs.append((Side(client, 2 * number + 1, number % 2 == 0), Side(other, 2 * number + 2, number % 2 == 1)))
threads = [guarded(work) for pair in pairs for side in pair for work in (side.send, side.read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
unchanged = sum((a.came.digest() == b.sent.digest()) + (b.came.digest() == a.sent.digest()) for a, b in pairs)
for pair in pairs:
    for side in pair:
        side.peer.close()
for trouble in troubles:
    print(trouble)
print(f"{unchanged} streams of {size} bytes are unchanged")
