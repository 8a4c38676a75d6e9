#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Why a container ended (State.Death), and what the flight recorder keeps of its run.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# death CONTAINER: "cause by confidence"
death() {
	coffer inspect "$1" | jq -r '.[0].State.Death | "\(.cause) \(.by) \(.confidence)"'
}

records_of() {
	echo "$COFFER_TEST_ROOT/root/records/$(coffer inspect "$1" | jq -r '.[0].Id')"
}

has_exited() {
	[ "$(coffer inspect "$1" | jq -r '.[0].State.Status')" = exited ]
}

@test "by itself" {
	coffer run --network none --name alone box:1 sh -c 'exit 3' || true
	[ "$(death alone)" = "exited itself proven" ]
	[ "$(coffer inspect alone | jq -r '.[0].State.Death.evidence[0]')" = "exit code 3" ]
	coffer rm alone
}

@test "killed by a command, and recorded who did it" {
	coffer run -d --network none --name target box:1 sleep 1000 >/dev/null
	coffer kill target
	eventually has_exited target
	[[ $(death target) = "killed coffer kill"*" proven" ]]
	[[ $(cat "$(records_of target)/signals") = *" SIGKILL coffer kill"* ]]
	coffer rm target
}

@test "by a signal from nobody knows where" {
	coffer run -d --network none --name murdered box:1 sleep 1000 >/dev/null
	kill -KILL "$(coffer inspect murdered | jq -r '.[0].State.Pid')"
	eventually has_exited murdered
	[ "$(death murdered)" = "signal unknown unknown" ]
	coffer rm murdered
}

# names_the_victim NAME EVIDENCE WORDS: where the kernel's log can be read
names_the_victim() {
	[ -r /dev/kmsg ] && [ "$(id -u)" -eq 0 ] || return 0
	dmesg 2>/dev/null | grep -q "oom-kill:.*$(coffer inspect -f '{{.Id}}' "$1")" || return 0
	[[ $(coffer inspect "$1" | jq -r ".[0].State.Death.evidence[$2]") = *"$3"*tail* ]]
	[[ $(cat "$(records_of "$1")/oom.log") = *"the kernel killed process "*" (tail)"* ]]
}

@test "out of memory at its own limit" {
	coffer run -d --network none --name hungry -m 32m box:1 sh -c 'exec tail -c 64m /dev/zero' >/dev/null
	eventually has_exited hungry
	[[ $(death hungry) = "oom its own limit "* ]] || { coffer inspect hungry | jq '.[0].State' && false; }
	[ "$(coffer inspect hungry | jq -r '.[0].State.OOMKilled')" = true ]
	[[ $(cat "$(records_of hungry)/oom.log") = *"out of memory"* ]]
	names_the_victim hungry 0 'in its cgroup: process '
	jq -es 'map(select(.Actor.Attributes.name == "hungry")) | any(.Action == "oom") and
		any(.Action == "die" and .Actor.Attributes.oomKilled == "true")' "$COFFER_TEST_ROOT/root/events/journal" >/dev/null
	coffer rm hungry
}

@test "a child that was killed for memory is not why it ended" {
	coffer run -d --network none --name survivor -m 32m box:1 sh -c '(exec tail -c 64m /dev/zero); exit 0' >/dev/null
	eventually has_exited survivor
	[ "$(death survivor)" = "exited itself proven" ]
	[ "$(coffer inspect survivor | jq -r '.[0].State.OOMKilled')" = true ]
	[[ $(coffer inspect survivor | jq -r '.[0].State.Death.evidence[1]') = *"which is not why it ended" ]]
	names_the_victim survivor 1 'earlier (the last: '
	coffer rm survivor
}

@test "a child that was killed for memory shows while the container runs" {
	coffer run -d --network none --name tough -m 32m box:1 sh -c '(exec tail -c 64m /dev/zero); exec sleep 1000' >/dev/null
	shows() { [ "$(coffer inspect -f '{{.State.Running}} {{.State.OOMKilled}}' tough)" = 'true true' ]; }
	eventually shows
	coffer restart -t 0 tough
	eventually shows
	coffer rm -f tough
}

