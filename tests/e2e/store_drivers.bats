#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# How a container is stored: overlay2, and vfs, which copies, where overlays cannot be or somebody wants it so.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	image_load_four
}

teardown_file() {
	coffer_file_teardown
}

vfs() {
	coffer --storage-driver vfs "$@"
}

@test "vfs: what the image's layers show together, is in the container's directory" {
	id=$(vfs create --network none four:1 true)
	mkdir "$BATS_TEST_TMPDIR/expected"
	image_expected "$BATS_TEST_TMPDIR/expected"
	# The places for what is mounted are there in any case.
	mkdir -p "$BATS_TEST_TMPDIR/expected"/{dev,proc,sys}
	(cd "$BATS_TEST_TMPDIR/expected/etc" && touch hostname hosts resolv.conf)
	diff <(image_listing "$BATS_TEST_TMPDIR/expected") <(image_listing "$COFFER_TEST_ROOT/root/snapshots/$id/upper")
	coffer system check
	coffer rm "$id"
	[ ! -e "$COFFER_TEST_ROOT/root/snapshots/$id" ]
}

@test "vfs: what it writes is there when it is started again, and nowhere else" {
	vfs create --name twice --network none box:1 sh -c 'cat /mine 2>/dev/null; echo was-here >>/mine; rm -f /etc/group'
	coffer start -a twice
	[ "$(coffer start -a twice)" = was-here ]
	box test ! -e /mine
	[ "$(box grep -c . /etc/group)" -eq 3 ]
	coffer rm twice
}

@test "vfs: exec with users, cp, export, volumes that are filled" {
	vfs run -d --name all --network none -v filled:/etc box:1 sleep 1000
	[ "$(coffer exec -u user all id -u)" = 1000 ]
	[ "$(coffer exec all cat /etc/passwd | grep -c .)" -eq 2 ]
	echo content >"$BATS_TEST_TMPDIR/file"
	coffer cp "$BATS_TEST_TMPDIR/file" all:/copied
	[ "$(coffer exec all cat /copied)" = content ]
	coffer stop -t 0 all
	coffer cp "$BATS_TEST_TMPDIR/file" all:/again
	[ "$(coffer cp all:/again - | tar -xO)" = content ]
	[ "$(coffer export all | tar -t | grep -cE '^(copied|again)$')" -eq 2 ]
	coffer rm all
	coffer volume rm filled
}

# What programs do to files, but for changes of hard links: a copy keeps these together, overlayfs does not.
changes() {
	cat <<-'SCRIPT'
		cd /data
		echo >>keep
		echo new >added
		rm empty relative-link
		rm -r opaque
		mkdir opaque && echo >opaque/other
		mv attributes moved
		chmod 0711 plain-dir
		rm -r file-to-dir && echo file >file-to-dir
		rm dir-to-file && mkdir -p dir-to-file/deep && echo >dir-to-file/deep/file
		ln -sf elsewhere absolute-link
		ln keep keep-again
		mkfifo pipe
		touch -d @1600000000 mode
		rm /bin/busybox.none /etc/motd 2>/dev/null
		printf x >/etc/same && printf y >/etc/same
	SCRIPT
}

@test "vfs: diff says what it changed, as it does with overlay2" {
	changes >"$BATS_TEST_TMPDIR/script"
	for driver in overlay2 vfs; do
		coffer --storage-driver "$driver" create --name "c-$driver" --network none \
			-v "$BATS_TEST_TMPDIR/script:/script:ro" four:1 sh /script
		coffer diff "c-$driver" >"$BATS_TEST_TMPDIR/untouched-$driver"
		coffer start -a "c-$driver"
		coffer diff "c-$driver" >"$BATS_TEST_TMPDIR/$driver"
	done
	[ ! -s "$BATS_TEST_TMPDIR/untouched-vfs" ]
	[ ! -s "$BATS_TEST_TMPDIR/untouched-overlay2" ]
	diff "$BATS_TEST_TMPDIR/overlay2" "$BATS_TEST_TMPDIR/vfs"
	grep -qx 'D /data/empty' "$BATS_TEST_TMPDIR/vfs"
}

@test "vfs: commit makes a layer of what it changed, and of nothing else" {
	for driver in overlay2 vfs; do
		coffer commit "c-$driver" "of-$driver:1"
		coffer create --name "again-$driver" --network none "of-$driver:1" true
		mkdir "$BATS_TEST_TMPDIR/$driver"
		coffer export "again-$driver" | tar -x -C "$BATS_TEST_TMPDIR/$driver"
	done
	diff <(image_listing "$BATS_TEST_TMPDIR/overlay2") <(image_listing "$BATS_TEST_TMPDIR/vfs")
	layer=$(coffer image inspect of-vfs:1 | jq -r '.[0].RootFS.Layers[-1]' | cut -d: -f2)
	layer=$COFFER_TEST_ROOT/root/layers/$layer
	[ "$(stat -c '%F %t:%T' "$layer/data/empty")" = "character special file 0:0" ]
	[ ! -e "$layer/data/setuid" ]
	[ ! -e "$layer/bin" ]
	coffer rm c-overlay2 c-vfs again-overlay2 again-vfs
	coffer rmi of-overlay2:1 of-vfs:1
}

