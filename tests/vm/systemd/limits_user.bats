#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits for ordinary users: their service managers make the cgroups, of what was delegated to them.

bats_require_minimum_version 1.5.0
load ../../e2e/lib/coffer

LIMITED=1001

setup_file() {
	[ "$(</proc/1/comm)" = systemd ] || skip "needs systemd as the first process: run this with tests/vm/run --systemd"
	# a second user, to whom less is delegated
	grep -q "^limited:" /etc/passwd || echo "limited:x:$LIMITED:$LIMITED::/home/limited:/bin/sh" >>/etc/passwd
	grep -q "^limited:" /etc/group || echo "limited:x:$LIMITED:" >>/etc/group
	mkdir -p /home/limited /etc/systemd/system/user@$LIMITED.service.d
	chown 1000:1000 /home/user
	chown $LIMITED:$LIMITED /home/limited
	printf '[Service]\nDelegate=\nDelegate=memory pids\n' >/etc/systemd/system/user@$LIMITED.service.d/delegate.conf
	systemctl daemon-reload
	systemctl start user@$LIMITED.service
	box_tar "$BATS_FILE_TMPDIR/rootfs" >/var/tmp/box.tar
	chmod 644 /var/tmp/box.tar
	local uid
	for uid in 1000 $LIMITED; do of "$uid" import --change 'CMD ["/bin/sh"]' /var/tmp/box.tar box:1 >/dev/null; done
}

teardown_file() {
	local uid
	for uid in 1000 $LIMITED; do of "$uid" rm -af >/dev/null 2>&1 || true; done
	systemctl stop user@$LIMITED.service
	rm -rf /etc/systemd/system/user@$LIMITED.service.d
	systemctl daemon-reload
}

setup() {
	cd /
}

# of UID ARGUMENT...: coffer of that user, of whom the bus is known
of() {
	local uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups env -u DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR="/run/user/$uid" \
		HOME="$(sed -n "s,.*:x:$uid:.*:\([^:]*\):[^:]*,\1,p" /etc/passwd)" "$COFFER_BIN/coffer" "$@"
}

scope() {
	echo /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/coffer-"$1".scope
}

@test "an ordinary user's limits are those of a scope of his own service manager" {
	[ "$(of 1000 info --format '{{.CgroupDriver}}')" = systemd ]
	local disk
	disk=$(findmnt -n -o SOURCE --target /var)
	id=$(of 1000 run -d --network none --name all -m 64m --memory-swap 80m --memory-high 48m --cpus 0.5 --cpu-shares 512 \
		--cpuset-cpus 0 --pids-limit 50 --device-read-bps "$disk:1mb" box:1 sleep 1000)
	cd "$(scope "$id")"
	[ "$(cat memory.max memory.swap.max memory.high pids.max cpu.weight cpuset.cpus)" = \
		$'67108864\n16777216\n50331648\n50\n59\n0' ]
	[[ $(<cpu.max) == '50000 100000' ]]
	[[ $(<io.max) == *'rbps=1048576 wbps=max riops=max wiops=max' ]]
	cd /
	of 1000 update -m 96m --memory-swap 96m --pids-limit 60 all >/dev/null
	[ "$(cat "$(scope "$id")"/{memory.max,memory.swap.max,pids.max})" = $'100663296\n0\n60' ]
	[ "$(of 1000 stats --no-stream --format '{{.Name}} {{.PIDs}}')" = 'all 1' ]
	of 1000 pause all
	[ "$(<"$(scope "$id")/cgroup.freeze")" = 1 ]
	of 1000 unpause all
	[ "$(of 1000 exec all cat /proc/self/cgroup)" = 0::/ ]
	of 1000 rm -f all
	eventually test ! -e "$(scope "$id")"
}

@test "they hold: memory, processes" {
	run -137 of 1000 run --network none --name hog -m 16m --memory-swap 16m box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$(of 1000 inspect --format '{{.State.OOMKilled}} {{.State.Death.cause}}' hog)" = "true oom" ]
	of 1000 rm hog >/dev/null
	# shellcheck disable=SC2016 # for the shell inside
	run ! of 1000 run --rm --network none --pids-limit 5 box:1 sh -c 'for i in 1 2 3 4 5 6 7; do sleep 5 & done; wait'
	[[ $output == *"can't fork"* ]]
}

@test "what was not delegated: which controller, and what to write where" {
	run -0 of $LIMITED run --rm --network none -m 64m --pids-limit 50 box:1 cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	[ "${lines[-2]} ${lines[-1]}" = '67108864 50' ]
	run -125 of $LIMITED run --rm --network none --cpuset-cpus 0 box:1 true
	[[ $output == *'apply the cpuset: controller "cpuset" is not available in '*"user@$LIMITED.service"* ]]
	[[ $output == *'missing from cgroup.subtree_control of '* ]]
	[[ $output == *'Delegate=cpu cpuset io memory pids to /etc/systemd/system/user@.service.d/delegate.conf'* ]]
	[[ $output == *E-CG-CTRL* ]]
	run -0 of $LIMITED run --rm --network none --cgroups-best-effort --cpuset-cpus 0 box:1 true
	[[ $output == *'limit left out: apply the cpuset'* ]]
}

@test "without a service manager to ask: how to have one" {
	run -125 setpriv --reuid 1000 --regid 1000 --clear-groups env -u DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR=/home/user HOME=/home/user \
		"$COFFER_BIN/coffer" --runroot /run/user/1000/coffer run --rm --network none -m 64m box:1 true
	[[ $output == *'apply the memory limit: controller "memory" is not available'* ]]
	[[ $output == *"cannot be made: permission denied"* ]]
	# shellcheck disable=SC2016 # for a shell to expand
	[[ $output == *'loginctl enable-linger; export XDG_RUNTIME_DIR=/run/user/$(id -u)'* ]]
}
