#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# crun's annotations: what each one changes, and what is said to a value that it cannot have.

bats_require_minimum_version 1.5.0
load lib/bundle

setup_file() {
	bundle_file_setup
}

setup() {
	bundle_setup
}

teardown() {
	[ -z "${agent:-}" ] || kill "$agent" 2>/dev/null || true
	bundle_teardown
}

annotate() {
	config '.annotations[$key] = $value' --arg key "$1" --arg value "$2"
}

@test "run.oci.keep_original_groups: the groups are the runtime's, in exec as well" {
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [7]}'
	annotate run.oci.keep_original_groups 1
	program 'sleep 1000'
	setpriv --groups 4242,4343 "$COFFER_BIN/coffer-runtime" --root "$STATE" run --detach box </dev/null >output 2>errors 3>&-
	equals "$(grep ^Groups "/proc/$(init_pid)/status")" $'Groups:\t4242 4343 '
	run -0 setpriv --groups 4444 "$COFFER_BIN/coffer-runtime" --root "$STATE" exec box grep ^Groups /proc/self/status
	equals "$output" $'Groups:\t4444 '
	runtime delete --force box
	annotate run.oci.keep_original_groups 0
	box 'grep ^Groups /proc/self/status'
	equals "$output" $'Groups:\t7 '
}

@test "run.oci.seccomp_fail_unknown_syscall: a name that nobody knows is an error" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getcwd", "brew_coffee"], action: "SCMP_ACT_ERRNO"}]}'
	box 'echo ran'
	contains "$output" ran
	annotate run.oci.seccomp_fail_unknown_syscall 1
	refused "/linux/seccomp/syscalls/0: unknown system call 'brew_coffee'"
}

@test "run.oci.seccomp_bpf_data: the program, in place of the profile" {
	# Load the number of the call; mkdir and mkdirat fail with EDQUOT (122), all else is allowed.
	[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86_64"
	data=$(python3 -c '
import base64, struct
load, equal, ret = 0x20, 0x15, 0x06
program = [(load, 0, 0, 0), (equal, 1, 0, 83), (equal, 0, 1, 258), (ret, 0, 0, 0x50000 | 122), (ret, 0, 0, 0x7fff0000)]
print(base64.b64encode(b"".join(struct.pack("HBBI", *i) for i in program)).decode())')
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL"}'
	annotate run.oci.seccomp_bpf_data "$data"
	box 'mkdir /tmp/a'
	contains "$output" 'Disk quota exceeded'
	annotate run.oci.seccomp_bpf_data 'no base64!'
	refused '/annotations/run.oci.seccomp_bpf_data: a BPF program is needed, in base64'
	annotate run.oci.seccomp_bpf_data "$(echo -n 'nine byte' | base64)"
	refused '9 bytes are no BPF program'
	annotate run.oci.seccomp_bpf_data "$(echo -n 'notabpf!' | base64)"
	refused 'install the seccomp filter: invalid argument'
}

@test "run.oci.seccomp.receiver: the agent, whatever the profile says" {
	"$BATS_TEST_DIRNAME/lib/seccomp-agent" "$PWD/agent.sock" "$PWD/record" 3>&- 4>&- &
	agent=$!
	until_true test -S agent.sock
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
	annotate run.oci.seccomp.receiver "$PWD/agent.sock"
	box 'mkdir /tmp/made && [ ! -e /tmp/made ] && echo answered'
	equals "$output" answered
	annotate run.oci.seccomp.receiver agent.sock
	refused '/annotations/run.oci.seccomp.receiver: the seccomp receiver "agent.sock" is not an absolute path'
}

@test "run.oci.pidfd_receiver: a pidfd of the container's first process" {
	python3 -c '
import os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind("pidfd.sock")
server.listen()
_, fds, _, _ = socket.recv_fds(server.accept()[0], 64, 1)
with open(f"/proc/self/fdinfo/{fds[0]}") as info, open("received", "w") as out:
    out.write(info.read())' 3>&- &
	agent=$!
	until_true test -S pidfd.sock
	annotate run.oci.pidfd_receiver "$PWD/pidfd.sock"
	spawn 'sleep 1000'
	until_true grep -q ^Pid: received
	equals "$(awk '/^Pid:/ { print $2 }' received)" "$(init_pid)"
	annotate run.oci.pidfd_receiver /nowhere/sock
	runtime delete --force box
	refused "connect to pidfd socket '/nowhere/sock': no such file or directory"
}

@test "run.oci.timens_offset: offsets of the clocks in a new time namespace" {
	[ -e /proc/self/timens_offsets ] || skip "no time namespaces here"
	config '.linux.namespaces += [{type: "time"}]'
	annotate run.oci.timens_offset $'monotonic 1000 5\n7 86400 0'
	box 'cat /proc/self/timens_offsets'
	equals "$(tr -s ' ' <<<"${lines[0]}")" 'monotonic 1000 5'
	equals "$(tr -s ' ' <<<"${lines[1]}")" 'boottime 86400 0'
	annotate run.oci.timens_offset 'monotonic 1000'
	refused '/annotations/run.oci.timens_offset: "monotonic 1000" is not CLOCK SECONDS NANOSECONDS'
	annotate run.oci.timens_offset 'realtime 1 0'
	refused '"realtime 1 0" is not CLOCK SECONDS NANOSECONDS'
}

@test "run.oci.mount_context_type: a word that SELinux knows" {
	annotate run.oci.mount_context_type rootcontext
	box 'echo ran'
	equals "$output" ran
	annotate run.oci.mount_context_type label
	refused '/annotations/run.oci.mount_context_type: "label" is none of context, fscontext, defcontext, rootcontext'
}

@test "run.oci.handler: there are none" {
	annotate run.oci.handler wasm
	refused '/annotations/run.oci.handler: handler "wasm" is not supported'
}

@test "annotations of others are kept, and mean nothing" {
	annotate run.oci.unknown /nowhere
	annotate org.example.key value
	spawn 'sleep 1000'
	run -0 runtime state box
	jq -e '.annotations == {"run.oci.unknown": "/nowhere", "org.example.key": "value"}' <<<"$output"
}
