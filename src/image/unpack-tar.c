/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/unpack-attributes.h"

struct tar {
	struct archive *archive;
	struct archive_entry *current;
	struct entry entry;
	tar_block_fn *block;
	void *context;
	bool started, ended;	  /* the stream: whether there was a byte, whether there will be no more */
	struct error block_error; /* what the block function failed with, while libarchive knows only that it did */
};

enum {
	/* Kernel device numbers have 12 and 20 bits; mknod(2) cuts the rest off, which would make 0:0 of 4096:0. */
	MAJOR_MAX = (1 << 12) - 1,
	MINOR_MAX = (1 << 20) - 1,
};

/* What fits into 64 bits of nanoseconds: 2262-04-11. The time_t of file systems ends earlier, and the kernel clamps. */
static const int64_t MTIME_MAX = INT64_MAX / 1000000000;

static la_ssize_t on_block(struct archive *archive, void *data, const void **ret)
{
	struct tar *tar = data;
	ssize_t len = tar->block(tar->context, ret, &tar->block_error);
	if (len < 0) {
		archive_set_error(archive, EIO, "no more blocks");
		return -1;
	}
	tar->started |= len > 0;
	tar->ended = len == 0;
	return len;
}

static int malformed(struct tar *tar, struct error *err)
{
	if (tar->block_error.code != ERR_NONE) {
		if (err)
			*err = tar->block_error;
		return -tar->block_error.code;
	}
	const char *detail = archive_error_string(tar->archive);
	if (tar->ended)
		err_set(err, ERR_IMG_LAYER, "layer is truncated: its archive ends in the middle of an entry");
	else
		err_set(err, ERR_IMG_LAYER, "layer is no well-formed tar archive");
	return err_cause(err, "%s", detail ? detail : "the reader does not say why");
}

/* Without a single byte, it is no archive to libarchive, but an empty one to everybody else. */
static bool is_empty(const struct tar *tar)
{
	return tar->ended && !tar->started;
}

int tar_open(tar_block_fn *block, void *context, struct tar **ret, struct error *err)
{
	_cleanup_tar_ struct tar *tar = NEW(struct tar);
	tar->block = block;
	tar->context = context;
	tar->archive = archive_read_new();
	if (!tar->archive)
		abort(); /* no memory: see base/mem.h */
	if (archive_read_support_format_tar(tar->archive) != ARCHIVE_OK)
		abort();
	if (archive_read_open(tar->archive, tar, NULL, on_block, NULL) != ARCHIVE_OK && !is_empty(tar))
		return malformed(tar, err);
	*ret = TAKE_PTR(tar);
	return 0;
}

static void entry_done(struct entry *entry)
{
	name_done(&entry->name);
	free(entry->target);
	free(entry->xattrs);
	*entry = (struct entry){ 0 };
}

void tar_free(struct tar *tar)
{
	if (!tar)
		return;
	entry_done(&tar->entry);
	archive_read_free(tar->archive);
	free(tar);
}

static int take_id(int64_t value, const char *what, const struct entry *entry, uint32_t *ret, struct error *err)
{
	/* The highest one means "leave it as it is" to chown(2). */
	if (value < 0 || value >= UINT32_MAX)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' has %" PRIi64 " as its %s", entry->raw, value, what);
	*ret = (uint32_t)value;
	return 0;
}

/*
 * Times before 1970 become 1970 and those after the year 2262 become that year, so that everything that reads the
 * layer later can count them; Docker and containerd bound them likewise.
 */
static struct timespec take_mtime(struct archive_entry *from)
{
	int64_t seconds = archive_entry_mtime(from);
	if (seconds < 0)
		return (struct timespec){ 0 };
	if (seconds >= MTIME_MAX)
		return (struct timespec){ .tv_sec = MTIME_MAX };
	return (struct timespec){ .tv_sec = seconds, .tv_nsec = archive_entry_mtime_nsec(from) };
}

static int take_device(struct archive_entry *from, struct entry *entry, struct error *err)
{
	if (!S_ISCHR(entry->mode) && !S_ISBLK(entry->mode))
		return 0;
	uint64_t major_number = archive_entry_rdevmajor(from), minor_number = archive_entry_rdevminor(from);
	if (major_number > MAJOR_MAX || minor_number > MINOR_MAX)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' is device %" PRIu64 ":%" PRIu64 ", which cannot exist",
			       entry->raw, major_number, minor_number);
	entry->device = makedev((unsigned)major_number, (unsigned)minor_number);
	return 0;
}

