# SPDX-License-Identifier: MIT
"""all_events.py FOLDER: looks at what tests/e2e/run --events has gathered there: an event log CASE.json and a service log
CASE.log for each case.

Each record must be as docs/schema/event.json has it, and each START and EXIT line of a service log must have its record. Prints how many records of each kind there were, and
what is wrong. The exit status is 0 if nothing is."""
import collections
import json
import pathlib
import re
import sys

from events import SCHEMA, fault

KINDS = {one["properties"]["event"]["const"] for one in SCHEMA["oneOf"]}
LINE = re.compile(r"[0-9/]+@[0-9:]+: (START|EXIT): (\S+) ")


def records_of(path, complaints):
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError as error:
            complaints.append(f"{path.stem}: {line[:200]!r}: {error}")
            continue
        if found := fault(SCHEMA, record):
            complaints.append(f"{path.stem}: {line[:200]}: {found}")
        yield record


def main():
    folder = pathlib.Path(sys.argv[1])
    kinds, complaints, compared, exact = collections.Counter(), [], 0, 0
    for path in sorted(folder.glob("*.json")):
        records = collections.Counter()
        for record in records_of(path, complaints):
            kinds[record["event"]] += 1
            records[record["event"].upper(), record.get("id")] += 1
        log = path.with_suffix(".log")
        if not log.exists():
            continue
        lines = collections.Counter(found.groups() for found in map(LINE.match, log.read_text("utf-8", "replace").splitlines()) if found)
        for account, count in lines.items():
            compared += 1
            # A case that removes its service log has fewer lines.
            if records[account] < count:
                complaints.append(f"{path.stem}: {count} lines {account[0]} of {account[1]}, but {records[account]} records")
            exact += records[account] == count
    for kind, count in sorted(kinds.items()):
        print(f"{count:8} {kind}")
    print(f"{sum(kinds.values()):8} in all; {compared} accounts compared with the service logs, {exact} of them equal to the line; not seen: {', '.join(sorted(KINDS - set(kinds))) or 'none'}")
    for complaint in complaints:
        print("FAIL:", complaint)
    if not kinds:
        print("FAIL: there are no records")
    sys.exit(1 if complaints or not kinds else 0)


main()
