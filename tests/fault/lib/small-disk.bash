# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# One command of coffer on a store of its own, on a file system that is too small; in a mount namespace of its own, so
# that nobody else sees the mount:
#
#   unshare --mount bash small-disk.bash DIRECTORY MOUNT-OPTIONS MORE COFFER ARGUMENT...
#
# MORE are the mount options with which there is room again. Exits with 0 if the command worked, with 10 if it failed and
# said that the file system is full, and with 1 if it said anything else, or what it left is not sound.

set -euo pipefail

directory=$1 options=$2 more=$3 coffer=$4
shift 4

small() {
	"$coffer" --root "$directory/root" --runroot "$directory.run" "$@"
}

mkdir -p "$directory"
mount -t tmpfs -o "$options" small "$directory"
status=0
said=$(small "$@" 2>&1) || status=10
if [ "$status" -ne 0 ] && [[ $said != *"$directory"*E-NO* ]]; then
	echo "$options: $said"
	exit 1
fi
mount -o "remount,$more" "$directory"
if ! found=$(small system check --repair) || ! small image verify --quiet; then
	echo "$options: $found"
	exit 1
fi
exit "$status"
