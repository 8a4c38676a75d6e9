#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks of the Container Network Interface: Debian's plugins, and one that records what it is told. What plugins keep
# on disk, they keep below the test's directory.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

DEBIAN_PLUGINS=/usr/lib/cni

setup_file() {
	[ -x $DEBIAN_PLUGINS/bridge ] || skip "needs the package containernetworking-plugins"
	network_file_setup
	export COFFER_CNI_CONF_DIR=$BATS_FILE_TMPDIR/net.d COFFER_CNI_PATH=$BATS_FILE_TMPDIR/plugins:$DEBIAN_PLUGINS
	mkdir "$BATS_FILE_TMPDIR/plugins"
	recording_plugin >"$BATS_FILE_TMPDIR/plugins/recorder"
	chmod +x "$BATS_FILE_TMPDIR/plugins/recorder"
}

teardown_file() {
	network_file_teardown
}

setup() {
	mkdir -p "$COFFER_CNI_CONF_DIR"
	export CALLS=$BATS_TEST_TMPDIR/calls
	mkdir "$CALLS"
}

teardown() {
	rm -f "$CALLS"/do-*
	network_teardown
	rm -rf "$COFFER_CNI_CONF_DIR"
	if ip link show cni-test >/dev/null 2>&1; then
		ip link del cni-test
	fi
}

# A plugin that notes down each call in the directory "calls" of its configuration, does what the file "do" there says, and
# answers with the result before it, or an address.
recording_plugin() {
	cat <<'PLUGIN'
#!/bin/bash
input=$(cat)
{ read -r calls && read -r tag; } < <(jq -r '.calls, .tag' <<<"$input")
echo "$CNI_COMMAND $tag" >>"$calls/order"
cat <<<"$input" >"$calls/$CNI_COMMAND-$tag.json"
env | grep ^CNI_ | sort >"$calls/$CNI_COMMAND-$tag.env"
if [ -e "$calls/do-$CNI_COMMAND-$tag" ]; then
	. "$calls/do-$CNI_COMMAND-$tag"
fi
[ "$CNI_COMMAND" = ADD ] || exit 0
jq '.prevResult // {cniVersion: .cniVersion, interfaces: [{name: "eth0", mac: "02:00:00:00:00:01", sandbox: "here"}],
	ips: [{address: "10.99.0.7/24", gateway: "10.99.0.1", interface: 0}],
	dns: {nameservers: ["10.99.0.53"], search: ["cni.example"], options: ["ndots:3"]}}' <<<"$input"
PLUGIN
}

# conflist NAME VERSION PLUGIN...
conflist() {
	local name=$1 version=$2
	shift 2
	jq -n --arg name "$name" --arg version "$version" '{cniVersion: $version, name: $name, plugins: $ARGS.positional}' \
		--jsonargs "$@" >"$COFFER_CNI_CONF_DIR/$name.conflist"
}

# recorder [TAG [MEMBERS]]
recorder() {
	jq -n --arg calls "$CALLS" --arg tag "${1:-recorder}" \
		'{type: "recorder", calls: $calls, tag: $tag} + '"${2:-{\}}"
}

# bridge_network VERSION
bridge_network() {
	conflist web "$1" \
		"$(jq -n --arg dir "$BATS_TEST_TMPDIR/leases" '{type: "bridge", bridge: "cni-test", isGateway: true, ipMasq: true,
			hairpinMode: true, ipam: {type: "host-local", dataDir: $dir, ranges: [[{subnet: "10.98.0.0/24"}]],
			routes: [{dst: "0.0.0.0/0"}]}}')" \
		'{"type": "portmap", "capabilities": {"portMappings": true}, "snat": true}' '{"type": "loopback"}'
}

leases() {
	find "$BATS_TEST_TMPDIR/leases" -name '10.*' | wc -l
}

nothing_left_of_bridge() {
	[ "$(leases)" -eq 0 ]
	[ "$(iptables-save | grep -cE 'CNI-(DN-)?[0-9a-f]|10\.98\.0\.')" -eq 0 ]
	[ "$(coffer_rows)" -eq 0 ]
}

coffer_rows() {
	python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM cni").fetchone()[0])' \
		"$(find "$COFFER_TEST_ROOT/root" -maxdepth 1 -name '*.db')"
}

