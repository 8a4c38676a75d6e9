#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers as services of a real systemd: Quadlet files, generated units, and the unit that ships.

bats_require_minimum_version 1.5.0
load ../../e2e/lib/coffer

setup_file() {
	[ "$(</proc/1/comm)" = systemd ] || skip "needs systemd as the first process: run this with tests/vm/run --systemd"
	mkdir -p /usr/lib/systemd/system-generators /etc/coffer/systemd
	ln -sf "$COFFER_BIN/coffer" /usr/bin/coffer
	ln -sf "$COFFER_BIN/coffer-quadlet" /usr/lib/systemd/system-generators/coffer-quadlet
	box_tar "$BATS_FILE_TMPDIR/rootfs" | /usr/bin/coffer import --change 'CMD ["/bin/sh"]' - box:1 >/dev/null
}

setup() {
	coffer() { /usr/bin/coffer "$@"; } # as the services call it
}

teardown() {
	rm -f /etc/coffer/systemd/* /etc/systemd/system/container-*.service
	systemctl daemon-reload
}

property() {
	systemctl show --value -p "$1" "$2"
}

is() { # UNIT PROPERTY VALUE
	[ "$(property "$2" "$1")" = "$3" ]
}

@test "a .container file is a service: up when the container runs, down when it ends, removed with it" {
	cat >/etc/coffer/systemd/web.container <<-'EOF'
		[Container]
		Image=box:1
		Network=none
		Exec=sh -c "trap 'exit 0' TERM; sleep 1000 & wait"
		Volume=data.volume:/data
	EOF
	echo '[Volume]' >/etc/coffer/systemd/data.volume
	systemctl daemon-reload
	systemctl start web
	is web ActiveState active
	is data-volume ActiveState active
	coffer volume inspect systemd-data >/dev/null
	[[ $(tr '\0' ' ' <"/proc/$(property MainPID web)/cmdline") == *"coffer-monitor systemd-web"* ]]
	[ "$(coffer ps --format '{{.Names}} {{.State}}')" = "systemd-web running" ]
	systemctl stop web
	is web Result success
	[ -z "$(coffer ps -aq)" ]
}

@test "a .pod file is a service that brings its containers, ends with them, and takes them along" {
	printf '%s\n' '[Pod]' Network=none >/etc/coffer/systemd/app.pod
	cat >/etc/coffer/systemd/one.container <<-'EOF'
		[Container]
		Image=box:1
		Pod=app.pod
		Exec=sh -c "trap 'exit 0' TERM; sleep 1000 & wait"
	EOF
	sed 's/Pod=app.pod/&\nStartWithPod=no/' /etc/coffer/systemd/one.container >/etc/coffer/systemd/two.container
	systemctl daemon-reload
	systemctl start app-pod
	eventually is one ActiveState active
	is two ActiveState inactive
	systemctl start two
	[ "$(coffer pod ls --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}')" = 'systemd-app Running 3' ]
	[[ $(tr '\0' ' ' <"/proc/$(property MainPID app-pod)/cmdline") == *coffer-monitor*-infra* ]]
	systemctl stop app-pod
	eventually is one ActiveState inactive
	eventually is two ActiveState inactive
	is app-pod Result success
	[ -z "$(coffer pod ls -q)$(coffer ps -aq)" ]
	systemctl start one # needs the pod
	is app-pod ActiveState active
	coffer kill --signal TERM systemd-one
	eventually is app-pod ActiveState inactive
	eventually is one ActiveState inactive
	none_left() { [ -z "$(coffer pod ls -q)$(coffer ps -aq)" ]; }
	eventually none_left
}

@test "its exit code is the service's, and Restart= works" {
	cat >/etc/coffer/systemd/flaky.container <<-'EOF'
		[Container]
		Image=box:1
		Network=none
		Volume=/var/tmp:/host
		Exec=sh -c "[ -e /host/second ] && exec sleep 1000; touch /host/second; exit 7"
		[Service]
		Restart=on-failure
		RestartSec=100ms
	EOF
	systemctl daemon-reload
	systemctl start flaky
	eventually is flaky NRestarts 1
	eventually is flaky ActiveState active
	coffer kill systemd-flaky >/dev/null
	eventually is flaky NRestarts 2
	systemctl stop flaky
	rm -f /var/tmp/second
}

@test "generate systemd: a unit for a container that is there" {
	coffer create --name box --network none box:1 sleep 1000 >/dev/null
	cd /etc/systemd/system
	coffer generate systemd --files box >/dev/null
	systemctl daemon-reload
	systemctl start container-box
	is container-box ActiveState active
	[ "$(coffer ps --format '{{.Names}}')" = box ]
	systemctl stop container-box
	[ "$(coffer inspect box --format '{{.State.Status}}')" = exited ]
	coffer rm box >/dev/null
}
