#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts: file systems, options, binds, and where they end up. config.md, "Mounts".

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
		contains "$output" 'mount a tmpfs with options "nosuchoption=1,mode=755": invalid argument'
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
	command -v python3 >/dev/null || skip "needs python3 to make a socket"
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

# --- what belongs to a whole tree ---

@test "options of a tree of mounts" {
	mkdir -p source/sub
	mount -t tmpfs tmpfs source/sub
	bind "$PWD/source" /tree rbind rnosuid rnodev rnoexec rnoatime rro
	bind "$PWD/source" /back rbind ro nosuid rrw rsuid rstrictatime
	box 'awk "\$5 ~ \"^/(tree|back)\" { print \$5, \$6 }" /proc/self/mountinfo'
	umount source/sub
	equals "$output" '/tree ro,nosuid,nodev,noexec,noatime
/tree/sub ro,nosuid,nodev,noexec,noatime
/back rw
/back/sub rw'
}

@test "a later word wins over an earlier one" {
	mkdir source
	bind "$PWD/source" /a rbind ro rw noexec exec nosuid suid noatime relatime
	bind "$PWD/source" /b rbind rw ro nodiratime
	box 'awk "\$5 ~ \"^/[ab]\$\" { print \$5, \$6 }" /proc/self/mountinfo'
	equals "$output" $'/a rw,relatime\n/b ro,nodiratime,relatime'
}

@test "links that are not followed" {
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs", "options": ["nosymfollow"]}]'
	box 'ln -s /etc/passwd /mnt/link; cat /mnt/link'
	if [[ $output == *invalid\ argument* ]]; then
		skip "no nosymfollow here"
	fi
	contains "$output" 'Too many levels of symbolic links'
}

@test "options of the file system, and words that have no meaning any more" {
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs",
		"options": ["defaults", "dirsync", "sync", "lazytime", "rsync", "mand", "nomand", "silent", "loud", "acl", "noacl", "iversion"]}]'
	box 'awk "\$5 == \"/mnt\" { print \$NF }" /proc/self/mountinfo'
	contains "$output" rw,sync,dirsync
}

# --- file systems with much to say ---

@test "an overlay whose layers have long paths" {
	long=$PWD/$(printf 'l%.0s' {1..200})
	mkdir -p "$long"/{a,b,upper,work}
	touch "$long/a/from-a" "$long/b/from-b"
	config '.mounts += [{"destination": "/merged", "type": "overlay", "source": "overlay", "options":
		["lowerdir=\($l)/a:\($l)/b", "upperdir=\($l)/upper", "workdir=\($l)/work"]}]' --arg l "$long"
	box 'ls /merged; touch /merged/new'
	equals "$output" $'from-a\nfrom-b'
	[ -e "$long/upper/new" ]
}

@test "a tmpfs has the mode of what it covers, unless it is told another" {
	mkdir -m 1751 rootfs/old rootfs/told
	config '.mounts += [{"destination": "/old", "type": "tmpfs"}, {"destination": "/new", "type": "tmpfs"},
		{"destination": "/told", "type": "tmpfs", "options": ["mode=700"]}]'
	box 'stat -c %a /old /new /told'
	equals "$output" $'1751\n755\n700'
}

@test "a file system that is mounted read-only" {
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs", "options": ["ro"]}]'
	box 'touch /mnt/file; awk "\$5 == \"/mnt\" { print \$6, \$NF }" /proc/self/mountinfo'
	contains "$output" 'Read-only file system'
	[[ ${lines[-1]} == ro*\ ro* ]]
}

# --- tmpcopyup ---