@test "bridge, host-local, portmap and loopback: an address, a way out, a published port; and nothing afterwards" {
	bridge_network 1.0.0
	web web --network cni:web -p 8080:80
	run -0 coffer inspect web
	[ "$(jq -r '.[0].NetworkSettings.Networks["cni:web"] | "\(.IPAddress)/\(.IPPrefixLen) \(.Gateway)"' <<<"$output")" = \
		'10.98.0.2/24 10.98.0.1' ]
	[ "$(jq -r '.[0].HostConfig.NetworkMode' <<<"$output")" = cni:web ]
	mac=$(jq -r '.[0].NetworkSettings.Networks["cni:web"].MacAddress' <<<"$output")
	run -0 coffer exec web ip addr show eth0
	[[ $output == *"$mac"* && $output == *'inet 10.98.0.2/24'* ]]
	run -0 coffer exec web cat /etc/hosts
	[[ $output == *10.98.0.2* ]]
	coffer exec web ping -c 1 -W 3 198.51.100.2
	run -0 outside curl -sf --max-time 3 http://198.51.100.1:8080/
	[ "$output" = 'from the container' ]
	[ "$(coffer port web)" = '80/tcp -> 0.0.0.0:8080' ]
	[ "$(leases)" -eq 1 ]
	coffer rm -f web
	nothing_left_of_bridge
}

@test "the same plugins in the older versions" {
	local version
	for version in 0.3.1 0.4.0; do
		bridge_network $version
		run -0 coffer run --rm --network cni:web -p 8080:80 box:1 ip addr show eth0
		[[ $output == *'inet 10.98.0.'*/24* ]]
		nothing_left_of_bridge
	done
}

@test "a port that a container has published cannot be published here" {
	bridge_network 1.0.0
	sleeper other -p 8080:80
	run -125 coffer run --rm --network cni:web -p 8080:80 box:1 true
	[[ $output == *'port 8080/tcp is already allocated'*'container other has published it'* ]]
	[ ! -e "$BATS_TEST_TMPDIR/leases" ]
}

@test "the chain: ADD forwards with the result before it, DEL backwards with the last one" {
	conflist chain 1.0.0 "$(recorder first)" "$(recorder second '{capabilities: {portMappings: true}, "own": [1]}')"
	run -0 coffer run --rm --network cni:chain -p 127.0.0.1:8080:80 -p 53:53/udp box:1 cat /etc/hosts /etc/resolv.conf
	[[ $output == *10.99.0.7* && $output == *'nameserver 10.99.0.53'* && $output == *'search cni.example'* &&
		$output == *'options ndots:3'* ]]
	[ "$(<"$CALLS/order")" = $'ADD first\nADD second\nDEL second\nDEL first' ]
	[ "$(jq -c '[.name, .cniVersion, .prevResult, .runtimeConfig]' "$CALLS/ADD-first.json")" = '["chain","1.0.0",null,null]' ]
	[ "$(jq -r '.prevResult.ips[0].address' "$CALLS/ADD-second.json")" = 10.99.0.7/24 ]
	[ "$(jq -c '.own' "$CALLS/ADD-second.json")" = '[1]' ]
	[ "$(jq -c '.runtimeConfig.portMappings | sort_by(.hostPort)' "$CALLS/ADD-second.json")" = \
		'[{"hostPort":53,"containerPort":53,"protocol":"udp"},{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":"127.0.0.1"}]' ]
	for command in DEL-first DEL-second; do
		[ "$(jq -r '.prevResult.ips[0].address' "$CALLS/$command.json")" = 10.99.0.7/24 ]
	done
	[ "$(jq -c '.runtimeConfig' "$CALLS/DEL-second.json")" = "$(jq -c '.runtimeConfig' "$CALLS/ADD-second.json")" ]
}

