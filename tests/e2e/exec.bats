#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# exec: another program in a container that runs; whose it is, how it ends, and that it does not outlive who asked for it.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name host -e FROM=container -m 64m box:1 sleep 1000 >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

# Processes of the container whose command line begins with ARG..., in the host's numbers.
pids_of() {
	local id
	id=$(coffer inspect host | jq -r '.[0].Id')
	pgrep -f "^$*" | while read -r pid; do
		! grep -q "$id" "/proc/$pid/cgroup" || echo "$pid"
	done
}

is_running() {
	[ -n "$(pids_of "$@")" ]
}

is_gone() {
	! is_running "$@"
}

on_terminal() {
	python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" "$@" -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" "${command[@]}"
}

# --- What it is -----------------------------------------------------------------------------------------------------

@test "the program's streams and exit status are its own" {
	run -7 --separate-stderr coffer exec host sh -c 'echo out; echo err >&2; exit 7'
	[ "$output" = out ]
	[ "${stderr:-}" = err ]
	run -137 coffer exec host sh -c 'kill -KILL $$'
}

@test "126 and 127: what cannot be executed, and what is not there" {
	run -127 coffer exec host nosuch
	[[ $output == *'executable file not found in $PATH'*E-EXEC-NOTFOUND*'stage exec'* ]]
	run -126 coffer exec host /etc/passwd
	[[ $output == *'permission denied'*E-EXEC-PERM* ]]
	run -126 coffer exec host /tmp
	[[ $output == *E-EXEC-DIR* ]]
	run -127 coffer exec -d host nosuch
}

@test "125: no such container, one that does not run, a directory that is not there" {
	run -1 coffer exec nosuch true
	[[ $output == *'No such container: nosuch'* ]]
	coffer create --network none --name idle box:1 true
	run -1 coffer exec idle true
	[[ $output == *'is not running'*E-STATE* ]]
	coffer rm idle
	run -126 coffer exec -w /nosuch host true
	[[ $output == *'/nosuch: no such file or directory'*E-WORKDIR* ]]
	run -126 coffer exec -w tmp host true
	[[ $output == *'not an absolute path'*'-w /tmp'* ]]
	run -126 coffer exec -u nobody-here host true
	[[ $output == *'no such user "nobody-here"'*E-USER* ]]
	run -125 coffer exec host
	[[ $output == *'requires at least 2 arguments'* ]]
}

@test "it has the namespaces, cgroup, filter and capabilities of the container's first process" {
	first=$(coffer inspect host | jq '.[0].State.Pid')
	coffer exec -d host sleep 98
	pid=$(pids_of sleep 98)
	for ns in cgroup ipc mnt net pid uts; do
		[ "$(readlink "/proc/$pid/ns/$ns")" = "$(readlink "/proc/$first/ns/$ns")" ]
	done
	cmp "/proc/$pid/cgroup" "/proc/$first/cgroup"
	for field in Seccomp Seccomp_filters CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Groups; do
		diff <(grep "^$field:" "/proc/$pid/status") <(grep "^$field:" "/proc/$first/status")
	done
	kill -KILL "$pid"
}

@test "--privileged gives all capabilities, and only to this program" {
	full=$(inside awk '/^CapBnd/ {print $2}' /proc/self/status)
	[ "$(coffer exec --privileged host awk '/^CapEff/ {print $2}' /proc/self/status)" = "$full" ]
	[ "$(coffer exec host awk '/^CapEff/ {print $2}' /proc/self/status)" = 00000000a80425fb ]
}

@test "user, groups and home are those of the image's files" {
	[ "$(coffer exec -u user host sh -c 'id -u; id -G; echo $HOME' | xargs)" = '1000 1000 2000 /home/user' ]
	[ "$(coffer exec -u 1000:7 host sh -c 'id -u; id -G' | xargs)" = '1000 7' ]
	[ "$(coffer exec -u 4242 host sh -c 'id -u; id -g; echo $HOME' | xargs)" = '4242 0 /' ]
}

@test "the environment: the container's, files, flags; a name alone is taken from ours" {
	printf 'FILE=1\nBOTH=file\n' >"$BATS_TEST_TMPDIR/env"
	run -0 env OURS=mine "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		exec -e BOTH=flag --env-file "$BATS_TEST_TMPDIR/env" -e OURS -e EMPTY= host env
	for line in FROM=container FILE=1 BOTH=flag OURS=mine EMPTY= HOME=/root; do
		[[ $'\n'$output$'\n' == *$'\n'$line$'\n'* ]]
	done
	[[ $output != *TERM=* ]]
	run -125 coffer exec -e =x host true
}

