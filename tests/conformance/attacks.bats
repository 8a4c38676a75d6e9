#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The attacks that broke other runtimes, played against ours. What must hold after each: nothing outside the root
# filesystem was touched, and nothing of the host is open inside.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
	local applet
	for applet in ls readlink id grep touch mount head sed tr; do
		ln -s busybox "$ROOTFS/bin/$applet"
	done
}

setup() {
	verbs_setup
	# A root filesystem of this test's own, for what is prepared in it.
	cp -a "$ROOTFS" rootfs
	config '.root = {"path": "rootfs", "readonly": false} | .process.env = ["PATH=/bin"]'
	mkdir host
	echo canary >host/canary
}

teardown() {
	verbs_teardown
}

# The process of this test: runs SCRIPT
runs() {
	config "$(jq -n --arg script "$1" '$script' | sed 's/^/.process.args = ["sh", "-c", /; s/$/]/')"
}

# --- The runtime's own binary (CVE-2019-5736) -----------------------------------------------------------------------

@test "an entry point of /proc/self/exe does not get the runtime's binary to write to" {
	before=$(sha256sum <"$COFFER_BIN/coffer-runtime")
	config '.process.args = ["/proc/self/exe", "--version"]'
	run runtime run box
	runs 'for fd in /proc/[0-9]*/exe; do dd if=/dev/zero of=$fd bs=1 count=1 conv=notrunc 2>/dev/null && echo wrote $fd; done; true'
	run -0 runtime run box
	[[ $output != *wrote*coffer* ]]
	[ "$(sha256sum <"$COFFER_BIN/coffer-runtime")" = "$before" ]
}

@test "the init process runs from a place that nobody can write to, and is not dumpable" {
	runtime create box </dev/null >output 2>&1
	pid=$(runtime state box | jq .pid)
	run ! bash -c ": >>/proc/$pid/exe"
	[ "$(stat -c %u "/proc/$pid/mem")" = 0 ]
	[[ $(stat -f -c %T "/proc/$pid/exe" 2>/dev/null) != '' ]]
	runtime delete --force box
}

@test "a container that attaches to what enters it does not get it" {
	cc -O1 -static -o rootfs/bin/attach-to-all "$BATS_TEST_DIRNAME/lib/attach-to-all.c"
	# Without CAP_SYS_PTRACE on the host, for that opens everything; but with all of its own user namespace.
	config '["CAP_KILL", "CAP_CHOWN", "CAP_SYS_ADMIN"] as $all | .process.args = ["attach-to-all"] |
		.process.capabilities = {"bounding": $all, "permitted": $all, "effective": $all}'
	cp config.json host.json
	config '["CAP_KILL", "CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"] as $all | .process.args = ["attach-to-all"] |
		.process.capabilities = {"bounding": $all, "permitted": $all, "effective": $all} |
		.linux.namespaces += [{"type": "user"}] | .linux.gidMappings = [{"containerID": 0, "hostID": 0, "size": 65536}] |
		.linux.uidMappings = .linux.gidMappings'
	cp config.json mapped.json
	for user in host mapped; do
		cp "$user.json" config.json
		run_detached box
		until_true grep ready output
		for _ in {1..25}; do
			runtime exec box true
		done
		runtime delete --force box
		run -1 grep -m 3 -E 'attached|opened' output
	done
}