@test "tmpcopyup: a tmpfs begins with a copy of what it covers" {
	mkdir -p rootfs/data/{sub/deeper,empty}
	echo content >rootfs/data/file
	echo deep >rootfs/data/sub/deeper/file
	dd if=/dev/urandom of=rootfs/data/sub/large bs=1k count=3000 status=none
	ln -s /etc/passwd rootfs/data/absolute
	ln -s nowhere rootfs/data/dangling
	mkfifo -m 640 rootfs/data/fifo
	mknod -m 606 rootfs/data/device c 1 3
	printf x >rootfs/data/set-id
	chown 7:8 rootfs/data/{file,sub,set-id}
	chown -h 9:10 rootfs/data/absolute
	chmod 4711 rootfs/data/set-id
	chmod 3705 rootfs/data/sub
	touch -d '2001-02-03 04:05:06 UTC' rootfs/data/file rootfs/data/empty
	setfattr -n trusted.overlay.test -v value rootfs/data/file
	config '.mounts += [{"destination": "/data", "type": "tmpfs", "options": ["tmpcopyup", "mode=751"]}]'
	spawn 'exec sleep 1000'
	copied=/proc/$(init_pid)/root/data
	for place in "$copied" rootfs/data; do
		(cd "$place" && find . -mindepth 1 -printf '%p %y %m %U:%G %l %s\n' | sed 's/ [0-9]*$//;t' | sort)
		(cd "$place" && find . -type f -exec sha256sum {} + | sort; stat -c '%n %Y' file empty; getfattr -d -m trusted file
			stat -c '%t:%T' device)
	done >listing 2>&1
	half=$(($(wc -l <listing) / 2))
	diff <(head -n $half listing) <(tail -n $half listing)
	[ $half -gt 15 ]
	equals "$(stat -c %a "$copied")" 751
	echo changed >"$copied/file"
	equals "$(cat rootfs/data/file)" content
}

@test "tmpcopyup to a read-only tmpfs, and onto nothing" {
	mkdir rootfs/data
	echo content >rootfs/data/file
	config '.mounts += [{"destination": "/data", "type": "tmpfs", "options": ["tmpcopyup", "ro"]},
		{"destination": "/none", "type": "tmpfs", "options": ["tmpcopyup"]}]'
	box 'cat /data/file; touch /data/new; ls -A /none'
	equals "$output" $'content\ntouch: /data/new: Read-only file system'
}

@test "tmpcopyup through links of the image stays in it, and needs room" {
	mkdir -p rootfs/real "$BATS_TEST_TMPDIR/outside"
	touch "$BATS_TEST_TMPDIR/outside/secret"
	dd if=/dev/zero of=rootfs/real/large bs=1k count=100 status=none
	ln -s "$BATS_TEST_TMPDIR/outside" rootfs/out
	config '.mounts += [{"destination": "/out", "type": "tmpfs", "options": ["tmpcopyup"]}]'
	box "ls -A $BATS_TEST_TMPDIR/outside"
	equals "$output" ''
	config '.mounts[-1] = {"destination": "/real", "type": "tmpfs", "options": ["tmpcopyup", "size=16k"]}'
	refused "cannot mount tmpfs on /real (/mounts/7): copy '/real/large': no space left on device"
}

@test "tmpcopyup is for a tmpfs" {
	bind "$PWD" /mnt rbind tmpcopyup
	refused 'mount option "tmpcopyup" is for a tmpfs only'
}

# --- links as sources and destinations ---

@test "copy-symlink: the link is made anew" {
	ln -s /somewhere/else link
	touch file
	bind "$PWD/link" /etc/link bind copy-symlink
	bind "$PWD/file" /etc/file bind copy-symlink
	box 'readlink /etc/link; stat -c %F /etc/file; grep -c " /etc/link " /proc/self/mountinfo'
	equals "$output" $'/somewhere/else\nregular empty file\n0'
	box 'readlink /etc/link'
	equals "$output" /somewhere/else
	rm rootfs/etc/link
	echo other >rootfs/etc/link
	refused "make link '/etc/link': file exists"
}

@test "src-nofollow: the link itself is mounted" {
	ln -s /etc/passwd link
	bind "$PWD/link" /etc/link bind src-nofollow
	box 'readlink /etc/link; grep -c " /etc/link " /proc/self/mountinfo'
	equals "$output" $'/etc/passwd\n1'
	ln -s /no/such/place dangling
	bind "$PWD/dangling" /etc/dangling bind src-nofollow
	box 'readlink /etc/dangling'
	equals "$output" /no/such/place
}

