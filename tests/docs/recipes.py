# SPDX-License-Identifier: MIT
"""What must come out when the examples are served: a function for each section of docs/cookbook.md, by its slug. A
function prepares what the page supposes (`before`), or asks the services (`drive`)."""
import ftplib
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import stat
import subprocess
import threading

from clients import dial, git_branches, line, tcp, tftp_read, until_end
from world import expect, until

STRANGER = "127.0.0.9"  # in no only_from of the pages
BEFORE, DRIVE = {}, {}


def before(slug):
    return lambda function: BEFORE.setdefault(slug, function)


def drive(slug):
    return lambda function: DRIVE.setdefault(slug, function)


def turned_away(world, port, service):
    """A stranger gets nothing, and an entry."""
    expect(tcp(world.port(port), b"\r\n", STRANGER) == b"", f"{service} says nothing to a stranger")
    world.log(rf"FAIL: {service} address from=\S*{re.escape(STRANGER)}$")


@drive("checkmk-agent")
def checkmk(world):
    report = tcp(world.port(6556)).decode()
    expect(report.startswith("<<<check_mk>>>\nVersion: "), f"a report: {report}")
    expect(len(set(re.findall(r"socket:\[\d+\]", report))) == 1, f"descriptors 0 to 2 are the connection: {report}")
    turned_away(world, 6556, "check_mk")
    expect("START" not in world.path("/var/log/services.log").read_text(), "reports are not logged")


