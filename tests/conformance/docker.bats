#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Docker's daemon with coffer-runtime in the place of runc: what its users do, and the words that reach them.

# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
load lib/world

# docker_start NAME [FLAG...]: a daemon whose data is in $WORLD_DIR/NAME
docker_start() {
	local name=$1 dir=$WORLD_DIR/$1
	shift
	mkdir -p "$dir"
	in_world dockerd --data-root "$dir/data" --exec-root "/run/$name" --pidfile "$dir/pid" --host "unix://$dir/socket" \
		--iptables=false --ip6tables=false --ip-masq=false --bridge=none --cgroup-parent "/$GROUP" --live-restore \
		--add-runtime "coffer=$COFFER_RUNTIME" --default-runtime coffer "$@" >"$dir/log" 2>&1 </dev/null 3>&- &
	export DOCKER_SOCKET=$dir/socket
	until_true docker_answers || tail "$dir/log" >&2
}

docker_answers() {
	docker info >/dev/null 2>&1
}

# docker_stop NAME
docker_stop() {
	local pid
	pid=$(<"$WORLD_DIR/$1/pid")
	in_world kill "$pid"
	until_true docker_is_gone "$pid"
}

docker_is_gone() {
	! in_world kill -0 "$1" 2>/dev/null
}

# Debian's, whatever else is called docker here.
docker() {
	timeout 300 /usr/bin/docker --host "unix://$DOCKER_SOCKET" "$@"
}

box() {
	docker run --rm --network none "$@"
}

setup_file() {
	world_start
	export GROUP=coffer-docker-$$
	docker_start docker
	box_archive "$BATS_FILE_TMPDIR/box.tar"
	docker import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/box.tar" box:1 >/dev/null
}

teardown_file() {
	docker_stop docker || true
	world_stop "$GROUP" docker
}

teardown() {
	local ids
	ids=$(docker ps --all --quiet)
	# shellcheck disable=SC2086
	[ -z "$ids" ] || docker rm --force $ids >/dev/null
}

@test "run: streams, statuses, and who it was that ran it" {
	[ "$(docker info --format '{{.DefaultRuntime}}')" = coffer ]
	run -0 --separate-stderr box box:1 sh -c 'echo out; echo err >&2'
	[ "$output" = out ]
	[ "$stderr" = err ]
	run -42 box box:1 sh -c 'exit 42'
	[ "$(echo typed | box --interactive box:1 cat)" = typed ]
	docker run --name named --network none box:1 true
	[ "$(docker inspect --format '{{.HostConfig.Runtime}} {{.State.Status}} {{.State.ExitCode}}' named)" = 'coffer exited 0' ]
}

@test "run: a program that is not there, not executable, or a directory" {
	run -127 box box:1 no-such-program
	[[ $output == *'OCI runtime create failed: '*'exec "no-such-program": executable file not found in $PATH'* ]]
	run -127 box box:1 /no/such/program
	[[ $output == *'exec "/no/such/program": no such file or directory'* ]]
	run -126 box box:1 /etc/passwd
	[[ $output == *'exec "/etc/passwd": permission denied (mode 0644, owner 0:0, no x bit)'* ]]
	run -126 box box:1 /etc
	[[ $output == *'exec "/etc": is a directory'* ]]
}

@test "run with limits" {
	run -0 box --memory 64m --memory-swap 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 \
		--pids-limit 50 box:1 sh -c 'grep -h . /proc/self/cgroup; cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes \
		cpu/cpu.cfs_quota_us cpu/cpu.shares pids/pids.max 2>/dev/null || cat memory.max cpu.max pids.max
		grep Cpus_allowed_list /proc/self/status'
	[[ $output == *67108864* && $output == *50000* ]]
	[[ $output == *$'\n50\n'* ]]
	[ "${lines[-1]}" = $'Cpus_allowed_list:\t0' ]
}

