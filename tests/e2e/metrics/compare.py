# SPDX-License-Identifier: MIT
"""compare.py PORT CTL SOCKET LOG: scrapes, and holds each figure against what xsuperctl says, and against the log."""
import gzip
import http.client
import json
import re
import subprocess
import sys

port, ctl, path, log = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
LINE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)')


def get(**fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics", headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    body = answer.read()
    if answer.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    return answer.headers, body.decode()


def ask(command):
    return json.loads(subprocess.run([ctl, command, "--json", "--socket", path], check=True, stdout=subprocess.PIPE).stdout)


def figures(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        key = (name, tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))
        assert key not in found, line
        found[key] = float(value)
    return found


headers, text = get()
assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers
open_headers, open_text = get(Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5", Accept_Encoding="gzip")
assert open_headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), open_headers
assert open_text.endswith("\n# EOF\n")

# Our own scrapes are counted, too, so the others are compared.
stats = ask("stats")
seen = figures(text)
compared = 0


def equal(name, value, **labels):
    global compared
    key = (name, tuple(labels.items()))
    assert seen.get(key, 0) == value, (key, seen.get(key), value)
    compared += 1


for row in stats["rows"]:
    if row["id"] == "metrics":
        continue
    one = {"service": row["id"]}
    equal("xsuperd_requests_decided_total", row["served"] + row["refused"] + row["failed"] + row["withdrawn"], **one)
    equal("xsuperd_requests_undecided", row["accepted"] - row["served"] - row["refused"] - row["failed"] - row["withdrawn"], **one)
    for result in ("served", "refused", "failed", "withdrawn"):
        equal("xsuperd_requests_total", row[result], **one, result=result)
    for reason, count in row["reasons"].items():
        equal("xsuperd_refusals_total", count, **one, reason=reason)
    equal("xsuperd_received_bytes_total", row["bytes_in"], **one)
    equal("xsuperd_sent_bytes_total", row["bytes_out"], **one)
    equal("xsuperd_sessions_ended_total", row["ended"], **one)
    equal("xsuperd_sessions_served", row["running"], **one)
    equal("xsuperd_service_state", 1, **one, state=row["state"])
    equal("xsuperd_start_seconds_count", row["served"], **one)
    equal("xsuperd_session_duration_seconds_count", row["ended"], **one)
    if row["limit"] is not None:
        equal("xsuperd_sessions_limit", row["limit"], **one)
    lines = open(log).read()
    equal("xsuperd_requests_total", len(re.findall(rf"START: {row['id']} ", lines)) - row["failed"], **one, result="served")
    equal("xsuperd_requests_total", len(re.findall(rf"FAIL: {row['id']} ", lines)), **one, result="refused")
totals = stats["totals"]
equal("xsuperd_all_refusals_total", totals["reasons"]["address"], reason="address")
equal("xsuperd_all_requests_total", totals["refused"], result="refused")
equal("xsuperd_spawn_failures_total", 1, step="executing the server")
equal("xsuperd_upgrades_total", int(sys.argv[5]))
equal("xsuperd_reloads_total", 1, outcome="applied")
assert compared > 60, compared
# What xsuperctl prints is the same text.
printed = subprocess.run([ctl, "metrics", "--socket", path], check=True, stdout=subprocess.PIPE, text=True).stdout
again = figures(printed)
for key, value in seen.items():
    if "metrics" not in [value for _, value in key[1]] and re.match(r"xsuperd_(requests|refusals|start|session_dur)", key[0]):
        assert again[key] == value, key
print("equal")
