#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Podman, by way of conmon, with coffer-runtime in the place of runc.

# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
load lib/world

podman_command=(podman --runtime "$COFFER_BIN/coffer-runtime" --cgroup-manager cgroupfs --events-backend file)

podman() {
	in_world timeout 300 "${podman_command[@]}" --root "$WORLD_DIR/root" --runroot /run/podman-run --tmpdir /run/podman-tmp \
		--storage-driver vfs "$@"
}

box() {
	podman run --rm --network none --cgroup-parent "/$GROUP" "$@"
}

box_detached() {
	podman run --detach --network none --cgroup-parent "/$GROUP" --name "$@"
}

setup_file() {
	world_start
	export GROUP=coffer-podman-$$
	box_archive "$BATS_FILE_TMPDIR/box.tar"
	podman import --quiet --change CMD=/bin/sh "$BATS_FILE_TMPDIR/box.tar" localhost/box:1
}

teardown_file() {
	world_stop "$GROUP" libpod_parent
}

teardown() {
	podman rm --all --force --time 0 >/dev/null
}

@test "run: streams, statuses, and who it was that ran it" {
	run -0 --separate-stderr box localhost/box:1 sh -c 'echo out; echo err >&2'
	[ "$output" = out ]
	[ "$stderr" = err ]
	run -42 box localhost/box:1 sh -c 'exit 42'
	[ "$(echo typed | box --interactive localhost/box:1 cat)" = typed ]
	podman run --name named --network none localhost/box:1 true
	run -0 podman inspect --format '{{.OCIRuntime}} {{.State.Status}} {{.State.ExitCode}}' named
	[ "$output" = "$COFFER_BIN/coffer-runtime exited 0" ]
}

@test "run: a program that is not there, not executable, or a directory" {
	run -127 box localhost/box:1 no-such-program
	[[ $output == *'exec "no-such-program": executable file not found in $PATH'* ]]
	run -127 box localhost/box:1 /no/such/program
	[[ $output == *'exec "/no/such/program": no such file or directory'* ]]
	run -126 box localhost/box:1 /etc/passwd
	[[ $output == *'exec "/etc/passwd": permission denied'* ]]
	run -126 box localhost/box:1 /etc
	[[ $output == *'exec "/etc": is a directory'* ]]
}

@test "run with limits" {
	run -0 box --memory 64m --memory-swap 64m --cpus 0.5 --cpuset-cpus 0 --pids-limit 50 localhost/box:1 \
		sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max 2>/dev/null ||
		cat memory.max cpu.max pids.max
		grep Cpus_allowed_list /proc/self/status'
	[[ $output == *67108864*50000*$'\n50\n'* ]]
	[ "${lines[-1]}" = $'Cpus_allowed_list:\t0' ]
	run -137 box --memory 16m --memory-swap 16m localhost/box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
}

@test "run: the process' properties" {
	run -0 box --user user --group-add 2000 localhost/box:1 id
	[ "$output" = 'uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)' ]
	run -0 box --cap-drop all localhost/box:1 grep Cap /proc/self/status
	[ "$(cut -f 2 <<<"$output" | sort -u)" = 0000000000000000 ]
	run -0 box --security-opt no-new-privileges localhost/box:1 grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
	run -0 box --hostname there --env A=b --workdir /tmp --oom-score-adj 100 localhost/box:1 \
		sh -c 'hostname; echo $A; pwd; cat /proc/self/oom_score_adj'
	[ "$output" = $'there\nb\n/tmp\n100' ]
	echo passed >"$BATS_TEST_TMPDIR/file"
	run -0 box --preserve-fds 1 localhost/box:1 cat /proc/self/fd/3 3<"$BATS_TEST_TMPDIR/file"
	[ "$output" = passed ]
}

@test "run: the root file system and its mounts" {
	mkdir "$BATS_TEST_TMPDIR/host"
	echo from-host >"$BATS_TEST_TMPDIR/host/file"
	run -1 box --read-only localhost/box:1 sh -c 'touch /tmp/file && touch /file'
	[[ $output == *'/file: Read-only file system'* ]]
	run -1 box --volume "$BATS_TEST_TMPDIR/host:/host:ro" localhost/box:1 sh -c 'exec 2>&1; cat /host/file; touch /host/file'
	[[ $output == from-host*'Read-only file system'* ]]
	box --volume "$BATS_TEST_TMPDIR/host:/host" --volume /volume localhost/box:1 touch /host/made /volume/made
	[ -e "$BATS_TEST_TMPDIR/host/made" ]
	run -0 box --shm-size 2m localhost/box:1 df -k /dev/shm
	[[ $output == *2048* ]]
	run -0 box --device /dev/fuse --sysctl net.ipv4.ip_forward=1 localhost/box:1 cat /proc/sys/net/ipv4/ip_forward
	[ "$output" = 1 ]
	run -0 box --privileged localhost/box:1 sh -c 'mount -t tmpfs tmpfs /tmp && echo mounted'
	[ "$output" = mounted ]
}

