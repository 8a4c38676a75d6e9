#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# mounts add and remove: what is mounted in a container while it runs.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
	mkdir -p "$BATS_TEST_TMPDIR/source/below"
	echo content >"$BATS_TEST_TMPDIR/source/file"
}

teardown() {
	verbs_teardown
}

# mounts JSON - a file of them; $source is a directory of the host.
mounts() {
	jq -n --arg source "$BATS_TEST_TMPDIR/source" "$1" >mounts.json
}

# What is mounted at or below $1, one a line.
mounted() {
	inside cat /proc/self/mountinfo | awk -v path="$1" 'index($5 "/", path "/") == 1 { print $5 }'
}

inside() {
	runtime exec box "$@" 2>&1
}

@test "a directory, a file and a file system are mounted, and taken away again" {
	config '.root.readonly = false'
	run_detached box
	mounts '[
		{destination: "/tmp/dir/deep", type: "bind", source: $source, options: ["bind", "ro"]},
		{destination: "/tmp/name", source: ($source + "/file"), options: ["rbind"]},
		{destination: "/tmp/space", type: "tmpfs", source: "space", options: ["size=64k", "mode=1700", "nosuid"]},
		{destination: "/tmp/space/processes", type: "proc", source: "proc"}]'
	run -0 runtime mounts add box mounts.json
	[ -z "$output" ]
	[ "$(inside cat /tmp/dir/deep/file)" = content ]
	run -1 inside mkdir /tmp/dir/deep/new
	[[ $output == *'Read-only file system'* ]]
	[ "$(inside cat /tmp/name)" = content ]
	[[ $(inside cat /proc/self/mountinfo) == *' /tmp/space rw,nosuid'*'- tmpfs space rw,size=64k,mode=1700'* ]]
	# Of the container's processes, not of the host's.
	[ "$(inside cat /tmp/space/processes/1/comm)" = sleep ]
	run -1 inside cat "/tmp/space/processes/$$/comm"
	# The host has none of them.
	run ! grep -q "$ROOTFS" /proc/self/mountinfo
	runtime mounts remove box mounts.json
	[ -z "$(mounted /tmp)" ]
	run -1 inside cat /tmp/dir/deep/file
	[[ $output == *'No such file'* ]]
}

@test "the file may be the mounts of a whole configuration" {
	run_detached box
	mounts '{mounts: [{destination: "/tmp", source: $source, options: ["bind"]}], unknown: 1}'
	runtime mounts add box mounts.json
	[ "$(inside cat /tmp/file)" = content ]
}

@test "links are followed inside of the container only" {
	config '.root.readonly = false'
	run_detached box
	ln -sfn /../../../out "$ROOTFS/tmp/link"
	ln -sfn /proc/1/root/../../../../ "$ROOTFS/tmp/magic"
	mounts '[{destination: "/tmp/link", source: $source, options: ["bind"]}]'
	runtime mounts add box mounts.json
	[ "$(inside cat /out/file)" = content ]
	[ ! -e /out ]
	mounts '[{destination: "/tmp/magic/tmp", source: $source, options: ["bind"]}]'
	run -1 runtime mounts add box mounts.json
	[[ $output == *'too many levels of symbolic links'* ]]
	rm -r "$ROOTFS/out" "$ROOTFS"/tmp/{link,magic}
}

@test "a container with a user namespace keeps its file systems to itself" {
	[ -e /proc/self/ns/user ] || skip "this kernel has no user namespaces"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.mounts |= map(select(.type != "sysfs" and .type != "cgroup"))'
	run_detached box
	mounts '[{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	runtime mounts add box mounts.json
	inside mkdir /tmp/new
	runtime mounts remove box mounts.json
}

@test "ids are mapped as the user namespace of the container has them" {
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings |
		.mounts |= map(select(.type != "cgroup"))'
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ "$BATS_TEST_TMPDIR"
	run_detached box
	chown 3:4 "$BATS_TEST_TMPDIR/source/file"
	mounts '[{destination: "/tmp", type: "tmpfs"}, {destination: "/tmp/plain", type: "bind", source: $source, options: ["rbind"]},
		{destination: "/tmp/mapped", type: "bind", source: $source, options: ["rbind", "idmap"]}]'
	runtime mounts add box mounts.json
	pid=$(runtime state box | jq .pid)
	[ "$(stat -c %u:%g "/proc/$pid/root/tmp/plain/file")" = 3:4 ]
	[ "$(stat -c %u:%g "/proc/$pid/root/tmp/mapped/file")" = 100003:100004 ]
}

@test "what cannot be is said, and what was before it stays" {
	run_detached box
	mounts '[{destination: "/tmp", type: "tmpfs"}, {destination: "/etc", source: "/no/such/source", options: ["bind"]}]'
	run -1 runtime mounts add box mounts.json
	[[ $output == *"add mounts of container 'box': cannot mount /no/such/source on /etc (/mounts/1): bind source path does not exist"* ]]
	[ -z "$(mounted /tmp)" ] # sources are looked for first
	mounts '[{destination: "/tmp", type: "tmpfs"}, {destination: "/etc", type: "nosuchfs"}]'
	run -1 runtime mounts add box mounts.json
	[[ $output == *'"nosuchfs"'* ]]
	[ "$(mounted /tmp)" = /tmp ]
	mounts '[{destination: "/etc"}]'
	run -1 runtime mounts remove box mounts.json
	[[ $output == *'nothing is mounted on /etc'* ]]
	mounts '[{destination: "/"}]'
	run -1 runtime mounts remove box mounts.json
	mounts '[{destination: "/no/such/place"}]'
	run -1 runtime mounts remove box mounts.json
	[[ $output == *'open the directory of /no/such/place: no such file or directory'* ]]
	mounts '[{destination: "/sys/fs/cgroup", type: "cgroup"}]'
	run -1 runtime mounts add box mounts.json
	[[ $output == *'cannot be added to a container that runs'* ]]
}

@test "command lines and files without sense are refused" {
	run_detached box
	mounts '[{source: "/x"}]'
	run -1 runtime mounts add box mounts.json
	[[ $output == *'mounts.json:2:'*': /0: "destination" is required, but missing'* ]]
	echo '"text"' >mounts.json
	run -1 runtime mounts add box mounts.json
	[[ $output == *'mounts.json:1:1: /: expected an object, found a string'* ]]
	run -1 runtime mounts add box nosuch.json
	[[ $output == *nosuch.json* ]]
	mounts '[]'
	run -0 runtime mounts add box mounts.json
	run -1 runtime mounts change box mounts.json
	[[ $output == *'"mounts change" is neither "mounts add" nor "mounts remove"'* ]]
	run -1 runtime mounts add nosuch mounts.json
	[[ $output == *'container does not exist: nosuch'* ]]
	run -1 runtime mounts add box
	[[ $output == *'"mounts" takes add|remove ID FILE: 2 given'* ]]
	runtime kill box KILL
	until_status box stopped
	run -1 runtime mounts add box mounts.json
	[[ $output == *"container not running: 'box' is stopped"* ]]
}
