#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `coffer login` and `logout`, and what pushes and pulls do with what they leave.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/registry

setup_file() {
	coffer_file_setup
	registry_users "$BATS_FILE_TMPDIR/users"
	registry_start "$BATS_FILE_TMPDIR/registry" REGISTRY_AUTH=htpasswd REGISTRY_AUTH_HTPASSWD_REALM=tests \
		REGISTRY_AUTH_HTPASSWD_PATH="$BATS_FILE_TMPDIR/users"
	awkward_start "$BATS_FILE_TMPDIR/awkward"
	STRICT=$(sed -n 's/^strict at //p' "$awkward_dir/log")
	export REGISTRY REGISTRY_PID AWKWARD AWKWARD_PID STRICT registry_dir awkward_dir
}

teardown_file() {
	registry_stop
	awkward_stop
	coffer_file_teardown
}

# Every test has a home of its own.
setup() {
	export HOME=$BATS_TEST_TMPDIR/home
	unset DOCKER_CONFIG
	config=$HOME/.docker/config.json
	mkdir "$HOME"
	cd "$BATS_TEST_TMPDIR" || return
}

# A credential helper that keeps what it gets in files, and a $PATH where it is found.
make_helper() {
	mkdir -p bin kept
	cat >"bin/docker-credential-$1" <<-'HELPER'
		#!/bin/bash
		kept=$(dirname "$0")/../kept
		name() { tr -c 'a-z0-9\n' _; }
		case $1 in
		get)
			file=$kept/$(name)
			[ -e "$file" ] || { echo "credentials not found in native keychain"; exit 1; }
			cat "$file" ;;
		store)
			input=$(cat)
			printf %s "$input" >"$kept/$(jq -r .ServerURL <<<"$input" | name)" ;;
		erase)
			rm -f "$kept/$(name)" ;;
		esac
	HELPER
	chmod +x "bin/docker-credential-$1"
	PATH=$PWD/bin:$PATH
}

@test "a registry with users: login, push, pull, logout" {
	coffer tag box:1 "$REGISTRY/box:1"
	run --separate-stderr coffer push "$REGISTRY/box:1"
	[ "$status" -eq 1 ]
	# shellcheck disable=SC2154 # run assigns it
	[[ "$stderr" == *"push access denied for $REGISTRY/box"*"coffer login $REGISTRY"* ]]
	run --separate-stderr coffer login -u user --password-stdin "$REGISTRY" <<<password
	[ "$status" -eq 0 ]
	[ "$output" = "Login Succeeded" ]
	[ "$stderr" = "WARNING! Your credentials are stored unencrypted in '$config'." ]
	[ "$(stat -c %a "$config")" = 600 ]
	[ "$(jq -r --arg key "$REGISTRY" '.auths[$key].auth | @base64d' "$config")" = user:password ]
	coffer push -q "$REGISTRY/box:1"
	coffer rmi "$REGISTRY/box:1" >/dev/null
	coffer pull -q "$REGISTRY/box:1"
	skopeo --insecure-policy inspect --tls-verify=false --authfile "$config" "docker://$REGISTRY/box:1" >/dev/null
	run coffer logout "$REGISTRY"
	[ "$output" = "Removing login credentials for $REGISTRY" ]
	[ "$(jq -c .auths "$config")" = "{}" ]
	run coffer logout "$REGISTRY"
	[ "$output" = "Not logged in to $REGISTRY" ]
	run coffer pull "$REGISTRY/box:1"
	[ "$status" -eq 1 ]
	[[ "$output" == *"pull access denied"* ]]
}

