# SPDX-License-Identifier: Apache-2.0
#
# What can be seen of an OCI runtime from outside: facts.bash RUNTIME ROOTFS runs it through a table of situations and
# prints a line for each, "situation: exit status, kind of error" or "situation: value", the same for the same behaviour.
# The working directory is for its bundles and state.

set -u
runtime=$1 rootfs=$2
state=$PWD/state

rt() {
	"$runtime" --root "$state" "$@"
}

# The kinds of errors that callers tell apart, by the words that they look for.
kind() {
	local text
	text=$(cat "$1")
	case ${text,,} in
	'') echo silent ;;
	*'executable file not found in $path'*) echo 'not in $PATH' ;;
	*'is a directory'*) echo directory ;;
	*'permission denied'*) echo denied ;;
	*'does not exist'*) echo 'does not exist' ;;
	*'no such file'*) echo 'no such file' ;;
	*exist*) echo exists ;;
	*'not running'* | *stopped* | *running* | *'not paused'* | *paused* | *created*) echo state ;;
	*'exec format error'*) echo format ;;
	*) echo other ;;
	esac
}

# fact NAME VERB...: what came of a command that is to fail, or to say nothing.
fact() {
	local name=$1 status=0
	shift
	rt "$@" </dev/null >output 2>errors || status=$?
	if [ "$status" -eq 0 ]; then
		echo "$name: 0"
	else
		echo "$name: $status, $(kind errors)"
	fi
}

# value NAME COMMAND...: its output, in one line.
value() {
	local name=$1
	shift
	echo "$name: $("$@" 2>/dev/null | tr '\n' ' ')"
}

config() {
	jq --arg rootfs "$rootfs" "$1" base.json >config.json
}

fresh() {
	rt delete --force box >/dev/null 2>&1
	config .
	rt create box </dev/null >/dev/null 2>&1
}

status_of() {
	rt state box | jq -r .status
}

until_stopped() {
	local _
	for _ in {1..1200}; do
		[ "$(status_of)" != stopped ] || return 0
		sleep 0.05
	done
}

# --- situations ---

exit_statuses() {
	local program
	for program in true false 'sh -c "exit 42"' 'sh -c "kill -9 $$; exit 3"' no-such-program /no/such/program /etc/passwd /etc \
		/broken /script-without-interpreter; do
		config ".process.args = [$(printf %s "$program" | xargs printf '"%s"\n' | paste -sd,)]"
		fact "run $program" run box
		rt delete --force box >/dev/null 2>&1
	done
	config '.process.cwd = "/etc/passwd"'
	fact 'run with a file as the working directory' run box
	config '.process.cwd = "relative"'
	fact 'run with a relative working directory' run box
	config '.process.user = {"uid": 1000, "gid": 1000} | .process.args = ["sh", "-c", "exit $(id -u | wc -c)"]'
	fact 'run as a user' run box
	rt delete --force box >/dev/null 2>&1
}

documents() {
	echo '{' >config.json
	fact 'create: a document that is cut off' create box
	rm config.json
	fact 'create: no document' create box
	fact 'create: no bundle' create --bundle /no/such/bundle box
	local change
	for change in 'del(.ociVersion)' 'del(.root)' 'del(.process.args)' '.process.args = []' 'del(.process)' '.root.path = "/no/such"' \
		'.process.cwd = ""' '.linux.namespaces += [{"type": "nosuch"}]' '.linux.namespaces += [{"type": "pid"}]' \
		'.process.capabilities.bounding = ["CAP_NOSUCH"]' '.process.rlimits = [{"type": "RLIMIT_NOSUCH", "hard": 1, "soft": 1}]' \
		'.mounts += [{"destination": "/tmp", "type": "nosuch", "source": "x"}]' \
		'.mounts += [{"destination": "/tmp", "type": "bind", "source": "/no/such", "options": ["bind"]}]' \
		'.linux.sysctl = {"kernel.panic": "1"}' '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' '.hostname = "name"' \
		'.linux.rootfsPropagation = "nosuch"' '.linux.seccomp = {"defaultAction": "SCMP_ACT_NOSUCH"}' \
		'.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]' '.hooks.prestart = [{"path": "/no/such"}]' \
		'.hooks.poststop = [{"path": "/no/such"}]' '.linux.maskedPaths = ["/no/such"]' '.annotations = {"a": "b"}' \
		'.linux.resources.devices = []' '.linux.devices = [{"path": "/dev/x", "type": "q", "major": 1, "minor": 3}]'; do
		config "$change"
		fact "create: $change" create box
		fact 'and delete' delete --force box
	done
}