@test "run: the process' properties" {
	run -0 box --user user --group-add 2000 box:1 id
	[[ $output == 'uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)'* ]]
	run -0 box --cap-drop all box:1 grep Cap /proc/self/status
	[ "$(cut -f 2 <<<"$output" | sort -u)" = 0000000000000000 ]
	run -0 box --cap-drop all --cap-add chown box:1 grep CapEff /proc/self/status
	[[ $output == *0000000000000001 ]]
	run -0 box --security-opt no-new-privileges box:1 grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
	run -0 box --security-opt seccomp=unconfined box:1 grep Seccomp: /proc/self/status
	[ "$output" = $'Seccomp:\t0' ]
	run -0 box --ulimit nofile=100:200 --hostname there --env A=b --workdir /new/dir --oom-score-adj 100 box:1 \
		sh -c 'ulimit -n; ulimit -Hn; hostname; echo $A; pwd; cat /proc/self/oom_score_adj'
	[ "$output" = $'100\n200\nthere\nb\n/new/dir\n100' ]
}

@test "run: the root file system and its mounts" {
	mkdir "$BATS_TEST_TMPDIR/host"
	echo from-host >"$BATS_TEST_TMPDIR/host/file"
	run -1 box --read-only box:1 touch /file
	[[ $output == *'Read-only file system'* ]]
	run -0 box --read-only --tmpfs /tmp:size=1m box:1 sh -c 'touch /tmp/file; df -k /tmp | tail -n 1'
	[[ $output == *1024* ]]
	run -1 box --volume "$BATS_TEST_TMPDIR/host:/host:ro" box:1 sh -c 'exec 2>&1; cat /host/file; touch /host/file'
	[[ $output == from-host*'Read-only file system'* ]]
	box --volume "$BATS_TEST_TMPDIR/host:/host" --mount type=volume,destination=/volume box:1 touch /host/made /volume/made
	[ -e "$BATS_TEST_TMPDIR/host/made" ]
	run -0 box --shm-size 2m box:1 df -k /dev/shm
	[[ $output == *2048* ]]
	run -0 box --sysctl net.ipv4.ip_forward=1 box:1 cat /proc/sys/net/ipv4/ip_forward
	[ "$output" = 1 ]
	run -0 box --init box:1 sh -c 'cat /proc/1/cmdline'
	[[ $output == *docker-init* ]]
	run -0 box --privileged box:1 sh -c 'mount -t tmpfs tmpfs /tmp && echo mounted'
	[ "$output" = mounted ]
}

@test "run: mounts of a volume reach the other side only where that is asked for" {
	mkdir -p "$BATS_TEST_TMPDIR/host/point"
	in_world mount --bind "$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/host"
	in_world mount --make-shared "$BATS_TEST_TMPDIR/host"
	for mode in rprivate rslave rshared; do
		run -0 box --privileged --volume "$BATS_TEST_TMPDIR/host:/host:$mode" box:1 mount -t tmpfs tmpfs /host/point
		run in_world mountpoint --quiet "$BATS_TEST_TMPDIR/host/point"
		[ "$status" -ne 0 ] || [ "$mode" = rshared ]
	done
	in_world umount "$BATS_TEST_TMPDIR/host/point"
	docker run --detach --name slave --network none --volume "$BATS_TEST_TMPDIR/host:/host:rslave" box:1 sleep 1000
	in_world mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/host/point"
	docker exec slave grep ' /host/point ' /proc/self/mountinfo
	docker rm --force slave
	in_world umount "$BATS_TEST_TMPDIR/host/point" "$BATS_TEST_TMPDIR/host"
}

@test "run and exec on a terminal" {
	run -0 on_terminal expect:'# ' 'send:tty; until stty size | grep 31.97; do sleep 0.1; done; exit 5\r' wait -- \
		/usr/bin/docker --host "unix://$DOCKER_SOCKET" run --interactive --tty --rm --network none box:1 sh
	[[ $output == *'/dev/pts/0'*'31 97'*'[exit 5]'* ]]
	docker run --detach --name sleeper --network none box:1 sleep 1000
	run -0 on_terminal expect:'# ' 'send:tty; until stty size | grep 31.97; do sleep 0.1; done\r' expect:'31 97' resizing:20x50 \
		'send:until stty size | grep 20.50; do sleep 0.1; done; exit 6\r' wait -- \
		/usr/bin/docker --host "unix://$DOCKER_SOCKET" exec --interactive --tty sleeper sh
	[[ $output == *'/dev/pts/0'*'20 50'*'[exit 6]'* ]]
}

