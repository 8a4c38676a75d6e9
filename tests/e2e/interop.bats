#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The same image through a registry and through archives, between coffer and the programs of others: digests stay.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
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
	docker_stop
	registry_stop
	coffer_file_teardown
}

setup() {
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

@test "podman and skopeo read what coffer committed, with the same id and digest" {
	command -v podman || skip "needs podman"
	coffer run --name made --network none box:1 sh -c 'echo made >/made; rm /etc/group'
	coffer commit --change 'CMD ["cat", "/made"]' made made:1 >/dev/null
	coffer rm made >/dev/null
	coffer tag made:1 "$REGISTRY/made:1"
	coffer push -q "$REGISTRY/made:1"
	podman_here pull -q --tls-verify=false "$REGISTRY/made:1"
	[ "sha256:$(podman_here inspect --format '{{.Id}}' "$REGISTRY/made:1")" = "$(coffer inspect --format '{{.Id}}' made:1)" ]
	[ "$(podman_here inspect --format '{{.Digest}}' "$REGISTRY/made:1")" = "$(registry_digest made:1)" ]
	mounted=$(podman_here image mount "$REGISTRY/made:1")
	[ "$(cat "$mounted/made")" = made ]
	[ ! -e "$mounted/etc/group" ]
	podman_here image umount "$REGISTRY/made:1" >/dev/null
	coffer save -o made.tar made:1
	skopeo --insecure-policy copy -q --preserve-digests oci-archive:made.tar "oci:$PWD/made:1"
	[ "$(jq -r '.manifests[0].digest' made/index.json)" = "$(registry_digest made:1)" ]
	coffer rmi made:1 "$REGISTRY/made:1" >/dev/null
}

# --- buildah ------------------------------------------------------------------------------------------------------

buildah_here() {
	buildah --root "$BATS_TEST_TMPDIR/buildah/root" --runroot "$BATS_TEST_TMPDIR/buildah/run" --storage-driver vfs \
		--log-level error "$@"
}

@test "buildah pulls what coffer pushed and saved, and coffer what buildah pushed" {
	buildah_here pull -q --tls-verify=false "docker://$REGISTRY/box:1"
	[ "$(buildah_here inspect --type image --format '{{.FromImageID}} {{.FromImageDigest}}' "$REGISTRY/box:1")" = \
		"${ID#sha256:} $DIGEST" ]
	buildah_here push -q --tls-verify=false "$REGISTRY/box:1" "docker://$REGISTRY/from-buildah:1"
	coffer pull -q "$REGISTRY/from-buildah:1"
	[ "$(coffer inspect --format '{{.Id}}' "$REGISTRY/from-buildah:1")" = "$ID" ]
	coffer rmi "$REGISTRY/from-buildah:1" >/dev/null
	buildah_here pull -q "oci-archive:$SAVED"
	[ "$(buildah_here images --format '{{.ID}}' --no-trunc | sort -u)" = "$ID" ]
}

@test "coffer pulls, loads and runs what buildah built on it" {
	buildah_here from -q --name work --tls-verify=false "docker://$REGISTRY/box:1"
	echo built >"$BATS_TEST_TMPDIR/file"
	buildah_here copy -q work "$BATS_TEST_TMPDIR/file" /built
	buildah_here config --cmd 'cat /built' --env MADE=by-buildah work
	for format in oci docker; do
		buildah_here commit -q --format "$format" work "built:$format"
		buildah_here push -q --tls-verify=false "built:$format" "docker://$REGISTRY/built:$format"
		[ "$(coffer run --rm --network none --quiet "$REGISTRY/built:$format")" = built ]
		[ "$(coffer inspect --format '{{.Id}}' "$REGISTRY/built:$format" | cut -d: -f2)" = \
			"$(buildah_here images --no-trunc --format '{{.ID}}' "built:$format" | cut -d: -f2)" ]
		[ "$(coffer inspect --format '{{index .RootFS.Layers 0}}' "$REGISTRY/built:$format")" = \
			"$(coffer inspect --format '{{index .RootFS.Layers 0}}' box:1)" ]
	done
	buildah_here push -q built:oci "oci-archive:$BATS_TEST_TMPDIR/built.tar:built:saved"
	coffer load -i "$BATS_TEST_TMPDIR/built.tar"
	[ "$(coffer inspect --format '{{.Id}}' built:saved)" = "$(coffer inspect --format '{{.Id}}' "$REGISTRY/built:oci")" ]
	coffer rmi built:saved "$REGISTRY/built:oci" "$REGISTRY/built:docker" >/dev/null
}

# --- umoci --------------------------------------------------------------------------------------------------------

@test "a bundle that umoci unpacked runs under coffer-runtime" {
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$REGISTRY/box:1" "oci:$PWD/oci:1"
	umoci unpack --image oci:1 bundle 2>/dev/null
	jq '.process.terminal = false | .process.args = ["echo", "ran"]' bundle/config.json >config.json
	mv config.json bundle/config.json
	[ "$("$COFFER_BIN/coffer-runtime" --root "$BATS_TEST_TMPDIR/runtime" run --bundle bundle "interop-$$")" = ran ]
}

# --- docker -------------------------------------------------------------------------------------------------------

# Debian's daemon and client, whatever else is called docker here. It is in mount and pid namespaces of its own, and goes
# with them.
docker_start() {
	export DOCKER_DIR=$BATS_FILE_TMPDIR/docker
	mkdir "$DOCKER_DIR"
	unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
		sh -c 'mount -t tmpfs -o mode=755 tmpfs /run && mount -t tmpfs tmpfs /etc/docker && exec "$@"' docker \
		/usr/sbin/dockerd --data-root "$DOCKER_DIR/data" --exec-root /run/docker --pidfile /run/docker.pid \
		--host "unix://$DOCKER_DIR/socket" --storage-driver vfs \
		--iptables=false --ip6tables=false --ip-masq=false --ip-forward=false --bridge=none \
		>"$DOCKER_DIR/log" 2>&1 </dev/null 3>&- &
	echo $! >"$DOCKER_DIR/pid"
	eventually docker_has_started && docker version >/dev/null 2>&1
}

# ... or has failed to.
docker_has_started() {
	docker version >/dev/null 2>&1 || ! alive "$(<"$DOCKER_DIR/pid")"
}

docker_stop() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/docker/pid" 2>/dev/null) || return 0
	kill -KILL "$pid" 2>/dev/null || true # and so all that is in its namespaces
	eventually docker_is_gone "$pid"
}

