# SPDX-License-Identifier: MIT
"""proxy_client.py FROM PORT HEADER DATA: a proxy that speaks the PROXY protocol.

Connects from the address FROM to 127.0.0.1, sends HEADER and DATA in one piece, ends its sending side, and prints what comes
until the end, or "closed" or "reset" if that is nothing.

HEADER is v1:CLIENT:PORT:CALLED:PORT, v2:..., unknown, local, none, or hex:BYTES; a "+" behind v2:... adds TLVs. Addresses of
IPv6 stand in brackets. With "/" in front of HEADER it is sent byte by byte, each in a packet of its own.
"""
import ipaddress
import re
import socket
import sys
import time

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def tlv(kind, value):
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


TLVS = tlv(0x02, b"www.example.org") + tlv(0x05, b"unique") + tlv(0x20, b"\x07\0\0\0\0" + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"a client"))


def v2(command, transport, body):
    return SIGNATURE + bytes([0x20 | command, transport]) + len(body).to_bytes(2, "big") + body


def header(word):
    if word == "none":
        return b""
    if word == "unknown":
        return b"PROXY UNKNOWN\r\n"
    if word == "local":
        return v2(0, 0, b"")
    if word.startswith("hex:"):
        return bytes.fromhex(word[4:])
    version, client, client_port, called, called_port, more = re.fullmatch(
        r"(v[12]):\[?([^\[\]]+?)\]?:(\d+):\[?([^\[\]]+?)\]?:(\d+)(\+?)", word).groups()
    one, two = ipaddress.ip_address(client), ipaddress.ip_address(called)
    if version == "v1":
        return f"PROXY TCP{one.version} {one} {two} {client_port} {called_port}\r\n".encode()
    body = one.packed + two.packed + int(client_port).to_bytes(2, "big") + int(called_port).to_bytes(2, "big")
    return v2(1, 0x11 if one.version == 4 else 0x21, body + (TLVS if more else b""))


def main():
    source, port, word, data = sys.argv[1:5]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=20, source_address=(source, 0)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        try:
            if word.startswith("/"):
                for byte in header(word[1:]):
                    peer.sendall(bytes([byte]))
                    time.sleep(0.002)
                peer.sendall(data.encode())
            else:
                peer.sendall(header(word) + data.encode())
            peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(65536):
                received += piece
        except OSError:  # or that there is no connection any more
            received = received or b"reset"
        sys.stdout.buffer.write(received or b"closed")


main()
