#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A test double of a registry that keeps lists of referrers itself, as Debian's does not yet.

    referrers-registry.py

listens on a free port of 127.0.0.1 and keeps all in memory. Lists come one entry a page, and are filtered by the type that is
asked for, unless the repository's name begins with "unfiltered/". Below "web/", the question for a list is answered with a web
page and 200, and pushes as by a registry that knows nothing of subjects; below "fails/", with 403.

Standard output tells "listening on HOST:PORT", and then every request.
"""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    uploads, known = {}, {}

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_request(self):
        url = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(self.command, self.path, flush=True)
        for kind in "blobs", "manifests", "referrers":
            name, found, rest = url.path.removeprefix("/v2/").partition(f"/{kind}/")
            if found:
                getattr(self, kind)(name, rest, data, parse_qs(url.query))
                return
        self.answer(200 if url.path == "/v2/" else 404)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = handle_request

    def blobs_upload(self, key, data, query):
        self.uploads[key] = self.uploads.get(key, b"") + data
        if self.command == "PUT":
            self.known[query["digest"][0]] = self.uploads.pop(key)
            self.answer(201)
        else:
            self.answer(202, Location=f"/v2/x/blobs/uploads/{key}", Range=f"0-{max(len(self.uploads[key]) - 1, 0)}")

    def blobs(self, _, rest, data, query):
        if rest.startswith("uploads"):
            self.blobs_upload(rest.removeprefix("uploads/") or f"upload-{len(self.uploads)}-{len(self.known)}", data, query)
        elif rest in self.known:
            self.answer(200, self.known[rest], "application/octet-stream")
        else:
            self.answer(404)

    def manifests(self, name, rest, data, _):
        stored = self.server.manifests
        if self.command == "PUT":
            stored[(name, rest)] = stored[(name, digest(data))] = (data, self.headers["Content-Type"])
            subject = json.loads(data).get("subject", {}).get("digest")
            self.answer(201, **({"OCI_Subject": subject} if subject and not name.startswith("web/") else {}))
        elif (name, rest) in stored:
            body, kind = stored[(name, rest)]
            self.answer(200, body, kind, Docker_Content_Digest=digest(body))
        else:
            self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')

    def referrers(self, name, subject, _, query):
        if name.startswith("web/"):
            self.answer(200, b"<html>a portal</html>", "text/html")
            return
        if name.startswith("fails/"):
            self.answer(403, b'{"errors":[{"code":"DENIED","message":"not for you"}]}')
            return
        entries = []
        for (repository, reference), (data, kind) in self.server.manifests.items():
            parsed = json.loads(data)
            if repository == name and reference == digest(data) and parsed.get("subject", {}).get("digest") == subject:
                entries.append({"mediaType": kind, "digest": reference, "size": len(data),
                                "artifactType": parsed.get("artifactType") or parsed["config"]["mediaType"],
                                "annotations": parsed.get("annotations", {})})
        filtered = "artifactType" in query and not name.startswith("unfiltered/")
        if filtered:
            entries = [entry for entry in entries if entry["artifactType"] == query["artifactType"][0]]
        start = int(query.get("page", ["0"])[0])
        more = {"OCI_Filters_Applied": "artifactType"} if filtered else {}
        if start + 1 < len(entries):
            more["Link"] = f'</v2/{name}/referrers/{subject}?page={start + 1}>; rel="next"'
        self.answer(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX,
                                     "manifests": entries[start:start + 1]}).encode(), INDEX, **more)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.manifests = {}
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
