#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Namespaces: new, joined by a path, shared. config-linux.md, "Namespaces".

bats_require_minimum_version 1.5.0
load lib/bundle

setup_file() {
	bundle_file_setup
}

setup() {
	bundle_setup
}

teardown() {
	bundle_teardown
}

# The namespace of a process, as the kernel names it.
namespace_of() {
	readlink "/proc/$1/ns/$2"
}

# unshare has become the program, or has made it.
holds() {
	grep -qx sleep "/proc/$HOLDER/comm" || pgrep -P "$HOLDER" -x sleep >/dev/null
}

# A process in namespaces of its own (flags of unshare), until the test ends.
hold() {
	unshare "$@" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	until_true holds
}

release() {
	kill -KILL "$HOLDER" 2>/dev/null || true
	wait "$HOLDER" 2>/dev/null || true
}

@test "all that are listed are new" {
	create
	pid=$(init_pid)
	for ns in pid net ipc uts mnt cgroup; do
		[ "$(namespace_of "$pid" $ns)" != "$(namespace_of self $ns)" ]
	done
	equals "$(namespace_of "$pid" user)" "$(namespace_of self user)"
}

@test "those that are not listed are shared" {
	for ns in pid network ipc uts cgroup; do
		config '.linux.namespaces |= map(select(.type != $ns)) | del(.hostname)' --arg ns $ns
	done
	spawn 'readlink /proc/self/ns/net; exec sleep 1000'
	pid=$(init_pid)
	for ns in pid net ipc uts cgroup; do
		equals "$(namespace_of "$pid" $ns)" "$(namespace_of self $ns)"
	done
	[ "$(namespace_of "$pid" mnt)" != "$(namespace_of self mnt)" ]
	equals "$(cat output)" "$(namespace_of self net)"
}

@test "the program is process 1, and sees no other" {
	box 'echo $$; ps -o pid,comm; true'
	equals "${lines[0]}" 1
	equals "${#lines[@]}" 4 # the header, sh, ps
}

@test "without a pid namespace of its own it sees the host's, and what it leaves behind is killed" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	spawn 'sleep 1001 & echo $$; exec sleep 1002'
	equals "$(cat output)" "$(init_pid)"
	runtime kill box KILL
	until_stopped box
	runtime delete box
	[ -z "$(left_processes)" ]
}

@test "a new network namespace has only loopback, and it is up" {
	box 'ls /sys/class/net; ifconfig lo'
	equals "${lines[0]}" lo
	contains "$output" 'UP LOOPBACK RUNNING'
	contains "$output" '127.0.0.1'
	[[ $output != *eth* ]]
}

@test "hostname and domainname" {
	config '.hostname = "box.example" | .domainname = "example.org"'
	before=$(hostname)
	box 'hostname; cat /proc/sys/kernel/domainname'
	equals "$output" $'box.example\nexample.org'
	equals "$(hostname)" "$before"
}

@test "a cgroup namespace hides where it is" {
	box 'cut -d: -f3 /proc/self/cgroup | sort -u'
	equals "$output" /
}

@test "ids of a user namespace" {
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] |
		.linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 1000}]'
	chown -R 100000:200000 rootfs
	create
	runtime start box
	pid=$(init_pid)
	equals "$(awk '/^(Uid|Gid):/ { print $2 }' "/proc/$pid/status")" $'100000\n200000'
	equals "$(tr -s ' ' <"/proc/$pid/uid_map")" ' 0 100000 1000'
	[ "$(namespace_of "$pid" user)" != "$(namespace_of self user)" ]
}

@test "a container of an ordinary user" {
	setpriv --reuid 1234 --regid 1234 --clear-groups unshare --user true 2>/dev/null ||
		skip "ordinary users make no user namespaces here"
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 1234, "size": 1}] |
		.linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "cgroup")) |
		(.mounts[] | select(.type == "devpts")).options |= map(select(startswith("gid=") | not)) |
		.mounts += [{"destination": "/mnt", "type": "bind", "source": $dir, "options": ["rbind", "ro"]}]' --arg dir "$PWD"
	program 'id -u; id -g; cat /proc/self/setgroups; cat /proc/self/uid_map | tr -s " "; echo x >/dev/null && touch /mnt/x'
	cp "$COFFER_BIN/coffer-runtime" program
	reachable
	chown -R 1234:1234 .
	run setpriv --reuid 1234 --regid 1234 --clear-groups ./program --cgroup-manager disabled --root "$PWD/state" run box
	equals "$output" $'0\n0\ndeny\n 0 1234 1\ntouch: /mnt/x: Read-only file system'
}