@test "run and exec on a terminal" {
	local in_podman=(nsenter --target "$WORLD" --mount --net --pid -- "${podman_command[@]}" --root "$WORLD_DIR/root"
		--runroot /run/podman-run --tmpdir /run/podman-tmp --storage-driver vfs)
	run -0 on_terminal expect:'# ' 'send:tty; stty size; exit 5\r' wait -- "${in_podman[@]}" \
		run --interactive --tty --rm --network none --cgroup-parent "/$GROUP" localhost/box:1 sh
	[[ $output == *'/dev/pts/0'*'31 97'*'[exit 5]'* ]]
	box_detached sleeper localhost/box:1 sleep 1000
	run -0 on_terminal expect:'# ' 'send:tty; stty size\r' expect:'31 97' resize:20x50 \
		'send:until stty size | grep 20.50; do sleep 0.1; done; exit 6\r' wait -- \
		"${in_podman[@]}" exec --interactive --tty sleeper sh
	[[ $output == *'/dev/pts/0'*'20 50'*'[exit 6]'* ]]
}

@test "exec: streams, statuses, words" {
	box_detached sleeper --user user localhost/box:1 sleep 1000
	run -0 podman exec sleeper sh -c 'id -u; pwd'
	[ "$output" = $'1000\n/' ]
	run -0 podman exec --user 0:0 --workdir /tmp --env A=b sleeper sh -c 'id -u; pwd; echo $A'
	[ "$output" = $'0\n/tmp\nb' ]
	[ "$(echo typed | podman exec --interactive sleeper cat)" = typed ]
	run -3 podman exec sleeper sh -c 'exit 3'
	run -127 podman exec sleeper no-such-program
	[[ $output == *'exec "no-such-program": executable file not found in $PATH'* ]]
	run -126 podman exec sleeper /etc/passwd
	[[ $output == *'exec "/etc/passwd": permission denied'* ]]
	local fd
	for fd in 3 5 7 9; do
		run ! podman exec --workdir "/proc/self/fd/$fd" sleeper ls
	done
	run -0 podman top sleeper args
	[[ $output == *'sleep 1000'* ]]
}

@test "stop, kill, wait, restart, logs" {
	box_detached polite localhost/box:1 sh -c 'trap "echo asked; exit 7" TERM; echo here; while :; do sleep 0.1; done'
	until_true polite_says here
	podman stop polite
	[ "$(podman wait polite)" = 7 ]
	until_true polite_says asked
	podman restart polite
	[ "$(podman inspect --format '{{.State.Running}}' polite)" = true ]
	podman kill polite
	[ "$(podman wait polite)" = 137 ]
}

polite_says() {
	[[ $(podman logs polite) == *$1 ]]
}

@test "pause, unpause, stats" {
	box_detached sleeper --memory 64m localhost/box:1 sleep 1000
	podman pause sleeper
	[ "$(podman inspect --format '{{.State.Status}}' sleeper)" = paused ]
	run ! podman exec sleeper true
	podman unpause sleeper
	podman exec sleeper true
	run -0 podman stats --no-stream --format '{{.MemLimit}} {{.PIDs}}' sleeper
	[ "$output" = '67108864 1' ]
	podman pause sleeper
	podman rm --force --time 0 sleeper
}

@test "namespaces: the host's, another's, a user namespace" {
	box_detached first --hostname first localhost/box:1 sleep 1000
	run -0 podman run --rm --cgroup-parent "/$GROUP" --network container:first --ipc container:first \
		--pid container:first localhost/box:1 \
		sh -c 'stat -Lc %i /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid; ps | grep -c "[s]leep 1000"'
	[ "$output" = "$(podman exec first stat -Lc %i /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid)"$'\n1' ]
	run -0 podman run --rm --cgroup-parent "/$GROUP" --network host --pid host --uts host --ipc host localhost/box:1 \
		stat -Lc %i /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/uts /proc/self/ns/ipc
	[ "$output" = "$(in_world stat -Lc %i /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/uts /proc/self/ns/ipc)" ]
	run -0 box --cgroupns private localhost/box:1 cat /proc/self/cgroup
	[[ $output != *"$GROUP"* ]]
	run -0 box --uidmap 0:100000:65536 --gidmap 0:100000:65536 --oom-score-adj 100 --user 1000 localhost/box:1 \
		sh -c 'id -u; cat /proc/self/uid_map /proc/self/oom_score_adj'
	[[ $output == 1000*100000*65536$'\n100' ]]
}

@test "nothing is left" {
	podman volume prune --force
	until_true nothing_is_left
}

# The cgroup of all its monitors stays.
nothing_is_left() {
	[ -z "$(world_new_mounts)" ] && [ -z "$(in_world ls /run/coffer-runtime)" ] &&
		[ -z "$(find /sys/fs/cgroup -mindepth 3 -type d -path "*/$GROUP/*" ! -name conmon)" ]
}
