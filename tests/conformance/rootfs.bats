#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The root filesystem: read-only, its propagation, masked and read-only paths, devices. config.md, "Root";
# config-linux.md, "Default Filesystems", "Devices", "Masked Paths", "Readonly Paths", "Rootfs Mount Propagation".

bats_require_minimum_version 1.5.0
load lib/bundle

setup_file() {
	bundle_file_setup
}

setup() {
	bundle_setup
}

teardown() {
	bundle_teardown
}

# In a user namespace whose root is 100000 outside, and can reach the bundle.
mapped() {
	reachable
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] | .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 rootfs
}

# --- root ---

@test "a read-only root, and a writable one" {
	config '.root.readonly = true'
	box 'touch /file; mkdir /etc/dir; awk "\$5 == \"/\" { print \$6 }" /proc/self/mountinfo'
	equals "$(grep -c 'Read-only file system' <<<"$output")" 2
	[[ ${lines[-1]} == ro* ]]
	[ ! -e rootfs/file ]
	config '.root.readonly = false'
	box 'touch /file'
	[ -e rootfs/file ]
}

@test "a root that is a mount, and mounts below it, are in the container" {
	mkdir rootfs/below
	mount -t tmpfs tmpfs rootfs/below
	touch rootfs/below/file
	box 'ls /below'
	umount rootfs/below
	equals "$output" file
}

@test "a root that is not pivoted to" {
	spawn 'ls /; grep -c " / " /proc/self/mountinfo; cat /etc/hostname; exec sleep 1000' --no-pivot
	until_true grep -qx sys output
	contains "$(cat output)" $'bin\ndev\netc\nproc\nroot\nsys\ntmp'
	runtime exec box ls /etc >inside
	equals "$(cat inside)" "$(ls rootfs/etc)"
	equals "$(readlink "/proc/$(init_pid)/root")" /
}

@test "the root's propagation" {
	local word
	for word in shared rshared slave rslave private rprivate unbindable runbindable ''; do
		config '.linux.rootfsPropagation = $word' --arg word "$word"
		box 'grep " / / \| / / rw" /proc/self/mountinfo | head -n 1; awk "\$5 == \"/\"" /proc/self/mountinfo'
		case $word in
		*shared) contains "${lines[-1]}" ' shared:' ;;
		*unbindable) contains "${lines[-1]}" ' unbindable ' ;;
		*) [[ ${lines[-1]} != *' shared:'* && ${lines[-1]} != *unbindable* ]] ;;
		esac
	done
}

@test "a propagation that there is not" {
	config '.linux.rootfsPropagation = "nosuch"'
	refused 'unknown rootfsPropagation "nosuch"'
}

# A shared mount of the host in a namespace of its own, so that what leaks from a container meets nobody.
shared_host() {
	cat >host.sh <<-'SH'
		set -e
		mount --make-rprivate /
		mkdir -p volume
		mount -t tmpfs tmpfs volume
		mount --make-shared volume
		mkdir volume/inner volume/late
		"$RUNTIME" --root "$STATE" run --detach box </dev/null >output 2>errors
		"$RUNTIME" --root "$STATE" exec box mount -t tmpfs inner /volume/inner
		mount -t tmpfs late volume/late
		grep -c "volume/inner" /proc/self/mountinfo || true
		"$RUNTIME" --root "$STATE" exec box grep -c " /volume/late " /proc/self/mountinfo || true
		"$RUNTIME" --root "$STATE" delete --force box
		umount volume/late
		! mountpoint -q volume/inner || umount volume/inner
		umount volume
	SH
	config '.process.capabilities.bounding += ["CAP_SYS_ADMIN"] | .process.capabilities.permitted += ["CAP_SYS_ADMIN"] |
		.process.capabilities.effective += ["CAP_SYS_ADMIN"] |
		.mounts += [{destination: "/volume", source: "volume", type: "bind", options: (["rbind"] + $ARGS.positional)}]' \
		--args "$@"
	run -0 env STATE="$STATE" RUNTIME="$COFFER_BIN/coffer-runtime" unshare --mount bash host.sh
}

