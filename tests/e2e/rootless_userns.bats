#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# User namespaces of containers whose user is not root: --userns keep-id, nomap, auto, and maps. Nobody may map ids of files
# for them, so their images are copied.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/rootless

setup_file() {
	rootless_file_setup
	ann import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
}

teardown_file() {
	rootless_file_teardown
}

run_ann() {
	ann run --rm --network none "$@"
}

# refused TEXT FLAG...: ann's create fails with TEXT
refused() {
	run -125 ann create --network none "${@:2}" box:1 true
	[[ $output == *"$1"* ]] || { echo "$output" >&2; return 1; }
	[ -z "$(ann ps -aq)" ]
}

squeeze() {
	tr -s ' \t\n' ' ' | sed 's/^ //; s/ $//'
}

@test "keep-id: the user has her own id, and runs as it" {
	local uid
	uid=$(uid_of ann)
	mkdir -m 700 "$ROOTLESS/ann/mine"
	chown "$uid:$uid" "$ROOTLESS/ann/mine"
	[ "$(run_ann --userns keep-id -v "$ROOTLESS/ann/mine:/mine" box:1 \
		sh -c 'id -u; id -g; stat -c "%u %g" /mine /bin/busybox; touch /mine/file' | squeeze)" = "$uid $uid $uid $uid 0 0" ]
	[ "$(stat -c '%u %g' "$ROOTLESS/ann/mine/file")" = "$uid $uid" ]
	[ "$(run_ann --userns keep-id box:1 cat /proc/self/uid_map | squeeze)" = "0 1 65536 $uid 0 1" ]
	[ "$(run_ann --userns keep-id -u 0 box:1 id -u)" = 0 ]
}

@test "keep-id: the user is somebody in there" {
	local uid
	uid=$(uid_of ann)
	[ "$(run_ann --userns keep-id -w /tmp box:1 sh -c 'id -un; id -gn; echo $HOME; grep ann /etc/passwd /etc/group' | squeeze)" = \
		"ann ann /tmp /etc/passwd:ann:*:$uid:$uid::/tmp:/bin/sh /etc/group:ann:x:$uid:ann" ]
	[ "$(run_ann --userns keep-id --read-only -v "$ROOTLESS/ann:$ROOTLESS/ann" box:1 sh -c 'echo $HOME')" = "$ROOTLESS/ann" ]
	[ "$(run_ann --userns keep-id --passwd=false box:1 sh -c 'grep -c ann /etc/passwd /etc/group' | squeeze)" = '/etc/passwd:0 /etc/group:0' ]
	[ "$(run_ann --userns keep-id:uid=1000,gid=1000 box:1 sh -c 'id -un; grep -c . /etc/passwd /etc/group' | squeeze)" = \
		'user /etc/passwd:2 /etc/group:3' ]
	ann --storage-driver vfs run --name somebody --network none --userns keep-id box:1 id -un
	[ "$(ann start -a somebody)" = ann ]
	[ "$(ann export somebody | tar -xO etc/passwd | grep -c ann)" = 1 ]
	[ "$(ann export somebody | tar -tv --numeric-owner etc/passwd etc/group | cut -d ' ' -f 1,2 | squeeze)" = '-rw-r--r-- 0/0 -rw-r--r-- 0/0' ]
	[ "$(run_ann --userns keep-id -u 0 box:1 sh -c 'mv /etc/passwd /etc/passwd- && cp /etc/passwd- /etc/passwd && grep -c ann /etc/passwd')" = 1 ]
	ann rm somebody
}

@test "keep-id:uid=,gid=: another one" {
	[ "$(run_ann --userns keep-id:uid=1000,gid=2000 box:1 sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map' | squeeze)" = \
		'1000 2000 0 1 1000 1000 0 1 1001 1001 64536 0 1 2000 2000 0 1 2001 2001 63536' ]
	[ "$(run_ann --userns keep-id:uid=0,gid=0 box:1 cat /proc/self/uid_map | squeeze)" = '0 0 1 1 1 65536' ]
}