@test "as a group: with --oom-group nobody of it survives" {
	grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || skip "needs cgroup v2's memory controller"
	coffer run -d --network none --name crowd -m 32m --oom-group box:1 \
		sh -c 'sleep 1000 & (exec tail -c 64m /dev/zero); exec sleep 1000' >/dev/null
	eventually has_exited crowd
	[[ $(death crowd) = "oom its own limit "* ]]
	[[ $(coffer inspect crowd | jq -r '.[0].State.Death.evidence[]') = \
		*'the whole container was killed as a group: its cgroup counts '[3-9]*' processes killed for memory'* ]]
	coffer rm crowd
}

@test "with its monitor" {
	coffer run -d --network none --name lost box:1 sleep 1000 >/dev/null
	kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/$(coffer inspect lost | jq -r '.[0].State.Pid')/status")"
	eventually has_exited lost
	[[ $(death lost) = "monitor-lost "* ]]
	coffer rm lost
}

@test "before it began" {
	run ! coffer start "$(coffer create --network none --name stillborn box:1 /no/such)"
	[ "$(death stillborn)" = "start-failed coffer proven" ]
	coffer rm stillborn
}

@test "counters from before the start and from the end, of every level" {
	coffer run --network none --name counted -m 64m box:1 true
	local records
	records=$(records_of counted)
	for file in start.json last.json; do
		jq -e '.host.vmstat.oom_kill >= 0 and .host.meminfo["MemAvailable:"] != null and (.levels | length) >= 2 and
			((.levels[0]["memory.max"] // .levels[0]["memory.limit_in_bytes"]) == 67108864)' "$records/$file" >/dev/null
	done
	jq -e '.status.death.cause == "exited" and .status.exitCode == 0' "$records/last.json" >/dev/null
	[ ! -e "$records/ring" ] || [ "$(stat -c %s "$records/ring")" -le 7680 ]
	[ "$(du -s "$records" | cut -f 1)" -le 64 ]
	coffer rm counted
	[ ! -e "$records" ]
	[ -e "$COFFER_TEST_ROOT/root/records/.removed/$(basename "$records")/last.json" ]
}

@test "records outlive the container, also with --rm" {
	run -5 coffer run --rm --network none --name gone box:1 sh -c 'exit 5'
	local kept=
	kept=$(grep -l '"name":"gone"' "$COFFER_TEST_ROOT"/root/records/.removed/*/container.json)
	jq -e '.image == "box:1" and .removedAt > .createdAt' "$kept" >/dev/null
	jq -e '.status.exitCode == 5 and .status.death.cause == "exited"' "$(dirname "$kept")/last.json" >/dev/null
	# What has never run leaves nothing.
	local id
	id=$(coffer create --network none box:1 true)
	coffer rm "$id"
	[ ! -e "$COFFER_TEST_ROOT/root/records/$id" ] && [ ! -e "$COFFER_TEST_ROOT/root/records/.removed/$id" ]
}

@test "inspect of one that was removed: it is not there, and what became of it; --removed shows it" {
	run -7 coffer run --rm --network none --name brief -m 64m box:1 sh -c 'exit 7'
	id=$(basename "$(dirname "$(grep -l '"name":"brief"' "$COFFER_TEST_ROOT"/root/records/.removed/*/container.json)")")
	run -1 coffer inspect --type container "${id:0:2}"
	[[ $output != *cause:* ]]
	for name in brief "$id" "${id:0:12}" /brief; do
		run -1 --separate-stderr coffer inspect "$name"
		[ "$output" = '[]' ]
		# shellcheck disable=SC2154 # by bats
		[[ $stderr == *"No such object: $name"*"cause: container \"brief\" (${id:0:12}) was removed "*", as --rm says; it had ended by itself, with exit code 7"* ]]
		[[ $stderr == *"hint:  coffer inspect --removed $name"* ]]
	done
	run -0 coffer inspect --removed -f '{{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Death.cause}} {{.HostConfig.Memory}} {{.Config.Cmd}}' brief
	[ "$output" = '7 false exited 67108864 [sh -c exit 7]' ]
	coffer container inspect --removed brief | jq -e '.[0].RemovedAt > .[0].State.FinishedAt' >/dev/null
	run -1 coffer container inspect --removed nosuch
	[[ $output == *'No such container: nosuch'* && $output != *cause:* ]]
	run -125 coffer inspect --removed --size brief
	[[ $output == *'--removed is about containers that are gone'* ]]
}

@test "of several that had a name the last one is meant; who killed it is told" {
	coffer run --network none --name twice box:1 true
	coffer rm twice
	coffer run -d --network none --name twice box:1 sleep 1000 >/dev/null
	coffer rm -f twice
	run -1 coffer container inspect twice
	[[ $output == *'No such container: twice'*'it had been killed by coffer rm -f, and its exit code was 137'* ]]
	# One that is there is not asked about.
	coffer create --network none --name twice box:1 true >/dev/null
	[ "$(coffer inspect -f '{{.State.Status}}' twice)" = created ]
	[ "$(coffer inspect --removed -f '{{.State.ExitCode}}' twice)" = 137 ]
	coffer rm twice
	# What has been damaged is passed over.
	echo '{' | tee "$COFFER_TEST_ROOT"/root/records/.removed/*/container.json >/dev/null
	run -1 --separate-stderr coffer inspect twice
	[[ $stderr != *cause:* ]]
}

@test "restarts tell of the last run only" {
	coffer run -d --network none --name again --restart on-failure:1 box:1 sh -c 'exit 2' >/dev/null
	eventually has_exited again
	[ "$(death again)" = "exited itself proven" ]
	jq -e '.restartCount == 1' "$(records_of again)/start.json" >/dev/null
	coffer rm again
}

failed_events() {
	coffer events --since 1h --until 0s --filter event="$1" --format '{{json .Actor.Attributes}}'
}

@test "what could not be started says where it failed, in inspect and as an event" {
	local id
	id=$(coffer create --network none --name unmade box:1 nosuch)
	run -1 coffer start -a "$id"
	coffer inspect unmade | jq -e '.[0].State | .Status == "created" and .ExitCode == 127 and .ErrorCode == "E-EXEC-NOTFOUND"
		and .ErrorStage == "exec" and .Death.cause == "start-failed" and .Death.evidence[0] == .Error' >/dev/null
	failed_events start-failed | jq -es '.[-1] | .name == "unmade" and .errorCode == "E-EXEC-NOTFOUND" and .errorStage == "exec"
		and (.error | test("nosuch"))' >/dev/null
	coffer rm unmade
	# One that has run before.
	mkdir "$BATS_TEST_TMPDIR/there"
	coffer run --network none --name ran -v "$BATS_TEST_TMPDIR/there:/there" box:1 true
	[ "$(coffer inspect -f '{{json .State}}' ran | jq -c '[.ErrorCode, .ErrorStage]')" = '[null,null]' ]
	rmdir "$BATS_TEST_TMPDIR/there"
	: >"$BATS_TEST_TMPDIR/there"
	run -1 coffer start ran
	coffer inspect ran | jq -e '.[0].State | .Status == "exited" and .ErrorStage == "create" and .Death.cause == "start-failed"' >/dev/null
	rm "$BATS_TEST_TMPDIR/there"
	mkdir "$BATS_TEST_TMPDIR/there"
	coffer start -a ran
	coffer inspect ran | jq -e '.[0].State | has("ErrorCode") == false and .Death.cause == "exited"' >/dev/null
	coffer rm ran
}

@test "a restart that fails is an event, too" {
	coffer run -d --network none --name late --restart always box:1 /bin/sh -c 'rm /bin/sh' >/dev/null
	eventually has_exited late
	coffer inspect late | jq -e '.[0].State | .ErrorCode == "E-EXEC-NOTFOUND" and .ErrorStage == "exec"
		and .Death.cause == "start-failed"' >/dev/null
	failed_events start-failed | jq -es '.[-1] | .name == "late" and .errorStage == "exec"' >/dev/null
	coffer rm late
}
