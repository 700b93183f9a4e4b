# SPDX-License-Identifier: MIT
"""A Local API of CrowdSec, as far as a bouncer that asks for the stream of decisions sees it: lapi.py PORT STATE LOG.

The file STATE has JSON: "decisions" by address, "key", and "mode", which is good, slow, hang, lie, endless, or a status. What has
changed in it since the last answer is what an answer without startup has. Each request leaves its target in LOG.
"""
import json, socket, sys, threading, time

PORT, STATE, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3]
LIES = [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"new\":[", b"\0\xff" * 5000,
        b"HTTP/1.1 200 OK\r\n\r\n{\"new\":" + b"[" * 10_000]
told, lies, lock = {}, 0, threading.Lock()


def decision(value, one, duration):
    scope = "Range" if "/" in value else "Ip"
    return {"duration": duration, "id": 1, "origin": "cscli", "scenario": one.get("scenario", "crowdsecurity/ssh-bf"), "scope": one.get("scope", scope),
            "type": one.get("type", "ban"), "value": value}


def stream(all, startup):
    """As the real one has it: what was told before, and is gone or changed, is deleted."""
    gone = [decision(value, one, "-1s") for value, one in told.items() if all.get(value) != one]
    new = [decision(value, one, one["duration"]) for value, one in all.items() if startup or told.get(value) != one]
    told.clear()
    told.update(all)
    return json.dumps({"new": new or None, "deleted": gone or None}).encode()


def answer(peer, head, state):
    global lies
    lines = head.split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    with lock:
        with open(LOG, "a") as log:
            print(lines[0].split()[1], file=log)
        mode = state["mode"]
        if fields.get("x-api-key") != state["key"] or not fields.get("user-agent", "").startswith("xsuperd/"):
            mode = "403"
        if mode == "lie":
            lies += 1
            return peer.sendall(LIES[lies % len(LIES)])
        if mode == "endless":
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"new":[')
            while True:
                peer.sendall(b" " * 100_000)
        if mode == "hang":
            return time.sleep(60)
        if mode == "slow":
            time.sleep(2)
        status, body = ("200 OK", stream(state["decisions"], "startup=true" in lines[0])) if mode in ("good", "slow") else (f"{mode} No", b'{"message":"no"}')
        half = len(body) // 2
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:half], body[half:]) if piece)
    peer.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n")
    return mode in ("good", "slow")


def serve(peer):
    with peer:
        head = b""
        try:
            while piece := peer.recv(65536):
                head += piece
                while b"\r\n\r\n" in head:
                    one, _, head = head.partition(b"\r\n\r\n")
                    with open(STATE) as file:
                        state = json.load(file)
                    if not answer(peer, one.decode(), state):
                        return
        except OSError:
            pass


with socket.create_server(("127.0.0.1", PORT)) as listener:
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
