#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# config.json's linux.seccomp: what each action, operator and flag does to a program, listeners, and what is refused.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
	local applet
	for applet in chmod grep hostname ls pwd sync touch tr uname; do
		ln -sf busybox "$ROOTFS/bin/$applet"
	done
}

setup() {
	verbs_setup
	cp -a "$ROOTFS" rootfs
	config '.root = {path: "rootfs", readonly: false} | .process.env = ["PATH=/bin"]'
}

teardown() {
	[ -z "${agent:-}" ] || kill "$agent" 2>/dev/null || true
	verbs_teardown
}

# inside SCRIPT: the container's program, run to its end. Its status is in $status.
inside() {
	jq --arg script "$1" '.process.args = ["sh", "-c", $script]' config.json >config.new
	mv config.new config.json
	run --separate-stderr runtime run box </dev/null
}

# profile JQ: linux.seccomp
profile() {
	config ".linux.seccomp = $1"
}

refused() {
	local status=0
	# To a file: what is made in spite of all would hold a pipe open.
	runtime create box </dev/null >output 2>&1 || status=$?
	output=$(cat output)
	[[ $status -eq 1 && $output == *"$1"* ]] || {
		echo "wanted: $1, found ($status): $output"
		return 1
	}
	[ ! -e "$STATE/box" ]
}

start_agent() {
	"$BATS_TEST_DIRNAME/lib/seccomp-agent" "$PWD/agent.sock" "$PWD/record" 3>&- 4>&- &
	agent=$!
	until_true test -S agent.sock
}

# --- actions ---

@test "actions: ERRNO with its number, EPERM without" {
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}, {names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO"}]}'
	inside 'mkdir /tmp/a; chmod 700 /tmp'
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == *'No space left on device'* ]]
	[[ $stderr == *'Operation not permitted'* ]]
}

@test "actions: KILL, KILL_THREAD, KILL_PROCESS and TRAP end the program by SIGSYS, ALLOW and LOG do not" {
	local action
	for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
		profile "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_$action\"}]}"
		inside 'mkdir /tmp/a; echo $?'
		[ "$output" = 159 ]
	done
	for action in ALLOW LOG; do
		profile "{defaultAction: \"SCMP_ACT_LOG\", syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_$action\"}]}"
		inside 'mkdir /tmp/a; echo $?; rmdir /tmp/a'
		[ "${lines[0]}" = 0 ]
	done
	# A call that is to be traced, with no tracer there, does not exist.
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_TRACE", errnoRet: 7}]}'
	inside 'mkdir /tmp/b'
	[[ $stderr == *'Function not implemented'* ]]
}

@test "actions: defaultAction and defaultErrnoRet are for what no rule names" {
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: []}'
	inside 'grep ^Seccomp: /proc/self/status | tr -d "\t"'
	[ "$output" = Seccomp:2 ]
	# Everything that busybox and the runtime's last steps need, but not mkdir.
	profile '{defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 39, syscalls: [{action: "SCMP_ACT_ALLOW", names: [
		"arch_prctl", "brk", "capget", "capset", "chdir", "close", "close_range", "dup2", "dup3", "execve", "exit", "exit_group", "faccessat",
		"fcntl", "fstat", "fchdir", "fchown", "fchownat", "fork", "vfork", "clone", "getcwd", "getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid", "getrandom",
		"getuid", "ioctl", "lseek", "lstat", "mmap", "mprotect", "mremap", "munmap", "newfstatat", "open", "openat", "poll", "ppoll", "prctl",
		"pread64", "prlimit64", "read", "readlink", "readlinkat", "recvmsg", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sendmsg", "setgid",
		"setgroups", "setresgid", "setresuid", "setuid", "set_robust_list", "set_tid_address", "sigaltstack", "stat", "statx", "sysinfo",
		"umask", "uname", "wait4", "write", "writev"]}]} | .process.noNewPrivileges = true'
	inside 'mkdir /tmp/a'
	[[ $stderr == *'Directory not empty'* ]]
}

# --- operators ---

