#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Everybody at once on one store: pulls, loads, containers, removals, prunes, repairs. The store's lock is the lease of who
# adds content: nothing is collected until all of it has its rows. So a pull never fails, whatever others remove, and
# nothing is broken at the end.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer
load ../e2e/lib/image
load ../e2e/lib/registry

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home LAYOUT=$BATS_FILE_TMPDIR/layout COFFER_RACE_ROUNDS=${COFFER_RACE_ROUNDS:-12}
	mkdir "$HOME"
	image_make "$LAYOUT" four
	registry_start "$BATS_FILE_TMPDIR/registry"
	registry_push "$LAYOUT:four" four:oci oci
	export REGISTRY REGISTRY_PID registry_dir
	skopeo --insecure-policy copy -q "oci:$LAYOUT:four" "oci-archive:$BATS_FILE_TMPDIR/four.tar"
}

teardown_file() {
	registry_stop
	coffer_file_teardown
}

# One kind of command, round after round; what must not fail, ends it: keep_doing ROUNDS must|may ARGUMENT...
keep_doing() {
	local rounds=$1 must=$2 said
	shift 2
	for ((; rounds > 0; rounds--)); do
		said=$(coffer "$@" 2>&1) || [ "$must" = may ] || {
			echo "coffer $*: $said"
			return 1
		}
		# A file that has gone under somebody's hands would be said like this.
		case $said in
		*'open layer'*E-NOT-FOUND*) ;; # rmi -f took the image of a container that was made, and not started yet
		*E-INTERNAL* | *E-DB* | *E-NOT-FOUND* | *E-SYSTEM* | *'no such file'*)
			echo "coffer $*: $said"
			return 1
			;;
		esac
	done
}

@test "pull, load, run, rmi, prune and check at once" {
	local pids=() pid failed=0 rounds=$COFFER_RACE_ROUNDS
	keep_doing "$rounds" must pull -q "$REGISTRY/four:oci" 3>&- &
	pids+=($!)
	keep_doing "$rounds" must pull -q "$REGISTRY/four:oci" 3>&- &
	pids+=($!)
	keep_doing "$rounds" must load -q -i "$BATS_FILE_TMPDIR/four.tar" 3>&- &
	pids+=($!)
	keep_doing "$((2 * rounds))" may run --rm --network none "$REGISTRY/four:oci" true 3>&- &
	pids+=($!)
	keep_doing "$((4 * rounds))" may rmi -f "$REGISTRY/four:oci" 3>&- &
	pids+=($!)
	keep_doing "$((2 * rounds))" must image prune -f 3>&- &
	pids+=($!)
	keep_doing "$rounds" may system check --repair 3>&- &
	pids+=($!)
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	[ "$failed" -eq 0 ]
	coffer system check
	coffer image verify -q
	coffer pull -q "$REGISTRY/four:oci"
	[ "$(coffer run --rm --network none "$REGISTRY/four:oci" cat /etc/motd)" = third ]
	coffer rmi -f "$REGISTRY/four:oci" >/dev/null
	coffer image prune -f >/dev/null
	# What became due while others added is collected by the next command.
	run -0 coffer system check
	[ -z "$output" ]
}

@test "garbage that cannot be collected now is collected later" {
	coffer pull -q "$REGISTRY/four:oci"
	before=$(find "$COFFER_TEST_ROOT/root/layers" -mindepth 1 -maxdepth 1 | grep -c .)
	exec 9>"$COFFER_TEST_ROOT/root/lock"
	flock -s 9
	coffer rmi -f "$REGISTRY/four:oci"
	[ "$(find "$COFFER_TEST_ROOT/root/layers" -mindepth 1 -maxdepth 1 | grep -c .)" -eq "$before" ]
	coffer ps >/dev/null
	[ "$(find "$COFFER_TEST_ROOT/root/layers" -mindepth 1 -maxdepth 1 | grep -c .)" -eq "$before" ]
	exec 9>&-
	coffer ps >/dev/null
	[ "$(find "$COFFER_TEST_ROOT/root/layers" -mindepth 1 -maxdepth 1 | grep -c .)" -eq 1 ]
	run -0 coffer system check
	[ -z "$output" ]
}