names() {
	config .
	local id
	for id in '' . .. ../x /x 'a b' a/b 'a:b' "$(head -c 2000 /dev/zero | tr '\0' x)" _ -x +a a.b; do
		fact "create '${id:0:20}'" create -- "$id"
		rt delete --force -- "$id" >/dev/null 2>&1
	done
}

life() {
	local verb
	# shellcheck disable=SC2086 # verbs with their flags
	for verb in state start kill pause resume ps delete 'delete --force' 'update --pids-limit=5' 'events --stats'; do
		fact "$verb: no container" $verb none
	done
	fact 'exec: no container' exec none true
	fresh
	value 'created: status' status_of
	value 'created: keys of state' sh -c "'$runtime' --root '$state' state box | jq -c keys"
	value 'created: keys of list' sh -c "'$runtime' --root '$state' list --format json | jq -c '.[0] | keys'"
	value 'list' sh -c "'$runtime' --root '$state' list | sed 's/  */ /g; s/[0-9][0-9]*/N/g; s#/[^ ]*#PATH#; s/N-.*Z/TIME/'"
	value 'list --quiet' rt list --quiet
	fact 'created: create again' create box
	fact 'created: resume' resume box
	fact 'created: start' start box
	value 'running: status' status_of
	fact 'running: start' start box
	fact 'running: delete' delete box
	fact 'running: resume' resume box
	fact 'running: kill 0' kill box 0
	fact 'running: kill NOSUCH' kill box NOSUCH
	fact 'running: kill 1000' kill box 1000
	value 'running: ps' sh -c "'$runtime' --root '$state' ps box | sed 's/^ *//; s/  */ /g; s/[0-9][0-9:]*/N/g'"
	value 'running: ps --format json' sh -c "'$runtime' --root '$state' ps --format json box | jq length"
	fact 'running: exec true' exec box true
	fact 'running: exec false' exec box false
	fact 'running: exec, status 42' exec box sh -c 'exit 42'
	fact 'running: exec, killed' exec box sh -c 'kill -9 $$'
	fact 'running: exec no-such-program' exec box no-such-program
	fact 'running: exec /etc/passwd' exec box /etc/passwd
	fact 'running: exec /etc' exec box /etc
	fact 'running: exec --cwd nowhere' exec --cwd /no/such box true
	fact 'running: exec --user nobody-at-all' exec --user 4294967295 box true
	value 'running: exec id' rt exec --user 5:6 box id
	value 'running: exec --env' rt exec --env A=b box sh -c 'echo $A'
	fact 'running: pause' pause box
	value 'paused: status' status_of
	fact 'paused: pause' pause box
	fact 'paused: exec' exec box true
	fact 'paused: delete' delete box
	fact 'paused: resume' resume box
	fact 'running: kill TERM' kill box TERM
	fact 'running: kill SIGKILL' kill box SIGKILL
	until_stopped
	value 'stopped: status' status_of
	value 'stopped: pid' sh -c "'$runtime' --root '$state' state box | jq .pid"
	for verb in start kill pause resume; do
		fact "stopped: $verb" $verb box
	done
	fact 'stopped: kill --all' kill --all box
	fact 'stopped: exec' exec box true
	fact 'stopped: delete' delete box
	fact 'deleted: delete' delete box
	fresh
	fact 'created: delete' delete box
	fresh
	fact 'created: kill KILL' kill box KILL
	until_stopped
	value 'created, killed: status' status_of
	fact 'created, killed: delete --force' delete --force box
}

command_line() {
	fact 'no such verb' nosuch
	fact 'create: no such flag' create --nosuch box
	fact 'create: no id' create
	fact 'create: two ids' create a b
	fact 'state: no id' state
	fact 'exec: no program' exec box
	fact '--log-format nosuch' --log-format nosuch list
	fact 'list --format nosuch' list --format nosuch
	fact 'create with a terminal and no --console-socket' create --bundle tty box
	fact '--version' --version
	fact '--help' --help
}

rt spec >/dev/null
# shellcheck disable=SC2016 # jq's
jq --arg rootfs "$rootfs" --arg cgroup "/coffer-facts-$$/box" '.root.path = $rootfs | .process.terminal = false |
	.process.args = ["sleep", "1000"] | .linux.cgroupsPath = $cgroup | .ociVersion = "1.0.2"' config.json >base.json
mkdir tty
jq '.process.terminal = true' base.json >tty/config.json

exit_statuses
documents
names
life
command_line
rt delete --force box >/dev/null 2>&1
find /sys/fs/cgroup -depth -type d -path "*coffer-facts-$$*" -exec rmdir {} + 2>/dev/null
exit 0
