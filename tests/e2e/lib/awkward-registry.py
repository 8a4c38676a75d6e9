#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A test double of a registry that takes pushes, but makes it hard, because a real one does so only on bad days.

    awkward-registry.py

listens on a free port of 127.0.0.1. The first part of a repository's name says how it behaves, see the table TRICKS at
the end; HOST:PORT/breaks/x breaks off in the middle of each first part of an upload.

Standard output tells "listening on HOST:PORT", "also at HOST:PORT" (another origin), "strict at HOST:PORT" (one that wants
a token for everything, and whose token service gives identity tokens to user:password), and then every request with the
Authorization and the Content-Range that it had, and how many bytes of a body came.
"""

import base64
import hashlib
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BASIC = "Basic " + base64.b64encode(b"user:password").decode()
IDENTITY = "an-identity-token"

BODY_LIMIT = 6500000  # of "small"


class Upload:
    def __init__(self):
        self.data = b""
        self.parts = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    other = None  # HOST:PORT of the other origin
    uploads, blobs, manifests, tokens = {}, {}, {}, {}
    busy = set()

    def log_message(self, *_):
        pass

    def note(self, received):
        with self.lock:
            print(self.headers.get("Host", "-"), self.command, self.path, self.headers.get("Authorization", "-"),
                  self.headers.get("Content-Range", "-"), received, flush=True)

    # --- Answers ---

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message, **headers):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **headers)

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    # --- Who may ---

    def token(self):
        """A token for exactly the scopes that were asked for."""
        asked = parse_qs(urlsplit(self.path).query if self.command == "GET" else self.read_body().decode())
        scopes = [scope for value in asked.get("scope", []) for scope in value.split()]
        name = f"token-{len(self.tokens) + 1}"
        answer = {"access_token": name, "expires_in": 60}
        self.note(0)
        if "identity" in self.path:
            known = self.headers.get("Authorization") == BASIC or asked.get("refresh_token") == [IDENTITY]
            if not known:
                self.error(401, "UNAUTHORIZED", "incorrect username or password")
                return
            if asked.get("offline_token") == ["true"] and asked.get("account") == ["user"]:
                answer["refresh_token"] = IDENTITY
        self.tokens[name] = {"scopes": scopes, "uses": 0}
        self.answer(200, json.dumps(answer).encode())

    def may(self, trick, name):
        trick = "identity" if self.server.strict else trick
        if trick not in ("token", "expires", "identity"):
            return True
        token = self.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if token and (not name or f"repository:{name}:pull,push" in token["scopes"]):
            token["uses"] += 1
            if trick != "expires" or token["uses"] <= 5:
                return True
        self.read_body()
        self.error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=(
            f'Bearer realm="http://{self.headers["Host"]}/auth/{trick}",service="awkward"' +
            (f',scope="repository:{name}:pull"' if name else "")))
        return False

    # --- Requests ---

    def read_body(self, limit=None):
        length = int(self.headers.get("Content-Length", 0))
        length = length if limit is None else min(length, limit)
        data = b""
        while len(data) < length:
            data += self.rfile.read(min(length - len(data), 1 << 16)) or sys.exit("the body is too short")
        return data

    def handle_request(self):
        path = urlsplit(self.path).path
        parts = path.strip("/").split("/")
        if parts[0] == "auth":
            self.token()
        elif parts[0] == "v2" and len(parts) == 1:
            self.note(0)
            if self.may("", ""):
                self.answer(200)
        elif "blobs" in parts:
            self.blob(parts[1], "/".join(parts[1:parts.index("blobs")]), parts)
        else:
            self.manifest(parts[1], "/".join(parts[1:-2]), parts[-1])

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = handle_request

    def blob(self, trick, name, parts):
        if not self.may(trick, name):
            return
        if parts[-1] in self.uploads:
            self.upload(trick, parts[-1])
        elif self.command == "POST":
            self.note(0)
            self.begin(trick, name)
        elif "uploads" in parts:
            self.read_body()
            self.note(0)
            self.error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        elif (name, parts[-1]) in self.blobs:
            self.note(0)
            self.answer(200)
        else:
            self.note(0)
            self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")

    def begin(self, trick, name):
        if trick == "readonly":
            self.error(405, "UNSUPPORTED", "the registry is read-only")
            return
        key = f"{trick}-{len(self.uploads) + 1}"
        self.uploads[key] = Upload()
        host = self.other if trick == "elsewhere" else self.headers["Host"]
        headers = {} if trick == "nowhere" else {"Location": f"http://{host}/v2/{name}/blobs/uploads/{key}?state=a%2Bb"}
        if trick == "relative":
            headers = {"Location": f"/v2/{name}/blobs/uploads/{key}?state=a%2Bb"}
        self.answer(202, **headers)

    def upload(self, trick, key):
        upload = self.uploads[key]
        if self.command == "GET":
            self.note(0)
            self.answer(204, Range=f"0-{max(len(upload.data) - 1, 0)}", Location=self.path)
        elif TRICKS.get(trick) and TRICKS[trick](self, key, upload):
            pass
        elif self.command == "PATCH":
            self.patch(upload)
        else:
            self.put(upload)

    def patch(self, upload):
        start = self.headers.get("Content-Range", "0-").split("-")[0]
        data = self.read_body()
        self.note(len(data))
        if int(start) != len(upload.data):
            self.error(416, "RANGE_INVALID", "invalid content range")
            return
        upload.data += data
        self.answer(202, Range=f"0-{len(upload.data) - 1}", Location=self.path)

    def put(self, upload):
        data = self.read_body()
        self.note(len(data))
        upload.data += data
        wanted = parse_qs(urlsplit(self.path).query)["digest"][0]
        assert parse_qs(urlsplit(self.path).query)["state"] == ["a+b"], self.path
        if "sha256:" + hashlib.sha256(upload.data).hexdigest() != wanted:
            self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            return
        self.blobs[(urlsplit(self.path).path.split("/blobs/")[0].removeprefix("/v2/"), wanted)] = len(upload.data)
        self.answer(201)

    def manifest(self, trick, name, reference):
        if not self.may(trick, name):
            return
        data = self.read_body()
        self.note(len(data))
        if self.command == "PUT":
            parsed = json.loads(data)
            missing = [part["digest"] for part in [parsed["config"]] + parsed["layers"]
                       if (name, part["digest"]) not in self.blobs]
            if missing or parsed["mediaType"] != self.headers["Content-Type"]:
                self.error(400, "MANIFEST_INVALID", "manifest invalid")
                return
        self.answer(201)


# --- Tricks: True if it has answered ---------------------------------------------------------------------------------


def breaks(self, _, upload):
    """The first part gets there by half."""
    upload.parts += self.command == "PATCH"
    if self.command != "PATCH" or upload.parts > 1:
        return False
    upload.data += self.read_body(int(self.headers["Content-Length"]) // 2)
    self.note(len(upload.data))
    self.drop()
    return True


def forgets(self, key, upload):
    """... and then nothing is known of the upload, once."""
    if self.command != "PATCH" or "forgets" in self.busy:
        return False
    self.busy.add("forgets")
    breaks(self, key, upload)
    del self.uploads[key]
    return True


def always_breaks(self, _, _upload):
    if self.command != "PATCH":
        return False
    self.read_body(1000)
    self.note(1000)
    self.drop()
    return True


def small(self, _, _upload):
    if int(self.headers.get("Content-Length", 0)) <= BODY_LIMIT:
        return False
    self.read_body()
    self.note(0)
    self.error(413, "SIZE_INVALID", "request entity too large")
    return True


def busy(self, key, _):
    """Two uploads are in vain."""
    if len(self.busy) == 2:
        return False
    self.busy.add(key)
    self.read_body()
    self.note(0)
    self.error(503, "UNAVAILABLE", "come again later", Retry_After="0")
    return True


def refuses(self, *_):
    self.read_body()
    self.note(0)
    self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    return True


def complete_fails(self, key, _):
    """Takes the bytes, and then cannot put them together."""
    if self.command != "PUT":
        return False
    self.read_body()
    self.note(0)
    del self.uploads[key]
    self.error(500, "UNKNOWN", "out of order", Retry_After="0")
    return True


TRICKS = {
    "breaks": breaks,
    "forgets": forgets,
    "always-breaks": always_breaks,
    "small": small,
    "busy": busy,
    "refuses": refuses,
    "complete-fails": complete_fails,
}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    strict = False

    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


def main():
    servers = [Server(("127.0.0.1", 0), Handler) for _ in range(3)]
    names = [f"127.0.0.1:{server.server_port}" for server in servers]
    Handler.other = names[1]
    servers[2].strict = True
    print(f"strict at {names[2]}", flush=True)
    print(f"also at {names[1]}", flush=True)
    print(f"listening on {names[0]}", flush=True)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
