# SPDX-License-Identifier: MIT
"""A folder that stands for the machine of the reader: the files of a unit under it, a daemon that serves them on free
ports of the loopback, and a shell in which the commands of the page mean that folder and those ports."""
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent

# Sections whose services an ordinary user cannot have.
NEED_ROOT = {"hostile-players-and-old-programs"}
WAIT = float(os.environ.get("E2E_WAIT", "20"))  # seconds until a wait gives up
# What belongs to the reader's machine and is not the system's own: it is looked for in the folder.
OURS = re.compile(r"(?<![\w/.])/(etc/(?:xinetd|inetd|rsyncd|vsftpd|systemd|letsencrypt|xsuperd)|srv|usr/local|var/log|run|home)(?![\w-])")
# The ports of names that the examples leave to /etc/services, which a bare system does not have.
LISTED = {"ftp": 21, "ssh": 22, "tftp": 69, "printer": 515, "rsync": 873}


class Failed(Exception):
    pass


def expect(holds, what):
    if not holds:
        raise Failed(what)


def until(found, what):
    """Calls found() again and again until it returns something true, and returns that."""
    end = time.monotonic() + WAIT
    while True:
        result = found()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"after {WAIT:g} seconds still not: {what}")
        time.sleep(0.02)


def gone(pid):
    """No such process, or one that has ended and waits for a parent to notice."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def user_name():
    """Who runs this, as a configuration names it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def free_port():
    finder = [sys.executable, SOURCE / "tests/e2e/lib/freeports.py", "1"]
    return int(subprocess.run(finder, check=True, stdout=subprocess.PIPE).stdout)