# --- time ---

# Seconds of the clock "boottime", as /proc/uptime has it.
boottime() {
	cut -d. -f1 /proc/uptime
}

@test "offsets of a time namespace" {
	[ -e /proc/self/ns/time ] || skip "no time namespaces here"
	config '.linux.namespaces += [{"type": "time"}] |
		.linux.timeOffsets = {"boottime": {"secs": 1000000, "nanosecs": 5}, "monotonic": {"secs": 7}}'
	spawn 'tr -s " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime; exec sleep 1000'
	pid=$(init_pid)
	[ "$(namespace_of "$pid" time)" != "$(namespace_of self time)" ]
	equals "$(namespace_of "$pid" time)" "$(namespace_of "$pid" time_for_children)"
	until_true has_lines output 3
	equals "$(head -n 2 output)" $'monotonic 7 0\nboottime 1000000 5'
	[ "$(tail -n 1 output)" -ge 1000000 ]
	run -0 runtime exec box cut -d. -f1 /proc/uptime
	[ "$output" -ge 1000000 ]
	[ "$(boottime)" -lt 1000000 ]
}

@test "a time namespace without offsets, and one whose offset is negative" {
	[ -e /proc/self/ns/time ] || skip "no time namespaces here"
	config '.linux.namespaces += [{"type": "time"}]'
	box 'tr -s " " </proc/self/timens_offsets'
	equals "$output" $'monotonic 0 0\nboottime 0 0'
	config '.linux.timeOffsets = {"monotonic": {"secs": -1, "nanosecs": 999999999}}'
	box 'tr -s " " </proc/self/timens_offsets'
	equals "$output" $'monotonic -1 999999999\nboottime 0 0'
}

@test "a time namespace of a user namespace" {
	[ -e /proc/self/ns/time ] || skip "no time namespaces here"
	config '.linux.namespaces += [{"type": "user"}, {"type": "time"}] | .linux.timeOffsets.boottime.secs = 1000000 |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 rootfs
	spawn 'cut -d. -f1 /proc/uptime; exec sleep 1000'
	until_true has_lines output 1
	[ "$(cat output)" -ge 1000000 ]
	run -0 runtime exec box cut -d. -f1 /proc/uptime
	[ "$output" -ge 1000000 ]
}

@test "offsets that make no sense" {
	config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.realtime = {"secs": 1}'
	refused 'linux/timeOffsets/realtime: unknown clock "realtime", "boottime" and "monotonic" have offsets'
	config '.linux.timeOffsets = {"boottime": {"secs": 1, "nanosecs": 1000000000}}'
	refused 'linux/timeOffsets/boottime/nanosecs'
	config '.linux.timeOffsets = {"boottime": 7}'
	refused 'linux/timeOffsets/boottime: expected an object'
	config '.linux.timeOffsets = {"boottime": {"secs": -1000000000}}'
	refused 'set the time offsets of the container: numerical result out of range'
	config '.linux.timeOffsets = {"boottime": {"secs": 1}} | (.linux.namespaces[] | select(.type == "time")).path = "/proc/self/ns/time"'
	refused 'timeOffsets need a new time namespace'
	config '.linux.namespaces |= map(select(.type != "time"))'
	refused 'timeOffsets need a new time namespace'
}

# --- by path ---

@test "join namespaces by their paths" {
	hold --net --ipc --uts --cgroup --pid --fork --kill-child
	inside=$(pgrep -P $HOLDER)
	for ns in network:net ipc:ipc uts:uts cgroup:cgroup; do
		config '(.linux.namespaces[] | select(.type == $type)).path = $path' --arg type "${ns%:*}" \
			--arg path "/proc/$inside/ns/${ns#*:}"
	done
	config 'del(.hostname)'
	create
	pid=$(init_pid)
	for ns in net ipc uts cgroup; do
		equals "$(namespace_of "$pid" $ns)" "$(namespace_of "$inside" $ns)"
	done
	[ "$(namespace_of "$pid" pid)" != "$(namespace_of "$inside" pid)" ]
	release
}

