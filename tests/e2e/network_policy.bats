#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Who may reach whom, by Kubernetes' NetworkPolicy documents: tried with real connections.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
	nft list tables | grep -o 'coffer-[0-9a-f]*-policy' && return 1
	return 0
}

setup() {
	coffer network create app >/dev/null
}

teardown() {
	local name
	for name in $(coffer network policy ls -q); do
		coffer network policy rm "$name" >/dev/null
	done
	for name in $(coffer ps -aq); do
		coffer rm -f "$name" >/dev/null
	done
	coffer network prune -f >/dev/null
}

# serves NAME PORT [OPTION...]: a container that answers "NAME" on a TCP port, and on 22
serves() {
	local name=$1 port=$2
	shift 2
	coffer run -d --name "$name" --network app "$@" box:1 sh -c \
		"nc -ll -p 22 -e echo $name & exec nc -ll -p $port -e echo $name" >/dev/null
}

# idles NAME [OPTION...]
idles() {
	local name=$1
	shift
	coffer run -d --name "$name" --network app "$@" box:1 sleep 1000 >/dev/null
}

address() {
	coffer inspect "$1" | jq -r ".[0].NetworkSettings.Networks.\"${2:-app}\".IPAddress"
}

# reaches FROM TO PORT
reaches() {
	[ "$(coffer exec "$1" nc -w 2 "$(address "$2")" "$3" </dev/null 2>/dev/null)" = "$2" ]
}

policy() {
	coffer network policy apply - >/dev/null
}

database_policy() {
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata:
		  name: db
		spec:
		  podSelector:
		    matchLabels:
		      app: database
		  policyTypes: [Ingress]
		  ingress:
		  - from:
		    - podSelector:
		        matchLabels:
		          app: backend
		    ports:
		    - protocol: TCP
		      port: 5432
	EOF
}

@test "who is in a network namespace of somebody else's cannot be selected" {
	local OUTSIDE
	inside unshare --net sh -c 'echo $$ >"$0"; exec sleep 7200' "$BATS_TEST_TMPDIR/outside" 3>&- &
	eventually test -s "$BATS_TEST_TMPDIR/outside"
	OUTSIDE=$(<"$BATS_TEST_TMPDIR/outside")
	policy() {
		jq -n --arg app "$1" '{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: {name: "deny"},
			spec: {podSelector: {matchLabels: {app: $app}}}}'
	}
	coffer run -d --name apart --network "ns:/proc/$OUTSIDE/ns/net" -l app=db box:1 sleep 600
	run -1 coffer network policy apply - < <(policy db)
	[[ $output == *'it selects container apart, which is in a network namespace that somebody else made'* ]]
	[ -z "$(coffer network policy ls -q)" ]
	policy web | coffer network policy apply -
	run -125 coffer run --rm --network "ns:/proc/$OUTSIDE/ns/net" -l app=web box:1 true
	[[ $output == *'which is in a network namespace that somebody else made'*E-UNSUPPORTED* ]]
	coffer run --rm --network "ns:/proc/$OUTSIDE/ns/net" -l app=other box:1 true
	coffer network policy rm deny
	coffer rm -f apart
	kill "$OUTSIDE"
}

@test "a database that only the backend reaches, and only on its port" {
	serves db 5432 -l app=database
	idles backend -l app=backend
	idles other
	eventually reaches backend db 5432
	eventually reaches other db 22
	database_policy
	reaches backend db 5432
	run ! reaches backend db 22
	run ! reaches other db 5432
	coffer exec db ping -c 1 "$(address backend)" >/dev/null # out it may, and gets answers

	# Containers that come later are known before they run.
	idles late -l app=backend
	reaches late db 5432
	serves db2 5432 -l app=database
	eventually reaches backend db2 5432
	run ! reaches other db2 5432

	coffer network policy rm db
	reaches other db 5432
}

# in_net NAME COMMAND...: with the container's network
in_net() {
	inside nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- "${@:2}"
}

# Always by the same port: one flow, as long as the kernel remembers it.
asks() {
	[ "$(echo x | in_net "$1" timeout 2 socat -t 1 - "UDP:$(address db):7,sourceport=40001,reuseaddr" 2>/dev/null)" = db ]
}

@test "a flow that the kernel remembers ends with the policy that forbids it" {
	idles db -l app=database
	idles other
	idles third
	in_net db sh -c 'echo $$ >"$0"; exec socat UDP-RECVFROM:7,fork SYSTEM:"echo db"' "$BATS_TEST_TMPDIR/server" 3>&- &
	eventually asks other
	eventually asks third
	database_policy
	run ! asks other
	run ! asks third
	coffer network policy rm db
	eventually asks other
	kill "$(<"$BATS_TEST_TMPDIR/server")"
}

@test "ls says who is selected, inspect gives the document back" {
	idles db -l app=database
	idles other
	database_policy
	run -0 coffer network policy ls
	[[ ${lines[1]} =~ ^\*\ +db\ +ingress\ +1\ +db$ ]]
	[ "$(coffer network policy ls -q)" = db ]
	[ "$(coffer network policy inspect db | jq -r '.[0].spec.podSelector.matchLabels.app')" = database ]
	coffer stop -t 0 db
	run -0 coffer network policy ls
	[[ ${lines[1]} =~ ^\*\ +db\ +ingress\ +1\ *$ ]]
}

