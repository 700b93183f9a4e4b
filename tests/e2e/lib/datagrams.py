# SPDX-License-Identifier: MIT
"""datagrams.py bound|forged PORT...: datagrams to internal services on 127.0.0.1 as if one service had asked another.

bound   from a socket on 127.0.0.2 that has the port of a service: the asked one, too
forged  from 127.0.0.1 itself, with the ports of the services and reserved ones, made by hand; needs root

Then each service is asked by an ordinary client, whose answer must come. Prints what was asked by whom, and "nothing"
or what came back to those senders: a service takes its datagrams in order, and on loopback what is sent has arrived, so
that by then nothing is on its way any more.
"""
import socket
import struct
import sys
import time

HOST = "127.0.0.1"
RESERVED = (0, 7, 19, 53, 1023)
MARK = 0x5AA5  # stands in the IP header of what is forged


def ask(port):
    """An ordinary client, which asks again when nothing comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        for _ in range(4):
            client.sendto(b"hello", (HOST, port))
            try:
                return client.recv(65536)
            except TimeoutError:
                pass
    sys.exit(f"port {port}: an ordinary client has no answer")


def all_answer(ports):
    for port in ports:
        ask(port)


def bound(ports):
    senders = {}
    for source in ports:
        senders[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        senders[source].bind(("127.0.0.2", source))
        for port in ports:
            senders[source].sendto(b"hello", (HOST, port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ordinary:
        ordinary.bind(("127.0.0.2", 0))
        ordinary.settimeout(20)
        ordinary.sendto(b"hello", (HOST, ports[0]))
        ordinary.recv(65536)
    all_answer(ports)
    came = []
    for source, sender in senders.items():
        sender.setblocking(False)
        try:
            came.append(f"{sender.recvfrom(65536)} to {source}")
        except BlockingIOError:
            pass
    return came


def forge(raw, source, port):
    payload = b"hello"
    udp = struct.pack("!HHHH", source, port, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), MARK, 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton(HOST), socket.inet_aton(HOST))
    raw.sendto(ip + udp, (HOST, 0))


def captured(sniffer, ports):
    """From which port of a service to which other port something was sent, except what was forged."""
    found = set()
    sniffer.setblocking(False)
    while True:
        try:
            packet = sniffer.recv(65536)
        except BlockingIOError:
            return found
        head = (packet[0] & 15) * 4
        source, port = struct.unpack("!HH", packet[head:head + 4])
        if source in ports and struct.unpack("!H", packet[4:6])[0] != MARK:
            found.add((source, port))


def forged(ports):
    sniffer = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for port in ports:
        for source in (*ports, *RESERVED):
            forge(raw, source, port)
    # That forging works shows one with a port to which an answer may go.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind((HOST, 0))
        victim.settimeout(20)
        own = victim.getsockname()[1]
        for port in ports:
            forge(raw, own, port)
            victim.recv(65536)
        all_answer(ports)
        time.sleep(0.2)  # two services that had begun to answer each other would go on
        seen = captured(sniffer, ports)
    missing = [port for port in ports if (port, own) not in seen]
    if missing:
        sys.exit(f"the sniffer has not seen the answers of {missing}")
    return [f"from {source} to {port}" for source, port in sorted(seen) if port in (*ports, *RESERVED)]


def main():
    ports = [int(word) for word in sys.argv[2:]]
    came = {"bound": bound, "forged": forged}[sys.argv[1]](ports)
    print("\n".join(came) if came else "nothing")


main()
