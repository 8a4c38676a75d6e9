/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer from its bytes to its files, as root, in a small file system of this process alone. Beside the layer's
 * directory there is a canary: whatever the bytes say, nothing happens to it, nor does anything appear next to it. What
 * was unpacked has no marks of overlayfs but those that this code makes.
 *
 * Of an input's first byte, bit 0 asks for the checksums of tar headers to be made right, which no mutation does by
 * chance; bits 1 to 3 say in what pieces the bytes come.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/digest.h"
#include "image/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAR_BLOCK = 512, SIZE_AT = 124, SIZE_LENGTH = 12, CHECKSUM_AT = 148, CHECKSUM_LENGTH = 8 };

static const struct unpack_limits LIMITS = { .bytes = 1 << 20, .entries = 500, .ratio = 50, .ratio_from = 256 << 10 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* --- The place --- */

static int base = -1; /* holds "canary" and, during an input, "layer" */
static struct stat canary;

/* A tmpfs that is mounted nowhere goes away with the process, however that ends. */
static void prepare(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		base = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	fd_close(fs);
	if (base < 0) {
		static char path[] = "/tmp/fuzz-unpack-XXXXXX";
		require(mkdtemp(path));
		base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	fd_close(openat(base, "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	require(fstatat(base, "canary", &canary, AT_SYMLINK_NOFOLLOW) == 0);
}

static void check_outside(void)
{
	struct stat st;
	require(fstatat(base, "canary", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == canary.st_ino &&
		st.st_nlink == 1 && st.st_size == 0 && st.st_ctim.tv_sec == canary.st_ctim.tv_sec &&
		st.st_ctim.tv_nsec == canary.st_ctim.tv_nsec);
	_cleanup_closedir_ DIR *dir = fdopendir(openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	require(dir);
	size_t entries = 0;
	while (readdir(dir))
		entries++;
	require(entries == 4); /* with "." and ".." */
}

/* --- What was unpacked --- */

static void check_xattrs(int fd)
{
	char names[4096], value[8];
	ssize_t len = flistxattr(fd, names, sizeof names);
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		const char *name = names + at;
		require(!str_starts_with(name, "user.overlay."));
		if (streq(name, "trusted.overlay.coffer.implied")) /* ours; see storage/overlay-marks.h */
			continue;
		if (str_starts_with(name, "trusted.overlay."))
			require(streq(name, "trusted.overlay.opaque") &&
				fgetxattr(fd, name, value, sizeof value) == 1 && value[0] == 'y');
	}
}

static void check_tree(int fd, int depth)
{
	check_xattrs(fd);
	_cleanup_closedir_ DIR *dir = fdopendir(fd);
	require(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		require(!str_starts_with(entry->d_name, ".wh."));
		struct stat st;
		require(fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
			require(st.st_nlink == 1);
		if (S_ISDIR(st.st_mode) && depth < 50)
			check_tree(openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				   depth + 1);
	}
}

/* --- The bytes --- */

static size_t octal(const uint8_t *field, size_t len)
{
	size_t value = 0;
	for (size_t i = 0; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		value = value * 8 + (size_t)(field[i] - '0');
	return value;
}

static void correct_checksums(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + TAR_BLOCK <= size;) {
		uint8_t *header = data + at;
		unsigned sum = 0;
		memset(header + CHECKSUM_AT, ' ', CHECKSUM_LENGTH);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += header[i];
		/* A block of zeros is the archive's end. */
		if (sum == CHECKSUM_LENGTH * ' ')
			memset(header + CHECKSUM_AT, 0, CHECKSUM_LENGTH);
		else
			snprintf((char *)header + CHECKSUM_AT, CHECKSUM_LENGTH - 1, "%06o", sum);
		size_t len = octal(header + SIZE_AT, SIZE_LENGTH - 1);
		at += TAR_BLOCK + MIN((len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK, size);
	}
}

struct input {
	const uint8_t *data;
	size_t len, piece;
};

static ssize_t read_input(void *context, void *buf, size_t size)
{
	struct input *input = context;
	size_t n = MIN(size, input->len);
	if (input->piece > 0 && n > input->piece)
		n = input->piece;
	if (n > 0)
		memcpy(buf, input->data, n);
	input->data += n;
	input->len -= n;
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 0, 1, 2, 13, 100, 512, 513, 4096 };
	if (size == 0)
		return 0;
	if (base < 0)
		prepare();
	_cleanup_free_ uint8_t *bytes = mem_dup(data + 1, size - 1);
	if (data[0] & 1)
		correct_checksums(bytes, size - 1);
	struct input input = { .data = bytes, .len = size - 1, .piece = pieces[data[0] >> 1 & 7] };

	require(mkdirat(base, "layer", 0700) == 0);
	_cleanup_close_ int dir = openat(base, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct unpack_result result = { 0 };
	struct error err = { 0 };
	int r = unpack_archive(read_input, &input, LAYER_PLAIN, dir, &LIMITS, &result, &err);
	if (r < 0)
		require(err.code == -r && err.stage == STAGE_UNPACK && err.message[0]);
	else
		require(r == 0 && digest_is_valid(result.diff_id) && result.entries <= LIMITS.entries &&
			result.archive_size <= LIMITS.bytes);
	check_outside();
	check_tree(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	require(path_remove_tree(base, "layer") == 0);
	return 0;
}
