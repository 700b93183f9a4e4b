# SPDX-License-Identifier: MIT
"""drive.py XSUPERCTL SOCKET PORT CLOSED DAEMON: 50 followers whose output nobody reads, and 50 who do not read the answer itself."""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

xsuperctl, path, port, closed, daemon = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
FOLLOWERS, PATIENCE, KEPT = 50, 60, 1_000
TICK = os.sysconf("SC_CLK_TCK")


def ctl(*words):
    return json.loads(subprocess.run([xsuperctl, "--socket", path, "--json", *words], check=True, stdout=subprocess.PIPE).stdout)


def ask(arguments):
    """The answer to `events`, with what xsuperctl does not print."""
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)
        one.sendall(request_of(arguments))
        rows, body = [], {}
        while "result" not in body:
            size = struct.unpack(">I", one.recv(4, socket.MSG_WAITALL))[0]
            body = json.loads(one.recv(size, socket.MSG_WAITALL))
            rows += body.get("rows", [])
        return {**body["result"], "rows": rows}


def request_of(arguments):
    request = json.dumps({"version": 1, "command": "events", "arguments": arguments}).encode()
    return struct.pack(">I", len(request)) + request


def cpu():
    """Seconds that the daemon has used."""
    fields = open(f"/proc/{daemon}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory():
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{daemon}/status").read()).group(1))


def refusals(count):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", closed)) as one:
            one.recv(1)


def served():
    """Seconds that 20 connections to a service took."""
    begun = time.monotonic()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(b"x")
            if one.recv(1) != b"x":
                sys.exit("the service does not answer")
    return time.monotonic() - begun


def until(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"never: {what}")
        time.sleep(0.1)


def blocked(process):
    """Does it wait for room in the pipe that nobody reads?"""
    return "pipe" in open(f"/proc/{process.pid}/wchan").read() or state_is_still(process)


def state_is_still(process):
    """The same where the kernel does not say what a process waits for: it does nothing for longer than a look takes."""
    def used():
        fields = open(f"/proc/{process.pid}/stat").read().rpartition(")")[2].split()
        switches = sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", open(f"/proc/{process.pid}/status").read()))
        return fields[11], fields[12], switches
    before = used()
    time.sleep(0.5)
    return used() == before


first = ask({})
alone = served()
before = memory()
errors = [tempfile.TemporaryFile() for _ in range(FOLLOWERS)]
followers = [subprocess.Popen([xsuperctl, "--socket", path, "events", "--follow", "--json"], stdout=subprocess.PIPE, stderr=errors[n])
             for n in range(FOLLOWERS)]
# Enough to fill every pipe, then more than the daemon keeps.
refusals(500)
until("all pipes full", lambda: all(blocked(one) for one in followers))
refusals(2 * KEPT)
used = cpu()
time.sleep(2)
used = cpu() - used
if used > 0.1:
    sys.exit(f"the daemon has used {used:.2f} s of CPU in 2 s for those who do not read")
if ctl("status")["control_clients"] != 1:
    sys.exit("followers that do not read hold connections")
beside = served()
if beside > 5 * alone + 1:
    sys.exit(f"20 connections took {beside:.2f} s beside the followers, and {alone:.2f} s without")
# A sanitizer keeps what is freed.
program = open(f"/proc/{daemon}/exe", "rb").read()
if b"__asan_init" not in program and b"__tsan_init" not in program and memory() > before + 8 * 1024:
    sys.exit(f"the daemon has grown from {before} to {memory()} KiB")

# Who does not read the answer itself is not waited for either.
deaf = []
for _ in range(FOLLOWERS):
    one = socket.socket(socket.AF_UNIX)
    one.connect(path)
    one.sendall(request_of({"last": KEPT}))
    deaf.append(one)
served()
ctl("status")
for one in deaf:
    one.close()

# Everybody who reads at last gets what is kept, and the number of the rest: together as many as there have been.
total = len(first["rows"]) + ask({"after": 0})["newest"] - first["newest"]
for number, one in enumerate(followers):
    os.set_blocking(one.stdout.fileno(), False)
    records, lost, text = [], 0, b""

    def account():
        global records, lost, text
        text += one.stdout.read() or b""
        records = [json.loads(line)["event"] for line in text.split(b"\n")[:-1]]
        errors[number].seek(0)
        lost = sum(int(n) for n in re.findall(rb"xsuperctl: (\d+) records? (?:is|are) not kept any more\n", errors[number].read()))
        return len(records) + lost >= total
    until(f"follower {number} told of all {total}: it had {len(records)}, and {lost} were lost", account)
    if len(records) + lost != total or lost < KEPT or records.count("refuse") < KEPT // 2:
        sys.exit(f"follower {number} has had {len(records)} records, {lost} are lost, and there are {total}")
    one.kill()
    one.wait()
