#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A test double of a registry that lies, because a real one does not.

    lying-registry.py LAYOUT TAG

serves the image TAG of the OCI layout LAYOUT from a free port of 127.0.0.1, under any repository name. The first part
of the name says how it lies: HOST:PORT/blob-wrong/x pulls an image one byte of whose layers is wrong. What the names
are is the table LIES at the end. Whatever is no lie is answered as the OCI distribution specification has it.

Standard output tells "listening on HOST:PORT", "also at HOST:PORT" (another origin, for redirects), and then
every request with the Authorization that it had.
"""

import base64
import hashlib
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
BYTES = "application/octet-stream"

TOKEN = "a-token"
BASIC = "Basic " + base64.b64encode(b"user:password").decode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def flipped(data):
    """The same with one bit wrong, in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


class Image:
    """The image of a layout: its manifest, and every blob by digest."""

    def __init__(self, layout, tag):
        self.blobs = {}
        for path in Path(layout, "blobs/sha256").iterdir():
            self.blobs["sha256:" + path.name] = path.read_bytes()
        for entry in json.loads(Path(layout, "index.json").read_text())["manifests"]:
            if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag:
                self.manifest = self.blobs[entry["digest"]]
        self.parsed = json.loads(self.manifest)
        self.config = self.parsed["config"]["digest"]

    def add(self, data):
        self.blobs[digest(data)] = data
        return digest(data)

    def with_config(self, change):
        """A consistent manifest whose config was changed."""
        config = json.loads(self.blobs[self.config])
        change(config)
        data = json.dumps(config).encode()
        manifest = dict(self.parsed)
        manifest["config"] = dict(manifest["config"], digest=self.add(data), size=len(data))
        return json.dumps(manifest).encode()

    def with_layers(self, change):
        manifest = json.loads(self.manifest)
        change(manifest["layers"])
        return json.dumps(manifest).encode()

    def layer(self):
        return self.parsed["layers"][0]["digest"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    image = None
    other = None  # HOST:PORT of the other origin
    seen = {}     # how often something was asked for
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def do_GET(self):
        note = " ".join([self.headers.get("Host", "-"), self.path, self.headers.get("Authorization", "-"),
                         self.headers.get("Range", "-")])
        with self.lock:
            print(note, flush=True)
        path = self.path.split("?")[0]
        parts = path.strip("/").split("/")
        try:
            if parts[0] == "token":
                self.token(parts[1])
            elif parts[0] == "plain":
                self.body(self.image.blobs[parts[1]])
            elif parts[0] == "v2" and len(parts) >= 4:
                self.registry(parts[1], parts[-2], parts[-1])
            else:
                self.body(b"{}")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def registry(self, lie, kind, name):
        answer = LIES.get((lie, kind)) or LIES.get((lie, "*"))
        if lie not in {known for known, _ in LIES} | {"honest"}:
            self.error(404, "NAME_UNKNOWN", "repository name not known to registry")
        elif answer:
            answer(self, name)
        else:
            self.honest(kind, name)

    # What a registry does.

    def honest(self, kind, name):
        if kind == "manifests":
            self.manifest(name)
        elif kind == "blobs":
            self.blob(name)
        else:
            self.body(json.dumps({"name": "x", "tags": ["one", "two"]}).encode())

    def manifest(self, name):
        if name == "missing":
            self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        elif name.startswith("sha256:"):
            self.body(self.image.blobs.get(name, self.image.manifest), OCI_MANIFEST)
        else:
            self.body(self.image.manifest, OCI_MANIFEST)

    def blob(self, name):
        if name in self.image.blobs:
            self.ranged(self.image.blobs[name])
        else:
            self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")

    def ranged(self, data):
        start = self.range_start()
        if start:
            more = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self.body(data[start:], BYTES, 206, more)
        else:
            self.body(data)

    def range_start(self):
        asked = self.headers.get("Range", "")
        return int(asked[len("bytes="):].split("-")[0]) if asked.startswith("bytes=") else 0

    def body(self, data, content_type=BYTES, status=200, more=None, length=None):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for key, value in (more or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, code, message, more=None):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.body(body, "application/json", status, more)

    def count(self, what):
        with self.lock:
            self.seen[what] = self.seen.get(what, 0) + 1
            return self.seen[what]

    def token(self, kind):
        if kind == "garbage":
            self.body(b"<html>not a token</html>", "text/html")
        elif kind == "denied":
            self.error(401, "UNAUTHORIZED", "incorrect username or password")
        elif kind == "numbered":
            self.body(json.dumps({"token": f"{TOKEN}-{self.count('token')}"}).encode(), "application/json")
        else:
            self.body(json.dumps({"token": TOKEN, "expires_in": 300}).encode(), "application/json")

    def drop(self):
        """End the connection without a word more."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


# --- Lies ---------------------------------------------------------------------------------------------------------


def layers_only(lie):
    """A lie about layers; the config is answered honestly."""

    def answer(self, name):
        if name == self.image.config:
            self.blob(name)
        else:
            lie(self, name)

    return answer


def manifest_is(make, content_type=OCI_MANIFEST, more=None):
    return lambda self, name: self.body(make(self.image), content_type, 200, more)


def endless(self, _):
    self.send_response(200)
    self.send_header("Content-Type", OCI_MANIFEST)
    self.send_header("Transfer-Encoding", "chunked")
    self.end_headers()
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while True:
        self.wfile.write(chunk)


def breaks(honour_range, always=False):
    """Half of what is left, the first time or always, and then the connection is gone."""

    def answer(self, name):
        data = self.image.blobs[name]
        start = self.range_start() if honour_range else 0
        if self.count(("breaks", honour_range, name)) > 1 and not always:
            if honour_range:
                self.ranged(data)
            else:
                self.body(data)
            return
        self.body(data[start:start + (len(data) - start) // 2], length=len(data) - start)
        self.drop()

    return answer


def other_range(self, name):
    data = self.image.blobs[name]
    if self.range_start() == 0:
        self.body(data[:len(data) // 2], length=len(data))
        self.drop()
    else:
        self.body(data[3:], BYTES, 206, {"Content-Range": f"bytes 3-{len(data) - 1}/{len(data)}"})


def stall(half):
    def answer(self, name):
        if half:
            data = self.image.blobs[name]
            self.body(data[:len(data) // 2], length=len(data))
            self.wfile.flush()
        time.sleep(60)
        self.drop()

    return answer


def drip(self, name):
    """One byte of a header now and then, slower than anybody should wait for."""
    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(60):
        self.wfile.write(b"X")
        self.wfile.flush()
        time.sleep(1)


def needs(challenge, accepts):
    """An honest registry for those who have the right Authorization."""

    def wrap(kind):
        def answer(self, name):
            if accepts(self):
                self.honest(kind, name)
            else:
                more = {"WWW-Authenticate": challenge(self)} if challenge else {}
                self.error(401, "UNAUTHORIZED", "authentication required", more)

        return answer

    return {kind: wrap(kind) for kind in ("manifests", "blobs", "list")}


def bearer(kind):
    return lambda self: (f'Bearer realm="http://{self.headers["Host"]}/token/{kind}",service="liar",'
                         f'scope="repository:x:pull"')


def has_token(self):
    return self.headers.get("Authorization") == "Bearer " + TOKEN


def has_newest_token(self):
    """Each token is good for three requests."""
    newest = self.seen.get("token", 0)
    mine = self.headers.get("Authorization") == f"Bearer {TOKEN}-{newest}"
    return newest > 0 and mine and self.count(("use", newest)) <= 3


def redirect(where, authorized=False):
    def answer(self, name):
        if authorized and not has_token(self):
            self.error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": bearer("good")(self)})
        else:
            self.body(b"", BYTES, 307, {"Location": where(self, name)})

    return answer


def unavailable(status, times, more=None):
    def answer(self, name):
        if self.count((status, name)) <= times:
            self.error(status, "UNAVAILABLE", "come again later", more)
        else:
            self.manifest(name)

    return answer


def raw(data, repeat=1):
    def answer(self, _):
        for _ in range(repeat):
            self.wfile.write(data)
        self.drop()

    return answer


def drop_first(self, name):
    if self.count(("drop", name)) == 1:
        self.drop()
    else:
        self.manifest(name)


def swap_diff_ids(config):
    config["rootfs"]["diff_ids"].reverse()


def forget_diff_id(config):
    config["rootfs"]["diff_ids"].pop()


def bad_config(config):
    config["config"]["Cmd"] = 7


def repeat_layer(layers):
    layers.append(dict(layers[0]))


def contradict_layer(layers):
    layers.append(dict(layers[0], size=layers[0]["size"] + 1))


def huge_layer(layers):
    layers[0]["size"] += 1


def repeated(image):
    """The first layer again on top, in manifest and config."""
    manifest = json.loads(image.with_config(lambda c: c["rootfs"]["diff_ids"].append(c["rootfs"]["diff_ids"][0])))
    repeat_layer(manifest["layers"])
    return json.dumps(manifest).encode()


def not_an_archive(image):
    """The first layer's bytes are what their digest says, but no archive."""
    manifest = json.loads(image.manifest)
    data = b"\x1f\x8b" + b"this is no archive" * 1000
    manifest["layers"][0].update(digest=image.add(data), size=len(data))
    return json.dumps(manifest).encode()


def two_sided(image):
    return json.dumps(dict(image.parsed, manifests=[])).encode()


def index_lies(image):
    """An index that says another size of the manifest than it has."""
    name = image.add(image.manifest)
    entry = {"mediaType": OCI_MANIFEST, "digest": name, "size": len(image.manifest) + 1}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()


def other_architectures(image):
    entries = [{"mediaType": OCI_MANIFEST, "digest": digest(b"x"), "size": 1,
                "platform": {"os": "linux", "architecture": architecture}} for architecture in ("s390x", "ppc64le")]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()


def tags(pages, more=None):
    """Pages of tags, each with a link to the next one; `more` is what the last one links to."""

    def answer(self, _):
        page = int(self.path.partition("page=")[2] or 0)
        target = f"{self.path.split('?')[0]}?page={page + 1}" if page + 1 < len(pages) else more
        links = {"Link": f'<{target}>; rel="next"'} if target else {}
        self.body(json.dumps({"name": "x", "tags": pages[min(page, len(pages) - 1)]}).encode(), "application/json", 200,
                  links)

    return answer


LIES = {
    ("tags-pages", "tags"): tags([["one", "two"], ["three"]]),
    ("tags-evil", "tags"): tags([["../../etc"]]),
    ("tags-endless", "tags"): tags([[]], "?page=0"),
    ("tags-file", "tags"): tags([["one"]], "file:///etc/passwd"),
    ("manifest-digest", "manifests"): manifest_is(lambda i: i.manifest,
                                                  more={"Docker-Content-Digest": digest(b"other")}),
    ("manifest-garbage", "manifests"): manifest_is(lambda i: b"\x00\x01 garbage"),
    ("manifest-empty", "manifests"): manifest_is(lambda i: b""),
    ("manifest-html", "manifests"): manifest_is(lambda i: b"<html>log in first</html>", "text/html; charset=utf-8"),
    ("manifest-type", "manifests"): manifest_is(lambda i: i.manifest, OCI_INDEX),
    ("manifest-two-sided", "manifests"): manifest_is(two_sided),
    ("manifest-huge", "manifests"): manifest_is(lambda i: i.manifest + b" " * (5 << 20)),
    ("manifest-endless", "manifests"): endless,
    ("index-size", "manifests"): lambda self, name: self.body(
        *((self.image.manifest, OCI_MANIFEST) if name.startswith("sha256:") else (index_lies(self.image), OCI_INDEX))),
    ("index-other", "manifests"): manifest_is(other_architectures, OCI_INDEX),
    ("diffids-swapped", "manifests"): manifest_is(lambda i: i.with_config(swap_diff_ids)),
    ("diffids-missing", "manifests"): manifest_is(lambda i: i.with_config(forget_diff_id)),
    ("config-type", "manifests"): manifest_is(lambda i: i.with_config(bad_config)),
    ("layer-twice", "manifests"): manifest_is(repeated),
    ("layer-contradicts", "manifests"): manifest_is(lambda i: i.with_layers(contradict_layer)),
    ("layer-size", "manifests"): manifest_is(lambda i: i.with_layers(huge_layer)),
    ("layer-no-archive", "manifests"): manifest_is(not_an_archive),
    ("config-wrong", "blobs"): lambda self, name: self.body(
        flipped(self.image.blobs[name]) if name == self.image.config else self.image.blobs[name]),
    ("blob-wrong", "blobs"): layers_only(lambda self, name: self.body(flipped(self.image.blobs[name]))),
    ("blob-short", "blobs"): layers_only(lambda self, name: self.body(self.image.blobs[name][:-1])),
    ("blob-long", "blobs"): layers_only(lambda self, name: self.body(self.image.blobs[name] + b"x")),
    ("blob-endless", "blobs"): layers_only(endless),
    ("blob-missing", "blobs"): layers_only(lambda self, name: self.error(404, "BLOB_UNKNOWN", "blob unknown")),
    ("blob-breaks", "blobs"): layers_only(breaks(True)),
    ("blob-breaks-anew", "blobs"): layers_only(breaks(False)),
    ("blob-always-breaks", "blobs"): layers_only(breaks(False, True)),
    ("blob-other-range", "blobs"): layers_only(other_range),
    ("blob-stalls", "blobs"): layers_only(stall(True)),
    ("stalls", "manifests"): stall(False),
    ("drips", "manifests"): drip,
    ("redirect-file", "manifests"): redirect(lambda self, name: "file:///etc/passwd"),
    ("redirect-ftp", "manifests"): redirect(lambda self, name: "ftp://127.0.0.1/"),
    ("redirect-loop", "manifests"): redirect(lambda self, name: self.path),
    ("redirect-user", "manifests"): redirect(lambda self, name: f"http://u:p@{self.headers['Host']}{self.path}"),
    ("redirect-nowhere", "manifests"): lambda self, name: self.body(b"", BYTES, 302),
    ("redirect-other", "blobs"): redirect(lambda self, name: f"http://{self.other}/plain/{name}", True),
    ("redirect-same", "blobs"): redirect(lambda self, name: f"/plain/{name}", True),
    ("headers-huge", "manifests"): raw(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 20000),
    ("header-long", "manifests"): raw(b"HTTP/1.1 200 OK\r\nX-Y: " + b"z" * 200000),
    ("not-http", "manifests"): raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("drops-once", "manifests"): drop_first,
    ("drops", "manifests"): raw(b""),
    ("busy-once", "manifests"): unavailable(503, 1),
    ("busy", "manifests"): unavailable(503, 1000),
    ("limited", "manifests"): unavailable(429, 2, {"Retry-After": "0"}),
    ("teapot", "manifests"): unavailable(418, 1000),
    ("forbidden", "manifests"): lambda self, name: self.error(403, "DENIED", "requested access is denied"),
}
for lie_name, lies in {
        "auth-token": needs(bearer("good"), has_token),
        "auth-expires": needs(bearer("numbered"), has_newest_token),
        "auth-loop": needs(bearer("good"), lambda self: False),
        "auth-garbage": needs(bearer("garbage"), has_token),
        "auth-denied": needs(bearer("denied"), has_token),
        "auth-file": needs(lambda self: 'Bearer realm="file:///etc/passwd"', has_token),
        "auth-basic": needs(lambda self: 'Basic realm="x"', lambda self: self.headers.get("Authorization") == BASIC),
        "auth-silent": needs(None, has_token),
}.items():
    for lie_kind, lie_answer in lies.items():
        LIES[(lie_name, lie_kind)] = lie_answer
LIES[("redirect-other", "manifests")] = needs(bearer("good"), has_token)["manifests"]


def main():
    Handler.image = Image(sys.argv[1], sys.argv[2])
    server, other = (ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2))
    for each in (server, other):
        each.daemon_threads = True
    Handler.other = f"127.0.0.1:{other.server_port}"
    threading.Thread(target=other.serve_forever, daemon=True).start()
    print(f"also at {Handler.other}", flush=True)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


main()
