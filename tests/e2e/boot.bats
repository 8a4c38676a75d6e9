#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The machine starts and stops: which containers do with it. And containers as services of a service manager.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	coffer ps -aq | xargs -r "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" rm -f >/dev/null
}

# runs NAME [OPTION...]
runs() {
	local name=$1
	shift
	coffer run -d --network none --name "$name" "$@" box:1 sleep 1000 >/dev/null
}

field() {
	coffer inspect "$1" | jq -r ".[0]$2"
}

# Those of killed processes are empty in a moment.
remove_cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*/coffer/$1*" -exec rmdir {} + 2>/dev/null || true
}

# Power off without a word: nothing of what ran lives, and /run is empty.
power_off() {
	local id
	for id in $(coffer ps -q --no-trunc); do
		kill -9 "$(pgrep -f "coffer-monitor.*$id")" "$(field "$id" .State.Pid)"
		no_cgroup() { remove_cgroups "$id" && [ -z "$(find /sys/fs/cgroup -type d -path "*/coffer/$id*")" ]; }
		eventually no_cgroup
	done
	rm -rf "$COFFER_TEST_ROOT/run"
}

@test "after a power cut, boot starts what its policy says, the oldest first" {
	runs first --restart always
	runs second --restart unless-stopped
	runs ordinary
	runs stopped --restart unless-stopped
	runs stubborn --restart always
	coffer stop -t 0 stopped stubborn >/dev/null
	coffer create --network none --name never --restart always box:1 true >/dev/null
	power_off

	run -0 coffer system boot
	[ "$output" = $'first\nsecond\nstubborn' ]
	[ "$(field first .State.Status) $(field second .State.Status) $(field stubborn .State.Status)" = "running running running" ]
	[ "$(field stopped .State.Status)" = exited ]
	[ "$(field never .State.Status)" = created ]
	[[ "$(field ordinary .State.Status)" = @(exited|dead) ]]

	run -0 coffer system boot
	[ -z "$output" ]
}

@test "what the machine's end has ended, its next start starts" {
	runs web --restart unless-stopped
	runs by-hand --restart unless-stopped
	coffer stop -t 0 by-hand >/dev/null
	run -0 coffer system shutdown
	[[ $output == *web* && $output != *by-hand* ]]
	[ "$(field web .State.Status)" = exited ]
	run -0 coffer system boot
	[ "$output" = web ]
}

@test "one that cannot be started is reported, and the others are started" {
	mkdir "$BATS_TEST_TMPDIR/data"
	runs broken --restart always -v "$BATS_TEST_TMPDIR/data:/data"
	runs fine --restart always
	power_off
	rmdir "$BATS_TEST_TMPDIR/data"
	touch "$BATS_TEST_TMPDIR/data"
	run -1 --separate-stderr coffer system boot
	[ "$output" = fine ]
	# shellcheck disable=SC2154 # by bats
	[[ $stderr == *'cannot start container "broken"'* ]]
}

# Prints what a service manager would hear, until somebody has said that this was all, or for ever, and keeps the socket's barrier from waiting.
manager() {
	exec python3 - "$@" <<-'EOF'
		import os, socket, sys
		listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		listener.bind(sys.argv[1])
		while True:
		    data, fds, _, _ = socket.recv_fds(listener, 4096, 4)
		    for fd in fds:
		        os.close(fd)
		    print(data.decode().strip(), flush=True)
		    if data.startswith(b"BARRIER") and len(sys.argv) < 3:
		        break
	EOF
}