class World:
    def __init__(self, unit, daemon, ctl):
        self.unit, self.daemon, self.ctl = unit, daemon, ctl
        # In a box /tmp is another.
        place = "/run" if getattr(unit, "slug", None) in NEED_ROOT else None
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="xsuperd-docs.", dir=place))
        self.root.chmod(0o755)
        self.ports = {}      # as on the page -> as here
        self.addresses = {}  # "HOST PORT" of a redirect on the page -> the one here
        self.user = user_name()
        self.real = []       # server programs of the system that were used
        for folder in ("etc/xinetd.d", "var/log", "run/xsuperd", "srv", "home", "bin"):
            self.path("/" + folder).mkdir(parents=True)
        self.write_tools()

    # ---- files -----------------------------------------------------------------------------------------------------

    def path(self, path):
        return self.root / path.lstrip("/")

    def write(self, path, text, mode=0o644):
        to = self.path(path)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
        to.chmod(mode)

    def write_tools(self):
        """The commands that mean this folder: the programs under test, and stand-ins for sudo and systemctl."""
        values = {"XSUPERD": self.daemon, "XSUPERCTL": self.ctl, "ROOT": str(self.root)}
        for tool in (HERE / "tools").iterdir():
            text = tool.read_text(encoding="utf-8")
            for name, value in values.items():
                text = text.replace(f"@{name}@", str(value))
            self.write(f"/bin/{tool.name}", text, 0o755)

    def install(self, file):
        """A file of the page, as this machine needs it."""
        text = file.text
        if file.path.startswith("/etc/xinetd"):
            text = self.adapt(text)
        self.write(file.path, OURS.sub(lambda m: f"{self.root}{m[0]}", text), file.mode)

    def main_file(self):
        """examples/xinetd.conf, where the page has no main file of its own. Entries go to a file."""
        text = (SOURCE / "examples/xinetd.conf").read_text(encoding="utf-8")
        text, found = re.subn(r"(?m)^(\s*log_type\s*=).*", r"\1 FILE /var/log/services.log", text)
        expect(found == 1, "examples/xinetd.conf has one log_type")
        if self.user.isdigit():  # who is not in the password database has no groups there
            text = re.sub(r"(?m)^(\s*groups\s*=).*", r"\1 no", text)
        self.write("/etc/xinetd.conf", OURS.sub(lambda m: f"{self.root}{m[0]}", text))

    def adapt(self, text):
        """Ports, users and targets of an entry. Nothing else is changed, and nothing is left out."""
        out, name, seen_port = [], None, True
        for line in text.splitlines():
            entry = re.match(r"\s*service\s+(\S+)", line)
            if entry:
                name, seen_port = entry[1], False
            attribute = re.match(r"(\s*)(\w+)(\s*=\s*)(.*)", line)
            if attribute and attribute[2] == "listen":
                seen_port = True
                line = self.elements(line)
            elif attribute and attribute[2] == "bind_device":
                line = attribute[1] + "bind_device" + attribute[3] + "lo"
            if attribute and attribute[2] == "port":
                seen_port = True
                line = attribute[1] + "port" + attribute[3] + str(self.port(int(attribute[4])))
            elif attribute and attribute[2] == "user":
                line = attribute[1] + "user" + attribute[3] + self.user_for(attribute[4])
            elif attribute and attribute[2] == "redirect":
                line = attribute[1] + "redirect" + attribute[3] + self.target(attribute[4])
            elif attribute and attribute[2] == "server":
                line = attribute[1] + "server" + attribute[3] + self.program(attribute[4])
            if line.strip() == "}" and name and not seen_port:
                out += ["\ttype = UNLISTED", f"\tport = {self.port(LISTED[name])}"]
            if line.strip() == "}":
                name = None
            out.append(line)
        return "\n".join(out) + "\n"

    def port(self, number):
        if number not in self.ports:
            self.ports[number] = free_port()
        return self.ports[number]

    def elements(self, line):
        """The places of a service; a network becomes one of the loopback."""
        line = re.sub(r"\b((?:tcp|udp):\S+:)(\d+)", lambda m: m[1] + str(self.port(int(m[2]))), line)
        return re.sub(r"\bany:203\.0\.113\.", "any:127.113.0.", line)

    def target(self, words):
        host, port = words.split()
        if host == "127.0.0.1" and int(port) in self.ports:
            return f"{host} {self.ports[int(port)]}"
        return self.addresses.get(words, words)

    def user_for(self, name):
        if os.getuid() != 0:
            return self.user
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            return "nobody"

    def program(self, path):
        """The program of the system where it is there and its stand-in allows it, else the stand-in."""
        stand_in = HERE / "programs" / pathlib.Path(path).name
        if not stand_in.exists():
            return path
        text = stand_in.read_text(encoding="utf-8")
        usable = "# as root only" not in text or os.getuid() == 0
        needs = re.search(r"# needs (\S+)", text)
        if needs:
            usable = usable and os.path.exists(needs[1])
        if os.access(path, os.X_OK) and usable and "# always" not in text:
            self.real.append(path)
            return path
        self.write(path, text.replace("@PYTHON@", sys.executable), 0o755)
        return str(self.path(path))

    # ---- the daemon ------------------------------------------------------------------------------------------------

    def shell(self, line, check=True):
        """Runs a command as the page has it. Returns its output, both streams; of one in the background, none."""
        if line.endswith("&"):
            line = f"( {line[:-1]} ) >/dev/null 2>&1 &"
        done = subprocess.run(["bash", "-c", self.here(line)], cwd=self.path("/home"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              env={**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}:/usr/sbin:/sbin",
                                   "LC_ALL": "C", "HOME": str(self.path("/home"))})
        output = done.stdout.decode("utf-8", "replace")
        expect(not check or done.returncode == 0, f"'{line}' ended with {done.returncode}: {output}")
        return output

    def check(self):
        """-t must find nothing: it prints one line, the sum."""
        said = self.shell("xsuperd -t")
        expect(re.fullmatch(r"\S+: \d+ services?, 0 disabled, 0 refused; 0 errors, 0 warnings\n", said),
               f"xsuperd -t has findings:\n{said}")

    def start(self):
        self.shell("systemctl start xsuperd")

    def pid(self):
        try:
            return int(self.path("/run/xinetd.pid").read_text())
        except (OSError, ValueError):
            return None

    def close(self, keep):
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            until(lambda: gone(pid), "the daemon has ended")
        if keep:
            print(f"kept in {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)

    def log(self, regex):
        """Waits for an entry in the services' log."""
        file = self.path("/var/log/services.log")
        return until(lambda: re.search(regex, file.read_text() if file.exists() else "", re.M), f"logged: {regex}")

    # ---- the page and this machine ---------------------------------------------------------------------------------

    def here(self, line):
        """A command of the page with the paths and ports of this machine."""
        line = OURS.sub(lambda m: f"{self.root}{m[0]}", line)
        for page, here in self.ports.items():
            line = re.sub(rf"(?<![\w.]){page}(?![\w.])", str(here), line)
        return line

    def there(self, text):
        """Output of this machine as the page would show it."""
        text = text.replace(str(self.root), "").replace("any:127.113.0.", "any:203.0.113.")
        for page, here in self.ports.items():
            text = re.sub(rf"(?<!\d){here}(?!\d)", str(page), text)
        if self.user != "root" and not self.user.isdigit():
            text = re.sub(rf"\b{re.escape(self.user)}\b", "nobody", text)
        return text
