# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# An image whose first process is systemd, of this machine's Debian packages: its manager, units, journal and bus as they
# are installed, and busybox.
#
#   systemd_image_find DIR  the image's root filesystem as DIR.tar; false if it cannot be made here
#   systemd_image_tar DIR   make it in DIR, and write it as a tar to standard output
#
# Needs the packages systemd, systemd-sysv, dbus and busybox-static.

SYSTEMD_IMAGE_PACKAGES=(systemd systemd-sysv dbus dbus-bin dbus-daemon dbus-system-bus-common)

# A machine made for tests, that has no packages, was given one.
SYSTEMD_IMAGE_READY=/coffer/systemd-image.tar

systemd_image_find() {
	mkdir -p "$1"
	if [ -e "$SYSTEMD_IMAGE_READY" ]; then
		ln -s "$SYSTEMD_IMAGE_READY" "$1.tar"
	else
		dpkg -L "${SYSTEMD_IMAGE_PACKAGES[@]}" >/dev/null 2>&1 && systemd_image_tar "$1" >"$1.tar"
	fi
}

systemd_image_tar() {
	local root=$1 name files
	for name in bin sbin lib lib64; do
		mkdir -p "$root/usr/$name"
		ln -s "usr/$name" "$root/$name"
	done
	mkdir -p "$root"/{dev,etc/systemd/system,proc,root,run,sys,var/{lib,log,tmp}}
	mkdir -m 1777 "$root/tmp"
	ln -s ../run "$root/var/run"
	files=$(dpkg -L "${SYSTEMD_IMAGE_PACKAGES[@]}" |
		grep -vE '^/usr/share/(doc|locale|man|bash-completion|zsh|polkit-1)|^/lib/udev|/udev/' |
		while read -r name; do [ -d "$name" ] || printf '%s\n' "$name"; done)
	# shellcheck disable=SC2086 # lines
	{ printf '%s\n' "$files" && ldd $files 2>/dev/null | sed -n -E 's/^\t(.* => )?(\/[^ ]+) \(.*/\2/p'; } |
		sed -E 's,^/(bin|sbin|lib|lib64)/,/usr/\1/,' | sort -u >"$root.files"
	# the libraries' names are links: what they lead to has to be there under these
	{ grep -v '\.so\.' "$root.files" | tar -C / -c --no-recursion -T - 2>/dev/null | tar -C "$root" -x
	  grep '\.so\.' "$root.files" | tar -C / -ch --no-recursion -T - 2>/dev/null | tar -C "$root" -x; } ||
		return 1
	cp /bin/busybox "$root/usr/bin/busybox"
	/bin/busybox --list | grep -vxE 'busybox|init|halt|poweroff|reboot' |
		while read -r name; do [ -e "$root/usr/bin/$name" ] || ln -s busybox "$root/usr/bin/$name"; done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh messagebus:x:100:100::/:/bin/false nobody:x:65534:65534::/:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: messagebus:x:100: systemd-journal:x:101: utmp:x:102: nogroup:x:65534: >"$root/etc/group"
	: >"$root/etc/machine-id" # an image's is empty: whose it is, is known when it runs
	tar --create --directory "$root" --numeric-owner .
}
