#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Who has to die first when the machine has too little memory. It takes all of the machine's: only for the guest.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	[ "$(</proc/1/comm)" = init ] || skip "takes all memory: run this with tests/vm/run"
	coffer_file_setup
}

teardown_file() {
	umount -l "$BATS_RUN_TMPDIR"/test/*/fill 2>/dev/null || true # of a test that was killed
	coffer_file_teardown
}

# hog NAME FLAG...: a container that keeps 80 MB
hog() {
	local name=$1
	shift
	coffer run -d --network none --name "$name" "$@" box:1 dd if=/dev/zero of=/dev/null bs=80M count=1000000 >/dev/null
	holds() { [ "$(coffer stats --no-stream --mem --format '{{.Anon}}' "$name" | cut -d. -f1 | tr -dc 0-9)" -ge 80 ]; }
	eventually holds
}

runs() {
	[ "$(coffer inspect --format '{{.State.Running}}' "$1")" = true ]
}

score() {
	cat "/proc/$(coffer inspect --format '{{.State.Pid}}' "$1")/oom_score_adj"
}

id_of() {
	coffer inspect --format '{{.Id}}' "$1"
}

# The containers in which the kernel killed for memory, in its order: their monitors may hear of it in another one.
killed() {
	dd if=/dev/kmsg bs=8k iflag=nonblock 2>/dev/null | grep -ao 'task_memcg=/coffer/[0-9a-f]*' | cut -d/ -f3
}

fill_a_little() {
	(echo 0 >"/proc/$BASHPID/oom_score_adj"
	exec dd if=/dev/zero of="$BATS_TEST_TMPDIR/fill/it" bs=1M count=8 oflag=append conv=notrunc 2>/dev/null) || true
}

@test "best effort goes first, then burstable, and guaranteed stays" {
	hog safe --qos guaranteed -m 128m --cpus 1
	hog middle --qos burstable --memory-reservation 64m
	hog loose --qos besteffort
	[ "$(score safe) $(score loose)" = "-997 1000" ]
	[ "$(score middle)" -gt 2 ] && [ "$(score middle)" -lt 1000 ]

	# The kernel is to choose among the containers, and not us, who are the largest when two of them are gone.
	echo -500 >"/proc/$$/oom_score_adj"
	echo -500 >"/proc/$BASHPID/oom_score_adj"
	mkdir "$BATS_TEST_TMPDIR/fill"
	mount -t tmpfs -o size=2g tmpfs "$BATS_TEST_TMPDIR/fill"
	for _ in {1..200}; do
		fill_a_little
		runs middle || break
	done
	umount "$BATS_TEST_TMPDIR/fill"
	echo 0 >"/proc/$$/oom_score_adj"
	echo 0 >"/proc/$BASHPID/oom_score_adj"

	runs safe
	run ! runs middle
	run ! runs loose
	[ "$(killed | grep -xF -e "$(id_of loose)" -e "$(id_of middle)" | head -n 1)" = "$(id_of loose)" ]
	coffer inspect loose | jq -e '.[0].State | .OOMKilled and .Death.cause == "oom" and (.Death.by | test("machine|host"))' ||
		{ coffer inspect loose | jq '.[0].State'; return 1; }
}