@test "a service manager hears that the container runs, and which process ends with it" {
	local socket=$BATS_TEST_TMPDIR/notify heard=$BATS_TEST_TMPDIR/heard manager pid
	manager "$socket" >"$heard" 3>&- &
	manager=$!
	listens() { [ -S "$socket" ]; }
	eventually listens
	NOTIFY_SOCKET=$socket runs served
	wait "$manager"
	grep -qx READY=1 "$heard"
	pid=$(sed -n 's/^MAINPID=//p' "$heard")
	[[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" == *"coffer-monitor served"* ]]
}

@test "--sdnotify: not before it is healthy, or never" {
	local socket=$BATS_TEST_TMPDIR/notify heard=$BATS_TEST_TMPDIR/heard manager
	manager "$socket" >"$heard" 3>&- &
	manager=$!
	listens() { [ -S "$socket" ]; }
	eventually listens
	NOTIFY_SOCKET=$socket coffer run -d --network none --name quiet --sdnotify ignore box:1 sleep 1000 >/dev/null
	NOTIFY_SOCKET=$socket coffer run -d --network none --name slow --sdnotify healthy --health-cmd 'test -e /ready' \
		--health-interval 50ms box:1 sleep 1000 >/dev/null 3>&- &
	probed() { [ "$(field slow '.State.Health.Log | length')" -gt 1 ] 2>/dev/null; }
	eventually probed
	[ ! -s "$heard" ]
	coffer exec slow touch /ready
	wait "$!"
	wait "$manager"
	grep -qx READY=1 "$heard"
	[ "$(field slow .State.Health.Status)" = healthy ]
	coffer rm -f quiet slow
	NOTIFY_SOCKET=$socket run -125 coffer run -d --network none --name early --sdnotify healthy --health-cmd true \
		--health-interval 1h box:1 true
	[[ $output == *'container "early" ended before it was healthy'* ]]
	coffer rm early
}

# Says WORDS, of which each is a message, to whoever NOTIFY_SOCKET names. With the host's python, at the same places.
says() {
	local name=$1 words=$2
	coffer run -d --network none --name "$name" --sdnotify container -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro \
		-u 1000 "${@:3}" box:1 /usr/bin/python3 -c "
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ['NOTIFY_SOCKET'])
for word in '$words'.split('/'):
    s.send(word.encode().replace(b'|', b'\n'))
print('said', flush=True)
time.sleep(1000)" >/dev/null
}

has_said() {
	[ "$(coffer logs "$1")" = said ]
}

@test "--sdnotify container: its program says when it is ready, and nothing else that it says is passed on" {
	local socket=$BATS_TEST_TMPDIR/notify heard=$BATS_TEST_TMPDIR/heard manager pid
	manager "$socket" forever >"$heard" 3>&- &
	manager=$!
	listens() { [ -S "$socket" ]; }
	eventually listens
	NOTIFY_SOCKET=$socket says mute 'STATUS=nearly/READY=0/READY=11/MAINPID=1/ERRNO=2'
	eventually has_said mute
	run ! grep -q '^READY' "$heard"
	pid=$(sed -n 's/^MAINPID=//p' "$heard")
	[[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" == *"coffer-monitor mute"* ]]
	coffer rm -f mute
	NOTIFY_SOCKET=$socket says able 'STATUS=nearly|READY=1|MAINPID=1'
	ready() { grep -qx READY=1 "$heard"; }
	eventually ready
	run ! grep -qE 'MAINPID=1$|STATUS' "$heard"
	kill "$manager"
	wait "$manager" || true
}

@test "--sdnotify container: without a manager nobody hears it, and nobody waits; every run can say it" {
	says alone 'READY=1/READY=1'
	eventually has_said alone
	coffer restart -t 0 alone
	twice() { [ "$(coffer logs alone | grep -c said)" = 2 ]; }
	eventually twice
	[ "$(coffer exec alone ls /run/notify)" = notify.sock ]
}

@test "a manager that is not there is a warning" {
	NOTIFY_SOCKET=/nonexistent/socket run -0 --separate-stderr runs lonely
	[[ $stderr == *"tell the service manager"*"NOTIFY_SOCKET=/nonexistent/socket"* ]]
	[ "$(field lonely .State.Status)" = running ]
}

@test "generate systemd: a unit for a container that is there" {
	coffer create --network none --name web box:1 true >/dev/null
	run -0 coffer generate systemd --restart-policy always --after db.service web
	[[ $output == "# container-web.service"* ]]
	[[ $output == *$'\nExecStart=/usr/bin/coffer --root '"$COFFER_TEST_ROOT/root --runroot $COFFER_TEST_ROOT/run start web"$'\n'* ]]
	[[ $output == *$'\nRestart=always\n'* && $output == *$'\nAfter=db.service\n'* ]]
	cd "$BATS_TEST_TMPDIR"
	run -0 coffer generate systemd --files web
	[ "$output" = container-web.service ]
	if [ -x "$(command -v systemd-analyze)" ]; then
		sed -i 's,=\(-*\)/usr/bin/coffer ,=\1/bin/true ,' container-web.service
		systemd-analyze verify --man=no ./container-web.service
	fi
	run -125 coffer generate systemd --restart-policy sometimes web
	[[ $output == *'"sometimes" is not a word of systemd'* ]]
	run -125 coffer generate systemd --new web
	[[ $output == *Quadlet* ]]
}

@test "the units that ship name commands that there are" {
	local unit units name
	units=$(find "$COFFER_BIN/../.." -path '*/systemd/coffer*.service')
	[ -n "$units" ] || skip "no unit in this build"
	cp "$BATS_TEST_DIRNAME/../../systemd/coffer-prune.timer" "$BATS_TEST_TMPDIR"
	for unit in $units; do
		sed -n 's/^Exec[A-Za-z]*=[^ ]*\/coffer //p' "$unit" >"$BATS_TEST_TMPDIR/commands"
		[ -s "$BATS_TEST_TMPDIR/commands" ]
		while read -r -a words; do
			coffer "${words[@]}" --help >/dev/null
		done <"$BATS_TEST_TMPDIR/commands"
		name=$(basename "$unit")
		sed 's,=/usr/bin/coffer,=/bin/true,' "$unit" >"$BATS_TEST_TMPDIR/$name"
	done
	if [ -x "$(command -v systemd-analyze)" ]; then
		systemd-analyze verify --man=no "$BATS_TEST_TMPDIR"/coffer*.service "$BATS_TEST_TMPDIR/coffer-prune.timer"
	fi
}
