#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What lists and documents look like: --format, --filter, --quiet, --no-trunc.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer tag box:1 box:2
	coffer tag box:1 registry.example:5000/team/app:x
	coffer create --network none --name one --label com.example.team-name=red --label a=1 -v /tmp:/mnt box:1 \
		sh -c 'echo "a long command line"' >/dev/null
	coffer run --network none --name two --label a=2 box:1 sh -c 'echo four >/file; exit 3' || [ $? -eq 3 ]
	coffer run -d --network none --name three box:1 sleep 1000 >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

# fails STATUS MESSAGE ARGUMENT...: nothing on standard output, and MESSAGE in the error.
fails() {
	local status_expected=$1 message=$2
	shift 2
	run "-$status_expected" --separate-stderr coffer "$@"
	[ -z "$output" ]
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == *"$message"* ]] || { echo "$stderr"; false; }
}

names() {
	coffer ps -a --format '{{.Names}}' "$@" | sort | tr '\n' ' '
}

@test "ps: fields of templates" {
	run -0 coffer ps -a -f name=one --format \
		'{{.Names}}|{{.Image}}|{{.Command}}|{{.Labels}}|{{.Label "a"}}|{{.Label "b"}}|{{.Mounts}}|{{.LocalVolumes}}|{{.Networks}}|{{.State}}|{{.Status}}|{{.Ports}}'
	[ "$output" = 'one|box:1|"sh -c echo \"a long …"|a=1,com.example.team-name=red|1||/tmp|0|none|created|Created|' ]
	run -0 coffer ps -a -f name=two --no-trunc --format '{{len .ID}} {{.Command}} {{.Size}} {{.CreatedAt}}'
	[[ $output =~ ^'64 "sh -c echo four >/file; exit 3" 5B (virtual '[0-9.]+MB') '[0-9]{4}-[0-9-]{5}\ [0-9:]{8}\ [+-] ]]
}

@test "ps: tables of one's own have headers" {
	run -0 coffer ps -f name=three --format 'table {{.Names}}\t{{.Label "com.example.team-name"}}\t{{lower .State}}'
	[ "${lines[0]}" = 'NAMES     team name   STATE' ]
	[ "${lines[1]}" = 'three                 running' ]
	run -0 coffer ps -f name=nosuch --format 'table {{.ID}}'
	[ "$output" = 'CONTAINER ID' ]
}

@test "ps: json has a line for each; -s has a column more" {
	run -0 coffer ps -a -f name=two --format json
	[ "$(jq -r '[.Names, .State, .Labels, .Size] | join(" ")' <<<"$output")" = 'two exited a=2 0B' ]
	run -0 coffer ps -a -s -f name=two
	[[ ${lines[0]} == *SIZE && ${lines[1]} == *'5B (virtual '*')' ]]
}

@test "ps: -q says that it ignores --format" {
	run -0 --separate-stderr coffer ps -q -f name=three --format '{{.Names}}'
	[[ $output =~ ^[0-9a-f]{12}$ ]]
	[ "$stderr" = 'coffer: --format is ignored, because --quiet is given' ]
}

@test "ps: filters" {
	[ "$(names)" = 'one three two ' ]
	[ "$(names -f label=a)" = 'one two ' ]
	[ "$(names -f label=a=2)" = 'two ' ]
	[ "$(names -f label=a -f label=a=2)" = 'two ' ]
	[ "$(names -f status=created -f status=running)" = 'one three ' ]
	[ "$(names -f exited=3)" = 'two ' ]
	[ "$(names -f before=two)" = 'one ' ]
	[ "$(names -f since=two)" = 'three ' ]
	[ "$(names -f volume=/mnt)$(names -f volume=/tmp)" = 'one one ' ]
	[ "$(names -f network=none)" = 'one three two ' ]
	[ "$(names -f network=host)" = '' ]
	[ "$(names -f ancestor=box:2)" = 'one three two ' ]
	[ "$(names -f ancestor=nosuch)" = '' ]
	[ "$(names -f health=none -f is-task=false -f isolation=default)" = 'one three two ' ]
	[ "$(names -f health=starting -f health=healthy -f health=unhealthy)" = '' ]
	[ "$(names -f publish=80-90/udp)$(names -f expose=80)" = '' ]
	[ "$(coffer ps -f since=one --format '{{.Names}}' | sort | tr '\n' ' ')" = 'three two ' ]
}

