#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# containerd's shim with coffer-runtime as its BinaryName, by way of ctr.

# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
load lib/world

ctr() {
	in_world timeout 300 ctr --address "$WORLD_DIR/socket" "$@"
}

# ctr_run [FLAG...] IMAGE ID ARGUMENT...
ctr_run() {
	ctr run --runc-binary "$COFFER_BIN/coffer-runtime" "$@"
}

# One that runs, in a cgroup of our own: detached ID FLAG...
detached() {
	local id=$1
	shift
	ctr_run --detach --cgroup "/$GROUP/$id" "$@" box:1 "$id" /bin/sleep 1000
}

setup_file() {
	world_start
	export GROUP=coffer-containerd-$$
	cat >"$WORLD_DIR/config.toml" <<-END
		version = 2
		root = "$WORLD_DIR/root"
		state = "/run/containerd"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$WORLD_DIR/socket"
	END
	in_world containerd --config "$WORLD_DIR/config.toml" >"$WORLD_DIR/log" 2>&1 </dev/null 3>&- &
	until_true ctr version >/dev/null 2>&1 || tail "$WORLD_DIR/log" >&2
	image
}

image() {
	local layout=$BATS_FILE_TMPDIR/layout
	box_archive "$BATS_FILE_TMPDIR/box.tar"
	umoci init --layout "$layout" >/dev/null
	umoci new --image "$layout:1" >/dev/null
	umoci raw add-layer --image "$layout:1" "$BATS_FILE_TMPDIR/box.tar" >/dev/null
	umoci config --image "$layout:1" --config.cmd /bin/sh --config.env PATH=/bin >/dev/null
	tar --create --file "$BATS_FILE_TMPDIR/image.tar" --directory "$layout" .
	ctr images import --base-name box "$BATS_FILE_TMPDIR/image.tar" >/dev/null
}

teardown_file() {
	world_stop "$GROUP" default
}

teardown() {
	local id
	for id in $(ctr tasks ls --quiet); do
		ctr tasks kill --signal KILL "$id"
		until_true task_is "$id" STOPPED
		ctr tasks rm "$id" >/dev/null 2>&1
	done
	for id in $(ctr containers ls --quiet); do
		ctr containers rm "$id"
	done
}

task_is() {
	ctr tasks ls | grep -qE "^$1 .*$2"
}

@test "run: streams, statuses, words" {
	run -0 --separate-stderr ctr_run --rm box:1 one /bin/sh -c 'echo out; echo err >&2'
	[ "$output" = out ]
	[ "$stderr" = err ]
	run -42 ctr_run --rm box:1 one /bin/sh -c 'exit 42'
	run -1 ctr_run --rm box:1 one no-such-program
	[[ $output == *'OCI runtime create failed: '*'exec "no-such-program": executable file not found in $PATH'* ]]
	run -1 ctr_run --rm box:1 one /etc/passwd
	[[ $output == *'exec "/etc/passwd": permission denied'* ]]
	[ -z "$(ctr tasks ls --quiet)" ]
}

@test "run with limits and mounts, read-only, with the default filter" {
	mkdir "$BATS_TEST_TMPDIR/host"
	run -0 ctr_run --rm --cgroup "/$GROUP/limited" --memory-limit 67108864 --cpus 0.5 --seccomp --read-only \
		--mount "type=bind,src=$BATS_TEST_TMPDIR/host,dst=/tmp,options=rbind:ro" \
		--mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro:nosuid box:1 limited /bin/sh -c \
		'exec 2>&1; grep Seccomp: /proc/self/status; touch /file /tmp/file; cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us || cat memory.max cpu.max'
	[[ $output == Seccomp:*2*'/file: Read-only'*'/tmp/file: Read-only'*67108864*50000* ]]
	run -137 ctr_run --rm --cgroup "/$GROUP/limited" --memory-limit 16777216 box:1 limited \
		/bin/dd if=/dev/zero of=/dev/null bs=64M count=1
}

@test "the life of a task: exec, pause, resume, metrics, kill, delete" {
	detached sleeper --memory-limit 67108864
	run -0 ctr tasks exec --exec-id one sleeper /bin/cat /proc/self/cgroup
	[[ $output == *"/$GROUP/sleeper"* ]]
	run -3 ctr tasks exec --exec-id two sleeper /bin/sh -c 'exit 3'
	run -1 ctr tasks exec --exec-id three sleeper no-such-program
	[[ $output == *'OCI runtime exec failed: '*'exec "no-such-program": executable file not found in $PATH'* ]]
	run ! ctr tasks exec --exec-id four --cwd /proc/self/fd/7 sleeper /bin/ls
	run -0 ctr tasks metrics sleeper
	[[ $output == *67108864* ]]
	ctr tasks pause sleeper
	task_is sleeper PAUSED
	ctr tasks resume sleeper
	task_is sleeper RUNNING
	[ "$(ctr tasks ps sleeper | wc -l)" -eq 2 ]
	ctr tasks kill --signal KILL sleeper
	until_true task_is sleeper STOPPED
	run -0 ctr tasks rm sleeper
	[[ $output == *'exit code 137'* ]]
	ctr containers rm sleeper
}

@test "on a terminal" {
	local in_ctr=(nsenter --target "$WORLD" --mount --net --pid -- ctr --address "$WORLD_DIR/socket")
	# ctr tells the size after the start: until then there is none, which stty takes for an error.
	run -0 on_terminal expect:'# ' 'send:tty; until stty size 2>/dev/null | grep .; do sleep 0.1; done; exit 5\r' wait -- "${in_ctr[@]}" \
		run --runc-binary "$COFFER_BIN/coffer-runtime" --rm --tty box:1 one /bin/sh
	[[ $output == *'/dev/pts/0'*'31 97'*'[exit 5]'* ]]
	detached sleeper
	run -0 on_terminal expect:'# ' 'send:tty; exit 6\r' wait -- "${in_ctr[@]}" \
		tasks exec --tty --exec-id one sleeper /bin/sh
	[[ $output == *'/dev/pts/0'*'[exit 6]'* ]]
}

@test "in a user namespace" {
	run -0 ctr_run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 box:1 mapped /bin/cat /proc/self/uid_map
	[[ $output == *100000*65536* ]]
}

@test "a containerd that was killed finds its tasks again, a shim that was killed leaves nothing" {
	detached sleeper
	in_world sh -c 'kill -KILL $(cat /proc/[0-9]*/stat | sed -n "s/^\([0-9]*\) (containerd) .*/\1/p")'
	until_true nobody_answers
	in_world containerd --config "$WORLD_DIR/config.toml" >>"$WORLD_DIR/log" 2>&1 </dev/null 3>&- &
	until_true task_is sleeper RUNNING
	ctr tasks exec --exec-id one sleeper /bin/true
	in_world sh -c 'kill -KILL $(cat /proc/[0-9]*/stat | sed -n "s/^\([0-9]*\) (containerd-shim) .*/\1/p")'
	until_true nothing_is_left
}

nobody_answers() {
	! ctr version >/dev/null 2>&1
}

@test "nothing is left" {
	until_true nothing_is_left
}

nothing_is_left() {
	[ -z "$(world_new_mounts)" ] && [ -z "$(in_world ls /run/containerd/runc/default)" ] &&
		[ -z "$(find /sys/fs/cgroup -mindepth 3 -type d -path "*/$GROUP/*")" ]
}