docker_is_gone() {
	! alive "$1"
}

docker() {
	timeout 300 /usr/bin/docker --host "unix://$DOCKER_DIR/socket" "$@"
}

@test "docker pulls what coffer pushed and loads what it saved, and coffer what docker pushed and saved" {
	[ -x /usr/sbin/dockerd ] || skip "needs Debian's docker.io"
	docker_start || skip "Docker's daemon does not start here: $(grep -v level=info "$DOCKER_DIR/log" | tail -1)"
	docker pull -q "$REGISTRY/box:1"
	[ "$(docker inspect --format '{{.Id}} {{index .RepoDigests 0}}' "$REGISTRY/box:1")" = "$ID $REGISTRY/box@$DIGEST" ]
	docker tag "$REGISTRY/box:1" "$REGISTRY/from-docker:1"
	docker push -q "$REGISTRY/from-docker:1"
	coffer pull -q "$REGISTRY/from-docker:1"
	[ "$(coffer inspect --format '{{.Id}}' "$REGISTRY/from-docker:1")" = "$ID" ]
	digests='{{range .RepoDigests}}{{println .}}{{end}}'
	[ "$(coffer inspect --format "$digests" "$REGISTRY/from-docker:1" | grep from-docker)" = \
		"$(docker inspect --format "$digests" "$REGISTRY/from-docker:1" | grep from-docker)" ]
	coffer rmi "$REGISTRY/from-docker:1" >/dev/null
	docker rmi -f "$REGISTRY/box:1" "$REGISTRY/from-docker:1" >/dev/null

	docker load -q -i "$SAVED"
	[ "$(docker inspect --format '{{.Id}}' box:1)" = "$ID" ]
	docker tag box:1 from-docker:2
	docker save -o "$BATS_TEST_TMPDIR/docker.tar" from-docker:2
	coffer load -i "$BATS_TEST_TMPDIR/docker.tar"
	[ "$(coffer inspect --format '{{.Id}}' from-docker:2)" = "$ID" ]
	[ "$(coffer run --rm --network none from-docker:2 echo ran)" = ran ]
	coffer rmi from-docker:2 >/dev/null
}
