#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The lane of an ordinary user (tests/rootless/run) once more, on pure cgroup v2, and whose cgroups come from a service manager
# of the user's: each test is a file of it. The machine is emulated, so these are a few: one of the whole way of containers, one
# that freezes cgroups, one that changes limits; limits_user.bats has more of limits. tests/vm/run --systemd --rootless has all
# others, too, which takes an hour.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(</proc/1/comm)" = systemd ] || skip "needs systemd as the first process: run this with tests/vm/run --systemd"
}

# In an environment without the variables of the test that we are.
lane() {
	local name clean=()
	for name in "${!BATS_@}"; do
		clean+=(-u "$name")
	done
	env "${clean[@]}" PATH="${PATH#*/bats-core:}:/bin" TMPDIR=/var/tmp ../rootless/run "../e2e/$1.bats" 3>&- 4>&-
}

# by_user FILE: all of its tests pass, or say why they are left out
by_user() {
	cd "$BATS_TEST_DIRNAME/.." || return 1
	run lane "$1"
	echo "$output"
	[ "$status" -eq 0 ]
	local planned ran
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' <<<"$output")
	ran=$(grep -c '^ok ' <<<"$output" || true)
	[ "$planned" -eq "$ran" ]
}

@test "e2e/containers" {
	by_user containers
}

@test "e2e/pause" {
	by_user pause
}

@test "e2e/update" {
	by_user update
}

# The programs of a test file that the guest does not have.
missing_of() {
	local program
	for program in python3 skopeo umoci docker-registry openssl cc; do
		! grep -qw "$program" "$1" || command -v "$program" >/dev/null || echo "$program"
	done
}

# What a file has said, but for the tests that passed, at once: an hour is long, and the guest may be ended before.
tell() {
	printf '# e2e/%s: %d passed, %d failed\n' "$1" "$(grep -c '^ok ' <<<"$2")" "$(grep -c '^not ok ' <<<"$2")" >&3
	grep -v '^ok ' <<<"$2" | sed 's/^/#   /' >&3 || true
}

# wanted NAME: all that are not above, or those that were named
# shellcheck disable=SC2154 # of the kernel's command line
wanted() {
	if [ "$guest_rootless" = all ]; then
		! grep -qx "	by_user $1" "$BATS_TEST_FILENAME"
	else
		[[ ,$guest_rootless, == *,"$1",* ]]
	fi
}

# In the order of their names.
@test "all others" {
	[ "${guest_rootless:-some}" != some ] || skip "takes an hour: tests/vm/run --systemd --rootless"
	local file name missing said failed=()
	for file in "$BATS_TEST_DIRNAME"/../../e2e/*.bats; do
		name=$(basename "$file" .bats)
		wanted "$name" || continue
		missing=$(missing_of "$file")
		if [ -n "$missing" ]; then
			echo "# e2e/$name is left out: the guest has no ${missing//$'\n'/, no }" >&3
		else
			said=$(by_user "$name") || failed+=("$name")
			tell "$name" "$said"
		fi
	done
	[ "${#failed[@]}" -eq 0 ] || { echo "failed: ${failed[*]}" && return 1; }
}
