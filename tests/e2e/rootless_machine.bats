#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Machines that lack something for ordinary users, and what is said then. The network namespace that this file runs in
# plays the host.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network
load lib/rootless

setup_file() {
	[ "$(ip -o link show | grep -cv ': lo')" -eq 0 ] || skip "needs a network namespace of its own (tests/run makes one)"
	rootless_file_setup
	[ -e "$ROOTLESS/tun" ] || skip "this kernel has no /dev/net/tun"
	make_outside
	ip route add default via 198.51.100.2
	ann import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
}

teardown_file() {
	[ -z "${OUTSIDE:-}" ] || kill "$OUTSIDE"
	rootless_file_teardown
}

# elsewhere SCRIPT: a part of a test where mounts of its own are seen by nobody else, with the words of lib/rootless.bash
elsewhere() {
	unshare --mount --propagation private -- bash -e -c "$(declare -f as uid_of ann bob)
$1"
}

@test "info says what there is, and how it comes" {
	run -0 ann info --format '{{.Rootless.Network}}; {{.Rootless.Ports}}; {{.Rootless.IDs}}; {{.Rootless.RunDir}}'
	[ "$output" = "pasta; published from 1024 up (net.ipv4.ip_unprivileged_port_start); 0-65536; $ROOTLESS/ann/run/coffer" ]
	run -0 ann info --rootless
	[ "${lines[*]:0:4}" = "Storage: overlay2 IDs: 0-65536 Limits: none Network: pasta" ]
	[[ $output == *'WARNING: '* && $output != *'Kernel Version'* ]]
	run -1 "$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/root" --runroot "$BATS_TEST_TMPDIR/run" info --rootless
	[[ $output == *'info --rootless is for users who are not root'* ]]
	sysctl -qw net.ipv4.ip_unprivileged_port_start=80
	run -0 ann info
	sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
	[[ $output == *$' Rootless:\n  IDs: 0-65536\n'* ]]
	[[ $output == *'  Ports: published from 80 up (net.ipv4.ip_unprivileged_port_start)'* ]]
}

@test "ping reaches other machines where the user's group may ask" {
	sysctl -qw net.ipv4.ping_group_range='1 0'
	run ann run --rm box:1 ping -c 1 -W 1 198.51.100.2
	[ "$status" -ne 0 ]
	run -0 ann info
	[[ $output == *"WARNING: Containers cannot ping other machines: group $(uid_of ann) is not in net.ipv4.ping_group_range: as root, sysctl net.ipv4.ping_group_range='0 2147483647'"* ]]
	sysctl -qw net.ipv4.ping_group_range='0 2147483647'
	run -0 ann info --format '{{.Rootless.Ping}}'
	[ "$output" = everywhere ]
	pings() { ann run --rm box:1 ping -c 1 -W 5 198.51.100.2; }
	eventually pings
}

