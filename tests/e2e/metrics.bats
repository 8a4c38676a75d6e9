#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# metrics: what containers use, for Prometheus; and its rules for alerts.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name busy -m 64m --cpus 0.05 --pids-limit 20 --label 'odd="x' box:1 \
		sh -c 'while :; do :; done' >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	[ -z "${server:-}" ] || kill -KILL "$server" 2>/dev/null || true
}

# The value of a sample of `busy`: sample METRIC
sample() {
	coffer metrics | sed -n "s/^$1{.*name=\"busy\"} //p"
}

# request PORT LINE: a request's answer
request() {
	exec 7<>"/dev/tcp/127.0.0.1/$1"
	printf '%s\r\nHost: x\r\n\r\n' "$2" >&7
	cat <&7
	exec 7>&-
}

@test "counters under cAdvisor's names, with its labels" {
	id=$(coffer inspect --format '{{.Id}}' busy)
	coffer metrics | grep -qE "^container_cpu_usage_seconds_total\{cpu=\"total\",container_id=\"$id\",id=\"/[^\"]*${id}[^\"]*\",image=\"box:1\",name=\"busy\"\} [0-9.]+$"
	[ "$(sample container_spec_memory_limit_bytes)" = $((64 << 20)) ]
	[ "$(sample container_threads_max) $(sample container_threads)" = "20 1" ]
	[ "$(sample container_oom_events_total)" = 0 ]
	[ "$(sample container_memory_working_set_bytes)" -gt 0 ]
	throttled() { [ "$(sample container_cpu_cfs_throttled_periods_total)" -gt 2 ]; }
	eventually throttled
	awk -v now="$(date +%s)" -v then="$(sample container_start_time_seconds)" 'BEGIN { exit !(now - then > -1 && now - then < 3600) }'
}

@test "what Prometheus' own checker says: nothing" {
	command -v promtool >/dev/null || skip "needs promtool (Debian's prometheus)"
	coffer metrics >"$BATS_TEST_TMPDIR/metrics"
	run -0 promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	[ -z "$output" ]
	run -0 promtool check rules "$BATS_TEST_DIRNAME/../../docs/alerts.yml"
}

@test "--listen serves them until it is told to end" {
	coffer_exec metrics --listen 127.0.0.1:0 >"$BATS_TEST_TMPDIR/out" 3>&- &
	server=$!
	local port
	listens() { port=$(sed -n 's,^http://127.0.0.1:\([0-9]*\)/metrics$,\1,p' "$BATS_TEST_TMPDIR/out") && [ -n "$port" ]; }
	eventually listens
	request "$port" 'GET /metrics HTTP/1.1' >"$BATS_TEST_TMPDIR/answer"
	head -n 1 "$BATS_TEST_TMPDIR/answer" | grep -q '^HTTP/1.1 200 OK'
	grep -q 'Content-Type: text/plain; version=0.0.4' "$BATS_TEST_TMPDIR/answer"
	grep -q '^container_threads{.*name="busy"} 1$' "$BATS_TEST_TMPDIR/answer"
	request "$port" 'HEAD /metrics HTTP/1.1' | tail -n 1 | grep -qx $'\r'
	request "$port" 'GET /other HTTP/1.1' | grep -q '^HTTP/1.1 404 '
	request "$port" 'POST /metrics HTTP/1.1' | grep -q '^HTTP/1.1 405 '
	kill -TERM "$server"
	ends_with 0 "$server"
	server=
}

@test "addresses that are none" {
	run -125 coffer metrics --listen 9323
	[[ $output == *'invalid address "9323": it is ADDRESS:PORT'* ]] || { echo "$output"; return 1; }
	run ! coffer metrics --listen host.example:9323
	[[ $output == *'invalid address "host.example:9323": '* ]]
	run ! coffer metrics --listen 192.0.2.1:9323
	[[ $output == *'listen at "192.0.2.1:9323": '* ]]
}

@test "inspect: the number by which BPF programs know it" {
	local path number
	path=$(coffer inspect --format '{{.CgroupPath}}' busy)
	number=$(coffer inspect busy | jq '.[0].CgroupID')
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		[ "$number" = "$(stat -c %i "/sys/fs/cgroup$path")" ]
	elif [ -d "/sys/fs/cgroup/unified$path" ]; then
		[ "$number" = "$(stat -c %i "/sys/fs/cgroup/unified$path")" ]
	else
		[ "$number" = null ]
	fi
}