@test "a request larger than a packet" {
	big=$(head -c 100000 /dev/zero | tr '\0' x)
	[ "$(coffer exec -e "BIG=$big" host sh -c 'printf %s "$BIG" | wc -c')" = 100000 ]
}

@test "-w: where it begins" {
	[ "$(coffer exec -w /tmp host pwd)" = /tmp ]
}

@test "-i: input arrives whole, and its end, too; without it there is none" {
	[ "$(head -c 5000000 /dev/zero | coffer exec -i host wc -c)" = 5000000 ]
	[ -z "$(echo lost | coffer exec host cat)" ]
}

@test "-d: nobody waits for it, and its output is lost" {
	run -0 coffer exec -d host sh -c 'echo out; exec sleep 97'
	[ -z "$output" ]
	is_running sleep 97
	kill -KILL "$(pids_of sleep 97)"
	eventually is_gone sleep 97
}

@test "many at once" {
	for i in {1..20}; do
		[ "$(coffer exec host echo "$i")" = "$i" ] || echo bad >"$BATS_TEST_TMPDIR/bad" &
	done
	wait
	[ ! -e "$BATS_TEST_TMPDIR/bad" ]
}

# --- Terminals ------------------------------------------------------------------------------------------------------

@test "-t: a terminal; with -i only if ours is one" {
	[[ $(coffer exec -t host tty </dev/null) == /dev/pts/* ]]
	run -1 coffer exec -it host true </dev/null
	[[ $output == *'the input device is not a TTY'*E-TTY* ]]
}

@test "-it: size, changes of it, TERM, exit status" {
	command=(exec -it host sh)
	run -0 on_terminal 'expect:#' 'send:stty size; echo $TERM\r' 'expect:31 97' 'expect:xterm' resize:40x90 \
		'send:stty size\r' 'expect:40 90' 'send:exit 5\r' wait modes
	[[ $output == *'[exit 5]'*'[cooked]'* ]]
}

@test "keys to detach leave the program running" {
	command=(exec -it --detach-keys 'ctrl-x,x' host sh -c 'echo ready; exec sleep 96')
	run -0 on_terminal expect:ready 'send:\x18x' wait
	[[ $output == *'[exit 0]'* ]]
	is_running sleep 96
	[ "$(coffer events --until 0s -f container=host -f event=exec_detach --format '{{.Actor.Attributes.name}}')" = host ]
	kill -KILL "$(pids_of sleep 96)"
	eventually is_gone sleep 96
}

# --- Ends -----------------------------------------------------------------------------------------------------------

@test "SIGKILL of the client kills the program and its process group" {
	coffer_exec exec host sh -c 'sleep 95 & sleep 94; true' &
	client=$!
	eventually is_running sleep 94
	kill -KILL "$client"
	eventually is_gone sleep 94
	eventually is_gone sleep 95
}

@test "... also one that has sent input which nobody reads" {
	yes | coffer_exec exec -i host sleep 93 &
	eventually is_running sleep 93
	kill -KILL "$(pgrep -f "^$COFFER_BIN/coffer .*exec -i host sleep 93")"
	eventually is_gone sleep 93
}

@test "a reader that leaves ends the program" {
	[ "$(coffer exec host yes | head -n 1)" = y ]
	eventually is_gone yes
}

@test "SIGKILL of the process that watches over the program kills it" {
	coffer_exec exec host sleep 92 2>"$BATS_TEST_TMPDIR/err" &
	client=$!
	eventually is_running sleep 92
	kill -KILL "$(awk '/^PPid/ {print $2}' "/proc/$(pids_of sleep 92)/status")"
	eventually is_gone sleep 92
	ends_with 125 "$client"
	grep -q 'lost the program' "$BATS_TEST_TMPDIR/err"
}

@test "the container ends: its programs end with it, a stopped client does not hold it up" {
	coffer run -d --network none --name ends box:1 sleep 1000
	coffer_exec exec ends sleep 91 &
	client=$!
	coffer exec -d ends sleep 90
	client_waits() { [ -n "$(pgrep -f '^sleep 91')" ]; }
	eventually client_waits
	kill -STOP "$client"
	coffer rm -f ends
	kill -CONT "$client"
	ends_with 137 "$client"
}

@test "an image without the program's interpreter says so" {
	coffer exec host sh -c 'printf "#!/no/such\n" >/tmp/script; chmod +x /tmp/script'
	run -127 coffer exec host /tmp/script
	[[ $output == *E-EXEC-INTERP* ]]
}
