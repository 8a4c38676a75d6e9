# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The command line of coffer-runtime on bundles of busybox.
#
#   verbs_file_setup             in setup_file: the root filesystem
#   verbs_setup                  in setup: a new state root, and the bundle of this test as the working directory
#   verbs_teardown               in teardown: fails if a cgroup or a directory of state is left
#
#   runtime ARGUMENT...          coffer-runtime on that state root
#   config JQ-FILTER             change config.json; $cgroup is where the container's cgroup will be
#   run_detached ID [FLAG...]    a container that runs; its output goes to the file output
#   run_beside ID                the same in a cgroup of its own, for further containers
#   status_is ID STATUS          what `state` says
#   until_true COMMAND...        try again until it succeeds
#   until_status ID STATUS       wait for that
#   has_lines FILE NUMBER, has_processes ID NUMBER     for until_true
#   cgroup_value V1-CONTROLLER/FILE V2-FILE    the content of the one that is there
#   error_log FILE               the message of the last error in a JSON log
#
# Needs root, jq and busybox-static. Works on every layout of cgroups.

verbs_file_setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export ROOTFS=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,etc,proc,sys,tmp}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	local applet
	for applet in cat dd echo false mkdir sh sleep true; do
		ln -s busybox "$ROOTFS/bin/$applet"
	done
}

runtime() {
	"$COFFER_BIN/coffer-runtime" --root "$STATE" "$@"
}

config() {
	jq --arg cgroup "$CGROUP" "$1" config.json >config.new
	mv config.new config.json
}

# The cgroup's name has the test's in it: tests may run beside each other.
verbs_setup() {
	STATE=$BATS_TEST_TMPDIR/state
	CGROUP=/coffer-verbs-$$-$BATS_TEST_NUMBER/box
	mkdir "$BATS_TEST_TMPDIR/bundle"
	cd "$BATS_TEST_TMPDIR/bundle" || return 1
	runtime spec
	config "
		.root.path = \"$ROOTFS\" | .process.terminal = false | .process.args = [\"sleep\", \"1000\"] |
		.process.capabilities = {} | .linux.cgroupsPath = \$cgroup"
}

verbs_teardown() {
	local id left
	[ -n "${STATE:-}" ] || return 0 # skipped
	for id in $(runtime list --quiet 2>/dev/null); do
		runtime delete --force "$id"
	done
	left=$(find /sys/fs/cgroup -depth -type d -path "*${CGROUP%/box}/*"
		find "$STATE" -mindepth 1 -maxdepth 1 ! -name .seccomp 2>/dev/null || true)
	find /sys/fs/cgroup -depth -type d -path "*${CGROUP%/box}*" -exec rmdir {} + 2>/dev/null || true
	[ -z "$left" ] || {
		echo "left behind: $left" >&2
		return 1
	}
}

run_detached() {
	local id=$1
	shift
	runtime run --detach "$@" "$id" </dev/null >output 2>&1
}

run_beside() {
	config ".linux.cgroupsPath = \"${CGROUP%/box}/$1\""
	run_detached "$1"
}

status_is() {
	[ "$(runtime state "$1" | jq -r .status)" = "$2" ]
}

# A minute, and more where programs are slow.
until_true() {
	local _
	for _ in {1..1200}; do
		! "$@" || return 0
		sleep 0.05
	done
	echo "it did not come to that: $*" >&2
	return 1
}

until_status() {
	until_true status_is "$1" "$2"
}

# has_lines FILE NUMBER: that many, or more.
has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# has_processes ID NUMBER
has_processes() {
	[ "$(runtime ps -f json "$1" | jq length)" -eq "$2" ]
}

is_v1() {
	[ -n "$1" ] && [ -d "/sys/fs/cgroup/$1" ]
}

cgroup_value() {
	if is_v1 "${1%%/*}"; then
		cat "/sys/fs/cgroup/${1%%/*}$CGROUP/${1#*/}"
	elif [ -d /sys/fs/cgroup/unified ]; then
		cat "/sys/fs/cgroup/unified$CGROUP/$2"
	else
		cat "/sys/fs/cgroup$CGROUP/$2"
	fi
}

error_log() {
	tail -n 1 "$1" | jq -r 'select(.level == "error") | .msg'
}