@test "exec: streams, statuses, words" {
	docker run --detach --name sleeper --network none --user user box:1 sleep 1000
	run -0 docker exec sleeper sh -c 'id -u; pwd'
	[ "$output" = $'1000\n/' ]
	run -0 docker exec --user 0:0 --workdir /tmp --env A=b sleeper sh -c 'id -u; pwd; echo $A'
	[ "$output" = $'0\n/tmp\nb' ]
	[ "$(echo typed | docker exec --interactive sleeper cat)" = typed ]
	run -3 docker exec sleeper sh -c 'exit 3'
	run -126 docker exec sleeper no-such-program
	[[ $output == *'OCI runtime exec failed: '*'exec "no-such-program": executable file not found in $PATH'* ]]
	run -126 docker exec sleeper /etc/passwd
	[[ $output == *'exec "/etc/passwd": permission denied'* ]]
	docker exec --detach sleeper sleep 2000
	run -0 docker top sleeper -o pid,args
	[[ $output == *'sleep 1000'*'sleep 2000'* ]]
}

@test "stop, kill, wait, restart, logs" {
	docker run --detach --name polite --network none box:1 \
		sh -c 'trap "echo asked; exit 7" TERM; echo here; while :; do sleep 0.1; done'
	until_true bash -c "/usr/bin/docker --host unix://$DOCKER_SOCKET logs polite | grep here"
	docker stop polite
	[ "$(docker wait polite)" = 7 ]
	[ "$(docker logs polite)" = $'here\nasked' ]
	docker restart polite
	[ "$(docker inspect --format '{{.State.Running}}' polite)" = true ]
	docker kill polite
	[ "$(docker wait polite)" = 137 ]
	docker start polite
	until_true bash -c "/usr/bin/docker --host unix://$DOCKER_SOCKET logs polite | tail -n 1 | grep here"
	docker kill --signal TERM polite
	[ "$(docker wait polite)" = 7 ]
}

@test "pause, unpause, update, stats" {
	docker run --detach --name sleeper --network none --memory 64m box:1 sleep 1000
	docker pause sleeper
	[ "$(docker inspect --format '{{.State.Status}}' sleeper)" = paused ]
	run -1 docker exec sleeper true
	docker unpause sleeper
	docker exec sleeper true
	docker update --memory 32m --memory-swap 32m --cpus 0.3 --pids-limit 20 sleeper
	run -0 docker exec sleeper sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max ||
		cat memory.max cpu.max pids.max'
	[[ $output == *33554432*30000*20* ]]
	run -0 docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' sleeper
	[[ $output == *'/ 32MiB 1' ]]
	docker pause sleeper
	docker kill sleeper || docker unpause sleeper
	docker rm --force sleeper
}

@test "out of memory" {
	run -137 box --memory 16m --memory-swap 16m box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
}

@test "namespaces of others" {
	docker run --detach --name first --network none --ipc shareable box:1 sleep 1000
	run -0 docker run --rm --network container:first --ipc container:first --pid container:first box:1 \
		sh -c 'stat -Lc %i /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid; ps | grep -c "[s]leep 1000"'
	[ "$output" = "$(docker exec first stat -Lc %i /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid)"$'\n1' ]
	run -0 docker run --rm --network host --pid host --uts host --ipc host box:1 \
		stat -Lc %i /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/uts /proc/self/ns/ipc
	[ "$output" = "$(in_world stat -Lc %i /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/uts /proc/self/ns/ipc)" ]
	run -0 box --cgroupns private box:1 cat /proc/self/cgroup
	[[ $output != *"$GROUP"* ]]
}

@test "many at once" {
	local i
	for i in {1..8}; do
		box box:1 sh -c "echo $i >/made; cat /made" >"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/[1-8])" = "$(seq 8)" ]
}

