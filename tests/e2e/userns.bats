#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# User namespaces of root's containers: --userns, --uidmap, --gidmap, --subuidname. What is on disk has the container's ids.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	printf 'containers:3000000:200000\nsome:5000000:1000\nsome:7000000:500\n' >"$BATS_FILE_TMPDIR/subuid"
	printf 'containers:3100000:200000\nsome:5000000:2000\nother:6000000:10\n' >"$BATS_FILE_TMPDIR/subgid"
	: >"$BATS_FILE_TMPDIR/empty"
	touch /etc/subuid /etc/subgid
}

teardown_file() {
	coffer_file_teardown
}

# with_ids UIDS GIDS ARGUMENT...: coffer, where these are /etc/subuid and /etc/subgid
with_ids() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private -- bash -c '
		mount --bind "$1" /etc/subuid && mount --bind "$2" /etc/subgid && shift 2 && exec "$@"
	' - "$BATS_FILE_TMPDIR/$1" "$BATS_FILE_TMPDIR/$2" \
		"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "${@:3}"
}

ranged() {
	with_ids subuid subgid "$@"
}

# mapped FLAG...: a container with these ids: mapped --uidmap ... box:1 COMMAND...
mapped() {
	coffer run --rm --network none "$@"
}

# refused TEXT FLAG...: create fails with TEXT, and leaves nothing
refused() {
	run -125 coffer create --network none --name refused "${@:2}" box:1 true
	[[ $output == *"$1"* ]] || { echo "$output" >&2; return 1; }
	run -1 coffer inspect refused
}

# Without runs of blanks.
squeeze() {
	tr -s ' \t\n' ' ' | sed 's/^ //; s/ $//'
}

pid_of() {
	coffer inspect -f '{{.State.Pid}}' "$1"
}

@test "the map is the kernel's, and the process is the mapped user to the host" {
	coffer run -d --network none --name mapped --uidmap 0:100000:1000 --uidmap 2000:50000:5 --gidmap 0:200000:65536 box:1 \
		sleep 1000 >/dev/null
	[ "$(coffer exec mapped cat /proc/self/uid_map | squeeze)" = '0 100000 1000 2000 50000 5' ]
	[ "$(coffer exec mapped cat /proc/self/gid_map | squeeze)" = '0 200000 65536' ]
	[ "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of mapped)/status")" = 100000 ]
	[ "$(awk '/^Gid:/ { print $2 }' "/proc/$(pid_of mapped)/status")" = 200000 ]
	[ "$(coffer exec -u 2001:3 mapped sh -c 'id -u; id -g' | squeeze)" = '2001 3' ]
	coffer rm -f mapped
}

@test "a user whom the namespace does not have" {
	refused "the container's user namespace has no user id 1000, which it is to run as" --uidmap 0:100000:1000 -u 1000
	refused "the container's user namespace has no group id 5000, which its user is to have" --uidmap 0:100000:1000 -u 1:5000
	refused "the container's user namespace has no group id 2000, which its user is to have" --uidmap 0:100000:1001 -u user
	mapped --uidmap 0:100000:2001 -u user box:1 true
}

@test "files of the image are the container's, and what it writes has its ids on disk" {
	id=$(coffer create --network none --name files --uidmap 0:100000:65536 box:1 \
		sh -c 'stat -c "%u %g" / /bin/busybox /etc/hosts /tmp; touch /a; chown 5:6 /a; echo more >>/etc/hosts; mkdir /d')
	[ "$(coffer start -a files | sort -u)" = '0 0' ]
	upper=$COFFER_TEST_ROOT/root/snapshots/$id/upper
	[ "$(stat -c '%u %g' "$upper/a" "$upper/d" | squeeze)" = '5 6 0 0' ]
	[ "$(coffer diff files | grep -c '^A /[ad]$')" -eq 2 ]
	[ "$(coffer export files | tar -tv --numeric-owner -f - a | cut -d ' ' -f 2)" = 5/6 ]
	coffer commit files box:committed >/dev/null
	[ "$(mapped box:committed stat -c '%u %g' /a)" = '5 6' ]
	[ "$(mapped --uidmap 0:300000:100 box:committed stat -c '%u %g' /a)" = '5 6' ]
	coffer rm files
	coffer rmi box:committed
}

