#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cp: files between containers and the host, by Docker's rules, whoever has a hand in them meanwhile.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	here=$BATS_TEST_TMPDIR
	cd "$here" || return
}

teardown() {
	coffer rm -f it >/dev/null 2>&1 || true
}

# A container that has run COMMAND, and has ended: stopped COMMAND
stopped() {
	coffer run --network none --name it box:1 sh -c "$1"
}

# One that goes on running after COMMAND: running COMMAND [OPTION...]
running() {
	local command=$1
	shift
	coffer run -d --network none --name it "$@" box:1 sh -c "$command; : >/ready; exec sleep 1000" >/dev/null
	ready() { coffer exec it test -e /ready; }
	eventually ready
}

# Paths of files below DIR, in one line: tree DIR
tree() {
	(cd "$1" && find . -mindepth 1 -printf '%P%y\n' | LC_ALL=C sort | paste -sd ' ')
}

every_rule_out() {
	mkdir there
	echo old >old
	# a file to: a new name, an old one, a directory, with and without a slash
	coffer cp it:/src/file new
	[ "$(<new)" = data ]
	coffer cp it:/src/file old
	[ "$(<old)" = data ]
	coffer cp it:/src/file there
	coffer cp it:src/file there/ # paths begin at the root
	[ "$(tree there)" = filef ]
	# a directory to: a new name, a directory; what is in it to both
	coffer cp it:/src copy
	[ "$(tree copy)" = 'filef linkl sub/deepf subd' ]
	coffer cp it:/src there
	[ "$(tree there/src)" = 'filef linkl sub/deepf subd' ]
	coffer cp it:/src/. content
	[ "$(tree content)" = 'filef linkl sub/deepf subd' ]
	mkdir into
	coffer cp it:/src/. into
	[ "$(tree into)" = 'filef linkl sub/deepf subd' ]
	coffer cp it:/src/ there/slash
	[ "$(tree there/slash)" = 'filef linkl sub/deepf subd' ]
	# links: as they are, followed with -L, and at a slash
	coffer cp it:/src/link .
	[ "$(readlink link)" = file ]
	coffer cp -L it:/src/link followed
	[ "$(<followed)" = data ]
	[ ! -L followed ]
	coffer cp -L it:/src/link there
	[ "$(<there/link)" = data ]
	coffer cp it:/to-src/ there/by-slash
	[ "$(tree there/by-slash)" = 'filef linkl sub/deepf subd' ]
	# a link on the host's side is where it leads
	ln -s old to-old
	ln -s into to-into
	echo other >old
	coffer cp it:/src/file to-old
	[ "$(<old)" = data ]
	[ -L to-old ]
	coffer cp it:/etc/passwd to-into
	[ -f into/passwd ]
}

every_error_out() {
	mkdir there
	mkdir there/file
	: >old
	run -1 coffer cp it:/nowhere .
	[[ $output == *'Could not find the file /nowhere in container it'* ]]
	run -1 coffer cp it:/src old
	[[ $output == *"cannot copy to 'old': cannot copy directory"* ]]
	run -1 coffer cp it:/src/file new/
	[[ $output == *"cannot copy to 'new/': no such directory"* ]]
	run -1 coffer cp it:/src/file old/
	[[ $output == *"cannot copy to 'old/': not a directory"* ]]
	run -1 coffer cp it:/src/file no/where
	[[ $output == *"open 'no/where': no such file or directory"* ]]
	run -1 coffer cp it:/src/file/ new
	[[ $output == *'open /src/file/ in container it: not a directory'* ]]
	run -1 coffer cp it:/src/file there
	[[ $output == *"cannot overwrite directory 'file' with a file"* ]]
	run -1 coffer cp it:/src/file /dev/null
	[[ $output == *"'null' is a device"* ]]
	[ -c /dev/null ]
}

source='mkdir -p /src/sub; echo data >/src/file; ln -s file /src/link; ln -s /src /to-src; echo deep >/src/sub/deep'

@test "out of one that runs: every combination" {
	running "$source"
	every_rule_out
}

@test "out of one that has ended: every combination" {
	stopped "$source"
	every_rule_out
}

