# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell
#
# Networks of containers: the network namespace that a file runs in plays the host, another one the outside. Load
# lib/coffer first.
#
#   network_file_setup, network_file_teardown   for setup_file and teardown_file
#   network_teardown      for teardown: no containers, no networks
#   outside COMMAND...    at 198.51.100.2 and 2001:db8::2, beyond the host's 198.51.100.1 and 2001:db8::1
#   web NAME ARGUMENT...  a web server in a container
#   sleeper NAME ARG...   one that does nothing
#   address NAME          the first one that it has
#   fetch URL             with a limit of time
#   relays                those of published ports that somebody has come to
#   is_led PORT           the packet filter leads from this port of the host to a container

network_file_setup() {
	# Bridges and rules are made where we are: only in a namespace of our own, as tests/run gives one.
	[ "$(ip -o link show | grep -cv ': lo')" -eq 0 ] || skip "needs a network namespace of its own (tests/run makes one)"
	coffer_file_setup
	mkdir "$BATS_FILE_TMPDIR/www"
	echo "from the container" >"$BATS_FILE_TMPDIR/www/index.html"
	make_outside
}

network_file_teardown() {
	[ -z "${OUTSIDE:-}" ] || kill "$OUTSIDE"
	coffer_file_teardown
	# Links go with their namespaces, a moment later.
	eventually no_links_left || { ip -o link show type veth; false; }
}

no_links_left() {
	! ip -o link show type veth | grep -v ': out@' | grep -q .
}

# A host beyond ours: 198.51.100.2 and 2001:db8::2, which routes nothing back to containers.
make_outside() {
	unshare --net sleep 7200 3>&- &
	export OUTSIDE=$!
	eventually outside_is_apart
	ip link add out type veth peer name eth0 netns "$OUTSIDE"
	ip addr add 198.51.100.1/24 dev out
	ip addr add 2001:db8::1/64 dev out nodad
	ip link set out up
	outside ip link set lo up
	outside ip addr add 198.51.100.2/24 dev eth0
	outside ip addr add 2001:db8::2/64 dev eth0 nodad
	outside ip link set eth0 up
}

outside_is_apart() {
	[ "$(readlink "/proc/$OUTSIDE/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

outside() {
	nsenter --net="/proc/$OUTSIDE/ns/net" -- "$@"
}

# web NAME ARGUMENT...: a web server in the background
web() {
	local name=$1
	shift
	coffer run -d --name "$name" -v "$BATS_FILE_TMPDIR/www:/www:ro" "$@" box:1 httpd -f -h /www >/dev/null
	eventually curl -sf -o /dev/null --max-time 2 "http://$(address "$name"):80/"
}

address() {
	coffer inspect "$1" | jq -r '[.[0].NetworkSettings.Networks[].IPAddress][0]'
}

fetch() {
	curl -sf --max-time 3 "$@"
}

network_teardown() {
	local id
	for id in $(coffer ps -aq); do
		coffer rm -f "$id" >/dev/null
	done
	coffer network prune -f >/dev/null
}

relays() {
	pgrep -f "^coffer-relay $COFFER_TEST_ROOT/run/"
}

# Without the packet filter it would be a relay that carries it.
is_led() {
	local -a left
	mapfile -t left < <(relays)
	[ "${#left[@]}" -eq 0 ] || kill -KILL "${left[@]}"
	fetch "http://127.0.0.1:$1/" && ! relays
}

sleeper() {
	local name=$1
	shift
	coffer run -d --name "$name" "$@" box:1 sleep 600 >/dev/null
}
