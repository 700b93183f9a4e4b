# SPDX-License-Identifier: MIT
"""look.py DASHBOARD CLOSED: looks at the page as a browser without a script does, and at its events as one with it does."""
import base64
import hashlib
import html.parser
import http.client
import re
import socket
import sys
import time

port, closed = int(sys.argv[1]), int(sys.argv[2])
KNOWN = set("html head meta noscript title style body header h1 small main p ul li b h2 div figure svg path figcaption span table thead tr th tbody td "
            "pre footer a script".split())
ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "class", "id", "viewbox", "preserveaspectratio", "role", "aria-label", "d", "href"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.inside, self.words = [], {}, ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        assert tag in KNOWN, tag
        for name, value in attributes:
            assert name in ATTRIBUTES and "alert" not in value, (tag, name, value)
        if tag != "meta" and not (tag == "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag == "path", tag

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            self.inside[self.open[-1]] = self.inside.get(self.open[-1], "") + data
        else:
            self.words += data


def get(path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read().decode()


answer, text = get("/")
assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
page = Page(text)
policy = answer.headers["Content-Security-Policy"]
for asset in ("style", "script"):
    digest = base64.b64encode(hashlib.sha256(page.inside[asset].encode()).digest()).decode()
    assert f"{asset}-src 'sha256-{digest}'" in policy, (asset, policy)
assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
assert not re.search(r"https?://|src=", text.replace("&lt;img/src=x/onerror=alert(1)&gt;", ""))
assert "<img/src=x/onerror=alert(1)>" in page.words and "\"'&lt;/main>" in page.words, page.words
assert "<script>document" not in page.words
head, body = get("/", "HEAD")
assert body == "" and int(head.headers["Content-Length"]) > 1000
assert get("/health")[0].status == 200
assert get("/metrics")[0].status == 404

# A refusal is seen within two seconds.
follower = socket.create_connection(("127.0.0.1", port), timeout=20)
follower.sendall(b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
events = b""


def until(words):
    global events
    began = time.monotonic()
    while words not in events:
        part = follower.recv(65536)
        assert part, events
        events += part
    return time.monotonic() - began


until(b"refused<b>0</b>")
with socket.create_connection(("127.0.0.1", closed), timeout=20) as peer:
    peer.recv(1)
took = until(b"refused<b>1</b>")
assert took < 3, took
event = [line[6:] for line in events.decode().split("\n\n")[-2].splitlines() if line.startswith("data: ")]
assert "127.0.0.1" in Page("\n".join(event)).words
print("good")