@test "again after a stop, a restart by policy, and a copy of the image (vfs)" {
	coffer run -d --network none --name again --restart on-failure --uidmap 0:100000:65536 box:1 \
		sh -c 'id -u >>/runs; [ "$(wc -l </runs)" -gt 2 ] && exec sleep 1000; exit 1' >/dev/null
	thrice() { [ "$(coffer exec again cat /runs 2>/dev/null | squeeze)" = '0 0 0' ]; }
	eventually thrice
	coffer stop -t 0 again
	coffer start again
	[ "$(coffer exec again sh -c 'cat /proc/self/uid_map' | squeeze)" = '0 100000 65536' ]
	coffer rm -f again
	[ "$(coffer --storage-driver vfs run --rm --network none --uidmap 0:100000:65536 box:1 \
		sh -c 'touch /x; stat -c %u /x /bin/busybox' | squeeze)" = '0 0' ]
}

@test "--userns auto: ranges of their own, of both files, until the containers are removed" {
	local i
	for i in 1 2 3; do
		ranged run -d --network none --name "auto$i" --userns auto box:1 sleep 1000 >/dev/null
	done
	[ "$(coffer exec auto1 cat /proc/self/uid_map | squeeze)" = '0 3100000 2001' ] # the image has a group 2000
	[ "$(coffer exec auto2 cat /proc/self/gid_map | squeeze)" = '0 3102001 2001' ]
	[ "$(coffer exec auto3 cat /proc/self/uid_map | squeeze)" = '0 3104002 2001' ]
	coffer stop -t 0 auto2 auto3
	ranged create --network none --name auto4 --userns auto:size=1500 box:1 sleep 1000 >/dev/null
	[ "$(coffer inspect -f '{{.HostConfig.IDMappings.UidMap}}' auto4)" = '[0:3106003:1500]' ]
	coffer rm auto2
	ranged create --network none --name auto5 --userns auto:size=1500 box:1 sleep 1000 >/dev/null
	[ "$(coffer inspect -f '{{.HostConfig.IDMappings.UidMap}}' auto5)" = '[0:3102001:1500]' ]
	coffer start auto3 # the ids are its own while it does not run, too
	[ "$(coffer exec auto3 cat /proc/self/uid_map | squeeze)" = '0 3104002 2001' ]
	coffer rm -f auto1 auto3 auto4 auto5
}

@test "--userns auto: what is said of it" {
	run ranged run --rm --network none --userns auto:size=10,uidmapping=3:1234:2,gidmapping=0:77:1 box:1 \
		cat /proc/self/uid_map /proc/self/gid_map
	[ "$(squeeze <<<"$output")" = '0 3100000 3 5 3100005 5 3 1234 2 1 3100001 9 0 77 1' ]
	[ "$(ranged run --rm --network none --userns auto -u 5000 box:1 cat /proc/self/uid_map | squeeze)" = '0 3100000 5001' ]
	run -125 ranged create --network none --userns auto:size=100001 box:1 true
	[[ $output == *'no 100001 ids in a row are left for a container'*'100000 are there for all of them'* ]]
	run -125 with_ids empty subgid create --network none --userns auto box:1 true
	[[ $output == *'give none to "containers"'*'echo containers:2147483647:2147483648'* ]]
	refused 'unknown option "sise=4"' --userns auto:sise=4
	refused 'it is at least 1' --userns auto:size=0
	run -125 ranged create --network none --userns auto:size=5,uidmapping=3 box:1 true
	[[ $output == *'uidmapping: "3" is not of the form'* ]]
	[ -z "$(coffer ps -aq)" ]
}

@test "--userns auto: many at once overlap nowhere" {
	local i pids=()
	for i in {1..8}; do
		ranged create --network none --userns auto --name "many$i" box:1 true >/dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in {1..8}; do
		coffer inspect -f '{{index .HostConfig.IDMappings.UidMap 0}}' "many$i"
	done | sort -t : -k 2 -n | awk -F : '$2 < end { exit 1 } { end = $2 + $3 } END { exit NR != 8 }'
	coffer rm many{1..8} >/dev/null
}

@test "ids that a container was told are nobody's by --userns auto" {
	coffer create --network none --name chosen --uidmap 0:3100000:500 --gidmap 0:3100600:5 box:1 true >/dev/null
	[ "$(ranged run --rm --network none --userns auto:size=100 box:1 cat /proc/self/uid_map | squeeze)" = '0 3100500 100' ]
	[ "$(ranged run --rm --network none --userns auto:size=101 box:1 cat /proc/self/uid_map | squeeze)" = '0 3100605 101' ]
	mapped --uidmap 0:3100000:500 box:1 true # who says so may have them twice
	coffer rm chosen
}

