#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits of containers: what the flags become in the kernel's files of either version, what is refused, and that what they
# promise happens.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	DISK=$(limits_disk)
	export DISK
	# for the last test: the event is about a whole minute
	coffer run -d --network none --name throttled --stop-signal KILL --cpus 0.01 box:1 sh -c 'while :; do :; done' >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

# The disk that the store is on, or nothing.
limits_disk() {
	local source
	source=$(findmnt -n -o SOURCE --target "$COFFER_TEST_ROOT")
	source=${source%%[*}
	[ ! -b "$source" ] || echo "$source"
}

need_v1() {
	cgroup_v1_has "$1" || skip "cgroup v1 has no controller $1 here"
}

need_v2() {
	! cgroup_v1_has "$1" || skip "controller $1 is bound to cgroup v1 here"
}

# start NAME FLAG...: one that sleeps; its id in $id
start() {
	local name=$1
	shift
	id=$(coffer run -d --network none --name "$name" --stop-signal KILL "$@" box:1 sleep 1000)
}

# CPU time of container ID in microseconds
cpu_time() {
	if cgroup_v1_has cpuacct; then
		echo $(($(cgroup_file "$1" cpuacct cpuacct.usage) / 1000))
	else
		cgroup_file "$1" - - cpu.stat | sed -n 's/^usage_usec //p'
	fi
}

@test "info says which version of cgroups has which controllers" {
	local version=v2
	! cgroup_v1_has memory || version=v1
	[[ $(coffer info) == *"Cgroup Controllers:"*"  $version:"*memory* ]]
	coffer info --format json | jq -e --arg version $version '.CgroupControllers | (.[$version] | contains(["memory", "pids"])) and
		(.v1 - .v2 == .v1)'
}

@test "info says where each controller is, and what its version means" {
	local version=v2 memory
	! cgroup_v1_has memory || version=v1
	memory=$(coffer info --cgroups | awk '$1 == "memory" {print $2, $3}')
	[ "${memory%% *}" = "$version" ]
	[ -d "${memory#* }" ]
	[[ $(coffer info --cgroups) =~ Memory\ limit\ +memory.limit_in_bytes\ +memory.max\ +$version ]]
	coffer info --cgroups --format json | jq -e --arg version $version '(.Layout | test("^(v1|hybrid|v2)$")) and
		(.Controllers | map(select(.Name == "pids" and .Version == $version)) | length == 1) and
		(.Differences | map(select(.Name == "Memory limit" and .Here == $version)) | length == 1)'
}

@test "top --cgroups says who uses how much, of containers and of what they are in" {
	start hungry -m 64m --pids-limit 9
	coffer exec -d hungry sh -c 'while :; do :; done'
	busy() {
		run -0 coffer top --cgroups
		[[ ${lines[0]} =~ ^CGROUP\ +CONTAINER\ +PIDS\ +CPU\ %\ +MEMORY\ +READ/S\ +WRITTEN/S ]] &&
			grep -E "/$id|-$id.scope" <<<"$output" | awk '{exit !($2 == "hungry" && $3 == 2 && $4 + 0 > 5)}'
	}
	eventually busy
	[ "$(grep -cE '^/(coffer|coffer.slice|system.slice) ' <<<"$output")" = 1 ]
	run -125 coffer top --cgroups hungry
	[[ $output == *'--cgroups is about all containers: it takes no name'* ]]
	run -125 coffer top
	[[ $output == *"'coffer top' requires at least 1 argument"* ]]
	coffer rm -f hungry
}

# --- Flags and files ---

@test "weight, burst and idleness of CPUs" {
	start weighty --cpu-weight 59 --cpus 0.5 --cpu-burst 10000
	if cgroup_v1_has cpu; then
		[ "$(cgroup_file "$id" cpu cpu.shares)" = 604 ]
	else
		[ "$(cgroup_file "$id" - - cpu.weight)" = 59 ]
	fi
	[ "$(cgroup_file "$id" cpu cpu.cfs_burst_us cpu.max.burst)" = 10000 ]
	coffer update --cpu-idle 1 weighty
	[ "$(cgroup_file "$id" cpu cpu.idle cpu.idle)" = 1 ]
	coffer update --cpu-idle 0 weighty
	[ "$(cgroup_file "$id" cpu cpu.idle cpu.idle)" = 0 ]
	coffer rm -f weighty
}

@test "rates of a disk, also later" {
	[ -n "$DISK" ] || skip "the store is on no disk"
	start slow --device-read-bps "$DISK:1mb" --device-write-iops "$DISK:50"
	local number
	number=$((0x$(stat -c %t "$(realpath "$DISK")"))):$((0x$(stat -c %T "$(realpath "$DISK")")))
	if cgroup_v1_has blkio; then
		[ "$(cgroup_file "$id" blkio blkio.throttle.read_bps_device)" = "$number 1048576" ]
		[ "$(cgroup_file "$id" blkio blkio.throttle.write_iops_device)" = "$number 50" ]
	else
		[ "$(cgroup_file "$id" - - io.max)" = "$number rbps=1048576 wbps=max riops=max wiops=50" ]
	fi
	coffer inspect slow | jq -e --arg disk "$DISK" '.[0].HostConfig |
		.BlkioDeviceReadBps == [{Path: $disk, Rate: 1048576}] and .BlkioDeviceWriteIOps == [{Path: $disk, Rate: 50}]'
	coffer update --device-read-bps "$DISK:2mb" slow
	if cgroup_v1_has blkio; then
		[ "$(cgroup_file "$id" blkio blkio.throttle.read_bps_device)" = "$number 2097152" ]
	else
		[ "$(cgroup_file "$id" - - io.max)" = "$number rbps=2097152 wbps=max riops=max wiops=50" ]
	fi
	coffer rm -f slow
}

@test "a weight of disks does nothing where no disk follows weights, and that is said" {
	! grep -qs '\[bfq\]' /sys/block/*/queue/scheduler || skip "a disk of this machine follows weights"
	run coffer run --rm --network none --blkio-weight 500 box:1 true
	if [ "$status" -ne 0 ]; then
		[[ $output == *'apply the block I/O weight: this kernel has no scheduler with weights'* ]]
		[[ $output == *E-CG-CTRL* ]]
		skip "this kernel has no scheduler with weights"
	fi
	[[ $output == *'limit without effect: no disk follows the weight of block I/O: '*' has scheduler '* ]]
}

@test "CPUs that the parent does not have are refused, with those that it has" {
	[ "$(nproc)" -gt 1 ] || skip "needs two CPUs"
	[ "$(coffer info --format '{{.CgroupDriver}}')" = cgroupfs ] || skip "systemd makes the control groups here"
	local parent=coffer-test-$$ tree
	tree=/sys/fs/cgroup$(! cgroup_v1_has cpuset || echo /cpuset)
	coffer run --rm --network none --cgroup-parent "/$parent" box:1 true
	echo 0 >"$tree/$parent/cpuset.cpus"
	run -125 coffer run --rm --network none --cgroup-parent "/$parent" --cpuset-cpus 1 box:1 true
	[[ $output == *'requested CPUs are not available - requested 1, available: 0'* ]]
	run -0 coffer run --rm --network none --cgroup-parent "/$parent" --cpuset-cpus 0 box:1 nproc
	[ "$output" = 1 ]
	find /sys/fs/cgroup -depth -type d -name "$parent" -exec rmdir {} +
}

@test "v2: what is left of memory, and from where on it is slowed down" {
	need_v2 memory
	start kept --memory-min 8m --memory-low 16m --memory-high 64m -m 128m --oom-group
	[ "$(cgroup_file "$id" - - memory.min)" = $((8 << 20)) ]
	[ "$(cgroup_file "$id" - - memory.low)" = $((16 << 20)) ]
	[ "$(cgroup_file "$id" - - memory.high)" = $((64 << 20)) ]
	[ "$(cgroup_file "$id" - - memory.oom.group)" = 1 ]
	coffer update --memory-high -1 --cgroup-conf pids.max=77 kept
	[ "$(cgroup_file "$id" - - memory.high) $(cgroup_file "$id" - - pids.max)" = "max 77" ]
	[ "$(cgroup_file "$id" - - memory.min)" = $((8 << 20)) ]
	coffer restart kept
	[ "$(cgroup_file "$id" - - memory.high) $(cgroup_file "$id" - - pids.max)" = "max 77" ]
	coffer rm -f kept
}

@test "v1: what only v2 has is refused, and why" {
	need_v1 memory
	run -125 coffer run --rm --network none --memory-high 64m box:1 true
	[[ $output == *'"memory.high": controller "memory" is not available in '* ]]
	[[ $output == *"cause: bound to the v1 hierarchy '/sys/fs/cgroup/memory'"* ]]
	[[ $output == *E-CG-CTRL* ]]
	run -125 coffer run --rm --network none --oom-group box:1 true
	[[ $output == *memory.oom.group* ]]
	run -0 coffer run --rm --network none --memory-high 64m --pids-limit 20 --cgroups-best-effort box:1 echo runs
	[[ $output == *'limit left out: apply '*'memory.high'*' is not available in '*'bound to the v1 hierarchy'* ]]
	[ "$(grep -c 'left out' <<<"$output")" -eq 1 ]
	[[ $output == *runs ]]
	[ "$(coffer ps -a --format '{{.Names}}')" = throttled ] # of setup_file
}

@test "v1: a container cannot divide its control group" {
	need_v1 memory
	run -125 coffer run --rm --network none --security-opt writable-cgroups=true box:1 true
	[[ $output == *'--security-opt writable-cgroups: the container could change its own limits'* ]]
	[[ $output == *'can be separated on cgroup v2 only, which this machine does not have alone'* ]]
	coffer run --rm --network none --security-opt writable-cgroups=false box:1 true
}

@test "v2: realtime scheduling and swappiness are v1's" {
	need_v2 cpu
	run -125 coffer run --rm --network none --cpu-rt-runtime 1000 box:1 true
	[[ $output == *'cgroup v2 has no limit of realtime scheduling'* ]]
	run -125 coffer run --rm --network none --memory-swappiness 5 box:1 true
	[[ $output == *"cgroup v2 has no swappiness of a container's own"* ]]
}

@test "what cannot be" {
	run -125 coffer run --rm --network none --device-read-bps /dev/null:1mb box:1 true
	[[ $output == *"--device-read-bps /dev/null:1mb: '/dev/null' is not a block device"* ]]
	run -125 coffer run --rm --network none --kernel-memory 8m box:1 true
	[[ $output == *'cannot use "--kernel-memory": kernels have no such limit any more'* ]]
	run -125 coffer run --rm --network none --cpuset-cpus 4095 box:1 true
	[[ $output == *'requested CPUs are not available - requested 4095, available: 0'* ]]
	run -125 coffer run --rm --network none --cgroup-conf cgroup.kill=1 box:1 true
	[[ $output == *'cgroup.kill is no limit'* ]]
	run -125 coffer run --rm --network none --cpu-weight 0 box:1 true
	[[ $output == *'a weight is more than 0'* ]]
	[ "$(coffer ps -a --format '{{.Names}}')" = throttled ] # of setup_file
}

# --- Where it is ---

@test "--cgroup-parent, with a limit that holds for all in it" {
	[ "$(coffer info --format '{{.CgroupDriver}}')" = cgroupfs ] || skip "systemd makes the control groups here"
	local parent=coffer-test-$$ tree
	tree=/sys/fs/cgroup$(! cgroup_v1_has pids || echo /pids)
	start child --cgroup-parent "/$parent"
	[ "$(<"$tree/$parent/$id/cgroup.procs")" = "$(coffer inspect --format '{{.State.Pid}}' child)" ]
	[ "$(coffer inspect --format '{{.HostConfig.CgroupParent}}' child)" = "/$parent" ]
	coffer rm -f child
	[ ! -e "$tree/$parent/$id" ]
	find /sys/fs/cgroup -depth -type d -name "$parent" -exec rmdir {} +
	run -125 coffer run --rm --network none --cgroup-parent ../up box:1 true
	[[ $output == *"cgroup"*".."* ]]
}

@test "--cgroups disabled: it stays where its monitor is" {
	start free --cgroups disabled
	local pid
	pid=$(coffer inspect --format '{{.State.Pid}}' free)
	[ -z "$(find /sys/fs/cgroup -type d -name "*$id*")" ]
	[ "$(cat "/proc/$pid/cgroup")" = "$(cat "/proc/$(ps -o ppid= -p "$pid" | tr -d ' ')/cgroup")" ]
	coffer rm -f free
	run -125 coffer run --rm --network none --cgroups disabled -m 64m box:1 true
	[[ $output == *'--cgroups disabled: without a control group there is no limit of "memory"'*E-CG-CTRL* ]]
	run -125 coffer run --rm --network none --cgroups split box:1 true
	[[ $output == *'--cgroups split: '* ]]
	run -125 coffer run --rm --network none --cgroups some box:1 true
	[[ $output == *'--cgroups some: it is enabled, disabled or no-conmon'* ]]
	run -125 coffer --cgroup-manager none run --rm --network none box:1 true
	[[ $output == *'it is cgroupfs or systemd'* ]]
}

# --- What they do ---

@test "--cpus holds a busy loop, and throttling is counted" {
	id=$(coffer run -d --network none --name spin --cpus 0.2 box:1 sh -c 'while :; do :; done')
	throttled() { [ "$(cgroup_file "$id" cpu cpu.stat cpu.stat | sed -n 's/^nr_throttled //p')" -ge 10 ]; }
	eventually throttled
	local before began now used
	# the clock is read outside of the two looks: what passes in between can only be on its side
	began=$(date +%s%N) before=$(cpu_time "$id")
	sleep 2
	used=$(($(cpu_time "$id") - before)) now=$(date +%s%N)
	# a fifth of what has passed, and what three periods that have begun allow
	((used <= (now - began) / 1000 / 5 + 60000))
	coffer rm -f spin
}

@test "weights of 100 and 300 share a CPU one to three" {
	local loop='while :; do :; done' light heavy
	light=$(coffer run -d --network none --name light --cpuset-cpus 0 --cpu-weight 100 box:1 sh -c "$loop")
	heavy=$(coffer run -d --network none --name heavy --cpuset-cpus 0 --cpu-weight 300 box:1 sh -c "$loop")
	both_run() { [ "$(cpu_time "$light")" -gt 100000 ] && [ "$(cpu_time "$heavy")" -gt 100000 ]; }
	eventually both_run
	local light_before heavy_before
	light_before=$(cpu_time "$light") heavy_before=$(cpu_time "$heavy")
	# as long as it takes to use three seconds: others may want this CPU as well
	enough() {
		((light_used = $(cpu_time "$light") - light_before, heavy_used = $(cpu_time "$heavy") - heavy_before,
			light_used + heavy_used >= 3000000))
	}
	for _ in {1..30}; do eventually enough && break; done
	local percent=$((100 * light_used / (light_used + heavy_used)))
	echo "the light one had $percent %"
	((percent >= 20 && percent <= 30))
	coffer rm -f light heavy
}

@test "writes past the cache are held to --device-write-bps" {
	[ -n "$DISK" ] || skip "the store is on no disk"
	local began took
	coffer run --rm --network none box:1 dd if=/dev/zero of=/file bs=64k count=1 oflag=direct 2>&1 ||
		skip "no direct writes on this file system"
	began=$(date +%s%N)
	coffer run --rm --network none --device-write-bps "$DISK:1mb" box:1 \
		dd if=/dev/zero of=/file bs=64k count=48 oflag=direct
	took=$((($(date +%s%N) - began) / 1000000))
	echo "3 MiB took $took ms"
	((took >= 2000)) # 3 s, less what may be saved up
}

@test "a fork bomb is held, and the command that ends it comes through" {
	# shellcheck disable=SC2016 # for the shell inside
	id=$(coffer run -d --network none --name bomb --pids-limit 25 box:1 sh -c 'b() { b | b & }; b 2>/dev/null; sleep 1000')
	held() { [ "$(cgroup_file "$id" pids pids.events pids.events | sed -n 's/^max //p')" -ge 1 ]; }
	eventually held
	[ "$(cgroup_file "$id" pids pids.current pids.current)" -le 25 ]
	coffer rm -f bomb
}

@test "a device that was not given cannot be used, whoever makes its node" {
	run -1 coffer run --rm --network none --cap-add MKNOD box:1 sh -c 'mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem'
	[[ $output == *'Operation not permitted'* ]]
	coffer run --rm --network none --cap-add MKNOD box:1 sh -c 'mknod /tmp/zero c 1 5 && head -c 1 /tmp/zero >/tmp/byte'
}

@test "who was killed by the limit of a parent, is told so" {
	[ "$(coffer info --format '{{.CgroupDriver}}')" = cgroupfs ] || skip "systemd makes the control groups here"
	local parent=coffer-test-$$ tree limit
	tree=/sys/fs/cgroup$(! cgroup_v1_has memory || echo /memory)
	limit=$(cgroup_v1_has memory && echo memory.limit_in_bytes || echo memory.max)
	coffer run --rm --network none --cgroup-parent "/$parent" box:1 true
	echo 24m >"$tree/$parent/$limit"
	run -137 coffer run --network none --name inner --cgroup-parent "/$parent" box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$(coffer inspect --format '{{.State.OOMKilled}} {{.State.Death.cause}}' inner)" = "true oom" ]
	coffer inspect --format '{{.State.Death.by}}' inner | grep -qx "a parent's limit"
	coffer rm inner
	find /sys/fs/cgroup -depth -type d -name "$parent" -exec rmdir {} +
}

@test "what is killed for memory beside the first process, does not end it" {
	coffer run -d --network none --name lives -m 24m --memory-swap 24m box:1 \
		sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; exec sleep 1000'
	killed() { [ "$(coffer stats --no-stream --format '{{.OOMKills}}' lives)" = 1 ]; }
	eventually killed
	[ "$(coffer inspect --format '{{.State.Running}} {{.State.OOMKilled}}' lives)" = 'true true' ]
	coffer rm -f lives
}

@test "who has been throttled for a quarter of a minute's periods is an event, once" {
	events() { coffer events --since 1h --until 0s --filter container=throttled --filter event=throttle --format json; }
	told() { [ -n "$(events)" ]; }
	eventually told || eventually told
	events | jq -se 'length == 1 and (.[0].Actor.Attributes.percent | tonumber) >= 25'
	[ "$(coffer events --since 1h --until 0s --filter event=throttle --format '{{.Actor.Attributes.name}}' | sort -u)" = throttled ]
	coffer rm -f throttled
}
