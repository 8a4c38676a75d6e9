#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# config.json's process, property for property: what valid values do, seen from inside, and what is said to the others.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
	local applet
	for applet in awk grep id ionice nice stat stty taskset touch tr ulimit; do
		ln -sf busybox "$ROOTFS/bin/$applet"
	done
}

setup() {
	verbs_setup
	config '.process.env = ["PATH=/bin"] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
}

teardown() {
	verbs_teardown
}

# inside SCRIPT: the container's program, run to its end; its output is in $output.
inside() {
	jq --arg script "$1" '.process.args = ["sh", "-c", $script]' config.json >config.new
	mv config.new config.json
	run --separate-stderr -0 runtime run box </dev/null
}

# refused WORDS: the configuration is not taken, and says so.
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

# The field of /proc/self/stat of that number, counted from 1 (proc(5)), of the shell that runs the script.
field() {
	echo "awk '{ print \$$1 }' /proc/\$\$/stat"
}

# --- user ---

@test "user: uid, gid and additional groups are what the process has; a username means nothing here" {
	config '.process.user = {uid: 1001, gid: 1002, additionalGids: [5, 2000], username: "nobody"}'
	inside 'echo $(id -u) $(id -g) $(id -G); grep ^Groups: /proc/self/status'
	[ "${lines[0]}" = '1001 1002 1002 5 2000' ]
	[ "${lines[1]}" = $'Groups:\t5 2000 ' ]
	config '.process.user = {uid: 0, gid: 0}'
	inside 'grep ^Groups: /proc/self/status'
	[ "${lines[0]}" = $'Groups:\t ' ]
}

@test "user: the umask, 0022 where none is given" {
	inside 'umask'
	[ "$output" = 0022 ]
	config '.process.user.umask = 63'
	inside 'umask'
	[ "$output" = 0077 ]
	config '.process.user.umask = 512'
	refused '/process/user/umask: 512 is out of range, 0 to 511'
}

# --- rlimits ---

@test "rlimits: every one has the values that were given" {
	config '.process.rlimits = [
		{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_CPU", soft: 1000, hard: 2000}, {type: "RLIMIT_NPROC", soft: 300, hard: 400},
		{type: "RLIMIT_FSIZE", soft: 4096, hard: 8192}, {type: "RLIMIT_STACK", soft: 1048576, hard: 2097152}]'
	inside 'cat /proc/self/limits'
	grep -qE '^Max open files +100 +200 ' <<<"$output"
	grep -qE '^Max core file size +0 +0 ' <<<"$output"
	grep -qE '^Max cpu time +1000 +2000 ' <<<"$output"
	grep -qE '^Max processes +300 +400 ' <<<"$output"
	grep -qE '^Max file size +4096 +8192 ' <<<"$output"
	grep -qE '^Max stack size +1048576 +2097152 ' <<<"$output"
}

@test "rlimits: limits that would hinder the runtime are in force for the program only" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}, {type: "RLIMIT_FSIZE", soft: 0, hard: 0}]'
	inside 'ulimit -n; ulimit -f'
	[ "${lines[0]}" = 3 ]
	[ "${lines[1]}" = 0 ]
}

@test "rlimits: one that cannot be had is an error, with the reason" {
	if capsh --has-p=cap_sys_resource 2>/dev/null || [ "$(ulimit -Hn)" = unlimited ]; then
		skip "this machine may raise limits"
	fi
	limit=$(ulimit -Hn)
	config ".process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: 10, hard: $((limit + 1))}]"
	refused "set RLIMIT_NOFILE to 10:$((limit + 1)): operation not permitted"
	[[ $output == *"cause: the hard limit in force is $limit, and raising it needs CAP_SYS_RESOURCE"* ]]
}

@test "rlimits: unknown, repeated and incomplete ones are refused" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILES", soft: 1, hard: 1}]'
	refused '/process/rlimits/0: unknown rlimit type "RLIMIT_NOFILES"'
	config '.process.rlimits = [{type: "RLIMIT_CPU", soft: 1, hard: 1}, {type: "RLIMIT_CPU", soft: 2, hard: 2}]'
	refused '/process/rlimits/1: the same limit stands at index 0 already'
	config '.process.rlimits = [{type: "RLIMIT_CPU", soft: 1}]'
	refused '/process/rlimits/0: "hard" is required, but missing'
}

# --- capabilities, no_new_privs, OOM score ---

