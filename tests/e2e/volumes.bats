#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Volumes: making, listing and removing them, and what a crash leaves of that.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	# An image with files where volumes will be, a link to them, and two VOLUMEs.
	local tree=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$tree/data/deep" "$tree/empty" "$tree/srv"
	echo image >"$tree/data/file"
	echo deep >"$tree/data/deep/file"
	ln -s /etc/passwd "$tree/data/link"
	inside chown 1000:1000 "$tree/data" "$tree/data/file"
	inside chmod 0710 "$tree/data"
	ln -s /data "$tree/srv/to-data"
	inside tar --create --directory "$tree" --numeric-owner . |
		coffer import --change 'CMD ["/bin/sh"]' --change 'VOLUME ["/data", "/cache/"]' - filled:1 >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	volumes=$COFFER_TEST_ROOT/root/volumes
}

teardown() {
	local id
	for id in $(coffer ps -aq); do
		coffer rm -fv "$id" >/dev/null
	done
	coffer volume prune -af >/dev/null
}

# A container that leaves nothing, with more flags and an image.
box_with() {
	coffer run --rm --network none "$@"
}


# Run SQL in the database of this file.
database() {
	python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as db:
    for row in db.execute(sys.argv[2]):
        print(*row, sep="|")' "$COFFER_TEST_ROOT/root/coffer.db" "$1"
}

# --- create, ls, inspect, rm ----------------------------------------------------------------------------------------

@test "create prints the name; the same again is the same volume" {
	run -0 coffer volume create data
	[ "$output" = data ]
	[ "$(stat -c %a "$volumes/data/_data")" = 755 ]
	echo kept >"$volumes/data/_data/file"
	run -0 coffer volume create data
	[ "$output" = data ]
	[ "$(<"$volumes/data/_data/file")" = kept ]
	run -0 coffer volume create --name spelled
	[ "$output" = spelled ]
}

@test "a volume without a name is anonymous" {
	run -0 coffer volume create
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	run -0 coffer volume inspect -f '{{json .Labels}}' "$output"
	[ "$output" = '{"com.docker.volume.anonymous":""}' ]
}

@test "names, drivers and options that cannot be" {
	run -1 coffer volume create x
	[[ $output == *'volume name is too short'* ]]
	run -1 coffer volume create 'a/b'
	[[ $output == *'"a/b" includes invalid characters for a local volume name'* ]]
	run -1 coffer volume create .dot
	run -1 coffer volume create -d nosuch data
	[[ $output == *'plugin "nosuch" not found'* ]]
	run -1 coffer volume create -o colour=red data
	[[ $output == *'invalid option: "colour"'* ]]
	run -1 coffer volume create -o type=tmpfs data
	[[ $output == *'missing required option: "device"'* ]]
	run -1 coffer volume create -o size=1g data
	[[ $output == *'no quota support'* ]]
	run -125 coffer volume create --name one two
	run -0 coffer volume ls -q
	[ -z "$output" ]
}

@test "other options for a name that is there are refused" {
	coffer volume create -o type=tmpfs -o device=tmpfs data
	coffer volume create -o device=tmpfs -o type=tmpfs data
	run -1 coffer volume create -o type=tmpfs -o device=tmpfs -o o=size=1m data
	[[ $output == *'is there already, with other options'*'type=tmpfs device=tmpfs'* ]]
}

@test "inspect is Docker's document" {
	coffer volume create --label team=a --label bare -o type=tmpfs -o device=tmpfs -o o=size=1m data
	run -0 coffer volume inspect data
	[ "$(jq -c '.[0] | del(.CreatedAt)' <<<"$output")" = "$(jq -nc --arg m "$volumes/data/_data" '{Driver: "local",
		Labels: {team: "a", bare: ""}, Mountpoint: $m, Name: "data",
		Options: {type: "tmpfs", device: "tmpfs", o: "size=1m"}, Scope: "local"}')" ]
	coffer volume create plain
	[ "$(coffer volume inspect plain | jq -c '.[0] | [.Labels, .Options]')" = '[null,null]' ]
	[ "$(coffer inspect --type volume -f '{{.Name}}' plain)" = plain ]
	[ "$(coffer inspect -f '{{.Name}}' plain)" = plain ]
	run -1 coffer volume inspect nosuch
	[[ $output == *'get nosuch: no such volume'* ]]
}

