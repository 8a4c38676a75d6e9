#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer.conf: what containers get that nobody has said otherwise about.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export COFFER_CONF=$PWD/coffer.conf
	cat >coffer.conf <<-'CONF'
		# what nobody has said otherwise about
		[containers]
		memory = "64m"
		pids-limit = 99
		cpus = "0.5"
		shm-size = 33554432
		log-driver = "json-file"
		log-opts = ["max-size=1m", "max-file=2"]
		ulimits = ["nofile=512:1024", "core=0"]
	CONF
}

teardown() {
	coffer rm -f made >/dev/null 2>&1 || true
}

# host FIELD... -- ARGUMENT...: of the HostConfig of a container
host() {
	local fields=()
	while [ "$1" != -- ]; do fields+=("{{json .HostConfig.$1}}"); shift; done
	shift
	coffer create --name made --network none "$@" box:1 true >/dev/null && coffer inspect --format "${fields[*]}" made &&
		coffer rm made >/dev/null
}

@test "containers have what the file says" {
	[ "$(host Memory PidsLimit NanoCpus ShmSize --)" = '67108864 99 500000000 33554432' ]
	[ "$(host LogConfig Ulimits -- | tr -d ' ')" = \
		'{"Type":"json-file","Config":{"max-file":"2","max-size":"1m"}}[{"Name":"nofile","Hard":1024,"Soft":512},{"Name":"core","Hard":0,"Soft":0}]' ]
	run -0 coffer run --rm --network none box:1 sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
	[ "$output" = $'512\n1024\n0' ]
	id=$(coffer run -d --name made --network none --stop-signal KILL box:1 sleep 1000)
	[ "$(cgroup_file "$id" memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(cgroup_file "$id" pids pids.max pids.max)" = 99 ]
}

@test "what a person says goes before it, also that there is no limit" {
	[ "$(host Memory PidsLimit NanoCpus ShmSize -- -m 128m --pids-limit 7 --cpus 1 --shm-size 1m)" = '134217728 7 1000000000 1048576' ]
	[ "$(host Memory PidsLimit NanoCpus -- -m 0 --pids-limit -1 --cpus 0)" = '0 -1 0' ]
	[ "$(host NanoCpus CpuQuota -- --cpu-quota 25000)" = '0 25000' ]
	[ "$(host Ulimits -- --ulimit nofile=7 | tr -d ' ')" = '[{"Name":"core","Hard":0,"Soft":0},{"Name":"nofile","Hard":7,"Soft":7}]' ]
	[ "$(host LogConfig -- --log-opt max-file=5 | tr -d ' ')" = '{"Type":"json-file","Config":{"max-file":"5","max-size":"1m"}}' ]
	# options are of one driver
	[ "$(host LogConfig -- --log-driver none | tr -d ' ')" = '{"Type":"none","Config":{}}' ]
	[ "$(host Memory NanoCpus PidsLimit -- --qos besteffort)" = '0 0 99' ]
	[ "$(host Memory NanoCpus PidsLimit -- --cgroups disabled)" = '0 0 null' ]
}

@test "a person's own file goes before the machine's, whole lists at a time" {
	unset COFFER_CONF
	mkdir -p own/coffer
	printf '[containers]\npids-limit = 12\n' >own/coffer/coffer.conf
	[ "$(XDG_CONFIG_HOME=$PWD/own host PidsLimit --)" = 12 ]
	mkdir -p home/.config && mv own/coffer home/.config/
	[ "$(unset XDG_CONFIG_HOME; HOME=$PWD/home host PidsLimit --)" = 12 ]
	[ "$(XDG_CONFIG_HOME=$PWD/none host PidsLimit --)" != 12 ]
}

# complains TEXT WORDS: of the file
complains() {
	printf '%b' "$1" >coffer.conf
	run -125 coffer run --rm --network none box:1 true
	[[ $output == "coffer: $PWD/coffer.conf"*"$2"* ]] || { echo "$1: $output"; return 1; }
}

@test "mistakes are errors, with the line" {
	complains '[containers]\n\nmemroy = "1g"\n' ':3: unknown key "memroy" in [containers]'
	[[ $output == *'did you mean memory?'* ]]
	run -0 coffer run --help
	[[ $output == 'Usage:  coffer run '* ]]
	complains '# x\n\n[container]\nmemory = "1g"\n' ':3: unknown table or key "container": there are [containers] and [networks]'
	complains 'memory = "1g"\n' 'unknown table or key "memory": there are [containers] and [networks]'
	complains '[containers]\nmemory = "much"\n' ':2: memory: invalid size'
	complains '[containers]\ncpus = "many"\n' ':2: cpus: '
	complains '[containers]\npids-limit = "7"\n' ':2: pids-limit: expected an integer, found a string'
	complains '[containers]\nulimits = "core=0"\n' ':2: ulimits: expected an array, found a string'
	complains '[containers]\nmemory = 1g\n' ':2:'
	printf '[containers]\nmemory = "1m"\n' >coffer.conf
	run -125 coffer run --rm --network none box:1 true
	[[ $output == *'the defaults of [containers] in coffer.conf: Minimum memory limit allowed is 6MB'* ]]
	printf '[containers]\nulimits = ["files=7"]\n' >coffer.conf
	run -125 coffer run --rm --network none box:1 true
	[[ $output == *'the defaults of [containers] in coffer.conf: '*files* ]]
	COFFER_CONF=$PWD/none run -125 coffer run --rm --network none box:1 true
	[[ $output == *"$PWD/none"* ]]
	: >coffer.conf
	coffer run --rm --network none box:1 true
}
