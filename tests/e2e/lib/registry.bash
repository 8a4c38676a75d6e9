# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A registry for tests: Debian's docker-registry, on a free port of 127.0.0.1, with a storage of its own.
#
#   registry_file_setup                  coffer_file_setup, a home, the image "four" in $LAYOUT, and a registry
#   registry_start DIR [KEY=VALUE...]    start it with its files in DIR; sets $REGISTRY to HOST:PORT and $REGISTRY_PID
#   registry_stop                        stop it; also when it never started
#   registry_push LAYOUT:TAG NAME:TAG [oci|v2s2]
#   registry_push_index LAYOUT NAME:TAG  all images that the layout's index names, as an index
#   registry_digest NAME:TAG             what the tag names there
#
#   lying_start SCRIPT                   a server that lies, see lying-registry.py; sets $LIAR and $LIAR_PID
#   lying_stop
#   awkward_start DIR                    one that takes pushes the hard way, see awkward-registry.py; sets $AWKWARD,
#                                        $AWKWARD_PID and $awkward_dir
#   awkward_stop
#   registry_users FILE                  user:password, as the registry's authentication "htpasswd" reads it
#
# KEY=VALUE are settings of the registry in its environment (REGISTRY_AUTH=...).

registry_file_setup() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home LAYOUT=$BATS_FILE_TMPDIR/layout
	mkdir "$HOME"
	image_make "$LAYOUT" four
	registry_start "$BATS_FILE_TMPDIR/registry"
	export REGISTRY REGISTRY_PID registry_dir
}

registry_log() {
	cat "$registry_dir/log" >&2
}

# The port is the kernel's choice, and the log tells it.
registry_wait() {
	local log=$1 pid=$2 address
	for _ in {1..600}; do
		address=$(sed -nE 's/.*listening on (127\.0\.0\.1:[0-9]+).*/\1/p' "$log")
		if [ -n "$address" ]; then
			echo "$address"
			return
		fi
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	cat "$log" >&2
	return 1
}

registry_start() {
	registry_dir=$1
	shift
	mkdir -p "$registry_dir/storage"
	cat >"$registry_dir/config.yml" <<-CONFIG
		version: 0.1
		log: {level: info}
		storage:
		  filesystem: {rootdirectory: $registry_dir/storage}
		  delete: {enabled: true}
		http: {addr: "127.0.0.1:0", secret: tests}
	CONFIG
	: >"$registry_dir/log"
	env "$@" docker-registry serve "$registry_dir/config.yml" \
		>"$registry_dir/log" 2>&1 3>&- &
	REGISTRY_PID=$!
	REGISTRY=$(registry_wait "$registry_dir/log" "$REGISTRY_PID")
}

registry_stop() {
	if [ -n "${REGISTRY_PID:-}" ]; then
		kill "$REGISTRY_PID" 2>/dev/null || true
		wait "$REGISTRY_PID" 2>/dev/null || true
		REGISTRY_PID=
	fi
}

registry_push() {
	skopeo --insecure-policy copy --quiet --dest-tls-verify=false --format "${3:-oci}" \
		"oci:$1" "docker://$REGISTRY/$2"
}

# Blobs and manifests first, the index last: as skopeo does, but with an index that we make, and whatever is in it.
registry_push_index() {
	local layout=$1 name=${2%:*} tag=${2##*:} digest type
	jq -r '.manifests[].digest' "$layout/index.json" | while read -r digest; do
		registry_put_manifest "$layout" "$digest" "$name" "$digest" || return
	done || return
	jq -c '.mediaType = "application/vnd.oci.image.index.v1+json" |
		del(.manifests[].annotations)' "$layout/index.json" >"$registry_dir/index.json"
	type=application/vnd.oci.image.index.v1+json
	curl -sSf -X PUT -H "Content-Type: $type" --data-binary "@$registry_dir/index.json" \
		"http://$REGISTRY/v2/$name/manifests/$tag"
}

# registry_put_manifest LAYOUT DIGEST NAME REFERENCE: a manifest with all that it names.
registry_put_manifest() {
	local layout=$1 digest=$2 name=$3 reference=$4 file type blob
	file=$layout/blobs/sha256/${digest#sha256:}
	jq -r '.config.digest, .layers[].digest' "$file" | while read -r blob; do
		registry_put_blob "$layout/blobs/sha256/${blob#sha256:}" "$name" "$blob" || return
	done || return
	type=$(jq -r '.mediaType // "application/vnd.oci.image.manifest.v1+json"' "$file")
	curl -sSf -X PUT -H "Content-Type: $type" --data-binary "@$file" \
		"http://$REGISTRY/v2/$name/manifests/$reference"
}

# registry_put_blob FILE NAME DIGEST
registry_put_blob() {
	local location
	location=$(curl -sSf -X POST -D - -o /dev/null "http://$REGISTRY/v2/$2/blobs/uploads/" |
		sed -nE 's/^[Ll]ocation: *([^\r]*)\r?$/\1/p')
	[ -n "$location" ] || return
	curl -sSf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "$location&digest=$3"
}

registry_digest() {
	curl -sSf -o /dev/null -D - \
		-H 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json,
 application/vnd.docker.distribution.manifest.list.v2+json,
 application/vnd.docker.distribution.manifest.v2+json' \
		"http://$REGISTRY/v2/${1%:*}/manifests/${1##*:}" |
		sed -nE 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: *([^\r]*)\r?$/\1/p'
}

lying_start() {
	local lib=${BASH_SOURCE[0]%/*}
	lying_dir=$1
	mkdir -p "$lying_dir"
	shift
	: >"$lying_dir/log"
	python3 "$lib/lying-registry.py" "$@" >"$lying_dir/log" 2>&1 3>&- &
	LIAR_PID=$!
	# shellcheck disable=SC2034 # for the tests
	LIAR=$(registry_wait "$lying_dir/log" "$LIAR_PID")
}

lying_stop() {
	if [ -n "${LIAR_PID:-}" ]; then
		kill "$LIAR_PID" 2>/dev/null || true
		wait "$LIAR_PID" 2>/dev/null || true
		LIAR_PID=
	fi
}

awkward_start() {
	local lib=${BASH_SOURCE[0]%/*}
	awkward_dir=$1
	mkdir -p "$awkward_dir"
	: >"$awkward_dir/log"
	python3 "$lib/awkward-registry.py" >"$awkward_dir/log" 2>&1 3>&- &
	AWKWARD_PID=$!
	# shellcheck disable=SC2034 # for the tests
	AWKWARD=$(registry_wait "$awkward_dir/log" "$AWKWARD_PID")
}

awkward_stop() {
	if [ -n "${AWKWARD_PID:-}" ]; then
		kill "$AWKWARD_PID" 2>/dev/null || true
		wait "$AWKWARD_PID" 2>/dev/null || true
		AWKWARD_PID=
	fi
}

registry_users() {
	python3 -W ignore -c 'import crypt; print("user:" + crypt.crypt("password", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' >"$1"
}
