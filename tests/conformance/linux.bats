#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What config.json's linux section has beside namespaces, mounts, devices, resources and seccomp.

bats_require_minimum_version 1.5.0
load lib/bundle

setup_file() {
	bundle_file_setup
	ln -s busybox "$TEMPLATE/bin/uname"
	ln -s busybox "$TEMPLATE/bin/sysctl"
	ln -s busybox "$TEMPLATE/bin/ip"
	ln -s busybox "$TEMPLATE/bin/dnsdomainname"
}

setup() {
	bundle_setup
}

teardown() {
	[ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
	bundle_teardown
}

# --- personality ---

@test "personality: LINUX32 shows a 32-bit machine, in exec as well; LINUX the machine's own" {
	[ "$(uname -m)" = x86_64 ] || skip "of another name elsewhere"
	config '.linux.personality = {domain: "LINUX32"}'
	spawn 'uname -m; sleep 1000'
	until_true has_lines output 1
	equals "$(cat output)" i686
	run -0 runtime exec box uname -m
	equals "$output" i686
	runtime delete --force box
	config '.linux.personality = {domain: "LINUX", flags: []}'
	box 'uname -m'
	equals "$output" x86_64
}

@test "personality: another domain, and flags, are refused" {
	config '.linux.personality = {domain: "SVR4"}'
	refused '/linux/personality: unknown personality "SVR4", LINUX and LINUX32 are known'
	config '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
	refused '/linux/personality/flags: flags of a personality are not supported'
	config '.linux.personality = {}'
	refused '/linux/personality: "domain" is required, but missing'
}

# --- memoryPolicy ---

needs_policies() {
	[ -e /proc/self/numa_maps ] || skip "this kernel has no memory policies"
}

@test "memoryPolicy: mode, nodes and flags are those of the program, in exec as well" {
	needs_policies
	local mode words
	while read -r mode nodes words; do
		config ".linux.memoryPolicy = {mode: \"$mode\", nodes: \"$nodes\"}"
		box 'head -n 1 /proc/self/numa_maps'
		contains "$output" " $words "
	done <<-END
		MPOL_BIND 0 bind:0
		MPOL_INTERLEAVE 0 interleave:0
		MPOL_PREFERRED 0 prefer:0
	END
	config '.linux.memoryPolicy = {mode: "MPOL_LOCAL"}'
	box 'head -n 1 /proc/self/numa_maps'
	contains "$output" ' local '
	config '.linux.memoryPolicy = {mode: "MPOL_DEFAULT", nodes: "", flags: []}'
	box 'head -n 1 /proc/self/numa_maps'
	contains "$output" ' default '
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0-3", flags: ["MPOL_F_STATIC_NODES"]}'
	spawn 'sleep 1000'
	run -0 runtime exec box head -n 1 /proc/self/numa_maps
	contains "$output" ' bind=static:0'
}

@test "memoryPolicy: what cannot be is an error, with the reason" {
	needs_policies
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"}'
	refused 'set the memory policy MPOL_BIND: invalid argument'
	contains "$output" 'or the container has none of the nodes'
	config '.linux.memoryPolicy = {mode: "MPOL_NEAR"}'
	refused '/linux/memoryPolicy: unknown mode of a memory policy "MPOL_NEAR"'
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_X"]}'
	refused '/linux/memoryPolicy/flags/0: unknown flag of a memory policy "MPOL_F_X"'
	config '.linux.memoryPolicy = {mode: "MPOL_BIND"}'
	refused '/linux/memoryPolicy: MPOL_BIND needs "nodes"'
	config '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0"}'
	refused '/linux/memoryPolicy: MPOL_LOCAL takes no "nodes"'
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0-"}'
	refused '/linux/memoryPolicy/nodes: "0-" is no list of memory nodes'
	config '.linux.memoryPolicy = {nodes: "0"}'
	refused '/linux/memoryPolicy: "mode" is required, but missing'
}

@test "memoryPolicy: every word of features is known to the parser" {
	local mode
	for mode in $(runtime features | jq -r '.linux.memoryPolicy.modes[]'); do
		config '.linux.memoryPolicy = {mode: $mode, nodes: "x"}' --arg mode "$mode"
		refused '/linux/memoryPolicy/nodes: "x" is no list'
	done
	config '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: "0", flags: $flags}' \
		--argjson flags "$(runtime features | jq -c .linux.memoryPolicy.flags)"
	refused '/linux/memoryPolicy: MPOL_LOCAL takes no "nodes"'
}

# --- hostname, domainname, sysctl ---

@test "hostname and domainname are those of the container alone" {
	config '.hostname = "box.example" | .domainname = "example.org"'
	before=$(hostname)
	box 'hostname; cat /proc/sys/kernel/domainname'
	equals "${lines[*]}" 'box.example example.org'
	equals "$(hostname)" "$before"
	config '.linux.namespaces |= map(select(.type != "uts"))'
	refused 'a hostname needs a uts namespace'
	config 'del(.hostname)'
	refused 'a domainname needs a uts namespace'
}

@test "sysctl: settings of the container's namespaces, with both separators" {
	config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "80", "kernel/shmmni": "100", "kernel.domainname": "d"}'
	box 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmni /proc/sys/kernel/domainname'
	equals "${lines[*]}" '80 100 d'
	config '.linux.sysctl = {"net.ipv4.no_such_key": "1"}'
	refused 'set sysctl "net.ipv4.no_such_key" to "1": no such file or directory'
	config '.linux.sysctl = {"kernel.pid_max": "1"}'
	refused '/linux/sysctl/kernel.pid_max: sysctl "kernel.pid_max" is not namespaced; it would change the host'
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
	refused 'sysctl "net.ipv4.ip_forward" is not allowed when the container shares the host'"'"'s namespace'
}