@test "a helper that has no right to map ids is named, with what gives it one" {
	end_holder bob
	mkdir "$ROOTLESS/powerless"
	cp "$(command -v newuidmap)" "$(command -v newgidmap)" "$ROOTLESS/powerless/"
	chmod 755 "$ROOTLESS/powerless" "$ROOTLESS"/powerless/*
	run -125 as bob env PATH="$ROOTLESS/powerless:$PATH" "$COFFER_BIN/coffer" ps
	[ "${lines[0]}" = "coffer: newuidmap refused to map the ids of '/etc/subuid', with status 1" ]
	[ "${lines[1]}" = "  cause: '$ROOTLESS/powerless/newuidmap' has neither setuid nor capabilities, or its file system is mounted nosuid" ]
	[ "${lines[2]}" = "  hint:  chmod u+s $ROOTLESS/powerless/newuidmap, as root" ]
}

@test "why there is one id only is said" {
	rootless_grant bob 0
	end_holder bob
	run -0 bob info
	[[ $output == *"WARNING: Containers have one user and one group only: /etc/subuid has no ids for bob: as root, usermod --add-subuids 100000-165535 --add-subgids 100000-165535 bob"* ]]
	rootless_grant bob 65536
	end_holder bob
	mkdir -p "$ROOTLESS/empty"
	run -0 as bob env PATH="$ROOTLESS/empty" "$COFFER_BIN/coffer" info
	[[ $output == *"WARNING: Containers have one user and one group only: there is no newuidmap: install the package uidmap"* ]]
	run -0 bob info
	[[ $output == *"one group only: there were no more when your namespaces were made: end your coffer-holder"* ]]
	end_holder bob
}

@test "the device of networks, and what leads out" {
	chmod 600 "$ROOTLESS/tun"
	run -0 ann info
	chmod 666 "$ROOTLESS/tun"
	[[ $output == *"WARNING: Containers have no network: /dev/net/tun cannot be opened: as root, chmod 666 /dev/net/tun"* ]]
	end_holder ann
	ROOTLESS_HIDDEN=$(command -v pasta) run -0 ann info --format '{{.Rootless.Network}}'
	[ "$output" = slirp4netns ]
	end_holder ann
	ROOTLESS_HIDDEN="$(command -v pasta) $(command -v slirp4netns)" run -0 ann info
	[[ $output == *"WARNING: Containers have no network: there is neither pasta nor slirp4netns: install the package passt"* ]]
	end_holder ann
}

@test "a machine that is connected to nothing" {
	ip route del default
	ip link set out down
	run -0 ann run --rm --publish 8080:80 box:1 echo works
	ann network create one >/dev/null
	ann run --detach --name web --network one --publish 8080:80 box:1 nc -ll -p 80 -e echo hello >/dev/null
	says_hello() { [ "$("$@")" = hello ]; }
	eventually says_hello ann run --rm --network one box:1 nc web 80
	eventually says_hello socat - TCP:127.0.0.1:8080
	ann rm --force web >/dev/null
	end_holder ann
	export ROOTLESS_HIDDEN
	ROOTLESS_HIDDEN=$(command -v slirp4netns)
	run -125 ann run --rm box:1 true
	[ "${lines[0]}" = "coffer: connect the container: pasta failed" ]
	[[ ${lines[1]} == "  cause: pasta says: "* ]]
	run -0 --separate-stderr ann run --rm --network one box:1 echo works
	unset ROOTLESS_HIDDEN
	end_holder ann
	ann network rm one >/dev/null
	ip link set out up
	ip route add default via 198.51.100.2
	[ "$output" = works ]
	# shellcheck disable=SC2154 # run assigns it
	[[ $stderr == *'your networks lead nowhere: connect the container: pasta failed'* ]]
}

@test "a home that is mounted noexec, nosuid or nodev" {
	end_holder bob
	for option in noexec nosuid nodev; do
		mount -t tmpfs -o "$option,mode=700,uid=$(uid_of bob),gid=$(uid_of bob)" home "$ROOTLESS/bob"
		as bob mkdir -m 700 run
		bob import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
		run -0 bob run --rm --network none box:1 sh -c 'head -c 1 /dev/zero >/zero && echo works'
		info=$(bob info)
		run bob --storage-driver vfs run --rm --network none box:1 echo works
		end_holder bob
		umount "$ROOTLESS/bob"
		if [ "$option" = noexec ]; then
			[[ $output == *"permission denied"*"it is on a mount with noexec"* ]]
			[[ $info == *"WARNING: '$ROOTLESS/bob/.local/share/coffer' is mounted noexec: what is in volumes, and everything with the storage driver vfs, cannot be executed: --root DIRECTORY, on another file system"* ]]
		else
			[ "$output" = works ]
			[[ $info != *'is mounted no'* ]]
		fi
	done
}

@test "overlays are the kernel's where it allows them, and images are copied where it does not" {
	run -0 ann run --rm --network none box:1 grep ' / / ' /proc/self/mountinfo
	[[ $output == *' - overlay '*,userxattr* ]]
	end_holder bob
	mount -t tmpfs below "$ROOTLESS/bob"
	mkdir "$ROOTLESS/bob"/{upper,work,lower}
	chown "$(uid_of bob):$(uid_of bob)" "$ROOTLESS/bob/upper"
	mount -t overlay -o "lowerdir=$ROOTLESS/bob/lower,upperdir=$ROOTLESS/bob/upper,workdir=$ROOTLESS/bob/work" home \
		"$ROOTLESS/bob"
	as bob mkdir -m 700 run
	bob import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
	run -0 --separate-stderr bob run --rm --network none box:1 sh -c 'echo works >/file; cat /file'
	driver=$(bob info --format '{{.Driver}}' 2>/dev/null)
	end_holder bob
	umount "$ROOTLESS/bob"
	umount "$ROOTLESS/bob"
	[ "$output" = works ]
	[ "$driver" = vfs ]
	[[ $stderr == *"no overlays here, so the image is copied (storage driver vfs): overlay2: mount an overlay: invalid argument"*"is on overlayfs, which cannot be an overlay's upper directory"* ]]
}

@test "overlays of a program's, who may and who may not" {
	command -v fuse-overlayfs >/dev/null || skip 'there is no fuse-overlayfs'
	[ -e "$ROOTLESS/fuse" ] || skip 'there is no /dev/fuse'
	id=$(ann --storage-driver fuse-overlayfs run --detach --name fuse --network none box:1 \
		sh -c 'rm -r /home; mkdir /home; touch /home/new; chown 1000:1000 /home/new; sleep 1000')
	is_made() { ann exec fuse sh -c '[ "$(stat -c %u:%g /home/new)" = 1000:1000 ]'; }
	eventually is_made
	[ "$(ann diff fuse | paste -sd ' ')" = 'C /home A /home/new D /home/user' ]
	[ "$(ann exec --user 1000 fuse sh -c 'echo hello >/home/new; cat /home/new')" = hello ]
	ann commit fuse box:fuse >/dev/null
	[ "$(ann run --rm --network none box:fuse ls /home)" = new ]
	ann rm --force fuse
	ended() { ! pgrep --runstates DRST --full "^fuse-overlayfs .*=snapshots/$id/upper"; }
	eventually ended
	ann rmi box:fuse
	chmod 600 "$ROOTLESS/fuse"
	run -125 ann --storage-driver fuse-overlayfs run --rm --network none box:1 true
	chmod 666 "$ROOTLESS/fuse"
	[[ $output == *"mount an overlay by fuse-overlayfs: open '/dev/fuse': permission denied"*'hint:  chmod 666 /dev/fuse, as root'* ]]
}

@test "processes of others may be hidden" {
	end_holder bob
	bob import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
	end_holder bob
	run -0 elsewhere 'mount -t proc -o hidepid=2 another /proc # not a remount: that one is shared with everybody
		bob run --detach --name hidden --network none --user 1000 box:1 sleep 1000 >/dev/null
		bob exec hidden id -u
		bob top hidden -eo pid,args | sed "1d; s/^ *[0-9]* *//"
		bob stop --time 0 hidden
		bob inspect --format "{{.State.ExitCode}}" hidden
		bob rm hidden'
	end_holder bob
	[ "$output" = $'1000\nsleep 1000\nhidden\n137\nhidden' ]
}

