# SPDX-License-Identifier: MIT
"""tests/probe/expected.tsv: a row for each attempt, a column for each confinement. A cell says what the attempt must
come to: "+" allowed, "-" not there, or the errno with which it is refused. The second column is "m" where the machine
decides whether the thing is there at all, be it the kernel or what it was built with: such a row may be absent, and the
test says so."""
import pathlib

FILE = pathlib.Path(__file__).resolve().parent / "expected.tsv"

BASIC = ["sandbox = basic"]
STRICT = ["sandbox = strict"]
JAIL = ["root_directory = /srv/jail"]
# name of the column -> user, and lines of the service
CONFINEMENTS = {
    "none": ("nobody", []),
    "basic": ("nobody", BASIC),
    "strict": ("nobody", STRICT),
    "no_new_privileges": ("nobody", ["no_new_privileges = yes"]),
    "capabilities=none": ("nobody", ["capabilities = none"]),
    "@service": ("nobody", ["system_calls = @service"]),
    "@strict": ("nobody", ["system_calls = @strict"]),
    "tcp_connect=none": ("nobody", ["tcp_connect = none"]),
    "private_tmp": ("nobody", ["private_tmp = yes"]),
    "private_devices": ("nobody", ["private_devices = yes"]),
    "private_network": ("nobody", ["private_network = yes"]),
    "private_pids": ("nobody", ["private_pids = yes"]),
    "private_ipc": ("nobody", ["private_ipc = yes"]),
    "dynamic_user": ("nobody", ["dynamic_user = yes"]),
    "user_namespace": ("nobody", ["user_namespace = yes"]),
    "read_only_paths=/": ("nobody", ["read_only_paths = /"]),
    "inaccessible_paths=/etc": ("nobody", ["inaccessible_paths = /etc"]),
    "root_directory": ("nobody", JAIL),
    "root:none": ("root", []),
    "root:basic": ("root", BASIC),
    "root:strict": ("root", STRICT),
    "root:strict,root_directory": ("root", STRICT + JAIL),
    "root:strict,read_only_paths=/": ("root", STRICT + ["read_only_paths = /"]),
    "root:capabilities=none": ("root", ["capabilities = none"]),
    "root:private_pids": ("root", ["private_pids = yes"]),
    "root:user_namespace": ("root", ["user_namespace = yes", "dynamic_user = yes"]),
    "root:user_namespace,strict": ("root", ["user_namespace = yes", "dynamic_user = yes"] + STRICT),
}
PRESETS = ["none", "basic", "strict", "root:none", "root:basic", "root:strict", "root:strict,root_directory", "root:strict,read_only_paths=/", "root:user_namespace,strict"]
SINGLE = [name for name in CONFINEMENTS if name not in PRESETS]


def read():
    """{attempt: (mark, {confinement: cell})}, in the order of the file."""
    lines = [line.split("\t") for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    head = lines[0][2:]
    return {line[0]: (line[1], dict(zip(head, line[2:], strict=True))) for line in lines[1:]}


def write(rows):
    names = list(CONFINEMENTS)
    text = "".join("# %s\n" % line for line in __doc__.split("\n") if line)
    text += "\t".join(["attempt", "mark"] + names) + "\n"
    for attempt, (mark, cells) in rows.items():
        text += "\t".join([attempt, mark] + [cells[name] for name in names]) + "\n"
    FILE.write_text(text)


def cell(words):
    """Of a line of the probe: "allowed", "absent", "denied(EPERM)", "killed(SIGSYS)"."""
    if words in ("allowed", "absent"):
        return "+" if words == "allowed" else "-"
    return words[words.index("(") + 1:-1]


def answers(text):
    lines = text.split("\n")
    if "end" not in lines:
        raise ValueError("the probe did not come to its end: %r" % text[-200:])
    return {line.split(" ", 1)[0]: cell(line.split(" ", 1)[1]) for line in lines[:lines.index("end")]}


def differences(rows, confinement, got, lacking):
    """Sentences; `lacking` are the attempts for which this machine has nothing, as a server without confinement found."""
    for attempt in got.keys() - rows.keys():
        yield "%s: not in the table" % attempt
    for attempt, (mark, cells) in rows.items():
        one, wanted = got.get(attempt), cells[confinement]
        if one == wanted or (mark == "m" and attempt in lacking and one == "-"):
            continue
        yield "%s, %s: %s where %s is expected" % (confinement, attempt, one, wanted)
