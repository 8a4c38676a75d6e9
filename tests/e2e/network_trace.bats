#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Why a container reaches somebody, or does not: what `network trace` says is compared with what is so.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
}

teardown_file() {
	network_file_teardown
}

teardown() {
	local name
	for name in $(coffer network policy ls -q); do
		coffer network policy rm "$name" >/dev/null
	done
	nft list tables | grep -q 'ip other' && nft delete table ip other
	nft list tables | grep -q 'inet other' && nft delete table inet other
	network_teardown
}

# listens NAME PORT [OPTION...]
listens() {
	local name=$1 port=$2
	shift 2
	coffer run -d --name "$name" "$@" box:1 nc -ll -p "$port" -e echo "$name" >/dev/null
	is_there() { coffer exec "$name" nc -w 1 127.0.0.1 "$port" </dev/null; }
	eventually is_there >/dev/null
}

# concludes STATUS TEXT ARGUMENT...: the last line
concludes() {
	local status=$1 text=$2
	shift 2
	run "-$status" coffer network trace "$@"
	[[ ${lines[-1]} == *"$text"* ]] || { echo "$output" && return 1; }
}

# step STAGE RESULT PATTERN: one of the lines
step() {
	grep -qE "^$1 +$2 +.*$3" <<<"$output" || { echo "no $1 $2 $3 in: $output" && return 1; }
}

@test "two containers on one network, step by step" {
	coffer network create --subnet 10.89.1.0/24 --opt mtu=1400 front >/dev/null
	listens db 5432 --network front --network-alias database --ip 10.89.1.10
	sleeper web --network front --ip 10.89.1.20
	concludes 0 'reachable: tcp/5432 at database' --connect web database:5432
	step name ok 'database is 10\.89\.1\.10 +asked 10\.89\.1\.1 from inside of web'
	step route ok "10\.89\.1\.0/24 dev eth0 src 10\.89\.1\.20 +rtnetlink RTM_GETROUTE in web's namespace"
	step neighbour ok '10\.89\.1\.10 dev eth0 is '
	step policy ok 'none is about it: allowed'
	step network ok 'both are on "front"'
	step mtu ok '1400 at eth0'
	step listener ok 'something listens +sock_diag in db'
	step answer ok "to 10\.89\.1\.20 dev eth0 +rtnetlink RTM_GETROUTE in db's namespace"
	step connect ok '10\.89\.1\.10:5432: connected +tried from inside of web'
	concludes 0 'reachable: db' web db
	concludes 1 'nothing listens in db to tcp/22' --connect web db:22
	step connect stop 'connection refused'
	concludes 1 'nothing listens in db to udp/53' web db:53/udp
	concludes 0 'reachable: tcp/5432 at 10.89.1.10' web 10.89.1.10:5432
	concludes 1 'nothing listens in web to tcp/80' web localhost:80
	concludes 1 'web does not know the name "nosuch"' web nosuch:80
	step name note 'no address for "nosuch": there is no such name'
	# As a program reads it.
	coffer network trace --format json web db:5432 | jq -se '.[0].Stage == "name" and .[-1].Found == "reachable: tcp/5432 at db"'
	[ "$(coffer network trace --format '{{.Stage}}={{.Result}}' web db:5432 | tail -n 1)" = conclusion=ok ]
}

@test "who listens at its own loopback only" {
	coffer network create front >/dev/null
	coffer run -d --name db --network front box:1 httpd -f -p 127.0.0.1:5432 >/dev/null
	sleeper web --network front
	only() { concludes 1 'something listens in db to tcp/5432, at 127.0.0.1 only' web db:5432; }
	eventually only
}

@test "over IPv6, and by which name it has" {
	coffer network create --ipv6 --subnet 10.89.1.0/24 --subnet fd01::/64 front >/dev/null
	listens db 5432 --network front --ip6 fd01::10
	sleeper web --network front
	concludes 0 'reachable: tcp/5432 at fd01::10' --connect web '[fd01::10]:5432'
	step route ok 'fd01::/64 dev eth0 src fd01::'
	concludes 1 'nothing listens in db to tcp/1' web '[fd01::10]:1'
	concludes 0 'reachable: fd01::10' web fd01::10
}

