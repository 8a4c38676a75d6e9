#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Quadlet files as systemd's generator sees them. tests/vm/systemd/quadlet.bats starts what comes out.

bats_require_minimum_version 1.5.0

setup() {
	units=$BATS_TEST_TMPDIR/units out=$BATS_TEST_TMPDIR/out
	mkdir "$units" "$out"
	export QUADLET_UNIT_DIRS=$units
}

quadlet() {
	"$COFFER_BIN/coffer-quadlet" "$@"
}

# file NAME LINE...
file() {
	local name=$1
	shift
	printf '%s\n' "$@" >"$units/$name"
}

# has SERVICE LINE: the line is in it
has() {
	grep -qxF -- "$2" "$out/$1" || { cat "$out/$1" && return 1; }
}

@test "a container becomes a service that makes, watches and removes it" {
	file web.container '[Unit]' 'Description=Web' '[Container]' 'Image=busybox' 'Exec=httpd -f -p 80' \
		'[Service]' 'Restart=always' '[Install]' 'WantedBy=multi-user.target a.target' 'RequiredBy=b.target'
	run -0 quadlet "$out"
	[ -z "$output" ]
	has web.service 'Description=Web'
	has web.service 'Restart=always'
	has web.service 'Type=notify'
	has web.service '[X-Container]'
	has web.service 'ExecStart=/usr/bin/coffer run --detach --replace --name systemd-web busybox httpd -f -p 80'
	has web.service 'ExecStop=-/usr/bin/coffer stop systemd-web'
	has web.service 'ExecStopPost=-/usr/bin/coffer rm -f -v systemd-web'
	[ "$(readlink "$out/multi-user.target.wants/web.service")" = ../web.service ]
	[ -L "$out/a.target.wants/web.service" ] && [ -L "$out/b.target.requires/web.service" ]
}

@test "kinds of files that cannot be services say so, also to those that need them" {
	file a.build '[Build]' 'ImageTag=x'
	file a.image '[Image]' 'Image=busybox'
	file a.kube '[Kube]' 'Yaml=x.yml'
	file web.container '[Container]' 'Image=a.image'
	run -1 quadlet "$out"
	[[ $output == *"a.build': coffer builds no images"* ]]
	[[ $output == *"a.image': no service pulls images"* ]]
	[[ $output == *"a.kube': coffer reads no files of Kubernetes"* ]]
	[[ $output == *"web.container': Image=a.image: no service pulls images"* ]]
	[ -z "$(ls -A "$out")" ]
}

@test "a pod becomes a service that its containers' are bound to" {
	file app.pod '[Pod]' 'PublishPort=8080:80' 'Network=front.network:ip=10.0.0.2' 'Label=a=1 b=2' 'ShmSize=1m' 'HostName=app' 'StopTimeout=3' \
		'PodmanArgs=--share +pid' '[Install]' 'WantedBy=default.target'
	file front.network '[Network]'
	file web.container '[Container]' 'Image=busybox' 'Pod=app.pod'
	file late.container '[Container]' 'Image=busybox' 'Pod=app.pod' 'StartWithPod=no'
	file other.container '[Container]' 'Image=busybox'
	run -0 quadlet "$out"
	[ -z "$output" ]
	has app-pod.service "ExecStartPre=/usr/bin/coffer pod create --replace --exit-policy stop --publish 8080:80 --label a=1 --label b=2 \
--shm-size 1m --hostname app --share +pid --network systemd-front:ip=10.0.0.2 --name systemd-app"
	has app-pod.service 'ExecStart=/usr/bin/coffer pod start systemd-app'
	has app-pod.service 'ExecStop=-/usr/bin/coffer pod stop --ignore --time 3 systemd-app'
	has app-pod.service 'ExecStopPost=-/usr/bin/coffer pod rm --ignore --force systemd-app'
	has app-pod.service 'Type=notify'
	has app-pod.service 'Restart=on-failure'
	has app-pod.service 'Wants=web.service'
	has app-pod.service 'Before=web.service'
	has app-pod.service 'Before=late.service'
	has app-pod.service 'Requires=front-network.service'
	has app-pod.service '[X-Pod]'
	run ! grep -q 'Wants=late\|other' "$out/app-pod.service"
	[ "$(readlink "$out/default.target.wants/app-pod.service")" = ../app-pod.service ]
	has web.service 'ExecStart=/usr/bin/coffer run --detach --replace --name systemd-web --pod systemd-app busybox'
	has web.service 'BindsTo=app-pod.service'
	has web.service 'After=app-pod.service'
	file app.pod '[Pod]' 'PodName=mine' 'ServiceName=mine-too' 'ExitPolicy=continue'
	quadlet "$out"
	has mine-too.service 'ExecStartPre=/usr/bin/coffer pod create --replace --exit-policy continue --name mine'
	has web.service 'BindsTo=mine-too.service'
}

@test "secrets, health and readiness" {
	file web.container '[Container]' 'Image=busybox' 'Secret=word,type=env,target=WORD' 'HealthCmd=true' 'HealthOnFailure=kill' \
		'Notify=healthy'
	quadlet "$out"
	has web.service "ExecStart=/usr/bin/coffer run --detach --replace --name systemd-web --secret word,type=env,target=WORD \
--health-cmd true --health-on-failure kill --sdnotify=healthy busybox"
	file web.container '[Container]' 'Image=busybox' 'Notify=yes'
	quadlet "$out"
	has web.service "ExecStart=/usr/bin/coffer run --detach --replace --name systemd-web --sdnotify=container busybox"
	has web.service 'Type=notify'
	has web.service 'NotifyAccess=all'
	file web.container '[Container]' 'Image=busybox' 'Notify=yes' '[Service]' 'Type=oneshot'
	quadlet "$out"
	has web.service "ExecStart=/usr/bin/coffer run --replace --name systemd-web busybox"
}

