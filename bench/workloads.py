# SPDX-License-Identifier: MIT
"""What is measured: for each workload the services, what the limit of it is, and the load. A measurement is a dict of
`rate` (units a second), `cpu` (microseconds of the server for each unit), `p50` (microseconds, as clients see it) and
`errors`, where there are such numbers."""
import dataclasses
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time
import typing

import harness

DEFAULTS = """defaults
{{
	log_type	= FILE {folder}/service.log
	log_on_success	={success}
	log_on_failure	=
	bind		= {bind}
	cps		= 1000000 1
	instances	= UNLIMITED
}}
"""
SERVICE = """
service {name}
{{
	type		= {type}
	socket_type	= {socket}
	protocol	= {protocol}
	port		= {port}
	wait		= {wait}
	user		= {user}
{more}}}
"""
HAPROXY = """global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen relay
  bind 127.0.0.1:{port} backlog 4096
  server target 127.0.0.1:{target}
"""
CONNLOAD = ("units", "errors", "rate", "p50", "p99", "max")
ROUNDS = ("units", "rate", "p50", "p99", "errors")
STREAMS = ("rate", "errors")
DATAGRAMS = ("units", "errors", "rate", "p50", "p99")
ME = pwd.getpwuid(os.geteuid()).pw_name
MANY = 10_000
APART = "127.77.0.1"  # where nobody else has a socket: ports from FIRST on are free
FIRST = 20_000


@dataclasses.dataclass
class Bench:
    """One measurement: who serves, with which programs, and where files lie."""
    contender: str
    programs: dict
    helpers: dict
    folder: pathlib.Path
    seconds: int
    port: int = dataclasses.field(default_factory=harness.free_port)

    def copied(self, name):
        """A helper, where any user may execute it."""
        path = self.folder / name
        shutil.copy(self.helpers[name], path)
        path.chmod(0o755)
        return path

    def super_server(self, services, success="", bind="127.0.0.1"):
        """The command of xsuperd or xinetd with these services."""
        path = self.folder / "xinetd.conf"
        path.write_text(DEFAULTS.format(folder=self.folder, success=success, bind=bind) + services)
        return [self.programs[self.contender], "-dontfork", "-stayalive", "-f", path, "-filelog",
                self.folder / "daemon.log", "-pidfile", self.folder / "pid"]

    def limit(self, mode, *words):
        return [self.helpers["limit"], mode, self.port, *words]


def service(port, more="", name="x", type="UNLISTED", socket="stream", protocol="tcp", wait="no", user=ME):
    lines = "".join(f"\t{line}\n" for line in more.splitlines())
    return SERVICE.format(name=name, type=type, socket=socket, protocol=protocol, port=port, wait=wait, user=user,
                          more=lines)


def measured(bench, command, ready, load, names, unit=None):
    """Runs the load. `unit` tells how many units it was, where the load does not say so."""
    with harness.running(command, ready) as process:
        numbers = harness.load(load, process, names)
    units = numbers["units"] if unit is None else unit(numbers)
    if units <= 0:
        raise RuntimeError(f"{bench.contender}: nothing was served")
    return {"rate": numbers["rate"], "cpu": numbers["cpu"] / units * 1e6, "p50": numbers.get("p50"),
            "errors": numbers["errors"]}


def over_tcp(bench, command, clients, *options):
    load = [bench.helpers["connload"], bench.port, clients, bench.seconds, *options]
    return measured(bench, command, lambda: harness.connects(bench.port), load, CONNLOAD)


def spawn(bench, clients):
    hello = bench.copied("hello")
    if bench.contender == "limit":
        return over_tcp(bench, bench.limit("spawn", hello), clients)
    return over_tcp(bench, bench.super_server(service(bench.port, f"server = {hello}")), clients)


def spawn_as_nobody(bench, clients):
    hello = bench.copied("hello")
    nobody = pwd.getpwnam("nobody")
    if bench.contender == "limit":
        return over_tcp(bench, bench.limit("spawn", hello, nobody.pw_uid, bench.folder / "service.log"), clients)
    text = service(bench.port, f"server = {hello}\ngroups = yes", user="nobody")
    return over_tcp(bench, bench.super_server(text, success=" PID HOST EXIT DURATION"), clients)


