#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the programs are linked with. A library more is a slower start of every container.

# needs PROGRAM: the shared libraries it asks for, less those that sanitizers bring.
needs() {
	readelf -d "$COFFER_BIN/$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' |
		grep -vE '^lib(asan|ubsan|gcc_s|stdc\+\+)\.so' || true
}

@test "all programs are in one folder" {
	for program in coffer coffer-runtime coffer-monitor coffer-init coffer-transfer; do
		[ -x "$COFFER_BIN/$program" ]
	done
}

@test "coffer needs nothing but the C library" {
	others=$(needs coffer | grep -vE '^(libc|libm|ld-linux.*)\.so' || true)
	echo "also needs: $others"
	[ -z "$others" ]
}

@test "coffer-init is static, whatever the build" {
	[ -z "$(needs coffer-init)" ]
	run readelf -l "$COFFER_BIN/coffer-init"
	[[ $output != *INTERP* ]]
}

@test "coffer-runtime and coffer-monitor are static in a release build" {
	[ "$COFFER_SANITIZED" = no ] || skip "a sanitizer cannot be linked statically"
	[ -z "$(needs coffer-runtime)" ]
	[ -z "$(needs coffer-monitor)" ]
}

@test "every program is position independent, with read-only relocations" {
	for program in coffer coffer-runtime coffer-monitor coffer-init coffer-transfer; do
		echo "$program"
		readelf -h "$COFFER_BIN/$program" | grep -q 'Type: *DYN'
		readelf -l "$COFFER_BIN/$program" | grep -q GNU_RELRO
		readelf -d "$COFFER_BIN/$program" | grep -q BIND_NOW
	done
}
