# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Ordinary users, who exist for one test file only: /etc with their names and subordinate ids is bound over the real one
# in a mount namespace of each command, so nothing of the machine is changed, and nothing has to be changed back.
#
#   rootless_file_setup            users ann and bob, an image archive $ROOTLESS/box.tar (call it in setup_file)
#   rootless_file_teardown         fails if a process of theirs is left
#   as USER COMMAND...             in their home, with their own XDG_RUNTIME_DIR
#   ann COFFER-ARGUMENT..., bob    their coffer
#   uid_of USER
#   holder_of USER                 the pid of who holds their namespaces
#
# A test may set variables of theirs (as ann env X=y ...), edit $ROOTLESS/etc, close the devices $ROOTLESS/tun and fuse, and name
# programs in ROOTLESS_HIDDEN that they shall not have (before their namespaces are made, which see it otherwise).
#
# Needs root, uidmap, util-linux and what lib/coffer.bash needs.

rootless_users=(ann bob)

rootless_file_setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become other users"
	export ROOTLESS ROOTLESS_UID
	ROOTLESS=$(mktemp -d /tmp/coffer-rootless.XXXXXX)
	ROOTLESS_UID=$((1000000 + $$ % 100000 * 10)) # ann's; bob has the next one
	chmod 755 "$ROOTLESS"
	mkdir "$ROOTLESS/etc"
	# Open to everybody, as udev has it.
	[ ! -e /dev/net/tun ] || mknod --mode 666 "$ROOTLESS/tun" c 10 200
	[ ! -e /dev/fuse ] || mknod --mode 666 "$ROOTLESS/fuse" c 10 229
	cp /etc/passwd /etc/group "$ROOTLESS/etc/"
	: >"$ROOTLESS/etc/subuid"
	: >"$ROOTLESS/etc/subgid"
	local user
	for user in "${rootless_users[@]}"; do
		rootless_add_user "$user"
	done
	box_tar "$BATS_FILE_TMPDIR/rootfs" >"$ROOTLESS/box.tar"
	setpriv --reuid "$ROOTLESS_UID" --clear-groups test -x "$COFFER_BIN/coffer" ||
		skip "the programs under test are in a directory that other users may not enter: $COFFER_BIN"
}

uid_of() {
	case $1 in
	ann) echo "$ROOTLESS_UID" ;;
	bob) echo "$((ROOTLESS_UID + 1))" ;;
	esac
}

# The first of the 65536 subordinate ids of USER.
subid_of() {
	echo "$(($(uid_of "$1") % 10000 * 65536 + 2000000000))"
}

rootless_add_user() {
	local uid
	uid=$(uid_of "$1")
	echo "$1:x:$uid:$uid::$ROOTLESS/$1:/bin/sh" >>"$ROOTLESS/etc/passwd"
	echo "$1:x:$uid:" >>"$ROOTLESS/etc/group"
	rootless_grant "$1" 65536
	mkdir -m 700 "$ROOTLESS/$1" "$ROOTLESS/$1/run"
	chown -R "$uid:$uid" "$ROOTLESS/$1"
}

# rootless_grant USER COUNT: that many subordinate ids
rootless_grant() {
	local file
	for file in subuid subgid; do
		sed -i "/^$1:/d" "$ROOTLESS/etc/$file"
		[ "$2" -eq 0 ] || echo "$1:$(subid_of "$1"):$2" >>"$ROOTLESS/etc/$file"
	done
}

# shellcheck disable=SC2016 # expanded by the inner shell
as() {
	local user=$1 uid
	uid=$(uid_of "$user")
	shift
	unshare --mount --propagation private -- bash -c '
		dir=$1 user=$2 uid=$3
		shift 3
		for file in passwd group subuid subgid; do
			mount --bind "$dir/etc/$file" "/etc/$file" || exit 1
		done
		[ ! -e "$dir/tun" ] || mount --bind "$dir/tun" /dev/net/tun || exit 1
		[ ! -e "$dir/fuse" ] || mount --bind "$dir/fuse" /dev/fuse || exit 1
		for program in ${ROOTLESS_HIDDEN:-}; do
			mount --bind /dev/null "$program" || exit 1
		done
		cd "$dir/$user" || exit 1
		exec setpriv --reuid "$uid" --regid "$uid" --clear-groups \
			env --unset COFFER_ROOT --unset COFFER_RUNROOT --unset XDG_DATA_HOME \
			HOME="$dir/$user" USER="$user" XDG_RUNTIME_DIR="$dir/$user/run" "$@"
	' - "$ROOTLESS" "$user" "$uid" "$@"
}

ann() {
	as ann "$COFFER_BIN/coffer" "$@"
}

bob() {
	as bob "$COFFER_BIN/coffer" "$@"
}

holder_of() {
	cut -d ' ' -f 1 "$ROOTLESS/$1/run/coffer/holder"
}

# End the process that holds the namespaces of USER, and wait for that; nothing if there is none.
end_holder() {
	local pid
	[ -e "$ROOTLESS/$1/run/coffer/holder" ] || return 0
	pid=$(holder_of "$1")
	if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = coffer-holder ]; then
		kill -KILL "$pid"
		eventually is_gone "$pid"
	fi
}

is_gone() {
	! alive "$1"
}

# The processes of those users, and those with other ids of theirs.
rootless_left_behind() {
	local user
	for user in "${rootless_users[@]}"; do
		pgrep --list-full --runstates DRST --uid "$(uid_of "$user")" || true
	done
	pgrep --list-full --full "$ROOTLESS/" || true
}

rootless_nothing_left() {
	[ -z "$(rootless_left_behind)" ]
}

rootless_file_teardown() {
	[ -n "${ROOTLESS:-}" ] || return 0
	local user left=""
	for user in "${rootless_users[@]}"; do
		"$user" ps --all --quiet | while read -r id; do
			"$user" rm --force "$id" >/dev/null
		done
		end_holder "$user"
	done
	eventually rootless_nothing_left || left=$(rootless_left_behind)
	rm -rf "$ROOTLESS"
	if [ -n "$left" ]; then
		echo "left behind: $left" >&2
		return 1
	fi
}
