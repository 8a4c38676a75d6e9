#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What stands before the verb, exit statuses, help; and the verbs that need no container: features, spec.

bats_require_minimum_version 1.5.0
load lib/verbs

VERBS="checkpoint create delete events exec features kill list mounts pause ps restore resume run spec start state update"

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
}

teardown() {
	verbs_teardown
}

# --- exit statuses ---

@test "exec gives the program's status, 255 if it could not be run, 1 for a command line without sense" {
	run_detached box
	run -42 runtime exec box sh -c 'exit 42'
	run -1 runtime exec box false
	run -137 runtime exec box sh -c 'kill -KILL $$'
	run -255 runtime exec box no-such-program
	run -255 runtime exec nosuch true
	run -255 runtime exec --pid-file /no/such/directory/pid box true
	run -255 runtime exec --user nobody box true
	run -1 runtime exec --no-such-flag box true
	run -1 runtime exec
}

@test "a pid file that cannot be written leaves no process behind" {
	run_detached box
	run -255 runtime exec --detach --pid-file /no/such/directory/pid box sleep 1001
	until_true has_processes box 1
}

@test "run gives the program's status, and everything else is 1" {
	config '.process.args = ["sh", "-c", "exit 7"]'
	run -7 runtime run box
	config '.process.args = ["/nosuch"]'
	run -1 runtime run box
	run -1 runtime no-such-verb
	[[ $output == *'unknown verb "no-such-verb"'* ]]
	run -1 runtime stat
	[[ $output == *'coffer-runtime state'* || $output == *'coffer-runtime start'* ]]
	run -1 runtime --no-such-flag list
}

# --- help ---

@test "help names every verb and every flag" {
	run -0 runtime --help
	for verb in $VERBS; do
		[[ $output == *$'\n'"  $verb "* ]]
	done
	[[ $output == *--cgroup-manager* && $output == *'[--memory-swap BYTES]'* && $output != *--kernel-memory* ]]
	run -0 runtime
	run -0 runtime help
	for verb in $VERBS; do
		run -0 runtime "$verb" --help
		[[ $output == "Usage: coffer-runtime $verb"* ]]
		run -0 runtime help "$verb"
		[[ $output == "Usage: coffer-runtime $verb"* ]]
	done
	run -1 runtime help no-such-verb
}

@test "the manual page and completion have every verb and every flag that help has" {
	local flags
	"$COFFER_BIN/docs-gen" man coffer-runtime.8 >page
	"$COFFER_BIN/docs-gen" completion runtime-bash >completion.bash
	"$COFFER_BIN/docs-gen" completion runtime-fish >completion.fish
	for verb in $VERBS; do
		grep -q "^## $verb\$" page
		flags=$(runtime "$verb" --help | grep -o -e '--[a-z0-9-]*' || true)
		for flag in $flags; do
			grep -q -e "\*$flag\*" page
			grep -q -e "^complete .* $verb' -l ${flag#--} " completion.fish
		done
	done
	! command -v scdoc >/dev/null || scdoc <page >/dev/null
	! command -v fish >/dev/null || fish -n completion.fish
	# shellcheck source=/dev/null
	source completion.bash
	complete_line() {
		read -ra COMP_WORDS <<<"$1"
		[[ $1 != *' ' ]] || COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_coffer_runtime
	}
	complete_line 'coffer-runtime --root /x --debug st'
	[ "${COMPREPLY[*]}" = 'start state' ]
	complete_line 'coffer-runtime update --cpuset'
	[ "${COMPREPLY[*]}" = '--cpuset-cpus --cpuset-mems' ]
	run_detached box
	coffer-runtime() { "$COFFER_BIN/coffer-runtime" "$@"; }
	complete_line "coffer-runtime --root $STATE kill --all "
	[ "${COMPREPLY[*]}" = box ]
}

# --- the log ---

@test "errors go to the log as lines of JSON, the last of which has the cause" {
	run -1 runtime --log log --log-format json state nosuch
	[[ $output == *'container does not exist: nosuch'* ]]
	jq -e 'keys == ["level", "msg", "time"] and (.time | test("^20[0-9-]+T[0-9:.]+Z$"))' log
	[ "$(error_log log)" = 'container does not exist: nosuch' ]
	config '.mounts += [{destination: "/x", type: "bind", source: "/no/such/source", options: ["bind"]}]'
	run -1 runtime --log log --log-format json --debug run box
	jq -e . log >/dev/null
	[[ $(error_log log) == *'/no/such/source'* ]]
}

