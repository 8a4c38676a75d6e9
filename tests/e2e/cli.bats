#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The command line itself: help, words that make no sense, exit codes, and what is made out of the table of commands. No
# container runs here.

bats_require_minimum_version 1.5.0

setup() {
	export COFFER_ROOT=$BATS_TEST_TMPDIR/root COFFER_RUNROOT=$BATS_TEST_TMPDIR/run
}

teardown() {
	if [ -z "${may_open_store:-}" ] && [ -e "$COFFER_ROOT" ]; then
		echo "a store was made" >&2
		return 1
	fi
}

coffer() {
	"$COFFER_BIN/coffer" "$@"
}

# refuses MESSAGE ARGUMENT...: exit 125, nothing on standard output, and MESSAGE in the first line of the error.
refuses() {
	local message=$1
	shift
	run -125 --separate-stderr coffer "$@"
	# shellcheck disable=SC2154 # run assigns them
	echo "$stderr"
	[ -z "$output" ]
	# shellcheck disable=SC2154
	[[ ${stderr_lines[0]} == "coffer: $message"* ]]
	[[ ${stderr_lines[-1]} == '  [E-'*', exit 125]' ]]
}

# hints HINT ARGUMENT...: the same, for the line with the hint.
hints() {
	local hint=$1
	shift
	run -125 coffer "$@"
	[[ $output == *$'\n'"  hint:  $hint"$'\n'* ]]
}

# --- Help -----------------------------------------------------------------------------------------------------------

@test "without a command, and with --help, -h and help: the commands" {
	run -0 coffer
	overview=$output
	[ "${lines[0]}" = 'Usage:  coffer [OPTIONS] COMMAND' ]
	for title in 'Common Commands:' 'Management Commands:' 'Commands:' 'Global Options:'; do
		grep -qx "$title" <<<"$output"
	done
	for command in --help -h help; do
		run -0 coffer $command
		[ "$output" = "$overview" ]
	done
}

@test "a command's help has Docker's layout" {
	run -0 coffer ps --help
	[ "${lines[0]}" = 'Usage:  coffer ps [OPTIONS]' ]
	[ "${lines[1]}" = 'List containers' ]
	grep -qx 'Aliases:' <<<"$output"
	grep -qE '^  -a, --all {5,}[A-Z]' <<<"$output"
	grep -qE '^      --no-trunc {5,}[A-Z]' <<<"$output"
	[ "$(awk 'length > 80' <<<"$(sed '/^Examples:/,$d' <<<"$output")")" = '' ]
	help=$output
	run -0 coffer container ls --help
	[ "$output" = "$help" ]
	run -0 coffer help container ls
	[ "$output" = "$help" ]
}

@test "every command that help lists has help of its own" {
	commands=$(coffer --help | sed -nE 's/^  ([a-z]+) {2,}.*/\1/p')
	[ "$(wc -l <<<"$commands")" -gt 15 ]
	for command in $commands; do
		run -0 coffer "$command" --help
		[[ ${lines[0]} == "Usage:  coffer $command"* ]]
	done
}

@test "help comes before what is wrong behind it" {
	run -0 coffer run --help --nosuchflag
	run -0 coffer rm --help
}

@test "-h is a host name where Docker's is" {
	refuses "'coffer run' requires at least 1 argument" run -h box
	run -0 coffer ps -h
}

@test "a group of commands alone, and its help" {
	run -0 coffer container
	[ "${lines[0]}" = 'Usage:  coffer container COMMAND' ]
	grep -qE '^  ls +List containers$' <<<"$output"
	[[ $output != *cleanup* ]]
	group=$output
	run -0 coffer container --help
	[ "$output" = "$group" ]
	run -0 coffer help container
	[ "$output" = "$group" ]
}

@test "error codes are explained" {
	run -0 coffer help E-EXEC-NOTFOUND
	[[ $output == 'E-EXEC-NOTFOUND: the command is not in the container'* && $output == *127* ]]
	refuses 'unknown error code: E-NOSUCH' help E-NOSUCH
}