@test "join a pid namespace by its path" {
	hold --pid --fork --kill-child
	inside=$(pgrep -P $HOLDER)
	config '(.linux.namespaces[] | select(.type == "pid")).path = $path' --arg path "/proc/$inside/ns/pid"
	spawn 'echo $$; grep -c sleep /proc/1/comm; exec sleep 1000'
	equals "$(namespace_of "$(init_pid)" pid)" "$(namespace_of "$inside" pid)"
	until_true grep -qx 1 output
	[ "$(head -n 1 output)" -gt 1 ]
	run -0 runtime kill box KILL
	until_stopped box
	[ -d "/proc/$inside" ]
	release
}

@test "the exit code of a program in a joined pid namespace" {
	hold --pid --fork --kill-child
	config '(.linux.namespaces[] | select(.type == "pid")).path = $path' --arg path "/proc/$(pgrep -P $HOLDER)/ns/pid"
	box 'exit 7'
	equals "$status" 7
	release
}

@test "a path that is another namespace, or none" {
	config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
	refused "'/proc/self/ns/uts' is a uts namespace, a network namespace is wanted"
	config '(.linux.namespaces[] | select(.type == "network")).path = "/no/such/namespace"'
	refused "open network namespace '/no/such/namespace': no such file or directory"
	config '(.linux.namespaces[] | select(.type == "network")).path = "/dev/null"'
	refused "'/dev/null' is not a namespace, a network namespace is wanted"
	config '(.linux.namespaces[] | select(.type == "network")).path = "" |
		(.linux.namespaces[] | select(.type == "pid")).path = "/proc/self/ns/net"'
	refused "'/proc/self/ns/net' is a network namespace, a pid namespace is wanted"
}

@test "join a user namespace by its path, and those that belong to it" {
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 rootfs
	create
	first=$(init_pid)
	for ns in user network:net ipc uts; do
		config '(.linux.namespaces[] | select(.type == $type)).path = $path' --arg type "${ns%:*}" \
			--arg path "/proc/$first/ns/${ns#*:}"
	done
	config '.linux.cgroupsPath = $cgroup + "-2" | del(.linux.uidMappings, .linux.gidMappings, .hostname)'
	runtime create other </dev/null >/dev/null 2>&1
	for ns in user net ipc uts; do
		equals "$(namespace_of "$(init_pid other)" $ns)" "$(namespace_of "$first" $ns)"
	done
	[ "$(namespace_of "$(init_pid other)" pid)" != "$(namespace_of "$first" pid)" ]
	equals "$(awk '/^(Uid|Gid):/ { print $2 }' "/proc/$(init_pid other)/status")" $'100000\n100000'
	runtime start other
	run -0 runtime exec other id -u
	equals "$output" 0
}

@test "a new user namespace, and a network of the host by its path" {
	hold --net --ipc
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings |
		(.linux.namespaces[] | select(.type == "network")).path = $net |
		(.linux.namespaces[] | select(.type == "ipc")).path = $ipc |
		.mounts |= map(select(.type != "sysfs" and .type != "mqueue"))' \
		--arg net "/proc/$HOLDER/ns/net" --arg ipc "/proc/$HOLDER/ns/ipc"
	chown -R 100000:100000 rootfs
	create
	equals "$(namespace_of "$(init_pid)" net)" "$(namespace_of "$HOLDER" net)"
	equals "$(namespace_of "$(init_pid)" ipc)" "$(namespace_of "$HOLDER" ipc)"
	[ "$(namespace_of "$(init_pid)" user)" != "$(namespace_of self user)" ]
	release
}

@test "mappings beside a user namespace's path must be its own" {
	config '.linux.namespaces += [{"type": "user"}] | .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 5}, {"containerID": 5, "hostID": 300000, "size": 7}]'
	chown -R 100000:100000 rootfs
	create
	config '(.linux.namespaces[] | select(.type == "user")).path = $path | .linux.cgroupsPath = $cgroup + "-2"' \
		--arg path "/proc/$(init_pid)/ns/user"
	runtime create other </dev/null >/dev/null 2>&1
	runtime delete --force other
	for change in '.linux.uidMappings[0].size = 4' '.linux.gidMappings = .linux.uidMappings' 'del(.linux.uidMappings[1])' \
		'.linux.uidMappings += [{"containerID": 20, "hostID": 20, "size": 1}]'; do
		cp config.json before.json
		config "$change"
		run -1 runtime create other
		contains "$output" 'uidMappings and gidMappings are not those of user namespace'
		contains "$output" '[E-SPEC, stage create, exit 1]'
		mv before.json config.json
	done
}