@test "egress: to where a policy allows, and nowhere else" {
	serves web 80 -l app=web
	serves db 5432 -l app=database
	idles client -l app=client
	eventually reaches client web 80
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: client}
		spec:
		  podSelector: {matchLabels: {app: client}}
		  policyTypes: [Egress]
		  egress:
		  - to: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, cache]}]}}]
	EOF
	reaches client web 80
	reaches client web 22
	run ! reaches client db 5432
	run ! coffer exec client ping -c 1 -W 1 "$(coffer network inspect app | jq -r '.[0].IPAM.Config[0].Gateway')"
}

@test "blocks of addresses, with exceptions; all ports of a protocol; deny all" {
	serves web 80
	idles near --ip "$(address web | sed 's/[0-9]*$/100/')"
	idles far --ip "$(address web | sed 's/[0-9]*$/200/')"
	eventually reaches far web 80
	local subnet
	subnet=$(coffer network inspect app | jq -r '.[0].IPAM.Config[0].Subnet')
	policy <<-EOF
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: blocks}
		spec:
		  podSelector: {}
		  ingress:
		  - from: [{ipBlock: {cidr: $subnet, except: [$(address far)/32]}}]
		    ports: [{protocol: TCP}]
	EOF
	reaches near web 80
	run ! reaches far web 80
	run ! coffer exec near ping -c 1 -W 1 "$(address web)"
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: blocks}
		spec: {podSelector: {}, policyTypes: [Ingress]}
	EOF
	run ! reaches near web 80
}

@test "egress to one server and to the name server; ranges of ports; answers come back" {
	serves web 5005 -l app=web
	idles client -l app=client
	eventually reaches client web 5005
	egress() {
		policy <<-EOF
			apiVersion: networking.k8s.io/v1
			kind: NetworkPolicy
			metadata: {name: client}
			spec:
			  podSelector: {matchLabels: {app: client}}
			  policyTypes: [Egress, Ingress]
			  egress:
			  - to: [{podSelector: {matchLabels: {app: web}}}]
			    ports: [{port: 5000, endPort: 5010}]
			  $1
		EOF
	}
	knows_web() { coffer exec client nslookup web 2>/dev/null | grep -q "$(address web)"; }
	by_name() { [ "$(coffer exec client nc -w 2 web 5005 </dev/null 2>/dev/null)" = web ]; }
	eventually knows_web
	egress ''
	reaches client web 5005
	run ! reaches client web 22
	run ! knows_web
	egress '- ports: [{protocol: UDP, port: 53}]'
	knows_web
	by_name
	run ! reaches client web 22
	# Who is asked may answer; nobody may begin with it.
	run ! coffer exec web ping -c 1 -W 1 "$(address client)"
}

@test "IPv6, by selectors and by blocks" {
	coffer network create --ipv6 --subnet 10.89.7.0/24 --subnet fd07::/64 six >/dev/null
	coffer run -d --name db --network six --ip6 fd07::10 -l app=database box:1 nc -ll -p 5432 -e echo db >/dev/null
	coffer run -d --name backend --network six --ip6 fd07::20 -l app=backend box:1 sleep 1000 >/dev/null
	coffer run -d --name other --network six --ip6 fd07::30 box:1 sleep 1000 >/dev/null
	reaches6() { [ "$(coffer exec "$1" nc -w 2 fd07::10 5432 </dev/null 2>/dev/null)" = db ]; }
	eventually reaches6 other
	database_policy
	reaches6 backend
	run ! reaches6 other
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: db}
		spec:
		  podSelector: {matchLabels: {app: database}}
		  ingress:
		  - from: [{ipBlock: {cidr: "fd07::/64", except: ["fd07::20/128"]}}]
	EOF
	reaches6 other
	run ! reaches6 backend
}

@test "policies of one name on two networks" {
	coffer network create blue >/dev/null
	local network
	for network in app blue; do
		policy <<-EOF
			apiVersion: networking.k8s.io/v1
			kind: NetworkPolicy
			metadata: {name: same, namespace: $network}
			spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
		EOF
	done
	run -0 coffer network policy ls
	[[ ${lines[0]} =~ ^NETWORK\ +NAME\ +DIRECTION\ +RULES\ +CONTAINERS$ ]]
	[[ ${lines[1]} =~ ^app\ +same\ +ingress,egress\ +0 && ${lines[2]} =~ ^blue\ +same ]]
	run -1 coffer network policy inspect same
	[[ $output == *'several networks have a policy same'*'hint:  app/same'* ]]
	[ "$(coffer network policy inspect blue/same | jq -r '.[0].metadata.namespace')" = blue ]
	run -1 coffer network policy rm same
	[ "$(coffer network policy rm blue/same app/same | xargs)" = 'blue/same app/same' ]
	[ -z "$(coffer network policy ls -q)" ]
}

