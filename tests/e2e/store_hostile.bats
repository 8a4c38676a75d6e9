#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Archives and images that mean no good, from end to end: refused in words that say which limit or rule, with nothing left
# in the store; or taken as what they are. The units of unpacking are tests/unit/test_unpack*.c.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	make_archives
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

# What is refused leaves nothing behind, and harms nobody.
teardown() {
	if [ -n "${COFFER_TEST_ROOT:-}" ] && [ -d "$COFFER_TEST_ROOT/root/layers" ]; then
		coffer image prune -f >/dev/null
		coffer system check --repair >/dev/null
		[ -z "$(ls -A "$COFFER_TEST_ROOT/root/tmp")" ]
		[ "$(find "$COFFER_TEST_ROOT/root/layers" -mindepth 1 -maxdepth 1 | grep -c .)" -eq 1 ]
		coffer image verify -q
	fi
}

# Archives that tar(1) would not write.
make_archives() {
	(
		cd "$BATS_FILE_TMPDIR" || exit
		truncate -s 100G huge && tar --create --sparse --file sparse.tar huge && rm huge
		python3 - <<-'PYTHON'
			import gzip, io, tarfile

			def tar(name, members):
			    with tarfile.open(name, "w", format=tarfile.PAX_FORMAT) as out:
			        for member, data in members:
			            out.addfile(member, io.BytesIO(data) if data else None)

			def member(name, kind=tarfile.REGTYPE, data=b"", **values):
			    info = tarfile.TarInfo(name)
			    info.type, info.size = kind, len(data)
			    for key, value in values.items():
			        setattr(info, key, value)
			    return info, data

			tar("directory.tar", ((tarfile.TarInfo("d/%06d" % i), b"") for i in range(100000)))
			tar("same.tar", [member("file", data=b"%d\n" % i) for i in range(20000)])
			with tarfile.open("zeros.tar", "w") as out:
			    info = tarfile.TarInfo("zeros")
			    info.size = 64 << 20
			    out.addfile(info, io.BytesIO(bytes(info.size)))
			with open("zeros.tar", "rb") as zeros, gzip.open("zeros.tar.gz", "wb", 9) as out:
			    out.write(zeros.read())
			tar("links.tar", [
			    member("link", tarfile.SYMTYPE, linkname="../../../../../../../etc"),
			    member("link/coffer-was-here", data=b"gotcha"),
			])
			tar("out.tar", [member("a/../../b", data=b"x")])
			tar("whiteout.tar", [member("d/.wh..", data=b"")])
			tar("device.tar", [member("zero", tarfile.CHRTYPE, devmajor=0, devminor=0)])
			pax = {"path": "named/by/pax", "size": "4", "uid": "70000", "mtime": "1000.5", "SCHILY.xattr.user.x": "y",
			       "comment": "c" * 5000, "GNU.sparse.nonsense": "1", "hdrcharset": "BINARY"}
			tar("pax.tar", [member("x", data=b"text", pax_headers=pax)])
		PYTHON
	)
}

# refused WORDS ARGUMENT...: with an exit status of 1, these words (a pattern) and its code
refused() {
	local words=$1
	shift
	run -1 coffer "$@"
	# shellcheck disable=SC2053 # it is a pattern
	[[ $output == $words ]] || {
		echo "$output"
		return 1
	}
}

# --- bombs ------------------------------------------------------------------------------------------------------------

@test "a sparse file of 100 GiB: the holes count, and the limit is said" {
	refused "*files, with the holes in them, are larger than 68719476736 bytes, which is the limit (at 'huge')*\
hint:  export COFFER_LAYER_MAX_BYTES=137438953472*E-IMG-LAYER*" import sparse.tar bad:1
}

@test "a gzip and a zstd bomb, and limits that the environment sets" {
	zstd -q -f zeros.tar
	for archive in zeros.tar zeros.tar.gz zeros.tar.zst; do
		COFFER_LAYER_MAX_BYTES=10m refused "*larger than 10485760 bytes*, which is the limit*" import "$archive" bad:1
	done
	coffer import zeros.tar.gz zeros:1
	[ "$(coffer image inspect zeros:1 | jq '.[0].Size')" -ge $((64 << 20)) ]
	coffer rmi zeros:1
}

@test "more entries than are allowed" {
	COFFER_LAYER_MAX_ENTRIES=1000 refused "*layer has more than 1000 entries, which is the limit (at 'd/000999')*\
hint:  export COFFER_LAYER_MAX_ENTRIES=2000*" import directory.tar bad:1
}

@test "limits that make no sense" {
	COFFER_LAYER_MAX_BYTES=lots refused "*environment variable COFFER_LAYER_MAX_BYTES: *E-INVALID*" import out.tar bad:1
	COFFER_LAYER_MAX_RATIO=0 refused "*environment variable COFFER_LAYER_MAX_RATIO: \"0\" would let nothing pass*" \
		import out.tar bad:1
	COFFER_LAYER_MAX_ENTRIES=-1 refused "*environment variable COFFER_LAYER_MAX_ENTRIES: *" import out.tar bad:1
}

