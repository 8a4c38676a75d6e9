#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Flags of run and create: each one's effect, seen from inside or in the cgroup; and what is refused.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# refused TEXT FLAG...: create fails with TEXT, and leaves nothing
refused() {
	run -125 coffer create --network none "${@:2}" box:1 true
	[[ $output == *"$1"* ]]
	[ -z "$(coffer ps -aq)" ]
}

flags() {
	coffer run --rm --network none "$@"
}

# --- Processes ------------------------------------------------------------------------------------------------------

@test "--init: a first process that reaps, and the program is its child" {
	[ "$(flags --init box:1 sh -c 'cat /proc/1/comm; echo $PPID' | xargs)" = 'coffer-init 1' ]
	run -9 flags --init box:1 sh -c 'exit 9'
}

@test "--group-add: by name and by number" {
	[ "$(flags -u user --group-add extra --group-add 4711 box:1 id -G)" = '1000 2000 4711' ]
	refused 'no such group "nosuch"' --group-add nosuch
}

@test "--oom-score-adj" {
	[ "$(flags --oom-score-adj 300 box:1 cat /proc/self/oom_score_adj)" = 300 ]
	refused 'range for oom score adj is [-1000, 1000]' --oom-score-adj 1001
}

@test "--stop-timeout is what stop waits" {
	coffer run -d --network none --name deaf --stop-timeout 0 box:1 sleep 1000
	run -0 --separate-stderr coffer stop deaf
	[ -z "${stderr:-}" ]
	coffer rm deaf
	refused 'invalid argument "-2" for "--stop-timeout" flag' --stop-timeout -2
}

@test "--label-file: before --label, which counts more" {
	printf '# comment\na=file\nb=file\nempty\n' >"$BATS_TEST_TMPDIR/labels"
	coffer create --network none --name labelled --label-file "$BATS_TEST_TMPDIR/labels" -l b=flag box:1 true
	[ "$(coffer inspect labelled | jq -c '.[0].Config.Labels')" = '{"a":"file","b":"flag","empty":""}' ]
	coffer rm labelled
	refused 'no such file' --label-file /nosuch
}

@test "--umask is that of exec as well, whoever runs it" {
	coffer run -d --network none --name masked --umask 0077 box:1 sleep 1000 >/dev/null
	[ "$(coffer exec masked sh -c umask)" = 0077 ]
	[ "$(coffer exec -u user masked sh -c umask)" = 0077 ]
	coffer rm -f masked
}

@test "--umask; --unsetenv, --unsetenv-all, --env-host, --http-proxy" {
	[ "$(flags --umask 0077 box:1 sh -c umask)" = 0077 ]
	tar -C "$BATS_FILE_TMPDIR/rootfs" -c . | coffer import --change 'ENV A=1 B=2' - box:env >/dev/null
	[ "$(flags --unsetenv A box:env sh -c 'echo $A-$B')" = -2 ]
	[ "$(flags --unsetenv-all -e C=3 box:env sh -c 'echo $A-$B-$C')" = --3 ]
	[ "$(OURS=host B=host flags --env-host -e B=flag box:env sh -c 'echo $OURS-$A-$B')" = host-1-flag ]
	[ "$(http_proxy=p OURS=host flags --http-proxy box:1 sh -c 'echo $http_proxy-$OURS')" = p- ]
	coffer rmi box:env >/dev/null
}

@test "--tz: a zone's rules, which the program finds" {
	[ -f /usr/share/zoneinfo/Asia/Tokyo ] || skip "no time zones here (tzdata)"
	cmp <(flags --tz Asia/Tokyo box:1 cat /etc/localtime) /usr/share/zoneinfo/Asia/Tokyo
	cmp <(flags --tz local box:1 cat /etc/localtime) /etc/localtime
}

