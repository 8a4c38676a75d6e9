#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# diff: what a container has made of its image's files.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# The changes that COMMAND makes, in one line: changes_of COMMAND
changes_of() {
	coffer run --network none --name writer box:1 sh -c "$1"
	coffer diff writer | paste -sd ,
	coffer rm writer >/dev/null
}

@test "nothing, files that are added, changed and deleted" {
	[ -z "$(changes_of true)" ]
	[ "$(changes_of 'echo x >/tmp/new; mkdir -p /srv/deep/er; : >/srv/deep/er/file')" = \
		'A /srv,A /srv/deep,A /srv/deep/er,A /srv/deep/er/file,C /tmp,A /tmp/new' ]
	[ "$(changes_of 'echo x >>/etc/group; rm /etc/passwd')" = 'C /etc,C /etc/group,D /etc/passwd' ]
	[ "$(changes_of 'chmod 700 /root')" = 'C /root' ]
}

@test "what is there for a moment only is no change" {
	[ "$(changes_of ': >/root/it; rm /root/it')" = 'C /root' ]
}

@test "a directory that is gone, or made anew, or a link now" {
	[ "$(changes_of 'rm -r /home/user')" = 'C /home,D /home/user' ]
	[ "$(changes_of 'rm -r /home; mkdir /home; : >/home/mine')" = 'C /home,A /home/mine,D /home/user' ]
	[ "$(changes_of 'rm -r /home; ln -s /etc /home')" = 'C /home' ]
}

@test "one that runs, and one that is not there" {
	coffer run -d --network none --name busy box:1 sh -c ': >/tmp/here; exec sleep 1000'
	written() { [ "$(coffer diff busy | paste -sd ,)" = 'C /tmp,A /tmp/here' ]; }
	eventually written
	coffer rm -f busy
	run -1 coffer diff busy
	[[ $output == *'No such container: busy'* ]]
}

@test "names that could drive a terminal arrive whole in a pipe" {
	[ "$(changes_of 'touch "$(printf "/root/a\033b")"')" = $'C /root,A /root/a\eb' ]
}