@test "ps: filters that cannot be" {
	fails 125 "invalid filter 'publish=x': it is PORT[-PORT][/PROTOCOL]" ps -f publish=x
	fails 125 "invalid filter 'expose=9-8': it is PORT" ps -f expose=9-8
	fails 125 "invalid filter 'health=x': it is starting, healthy, unhealthy or none" ps -f health=x
	fails 125 "invalid filter 'is-task=x': it is true or false" ps -f is-task=x
	fails 125 "invalid filter 'isolation=x': it is default, process or hyperv" ps -f isolation=x
	fails 1 'No such container: nosuch' ps -f before=nosuch
}

@test "templates that cannot be parsed: 64 for documents, 1 for lists, as with Docker; those that cannot be executed fail" {
	fails 1 'template parsing error: template: :1: function "foo" not defined' ps --format '{{foo}}'
	for document in 'inspect three' 'container inspect three' 'image inspect box:1' 'volume inspect data' info version; do
		read -ra words <<<"$document"
		fails 64 'template parsing error: template: :1: unclosed action' "${words[@]}" -f '{{.ID'
	done
	fails 1 'template parsing error: template: :1: unexpected EOF' images --format '{{if .ID}}'
	fails 1 "executing \"\" at <.Foo>: can't evaluate field Foo in type container" ps --format '{{.Foo}}'
	fails 1 'hint:  the fields are .ID .Image' ps --format '{{.Foo}}'
	fails 1 'executing "" at <.Foo>: map has no entry for key "Foo"' inspect -f '{{.Foo}}' three
}