@test "version" {
	run -0 coffer --version
	[[ $output =~ ^coffer\ version\ [0-9.]+$ ]]
	version=${output##* }
	run -0 coffer -v
	run -0 coffer version
	[[ ${lines[0]} = Client: && ${lines[1]} =~ ^\ Version:\ +"$version"$ ]]
	[ "$(coffer version --format '{{.Client.Version}} {{.Server.Version}} {{.Server.Os}}')" = "$version $version linux" ]
	[ "$(coffer version -f json | jq -r .Server.Components[0].Name)" = Engine ]
	run -1 coffer version -f '{{.Nosuch}}'
	[[ $output == *"can't evaluate field Nosuch in type version"* ]]
}

# --- Words that make no sense ---------------------------------------------------------------------------------------

@test "unknown commands: the nearest is proposed" {
	refuses 'unknown command: coffer nosuch' nosuch
	refuses 'unknown command: coffer container nosuch' container nosuch
	refuses 'unknown command: coffer nosuch' help nosuch
	hints 'did you mean coffer run' rnu
	hints 'did you mean coffer image ls' image lst
}

@test "unknown flags: the nearest is proposed, and no usage is dumped" {
	refuses 'unknown flag: --nosuchflag' run --nosuchflag box
	[[ $stderr != *Usage* ]]
	refuses "unknown shorthand flag: 'Z' in -itZ" run -itZ box
	refuses 'unknown flag: --nosuch' --nosuch ps
	hints 'did you mean --memory' run --memroy 64m box
	hints 'did you mean --name' run -name x box
}

@test "values that make no sense name their flag" {
	refuses 'invalid argument "1x" for "-m, --memory" flag: ' run -m 1x box
	refuses 'invalid argument "x" for "--cpus" flag: ' run --cpus x box
	refuses 'invalid argument "-2" for "--pids-limit" flag: ' run --pids-limit -2 box
	refuses 'invalid argument "maybe" for "--rm" flag: ' run --rm=maybe box
	refuses 'invalid argument "sometimes" for "--pull" flag: it is one of missing, always, never' run --pull sometimes box
	refuses 'invalid argument "NOSUCH" for "-s, --signal" flag: ' kill -s NOSUCH x
	refuses 'invalid argument "ctrl-1" for "--detach-keys" flag: ' run --detach-keys ctrl-1 box
	refuses 'unknown log level "loud"' --log-level loud ps
	refuses 'invalid argument "" for "--root" flag' --root '' ps
}

@test "flags that lack their value" {
	refuses 'flag needs an argument: --memory' run --memory
	refuses "flag needs an argument: 'm' in -m" run -m
	refuses 'flag needs an argument: --root' --root
}

@test "too few and too many arguments" {
	refuses "'coffer run' requires at least 1 argument" run
	refuses "'coffer rm' requires at least 1 argument" rm
	refuses "'coffer pull' requires 1 argument" pull
	refuses "'coffer pull' requires 1 argument" pull a b
	refuses "'coffer tag' requires 2 arguments" tag a
	refuses "'coffer ps' accepts no arguments" ps a
	refuses "'coffer images' accepts at most 1 argument" images a b
	hints 'coffer tag --help' tag a
}

@test "what Docker has and we do not have yet is said to be so" {
	refuses 'cannot use "--gpus": device drivers' run --gpus all box
}

# --- What is wrong without the engine's help: it is open, but nothing is in it --------------------------------------

@test "mounts, variables, networks and terminals that cannot be" {
	may_open_store=yes
	printf 'A=1\nB C=2\n' >"$BATS_TEST_TMPDIR/env"
	refuses 'conflicting options: --network none and --network host' run --network none --network host box
	refuses 'invalid argument "x:/x" for "-v, --volume" flag: volume name is too short' run -v x:/x box
	refuses 'invalid argument "a/b:/x" for "-v, --volume" flag: "a/b" is neither a volume name nor an absolute path' \
		run -v a/b:/x box
	refuses 'invalid argument "run" for "--tmpfs" flag: invalid mount path "run"' run --tmpfs run box
	refuses 'invalid environment variable: "=x"' run -e =x box
	refuses "--env-file: $BATS_TEST_TMPDIR/env:2: variable \"B C\" contains whitespaces" \
		run --env-file "$BATS_TEST_TMPDIR/env" box
	refuses 'cannot allocate a terminal: the input device is not a TTY' run -it box
	refuses "container ID file found: \"$BATS_TEST_TMPDIR/env\"" create --cidfile "$BATS_TEST_TMPDIR/env" box
	hints '-v ./a/b:/x' run -v a/b:/x box
	hints 'drop -t' run -it box
}

@test "ps: filters that make no sense" {
	may_open_store=yes
	refuses "invalid filter 'x': it is KEY=VALUE" ps -f x
	refuses "invalid filter 'nosuch': it is one of ancestor, before" ps -f nosuch=x
	refuses "invalid filter 'status=x'" ps -f status=x
	refuses "invalid filter 'exited=x'" ps -f exited=x
	refuses "invalid filter 'name=['" ps -f 'name=['
}

@test "failures of other commands than run: 1, and the rest is done" {
	may_open_store=yes
	run -1 --separate-stderr coffer rm nosuch other
	[ "$(grep -c '^coffer: No such container: ' <<<"$stderr")" -eq 2 ]
	[[ $stderr == *'[E-NO-CONTAINER, exit 1]'* ]]
	run -1 --separate-stderr coffer inspect nosuch
	[ "$output" = '[]' ]
	run -0 coffer rm -f nosuch
	run -1 coffer kill nosuch
	run -1 coffer rmi nosuch
	run -1 coffer start nosuch
}

@test "a store that cannot be opened: 125" {
	touch "$BATS_TEST_TMPDIR/file"
	run -125 coffer --root "$BATS_TEST_TMPDIR/file/store" ps
}

@test "roots: flags count more than the environment, and may be relative" {
	cd "$BATS_TEST_TMPDIR"
	run -0 coffer --root ./here/store --runroot here/run info
	[[ $output == *"Docker Root Dir: $PWD/./here/store"* || $output == *"Docker Root Dir: $PWD/here/store"* ]]
	[ -d here/store ]
}

@test "a full disk behind standard output is an error" {
	run -125 --separate-stderr bash -c '"$COFFER_BIN/coffer" --help >/dev/full'
	[[ $stderr == 'coffer: write to standard output: no space left on device'* ]]
}

@test "colour only on a terminal" {
	run -125 coffer nosuch
	[[ $output != *$'\033'* ]]
}

# --- What is made out of the table ----------------------------------------------------------------------------------

@test "every command has a man page, and no page is without a command" {
	list=$BATS_TEST_DIRNAME/../../man/meson.build
	diff <("$COFFER_BIN/docs-gen" pages | sort) \
		<(sed -n '/^generated_man_pages/,/^]/s/^ *.\(coffer.*\.[18]\).,$/\1/p' "$list" | sort)
	pages=$("$COFFER_BIN/docs-gen" pages)
	for page in $pages; do
		"$COFFER_BIN/docs-gen" man "$page" >"$BATS_TEST_TMPDIR/page.scd"
		if command -v scdoc >/dev/null; then
			scdoc <"$BATS_TEST_TMPDIR/page.scd" >/dev/null
		fi
	done
	run -1 "$COFFER_BIN/docs-gen" man coffer-nosuch.1
}

@test "completion of bash" {
	"$COFFER_BIN/docs-gen" completion bash >"$BATS_TEST_TMPDIR/coffer"
	# shellcheck source=/dev/null
	. "$BATS_TEST_TMPDIR/coffer"
	complete_line() { # WORD...: the last one is being typed
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
		COMP_POINT=${#COMP_LINE}
		_coffer
		echo "${COMPREPLY[*]}"
	}
	[ "$(complete_line coffer r)" = 'rename restart rm rmi run' ]
	[ "$(complete_line coffer --ro)" = '--root' ]
	[ "$(complete_line coffer container l)" = 'logs ls' ]
	[ "$(complete_line coffer --debug run --pul)" = '--pull' ]
	[ "$(complete_line coffer --root /x run --pull '')" = 'missing always never' ]
	[ "$(complete_line coffer run --pull = al)" = 'always' ]
	[ "$(complete_line coffer help vers)" = 'version' ]
	[ "$(complete_line coffer --storage-driver vfs volume pr)" = 'prune' ]
	[ "$(complete_line coffer network connect --al)" = '--alias' ]
	coffer() { # what is there
		[ "$2" = ls ] && echo "$1-one"
	}
	[ "$(complete_line coffer volume rm '')" = 'volume-one' ]
	[ "$(complete_line coffer network inspect netw)" = 'network-one' ]
	[ "$(complete_line coffer run --secret s)" = 'secret-one' ]
}

@test "completion of zsh and fish" {
	for shell in zsh fish; do
		"$COFFER_BIN/docs-gen" completion $shell >"$BATS_TEST_TMPDIR/completion"
		if command -v $shell >/dev/null; then
			$shell -n "$BATS_TEST_TMPDIR/completion"
		fi
	done
}
