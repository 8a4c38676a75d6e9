#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer run: what the container is, sees and may do.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# --- Exit codes -----------------------------------------------------------------------------------------------------

@test "the exit code is the command's own" {
	box true
	run -7 box sh -c 'exit 7'
	run -255 box sh -c 'exit 255'
}

@test "a command killed by a signal gives 128 + n" {
	run -137 box sh -c 'kill -KILL $$ & sh -c "kill -KILL \$PPID"; exit 3' || true
	run -143 coffer run --rm --network none box:1 sh -c 'sh -c "kill -TERM \$\$"; exit $?'
}

@test "127 when the command is not there, 126 when it cannot be executed" {
	run -127 box nosuch
	[[ $output == *'exec "nosuch": executable file not found in $PATH'* ]]
	[[ $output == *'E-EXEC-NOTFOUND'*'exit 127'* ]]
	run -127 box /bin/nosuch
	run -126 box /etc
	[[ $output == *'is a directory'* ]]
	run -126 box /etc/passwd
	[[ $output == *'permission denied'* && $output == *'no x bit'* ]]
}

@test "scripts and programs that the kernel refuses are explained" {
	mkdir "$BATS_TEST_TMPDIR/bad"
	cd "$BATS_TEST_TMPDIR/bad"
	printf '#!/bin/sh\r\necho x\r\n' >crlf
	printf '#!/bin/nosuch\n' >interp
	printf 'echo no shebang\n' >plain
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0\1\0\0\0%064d' 0 >arm
	chmod +x ./*
	run -127 coffer run --rm --network none -v "$PWD:/bad" box:1 /bad/crlf
	[[ $output == *'CRLF'* && $output == *'E-EXEC-INTERP'* ]]
	run -127 coffer run --rm --network none -v "$PWD:/bad" box:1 /bad/interp
	[[ $output == *'interpreter "/bin/nosuch" not found'* ]]
	run -126 coffer run --rm --network none -v "$PWD:/bad" box:1 /bad/plain
	[[ $output == *'exec format error'* ]]
	run -126 coffer run --rm --network none -v "$PWD:/bad" box:1 /bad/arm
	[[ $output == *'aarch64'* ]]
}

@test "125 when coffer itself refuses, and nothing is left" {
	run -125 coffer run --rm --nosuchflag box:1 true
	run -125 coffer run --rm --network none --pull never nosuch:1 true
	run -125 coffer run --rm --network none -u nosuch box:1 true
	[[ $output == *'nosuch'* && $output == *'E-USER'* ]]
	run -125 coffer run --rm --network none --mount type=bind,src=/no/such/dir,dst=/x box:1 true
	[[ $output == *'bind source path does not exist: /no/such'* ]]
	run -125 coffer run --rm --network none -m 1m box:1 true
	[[ $output == *'Minimum memory limit allowed is 6MB'* ]]
	run -125 coffer run --rm --network none --cpus 4096 box:1 true
	[[ $output == *'range of CPUs is from 0.01 to'* ]]
	run -125 coffer run --rm --network none --cap-add NOSUCH box:1 true
	run -125 coffer run --rm --network none --security-opt seccomp=/no/such box:1 true
	run coffer ps --all --quiet
	[ -z "$output" ]
}

# --- Namespaces -----------------------------------------------------------------------------------------------------

@test "pid, net, mnt, uts, ipc and cgroup namespaces are its own" {
	for ns in pid net mnt uts ipc cgroup; do
		[ "$(box readlink "/proc/self/ns/$ns")" != "$(readlink "/proc/1/ns/$ns")" ]
	done
	[ "$(box readlink /proc/self/ns/user)" = "$(inside readlink /proc/self/ns/user)" ]
}

@test "the command is process 1, and sees nobody else" {
	[ "$(box sh -c 'echo $$')" = 1 ]
	run -0 box ps
	[ "${#lines[@]}" -le 3 ]
}

@test "host name: the first 12 digits of the id, or what was asked for" {
	run -0 box hostname
	[[ $output =~ ^[0-9a-f]{12}$ ]]
	[ "$(coffer run --rm --network none -h there --domainname d box:1 sh -c \
		'echo $(hostname) $(cat /proc/sys/kernel/domainname) $(cat /etc/hostname)')" = "there d there" ]
	[ "$(hostname)" != there ]
}

@test "with --network none there is only loopback, and it is up" {
	run -0 box sh -c 'ls /sys/class/net; cat /sys/class/net/lo/flags'
	[ "${lines[0]}" = lo ]
	(( lines[1] & 1 ))
}

@test "with --network host the network namespace is the host's" {
	[ "$(coffer run --rm --network host box:1 readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
}

@test "IPC objects are its own" {
	run -0 box sh -c 'ipcmk -Q 2>/dev/null || true; ls /dev/mqueue; cat /proc/sysvipc/shm | wc -l'
	[ "${lines[-1]}" = 1 ]
}

@test "when process 1 ends, the others end with it" {
	id=$(coffer run -d --network none box:1 sh -c 'sleep 1000 & sleep 1000 & exec sleep 3')
	has_three() {
		pids=$(cat "/sys/fs/cgroup/pids/coffer/$id/cgroup.procs" 2>/dev/null || cat "/sys/fs/cgroup/coffer/$id/cgroup.procs")
		[ "$(wc -w <<<"$pids")" -ge 3 ]
	}
	eventually has_three
	ended() { [[ $(coffer ps --all --no-trunc | grep "$id") == *Exited* ]]; }
	eventually ended
	for pid in $pids; do
		[ ! -e "/proc/$pid" ]
	done
	coffer rm "$id"
}

# --- The root filesystem --------------------------------------------------------------------------------------------

@test "the root is an overlay, pivoted into; nothing of the host's mounts is seen" {
	run -0 box cat /proc/self/mountinfo
	[[ ${lines[0]} == *' / / '*' - overlay '* ]]
	run ! grep -E ' (/work|/home|/var|/boot) ' <<<"$output"
	[ "$(box readlink /proc/1/root)" = / ]
}

@test "default mounts: proc, dev, pts, shm, mqueue, sysfs and cgroup, the last two read-only" {
	run -0 box cat /proc/self/mountinfo
	for mount in ' /proc rw,' ' /dev rw,' ' /dev/pts rw,' ' /dev/shm rw,' ' /dev/mqueue rw,' ' /sys ro,' ' /sys/fs/cgroup ro,'; do
		[[ $output == *"$mount"* ]]
	done
}

@test "devices and links in /dev" {
	run -0 box sh -c 'for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo no $d; done
		for l in ptmx fd stdin stdout stderr; do readlink /dev/$l; done
		head -c 4 /dev/zero | wc -c; echo x >/dev/null'
	[ "${lines[0]}" = pts/ptmx ]
	[ "${lines[1]}" = /proc/self/fd ]
	[ "${lines[5]}" = 4 ]
}

@test "masked paths are empty, read-only paths refuse writing" {
	run -0 box sh -c 'wc -c </proc/keys; ls /proc/acpi /sys/firmware 2>/dev/null | grep -cv : ; cat /proc/timer_list | wc -c'
	[ "${lines[0]}" = 0 ]
	run ! box sh -c 'echo 1 >/proc/sys/kernel/hostname'
	run ! box sh -c 'echo b >/proc/sysrq-trigger'
}

@test "writes stay in the container: a second one does not see them" {
	box sh -c 'echo x >/written; rm /etc/passwd'
	run ! box cat /written
	box test -s /etc/passwd
}

@test "--read-only, --tmpfs and -v" {
	run ! coffer run --rm --network none --read-only box:1 touch /x
	[[ $output == *'Read-only file system'* ]]
	coffer run --rm --network none --read-only --tmpfs /tmp box:1 touch /tmp/x
	mkdir -p "$BATS_TEST_TMPDIR/shared/sub"
	echo host >"$BATS_TEST_TMPDIR/shared/file"
	[ "$(coffer run --rm --network none -v "$BATS_TEST_TMPDIR/shared:/s" box:1 sh -c 'cat /s/file; echo back >/s/new')" = host ]
	[ "$(<"$BATS_TEST_TMPDIR/shared/new")" = back ]
	run ! coffer run --rm --network none -v "$BATS_TEST_TMPDIR/shared:/s:ro" box:1 touch /s/x
	[ "$(coffer run --rm --network none -v "$BATS_TEST_TMPDIR/shared/file:/etc/one" box:1 cat /etc/one)" = host ]
}

@test "a read-only volume is read-only all the way down" {
	mkdir -p "$BATS_TEST_TMPDIR/outer/inner"
	run -0 inside unshare --mount sh -c "mount -t tmpfs inner '$BATS_TEST_TMPDIR/outer/inner' &&
		'$COFFER_BIN/coffer' --root '$COFFER_TEST_ROOT/root' --runroot '$COFFER_TEST_ROOT/run' run --rm --network none \
		-v '$BATS_TEST_TMPDIR/outer:/o:ro' box:1 sh -c 'grep -c \" /o/inner ro,\" /proc/self/mountinfo; touch /o/inner/x || echo refused'"
	[[ $output == *refused* ]]
	[ "${lines[0]}" = 1 ]
}

@test "a directory on a file is refused, and said which is which" {
	run -125 coffer run --rm --network none -v "$BATS_TEST_TMPDIR:/etc/passwd" box:1 true
	[[ $output == *'source is a directory'*'target is a file'* ]]
}

# --- The process ----------------------------------------------------------------------------------------------------

@test "environment: the image's, -e, TERM only with a terminal" {
	run -0 coffer run --rm --network none -e A=1 -e B= box:1 env
	[[ $output == *'A=1'* && $output == *$'B=\n'* || $output == *'B='* ]]
	[[ $output == *'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'* ]]
	[[ $output == *HOSTNAME=* && $output == *HOME=/root* ]]
	[[ $output != *TERM=* ]]
}

@test "working directory: made if missing; a file is an error" {
	[ "$(coffer run --rm --network none -w /new/dir box:1 pwd)" = /new/dir ]
	run -125 coffer run --rm --network none -w /bin/sh box:1 pwd
	[[ $output == *E-WORKDIR* ]]
}

@test "users by name and by number, with their groups" {
	[ "$(coffer run --rm --network none -u user box:1 sh -c 'id -u; id -g; id -G; echo $HOME' | tr '\n' ' ')" = "1000 1000 1000 2000 /home/user " ]
	[ "$(coffer run --rm --network none -u 5:6 box:1 sh -c 'id -u; id -g' | tr '\n' ' ')" = "5 6 " ]
	[ "$(coffer run --rm --network none -u user:root box:1 id -g)" = 0 ]
}

@test "an entry point of one's own" {
	[ "$(coffer run --rm --network none --entrypoint echo box:1 a b)" = "a b" ]
}

@test "standard input with -i, and none without" {
	[ "$(echo hello | coffer run --rm -i --network none box:1 cat)" = hello ]
	[ "$(echo hello | coffer run --rm --network none box:1 cat)" = "" ]
	[ "$(head -c 3000000 /dev/zero | coffer run --rm -i --network none box:1 wc -c)" = 3000000 ]
}

@test "standard output and standard error stay apart, whole and in order" {
	run -0 --separate-stderr box sh -c 'echo out; echo err >&2; seq 1 20000 | tail -n 1'
	[ "${lines[0]}" = out ]
	[ "${lines[1]}" = 20000 ]
	# shellcheck disable=SC2154 # bats sets it
	[ "$stderr" = err ]
	[ "$(box sh -c 'head -c 5000000 /dev/zero' | wc -c)" = 5000000 ]
}

@test "-t: a terminal with its size, which is given back as it was" {
	run -0 script -qec "stty rows 33 cols 99; stty -g >$BATS_TEST_TMPDIR/before; \
		'$COFFER_BIN/coffer' --root '$COFFER_TEST_ROOT/root' --runroot '$COFFER_TEST_ROOT/run' \
		run --rm -it --network none box:1 sh -c 'tty; stty size; echo \$TERM'; stty -g >$BATS_TEST_TMPDIR/after" /dev/null
	[[ $output == *'/dev/pts/0'*'33 99'*'xterm'* ]]
	cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	run -125 coffer run --rm -it --network none box:1 true </dev/null
	[[ $output == *E-TTY* ]]
}

@test "signals are forwarded" {
	coffer_exec run --rm --network none --name sig box:1 sh -c 'trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.1; done' \
		>"$BATS_TEST_TMPDIR/out" &
	client=$!
	eventually grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM "$client"
	status=0
	wait "$client" || status=$?
	[ "$status" -eq 9 ]
	[ "$(<"$BATS_TEST_TMPDIR/out")" = $'ready\ngot' ]
}

@test "no file descriptor of ours is open in the container" {
	run -0 box sh -c 'cd /proc/self/fd; for fd in *; do [ -e $fd ] && [ $fd -gt 2 ] && readlink $fd; done; true'
	[[ $output != *"$COFFER_TEST_ROOT"* && $output != *socket* && $output != */sys/* ]]
}

# --- Rights ---------------------------------------------------------------------------------------------------------

@test "capabilities: Docker's fourteen, nothing inheritable or ambient" {
	run -0 box grep -E '^Cap' /proc/self/status
	[[ $output == *$'CapInh:\t0000000000000000'* && $output == *$'CapAmb:\t0000000000000000'* ]]
	[[ $output == *$'CapEff:\t00000000a80425fb'* && $output == *$'CapBnd:\t00000000a80425fb'* ]]
}

@test "--cap-add and --cap-drop" {
	coffer run --rm --network none --cap-add NET_ADMIN box:1 ip link add dummy0 type dummy || \
		coffer run --rm --network none --cap-add NET_ADMIN box:1 ip link set lo down
	run ! box ip link set lo down
	[ "$(coffer run --rm --network none --cap-drop ALL --cap-add CHOWN box:1 grep CapEff /proc/self/status)" = \
		$'CapEff:\t0000000000000001' ]
}

@test "seccomp filters by default, and not when unconfined" {
	[ "$(box grep Seccomp: /proc/self/status)" = $'Seccomp:\t2' ]
	[ "$(coffer run --rm --network none --security-opt seccomp=unconfined box:1 grep Seccomp: /proc/self/status)" = $'Seccomp:\t0' ]
	run ! box mount -t tmpfs none /tmp
	run ! box unshare -U true
}

@test "no-new-privileges" {
	[ "$(box grep NoNewPrivs /proc/self/status)" = $'NoNewPrivs:\t0' ]
	[ "$(coffer run --rm --network none --security-opt no-new-privileges box:1 grep NoNewPrivs /proc/self/status)" = \
		$'NoNewPrivs:\t1' ]
}

# --- Limits ---------------------------------------------------------------------------------------------------------

@test "limits stand in the container's cgroup, and its process is in it" {
	id=$(coffer run -d --network none -m 256m --cpus 1.5 --cpu-shares 512 --pids-limit 100 box:1 sleep 100)
	[ "$(cgroup_file "$id" memory memory.limit_in_bytes memory.max)" = 268435456 ]
	[ "$(cgroup_file "$id" pids pids.max pids.max)" = 100 ]
	if cgroup_v1_has cpu; then
		[ "$(cgroup_file "$id" cpu cpu.cfs_quota_us -)" = 150000 ]
		[ "$(cgroup_file "$id" cpu cpu.shares -)" = 512 ]
	else
		[ "$(cgroup_file "$id" - - cpu.max)" = "150000 100000" ]
		[ "$(cgroup_file "$id" - - cpu.weight)" = 59 ]
	fi
	pid=$(coffer inspect "$id" | jq '.[0].State.Pid')
	cgroup_file "$id" memory cgroup.procs cgroup.procs | grep -qx "$pid"
	coffer rm --force "$id"
	[ ! -d "/sys/fs/cgroup/memory/coffer/$id" ] && [ ! -d "/sys/fs/cgroup/coffer/$id" ]
}

@test "too much memory: killed, exit 137, and told why" {
	run -137 coffer run --rm --network none -m 16m box:1 sh -c 'tail /dev/zero'
	[[ $output == *'out of memory'*'16'* ]]
}

@test "a fork beyond --pids-limit fails" {
	run ! coffer run --rm --network none --pids-limit 5 box:1 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
}

@test "what it sees of cgroups is its own" {
	run -0 box cat /proc/self/cgroup
	for line in "${lines[@]}"; do
		[[ $line == *:/ ]]
	done
	run ! box sh -c 'mkdir /sys/fs/cgroup/memory/x 2>/dev/null || mkdir /sys/fs/cgroup/x'
}

@test "an input that nobody reads does not hold up signals" {
	yes | coffer_exec run --rm -i --network none --name deaf box:1 sh -c 'trap "exit 3" USR1; echo ready; while :; do sleep 0.1; done' \
		>"$BATS_TEST_TMPDIR/out" &
	eventually grep -q ready "$BATS_TEST_TMPDIR/out"
	sleep 1 # its input is full by then
	client=$(pgrep -f -- "--root $COFFER_TEST_ROOT/root .*--name deaf")
	kill -USR1 "$client"
	gone() { ! coffer ps | grep -q deaf; }
	eventually gone
}