@test "the other keys of the file stay, and a link stays a link" {
	mkdir "$HOME/.docker" elsewhere
	ln -s "$PWD/elsewhere/my.json" "$config"
	jq -n '{HttpHeaders: {"X-Meta": "1"}, auths: {"other.example": {auth: "YTpi"}}, plugins: {}, detachKeys: "ctrl-q"}' \
		>elsewhere/my.json
	chmod 644 elsewhere/my.json
	coffer login -u user --password-stdin "http://$REGISTRY/v2/" <<<password
	[ -L "$config" ]
	[ "$(stat -c %a elsewhere/my.json)" = 600 ]
	jq -e --arg key "$REGISTRY" '.HttpHeaders["X-Meta"] == "1" and .auths["other.example"].auth == "YTpi" and
		.detachKeys == "ctrl-q" and .plugins == {} and (.auths[$key].auth | @base64d) == "user:password"' "$config"
	[ -z "$(find elsewhere "$HOME/.docker" -name '.tmp-*')" ]
	coffer logout "$REGISTRY"
	[ "$(jq -c '.auths | keys' "$config")" = '["other.example"]' ]
	export DOCKER_CONFIG=$PWD/docker
	coffer login -u user --password-stdin "$REGISTRY" <<<password
	[ -f docker/config.json ]
}

@test "what does not log in" {
	run --separate-stderr coffer login -u user --password-stdin "$REGISTRY" <<<wrong
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"login attempt to $REGISTRY failed: unauthorized: incorrect username or password"* ]]
	[ ! -e "$config" ]
	run --separate-stderr coffer login --password-stdin "$REGISTRY" <<<password
	[ "$status" -eq 125 ]
	[[ "$stderr" == *"Must provide --username with --password-stdin"* ]]
	run --separate-stderr coffer login -u user -p x --password-stdin "$REGISTRY"
	[ "$status" -eq 125 ]
	[[ "$stderr" == *"--password and --password-stdin are mutually exclusive"* ]]
	run --separate-stderr coffer login -u user --password-stdin "$REGISTRY" </dev/null
	[ "$status" -eq 125 ]
	[[ "$stderr" == *"password is empty"* ]]
	run --separate-stderr coffer login "$REGISTRY" </dev/null
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"Cannot perform an interactive login from a non TTY device"* ]]
	run --separate-stderr coffer login -u user -p password "not a name"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'"not a name" is not the name of a registry'* ]]
	run --separate-stderr coffer login -u user -p password localhost:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"insecure. Use --password-stdin"*"connection refused"* ]]
}

@test "with what is kept" {
	coffer login -u user -p password "$REGISTRY" 2>/dev/null
	run --separate-stderr coffer login "$REGISTRY" </dev/null
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Authenticating with existing credentials... [Username: user]" ]
	[ "${lines[1]}" = "Login Succeeded" ]
	jq --arg auth "$(printf user:old | base64)" '.auths[].auth = $auth' "$config" >new
	cp new "$config"
	run --separate-stderr coffer login "$REGISTRY" </dev/null
	[ "$status" -eq 1 ]
	[[ "$stderr" == "Login did not succeed, error: login attempt"*"non TTY"* ]]
}

@test "at a terminal, where the password is not shown" {
	run python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" expect:Username: 'send:user\r' expect:Password: 'send:password\r' \
		expect:Succeeded wait -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		login "$REGISTRY"
	[ "$status" -eq 0 ]
	[[ "$output" == *"[exit 0]"* ]]
	[[ "$output" != *password* ]]
	[ "$(jq -r '.auths[].auth | @base64d' "$config")" = user:password ]
}

@test "what podman's login has left is used, for as much of a registry as it is for" {
	coffer login -u user --password-stdin "$REGISTRY" <<<password
	coffer tag box:1 "$REGISTRY/team/app:1"
	coffer push -q "$REGISTRY/team/app:1"
	rm "$config"
	podman --root "$PWD/podman" --runroot "$PWD/podman-run" login --tls-verify=false --authfile "$PWD/auth.json" -u user -p password \
		"$REGISTRY"
	run -1 coffer pull -q "$REGISTRY/team/app:1"
	REGISTRY_AUTH_FILE=$PWD/auth.json coffer pull -q "$REGISTRY/team/app:1"
	mkdir -p "$HOME/.config/containers" run/containers
	cp auth.json run/containers/
	XDG_RUNTIME_DIR=$PWD/run coffer pull -q "$REGISTRY/team/app:1"
	[ ! -e "$config" ]
	wrong=$(printf nobody:nothing | base64)
	jq --arg name "$REGISTRY/team" --arg auth "$wrong" '.auths[$name] = {auth: $auth}' auth.json >"$HOME/.config/containers/auth.json"
	run -1 coffer pull -q "$REGISTRY/team/app:1"
	[[ $output == *"the credentials of user \"nobody\" in $HOME/.config/containers/auth.json were rejected"* ]]
	jq --arg name "$REGISTRY/tea" --arg auth "$wrong" '.auths[$name] = {auth: $auth}' auth.json >"$HOME/.config/containers/auth.json"
	coffer pull -q "$REGISTRY/team/app:1"
	# A login of ours counts for more, and leaves theirs alone.
	echo '{"auths": []}' >"$HOME/.config/containers/auth.json"
	run -1 coffer pull -q "$REGISTRY/team/app:1"
	[[ $output == *"$HOME/.config/containers/auth.json:1:11: /auths: expected an object, found an array"* ]]
	coffer login -u user --password-stdin "$REGISTRY" <<<password
	coffer pull -q "$REGISTRY/team/app:1"
	coffer logout "$REGISTRY"
	[ "$(cat "$HOME/.config/containers/auth.json")" = '{"auths": []}' ]
	coffer rmi "$REGISTRY/team/app:1" >/dev/null
}

