#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Under a service manager: its sockets (LISTEN_FDS), its wish to hear of readiness (NOTIFY_SOCKET), and descriptors that a
# caller wants to be kept. The manager is a socket of the test's own.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
}

teardown() {
	verbs_teardown
}

# --- descriptors ---

# As a service manager starts its services: runtime ARGUMENT..., with two sockets and a third descriptor.
activated() {
	(
		exec 3<"$BATS_TEST_TMPDIR/three" 4<"$BATS_TEST_TMPDIR/four" 5<"$BATS_TEST_TMPDIR/five" || exit
		export STATE LISTEN_FDS=2
		# shellcheck disable=SC2016
		exec bash -c 'export LISTEN_PID=${1:-$$}; shift; exec "$COFFER_BIN/coffer-runtime" --root "$STATE" "$@"' bash "$@"
	)
}

make_descriptors() {
	local name
	for name in three four five; do
		echo "$name" >"$BATS_TEST_TMPDIR/$name"
	done
}

@test "sockets of a service manager go to the program, and what is preserved comes behind them" {
	make_descriptors
	config '.process.args = ["sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4; cat <&5"] |
		.process.env += ["LISTEN_FDS=9"]'
	run -0 activated '' run --preserve-fds 1 box
	[ "$output" = $'2 1\nthree\nfour\nfive' ]
	run activated '' run box
	[[ $output == $'2 1\nthree\nfour\n'*'5: Bad file descriptor'* ]]
	config '.process.args = ["sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4; sleep 1000"]'
	activated '' create box </dev/null >output 2>&1
	runtime start box
	until_true has_lines output 3
	[ "$(cat output)" = $'2 1\nthree\nfour' ]
}

@test "sockets that are meant for another process are not handed down" {
	make_descriptors
	config '.process.args = ["sh", "-c", "echo \"<$LISTEN_FDS$LISTEN_PID>\"; cat <&3; echo $?; cat <&4"]'
	run activated 1 run --preserve-fds 1 box
	[[ $output == $'<>\nthree\n0\n'*'4: Bad file descriptor'* ]]
}

@test "sockets and descriptors that are not there are an error" {
	config '.process.args = ["true"]'
	# shellcheck disable=SC2016
	local manager='export LISTEN_PID=$$; exec "$COFFER_BIN/coffer-runtime" --root "$0" run "$@" box'
	LISTEN_FDS=2 run -1 bash -c "exec 3</dev/null 4<&- 5<&-; $manager" "$STATE"
	[[ $output == *'LISTEN_FDS=2: file descriptor 4 is not open'* ]]
	LISTEN_FDS=two run -1 bash -c "$manager" "$STATE"
	[[ $output == *'LISTEN_FDS: '*two* ]]
	LISTEN_FDS=1 run -1 bash -c "exec 3</dev/null 4<&- 5<&-; $manager" "$STATE" --preserve-fds 1
	[[ $output == *'--preserve-fds 1: file descriptor 4 is not open'* ]]
	[ -z "$(ls "$STATE" 2>/dev/null)" ]
}

@test "exec preserves descriptors, and hands no sockets down" {
	make_descriptors
	run_detached box
	# shellcheck disable=SC2016
	run activated '' exec --preserve-fds 1 box sh -c 'echo "<$LISTEN_FDS>"; cat <&3; cat <&4'
	[[ $output == $'<>\nthree\n'*'4: Bad file descriptor'* ]]
	run -255 activated '' exec --preserve-fds 900 box true
	[[ $output == *'--preserve-fds 900: file descriptor '*' is not open'* ]]
}

# --- readiness ---

# A service manager at the socket "manager" (or another name), which writes what it hears to the file "heard", one message a
# line, until it has got a barrier.
manager() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0"))
s.settimeout(30)
open("listening", "w").close()
with open("heard", "w") as heard:
    message = b""
    while message != b"BARRIER=1":
        message = s.recv(4096)
        print(message.decode().replace("\n", ";"), file=heard, flush=True)' "${1-$PWD/manager}" 3>&- &
	until_true [ -e listening ]
}

# A container with the python of this machine. It says each of the messages in $1, which have a slash between them, and waits.
setup_notifying() {
	command -v python3 >/dev/null || skip "needs python3"
	jq --arg word "$1" '.process.args = ["python3", "-c",
		"import os, socket, sys, time\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.connect(os.environ[\"NOTIFY_SOCKET\"])\nfor word in sys.argv[1].split(\"/\"): s.send(word.encode())\ntime.sleep(float(sys.argv[2]))", $word, "1000"] |
		.root.readonly = true | .root.path = "'"$BATS_TEST_TMPDIR/python"'" |
		.mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]' \
		config.json >config.new
	mv config.new config.json
	mkdir -p "$BATS_TEST_TMPDIR/python"/{dev,proc,sys,run,usr,tmp}
	local link
	for link in bin lib lib64; do
		ln -s "usr/$link" "$BATS_TEST_TMPDIR/python/$link"
	done
}

@test "start waits until the container is ready, and tells the service manager its pid" {
	setup_notifying 'STATUS=soon/X=1
READY=1
STATUS=done'
	manager
	export NOTIFY_SOCKET=$PWD/manager
	runtime create box </dev/null >output 2>&1
	[ ! -s heard ]
	runtime start box
	[ "$(cat heard)" = "READY=1;
MAINPID=$(runtime state box | jq .pid);
BARRIER=1" ]
	wait
}

@test "run --detach does the same, also to an abstract socket" {
	setup_notifying 'READY=1'
	manager "@coffer-notify-$$"
	export NOTIFY_SOCKET=@coffer-notify-$$
	run_detached box
	[ "$(sed -n 2p heard)" = "MAINPID=$(runtime state box | jq .pid);" ]
	wait
}

@test "in the foreground, the runtime is whom to watch" {
	setup_notifying 'READY=1'
	config '.process.args[-1] = "0.1"'
	manager
	# shellcheck disable=SC2016
	NOTIFY_SOCKET=$PWD/manager bash -c 'echo $$ >pid; exec "$COFFER_BIN/coffer-runtime" --root "$0" run box' "$STATE"
	[ "$(sed -n 2p heard)" = "MAINPID=$(cat pid);" ]
	wait
}

@test "a container that ends without being ready does not keep start waiting" {
	config '.process.args = ["sh", "-c", "echo $NOTIFY_SOCKET"]'
	export NOTIFY_SOCKET=$PWD/nobody-is-there
	runtime create box </dev/null >output 2>&1
	runtime start box
	until_status box stopped
	[ "$(cat output)" = /run/notify/notify.sock ]
}

@test "a service manager that cannot be reached is a warning" {
	setup_notifying 'READY=1'
	config '.process.args[-1] = "0"'
	NOTIFY_SOCKET=$PWD/nobody-is-there run -0 runtime run box
	[[ $output == *level=warning*"connect to NOTIFY_SOCKET=$PWD/nobody-is-there"* ]]
	NOTIFY_SOCKET=vsock:2:1 run -0 runtime run box
	[[ $output == *level=warning*'NOTIFY_SOCKET=vsock:2:1 is not the path of a socket'* ]]
	runtime create box </dev/null >output 2>&1 || cat output
	NOTIFY_SOCKET=$PWD/nobody-is-there run -0 runtime start box
	[[ $output == *level=warning*"will not hear when 'box' is ready: it was not created for that"* ]]
}