@test "--subuidname, --subgidname: all ranges of a name" {
	run ranged run --rm --network none --subuidname some box:1 cat /proc/self/uid_map /proc/self/gid_map
	[ "$(squeeze <<<"$output")" = '0 5000000 1000 1000 7000000 500 0 5000000 2000' ]
	[ "$(ranged run --rm --network none --subuidname some --subgidname other box:1 cat /proc/self/gid_map | squeeze)" = \
		'0 6000000 10' ]
	run -125 ranged run --rm --network none --subuidname nobody-has-this box:1 true
	[[ $output == *"'/etc/subuid' has no ids for nobody-has-this"*'usermod --add-subuids'* ]]
}

@test "words that make no sense" {
	refused 'invalid USER mode: "bogus"' --userns bogus
	refused '--userns host, private, auto, keep-id, nomap, container:NAME or ns:PATH' --userns autobahn
	refused 'invalid USER mode: "container:"' --userns container:
	refused 'the path of a namespace is absolute' --userns ns:relative
	refused '--userns keep-id is for users who are not root' --userns keep-id
	refused '--userns nomap is for users who are not root' --userns nomap
	refused 'unknown option "uid"' --userns keep-id:uid
	refused '--userns private needs to be told which ids' --userns private
	refused 'conflicting options: --uidmap and --userns host' --userns host --uidmap 0:1:2
	refused 'conflicting options: --gidmap and --userns auto' --userns auto --gidmap 0:1:2
	refused '--uidmap: "0:1:2:3" is not of the form [+]CONTAINER-ID:[@]HOST-ID[:SIZE]' --uidmap 0:1:2:3
	refused '--uidmap: "0" is not of the form' --uidmap 0
	refused '--gidmap: "0:-1:2" is not of the form' --gidmap 0:-1:2
	refused '--uidmap: "0:4294967290:10": ids are 0 to 4294967294' --uidmap 0:4294967290:10
	refused '--uidmap: 0:1:10 and 5:100:1 overlap' --uidmap 0:1:10 --uidmap 5:100:1
	refused '--uidmap: 0:1:10 and 50:5:1 overlap' --uidmap 0:1:10 --uidmap 50:5:1
	mapped --userns host box:1 true
}

@test "+ takes ids away from what was said before" {
	[ "$(mapped --uidmap 0:100000:100 --uidmap +10:5:2 --gidmap +0:7:1 box:1 cat /proc/self/uid_map | squeeze)" = \
		'0 100000 10 12 100012 88 10 5 2' ]
	[ "$(mapped --uidmap 0:@100000:100 box:1 cat /proc/self/gid_map | squeeze)" = '0 100000 100' ]
}

@test "--userns container: the other's, with its ids, and whatever else of it" {
	coffer run -d --network none --name donor --ipc shareable --uidmap 0:100000:65536 box:1 sleep 1000 >/dev/null
	local ns
	ns=$(readlink "/proc/$(pid_of donor)/ns/user")
	[ "$(mapped --userns container:donor box:1 sh -c 'readlink /proc/self/ns/user; stat -c %u /bin' | squeeze)" = "$ns 0" ]
	[ "$(coffer run --rm --userns container:donor --pid container:donor --ipc container:donor --network container:donor \
		box:1 sh -c 'readlink /proc/self/ns/user; ps -o args | grep -c "^sleep 1000"' | squeeze)" = "$ns 1" ]
	coffer create --network none --name guest --userns container:donor box:1 readlink /proc/self/ns/user >/dev/null
	[ "$(mapped --userns "ns:/proc/$(pid_of donor)/ns/user" box:1 readlink /proc/self/ns/user)" = "$ns" ]
	refused 'its processes belong to another user namespace' --uidmap 0:1:1 --pid container:donor
	run -125 coffer create --network none --uidmap 0:1:1 --pid "ns:/proc/$(pid_of donor)/ns/pid" box:1 true
	[[ $output == *'its processes belong to another user namespace'* ]]
	coffer rename donor other
	coffer restart -t 0 other
	[ "$(coffer start -a guest)" = "$(readlink "/proc/$(pid_of other)/ns/user")" ]
	coffer rm -f other
	run -1 coffer start guest
	[[ $output == *'No such container'* ]]
	coffer rm guest
	mapped --userns ns:/proc/self/ns/user box:1 true
	refused "'/proc/self/ns/net' is a network namespace, a user namespace is wanted" --userns ns:/proc/self/ns/net
	refused 'No such container: nosuch' --userns container:nosuch
}

