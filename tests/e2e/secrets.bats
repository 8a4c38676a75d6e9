#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Secrets: kept, listed, given to containers as files and variables, and shown nowhere.

# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	coffer secret rm --all >/dev/null
}

# keep NAME TEXT [FLAG...]
keep() {
	printf %s "$2" | coffer secret create "${@:3}" "$1" -
}

flags() {
	coffer run --rm --network none "$@"
}

# hides COMMAND...: its output has nothing of the secret
hides() {
	run -0 "$@"
	[[ $output != *hunter2* ]]
}

@test "created, listed, described, removed" {
	id=$(keep word hunter2 --label a=b)
	[[ $id =~ ^[0-9a-f]{25}$ ]]
	run -0 coffer secret ls
	[[ ${lines[0]} =~ ^ID\ +NAME\ +DRIVER\ +CREATED\ +UPDATED$ ]]
	[[ ${lines[1]} =~ ^$id\ +word\ +file\ +.*\ ago\ +.*\ ago$ ]]
	keep other x >/dev/null
	[ "$(coffer secret ls --format '{{.Name}} {{.Labels}}')" = $'other \nword a=b' ]
	[ "$(coffer secret ls -q -f name=wo)" = "$id" ]
	run -1 coffer secret ls -f size=3
	[[ $output == *"Invalid filter 'size=3'"* ]]
	[ "$(coffer secret inspect word "${id:0:6}" | jq -c 'map([.ID, .Spec.Name, .Spec.Driver.Name, .Spec.Labels.a])')" = \
		"[[\"$id\",\"word\",\"file\",\"b\"],[\"$id\",\"word\",\"file\",\"b\"]]" ]
	[ "$(coffer secret rm word)" = word ]
	run -1 coffer secret inspect word
	[[ $output == *'No such secret: word'*'[E-NO-SECRET, exit 1]'* ]]
	run -1 coffer secret rm word other
	[[ $output == *'No such secret: word'*other* ]]
	coffer secret rm --ignore word
}

@test "from a file, from the environment; a name that is taken" {
	printf 'line\n' >"$BATS_TEST_TMPDIR/file"
	coffer secret create one "$BATS_TEST_TMPDIR/file"
	run -1 coffer secret create one "$BATS_TEST_TMPDIR/file"
	[[ $output == *'secret name "one" is in use'*'--replace'* ]]
	WORD=fish coffer secret create --env --replace one WORD
	[ "$(flags --secret one box:1 cat /run/secrets/one)" = fish ]
	run -1 env -u WORD "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		secret create --env two WORD
	[[ $output == *'no such variable in the environment: WORD'* ]]
	[ "$(coffer secret ls -q | wc -l)" -eq 1 ]
	[ -z "$(ls -A "$COFFER_TEST_ROOT/root/tmp")" ]
}

@test "what cannot be a secret" {
	run -1 keep a/b x
	[[ $output == *'invalid name of a secret "a/b"'* ]]
	run -1 keep .hidden x
	run -1 keep a,b x
	run -1 keep '' x
	run -1 coffer secret create empty /dev/null
	[[ $output == *'must be larger than 0 and less than 512000 bytes'* ]]
	head -c 512000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	run -1 coffer secret create large "$BATS_TEST_TMPDIR/large"
	run -1 coffer secret create -d pass some "$BATS_TEST_TMPDIR/large"
	[[ $output == *'no driver "pass"'* ]]
	run -1 coffer secret create some /nosuch
	[[ $output == *"open '/nosuch'"* ]]
	run -125 coffer secret inspect --showsecret some
	run -125 coffer secret rm
	[[ $output == *'name a secret, or say --all'* ]]
}

@test "only their owner can read them" {
	keep word hunter2 >/dev/null
	[ "$(find "$COFFER_TEST_ROOT/root/secrets" -perm /077 | wc -l)" -eq 0 ]
	grep -qx hunter2 <(cat "$COFFER_TEST_ROOT/root/secrets/word/data"; echo)
	coffer secret rm word
	run ! grep -rq hunter2 "$COFFER_TEST_ROOT/root"
}

