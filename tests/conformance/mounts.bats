#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts: file systems, options, binds, and where they end up. config.md, "Mounts".

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/bundle
	bundle_file_setup
}

setup() {
	load lib/bundle
	bundle_setup
}

teardown() {
	load lib/bundle
	bundle_teardown
}

# What mountinfo(5) says of a mount point inside: options, file system, its options.
mounted() {
	box "awk -v at='$1' '\$5 == at { print \$6, \$(NF-2), \$NF }' /proc/self/mountinfo | tail -n 1"
}

# bind SOURCE DESTINATION [OPTION...]: add it to the configuration.
bind() {
	config '.mounts += [{source: $source, destination: $destination, type: "bind", options: $ARGS.positional}]' \
		--arg source "$1" --arg destination "$2" --args "${@:3}"
}

# --- the usual ones ---

@test "the mounts of every container" {
	box 'awk "{ print \$5, \$(NF-2) }" /proc/self/mountinfo | grep -v "^/proc/\|^/sys/\|^/dev/console"'
	for mount in '/proc proc' '/dev tmpfs' '/dev/pts devpts' '/dev/shm tmpfs' '/dev/mqueue mqueue' '/sys sysfs'; do
		contains "$output"$'\n' "$mount"$'\n'
	done
	equals "${#lines[@]}" 7 # and /
}

@test "their options" {
	mounted /dev/shm
	contains "$output" rw,nosuid,nodev,noexec
	contains "$output" size=65536k
	mounted /dev/pts
	contains "$output" gid=5,mode=620,ptmxmode=666
	mounted /sys
	contains "$output" ro,nosuid,nodev,noexec
	mounted /dev
	contains "$output" mode=755
	[[ $output != *noexec* ]]
	[[ $output != *relatime* ]] # strictatime
}

@test "a private /dev/pts, with nothing in it but ptmx" {
	box 'ls /dev/pts'
	equals "$output" ptmx
}

@test "the container's own view of its cgroups, read-only" {
	needs_v1 memory
	box 'ls /sys/fs/cgroup/memory | grep -cx memory.limit_in_bytes; ls -d /sys/fs/cgroup/memory/coffer-test-* 2>&1
		mkdir /sys/fs/cgroup/memory/new 2>&1; mkdir /sys/fs/cgroup/new 2>&1; cat /sys/fs/cgroup/memory/cgroup.procs'
	equals "${lines[0]}" 1
	contains "${lines[1]}" 'No such file'
	contains "${lines[2]}" 'Read-only file system'
	contains "${lines[3]}" 'Read-only file system'
	equals "${lines[4]}" 1
}

@test "a tmpfs with size, mode and owner" {
	config '.mounts += [{"destination": "/mnt/deep/tmp", "type": "tmpfs", "source": "any",
		"options": ["size=64k", "mode=1757", "uid=7", "gid=8", "noexec", "noatime"]}]'
	box 'stat -c "%a %u %g" /mnt/deep/tmp; dd if=/dev/zero of=/mnt/deep/tmp/f bs=1k count=100 2>&1 | tail -n 1
		grep " /mnt/deep/tmp " /proc/self/mountinfo'
	equals "${lines[0]}" '1757 7 8'
	equals "${lines[1]}" '64+0 records out'
	contains "$output" ' /mnt/deep/tmp rw,noexec,noatime '
	contains "$output" 'tmpfs any '
}

@test "an option that the file system does not know, in the kernel's words" {
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs", "options": ["nosuchoption=1"]}]'
	refused 'cannot mount tmpfs on /mnt (/mounts/7)'
	if [[ ${COFFER_REFUSE:-} == *open_tree* ]]; then
		contains "$output" 'mount a tmpfs with options "nosuchoption=1": invalid argument'
	else
		contains "$output" 'set option "nosuchoption=1" of a tmpfs: invalid argument'
		contains "$output" "the kernel says: tmpfs: Unknown parameter 'nosuchoption'"
	fi
	config '.mounts[-1].options = ["size=1k,mode=777"]'
	refused 'holds a comma'
}

@test "a file system that the kernel does not know" {
	config '.mounts += [{"destination": "/mnt", "type": "nosuchfs"}]'
	refused 'make a file system of type "nosuchfs": no such device'
	config '.mounts[-1] = {"destination": "/mnt"}'
	refused 'a mount that is no bind mount needs a type'
}

