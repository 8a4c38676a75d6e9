#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Coffer of ordinary users: the namespaces that they work in, what they may do there, and what is said where the machine
# does not let them.

load lib/coffer
load lib/rootless

bats_require_minimum_version 1.5.0

setup_file() {
	rootless_file_setup
	ann import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
}

teardown_file() {
	rootless_file_teardown
}

# `run --rm --network none` of the small image, for ann.
ann_box() {
	ann run --rm --network none box:1 "$@"
}

@test "root of a container is the user, and the others are ids that the user was given" {
	run -0 ann_box sh -c 'id -u; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[ "$(tr -s ' ' <<<"${lines[1]}")" = " 0 $(uid_of ann) 1" ]
	[ "$(tr -s ' ' <<<"${lines[2]}")" = " 1 $(subid_of ann) 65536" ]
}

@test "a container can have other users, and files that are theirs" {
	run -0 ann_box sh -c 'touch /tmp/file; chown 1000:2000 /tmp/file; ls -ln /tmp/file; su user -c id'
	[[ ${lines[0]} == *" 1000 "*" 2000 "* ]]
	[[ ${lines[1]} == "uid=1000(user) gid=1000(user)"* ]]
}

@test "a container's way from run to rm" {
	run -0 ann run --detach --name way --network none box:1 \
		sh -c 'echo hello; trap "exit 3" TERM; sleep 1000 & wait'
	run -0 ann ps --format '{{.Names}} {{.State}}'
	[ "$output" = "way running" ]
	run -0 ann exec way id -u
	[ "$output" = 0 ]
	logs_say_hello() { [ "$(ann logs way)" = hello ]; }
	eventually logs_say_hello
	run -0 ann top way -o pid,args
	[[ $output == *"sleep 1000"* ]]
	ann stop way
	run -0 ann inspect --format '{{.State.Status}} {{.State.ExitCode}}' way
	[ "$output" = "exited 3" ]
	ann start way
	ann rm --force way
	run -0 ann ps --all --quiet
	[ -z "$output" ]
}

@test "the network of the host can be shared" {
	run -0 ann run --rm --network host box:1 readlink /proc/self/ns/net
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
}

@test "the processes of the host can be shared" {
	run -0 ann run --rm --network none --pid host box:1 readlink /proc/self/ns/pid
	[ "$output" = "$(readlink /proc/self/ns/pid)" ]
}

@test "what outlives a container among the processes of the host is ended with it" {
	ann run --rm --network none --pid host box:1 sh -c '(sleep 424242 &) ; sleep 424243 & :'
	run ! pgrep --runstates DRST --uid "$(uid_of ann)" --full 'sleep 42424[23]'
}

@test "semaphores and messages of the host can be shared" {
	run -0 ann run --rm --network none --ipc host box:1 readlink /proc/self/ns/ipc
	[ "$output" = "$(readlink /proc/self/ns/ipc)" ]
}

@test "what root of a container writes to a directory of the user's is the user's" {
	as ann mkdir -p shared
	ann run --rm --network none --volume "$ROOTLESS/ann/shared:/shared" box:1 touch /shared/file
	[ "$(stat --format %u "$ROOTLESS/ann/shared/file")" = "$(uid_of ann)" ]
}

@test "a second command works in the namespaces of the first" {
	ann ps >/dev/null
	before=$(<"$ROOTLESS/ann/run/coffer/holder")
	first=$(ann_box readlink /proc/self/ns/user)
	second=$(ann_box readlink /proc/self/ns/user)
	[ "$first" = "$second" ]
	[ "$first" = "$(readlink "/proc/$(holder_of ann)/ns/user")" ]
	[ "$(<"$ROOTLESS/ann/run/coffer/holder")" = "$before" ]
}

@test "commands that are the first at the same time make one pair of namespaces" {
	end_holder ann
	for i in 1 2 3 4; do
		ann_box readlink /proc/self/ns/user >"$BATS_TEST_TMPDIR/$i" &
	done
	wait
	[ "$(sort -u "$BATS_TEST_TMPDIR"/[1-4] | wc -l)" -eq 1 ]
	[ "$(pgrep --count --runstates DRS --uid "$(uid_of ann)" coffer-holder)" -eq 1 ]
}