@test "as files: places, owners, modes, in memory and not to be written" {
	keep word hunter2 >/dev/null
	keep second two >/dev/null
	run -1 flags --secret word --secret second,target=sub/x,uid=1000,gid=1000,mode=0400 --secret second,target=/etc/key box:1 \
		sh -c 'cd /run/secrets; cat word sub/x /etc/key; stat -c " %u %g %a" word sub/x; stat -f -c %T .; echo no >word'
	[[ $output == 'hunter2twotwo 0 0 444'$'\n'' 1000 1000 400'$'\n''tmpfs'* ]]
	[[ $output == *'Read-only file system'* ]]
	run -0 flags -u user --secret second,uid=1000,mode=0400 box:1 cat /run/secrets/second
	run -0 flags --read-only --secret word box:1 cat /run/secrets/word
	run -0 flags --tmpfs /run --secret word box:1 cat /run/secrets/word
	[ "$output" = hunter2 ]
}

@test "as files of a container with a user namespace: the owners are its own" {
	keep word hunter2 >/dev/null
	local first=100000
	[ "${COFFER_TEST_ROOTLESS:-no}" = no ] || first=1
	userns() {
		flags --uidmap "0:$first:3000" --gidmap "0:$first:3000" "$@"
	}
	run -0 userns -u user --secret word,uid=1000,gid=1000,mode=0400 box:1 \
		sh -c 'cat /run/secrets/word; stat -c " %u %g" /run/secrets/word'
	[ "$output" = 'hunter2 1000 1000' ]
	run -125 userns --secret word,uid=5000 box:1 true
	[[ $output == *'secret "word": the container'"'"'s user namespace has no id 5000:0'* ]]
}

@test "as variables, also for exec" {
	keep word hunter2 >/dev/null
	[ "$(flags --secret word,type=env,target=WORD --secret word,type=env -e WORD=other box:1 sh -c 'echo $WORD $word')" = \
		'hunter2 hunter2' ]
	coffer run -d --network none --name holder --secret word,type=env,target=WORD box:1 sleep 1000 >/dev/null
	coffer secret rm word
	[ "$(coffer exec holder sh -c 'echo $WORD')" = hunter2 ]
	coffer rm -f holder
	printf 'a\0b' | coffer secret create binary - >/dev/null
	run -125 flags --secret binary,type=env box:1 true
	[[ $output == *'secret "binary" has a zero byte'* ]]
}

@test "shown by nobody: inspect, commit, export, logs of events" {
	keep word hunter2 >/dev/null
	coffer run --network none --name holder --secret word --secret word,type=env,target=WORD box:1 true
	[ "$(coffer inspect holder | jq -c '.[0].Config.Secrets')" = \
		'[{"Name":"word","Target":"/run/secrets/word","UID":0,"GID":0,"Mode":292},{"Name":"word","Variable":"WORD"}]' ]
	hides coffer inspect holder
	hides coffer export holder
	coffer commit holder saved:1 >/dev/null
	coffer rm holder
	hides coffer image inspect saved:1
	coffer rmi saved:1
	coffer secret rm word
	run -1 grep -rq hunter2 "$COFFER_TEST_ROOT"
}

@test "read at every start; without it there is none" {
	keep word first >/dev/null
	coffer create --network none --name reader --secret word box:1 cat /run/secrets/word >/dev/null
	keep word second --replace >/dev/null
	[ "$(coffer start -a reader)" = second ]
	coffer secret rm word
	run -1 coffer start -a reader
	[[ $output == *'No such secret: word'* ]]
	keep word third >/dev/null
	[ "$(coffer start -a reader)" = third ]
	coffer rm reader
}

@test "--secret: what cannot be" {
	keep word x >/dev/null
	refused() {
		run -125 coffer create --network none "${@:2}" box:1 true
		[[ $output == *"$1"* ]]
	}
	refused 'No such secret: nosuch' --secret nosuch
	refused 'no secret is named' --secret ''
	refused 'unknown option "size=3"' --secret word,size=3
	refused 'type "file" is invalid' --secret word,type=file
	refused 'are not for secrets of type env' --secret word,type=env,mode=0400
	refused '--secret "word,mode=9"' --secret word,mode=9
	refused '--secret "word,uid=-1"' --secret word,uid=-1
	refused 'target "/" is not a file' --secret word,target=/
	refused 'target "../.." is not a file' --secret word,target=../..
	refused 'not a variable' --secret word,type=env,target=a=b
	refused 'Duplicate mount point: /run/secrets/word' --secret word --secret word
	refused 'Duplicate mount point: /key' --secret word,target=/key -v /etc:/key
}
