# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Functions that make the guest's parts: kernel, tools, build. Sourced by run.
#
# Everything comes from this machine and from Debian's packages; nothing is
# installed, and nothing outside the cache is written.

# Loaded by the guest's init, for they are not built into the kernel.
GUEST_MODULES=(
	overlay veth bridge nf_tables nft_ct nft_chain_nat nft_masq nft_nat nft_fib_inet nf_conntrack_netlink
	macvlan ipvlan 8021q dummy sctp
	quota_v2
)

# Their programs are the guest's tools. runc is the peer that proves a bundle,
# or the guest itself, to be sound when coffer fails.
GUEST_PACKAGES=(
	attr bash bats bsdutils coreutils curl dash diffutils dnsmasq-base e2fsprogs findutils grep gzip iproute2 jq
	libcap2-bin mount nftables procps runc sed socat tar util-linux
)

# With systemd as the first process; crun is a second peer there.
# shellcheck disable=SC2034 # run asks for them
SYSTEMD_PACKAGES=(
	crun dbus dbus-bin dbus-daemon dbus-session-bus-common dbus-system-bus-common
	dbus-user-session passt systemd systemd-sysv uidmap
)
SYSTEMD_PROGRAMS=(
	/bin/systemctl /lib/systemd/systemd /lib/systemd/systemd-shutdown
	/usr/bin/busctl /usr/bin/crun /usr/bin/dbus-daemon /usr/bin/newgidmap /usr/bin/newuidmap /usr/bin/pasta
	/usr/bin/systemd-run
)

# No test can run here. TAP's word for it, so that a harness counts it.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# Print the directory of the newest cached kernel package, fetching it if there
# is none. It is unpacked, never installed: its install hooks would build a boot
# image for this machine. To move to a newer kernel, delete the cache.
guest_kernel() {
	local cache=$1 work=$2 dir package
	dir=$(printf '%s\n' "$cache"/linux-image-*.d | sort -V | tail -n 1)
	if [ ! -d "$dir" ]; then
		package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
			sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p')
		[ -n "$package" ] || return 1
		dir=$cache/$package.d
		# apt's own unprivileged user could not write to the directory
		(cd "$work" && apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=5 download "$package" &&
			dpkg-deb -x "$package"_*.deb kernel && rm "$package"_*.deb) >&2 || return 1
		mv -T "$work/kernel" "$dir" || [ -d "$dir" ] || return 1 # or another run was first
	fi
	echo "$dir"
}

# Print the files of a module and of what it depends on, dependencies first, as
# each .ko states them: neither kmod nor a modules.dep is needed.
module_files() {
	local modules=$1 name=$2 file dependency
	file=$(find "$modules" -name "$name.ko" -print -quit)
	[ -n "$file" ] || return 0 # built in
	for dependency in $(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr , ' '); do
		module_files "$modules" "$dependency"
	done
	echo "$file"
}

# Make the top of a root filesystem. Each archive given to the kernel needs it,
# for a plain directory lib/ in a later one would replace the link to usr/lib.
guest_skeleton() {
	local root=$1 name
	for name in bin sbin lib lib64; do
		mkdir -p "$root/usr/$name"
		ln -s "usr/$name" "$root/$name"
	done
}

# Print the shared libraries and the loader that the given programs need.
# What is no dynamic program has none; a library not found is an error.
libraries() {
	local listing
	listing=$(ldd "$@" 2>/dev/null)
	if grep 'not found' <<<"$listing" >&2; then return 1; fi
	sed -n -E 's/^\t(.* => )?(\/[^ ]+) \(.*/\2/p' <<<"$listing" | sort -u
}

# Copy files of this machine, named on stdin, to the same place under a root.
# Links are followed: what they lead to (alternatives, versions) need not be there.
copy_files() {
	tar -C / -ch --no-recursion -T - 2> >(grep -v 'Removing leading' >&2) |
		tar -C "$1" -xp --keep-directory-symlink
}

# Write a root directory as an archive that the kernel unpacks. Not compressed:
# under emulation, decompression costs more than it saves.
make_cpio() {
	(cd "$1" && find . -mindepth 1 -print0 | sort -z |
		cpio --quiet -o -0 -H newc -R 0:0) >"$2"
}