@test "a network of its own, of which it is root" {
	run coffer run --rm --uidmap 0:100000:65536 --cap-add NET_ADMIN box:1 \
		sh -c 'ip -o addr show eth0 && ip link set eth0 mtu 1400 && cat /sys/class/net/eth0/mtu; ping -c 1 -W 5 127.0.0.1; cat /proc/sys/net/ipv4/ping_group_range'
	[[ $output == *'inet 172.'*1400*'1 packets received'*65535* ]]
	[ "$(coffer run --rm --uidmap 0:100000:3 box:1 cat /proc/sys/net/ipv4/ping_group_range | squeeze)" = '0 2' ]
}

@test "with namespaces of the host" {
	coffer run --rm --network host --uidmap 0:100000:65536 box:1 ls /sys/class/net/lo >/dev/null
	[ "$(mapped --pid host --ipc host --uts host --uidmap 0:100000:65536 box:1 readlink /proc/self/ns/pid)" = \
		"$(readlink /proc/self/ns/pid)" ]
}

@test "no device can be made in it, and those that a container has are there" {
	mapped --uidmap 0:100000:65536 box:1 sh -c 'echo x >/dev/null && head -c 1 /dev/urandom >/dev/null'
	run -1 mapped --privileged --uidmap 0:100000:65536 box:1 mknod /null c 1 3
	[[ $output == *'Operation not permitted'* ]]
	mapped --cap-add SYS_ADMIN --security-opt seccomp=unconfined --uidmap 0:100000:65536 box:1 mount -t tmpfs none /tmp
}

@test "named volumes have the containers' ids, whichever of the host's they run with" {
	coffer run --rm --network none --uidmap 0:100000:65536 -v shared:/data box:1 sh -c 'echo x >/data/x; chown 5:6 /data/x' 
	[ "$(mapped --uidmap 0:300000:65536 -v shared:/data box:1 stat -c '%u %g' /data/x /data | squeeze)" = '5 6 0 0' ]
	[ "$(mapped -v shared:/data box:1 stat -c '%u %g' /data/x)" = '5 6' ]
	mapped --uidmap 0:300000:65536 -v fresh:/tmp:U -u 7 box:1 touch /tmp/a
	[ "$(mapped -v fresh:/tmp box:1 stat -c %u /tmp /tmp/a | squeeze)" = '7 7' ]
	coffer volume rm shared fresh
}

@test "images that are mounted" {
	[ "$(mapped --uidmap 0:100000:65536 --mount type=image,source=box:1,target=/image box:1 stat -c '%u %g' /image/bin)" = '0 0' ]
}