@test "out: what is refused, in words" {
	stopped "$source"
	every_error_out
}

# In the container, whether it runs or not: look COMMAND...
look() {
	if coffer ps --quiet --filter name=it | grep -q .; then
		coffer exec it "$@"
	else
		coffer start it >/dev/null
		coffer exec it "$@"
		coffer stop -t 0 it >/dev/null 2>&1
	fi
}

every_rule_in() {
	mkdir -p src/sub
	echo data >src/file
	ln -s file src/link
	echo deep >src/sub/deep
	coffer cp src/file it:/new
	coffer cp src/file it:/old
	coffer cp src/file it:/there
	coffer cp src it:/copy
	coffer cp src it:/there
	coffer cp src/. it:/there/content
	coffer cp src/. it:into
	coffer cp src/link it:/a-link
	coffer cp -L src/link it:/followed
	coffer cp src/file it:/to-old
	look sh -c '
		set -e
		[ "$(cat /new /old /there/file /followed)" = "$(printf "data\ndata\ndata\ndata")" ]
		for dir in /copy /there/src /there/content /into; do
			[ "$(cat $dir/sub/deep $dir/link)" = "$(printf "deep\ndata")" ]
		done
		[ "$(readlink /a-link)" = file ]
		[ "$(readlink /to-old)" = /older ]
		[ "$(cat /older)" = data ]
		[ "$(stat -c %u:%g /new)" = 0:0 ]'
}

target='mkdir -p /there /into; echo old >/old; ln -s /older /to-old'

@test "into one that runs: every combination" {
	running "$target"
	every_rule_in
}

@test "into one that was never started" {
	coffer create --network none --name it box:1 sleep 1000 >/dev/null
	echo data >file
	coffer cp file it:/root/
	coffer cp file it:/etc/passwd
	coffer start it
	[ "$(coffer exec it cat /root/file /etc/passwd | paste -sd ,)" = data,data ]
}

@test "into: what is refused, in words" {
	running "$target; mkdir /there/file"
	mkdir dir
	: >file
	run -1 coffer cp nowhere it:/
	[[ $output == *"open 'nowhere': no such file or directory"* ]]
	run -1 coffer cp dir it:/old
	[[ $output == *'cannot copy to it:/old: cannot copy directory'* ]]
	run -1 coffer cp file it:/new/
	[[ $output == *'cannot copy to it:/new/: no such directory'* ]]
	run -1 coffer cp file it:/no/where
	[[ $output == *'Could not find the file /no/where in container it'* ]]
	run -1 coffer cp file it:/there
	[[ $output == *"cannot overwrite directory 'file' with a file"* ]]
	run -1 coffer cp - it:/old <file
	[[ $output == *'destination "it:/old" must be a directory'* ]]
	run -1 coffer cp - it:/nowhere <file
	[[ $output == *'Could not find the file /nowhere in container it'* ]]
}

@test "the words of a command line that makes no sense" {
	run -125 coffer cp a b
	[[ $output == *'must specify at least one container source'* ]]
	run -125 coffer cp a:/b c:/d
	[[ $output == *'copying between containers is not supported'* ]]
	run -125 coffer cp :/b c
	[[ $output == *'container name cannot be empty'* ]]
	run -125 coffer cp a: c
	[[ $output == *'path cannot be empty'* ]]
	run -1 coffer cp nobody:/x .
	[[ $output == *'No such container: nobody'* ]]
	run -125 coffer cp ./a:b .
	[[ $output == *'must specify at least one container source'* ]]
}

