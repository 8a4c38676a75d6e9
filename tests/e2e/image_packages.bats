#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `coffer image packages`: what package managers have written down in an image, layer by layer.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# paragraph NAME VERSION [STATUS]
paragraph() {
	printf 'Package: %s\nStatus: %s\nArchitecture: amd64\nVersion: %s\n\n' "$1" "${3:-install ok installed}" "$2"
}

# above IMAGE NEW COMMAND: one more layer, by a command in a container.
above() {
	coffer run --name above --network none "$1" sh -c "$3"
	coffer commit above "$2" >/dev/null
	coffer rm above >/dev/null
}

layer() {
	coffer inspect --format "{{index .RootFS.Layers $2}}" "$1" | cut -c 8-19
}

@test "dpkg's, with the layer that has brought each in its version" {
	mkdir -p rootfs/var/lib/dpkg rootfs/etc rootfs/bin
	cp /bin/busybox rootfs/bin/sh
	printf 'NAME="Debian"\nVERSION_ID="12"\nID=debian\n' >rootfs/etc/os-release
	{ paragraph bash 5.2+x; paragraph libc6 1:2.36~rc1; paragraph gone 1 'deinstall ok config-files'; } >rootfs/var/lib/dpkg/status
	tar -C rootfs -c . | coffer import - deb:1 >/dev/null
	run -0 coffer image packages deb:1
	[[ "${lines[0]}" =~ ^NAME\ +VERSION\ +ARCHITECTURE\ +TYPE\ +LAYER$ ]]
	[[ "${lines[1]}" =~ ^bash\ +5.2\+x\ +amd64\ +deb\ +$(layer deb:1 0)$ ]]
	[ "${#lines[@]}" -eq 3 ]
	[ "$(coffer image packages --format '{{.PURL}}' deb:1)" = "pkg:deb/debian/bash@5.2%2Bx?arch=amd64&distro=debian-12
pkg:deb/debian/libc6@1%3A2.36~rc1?arch=amd64&distro=debian-12" ]

	above deb:1 deb:2 "echo >/unrelated"
	above deb:2 deb:3 "printf '$( (paragraph bash 5.3; paragraph libc6 1:2.36~rc1; paragraph new 1) | sed -z 's/\n/\\n/g')' >/var/lib/dpkg/status"
	[ "$(coffer image packages --format '{{.Name}} {{.Version}} {{.Layer}}' deb:3)" = "bash 5.3 $(layer deb:3 2)
libc6 1:2.36~rc1 $(layer deb:3 0)
new 1 $(layer deb:3 2)" ]
	[[ "$(coffer image packages --format '{{.CreatedBy}}' deb:3 | head -1)" == sh\ -c\ printf* ]]
	above deb:3 deb:4 "mv /var/lib/dpkg/status /gone || true"
	[ -z "$(coffer image packages --format '{{.Name}}' deb:4)" ]
	coffer rmi deb:4 deb:3 deb:2 deb:1 >/dev/null
}

@test "apk's, once, though two of its places are one; and those of images without a package manager" {
	mkdir -p rootfs/usr/lib/apk/db rootfs/var/lib/dpkg/status.d
	ln -s usr/lib rootfs/lib
	printf 'P:musl\nV:1.2.4-r2\nA:x86_64\n\nP:busy\x1b[31mbox\nV:1\n\n' >rootfs/usr/lib/apk/db/installed
	paragraph tzdata 2024a | grep -v Status >rootfs/var/lib/dpkg/status.d/tzdata
	echo x >rootfs/var/lib/dpkg/status.d/tzdata.md5sums
	tar -C rootfs -c . | coffer import - other:1 >/dev/null
	run -0 coffer image packages other:1
	[ "${#lines[@]}" -eq 4 ]
	[[ "$output" == *'busy\x1b[31mbox '* ]]
	[ "$(coffer image packages --format json other:1 | jq -r 'select(.Type == "deb").PURL')" = 'pkg:deb/tzdata@2024a?arch=amd64' ]
	[ "$(coffer image packages --format '{{.Name}}' other:1 | grep -c musl)" -eq 1 ]
	coffer rmi other:1 >/dev/null
}

@test "rpm's, however large" {
	local many
	mkdir -p rootfs/var/lib/rpm rootfs/etc rootfs/bin
	cp /bin/busybox rootfs/bin/sh
	printf 'ID=fedora\nVERSION_ID=40\n' >rootfs/etc/os-release
	mapfile -t many < <(printf 'many-%03d::1.0:1.fc40:noarch:300\n' {1..400})
	"$BATS_TEST_DIRNAME/lib/rpm-database.py" rootfs/var/lib/rpm/rpmdb.sqlite 1024 bash::5.2.26:3.fc40:x86_64 \
		vim:2:9.1:1.fc40:x86_64:100000 "${many[@]}"
	tar -C rootfs -c . | coffer import - rpm:1 >/dev/null
	run -0 --separate-stderr coffer image packages --format '{{.Name}} {{.Version}} {{.Architecture}} {{.Type}}' rpm:1
	[ "${#lines[@]}" -eq 402 ]
	[ "${lines[0]}" = 'bash 5.2.26-3.fc40 x86_64 rpm' ]
	[ "${lines[400]}" = 'many-400 1.0-1.fc40 noarch rpm' ]
	[ "${lines[401]}" = 'vim 2:9.1-1.fc40 x86_64 rpm' ]
	# shellcheck disable=SC2154 # run assigns it
	[ -z "$stderr" ]
	run -0 coffer image packages --format '{{.PURL}}' rpm:1
	[ "${lines[0]}" = 'pkg:rpm/fedora/bash@5.2.26-3.fc40?arch=x86_64&distro=fedora-40' ]
	[ "${lines[401]}" = 'pkg:rpm/fedora/vim@9.1-1.fc40?arch=x86_64&distro=fedora-40&epoch=2' ]
	above rpm:1 rpm:2 'echo nonsense >/var/lib/rpm/rpmdb.sqlite'
	run -0 --separate-stderr coffer image packages rpm:2
	[ "${#lines[@]}" -eq 1 ]
	[[ "$stderr" == *"the image's database of rpm is damaged, and not all of it could be read"* ]]
	coffer rmi rpm:2 rpm:1 >/dev/null
}

@test "none at all, and rpm's of kinds that are not read" {
	[ "$(coffer image packages box:1 | wc -l)" -eq 1 ]
	mkdir -p rootfs/var/lib/rpm
	echo x >rootfs/var/lib/rpm/Packages
	tar -C rootfs -c . | coffer import - rpm:1 >/dev/null
	run -0 --separate-stderr coffer image packages rpm:1
	[ "${#lines[@]}" -eq 1 ]
	[[ "$stderr" == *"the image's database of rpm is of Berkeley DB, which is not read"* ]]
	mv rootfs/var/lib/rpm/Packages rootfs/var/lib/rpm/Packages.db
	tar -C rootfs -c . | coffer import - rpm:1 >/dev/null
	run -0 --separate-stderr coffer image packages rpm:1
	[[ "$stderr" == *"the image's database of rpm is of ndb, which is not read"* ]]
	coffer image prune -f >/dev/null
	coffer rmi rpm:1 >/dev/null
	run -1 coffer image packages nosuch:1
	[[ "$output" == *"No such image: nosuch:1"* ]]
}

@test "links in an image lead nowhere out of it" {
	mkdir -p rootfs/var/lib/dpkg
	ln -s /../../../../../../../var/lib/dpkg/status rootfs/var/lib/dpkg/status
	tar -C rootfs -c . | coffer import - link:1 >/dev/null
	[ -z "$(coffer image packages --format '{{.Name}}' link:1)" ]
	coffer rmi link:1 >/dev/null
}