@test "ls: the table, templates, json, and filters" {
	coffer volume create --label team=a alpha
	coffer volume create --label team=b beta
	run -0 coffer volume ls
	[ "${lines[0]}" = 'DRIVER    VOLUME NAME' ]
	[ "${lines[1]}" = 'local     alpha' ]
	[ "$(coffer volume ls --format '{{.Name}} {{.Label "team"}}' | paste -sd ,)" = 'alpha a,beta b' ]
	[ "$(coffer volume ls --format json | head -n 1 | jq -r '.Name + .Scope + .Links')" = alphalocalN/A ]
	[ "$(coffer volume ls -q -f name=^al)" = alpha ]
	[ "$(coffer volume ls -q -f label=team=b)" = beta ]
	[ "$(coffer volume ls -q -f label=team -f name=beta -f name=alpha | paste -sd ,)" = alpha,beta ]
	[ "$(coffer volume ls -q -f driver=local -f dangling=true | paste -sd ,)" = alpha,beta ]
	[ -z "$(coffer volume ls -q -f dangling=false)" ]
	[ -z "$(coffer volume ls -q -f driver=other)" ]
	run -125 coffer volume ls -f colour=red
	[[ $output == *"invalid filter 'colour'"* ]]
	run -125 coffer volume ls -f dangling=perhaps
	run -125 coffer volume ls -f 'name=('
}

@test "rm removes the files; what is not there is an error, unless forced" {
	coffer volume create data
	echo x >"$volumes/data/_data/file"
	run -0 coffer volume rm data
	[ "$output" = data ]
	[ -z "$(ls -A "$volumes")" ]
	run -1 coffer volume rm data
	[[ $output == *'get data: no such volume'* ]]
	coffer volume rm -f data
	coffer volume create data
	[ ! -e "$volumes/data/_data/file" ]
}