@test "the environment of a plugin" {
	conflist env 0.4.0 "$(recorder)"
	id=$(coffer create --network cni:env box:1 true)
	coffer start --attach "$id"
	run -0 cat "$CALLS/ADD-recorder.env"
	[ "${lines[0]}" = 'CNI_ARGS=IgnoreUnknown=1' ]
	[ "${lines[1]}" = CNI_COMMAND=ADD ]
	[ "${lines[2]}" = "CNI_CONTAINERID=$id" ]
	[ "${lines[3]}" = CNI_IFNAME=eth0 ]
	[[ ${lines[4]} =~ ^CNI_NETNS=/proc/[0-9]+/fd/[0-9]+$ ]]
	[ "${lines[5]}" = "CNI_PATH=$COFFER_CNI_PATH" ]
	coffer rm "$id"
}

@test "version 0.3.1 has no result at DEL; 1.1 chooses among versions; a single plugin is a network, too" {
	conflist old 0.3.1 "$(recorder)"
	coffer run --rm --network cni:old box:1 true
	[ "$(jq -c '.prevResult' "$CALLS/DEL-recorder.json")" = null ]
	recorder new '{name: "new", cniVersion: "1.0.0", cniVersions: ["1.0.0", "1.1.0", "9.0.0"]}' >"$COFFER_CNI_CONF_DIR/new.conf"
	coffer run --rm --network cni:new box:1 true
	[ "$(jq -r '.cniVersion' "$CALLS/ADD-new.json")" = 1.1.0 ]
}

# answers CODE MESSAGE DETAILS
answers() {
	printf 'echo %q; exit 1\n' "{\"cniVersion\": \"1.0.0\", \"code\": $1, \"msg\": \"$2\", \"details\": \"$3\"}"
}

@test "a plugin that fails says why, and what those before it added is removed" {
	conflist bad 1.0.0 "$(recorder first)" "$(recorder second)"
	answers 11 'try again later' 'no lease' >"$CALLS/do-ADD-second"
	run -125 coffer run --rm --network cni:bad box:1 true
	[[ $output == *'network cni:bad: ADD by plugin "recorder" failed'* ]]
	[[ $output == *'cause: recorder says: try again later: no lease (code 11)'* ]]
	[ "$(<"$CALLS/order")" = $'ADD first\nADD second\nDEL second\nDEL first' ]
	[ "$(coffer_rows)" -eq 0 ]
}

@test "a plugin that crashes, and one whose answer makes no sense" {
	conflist bad 1.0.0 "$(recorder)"
	echo 'echo it went wrong >&2; kill -KILL $$' >"$CALLS/do-ADD-recorder"
	run -125 coffer run --rm --network cni:bad box:1 true
	[[ $output == *'cause: recorder says: it went wrong'* ]]
	echo 'exit 3' >"$CALLS/do-ADD-recorder"
	run -125 coffer run --rm --network cni:bad box:1 true
	[[ $output == *'cause: it ended with status 3 and did not say why'* ]]
	echo 'echo "[]"; exit 0' >"$CALLS/do-ADD-recorder"
	run -125 coffer run --rm --network cni:bad box:1 true
	[[ $output == *'the result of plugin "recorder"'*'expected an object'* ]]
	echo "echo '{\"ips\": [{\"address\": \"nowhere\"}]}'; exit 0" >"$CALLS/do-ADD-recorder"
	run -125 coffer run --rm --network cni:bad box:1 true
	[[ $output == *'"nowhere" is no address with the length of its prefix'* ]]
	[ "$(coffer_rows)" -eq 0 ]
}

@test "a DEL that fails does not hold the container up, and is made again by the next command" {
	conflist sticky 1.0.0 "$(recorder)"
	answers 5 'cannot reach the switch' '' >"$CALLS/do-DEL-recorder"
	run -0 --separate-stderr coffer run --name stays --network cni:sticky box:1 true
	[ "$(coffer inspect --format '{{.State.Status}}' stays)" = exited ]
	run -1 coffer start stays
	[[ $output == *'DEL by plugin "recorder" failed'* && $output == *'cannot reach the switch (code 5)'* ]]
	problems 0
	[[ $output == 'NC1 leftover'*'it does not run, and plugins have yet to remove it from its network' ]]
	rm "$CALLS/do-DEL-recorder"
	coffer rm stays
	coffer ps >/dev/null
	[ "$(coffer_rows)" -eq 0 ]
}

