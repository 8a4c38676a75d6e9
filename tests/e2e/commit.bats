#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# commit: a container as an image, which others read with the same digests.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	coffer rm -f it >/dev/null 2>&1 || true
	coffer rmi -f new:1 >/dev/null 2>&1 || true
}

# A container that has run COMMAND: after COMMAND [OPTION...]
after() {
	local command=$1
	shift
	coffer run --network none --name it "$@" box:1 sh -c "$command"
}

new() {
	coffer run --rm --network none new:1 "$@"
}

# FORMAT of the new image
of_new() {
	coffer image inspect --format "$1" new:1
}

everything='
	echo new >/root/new; ln /root/new /root/same; rm /etc/passwd; rm -r /home; mkdir /home; echo mine >/home/mine
	mkfifo /root/pipe; chmod 700 /tmp; echo changed >>/etc/group; touch /tmp/.wh.plain 2>/dev/null || true
	mkdir -p /srv/deep; chown 7:8 /srv/deep; ln -s /nowhere /srv/link; rm -r /srv/gone 2>/dev/null; true'

@test "a layer with what was added, changed and deleted" {
	after "$everything"
	id=$(coffer commit it new:1)
	[ "$id" = "$(of_new '{{.Id}}')" ]
	[ "$(coffer image inspect --format '{{len .RootFS.Layers}}' new:1)" = 2 ]
	[ "$(of_new '{{index .RootFS.Layers 0}}')" = "$(coffer image inspect --format '{{index .RootFS.Layers 0}}' box:1)" ]
	new sh -c '
		set -e
		[ "$(cat /root/new)" = new ]
		[ /root/new -ef /root/same ]
		[ ! -e /etc/passwd ]
		[ "$(ls -A /home)" = mine ]
		[ -p /root/pipe ]
		[ "$(stat -c %a /tmp)" = 700 ]
		[ "$(stat -c %u:%g /srv/deep)" = 7:8 ]
		[ "$(readlink /srv/link)" = /nowhere ]
		grep -q changed /etc/group'
	# The same again is the same layer.
	before=$(of_new '{{index .RootFS.Layers 1}}')
	coffer commit it new:1
	[ "$(of_new '{{index .RootFS.Layers 1}}')" = "$before" ]
}

@test "a container of it can be committed in its turn" {
	after 'echo one >/root/one'
	coffer commit it new:1
	coffer rm it
	coffer run --network none --name it new:1 sh -c 'echo two >/root/two; rm /root/one'
	coffer commit it new:1
	[ "$(new ls /root)" = two ]
	[ "$(of_new '{{len .RootFS.Layers}}')" = 3 ]
}

@test "nothing was changed: no layer, and a history that says so" {
	coffer create --network none --name it box:1 true
	coffer commit -m nothing it new:1
	[ "$(of_new '{{len .RootFS.Layers}}')" = 1 ]
	[ "$(coffer history --format '{{.Comment}} {{.Size}}' new:1 | head -1)" = 'nothing 0B' ]
	new true
}

@test "it is configured as the container, with changes on top, and says who made it of what" {
	after 'true' -e A=1 -e B=2 -l colour=blue -u 0:0 -w /root --expose 80/tcp --stop-signal SIGUSR1
	coffer commit -a 'Jane <jane@example.org>' -m 'a comment' -c 'ENV B=3 C=4' -c 'LABEL size=big' -c 'CMD ["echo", "hello"]' \
		-c 'WORKDIR /tmp' -c 'EXPOSE 443/tcp' it new:1
	[ "$(of_new '{{json .Config.Cmd}}')" = '["echo","hello"]' ]
	[ "$(of_new '{{json .Config.Labels}}')" = '{"colour":"blue","size":"big"}' ]
	[ "$(of_new '{{.Config.WorkingDir}} {{.Config.User}} {{.Config.StopSignal}} {{.Author}} {{.Comment}}')" = \
		'/tmp 0:0 SIGUSR1 Jane <jane@example.org> a comment' ]
	run -0 of_new '{{json .Config.ExposedPorts}}'
	[[ $output == *'"80/tcp":{}'* && $output == *'"443/tcp":{}'* ]]
	run -0 of_new '{{json .Config.Env}}'
	[[ $output == *'"A=1"'*'"B=3"'*'"C=4"'* ]]
	[ "$(coffer history --no-trunc --format '{{.CreatedBy}}|{{.Comment}}' new:1 | head -1)" = 'sh -c true|a comment' ]
	[ "$(coffer run --rm --network none new:1)" = hello ]
	coffer run --rm --network none new:1 sh -c '[ "$A$B$C$PWD" = 134/tmp ]'
}