@test "mounts of a container do not reach the host, and the host's reach it, by default" {
	shared_host
	equals "$output" $'0\n1'
}

@test "rprivate: neither way" {
	shared_host rprivate
	equals "$output" $'0\n0'
}

@test "rootfsPropagation private: neither way" {
	config '.linux.rootfsPropagation = "rprivate"'
	shared_host
	equals "$output" $'0\n0'
}

@test "rootfsPropagation and the mount shared: both ways" {
	config '.linux.rootfsPropagation = "rshared"'
	shared_host rshared
	equals "$output" $'1\n1'
}

@test "what is mounted in a shared root stays there" {
	config '.linux.rootfsPropagation = "rshared"'
	cat >host.sh <<-'SH'
		set -e
		mount --make-rshared /
		"$RUNTIME" --root "$STATE" run --detach box </dev/null >output 2>errors
		grep -c "$PWD/rootfs/" /proc/self/mountinfo || true
		"$RUNTIME" --root "$STATE" delete --force box
	SH
	run -0 env STATE="$STATE" RUNTIME="$COFFER_BIN/coffer-runtime" unshare --mount --propagation private bash host.sh
	equals "$output" 0
}

# --- masked and read-only paths ---

@test "masked files are the null device, masked directories empty and read-only" {
	mkdir rootfs/secret
	echo secret | tee rootfs/secret/file >rootfs/etc/secret
	ln -s /etc/secret rootfs/link
	config '.linux.maskedPaths = ["/secret", "/etc/secret", "/proc/interrupts", "/no/such", "/etc/passwd/x", "/sys/firmware"]'
	box 'cat /etc/secret; ls -A /secret; touch /secret/new 2>&1; stat -c "%t %T" /etc/secret /proc/interrupts; cat /link
		stat -c %a /secret; awk "\$5 == \"/secret\" { print \$6 }" /proc/self/mountinfo'
	equals "$output" "touch: /secret/new: Read-only file system"$'\n1 3\n1 3\n555\nro,nosuid,nodev,noexec,relatime'
}

@test "many masked directories are hidden, and independent of each other" {
	mkdir rootfs/{a,b,c}
	touch rootfs/{a,b,c}/file
	config '.linux.maskedPaths = ["/a", "/b", "/c"]'
	box 'ls -A /a /b /c; grep -c " /[abc] " /proc/self/mountinfo'
	equals "$output" $'/a:\n\n/b:\n\n/c:\n3'
}

@test "read-only paths, with what is mounted below them" {
	mkdir -p rootfs/data/sub
	config '.linux.readonlyPaths = ["/data", "/etc/passwd", "/proc/sys", "/no/such"] |
		.mounts += [{"destination": "/data/sub", "type": "tmpfs"}]'
	box 'touch /data/x; touch /data/sub/x; echo x >/etc/passwd; echo 1 >/proc/sys/kernel/msgmax; touch /etc/other && echo written'
	equals "$(grep -c 'Read-only file system' <<<"$output")" 4
	equals "${lines[-1]}" written
}

@test "masked and read-only paths that are links of the image stay in it" {
	mkdir "$BATS_TEST_TMPDIR/outside" rootfs/real
	touch "$BATS_TEST_TMPDIR/outside/file" rootfs/real/file
	ln -s "$BATS_TEST_TMPDIR/outside" rootfs/out
	ln -s /real rootfs/in
	config '.linux.maskedPaths = ["/out", "/in"] | .linux.readonlyPaths = ["/out", "/in"]'
	box 'ls -A /in /real'
	equals "$output" $'/in:\n\n/real:'
	touch "$BATS_TEST_TMPDIR/outside/new"
}

@test "paths that are not absolute" {
	config '.linux.maskedPaths = ["proc/kcore"]'
	refused 'linux/maskedPaths'
	contains "$output" '"proc/kcore" is not an absolute path'
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["proc/sys"]'
	refused '"proc/sys" is not an absolute path'
}

# --- devices ---