@test "what is left by a command that was killed while a plugin added is removed by the next one" {
	conflist slow 1.0.0 "$(recorder first)" "$(recorder second)"
	mkfifo "$BATS_TEST_TMPDIR/go"
	echo "read -r _ <'$BATS_TEST_TMPDIR/go'" >"$CALLS/do-ADD-second"
	coffer_exec run --rm --network cni:slow box:1 true 3>&- &
	eventually test -e "$CALLS/ADD-second.env"
	kill -KILL $!
	wait $! || true
	coffer ps >/dev/null
	[ "$(tail -n 1 "$CALLS/order")" = 'ADD second' ] # whoever adds is not disturbed
	echo >"$BATS_TEST_TMPDIR/go"
	eventually all_removed
	[ "$(<"$CALLS/order")" = $'ADD first\nADD second\nDEL second\nDEL first' ]
	[ "$(jq -r '.prevResult.ips[0].address' "$CALLS/DEL-first.json")" = 10.99.0.7/24 ]
	[ -z "$(coffer ps -aq)" ]
}

all_removed() {
	coffer ps >/dev/null
	[ "$(coffer_rows)" -eq 0 ]
}

@test "after a monitor was killed all of the bridge is taken back, whatever has become of the configuration" {
	bridge_network 1.0.0
	coffer run -d --name web --network cni:web -p 8080:80 box:1 sleep 600 >/dev/null
	rm "$COFFER_CNI_CONF_DIR/web.conflist"
	kill -KILL "$(pgrep -f "coffer-monitor.*$(coffer inspect --format '{{.Id}}' web)" | head -n 1)"
	eventually exited web
	nothing_left_of_bridge
}

exited() {
	coffer ps >/dev/null
	[ "$(coffer inspect --format '{{.State.Status}}' "$1")" = exited ]
}

# problems STATUS: what system check says of networks
problems() {
	run -"$1" coffer system check --format '{{.Invariant}} {{.State}} {{.Object}} {{.Problem}}'
	output=$(grep '^NC' <<<"$output" || true)
}

@test "system check asks the plugins whether all is as they have made it" {
	bridge_network 1.0.0
	sleeper web --network cni:web
	problems 0
	[ -z "$output" ]
	ip link set cni-test name cni-moved
	problems 1
	ip link set cni-moved name cni-test
	[[ $output == "NC4 broken $(coffer inspect --format '{{.Id}}' web) network cni:web: CHECK by plugin \"bridge\" failed: bridge says: "* ]]
}

@test "CHECK is left out where the administrator or the version does not have it" {
	conflist on 0.4.0 "$(recorder on)"
	conflist old 0.3.1 "$(recorder old)"
	recorder off '{name: "off", cniVersion: "1.0.0", disableCheck: true}' >"$COFFER_CNI_CONF_DIR/off.conf"
	for name in on old off; do
		sleeper $name --network cni:$name
	done
	coffer system check >/dev/null
	[ "$(grep CHECK "$CALLS/order")" = 'CHECK on' ]
	[ "$(jq -r '.prevResult.ips[0].address' "$CALLS/CHECK-on.json")" = 10.99.0.7/24 ]
}

@test "what cannot be" {
	run -125 coffer run --rm --network cni:nosuch box:1 true
	[[ $output == *'network cni:nosuch not found'*"\"$COFFER_CNI_CONF_DIR\" has no network"* ]]
	conflist one 1.0.0 "$(recorder)"
	run -125 coffer run --rm --network cni:nosuch box:1 true
	[[ $output == *"\"$COFFER_CNI_CONF_DIR\" has only one"* ]]
	run -125 coffer run --rm --network cni:one -p 80:80 box:1 true
	[[ $output == *'network cni:one cannot publish ports'*'none of its plugins has the capability portMappings'* ]]
	run -125 coffer run --rm --network cni:one --network bridge box:1 true
	[[ $output == *'conflicting options'* ]]
	conflist two 1.0.0 '{"type": "nosuch"}'
	run -125 coffer run --rm --network cni:two box:1 true
	[[ $output == *'network cni:two: there is no plugin "nosuch"'*"it was looked for in $COFFER_CNI_PATH"* ]]
	conflist three 0.2.0 "$(recorder)"
	run -125 coffer run --rm --network cni:three box:1 true
	[[ $output == *'three.conflist:'*'cniVersion "0.2.0" is none that coffer speaks: 0.3.0 to 1.1.0'* ]]
	COFFER_CNI_CONF_DIR=/nonexistent run -125 coffer run --rm --network cni:one box:1 true
	[[ $output == *'open "/nonexistent": No such file or directory'* ]]
	[ ! -e "$CALLS/order" ]
}