def rules(size):
    """So many single addresses, the client's the last of them, ten in a line."""
    addresses = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(1, size)] + ["127.0.0.1"]
    return "\n".join(f"no_access += {' '.join(addresses[at:at + 10])}" for at in range(0, size, 10))


def deny(bench, size, clients=8):
    if bench.contender == "limit":
        return over_tcp(bench, bench.limit("deny"), clients, "refused")
    text = service(bench.port, f"server = {bench.copied('hello')}\n{rules(size)}")
    return over_tcp(bench, bench.super_server(text), clients, "refused")


def bystander(bench):
    """One client of a service that admits it, while 8 others are refused by another, each every four milliseconds."""
    refusing = harness.free_port()
    hello = bench.copied("hello")
    text = service(bench.port, f"server = {hello}") + service(refusing, f"server = {hello}\n{rules(1000)}", name="y")
    connload = bench.helpers["connload"]
    with harness.running(bench.super_server(text), lambda: harness.connects(bench.port)) as process:
        with subprocess.Popen([connload, str(refusing), "8", str(bench.seconds), "refused", "pause=4000"],
                              stdout=subprocess.PIPE, text=True) as flood:
            served = harness.load([connload, bench.port, 1, bench.seconds], process, CONNLOAD)
            refused = dict(zip(CONNLOAD, map(float, flood.communicate()[0].split())))
    return {"rate": served["rate"], "cpu": None, "p50": served["p50"], "errors": served["errors"] + refused["errors"]}


def echo(bench, clients):
    command = bench.limit("echo")
    if bench.contender != "limit":
        command = bench.super_server(service(bench.port, "id = echo-stream", name="echo", type="INTERNAL UNLISTED"))
    load = [bench.helpers["streamload"], "rounds", bench.port, clients, bench.seconds]
    return measured(bench, command, lambda: harness.connects(bench.port), load, ROUNDS)


def relay_command(bench, target):
    if bench.contender == "limit":
        return bench.limit("relay", target)
    if bench.contender == "haproxy":
        path = bench.folder / "haproxy.cfg"
        path.write_text(HAPROXY.format(port=bench.port, target=target))
        return [bench.programs["haproxy"], "-db", "-q", "-f", path]
    return bench.super_server(service(bench.port, f"redirect = 127.0.0.1 {target}"))


def relay(bench, offset, load, names, unit=None):
    """`offset`: which of the target's ports it is that the relay leads to (streamload.cpp)."""
    target = harness.free_port()
    with subprocess.Popen([bench.helpers["streamload"], "target", str(target)], stdout=subprocess.PIPE) as serving:
        try:
            serving.stdout.readline()
            return measured(bench, relay_command(bench, target + offset), lambda: harness.connects(bench.port), load,
                            names, unit)
        finally:
            serving.terminate()


def relay_bytes(bench, streams):
    load = [bench.helpers["streamload"], "down", bench.port, streams, bench.seconds]
    return relay(bench, 1, load, STREAMS, lambda numbers: numbers["rate"] * bench.seconds)


def relay_connections(bench):
    return relay(bench, 3, [bench.helpers["connload"], bench.port, 8, bench.seconds], CONNLOAD)


def over_udp(bench, command, clients):
    load = [bench.helpers["datagrams"], bench.port, clients, bench.seconds]
    return measured(bench, command, lambda: harness.replies(bench.port), load, DATAGRAMS)


def udp_echo(bench):
    if bench.contender == "limit":
        return over_udp(bench, bench.limit("udp"), 8)
    text = service(bench.port, "id = echo-dgram", name="echo", type="INTERNAL UNLISTED", socket="dgram",
                   protocol="udp", wait="yes")
    return over_udp(bench, bench.super_server(text), 8)


def udp_wait(bench):
    answer = bench.copied("answer")
    if bench.contender == "limit":
        return over_udp(bench, bench.limit("wait", answer), 1)
    text = service(bench.port, f"server = {answer}", socket="dgram", protocol="udp", wait="yes")
    return over_udp(bench, bench.super_server(text), 1)


