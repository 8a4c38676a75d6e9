#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Layers that hold files in directories for which they have no entry: a directory stays what the layers below say of it.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image

setup_file() {
	coffer_file_setup
	export LAYOUT=$BATS_FILE_TMPDIR/layout
	(
		cd "$BATS_FILE_TMPDIR" || exit
		make_base
		image_make "$LAYOUT" base
		image_add_layer "$LAYOUT" base base.tar
		BATS_TEST_TMPDIR=$PWD load_image base
		coffer tag base base:1
	)
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Directories of all kinds, over those of the image: /tmp is 1777, /root 0700.
make_base() {
	mkdir -p base/{owned/deep/deeper,gone,hidden,file-there,dir}
	ln -s dir base/link
	chmod 2750 base/owned base/owned/deep
	chown 1000:2000 base/owned base/owned/deep
	setfattr -n user.coffer -v kept base/owned
	touch -d @1500000000 base/owned
	chmod 0700 base/gone base/hidden base/file-there base/owned/deep/deeper
	tar --create --file base.tar --directory base --numeric-owner --xattrs --xattrs-include='user.*' --format=pax \
		owned gone hidden file-there dir link
}

# An archive without entries for directories: files_tar FILE NAME...
files_tar() {
	python3 - "$@" <<-'PYTHON'
		import io, sys, tarfile
		with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as tar:
		    for name in sys.argv[2:]:
		        member = tarfile.TarInfo(name)
		        member.size = 0 if "/.wh." in "/" + name else len(name)
		        tar.addfile(member, io.BytesIO(name.encode()))
	PYTHON
}

# The image NAME: the base, and an archive of names for each argument.
make_image() {
	local name=$1 names
	shift
	umoci tag --image "$LAYOUT:base" "$name"
	for names in "$@"; do
		# shellcheck disable=SC2086
		files_tar layer.tar $names
		image_add_layer "$LAYOUT" "$name" layer.tar
	done
	load_image "$name"
}

load_image() {
	skopeo --insecure-policy copy -q "oci:$LAYOUT:$1" "docker-archive:$BATS_TEST_TMPDIR/image-$1.tar:$1:latest"
	coffer load -q -i "$BATS_TEST_TMPDIR/image-$1.tar" >/dev/null
}

in_image() {
	local image=$1
	shift
	coffer run --rm --network none "$image" "$@"
}

parents_of() {
	echo "$COFFER_TEST_ROOT/root/parents/$(coffer image inspect --format '{{.Id}}' "$1" | cut -d: -f2)"
}

@test "a directory that a layer takes for granted keeps mode, owner, attributes and time" {
	make_image plain "tmp/x root/x owned/deep/deeper/x" "tmp/y owned/z"
	[ "$(in_image plain stat -c '%a %u:%g' /tmp /root /owned /owned/deep /owned/deep/deeper | tr '\n' ' ')" = \
		"1777 0:0 700 0:0 2750 1000:2000 2750 1000:2000 700 0:0 " ]
	[ "$(in_image plain stat -c %Y /owned)" = 1500000000 ]
	in_image plain cat /tmp/x /tmp/y /owned/deep/deeper/x /owned/z /root/x >/dev/null
	parents=$(parents_of plain)
	[ "$(cd "$parents" && find . -mindepth 1 | sort | tr '\n' ' ')" = \
		"./owned ./owned/deep ./owned/deep/deeper ./root ./tmp " ]
	[ "$(getfattr --only-values -n user.coffer "$parents/owned")" = kept ]
	[ "$(in_image plain sh -c 'touch /tmp/mine && stat -c %a /tmp')" = 1777 ]
	coffer image verify -q plain
	coffer system check
}

@test "nobody sees a mark, and nothing is changed" {
	make_image marks "tmp/x"
	id=$(coffer create --network none marks sh -c 'chmod 1770 /tmp; echo >/root/new')
	coffer start -a "$id"
	[ "$(coffer diff "$id" | tr '\n' ' ')" = "C /root A /root/new C /tmp " ]
	[[ $(getfattr -d -m - "$COFFER_TEST_ROOT/root/snapshots/$id/upper/tmp" 2>/dev/null) != *implied* ]]
	coffer commit "$id" committed >/dev/null
	[ "$(in_image committed stat -c %a /tmp /root | tr '\n' ' ')" = "1770 700 " ]
	coffer rm "$id"
	coffer rmi committed
}

@test "the same of vfs, of a mounted image, and of one that is mounted in a container" {
	make_image views "tmp/x owned/x"
	[ "$(coffer --storage-driver vfs run --rm --network none views stat -c '%a %u' /tmp /owned | tr '\n' ' ')" = "1777 0 2750 1000 " ]
	[ "$(in_image views stat -c %a /tmp)" = 1777 ]
	mounted=$(coffer image mount views)
	[ "$(stat -c %a "$mounted/tmp" "$mounted/owned" | tr '\n' ' ')" = "1777 2750 " ]
	coffer image unmount views
	[ "$(coffer run --rm --network none --mount type=image,source=views,target=/views base:1 stat -c %a /views/tmp)" = 1777 ]
}

@test "what a layer between has hidden does not come back" {
	make_image hidden ".wh.gone hidden/.wh..wh..opq file-there/.wh..wh..opq" "gone/x hidden/x" "hidden/y"
	# Who hides the content of a directory leaves the directory.
	[ "$(in_image hidden stat -c '%a' /gone /hidden /file-there | tr '\n' ' ')" = "755 700 700 " ]
	[ "$(in_image hidden ls /gone /hidden | tr -s '\n' ' ')" = "/gone: x /hidden: x y " ]
	make_image replaced ".wh.dir" "dir/x" "dir/y"
	[ "$(in_image replaced ls /dir | tr '\n' ' ')" = "x y " ]
	[ "$(in_image replaced stat -c %a /dir)" = 755 ]
	# In one layer, whatever comes first.
	make_image at-once ".wh.owned owned/x" ".wh.gone" "gone/.wh..wh..opq gone/x"
	[ "$(in_image at-once stat -c '%a %u' /owned /gone | tr '\n' ' ')" = "755 0 755 0 " ]
	make_image reversed "owned/x .wh.owned"
	[ "$(in_image reversed stat -c '%a %u' /owned)" = "2750 1000" ]
	[ "$(in_image reversed ls /owned)" = x ]
}

@test "a layer that two images share has the directories of each" {
	make_image shared "owned/x tmp/x"
	mkdir -p other/owned
	chmod 0711 other/owned
	chown 5:6 other/owned
	tar --create --file other.tar --directory other --numeric-owner owned
	umoci tag --image "$LAYOUT:base" other
	image_add_layer "$LAYOUT" other other.tar
	files_tar layer.tar owned/x tmp/x
	image_add_layer "$LAYOUT" other layer.tar
	load_image other
	[ "$(coffer image inspect --format '{{json .RootFS.Layers}}' shared | jq -r '.[-1]')" = \
		"$(coffer image inspect --format '{{json .RootFS.Layers}}' other | jq -r '.[-1]')" ]
	[ "$(in_image shared stat -c '%a %u:%g' /owned)" = "2750 1000:2000" ]
	[ "$(in_image other stat -c '%a %u:%g' /owned)" = "711 5:6" ]
}

@test "it goes with its image, and a rest of one is found" {
	make_image goes "tmp/x"
	parents=$(parents_of goes)
	[ -d "$parents" ]
	cp -a "$parents" "${parents%/*}/$(printf '%064d' 7)"
	touch "${parents%/*}/odd"
	run -1 coffer system check
	[[ $output == *"parents/odd"* && $output == *"parents/0000000"* ]]
	coffer system check --repair
	[ ! -e "${parents%/*}/$(printf '%064d' 7)" ]
	coffer rmi goes
	[ ! -e "$parents" ]
	[ "$(find "$COFFER_TEST_ROOT/root/tmp" -mindepth 1 | grep -c .)" -eq 0 ]
}

@test "an image whose layers have entries for all has nothing of the kind" {
	[ ! -e "$(parents_of box:1)" ]
	[ ! -e "$(parents_of base:1)" ]
}
