#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An engine that answers Docker's command line with documents from files.

answering-engine.py SOCKET DIRECTORY: DIRECTORY/containers/NAME and DIRECTORY/images/NAME are what `inspect` of NAME gets,
DIRECTORY/info what `info` gets. Ends when it is killed.
"""

import http.server
import json
import os
import re
import socketserver
import sys

SOCKET, DIRECTORY = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Api-Version", "1.50")
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path = re.sub(r"^/v[0-9.]+", "", self.path.split("?")[0])
        if path == "/_ping":
            return self.answer(200, b"OK")
        name = re.fullmatch(r"/(containers|images)/([^/]+)/json|/(info)", path)
        file = name and os.path.join(DIRECTORY, name[3] or os.path.join(name[1], name[2]))
        if file and os.path.exists(file):
            with open(file, "rb") as document:
                return self.answer(200, document.read())
        return self.answer(404, json.dumps({"message": "No such object"}).encode())

    do_HEAD = do_GET


socketserver.ThreadingUnixStreamServer(SOCKET, Handler).serve_forever()