@test "mounts in their order, one in the other" {
	mkdir source
	echo deep >source/file
	config '.mounts += [{"destination": "/a", "type": "tmpfs"}]'
	bind "$PWD/source" /a/b
	config '.mounts += [{"destination": "/a/b", "type": "tmpfs", "options": ["size=4k"]}]'
	bind "$PWD/source/file" /a/b/c
	box 'cat /a/b/c; ls /a/b; ls /a'
	equals "$output" $'deep\nc\nb'
	equals "$(ls source)" file
}

# --- binds ---

@test "a directory, read-write and read-only" {
	mkdir source
	bind "$PWD/source" /rw rbind
	bind "$PWD/source" /ro rbind ro
	box 'echo new >/rw/file && cat /ro/file; echo x >/ro/other'
	equals "${lines[0]}" new
	contains "$output" 'Read-only file system'
	equals "$(cat source/file)" new
	[ ! -e source/other ]
}

@test "read-only is not recursive, rro is" {
	mkdir -p source/sub
	mount -t tmpfs tmpfs source/sub
	bind "$PWD/source" /ro rbind ro
	bind "$PWD/source" /rro rbind rro
	box 'touch /ro/sub/file && echo written; touch /rro/sub/file2; touch /rro/file3'
	umount source/sub
	equals "${lines[0]}" written
	contains "${lines[1]}" 'Read-only file system'
	contains "${lines[2]}" 'Read-only file system'
}

@test "bind takes one mount, rbind all below it" {
	mkdir -p source/sub
	mount -t tmpfs tmpfs source/sub
	touch source/sub/file
	bind "$PWD/source" /one bind
	bind "$PWD/source" /all rbind
	box 'ls /one/sub; ls /all/sub'
	umount source/sub
	equals "$output" file
}

@test "what an option says of a bind" {
	cp rootfs/bin/busybox true
	chmod 4755 true
	bind "$PWD" /none rbind
	bind "$PWD" /all rbind nosuid nodev noexec noatime
	box '/none/true && echo ran; /all/true; grep -E " /(none|all) " /proc/self/mountinfo | cut -d" " -f5,6'
	contains "$output" ran
	contains "$output" 'Permission denied'
	contains "$output" '/all rw,nosuid,nodev,noexec,noatime'
	[[ ! $output =~ /none[^$'\n']*nosuid ]]
}

@test "a file, onto a file and onto nothing" {
	echo content >source
	echo old >rootfs/etc/existing
	bind "$PWD/source" /etc/existing bind
	bind "$PWD/source" /etc/new/file bind ro
	box 'cat /etc/existing /etc/new/file; echo changed >/etc/existing; echo x >/etc/new/file'
	equals "${lines[0]}${lines[1]}" contentcontent
	contains "$output" 'Read-only file system'
	equals "$(cat source)" changed
	equals "$(cat rootfs/etc/existing)" old
}

@test "a source through links, and relative to the bundle" {
	mkdir source
	touch source/file
	ln -s source link
	bind "$PWD/link" /a rbind
	bind source /b rbind
	box 'ls /a /b'
	contains "$output" $'/a:\nfile'
	contains "$output" $'/b:\nfile'
}

@test "sockets, pipes and devices can be bound" {
	mkfifo pipe
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
	bind "$PWD/pipe" /tmp/pipe bind
	bind "$PWD/sock" /tmp/sock bind
	bind /dev/zero /tmp/zero bind
	box 'stat -c %F /tmp/pipe /tmp/sock /tmp/zero'
	equals "$output" $'fifo\nsocket\ncharacter special file'
}

@test "propagation" {
	mkdir source
	for word in shared slave private unbindable; do
		bind "$PWD/source" "/$word" rbind $word
	done
	box 'grep -E " /(shared|slave|private|unbindable) " /proc/self/mountinfo'
	[[ ${lines[0]} == *' /shared '*' shared:'* ]]
	[[ ${lines[2]} != *shared:* && ${lines[2]} != *master:* ]]
	[[ ${lines[3]} == *' /unbindable '*' unbindable '* ]]
}

@test "the propagation of the root" {
	config '.linux.rootfsPropagation = "shared"'
	box 'grep " / / " /proc/self/mountinfo || grep " / rw" /proc/self/mountinfo'
	contains "$output" 'shared:'
	config '.linux.rootfsPropagation = "private"'
	box 'grep " / rw" /proc/self/mountinfo'
	[[ $output != *shared:* && $output != *master:* ]]
}