@test "where systemd ends sessions, who does not linger is warned" {
	end_holder bob
	run -0 elsewhere 'mount -t tmpfs run /run
		mount -t tmpfs lib /var/lib
		mkdir -p /run/systemd/system /var/lib/systemd/linger
		bob info --format "{{.Rootless.Lingering}} {{json .Warnings}}"
		: >/var/lib/systemd/linger/bob
		bob info --format "{{.Rootless.Lingering}} {{json .Warnings}}"'
	end_holder bob
	[[ ${lines[0]} == 'no '*'Containers may end with your last session: loginctl enable-linger bob'* ]]
	[[ ${lines[1]} == 'yes '* && ${lines[1]} != *'Containers may end'* ]]
}

@test "without a runtime directory" {
	run -0 as bob env --unset XDG_RUNTIME_DIR "$COFFER_BIN/coffer" info
	pid=$(cut -d ' ' -f 1 "/tmp/coffer-$(uid_of bob)/holder")
	kill -KILL "$pid"
	eventually is_gone "$pid"
	rm -r "/tmp/coffer-$(uid_of bob)"
	[[ $output == *"WARNING: there is no XDG_RUNTIME_DIR of yours, so what runs is kept track of in /tmp: log in by a session of systemd's, or export XDG_RUNTIME_DIR=DIRECTORY"* ]]
}

# refused SETTING VALUE: where a setting forbids user namespaces. It stands in a file over the kernel's; that there are
# none is so by another one, which is hidden.
refused() {
	local pid status=0
	unshare --user -- sleep 7200 3>&- &
	pid=$!
	apart() { [ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/self/ns/user)" ]; }
	eventually apart
	echo '0 0 4294967295' >"/proc/$pid/uid_map"
	echo '0 0 4294967295' >"/proc/$pid/gid_map"
	# shellcheck disable=SC2016 # expanded by the inner shell
	nsenter --user="/proc/$pid/ns/user" -- unshare --mount -- bash -c "$(declare -f as uid_of bob)"'
		echo 0 >/proc/sys/user/max_user_namespaces
		if [ "$0" != user/max_user_namespaces ]; then
			mount -t tmpfs settings /proc/sys/user
			mount -t tmpfs settings /proc/sys/kernel
			echo "$1" >"/proc/sys/$0"
		fi
		bob ps' "$@" || status=$?
	kill "$pid"
	return "$status"
}

@test "a setting that forbids user namespaces is named, with what allows them" {
	end_holder bob
	run -125 refused user/max_user_namespaces 0
	[[ ${lines[0]} == "coffer: cannot make a user namespace, without which user $(uid_of bob) cannot have containers: "* ]]
	[ "${lines[1]}" = "  cause: '/proc/sys/user/max_user_namespaces' is 0" ]
	[ "${lines[2]}" = "  hint:  sysctl user.max_user_namespaces=15000, as root" ]
	run -125 refused kernel/unprivileged_userns_clone 0
	[ "${lines[1]}" = "  cause: '/proc/sys/kernel/unprivileged_userns_clone' is 0" ]
	[ "${lines[2]}" = "  hint:  sysctl kernel.unprivileged_userns_clone=1, as root" ]
	run -125 refused kernel/apparmor_restrict_unprivileged_userns 1
	[ "${lines[1]}" = "  cause: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns' is 1" ]
	[ "${lines[2]}" = "  hint:  sysctl kernel.apparmor_restrict_unprivileged_userns=0, as root" ]
}

@test "no program of ours is setuid or has capabilities" {
	run find "$COFFER_BIN" -maxdepth 1 -name 'coffer*' -perm /6000
	[ -z "$output" ]
	run getcap "$COFFER_BIN"/coffer*
	[ -z "$output" ]
}
