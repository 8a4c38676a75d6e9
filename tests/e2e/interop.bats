#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The same image through a registry and through archives, between coffer and the programs of others: digests stay.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/coffer
	load lib/image
	load lib/registry
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	registry_start "$BATS_FILE_TMPDIR/registry"
	export REGISTRY REGISTRY_PID registry_dir
	coffer tag box:1 "$REGISTRY/box:1"
	coffer push -q "$REGISTRY/box:1"
	DIGEST=$(registry_digest box:1)
	ID=$(coffer inspect --format '{{.Id}}' box:1)
	export DIGEST ID SAVED=$BATS_FILE_TMPDIR/box.tar
	coffer save -o "$SAVED" box:1
}

teardown_file() {
	load lib/coffer
	load lib/registry
	registry_stop
	coffer_file_teardown
}

setup() {
	load lib/coffer
	load lib/registry
	cd "$BATS_TEST_TMPDIR" || return
}

# On roots of this test, without a mount that outlives the command.
podman_here() {
	podman --root "$BATS_TEST_TMPDIR/podman/root" --runroot "$BATS_TEST_TMPDIR/podman/run" \
		--tmpdir "$BATS_TEST_TMPDIR/podman/tmp" --storage-driver vfs --cgroup-manager cgroupfs --log-level error "$@"
}

@test "podman pulls what coffer pushed, and coffer what podman pushed" {
	command -v podman || skip "needs podman"
	podman_here pull -q --tls-verify=false "$REGISTRY/box:1"
	[ "sha256:$(podman_here inspect --format '{{.Id}}' "$REGISTRY/box:1")" = "$ID" ]
	[ "$(podman_here inspect --format '{{.Digest}}' "$REGISTRY/box:1")" = "$DIGEST" ]
	podman_here push -q --tls-verify=false "$REGISTRY/box:1" "$REGISTRY/from-podman:1"
	coffer pull -q "$REGISTRY/from-podman:1"
	[ "$(coffer inspect --format '{{.Id}}' "$REGISTRY/from-podman:1")" = "$ID" ]
	coffer run --rm --network none "$REGISTRY/from-podman:1" true
	coffer rmi "$REGISTRY/from-podman:1" >/dev/null
}

@test "podman loads what coffer saved, and coffer what podman saved" {
	command -v podman || skip "needs podman"
	podman_here load -q -i "$SAVED"
	[ "sha256:$(podman_here inspect --format '{{.Id}}' box:1)" = "$ID" ]
	for format in docker-archive oci-archive; do
		podman_here save -q --format "$format" -o "$format.tar" docker.io/library/box:1
		coffer load -i "$format.tar"
		[ "$(coffer inspect --format '{{.Id}}' box:1)" = "$ID" ]
	done
}

@test "skopeo copies it from coffer's registry and archives with the same digest" {
	skopeo --insecure-policy copy -q --src-tls-verify=false --preserve-digests "docker://$REGISTRY/box:1" "oci:$PWD/oci:1"
	[ "$(jq -r '.manifests[0].digest' oci/index.json)" = "$DIGEST" ]
	skopeo --insecure-policy copy -q --preserve-digests "oci-archive:$SAVED" "oci:$PWD/saved:1"
	[ "$(jq -r '.manifests[0].digest' saved/index.json)" = "$DIGEST" ]
	skopeo --insecure-policy copy -q --dest-tls-verify=false --preserve-digests "oci:$PWD/oci:1" \
		"docker://$REGISTRY/from-skopeo:1"
	coffer pull -q "$REGISTRY/from-skopeo:1"
	[ "$(coffer inspect --format '{{index .RepoDigests 0}}' "$REGISTRY/from-skopeo@$DIGEST" | sed 's/.*@//')" = "$DIGEST" ]
	coffer rmi "$REGISTRY/from-skopeo:1" >/dev/null
}

@test "umoci unpacks what coffer pushed" {
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$REGISTRY/box:1" "oci:$PWD/oci:1"
	umoci raw unpack --image oci:1 rootfs 2>/dev/null
	cmp rootfs/bin/busybox /bin/busybox
}

@test "docker pulls what coffer pushed, and coffer what docker pushed" {
	docker=$(command -v docker) && timeout 10 "$docker" version >/dev/null 2>&1 || skip "no docker engine answers here"
	docker pull -q "$REGISTRY/box:1"
	[ "$(docker inspect --format '{{.Id}}' "$REGISTRY/box:1")" = "$ID" ]
	docker tag "$REGISTRY/box:1" "$REGISTRY/from-docker:1"
	docker push -q "$REGISTRY/from-docker:1"
	coffer pull -q "$REGISTRY/from-docker:1"
	[ "$(coffer inspect --format '{{.Id}}' "$REGISTRY/from-docker:1")" = "$ID" ]
	docker rmi -f "$REGISTRY/box:1" "$REGISTRY/from-docker:1"
	coffer rmi "$REGISTRY/from-docker:1" >/dev/null
}
