#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fs trace: which layer a file of a container comes from.

bats_require_minimum_version 1.5.0
load lib/coffer

# three:1 has box:1's layer, one that changes, deletes and replaces, and one that deletes what that has made.
setup_file() {
	coffer_file_setup
	coffer run --network none --name two box:1 sh -c \
		'echo two >/etc/two; echo more >>/etc/group; rm /etc/passwd; rm -r /home; mkdir /home; echo x >/home/x; ln -s /etc /to-etc'
	coffer commit -m two two two:1 >/dev/null
	coffer run --network none --name three two:1 sh -c 'rm /etc/two; head -c 70000 /dev/zero | tr "\0" x >/root/big'
	coffer commit -m three three three:1 >/dev/null
	coffer rm two three >/dev/null
	mkdir "$BATS_FILE_TMPDIR/volume"
	coffer run --network none --name it -v "$BATS_FILE_TMPDIR/volume:/vol" --tmpfs /mem three:1 \
		sh -c 'echo mine >/root/mine; echo again >>/etc/group'
}

teardown_file() {
	coffer_file_teardown
}

# The states of PATH in its layers, one word each: states PATH
states() {
	coffer fs trace --format '{{.State}}:{{.Type}}' it "$1" | paste -sd ' '
}

# The place of the layer that serves PATH, counted from the image's lowest: layer_of PATH
layer_of() {
	local layer
	layer=$(coffer fs trace --no-trunc --format '{{.Layer}}' it "$1" | head -1)
	coffer image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' three:1 | grep -n "$layer" | cut -d : -f 1
}

@test "a file of each layer" {
	[ "$(states /bin/busybox)" = serves:file ]
	[ "$(layer_of /bin/busybox)" = 1 ]
	[ "$(layer_of /home/x)" = 2 ]
	[ "$(layer_of /root/big)" = 3 ]
	[ "$(coffer fs trace --format '{{.Layer}}' it /root/mine)" = container ]
	[ "$(states /to-etc)" = serves:link ]
}

@test "what is hidden below, and what was deleted" {
	[ "$(states /etc/group)" = 'serves:file hidden:file hidden:file' ]
	[ "$(states /etc/passwd)" = 'deletes:- hidden:file' ]
	[ "$(states /etc/two)" = 'deletes:- hidden:file' ]
	[ "$(states /home/user)" = hidden:directory ]
	coffer fs trace it /etc/passwd | grep -q 'deletes'
}

@test "what a write would copy" {
	[ "$(coffer fs trace --format '{{.CopyUp}}' it /root/big)" = 70kB ]
	[ "$(coffer fs trace --format '{{.CopyUp}}' it /root/mine)" = 0B ]
	[ "$(coffer fs trace --format '{{.CopyUp}}' it /bin | head -1)" = 0B ]
}

@test "the step that made the layer" {
	[[ $(coffer fs trace --no-trunc --format '{{.CreatedBy}}' it /root/big) == 'sh -c rm /etc/two;'* ]]
	coffer fs trace it /etc/group | head -1 | grep -q '^LAYER *STATE *TYPE *SIZE *COPY-UP *CREATED BY'
}

@test "a directory: all that is in it, as the container sees it" {
	[ "$(coffer fs trace --format '{{.Path}}' it /home | paste -sd ' ')" = '/home /home/x' ]
	run -0 coffer fs trace --format '{{.Path}} {{.Hides}}' it /etc
	[[ $output == *'/etc/group 2'* ]]
	[[ $output != */etc/passwd* ]]
	coffer fs trace --format '{{if eq .Type "directory"}}{{else}}{{.Path}}{{end}}' it / | grep . | LC_ALL=C sort >"$BATS_TEST_TMPDIR/traced"
	coffer export it | tar -t | grep -v '/$' | sed 's,^,/,' | LC_ALL=C sort >"$BATS_TEST_TMPDIR/exported"
	diff "$BATS_TEST_TMPDIR/traced" "$BATS_TEST_TMPDIR/exported"
	coffer fs trace it /home | head -1 | grep -q '^LAYER *TYPE *SIZE *COPY-UP *HIDES *PATH'
}

@test "links on the way are followed, inside" {
	[ "$(coffer fs trace --format '{{.Path}}' it /to-etc/group | head -1)" = /etc/group ]
	[ "$(coffer fs trace --format '{{.Path}}' it to-etc/../home/x)" = /home/x ]
	run -1 coffer fs trace it /to-etc/nowhere
	[[ $output == *'Could not find the file /to-etc/nowhere in container it'* ]]
}

@test "what is mounted is no layer's" {
	[ "$(coffer fs trace --format '{{.Layer}} {{.State}}' it /vol/x)" = 'mount serves' ]
	[[ $(coffer fs trace --format '{{.CreatedBy}}' it /mem/x) == 'a tmpfs on /mem' ]]
}

@test "json, an object for each" {
	run -0 coffer fs trace --format json it /etc/group
	[ "${#lines[@]}" -eq 3 ]
	[ "$(jq -r .State <<<"${lines[0]}")" = serves ]
	[ "$(jq -r .State <<<"${lines[2]}")" = hidden ]
}

@test "what layers of an image have for nothing" {
	coffer image layers three:1 | head -1 | grep -q '^LAYER ID *SIZE *WASTED *ADDED *CHANGED *REMOVED *IMAGES *CREATED BY'
	path=$(coffer_inside image mount box:1)
	gone=$(inside cat "$path/etc/passwd" "$path/etc/group" | wc -c)
	coffer_inside image unmount box:1
	[ "$(coffer image layers --format '{{.Wasted}}' three:1 | paste -sd ' ')" = "0B 4B ${gone}B" ]
	[ "$(coffer image layers --format '{{.Wasted}}' box:1)" = 0B ]
}

@test "what goes wrong, in words" {
	run -1 coffer fs trace nobody /
	[[ $output == *'No such container: nobody'* ]]
	run -1 coffer fs trace it /etc/group/x
	[[ $output == *'Could not find the file /etc/group/x in container it'* ]]
}
