#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# export: a container's files as a tar archive, read by GNU tar.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	coffer rm -f it >/dev/null 2>&1 || true
}

# A container that has run COMMAND: after COMMAND
after() {
	coffer run --network none --name it box:1 sh -c "$1"
}

@test "the image's files and the container's, with what became of them" {
	after 'echo new >/root/new; rm /etc/passwd; rm -r /home; mkdir /home; : >/home/mine; chmod 700 /tmp'
	coffer export it >"$BATS_TEST_TMPDIR/it.tar"
	tar -tf "$BATS_TEST_TMPDIR/it.tar" >"$BATS_TEST_TMPDIR/names"
	grep -qx root/new "$BATS_TEST_TMPDIR/names"
	grep -qx bin/busybox "$BATS_TEST_TMPDIR/names"
	grep -qx home/mine "$BATS_TEST_TMPDIR/names"
	run ! grep -qx -e etc/passwd -e home/user/ -e ./ "$BATS_TEST_TMPDIR/names"
	[ "$(tar -xOf "$BATS_TEST_TMPDIR/it.tar" root/new)" = new ]
	[[ $(tar -tvf "$BATS_TEST_TMPDIR/it.tar" tmp/) == drwx------* ]]
}

@test "hard links, attributes, devices, pipes, owners, times and names of every kind come out as they are" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	(
		cd "$BATS_TEST_TMPDIR/tree"
		echo linked >one
		ln one two
		ln -s /etc/passwd link
		mkfifo pipe
		mknod null c 1 3
		echo secret >owned
		chown 4000000:65534 owned
		chmod 6751 owned
		setfattr -n user.colour -v 'light blue' owned
		touch -d '2031-01-01 00:00:00.123456789 UTC' 'a name with spaces'
		touch $'tab\tnewline\nend' $'not-utf8-\xff' "$(printf 'long%.0s' {1..60})"
		mkdir -p "$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..90})"
		ln one "$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..90})/three"
		truncate -s 100K holes
	)
	tar -c -C "$BATS_TEST_TMPDIR" --xattrs --format=pax tree | coffer import - tree:1
	coffer create --network none --name it tree:1 none >/dev/null
	mkdir "$BATS_TEST_TMPDIR/out"
	coffer export it | tar -x --xattrs --numeric-owner -C "$BATS_TEST_TMPDIR/out" tree
	listing() {
		(cd "$1" && find . -mindepth 1 \( -type d -printf '%P %y %m %U:%G %T@\0' -o \
			-printf '%P %y %m %U:%G %n %s %l %T@\0' \) | sort -z | tr '\0' '|')
	}
	diff <(listing "$BATS_TEST_TMPDIR/tree" | tr "|" "\n") <(listing "$BATS_TEST_TMPDIR/out/tree" | tr "|" "\n")
	[ "$(stat -c '%t:%T' "$BATS_TEST_TMPDIR/out/tree/null")" = 1:3 ]
	[ "$(getfattr --only-values -n user.colour "$BATS_TEST_TMPDIR/out/tree/owned")" = 'light blue' ]
	[ "$BATS_TEST_TMPDIR/out/tree/one" -ef "$BATS_TEST_TMPDIR/out/tree/two" ]
	diff -r --no-dereference -x pipe -x null "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/out/tree"
	coffer rmi -f tree:1 >/dev/null
}

@test "one that runs: without its mounts, and what is in volumes" {
	mkdir "$BATS_TEST_TMPDIR/volume"
	echo inside >"$BATS_TEST_TMPDIR/volume/file"
	coffer run -d --network none --name it -v "$BATS_TEST_TMPDIR/volume:/mnt" box:1 \
		sh -c 'echo written >/root/it; : >/root/done; exec sleep 1000' >/dev/null
	written() { coffer export it | tar -t | grep -qx root/done; }
	eventually written
	coffer export -o "$BATS_TEST_TMPDIR/it.tar" it
	[ "$(tar -xOf "$BATS_TEST_TMPDIR/it.tar" root/it)" = written ]
	tar -tf "$BATS_TEST_TMPDIR/it.tar" | grep -qx mnt/
	run ! grep -E '^(mnt|proc|sys)/.' <(tar -tf "$BATS_TEST_TMPDIR/it.tar")
}

@test "an image of an export has the same files" {
	after 'echo mine >/root/mine'
	coffer export it | coffer import -c 'CMD ["/bin/sh"]' - flat:1 >/dev/null
	[ "$(coffer run --rm --network none flat:1 cat /root/mine)" = mine ]
	coffer rmi flat:1 >/dev/null
}

@test "an event, and the words of what goes wrong" {
	after true
	coffer container export -o "$BATS_TEST_TMPDIR/it.tar" it
	[[ $(coffer events --since 1h --until 0s --filter event=export --format '{{.Actor.Attributes.name}}') == *it* ]]
	run -1 coffer export nobody
	[[ $output == *'No such container: nobody'* ]]
	run -1 coffer export -o "$BATS_TEST_TMPDIR/nowhere/it.tar" it
	[[ $output == *"make '$BATS_TEST_TMPDIR/nowhere/it.tar."*'no such file or directory'* ]]
	to_full() { coffer export it >/dev/full; }
	run -1 to_full
	[[ $output == *'cannot export container "it": write the archive: no space left on device'* ]]
	run -0 python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" wait -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" export it
	[[ $output == *'cowardly refusing to save to a terminal. Use the -o flag or redirect'* ]]
}