@test "the address that every interface has is no way around a policy" {
	coffer network create --ipv6 six >/dev/null
	coffer run -d --name web --network six box:1 sleep 1000 >/dev/null
	coffer run -d --name other --network six box:1 sleep 1000 >/dev/null
	local own
	own=$(coffer exec web ip -6 address show dev eth0 | grep -o 'fe80::[0-9a-f:]*')
	reaches_it() { coffer exec other ping -c 1 -W 1 "$own%eth0" >/dev/null; }
	eventually reaches_it
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: closed}
		spec: {podSelector: {}}
	EOF
	run ! reaches_it
	# Nor to the host's own services, for who may not go out.
	coffer network policy rm closed
	local host
	host=$(among_bridges ip -6 address show dev "cf-$(coffer network inspect six | jq -r '.[0].Id[:10]')" | grep -o 'fe80::[0-9a-f:]*')
	reaches_host() { coffer exec other ping -c 1 -W 1 "$host%eth0" >/dev/null; }
	eventually reaches_host
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: in}
		spec: {podSelector: {}, policyTypes: [Egress]}
	EOF
	run ! reaches_host
}

@test "a container that is connected while it runs is known before it can send" {
	serves db 5432 -l app=database
	coffer network create elsewhere >/dev/null
	coffer run -d --name late --network elsewhere box:1 sleep 1000 >/dev/null
	database_policy
	coffer network connect app late
	run ! reaches late db 5432
	among_bridges nft list set inet "$(among_bridges nft list tables | grep -o 'coffer-[0-9a-f]*-policy')" ingress_4 | grep -q "$(address db)"
}

@test "a policy of one network is about its containers only, and knows networks by their labels" {
	coffer network create --label team=blue blue >/dev/null
	serves web 80 --network blue
	idles friend --network blue
	idles stranger
	eventually reaches friend web 80
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: mine, namespace: app}
		spec:
		  podSelector: {}
		  ingress:
		  - from: [{namespaceSelector: {matchLabels: {team: blue}}}]
	EOF
	[ "$(coffer network policy ls -q)" = app/mine ]
	run ! reaches stranger web 80
	run ! reaches friend web 80 # it comes from app's address
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: mine, namespace: app}
		spec:
		  podSelector: {}
		  ingress:
		  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: app}}}]
	EOF
	reaches friend web 80
}

@test "published ports answer only whom a policy lets in; the host always may" {
	serves web 80 -p 8099:80
	eventually reaches web web 80
	policy <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: closed}
		spec: {podSelector: {}}
	EOF
	[ "$(among_bridges busybox nc -w 2 "$(address web)" 80 </dev/null)" = web ]
}

@test "flushed by somebody: the next command makes the rules again" {
	serves db 5432 -l app=database
	idles other
	eventually reaches other db 5432
	database_policy
	run ! reaches other db 5432
	among_bridges nft flush ruleset
	coffer network ls >/dev/null
	run ! reaches other db 5432
}

@test "what cannot be enforced is refused with the place, and changes nothing" {
	refused() {
		run -1 coffer network policy apply -
		[[ $output == *"$1"* ]] || { echo "$output" && return 1; }
		[ -z "$(coffer network policy ls -q)" ]
	}
	local head='apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: x}
'
	refused 'not what this is about' <<<'{apiVersion: v1, kind: Pod, metadata: {name: x}}'
	refused '"spec" is required, but missing' <<<"$head"
	refused '/spec/podselector: not known, and so it could not be enforced' <<<"${head}spec: {podselector: {}}"
	refused 'did you mean podSelector?' <<<"${head}spec: {podselector: {}}"
	refused 'hint:  port: 80' <<<"${head}spec: {podSelector: {}, ingress: [{ports: [{port: http}]}]}"
	refused 'ipBlock stands alone' <<<"${head}spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}"
	refused 'is no network' <<<"${head}spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: ten}}]}]}"
	refused 'is no part of the block' <<<"${head}spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]}"
	refused 'unknown protocol "ICMP"' <<<"${head}spec: {podSelector: {}, ingress: [{ports: [{protocol: ICMP}]}]}"
	refused 'unknown operator "Is"' <<<"${head}spec: {podSelector: {matchExpressions: [{key: a, operator: Is}]}}"
	refused 'is no name' <<<"${head/x/"a b;drop"}spec: {podSelector: {}}"
	refused 'aliases are not read' <<<$'a: &x 1\nb: *x'
	refused '/dev/stdin:2:' <<<$'a: 1\n b: 2'
	refused 'the same key twice' <<<$'a: 1\na: 2'
	refused 'there is no document in it' <<<'---'
	refused "second" <<<"${head}spec: {podSelector: {}}
---
{apiVersion: v1, kind: second, metadata: {name: x}}"
	run -1 coffer network policy rm nothing
	[[ $output == *'network policy nothing not found'*'coffer network policy ls'* ]]
	run -125 coffer network policy delete x
	[[ $output == *'apply FILE, ls, inspect NAME or rm NAME'* ]]
}
