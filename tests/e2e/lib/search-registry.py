#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A test double of registries that can be searched, because the one that really can is not on this machine.

    search-registry.py

serves, each on a free port of 127.0.0.1: "index", with /v1/search as Docker Hub has it; "pages", which answers that with a
web page and lists its repositories, two on a page; "closed", which has neither. Standard output tells "closed at
HOST:PORT", "pages at HOST:PORT", "listening on HOST:PORT" (the index), and then every request.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

IMAGES = [
    {"name": "box", "description": "The official\nbox", "star_count": 1200, "is_official": True, "is_automated": False},
    {"name": "team/boxes", "description": "a description of more than forty-five characters, in all",
     "star_count": 7, "is_official": False, "is_automated": True},
    {"name": "evil/box", "description": "\x1b[31mred\x1b[0m", "star_count": 0, "is_official": False},
]
REPOSITORIES = ["a/box", "b/box", "c/other", "d/box", "e/box"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def search(self, query):
        if self.server.kind == "pages":
            self.answer(200, b"<html>a portal</html>", "text/html")
            return
        found = [image for image in IMAGES if query["q"][0] in image["name"]][:int(query["n"][0])]
        self.answer(200, json.dumps({"num_results": len(found), "results": found}).encode())

    def catalog(self, query):
        start = REPOSITORIES.index(query["last"][0]) + 1 if "last" in query else 0
        page = REPOSITORIES[start:start + 2]
        more = {"Link": f'</v2/_catalog?last={page[-1]}&n=2>; rel="next"'} if start + 2 < len(REPOSITORIES) else {}
        self.answer(200, json.dumps({"repositories": page}).encode(), **more)

    def do_GET(self):
        url = urlsplit(self.path)
        print(self.server.kind, self.path, flush=True)
        if self.server.kind != "closed" and url.path == "/v1/search":
            self.search(parse_qs(url.query, keep_blank_values=True))
        elif self.server.kind == "pages" and url.path == "/v2/_catalog":
            self.catalog(parse_qs(url.query))
        else:
            self.answer(404, b"{}")


def main():
    servers = []
    for kind in "closed", "pages", "index":
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        servers[-1].kind = kind
        print(f"{kind} at 127.0.0.1:{servers[-1].server_port}", flush=True)
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
    print(f"listening on 127.0.0.1:{servers[-1].server_port}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