@test "dest-nofollow: the link itself is mounted on" {
	echo content >source
	echo untouched >rootfs/etc/real
	ln -s /etc/real rootfs/etc/link
	bind "$PWD/source" /etc/link bind dest-nofollow
	box 'cat /etc/link /etc/real; grep -c " /etc/link " /proc/self/mountinfo; grep -c " /etc/real " /proc/self/mountinfo'
	equals "$output" $'content\nuntouched\n1\n0'
}

@test "words about links that exclude each other, or are for binds only" {
	bind "$PWD" /mnt bind copy-symlink src-nofollow
	refused 'mount option "copy-symlink" excludes "src-nofollow"'
	config '.mounts[-1].options = ["bind", "dest-nofollow", "copy-symlink"]'
	refused 'mount option "copy-symlink" excludes "dest-nofollow"'
	for word in copy-symlink src-nofollow; do
		config '.mounts[-1] = {"destination": "/mnt", "type": "tmpfs", "options": [$word]}' --arg word $word
		refused "mount option \"$word\" is for a bind mount only"
	done
}

# --- remount ---

@test "remount changes what is mounted already" {
	[[ ${COFFER_REFUSE:-} != *fspick* ]] || skip "without fspick() there is no way to change a file system's options"
	config '.mounts += [{"destination": "/mnt", "type": "tmpfs", "options": ["size=64k"]},
		{"destination": "/mnt", "type": "tmpfs", "options": ["remount", "ro", "noexec", "size=128k"]},
		{"destination": "/proc", "type": "bind", "options": ["bind", "remount", "ro"]}]'
	box 'awk "\$5 ~ \"^/(mnt|proc)\$\" { print \$5, \$6, \$NF }" /proc/self/mountinfo'
	contains "$output" '/mnt ro,noexec,relatime rw,size=128k'
	[[ $output =~ /proc\ ro ]]
	config '.mounts[-1].destination = "/etc"'
	refused 'cannot mount bind on /etc (/mounts/9): change a mount'
}

# --- mapped ids ---

needs_idmap() {
	[ -z "${COFFER_REFUSE:-}" ] || skip "mapped ids need the newer system calls"
}

in_user_namespace() {
	reachable
	config '.linux.namespaces += [{"type": "user"}] | .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 1000}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 5}, {"containerID": 5, "hostID": 100005, "size": 995}]'
	chown -R 100000:200000 rootfs
}

@test "idmap: files have the container's ids inside, and the host's outside" {
	needs_idmap
	in_user_namespace
	mkdir source
	touch source/file
	chown 3:4 source/file
	chmod 777 source
	bind "$PWD/source" /plain rbind
	bind "$PWD/source" /mapped rbind idmap
	box 'stat -c %u:%g /plain/file /mapped/file; touch /mapped/made'
	equals "$output" $'65534:65534\n3:4'
	equals "$(stat -c %u:%g source/made)" 0:0
}

@test "idmap maps one mount, ridmap all below it" {
	needs_idmap
	in_user_namespace
	mkdir -p source/sub
	mount -t tmpfs tmpfs source/sub
	touch source/sub/file
	chown 3:4 source/sub/file
	bind "$PWD/source" /one rbind idmap
	bind "$PWD/source" /tree rbind ridmap
	box 'stat -c %u:%g /one/sub/file /tree/sub/file'
	umount source/sub
	if [[ $output == *'does not support mapped ids'* ]]; then
		skip "a tmpfs has no mapped ids here"
	fi
	equals "$output" $'65534:65534\n3:4'
}

@test "idmap with the user namespace that is joined by its path" {
	needs_idmap
	in_user_namespace
	create
	touch source
	chown 3:4 source
	config '.linux.namespaces[-1].path = $path | .linux.cgroupsPath = $cgroup + "-2" | del(.linux.uidMappings, .linux.gidMappings)' \
		--arg path "/proc/$(init_pid)/ns/user"
	bind "$PWD/source" /etc/file bind idmap
	config '.process.args = ["stat", "-c", "%u:%g", "/etc/file"]'
	run -0 runtime run other
	equals "$output" 3:4
}