@test "its ports are those of --expose, range by range, and of --publish" {
	coffer create --network none --name it --expose 90 --expose 53-54/udp -p 8282:80 -p 127.0.0.1::90 box:1 true
	coffer commit it new:1
	[ "$(of_new '{{json .Config.ExposedPorts}}')" = '{"53/udp":{},"54/udp":{},"80/tcp":{},"90/tcp":{}}' ]
}

@test "skopeo and umoci read it, with the same digests and files" {
	after "$everything"
	id=$(coffer commit it new:1)
	coffer save -o it.tar new:1
	skopeo copy -q oci-archive:it.tar oci:layout:new
	[ "sha256:$(skopeo inspect --config --raw oci:layout:new | sha256sum | cut -d ' ' -f 1)" = "$id" ]
	inside umoci unpack --image layout:new bundle >/dev/null 2>&1
	[ "$(inside cat bundle/rootfs/root/new)" = new ]
	inside test bundle/rootfs/root/new -ef bundle/rootfs/root/same
	inside test ! -e bundle/rootfs/etc/passwd
	[ "$(inside ls -A bundle/rootfs/home)" = mine ]
	coffer rmi new:1 >/dev/null
	coffer load -q -i it.tar >/dev/null
	[ "$(of_new '{{.Id}}')" = "$id" ]
}

@test "one that runs is paused meanwhile, and goes on" {
	coffer run -d --network none --name it box:1 sh -c 'echo x >/root/x; : >/ready; exec sleep 1000' >/dev/null
	ready() { coffer exec it test -e /ready; }
	eventually ready
	coffer commit it new:1
	[ "$(coffer inspect --format '{{.State.Status}}' it)" = running ]
	[ "$(new cat /root/x)" = x ]
	run -0 coffer events --since 1h --until 0s --filter container=it --format '{{.Action}} {{.Actor.Attributes.imageRef}}'
	[[ $output == *'pause '*'unpause '*'commit docker.io/library/new:1'* ]]
	coffer commit --pause=false it new:1
	coffer pause it
	coffer commit it new:1
	[ "$(coffer inspect --format '{{.State.Status}}' it)" = paused ]
	run -0 coffer events --since 1h --until 0s --filter container=it --filter event=unpause --format '{{.Action}}'
	[ "${#lines[@]}" -eq 1 ]
}

@test "whoever is killed meanwhile leaves the container running, and a store that is clean" {
	coffer run -d --network none --name it box:1 \
		sh -c 'head -c 200000000 /dev/urandom >/root/large; : >/ready; exec sleep 1000' >/dev/null
	ready() { coffer exec it test -e /ready; }
	eventually ready
	coffer_exec commit it new:1 &
	paused() { [ "$(coffer inspect --format '{{.State.Status}}' it)" = paused ]; }
	eventually paused || true # it may be over already
	kill -KILL $! 2>/dev/null || true
	wait $! 2>/dev/null || true
	runs() { [ "$(coffer inspect --format '{{.State.Status}}' it)" = running ]; }
	eventually runs
	coffer rmi -f new:1 >/dev/null 2>&1 || true
	coffer exec it rm /root/large
	coffer commit it new:1
	new test -e /ready
}

@test "a health check, and instructions for who builds on it, which no container hands on" {
	after true
	coffer commit -c 'HEALTHCHECK --interval=50ms CMD ["test","-e","/bin/sh"]' -c 'ONBUILD RUN make' it new:1
	config() { coffer image inspect new:1 | jq -c ".[0].Config$1"; }
	[ "$(config .Healthcheck)" = '{"Test":["CMD","test","-e","/bin/sh"],"Interval":50000000}' ]
	[ "$(config .OnBuild)" = '["RUN make"]' ]
	coffer create --network none --name child new:1 true
	coffer commit child new:2
	[ "$(coffer image inspect new:2 | jq -c '.[0].Config | [.OnBuild, .Healthcheck.Test[0]]')" = '[null,"CMD"]' ]
	coffer rm child
	coffer rmi new:2
}

@test "what goes wrong, in words" {
	after true
	before=$(coffer images -aq | wc -l)
	run -1 coffer commit nobody
	[[ $output == *'No such container: nobody'* ]]
	run -1 coffer commit it Upper:1
	[[ $output == *'Upper'* ]]
	run -1 coffer commit it "new@sha256:$(printf x | sha256sum | cut -d ' ' -f 1)"
	[[ $output == *'cannot be given a digest'* ]]
	run -1 coffer commit -c 'FROM x' it
	[[ $output == *'cannot commit container "it"'*FROM* ]]
	[ "$(coffer images -aq | wc -l)" -eq "$before" ]
	id=$(coffer container commit it)
	[ "$(coffer image inspect --format '{{len .RepoTags}}' "$id")" = 0 ]
	coffer rmi "$id" >/dev/null
}
