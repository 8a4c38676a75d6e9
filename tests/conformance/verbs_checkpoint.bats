#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# checkpoint and restore: what is asked of criu, and what is made of its answers. The criu here is a stand-in that records
# how it was called, kills or starts a process as criu would, and saves nothing: what criu itself does is not tested.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
	mkdir "$BATS_FILE_TMPDIR/bin"
	cat >"$BATS_FILE_TMPDIR/bin/criu" <<-'END'
		#!/bin/bash
		# Stand-in for criu(8).
		printf '%s\n' "$@" >"$CRIU_CALLED"
		value() { grep -A 1 -x -e "$1" "$CRIU_CALLED" | tail -n 1; }
		images=$(value --images-dir)
		if [[ ${CRIU_FAILS:-} ]]; then
			printf '(00.01) Warn: x\n(00.02) Error (criu/a.c:1): first\n(00.03) Error (criu/b.c:2): the cause\n(00.04) Unlock\n' \
				>"$images/$(value --log-file)"
			exit 1
		fi
		case $1 in
		dump) grep -qx -e --leave-running "$CRIU_CALLED" || kill -KILL "$(value --tree)" ;;
		restore)
			cat /proc/self/cgroup >"$CRIU_CALLED.cgroup"
			mountpoint -q "$(value --root)" && [ -d "$(value --root)/bin" ] || exit 3
			[[ ${CRIU_STATUS:-} ]] && { sleep 0.2; exit "$CRIU_STATUS"; } || exec sleep 1000 &
			echo -n $! >"$(value --pidfile)"
			;;
		esac
		# As criu does, but to whom it was told.
		if grep -qx -e --status-fd "$CRIU_CALLED"; then
			printf '\0' >&"$(value --status-fd)"
		fi
	END
	chmod +x "$BATS_FILE_TMPDIR/bin/criu"
}

setup() {
	verbs_setup
	PATH=$BATS_FILE_TMPDIR/bin:$PATH
	export CRIU_CALLED=$PWD/called
}

teardown() {
	verbs_teardown
}

