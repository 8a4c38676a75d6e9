#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Templates on coffer's own documents, in Docker's command line and in ours. An engine that knows nothing else answers
# Docker's with what `coffer inspect` printed.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	command -v docker >/dev/null || skip "docker is not installed"
	coffer_file_setup
	mkdir -p "$BATS_FILE_TMPDIR"/engine/{containers,images}
	coffer create --network none --name web --label b=2 --label a=1 --label com.example.x-y=z -e A=b -e 'C=d e' -v /tmp:/mnt:ro \
		--tmpfs /t --ulimit nofile=10:20 -m 64m --cpus 1.5 --sysctl net.ipv4.ip_forward=1 box:1 sh -c 'exit 3' >/dev/null
	coffer inspect web | jq '.[0]' >"$BATS_FILE_TMPDIR/engine/containers/web"
	coffer run --network none --name ended box:1 sh -c 'exit 3' || [ $? -eq 3 ]
	coffer inspect ended | jq '.[0]' >"$BATS_FILE_TMPDIR/engine/containers/ended"
	coffer run --network none --name looked-at --health-cmd true --health-interval 1h box:1 true
	coffer inspect looked-at | jq '.[0]' >"$BATS_FILE_TMPDIR/engine/containers/looked-at"
	coffer tag box:1 box:latest
	coffer inspect box:latest | jq '.[0]' >"$BATS_FILE_TMPDIR/engine/images/box"
	coffer info -f json >"$BATS_FILE_TMPDIR/engine/info"
	export DOCKER_HOST=unix://$BATS_FILE_TMPDIR/engine/socket
	python3 "$BATS_TEST_DIRNAME/lib/answering-engine.py" "$BATS_FILE_TMPDIR/engine/socket" "$BATS_FILE_TMPDIR/engine" \
		3>&- &
	echo $! >"$BATS_FILE_TMPDIR/engine/pid"
	eventually test -S "$BATS_FILE_TMPDIR/engine/socket"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/engine/pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/engine/pid")"
	coffer_file_teardown
}

# same COMMAND... <TEMPLATES: each line of standard input gives the same in both command lines. What they complain of is
# the same, too; how they begin to is not.
same() {
	local template different=0
	while IFS= read -r template; do
		docker "$@" --format "$template" >"$BATS_TEST_TMPDIR/docker" 2>"$BATS_TEST_TMPDIR/docker.err" </dev/null || true
		coffer "$@" --format "$template" >"$BATS_TEST_TMPDIR/coffer" 2>"$BATS_TEST_TMPDIR/coffer.err" </dev/null || true
		# Where it fails, Docker has begun a line.
		[ ! -s "$BATS_TEST_TMPDIR/docker.err" ] || : >"$BATS_TEST_TMPDIR/docker"
		sed -n 's/^/coffer: /p' "$BATS_TEST_TMPDIR/docker.err" >>"$BATS_TEST_TMPDIR/docker"
		sed -n '/^coffer: /p' "$BATS_TEST_TMPDIR/coffer.err" >>"$BATS_TEST_TMPDIR/coffer"
		cmp -s "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/coffer" && continue
		printf '%s\n' "$template"
		diff "$BATS_TEST_TMPDIR/docker" "$BATS_TEST_TMPDIR/coffer" || true
		different=1
	done
	[ "$different" -eq 0 ]
}

@test "members of a container" {
	same inspect web <<-'EOF'
		{{.ID}} {{.Name}} {{.Created}} {{.Path}} {{.Args}} {{.Image}} {{.RestartCount}} {{.Driver}} {{.Platform}}
		{{.LogPath}}|{{.ResolvConfPath}}|{{.AppArmorProfile}}|{{.ExecIDs}}|{{.MountLabel}}|{{.SizeRw}}|{{.SizeRootFs}}
		{{.State}}
		{{.State.Status}} {{.State.Running}} {{.State.Pid}} {{.State.ExitCode}} {{.State.Error}} {{.State.StartedAt}}
		{{.State.Health}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}
		{{.Mounts}} {{range .Mounts}}{{.Type}} {{.Name}} {{.Source}} {{.Destination}} {{.Mode}} {{.RW}}{{end}}
		{{.Config.Env}} {{.Config.Cmd}} {{.Config.Entrypoint}} {{.Config.Volumes}} {{.Config.ExposedPorts}}
		{{.Config.Labels}} {{.Config.Labels.a}} {{.Config.Labels.nosuch}} {{index .Config.Labels "com.example.x-y"}}
		{{.Config.Hostname}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.StopSignal}} {{.Config.StopTimeout}}
		{{.Config.Healthcheck}} {{.Config.OnBuild}} {{.Config.Shell}} {{.Config.Tty}} {{.Config.OpenStdin}}
		{{.HostConfig.Binds}} {{.HostConfig.Tmpfs}} {{.HostConfig.Sysctls}} {{.HostConfig.NetworkMode}}
		{{.HostConfig.Memory}} {{.HostConfig.NanoCPUs}} {{.HostConfig.CPUShares}} {{.HostConfig.MemorySwap}}
		{{.HostConfig.NanoCpus}} {{.HostConfig.CpuShares}}
		{{.HostConfig.PidsLimit}} {{.HostConfig.OomKillDisable}} {{.HostConfig.MemorySwappiness}} {{.HostConfig.Init}}
		{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.DNS}}
		{{.HostConfig.RestartPolicy}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.LogConfig}}
		{{.HostConfig.PortBindings}} {{.HostConfig.ConsoleSize}} {{.HostConfig.ShmSize}} {{.HostConfig.Runtime}}
		{{.HostConfig.MaskedPaths}} {{.HostConfig.ReadonlyPaths}} {{.HostConfig.Annotations}} {{.HostConfig.StorageOpt}}
		{{.GraphDriver.Name}} {{.GraphDriver.Data}} {{.GraphDriver.Data.UpperDir}}
		{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Ports}} {{.NetworkSettings.SecondaryIPAddresses}}
		{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{.IPAddress}} {{.Aliases}} {{.DriverOpts}}{{end}}
	EOF
}

