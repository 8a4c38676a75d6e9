#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Coffer in a container: the built programs, and the libraries that they need, are mounted into one.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/rootless

setup_file() {
	rootless_file_setup
	coffer_file_setup
	export NEST=$ROOTLESS/nest
	mkdir -p "$NEST/lib"
	# Those of all programs that a container needs, under their own names.
	local file
	for file in coffer coffer-transfer; do
		ldd "$COFFER_BIN/$file"
	done | awk '/=> \// { print $3 }' | sort -u | xargs -I {} cp -L {} "$NEST/lib/"
	cp -L /lib64/ld-linux-x86-64.so.2 "$NEST/lib/" 2>/dev/null || cp -L /lib/ld-linux-aarch64.so.1 "$NEST/lib/"
	mv "$ROOTLESS/box.tar" "$NEST/"
	ann import --change 'CMD ["/bin/sh"]' "$NEST/box.tar" box:1 >/dev/null
	cat >"$NEST/inner" <<-'SCRIPT'
		# inner FLAG...: a container in here
		/coffer/coffer image inspect box:1 >/dev/null 2>&1 || /coffer/coffer import - box:1 </nest/box.tar >/dev/null || exit
		/coffer/coffer run --rm --network none "$@" box:1 sh -c 'echo "nested $(id -u)"; cat /proc/self/uid_map'
	SCRIPT
}

teardown_file() {
	rootless_file_teardown
	coffer_file_teardown
}

mounts=()

# The flags that bring coffer into a container.
nest_flags() {
	local loader
	loader=$(cd "$NEST/lib" && echo ld-linux*)
	mounts=(-v "$COFFER_BIN:/coffer:ro" -v "$NEST:/nest:ro" -v "$NEST/lib:/lib:ro" -v "$NEST/lib/$loader:/lib64/$loader:ro")
}

# outer FLAG... -- COMMAND: in a container of root's
outer() {
	nest_flags
	coffer run --rm --network none "${mounts[@]}" "$@"
}

squeeze() {
	tr -s ' \t\n' ' ' | sed 's/^ //; s/ $//'
}

@test "in a privileged container, on a volume: with overlays" {
	[ "$(outer --privileged -v store:/var/lib/coffer box:1 sh -c 'sh /nest/inner 2>&1' | squeeze)" = 'nested 0 0 0 4294967295' ]
	[ "$(outer --privileged -v store:/var/lib/coffer box:1 /coffer/coffer info --format '{{.Driver}}')" = overlay2 ]
	coffer volume rm store
}

@test "in a privileged container alone: with copies, which is said" {
	run outer --privileged box:1 sh /nest/inner
	[[ $output == *'no overlays here, so the image is copied'*'is on overlayfs, which cannot be an overlay'*'nested 0'* ]]
}

@test "in a user namespace" {
	[ "$(outer --privileged --uidmap 0:100000:65536 -v store:/var/lib/coffer box:1 sh -c 'sh /nest/inner 2>&1' | squeeze)" = \
		'nested 0 0 100000 65536' ]
	# A user namespace in it: ids of files cannot be mapped there.
	[ "$(outer --privileged --uidmap 0:100000:65536 -v store:/var/lib/coffer box:1 sh -c 'sh /nest/inner --uidmap 0:5:3000 2>&1' | squeeze)" = \
		'nested 0 0 5 3000' ]
	coffer volume rm store
}

@test "without privileges: what is missing is said, and what is enough" {
	run -125 outer -v store:/var/lib/coffer box:1 sh /nest/inner --cgroups disabled
	[[ $output == *'root has no CAP_SYS_ADMIN here'*'where coffer runs in a container, give that one --privileged'* ]]
	[ "$(outer -v store:/var/lib/coffer --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined \
		--security-opt systempaths=unconfined box:1 sh -c 'sh /nest/inner --cgroups disabled 2>&1' | squeeze)" = 'nested 0 0 0 4294967295' ]
	coffer volume rm store
}

@test "a user who is not root, in root's container" {
	run outer --privileged box:1 sh -c '
		mkdir -p /run/user
		chown user /run/user /home/user
		cd /home/user
		su user -c "XDG_RUNTIME_DIR=/run/user sh /nest/inner --cgroups disabled"'
	[[ $output == *'nested 0'* ]]
	[[ $(squeeze <<<"$output") == *' 0 1000 1' ]]
}

@test "in a container of a user who is not root" {
	nest_flags
	run ann run --rm --network none --privileged "${mounts[@]}" -v store:/var/lib/coffer box:1 sh /nest/inner --cgroups disabled
	[[ $(squeeze <<<"$output") == *"nested 0 0 $(uid_of ann) 1 1 $(subid_of ann) 65536" ]]
	ann volume rm store
}
