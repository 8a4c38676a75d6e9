#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every flag of Docker's and Podman's `run`: it works, or is refused with a reason. None is unknown, none is ignored.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	mkdir "$BATS_FILE_TMPDIR/dir"
	echo A=b >"$BATS_FILE_TMPDIR/env"
}

teardown_file() {
	coffer_file_teardown
}

# "FLAG [VALUE] => ok", or words of the refusal. Those of mounts, networks, user namespaces and of limits that need a
# controller have tests of their own.
flags_of_docker() {
	cat <<-'FLAGS'
		--annotation a=b => ok
		--attach stdout => ok
		-a STDERR => ok
		--attach nonsense => valid streams are STDIN, STDOUT and STDERR
		--cap-add NET_ADMIN => ok
		--cap-add NONSENSE => NONSENSE
		--cap-drop ALL => ok
		--cgroupns host => ok
		--cidfile DIR/cid => ok
		--cidfile ENV => container ID file found
		--cpu-count 1 => it is for containers of Windows
		--cpu-percent 1 => it is for containers of Windows
		--device /dev/null => ok
		--device /dev/null:/dev/other:rw => ok
		--device /dev/null:x => "x" is not an absolute path
		--device /dev/null:/dev/x:q => invalid permissions "q"
		--device /dev/nosuch => no such device: /dev/nosuch
		--device DIR => is not a device node
		--device-cgroup-rule 'c 13:* rwm' => ok
		--device-cgroup-rule 'a *:* rwm' => ok
		--device-cgroup-rule 'c 13 rwm' => invalid device cgroup format 'c 13 rwm'
		--device-cgroup-rule 'q 1:3 rwm' => invalid device cgroup format
		--disable-content-trust => ok
		--disable-content-trust=false => signatures of images are not checked
		--domainname example => ok
		--entrypoint /bin/true => ok
		--env A=b => ok
		--env =b => invalid environment variable: "=b"
		--env-file ENV => ok
		--env-file /nosuch => no such file
		--gpus all => --device gives a device as it is
		--group-add 10 => ok
		--health-cmd true => ok
		--health-interval 1s => ok
		--health-interval 1 => invalid argument "1" for "--health-interval" flag
		--health-retries 2 => ok
		--health-start-interval 1s => ok
		--health-start-period 1s => ok
		--health-timeout 1s => ok
		--hostname h => ok
		--init => ok
		--interactive => ok
		--io-maxbandwidth 1 => it is for containers of Windows
		--io-maxiops 1 => it is for containers of Windows
		--ipc shareable => ok
		--isolation default => ok
		--isolation hyperv => invalid isolation "hyperv" on linux
		--label a=b => ok
		--label =b => invalid label: "=b"
		--label-file ENV => ok
		--link-local-ip 10.0.0.1 => the network's subnets
		--link other => find each other by name
		--log-driver none => ok
		--log-driver nonsense => nonsense
		--log-opt max-size=1m => ok
		--log-opt nonsense=1 => nonsense
		--memory 64m => ok
		--memory 1 => Minimum memory limit allowed is 6MB
		--no-healthcheck => ok
		--oom-score-adj 100 => ok
		--oom-score-adj 2000 => range for oom score adj is [-1000, 1000]
		--pid host => ok
		--pull never --platform linux/s390x => No such image
		--platform nonsense/x/y/z => nonsense/x/y/z
		--privileged => ok
		--pull never => ok
		--pull nonsense => it is one of missing, always, never
		--quiet => ok
		--read-only => ok
		--restart always => ok
		--restart nonsense => nonsense
		--rm => ok
		--runtime coffer-runtime => ok
		--runtime runc => containers run by coffer-runtime only
		--security-opt no-new-privileges => ok
		--security-opt nonsense => unknown option "nonsense"
		--shm-size 1m => ok
		--shm-size x => invalid argument "x" for "--shm-size" flag
		--stop-signal USR1 => ok
		--stop-signal NONSENSE => NONSENSE
		--stop-timeout 3 => ok
		--sysctl kernel.shmmax=1000000 => ok
		--sysctl net.ipv4.ip_forward=1 => ok
		--sysctl kernel.pid_max=100 => --sysctl kernel.pid_max=100: sysctl "kernel.pid_max" is not namespaced; it would change the host
		--sysctl =1 => --sysctl =1: sysctl "" is malformed
		--sysctl nonsense => it is KEY=VALUE
		--tty => ok
		--ulimit nofile=10:20 => ok
		--ulimit nofile=20:10 => nofile
		--ulimit nonsense=1 => nonsense
		--use-api-socket => there is no daemon with an API to give away
		--user 1:2 => ok
		--user nonsense => nonsense
		--uts host => ok
		--volume-driver local => says it of each volume
		--workdir /tmp => ok
		--workdir tmp => tmp
	FLAGS
}

