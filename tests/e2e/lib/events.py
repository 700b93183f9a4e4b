# SPDX-License-Identifier: MIT
"""events.py FILE [FIELD=VALUE...] [--show FIELD...]: reads an event log, holds each line against docs/schema/event.json, and
prints how many records have these values; with --show, these fields of each of them, "-" where there is none.

The checker knows what that schema uses of JSON Schema, and nothing else."""
import json
import pathlib
import re
import sys

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs/schema/event.json").read_text())
KINDS = {"object": dict, "string": str, "integer": int, "number": (int, float)}


def fault(schema, value):
    """What of the schema the value breaks, or None."""
    for keyword, wanted in schema.items():
        if keyword in ("$schema", "title", "description", "required", "additionalProperties"):
            continue
        if keyword == "type":
            if not isinstance(value, KINDS[wanted]) or isinstance(value, bool):
                return f"{value!r} is not of type {wanted}"
        elif keyword == "const":
            if value != wanted:
                return f"{value!r} is not {wanted!r}"
        elif keyword == "pattern":
            if not re.search(wanted, value):
                return f"{value!r} is not {wanted}"
        elif keyword == "minimum":
            if value < wanted:
                return f"{value} is less than {wanted}"
        elif keyword == "maximum":
            if value > wanted:
                return f"{value} is more than {wanted}"
        elif keyword == "properties":
            for name in schema["required"]:
                if name not in value:
                    return f"{name} is missing"
            for name, member in value.items():
                if name not in wanted:
                    return f"{name} is not described"
                if found := fault(wanted[name], member):
                    return f"{name}: {found}"
        elif keyword == "oneOf":
            faults = [fault(one, value) for one in wanted]
            if faults.count(None) != 1:
                named = [one for one in wanted if one["properties"]["event"]["const"] == value.get("event")]
                return fault(named[0], value) if named else f"no kind is called {value.get('event')}"
        else:
            return f"the checker does not know {keyword}"
    return None


def main():
    words, show = sys.argv[2:], []
    if "--show" in words:
        show = words[words.index("--show") + 1:]
        words = words[:words.index("--show")]
    wanted = dict(word.split("=", 1) for word in words)
    count = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        record = json.loads(line)
        if found := fault(SCHEMA, record):
            sys.exit(f"{line.strip()}: {found}")
        if any(str(record.get(name, "-")) != value for name, value in wanted.items()):
            continue
        count += 1
        if show:
            print(*(record.get(name, "-") for name in show))
    if not show:
        print(count)


if __name__ == "__main__":
    main()
