#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What config.json's linux section has beside namespaces, mounts, devices, resources and seccomp.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/bundle
	bundle_file_setup
	ln -s busybox "$TEMPLATE/bin/uname"
	ln -s busybox "$TEMPLATE/bin/sysctl"
	ln -s busybox "$TEMPLATE/bin/ip"
	ln -s busybox "$TEMPLATE/bin/dnsdomainname"
}

setup() {
	load lib/bundle
	bundle_setup
}

teardown() {
	load lib/bundle
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
