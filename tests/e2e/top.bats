#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# top: a container's processes, as the host's ps shows them.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name busy box:1 sh -c 'sleep 4711 & exec sleep 4712' >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	command -v ps >/dev/null || skip "there is no ps(1)"
	both() { [ "$(coffer top busy | grep -c 'sleep 471[12]')" = 2 ]; }
	eventually both
}

@test "its processes and nobody else's, with ps's own columns" {
	run -0 coffer top busy
	[[ ${lines[0]} =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD$ ]]
	[ "${#lines[@]}" = 3 ]
	pid=$(coffer inspect busy | jq '.[0].State.Pid')
	[[ $output == *" $pid "*'sleep 4712'* ]]
}

@test "options are ps's; without a column PID nobody knows whose the lines are" {
	pid=$(coffer inspect busy | jq '.[0].State.Pid')
	[ "$(coffer top busy -eo pid,args | awk -v pid="$pid" '$1 == pid {print $2, $3}')" = 'sleep 4712' ]
	run -1 coffer top busy -eo args
	[[ $output == *'there is no column PID'* ]]
	run -1 coffer top busy --no-such-option
	[[ $output == *'ps failed with exit status'* ]]
	run -1 coffer top busy -o bogus
	[[ ${lines[0]} == *'ps failed with exit status '*': '*'bogus'* ]]
	[[ $output != *'\n'* && $output != *Usage* ]]
}

@test "one that is paused, one that does not run, and none" {
	coffer pause busy
	[ "$(coffer top busy | wc -l)" = 3 ]
	coffer unpause busy
	coffer create --network none --name idle box:1 true
	run -1 coffer top idle
	[[ $output == *'cannot list the processes of container "idle": '*'is not running'* ]]
	coffer rm idle
	run -1 coffer top nosuch
}

@test "columns of its own: as the container sees them, beside the host" {
	coffer run -d --network none --name mapped --uidmap 0:100000:65536 -u user box:1 sh -c 'sleep 4713 & exec sleep 4714' >/dev/null
	both() { [ "$(coffer top mapped pid args | grep -c 'sleep 471[34]')" = 2 ]; }
	eventually both
	pid=$(coffer inspect -f '{{.State.Pid}}' mapped)
	run -0 coffer top mapped pid hpid ppid pgid user huser ruser group hgroup groups hgroups comm state nice seccomp args
	[ "$(tr -s ' ' <<<"${lines[0]}")" = \
		'PID HPID PPID PGID USER HUSER RUSER GROUP HGROUP GROUPS HGROUPS COMMAND STATE NI SECCOMP COMMAND' ]
	[ "$(tr -s ' ' <<<"${lines[1]}")" = \
		"1 $pid 0 1 user 101000 user user 101000 user,extra 101000,102000 sleep S 0 filter sleep 4714" ]
	[[ $(coffer top mapped pid ppid args | tr -s ' ') == *' 1 sleep 4713'* ]]
	[ "$(coffer top mapped -o user,huser | sed -n 2p | tr -s ' ')" = 'user 101000' ]
	[ "$(coffer top mapped -ohpid,huser | sed -n 2p | tr -s ' ')" = "$pid 101000" ]
	[ "$(coffer top busy user huser | sed -n 2p | tr -s ' ')" = 'root root' ]
	coffer rm -f mapped
}

@test "in a namespace within the container's, numbers are those of the container's" {
	coffer run -d --network none --name deep --cap-add sys_admin --security-opt seccomp=unconfined box:1 \
		sh -c 'unshare -pf sleep 4715; exec sleep 4716' >/dev/null
	inner() { coffer top deep pid args | grep -q 'sleep 4715'; }
	eventually inner
	read -r pid hpid ppid <<<"$(coffer top deep pid hpid ppid args | grep '[0-9] *sleep 4715')"
	[ "$(sed -nE 's/^NSpid:\t([0-9]+)\t([0-9]+)\t([0-9]+)$/\1 \2 \3/p' "/proc/$hpid/status")" = "$hpid $pid 1" ]
	read -r parent _ <<<"$(coffer top deep pid args | grep '[0-9] *unshare')"
	[ "${ppid%% *}" = "$parent" ]
	coffer rm -f deep
}

@test "columns that are none, and options of ps without a dash" {
	run -1 coffer top busy pid bogus
	[[ $output == *'"bogus" is no column of processes'*'there are: args comm group '* ]]
	run -1 coffer top busy -o huser,pcpu
	[[ $output == *'"pcpu" is no column of processes'* ]]
	[[ $(coffer top busy aux) == USER*PID*'sleep 4712'* ]]
	run -0 coffer top busy -o pid,user
	[[ ${lines[0]} =~ ^PID\ +USER$ ]]
}

@test "ps --ns: namespaces by their numbers" {
	pid=$(coffer inspect -f '{{.State.Pid}}' busy)
	run -0 coffer ps --ns
	[ "$(tr -s ' ' <<<"${lines[0]}")" = 'CONTAINER ID NAMES PID CGROUPNS IPC MNT NET PIDNS USERNS UTS' ]
	[ "$(coffer ps --format '{{.Names}} {{.Pid}} user:[{{.USERNS}}] net:[{{.NET}}]' --filter name=busy)" = \
		"busy $pid $(readlink "/proc/$pid/ns/user") $(readlink "/proc/$pid/ns/net")" ]
	coffer create --network none --name idle box:1 true >/dev/null
	[ "$(coffer ps -a --format '{{.Pid}}-{{.USERNS}}' --filter name=idle)" = 0- ]
	[ "$(coffer ps --format json --filter name=busy | jq 'has("USERNS")')" = false ]
	coffer rm idle >/dev/null
}