@test "images: fields, digests, filters" {
	run -0 coffer images --format '{{.Repository}}|{{.Tag}}|{{.Digest}}|{{.Containers}}'
	[ "$(sort <<<"$output")" = "$(printf '%s\n' 'box|1|<none>|N/A' 'box|2|<none>|N/A' 'registry.example:5000/team/app|x|<none>|N/A')" ]
	run -0 coffer images --format 'table {{.ID}}\t{{.Tag}}' -f reference='box:1'
	[[ ${lines[0]} == 'IMAGE ID       TAG' && ${lines[1]} =~ ^[0-9a-f]{12}\ {3}1$ && ${#lines[@]} -eq 2 ]]
	[ "$(coffer images -q -f reference='*:5000/*/app' | wc -l)" -eq 1 ]
	[ "$(coffer images -q -f dangling=false | wc -l)" -eq 3 ]
	[ "$(coffer images -q -f dangling=true -f label=x | wc -l)" -eq 0 ]
	[ "$(coffer images -q -f before=box:1 | wc -l)" -eq 0 ]
	[ "$(coffer images -q -f until=2099-01-01 | wc -l)" -eq 3 ]
	[ "$(coffer images -q -f until=24h | wc -l)" -eq 0 ]
	[ "$(coffer images --format json box:1 | jq -r .Repository)" = box ]
	fails 125 "invalid filter 'dangling=x': it is true or false" images -f dangling=x
	fails 125 "invalid filter 'until=x': it is a time or a duration" images -f until=x
	fails 1 'No such image: nosuch' images -f since=nosuch
}

@test "inspect: templates, as Docker's" {
	run -0 coffer inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.Name}} {{.Config.Labels}}' two
	[ "$output" = 'exited 3 /two map[a:2]' ]
	run -0 coffer inspect -f '{{.Mounts}} {{index .Config.Labels "a"}}{{range .Mounts}} {{.Source}}:{{.Destination}}{{end}}' one
	[ "$output" = '[{bind  /tmp /mnt   true rprivate}] 1 /tmp:/mnt' ]
	run -0 coffer inspect -f '{{json .State.Running}} {{if .State.Health}}sick{{else}}none{{end}} {{.Config.Labels.nosuch}}' three
	[ "$output" = 'true none <no value>' ]
	run -0 coffer inspect -f '{{range .RootFS.Layers}}{{println .}}{{end}}' box:1
	[[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
	[ "$(coffer inspect -f '{{.Id}}' two)" = "$(coffer inspect -f '{{.ID}}' two)" ]
	[ "$(coffer container inspect -f json one two | jq -r '.[].Name' | tr '\n' ' ')" = '/one /two ' ]
}

@test "inspect: a container's document has all that Docker's has, in its order" {
	coffer create --network none --name whole --device /dev/null:/dev/x:r --ulimit nofile=10:20 --tmpfs /t \
		--sysctl net.ipv4.ip_forward=1 box:1 true
	run -0 coffer inspect -f json whole
	keys() { jq -r "$1 | keys_unsorted | join(\" \")" <<<"$output"; }
	[ "$(keys '.[0]')" = 'Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver Platform MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config NetworkSettings' ]
	[ "$(keys '.[0].State')" = 'Status Running Paused Restarting OOMKilled Dead Pid ExitCode Error StartedAt FinishedAt' ]
	[ "$(keys '.[0].HostConfig | del(.Tmpfs, .Sysctls)')" = 'Binds ContainerIDFile LogConfig NetworkMode PortBindings RestartPolicy AutoRemove VolumeDriver VolumesFrom ConsoleSize CapAdd CapDrop CgroupnsMode Dns DnsOptions DnsSearch ExtraHosts GroupAdd IpcMode Cgroup Links OomScoreAdj PidMode Privileged PublishAllPorts ReadonlyRootfs SecurityOpt UTSMode UsernsMode ShmSize Runtime Isolation CpuShares Memory NanoCpus CgroupParent BlkioWeight BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems Devices DeviceCgroupRules DeviceRequests MemoryReservation MemorySwap MemorySwappiness OomKillDisable PidsLimit Ulimits CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth MaskedPaths ReadonlyPaths' ]
	[ "$(keys '.[0].Config | del(.StopSignal)')" = 'Hostname Domainname User AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Env Cmd Image Volumes WorkingDir Entrypoint OnBuild Labels' ]
	[ "$(jq -c '.[0].HostConfig | [.Binds, .Devices, .Ulimits, .Tmpfs, .Sysctls, .LogConfig, .ConsoleSize]' <<<"$output")" = \
		'[null,[{"PathOnHost":"/dev/null","PathInContainer":"/dev/x","CgroupPermissions":"r"}],[{"Name":"nofile","Hard":20,"Soft":10}],{"/t":""},{"net.ipv4.ip_forward":"1"},{"Type":"json-file","Config":{}},[0,0]]' ]
	[ "$(jq -r '.[0].NetworkSettings | (keys_unsorted | length), (.Networks.none | keys_unsorted | length)' <<<"$output" | tr '\n' ' ')" = '18 15 ' ]
	coffer rm whole
}

@test "inspect: what was asked for of the network, also of one that never ran" {
	coffer create --network bridge --name asked -p 8282:80 -p 127.0.0.1:8283:80 -p 7000-7001/udp --expose 90 -P --dns 1.1.1.1 \
		--dns-search a.b --dns-option ndots:2 --add-host foo:1.2.3.4 --cidfile "$BATS_TEST_TMPDIR/id" box:1 true
	run -0 coffer inspect -f json asked
	of_host() { jq -cS ".[0].HostConfig | $1" <<<"$output"; }
	[ "$(of_host .PortBindings)" = '{"7000/udp":[{"HostIp":"","HostPort":""}],"7001/udp":[{"HostIp":"","HostPort":""}],"80/tcp":[{"HostIp":"","HostPort":"8282"},{"HostIp":"127.0.0.1","HostPort":"8283"}]}' ]
	[ "$(of_host '[.PublishAllPorts, .Dns, .DnsOptions, .DnsSearch, .ExtraHosts]')" = \
		'[true,["1.1.1.1"],["ndots:2"],["a.b"],["foo:1.2.3.4"]]' ]
	[ "$(of_host .ContainerIDFile)" = "\"$BATS_TEST_TMPDIR/id\"" ]
	[ "$(jq -cS '.[0].Config.ExposedPorts' <<<"$output")" = '{"7000/udp":{},"7001/udp":{},"80/tcp":{},"90/tcp":{}}' ]
	coffer rm asked
	coffer create --network none --name asked box:1 true
	run -0 coffer inspect -f json asked
	[ "$(of_host '[.PortBindings, .PublishAllPorts, .Dns, .DnsOptions, .DnsSearch, .ExtraHosts, .ContainerIDFile]')" = \
		'[{},false,[],[],[],null,""]' ]
	coffer rm asked
}

@test "inspect: an image's document has what Docker's has" {
	run -0 coffer image inspect -f '{{.ID}} {{.Os}} {{.Config.Cmd}} {{.RootFS.Type}} {{.Metadata.LastTagTime}} {{.Config.ExposedPorts}}|{{.DockerVersion}}|' box:1
	[[ $output =~ ^sha256:[0-9a-f]{64}\ linux\ \[/bin/sh\]\ layers\ 0001-01-01T00:00:00Z\ map\[\]\|\|$ ]]
}

@test "inspect: what is there is shown, what is not is said" {
	run -1 --separate-stderr coffer inspect -f '{{.Name}}' one nosuch two
	[ "$output" = "$(printf '/one\n/two')" ]
	[[ $stderr == *'No such object: nosuch'* ]]
	run -0 coffer inspect --size -f '{{.SizeRw}} {{gt .SizeRootFs 1000}}' two
	[ "$output" = '5 true' ]
	[ "$(coffer inspect -f '{{.SizeRw}}' two)" = '<nil>' ]
}

@test "a terminal is not driven by labels" {
	coffer create --network none --name colours --label "c=$(printf 'a\033[31mb')" box:1 true
	[ "$(coffer inspect -f '{{.Config.Labels.c}}' colours)" = "$(printf 'a\033[31mb')" ]
	script -qec "$COFFER_BIN/coffer --root $COFFER_TEST_ROOT/root --runroot $COFFER_TEST_ROOT/run inspect -f '{{.Config.Labels.c}}' colours" \
		/dev/null </dev/null >"$BATS_TEST_TMPDIR/seen"
	grep -qF 'a\x1b[31mb' "$BATS_TEST_TMPDIR/seen"
	coffer rm colours
}

@test "info: Docker's fields and layout" {
	run -0 coffer info
	[[ $output == *$'Server:\n Containers: 3\n  Running: 1\n  Paused: 0\n  Stopped: 2\n Images: 1\n Server Version: '* ]]
	[[ $output == *$'\n Storage Driver: overlay2\n  Backing Filesystem: '* && $output == *$'\n Total Memory: '* ]]
	[ "$(coffer info --format '{{.Driver}} {{.ContainersRunning}} {{.DefaultRuntime}}')" = 'overlay2 1 coffer-runtime' ]
	[ "$(coffer system info -f '{{range $name, $runtime := .Runtimes}}{{$name}}{{end}}')" = coffer-runtime ]
	[ "$(coffer info -f json | jq -r '.DockerRootDir')" = "$COFFER_TEST_ROOT/root" ]
	[ "$(coffer info -f '{{.NCPU}}')" = "$(grep -c ^processor /proc/cpuinfo)" ]
	fails 1 "can't evaluate field Nosuch in type info" info -f '{{.Nosuch}}'
	fails 64 'unclosed action' info -f '{{'
}
