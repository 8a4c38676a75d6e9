#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers whose first process is systemd: --systemd, and what they get without being asked for it.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/systemd-image

setup_file() {
	coffer_file_setup
	systemd_image_find "$BATS_FILE_TMPDIR/systemd" || skip "needs the packages systemd, systemd-sysv and dbus"
	coffer import --change 'CMD ["/sbin/init"]' "$BATS_FILE_TMPDIR/systemd.tar" systemd:1 >/dev/null
	rm -r "$BATS_FILE_TMPDIR/systemd.tar" "$BATS_FILE_TMPDIR/systemd"
	# Is there a hierarchy of cgroups here that systemd can have? Or, on v2, may it divide its own?
	[ -d /sys/fs/cgroup/systemd ] || [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] ||
		skip "needs cgroup v2, or v1's hierarchy that is named systemd"
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	coffer rm -f booted >/dev/null 2>&1 || true
}

boot() {
	coffer run -d --name booted --network none "$@" systemd:1 >id
}

# state UNIT
state() {
	coffer exec booted systemctl is-active "$1"
}

is_up() {
	[ "$(coffer exec booted systemctl is-system-running 2>/dev/null)" = running ]
}

is_up_again() {
	is_up && [ "$(coffer exec booted systemctl show --value -p NRestarts dbus.service)" = 0 ]
}

@test "systemd comes up without any privilege, has its units in cgroups, and stops when it is told to" {
	boot -m 128m --pids-limit 200
	eventually is_up || { coffer exec booted systemctl list-units --failed; coffer exec booted journalctl -n 50; return 1; }
	[ "$(state multi-user.target)" = active ]
	[ "$(state systemd-journald.service)" = active ]
	[ "$(state dbus.service)" = active ]
	[[ $(coffer exec booted cat /proc/1/cgroup) == *:/init.scope* ]]
	[ "$(coffer exec booted systemctl show --value -p ControlGroup dbus.service)" = /system.slice/dbus.service ]
	[[ $(coffer exec booted journalctl --no-pager) == *'Started dbus.service'* ]]
	# its limits are what they were, and not its own to change
	run ! coffer exec booted sh -c 'echo 400 >/sys/fs/cgroup/pids.max || echo 400 >/sys/fs/cgroup/pids/pids.max'
	[ "$(cgroup_file "$(<id)" pids pids.max pids.max)" = 200 ]
	coffer stats --no-stream --format '{{.PIDs}}' booted | grep -qE '^[0-9]+$'
	coffer stop --time 60 booted
	[ "$(coffer inspect --format '{{.State.Status}} {{.State.ExitCode}}' booted)" = 'exited 0' ]
	coffer start booted
	eventually is_up_again
}

@test "it knows where it is and who it is, and has its places in memory" {
	boot -e MARK=mine -v "$PWD:/run/brought"
	eventually is_up
	[ "$(coffer exec booted systemd-detect-virt --container)" = container-other ]
	[ "$(coffer exec booted cat /run/systemd/container)" = coffer ]
	[ "$(coffer exec booted cat /etc/machine-id)" = "$(cut -c 1-32 id)" ]
	[ "$(coffer inspect --format '{{.Config.StopSignal}}' booted)" = SIGRTMIN+3 ]
	# shellcheck disable=SC2016
	[ "$(coffer exec booted sh -c 'stat -f -c %T /run /run/lock /tmp | uniq; stat -c %a /run /tmp' | xargs)" = 'tmpfs 755 1777' ]
	coffer exec booted test -e /run/brought/id
}

@test "on a terminal it says what it does" {
	boot -t
	says_so() { [[ $(coffer logs booted) == *'Multi-User System'* ]]; }
	eventually says_so
}

@test "who says so has none of it, or all of it with any command" {
	local look='echo $container; stat -f -c %T /run; grep -c " /run/lock " /proc/self/mounts'
	[ "$(coffer run --rm --network none --systemd always box:1 sh -c "$look" | xargs)" = 'coffer tmpfs 1' ]
	[ "$(coffer run --rm --network none box:1 sh -c "$look" 2>&1 | grep -c tmpfs)" = 0 ]
	[ "$(coffer run --rm --network none --entrypoint /bin/sh --systemd=true systemd:1 -c "$look" | head -n 1)" = '' ]
	coffer create --name booted --systemd=false systemd:1 >/dev/null
	[ "$(coffer inspect --format '{{.Config.StopSignal}}' booted)" = SIGTERM ]
	coffer rm booted >/dev/null
	# what the person says, wins
	coffer create --name booted --stop-signal INT systemd:1 >/dev/null
	[ "$(coffer inspect --format '{{.Config.StopSignal}}' booted)" = SIGINT ]
	# shellcheck disable=SC2016
	run -1 coffer run --rm --network none --systemd always -e container=mine -v "$PWD:/tmp:ro" box:1 sh -c 'echo $container; touch /tmp/x'
	[[ $output == mine*'Read-only file system'* ]]
}

@test "other words are refused, and so is a cgroup that would have no bounds" {
	run -125 coffer run --rm --systemd perhaps box:1 true
	[[ $output == *'it is true, false or always'* ]]
	run -125 coffer run --rm --network none --systemd always --cgroupns host box:1 true
	[[ $output == *'--systemd always: the container finds no control group that it may divide'* ]]
	run -0 coffer create --name booted --network none --cgroupns host systemd:1
	[[ $output == *'systemd in the container finds no control group that it may divide: '* ]]
}