# ends OPERATOR VALUE VALUE-TWO STATUS: of a program that ends with 63, where a rule kills who ends with such a number.
ends() {
	profile "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"exit_group\"], action: \"SCMP_ACT_KILL_PROCESS\",
		args: [{index: 0, value: $2, valueTwo: $3, op: \"SCMP_CMP_$1\"}]}]} | .process.noNewPrivileges = true"
	inside 'exit 63'
	[ "$status" -eq "$4" ]
}

@test "operators: each compares the argument as its name says" {
	ends EQ 63 0 159
	ends EQ 64 0 63
	ends NE 62 0 159
	ends NE 63 0 63
	ends LT 64 0 159
	ends LT 63 0 63
	ends LE 63 0 159
	ends LE 62 0 63
	ends GE 63 0 159
	ends GE 64 0 63
	ends GT 62 0 159
	ends GT 63 0 63
	ends MASKED_EQ 48 48 159
	ends MASKED_EQ 48 32 63
}

# --- flags and architectures ---

@test "flags: those that this kernel takes, an empty list, and others" {
	local flag
	for flag in $(runtime features | jq -r '.linux.seccomp.supportedFlags[]'); do
		profile "{defaultAction: \"SCMP_ACT_ALLOW\", flags: [\"$flag\"]}"
		inside true
		[ "$status" -eq 0 ]
	done
	profile '{defaultAction: "SCMP_ACT_ALLOW", flags: []}'
	inside true
	[ "$status" -eq 0 ]
	profile '{defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NONE"]}'
	refused "/linux/seccomp/flags/0: unknown flag 'SECCOMP_FILTER_FLAG_NONE'"
}

@test "architectures: every word of the specification is taken, another one is refused" {
	profile "{defaultAction: \"SCMP_ACT_ALLOW\", architectures: $(runtime features | jq -c .linux.seccomp.archs)}"
	inside 'echo ran'
	[ "$output" = ran ]
	profile '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_VAX"]}'
	refused "/linux/seccomp/architectures/0: unknown architecture 'SCMP_ARCH_VAX'"
}

# --- what is refused ---

@test "words that mean nothing are refused with their place" {
	profile '{defaultAction: "SCMP_ACT_ALOW"}'
	refused "/linux/seccomp/defaultAction: unknown action 'SCMP_ACT_ALOW'"
	[[ $output == *'did you mean SCMP_ACT_ALLOW?'* ]]
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NO"}]}'
	refused "/linux/seccomp/syscalls/0: unknown action 'SCMP_ACT_NO'"
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_KILL", args: [{index: 0, value: 1, op: "SCMP_CMP_XX"}]}]}'
	refused "/linux/seccomp/syscalls/0: unknown operator 'SCMP_CMP_XX'"
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_KILL", errnoRet: 1}]}'
	refused "/linux/seccomp/syscalls/0: 'SCMP_ACT_KILL' takes no errno value"
	profile '{defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1}'
	refused "/linux/seccomp/defaultAction: 'SCMP_ACT_ALLOW' takes no errno value"
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [], action: "SCMP_ACT_KILL"}]}'
	refused '/linux/seccomp/syscalls/0: a system call rule needs at least one name'
	profile '{syscalls: []}'
	refused '/linux/seccomp: "defaultAction" is required, but missing'
}

@test "notifications that could never be answered are refused" {
	profile '{defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/x"}'
	refused '/linux/seccomp/defaultAction: cannot be SCMP_ACT_NOTIFY'
	profile '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/x", syscalls: [{names: ["write"], action: "SCMP_ACT_NOTIFY"}]}'
	refused "/linux/seccomp/syscalls/0: SCMP_ACT_NOTIFY cannot be used for 'write'"
	profile '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
	refused '/linux/seccomp/listenerPath: required by SCMP_ACT_NOTIFY, but missing'
	profile '{defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x"}'
	refused '/linux/seccomp: "listenerMetadata" needs a "listenerPath"'
	profile '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere/agent.sock", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
	refused "connect to the seccomp agent at '/nowhere/agent.sock': no such file or directory"
	# Without such an action the path is not looked at.
	profile '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere/agent.sock"}'
	inside 'echo ran'
	[ "$output" = ran ]
}

# --- listeners ---

# What an agent gets to see: mkdir, and calls that the runtime itself makes behind the filter.
NOTIFY='{defaultAction: "SCMP_ACT_ALLOW", flags: $flags, listenerPath: $agent, listenerMetadata: "box=1", syscalls: [{action: "SCMP_ACT_NOTIFY",
	names: ["mkdir", "mkdirat", "close", "sendmsg", "setgroups", "setresuid", "capset", "prctl", "wait4", "execve"]}]}'

notifying() {
	local flags
	flags=$(runtime features | jq -c .linux.seccomp.supportedFlags)
	jq --arg agent "$PWD/agent.sock" --argjson flags "$flags" ".linux.seccomp = $NOTIFY" config.json >config.new
	mv config.new config.json
}

@test "a listener reaches the agent with the state of the container, and the agent answers calls" {
	start_agent
	notifying
	config '.annotations = {"org.example.key": "value"}'
	local privileges
	for privileges in true false; do
		config ".process.noNewPrivileges = $privileges"
		rm -f record
		inside 'mkdir /tmp/made && [ ! -e /tmp/made ] && echo answered'
		[ "$output" = answered ]
		[ "$(wc -l <record)" -eq 1 ]
		jq -e --arg bundle "$PWD" '.links == ["anon_inode:seccomp notify"] and .state.fds == ["seccompFd"] and
			.state.metadata == "box=1" and .state.ociVersion == .state.state.ociVersion and .state.pid == .state.state.pid and
			.state.pid > 1 and .state.state.id == "box" and .state.state.status == "creating" and
			.state.state.bundle == $bundle and .state.state.annotations["org.example.key"] == "value"' record
	done
}

@test "a listener of a container in a user namespace reaches the agent as well" {
	start_agent
	notifying
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 rootfs
	inside 'mkdir /tmp/made && [ ! -e /tmp/made ] && echo answered'
	[ "$output" = answered ]
	jq -e '.state.pid > 1 and .state.state.pid == .state.pid' record
}

@test "a listener of exec is its own, with the pid of its process and the container's state" {
	start_agent
	notifying
	run_detached box
	pid=$(runtime state box | jq .pid)
	run -0 runtime exec box sh -c 'mkdir /tmp/made && [ ! -e /tmp/made ] && echo answered'
	[ "$output" = answered ]
	[ "$(wc -l <record)" -eq 2 ]
	tail -n 1 record | jq -e --argjson pid "$pid" '.state.pid != $pid and .state.state.pid == $pid and .state.state.status == "running"'
}

@test "an agent that is gone is an error of exec, and nothing of it is left" {
	start_agent
	notifying
	run_detached box
	kill -KILL "$agent"
	wait "$agent" 2>/dev/null || true
	agent=
	run -255 runtime exec box mkdir /tmp/x
	[[ $output == *"connect to the seccomp agent at '$PWD/agent.sock': connection refused"* ]]
	has_processes box 1
}
