#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL at any moment of a pull, an import, a removal: the store stays sound, and the next command works.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer
load ../e2e/lib/image
load ../e2e/lib/registry

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home LAYOUT=$BATS_FILE_TMPDIR/layout
	mkdir "$HOME"
	image_make "$LAYOUT" four
	registry_start "$BATS_FILE_TMPDIR/registry"
	registry_push "$LAYOUT:four" four:oci oci
	export REGISTRY REGISTRY_PID registry_dir
}

teardown_file() {
	registry_stop
	coffer_file_teardown
}

# Start a coffer command, and kill it within the next MILLISECONDS: killed_within MILLISECONDS ARGUMENT...
killed_within() {
	local within=$1 pid
	shift
	coffer_exec "$@" >/dev/null 2>&1 &
	pid=$!
	sleep "$(printf '0.%03d' $((RANDOM % within)))"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# Every blob is what its name says; nothing unfinished lies about once the next command has swept.
store_is_sound() {
	local blob
	for blob in "$COFFER_TEST_ROOT"/root/blobs/sha256/*; do
		[ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || return
	done
	swept() {
		coffer ps >/dev/null
		[ -z "$(ls -A "$COFFER_TEST_ROOT/root/tmp")" ]
	}
	eventually swept
}

@test "pull" {
	for i in {1..30}; do
		killed_within 120 pull "$REGISTRY/four:oci"
		if [ $((i % 5)) -eq 0 ]; then
			coffer rmi --force "$REGISTRY/four:oci" >/dev/null 2>&1 || true
		fi
	done
	store_is_sound
	coffer pull -q "$REGISTRY/four:oci"
	[ "$(coffer run --rm --network none "$REGISTRY/four:oci" cat /etc/motd)" = third ]
}

@test "import and rmi" {
	tar --create --file "$BATS_TEST_TMPDIR/box.tar" --directory "$BATS_FILE_TMPDIR/rootfs" .
	for _ in {1..15}; do
		killed_within 60 import "$BATS_TEST_TMPDIR/box.tar" fragile:1
		killed_within 20 rmi fragile:1
	done
	store_is_sound
	coffer import "$BATS_TEST_TMPDIR/box.tar" fragile:1
	coffer run --rm --network none fragile:1 true
	coffer rmi fragile:1
}

@test "pods: made, joined, removed; one and its infra container are there together, or neither is" {
	for _ in {1..12}; do
		killed_within 150 pod create --network none --name fragile
		killed_within 150 run -d --init --pod fragile box:1 sleep 100
		killed_within 60 pod rm --force fragile
		[ "$(coffer pod ls -q | wc -l)" = "$(coffer ps -aq --filter name=-infra | wc -l)" ]
		coffer pod rm --force --ignore fragile
		[ -z "$(coffer ps --all --quiet)" ]
	done
	coffer system check
	coffer pod create --network none --name fragile
	coffer run --rm --pod fragile box:1 true
	coffer pod rm --force fragile
}

@test "rm, and commands on the same container at once" {
	for _ in {1..10}; do
		coffer run -d --network none --name fragile box:1 sleep 100 >/dev/null
		killed_within 15 rm --force fragile
		coffer rm --force fragile >/dev/null 2>&1 || true
		[ -z "$(coffer ps --all --quiet)" ]
	done
}

@test "monitors of containers that restart and are checked: the next command finds the end, and nothing is left" {
	for i in {1..12}; do
		coffer run -d --network none --name fragile --restart always --health-cmd true --health-interval 5ms \
			--log-opt max-size=10k --log-opt compress=true box:1 sh -c "seq 1 400; sleep 0.0$((i % 3)); exit 2" >/dev/null
		monitor=$(pgrep -f "$COFFER_TEST_ROOT/run/containers" | head -n 1)
		sleep "$(printf '0.%03d' $((RANDOM % 400)))"
		kill -KILL "$monitor"
		ended() { [ "$(coffer inspect fragile | jq -r '.[0].State.Status')" = exited ]; }
		eventually ended
		coffer rm fragile
	done
	[ -z "$(find "$COFFER_TEST_ROOT"/root/{snapshots,logs} "$COFFER_TEST_ROOT"/run/{containers,runtime} -mindepth 1)" ]
	[ -z "$(find "$COFFER_TEST_ROOT"/root/records -mindepth 1 -maxdepth 1 ! -name .removed)" ]
}

@test "a power cut of the runtime's files: after the run root is gone, what ran has ended" {
	id=$(coffer run -d --network none --name cut box:1 sleep 100)
	pid=$(coffer inspect cut | jq '.[0].State.Pid')
	monitor=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
	kill -KILL "$monitor" "$pid"
	rm -r "$COFFER_TEST_ROOT/run"
	run -0 coffer ps --all --no-trunc
	[[ $output == *"$id"*Exited* ]]
	coffer start cut
	[[ $(coffer ps) == *cut* ]]
	coffer rm --force cut
}