@test "join a mount namespace by its path" {
	hold --mount
	config '(.linux.namespaces[] | select(.type == "mount")).path = $path' --arg path "/proc/$HOLDER/ns/mnt"
	create
	equals "$(namespace_of "$(init_pid)" mnt)" "$(namespace_of "$HOLDER" mnt)"
	runtime start box
	run -0 runtime exec box ls /
	contains "$output" bin
	runtime delete --force box
	release
}

@test "join a time namespace by its path" {
	[ -e /proc/self/ns/time ] || skip "no time namespaces here"
	hold --time --boottime 1000000 --fork --kill-child
	inside=$(pgrep -P $HOLDER)
	config '.linux.namespaces += [{"type": "time", "path": $path}]' --arg path "/proc/$inside/ns/time"
	box 'cut -d. -f1 /proc/uptime'
	[ "$output" -ge 1000000 ]
	release
}

@test "a namespace that is gone" {
	hold --net
	path=/proc/$HOLDER/ns/net
	release
	config '(.linux.namespaces[] | select(.type == "network")).path = $path' --arg path "$path"
	refused "open network namespace '$path': no such file or directory"
}

@test "user namespaces that make no sense" {
	config '.linux.namespaces += [{"type": "user"}]'
	refused 'a new user namespace needs uidMappings and gidMappings'
	config '.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 10}] | .linux.gidMappings = .linux.uidMappings |
		.linux.namespaces |= map(select(.type != "user"))'
	refused 'id mappings need a user namespace'
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings += [{"containerID": 5, "hostID": 100, "size": 10}]'
	refused 'write uid_map of a user namespace: invalid argument'
	contains "$output" '[E-IDMAP, stage create, exit 1]'
}

@test "namespaces of no known type, twice, with a relative path" {
	config '.linux.namespaces += [{"type": "nosuch"}]'
	refused 'unknown namespace type "nosuch"'
	config '.linux.namespaces[-1] = {"type": "uts"}'
	refused 'duplicate namespace type "uts" (first at /linux/namespaces/'
	config 'del(.linux.namespaces[-1]) | .linux.namespaces[0].path = "ns/pid"'
	refused 'namespace path "ns/pid" is not absolute'
	config 'del(.linux.namespaces[0].path) | .linux.namespaces |= map(select(.type != "mount"))'
	refused 'a container needs a mount namespace of its own'
}

@test "two containers share a network" {
	create
	config '(.linux.namespaces[] | select(.type == "network")).path = $path | .linux.cgroupsPath = $cgroup + "-2"' \
		--arg path "/proc/$(init_pid)/ns/net"
	runtime create other </dev/null >/dev/null 2>&1
	equals "$(namespace_of "$(init_pid)" net)" "$(namespace_of "$(init_pid other)" net)"
}

# --- sysctl ---

@test "settings of the container's namespaces" {
	config '.linux.sysctl = {
		"net.ipv4.ip_forward": "1", "net/ipv4/conf/lo/log_martians": "1", "kernel.shmmax": "12345678",
		"kernel.domainname": "by.sysctl"}'
	before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax)
	box 'cd /proc/sys; cat net/ipv4/ip_forward net/ipv4/conf/lo/log_martians kernel/shmmax kernel/domainname'
	equals "$output" $'1\n1\n12345678\nby.sysctl'
	equals "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax)" "$before"
}

@test "settings that the kernel does not know, or refuses" {
	config '.linux.sysctl = {"net.ipv4.nosuch": "1"}'
	refused 'set sysctl "net.ipv4.nosuch" to "1": no such file or directory'
	config '.linux.sysctl = {"net.ipv4.ip_forward": "many"}'
	refused 'set sysctl "net.ipv4.ip_forward" to "many": invalid argument'
}