@test "capabilities: each set is its own; without sets for it nothing is inheritable or ambient" {
	config '.process.capabilities = {
		bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_FOWNER"], permitted: ["CAP_KILL", "CAP_CHOWN"],
		effective: ["CAP_KILL"], inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"]} | .process.user = {uid: 7, gid: 7}'
	inside 'grep ^Cap /proc/self/status | tr -d "\t"'
	# An ambient one is what the program keeps over exec; a user who is not root has no others.
	[ "${lines[0]}" = CapInh:0000000000000001 ]
	[ "${lines[1]}" = CapPrm:0000000000000001 ]
	[ "${lines[2]}" = CapEff:0000000000000001 ]
	[ "${lines[3]}" = CapBnd:0000000000000029 ]
	[ "${lines[4]}" = CapAmb:0000000000000001 ]
	config '.process.capabilities = {bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]} | .process.user = {uid: 0, gid: 0}'
	inside 'grep ^Cap /proc/self/status | tr -d "\t"'
	[ "${lines[0]}" = CapInh:0000000000000000 ]
	[ "${lines[4]}" = CapAmb:0000000000000000 ]
}

@test "capabilities: an unknown name is a warning, and left out" {
	config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_COFFEE"], permitted: ["CAP_COFFEE", "CAP_TEA"]}'
	inside 'grep ^CapBnd /proc/self/status | tr -d "\t"'
	[ "$output" = CapBnd:0000000000000020 ]
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == *'unknown capabilities are left out: CAP_COFFEE, CAP_TEA'* ]]
}

@test "noNewPrivileges" {
	config '.process.noNewPrivileges = true'
	inside 'grep ^NoNewPrivs /proc/self/status | tr -d "\t"'
	[ "$output" = NoNewPrivs:1 ]
	config '.process.noNewPrivileges = false'
	inside 'grep ^NoNewPrivs /proc/self/status | tr -d "\t"'
	[ "$output" = NoNewPrivs:0 ]
}

@test "oomScoreAdj: the value, and none of ours where none is given" {
	config '.process.oomScoreAdj = 123'
	inside 'cat /proc/self/oom_score_adj'
	[ "$output" = 123 ]
	config 'del(.process.oomScoreAdj)'
	inside 'cat /proc/self/oom_score_adj'
	[ "$output" = "$(cat /proc/self/oom_score_adj)" ]
	config '.process.oomScoreAdj = 1001'
	refused 'oomScoreAdj 1001 is out of range, -1000 to 1000'
}

# --- scheduler, I/O priority, processors ---

@test "scheduler: the ordinary policies and their nice values" {
	local policy number
	while read -r policy number; do
		config ".process.scheduler = {policy: \"$policy\", nice: 5}"
		inside "$(field 41); $(field 19)"
		[ "${lines[0]} ${lines[1]}" = "$number 5" ]
	done <<-END
		SCHED_OTHER 0
		SCHED_BATCH 3
	END
	config '.process.scheduler = {policy: "SCHED_IDLE"}'
	inside "$(field 41)"
	[ "$output" = 5 ]
}

@test "scheduler: real time, with its priority and flags" {
	chrt --rr 1 true 2>/dev/null || skip "no real-time processes here"
	config '.process.scheduler = {policy: "SCHED_RR", priority: 7, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	# In no cgroup of its own: with CONFIG_RT_GROUP_SCHED a new one of v1 has no real-time share.
	runtime --cgroup-manager disabled create box </dev/null >output 2>&1
	pid=$(runtime state box | jq .pid)
	run -0 chrt --pid "$pid"
	[[ $output == *'SCHED_RR|SCHED_RESET_ON_FORK'* ]]
	[[ ${lines[1]} == *'priority: 7' ]]
	runtime delete --force box
}

@test "scheduler: a policy that Linux does not have says so" {
	config '.process.scheduler = {policy: "SCHED_ISO"}'
	refused 'set the scheduling policy SCHED_ISO: invalid argument'
	[[ $output == *'cause: Linux has the name, but not the policy'* ]]
	config '.process.scheduler = {policy: "SCHED_OTHER", priority: 1}'
	refused '/process/scheduler: "priority" is for SCHED_FIFO and SCHED_RR only'
	config '.process.scheduler = {nice: 1}'
	refused '/process/scheduler: "policy" is required, but missing'
	config '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_X"]}'
	refused '/process/scheduler/flags/0: unknown scheduling flag "SCHED_FLAG_X"'
}

@test "ioPriority: class and level" {
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	inside 'ionice -p $$'
	[ "$output" = 'best-effort: prio 6' ]
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	inside 'ionice -p $$'
	[[ $output == idle* ]]
	config '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 2}'
	inside 'ionice -p $$'
	[ "$output" = 'realtime: prio 2' ]
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}'
	refused '/process/ioPriority/priority: 8 is out of range, 0 to 7'
	config '.process.ioPriority = {class: "BE"}'
	refused '/process/ioPriority: unknown I/O priority class "BE"'
}