@test "policies say which of them it is, and count" {
	coffer network create front >/dev/null
	listens db 5432 --network front -l app=database
	sleeper web --network front -l app=web
	sleeper back --network front -l app=backend
	coffer network policy apply - >/dev/null <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: db}
		spec:
		  podSelector: {matchLabels: {app: database}}
		  ingress:
		  - from: [{podSelector: {matchLabels: {app: backend}}}]
		    ports: [{port: 5432}]
		---
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: quiet}
		spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}
	EOF
	concludes 0 'reachable: tcp/5432 at db' --connect back db:5432
	step policy ok 'ingress: db allows it'
	concludes 1 'not reachable: db denies tcp/22 from back' back db:22
	step policy stop 'ingress: none of db allows it'
	concludes 1 'not reachable: quiet denies tcp/5432 from web' --connect web db:5432
	step policy stop 'egress: none of quiet allows it'
	step connect stop 'connection timed out'
	concludes 1 'not reachable: quiet denies' web db:5432
	[[ $output =~ 'no policy allows this egress" has dropped '([0-9]+)' packets' ]]
	[ "${BASH_REMATCH[1]}" -gt 0 ]
}

@test "networks that are kept apart, internal ones, and published ports" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	coffer network create --subnet 10.89.2.0/24 back >/dev/null
	coffer network create --internal --subnet 10.89.3.0/24 inner >/dev/null
	coffer network create --subnet 10.89.4.0/24 --opt com.docker.network.bridge.enable_icc=false alone >/dev/null
	listens db 5432 --network back -p 8080:5432
	sleeper web --network front
	concludes 1 '"front" and "back" are kept apart; only published ports lead from one to the other' web db:5432
	step name note 'db is not known by that name in web; its address on the network "back" is 10\.89\.2\.2'
	run ! coffer exec web nc -w 1 10.89.2.2 5432 </dev/null
	concludes 1 'kept apart' web db:5432
	[[ $output =~ '"into a network" has dropped '([0-9]+)' packets' ]]
	[ "${BASH_REMATCH[1]}" -gt 0 ]
	concludes 0 'reachable: tcp/8080 at 198.51.100.1' --connect web 198.51.100.1:8080
	step published ok '198\.51\.100\.1:8080 leads to 10\.89\.2\.2:5432'
	step answer ok 'to 10\.89\.2\.1 dev eth0'
	concludes 1 'nothing listens on this host to tcp/8081' web 10.89.1.1:8081
	sleeper secret --network inner
	concludes 1 'no route to 10.89.2.2 in secret' secret db:5432
	concludes 1 'no route to 198.51.100.2' secret 198.51.100.2:80
	sleeper one --network alone
	listens two 80 --network alone
	concludes 1 'containers on "alone" do not reach each other' --connect one two:80
}

