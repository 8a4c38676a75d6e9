#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers that divide their cgroup: --security-opt writable-cgroups, and what the runtime gives to their users.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "needs pure cgroup v2: run this with tests/vm/run"
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

writable() {
	coffer run --network none --stop-signal KILL --security-opt writable-cgroups=true "$@"
}

@test "a container divides its cgroup, limits a part of it, and is limited itself as before" {
	writable -d --name divider -m 64m box:1 sh -c '
		cd /sys/fs/cgroup && mkdir own hogs && echo 1 >own/cgroup.procs && echo "+memory +pids" >cgroup.subtree_control &&
		echo 16m >hogs/memory.max && echo 0 >hogs/memory.swap.max; echo divided; exec sleep 1000' >/dev/null
	is_divided() { [[ $(coffer logs divider) == *divided* ]]; }
	eventually is_divided
	[ "$(coffer logs divider 2>&1)" = divided ]
	[ "$(coffer exec divider cat /proc/1/cgroup)" = 0::/own ]
	run -137 coffer exec divider sh -c 'sh -c "echo \$\$ >/sys/fs/cgroup/hogs/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=32M count=1"'
	[ "$(coffer exec divider sed -n 's/^oom_kill //p' /sys/fs/cgroup/hogs/memory.events)" = 1 ]
	run ! coffer exec divider sh -c 'echo max >/sys/fs/cgroup/memory.max'
	[[ $output == *'Operation not permitted'* ]]
	[ "$(coffer exec divider cat /sys/fs/cgroup/memory.max)" = $((64 << 20)) ]
	coffer rm -f divider >/dev/null
}

@test "another runtime in it limits containers of its own" {
	local bundle=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$bundle"
	cp -a "$BATS_FILE_TMPDIR/rootfs" "$bundle/rootfs"
	(cd "$bundle" && "$COFFER_BIN/coffer-runtime" spec && jq '.process.terminal = false | .root.readonly = true |
		.linux.resources += {memory: {limit: 16777216}, pids: {limit: 7}} |
		.process.args = ["cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max", "/proc/self/cgroup"]' \
		config.json >config.new && mv config.new config.json)
	# shellcheck disable=SC2016 # for the shell inside
	run -0 writable --rm --cap-add ALL --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
		-v "$COFFER_BIN/coffer-runtime:/bin/coffer-runtime:ro" -v "$bundle:/bundle" box:1 sh -c '
		mkdir /sys/fs/cgroup/own && echo $$ >/sys/fs/cgroup/own/cgroup.procs &&
		coffer-runtime --root /tmp/state run --bundle /bundle inner'
	[ "$output" = $'16777216\n7\n0::/' ]
}

@test "its user owns what he needs, and no limit" {
	# shellcheck disable=SC2016
	run -0 writable --rm -u 1000 -m 64m box:1 sh -c 'cd /sys/fs/cgroup && stat -c "%u %n" . cgroup.procs cgroup.subtree_control memory.max &&
		mkdir own && echo $$ >own/cgroup.procs && echo +memory >cgroup.subtree_control && cat own/cgroup.procs | head -n 1
		echo 1g 2>/dev/null >memory.max || echo refused'
	[ "${lines[*]:0:4}" = "1000 . 1000 cgroup.procs 1000 cgroup.subtree_control 0 memory.max" ]
	[ "${lines[4]}" -eq 1 ]
	[[ ${lines[-1]} == *refused* || ${lines[-1]} == *denied* ]]
}

# in_namespace JQ-FILTER: who owns the cgroup of a container with a user namespace
in_namespace() {
	local cgroup=/sys/fs/cgroup/delegated-$BATS_TEST_NUMBER
	rm -rf bundle && mkdir -p bundle/rootfs
	cp -a "$BATS_FILE_TMPDIR/rootfs/." bundle/rootfs
	chown 100000:100000 bundle/rootfs
	(cd bundle && "$COFFER_BIN/coffer-runtime" spec && jq --arg cgroup "${cgroup##*/}" "
		.process.terminal = false | .process.args = [\"sleep\", \"1000\"] |
		.linux.cgroupsPath = \"/\" + \$cgroup | .linux.namespaces += [{type: \"user\"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings | $1" \
		config.json >config.new && mv config.new config.json)
	"$COFFER_BIN/coffer-runtime" --root "$PWD/state" run -d --bundle bundle box </dev/null >log 2>&1 3>&- || { cat log; return 1; }
	(cd "$cgroup" && stat -c '%u %n' . cgroup.procs cgroup.threads cgroup.subtree_control memory.oom.group memory.max) |
		cut -d' ' -f1 | uniq -c | xargs
	"$COFFER_BIN/coffer-runtime" --root "$PWD/state" delete --force box
}

@test "with a user namespace it is its root who owns them; what is read-only, or in the host's namespace, stays the host's" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	local rw='.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	[ "$(in_namespace "$rw")" = '5 100000 1 0' ]
	[ "$(in_namespace .)" = '6 0' ]
	[ "$(in_namespace "$rw | .linux.namespaces |= map(select(.type != \"cgroup\"))")" = '6 0' ]
}

@test "what would let it change its own limits is refused" {
	local words='--security-opt writable-cgroups: the container could change its own limits'
	run -125 writable --rm --cgroupns host box:1 true
	[[ $output == *"$words"*'it has no cgroup namespace of its own (--cgroupns)'* ]]
	run -125 writable --rm --cgroups disabled box:1 true
	[[ $output == *"$words"*'it has no control group of its own (--cgroups)'* ]]
	# with the source, mount does not add the options that there are
	mount -o remount,nosuid,nodev,noexec,memory_recursiveprot cgroup2 /sys/fs/cgroup
	run -125 writable --rm box:1 true
	mount -o remount,nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
	[[ $output == *"$words"*'cgroup v2 is mounted without the option nsdelegate'* ]]
	run -125 coffer run --rm --network none --security-opt writable-cgroups=perhaps box:1 true
	[[ $output == *'it is writable-cgroups[=true|false]'* ]]
}

@test "read-only unless somebody says so, whatever else is allowed" {
	local options='sed -n "s,.* /sys/fs/cgroup \([^ ,]*\).*,\1,p" /proc/self/mountinfo'
	[ "$(box sh -c "$options")" = ro ]
	[ "$(coffer run --rm --network none --privileged box:1 sh -c "$options")" = rw ]
	[ "$(coffer run --rm --network none --privileged --security-opt writable-cgroups=false box:1 sh -c "$options")" = ro ]
}
