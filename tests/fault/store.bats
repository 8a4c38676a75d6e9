#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Death at one system call after the other, of each process, in everything that changes the store; and full disks. After
# it nothing is broken, and what is left over, the next commands take away.
#
# COFFER_KILL_STEPS are the system calls at which somebody dies; more of them make the test longer.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer
load ../e2e/lib/image
load ../e2e/lib/registry

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home LAYOUT=$BATS_FILE_TMPDIR/layout KILL_AT=$BATS_FILE_TMPDIR/kill-at
	export COFFER_KILL_STEPS=${COFFER_KILL_STEPS:-40 150 290 500 1200 4000}
	mkdir "$HOME"
	cc -O1 -o "$KILL_AT" "$BATS_TEST_DIRNAME/lib/kill-at.c"
	image_make "$LAYOUT" four
	registry_start "$BATS_FILE_TMPDIR/registry"
	registry_push "$LAYOUT:four" four:oci oci
	export REGISTRY REGISTRY_PID registry_dir
	skopeo --insecure-policy copy -q "oci:$LAYOUT:four" "oci-archive:$BATS_FILE_TMPDIR/four.tar"
	tar --create --file "$BATS_FILE_TMPDIR/box.tar" --directory "$BATS_FILE_TMPDIR/rootfs" .
}

teardown_file() {
	registry_stop
	coffer_file_teardown
}

setup() {
	store=$COFFER_TEST_ROOT/root
	# A process that is traced cannot be looked through for leaks.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
}

# All processes that kill-at saw have ended.
are_gone() {
	local pid
	while read -r pid; do
		! alive "$pid" || return 1
	done < <(grep -x '[0-9]*' "$BATS_TEST_TMPDIR/seen")
}

# Kill process WHO of the command (0 is it, 1 its helper, ...) at its N-th system call: killed_at WHO N ARGUMENT...
killed_at() {
	local who=$1 when=$2
	shift 2
	status=0
	"$KILL_AT" "$who" "$when" "$COFFER_BIN/coffer" --root "$store" --runroot "$COFFER_TEST_ROOT/run" "$@" \
		</dev/null >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/said" 3>&- || status=$?
	eventually are_gone
}

# Nothing is broken; and an ordinary command takes away all but whole blobs and layers, which serve the next attempt.
is_sound() {
	coffer system check --format '{{.Invariant}} {{.State}} {{.Object}} {{.Problem}}' >"$BATS_TEST_TMPDIR/found" || return
	coffer ps -a >/dev/null
	coffer system check --format '{{.Invariant}} {{.State}} {{.Object}} {{.Problem}}' | grep -v '^E3 ' >"$BATS_TEST_TMPDIR/found" || [ $? -eq 1 ] || return
	[ ! -s "$BATS_TEST_TMPDIR/found" ]
}

# walk BEFORE ARGUMENT...: at each step for each process, after BEFORE.
walk() {
	local before=$1 who n
	shift
	for who in 0 1 2; do
		for n in $COFFER_KILL_STEPS; do
			"$before"
			n=$((n + RANDOM % 20))
			killed_at "$who" "$n" "$@"
			[ "$status" -ne 3 ] || break
			is_sound || {
				echo "process $who at its system call $n:"
				cat "$BATS_TEST_TMPDIR/found" "$BATS_TEST_TMPDIR/said"
				return 1
			}
		done
	done
	coffer image verify --quiet
}

# --- death ------------------------------------------------------------------------------------------------------------

without_four() {
	coffer rmi -f "$REGISTRY/four:oci" >/dev/null 2>&1 || true
	coffer system check --repair >/dev/null
}

with_four() {
	coffer pull -q "$REGISTRY/four:oci" >/dev/null
}

@test "pull, into a store without it" {
	walk without_four pull -q "$REGISTRY/four:oci"
	with_four
	[ "$(coffer run --rm --network none "$REGISTRY/four:oci" cat /etc/motd)" = third ]
}

@test "rmi" {
	walk with_four rmi -f "$REGISTRY/four:oci"
}

@test "load" {
	walk without_four load -q -i "$BATS_FILE_TMPDIR/four.tar"
	coffer image prune -f >/dev/null
}

without_import() {
	coffer rmi -f fragile:1 >/dev/null 2>&1 || true
	coffer system check --repair >/dev/null
}

@test "import" {
	walk without_import import "$BATS_FILE_TMPDIR/box.tar" fragile:1
	coffer import "$BATS_FILE_TMPDIR/box.tar" fragile:1
	coffer run --rm --network none fragile:1 true
	coffer rmi fragile:1
}

two_unused() {
	coffer import --change 'LABEL number=1' "$BATS_FILE_TMPDIR/box.tar" >/dev/null
	coffer import --change 'LABEL number=2' "$BATS_FILE_TMPDIR/box.tar" >/dev/null
}

@test "image prune" {
	walk two_unused image prune -f
	coffer image prune -f
	coffer system check --repair
	run -0 coffer system check
	[ -z "$output" ]
}

has_container() {
	coffer rm -f victim >/dev/null 2>&1 || true
	coffer create --name victim --network none box:1 true >/dev/null
}

no_container() {
	coffer rm -f victim >/dev/null 2>&1 || true
}

@test "create and rm" {
	walk no_container create --name victim --network none box:1 true
	walk has_container rm victim
	no_container
}

@test "system check --repair itself" {
	leftovers() {
		mkdir -p "$store/tmp/a/b" "$store/layers/$(printf '%064d' 1)/c" "$store/snapshots/$(printf '%064d' 2)/upper"
		: >"$store/layers/strange"
		echo '{}' >"$store/index.json"
	}
	local n
	for n in $COFFER_KILL_STEPS; do
		leftovers
		killed_at 0 "$n" system check --repair
		[ "$status" -ne 3 ] || break
	done
	coffer system check --repair
	run -0 coffer system check
	[ -z "$output" ]
}

# --- full disks -------------------------------------------------------------------------------------------------------

# At each size: the command fails with a reason or works, and nothing is broken: on_small_disk OPTIONS MORE ARGUMENT...
on_small_disk() {
	local options=$1 more=$2
	shift 2
	status=0
	unshare --mount bash "$BATS_TEST_DIRNAME/lib/small-disk.bash" "$BATS_TEST_TMPDIR/small" "$options" "$more" \
		"$COFFER_BIN/coffer" "$@" 3>&- || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 10 ]
}

on_small_disks() {
	local size failed=0
	for size in 64 150 300 600 1300 2100 2600 4000 12000; do
		on_small_disk "size=${size}k" "size=$((size + 6000))k" "$@"
		[ "$status" -eq 0 ] || failed=$((failed + 1))
	done
	[ "$failed" -gt 2 ]
	# With the last one there was room.
	[ "$status" -eq 0 ]
}

@test "a full disk: import" {
	on_small_disks import "$BATS_FILE_TMPDIR/box.tar" full:1
}

@test "a full disk: load" {
	on_small_disks load -q -i "$BATS_FILE_TMPDIR/four.tar"
}

@test "a full disk: pull" {
	on_small_disks pull -q "$REGISTRY/four:oci"
}

@test "no inodes left: import" {
	for inodes in 14 40 90 200 350; do
		on_small_disk "size=50m,nr_inodes=$inodes" nr_inodes=3000 import "$BATS_FILE_TMPDIR/box.tar" full:1
	done
}