@test "--annotation and --device-cgroup-rule: in config.json, in inspect, in effect" {
	id=$(coffer run -d --network none --name noted --annotation org.example.a=b --device-cgroup-rule 'c 99:7 r' box:1 \
		sleep 1000)
	[ "$(jq -r '.annotations["org.example.a"]' "$COFFER_TEST_ROOT/run/containers/$id/config.json")" = b ]
	[ "$(coffer inspect -f '{{json .HostConfig.Annotations}} {{json .HostConfig.DeviceCgroupRules}}' noted)" = \
		'{"org.example.a":"b"} ["c 99:7 r"]' ]
	# There is no driver for either: who may ask hears that.
	run coffer exec noted sh -c 'mknod /seven c 99 7; exec 3</seven'
	[[ $output == *'No such device'* ]]
	run coffer exec noted sh -c 'mknod /eight c 99 8; exec 3</eight'
	[[ $output == *'Operation not permitted'* ]]
	coffer rm -f noted
}

@test "--pidfile: the first process, at every start" {
	cd "$BATS_TEST_TMPDIR"
	coffer run -d --network none --name pid --pidfile pid.txt box:1 sleep 1000 >/dev/null
	[ "$(<pid.txt)" = "$(coffer inspect -f '{{.State.Pid}}' pid)" ]
	(cd / && coffer restart -t 0 pid >/dev/null)
	[ "$(<pid.txt)" = "$(coffer inspect -f '{{.State.Pid}}' pid)" ]
	coffer rm -f pid
	run -125 flags --pidfile /nosuch/pid box:1 true
	[[ $output == *"write the pid to '/nosuch/pid': no such file or directory"* ]]
}

@test "--replace: what has the name goes, and only that" {
	first=$(coffer create --network none --name replaced box:1 true)
	run -125 coffer create --network none --name "${first:0:12}" --replace --memory 1 box:1 true
	coffer inspect replaced >/dev/null
	coffer run -d --network none --name replaced --replace box:1 sleep 1000 >/dev/null
	flags --name replaced --replace box:1 true
	[ -z "$(coffer ps -aq)" ]
}

@test "--rmi: the image goes with its last container" {
	coffer tag box:1 box:2
	coffer run --rmi --network none box:2 true
	run -1 coffer image inspect box:2
	coffer image inspect box:1 >/dev/null
	run -125 coffer run -d --rmi box:1 true
	[[ $output == *'the --rmi and --detach options conflict'* ]]
}

@test "--attach: only these streams" {
	both='echo out; echo err >&2'
	[ "$(flags -a stdout box:1 sh -c "$both" 2>&1)" = out ]
	[ "$(flags -a stderr box:1 sh -c "$both" 2>&1)" = err ]
	[ "$(flags -a stdout -a stderr box:1 sh -c "$both" 2>&1 | sort | xargs)" = 'err out' ]
	[ "$(flags -i -a stdout box:1 echo out </dev/null)" = out ]
	id=$(echo in | coffer run -i -a stdin --network none --name quiet box:1 cat)
	[ "$id" = "$(coffer inspect -f '{{.Id}}' quiet)" ]
	[ "$(coffer logs quiet)" = in ]
	coffer rm quiet
	run -125 coffer run -d -a stdout box:1 true
	[[ $output == *'cannot specify both --attach and --detach'* ]]
}

# --- Sharing with the host ------------------------------------------------------------------------------------------

