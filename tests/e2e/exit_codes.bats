#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Exit statuses of commands that fail, in one table. They are those of Docker 28's command line, but for two: a command line
# with too few or too many words is 125 here and 1 there, and `create` fails as `run` does.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name runs box:1 sleep 1000 >/dev/null
	coffer create --network none --name made box:1 true >/dev/null
	coffer create --network none --name broken box:1 nosuch >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

# What goes through a table on standard input, one "STATUS COMMAND" a line.
statuses() {
	local expected line status wrong=0
	while read -r expected line; do
		status=0
		# shellcheck disable=SC2086
		coffer $line >/dev/null 2>&1 </dev/null || status=$?
		if [ "$status" -ne "$expected" ]; then
			echo "coffer $line: exit $status instead of $expected"
			wrong=1
		fi
	done
	return $wrong
}

@test "a container that is not there: 1, whatever is wanted of it" {
	statuses <<-END
		1 attach nosuch
		1 commit nosuch
		1 cp nosuch:/a /nosuch
		1 diff nosuch
		1 exec nosuch true
		1 exec -d nosuch true
		1 export nosuch
		1 generate systemd nosuch
		1 inspect nosuch
		1 kill nosuch
		1 logs nosuch
		1 pause nosuch
		1 port nosuch
		1 rename nosuch other
		1 restart nosuch
		1 rm nosuch
		0 rm -f nosuch
		1 start nosuch
		1 start -a nosuch
		1 start nosuch other
		1 stats --no-stream nosuch
		1 stop nosuch
		1 top nosuch
		1 unpause nosuch
		1 update -m 64m nosuch
		1 wait nosuch
	END
}

@test "one that does not run: 1" {
	statuses <<-END
		1 attach made
		1 exec made true
		1 kill made
		1 pause made
		1 top made
		0 stop made
		0 wait made
		1 start broken
		1 start -a broken
	END
}

@test "exec: what fails in the container is 126 or 127" {
	statuses <<-END
		127 exec runs nosuch
		126 exec runs /etc/passwd
		126 exec -w /nosuch runs true
		126 exec -u nosuch runs true
		1 exec -it runs true
		7 exec runs sh -c exit\${IFS}7
		137 exec runs sh -c kill\${IFS}-9\${IFS}\$\$
	END
}

@test "run and create: 125, or the program's" {
	statuses <<-END
		127 run --rm --network none box:1 nosuch
		126 run --rm --network none box:1 /etc
		125 run --rm --network nosuch box:1 true
		125 run --pull never nosuch:1
		125 run --network none --name runs box:1 true
		125 create --pull never nosuch:1
		125 create --network none --name runs box:1
		125 create --memory x box:1
		125 create -m 1k box:1
	END
}

@test "words that make no sense: 125" {
	statuses <<-END
		125 nosuch
		125 ps --bogus
		125 logs
		125 run
		125 exec runs
		125 start -a runs made
		125 events --filter a
		125 stop -t x runs
	END
}

@test "other objects: 1" {
	statuses <<-END
		1 rmi nosuch
		1 image inspect nosuch
		1 volume rm nosuch
		1 network rm nosuch
		1 network connect nosuch made
	END
}
