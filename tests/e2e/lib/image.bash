# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# An image for tests, made of Debian's static busybox: an OCI layout, from layers that hold everything a layer can.
#
#   image_make LAYOUT TAG        the image, in the OCI layout LAYOUT; can be run, its command is /bin/sh
#   image_add_layer LAYOUT TAG TAR
#   image_digest LAYOUT TAG      of its manifest
#   image_load_four              loads it as four:1 (with lib/coffer.bash); its archive is $BATS_FILE_TMPDIR/four.tar
#   image_expected DIR           what the image's root filesystem looks like, made in DIR by cp, rm and chmod
#   image_listing DIR            every file below DIR on a line: type, mode, owner, size or target, links, content
#
# The layers, bottom first:
#   1  busybox with its links, /etc, /tmp, /root
#   2  /data: files, hard links, setuid and setgid, attributes, names of all kinds
#   3  whiteouts of a file, a link and a directory, an opaque directory, a changed mode
#   4  a file in a directory's place, a directory in a file's, a link in a file's, a file that had been removed
#
# Needs root, umoci, attr and busybox-static.

image_busybox=${image_busybox:-/bin/busybox}

# A tar archive of the content of DIR, the same for the same content: image_tar DIR FILE [TAR-OPTION...]
image_tar() {
	local dir=$1 file=$2
	shift 2
	tar --create --file "$file" --directory "$dir" --format=pax --sort=name --numeric-owner \
		--mtime=@1700000000 --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
		--xattrs --xattrs-include='user.*' "$@" .
}

# --- Layers: each is a function that fills a directory ------------------------------------------------------------

image_layer_1() {
	mkdir -p "$1"/{bin,dev,etc,proc,sys,var/empty}
	mkdir -m 1777 "$1/tmp"
	mkdir -m 0700 "$1/root"
	cp "$image_busybox" "$1/bin/busybox"
	"$image_busybox" --list | grep -vx busybox | (cd "$1/bin" && xargs -n 1 ln -s busybox)
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:a user:/tmp:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$1/etc/group"
	echo base >"$1/etc/motd"
}

image_layer_2() {
	local data=$1/data
	mkdir -p "$data"/{gone-dir/deep,opaque/old-dir,plain-dir,names}
	chmod 0750 "$data/plain-dir"
	echo keep >"$data/keep"
	echo gone >"$data/gone"
	ln -s keep "$data/gone-link"
	echo deep >"$data/gone-dir/deep/file"
	echo old >"$data/opaque/old"
	echo old >"$data/opaque/old-dir/file"
	echo mode >"$data/mode"
	echo to-dir >"$data/file-to-dir"
	echo to-link >"$data/file-to-link"
	mkdir "$data/dir-to-file"
	echo x >"$data/dir-to-file/x"
	echo linked >"$data/hard-1"
	ln "$data/hard-1" "$data/hard-2"
	ln "$data/hard-1" "$data/names/hard-3"
	ln -s ../../etc/passwd "$data/relative-link"
	ln -s /etc/passwd "$data/absolute-link"
	ln -s nowhere "$data/dangling-link"
	cp "$image_busybox" "$data/setuid"
	[ "$(id -u)" -ne 0 ] || chown 1000:2000 "$data/setuid"
	chmod 6755 "$data/setuid"
	: >"$data/empty"
	mkfifo "$data/fifo"
	truncate -s 3M "$data/sparse"
	printf end >>"$data/sparse"
	echo attributes >"$data/attributes"
	setfattr -n user.coffer -v 'a value' "$data/attributes"
	image_odd_names | while IFS= read -r -d '' name; do
		echo "$name" >"$data/names/$name"
	done
}

# NUL-terminated.
image_odd_names() {
	printf '%s\0' 'with space' '-dash' '.hidden' '..double' '*star?' "quote'\"" $'tab\there' $'new\nline' \
		'ünïcödé' $'not-utf8-\xff\xfe' 'back\slash' '$dollar' \
		"$(printf 'long%.0s' {1..60})" '.whiteout-not'
}