def issued(world, into, names, authority="ca"):
    """A certificate with these names and its key, signed by that authority, as cert.pem and key.pem in a folder."""
    folder = world.path(into)
    folder.mkdir(parents=True, exist_ok=True)
    work = world.path("/home")
    run = lambda *words: subprocess.run(["openssl", *words], cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    if not (work / f"{authority}.pem").exists():
        run("req", "-x509", *key, "-subj", f"/CN={authority}", "-days", "99", "-keyout", f"{authority}.key", "-out", f"{authority}.pem")
    run("req", *key, "-subj", f"/CN={names[0]}", "-keyout", str(folder / "key.pem"), "-out", "req.pem")
    (work / "names.cnf").write_text("subjectAltName = " + ",".join(f"DNS:{name}" for name in names))
    run("x509", "-req", "-in", "req.pem", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-days", "90",
        "-extfile", "names.cnf", "-out", str(folder / "cert.pem"))
    return folder


def deployed(world, number, name):
    """What certbot leaves: numbered files, and links to the newest."""
    fresh = issued(world, f"/home/new{number}", [name])
    archive = world.path("/etc/letsencrypt/archive/host.example.org")
    live = world.path("/etc/letsencrypt/live/host.example.org")
    for folder in (archive, live):
        folder.mkdir(parents=True, exist_ok=True)
    for part, file, mode in (("fullchain", "cert.pem", 0o644), ("privkey", "key.pem", 0o600)):
        to = archive / f"{part}{number}.pem"
        shutil.copyfile(fresh / file, to)
        to.chmod(mode)
        link = live / f"{part}.pem"
        link.unlink(missing_ok=True)
        link.symlink_to(f"../../archive/host.example.org/{part}{number}.pem")


@before("agent-behind-tls")
def issue_certificates(world):
    deployed(world, 1, "host.example.org")
    issued(world, "/home/monitor", ["monitor.example.org"], "monitoring")
    issued(world, "/home/stranger", ["monitor.example.org"], "nobody")
    world.write("/etc/xsuperd/tls/monitoring.pem", world.path("/home/monitoring.pem").read_text())


def asked_over_tls(world, who=None):
    """The report, and the subject of the certificate that was shown."""
    context = ssl.create_default_context(cafile=world.path("/home/ca.pem"))
    context.check_hostname = False
    if who:
        context.load_cert_chain(world.path(f"/home/{who}/cert.pem"), world.path(f"/home/{who}/key.pem"))
    with context.wrap_socket(dial(world.port(6557)), server_hostname="host.example.org") as peer:
        return until_end(peer).decode(), dict(pair[0] for pair in peer.getpeercert()["subject"])["commonName"]


def turned_away_in_tls(world, who):
    try:
        return asked_over_tls(world, who)[0] == ""
    except (ssl.SSLError, ConnectionError):
        return True


@drive("agent-behind-tls")
def agent_behind_tls(world):
    report, shown = asked_over_tls(world, "monitor")
    expect(report.startswith("<<<who>>>\nmonitor.example.org asks from 127.0.0.1 over TLSv1.3\n<<<uptime>>>\n"), f"a report: {report}")
    expect(shown == "host.example.org", f"the certificate of the host: {shown}")
    for who in ("stranger", None):
        expect(turned_away_in_tls(world, who), f"nothing for {who}")
    world.log(r"FAIL: agent certificate from=(::ffff:)?127\.0\.0\.1$")
    expect(tcp(world.port(6557), b"GET / HTTP/1.0\r\n\r\n")[:1] in (b"", b"\x15"), "nothing in plain text")
    deployed(world, 2, "renewed.example.org")
    expect(world.shell("/etc/letsencrypt/renewal-hooks/deploy/xsuperd") == "renewed agent\n", "the hook renews")
    expect(asked_over_tls(world, "monitor")[1] == "renewed.example.org", "the new certificate")


@drive("haproxy-health-checks")
def haproxy(world):
    """The commands of the page have made /run/maintenance."""
    expect(tcp(world.port(9707), ends=False) == b"drain\n", "agent-check drains")
    expect(http_status(world) == (503, "in maintenance\n"), "httpchk says 503")
    world.path("/run/maintenance").unlink()
    expect(re.fullmatch(rb"ready up \d+%\n", tcp(world.port(9707), ends=False)), "agent-check says a weight")
    checks = [dial(world.port(9200)) for _ in range(30)]  # more at a time than the defaults allow one address
    for check in checks:
        check.sendall(b"GET / HTTP/1.0\r\n\r\n")
        expect(until_end(check).endswith(b"\r\n\r\nat your service\n"), "httpchk says 200")
        check.close()
    turned_away(world, 9707, "haproxy-agent")
    turned_away(world, 9200, "http-check")


def proxied(world, client):
    """What a client that comes through the balancer is told; empty when it is refused."""
    with dial(world.port(8081)) as peer:
        peer.sendall(f"PROXY TCP4 {client} 198.51.100.1 4711 80\r\nGET / HTTP/1.0\r\n\r\n".encode())
        return until_end(peer).decode()


@drive("behind-haproxy-or-a-cloud-balancer")
def balancer(world):
    told = proxied(world, "198.51.100.7")
    expect(told.endswith("\r\n\r\nYou are 198.51.100.7, and have called 198.51.100.1 by way of 127.0.0.1.\n"), f"the client is the peer: {told}")
    expect(proxied(world, "203.0.113.9") == "", "access lists are the client's")
    world.log(r"FAIL: who-am-i address from=203\.0\.113\.9$")


def http_status(world):
    connection = http.client.HTTPConnection("127.0.0.1", world.port(9200), timeout=20)
    connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@before("rsync")
def fill_module(world):
    world.write("/srv/pub/hello.txt", "Hello by rsync\n")


@drive("rsync")
def rsync(world):
    with dial(world.port(873)) as peer:
        expect(re.fullmatch(r"@RSYNCD: \d+\.\d+.*\n", line(peer)), "a greeting")
        peer.sendall(b"@RSYNCD: 30.0\n#list\n")
        expect(re.match(rb"pub\s+\tPublic files\n", until_end(peer)), "the list of modules")
    if world.real and shutil.which("rsync"):
        url = f"rsync://127.0.0.1:{world.port(873)}/pub/hello.txt"
        subprocess.run(["rsync", url, world.path("/home/hello.txt")], check=True, timeout=30)
        expect(world.path("/home/hello.txt").read_text() == "Hello by rsync\n", "rsync fetched the file")


@before("tftp")
def fill_tftp(world):
    world.write("/srv/tftp/hello.txt", "Hello by TFTP\n")
    world.write("/srv/tftp/large", "x" * 5000)


def tftp_read_hello(world):
    expect(tftp_read(world.port(69), "hello.txt") == b"Hello by TFTP\n", "a short file")


@drive("tftp")
def tftp(world):
    tftp_read_hello(world)
    expect(tftp_read(world.port(69), "large") == b"x" * 5000, "a file of ten blocks")
    expect(tftp_read(world.port(69), "hello.txt", STRANGER, 0.5) is None, "nothing for a stranger")
    world.log(r"START: tftp ")


@drive("ssh")
def ssh(world):
    with dial(world.port(22)) as peer:
        expect(line(peer).startswith("SSH-2.0-"), "a greeting")
    for _ in range(10):  # and one above, and one from the page
        tcp(world.port(22))
    expect(tcp(world.port(22)) == b"", "the eleventh within a minute is turned away")
    world.log(r"FAIL: ssh per_source_rate from=\S*127\.0\.0\.1$")


@before("ftp")
def fill_ftp(world):
    world.path("/srv/ftp").mkdir()
    world.path("/srv/ftp").chmod(0o555)


@drive("ftp")
def ftp(world):
    sessions = []
    wait_until_idle(world, "ftp")
    for _ in range(5):
        session = ftplib.FTP()
        session.connect("127.0.0.1", world.port(21), timeout=20)
        session.login()
        expect(session.pwd() == "/", "a session at the top of the tree")
        sessions.append(session)
    busy = tcp(world.port(21))
    expect(busy == b"421 No place for you now. Try again later.\n", f"the sixth session gets the banner, not {busy}")
    for session in sessions:
        session.quit()
    world.log(r"EXIT: ftp status=0 pid=\d+ duration=\d+\(sec\)$")


def wait_until_idle(world, service):
    """The sessions of the page have ended, and the daemon has noticed."""
    until(lambda: re.search(rf"^{service} .* 0/", world.shell("xsuperctl list"), re.M), f"{service} is idle")


@before("git-daemon")
def fill_git(world):
    project = world.path("/srv/git/project.git")
    if not shutil.which("git"):
        world.write("/srv/git/project.git/refs/heads/main", "0123456789" * 4 + "\n")
        return
    clean = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    tree = world.path("/home/tree")
    for command in (["init", "-q", str(tree)], ["-C", str(tree), "commit", "-q", "--allow-empty", "-m", "first"],
                    ["clone", "-q", "--bare", str(tree), str(project)]):
        subprocess.run(git + command, check=True, env=clean, timeout=30)
    if os.getuid() == 0:  # the repositories belong to the user of the service, as the page says
        for path in [project, *project.rglob("*")]:
            shutil.chown(path, "nobody")


@drive("git-daemon")
def git(world):
    branches = git_branches(world.port(9418), "/project.git")
    expect(re.search(r"[0-9a-f]{40} refs/heads/main", branches), f"the branch: {branches!r}")


@drive("printing-with-lpr")
def lpr(world):
    state = tcp(world.port(515), b"\3office\n").decode()
    expect(state == "office is ready\nno entries\n", f"the state of the queue: {state}")
    turned_away(world, 515, "printer")


class Inside(http.server.BaseHTTPRequestHandler):
    """The web server of the port forward."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Hello from inside\n")

    def log_message(self, *_):
        pass


@before("port-forward")
def start_inside(world):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    world.addresses["192.0.2.80 80"] = f"127.0.0.1 {server.server_port}"


@drive("port-forward")
def forward(world):
    answer = tcp(world.port(8080), b"GET / HTTP/1.0\r\n\r\n")
    expect(answer.endswith(b"\r\n\r\nHello from inside\n"), f"the page from inside: {answer}")
    turned_away(world, 8080, "web-inside")


@drive("hostile-players-and-old-programs")
def boxes(world):
    def told(command):
        return tcp(world.port(31338), (command + "\n").encode()).decode().removeprefix("Your command? ")

    expect(told("id -u") not in ("0\n", "65534\n"), "a user id of its own")
    expect("root" not in told("ls / /home"), "the host's directories are not there")
    expect(told("touch /tmp/mine; ls /tmp") == "mine\n" and told("ls /tmp") == "", "each has a /tmp of its own")
    expect(told("cat /etc/shadow >/dev/null && echo read") != "read\n", "no secrets")
    expect("1\n" not in told("ls /proc | grep -c '^1$'"), "the keeper is not seen")
    expect(told("cat /proc/self/net/dev /sys/class/net/*/address 2>/dev/null | grep -v -e lo: -e '|'") == "", "no network")
    told("setsid sleep 4242 >/dev/null 2>&1 </dev/null &")
    until(lambda: "sleep 4242" not in world.shell("ps ax -o args"), "what is left running ends")
    for number in (2, 3):
        expect(f"{number} lines" in tcp(world.port(8088), b"somebody\n").decode(), "the book keeps lines")
    for _ in range(3):
        expect(tcp(world.port(7979), b"x\n") == b"Login: x\n", "finger")


@drive("ctf-challenge")
def ctf(world):
    wait_until_idle(world, "ctf")
    with dial(world.port(31337)) as first, dial(world.port(31337)) as second, dial(world.port(31337)):
        for player in (first, second):
            expect(player.recv(25, 0x100) == b"What is six times seven? ", "a question")
        expect(tcp(world.port(31337)) == b"Too many of you. Wait a moment.\n", "the fourth gets the banner")
        check_limits(world)
        first.sendall(b"42\n")
        expect(until_end(first) == b"flag{it_is_in_the_guide}\n", "the flag")
        second.sendall(b"41\n")
        expect(until_end(second) == b"No.\n", "no flag")
    world.log(r"FAIL: ctf per_source_limit from=\S*127\.0\.0\.1$")


def check_limits(world):
    """The limits of the entry are those of the processes."""
    servers = world.shell("xsuperctl --json sessions ctf")
    pids = re.findall(r'"pid":\s*(\d+)', servers)
    expect(len(pids) == 3, f"three servers: {servers}")
    for pid in pids:
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        for name, value in (("Max cpu time", 10), ("Max address space", 256 << 20), ("Max open files", 32)):
            expect(re.search(rf"{name}\s+{value}\s+{value}\s", limits), f"{name} is {value}: {limits}")
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        expect(b"PATH=/usr/bin:/bin" in environment and len(environment) == 3, f"the environment: {environment}")


def unix_answer(world, path, data=b""):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(20)
        peer.connect(str(world.path(path)))
        if data:
            peer.sendall(data)
        return until_end(peer)


@drive("a-policy-for-a-handler")
def policy(world):
    expect(tcp(world.port(7030), ends=False) == b"Water the plants.\n", "the note")


@drive("queue-for-a-slow-program")
def queue(world):
    """A burst beyond the places: everybody is served, never more than two at a time, and nobody is refused."""
    answers = []
    peers = [threading.Thread(target=lambda: answers.append(tcp(world.port(8080), b"GET / HTTP/1.0\r\n\r\n"))) for _ in range(10)]
    for peer in peers:
        peer.start()
    until(lambda: "waiting in the queue" in world.shell("xsuperctl list report"), "some wait")
    for peer in peers:
        peer.join()
    expect(len(answers) == 10 and all(one.endswith(b"\r\n\r\ndone\n") for one in answers), f"ten reports: {answers}")
    expect("FAIL: report" not in world.path("/var/log/services.log").read_text(), "nobody was refused")


@drive("unix-socket")
def unix_socket(world):
    answer = unix_answer(world, "/run/machine-status.sock", b"GET / HTTP/1.0\r\n\r\n").decode()
    expect(re.fullmatch(r"HTTP/1\.1 200 OK\r\n.*\r\n\r\nload [\d. ]+\n", answer, re.S), f"the load: {answer}")
    mode = world.path("/run/machine-status.sock").stat().st_mode
    expect(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660, f"a socket of mode 660, not {mode:o}")
    world.path("/etc/xinetd.d/machine-status").unlink()
    world.shell("systemctl reload xsuperd")
    expect(not world.path("/run/machine-status.sock").exists(), "the file goes with the service")


@drive("several-addresses")
def several_addresses(world):
    """The page has come once by each of two ways: the limit is one for the service, and one for each source."""
    greeting = b"At your service\n"
    expect(unix_answer(world, "/run/greet.sock") == greeting, "a greeting by the path")
    try:
        with socket.create_connection(("::1", world.port(7001)), 20) as peer:
            expect(until_end(peer) == greeting, "a greeting over IPv6")
    except OSError:
        print("     not asked: there is no IPv6 here")
    for _ in range(4):
        tcp(world.port(7001))
    expect(tcp(world.port(7001)) == b"", "more than five a minute are turned away")
    expect(tcp(world.port(7001), b"", STRANGER) == greeting, "others are not")
    listed = world.shell("xsuperctl list")
    expect(len(re.findall(r"(?m)^greet ", listed)) == 1, f"one service: {listed}")


@drive("floating-address")
def floating_address(world):
    """Nobody reaches it as long as the host does not have the address."""
    port = f":{world.port(8081):04X}"
    sockets = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()]
    expect(any(words[1] == "640200C0" + port and words[3] == "0A" for words in sockets), f"a listening socket: {sockets}")


@drive("event-log")
def event_log(world):
    """The page has called once; a stranger is recorded with the line that keeps him out."""
    expect(tcp(world.port(7003), b"", STRANGER) == b"", "nothing for a stranger")
    read = lambda: [json.loads(one) for one in world.path("/var/log/events.json").read_text().splitlines()]
    until(lambda: any(one["event"] == "refuse" for one in read()), "the stranger is recorded")
    refused = next(one for one in read() if one["event"] == "refuse")
    expect((refused["peer"], refused["reason"]) == (STRANGER, "address"), f"who and why: {refused}")
    file, number = refused["rule"].rsplit(":", 1)
    expect("only_from" in pathlib.Path(file).read_text().splitlines()[int(number) - 1], f"which line: {refused}")
    served = [one["connection_id"] for one in read() if one["event"] == "start"]
    expect(served == [one["connection_id"] for one in read() if one["event"] == "exit"], "each start has its end")


def fetch(port, path, **fields):
    """The status, the header and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@drive("prometheus-and-grafana")
def metrics(world):
    """Scraped as Prometheus does it, and not by strangers."""
    accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"
    status, fields, body = fetch(world.port(9817), "/metrics", Accept=accept)
    expect(status == 200 and fields["Content-Type"].startswith("application/openmetrics-text"), f"a scrape: {status} {fields}")
    expect(body.endswith(b"# EOF\n"), "OpenMetrics has an end")
    expect(tcp(world.port(9817), b"GET /metrics HTTP/1.0\r\n\r\n", STRANGER) == b"", "nothing for a stranger")
    _, _, body = fetch(world.port(9817), "/metrics")
    expect(b'xsuperd_refusals_total{service="metrics",reason="address"} 1\n' in body, "the stranger is counted")


@drive("a-page-about-it-all")
def dashboard(world):
    status, fields, body = fetch(world.port(9818), "/")
    expect(status == 200 and b"dashboard" in body, f"the page: {status}")
    expect("default-src 'none'" in fields["Content-Security-Policy"], "nothing from elsewhere")
    expect(tcp(world.port(9818), b"GET / HTTP/1.0\r\n\r\n", STRANGER) == b"", "nothing for a stranger")


@drive("bans-in-the-firewall-with-fail2ban-and-crowdsec")
def guarded(world):
    for _ in range(3):
        expect(tcp(world.port(7020), b"hello\n", STRANGER) == b"", "nothing for a stranger")
    expect(STRANGER in world.shell("xsuperctl bans"), "the stranger is banned")
    expect(tcp(world.port(7020), b"hello\n") == b"hello\n", "the others are served")


@drive("sensor-on-a-whole-network")
def sensor(world):
    if not re.search(r"(?m)^trap +listening", world.shell("xsuperctl list")):
        print("     not asked: this kernel, or the user, can have no such sensor")
        return
    for address in ("127.113.0.7", "127.113.0.200"):
        with socket.create_connection((address, 23), 20, (STRANGER, 0)) as peer:
            expect(until_end(peer) == b"", "the sensor says nothing")
    expect(STRANGER in world.shell("xsuperctl bans"), "the stranger is banned")


@drive("bans-of-a-fleet")
def fleet(world):
    if "built without hiredis" in world.shell("xsuperd -t", check=False):
        print("     not asked: built without hiredis")
        return
    until(lambda: "not connected" in world.shell("xsuperctl status"), "there is no store")
    with socket.create_connection(("127.0.0.1", world.port(7023)), 20, (STRANGER, 0)) as peer:
        until_end(peer)
    expect(STRANGER in world.shell("xsuperctl bans"), "the stranger is banned, store or no store")
