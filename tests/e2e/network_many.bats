#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Many containers that start and end at once, and two engines side by side.
#
#   COFFER_NETWORK_MANY=200    so many containers

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
	export MANY=${COFFER_NETWORK_MANY:-24}
}

teardown_file() {
	network_file_teardown
}

teardown() {
	[ ! -d "$BATS_TEST_TMPDIR/other/root" ] || other ps -aq | xargs -I{} "$COFFER_BIN/coffer" \
		--root "$BATS_TEST_TMPDIR/other/root" --runroot "$BATS_TEST_TMPDIR/other/run" rm -f {} >/dev/null
	network_teardown
}

# all_at_once ARGUMENT...: a coffer command as often as that, eight at a time; {} is the number of each.
all_at_once() {
	seq 1 "$MANY" | xargs -P 8 -I{} "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		"$@" >/dev/null
}

addresses() {
	# shellcheck disable=SC2046 # ids
	coffer inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' $(coffer ps -q)
}

@test "many at once: each has its own address and port, and nothing is left" {
	coffer network create --subnet 10.88.0.0/16 front >/dev/null
	all_at_once run -d --network front -p 80 --name "box{}" box:1 sleep 600
	[ "$(addresses | sort -u | wc -l)" -eq "$MANY" ]
	[ "$(nft list ruleset | grep -o ' : 10\.88\.[0-9.]* \. 80' | wc -l)" -eq "$MANY" ]
	knows_last() { coffer exec box1 nslookup "box$MANY" 2>/dev/null | grep -q '10\.88\.'; }
	eventually knows_last
	coffer exec box1 ping -c 1 -W 3 "$(coffer inspect -f '{{.NetworkSettings.Networks.front.IPAddress}}' "box$MANY")"
	all_at_once rm -f "box{}"
	[ -z "$(coffer ps -aq)" ]
	[ "$(nft list ruleset | grep -c ' : 10\.88\.[0-9.]* \. 80')" -eq 0 ]
	coffer network rm front
}

other() {
	"$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/other/root" --runroot "$BATS_TEST_TMPDIR/other/run" "$@"
}

@test "a port that the kernel thinks free and a container has is not given again" {
	local ports i
	ports=$(</proc/sys/net/ipv4/ip_local_port_range)
	echo '40000 40003' >/proc/sys/net/ipv4/ip_local_port_range
	for i in {1..6}; do
		coffer run -d -p 80 --name "box$i" box:1 sleep 600 || break
	done
	echo "$ports" >/proc/sys/net/ipv4/ip_local_port_range
	[ "$(for i in {1..6}; do coffer port "box$i" 80; done | sort -u | wc -l)" -eq 6 ]
}

@test "two engines side by side: neither takes what is the other's" {
	box_tar "$BATS_TEST_TMPDIR/rootfs" | other import - box:1 >/dev/null
	web web -p 8080:80
	other run -d --name web -p 8081:80 -v "$BATS_FILE_TMPDIR/www:/www:ro" box:1 httpd -f -h /www >/dev/null
	eventually fetch http://127.0.0.1:8081/
	fetch http://127.0.0.1:8080/
	run -125 other run --rm -p 127.0.0.1:8080:80 box:1 true
	[[ $output == *'port 8080/tcp is already allocated'*'a container of another root has published it'*'E-PORT-ALLOCATED'* ]]
	other run -d --name range -p 8080-8082:80 box:1 sleep 600
	[ "$(other port range 80)" = 0.0.0.0:8082 ]
	other rm -f range
	[ "$(other inspect -f '{{.NetworkSettings.Gateway}}' web)" != "$(coffer inspect -f '{{.NetworkSettings.Gateway}}' web)" ]
	other rm -f web
	fetch http://127.0.0.1:8080/
	coffer rm -f web
	other network prune -f
}
