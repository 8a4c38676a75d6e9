#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What images consist of, what takes space, and giving it back: history, image layers, image tree, system df, prune.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer tag box:1 other:x
}

teardown_file() {
	coffer_file_teardown
}

# import_image FILE [NAME]: an image with that one file, and its id on standard output.
import_image() {
	mkdir -p "$BATS_TEST_TMPDIR/image"
	: >"$BATS_TEST_TMPDIR/image/$1"
	tar --create --directory "$BATS_TEST_TMPDIR/image" "$1" | coffer import --change "LABEL made=$1" - "${@:2}"
}

usage() {
	coffer system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'
}

@test "history: Docker's columns, exact values, templates" {
	run -0 coffer history box:1
	[[ ${lines[0]} =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ ${lines[1]} =~ ^[0-9a-f]{12}\ .*ago\ .*MB\ +Imported\ from\ -$ ]]
	run -0 coffer history --human=false --no-trunc box:1
	[[ ${lines[0]} =~ ^IMAGE\ +CREATED\ AT\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ ${lines[1]} =~ ^sha256:[0-9a-f]{64}\ +20[0-9-]+T[0-9:]+Z\ +[0-9]+\ +Imported ]]
	[ "$(coffer image history -q box:1)" = "$(coffer images -q box:1)" ]
	[ "$(coffer history --format '{{.Comment}}|{{.CreatedBy}}' box:1)" = 'Imported from -|' ]
	[ "$(coffer history --format json box:1 | jq -r .Comment)" = 'Imported from -' ]
	run -1 coffer history nosuch
	[[ $output == *'No such image: nosuch'* ]]
}

@test "image layers and image tree" {
	run -0 coffer image layers box:1
	[[ ${lines[0]} =~ ^LAYER\ ID\ +SIZE\ +WASTED\ +ADDED\ +CHANGED\ +REMOVED\ +IMAGES\ +CREATED\ BY$ ]]
	[ "$(coffer image layers -q --no-trunc box:1)" = "$(coffer inspect -f '{{index .RootFS.Layers 0}}' box:1)" ]
	[ "$(coffer image layers --format '{{.Images}}' box:1)" = 1 ]
	run -0 coffer image tree box:1
	[[ ${lines[0]} =~ ^Image\ ID:\ [0-9a-f]{12}$ ]]
	[ "${lines[1]}" = 'Tags:     [box:1 other:x]' ]
	[ "${lines[3]}" = 'Seen:     100.0 % (0B wasted)' ]
	[[ ${lines[5]} =~ ^'└── ID: '[0-9a-f]{12}' Size: '.*' Top Layer of: [box:1 other:x]'$ ]]
}

@test "image layers: what each does to the files below it" {
	coffer run --name layered --network none box:1 sh -c 'mkdir /new; echo one >/new/one; echo two >/new/two; rm /etc/group
		chmod 700 /root; head -c 100000 /dev/urandom >/big'
	coffer commit layered layered:1
	coffer rm layered
	coffer run --name layered --network none layered:1 sh -c 'rm /big; echo three >>/new/two; rm -r /home; mkdir /home'
	coffer commit layered layered:2
	coffer rm layered
	run -0 coffer image layers --format '{{.Added}} {{.Changed}} {{.Removed}} {{.Wasted}}' layered:2
	# A directory that was made anew has lost what was in it.
	[ "${lines[0]}" = "0 1 2 0B" ]
	[ "${lines[1]}" = "4 1 1 100kB" ]
	[[ "${lines[2]}" =~ ^[0-9]{3}\ 0\ 0\ 41B$ ]] # etc/group
	run -0 coffer image tree layered:2
	[[ "${lines[3]}" =~ ^'Seen:     9'[0-9.]+' % (100kB wasted)'$ ]]
	coffer rmi layered:2 layered:1
}