@test "a program keeps them" {
	make_helper all
	mkdir "$HOME/.docker"
	echo '{"credsStore":"all"}' >"$config"
	run --separate-stderr coffer login -u user --password-stdin "$REGISTRY" <<<password
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(jq -c .auths "$config")" = "{\"$REGISTRY\":{}}" ]
	[ "$(jq -r .Secret kept/*)" = password ]
	coffer tag box:1 "$REGISTRY/kept:1"
	coffer push -q "$REGISTRY/kept:1"
	coffer logout "$REGISTRY"
	[ -z "$(ls kept)" ]
	run coffer push -q "$REGISTRY/kept:1"
	[ "$status" -eq 1 ]
}

@test "a program for one registry, one that is missing, one that fails" {
	make_helper one
	mkdir "$HOME/.docker"
	jq -n --arg key "$REGISTRY" '{credHelpers: {($key): "one"}, credsStore: "missing"}' >"$config"
	coffer login -u user --password-stdin "$REGISTRY" <<<password
	[ "$(jq -r .Username kept/*)" = user ]
	run --separate-stderr coffer login -u user --password-stdin "$AWKWARD" <<<password
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"docker-credential-missing: executable file not found in \$PATH"* ]]
	printf '#!/bin/sh\necho "the keychain is locked"\nexit 1\n' >bin/docker-credential-one
	coffer tag box:1 "$REGISTRY/fails:1"
	run --separate-stderr coffer push "$REGISTRY/fails:1"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"docker-credential-one get: the keychain is locked"*"push access denied"* ]]
	jq -n '{credsStore: "../evil"}' >"$config"
	run --separate-stderr coffer push "$REGISTRY/fails:1"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"not the name of a credential helper"* ]]
}

@test "a token service gives an identity token, which is kept in the password's place" {
	run --separate-stderr coffer login -u user --password-stdin "$STRICT" <<<password
	[ "$status" -eq 0 ]
	jq -e --arg key "$STRICT" '.auths[$key] | .identitytoken == "an-identity-token" and (.auth | @base64d) == "user:"' "$config"
	run ! grep -r password "$HOME/.docker"
	coffer tag box:1 "$STRICT/box:1"
	coffer push -q "$STRICT/box:1"
	grep -q "^$STRICT POST /auth/identity - " "$awkward_dir/log"
	run --separate-stderr coffer login "$STRICT" </dev/null
	[ "$status" -eq 0 ]
	run --separate-stderr coffer login -u user --password-stdin "$STRICT" <<<wrong
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"incorrect username or password"* ]]
	make_helper all
	echo '{"credsStore":"all"}' >"$config"
	coffer login -u user --password-stdin "$STRICT" <<<password
	[ "$(jq -c '[.Username, .Secret]' kept/*)" = '["<token>","an-identity-token"]' ]
	coffer push -q "$STRICT/box:1"
}

@test "two logins at once lose nothing" {
	coffer login -u user --password-stdin "$REGISTRY" <<<password &
	coffer login -u user --password-stdin "$STRICT" <<<password &
	wait
	[ "$(jq '.auths | length' "$config")" -eq 2 ]
}
