# SPDX-License-Identifier: MIT
"""client.py PORT WHAT [OPTION...]: a client of TLS, which prints what it comes to.

WHAT  talk    sends the lines of --say, says in TLS that it has finished, and prints what comes until the server's end
      cut     sends them and closes the connection without a word
      late    says nothing until a line comes on standard input, and then does as talk
      plain   sends a line without TLS, and prints whether an alert came
      big     asks for much and reads it slowly; prints how much came, and whether all of it was right
      shown   prints the common name of the certificate
"""
import argparse
import socket
import ssl
import sys
import time

PATIENCE = 20


class Peer:
    """TLS over memory, so that each half can be closed by itself."""

    def __init__(self, arguments):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(arguments.ca)
        context.check_hostname = False
        if arguments.version:
            version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[arguments.version]
            context.minimum_version = context.maximum_version = version
        if arguments.cert:
            context.load_cert_chain(arguments.cert)
        self.socket = socket.create_connection(("127.0.0.1", arguments.port), timeout=PATIENCE)
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.kept = b""
        self.tls = context.wrap_bio(self.come, self.go, server_hostname=arguments.name)

    def until(self, step):
        """What `step` returns, as soon as enough has come."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.send()
                self.receive()
            finally:
                self.send()

    def send(self):
        if self.go.pending:
            self.socket.sendall(self.go.read())

    def receive(self):
        data = self.socket.recv(65536)
        self.come.write(data) if data else self.come.write_eof()

    def say(self, text):
        self.tls.write(text)
        self.send()

    def finish(self):
        """Says that nothing more will come, and goes on listening. Data that has come already, unwrap() takes for an error."""
        try:
            while piece := self.tls.read(65536):
                self.kept += piece
        except ssl.SSLWantReadError:
            pass
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.send()

    def rest(self):
        data = self.kept
        while True:
            try:
                piece = self.until(lambda: self.tls.read(65536))
            except ssl.SSLZeroReturnError:
                return data
            if not piece:
                return data
            data += piece


def big(peer):
    peer.say(b"big\n")
    got = b""
    while len(got) < 1000:
        got += peer.until(lambda: peer.tls.read(4096))
    time.sleep(0.3)
    peer.finish()
    got += peer.rest()
    line, zeros = got.split(b"\n", 1)
    print(len(zeros), zeros == bytes(3000000) + b"no more\n")


def plain(port):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        peer.sendall(b"hello\n")
        got = b""
        while piece := peer.recv(100):
            got += piece
        print("nothing" if not got or (got[:2] == b"\x15\x03" and len(got) == 7) else got)  # but an alert, perhaps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("what")
    parser.add_argument("--ca", default="ca.pem")
    parser.add_argument("--cert")
    parser.add_argument("--version")
    parser.add_argument("--name")
    parser.add_argument("--say", default="hello")
    arguments = parser.parse_args()
    if arguments.what == "plain":
        return plain(arguments.port)
    peer = Peer(arguments)
    if arguments.what == "late":
        print("connected", flush=True)
        sys.stdin.readline()
    try:
        peer.until(peer.tls.do_handshake)
        if arguments.what == "big":
            return big(peer)
        if arguments.what == "shown":
            return print(dict(pair[0] for pair in peer.tls.getpeercert()["subject"])["commonName"])
        for line in arguments.say.split(","):
            peer.say(line.encode() + b"\n")
        if arguments.what == "cut":
            return peer.socket.close()
        peer.finish()
        print(peer.tls.version(), peer.rest().decode(), end="")
    except (ssl.SSLError, ConnectionError) as why:
        print("refused", getattr(why, "reason", None) or type(why).__name__)


main()