def many_services(bench, changed=False):
    hello = bench.folder / "hello"
    more = lambda n: f"server = {hello}" + ("\nnice = 1" if changed and n == MANY // 2 else "")
    return "".join(service(FIRST + n, more(n), name=f"s{n}") for n in range(MANY))


def reload(bench, change):
    """SIGHUP, until the log says that it is done: three times with `change` done and undone, or with no change."""
    bench.copied("hello")
    command = bench.super_server(many_services(bench), bind=APART)
    text = [many_services(bench, changed=change), many_services(bench)]
    log = bench.folder / "daemon.log"
    done = lambda: log.read_text(errors="replace").count("Reconfigured: ")
    took, spent = 0.0, 0.0
    times = 2
    with harness.running(command, lambda: harness.connects(FIRST + MANY - 1, APART)) as process:
        for turn in range(times):
            bench.super_server(text[turn % 2], bind=APART)
            before, began = harness.cpu_seconds(process.pid), time.monotonic()
            process.send_signal(signal.SIGHUP)
            harness.wait_for("reload", lambda wanted=turn + 1: done() >= wanted, process)
            took += time.monotonic() - began
            time.sleep(0.3)  # what goes on after the line is part of it
            spent += harness.cpu_seconds(process.pid) - before
        answering = harness.connects(FIRST, APART) and harness.connects(FIRST + MANY - 1, APART)
    return {"rate": times / took, "cpu": spent / times * 1e6, "p50": took / times * 1e6,
            "errors": 0 if answering else 1}


def memory(bench, services):
    """PSS of a daemon that nobody has used, in KB."""
    bench.copied("hello")
    text = many_services(bench) if services == MANY else service(FIRST, f"server = {bench.folder}/hello")
    last = FIRST + services - 1
    listening = f":{last:04X} "  # asked of the kernel: a connection would be use
    table = pathlib.Path("/proc/net/tcp")
    with harness.running(bench.super_server(text, bind=APART), lambda: listening in table.read_text()) as process:
        time.sleep(1)
        return {"rate": None, "cpu": None, "p50": None, "memory": harness.pss_kilobytes(process.pid), "errors": 0}


@dataclasses.dataclass
class Workload:
    title: str
    unit: str
    measure: typing.Callable
    limit: bool = True
    root: bool = False
    others: tuple = ()


WORKLOADS = {
    "spawn-1": Workload("a program for each connection, 1 client", "connection", lambda b: spawn(b, 1)),
    "spawn-8": Workload("the same, 8 clients", "connection", lambda b: spawn(b, 8)),
    "spawn-64": Workload("the same, 64 clients", "connection", lambda b: spawn(b, 64)),
    "spawn-nobody": Workload("a program as user nobody, with log entries, 8 clients", "connection",
                             lambda b: spawn_as_nobody(b, 8), root=True),
    "deny-10": Workload("refused by no_access, 10 rules, 8 clients", "connection", lambda b: deny(b, 10)),
    "deny-100000": Workload("refused by no_access, 100,000 rules, 8 clients", "connection", lambda b: deny(b, 100_000)),
    "bystander": Workload("a program, 1 client, beside 8 that are refused by another service", "connection", bystander,
                          limit=False),
    "echo": Workload("internal echo, 100 connections", "round trip", lambda b: echo(b, 100)),
    "relay-1": Workload("redirect, bytes of 1 connection", "MB", lambda b: relay_bytes(b, 1), others=("haproxy",)),
    "relay-8": Workload("redirect, bytes of 8 connections", "MB", lambda b: relay_bytes(b, 8), others=("haproxy",)),
    "relay-new": Workload("redirect, new connections, 8 clients", "connection", relay_connections,
                          others=("haproxy",)),
    "udp-echo": Workload("internal echo over UDP, 8 clients", "datagram", udp_echo),
    "udp-wait": Workload("a program for each datagram, wait = yes", "datagram", udp_wait),
    "reload": Workload("SIGHUP, 10,000 services, nothing changed", "reload", lambda b: reload(b, False), limit=False),
    "reload-one": Workload("SIGHUP, 10,000 services, one changed", "reload", lambda b: reload(b, True), limit=False),
    "memory": Workload("memory at rest, 1 service", "KB", lambda b: memory(b, 1), limit=False),
    "memory-many": Workload("memory at rest, 10,000 services", "KB", lambda b: memory(b, MANY), limit=False),
}