@test "a mount's own mappings" {
	needs_idmap
	touch source
	chown 1003:2004 source
	bind "$PWD/source" /etc/file bind
	config '.mounts[-1] += {"uidMappings": [{"containerID": 1000, "hostID": 10, "size": 10}],
		"gidMappings": [{"containerID": 2000, "hostID": 20, "size": 10}]}'
	bind "$PWD/source" /etc/file2 bind idmap
	config '.mounts[-1] += {"uidMappings": [{"containerID": 0, "hostID": 0, "size": 1003}, {"containerID": 1003, "hostID": 7777, "size": 1}],
		"gidMappings": [{"containerID": 0, "hostID": 0, "size": 10}]}'
	box 'stat -c %u:%g /etc/file /etc/file2'
	equals "$output" $'13:24\n7777:65534'
}

@test "mappings in the option" {
	needs_idmap
	in_user_namespace
	touch source
	chown 1003:2004 source
	bind "$PWD/source" /etc/host bind 'idmap=uids=1000-100020-10#5-100000-1;gids=2000-200030-10'
	bind "$PWD/source" /etc/relative bind 'idmap=uids=@1000-20-10;gids=@2000-30-10'
	box 'stat -c %u:%g /etc/host /etc/relative'
	equals "$output" $'23:34\n23:34'
}

@test "mapped ids that make no sense" {
	needs_idmap
	touch source
	bind "$PWD/source" /etc/file bind idmap
	refused 'mount option "idmap" needs mappings, or a container with a user namespace'
	config '.mounts[-1] += {"uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}'
	refused 'uidMappings and gidMappings go together'
	config '.mounts[-1].gidMappings = .mounts[-1].uidMappings | .mounts[-1].type = "tmpfs" | .mounts[-1].options = []'
	refused 'ids can be mapped for a bind mount only'
	config 'del(.mounts[-1])'
	for text in 'uids=1-2' 'uids=1-2-x' 'uids=1-2-3-4' 'uids=' 'uids=1-2-3;uids=4-5-6' 'gids=-1-2-3' 'gids=1-2-4294967296'; do
		bind "$PWD/source" /etc/file bind "idmap=$text"
		refused 'mount option "idmap": '
		contains "$output" 'is not of the form FIRST-SEEN-COUNT'
		config 'del(.mounts[-1])'
	done
	bind "$PWD/source" /etc/file bind 'idmap=uids=@0-0-1'
	refused '"@0-0-1" is not in one mapping of the container'
	config '.mounts[-1].options = ["bind", "idmap=nids=0-0-1"]'
	refused '"nids=0-0-1" is neither "uids=..." nor "gids=..."'
	config '.mounts[-1].options = ["bind", "idmap="]'
	refused 'mount option "idmap=" maps nothing'
	config '.mounts[-1].source = "/proc/version" | .mounts[-1].options = ["bind", "idmap=uids=0-1-1;gids=0-1-1"]'
	refused 'map the ids of the mount: invalid argument'
	contains "$output" 'does not support mapped ids'
	contains "$output" '[E-IDMAP, stage create, exit 1]'
}

@test "file systems that show a namespace which is not the container's" {
	in_user_namespace
	for pair in pid:proc network:sysfs ipc:mqueue; do
		cp config.json before.json
		config '.linux.namespaces |= map(select(.type != $ns))' --arg ns "${pair%:*}"
		refused 'operation not permitted'
		contains "$output" "but no new ${pair%:*} namespace, which a ${pair#*:} shows"
		mv before.json config.json
	done
}

# --- cgroups ---

@test "cgroups with and without a namespace of their own" {
	box 'ls -d /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | wc -l'
	with=$output
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	box 'ls -d /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | wc -l; ls -d /sys/fs/cgroup/*/coffer-test-* 2>/dev/null | wc -l
		grep " /sys/fs/cgroup" /proc/self/mountinfo | grep -vc " ro,"'
	equals "${lines[0]}" "$with"
	[ "$with" -gt 0 ]
	equals "${lines[1]}" 0
	equals "${lines[2]}" 0
	config '(.mounts[] | select(.type == "cgroup")).type = "cgroup2"'
	box 'ls -d /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | wc -l'
	equals "$output" "$with"
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
