# SPDX-License-Identifier: MIT
"""hostile_names.py MODE: a name server of 127.0.0.1, port 53, by UDP and TCP, whose answers are made to do harm. Prints
"ready". What it is asked for is the name of 127.0.0.1, and addresses of names; where a mode leaves one of the two alone,
127.0.0.1 is good.example.org, and back.

fair            nothing else
longest-name    the name has 255 bytes, the most there can be, and leads back
long-name       it has 320 bytes
control-bytes   it has escapes of a terminal, line ends, and words of printf
dots-in-label   it is the single label "good.example.org", and another "x.good" before "example.org"
many-names      500 names
many-addresses  the name has 4,000 addresses, of which the last leads back; by TCP
loop-itself     a name that points to itself
loop-pair       names that point to each other
loop-forward    a name that points behind the end
chain           the name is an alias of an alias ... of 200
alias-loop      the name is an alias of an alias of itself
alias-odd       the name is an alias of one of control characters
silent-tcp      cut off, to be asked for by TCP, where nothing comes
half-tcp        the same, and there the half of an answer comes
false-length    the same, and there a length comes that is not true
reset-tcp       the same, and there the connection is reset
late            the answers come after seven seconds
other-question  they answer another question
other-number    they have another number
short-record    their records end before they should
many-counted    they claim 65,535 records and have none
empty           they have no byte
header-half     they have five
no-end          the name has no end, and the datagram 65,000 bytes
"""
import contextlib
import random
import socket
import struct
import sys
import threading
import time

ODD = b"bad\x1b]0;title\x07\x1b[2J\n26/1/1@00:00:00: START\t%n%s%m\xff\xfe\xc0\x80\x7f"
GOOD = [b"good", b"example", b"org"]
PTR, A, CNAME = 12, 1, 5
HOME = socket.inet_aton("127.0.0.1")


def labels(name):
    return b"".join(bytes([len(part)]) + part for part in name) + b"\0"


def record(owner, kind, data):
    return owner + struct.pack("!HHIH", kind, 1, 5, len(data)) + data


ASKED = b"\xc0\x0c"
LONGEST = [b"l" * 63, b"o" * 63, b"n" * 63, b"g" * 49, *GOOD[1:]]  # 255 bytes on the wire
TOO_LONG = [b"l" * 63] * 5 + GOOD[1:]
CHAIN = [[b"alias%d" % number, *GOOD[1:]] for number in range(200)]


def names(mode, at):
    """The records that tell the name of 127.0.0.1; `at` is where the first of them will be."""
    data_at = at + 12
    wrong = {
        "longest-name": [labels(LONGEST)],
        "long-name": [labels(TOO_LONG)],
        "control-bytes": [labels([ODD[:60], *GOOD[1:]])],
        "dots-in-label": [labels([b"good.example.org"]), labels([b"x.good", *GOOD[1:]])],
        "many-names": [labels([b"name%d" % number, *GOOD[1:]]) for number in range(500)],
        "loop-itself": [struct.pack("!H", 0xC000 | data_at)],
        "loop-pair": [b"\x04good" + struct.pack("!H", 0xC000 | (data_at + 7)) + struct.pack("!H", 0xC000 | data_at)],
        "loop-forward": [b"\x04good\xff\xff"],
        "no-end": [b"\x3f" + b"e" * 63] * 1,
    }
    return [record(ASKED, PTR, data) for data in wrong.get(mode, [labels(GOOD)])]


def addresses(mode):
    if mode == "many-addresses":
        far = [struct.pack("!BBH", 10, 66, number) for number in range(3999)]
        return [record(ASKED, A, data) for data in [*far, HOME]]
    if mode == "chain":
        owners = [ASKED, *(labels(name) for name in CHAIN)]
        return [record(owner, CNAME, to) for owner, to in zip(owners, owners[1:])] + [record(owners[-1], A, HOME)]
    if mode == "alias-loop":
        return [record(ASKED, CNAME, labels(CHAIN[0])), record(labels(CHAIN[0]), CNAME, ASKED)]
    if mode == "alias-odd":
        odd = labels([ODD[:60], *GOOD[1:]])
        return [record(ASKED, CNAME, odd), record(odd, A, HOME)]
    return [record(ASKED, A, HOME)]


def reply(query, mode):
    end = query.index(b"\0", 12) + 1
    question = query[12:end + 4]
    kind = struct.unpack("!H", query[end:end + 2])[0]
    number = query[:2]
    if mode == "other-number":
        number = random.randbytes(2)
    if mode == "other-question":
        question = labels([b"other", *GOOD[1:]]) + question[-4:]
    found = []
    if kind == PTR and query[12:].startswith(b"\x011\x010\x010\x03127"):
        found = names(mode, 12 + len(question))
    elif kind == A:
        found = addresses(mode)
    count = len(found)
    if mode == "many-counted":
        found, count = [], 65535
    data = b"".join(found)
    if mode == "short-record":
        data = data[:-5]
    if mode == "no-end" and kind == PTR:
        data = data[:10] + struct.pack("!H", 64000) + (b"\x3f" + b"e" * 63) * 1000
    return number + struct.pack("!HHHHH", 0x8580, 1, count, 0, 0) + question + data


def cut(query):
    end = query.index(b"\0", 12) + 5
    return query[:2] + struct.pack("!HHHHH", 0x8780, 1, 0, 0, 0) + query[12:end]


def by_datagram(server, query, peer, mode):
    if mode == "late":
        time.sleep(7)
    whole = reply(query, mode)
    if mode == "empty":
        whole = b""
    elif mode == "header-half":
        whole = whole[:5]
    elif mode.endswith("-tcp") or mode == "false-length" or (len(whole) > 512 and mode != "no-end"):
        whole = cut(query)
    with contextlib.suppress(OSError):
        server.sendto(whole, peer)


def by_stream(peer, mode):
    with peer, contextlib.suppress(OSError, struct.error):
        while length := peer.recv(2, socket.MSG_WAITALL):
            whole = reply(peer.recv(struct.unpack("!H", length)[0], socket.MSG_WAITALL), mode)
            if mode == "silent-tcp":
                time.sleep(3600)
            if mode == "reset-tcp":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if mode == "half-tcp":
                peer.sendall(struct.pack("!H", len(whole)) + whole[:len(whole) // 2])
                time.sleep(3600)
            peer.sendall(struct.pack("!H", 65535 if mode == "false-length" else len(whole)) + whole)


def streams(mode):
    server = socket.create_server(("127.0.0.1", 53), backlog=100)
    while True:
        threading.Thread(target=by_stream, args=(server.accept()[0], mode), daemon=True).start()


def main(mode):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=streams, args=(mode,), daemon=True).start()
    print("ready", flush=True)
    while True:
        query, peer = server.recvfrom(4096)
        threading.Thread(target=by_datagram, args=(server, query, peer, mode), daemon=True).start()


main(sys.argv[1])