@test "the log is text by default, is appended to, and has what its level lets through" {
	run -1 runtime --log log state nosuch
	run -1 runtime --log file:log --log-level error state nosuch
	[ "$(grep -c '^time="20.*" level=error msg="container does not exist: nosuch"$' log)" -eq 2 ]
	run -1 runtime --log-level loud list
	[[ $output == *'it is debug, info, warn or error'* ]]
	run -1 runtime --log-format xml list
	run -1 runtime --log /no/such/directory/log list
	[[ $output == *'/no/such/directory/log'* ]]
	run -1 runtime --log /dev/stderr state nosuch
	[[ $output == *'container does not exist'* ]]
}

# Reads one datagram of the socket $1 into $2.
listen() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
open(sys.argv[2] + ".ready", "w").close()
open(sys.argv[2], "wb").write(s.recv(65536))' "$1" "$2" 3>&- &
	until_true [ -e "$2.ready" ]
}

@test "the journal and syslog are spoken to in their own formats" {
	command -v python3 >/dev/null || skip "needs python3"
	[ ! -e /dev/log ] && [ ! -e /run/systemd/journal/socket ] || skip "there is a log daemon here"
	export -f listen until_true
	export STATE
	run -0 unshare --mount --propagation private bash -c '
		mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount -t tmpfs tmpfs /dev &&
		listen /run/systemd/journal/socket "$PWD/journal" && listen /dev/log "$PWD/syslog"
		"$COFFER_BIN/coffer-runtime" --root "$STATE" --log journald:box state nosuch
		"$COFFER_BIN/coffer-runtime" --root "$STATE" --log syslog:box state nosuch
		wait' </dev/null
	[ "$(cat journal)" = $'MESSAGE=container does not exist: nosuch\nPRIORITY=3\nSYSLOG_IDENTIFIER=box' ]
	[[ $(cat syslog) =~ ^'<27>box['[0-9]+']: container does not exist: nosuch'$ ]]
	run -1 runtime --log journald:box list
	[[ $output == *'log to journald'* ]]
	run -1 runtime --log journald: list
	[[ $output == *'no identifier'* ]]
}

# --- cgroups ---

@test "without a cgroup manager, a container stays where its creator is" {
	config '.linux.resources = {memory: {limit: 33554432}, devices: [{allow: false, access: "rwm"}]}'
	runtime --log log --log-format json --cgroup-manager disabled run --detach box </dev/null >output 2>&1
	jq -e 'select(.level == "warning") | .msg | test("limits are left out")' log
	diff <(sort /proc/self/cgroup) <(sort "/proc/$(runtime state box | jq .pid)/cgroup")
	[ -z "$(find /sys/fs/cgroup -path "*$CGROUP*")" ]
	run -0 runtime exec box echo here
	runtime ps --format json box | jq -e 'length == 1' # they are those of its pid namespace
	for verb in pause 'events --stats' 'update --pids-limit 5'; do
		# shellcheck disable=SC2086
		run -1 runtime $verb box
		[[ $output == *"container 'box' has no cgroup"* ]]
	done
	runtime kill --all box KILL
	until_status box stopped
	runtime delete box
}

@test "systemd's cgroups without systemd: nothing can be created, everything else works" {
	[ ! -d /run/systemd/system ] || skip "systemd runs here"
	config '.linux.cgroupsPath = "system.slice:box:1"'
	for word in --systemd-cgroup '--cgroup-manager=systemd'; do
		run -1 runtime $word create box
		[[ $output == *"create container 'box': cannot use the systemd cgroup driver: systemd is not running"* ]]
		[[ $output == *"cause: '/run/systemd/system' does not exist"* ]]
		[[ $output == *'hint:  --cgroup-manager cgroupfs'* ]]
		run -0 runtime $word list --quiet
		[ -z "$output" ]
	done
	mkdir checkpoint
	run -1 runtime --systemd-cgroup restore box
	[[ $output == *'containers cannot be restored into cgroups of systemd'* ]]
	config '.linux.cgroupsPath = "/a/b"'
	run -1 runtime --systemd-cgroup create box
	[[ $output == *'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/a/b"'* ]]
}

@test "managers that we do not have are refused" {
	run -1 runtime --cgroup-manager other list
	[[ $output == *'it is one of cgroupfs, systemd, disabled'* ]]
	mkdir "$STATE"
	for word in true false auto 1 ''; do
		run -0 runtime --cgroup-manager cgroupfs --rootless "$word" list
	done
	run -1 runtime --rootless perhaps list
}

