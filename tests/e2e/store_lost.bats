#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A database that was lost, while the store is full of images and containers that a new one does not know.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer create --name kept --network none box:1 true >/dev/null
	echo written >"$BATS_FILE_TMPDIR/file"
	coffer cp "$BATS_FILE_TMPDIR/file" kept:/file
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	store=$COFFER_TEST_ROOT/root
}

lose_database() {
	mkdir "$BATS_TEST_TMPDIR/backup"
	mv "$store"/coffer.db* "$BATS_TEST_TMPDIR/backup"
}

content() {
	find "$store/layers" "$store/blobs" "$store/snapshots" "$store/parents" -mindepth 1 -maxdepth 2 | sort
}

@test "a store has an identity as soon as it has an image" {
	[ "$(wc -c <"$store/identity")" -eq 65 ]
	[ "$(stat -c %a "$store/identity")" = 600 ]
	coffer system check
	mkdir "$BATS_TEST_TMPDIR/empty"
	"$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/empty" --runroot "$COFFER_TEST_ROOT/run" ps
	[ ! -e "$BATS_TEST_TMPDIR/empty/identity" ]
}

@test "nothing that only the lost database knew is removed" {
	content >"$BATS_TEST_TMPDIR/before"
	lose_database
	coffer ps -a
	run -1 coffer system check
	[[ $output == *D4*broken*coffer.db*"was filled with another database"*"put it back from a backup"*"--repair --force"* ]]
	run -1 coffer system check --repair
	[[ $output == *D4*broken* ]]
	coffer image prune -af
	coffer system prune -f
	content | diff "$BATS_TEST_TMPDIR/before" -
	# What is new is no reason to forget it.
	tar --create --directory "$BATS_FILE_TMPDIR/rootfs" etc | coffer import - new:1
	coffer rmi new:1
	run -1 coffer system check
	[ "$(content | wc -l)" -gt "$(wc -l <"$BATS_TEST_TMPDIR/before")" ]

	rm "$store"/coffer.db*
	mv "$BATS_TEST_TMPDIR"/backup/* "$store"
	coffer system check --repair
	coffer system check
	content | diff "$BATS_TEST_TMPDIR/before" -
	[ "$(coffer cp kept:/file - | tar -xO)" = written ]
}

@test "--force alone is no way" {
	run -125 coffer system check --force
	[[ $output == *"--force goes with --repair"* ]]
}

@test "--repair --force takes the new one for the store's" {
	lose_database
	coffer system check --repair --force
	coffer system check
	[ "$(find "$store/layers" "$store/blobs/sha256" "$store/snapshots" -mindepth 1 -maxdepth 1 | grep -c .)" -eq 0 ]
	tar --create --directory "$BATS_FILE_TMPDIR/rootfs" . | coffer import --change 'CMD ["/bin/sh"]' - box:1
	box true
	coffer system check
}