@test "archives: to standard output, and out of standard input, whatever they are compressed with" {
	running "$source; $target"
	[ "$(coffer cp it:/src - | tar -t | paste -sd ' ')" = 'src/ src/file src/link src/sub/ src/sub/deep' ]
	[ "$(coffer cp it:/src/. - | tar -t | paste -sd ' ')" = 'file link sub/ sub/deep' ]
	[ "$(coffer cp it:/src/file - | tar -xO)" = data ]
	mkdir -p tree/lib
	echo one >tree/lib/one
	truncate -s 1M tree/lib/holes
	echo end >>tree/lib/holes
	inside chown 7:8 tree/lib/one
	inside tar -c -C tree --sparse . | coffer cp - it:/there
	inside tar -cz -C tree . | coffer cp -q - it:/into
	[ "$(coffer exec it sh -c 'cat /there/lib/one /into/lib/one; stat -c %u:%g /into/lib/one' | paste -sd ,)" = one,one,7:8 ]
	[ "$(coffer exec it sha256sum /there/lib/holes | cut -d ' ' -f 1)" = "$(sha256sum <tree/lib/holes | cut -d ' ' -f 1)" ]
	# what is empty costs nothing
	truncate -s 200G vast
	tar -c --sparse vast | coffer cp - it:/there
	[ "$(coffer exec it stat -c %s,%b /there/vast)" = 214748364800,0 ]
	# a file without its directories goes where a link leads, in the container
	coffer exec it ln -s /into /there/linked
	(cd tree && tar -c --transform 's,^lib,linked/lib2,' lib/one) | coffer cp - it:/there
	[ "$(coffer exec it cat /into/lib2/one)" = one ]
}

@test "archives that lead out, or are none, are refused" {
	running true
	echo evil >evil
	tar -cP --transform 's,^,../../../,' evil | { run -1 coffer cp - it:/root; echo "$output"; } >words
	grep -q "leads out of" words || { cat words; false; }
	yes 'this is no archive' | head -c 10000 | { run -1 coffer cp - it:/root; echo "$output"; } >words
	grep -q 'no well-formed tar archive' words || { cat words; false; }
	tar -c evil | head -c 700 | { run -1 coffer cp - it:/root; echo "$output"; } >words
	grep -q truncated words || { cat words; false; }
	ln -s "$here" escape
	tar -c escape >two.tar
	tar -r -f two.tar --transform 's,^,escape/,' evil
	mv evil real-evil
	coffer cp - it:/root <two.tar || true
	[ ! -e evil ]
}

@test "owners: whoever copies, or the container's root; with -a whose they were" {
	running 'echo x >/owned; chown 1234:5678 /owned; chmod 4711 /owned; touch -d @1000000000 /owned'
	coffer cp it:/owned plain
	coffer cp -a it:/owned kept
	[ "$(stat -c %u:%g plain)" = "$(id -u):$(id -g)" ]
	[ "$(inside stat -c '%u:%g %a %Y' kept)" = '1234:5678 4711 1000000000' ]
	coffer cp kept it:/in-plain
	coffer cp -a kept it:/in-kept
	[ "$(coffer exec it stat -c '%u:%g %a %Y' /in-plain /in-kept | paste -sd ,)" = \
		'0:0 4711 1000000000,1234:5678 4711 1000000000' ]
}

@test "out, without -a: nothing gets the privileges of whoever copies" {
	running 'mkdir /d; chmod 2755 /d; : >/d/file; chmod 6755 /d/file; mknod /d/null c 1 3; ln /d/null /d/same'
	: >capable
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 capable
	coffer cp -a capable it:/d/
	run -0 --separate-stderr coffer cp it:/d plain
	# shellcheck disable=SC2154
	[[ $stderr == *"'plain/null' is left out: it is a device, and --archive is not given"* ]]
	[ "$(tree plain)" = 'capablef filef' ]
	[ "$(stat -c %a plain plain/file | paste -sd ,)" = 755,755 ]
	run ! getfattr -n security.capability plain/capable
	coffer cp -a it:/d kept
	[ "$(tree kept)" = 'capablef filef nullc samec' ]
	[ "$(stat -c %a kept kept/file | paste -sd ,)" = 2755,6755 ]
	getfattr -n security.capability kept/capable
}