@test "keys become flags: values, lines, words and truths" {
	file web.container '[Container]' 'Image=busybox' 'ContainerName=web' 'Environment=A=1 "B=two words"' "Environment='C=\"3\"'" \
		'PublishPort=8080:80' 'PublishPort=53:53/udp' 'ReadOnly=yes' 'RunInit=0' 'HostName=first' 'HostName=last' \
		'NoNewPrivileges=true' 'User=1000' 'Group=100' 'SeccompProfile=/etc/s.json' 'PodmanArgs=--cpus 2'
	quadlet "$out"
	has web.service "ExecStart=/usr/bin/coffer run --detach --replace --name web --env A=1 --env \"B=two words\" --env \"C=\\\"3\\\"\" \
--publish 8080:80 --publish 53:53/udp --read-only=true --init=false --hostname last --security-opt=seccomp=/etc/s.json --cpus 2 \
--user 1000:100 --security-opt=no-new-privileges busybox"
}

@test "volumes and networks of other files: their names, and their services come first" {
	file web.container '[Container]' 'Image=busybox' 'Volume=data.volume:/data:ro' 'Volume=./site:/www' 'Volume=/srv:/srv' \
		'Volume=/anonymous' 'Mount=type=volume,source=named.volume,destination=/n' 'Network=front.network:ip=10.0.0.2' \
		'Network=db.container' 'EnvironmentFile=env'
	file data.volume '[Volume]'
	file named.volume '[Volume]' 'VolumeName=mine' 'User=1000' 'Type=tmpfs' 'Device=tmpfs' 'Options=size=1m'
	file front.network '[Network]' 'Subnet=10.0.0.0/24' 'Internal=true'
	file db.container '[Container]' 'Image=db'
	quadlet "$out"
	has web.service "ExecStart=/usr/bin/coffer run --detach --replace --name systemd-web --volume systemd-data:/data:ro \
--volume $units/site:/www --volume /srv:/srv --volume /anonymous --mount type=volume,source=mine,destination=/n \
--network systemd-front:ip=10.0.0.2 --network container:systemd-db --env-file $units/env busybox"
	local service
	for service in data-volume named-volume front-network db; do
		has web.service "Requires=$service.service"
		has web.service "After=$service.service"
	done
	has named-volume.service "ExecStart=/usr/bin/coffer volume create --opt type=tmpfs --opt device=tmpfs --opt o=uid=1000,size=1m mine"
	has front-network.service "ExecStart=/usr/bin/coffer network create --ignore --subnet 10.0.0.0/24 --internal=true systemd-front"
	has front-network.service Type=oneshot
}

@test "what cannot be is said with file and line, and the others are made" {
	file a.container '[Container]' 'Image=busybox' 'Colour=red'
	file b.container '[Container]' 'Exec=true'
	file c.container '[Container]' 'Image=busybox' 'Pod=x.pod'
	file g.container '[Container]' 'Image=busybox' 'Pod=systemd-x'
	file h.pod '[Pod]' 'Volume=/a:/b'
	file d.container '[Container]' 'Image=busybox' 'Volume=gone.volume:/x'
	file e.container 'Image=busybox'
	file f.container '[Container]' 'Image=busybox' 'Environment="A=1'
	file good.container '[Container]' 'Image=busybox'
	run -1 quadlet "$out"
	[[ $output == *"'$units/a.container', line 3: unknown key \"Colour\" in [Container]"* ]]
	[[ $output == *"'$units/b.container': [Container] has no Image="* ]]
	[[ $output == *"c.container' needs \"x.pod\", and there is no such file"* ]]
	[[ $output == *"g.container': Pod=systemd-x: it is the name of a .pod file"* ]]
	[[ $output == *"h.pod', line 2: Volume=: a pod has no files; give the volume to each of its containers"* ]]
	[[ $output == *"d.container' needs \"gone.volume\", and there is no such file"* ]]
	[[ $output == *"e.container', line 1: an assignment before the first section"* ]]
	[[ $output == *"f.container', line 3: a quote does not end: \"A=1"* ]]
	[ "$(ls "$out")" = good.service ]
}

@test "lines go on, comments do not count, and an empty value forgets" {
	# shellcheck disable=SC1003 # one backslash is meant
	file web.container '[Container]' '# a comment' 'Image=busybox' 'Exec=echo \' '; in between' '  one' 'Label=a=1' 'Label=' 'Label=b=2'
	quadlet "$out"
	has web.service 'ExecStart=/usr/bin/coffer run --detach --replace --name systemd-web --label b=2 busybox echo    one'
}

@test "one that ends by itself is waited for; dependencies on the network can be left out" {
	file job.container '[Container]' 'Image=busybox' '[Service]' 'Type=oneshot' '[Quadlet]' 'DefaultDependencies=false'
	quadlet "$out"
	has job.service 'ExecStart=/usr/bin/coffer run --replace --name systemd-job busybox'
	run ! grep -q network-online "$out/job.service"
}

@test "--dryrun writes nothing; without a folder it says how it is called" {
	file web.container '[Container]' 'Image=busybox'
	run -0 quadlet --dryrun
	[[ $output == "---web.service---"*"ExecStart="* ]]
	run -2 quadlet
	[[ $output == usage:* ]]
}