@test "namespaces are made anew when nothing is in them any more" {
	ann ps >/dev/null
	before=$(holder_of ann)
	end_holder ann
	ann_box true
	[ "$(holder_of ann)" != "$before" ]
	alive "$(holder_of ann)"
}

@test "namespaces with a container in them are found again when their holder is killed" {
	ann run --detach --name found --network none box:1 sleep 1000 >/dev/null
	before=$(readlink "/proc/$(holder_of ann)/ns/user")
	end_holder ann
	run -0 ann exec found readlink /proc/self/ns/user
	[ "$output" = "$before" ]
	[ "$(readlink "/proc/$(holder_of ann)/ns/user")" = "$before" ]
	ann rm --force found
}

@test "the working directory stays" {
	as ann mkdir -p work
	as ann cp "$ROOTLESS/box.tar" work/here.tar
	as ann sh -c 'cd work && exec "$@"' - "$COFFER_BIN/coffer" import here.tar here:1
	ann rmi here:1
}

@test "a user's store and run directory are closed to others" {
	run as bob ls "$ROOTLESS/ann/.local/share/coffer"
	[ "$status" -ne 0 ]
	for dir in "$ROOTLESS/ann/.local/share/coffer" "$ROOTLESS/ann/run/coffer"; do
		[ "$(stat --format '%u %a' "$dir")" = "$(uid_of ann) 700" ]
	done
}

@test "two users at once have nothing of each other's" {
	bob import "$ROOTLESS/box.tar" bobs:1 >/dev/null
	ann run --detach --name same --network none box:1 sleep 1000 >/dev/null
	bob run --detach --name same --network none bobs:1 sleep 1000 >/dev/null
	run -0 ann images --format '{{.Repository}}'
	[ "$output" = box ]
	run -0 bob images --format '{{.Repository}}'
	[ "$output" = bobs ]
	pid=$(ann inspect --format '{{.State.Pid}}' same)
	run ! as bob kill "$pid"
	bob rm --force same
	run -0 ann ps --format '{{.Names}}'
	[ "$output" = same ]
	ann rm --force same
	bob rmi bobs:1
}

@test "a runtime directory of another user is not used" {
	run -0 --separate-stderr as ann env XDG_RUNTIME_DIR="$ROOTLESS/bob/run" "$COFFER_BIN/coffer" \
		--root "$ROOTLESS/ann/other" info --format '{{.RunDir}}'
	[[ $stderr == *"XDG_RUNTIME_DIR is '$ROOTLESS/bob/run', which is not used: permission denied"* ]]
	[ "$output" = "/tmp/coffer-$(uid_of ann)" ]
	pid=$(cut -d ' ' -f 1 "$output/holder")
	kill -KILL "$pid"
	eventually is_gone "$pid"
	rm -r "/tmp/coffer-$(uid_of ann)"
}

@test "without a runtime directory, one in /tmp that somebody else has made is refused" {
	dir=/tmp/coffer-$(uid_of ann)
	mkdir "$dir"
	chown "$(uid_of bob)" "$dir"
	run as ann env --unset XDG_RUNTIME_DIR "$COFFER_BIN/coffer" ps
	rm -r "$dir"
	[ "$status" -eq 125 ]
	[[ ${lines[0]} == "coffer: directory '$dir' belongs to user $(uid_of bob), not to us" ]]
	[[ $output == *"hint:  export XDG_RUNTIME_DIR=DIRECTORY, one of your own with mode 0700"* ]]
}

@test "a user without subordinate ids has root alone, and is told so once" {
	rootless_grant bob 0
	end_holder bob
	run -0 --separate-stderr bob import "$ROOTLESS/box.tar" one:1
	[[ $stderr == *"containers can have one user and one group only, since '/etc/subuid' has no ids for bob"* ]]
	[[ $stderr == *"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 bob"* ]]
	run -0 --separate-stderr bob run --rm --network none one:1 sh -c 'id -u; cat /proc/self/uid_map'
	[ -z "$stderr" ]
	[ "$(tr -s ' ' <<<"${lines[1]}")" = " 0 $(uid_of bob) 1" ]
	[ "${#lines[@]}" -eq 2 ]
	bob rmi one:1
	rootless_grant bob 65536
	end_holder bob
}