@test "exec joins a sub-cgroup that the container has made" {
	run_detached box
	local tree=pids relative word=box-sub
	for dir in /sys/fs/cgroup{,/unified,/pids,/memory}"$CGROUP"; do
		[ ! -d "$dir" ] || mkdir "$dir/box-sub"
	done
	is_v1 pids && relative=":$tree:$CGROUP/box-sub" || relative="0::$CGROUP/box-sub"
	is_v1 pids && word=$tree:$word
	runtime exec --detach --cgroup "$word" --pid-file pid box sleep 1001 </dev/null >output 2>&1
	grep -q "$relative\$" "/proc/$(cat pid)/cgroup"
	run -0 runtime exec --cgroup / box echo here
	run -255 runtime exec --cgroup .. box true
	[[ $output == *'bad sub cgroup path'* ]]
	run -255 runtime exec --cgroup nonexistent box true
	[[ $output == *"no such file or directory"* ]]
	run -255 runtime exec --cgroup whaaat:/ box true
	[[ $output == *'unknown controller'* ]]
}

# --- pidfds ---

@test "create, run and exec send a pidfd" {
	command -v python3 >/dev/null || skip "needs python3"
	# Prints the word that came with it, and the pid that it stands for.
	receive() {
		rm -f sock
		python3 -c '
import array, re, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind("sock")
s.listen(1)
s.settimeout(20)
c, _ = s.accept()
data, ancillary, _, _ = c.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", ancillary[0][2][:4])[0]
print(data.decode(), re.search(r"^Pid:\s*(\d+)", open(f"/proc/self/fdinfo/{fd}").read(), re.M)[1])' >received 3>&- &
		until_true [ -S sock ]
	}
	receive
	runtime create --pidfd-socket sock box </dev/null >output 2>&1
	wait
	[ "$(cat received)" = "standard $(runtime state box | jq .pid)" ]
	runtime delete --force box
	receive
	run_detached box --pidfd-socket sock
	wait
	[ "$(cat received)" = "standard $(runtime state box | jq .pid)" ]
	receive
	runtime exec --detach --pid-file pid --pidfd-socket sock box sleep 1001 </dev/null >output 2>&1
	wait
	[ "$(cat received)" = "setns $(cat pid)" ]
}

# --- features, spec ---

@test "features is the specification's document" {
	run -0 runtime features
	jq -e '
		(.ociVersionMin == "1.0.0") and (.ociVersionMax | test("^1\\.[0-9]+\\.[0-9]+$")) and
		.hooks == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] and
		(.mountOptions | index("rro") and index("tmpcopyup") and . == sort) and
		(.linux |
			(.namespaces | index("time") and index("user")) and
			(.capabilities | index("CAP_CHECKPOINT_RESTORE") and .[0] == "CAP_CHOWN") and
			.cgroup.v1 and .cgroup.v2 and .cgroup.systemd and
			.seccomp.enabled and (.seccomp.actions | index("SCMP_ACT_ERRNO")) and
			(.seccomp.operators | index("SCMP_CMP_MASKED_EQ")) and (.seccomp.archs | index("SCMP_ARCH_X86_64")) and
			(.seccomp.supportedFlags - .seccomp.knownFlags == []) and
			.apparmor.enabled and .selinux.enabled and .netDevices.enabled and
			.intelRdt == {enabled: true, schemata: true, monitoring: true} and
			(.memoryPolicy.modes | index("MPOL_WEIGHTED_INTERLEAVE")) and
			(.memoryPolicy.flags | index("MPOL_F_STATIC_NODES")) and
			(.mountExtensions.idmap.enabled | type) == "boolean") and
		(.potentiallyUnsafeConfigAnnotations | index("run.oci."))' <<<"$output"
	run -1 runtime features extra
	[[ $output == *'"features" takes no arguments: 1 given'* ]]
}

@test "both ends of the versions that features promises are accepted" {
	for version in $(runtime features | jq -r '.ociVersionMin, .ociVersionMax'); do
		config ".ociVersion = \"$version\" | .process.args = [\"true\"]"
		run -0 runtime run box
	done
}

@test "spec writes a bundle's configuration, for root and for others, once" {
	rm config.json
	runtime spec
	jq -e '.root.readonly and .process.terminal and ([.linux.namespaces[].type] | index("network"))' config.json
	run -1 runtime spec
	[[ $output == *'is there already'* ]]
	runtime spec --rootless --file rootless.json
	jq -e '([.linux.namespaces[].type] | index("user") and (index("network") | not)) and
		.linux.uidMappings == [{containerID: 0, hostID: 0, size: 1}] and (.linux.resources | not) and
		([.mounts[].options // [] | .[]] | index("gid=5") | not)' rootless.json
	jq '.root.path = "'"$ROOTFS"'" | .process.terminal = false | .process.args = ["echo", "here"]' rootless.json >config.json
	run -0 runtime run box
	[[ $output == *here ]]
}