@test "top: her own name, and ids of the machine" {
	ann run -d --network none --name shown --userns keep-id box:1 sleep 1000 >/dev/null
	[ "$(ann top shown user huser hgroup args | sed -n 2p | squeeze)" = "ann ann ann sleep 1000" ]
	ann rm -f shown
	ann run -d --network none --name shown -u user box:1 sleep 1000 >/dev/null
	[ "$(ann top shown user huser | sed -n 2p | squeeze)" = "user $(($(subid_of ann) + 999))" ]
	ann rm -f shown
}

@test "nomap: all ids but the user's" {
	local uid
	uid=$(uid_of ann)
	[ "$(run_ann --userns nomap -v "$ROOTLESS/ann:/home" box:1 \
		sh -c 'cat /proc/self/uid_map; stat -c %u /bin /home; touch /x && stat -c %u /x' | squeeze)" = '0 1 65536 0 65534 0' ]
}

@test "auto: ranges of their own, out of hers" {
	ann create --network none --name auto1 --userns auto box:1 cat /proc/self/uid_map >/dev/null
	ann create --network none --name auto2 --userns auto:size=3000 box:1 cat /proc/self/uid_map >/dev/null
	[ "$(ann start -a auto1 | squeeze)" = '0 1 2001' ]
	[ "$(ann start -a auto2 | squeeze)" = '0 2002 3000' ]
	ann rm auto1 auto2
	refused 'no 65537 ids in a row are left for a container' --userns auto:size=65537
}

@test "maps of her own: ids of her namespace, and with @ those of the machine" {
	[ "$(run_ann --uidmap 0:1:100 --uidmap "100:@$(uid_of ann)" box:1 sh -c 'cat /proc/self/uid_map' | squeeze)" = '0 1 100 100 0 1' ]
	[ "$(run_ann --uidmap "0:@$(subid_of ann):2001" box:1 sh -c 'cat /proc/self/uid_map' | squeeze)" = '0 1 2001' ]
	refused '0:65530:100: your user namespace has no user ids 65530 to 65629' --uidmap 0:65530:100
	refused 'the ids 5 to 5 are not all yours' --uidmap 0:@5
	refused 'only root may use the ranges of others' --subuidname bob
}

@test "containers with the same ids share one copy of their image, which goes with it" {
	local store=$ROOTLESS/ann/.local/share/coffer
	copies() { find "$store/mapped" -mindepth 2 -maxdepth 2 | wc -l; }
	tar -c -C "$ROOTLESS" etc | ann import - copied:1 >/dev/null
	ann tag "$(ann run --name made --network none -d box:1 sleep 0 >/dev/null && ann commit made)" copied:2
	ann rm -f made >/dev/null
	local before
	before=$(copies)
	ann run --name first --network none --userns keep-id:uid=7,gid=7 --passwd=false -u 0 copied:2 sh -c 'echo first >/etc/mine; rm -r /home'
	ann run --name second --network none --userns keep-id:uid=7,gid=7 copied:2 sh -c 'ls /home; test ! -e /etc/mine'
	[ "$(copies)" -eq $((before + 1)) ]
	[ "$(ann diff first | squeeze)" = 'C /etc A /etc/mine D /home' ]
	[ "$(ann start -a second | squeeze)" = user ]
	run -0 ann system check
	ann --storage-driver vfs create --network none --userns keep-id:uid=8,gid=8 --name whole copied:2 true >/dev/null
	ann create --network none --userns auto --name own copied:2 true >/dev/null
	[ "$(copies)" -eq $((before + 1)) ]
	ann rm first second whole own >/dev/null
	ann rmi copied:1 copied:2 >/dev/null
	[ "$(copies)" -eq "$before" ]
}

@test "a file of the image whose id the container does not have" {
	refused "of the image belongs to id 0, which the container's user namespace does not have" --uidmap 5:1:100 -u 5
}

