# SPDX-License-Identifier: Apache-2.0
"""An OCI layout of an image with many layers: deep-image.py DIRECTORY COUNT BASE-TAR

The bottom layer is BASE-TAR; each of the others says in the file "last" which one it is, and has a file of its own
in "each".
"""
import hashlib
import io
import json
import os
import sys
import tarfile

out, count, base = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.makedirs(out + "/blobs/sha256")
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open(f"{out}/blobs/sha256/{digest}", "wb").write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}
def layer(i):
    if i == 0:
        return open(base, "rb").read()
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as tar:
        for name in ("last", "each/%03d" % i):
            info = tarfile.TarInfo(name)
            data = b"%d\n" % i
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buf.getvalue()
layers = [dict(put(layer(i)), mediaType="application/vnd.oci.image.layer.v1.tar") for i in range(count)]
config = put(json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
    "rootfs": {"type": "layers", "diff_ids": [l["digest"] for l in layers]}}).encode())
manifest = put(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": dict(config, mediaType="application/vnd.oci.image.config.v1+json"), "layers": layers}).encode())
json.dump({"schemaVersion": 2, "manifests": [dict(manifest, mediaType="application/vnd.oci.image.manifest.v1+json",
    annotations={"org.opencontainers.image.ref.name": "deep", "io.containerd.image.name": "docker.io/library/deep:1"})]}, open(out + "/index.json", "w"))
open(out + "/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
