#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where the variables of an environment come from: Config.EnvSources of inspect.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	tar --create --directory "$BATS_FILE_TMPDIR/rootfs" . |
		coffer import --change 'ENV PATH=/bin' --change 'ENV KEPT=image' --change 'ENV TAKEN=image' - env:1 >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

@test "of the image, of a file, of a flag, and of our own environment: the last one counts" {
	printf 'FILED=1\nTWICE=file\nOURS\n' >"$BATS_TEST_TMPDIR/env"
	OURS=here TYPED=ours coffer create --network none --name mixed --env-file "$BATS_TEST_TMPDIR/env" \
		-e TWICE=flag -e TAKEN=flag -e TYPED -e ABSENT env:1 true
	source_of() { coffer inspect -f "{{index .Config.EnvSources \"$1\"}}" mixed; }
	[ "$(source_of KEPT)" = image ]
	[ "$(source_of TAKEN)" = --env ]
	[ "$(source_of FILED)" = "--env-file $BATS_TEST_TMPDIR/env" ]
	[ "$(source_of TWICE)" = --env ]
	[ "$(source_of OURS)" = "--env-file $BATS_TEST_TMPDIR/env, with the value that it had for coffer" ]
	[ "$(source_of TYPED)" = '--env, with the value that it had for coffer' ]
	[ "$(coffer inspect mixed | jq '.[0].Config | (.Env | length) == (.EnvSources | length)')" = true ]
	[ "$(coffer inspect mixed | jq '.[0].Config.EnvSources | has("ABSENT")')" = false ]
	coffer rm mixed
}

@test "--env-host and --http-proxy" {
	HOSTED=1 http_proxy=http://proxy:1 coffer create --network none --name hosted --env-host --http-proxy env:1 true
	[ "$(coffer inspect -f '{{.Config.EnvSources.HOSTED}}' hosted)" = --env-host ]
	[ "$(coffer inspect -f '{{.Config.EnvSources.http_proxy}}' hosted)" = '--http-proxy, with the value that it had for coffer' ]
	coffer rm hosted
}

@test "none at all" {
	coffer create --network none --name bare --unsetenv-all --http-proxy=false env:1 true
	[ "$(coffer inspect -f '{{len .Config.EnvSources}}' bare)" = 0 ]
	coffer rm bare
}