@test "what it writes, volumes and the end of it" {
	ann run --network none --name writes --userns nomap -v data:/data -v home:/home box:1 \
		sh -c 'touch /a /data/a; chown 7:8 /a /data/a; stat -c "%u %g" /data /home/user' >"$BATS_TEST_TMPDIR/out"
	[ "$(squeeze <"$BATS_TEST_TMPDIR/out")" = '0 0 0 0' ]
	[ "$(ann start -a writes | squeeze)" = '0 0 0 0' ]
	[ "$(ann run --rm --network none --userns nomap -v data:/data box:1 stat -c '%u %g' /data/a)" = '7 8' ]
	run_ann --userns keep-id:uid=1000,gid=1000 -v given:/given:U -u 7 --group-add 7 box:1 touch /given/x
	[ "$(ann diff writes | squeeze)" = 'A /a A /data' ] || [ "$(ann diff writes | squeeze)" = 'A /a' ]
	[ "$(ann export writes | tar -tv --numeric-owner -f - a bin/busybox | cut -d ' ' -f 2 | squeeze)" = '7/8 0/0' ]
	ann commit writes box:committed >/dev/null
	[ "$(run_ann box:committed stat -c '%u %g' /a /bin | squeeze)" = '7 8 0 0' ]
	[ "$(run_ann --userns keep-id -u 0 box:committed stat -c '%u %g' /a | squeeze)" = '7 8' ]
	ann rmi box:committed
	ann rm writes
	ann volume rm data home given
}

@test "a network, and other containers of the same namespace" {
	[ -e "$ROOTLESS/tun" ] || skip 'there is no /dev/net/tun'
	command -v pasta >/dev/null || skip 'there is no pasta (package passt)'
	ann run -d --name net --userns keep-id box:1 sleep 1000 >/dev/null
	ann exec net ip -o link show eth0 >/dev/null
	[ "$(ann run --rm --userns container:net --network container:net --pid container:net box:1 \
		sh -c 'ls /sys/class/net; ps -o args' | grep -cE '^(eth0|sleep 1000)$')" -eq 2 ]
	ann rm -f net
}

@test "mapped mounts are refused in words" {
	run -125 run_ann --userns keep-id -v "$ROOTLESS/ann:/home:idmap" box:1 true
	[[ $output == *'map the ids of the mount: operation not permitted'*'only root of the user namespace that its file system was mounted in may map ids'* ]]
	run -125 run_ann --userns auto --mount type=image,source=box:1,target=/image box:1 true
	[[ $output == *'an image cannot be mounted on /image'* ]]
}

@test "an image that is mounted has the container's ids" {
	[ "$(run_ann --userns keep-id --mount type=image,source=box:1,target=/image box:1 \
		sh -c 'stat -c %u:%g /image/bin/busybox /image; touch /image/x 2>&1' | squeeze)" = \
		'0:0 0:0 touch: /image/x: Read-only file system' ]
}

@test "without subordinate ids" {
	rootless_grant bob 0
	bob import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 2>/dev/null >/dev/null
	[ "$(bob run --rm --network none --userns keep-id:uid=0,gid=0 box:1 cat /proc/self/uid_map 2>/dev/null | squeeze)" = '0 0 1' ]
	run -125 bob run --rm --network none --userns nomap box:1 true
	[[ $output == *'your user namespace has your own id only'* ]]
	run -125 bob run --rm --network none --userns auto box:1 true
	[[ $output == *'your user namespace has one id only'* ]]
}

@test "cp: owners are the container's" {
	local state
	ann create --network none --name copied --userns nomap box:1 sleep 1000 >/dev/null
	mkdir -p "$ROOTLESS/ann/in"
	touch "$ROOTLESS/ann/in/a"
	chown -R "$(uid_of ann)" "$ROOTLESS/ann/in"
	for state in stopped running; do
		[ $state = stopped ] || ann start copied
		tar -c -C "$ROOTLESS/ann/in" --owner 7 --group 8 a | ann cp - copied:/tmp
		ann cp in/a copied:/$state
		[ "$(ann cp copied:/tmp/a - | tar -tv --numeric-owner | cut -d ' ' -f 2)" = 7/8 ]
		[ "$(ann cp copied:/$state - | tar -tv --numeric-owner | cut -d ' ' -f 2)" = 0/0 ]
	done
	[ "$(ann exec copied stat -c '%u:%g' /tmp/a /stopped /running | squeeze)" = '7:8 0:0 0:0' ]
	ann rm -f copied
}