@test "a single id can be had without newuidmap" {
	end_holder bob
	mkdir -p "$ROOTLESS/empty"
	run -0 --separate-stderr as bob env PATH="$ROOTLESS/empty" "$COFFER_BIN/coffer" ps
	[[ $stderr == *'containers can have one user and one group only, since there is no newuidmap: install the package \"uidmap\"'* ]]
	end_holder bob
}

@test "what newuidmap says when it refuses is passed on" {
	end_holder bob
	mkdir -p "$ROOTLESS/refusing"
	printf '#!/bin/sh\necho "newuidmap: uid range not allowed" >&2\nexit 1\n' >"$ROOTLESS/refusing/newuidmap"
	chmod 4755 "$ROOTLESS/refusing/newuidmap" # as far as can be seen, it might
	run -125 as bob env PATH="$ROOTLESS/refusing:$PATH" "$COFFER_BIN/coffer" ps
	[ "${lines[0]}" = "coffer: newuidmap refused to map the ids of '/etc/subuid', with status 1" ]
	[ "${lines[1]}" = "  cause: it says: newuidmap: uid range not allowed" ]
	[ ! -e "$ROOTLESS/bob/run/coffer/holder" ] || ! alive "$(holder_of bob)"
}

@test "a limit that nobody has delegated is refused, and without one nothing is" {
	run ann run --rm --network none --memory 100m box:1 true
	if [ "$status" -eq 0 ]; then
		skip "the cgroups of this machine are open to everybody"
	fi
	[ "$status" -eq 125 ]
	[[ ${lines[0]} == "coffer: apply the memory limit: controller \"memory\" is not available in '"* ]]
	[[ ${lines[1]} == *"permission denied" ]]
	[ ! -d /sys/fs/cgroup/memory ] ||
		[ "${lines[2]}" = "  hint:  as root, install -d -o USER '/sys/fs/cgroup/memory/USER'; and --cgroup-parent /USER" ]
	run -0 ann info --format '{{.Rootless.Limits}} {{json .Warnings}}'
	[[ $output == 'none '*'Containers have no limits of cpu cpuset io memory pids, which nobody has delegated to you'* ]]
}

@test "what takes a cgroup says that there is none, and the rest goes without" {
	ann run --detach --name it --network none box:1 sleep 1000 >/dev/null
	run -1 ann pause it
	if [[ $output != *"has no cgroup"* ]]; then
		ann rm --force it
		skip "the cgroups of this machine are open to everybody"
	fi
	[ "${lines[1]}" = "  cause: no hierarchy of cgroups was open to its user when it was created" ]
	[ ! -d /sys/fs/cgroup/memory ] ||
		[ "${lines[2]}" = "  hint:  as root, install -d -o USER '/sys/fs/cgroup/memory/USER'; and --cgroup-parent /USER" ]
	run -1 ann update --memory 100m it
	[[ $output == *"has no cgroup"*"  cause: no hierarchy of cgroups was open to its user"* ]]
	ann update --restart on-failure:3 it
	run -0 ann inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' it
	[ "$output" = "on-failure 3" ]
	run -0 --separate-stderr ann stats --no-stream --format '{{.Name}} {{.CPUPerc}}' it
	[ "$output" = "it --" ]
	[[ $stderr == *'nothing is counted of container \"it\", which has no cgroup: no hierarchy of cgroups was open to its user'* ]]
	ann rm --force it
}

@test "info says whose ids containers have, and what they do without" {
	run -0 ann info --format '{{json .SecurityOptions}}'
	[[ $output == *'"name=rootless"'* ]]
	run -0 ann info
	[[ $output == *"user 0 is $(uid_of ann) here"* ]]
	[[ $output == *"users 1-65536 are $(subid_of ann)-$(($(subid_of ann) + 65535)) here"* ]]
	[[ $output != *"ids above"* && $output != *"one user"* ]]
	rootless_grant bob 1000
	end_holder bob
	run -0 bob info
	[[ $output == *"WARNING: Containers have no ids above 1000: /etc/subuid and /etc/subgid give your user no more"* ]]
	rootless_grant bob 0
	end_holder bob
	run -0 bob info
	[[ $output == *"WARNING: Containers have one user and one group only"* ]]
	rootless_grant bob 65536
	end_holder bob
}

