#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Resource limits on a host that has cgroup v2 and nothing else, which is what tests/vm/run boots.
#
# runc meets the same bundles first: where it fails too, it is the guest or the test that is broken.

bats_require_minimum_version 1.5.0

# A value that nothing else in the guest has, to find the one cgroup that has it; a multiple of the page size.
MARK=123457536

setup_file() {
	export ROOTFS=$BATS_FILE_TMPDIR/rootfs TAR=$BATS_FILE_TMPDIR/box.tar
	mkdir -p "$ROOTFS"/{bin,dev,etc,proc,sys,tmp}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	for applet in cat dd grep mkdir sh sleep; do ln -s busybox "$ROOTFS/bin/$applet"; done
	tar -C "$ROOTFS" -cf "$TAR" .
	export STORE=$BATS_FILE_TMPDIR/store RUNROOT=$BATS_FILE_TMPDIR/run
}

setup() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "needs pure cgroup v2: run this with tests/vm/run"
	cd "$BATS_TEST_TMPDIR" || return 1
	ID=box$BATS_TEST_NUMBER
	CGROUP=/sys/fs/cgroup/vm-test/$ID # of a bundle's container
}

# The program exists, and is more than the house's first placeholder.
has() {
	[ -x "$COFFER_BIN/$1" ] && ! "$COFFER_BIN/$1" --version 2>&1 | grep -q 'nothing here yet'
}

need() {
	has "$1" || skip "$1 is not there yet"
}

# The image is made by the first test that needs it, so that its failure is no other test's.
need_image() {
	need coffer
	[ -e "$BATS_FILE_TMPDIR/imported" ] || coffer import "$TAR" box:1
	touch "$BATS_FILE_TMPDIR/imported"
}

coffer() {
	"$COFFER_BIN/coffer" --root "$STORE" --runroot "$RUNROOT" "$@"
}

coffer_run() {
	coffer run --rm --network none "$@"
}

# bundle COMMAND...: make a bundle with limits in bundle/.
bundle() {
	local args
	args=$(printf '%s\n' "$@" | jq -Rn '[inputs]')
	mkdir bundle
	runc spec --bundle bundle
	jq --argjson args "$args" --arg rootfs "$ROOTFS" --arg cgroup "${CGROUP#/sys/fs/cgroup}" '
		.root.path = $rootfs | .process.terminal = false | .process.args = $args |
		.linux.cgroupsPath = $cgroup | .linux.resources += {
			memory: {limit: 33554432},
			cpu: {quota: 50000, period: 100000, shares: 512},
			pids: {limit: 20}
		}' <bundle/config.json >config.json
	mv config.json bundle/
}

# runtime PROGRAM ARGUMENTS...: runc or coffer-runtime, which take the same ones.
runtime() {
	local program=$1
	shift
	"$program" --root "$BATS_TEST_TMPDIR/state" "$@"
}

# Wait for at most a minute or two: everything is slow under emulation.
eventually() {
	for _ in {1..600}; do
		if "$@"; then return 0; fi
		sleep 0.1
	done
	echo "never happened: $*"
	return 1
}

# The cgroups whose memory.max is MARK.
marked_cgroups() {
	find /sys/fs/cgroup -name memory.max -exec grep -lx "$MARK" {} +
}

status_is() {
	[ "$(runtime "$1" state "$ID" | jq -r .status)" = "$2" ]
}

check_run_on_a_bundle() {
	local in=/sys/fs/cgroup
	bundle cat $in/memory.max $in/cpu.max $in/pids.max /proc/self/cgroup
	run -0 runtime "$1" run --bundle bundle "$ID"
	[ "$output" = $'33554432\n50000 100000\n20\n0::/' ]
	[ ! -e "$CGROUP" ]
}

# A hog that takes 64 MB and then ends: without the limit it would succeed.
check_oom_kill_on_a_bundle() {
	bundle dd if=/dev/zero of=/dev/null bs=64M count=1
	run -137 runtime "$1" run --bundle bundle "$ID"
	[ ! -e "$CGROUP" ]
}

check_created_state() {
	bundle sleep 600
	# not bats' own files: the container's process keeps what it is given open
	runtime "$1" create --bundle bundle "$ID" >log 2>&1 </dev/null 3>&- || { cat log; return 1; }
	status_is "$1" created
	[ "$(<"$CGROUP/memory.max")" = 33554432 ]
	[ "$(<"$CGROUP/cpu.max")" = "50000 100000" ]
	[ "$(<"$CGROUP/pids.max")" = 20 ]
	[ "$(wc -l <"$CGROUP/cgroup.procs")" -eq 1 ]

	runtime "$1" start "$ID"
	status_is "$1" running
	runtime "$1" kill "$ID" KILL
	eventually status_is "$1" stopped
	runtime "$1" delete "$ID"
	[ ! -e "$CGROUP" ]
	run ! runtime "$1" state "$ID"
}