@test "hard links, attributes, pipes, times and names of every kind, both ways" {
	mkdir tree
	(
		cd tree
		echo linked >one
		ln one two
		mkfifo pipe
		echo x >attributes
		setfattr -n user.colour -v blue attributes
		touch -d '1969-12-31 23:59:58.25 UTC' old
		touch $'tab\tnewline\nend' $'not-utf8-\xff' "$(printf 'long%.0s' {1..60})"
		truncate -s 10M holes
		mkdir -m 0500 closed
		touch -d @1000000000 closed
	)
	stopped true
	coffer cp -a tree it:/tree
	coffer cp -a it:/tree back
	listing() {
		(cd "$1" && find . -printf '%P %y %m %U:%G %T@ %l\0' | sort -z | tr '\0' '|')
	}
	[ "$(listing tree)" = "$(listing back)" ]
	[ back/one -ef back/two ]
	[ "$(getfattr --only-values -n user.colour back/attributes)" = blue ]
	[ "$(du -k back/holes | cut -f 1)" -lt 1000 ]
}

@test "volumes, binds and tmpfs of one that runs; volumes and binds of one that does not" {
	mkdir volume
	echo bound >volume/file
	echo single >single
	running 'echo memory >/mem/file' -v "$here/volume:/vol" -v "$here/single:/etc/single:ro" --tmpfs /mem
	coffer cp it:/vol/file out1
	coffer cp it:/mem/file out2
	coffer cp single it:/vol/new
	[ "$(cat out1 out2 volume/new | paste -sd ,)" = bound,memory,single ]
	run -1 coffer cp out1 it:/etc/single
	[[ $output == *"write 'single': read-only file system"* ]]
	printf '127.0.0.1 localhost mine\n' >hosts
	coffer cp hosts it:/etc/hosts # which is mounted, and stays so
	[ "$(coffer exec it cat /etc/hosts)" = "$(<hosts)" ]
	coffer exec it grep -q ' /etc/hosts ' /proc/self/mountinfo
	ln -sf hosts link
	run -1 coffer cp link it:/etc/hosts
	[[ $output == *"replace 'hosts': device or resource busy"* ]]
	coffer stop -t 0 it >/dev/null 2>&1
	coffer cp it:/vol/. out3
	coffer cp it:/etc/single out4
	coffer cp out1 it:/vol/newer
	[ "$(cat out3/file out4 volume/newer | paste -sd ,)" = bound,single,bound ]
	run -1 coffer cp out1 it:/etc/single
	[[ $output == *'mounted volume is marked read-only'* ]]
}

@test "a file of the host that is mounted stays the file that it is, running or not" {
	echo before >single
	ln single other-name
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("listens")'
	echo new >new
	ln -s new link
	into() {
		echo before >single
		coffer cp new it:/etc/single
		[ "$(cat single other-name | paste -sd ,)" = new,new ]
		run -1 coffer cp link it:/etc/single
		[[ $output == *"replace 'single': device or resource busy"* ]]
		run -1 coffer cp new it:/run/listens
		[[ $output == *"replace 'listens': device or resource busy"* ]]
		[ single -ef other-name ]
		[ -S listens ]
	}
	running true -v "$here/single:/etc/single" -v "$here/listens:/run/listens"
	into
	coffer stop -t 0 it >/dev/null 2>&1
	into
}

@test "a named volume of one that does not run" {
	coffer create --network none --name it -v cp-volume:/data box:1 true >/dev/null
	mkdir -p tree/part
	echo one >tree/part/one
	coffer run --rm --network none -v cp-volume:/data box:1 true
	coffer cp tree/. it:/data
	[ "$(coffer run --rm --network none -v cp-volume:/data box:1 cat /data/part/one)" = one ]
	coffer cp it:/data/part out
	[ "$(<out/one)" = one ]
	coffer rm it
	coffer volume rm cp-volume
}

@test "a volume that is mounted on demand, while nobody has it mounted" {
	coffer volume create -o type=tmpfs -o device=tmpfs cp-memory >/dev/null
	echo one >file
	coffer create --network none --name it -v cp-memory:/data box:1 sleep 1000 >/dev/null
	run -1 coffer cp file it:/data/
	[[ $output == *'volume cp-memory is mounted only while a container that has it runs'*'coffer start it'* ]]
	run -1 coffer cp it:/data/. out
	[[ $output == *'volume cp-memory is mounted only while'* ]]
	coffer run -d --network none --name other -v cp-memory:/data box:1 sleep 1000 >/dev/null
	coffer cp file it:/data/
	[ "$(coffer exec other cat /data/file)" = one ]
	coffer rm -f other it
	coffer volume rm cp-memory
}