@test "a network policy that selects who is on such a network is refused, and so is the container" {
	conflist one 1.0.0 "$(recorder)"
	policy() {
		jq -n --arg app "$1" '{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: {name: "deny"},
			spec: {podSelector: {matchLabels: {app: $app}}}}'
	}
	sleeper one --network cni:one -l app=db
	run -1 coffer network policy apply - < <(policy db)
	[[ $output == *'enforce the network policy "deny": it selects container one, which is on the network "cni:one", where its plugins decide'* ]]
	[ -z "$(coffer network policy ls -q)" ]
	policy web | coffer network policy apply -
	run -125 coffer run --rm --name two --network cni:one -l app=web box:1 true
	[[ $output == *'it selects container two'*E-UNSUPPORTED* ]]
	coffer run --rm --network cni:one -l app=other box:1 true
	coffer network policy rm deny
}

@test "a running container is not connected to another network" {
	conflist one 1.0.0 "$(recorder)"
	sleeper one --network cni:one
	coffer network create other >/dev/null
	run -1 coffer network connect other one
	[[ $output == *'container on a CNI network cannot be connected to any other network'* ]]
}

@test "a plugin that takes too long is killed with all that it started" {
	conflist slow 1.0.0 "$(recorder)"
	echo 'sleep 1000 & echo $! >"$calls/sleeper"; wait' >"$CALLS/do-ADD-recorder"
	COFFER_CNI_TIMEOUT=1s run -125 coffer run --rm --network cni:slow box:1 true
	[[ $output == *'network cni:slow: ADD by plugin "recorder": '*'was killed, for it has taken longer than 1 s'*E-TIMEOUT* ]]
	run ! alive "$(<"$CALLS/sleeper")"
	[ "$(<"$CALLS/order")" = $'ADD recorder\nDEL recorder' ]
	[ "$(coffer_rows)" -eq 0 ]
}

@test "networks are listed and shown, with who is on them and whether their plugins are ready" {
	conflist old 1.0.0 "$(recorder)" '{"type": "loopback"}'
	conflist new 1.1.0 "$(recorder)"
	echo nonsense >"$COFFER_CNI_CONF_DIR/broken.conf"
	run -0 coffer network ls --filter driver=cni --format '{{.Name}} {{.Driver}} {{.Scope}}'
	[ "$output" = $'cni:new cni local\ncni:old cni local' ]
	coffer run -d --name one --network cni:old box:1 sleep 600
	run -0 coffer network inspect -f '{{.Driver}} {{.Options.plugins}} {{.Options.cniVersion}} {{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' cni:old
	[ "$output" = 'cni recorder,loopback 1.0.0 one 10.99.0.7/24' ]
	run -0 coffer network inspect -f '{{.Options.status}}' cni:new
	[ "$output" = ready ]
	[ "$(jq -c 'has("prevResult")' "$CALLS/STATUS-recorder.json")" = false ]
	run ! grep -q CNI_CONTAINERID "$CALLS/STATUS-recorder.env"
	answers 50 'the switch is off' '' >"$CALLS/do-STATUS-recorder"
	run -0 coffer network inspect -f '{{.Options.status}}' cni:new
	[[ $output == *'STATUS by plugin "recorder" failed: recorder says: the switch is off (code 50)' ]]
	run -1 coffer network inspect cni:nosuch
	[[ $output == *'network cni:nosuch not found'* ]]
	run -1 coffer network rm cni:old
	[[ $output == *"cni:old is the administrator's and cannot be removed"* ]]
	run -1 coffer network connect cni:old one
	[[ $output == *'container cannot be connected to cni:old while it runs'* ]]
	coffer network prune -f
	[ -e "$COFFER_CNI_CONF_DIR/new.conflist" ]
}

