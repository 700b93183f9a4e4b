# SPDX-License-Identifier: MIT
"""Runs the commands of a page and compares what they print with what the page shows."""
import re
import shutil
import time

from world import Failed, WAIT

# What differs from run to run, and what replaces it on both sides.
VARIES = [
    (r"\b\d\d/\d\d?/\d\d?@\d\d:\d\d:\d\d", "DATE"),
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", "DATE"),
    (r"\bpid=[1-9]\d*", "pid=N"),
    (r"\b(xsuperd|xinetd)\[\d+\]", r"\1[N]"),
    (r"\bduration=\d+", "duration=N"),
    (r"\b(?:\d+h)?(?:\d+m)?\d+s\b", "AGE"),
    (r"(address|peer|time|, ) ?\d?\d:\d\d$", r"\1 H:MM"),
    (r"::ffff:(?=\d)", ""),  # a machine without IPv6 has plain addresses
    (r"[ \t]+", " "),
]


def plain(text):
    for pattern, by in VARIES:
        text = re.sub(pattern, by, text, flags=re.M)
    return [line.strip() for line in text.rstrip("\n").split("\n")] if text.strip() else []


def matches(expected, got):
    """Line by line; "..." alone stands for any number of lines, within a line for any text."""
    if not expected:
        return not got
    if expected[0] == "...":
        return any(matches(expected[1:], got[n:]) for n in range(len(got) + 1))
    pattern = ".*".join(re.escape(part) for part in expected[0].split("..."))
    return bool(got) and re.fullmatch(pattern, got[0]) is not None and matches(expected[1:], got[1:])


def missing_program(line):
    """The first word of a command that this machine has not; commands of the shell are always there."""
    words = line.split()
    if words[0] == "sudo":
        words = words[1:]
    name = words[0]
    known = {"xsuperd", "xsuperctl", "systemctl", "cat", "tail", "printf", "echo"}
    return None if name in known or shutil.which(name) else name


def run(world, command):
    """Compares. Logs and counters come a little later: what looks at them is tried again for as long as may be waited.
    Returns the name of a program that is not there, or None."""
    name = missing_program(command.line)
    if name:
        return name
    expected = plain("\n".join(command.expected))
    looks = re.match(r"(sudo )?(tail|cat|grep|xsuperctl (list|stats|sessions|status|show))\b", command.line)
    end = time.monotonic() + WAIT
    while True:
        got = plain(world.there(world.shell(command.line, check=False)))
        if matches(expected, got):
            return None
        if not looks or time.monotonic() > end:
            raise Failed(f"$ {command.line}\n  the page shows:\n    " + "\n    ".join(expected)
                         + "\n  it printed:\n    " + "\n    ".join(got))
        time.sleep(0.1)