@test "--pid, --ipc, --uts, --cgroupns: the host's namespace, or one of its own" {
	for type in pid ipc uts cgroup; do
		flag=$type
		[ $type != cgroup ] || flag=cgroupns
		[ "$(flags --$flag host box:1 readlink /proc/self/ns/$type)" = "$(readlink /proc/self/ns/$type)" ]
		[ "$(flags --$flag private box:1 readlink /proc/self/ns/$type)" != "$(readlink /proc/self/ns/$type)" ]
		[ "$(flags box:1 readlink /proc/self/ns/$type)" != "$(readlink /proc/self/ns/$type)" ]
		refused 'mode: "nonsense"' --$flag nonsense
	done
	# Where it is on the host shows in the host's namespace only.
	[[ $(flags --cgroupns host box:1 cat /proc/self/cgroup) == *:/*coffer* ]]
	[[ $(flags box:1 cat /proc/self/cgroup) != *coffer* ]]
	flags --userns host box:1 true
	refused 'mode: "nonsense"' --userns nonsense
}

@test "--pid host sees the host's processes, and all of the container's end with its first" {
	[ "$(flags --pid host box:1 sh -c 'echo $$')" -gt 1 ]
	local seconds=4$BASHPID
	flags --pid host box:1 sh -c "sleep $seconds & exit 0"
	gone() { [ -z "$(pgrep -f "^sleep $seconds")" ]; }
	eventually gone
}

@test "--uts host: the host's name, which is not to be changed" {
	[ "$(flags --uts host box:1 hostname)" = "$(hostname)" ]
	refused 'conflicting options: hostname and the UTS mode' --uts host --hostname other
}

@test "--ipc host: its shared memory" {
	echo shared >"/dev/shm/coffer-test-$$"
	run flags --ipc host box:1 cat "/dev/shm/coffer-test-$$"
	rm "/dev/shm/coffer-test-$$"
	[ "$output" = shared ]
}

# --- Limits ---------------------------------------------------------------------------------------------------------

@test "CPU: sets of them, periods and quotas" {
	id=$(coffer run -d --network none --name cpu --cpuset-cpus 0 --cpuset-mems 0 --cpu-period 50000 --cpu-quota 25000 \
		box:1 sleep 1000)
	[ "$(coffer exec cpu awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)" = 0 ]
	if cgroup_v1_has cpu; then
		[ "$(cgroup_file "$id" cpu cpu.cfs_quota_us -)" = 25000 ]
		[ "$(cgroup_file "$id" cpu cpu.cfs_period_us -)" = 50000 ]
	else
		[ "$(cgroup_file "$id" - - cpu.max)" = '25000 50000' ]
	fi
	coffer rm -f cpu
	refused 'Nano CPUs and CPU Period cannot both be set' --cpus 1 --cpu-period 50000
	refused 'CPU cfs period can not be less than 1ms' --cpu-period 10
	refused 'CPU cfs quota can not be less than 1ms' --cpu-quota 10
}

@test "memory: reservation, swappiness, no killing" {
	id=$(coffer run -d --network none --name memory -m 64m --memory-reservation 32m box:1 sleep 1000)
	[ "$(cgroup_file "$id" memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	coffer rm -f memory
	refused 'can not be less than memory reservation limit' -m 32m --memory-reservation 64m
	refused 'valid memory swappiness range is 0-100' --memory-swappiness 101
	cgroup_v1_has memory || skip "swappiness and the OOM killer are cgroup v1's"
	id=$(coffer run -d --network none --name memory -m 64m --memory-swappiness 7 --oom-kill-disable box:1 sleep 1000)
	[ "$(cgroup_file "$id" memory memory.swappiness -)" = 7 ]
	grep -q 'oom_kill_disable 1' <<<"$(cgroup_file "$id" memory memory.oom_control -)"
	coffer rm -f memory
}

@test "what is asked for is kept for the next start" {
	coffer create --network none --name again --pid host --group-add 4711 --oom-score-adj 200 --cpuset-cpus 0 box:1 \
		sh -c 'id -G; cat /proc/self/oom_score_adj; readlink /proc/self/ns/pid; awk "/^Cpus_allowed_list/ {print \$2}" /proc/self/status'
	expected="0 4711 200 $(readlink /proc/self/ns/pid) 0"
	[ "$(coffer start -a again | xargs)" = "$expected" ]
	[ "$(coffer start -a again | xargs)" = "$expected" ]
	coffer rm again
}

@test "-t without -i needs no terminal of ours" {
	[[ $(flags -t box:1 tty </dev/null) == /dev/pts/* ]]
}
