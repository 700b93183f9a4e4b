# SPDX-License-Identifier: MIT
"""The clients of the soak: what each of them does to a service, and what it counts."""
import collections
import multiprocessing
import random
import socket
import threading
import time

PATIENCE = 40  # a start that fails is tried again for 25 seconds


class Gone(Exception):
    """The connection ended before all of the answer was there."""


def everything(peer):
    came = b""
    while piece := peer.recv(65536):
        came += piece
    return came


def dial(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0))


def conversation(peer, turns):
    """Sends and wants it back, a few times."""
    for _ in range(turns):
        message = random.randbytes(random.randrange(1, 3000))
        peer.sendall(message)
        came = b""
        while len(came) < len(message):
            piece = peer.recv(65536)
            if not piece:
                raise Gone
            came += piece
        if came != message:
            raise AssertionError("another answer than was sent")


def mirrored(port):
    with dial(port) as peer:
        conversation(peer, random.randrange(1, 6))
        if random.random() < 0.5:
            peer.shutdown(socket.SHUT_WR)
            if everything(peer):
                raise AssertionError("bytes after the end")


def told(port, wanted=b"hello\n"):
    with dial(port) as peer:
        if everything(peer) != wanted:
            raise Gone


def some(port):
    """Takes a little of a stream that has no end, or leaves at once."""
    with dial(port) as peer:
        if random.random() < 0.7 and not peer.recv(random.randrange(1, 5000)):
            raise Gone


def left(port):
    """Connects and goes away without a word; sometimes by a reset."""
    with dial(port) as peer:
        if random.random() < 0.5:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def either(port):
    (mirrored if random.random() < 0.8 else left)(port)


def refused(port, source="127.0.0.1"):
    with dial(port, source) as peer:
        try:
            if everything(peer):
                raise AssertionError("a refused client got something")
        except ConnectionResetError:
            pass


def maybe_refused(port):
    """Of a service with limits, or whose program is not always there."""
    with dial(port) as peer:
        try:
            peer.sendall(b"x")
            peer.recv(1)
            time.sleep(random.random() / 20)
        except OSError:
            pass


def multiplexed(port):
    """Asks tcpmux for a service, or for one that there is not."""
    known = random.random() < 0.8
    with dial(port) as peer:
        peer.sendall(b"muxed\r\n" if known else random.randbytes(20).hex().encode() + b"\r\n")
        answer = everything(peer)
        if not answer:
            raise Gone
        if (answer[:1] == b"+") != known:
            raise AssertionError(f"tcpmux said {answer!r}")


def datagram(port):
    """Echo: what comes back must be what was sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(PATIENCE)
        message = random.randbytes(random.randrange(0, 1400))
        # Connected, so that nobody else's datagrams come.
        peer.connect(("127.0.0.1", port))
        peer.send(message)
        if peer.recv(65536) != message:
            raise AssertionError("another datagram than was sent")


def waiting_datagram(port):
    """A wait = yes server may end with the datagram in its queue and lose it: it is asked again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", port))
        peer.settimeout(2)
        for _ in range(PATIENCE // 2):
            try:
                peer.send(b"datagram")
                if peer.recv(65536) != b"datagram":
                    raise AssertionError("another datagram than was sent")
                return
            except TimeoutError:
                pass
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise Gone


def without_port(port):
    """A service that comes and goes, or that a rate limit closes."""
    with socket.socket() as peer:
        peer.settimeout(PATIENCE)
        try:
            peer.connect(("127.0.0.1", port))
            peer.sendall(b"word")
            peer.shutdown(socket.SHUT_WR)
            everything(peer)
        except OSError:
            pass


def harmful(port):
    """Of a server that does harm: whatever comes will do, and it need not come."""
    with socket.socket() as peer:
        peer.settimeout(3)
        try:
            peer.connect(("127.0.0.1", port))
            peer.sendall(b"word")
            peer.recv(65536)
        except OSError:
            pass


def harmful_datagram(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(0.5)
        try:
            peer.connect(("127.0.0.1", port))
            peer.send(b"word")
            peer.recv(65536)
        except OSError:
            pass


def stranger(port):
    """Of a service that admits others alone, whatever its servers have done to the socket: nothing may come."""
    with socket.socket() as peer:
        peer.settimeout(1)
        peer.bind(("127.0.7.7", 0))
        try:
            peer.connect(("127.0.0.1", port))
            if peer.recv(1):
                raise AssertionError("a stranger was served")
        except OSError:
            pass


def guarded(port):
    (stranger if random.random() < 0.5 else harmful)(port)


# What a client does to the service of that name; how often, compared with the others.
DOES = {
    "mirror": (either, 8), "teller": (told, 6), "waiting": (mirrored, 3), "waiting-dgram": (waiting_datagram, 2),
    "echo-stream": (either, 8), "echo-dgram": (datagram, 8), "chargen": (some, 4), "relayed": (either, 8),
    "tcpmux": (multiplexed, 6), "refused": (refused, 6), "limited": (maybe_refused, 5), "absent": (maybe_refused, 3),
    "rated": (without_port, 3), "guest": (without_port, 3), "trap": (None, 0),
    "harm-stream": (harmful, 1), "harm-waiting": (harmful, 1), "harm-dgram": (harmful_datagram, 1),
    "harm-guarded": (guarded, 1),
}


class Load:
    """Processes of clients, which work between `go` and `rest`."""

    def __init__(self, ports, processes, threads):
        self.ports = ports
        self.working, self.ending = multiprocessing.Event(), multiprocessing.Event()
        self.busy, self.results = multiprocessing.Value("i"), multiprocessing.SimpleQueue()
        self.processes = [multiprocessing.Process(target=self.run, args=(threads,), daemon=True)
                          for _ in range(processes)]
        self.counts = collections.Counter()
        for process in self.processes:
            process.start()

    def run(self, threads):
        counts, lock = collections.Counter(), threading.Lock()
        names = list(DOES)
        weights = [DOES[name][1] for name in names]

        def client():
            while not self.ending.is_set():
                if not self.working.wait(0.2):
                    continue
                with self.busy.get_lock():
                    self.busy.value += 1
                try:
                    own = collections.Counter()
                    while self.working.is_set():
                        one(random.choices(names, weights)[0], own)
                        time.sleep(random.random() / 50)
                    self.results.put(own)
                finally:
                    with self.busy.get_lock():
                        self.busy.value -= 1

        def one(name, own):
            own[name, "asked"] += 1
            try:
                DOES[name][0](self.ports[name])
            except AssertionError as error:
                own[name, f"wrong: {error}"] += 1
            except TimeoutError:
                own[name, "without an answer"] += 1
            except (Gone, OSError) as error:
                own[name, f"lost: {type(error).__name__}"] += 1

        crowd = [threading.Thread(target=client) for _ in range(threads)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()

    def go(self):
        self.working.set()

    def rest(self):
        """Ends the work, and waits for what is under way. What all have counted is in `counts` then."""
        self.working.clear()
        deadline = time.monotonic() + 2 * PATIENCE
        while self.busy.value or not self.results.empty():
            if time.monotonic() > deadline:
                raise SystemExit("FAILED: clients do not come to an end")
            while not self.results.empty():
                self.counts += self.results.get()
            time.sleep(0.02)

    def end(self):
        self.ending.set()
        for process in self.processes:
            process.join(10)