@test "the default devices and links" {
	box 'cd /dev; stat -c "%n %t:%T %a" null zero full random urandom tty; for link in fd stdin stdout stderr ptmx; do readlink $link; done
		head -c 4 /dev/zero | wc -c; echo x >/dev/null && echo x >/dev/full'
	for device in 'null 1:3' 'zero 1:5' 'full 1:7' 'random 1:8' 'urandom 1:9' 'tty 5:0'; do
		contains "$output" "$device 666"
	done
	contains "$output" $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n4'
	contains "$output" 'No space left on device'
}

@test "further devices: kinds, modes, owners, in new directories" {
	config '.linux.devices = [
		{"path": "/dev/new/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 384, "uid": 7, "gid": 8},
		{"path": "/dev/disk", "type": "b", "major": 7, "minor": 300},
		{"path": "/dev/pipe", "type": "p", "fileMode": 420},
		{"path": "/elsewhere/unbuffered", "type": "u", "major": 1, "minor": 3}]'
	box 'stat -c "%F %t:%T %a %u:%g" /dev/new/fuse /dev/disk /dev/pipe /elsewhere/unbuffered; stat -c %a /dev/new'
	equals "$output" "character special file a:e5 600 7:8
block special file 7:12c 666 0:0
fifo 0:0 644 0:0
character special file 1:3 666 0:0
755"
}

@test "in a user namespace the host's nodes are bound" {
	mapped
	config '.linux.devices = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}]'
	[ -e /dev/fuse ] || config 'del(.linux.devices)'
	box 'stat -c "%n %t:%T" /dev/null /dev/zero; echo x >/dev/null && echo fine; grep -c " /dev/null " /proc/self/mountinfo'
	equals "$output" $'/dev/null 1:3\n/dev/zero 1:5\nfine\n1'
}

@test "devices that cannot be given" {
	mapped
	config '.linux.devices = [{"path": "/dev/null2", "type": "c", "major": 1, "minor": 3}]'
	refused "open the host's '/dev/null2': no such file or directory"
	contains "$output" '[E-DEV, stage create, exit 1]'
	config '.linux.devices = [{"path": "/dev/tty", "type": "c", "major": 1, "minor": 3}]'
	refused 'is another device'
}

@test "devices that make no sense" {
	for device in '{"path": "/dev/x", "type": "x"}' '{"path": "dev/x", "type": "c"}' '{"type": "c"}' '{"path": "/dev/x"}' \
		'{"path": "/dev/x", "type": "c", "major": -2}' '{"path": "/dev/x", "type": "c", "minor": "3"}'; do
		config ".linux.devices = [$device]"
		refused 'linux/devices/0'
	done
}

@test "a default device with another mode and owner, or another number" {
	config '.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 432, "gid": 5},
		{"path": "/dev/./tty", "type": "c", "major": 1, "minor": 5}]'
	box 'stat -c "%t:%T %a %g" /dev/null /dev/tty'
	equals "$output" $'1:3 660 5\n1:5 666 0'
}

@test "a device over what the image has" {
	mkdir -p rootfs/opt
	touch rootfs/opt/null
	config '.linux.devices = [{"path": "/opt/null", "type": "c", "major": 1, "minor": 3}]'
	refused "make device '/opt/null': file exists"
}

@test "/dev/console is the container's terminal" {
	command -v script >/dev/null || skip "needs script to have a terminal"
	config '.process.terminal = true | .process.args = ["sh", "-c", "stat -c %t:%T /dev/console >/tmp/is; tty >>/tmp/is; ls -l /dev/console /dev/pts/0 >/dev/null; echo to-console >/dev/console"]'
	run -0 script -qec "$COFFER_BIN/coffer-runtime --root $STATE run box" /dev/null </dev/null
	contains "$output" to-console
	equals "$(head -n 1 rootfs/tmp/is)" 88:0
}

# --- labels ---

@test "a mount label without SELinux" {
	[ ! -e /sys/fs/selinux/enforce ] || skip "SELinux is active here"
	config '.linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"'
	refused 'SELinux is not enabled on this kernel'
	contains "$output" '[E-SEC-LSM, stage create, exit 1]'
}
