#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What every file of the repository keeps to.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

@test "every folder of src/ has a README.md" {
	missing=$(for folder in src/*/; do [ -s "$folder/README.md" ] || echo "$folder"; done)
	echo "without a README.md: $missing"
	[ -z "$missing" ]
}

@test "no source puts work off to a later day" {
	run grep -rnwE 'TODO|FIXME' --exclude-dir=house --exclude-dir=corpus \
		Makefile meson.build src tests scripts man bench .ci
	[ "$status" -ne 0 ]
}

@test "every C source names its license in the first line" {
	run find src tests bench -name '*.[ch]' -not -path '*/fixtures/*' \
		-exec awk 'FNR == 1 && !/SPDX-License-Identifier: Apache-2.0/ { print FILENAME }' {} +
	[ -z "$output" ]
}

@test "shellcheck is quiet" {
	run scripts/check-shell
	[ "$status" -eq 0 ]
}