image_layer_3() {
	local data=$1/data
	mkdir -p "$data/opaque"
	: >"$data/.wh.gone"
	: >"$data/.wh.gone-link"
	: >"$data/.wh.gone-dir"
	: >"$data/opaque/.wh..wh..opq"
	echo new >"$data/opaque/new"
	echo mode >"$data/mode"
	chmod 0600 "$data/mode"
	mkdir -p "$1/etc"
	echo third >"$1/etc/motd"
}

image_layer_4() {
	local data=$1/data
	mkdir -p "$data/file-to-dir"
	echo inside >"$data/file-to-dir/inside"
	ln -s keep "$data/file-to-link"
	echo was-a-directory >"$data/dir-to-file"
	echo back >"$data/gone"
}

# --- The image ----------------------------------------------------------------------------------------------------

image_add_layer() {
	umoci raw add-layer --image "$1:$2" "$3" >/dev/null 2>&1
}

image_make() {
	local layout=$1 tag=$2 work i
	work=$(mktemp -d) || return
	if [ ! -e "$layout" ]; then
		umoci init --layout "$layout" >/dev/null 2>&1 || return
	fi
	umoci new --image "$layout:$tag" >/dev/null 2>&1 || return
	for i in 1 2 3 4; do
		mkdir "$work/$i"
		chmod 755 "$work/$i"
		"image_layer_$i" "$work/$i"
		image_tar "$work/$i" "$work/$i.tar"
		image_add_layer "$layout" "$tag" "$work/$i.tar" || return
	done
	umoci config --image "$layout:$tag" --config.cmd /bin/sh --config.env PATH=/bin --config.env HELLO=world \
		--config.workingdir /root --config.label made.by=tests --created 2026-01-02T03:04:05Z >/dev/null 2>&1 || return
	rm -rf "$work"
}

# Into the store of the file, as four:1.
image_load_four() {
	image_make "$BATS_FILE_TMPDIR/layout" four
	skopeo --insecure-policy copy -q "oci:$BATS_FILE_TMPDIR/layout:four" \
		"oci-archive:$BATS_FILE_TMPDIR/four.tar:four:1"
	coffer load -q -i "$BATS_FILE_TMPDIR/four.tar" >/dev/null
	coffer tag "$(coffer images -q --no-trunc | while read -r id; do
		[ "$(coffer image inspect "$id" | jq '.[0].RootFS.Layers | length')" -eq 4 ] && echo "$id"
	done)" four:1
}

image_digest() {
	jq -er --arg tag "$2" \
		'.manifests[] | select(.annotations."org.opencontainers.image.ref.name" == $tag) | .digest' "$1/index.json"
}

# --- What must come out -------------------------------------------------------------------------------------------

image_expected() {
	local data=$1/data work
	chmod 755 "$1"
	image_layer_1 "$1"
	image_layer_2 "$1"
	rm -r "$data"/{gone,gone-link,gone-dir,opaque,file-to-dir,file-to-link,dir-to-file}
	work=$(mktemp -d) || return
	image_layer_3 "$work"
	image_layer_4 "$work"
	find "$work" -name '.wh.*' -delete
	cp -a "$work/." "$1"
	chmod 755 "$1"
	rm -rf "$work"
}

# Links are counted, not named: which of them is "the" file is nobody's business. One line each, whatever is in a name.
image_listing() {
	(
		cd "$1" || exit
		{
			find . -type d -printf '%p directory %m %U:%G\0' -o -type l -printf '%p link %U:%G -> %l\0' \
				-o -type f -printf '%p file %m %U:%G %s bytes %n links\0' -o -printf '%p %y %m %U:%G\0'
			find . -type f -exec sha256sum -z {} +
		} | LC_ALL=C sort -z | tr '\n\0' '\1\n'
		find . ! -type l -print0 | LC_ALL=C sort -z | xargs -0 getfattr -h --absolute-names -d -m '^user\.'
	)
}