@test "100,000 entries in a directory, and 20,000 of one name" {
	coffer import directory.tar many:1
	layer=$COFFER_TEST_ROOT/root/layers/$(coffer image inspect many:1 | jq -r '.[0].RootFS.Layers[0]' | cut -d: -f2)
	[ "$(find "$layer/d" -type f | grep -c .)" -eq 100000 ]
	coffer image verify -q many:1
	coffer rmi many:1
	coffer import same.tar same:1
	layer=$COFFER_TEST_ROOT/root/layers/$(coffer image inspect same:1 | jq -r '.[0].RootFS.Layers[0]' | cut -d: -f2)
	[ "$(cat "$layer/file")" = 19999 ]
	coffer rmi same:1
}

# --- names ------------------------------------------------------------------------------------------------------------

@test "a link to the host's /etc, and a file below it: it is the layer's /etc" {
	coffer import links.tar links:1
	layer=$COFFER_TEST_ROOT/root/layers/$(coffer image inspect links:1 | jq -r '.[0].RootFS.Layers[0]' | cut -d: -f2)
	[ ! -e /etc/coffer-was-here ]
	[ "$(cat "$layer/etc/coffer-was-here")" = gotcha ]
	coffer rmi links:1
}

@test "names that lead out, whiteouts of '..', devices that would be whiteouts" {
	refused "*entry 'a/../../b' leads out of the layer*E-IMG-LAYER*" import out.tar bad:1
	refused "*entry 'd/.wh..' is a whiteout of \".\"*E-IMG-LAYER*" import whiteout.tar bad:1
	refused "*entry 'zero' is the character device 0:0*E-IMG-LAYER*" import device.tar bad:1
}

@test "pax headers of every kind" {
	coffer import pax.tar pax:1
	layer=$COFFER_TEST_ROOT/root/layers/$(coffer image inspect pax:1 | jq -r '.[0].RootFS.Layers[0]' | cut -d: -f2)
	[ "$(stat -c '%u %.1Y' "$layer/named/by/pax")" = "70000 1000.5" ]
	[ "$(getfattr --only-values -n user.x "$layer/named/by/pax")" = y ]
	coffer rmi pax:1
}

# --- documents --------------------------------------------------------------------------------------------------------

# An OCI layout with the config and manifest that Python makes of an import: crafted CODE, in "crafted".
crafted() {
	rm -rf crafted && mkdir crafted
	coffer save box:1 | tar --extract --directory crafted
	python3 - "$1" <<-'PYTHON'
		import hashlib, json, os, sys
		os.chdir("crafted")
		read = lambda digest: json.load(open("blobs/sha256/" + digest[7:]))
		index = json.load(open("index.json"))
		manifest = read(index["manifests"][0]["digest"])
		config = read(manifest["config"]["digest"])
		def put(document):
		    text = json.dumps(document).encode()
		    digest = hashlib.sha256(text).hexdigest()
		    open("blobs/sha256/" + digest, "wb").write(text)
		    return {"digest": "sha256:" + digest, "size": len(text)}
		exec(sys.argv[1])
		manifest["config"].update(put(config))
		index["manifests"][0].update(put(manifest))
		exec(globals().get("late", ""))
		json.dump(index, open("index.json", "w"))
		os.remove("manifest.json")
	PYTHON
	tar --create --file crafted.tar --directory crafted .
}

@test "a config with a million layers, a manifest with thousands, and with others than its config" {
	crafted 'config["rootfs"]["diff_ids"] *= 1000000'
	refused "*image config*8388608 bytes*" load -i crafted.tar
	crafted 'config["rootfs"]["diff_ids"] *= 100000'
	refused "*/rootfs/diff_ids: 100000 entries, but there may be 500 at most*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'manifest["layers"] *= 501'
	refused "*/layers: 501 *500*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'config["rootfs"]["diff_ids"] *= 2'
	refused "*the manifest has 1 layers, but the image config*has 2*E-IMG-MANIFEST*" load -i crafted.tar
}

@test "absurd sizes, wrong media types, digests that lead elsewhere" {
	crafted 'manifest["layers"][0]["size"] = 2 ** 40'
	refused "*is corrupt: it has * bytes, but its manifest says 1099511627776*E-IMG-DIGEST*" load -i crafted.tar
	crafted 'manifest["layers"][0]["size"] = 2 ** 62'
	refused "*/layers/0/size: 4611686018427387904 is out of range*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'manifest["layers"][0]["size"] = 2 ** 70'
	refused "*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'manifest["layers"][0]["size"] = -1'
	refused "*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'manifest["layers"][0]["mediaType"] = "application/x-shellscript"'
	refused "*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'manifest["manifests"] = manifest["layers"]'
	refused "*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'manifest["layers"][0]["digest"] = "sha256:../../../../../../etc/passwd"'
	refused "*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'config["rootfs"]["diff_ids"][0] = "sha256:" + "../" * 21 + "x"'
	refused "*E-IMG-MANIFEST*" load -i crafted.tar
	crafted 'config["rootfs"]["diff_ids"][0] = "sha256:" + "7" * 64'
	refused "*it is not what the image config says*E-IMG-DIGEST*" load -i crafted.tar
}
