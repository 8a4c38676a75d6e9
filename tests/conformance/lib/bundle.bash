# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Bundles of busybox for coffer-runtime, made and changed with jq.
#
#   bundle_file_setup            in setup_file: the root filesystem that all bundles of the file are copies of
#   bundle_setup                 in setup: a state root, and a bundle (config.json, rootfs/) as the working directory
#   bundle_teardown              in teardown: fails if a mount, cgroup, process or file of state is left
#
#   runtime ARGUMENT...          coffer-runtime on that state root
#   config JQ-FILTER [JQ-ARG...] change config.json; $cgroup is where the container's cgroup will be
#   program TEXT                 the shell command that the container runs
#   box TEXT                     run that in a container called box; sets $status, $output, $lines as `run` does
#   create [FLAG...]             a created container called box; its streams are /dev/null, output and errors
#   spawn TEXT [FLAG...]         a running one, detached, in the same way
#   reachable                    lets other users reach the bundle
#   refused TEXT [FLAG...]       `create` fails, says TEXT, and leaves nothing
#   state_of ID                  the status that `state` tells
#   until_stopped ID             wait for the end
#   until_true COMMAND...        wait for its success
#   has_lines FILE NUMBER        for until_true
#   init_pid [ID]                of a container
#   cgroup_dir CONTROLLER        where the container's cgroup of that v1 controller is
#   helper NAME                  compile lib/NAME.c; prints the path of the program
#
# With system calls in $COFFER_REFUSE, all of this happens as if the kernel did not have them; they answer $COFFER_REFUSE_ERRNO.
#
# Needs root, jq and busybox-static.

bundle_file_setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export TEMPLATE=$BATS_FILE_TMPDIR/template
	if [ -n "${COFFER_REFUSE:-}" ]; then
		REFUSE=$(helper refuse)
		export REFUSE
	fi
	umask 022
	mkdir -p "$TEMPLATE"/{bin,dev,etc,proc,sys,tmp,root}
	chmod 1777 "$TEMPLATE/tmp"
	cp "$(command -v busybox)" "$TEMPLATE/bin/busybox"
	local applet
	for applet in awk cat chmod chown cut dd df echo env false find grep head hostname id ifconfig kill ln ls mkdir mknod mount \
		ps pwd readlink rm seq sh sleep sort stat tail test touch tr true tty ulimit umount wc xargs; do
		ln -s busybox "$TEMPLATE/bin/$applet"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$TEMPLATE/etc/passwd"
}

# The mark is in the environment of all that a container runs, so that leftovers can be found.
bundle_setup() {
	umask 022
	STATE=$BATS_TEST_TMPDIR/state
	CGROUP=/coffer-test-$$-$BATS_TEST_NUMBER/box
	MARK=coffer-test-$$-$BATS_TEST_NUMBER-$RANDOM
	mkdir "$BATS_TEST_TMPDIR/bundle"
	cd "$BATS_TEST_TMPDIR/bundle" || return 1
	cp -a "$TEMPLATE" rootfs
	runtime spec
	config '
		.process.terminal = false | .process.args = ["sleep", "1000"] | .root.readonly = false |
		.process.env += ["MARK=" + $mark] | .linux.cgroupsPath = $cgroup' --arg mark "$MARK"
	MOUNTS=$(cat /proc/self/mountinfo)
}

bundle_teardown() {
	[ -n "${STATE:-}" ] || return 0 # skipped
	local id left
	for id in $(runtime list --quiet 2>/dev/null); do
		runtime delete --force "$id"
	done
	left=$(left_mounts && left_cgroups && left_processes && left_state)
	find /sys/fs/cgroup -depth -type d -path "*${CGROUP%/*}*" -exec rmdir {} + 2>/dev/null || true
	left_mounts | cut -d' ' -f6 | sort -r | xargs -r umount -l
	[ -z "$left" ] || {
		echo "left behind: $left" >&2
		return 1
	}
}

reachable() {
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
}

left_mounts() {
	diff <(echo "$MOUNTS") /proc/self/mountinfo | grep -F "$BATS_TEST_TMPDIR" || true
}

# Other tests' cgroups may go while we look.
left_cgroups() {
	find /sys/fs/cgroup -type d -path "*$CGROUP*" 2>/dev/null || true
}

# Also those that are about to end: a moment is theirs.
left_processes() {
	local _ left
	for _ in {1..1500}; do
		left=$(grep -lzxF "MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null || true)
		[ -n "$left" ] || return 0
		sleep 0.02
	done
	echo "$left"
}

left_state() {
	[ ! -d "$STATE" ] || find "$STATE" -mindepth 1 -maxdepth 1 ! -name .seccomp
}

# bats listens on fd 3 until all who have it are gone.
runtime() {
	if [ -n "${COFFER_REFUSE:-}" ]; then
		"$REFUSE" "$COFFER_REFUSE_ERRNO" "$COFFER_REFUSE" "$COFFER_BIN/coffer-runtime" --root "$STATE" "$@" 3>&-
	else
		"$COFFER_BIN/coffer-runtime" --root "$STATE" "$@" 3>&-
	fi
}

config() {
	local filter=$1
	shift
	jq --arg cgroup "$CGROUP" "$filter" "$@" <config.json >config.new
	mv config.new config.json
}

program() {
	config '.process.args = ["sh", "-c", $text]' --arg text "$1"
}

box() {
	program "$1"
	run runtime run box
}

create() {
	runtime create "$@" box </dev/null >output 2>errors
}

spawn() {
	program "$1"
	shift
	runtime run --detach "$@" box </dev/null >output 2>errors
}

refused() {
	local text=$1
	shift
	run -1 runtime create "$@" box
	contains "${output:-}" "$text"
	left=$(left_mounts && left_cgroups && left_processes && left_state)
	[ -z "$left" ] || {
		echo "left behind: $left"
		return 1
	}
}

contains() {
	[[ $1 == *"$2"* ]] || {
		printf '%s\n--- does not contain ---\n%s\n' "$1" "$2"
		return 1
	}
}

equals() {
	[ "$1" = "$2" ] || {
		printf '%s\n--- is not ---\n%s\n' "$1" "$2"
		return 1
	}
}

state_of() {
	runtime state "$1" | jq -r .status
}

until_stopped() {
	local _
	for _ in {1..3000}; do
		[ "$(state_of "$1")" != stopped ] || return 0
		sleep 0.02
	done
	runtime state "$1"
	return 1
}

until_true() {
	local _
	for _ in {1..3000}; do
		! "$@" 2>/dev/null || return 0
		sleep 0.02
	done
	echo "never true: $*"
	return 1
}

# has_lines FILE NUMBER: that many, or more; for until_true.
has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

init_pid() {
	runtime state "${1:-box}" | jq .pid
}

cgroup_dir() {
	echo "/sys/fs/cgroup/$1$CGROUP"
}

needs_v1() {
	[ -d "/sys/fs/cgroup/$1" ] || skip "no v1 hierarchy of $1 here"
}

helper() {
	local program=$BATS_FILE_TMPDIR/$1 tests=$BATS_TEST_DIRNAME/..
	[ -x "$program" ] || cc -O1 -I "$tests/unit" -I "$tests/../src" -o "$program" "$BATS_TEST_DIRNAME/lib/$1.c" >&2
	echo "$program"
}