@test "guest: cgroup v2 alone, with its controllers handed down" {
	run -0 cat /sys/fs/cgroup/cgroup.subtree_control
	for controller in cpu cpuset io memory pids; do
		[[ " $output " == *" $controller "* ]]
	done
	run ! grep ' cgroup rw' /proc/mounts
	# shellcheck disable=SC2016 # awk's $2
	run ! awk '!/^#/ && $2 != 0 { found = 1 } END { exit !found }' /proc/cgroups # none bound to v1
	grep -q '^some avg10=' /proc/pressure/memory
}

@test "guest: an overlay on the disk, with trusted and user attributes" {
	mkdir lower upper work merged
	touch lower/gone
	mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged
	rm merged/gone
	mkdir merged/new
	setfattr -n user.name -v value merged/new
	umount merged
	[ "$(stat -c '%F %t:%T' upper/gone)" = "character special file 0:0" ]
	[ "$(getfattr --only-values -n user.name upper/new)" = value ]
	setfattr -n trusted.overlay.opaque -v y upper/new
}

@test "runc: run on a bundle applies the limits, and leaves no cgroup" {
	check_run_on_a_bundle runc
}

@test "runc: a process over its memory limit is killed, exit status 137" {
	check_oom_kill_on_a_bundle runc
}

@test "runc: limits hold in the created state; delete removes the cgroup" {
	check_created_state runc
}

@test "coffer-runtime: run on a bundle applies the limits, and leaves no cgroup" {
	need coffer-runtime
	check_run_on_a_bundle "$COFFER_BIN/coffer-runtime"
}

@test "coffer-runtime: a process over its memory limit is killed, exit status 137" {
	need coffer-runtime
	check_oom_kill_on_a_bundle "$COFFER_BIN/coffer-runtime"
}

@test "coffer-runtime: limits hold in the created state; delete removes the cgroup" {
	need coffer-runtime
	check_created_state "$COFFER_BIN/coffer-runtime"
}

@test "coffer run: memory, cpu, pids and shares become cgroup v2 values" {
	need_image
	local in=/sys/fs/cgroup
	run -0 coffer_run -m 256m --cpus 1.5 --pids-limit 100 --cpu-shares 512 box:1 \
		cat $in/memory.max $in/cpu.max $in/pids.max $in/cpu.weight
	[ "$output" = $'268435456\n150000 100000\n100\n59' ]
}

@test "coffer run: the container sees its own cgroup as the root" {
	need_image
	run -0 coffer_run box:1 cat /proc/self/cgroup
	[ "$output" = "0::/" ]
}

@test "coffer run: the cgroup filesystem inside is read-only" {
	need_image
	run -0 coffer_run box:1 grep ' /sys/fs/cgroup ' /proc/self/mountinfo
	[[ "$output" =~ " /sys/fs/cgroup ro,nosuid,nodev,noexec" ]]
	[[ "$output" == *" - cgroup2 "* ]]
	run ! coffer_run box:1 mkdir /sys/fs/cgroup/below
	[[ "$output" == *"Read-only file system"* ]]
	run ! coffer_run box:1 sh -c 'echo max >/sys/fs/cgroup/memory.max'
	[[ "$output" == *"Read-only file system"* ]]
}

@test "coffer run: the cgroup exists while the container runs, and is gone afterwards" {
	need_image
	mkfifo input
	coffer_run -i -m $MARK box:1 cat <input >log 2>&1 3>&- &
	local client=$!
	exec 5>input
	found() { [ -n "$(marked_cgroups)" ]; }
	eventually found || { cat log; return 1; }
	run -0 marked_cgroups
	[ ${#lines[@]} -eq 1 ]
	local cgroup=${output%/memory.max}
	[ "$(wc -l <"$cgroup/cgroup.procs")" -ge 1 ]

	exec 5>&- # cat ends
	wait $client || { cat log; return 1; }
	[ ! -e "$cgroup" ]
	[ -z "$(marked_cgroups)" ]
}

@test "coffer run: a process over its memory limit is killed, exit status 137" {
	need_image
	coffer_run --memory 128m box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
	run -137 coffer_run --memory 32m box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
}

@test "coffer run: a fork beyond --pids-limit fails" {
	need_image
	# shellcheck disable=SC2016 # for the shell inside
	local script='i=0; while [ $i -lt 15 ]; do sleep 60 & i=$((i + 1)); done; echo completed'
	run -0 coffer_run --pids-limit 20 box:1 sh -c "$script"
	[[ "$output" == *completed* ]]
	run ! coffer_run --pids-limit 10 box:1 sh -c "$script"
	[[ "$output" == *"can't fork"* ]]
	[[ "$output" != *completed* ]]
}