@test "idmap: a bind whose files have the container's ids" {
	mkdir "$BATS_TEST_TMPDIR/source"
	touch "$BATS_TEST_TMPDIR/source/root" "$BATS_TEST_TMPDIR/source/other"
	chown 1000:2000 "$BATS_TEST_TMPDIR/source/other"
	local source=$BATS_TEST_TMPDIR/source show='cd /s; stat -c "%u:%g" root other'
	[ "$(mapped --uidmap 0:100000:65536 -v "$source:/s" box:1 sh -c "$show" | squeeze)" = '65534:65534 65534:65534' ]
	[ "$(mapped --uidmap 0:100000:65536 -v "$source:/s:idmap" box:1 sh -c "$show; touch new" | squeeze)" = '0:0 1000:2000' ]
	[ "$(mapped --uidmap 0:100000:65536 --mount "type=bind,src=$source,dst=/s,idmap" box:1 sh -c "$show" | squeeze)" = '0:0 1000:2000' ]
	[ "$(stat -c %u "$source/new")" = 0 ]
	# First id in the file system, first one that is seen, how many; with @ that is the container's.
	[ "$(mapped --uidmap 0:100000:65536 -v "$source:/s:ro,idmap=uids=@1000-5-1;gids=@2000-7-1" box:1 sh -c "$show" | squeeze)" = \
		'65534:65534 5:7' ]
	[ "$(mapped -v "$source:/s:idmap=uids=0-44-1#1000-55-1;gids=0-66-1" box:1 sh -c "$show" | squeeze)" = '44:66 55:65534' ]
	[ "$(mapped --mount "type=bind,src=$source,dst=/s,idmap=uids=0-44-1;gids=0-66-1" box:1 sh -c "$show" | squeeze)" = '44:66 65534:65534' ]
	run -125 mapped -v "$source:/s:idmap" box:1 true
	[[ $output == *'mount option "idmap" needs mappings, or a container with a user namespace'* ]]
	run -125 mapped -v "$source:/s:idmap=users=0-1-2" box:1 true
	[[ $output == *'"users=0-1-2" is neither "uids=..." nor "gids=..."'* ]]
}

@test ":U gives a bind to the container's user, as the host has him" {
	mkdir "$BATS_TEST_TMPDIR/given"
	touch "$BATS_TEST_TMPDIR/given/file"
	mapped --uidmap 0:100000:65536 -u 7:8 -v "$BATS_TEST_TMPDIR/given:/given:U" box:1 touch /given/new
	[ "$(cd "$BATS_TEST_TMPDIR/given" && stat -c '%u:%g' . file new | sort -u)" = 100007:100008 ]
	mapped --uidmap 0:100000:65536 -u 7:8 -v "$BATS_TEST_TMPDIR/given:/given:U,idmap" box:1 touch /given/newer
	[ "$(cd "$BATS_TEST_TMPDIR/given" && stat -c '%u:%g' . file new newer | sort -u)" = 7:8 ]
}

@test "cp: owners are the container's, whether it runs or not" {
	local work=$BATS_TEST_TMPDIR state
	mkdir "$work/in"
	touch "$work/in/a"
	chown 7:8 "$work/in/a"
	coffer create --network none --name copied --uidmap 0:100000:65536 -v "$work/bound:/bound" box:1 \
		sh -c 'touch /mine && chown 5:6 /mine && exec sleep 1000' >/dev/null
	for state in stopped running; do
		if [ $state = running ]; then
			coffer start copied
			is_there() { coffer exec copied test -e /mine; }
			eventually is_there
		fi
		coffer cp "$work/in" copied:/$state
		coffer cp -a "$work/in" copied:/$state-a
		tar -c -C "$work/in" --numeric-owner a | coffer cp - copied:/tmp
		coffer cp "$work/in/a" copied:/bound/$state
		[ "$(coffer cp copied:/$state-a - | tar -tv --numeric-owner | cut -d ' ' -f 2 | squeeze)" = '0/0 7/8' ]
		coffer cp -a copied:/$state-a "$work/out-$state"
		[ "$(stat -c '%u:%g' "$work/out-$state/a")" = 7:8 ]
		coffer cp copied:/$state-a "$work/plain-$state"
		[ "$(stat -c '%u:%g' "$work/plain-$state/a")" = 0:0 ]
		[ "$(stat -c '%u:%g' "$work/bound/$state")" = 100000:100000 ]
	done
	[ "$(coffer exec copied stat -c '%u:%g' /stopped/a /stopped-a/a /running/a /running-a/a /tmp/a /bound/running | squeeze)" = \
		'0:0 7:8 0:0 7:8 7:8 0:0' ]
	[ "$(coffer cp copied:/mine - | tar -tv --numeric-owner | cut -d ' ' -f 2)" = 5/6 ]
	chown 99999:99999 "$work/in/a"
	run -1 coffer cp -a "$work/in/a" copied:/tmp/strange
	[[ $output == *"'strange' belongs to 99999:99999, which the container's user namespace does not have"* ]]
	coffer rm -f copied
}

@test "inspect says what was asked for, and what came of it" {
	local show='{{.HostConfig.UsernsMode}} {{json .HostConfig.IDMappings}}' id
	id=$(coffer create --network none --name first --uidmap 0:100000:10 --gidmap 0:200000:20 box:1 true)
	coffer create --network none --name second --userns container:first box:1 true >/dev/null
	[ "$(coffer inspect -f "$show" first)" = 'private {"UidMap":["0:100000:10"],"GidMap":["0:200000:20"]}' ]
	[ "$(coffer inspect -f "$show" second)" = "container:$id "'{"UidMap":["0:100000:10"],"GidMap":["0:200000:20"]}' ]
	ranged create --network none --name third --userns auto:size=5 box:1 true >/dev/null
	[ "$(coffer inspect -f "$show" third)" = 'auto:size=5 {"UidMap":["0:3100000:5"],"GidMap":["0:3100000:5"]}' ]
	coffer create --network none --name fourth box:1 true >/dev/null
	[ "$(coffer inspect fourth | jq '.[0].HostConfig | has("IDMappings")')" = false ]
	coffer rm first second third fourth
}