@test "a root that is read-only, running or not" {
	coffer run -d --network none --name it --read-only --tmpfs /tmp box:1 sleep 1000 >/dev/null
	echo x >file
	coffer cp file it:/tmp/
	[ "$(coffer exec it cat /tmp/file)" = x ]
	run -1 coffer cp file it:/root/
	[[ $output == *'read-only file system'* ]]
	coffer stop -t 0 it >/dev/null 2>&1
	run -1 coffer cp file it:/root/
	[[ $output == *'container rootfs is marked read-only'* ]]
}

@test "what it says, and its events" {
	running "$source"
	run -0 --separate-stderr coffer cp it:/src/file out
	# shellcheck disable=SC2154
	[ "$stderr" = 'Successfully copied 2.05kB to out' ]
	run -0 --separate-stderr coffer container cp out it:/out
	[ "$stderr" = 'Successfully copied 2.05kB to it:/out' ]
	run -0 --separate-stderr coffer cp -q out it:/out
	[ -z "$stderr" ]
	run -0 coffer events --since 1h --until 0s --filter container=it --format '{{.Action}}'
	[[ $output == *archive-path*extract-to-dir* ]]
}

@test "links of the container lead nowhere on the host" {
	mkdir host
	echo secret >host/x
	running "ln -s $here/host /abs; ln -s ../../../../..$here/host /rel; ln -s /proc/1/root$here/host /magic; mkdir /d"
	echo evil >evil
	for link in abs rel magic; do
		run -1 coffer cp "it:/$link/x" out
		run -1 coffer cp -L "it:/$link" out
		run -1 coffer cp evil "it:/$link/y"
		run -1 coffer cp - "it:/$link" < <(tar -c evil)
		[ ! -e out ]
		coffer cp "it:/$link" "out-$link" # the link itself
		[ -L "out-$link" ]
	done
	[ "$(tree host)" = xf ]
}

@test "a container that changes links all the time does not reach the host" {
	mkdir host
	echo secret >host/x
	local swap="mkdir -p /t/d; echo inside >/t/d/x; ln -s $here/host /t/link; cd /t
		(while :; do mv d e; mv link d; mv d link; mv e d; done) 2>/dev/null & true"
	running "$swap"
	mkdir in
	echo evil >in/y
	echo evil >in/x
	mkfifo in/z
	mkdir tree
	cp -r in tree/d
	for _ in {1..40}; do
		coffer cp -q it:/t/d/x "$here/out" 2>/dev/null || true
		[ ! -f out ] || [ "$(<out)" != secret ]
		rm -rf out
		coffer cp -q it:/t "$here/all" 2>/dev/null || true
		run ! grep -qr secret all
		rm -rf all
		coffer cp -q in/. it:/t/d 2>/dev/null || true
		coffer cp -q tree/. it:/t 2>/dev/null || true
		tar -c -C tree d/y d/x d/z | coffer cp -q - it:/t 2>/dev/null || true
	done
	[ "$(tree host)" = xf ]
	[ "$(<host/x)" = secret ]
	[ "$(stat -c %a host/x)" = 644 ]
}

@test "a directory that becomes a link meanwhile: who is there keeps owner and mode" {
	running 'mkdir -p /t /victim/sub; chmod 0700 /victim/sub; ln -s /victim /t/link'
	mkdir -p d/sub
	truncate -s 2M z
	tar -c --owner 7 --group 7 d z >tree.tar
	made() { coffer exec it test -d /t/d/sub; }
	{
		head -c 1M tree.tar
		eventually made
		coffer exec it sh -c 'mv /t/d /t/e; mv /t/link /t/d'
		tail -c +1048577 tree.tar
	} | { run -1 coffer cp - it:/t; echo "$output"; } >words
	grep -q "set the owner of 'd/sub': device or resource busy" words || { cat words; false; }
	[ "$(coffer exec it stat -c '%u %a' /victim/sub)" = '0 700' ]
}