# --- intelRdt (groups themselves are tried on a directory that stands for resctrl, in tests/unit/test_resctrl.c) ---

@test "intelRdt: without resctrl it is an error, and nothing is left" {
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "resctrl is mounted here"
	config '.linux.intelRdt = {closID: "class", l3CacheSchema: "L3:0=f"}'
	refused 'intelRdt is wanted, but no resctrl file system is mounted'
	contains "$output" 'hint:  mount -t resctrl resctrl /sys/fs/resctrl'
	config '.linux.intelRdt = {enableMonitoring: true}'
	refused 'no resctrl file system is mounted'
	config '.linux.intelRdt = {closID: "../class"}'
	refused '/linux/intelRdt: closID "../class" is not a name'
}

# --- netDevices ---

# The runtime's network namespace in these tests: one with nothing in it but what they make.
hold_network() {
	unshare --net sleep 1000 3>&- &
	HOLDER=$!
	until_true is_apart "$HOLDER"
}

is_apart() {
	[ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$1/ns/net")" ]
}

outside() {
	nsenter --net="/proc/$HOLDER/ns/net" "$@"
}

runtime_outside() {
	outside "$COFFER_BIN/coffer-runtime" --root "$STATE" "$@" 3>&-
}

make_device() {
	outside ip link add "$1" type veth peer name "$1p" || skip "no virtual Ethernet devices here"
	outside ip link set "$1p" up
}