@test "vfs: a file that only its change time tells from the image's" {
	vfs create --name same --network none box:1 sh -c 'size=$(stat -c %s /etc/group)
		before=$(stat -c %Y /etc/group)
		head -c "$size" /dev/zero >/etc/group
		touch -d "@$before" /etc/group'
	coffer start -a same
	[ "$(coffer diff same | tr '\n' ' ')" = "C /etc C /etc/group " ]
	coffer rm same
}

@test "each container knows its driver; info tells that of the next" {
	vfs create --name copy --network none box:1 true
	coffer create --name shared --network none box:1 true
	[ "$(coffer inspect -f '{{.Driver}} {{.GraphDriver.Name}}' copy)" = "vfs vfs" ]
	[ "$(coffer inspect -f '{{json .GraphDriver.Data}}' copy)" = null ]
	[ "$(coffer inspect -f '{{.Driver}} {{.GraphDriver.Name}}' shared)" = "overlay2 overlay2" ]
	[ "$(coffer info -f '{{.Driver}}')" = overlay2 ]
	status=$(coffer info -f '{{range .DriverStatus}}{{index . 0}}={{index . 1}},{{end}}')
	[[ $status == *'Supports d_type=true,Using metacopy=false,Native Overlay Diff=true,userxattr='*',Redirect Dir=nofollow,' ]]
	[[ $(vfs info -f '{{json .DriverStatus}}') != *metacopy* ]]
	[ "$(vfs info -f '{{.Driver}}')" = vfs ]
	[ "$(COFFER_STORAGE_DRIVER=vfs coffer info -f '{{.Driver}}')" = vfs ]
	coffer start -a copy
	coffer start -a shared
	coffer rm copy shared
}

@test "a limit of the size, where the file system has no quotas, is refused in its words" {
	mkdir "$BATS_TEST_TMPDIR/store"
	cat >"$BATS_TEST_TMPDIR/limited" <<-'SCRIPT'
		set -euo pipefail
		mount -t tmpfs none "$BATS_TEST_TMPDIR/store"
		limited() {
			"$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/store" --runroot "$COFFER_TEST_ROOT/run" "$@"
		}
		tar --create --directory "$BATS_FILE_TMPDIR/rootfs" . | limited import - box:1 >/dev/null
		limited create --storage-opt size=10m --network none box:1 true
	SCRIPT
	run -125 inside unshare --mount bash "$BATS_TEST_TMPDIR/limited"
	[[ $output == *"the size of the container's layer cannot be limited here"*"(tmpfs none): the file system has no project quotas, "* ]]
	[[ $output == *"hint:  --root DIRECTORY"*E-UNSUPPORTED* ]]
}

@test "options of storage that make no sense" {
	run -125 coffer create --storage-opt dm.basesize=1g box:1
	[[ $output == *'--storage-opt dm.basesize=1g: there is no such option'*'hint:  --storage-opt size=10g'* ]]
	run -125 coffer create --storage-opt size=much box:1
	[[ $output == *'--storage-opt size=much: '*E-INVALID* ]]
}

@test "drivers that there are not" {
	run -125 coffer --storage-driver devicemapper info
	[[ $output == *'there is no storage driver "devicemapper": it was removed from Docker, too'*\
'hint:  --storage-driver overlay2'*E-UNSUPPORTED* ]]
	run -125 coffer --storage-driver zfs info
	[[ $output == *'there is no storage driver "zfs": it is not a part of Linux'* ]]
	run -125 env COFFER_STORAGE_DRIVER=nonsense "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" info
	[[ $output == *'"nonsense" is not a storage driver'*E-INVALID* ]]
}

@test "where overlays cannot be, the image is copied, and that is said with the reason" {
	cd "$BATS_TEST_TMPDIR"
	mkdir lower upper work merged
	tar --create --file box.tar --directory "$BATS_FILE_TMPDIR/rootfs" .
	cat >nested <<-'SCRIPT'
		set -euo pipefail
		nested() {
			"$COFFER_BIN/coffer" --root "$PWD/merged/root" --runroot "$PWD/run" "$@"
		}
		mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged
		nested import box.tar box:1 >/dev/null
		nested run --name nested --network none box:1 sh -c 'echo inside; echo >/written'
		nested inspect -f '{{.Driver}}' nested
		nested start -a nested
		nested system check
		nested rm nested
	SCRIPT
	run -0 inside unshare --mount bash nested
	[[ ${lines[0]} == *"no overlays here, so the image is copied (storage driver vfs)"*overlayfs* ]]
	[ "${lines[*]:1}" = "inside vfs inside nested" ]
}