@test "containers that have ended, and whose health was looked at" {
	same inspect ended <<-'EOF'
		{{.State}}{{/* no more than Docker knows of it */}}
		{{.State.Status}} {{.State.ExitCode}} {{.State.FinishedAt}} {{.State.Health}}
	EOF
	same inspect looked-at <<-'EOF'
		{{.State.Status}} {{.State.Health.Status}} {{.State.Health.FailingStreak}}
		{{json .Config.Healthcheck}} {{.Config.Healthcheck.Test}} {{len .State.Health.Log}}
	EOF
}

@test "documents as JSON" {
	same inspect web <<-'EOF'
		{{json .State}}
		{{json .Mounts}}
		{{json .Config.Labels}} {{json .Config.Env}} {{json .Config.Entrypoint}}
		{{json .NetworkSettings.Networks}}
		{{json .HostConfig.RestartPolicy}} {{json .HostConfig.Ulimits}} {{json .HostConfig.LogConfig}}
		{{json .GraphDriver}}
		{{json .HostConfig.PortBindings}} {{json .HostConfig.PidsLimit}} {{json .Name}} {{json .State.Running}}
	EOF
}

@test "JSON's names, and what is not there" {
	same inspect web <<-'EOF'
		{{.Id}} {{.State.Status}} {{.Config.Labels}} {{.Mounts}}
		{{.Id}} {{.Config.Labels.nosuch}}
		{{.Id}} {{.State}} {{.HostConfig.RestartPolicy}}
		{{.Nosuch}}
		{{.State.Nosuch}} {{.State.Status}}
		{{.State.Health.Status}}
		{{index .Config.Env 99}}
		{{index .Config.Labels 1}}
		{{range .Name}}{{end}}
		{{nosuch .Name}}
		{{.Name
		{{if .Name}}
		{{.Name | upper | nosuch}}
	EOF
}

@test "functions" {
	same inspect web <<-'EOF'
		{{join .Config.Env ","}} {{join .Config.Cmd " "}} {{split .Name "e"}} {{upper .Name}} {{title .Driver}}
		{{lower "ABC"}} {{pad .Name 2 3}}| {{truncate .ID 12}} {{slice .ID 0 12}} {{len .ID}} {{len .Config.Env}}
		{{printf "%s-%d %v %q %5.1f %05d|%-8s|%x %T" .Name .HostConfig.Memory .State.Running .Name 1.25 42 "ab" "hi" .Name}}
		{{printf "%v %+v %q" .Config.Env .Config.Labels .Config.Cmd}}
		{{print 1 2 "a" "b" 3}} {{println .Name 1}} {{html "<&>"}} {{js "'"}} {{urlquery "a b&c"}}
		{{if and .State.Running (eq .State.ExitCode 0)}}a{{else if or .Name false}}b{{else}}c{{end}}
		{{eq .Name "x" "/web"}} {{ne .Name "x"}} {{lt 1 2}} {{ge .HostConfig.Memory 1}} {{not .State.Running}}
		{{range $i, $e := .Config.Env}}{{if $i}},{{end}}{{$e}}{{end}} {{with .State}}{{.Status}}{{end}}
		{{$x := index .Config.Env 0}}{{$x}} {{range 3}}{{.}}{{end}} {{block "b" .Name}}[{{.}}]{{end}}
		{{- range .Config.Env -}} {{println .}} {{- end -}}
		{{(index .Mounts 0).Source}} {{(.State).Status}} {{`raw\n`}} {{'c'}} {{0x10}}
	EOF
}

@test "members of an image" {
	same image inspect box <<-'EOF'
		{{.ID}} {{.RepoTags}} {{.RepoDigests}} {{.Parent}}|{{.Comment}}|{{.Author}}|{{.DockerVersion}}|{{.Architecture}} {{.Os}}
		{{.Created}} {{.Size}} {{.RootFS.Type}} {{range .RootFS.Layers}}{{.}} {{end}} {{.GraphDriver.Name}}
		{{.Config.Cmd}} {{.Config.Entrypoint}} {{.Config.Env}} {{.Config.Labels}} {{.Config.ExposedPorts}} {{.Config.User}}|
		{{.Variant}}|{{.OsVersion}}|
	EOF
}

@test "info" {
	same info <<-'EOF'
		{{.Driver}} {{.ServerVersion}} {{.NCPU}} {{.MemTotal}} {{.OSType}} {{.Architecture}} {{.KernelVersion}}
		{{.Containers}} {{.ContainersRunning}} {{.Images}} {{.CgroupVersion}} {{.CgroupDriver}} {{.LoggingDriver}}
		{{.DockerRootDir}} {{.Name}} {{.OperatingSystem}} {{.DefaultRuntime}} {{.SecurityOptions}} {{.Plugins.Log}}
		{{.MemoryLimit}} {{.SwapLimit}} {{.PidsLimit}} {{.IPv4Forwarding}} {{.DriverStatus}} {{.Warnings}} {{json .Labels}}
		{{range $name, $runtime := .Runtimes}}{{$name}}{{end}}
	EOF
}
