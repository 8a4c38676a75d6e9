#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Hooks: in which order and namespaces they run, what they are told, and what follows when one fails.

bats_require_minimum_version 1.5.0
load lib/bundle

setup_file() {
	bundle_file_setup
}

setup() {
	bundle_setup
	LOG=$BATS_TEST_TMPDIR/log
	HOOKS=$BATS_TEST_TMPDIR/hooks
	mkdir "$HOOKS"
	HOST=$(namespaces)
}

teardown() {
	bundle_teardown
}

namespaces() {
	readlink /proc/self/ns/mnt /proc/self/ns/pid
}

# hook POINT TEXT [JQ]: a hook of that point that runs the shell command; the filter changes its object.
hook() {
	local file
	file=$HOOKS/$1-$(find "$HOOKS" -name "$1*" | wc -l)
	if [ "$1" = startContainer ]; then
		file=rootfs/tmp/$1-$(find rootfs/tmp -name "$1*" | wc -l)
	fi
	printf '#!/bin/sh\n%s\n' "$2" >"$file"
	chmod 755 "$file"
	file=${file#rootfs}
	config '.hooks[$point] += [{path: $path} | '"${3:-.}"']' --arg point "$1" --arg path "$file"
}

# Where the hooks of the host and of the container both can write.
shared_log() {
	config '.mounts += [{destination: "/log", type: "bind", source: $log, options: ["rbind", "rw"]}]' --arg log "$BATS_TEST_TMPDIR"
}

all_points() {
	echo prestart createRuntime createContainer startContainer poststart poststop
}

@test "hooks of every point run in the order of the life cycle, and of their list" {
	shared_log
	local point
	for point in $(all_points); do
		local log=$LOG
		[ "$point" != startContainer ] || log=/log/log
		hook "$point" "echo $point 1 >>$log"
		hook "$point" "echo $point 2 >>$log"
	done
	program 'echo program >>/log/log; sleep 1000'
	create
	equals "$(paste -sd' ' "$LOG")" 'prestart 1 prestart 2 createRuntime 1 createRuntime 2 createContainer 1 createContainer 2'
	runtime start box
	# poststart hooks come once the program has been executed; what it does by then is its own affair.
	until_true grep -q program "$LOG"
	equals "$(grep -v program "$LOG" | tail -n +7 | paste -sd' ')" 'startContainer 1 startContainer 2 poststart 1 poststart 2'
	[ "$(sed -n '/program/,$p' "$LOG" | grep -c startContainer)" -eq 0 ]
	runtime delete --force box
	equals "$(tail -n 2 "$LOG" | paste -sd' ')" 'poststop 1 poststop 2'
}

@test "each hook is told the state, with its pid as its namespace has it" {
	shared_log
	config '.annotations = {"org.example.key": "value"}'
	local point
	for point in $(all_points); do
		local to=$BATS_TEST_TMPDIR
		[ "$point" != startContainer ] || to=/log
		hook "$point" "cat >$to/$point.json"
	done
	create
	pid=$(init_pid)
	runtime start box
	runtime delete --force box
	local phase expected
	while read -r point phase expected; do
		run -0 jq -r '[.status, .pid, .id, .bundle, .annotations["org.example.key"]] | map(tostring) | join(" ")' "$BATS_TEST_TMPDIR/$point.json"
		equals "$output" "$phase $expected box $PWD value"
		jq -e '.ociVersion | startswith("1.")' "$BATS_TEST_TMPDIR/$point.json"
	done <<-END
		prestart creating $pid
		createRuntime creating $pid
		createContainer creating 1
		startContainer created 1
		poststart running $pid
		poststop stopped null
	END
}

@test "createContainer and startContainer hooks run in the container's namespaces, the others in the runtime's" {
	shared_log
	local point
	for point in $(all_points); do
		local to=$BATS_TEST_TMPDIR
		[ "$point" != startContainer ] || to=/log
		hook "$point" "readlink /proc/self/ns/mnt >$to/$point; readlink /proc/self/ns/pid >>$to/$point"
	done
	create
	pid=$(init_pid)
	inner=$(readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/pid")
	runtime start box
	runtime delete --force box
	for point in prestart createRuntime poststart poststop; do
		equals "$(cat "$BATS_TEST_TMPDIR/$point")" "$HOST"
	done
	equals "$(cat "$BATS_TEST_TMPDIR/startContainer")" "$inner"
	# Its /proc is still the host's, in which processes of the container have other names.
	equals "$(head -n 1 "$BATS_TEST_TMPDIR/createContainer")" "$(head -n 1 <<<"$inner")"
}

@test "create hooks find the root filesystem, with its mounts, where config.json has it" {
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	# Entering the mount namespace from outside, and from inside it, at the path and as the working directory.
	hook createRuntime "pid=\$(jq .pid); nsenter -t \$pid -m mkdir $PWD/rootfs/tmp/runtime" '.env = ["PATH=/usr/bin:/bin"]'
	hook createContainer "/bin/mkdir $PWD/rootfs/tmp/container && /bin/mkdir tmp/here"
	box 'ls /tmp'
	equals "$(echo "$output" | sort | paste -sd' ')" 'container here runtime'
	[ ! -e rootfs/tmp/runtime ]
}

# A container whose root is nobody on the host.
in_user_namespace() {
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = $map | .linux.gidMappings = $map' \
		--argjson map '[{"containerID": 0, "hostID": 100000, "size": 65536}]'
	chown -R 100000:100000 rootfs
}

@test "create hooks of a container in a user namespace: its root need not see the bundle" {
	in_user_namespace
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	# A file of the host's root cannot be made where he is nobody; but he can look.
	hook createRuntime "pid=\$(jq .pid); nsenter -t \$pid -m stat -f -c %T $PWD/rootfs/tmp >$LOG" '.env = ["PATH=/usr/bin:/bin"]'
	config '.hooks.createContainer = [{path: "/bin/mkdir", args: ["mkdir", "tmp/here"]}]'
	chmod 700 .
	box 'ls /tmp'
	equals "$output" here
	equals "$(cat "$LOG")" tmpfs
}

@test "args and env are as given: no name of its own, no environment of ours" {
	hook createRuntime "echo \"\$0 \$#\" >$LOG; echo \"\$A-\${HOME:-none}\" >>$LOG; pwd >>$LOG" '.env = ["A=b c"] | .args = ["name", "one", "two"]'
	export HOME=/root
	box true
	equals "$(sed -n 2p "$LOG")" 'b c-none'
	equals "$(sed -n 3p "$LOG")" "$PWD"
	grep -q ' 2$' "$LOG"
}

@test "a create hook that fails undoes the container, with what the hook said; poststop hooks run" {
	local point
	for point in prestart createRuntime createContainer; do
		config 'del(.hooks)'
		rm -f "$HOOKS"/* "$LOG"
		hook "$point" 'echo first >&2; echo the reason >&2; exit 3'
		hook "$point" "echo second >>$LOG"
		hook poststop "echo poststop >>$LOG"
		refused "$point hook '$HOOKS/$point-0' exited with 3"
		contains "$output" 'cause: it said: the reason'
		equals "$(cat "$LOG")" poststop
	done
	config 'del(.hooks)'
	hook createRuntime 'kill -TERM $$'
	refused "createRuntime hook '$HOOKS/createRuntime-0' was killed by SIGTERM"
	config '.hooks = {createRuntime: [{path: "/nowhere/hook"}]}'
	refused "createRuntime hook: run '/nowhere/hook': no such file or directory"
}

@test "a startContainer hook that fails is an error of start, and the container stops" {
	hook startContainer 'echo not today >&2; exit 4'
	create
	run -1 runtime start box
	contains "$output" "startContainer hook '/tmp/startContainer-0' exited with 4"
	contains "$output" 'cause: it said: not today'
	until_stopped box
}

@test "a poststart hook that fails is an error of start, and stops the container" {
	hook poststart 'exit 5'
	hook poststart "echo second >$LOG"
	create
	run -1 runtime start box
	contains "$output" "poststart hook '$HOOKS/poststart-0' exited with 5"
	until_stopped box
	[ ! -e "$LOG" ]
	runtime delete box
	run -1 runtime run box </dev/null
	contains "$output" "poststart hook '$HOOKS/poststart-0' exited with 5"
}

@test "a poststop hook that fails is a warning, and the others run" {
	hook poststop 'exit 6'
	hook poststop "echo second >$LOG"
	spawn 'sleep 1000'
	run -0 runtime delete --force box
	contains "$output" "poststop hook '$HOOKS/poststop-0' exited with 6"
	equals "$(cat "$LOG")" second
}

@test "timeout ends a hook that hangs; one that ends in time is left alone" {
	hook createRuntime 'exec sleep 1000' '.timeout = 1'
	refused "createRuntime hook '$HOOKS/createRuntime-0' took longer than 1 s"
	config 'del(.hooks)'
	hook createRuntime 'true' '.timeout = 2147483647'
	box 'echo ran'
	equals "$output" ran
}

@test "hooks that config.json cannot mean are refused" {
	config '.hooks = {prestart: [{path: "bin/hook"}]}'
	refused '/hooks/prestart/0: a hook needs an absolute "path"'
	config '.hooks = {poststop: [{path: "/h", timeout: 0}]}'
	refused '/hooks/poststop/0/timeout: 0 is out of range, 1 to'
	config '.hooks = {poststart: {}}'
	refused '/hooks/poststart: expected an array, found an object'
}

@test "run.oci.hooks.stdout and stderr are where all hooks write" {
	local point
	for point in $(all_points); do
		hook "$point" "echo out $point; echo err $point >&2"
	done
	config '.annotations = {"run.oci.hooks.stdout": ($dir + "/out"), "run.oci.hooks.stderr": ($dir + "/err")}' --arg dir "$BATS_TEST_TMPDIR"
	echo before >"$BATS_TEST_TMPDIR/out"
	create
	runtime start box
	runtime delete --force box
	equals "$(paste -sd' ' "$BATS_TEST_TMPDIR/out")" \
		'before out prestart out createRuntime out createContainer out startContainer out poststart out poststop'
	equals "$(grep -c ^err "$BATS_TEST_TMPDIR/err")" 6
	config '.annotations["run.oci.hooks.stdout"] = "/nowhere/out"'
	refused "open '/nowhere/out' for the hooks' output: no such file or directory"
}

@test "a program that cannot be executed is an error of start" {
	printf '#!/no/such/interpreter\n' >rootfs/bin/odd
	chmod 755 rootfs/bin/odd
	config '.process.args = ["odd"]'
	create
	run -1 runtime start box
	contains "$output" 'interpreter "/no/such/interpreter" not found'
	until_stopped box
	equals "$(cat errors)" ''
}
