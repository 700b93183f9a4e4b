# SPDX-License-Identifier: MIT
"""The pages of docs/ as their tests see them: units with files to install and commands to run.

A fenced block is an example when its first line says so:

    ```conf file=/etc/xinetd.d/rsync       a file; mode=755 may follow
    ```console                             commands behind "$ ", and what they print

All other blocks are text. A unit is what is tested together: a section ("## ...") of a page of recipes, or a whole page
that is read from top to bottom.
"""
import re

FENCE = re.compile(r"^( *)```(.*)$")


class File:
    def __init__(self, path, text, mode):
        self.path, self.text, self.mode = path, text, mode


class Command:
    def __init__(self, line, expected):
        self.line, self.expected = line, expected


class Unit:
    def __init__(self, title):
        self.title = title
        self.steps = []  # File and Command, in the order of the page

    @property
    def files(self):
        return [step for step in self.steps if isinstance(step, File)]

    @property
    def commands(self):
        return [step for step in self.steps if isinstance(step, Command)]

    @property
    def slug(self):
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


def commands_of(lines, where):
    """The commands of a console block. A line that ends in a backslash goes on."""
    commands, last = [], None
    for line in lines:
        if last is not None and last.line.endswith("\\"):
            last.line = last.line[:-1] + line.lstrip("> ")
        elif line.startswith(("$ ", "# ")):
            last = Command(line[2:], [])
            commands.append(last)
        elif last is None:
            raise ValueError(f"{where}: a console block begins with '$ '")
        else:
            last.expected.append(line)
    return commands


def read(path, by_section):
    """All units of a page that have examples."""
    units = [Unit(path.stem)]
    fence, info, block = None, None, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = FENCE.match(line)
        if fence is None and mark:
            fence, info, block = mark[1], mark[2], []
        elif fence is not None and line == fence + "```":
            add_block(units[-1], info, block, f"{path.name}:{number}")
            fence = None
        elif fence is not None:
            block.append(line.removeprefix(fence))
        elif by_section and line.startswith("## "):
            units.append(Unit(line[3:].strip()))
    if fence is not None:
        raise ValueError(f"{path.name}: a block without an end")
    return [unit for unit in units if unit.steps]


def read_manual(path):
    """The literal blocks of a manual page (mdoc): entries are files, other lines commands without expectations. Of a page
    with EXAMPLES these alone."""
    text = path.read_text(encoding="utf-8")
    examples = re.search(r"(?ms)^\.Sh EXAMPLES\n(.*?)^\.Sh ", text)
    unit = Unit(path.name)
    for block in re.findall(r"(?ms)^\.Bd -literal.*?\n(.*?)^\.Ed", examples[1] if examples else text):
        block = block.replace("\\e", "\\")
        service = re.match(r"service (\S+)", block)
        if service or block.startswith("defaults"):
            to = f"/etc/xinetd.d/{service[1]}" if service else "/etc/xinetd.conf"
            unit.steps.append(File(to, block, 0o644))
        else:
            lines = re.sub(r"\\\n\s*", "", block).splitlines()
            unit.steps.extend(Command(line.strip(), []) for line in lines)
    return unit


def add_block(unit, info, lines, where):
    words = info.split()
    options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    if "file" in options:
        unit.steps.append(File(options["file"], "\n".join(lines) + "\n", int(options.get("mode", "644"), 8)))
    elif words[:1] == ["console"]:
        unit.steps.extend(commands_of(lines, where))
