#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL at one system call after the other of commands that make and remove volumes: the next command finds rows and
# directories that belong to each other, nothing set aside, nothing mounted, and no copy of the image's files that was cut off.
#
#   COFFER_KILL_STEP=1    kill at every system call, not at some

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	coffer_file_setup
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	local step=17
	if [ "${COFFER_SANITIZED:-no}" = yes ]; then
		step=101
	fi
	export COFFER_KILL_STEP=${COFFER_KILL_STEP:-$step}
	cc -O1 -o "$BATS_FILE_TMPDIR/kill-at" "$BATS_TEST_DIRNAME/lib/kill-at.c" >&2
	local tree=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$tree/data/deep"
	touch "$tree"/data/{1..20} "$tree"/data/deep/{1..20}
	tar --create --directory "$tree" --numeric-owner . |
		coffer import --change 'CMD ["true"]' --change 'VOLUME /anonymous' - filled:1 >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	volumes=$COFFER_TEST_ROOT/root/volumes
}

# killed_at N ARGUMENT...: a coffer command, killed at its Nth system call; sets $status as kill-at has it.
killed_at() {
	local when=$1
	shift
	status=0
	"$BATS_FILE_TMPDIR/kill-at" 0 "$when" "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" "$@" </dev/null >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/errors" 3>&- ||
		status=$?
}

# Every volume has its directory, every directory is a volume's and holds nothing but its files, and nothing is mounted.
volumes_are_sound() {
	local name listed there
	listed=$(coffer volume ls -q | LC_ALL=C sort)
	there=$(find "$volumes" -mindepth 1 -maxdepth 1 -printf "%f\n" | LC_ALL=C sort)
	[ "$listed" = "$there" ] || { echo "listed: $listed, there: $there"; return 1; }
	for name in $listed; do
		[ "$(ls -A "$volumes/$name")" = _data ] || { find "$volumes/$name" -maxdepth 1; return 1; }
	done
	! grep " $volumes/" /proc/mounts
}

# each_step ARGUMENT...: call `before`, kill the command at the next step, call `after`, until the command comes to its end.
each_step() {
	local when=1
	while :; do
		before
		killed_at "$when" "$@"
		after || { echo "killed at system call $when of: $*"; return 1; }
		[ "$status" -ne 3 ] || return 0
		when=$((when + COFFER_KILL_STEP))
	done
}

no_containers() {
	local id
	for id in $(coffer ps -aq); do
		coffer rm -fv "$id" >/dev/null || return
	done
}

@test "volume create" {
	before() { coffer volume rm -f data >/dev/null; }
	after() { volumes_are_sound; }
	each_step volume create data
	[ -d "$volumes/data/_data" ]
	coffer volume rm data
}

@test "volume rm" {
	before() {
		coffer volume create data >/dev/null
		mkdir -p "$volumes/data/_data/deep"
		touch "$volumes/data/_data/file" "$volumes/data/_data/deep/file"
	}
	# All of it is there, or none.
	after() {
		volumes_are_sound || return
		[ ! -e "$volumes/data" ] || [ -e "$volumes/data/_data/deep/file" ]
	}
	each_step volume rm data
	[ -z "$(ls -A "$volumes")" ]
}

@test "create, with volumes that have to be filled" {
	before() { :; }
	# A container that has come to be can be started, and the volume has all files then.
	after() {
		volumes_are_sound || return
		if coffer inspect made >/dev/null 2>&1; then
			coffer start -a made || return
			[ "$(find "$volumes/data/_data" -type f | wc -l)" -eq 40 ] || return
		fi
		no_containers && coffer volume rm -f data >/dev/null && volumes_are_sound || return
		[ -z "$(coffer volume ls -q)" ]
	}
	each_step create --name made --network none -v data:/data filled:1
}

@test "rm -v" {
	before() { coffer create --name made --network none -v data:/data filled:1 >/dev/null 2>&1 || true; }
	after() {
		volumes_are_sound || return
		coffer inspect made >/dev/null 2>&1 || [ "$(coffer volume ls -q)" = data ]
	}
	each_step rm -v made
	no_containers
	coffer volume rm data
}

@test "start, with a volume that is mounted on demand" {
	coffer volume create -o type=tmpfs -o device=tmpfs memory
	coffer create --name made --network none -v memory:/data filled:1
	before() { :; }
	after() {
		settled() { [ -z "$(coffer ps -q)" ]; }
		eventually settled && eventually volumes_are_sound
	}
	each_step start made
	no_containers
	coffer volume rm memory
}