@test "scheduler and ioPriority hold for exec as well" {
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 3} | .process.scheduler = {policy: "SCHED_BATCH", nice: 3}'
	run_detached box
	run -0 runtime exec box sh -c "ionice -p \$\$; $(field 41); $(field 19)"
	[ "${lines[*]}" = 'best-effort: prio 3 3 3' ]
	echo '{"cwd": "/", "args": ["sh", "-c", "ionice -p $$"], "env": ["PATH=/bin"],
		"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 1}}' >process.json
	run -0 runtime exec --process process.json box
	[ "$output" = 'best-effort: prio 1' ]
}

@test "execCPUAffinity: exec runs on those processors, the container's own process does not" {
	[ "$(nproc)" -ge 2 ] || skip "one processor only"
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	run_detached box
	pid=$(runtime state box | jq .pid)
	[ "$(grep ^Cpus_allowed_list "/proc/$pid/status" | tr -d '[:alpha:]_:\t')" = "$(grep ^Cpus_allowed_list /proc/self/status | tr -d '[:alpha:]_:\t')" ]
	run -0 runtime exec box grep ^Cpus_allowed_list /proc/self/status
	[[ $output == *$'\t1' ]]
	echo '{"cwd": "/", "args": ["grep", "^Cpus_allowed_list", "/proc/self/status"], "env": ["PATH=/bin"],
		"execCPUAffinity": {"initial": "1"}}' >process.json
	run -0 runtime exec --process process.json box
	[[ $output != *$'\t1' ]] # what the container's cgroup has
	runtime delete --force box
	config '.process.execCPUAffinity = {initial: "1-0"}'
	refused '/process/execCPUAffinity/initial: "1-0" is no list of processors: the range 1-0 runs backwards'
}

@test "execCPUAffinity: processors that are not there are an error of exec" {
	config '.process.execCPUAffinity = {final: "8000"}'
	run_detached box
	run -255 runtime exec box true
	[[ $output == *'bind the process to the processors of "execCPUAffinity": invalid argument'* ]]
}

# --- what exec has from the container ---

@test "a process of --process that says nothing of capabilities and limits has the container's" {
	config '.process.capabilities = {bounding: ["CAP_KILL"]} | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 90, hard: 91}] |
		.process.oomScoreAdj = 77'
	run_detached box
	echo '{"cwd": "/", "args": ["sh", "-c", "grep ^CapBnd /proc/self/status; ulimit -n; cat /proc/self/oom_score_adj"], "env": ["PATH=/bin"]}' >process.json
	run -0 runtime exec --process process.json box
	[ "${lines[0]}" = $'CapBnd:\t0000000000000020' ]
	[ "${lines[1]}" = 90 ]
	[ "${lines[2]}" = 77 ]
}

# --- terminal ---

@test "consoleSize is the size of the terminal, and means nothing without one" {
	config '.process.consoleSize = {width: 90, height: 33} | .process.terminal = true | .process.args = ["stty", "size"]'
	run -0 script --quiet --return --command "$COFFER_BIN/coffer-runtime --root $STATE run box" /dev/null </dev/null
	[[ $output == *'33 90'* ]]
	config '.process.terminal = false'
	inside 'echo ran'
	[ "$output" = ran ]
	config '.process.consoleSize = {width: 65536}'
	refused '/process/consoleSize/width: 65536 is out of range, 0 to 65535'
}

# --- security modules ---

@test "a profile or label of a security module that is not there is an error, in create and exec" {
	[ ! -e /sys/module/apparmor/parameters/enabled ] || skip "AppArmor is there"
	[ ! -e /sys/fs/selinux/status ] || skip "SELinux is there"
	config '.process.apparmorProfile = "box"'
	refused 'AppArmor is not enabled on this kernel; profile "box" would not be applied'
	config 'del(.process.apparmorProfile) | .process.selinuxLabel = "system_u:system_r:box_t:s0"'
	refused 'SELinux is not enabled on this kernel; label "system_u:system_r:box_t:s0" would not be applied'
	config 'del(.process.selinuxLabel) | .process.apparmorProfile = "unconfined"'
	run_detached box
	run -255 runtime exec --apparmor box box true
	[[ $output == *'AppArmor is not enabled on this kernel; profile "box" would not be applied'* ]]
	run -255 runtime exec --process-label box_t box true
	[[ $output == *'SELinux is not enabled on this kernel; label "box_t" would not be applied'* ]]
	run -0 runtime exec --apparmor unconfined box true
}

# --- args, env, cwd ---

@test "args, env and cwd that mean nothing are refused, for exec --process as well" {
	run_detached box
	local line words
	while IFS=$'\t' read -r line words; do
		jq ".process | $line" config.json >process.json
		run -255 runtime exec --process process.json box
		[[ $output == *"process.json:"*"$words"* ]]
	done <<-END
		.args = []	"args" must name a program
		.cwd = "tmp"	/cwd: cwd must be an absolute path
		.env = ["A"]	/env: environment variable "A" is not of the form NAME=value
		.oomScoreAdj = 5000	oomScoreAdj 5000 is out of range
	END
}