@test "system df: what is there, what is in use, what could be had back" {
	coffer run --network none --name ended box:1 sh -c 'echo hello >/file'
	coffer run -d --network none --name runs box:1 sleep 1000
	run -0 usage
	[[ ${lines[0]} =~ ^Images\ 1\ 1\ [0-9.]+MB\ 0B\ \(0%\)$ ]]
	[ "${lines[1]}" = 'Containers 2 1 6B 6B (100%)' ]
	[ "${lines[2]}" = 'Local Volumes 0 0 0B 0B' ]
	run -0 coffer system df -v
	[[ $output == *'Images space usage:'*UNIQUE\ SIZE*'Containers space usage:'*LOCAL\ VOLUMES*ended* ]]
	run -0 coffer system df -v --format json
	[ "$(jq -r 'keys | join(" ")' <<<"$output")" = 'BuildCache Containers Images Volumes' ]
	images=$(jq -r '.Images[] | .Repository + " " + .ID + " " + .Containers' <<<"$output")
	[ "$images" = "box $(coffer images -q --no-trunc box) 2" ]
	[ "$(coffer system df -v --format '{{range .Containers}}{{.Names}} {{.Size}},{{end}}')" = 'runs 0B,ended 6B,' ]
	coffer rm -f ended runs
	run -0 usage
	[[ ${lines[0]} =~ ^Images\ 1\ 0\ ([0-9.]+MB)\ ([0-9.]+MB)\ \(100%\)$ ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "system df: what containers have printed" {
	run ! grep -q Logs <(usage)
	coffer run --name talks --network none --log-opt max-size=10k --log-opt max-file=3 box:1 \
		sh -c 'i=0; while [ $i -lt 500 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done' >/dev/null
	[ "$(cat "$COFFER_TEST_ROOT"/root/logs/*.log* | wc -c)" -ge 20500 ]
	[[ "$(usage | tail -n 1)" =~ ^'Container Logs 1 0 '([0-9]+)[0-9.]*'kB '([0-9.]+)'kB (100%)'$ ]]
	[ "${BASH_REMATCH[1]}" -ge 20 ] # all files, not the newest alone
	coffer rm talks
	run ! grep -q Logs <(usage)
}

@test "what interrupted downloads have left is told, and goes with image prune" {
	run ! grep -q Leftovers <(usage)
	store=$COFFER_TEST_ROOT/root
	mkdir -p "$store/cache/partial" "$store/layers/$(printf %064d 1)"
	head -c 3000 /dev/zero >"$store/cache/partial/$(printf %064d 2)@localhost:5000"
	head -c 4000 /dev/zero >"$store/layers/$(printf %064d 1)/file"
	head -c 5000 /dev/zero >"$store/blobs/sha256/$(printf %064d 3)"
	[ "$(usage | tail -n 1)" = 'Leftovers 3 0 12kB 12kB (100%)' ]
	run -0 coffer image prune -f
	[ "$output" = 'Total reclaimed space: 12kB' ]
	run ! grep -q Leftovers <(usage)
	[ -z "$(ls -A "$store/cache/partial")" ]
	run -0 coffer system check
}

@test "container prune: asks, filters, spares what runs" {
	coffer create --network none --name new --label keep box:1 true
	coffer run --network none --name ended box:1 true
	coffer run -d --network none --name runs box:1 sleep 1000
	run -1 coffer container prune <<<n
	[[ $output == *'WARNING! This will remove all stopped containers.'*'[y/N] '*'cancelled: nothing was removed'* ]]
	run -0 coffer container prune -f --filter until=1h
	[ "$output" = 'Total reclaimed space: 0B' ]
	run -0 coffer container prune -f --filter 'label!=keep'
	[[ ${lines[0]} == 'Deleted Containers:' && ${lines[1]} =~ ^[0-9a-f]{64}$ && ${#lines[@]} -eq 3 ]]
	[ "$(coffer ps -a --format '{{.Names}}' | sort | tr '\n' ' ')" = 'new runs ' ]
	coffer container prune <<<y
	[ "$(coffer ps -a --format '{{.Names}}')" = runs ]
	coffer rm -f runs
}

@test "image prune: dangling ones, or all that nobody uses" {
	local nameless
	nameless=$(import_image one)
	import_image two again:1 >/dev/null
	run -0 coffer image prune -f --filter label=made=nosuch
	[ "$output" = 'Total reclaimed space: 0B' ]
	run -0 coffer image prune -f
	[[ ${lines[0]} == 'Deleted Images:' && $output == *"deleted: $nameless"* && $output != *again* ]]
	coffer create --network none --name user box:1 true
	run -0 coffer image prune -a -f
	[[ $output == *'untagged: again:1'* && $output != *'box:1'* ]]
	[ "$(coffer images -q box:1 | wc -l)" -eq 1 ]
	run -1 coffer image prune -a <<<''
	[[ $output == *'WARNING! This will remove all images without at least one container associated to them.'* ]]
	coffer rm user
}

@test "image prune --above, --below: while the disk is full, the oldest first" {
	mkdir "$BATS_TEST_TMPDIR/small"
	cat >"$BATS_TEST_TMPDIR/script" <<-'SCRIPT'
		set -euo pipefail
		small() { "$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/small/root" --runroot "$BATS_TEST_TMPDIR/small/run" "$@"; }
		mount -t tmpfs -o size=100m small "$BATS_TEST_TMPDIR/small"
		mkdir "$BATS_TEST_TMPDIR/files"
		for i in 1 2 3; do
			head -c 10M /dev/urandom >"$BATS_TEST_TMPDIR/files/file"
			tar --create --directory "$BATS_TEST_TMPDIR/files" . | small import - "old:$i" >/dev/null
		done
		small image prune -af --above 90
		small images --format '{{.Tag}}' | paste -sd' '
		small image prune -af --above 50 --below 45 | grep '^untagged'
		small images --format '{{.Tag}}' | paste -sd' '
	SCRIPT
	run -0 inside unshare --mount bash "$BATS_TEST_TMPDIR/script"
	[ "$output" = $'Total reclaimed space: 0B\n3 2 1\nuntagged: old:1\n3 2' ]
	run -125 coffer image prune -f --below 80
	[[ $output == *'--below is for --above'* ]]
	run -125 coffer image prune -f --above 80 --below 85
	[[ $output == *'--below 85 is more than --above 80'* ]]
	run ! coffer image prune -f --above 101
	[[ $output == *'--above 101: it is a percentage'* ]]
}