# called_with FLAG [VALUE] - that criu was.
called_with() {
	if [ $# -eq 1 ]; then
		grep -qx -e "$1" called
	else
		grep -A 1 -x -e "$1" called | grep -qxF -e "$2"
	fi || {
		echo "criu was not called with $*:" >&2
		cat called >&2
		return 1
	}
}

# --- checkpoint ---

@test "without criu, it is said that it is missing" {
	run_detached box
	PATH=${PATH#*:}
	! command -v criu >/dev/null || skip "there is a criu on this machine"
	run -1 runtime checkpoint box
	[[ $output == *"checkpoint container 'box': criu, which does the work, is not installed"*'no program criu in $PATH'* ]]
	run -1 runtime restore other
	[[ $output == *"restore container 'other': criu, which does the work, is not installed"* ]]
	status_is box running
	[ "$(runtime list -q)" = box ]
}

@test "checkpoint names the process, the images, and what comes from outside; then the container is gone" {
	config '.mounts += [{destination: "/tmp", type: "bind", source: "/usr", options: ["rbind"]}] |
		.linux.maskedPaths = ["/proc/interrupts", "/proc/scsi", "/no/such/path"]'
	run_detached box
	pid=$(runtime state box | jq .pid)
	run -0 runtime checkpoint box
	[ "$(head -n 1 called)" = dump ]
	called_with --tree "$pid"
	called_with --images-dir "$PWD/checkpoint"
	called_with --log-file dump.log
	called_with --manage-cgroups=soft
	called_with --root "$ROOTFS"
	called_with --external 'mnt[/tmp]:/tmp'
	called_with --external 'mnt[/proc/interrupts]:/dev/null'
	run ! grep -e leave-running -e work-dir -e status-fd -e /no/such/path -e tcp called
	[ "$(stat -c %a checkpoint)" = 700 ]
	jq -e 'length == 3 and .[0] == "/dev/null"' checkpoint/descriptors.json
	[ -z "$(runtime list -q)" ]
}

@test "every flag of checkpoint reaches criu" {
	run_detached box
	mkdir -p images
	run -0 runtime checkpoint --image-path images/new --work-path work --leave-running --tcp-established \
		--tcp-skip-in-flight --link-remap --ext-unix-sk --shell-job --lazy-pages --file-locks --auto-dedup \
		--manage-cgroups-mode ignore --empty-ns network --page-server 192.0.2.1:27 box
	for flag in --leave-running --tcp-established --skip-in-flight --link-remap --ext-unix-sk --shell-job --lazy-pages \
		--file-locks --auto-dedup --manage-cgroups=ignore --page-server; do
		called_with $flag
	done
	called_with --images-dir "$PWD/images/new"
	called_with --work-dir "$PWD/work"
	called_with --empty-ns net
	called_with --address 192.0.2.1
	called_with --port 27
	status_is box running
	# A hybrid machine has two freezers.
	[[ $(grep -A 1 -x -e --freeze-cgroup called) == *"/sys/fs/cgroup"*"$CGROUP" ]]
}

@test "memory is saved beforehand, and later images refer to it" {
	run_detached box
	runtime checkpoint --pre-dump --image-path one box
	[ "$(head -n 1 called)" = pre-dump ]
	called_with --track-mem
	status_is box running
	[ ! -e one/descriptors.json ]
	runtime checkpoint --image-path two --parent-path ../one --leave-running box
	called_with --prev-images-dir ../one
	run -1 runtime checkpoint --image-path two --parent-path ../three box
	[[ $output == *"there is no directory '$PWD/two/../three' with earlier images"* ]]
	run -1 runtime checkpoint --image-path two --parent-path "$PWD/one" box
	[[ $output == *'is not relative'* ]]
}

@test "the status descriptor is criu's" {
	run_detached box
	runtime checkpoint --lazy-pages --leave-running --status-fd 7 box 7>status
	[ "$(stat -c %s status)" -eq 1 ]
	run -1 runtime checkpoint --status-fd 8 box 8>&-
	[[ $output == *'--status-fd 8 is not open'* ]]
}

@test "a namespace that was joined is named by its inode" {
	[ -e /proc/self/ns/net ]
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'
	run_detached box
	runtime checkpoint --leave-running box
	called_with --external "net[$(stat -L -c %i /proc/self/ns/net)]:extRootNetNS"
}

@test "criu's own words are the cause, and the container stays" {
	run_detached box
	CRIU_FAILS=yes run -1 runtime --log log --log-format json checkpoint box
	[[ $output == *"checkpoint container 'box': criu failed with status 1"*'cause: Error (criu/b.c:2): the cause'* ]]
	[[ $output == *"less $PWD/checkpoint/dump.log"* ]]
	[[ $(error_log log) == *'Error (criu/b.c:2): the cause'* ]]
	status_is box running
}

@test "command lines and containers for which it cannot be are refused" {
	run -1 runtime checkpoint nosuch
	[[ $output == *'container does not exist: nosuch'* ]]
	runtime create box </dev/null >output 2>&1
	run -1 runtime checkpoint box
	[[ $output == *"container not running: 'box' is created"* ]]
	runtime start box
	run -1 runtime checkpoint --manage-cgroups-mode other box
	[[ $output == *'it is one of soft, full, strict, ignore'* ]]
	run -1 runtime checkpoint --empty-ns pid box
	[[ $output == *'only the network namespace can be left empty'* ]]
	run -1 runtime checkpoint --page-server nowhere box
	[[ $output == *'"nowhere" is not ADDRESS:PORT'* ]]
	config '.process.terminal = true'
	run -1 runtime checkpoint box
	[[ $output == *'containers with a terminal cannot be checkpointed or restored'* ]]
	[ ! -e called ]
}

# --- restore ---

# What a checkpoint has left.
make_images() {
	mkdir -p checkpoint
	echo '["/dev/null", "pipe:[4711]", "/x"]' >checkpoint/descriptors.json
}

@test "restore makes cgroup and state, names what comes from outside, and the container runs" {
	make_images
	config '.mounts += [{destination: "/tmp/new/dir", type: "bind", source: "/usr", options: ["rbind"]},
			{destination: "/tmp/new/file", type: "bind", source: "/etc/passwd", options: ["bind"]}] |
		.linux.resources.pids = {limit: 20}'
	runtime restore --detach --pid-file pid box </dev/null >output 2>&1
	[ "$(head -n 1 called)" = restore ]
	for flag in --restore-detached --restore-sibling --evasive-devices --manage-cgroups=soft; do
		called_with $flag
	done
	called_with --images-dir "$PWD/checkpoint"
	called_with --log-file restore.log
	called_with --external 'mnt[/tmp/new/dir]:/usr'
	called_with --external 'mnt[/tmp/new/file]:/etc/passwd'
	called_with --external 'mnt[/dev/null]:/dev/null'
	called_with --inherit-fd 'fd[1]:pipe:[4711]'
	run ! grep -x -e 'fd\[[02]\].*' called
	[ -d "$ROOTFS/tmp/new/dir" ]
	[ -f "$ROOTFS/tmp/new/file" ]
	status_is box running
	[ "$(runtime state box | jq .pid)" = "$(cat pid)" ]
	grep -q ":$CGROUP\$" "/proc/$(cat pid)/cgroup"
	! is_v1 pids || called_with --cgroup-root "pids:$CGROUP"
	[ "$(cgroup_value pids/pids.max pids.max)" = 20 ]
	[ "$(ls "$STATE/box")" = state.json ]
	run ! grep -q criu-root /proc/self/mountinfo
	runtime kill box KILL
	until_status box stopped
	runtime delete box
	rm -r "$ROOTFS/tmp/new"
}

@test "in the foreground, restore has the status of what it has restored, and removes it" {
	make_images
	CRIU_STATUS=7 run -7 runtime restore box
	[ -z "$(runtime list -q)" ]
}

@test "every flag of restore reaches criu" {
	make_images
	mkdir images
	cp checkpoint/descriptors.json images
	config '.annotations = {"org.criu.config": "/etc/criu/some.conf"}'
	runtime restore --detach --image-path images --work-path work --tcp-established --ext-unix-sk --shell-job \
		--file-locks --manage-cgroups-mode strict --empty-ns network --auto-dedup --lazy-pages --no-pivot \
		--no-subreaper --lsm-profile apparmor:x --lsm-mount-context y --bundle "$PWD" box </dev/null >output 2>&1
	for flag in --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups=strict --auto-dedup --lazy-pages; do
		called_with $flag
	done
	called_with --images-dir "$PWD/images"
	called_with --work-dir "$PWD/work"
	called_with --lsm-profile apparmor:x
	called_with --lsm-mount-context y
	called_with --config /etc/criu/some.conf
}

@test "namespaces that exist are handed over" {
	make_images
	config '.linux.namespaces |= map(if .type == "network" or .type == "uts" then .path = "/proc/self/ns/" + {network: "net", uts: "uts"}[.type] else . end)'
	runtime restore --detach box </dev/null >output 2>&1
	grep -qx 'fd\[[0-9]*\]:extRootNetNS' called
	called_with --join-ns uts:/proc/self/ns/uts
}

@test "a restore that fails leaves nothing, and says why" {
	make_images
	CRIU_FAILS=yes run -1 runtime restore --detach box
	[[ $output == *"restore container 'box': criu failed with status 1"*'cause: Error (criu/b.c:2): the cause'* ]]
	[ -z "$(runtime list -q)" ]
	[ -z "$(find /sys/fs/cgroup -path "*$CGROUP*")" ]
	rm checkpoint/descriptors.json
	run -1 runtime restore --detach box
	[[ $output == *descriptors.json* ]]
	config '.process.terminal = true'
	run -1 runtime restore --detach box
	[[ $output == *'containers with a terminal cannot be checkpointed or restored'* ]]
	[ -z "$(runtime list -q)" ]
}