@test "a daemon that was killed finds its containers again" {
	docker run --detach --name survivor --network none box:1 sh -c 'sleep 1000; exit 9'
	local pid
	pid=$(<"$WORLD_DIR/docker/pid")
	in_world kill -KILL "$pid"
	until_true docker_is_gone "$pid"
	docker_start docker
	[ "$(docker inspect --format '{{.State.Status}}' survivor)" = running ]
	docker exec survivor killall sleep
	[ "$(docker wait survivor)" = 9 ]
}

@test "what is broken in an image does not break out" {
	docker build --tag broken:1 - >"$BATS_TEST_TMPDIR/build" <<-'END'
		FROM box:1
		RUN ["ln", "-s", "/proc/self/fd/7", "/link"]
		WORKDIR /proc/self/fd/7
	END
	run ! box broken:1 ls
	[[ $output == *'working directory /proc/self/fd/7'* ]]
	run ! box --workdir /link broken:1 ls
	docker run --detach --name sleeper --network none --workdir / broken:1 sleep 1000
	local fd
	for fd in {3..12}; do
		run ! docker exec --workdir "/proc/self/fd/$fd" sleeper ls
	done
	run ! docker exec --workdir /link sleeper ls
	run -0 docker exec --workdir / sleeper sh -c 'ls /proc/self/fd | tr "\n" " "'
	[ "$output" = '0 1 2 3 ' ]
	docker rmi --force broken:1
}

@test "an entry point of /proc/self/exe does not get the runtime to write to" {
	local before
	before=$(sha256sum <"$COFFER_RUNTIME")
	run box --entrypoint /proc/self/exe box:1 --version
	docker run --detach --name attacker --network none box:1 sh -c 'while :; do
		for exe in /proc/[0-9]*/exe; do (true >>$exe) 2>/dev/null && echo opened $(readlink $exe); done; done'
	local i
	for i in {1..10}; do
		docker exec attacker true
	done
	run -0 docker logs attacker
	[[ $output != *coffer* && $output != */proc/self/fd* && $output != *memfd* ]]
	[ "$(sha256sum <"$COFFER_RUNTIME")" = "$before" ]
}

@test "in user namespaces" {
	local daemon=$DOCKER_SOCKET
	in_world sh -c 'echo daemon:100000:65536 | tee /etc/subuid >/etc/subgid'
	docker_start remapped --userns-remap daemon
	docker import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/box.tar" box:1
	run -0 box --tmpfs /tmp --device /dev/fuse --sysctl net.ipv4.ip_forward=1 --memory 64m box:1 \
		sh -c 'id -u; cat /proc/self/uid_map; touch /file /tmp/file; stat -c %u /file; echo >/dev/null; ls /dev/fuse'
	[[ $output == 0*100000*65536*0*/dev/fuse ]]
	run -0 box --user 1000 --init --oom-score-adj 100 --security-opt no-new-privileges box:1 \
		sh -c 'id -u; cat /proc/self/oom_score_adj'
	[ "$output" = $'1000\n100' ]
	run -1 box --read-only box:1 touch /file
	docker run --detach --name sleeper --network none box:1 sleep 1000
	run -0 docker exec sleeper sh -c 'id -u; cat /proc/self/uid_map'
	[[ $output == 0*100000* ]]
	run -0 on_terminal expect:'# ' 'send:tty; exit 5\r' wait -- /usr/bin/docker --host "unix://$DOCKER_SOCKET" \
		exec --interactive --tty sleeper sh
	[[ $output == *'/dev/pts/0'*'[exit 5]'* ]]
	docker pause sleeper
	docker unpause sleeper
	docker rm --force sleeper
	run -0 box --userns host box:1 cat /proc/self/uid_map
	[[ $output == *4294967295 ]]
	docker_stop remapped
	export DOCKER_SOCKET=$daemon
}

@test "nothing is left" {
	docker volume prune --force
	until_true nothing_is_left
}

# The daemon's own hold on the host's network stays.
nothing_is_left() {
	! world_new_mounts | grep -qvx /run/docker/netns/default && [ -z "$(in_world ls /run/docker/runtime-runc/moby)" ] &&
		[ -z "$(find /sys/fs/cgroup -mindepth 3 -type d -path "*/$GROUP/*")" ]
}
