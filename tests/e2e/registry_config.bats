#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Which server is asked, and how it is trusted: registries.conf, certs.d, proxies.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
	registry_file_setup
	registry_push "$LAYOUT:four" four:1
	registry_push "$LAYOUT:four" proxy/team/four:1
	make_certificates
	start_tls
}

teardown_file() {
	registry_stop
	REGISTRY_PID=$TLS_PID
	registry_stop
	coffer_file_teardown
}

setup() {
	export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf COFFER_CERTS_D=$BATS_TEST_TMPDIR/certs.d
	mkdir "$COFFER_CERTS_D"
	cd "$BATS_TEST_TMPDIR" || return
}

# An authority, a server of it, and a client of it, in $BATS_FILE_TMPDIR.
make_certificates() {
	local name
	cd "$BATS_FILE_TMPDIR" || return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority \
		-keyout ca.key -out ca.crt 2>/dev/null
	for name in server client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" \
			-keyout "$name.key" -out "$name.csr" 2>/dev/null
		openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$name.cert" \
			-extfile <(echo "subjectAltName=DNS:registry.localhost") 2>/dev/null
	done
}

# The same storage over TLS; only clients with a certificate are let in.
start_tls() {
	local plain=$REGISTRY plain_pid=$REGISTRY_PID plain_dir=$registry_dir
	mkdir "$BATS_FILE_TMPDIR/tls"
	ln -s "$plain_dir/storage" "$BATS_FILE_TMPDIR/tls/storage"
	registry_start "$BATS_FILE_TMPDIR/tls" REGISTRY_HTTP_TLS_CERTIFICATE="$BATS_FILE_TMPDIR/server.cert" \
		REGISTRY_HTTP_TLS_KEY="$BATS_FILE_TMPDIR/server.key" \
		REGISTRY_HTTP_TLS_CLIENTCAS="[$BATS_FILE_TMPDIR/ca.crt]"
	export TLS=registry.localhost:${REGISTRY#*:} TLS_PID=$REGISTRY_PID
	REGISTRY=$plain REGISTRY_PID=$plain_pid registry_dir=$plain_dir
}

config() {
	cat >"$CONTAINERS_REGISTRIES_CONF"
}

# pulls NAME: it comes, and goes again.
pulls() {
	run --separate-stderr coffer pull -q "$1"
	# shellcheck disable=SC2154 # run assigns it
	echo "$output $stderr" >&2
	[ "$status" -eq 0 ]
	coffer rmi "$1" >/dev/null
}

# refuses WORDS NAME
refuses() {
	run --separate-stderr coffer pull -q "$2"
	echo "$output $stderr" >&2
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"$1"* ]]
}

# --- registries.conf ----------------------------------------------------------------------------------------------