@test "a container that writes to what enters it, and makes it execute itself, does not change the runtime's binary" {
	before=$(sha256sum <"$COFFER_BIN/coffer-runtime")
	printf '#!/proc/self/exe\n' >rootfs/bin/turned
	chmod 755 rootfs/bin/turned
	runs 'echo ready; while :; do for exe in /proc/[0-9]*/exe; do
		case $(readlink $exe) in "" | /bin/*) ;; *) (true >>$exe) 2>/dev/null && echo wrote to $exe ;; esac; done; done'
	run_detached box
	until_true grep ready output
	for _ in {1..20}; do
		runtime exec box true
		run runtime exec box turned
	done
	runtime delete --force box
	run -1 grep -m 3 wrote output
	[ "$(sha256sum <"$COFFER_BIN/coffer-runtime")" = "$before" ]
}

# --- Descriptors and the working directory (CVE-2024-21626) ------------------------------------------------------------

@test "a working directory of /proc/self/fd/N is refused" {
	for fd in 3 4 5 6 7 8 9 10 15 20 30 40; do
		config ".process.cwd = \"/proc/self/fd/$fd\""
		run ! runtime run box
	done
	config '.process.cwd = "/"'
	run_detached box
	for fd in 3 4 5 6 7 8 9 10; do
		run ! runtime exec --cwd "/proc/self/fd/$fd" box ls
	done
	runtime delete --force box
}

@test "a working directory that is a link to /proc/self/fd/N is refused" {
	for fd in 3 5 7 9; do
		ln -sfn "/proc/self/fd/$fd" rootfs/work
		config '.process.cwd = "/work"'
		run ! runtime run box
	done
}

@test "only the standard streams are open, in run and in exec" {
	runs 'ls /proc/self/fd | tr "\n" " "'
	run -0 runtime run box 9<host/canary
	[[ $output =~ ^0\ 1\ 2\ 3\ *$ ]]
	config '.process.args = ["sleep", "1000"]'
	run_detached box
	run -0 runtime exec box sh -c 'ls /proc/self/fd | tr "\n" " "' 9<host/canary
	[[ $output =~ ^0\ 1\ 2\ 3\ *$ ]]
	runtime delete --force box
}

# --- Links in the root filesystem (CVE-2021-30465 and its kin) ----------------------------------------------------------

@test "mount points that are links stay inside: absolute, relative, and out by .." {
	outside=$PWD/host
	for link in "$outside" ../../../../../../../../../../../../..$outside /proc/self/root$outside; do
		rm -rf rootfs/link "rootfs$outside"
		ln -s "$link" rootfs/link
		config '.mounts = [.mounts[] | select(.destination != "/link/point")] +
			[{"destination": "/link/point", "type": "tmpfs", "source": "tmpfs"}]'
		run_detached box || true
		runtime delete --force box
		[ "$(ls host)" = canary ]
	done
}

@test "/proc, /dev and /sys as links into the host are resolved inside or refused" {
	for dir in proc dev sys; do
		for target in "$PWD/host" "../../../../../../../../..$PWD/host"; do
			rm -rf "rootfs/$dir"
			ln -s "$target" "rootfs/$dir"
			run_detached box || true
			runtime delete --force box
			[ "$(ls host)" = canary ]
			rm "rootfs/$dir"
			mkdir "rootfs/$dir"
		done
	done
	run ! grep "$PWD/host" /proc/self/mountinfo
}

@test "a device in the place of /dev/null, and a link in the place of /dev/console" {
	rm -rf rootfs/dev
	mkdir rootfs/dev
	ln -s "$PWD/host/canary" rootfs/dev/null
	ln -s "$PWD/host/canary" rootfs/dev/console
	config '.mounts = [.mounts[] | select(.destination | startswith("/dev") | not)]'
	run_detached box || true
	runtime delete --force box
	[ "$(<host/canary)" = canary ]
	[ "$(stat -c %F host/canary)" = 'regular file' ]
}

# exchange A B: a program that does that as fast as it can, until stop_exchange.
exchange() {
	if [ ! -x exchanger ]; then
		cat >exchange.c <<-'C'
			#define _GNU_SOURCE
			#include <fcntl.h>
			#include <stdio.h>
			int main(int argc, char **argv)
			{
				while (argc == 3)
					renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
				return 1;
			}
		C
		cc -O2 -o exchanger exchange.c
	fi
	./exchanger "$1" "$2" 3>&- &
	EXCHANGER=$!
}

stop_exchange() {
	kill "$EXCHANGER"
	wait "$EXCHANGER" 2>/dev/null || true
}

# Containers are made, and may fail; what they say is kept.
make_many() {
	local i
	for ((i = 0; i < $1; i++)); do
		runtime run "box$i" >>said 2>&1 || true
		runtime delete --force "box$i"
	done
}

@test "directories and links exchanged while containers are made" {
	mkdir -p volume/point
	ln -s "$PWD/host" volume/link
	config ".mounts += [
		{\"destination\": \"/volume\", \"type\": \"bind\", \"source\": \"$PWD/volume\", \"options\": [\"rbind\"]},
		{\"destination\": \"/volume/point\", \"type\": \"tmpfs\", \"source\": \"tmpfs\"},
		{\"destination\": \"/volume/point/made/here\", \"type\": \"tmpfs\", \"source\": \"tmpfs\"}] |
		.process.args = [\"true\"]"
	exchange volume/point volume/link
	make_many "${COFFER_EXCHANGES:-60}"
	stop_exchange
	[ "$(ls host)" = canary ]
	run ! grep "$PWD/host" /proc/self/mountinfo
}

@test "the same for files, devices, links, copies and what is hidden or read-only" {
	mkdir -p volume/point
	echo inside >volume/point/canary
	ln -s "$PWD/host" volume/link
	config ".mounts += [
		{\"destination\": \"/volume\", \"type\": \"bind\", \"source\": \"$PWD/volume\", \"options\": [\"rbind\"]},
		{\"destination\": \"/volume/point/file\", \"type\": \"bind\", \"source\": \"$PWD/config.json\", \"options\": [\"bind\", \"ro\"]},
		{\"destination\": \"/volume/point/copy\", \"type\": \"bind\", \"source\": \"$PWD/volume/link\", \"options\": [\"bind\", \"copy-symlink\"]},
		{\"destination\": \"/volume/point\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"tmpcopyup\"]}] |
		.linux.devices = [{\"path\": \"/volume/point/device\", \"type\": \"c\", \"major\": 1, \"minor\": 3}] |
		.linux.maskedPaths = [\"/volume/point/canary\"] | .linux.readonlyPaths = [\"/volume/point\"]"
	runs 'cat /volume/point/canary /volume/link/canary; true'
	exchange volume/point volume/link
	make_many 40
	stop_exchange
	[ "$(ls -A host)" = canary ]
	[ "$(<host/canary)" = canary ]
	touch host/writable
	run ! grep -x canary said
	run ! grep "$PWD/host" /proc/self/mountinfo
}

@test "a source that is exchanged after it was opened is the one that was opened" {
	mkdir source other
	echo right >source/file
	echo wrong >other/file
	config ".mounts += [{\"destination\": \"/mnt\", \"type\": \"bind\", \"source\": \"$PWD/source\", \"options\": [\"rbind\"]}]"
	runs 'cat /mnt/file'
	runtime create box </dev/null >output 2>&1
	mv source gone
	ln -s other source
	runtime start box
	until_status box stopped
	[ "$(<output)" = right ]
	runtime delete box
}

@test "a destination through a link of procfs is refused" {
	for place in /proc/self/root/mnt /proc/1/cwd/mnt /proc/self/fd/3/mnt /proc/thread-self/root/mnt; do
		config '.mounts = [.mounts[] | select(.destination | startswith("/proc/") | not)] +
			[{"destination": "'"$place"'", "type": "tmpfs", "source": "tmpfs"}]'
		run ! runtime run box
		[[ $output == *"open mount point '$place'"* ]]
	done
}

@test "what is hidden is hidden behind the host's null device, whatever the container's /dev has" {
	mkdir dev
	echo fake >dev/null
	ln -s "$PWD/host/canary" dev/full
	echo secret >rootfs/etc/secret
	config ".mounts = [.mounts[] | select(.destination | startswith(\"/dev\") | not)] +
		[{\"destination\": \"/dev\", \"type\": \"bind\", \"source\": \"$PWD/dev\", \"options\": [\"rbind\"]}] |
		.linux.maskedPaths = [\"/etc/secret\"]"
	runs 'cat /etc/secret; stat -c %t:%T /etc/secret; echo x >/etc/secret'
	ln -sf busybox rootfs/bin/stat
	run -0 runtime run box
	[ "$output" = 1:3 ]
	[ "$(<dev/null)" = fake ]
	[ "$(<host/canary)" = canary ]
}

# --- procfs and kernel settings (CVE-2025-52881, CVE-2022-0811) ---------------------------------------------------------

@test "a tmpfs in the place of /proc does not take what is written to procfs" {
	config '.mounts = [.mounts[] | select(.destination != "/proc")] +
		[{"destination": "/proc", "type": "tmpfs", "source": "tmpfs"}] |
		.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .process.oomScoreAdj = 100 |
		.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	before=$(</proc/sys/net/ipv4/ip_forward)
	config '.process.args = ["sleep", "1000"]'
	run_detached box
	pid=$(runtime state box | jq .pid)
	[ "$(<"/proc/$pid/oom_score_adj")" = 100 ]
	[ "$(nsenter --target "$pid" --net cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	[ "$(</proc/sys/net/ipv4/ip_forward)" = "$before" ]
	runtime delete --force box
}

@test "kernel settings that are the host's, or smuggle others in, are refused" {
	for setting in '"kernel.panic": "1"' '"net/../kernel/panic": "1"' '"kernel.shm_rmid_forced": "1\n2"' \
		'"vm.overcommit_memory": "1"' '"net.ipv4.ip_forward+kernel.core_pattern": "1"' '"": "1"'; do
		config ".linux.sysctl = {$setting}"
		run ! runtime run box
		[[ $output == *sysctl* ]]
	done
}

# --- Rights (CVE-2022-29162) --------------------------------------------------------------------------------------------

@test "nothing is inheritable or ambient unless asked for" {
	config 'del(.process.capabilities.inheritable, .process.capabilities.ambient) |
		.process.capabilities.bounding = ["CAP_CHOWN"] | .process.capabilities.permitted = ["CAP_CHOWN"] |
		.process.capabilities.effective = ["CAP_CHOWN"]'
	runs 'grep -E "^Cap(Inh|Amb)" /proc/self/status'
	run -0 runtime run box
	[[ ${lines[0]} == *0000000000000000 && ${lines[1]} == *0000000000000000 ]]
	config '.process.args = ["sleep", "1000"]'
	run_detached box
	for flags in '' '--cap CAP_KILL' '--user 1000'; do
		# shellcheck disable=SC2086 # flags
		run -0 runtime exec $flags box grep -E '^Cap(Inh|Amb)' /proc/self/status
		[[ ${lines[0]} == *0000000000000000 && ${lines[1]} == *0000000000000000 ]]
	done
	runtime delete --force box
}

@test "a file that is denied to a group stays denied to its members" {
	echo secret >rootfs/denied
	chown 0:2000 rootfs/denied
	chmod 604 rootfs/denied
	config '.process.user = {"uid": 1000, "gid": 1000, "additionalGids": [2000]}'
	runs 'id; cat /denied'
	run ! runtime run box
	[[ $output == *'groups=2000'* && $output != *secret* ]]
	runs 'sleep 1000'
	run_detached box
	for flags in '' '--user 1000:1000' '--user 1000:2000'; do
		# shellcheck disable=SC2086 # flags
		run ! runtime exec $flags box cat /denied
		[[ $output != *secret* ]]
	done
	runtime delete --force box
	config 'del(.process.user.additionalGids)'
	runs 'id; cat /denied'
	run -0 runtime run box
	[[ $output == *'gid=1000'*secret ]]
}

@test "the container cannot write to its cgroups" {
	runs 'for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
		[ -e $f ] && echo 1 >$f 2>/dev/null && echo wrote $f; done; true'
	run -0 runtime run box
	[[ $output != *wrote* ]]
}

@test "no cgroup hierarchy can be mounted, with or without a user namespace" {
	local mount='mkdir /tmp/mine; mount -t cgroup -o memory mine /tmp/mine && echo mounted; mount -t cgroup2 mine /tmp/mine &&
		echo mounted; mount -o remount,rw /sys/fs/cgroup && echo mounted; true'
	runs "$mount"
	run -0 runtime run box
	[[ $output != *mounted* ]]
	runs "unshare -Urm sh -c '${mount//\'/}'; true"
	ln -sf busybox rootfs/bin/unshare
	run -0 runtime run box
	[[ $output != *mounted* ]]
}

# --- Lengths (CVE-2021-43784), loose words (CVE-2026-30892) -------------------------------------------------------------

@test "giant environments, arguments, groups and annotations arrive whole, or are refused with words" {
	config '.process.env += [range(20000) | "VARIABLE\(.)=\(.)"] | .annotations = {"a": ("x" * 70000)} |
		.process.user.additionalGids = [range(1; 60000)]'
	runs 'echo $VARIABLE19999; env | grep -c VARIABLE; sed -n "s/^Groups:.//p" /proc/self/status | wc -w'
	ln -s busybox rootfs/bin/env
	ln -s busybox rootfs/bin/wc
	run -0 runtime run box
	[ "$output" = $'19999\n20000\n59999' ]
	config '.process.env += ["BIG=" + "x" * 3000000]'
	run -1 runtime run box
	[[ $output == *'argument list too long'* ]]
	config '.process.env = ["PATH=/bin"] | .process.user.additionalGids = [range(1; 70000)]'
	run -1 runtime run box
	[[ $output == *groups* ]]
	run -1 runtime run "$(head -c 100000 /dev/zero | tr '\0' x)"
	[[ $output == *'container id is longer than'* ]]
}

@test "numbers with tails, and paths that climb" {
	for path in ../climb /a/../../climb /a/.. .. /../../climb a/../../climb; do
		config ".linux.cgroupsPath = \"$path\""
		run -1 runtime run box
		[[ $output == *cgroup* ]]
	done
	config '.linux.cgroupsPath = $cgroup'
	run_detached box
	for user in 0x 0:0x '0 ' ' 0' +1 -1 1: :1 1:2:3 '' 4294967295 4294967296 99999999999999999999 root 0,0 $'0\n'; do
		run ! runtime exec --user "$user" box id
		[[ $output == *--user* ]]
	done
	for group in 0x -1 4294967295 ''; do
		run ! runtime exec --additional-gids "$group" box id
	done
	for signal in 9x -1 0x9 65 SIGSIGKILL '' ' 9'; do
		run -1 runtime kill box "$signal"
	done
	[ "$(runtime state box | jq -r .status)" = running ]
	runtime delete --force box
}

# --- Of other containers (CVE-2020-15257) -------------------------------------------------------------------------------

@test "a container of the host's network finds no socket of the runtime's, and has a keyring of its own" {
	cc -O1 -static -o rootfs/bin/session-keyring "$BATS_TEST_DIRNAME/lib/session-keyring.c"
	config '.linux.namespaces = [.linux.namespaces[] | select(.type != "network")]'
	run_detached box
	run runtime exec box grep -c coffer /proc/net/unix
	[ "$output" = 0 ]
	first=$(runtime exec box session-keyring)
	[ "$first" -gt 0 ]
	[ "$first" != "$(rootfs/bin/session-keyring)" ]
	runtime delete --force box
	config '.process.args = ["session-keyring"]'
	run -0 runtime run box
	[ "$output" != "$first" ]
	[ "$output" != "$(rootfs/bin/session-keyring)" ]
}