@test "a container on several networks has an interface of each; ports are published by the first that can" {
	conflist one 1.0.0 "$(recorder one)"
	conflist two 1.0.0 "$(recorder two '{capabilities: {portMappings: true}}')"
	id=$(coffer run -d --name both --network cni:one --network cni:two -p 8080:80 box:1 sleep 600)
	[ "$(<"$CALLS/order")" = $'ADD one\nADD two' ]
	grep -qx CNI_IFNAME=eth0 "$CALLS/ADD-one.env"
	grep -qx CNI_IFNAME=eth1 "$CALLS/ADD-two.env"
	[ "$(jq -c '.runtimeConfig' "$CALLS/ADD-one.json")" = null ]
	[ "$(jq -c '.runtimeConfig.portMappings[0].hostPort' "$CALLS/ADD-two.json")" = 8080 ]
	run -0 coffer inspect -f '{{range $name, $network := .NetworkSettings.Networks}}{{$name}} {{$network.IPAddress}}, {{end}}' both
	[ "$output" = 'cni:one 10.99.0.7, cni:two 10.99.0.7, ' ]
	run -0 coffer ps --format '{{.Networks}}'
	[ "$output" = cni:one,cni:two ]
	run -0 coffer network inspect -f '{{range .Containers}}{{.Name}}{{end}}' cni:two
	[ "$output" = both ]
	[ "$(coffer_rows)" -eq 2 ]
	answers 5 'not now' '' >"$CALLS/do-DEL-two"
	coffer rm -f both
	[ "$(coffer_rows)" -eq 1 ]
	rm "$CALLS/do-DEL-two"
	coffer ps -a
	[ "$(coffer_rows)" -eq 0 ]
	[ "$(grep -c 'DEL one' "$CALLS/order")" -eq 1 ]
	: >"$CALLS/order"
	answers 5 'not now' '' >"$CALLS/do-ADD-two"
	run -125 coffer run --rm --network cni:one --network cni:two box:1 true
	[ "$(<"$CALLS/order")" = $'ADD one\nADD two\nDEL two\nDEL one' ]
	run -125 coffer run --rm --network cni:one --network bridge box:1 true
	[[ $output == *'conflicting options: --network cni:one and --network bridge'* ]]
	run -125 coffer run --rm --network cni:one --network cni:one box:1 true
	[[ $output == *'network "cni:one" is specified multiple times'* ]]
}

@test "gc tells plugins of version 1.1 which containers there are" {
	conflist new 1.1.0 "$(recorder first)" "$(recorder second)"
	conflist old 1.0.0 "$(recorder)"
	id=$(coffer run -d --network cni:new box:1 sleep 600)
	coffer run -d --network cni:old box:1 sleep 600
	coffer network gc -f cni:new
	local tag
	for tag in first second; do
		[ "$(jq -c '."cni.dev/valid-attachments"' "$CALLS/GC-$tag.json")" = "[{\"containerID\":\"$id\",\"ifname\":\"eth0\"}]" ]
	done
	answers 100 'no lock' '' >"$CALLS/do-GC-first"
	rm "$CALLS/GC-second.json"
	run -1 coffer network gc -f cni:new
	[[ $output == *'GC by plugin "recorder" failed'*'no lock (code 100)'* ]]
	[ -e "$CALLS/GC-second.json" ]
	run -1 coffer network gc -f cni:old
	[[ $output == *'network cni:old: its plugins do not collect: that is part of version 1.1.0'* ]]
	run -1 coffer network gc -f bridge
	[[ $output == *'network bridge has no plugins'* ]]
	jq '.disableGC = true' "$COFFER_CNI_CONF_DIR/new.conflist" >"$BATS_TEST_TMPDIR/new"
	mv "$BATS_TEST_TMPDIR/new" "$COFFER_CNI_CONF_DIR/new.conflist"
	run -1 coffer network gc -f cni:new
	[[ $output == *'disableGC is set'* ]]
}

# addressed CAPABILITIES IPAM [PLUGIN...]: a bridge with that, called web
addressed() {
	conflist web 1.0.0 "$(jq -n --argjson capabilities "$1" --argjson ipam "$2" \
		'{type: "bridge", bridge: "cni-test", isGateway: true, capabilities: $capabilities, ipam: $ipam}')" "${@:3}"
}