@test "plain HTTP where it is said to be insecure" {
	name=registry.localhost:${REGISTRY#*:}/four:1
	refuses 'hint:  write "insecure = true" for it into /etc/containers/registries.conf' "$name"
	config <<<"[[registry]]
		location = \"registry.localhost:${REGISTRY#*:}\"
		insecure = true"
	pulls "$name"
	coffer tag box:1 "registry.localhost:${REGISTRY#*:}/insecure:1"
	coffer push -q "registry.localhost:${REGISTRY#*:}/insecure:1"
}

@test "another place for a prefix, the longest one counts" {
	config <<<"[[registry]]
		prefix = \"images.example\"
		blocked = true
		[[registry]]
		prefix = \"images.example/team\"
		location = \"$REGISTRY/proxy/team\"
		[[registry]]
		prefix = \"*.wild.example\"
		location = \"$REGISTRY\""
	pulls images.example/team/four:1
	pulls a.wild.example/four:1
	refuses "registry images.example is blocked" images.example/other:1
	[[ "$stderr" == *"\"images.example\" is blocked in $CONTAINERS_REGISTRIES_CONF"* ]]
	coffer tag box:1 images.example/other:1
	run coffer push images.example/other:1
	[ "$status" -eq 1 ]
	[[ "$output" == *"registry images.example is blocked"* ]]
}

@test "mirrors are asked first, and forgiven" {
	config <<<"[[registry]]
		location = \"images.example\"
		[[registry.mirror]]
		location = \"localhost:1\"
		[[registry.mirror]]
		location = \"$REGISTRY/nothing\"
		[[registry.mirror]]
		location = \"$REGISTRY\""
	pulls images.example/four:1
	config <<<"[[registry]]
		location = \"$REGISTRY\"
		mirror = [{ location = \"localhost:1\" }]"
	pulls "$REGISTRY/four:1"
	refuses "manifest unknown" "$REGISTRY/none:1"
}

@test "mirrors for digests or tags only" {
	digest=$(image_digest "$LAYOUT" four)
	config <<<"[[registry]]
		location = \"localhost:1\"
		[[registry.mirror]]
		location = \"$REGISTRY\"
		pull-from-mirror = \"digest-only\""
	refuses "connection refused" localhost:1/four:1
	pulls "localhost:1/four@$digest"
	config <<<"[[registry]]
		location = \"localhost:1\"
		mirror-by-digest-only = true
		[[registry.mirror]]
		location = \"$REGISTRY\""
	refuses "connection refused" localhost:1/four:1
	pulls "localhost:1/four@$digest"
}

@test "files in registries.conf.d come later" {
	config <<<"[[registry]]
		location = \"images.example\"
		blocked = true"
	mkdir "$CONTAINERS_REGISTRIES_CONF.d"
	printf '[[registry]]\nprefix = "images.example"\nlocation = "%s"\n' "$REGISTRY" >"$CONTAINERS_REGISTRIES_CONF.d/10.conf"
	echo 'not read' >"$CONTAINERS_REGISTRIES_CONF.d/README"
	pulls images.example/four:1
}

@test "files that make no sense" {
	config <<<'[[registry]'
	refuses "$CONTAINERS_REGISTRIES_CONF:1:12: expected \"]\"" "$REGISTRY/four:1"
	config <<<'registry = 1'
	refuses "/registry: expected an array, found a number" "$REGISTRY/four:1"
	config <<<'[[registry]]
		insecure = true'
	refuses 'neither "location" nor "prefix" is given' "$REGISTRY/four:1"
	config <<<'[registries.search]
		registries = []'
	refuses "version 1 of the format is not supported" "$REGISTRY/four:1"
	config <<<"[[registry]]
		prefix = \"$REGISTRY\"
		location = \"UPPER CASE\""
	refuses '"UPPER CASE/four" is no place for a repository' "$REGISTRY/four:1"
}

# --- certs.d ------------------------------------------------------------------------------------------------------

@test "an authority and a client's certificate for one server" {
	refuses "certificate" "$TLS/four:1"
	mkdir "$COFFER_CERTS_D/$TLS"
	cp "$BATS_FILE_TMPDIR/ca.crt" "$COFFER_CERTS_D/$TLS"
	refuses "$TLS" "$TLS/four:1" # we are not let in
	cp "$BATS_FILE_TMPDIR/client.cert" "$COFFER_CERTS_D/$TLS"
	refuses "missing key $COFFER_CERTS_D/$TLS/client.key for client certificate" "$TLS/four:1"
	cp "$BATS_FILE_TMPDIR/client.key" "$COFFER_CERTS_D/$TLS"
	pulls "$TLS/four:1"
	coffer tag box:1 "$TLS/tls:1"
	coffer push -q "$TLS/tls:1"
	[ -n "$(registry_digest tls:1)" ]
}

@test "the user's folder of certificates comes first" {
	unset COFFER_CERTS_D
	mkdir -p ".config/containers/certs.d/$TLS"
	cp "$BATS_FILE_TMPDIR/ca.crt" "$BATS_FILE_TMPDIR"/client.{cert,key} ".config/containers/certs.d/$TLS"
	HOME=$PWD pulls "$TLS/four:1"
	mv .config configuration
	XDG_CONFIG_HOME=$PWD/configuration pulls "$TLS/four:1"
	refuses "certificate" "$TLS/four:1"
}

@test "on this machine the authority counts, if there is one" {
	local here=127.0.0.1:${TLS#*:}
	mkdir "$COFFER_CERTS_D/$here"
	cp "$BATS_FILE_TMPDIR"/client.{cert,key} "$COFFER_CERTS_D/$here"
	pulls "$here/four:1"
	cp "$BATS_FILE_TMPDIR/ca.crt" "$COFFER_CERTS_D/$here" # and it has no certificate for this name
	refuses "127.0.0.1" "$here/four:1"
}

@test "an unknown certificate where it is said to be insecure" {
	mkdir "$COFFER_CERTS_D/$TLS"
	cp "$BATS_FILE_TMPDIR"/client.{cert,key} "$COFFER_CERTS_D/$TLS"
	config <<<"[[registry]]
		location = \"$TLS\"
		insecure = true"
	pulls "$TLS/four:1"
}

# --- proxies ------------------------------------------------------------------------------------------------------

@test "proxies of the environment, but not to this machine" {
	awkward_start "$BATS_TEST_TMPDIR/proxy"
	config <<<'[[registry]]
		location = "far.example"
		insecure = true'
	coffer tag box:1 far.example/lower/box:1
	coffer tag box:1 far.example/upper/box:1
	export https_proxy=http://127.0.0.1:1
	http_proxy=http://$AWKWARD coffer push -q far.example/lower/box:1
	HTTP_PROXY=http://$AWKWARD coffer push -q far.example/upper/box:1
	# shellcheck disable=SC2154 # awkward_start sets it
	grep -q '^far.example PUT http://far.example/v2/lower/box/manifests/1' "$awkward_dir/log"
	grep -q '^far.example PUT http://far.example/v2/upper/box/manifests/1' "$awkward_dir/log"
	http_proxy=http://127.0.0.1:1 pulls "$REGISTRY/four:1"
	awkward_stop
}