# Print the archive of the guest's tools and modules. It is cached under a key of
# what it is made from: the kernel, this script, and every package's version.
guest_base() {
	local cache=$1 kernel=$2 work=$3 key base root files module
	key=$(cat "${BASH_SOURCE[0]}" /var/lib/dpkg/status - <<<"$kernel" | sha256sum | cut -c1-16)
	base=$cache/base-$key.cpio
	if [ ! -e "$base" ]; then
		root=$work/base
		guest_skeleton "$root"
		mkdir -p "$root"/{coffer,dev,etc,mnt,proc,root,run,sys,tmp,var} "$root/usr/lib/busybox"
		printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
		printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
		echo '127.0.0.1 localhost' >"$root/etc/hosts"

		mapfile -t files < <(dpkg -L "${GUEST_PACKAGES[@]}" | grep -E '^(/usr)?/s?bin/[^/]+$')
		files+=("$(command -v awk)" "$(command -v busybox)")
		{ printf '%s\n' "${files[@]}" && libraries "${files[@]}" &&
			dpkg -L bats | grep -E '^/usr/lib(exec)?/bats-core/'; } >"$work/files" || return 1
		copy_files "$root" <"$work/files" || return 1
		busybox --install -s "$root/usr/lib/busybox"

		for module in "${GUEST_MODULES[@]}"; do
			module_files "$kernel/lib/modules" "$module"
		done | awk '!seen[$0]++' >"$work/modules"
		while read -r module; do
			cp "$module" "$root/lib/" && basename "$module" >>"$root/lib/modules.order"
		done <"$work/modules"

		make_cpio "$root" "$work/base.cpio" && mv "$work/base.cpio" "$base" || return 1
	fi
	touch "$base"
	echo "$base"
}

# Print the archive that makes a host with systemd out of the base: its manager,
# the bus, what crun needs, and the units that they cannot do without. Not those
# that sysinit.target wants: a guest needs no journal, no udev, no temporary files.
guest_systemd() {
	local cache=$1 work=$2 here key archive root files
	here=$(dirname "${BASH_SOURCE[0]}")
	# shellcheck source=SCRIPTDIR/../e2e/lib/systemd-image.bash
	. "$here/../e2e/lib/systemd-image.bash"
	key=$(cat "${BASH_SOURCE[0]}" "$here"/../e2e/lib/systemd-image.bash "$here"/systemd/*.service /var/lib/dpkg/status |
		sha256sum | cut -c1-16)
	archive=$cache/systemd-$key.cpio
	if [ ! -e "$archive" ]; then
		root=$work/systemd
		guest_skeleton "$root"
		mkdir -p "$root"/{etc/systemd/system,usr/share/dbus-1,home/user}
		printf '%s\n' root:x:0:0:root:/root:/bin/bash messagebus:x:100:100::/:/bin/false \
			user:x:1000:1000::/home/user:/bin/bash nobody:x:65534:65534::/:/bin/false >"$root/etc/passwd"
		printf '%s\n' root:x:0: messagebus:x:100: user:x:1000: nogroup:x:65534: >"$root/etc/group"
		echo user:100000:65536 | tee "$root/etc/subuid" >"$root/etc/subgid"
		echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"

		files=$(find /lib/systemd/system /usr/lib/systemd/user -maxdepth 1 \
			\( -name '*.target' -o -name '*.slice' -o -name 'dbus.*' \))
		{ printf '%s\n' "${SYSTEMD_PROGRAMS[@]}" "$files" && libraries "${SYSTEMD_PROGRAMS[@]}" &&
			dpkg -L dbus-system-bus-common dbus-session-bus-common systemd |
				grep -E '^/usr/share/dbus-1/.*\.conf$'; } |
			sed 's,^/lib/,/usr/lib/,' | sort -u >"$work/files" || return 1
		copy_files "$root" <"$work/files" || return 1
		cp "$here"/systemd/*.service "$root/etc/systemd/system/" || return 1
		mkdir "$root/usr/lib/systemd/user/sockets.target.wants"
		ln -s ../dbus.socket "$root/usr/lib/systemd/user/sockets.target.wants/"
		mkdir "$root/coffer" && systemd_image_tar "$work/image" >"$root$SYSTEMD_IMAGE_READY" || return 1
		make_cpio "$root" "$work/systemd.cpio" && mv "$work/systemd.cpio" "$archive" || return 1
	fi
	touch "$archive"
	echo "$archive"
}

# Write the archive of what a run is about: the programs of a build (a directory,
# or nothing), this repository's tests, and the guest's init.
guest_build() {
	local build=$1 tests=$2 root=$3 out=$4 programs
	guest_skeleton "$root"
	mkdir -p "$root/coffer/bin"
	if [ -n "$build" ]; then
		mapfile -t programs < <(find "$build/src/programs" -maxdepth 1 -type f -executable)
		[ ${#programs[@]} -gt 0 ] || return 1
		cp "${programs[@]}" "$root/coffer/bin/" || return 1
		libraries "${programs[@]}" >"$root.files" && copy_files "$root" <"$root.files" || return 1
	fi
	cp -a "$tests" "$root/coffer/tests" && cp "$tests/vm/init" "$root/init" || return 1
	cc -O1 -static -D_GNU_SOURCE -I "$tests/../src" -I "$tests/unit" -o "$root/coffer/tests/conformance/lib/refuse" \
		"$tests/conformance/lib/refuse.c" || return 1
	make_cpio "$root" "$out"
}