@test "whose packet filter drops, and what to type: Docker, firewalld" {
	command -v iptables-nft >/dev/null || skip "needs iptables-nft"
	sleeper web
	local bridge
	bridge=$(ip -o link show type bridge | sed -n 's/^[0-9]*: \(cf-[^:]*\):.*/\1/p')
	nft 'add table ip filter; add chain ip filter DOCKER-USER; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
	nft add rule ip filter FORWARD jump DOCKER-USER
	run -0 coffer network create front
	[[ $output == *"may lead nowhere: the chain ip filter FORWARD is Docker's"*'iptables -I DOCKER-USER -i cf-'* ]]
	run coffer network check web
	[[ $output =~ "chain ip filter FORWARD is Docker's, and drops what its rules do not accept; none of them names the bridge: "([^$'\n']*ACCEPT) ]]
	local remedy=${BASH_REMATCH[1]}
	[ "$remedy" = "iptables -I DOCKER-USER -i $bridge -j ACCEPT && iptables -I DOCKER-USER -o $bridge -j ACCEPT" ]
	run ! coffer exec web ping -c 1 -W 1 198.51.100.2
	eval "${remedy//iptables/iptables-nft}"
	coffer exec web ping -c 1 -W 3 198.51.100.2
	run coffer network check web
	[[ $output == *"is Docker's, and drops what its rules do not accept"* && $output != *DOCKER-USER* ]]
	# A table of ours that is made says it as well.
	nft flush ruleset
	nft 'add table inet firewalld; add chain inet firewalld filter_FORWARD { type filter hook forward priority 10; policy accept; }'
	run -0 coffer run --rm -p 8080:80 box:1 true
	[[ $output == *"may lead nowhere: the chain inet firewalld filter_FORWARD is firewalld's"*"firewall-cmd --permanent --zone=trusted --add-interface=$bridge && firewall-cmd --reload"* ]]
	run -0 coffer run --rm -p 8080:80 box:1 true
	[[ $output != *firewalld* ]]
	nft delete table inet firewalld
}

@test "to the world: the host's routes, and what others filter" {
	sleeper web
	nsenter --net="/proc/$OUTSIDE/ns/net" -- busybox httpd -f -p 80 -h "$BATS_FILE_TMPDIR/www" 3>&- &
	local server=$!
	answers() { concludes 0 'reachable: tcp/80 at 198.51.100.2' --connect web 198.51.100.2:80; }
	eventually answers
	step route ok 'dev out src 198\.51\.100\.1 +rtnetlink RTM_GETROUTE on this host'
	step answer ok 'in whose name it was asked'
	concludes 1 'no route to 203.0.113.1 on this host' web 203.0.113.1:80
	ip link set out mtu 1300
	concludes 0 reachable web 198.51.100.2:80
	step mtu note '1300 at out, which is less than where it begins'
	ip link set out mtu 1500
	# As Docker leaves it: each chain has a say, and ours is not the last one.
	nft 'add table ip other; add chain ip other FORWARD { type filter hook forward priority 0; policy drop; }'
	concludes 0 'reachable: tcp/80 at 198.51.100.2, unless the chain ip other FORWARD drops it' web 198.51.100.2:80
	step filter note "chain ip other FORWARD is somebody else's, and drops what its rules do not accept"
	concludes 1 'connection timed out' --connect web 198.51.100.2:80
	run -0 coffer info
	[[ $output == *'WARNING: The chain "ip other FORWARD" drops what its rules do not accept'* ]]
	nft 'add rule ip other FORWARD ct state established accept; add rule ip other FORWARD oifname out accept'
	concludes 0 'reachable: tcp/80 at 198.51.100.2' --connect web 198.51.100.2:80
	[[ ${lines[-1]} != *unless* ]]
	nft delete table ip other
	run -0 coffer info
	[[ $output != *'do not accept'* ]]
	sysctl -qw net.ipv4.ip_forward=0
	concludes 1 'this host sends nothing on: /proc/sys/net/ipv4/ip_forward is 0' web 198.51.100.2:80
	sysctl -qw net.ipv4.ip_forward=1
	kill "$server"
}

@test "words for what cannot be traced" {
	sleeper web
	coffer create --name idle box:1 true >/dev/null
	run -1 coffer network trace idle web
	[[ $output == *'cannot trace the network of container "idle": container '*' is not running'* ]]
	run -1 coffer network trace nosuch web
	[[ $output == *'No such container: nosuch'* ]]
	concludes 1 'container idle is on no network, or does not run' web idle
	for target in '' :80 db: db:x db:0 db:70000 db:80/x '[::1' '[::1]x'; do
		run -1 coffer network trace web "$target"
		[[ $output == *"invalid target \"$target\": it is HOST[:PORT[/PROTOCOL]]"* ]]
	done
	run -125 coffer network trace web
}