@test "netDevices: a device moves, with its new name, its addresses and what else it has" {
	hold_network
	make_device dev0
	outside ip link set dev0 mtu 1400 address 02:11:22:33:44:55 up
	outside ip address add 192.0.2.7/24 broadcast 192.0.2.255 dev dev0
	outside ip address add 192.0.2.8/32 dev dev0
	outside ip address add 2001:db8::7/64 nodad dev dev0 2>/dev/null || true
	config '.linux.netDevices = {dev0: {name: "eth7"}}'
	program 'ip address show dev eth7; cat /sys/class/net/eth7/mtu; sleep 1000'
	runtime_outside run --detach box </dev/null >output 2>errors
	until_true grep -qx 1400 output
	contains "$(cat output)" '<BROADCAST,MULTICAST,UP'
	contains "$(cat output)" 'link/ether 02:11:22:33:44:55'
	contains "$(cat output)" 'inet 192.0.2.7/24 brd 192.0.2.255 scope global eth7'
	contains "$(cat output)" 'inet 192.0.2.8/32 scope global eth7'
	[ ! -e /proc/net/if_inet6 ] || contains "$(cat output)" 'inet6 2001:db8::7/64 scope global'
	run ! outside ip link show dev0
	# It goes with the container's namespace: nobody moves it back.
	runtime_outside delete --force box
	until_true bash -c "! nsenter --net=/proc/$HOLDER/ns/net ip link show dev0p"
}

@test "netDevices: without a new name it keeps its own, and %d is a number that is free" {
	hold_network
	make_device dev0
	make_device dev1
	make_device dev2
	config '.linux.netDevices = {dev0: {}, dev1: {name: "eth%d"}, dev2: {name: "eth%d"}}'
	program 'ls /sys/class/net'
	run -0 runtime_outside run box
	equals "$(paste -sd' ' <<<"$output")" 'dev0 eth0 eth1 lo'
}

@test "netDevices: a namespace that is joined gets them as well, whatever the devices' numbers" {
	hold_network
	make_device dev0
	unshare --net sleep 1000 3>&- &
	other=$!
	until_true is_apart "$other"
	# The same number in both.
	index=$(outside ip -o link show dev dev0 | cut -d: -f1)
	nsenter --net="/proc/$other/ns/net" ip link add taken index "$index" type veth peer name takenp
	config '.linux.netDevices = {dev0: {}} | (.linux.namespaces[] | select(.type == "network")).path = $path' --arg path "/proc/$other/ns/net"
	program 'ls /sys/class/net'
	outside ip address add 192.0.2.7/24 dev dev0
	run -0 runtime_outside run box
	equals "$(paste -sd' ' <<<"$output")" 'dev0 lo taken takenp'
	run -0 nsenter --net="/proc/$other/ns/net" ip -4 address show dev dev0
	contains "$output" 'inet 192.0.2.7/24'
	kill "$other"
}

@test "netDevices: also into the network namespace of a user namespace" {
	hold_network
	make_device dev0
	outside ip address add 192.0.2.7/24 dev dev0
	config '.linux.netDevices = {dev0: {name: "eth0"}} | .linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = $map | .linux.gidMappings = $map' --argjson map '[{"containerID": 0, "hostID": 100000, "size": 65536}]'
	chown -R 100000:100000 rootfs
	program 'ip -4 address show dev eth0'
	run -0 runtime_outside run box
	contains "$output" 'inet 192.0.2.7/24 scope global eth0'
	contains "$output" UP
}

@test "netDevices: what cannot be is an error" {
	hold_network
	make_device dev0
	config '.linux.netDevices = {nosuch0: {}}'
	run -1 runtime_outside create box </dev/null
	contains "$output" 'move network device "nosuch0" into the container: no such device'
	config '.linux.netDevices = {dev0: {name: "lo"}}'
	run -1 runtime_outside create box </dev/null
	contains "$output" 'move network device "dev0" into the container: a device "lo" is there: file exists'
	outside ip link show dev0
	config '.linux.netDevices = {lo: {name: "lo1"}}'
	run -1 runtime_outside create box </dev/null
	contains "$output" 'move network device "lo" into the container as "lo1": invalid argument'
	config '.linux.netDevices = {"dev/0": {}}'
	refused '"dev/0" cannot be the name of a network device'
	config '.linux.netDevices = {dev0: {name: "a-name-of-16-char"}}'
	refused '"a-name-of-16-char" cannot be the name of a network device'
	config '.linux.netDevices = {dev0: {}} | .linux.namespaces |= map(select(.type != "network"))'
	refused '/linux: netDevices need a network namespace'
}