@test "unshare: a program among the user's containers" {
	run -0 ann unshare sh -c 'id -u; readlink /proc/self/ns/user'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = "$(ann_box readlink /proc/self/ns/user)" ]
	run -0 ann unshare sh -c 'touch file; chown 999:999 file; stat --format "%u %g" file; rm file'
	[ "$output" = "999 999" ]
	SHELL=/bin/echo run -0 ann unshare
	[ -z "$output" ]
}

@test "unshare: coffer works in there as it does outside" {
	run -0 ann unshare "$COFFER_BIN/coffer" images --format '{{.Repository}}'
	[ "$output" = box ]
	run -0 ann --root "$ROOTLESS/ann/other" unshare sh -c 'echo $COFFER_ROOT $COFFER_RUNROOT'
	[ "$output" = "$ROOTLESS/ann/other $ROOTLESS/ann/run/coffer" ]
	as ann rm -r "$ROOTLESS/ann/other"
}

@test "unshare: what cannot be executed has the shell's exit status, and root has nothing to enter" {
	run -127 ann unshare no-such-program
	[[ ${lines[0]} == *'"no-such-program"'* ]]
	run -126 ann unshare /etc/passwd
	run "$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/root" --runroot "$BATS_TEST_TMPDIR/run" unshare true
	[ "$status" -eq 125 ]
	[ "${lines[0]}" = "coffer: root's coffer has no user namespace of its own: name the namespaces that are to be new" ]
}

# owned_tar OWNER NAME...: an archive of files of this owner, by numbers
owned_tar() {
	local owner=$1
	shift
	tar --create --owner "$owner" --group "$owner" --numeric-owner --directory "$ROOTLESS" "$@"
}

@test "an image with an owner whom the user has no id for is refused with what is missing" {
	owned_tar 70000 etc/passwd >"$ROOTLESS/owned.tar"
	run ann import "$ROOTLESS/owned.tar" owned:1
	[ "$status" -eq 125 ] || [ "$status" -eq 1 ]
	[[ ${lines[0]} == *"set the owner of 'etc/passwd': invalid argument" ]]
	[ "${lines[1]}" = "  cause: user 70000 or group 70000 is none of this user namespace" ]
	[ "${lines[2]}" = "  hint:  usermod --add-subuids 1000000000-1000069999 --add-subgids 1000000000-1000069999 USER, as root, and end your coffer-holder" ]
}

@test "where a user has one id only, all that an image has is root's" {
	rootless_grant bob 0
	end_holder bob
	ln -s passwd "$ROOTLESS/etc/link"
	{ box_tar "$BATS_TEST_TMPDIR/box"; } >"$ROOTLESS/owned.tar"
	tar --append --file "$ROOTLESS/owned.tar" --owner 42 --group 43 --numeric-owner --directory "$ROOTLESS" etc/subuid etc/link
	bob import "$ROOTLESS/owned.tar" owned:1 2>/dev/null
	run -0 bob run --rm --network none owned:1 stat -c '%u %g' /etc/subuid /etc/link
	[ "$output" = $'0 0\n0 0' ]
	bob rmi owned:1
	rootless_grant bob 65536
	end_holder bob
}

@test "diff sees what a container has removed and replaced" {
	ann run --name marks --network none box:1 sh -c 'rm -r /home; mkdir /home; touch /home/new; rm /etc/group'
	run -0 ann diff marks
	[[ $output == *"D /etc/group"* && $output == *"A /home/new"* && $output == *"D /home/user"* ]]
	ann rm marks
}

@test "generate systemd: the user's own places need no flags" {
	ann create --name unit --network none box:1 true
	run -0 ann generate systemd --name unit
	[[ $output == *$'\nExecStart=/usr/bin/coffer start unit\n'* ]]
	ann rm unit
}
