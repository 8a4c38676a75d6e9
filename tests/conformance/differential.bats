#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer-runtime beside runc, in a table of situations (lib/facts.bash): exit statuses, kinds of errors, statuses, columns
# and fields are the same, but for what is listed here with its reason.

bats_require_minimum_version 1.5.0

# situation | runc | coffer-runtime
intended() {
	sed 's/ *| */|/g; /^#/d' <<-'END'
		# Its first releases say so themselves since: runc 1.2 has the same words.
		run /etc                     | 1, denied        | 1, directory
		running: exec /etc           | 255, denied      | 255, directory
		# The interpreter is named as what is missing, not the script.
		run /script-without-interpreter | 1, no such file | 1, other
		# What config.json lacks is said by its name.
		create: no document          | 1, other         | 1, no such file
		# Required by the specification.
		create: del(.ociVersion)     | 0                | 1, other
		# "nosuch" is no namespace; runc looks for its file.
		create: .linux.namespaces += [{"type": "nosuch"}] | 1, does not exist | 1, other
		# Docker's own words for it.
		create: .mounts += [{"destination": "/tmp", "type": "bind", "source": "/no/such", "options": ["bind"]}] | 1, no such file | 1, does not exist
		# Mappings without a user namespace to apply them to; refused by runc since 1.2.
		create: .linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}] | 0 | 1, other
		# "owner" is in list only.
		created: keys of state       | ["bundle","created","id","ociVersion","owner","pid","rootfs","status"] | ["bundle","created","id","ociVersion","pid","rootfs","status"]
		no such verb                 | 3, other         | 1, other
	END
}

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	command -v runc >/dev/null || skip "runc is not installed"
	[ -d /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "no cgroups"
	export ROOTFS=$BATS_FILE_TMPDIR/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,etc,proc,sys,tmp}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	local applet
	for applet in true false sh sleep id wc kill; do
		ln -s busybox "$ROOTFS/bin/$applet"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$ROOTFS/etc/passwd"
	chmod 644 "$ROOTFS/etc/passwd"
	printf '\177ELF' >"$ROOTFS/broken"
	printf '#!/no/such\n' >"$ROOTFS/script-without-interpreter"
	chmod 755 "$ROOTFS/broken" "$ROOTFS/script-without-interpreter"
}

# facts_of NAME RUNTIME: in the file NAME
facts_of() {
	mkdir "$1.work"
	(cd "$1.work" && bash "$BATS_TEST_DIRNAME/lib/facts.bash" "$2" "$ROOTFS") >"$1" 2>"$1.errors" 3>&-
	[ "$(wc -l <"$1")" -gt 100 ]
}

@test "the same as runc, but for what is meant to differ" {
	cd "$BATS_TEST_TMPDIR"
	facts_of runc "$(command -v runc)"
	facts_of ours "$COFFER_BIN/coffer-runtime"
	intended | awk -F '|' '{ print $1 ": " $3 }' | sort >wanted
	paste -d '|' runc ours | awk -F '|' '$1 != $2 { print $2 }' | sed 's/ *$//' | sort >differing
	diff wanted differing || {
		diff runc ours
		return 1
	}
	intended | awk -F '|' '{ print $1 ": " $2 }' | sort >theirs
	paste -d '|' runc ours | awk -F '|' '$1 != $2 { print $1 }' | sed 's/ *$//' | sort | diff theirs -
}