# --- sources and destinations that do not fit ---

@test "a source that is not there" {
	bind /no/such/source /mnt rbind
	refused 'cannot mount /no/such/source on /mnt (/mounts/7): bind source path does not exist: /no/such/source'
	contains "$output" 'cause: the last existing parent is /'
	contains "$output" 'mkdir -p /no/such/source'
	contains "$output" '[E-MNT-SRC, stage create, exit 1]'
}

@test "a file on a directory, a directory on a file" {
	touch source
	bind "$PWD/source" /etc bind
	refused 'cannot mount on /etc: the source is a file, the target is a directory'
	contains "$output" '[E-MNT-TYPE, stage create, exit 1]'
	config 'del(.mounts[-1])'
	bind "$PWD" /etc/passwd rbind
	refused 'cannot mount on /etc/passwd: the source is a directory, the target is a file'
}

@test "a destination that is missing is made, with all before it" {
	config '.mounts += [{"destination": "/no/such/place", "type": "tmpfs"}]'
	box 'grep -c " /no/such/place " /proc/self/mountinfo'
	equals "$output" 1
	equals "$(stat -c '%a %u' rootfs/no/such)" '755 0'
}

@test "a destination through a file" {
	config '.mounts += [{"destination": "/etc/passwd/x", "type": "tmpfs"}]'
	refused "open mount point '/etc/passwd/x': not a directory"
}

@test "a destination without a slash at its beginning" {
	config '.mounts += [{"destination": "mnt/x", "type": "tmpfs"}]'
	box 'grep -c " /mnt/x " /proc/self/mountinfo'
	equals "$output" 1
}

@test "destinations through links of the image stay in it" {
	mkdir -p rootfs/real "$BATS_TEST_TMPDIR/outside"
	ln -s /real rootfs/absolute
	ln -s real rootfs/relative
	ln -s ../../../../../../real rootfs/up
	ln -s "$BATS_TEST_TMPDIR/outside" rootfs/out
	for place in absolute/a relative/b up/c out/d ../../../real/e; do
		config '.mounts += [{"destination": "/\($place)", "type": "tmpfs"}]' --arg place $place
	done
	box 'awk "\$(NF-2) == \"tmpfs\" { print \$5 }" /proc/self/mountinfo | grep -v "^/dev\|^/sys\|^/proc" | sort'
	equals "$output" $'/real/a\n/real/b\n/real/c\n/real/e\n'"$BATS_TEST_TMPDIR/outside/d"
	equals "$(ls "$BATS_TEST_TMPDIR/outside")" ''
}

# As /var/run -> /run and /etc/resolv.conf -> ../run/systemd/resolve/stub-resolv.conf are in images.
@test "links of the image that lead to nothing" {
	mkdir rootfs/var
	ln -s /run rootfs/var/run
	ln -s ../run/systemd/resolve/stub-resolv.conf rootfs/etc/resolv.conf
	echo nameserver >resolv.conf
	mkdir secrets
	bind "$PWD/resolv.conf" /etc/resolv.conf bind
	bind "$PWD/secrets" /var/run/secrets rbind
	box 'cat /etc/resolv.conf; grep -c " /run/secrets " /proc/self/mountinfo'
	equals "$output" $'nameserver\n1'
	[ -f rootfs/run/systemd/resolve/stub-resolv.conf ]
	[ -d rootfs/run/secrets ]
}

@test "a read-only root, with room where mounts are" {
	config '.root.readonly = true | .mounts += [{"destination": "/tmp", "type": "tmpfs"}]'
	box 'touch /file; touch /etc/file; mkdir /new; touch /tmp/file && echo fine'
	equals "$(grep -c 'Read-only file system' <<<"$output")" 3
	equals "${lines[-1]}" fine
}

@test "many mounts" {
	config '.mounts += [range(200) | {"destination": "/m/\(.)", "type": "tmpfs", "options": ["size=4k"]}]'
	box 'grep -c " /m/[0-9]* " /proc/self/mountinfo'
	equals "$output" 200
}

@test "nothing of it reaches the host" {
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs"}] | .linux.rootfsPropagation = "rshared"'
	create
	runtime start box
	[ -z "$(left_mounts)" ]
}