@test "prune takes anonymous volumes, with --all the others, too" {
	coffer volume create named
	coffer volume create --label keep=yes kept
	anonymous=$(coffer volume create)
	head -c 5000 /dev/zero >"$volumes/$anonymous/_data/file"
	run -1 coffer volume prune <<<n
	[[ $output == *'WARNING! This will remove anonymous local volumes not used by at least one container.'* ]]
	run -0 coffer volume prune <<<y
	[[ $output == *"Deleted Volumes:
$anonymous

Total reclaimed space: 5kB"* ]]
	run -0 coffer volume prune -f
	[ "$output" = 'Total reclaimed space: 0B' ]
	run -0 coffer volume prune -af --filter label!=keep
	[ "${lines[1]}" = named ]
	run -0 coffer volume prune -f --filter all=1
	[ "${lines[1]}" = kept ]
}

@test "volumes are in the events" {
	since=$(date +%s.%N)
	coffer volume create data
	coffer volume rm data
	run -0 coffer events --since "$since" --until "$(date +%s.%N)" --filter type=volume --format '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.driver}}'
	[ "$output" = 'create data local
destroy data local' ]
}

# --- in containers --------------------------------------------------------------------------------------------------

@test "a named volume is made, kept, and shared" {
	run -0 box_with -v data:/x box:1 sh -c 'echo one >/x/file'
	[ "$(coffer volume ls -q)" = data ]
	run -1 box_with -v data:/y:ro box:1 sh -c 'cat /y/file; echo two >/y/file'
	[[ $output == one*'Read-only file system'* ]]
	[ "$(<"$volumes/data/_data/file")" = one ]
}

@test "a volume begins with the image's files, owner and mode, once" {
	box_with -v data:/data filled:1 true
	[ "$(inside cat "$volumes/data/_data/file")" = image ]
	[ "$(inside cat "$volumes/data/_data/deep/file")" = deep ]
	[ "$(inside readlink "$volumes/data/_data/link")" = /etc/passwd ]
	[ "$(inside stat -c '%u:%g %a' "$volumes/data/_data")" = '1000:1000 710' ]
	[ "$(inside stat -c '%u:%g' "$volumes/data/_data/file")" = 1000:1000 ]
	inside rm "$volumes/data/_data/file"
	box_with -v data:/data filled:1 true
	inside test ! -e "$volumes/data/_data/file"
	box_with -v linked:/srv/to-data filled:1 true
	[ "$(inside cat "$volumes/linked/_data/file")" = image ]
	box_with -v bare:/data:nocopy filled:1 true
	[ -z "$(inside ls -A "$volumes/bare/_data")" ]
	box_with -v none:/no/such/place filled:1 true
	[ -z "$(inside ls -A "$volumes/none/_data")" ]
	[ "$(inside ls "$volumes/data")" = _data ]
}

@test "an empty volume that another container has is filled in its place" {
	coffer run -d --name first --network none -v data:/nothing filled:1 sleep 1000
	box_with -v data:/data filled:1 true
	run -0 coffer exec first ls /nothing
	[ "$output" = 'deep
file
link' ]
}

@test "create fills as well; a copy that was cut off is done at the start" {
	coffer create --name made --network none -v data:/data filled:1 cat /data/file
	[ "$(inside cat "$volumes/data/_data/file")" = image ]
	inside rm -r "$volumes/data/_data"
	inside mkdir -p "$volumes/data/filling/half"
	database "UPDATE volume_uses SET fill = 1 WHERE volume = 'data'"
	run -0 coffer start -a made
	[ "$output" = image ]
	[ "$(inside ls "$volumes/data")" = _data ]
}

@test "the image's VOLUMEs and -v without a name are anonymous" {
	coffer create --name made --network none -v /own filled:1 true
	[ "$(coffer volume ls -q | grep -cE '^[0-9a-f]{64}$')" = 3 ]
	run -0 coffer inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.Driver}} {{.RW}} {{len .Name}}
{{end}}' made
	[ "$output" = 'volume /cache local true 64
volume /data local true 64
volume /own local true 64' ]
	[ "$(coffer inspect made | jq -c '.[0].Config.Volumes | keys')" = '["/cache","/data","/own"]' ]
	coffer rm made >/dev/null
	[ "$(coffer volume ls -q | wc -l)" = 3 ]
	coffer volume prune -f >/dev/null
	coffer create --name made --network none -v own:/cache -v /data:/data:ro filled:1 true
	[ "$(coffer inspect -f '{{range .Mounts}}{{.Type}}:{{.Destination}} {{end}}' made)" = 'volume:/cache bind:/data ' ]
	[ "$(coffer volume ls -q)" = own ]
}

@test "rm -v and --rm take anonymous volumes, and named ones never" {
	coffer create --name made --network none -v named:/data filled:1 true
	[ "$(coffer volume ls -q | wc -l)" = 2 ]
	coffer rm -v made
	[ "$(coffer volume ls -q)" = named ]
	box_with -v named:/data filled:1 sh -c 'echo x >/cache/file'
	[ "$(coffer volume ls -q)" = named ]
	[ "$(ls -A "$volumes")" = named ]
}

@test "a volume that a container has stays, and who has it is said" {
	coffer create --name made --network none -v data:/x box:1 true
	run -1 coffer volume rm data
	[[ $output == *'remove data: volume is in use'*'containers have it: made'*'coffer rm made'* ]]
	run -0 coffer volume prune -af
	[ "$output" = 'Total reclaimed space: 0B' ]
	[ "$(coffer volume ls -q -f dangling=false)" = data ]
	[ "$(coffer ps -aq -f volume=data -f volume=/nothing)" = "$(coffer ps -aq)" ]
	[ -z "$(coffer ps -aq -f volume=other)" ]
	[ "$(coffer ps -a --format '{{.Mounts}} {{.LocalVolumes}}')" = 'data 1' ]
	coffer rm made
	coffer volume rm data
}

@test "--volumes-from: all of it, read-only, and what is given as well counts" {
	mkdir -p "$BATS_TEST_TMPDIR/host"
	coffer create --name first --network none -v data:/data -v "$BATS_TEST_TMPDIR/host:/host" --tmpfs /scratch filled:1 true
	run -1 box_with --volumes-from first:ro -v other:/host box:1 sh -c 'cat /data/file; echo x >/host/own; echo x >/cache/file'
	[[ $output == image*'Read-only file system'* ]]
	[ "$(ls "$volumes/other/_data")" = own ]
	coffer create --name second --network none --volumes-from first box:1 true
	[ "$(coffer inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' second)" = '/cache /data /host ' ]
	[ "$(coffer inspect -f '{{.HostConfig.VolumesFrom}}' second)" = '[first]' ]
	# The anonymous one goes with the last container that has it.
	coffer rm -v first
	[ "$(coffer volume ls -q | wc -l)" = 3 ]
	coffer rm -v second
	[ "$(coffer volume ls -q | paste -sd ,)" = data,other ]
	run -125 coffer create --volumes-from nosuch box:1
	[[ $output == *'--volumes-from: No such container: nosuch'* ]]
	run -125 coffer create --volumes-from a:b box:1
	[[ $output == *'invalid mode: b'* ]]
}

@test "inspect: what was asked for, and what is mounted" {
	mkdir "$BATS_TEST_TMPDIR/host"
	coffer create --name made --network none -v data:/x:ro -v "$BATS_TEST_TMPDIR/host:/host:rslave" --tmpfs /t:size=1m box:1 true
	run -0 coffer inspect made
	[ "$(jq -c '.[0].HostConfig.Binds' <<<"$output")" = "[\"data:/x:ro\",\"$BATS_TEST_TMPDIR/host:/host:rslave\"]" ]
	[ "$(jq -c '.[0].HostConfig.Tmpfs' <<<"$output")" = '{"/t":"size=1m"}' ]
	[ "$(jq -c '.[0].Mounts' <<<"$output")" = "$(jq -nc --arg v "$volumes/data/_data" --arg h "$BATS_TEST_TMPDIR/host" '[
		{Type: "bind", Source: $h, Destination: "/host", Mode: "rslave", RW: true, Propagation: "rslave"},
		{Type: "volume", Name: "data", Source: $v, Destination: "/x", Driver: "local", Mode: "ro", RW: false, Propagation: ""}]')" ]
}

@test "-v makes the directory that is missing" {
	run -0 box_with -v "$BATS_TEST_TMPDIR/not/there:/x" box:1 sh -c 'echo x >/x/file'
	[ "$(<"$BATS_TEST_TMPDIR/not/there/file")" = x ]
}

@test "--mount: binds, volumes and tmpfs" {
	mkdir -p "$BATS_TEST_TMPDIR/host"
	echo host >"$BATS_TEST_TMPDIR/host/file"
	run -1 box_with --mount "type=bind,src=$BATS_TEST_TMPDIR/host,dst=/h,ro" --mount type=volume,src=data,dst=/data,volume-label=a=b \
		--mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0750 --mount dst=/bare,volume-nocopy \
		filled:1 sh -c 'cat /h/file /data/file; stat -c %a /t; grep " /t " /proc/mounts; touch /h/x'
	[[ $output == host$'\n'image$'\n'750$'\n'*'size=1024k'*'Read-only file system'* ]]
	[ "$(coffer volume ls -q)" = data ]
	[ "$(coffer volume inspect -f '{{.Labels}}' data)" = 'map[a:b]' ]
	coffer create --name made --network none --mount type=volume,src=data,dst=/data,readonly,volume-nocopy --mount type=tmpfs,dst=/t,tmpfs-size=1m box:1
	[ "$(coffer inspect made | jq -c '.[0].HostConfig.Mounts')" = '[{"Type":"volume","Source":"data","Target":"/data","ReadOnly":true,"VolumeOptions":{"NoCopy":true}},{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":1048576}}]' ]
	[ "$(coffer inspect made | jq -c '.[0].Mounts | map([.Type, .Destination, .Mode, .RW])')" = '[["volume","/data","z",false],["tmpfs","/t","",true]]' ]
}

@test "--mount makes no source, unless told to; -v of a missing one does" {
	run -125 box_with --mount "type=bind,src=$BATS_TEST_TMPDIR/none,dst=/x" box:1 true
	[[ $output == *"bind source path does not exist: $BATS_TEST_TMPDIR/none"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
	box_with --mount "type=bind,src=$BATS_TEST_TMPDIR/none,dst=/x,bind-create-src" box:1 true
	[ -d "$BATS_TEST_TMPDIR/none" ]
	run -125 box_with -v data:/x -v other:/x/ box:1 true
	[[ $output == *'Duplicate mount point: /x'* ]]
	[ -z "$(coffer volume ls -q)" ]
}

@test "a part of a volume, out of which no link leads" {
	coffer volume create data
	mkdir -p "$volumes/data/_data/a/b"
	echo part >"$volumes/data/_data/a/b/file"
	ln -s a/b "$volumes/data/_data/inside"
	ln -s / "$volumes/data/_data/outside"
	run -0 box_with --mount src=data,dst=/x,volume-subpath=a/b box:1 cat /x/file
	[ "$output" = part ]
	run -0 box_with --mount src=data,dst=/x,volume-subpath=inside/file box:1 cat /x
	[ "$output" = part ]
	run -0 box_with --mount src=data,dst=/x,volume-subpath=outside box:1 ls /x
	[[ $output == *outside* && $output != *etc* ]]
	run -125 box_with --mount src=data,dst=/x,volume-subpath=none box:1 true
	[[ $output == *"cannot access path 'none' in the source: no such file or directory"* ]]
	run -0 box_with --mount src=data,dst=/x,subpath=/a/b box:1 cat /x/file # as podman has it
	[ "$output" = part ]
	run -125 box_with --mount src=data,dst=/x,volume-subpath=a/../../b box:1 true
	[[ $output == *'invalid mount config for type "volume": subpath must be a relative path within the volume'* ]]
	run -125 box_with --mount type=bind,src=/,dst=/x,subpath=etc box:1 true
	[[ $output == *"cannot mix 'subpath' with mount type 'bind'"* ]]
}

@test "cp reaches the volumes of a container that does not run" {
	coffer create --name made --network none -v data:/data -v ro:/ro:ro filled:1 true
	[ "$(coffer cp made:/data/deep/file - | tar -xO)" = deep ]
	echo new >"$BATS_TEST_TMPDIR/new"
	coffer cp "$BATS_TEST_TMPDIR/new" made:/data/deep
	[ "$(inside cat "$volumes/data/_data/deep/new")" = new ]
	run -1 coffer cp "$BATS_TEST_TMPDIR/new" made:/ro/
	[[ $output == *'mounted volume is marked read-only'* ]]
}

@test "an image is mounted read-only, and stays as long as a container has it" {
	run -1 box_with --mount type=image,src=filled:1,dst=/image box:1 sh -c 'cat /image/data/deep/file; touch /image/x'
	[[ $output == deep*'Read-only file system'* ]]
	coffer create --name made --network none --mount type=image,src=filled:1,dst=/image box:1 cat /image/data/file
	[ "$(coffer inspect made | jq -c '.[0].Mounts')" = '[{"Type":"image","Source":"filled:1","Destination":"/image","Mode":"","RW":false,"Propagation":""}]' ]
	run -1 coffer rmi filled:1
	[[ $output == *made* ]]
	[ "$(coffer start -a made)" = image ]
	[ "$(coffer start -a made)" = image ]
	run -125 box_with --mount type=image,src=nosuch:1,dst=/image box:1 true
	[[ $output == *'mount an image on /image: No such image: nosuch:1'* ]]
}

@test "a part of an image" {
	local tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/etc/deep" "$tree/opt"
	echo deep >"$tree/etc/deep/file"
	ln -s /etc/deep "$tree/absolute"
	ln -s ../../../../../etc "$tree/upwards"
	ln -s /proc/1/root "$tree/magic"
	ln -s ../absolute/file "$tree/opt/chain"
	tar -c -C "$tree" . | coffer import - parts:1 >/dev/null
	part() {
		box_with --mount "type=image,src=parts:1,dst=/x,$1" box:1 sh -c "${2:-find /x -type f}"
	}
	[ "$(part image-subpath=etc/deep 'cat /x/file')" = deep ]
	[ "$(part image-subpath=etc/deep/file 'cat /x')" = deep ]
	[ "$(part subpath=/etc,rw=false 'cat /x/deep/file')" = deep ]
	# links lead where they would lead in a container of the image
	[ "$(part image-subpath=absolute)" = /x/file ]
	[ "$(part image-subpath=upwards/deep)" = /x/file ]
	[ "$(part image-subpath=opt/chain 'cat /x')" = deep ]
	run -1 part image-subpath=etc 'touch /x/new'
	[[ $output == *'Read-only file system'* ]]
	run -125 part image-subpath=magic
	[[ $output == *"mount an image on /x: cannot access path 'magic': no such file or directory"* ]]
	run -125 part image-subpath=etc/none
	[[ $output == *"cannot access path 'etc/none': no such file or directory"* ]]
	for path in .. ../etc /etc etc/../../etc; do
		run -125 part "image-subpath=$path"
		[[ $output == *'invalid mount config for type "image": subpath must be a relative path within the volume'* ]]
	done
	run -125 part subpath=etc,rw
	[[ $output == *'invalid mount config for type "image": an image is mounted read-only'* ]]
	run -125 part volume-subpath=etc
	[[ $output == *"cannot mix 'volume-subpath' with mount type 'image'"* ]]
	coffer create --name made --network none --mount type=image,src=parts:1,dst=/x,image-subpath=etc/deep box:1 cat /x/file
	[ "$(coffer inspect made | jq -c '.[0].HostConfig.Mounts[0].ImageOptions')" = '{"Subpath":"etc/deep"}' ]
	[ "$(coffer start -a made)" = deep ]
	coffer rm made
	coffer rmi parts:1
}

@test "what is not available is said to be so" {
	[ -e /sys/fs/selinux/enforce ] || box_with -v data:/x:z -v other:/y:Z,ro box:1 true
}

@test "U gives the source to the container's user" {
	mkdir -p "$BATS_TEST_TMPDIR/host/deep"
	touch "$BATS_TEST_TMPDIR/host/deep/file"
	ln -s /etc/passwd "$BATS_TEST_TMPDIR/host/link"
	run -0 box_with -u user -v "$BATS_TEST_TMPDIR/host:/x:U" -v data:/y:U box:1 sh -c 'touch /x/new /x/deep/file /y/new'
	[ "$(inside stat -c %u "$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/host/deep/file" "$BATS_TEST_TMPDIR/host/link" | sort -u)" = 1000 ]
	[ "$(stat -c %u /etc/passwd)" = 0 ]
	[ "$(inside stat -c %u "$volumes/data/_data")" = 1000 ]
}

@test "--read-only with --read-only-tmpfs" {
	run -1 box_with --read-only box:1 touch /tmp/file
	[[ $output == *'Read-only file system'* ]]
	box_with --read-only --read-only-tmpfs box:1 touch /tmp/file /run/file /var/tmp/file
	run -1 box_with --read-only --read-only-tmpfs -v data:/run:ro box:1 touch /run/file
	box_with --read-only-tmpfs box:1 touch /file
	run -0 box_with --tmpfs /t:ro,size=1m,mode=700 box:1 grep ' /t ' /proc/mounts
	[[ $output == *' ro,'*'size=1024k,mode=700'* ]]
	run -125 box_with --tmpfs /t:colour=red box:1 true
	[[ $output == *colour* ]]
}

@test "mounts below the source come along, or not" {
	mkdir -p "$BATS_TEST_TMPDIR/host/sub"
	inside mount -t tmpfs below "$BATS_TEST_TMPDIR/host/sub"
	inside touch "$BATS_TEST_TMPDIR/host/sub/file"
	source="type=bind,src=$BATS_TEST_TMPDIR/host,dst=/h"
	status_of() {
		box_with --mount "$source$1" box:1 sh -c "$2" >/dev/null 2>&1 && echo yes || echo no
	}
	results=$(status_of '' 'test -e /h/sub/file')$(status_of ,bind-nonrecursive '! test -e /h/sub/file')
	results+=$(status_of ,ro 'touch /h/sub/x')$(status_of ,ro,bind-recursive=writable 'touch /h/sub/x')
	inside umount "$BATS_TEST_TMPDIR/host/sub"
	[ "$results" = yesyesnoyes ]
}

@test "what is mounted later reaches the container, the host, or nobody" {
	mkdir -p "$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/private"
	cat >"$BATS_TEST_TMPDIR/script" <<-'SCRIPT'
		set -euo pipefail
		coffer() { "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"; }
		host=$BATS_TEST_TMPDIR/host
		mount -t tmpfs shared "$host"
		mount --make-shared "$host"
		mkdir "$host/below" "$host/mine"
		coffer run -d --name grows --network none --cap-add SYS_ADMIN --security-opt seccomp=unconfined \
			-v "$host:/rslave:rslave" -v "$host:/rshared:rshared" -v "$host:/private" box:1 sleep 1000 >/dev/null
		mount -t tmpfs later "$host/below"
		touch "$host/below/file"
		coffer exec grows sh -c 'cd / && echo */below/file'
		coffer exec grows sh -c 'mount -t tmpfs inner /rshared/mine && touch /rshared/mine/file'
		coffer exec grows sh -c 'mount -t tmpfs inner /tmp; mount -t tmpfs inner /dev/shm'
		ls "$host/mine"
		grep -c ' - tmpfs inner ' /proc/self/mountinfo
		coffer rm -f grows >/dev/null
		umount "$host/mine"
	SCRIPT
	run -0 inside unshare --mount bash "$BATS_TEST_TMPDIR/script"
	[ "$output" = $'rshared/below/file rslave/below/file\nfile\n1' ]
	run -125 inside unshare --mount "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		run --rm --network none -v "$BATS_TEST_TMPDIR/private:/p:rshared" box:1 true
	[[ $output == *"path $BATS_TEST_TMPDIR/private is mounted on "*' but it is not a shared mount'* ]]
	[[ $output == *'hint:  mount --make-shared /'* ]]
}

@test "binds of what rules the host come with a word of warning" {
	run -0 --separate-stderr box_with -v /:/host:ro -v "$BATS_TEST_TMPDIR:/x" box:1 ls -d /host/etc
	[ "$output" = /host/etc ]
	[[ $stderr == *'the mount on /host gives the container all files of the host: /'* ]]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	run -0 --separate-stderr coffer --log-level error run --rm --network none --mount type=bind,src=/etc,dst=/x,ro box:1 true
	[ -z "$stderr" ]
}

@test "system prune: containers, networks, images, and volumes if they are meant" {
	coffer network create lonely >/dev/null
	anonymous=$(coffer volume create)
	coffer volume create named >/dev/null
	coffer create --name stopped --network none -v used:/x box:1 true >/dev/null
	coffer run -d --name running --network none -v kept:/x box:1 sleep 1000 >/dev/null
	run -1 coffer system prune --volumes --filter label=x <<<n
	[[ $output == *'WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all anonymous volumes not used by at least one container
  - all dangling images

  Items to be pruned will be filtered with:
  - label=x

Are you sure you want to continue? [y/N] '* ]]
	run -0 coffer system prune -f --filter label=nosuch
	[ "$output" = 'Total reclaimed space: 0B' ]
	run -0 coffer system prune -f
	[[ $output == 'Deleted Containers:'*'

Deleted Networks:
lonely

Total reclaimed space: '* ]]
	[ "$(coffer volume ls -q | wc -l)" = 4 ]
	run -0 coffer system prune -f --volumes
	[[ $output == "Deleted Volumes:
$anonymous

Total reclaimed space: 0B" ]]
	[ "$(coffer ps -aq --no-trunc)" = "$(coffer inspect -f '{{.Id}}' running)" ]
	run -0 coffer images -q
	[ "${#lines[@]}" = 2 ]
	run -125 coffer system prune -f --volumes --filter until=1h
	[[ $output == *'the "until" filter is not supported with "--volumes"'* ]]
	run -125 coffer system prune -f --filter colour=red
	[[ $output == *"invalid filter 'colour=red'"* ]]
}

@test "system df counts volumes" {
	coffer volume create unused >/dev/null
	coffer create --name made --network none -v used:/x box:1 true >/dev/null
	head -c 3000 /dev/zero >"$volumes/used/_data/file"
	head -c 1000 /dev/zero >"$volumes/unused/_data/file"
	[ "$(coffer system df --format '{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}' | grep Volumes)" = 'Local Volumes|2|1|4kB|1kB (25%)' ]
	run -0 coffer system df -v
	[[ $output == *'Local Volumes space usage:

VOLUME NAME   LINKS     SIZE
unused        0         1kB
used          1         3kB' ]]
}

@test "a volume of type tmpfs is mounted while containers run, shared, and filled" {
	coffer volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,mode=0770,nosuid memory
	coffer run -d --name first --network none -v memory:/data filled:1 sleep 1000
	inside grep -q " $volumes/memory/_data tmpfs rw,nosuid.*size=1024k,mode=770" /proc/self/mounts
	coffer run -d --name second --network none -v memory:/x:ro filled:1 sleep 1000
	coffer exec first sh -c 'echo shared >/data/new'
	[ "$(coffer exec second cat /x/new)" = shared ]
	[ "$(coffer exec second cat /x/file)" = image ]
	coffer stop -t 0 first
	inside grep -q " $volumes/memory/_data tmpfs" /proc/self/mounts
	coffer kill second
	run ! inside grep " $volumes/memory/_data " /proc/self/mounts
	coffer start second
	[ -z "$(coffer exec second ls /x)" ]
	coffer rm -f second
	run ! inside grep " $volumes/memory/_data " /proc/self/mounts
}

@test "a volume that is a directory of the host" {
	mkdir "$BATS_TEST_TMPDIR/host"
	coffer volume create -o type=none -o "device=$BATS_TEST_TMPDIR/host" -o o=bind,ro bound
	echo host >"$BATS_TEST_TMPDIR/host/file"
	run -1 box_with -v bound:/x box:1 sh -c 'cat /x/file; touch /x/new'
	[[ $output == host*'Read-only file system'* ]]
	coffer volume create -o type=none -o device=/no/such -o o=bind missing
	run -125 box_with -v missing:/x box:1 true
	[[ $output == *"mount volume missing: open '/no/such': no such file or directory"* ]]
	run -125 coffer run --network none -v missing:/x box:1 true
	[ -z "$(coffer ps -aq)" ]
	coffer volume rm bound missing
	[ "$(<"$BATS_TEST_TMPDIR/host/file")" = host ]
}

@test "what the killed leave mounted is unmounted" {
	coffer volume create -o type=tmpfs -o device=tmpfs memory
	coffer run -d --name first --network none -v memory:/x box:1 sleep 1000
	monitor=$(pgrep -f "$COFFER_TEST_ROOT/run/containers/$(coffer inspect -f '{{.Id}}' first)")
	kill -KILL "$monitor"
	all_exited() { [ "$(coffer ps -aq --filter status=exited)" = "$(coffer ps -aq)" ]; }
	eventually all_exited
	coffer ps >/dev/null
	run ! inside grep " $volumes/memory/_data " /proc/self/mounts
	inside mount -t tmpfs left "$volumes/memory/_data"
	coffer ps >/dev/null
	run ! inside grep " $volumes/memory/_data " /proc/self/mounts
	inside mount -t tmpfs left "$volumes/memory/_data"
	coffer rm first
	coffer volume rm memory
	run ! inside grep " $volumes/" /proc/self/mounts
}

@test "mounts and unmounts are in the events" {
	since=$(date +%s.%N)
	box_with -v data:/x:ro box:1 true
	run -0 coffer events --since "$since" --until "$(date +%s.%N)" --filter type=volume --format '{{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}'
	[[ ${lines[0]} == 'create data '* ]]
	[[ ${lines[1]} == 'mount data '*'"destination":"/x"'*'"read/write":"false"'* ]]
	[[ ${lines[2]} == 'unmount data {"container":"'*'"driver":"local"'* ]]
	[ "${#lines[@]}" = 3 ]
}

# --- what a crash leaves --------------------------------------------------------------------------------------------

@test "killed between row and directory: the directory is made" {
	coffer volume create data
	rmdir "$volumes/data/_data" "$volumes/data"
	run -0 coffer volume ls -q
	[ "$output" = data ]
	[ -d "$volumes/data/_data" ]
}

@test "killed while it removes: the next command goes on" {
	coffer volume create data
	coffer volume create other
	echo x >"$volumes/data/_data/file"
	database "UPDATE volumes SET going = 1 WHERE name = 'data'"
	# One that is to go is there for nobody, and its name is free.
	run -0 coffer volume create data
	[ ! -e "$volumes/data/_data/file" ]
	database "UPDATE volumes SET going = 1 WHERE name = 'data'"
	run -0 coffer volume ls -q
	[ "$output" = other ]
	[ "$(ls -A "$volumes")" = other ]
	[ -z "$(database "SELECT name FROM volumes WHERE name = 'data'")" ]
}

@test "killed behind the removal of the row: what was set aside is removed" {
	coffer volume create data
	mkdir -p "$volumes/.0123456789abcdef/_data/deep"
	coffer volume ls -q
	[ "$(ls -A "$volumes")" = data ]
}

@test "files whose row is lost are a volume again" {
	coffer volume create data
	echo kept >"$volumes/data/_data/file"
	database "DELETE FROM volumes"
	run -0 coffer volume ls -q
	[ "$output" = data ]
	[ "$(<"$volumes/data/_data/file")" = kept ]
}

@test "many commands on one name at once" {
	for _ in {1..8}; do
		(
			exec >/dev/null 2>&1 3>&-
			for _ in {1..5}; do
				coffer volume create shared
				coffer volume rm shared
			done
		) &
	done
	wait
	coffer volume rm -f shared
	[ -z "$(ls -A "$volumes")" ]
	[ -z "$(database 'SELECT name FROM volumes')" ]
}