static int take_size(struct archive_entry *from, struct entry *entry, struct error *err)
{
	int64_t size = archive_entry_size(from);
	if (size < 0)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' has a size of %" PRIi64, entry->raw, size);
	entry->size = S_ISREG(entry->mode) && !entry->hard_link ? (uint64_t)size : 0;
	return 0;
}

static int take_target(struct archive_entry *from, struct entry *entry, struct error *err)
{
	const char *hard_link = archive_entry_hardlink(from), *symlink = archive_entry_symlink(from);
	entry->hard_link = hard_link != NULL;
	if (hard_link)
		return name_normalize(hard_link, &entry->target, err);
	if (S_ISLNK(entry->mode) && str_is_empty(symlink))
		return err_set(err, ERR_IMG_LAYER, "entry '%s' is a symbolic link to nothing", entry->raw);
	entry->target = S_ISLNK(entry->mode) ? mem_strdup(symlink) : NULL;
	return 0;
}

static void take_xattrs(struct archive_entry *from, struct entry *entry)
{
	struct entry_xattr xattr;
	archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &xattr.name, &xattr.value, &xattr.len) == ARCHIVE_OK)
		if (xattr.name && attributes_keep_xattr(xattr.name))
			*ARRAY_APPEND(entry->xattrs, entry->n_xattrs) = xattr;
}

/* Old archives, and some broken newer ones, have directories as files whose name ends in a slash. */
static mode_t take_mode(struct archive_entry *from, const char *raw)
{
	mode_t mode = archive_entry_mode(from);
	return S_ISREG(mode) && str_ends_with(raw, "/") ? S_IFDIR | (mode & ALLPERMS) : mode;
}

static int translate(struct archive_entry *from, struct entry *entry, struct error *err)
{
	entry->raw = archive_entry_pathname(from);
	if (!entry->raw)
		return err_set(err, ERR_IMG_LAYER, "layer has an entry without a name");
	entry->mode = take_mode(from, entry->raw);
	entry->mtime = take_mtime(from);
	int r = name_parse(entry->raw, &entry->name, err);
	if (r == 0)
		r = take_id(archive_entry_uid(from), "owner", entry, &entry->uid, err);
	if (r == 0)
		r = take_id(archive_entry_gid(from), "group", entry, &entry->gid, err);
	if (r == 0)
		r = take_target(from, entry, err);
	if (r == 0)
		r = take_device(from, entry, err);
	if (r == 0)
		r = take_size(from, entry, err);
	if (r == 0)
		take_xattrs(from, entry);
	return r;
}

/*
 * libarchive wants to convert names from UTF-8, which pax archives have, to our locale. Where it cannot, it warns and
 * leaves the bytes as they are, which is what we want; every other warning means that it has left something out.
 */
static bool is_about_charset(struct archive *archive)
{
	return archive_errno(archive) == EILSEQ;
}

int tar_next(struct tar *tar, const struct entry **ret, struct error *err)
{
	entry_done(&tar->entry);
	if (is_empty(tar))
		return 0;
	int r = archive_read_next_header(tar->archive, &tar->current);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && !(r == ARCHIVE_WARN && is_about_charset(tar->archive)))
		return malformed(tar, err);
	r = translate(tar->current, &tar->entry, err);
	if (r < 0)
		return r;
	*ret = &tar->entry;
	return 1;
}

int tar_data(struct tar *tar, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct error *err)
{
	const void *data;
	size_t len;
	la_int64_t offset;
	int r = archive_read_data_block(tar->archive, &data, &len, &offset);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return malformed(tar, err);
	uint64_t size = tar->entry.size;
	if (offset < 0 || (uint64_t)offset > size || len > size - (uint64_t)offset)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' has data beyond its size of %" PRIu64 " bytes",
			       tar->entry.raw, size);
	*ret_data = data;
	*ret_len = len;
	*ret_offset = (uint64_t)offset;
	return 1;
}