flags_of_podman() {
	cat <<-'FLAGS'
		--pull never --arch s390x => No such image
		--os linux => ok
		--os linux --platform linux/amd64 => can not be specified with
		--authfile x => credentials come from
		--chrootdirs /x => --volume shows
		--conmon-pidfile x => --pidfile is told
		--env-host => ok
		--health-on-failure kill --health-cmd true => ok
		--health-on-failure kill => without a health check
		--health-on-failure worry --health-cmd true => none, kill, restart or stop
		--hostuser x => users are the image's
		--http-proxy => ok
		--http-proxy=false => ok
		--init-path /x => --init runs coffer's own
		--passwd-entry x => users are the image's
		--personality x => not available
		--pidfile DIR/pid => ok
		--pod x => No such pod: x
		--pod-id-file nosuch => read the pod ID file 'nosuch'
		--pod x --pod-id-file y => --pod and --pod-id-file cannot be used together
		--preserve-fds 1 => files reach a container by --volume
		--replace --name flagged => ok
		--name= --replace => cannot replace container without --name being set
		--requires x => a container of a pod has what it needs
		--rootfs => `coffer import` makes an image
		--sdnotify conmon => ok
		--sdnotify container => ok
		--sdnotify later => it is conmon, container, healthy or ignore
		--sdnotify healthy => without a health check
		--seccomp-policy image => names another profile
		--secret x => No such secret: x
		--secret x,mode=999 => --secret "x,mode=999"
		--systemd false => ok
		--systemd perhaps => it is true, false or always
		--timeout 3 => run `timeout SECONDS`
		--tls-verify => certificates are checked always
		--time-offset noon => --time-offset noon: it is CLOCK=SECONDS
		--time-offset realtime=1 => the time of day is the host's in every container
		--time-offset lunar=1 => unknown clock "lunar": there are monotonic and boottime
		--time-offset boottime=soon => --time-offset boottime=soon
		--tz UTC => ok
		--tz local => ok
		--tz Nowhere/City => unknown time zone "Nowhere/City"
		--tz ../../../etc/passwd => unknown time zone
		--umask 0077 => ok
		--umask 8 => invalid argument "8" for "--umask" flag
		--unsetenv PATH => ok
		--unsetenv A=b => invalid name of a variable
		--unsetenv-all => ok
	FLAGS
}

# check FLAGS EXPECTED: `create` with them does it, or says so with Docker's status for what was asked wrongly.
check() {
	local flags=${1//DIR/$BATS_FILE_TMPDIR/dir} words
	flags=${flags//ENV/$BATS_FILE_TMPDIR/env}
	eval "words=($flags)"
	rm -f "$BATS_FILE_TMPDIR/dir/cid"
	run coffer create --network none --name flagged "${words[@]}" box:1 true
	if [ "$2" = ok ]; then
		[ "$status" -eq 0 ] && coffer rm -f flagged >/dev/null && return
	elif [ "$status" -eq 125 ] && [[ $output == *"$2"* ]] && [[ $output != *'unknown flag'* ]]; then
		return
	fi
	echo "$1: expected '$2', but: $status $output"
	return 1
}

check_all() {
	local line failed=0
	while IFS= read -r line; do
		check "${line%% => *}" "${line##* => }" || failed=1
	done
	return "$failed"
}

@test "flags of docker run" {
	check_all < <(flags_of_docker)
}

@test "flags of podman run" {
	[ -f /usr/share/zoneinfo/UTC ] || skip "no time zones here (tzdata)"
	check_all < <(flags_of_podman)
}

@test "ports that nobody can publish are told of" {
	for mode in host none; do
		run -0 --separate-stderr coffer create --network "$mode" -p 18080:80 --name flagged box:1 true
		# shellcheck disable=SC2154 # by bats
		[ "$stderr" = "coffer: Published ports are discarded when using $mode network mode" ]
		coffer rm flagged >/dev/null
	done
	run -0 --separate-stderr coffer create --network host --name flagged box:1 true
	[ -z "$stderr" ]
	coffer rm flagged >/dev/null
}

@test "flags of docker's other commands" {
	local line
	while IFS= read -r line; do
		# shellcheck disable=SC2086 # words
		run coffer ${line%% => *}
		[[ $status -ne 0 && $output == *"${line##* => }"* ]] || { echo "$line, but: $output"; false; }
	done <<-'LINES'
		start --checkpoint x flagged => coffer-runtime can do that
		start --checkpoint-dir x flagged => coffer-runtime can do that
		rmi --no-prune nosuch => No such image: nosuch
		rmi --platform linux/amd64 nosuch => an image here is of one platform
		history --platform linux/amd64 nosuch => an image here is of one platform
		load --platform linux/amd64 => an image here is of one platform
		save --platform linux/amd64 nosuch => an image here is of one platform
		push --platform linux/amd64 nosuch => an image here is of one platform
		pull --disable-content-trust UPPER => invalid
		rm -l flagged => containers are not linked
		image inspect --platform linux/amd64 nosuch => an image here is of one platform
		volume create --type mount nosuch => there is no swarm
		volume create --limit-bytes 1 nosuch => there is no swarm
	LINES
}