host_local() {
	jq -n --arg dir "$BATS_TEST_TMPDIR/leases" '{type: "host-local", dataDir: $dir,
		ranges: [[{subnet: "10.98.0.0/24"}], [{subnet: "fd00:98::/64"}]]}'
}

# has CONTAINER ADDRESS MAC
has() {
	run -0 coffer exec "$1" ip addr show eth0
	[[ $output == *"inet $2/24"* && $output == *"ether $3"* ]] || { echo "$output" && return 1; }
	[ "$(address "$1")" = "$2" ]
}

@test "addresses and MAC addresses that are asked for: as capabilities" {
	addressed '{"ips": true, "mac": true}' "$(host_local)"
	sleeper one --network cni:web --ip 10.98.0.77 --ip6 fd00:98::77 --mac-address 02:00:00:00:00:77
	has one 10.98.0.77 02:00:00:00:00:77
	coffer exec one ip addr show eth0 | grep -q 'inet6 fd00:98::77/64'
	coffer restart -t 0 one
	has one 10.98.0.77 02:00:00:00:00:77
	run -125 --separate-stderr coffer run --rm --network cni:web --ip 10.98.0.77 box:1 true
	[[ $stderr == *'host-local says: '*'10.98.0.77'* || $stderr == *'bridge says: '*'10.98.0.77'* ]]
	coffer rm -f one
	[ "$(leases)" -eq 0 ]
	# static wants a prefix.
	addressed '{"ips": true, "mac": true}' '{"type": "static"}'
	sleeper two --network cni:web --ip 10.98.0.78/24 --mac-address 02:00:00:00:00:78
	has two 10.98.0.78 02:00:00:00:00:78
	run -125 --separate-stderr coffer run --rm --network cni:web --ip 10.98.0.79 box:1 true
	[[ $stderr == *10.98.0.79* ]]
}

@test "addresses and MAC addresses that are asked for: as arguments, where nobody has the capability" {
	addressed '{}' "$(jq '.ranges |= .[:1]' <<<"$(host_local)")" '{"type": "tuning"}'
	sleeper one --network cni:web --ip 10.98.0.77 --mac-address 02:00:00:00:00:77
	has one 10.98.0.77 02:00:00:00:00:77
	coffer rm -f one
	[ "$(leases)" -eq 0 ]
}

@test "plugins that pass over what is asked for" {
	conflist deaf 1.0.0 "$(recorder first '{capabilities: {ips: true}}')"
	run -125 --separate-stderr coffer run --rm --network cni:deaf --ip 10.99.0.8 box:1 true
	[[ $stderr == *'network cni:deaf does not give a container the address 10.99.0.8'* ]]
	[[ $stderr == *'it was asked for; its plugins have given 10.99.0.7'* ]]
	[ "$(jq -c .runtimeConfig "$CALLS/ADD-first.json")" = '{"ips":["10.99.0.8"]}' ]
	[ "$(jq -c .runtimeConfig "$CALLS/DEL-first.json")" = '{"ips":["10.99.0.8"]}' ]
	grep -qx 'CNI_ARGS=IgnoreUnknown=1' "$CALLS/ADD-first.env"
	run -125 --separate-stderr coffer run --rm --network cni:deaf --mac-address 02:00:00:00:00:08 box:1 true
	[[ $stderr == *'the address 02:00:00:00:00:08'*'none of its plugins has the capability for it; its plugins have given 02:00:00:00:00:01'* ]]
	grep -qx 'CNI_ARGS=IgnoreUnknown=1;MAC=02:00:00:00:00:08' "$CALLS/ADD-first.env"
	grep -qx 'CNI_ARGS=IgnoreUnknown=1;MAC=02:00:00:00:00:08' "$CALLS/DEL-first.env"
	coffer run --rm --network cni:deaf --ip 10.99.0.7 --mac-address 02:00:00:00:00:01 box:1 true
	[ "$(coffer_rows)" -eq 0 ]
	run -125 --separate-stderr coffer run --rm --network cni:deaf --ip fd00::1 box:1 true
	[[ $stderr == *'invalid IPv4 address: fd00::1'* ]]
	run -125 --separate-stderr coffer run --rm --network cni:deaf --network-alias x box:1 true
	[[ $stderr == *'--network-alias and --network-opt need a network of coffer'*'not available with --network cni:deaf'* ]]
}
