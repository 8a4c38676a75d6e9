/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/decompress.h"
#include "image/hash.h"
#include "image/unpack-tar.h"
#include "image/unpack-tree.h"
#include "storage/space.h"

/* A multiple of tar's block, so that no header is split; small enough to stay in the CPU's cache from here to write(). */
enum { BLOCK_SIZE = 256 * 1024 };

struct unpacking {
	const struct unpack_limits *limits;
	struct decompressor *source;
	struct hash *hash;
	struct tar *tar;
	struct tree tree;
	uint64_t archive_size; /* uncompressed, so far */
	uint64_t files_size;   /* of all regular files so far, holes included */
	uint64_t entries;
	uint64_t needed; /* what was still to be written of a file when that failed */
	uint8_t *block;
};

static int check_limits(const struct unpacking *unpacking, struct error *err)
{
	const struct unpack_limits *limits = unpacking->limits;
	uint64_t size = unpacking->archive_size, compressed = decompress_consumed(unpacking->source);
	if (size > limits->bytes) {
		err_set(err, ERR_IMG_LAYER, "layer is larger than %" PRIu64 " bytes unpacked, which is the limit",
			limits->bytes);
		return err_hint(err, "export " UNPACK_BYTES_VARIABLE "=%" PRIu64, 2 * limits->bytes);
	}
	if (size > limits->ratio_from && size / limits->ratio > compressed) {
		err_set(err, ERR_IMG_LAYER,
			"layer is more than %" PRIu64 " times as large unpacked, which is the limit", limits->ratio);
		err_hint(err, "export " UNPACK_RATIO_VARIABLE "=%" PRIu64, 2 * limits->ratio);
		return err_cause(err,
				 "its first %" PRIu64 " bytes have become %" PRIu64 "; the limit counts from %" PRIu64
				 " on",
				 compressed, size, limits->ratio_from);
	}
	return 0;
}

/* All bytes of the archive pass here, whoever asks for them. */
static ssize_t next_block(void *context, const void **ret, struct error *err)
{
	struct unpacking *unpacking = context;
	ssize_t len = decompress_read(unpacking->source, unpacking->block, BLOCK_SIZE, err);
	if (len <= 0)
		return len;
	if (!unpacking->limits->no_digest)
		hash_update(unpacking->hash, unpacking->block, (size_t)len);
	unpacking->archive_size += (uint64_t)len;
	int r = check_limits(unpacking, err);
	if (r < 0)
		return r;
	*ret = unpacking->block;
	return len;
}

static int write_at(struct unpacking *unpacking, int fd, const char *data, size_t len, uint64_t offset,
		    const struct entry *entry, struct error *err)
{
	while (len > 0) {
		ssize_t n = RETRY_ON_EINTR(pwrite(fd, data, len, (off_t)offset));
		if (n < 0) {
			unpacking->needed = entry->size - offset;
			return entry_error(entry, errno, "write", err);
		}
		data += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int write_file(struct unpacking *unpacking, int fd, const struct entry *entry, struct error *err)
{
	const void *data;
	size_t len;
	uint64_t offset, end = 0;
	int r;
	while ((r = tar_data(unpacking->tar, &data, &len, &offset, err)) > 0) {
		r = write_at(unpacking, fd, data, len, offset, entry, err);
		if (r < 0)
			return r;
		end = MAX(end, offset + len);
	}
	if (r < 0)
		return r;
	/* A sparse file may end in a hole. */
	if (end < entry->size && ftruncate(fd, (off_t)entry->size) < 0)
		return entry_error(entry, errno, "write", err);
	return 0;
}

static int count_file(struct unpacking *unpacking, const struct entry *entry, struct error *err)
{
	uint64_t limit = unpacking->limits->bytes;
	if (entry->size > limit || unpacking->files_size > limit - entry->size) {
		err_set(err, ERR_IMG_LAYER,
			"layer's files, with the holes in them, are larger than %" PRIu64
			" bytes, which is the limit (at '%s')",
			limit, entry->raw);
		return err_hint(err, "export " UNPACK_BYTES_VARIABLE "=%" PRIu64, 2 * limit);
	}
	unpacking->files_size += entry->size;
	return 0;
}

static int unpack_entry(struct unpacking *unpacking, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int fd = -1;
	struct entry ours = *entry;
	if (unpacking->limits->owners_are_ours) {
		ours.uid = unpacking->tree.our_uid;
		ours.gid = unpacking->tree.our_gid;
		entry = &ours;
	}
	int r = count_file(unpacking, entry, err);
	if (r == 0)
		r = tree_add(&unpacking->tree, entry, &fd, err);
	if (r < 0 || fd < 0)
		return r;
	r = write_file(unpacking, fd, entry, err);
	return r < 0 ? r : tree_close_file(&unpacking->tree, fd, entry, err);
}

static int unpack_entries(struct unpacking *unpacking, struct error *err)
{
	const struct entry *entry;
	int r;
	while ((r = tar_next(unpacking->tar, &entry, err)) > 0) {
		unpacking->entries++;
		r = unpack_entry(unpacking, entry, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* The DiffID is of the whole stream, also of what follows the archive's end; and only its end shows that it is whole. */
static int read_rest(struct unpacking *unpacking, struct error *err)
{
	const void *unused;
	ssize_t len;
	do
		len = next_block(unpacking, &unused, err);
	while (len > 0);
	return (int)len;
}

static int run(struct unpacking *unpacking, int dir, struct unpack_result *ret, struct error *err)
{
	struct unpack_result result = { 0 };
	int r = tree_init(&unpacking->tree, dir, unpacking->limits->entries, err);
	if (r == 0)
		r = tar_open(next_block, unpacking, &unpacking->tar, err);
	if (r == 0)
		r = unpack_entries(unpacking, err);
	if (r == 0)
		r = read_rest(unpacking, err);
	if (r == 0)
		r = tree_finish(&unpacking->tree, err);
	if (r == 0)
		r = hash_finish(unpacking->hash, result.diff_id, err);
	if (r < 0)
		return space_explain(r, dir, unpacking->needed, err);
	result.archive_size = unpacking->archive_size;
	result.entries = unpacking->entries;
	result.compression = decompress_kind(unpacking->source);
	*ret = result;
	return 0;
}

static void log_mismatch(enum layer_compression said, enum layer_compression found)
{
	static const char *const names[] = { [LAYER_PLAIN] = "plain", [LAYER_GZIP] = "gzip", [LAYER_ZSTD] = "zstd" };
	if (said != found)
		log_debug("unpack: the layer is said to be %s, and is %s", names[said], names[found]);
}

int unpack_archive(unpack_read_fn *read, void *context, enum layer_compression compression, int dir,
		   const struct unpack_limits *limits, struct unpack_result *ret, struct error *err)
{
	_cleanup_hash_ struct hash *hash = NULL;
	_cleanup_decompressor_ struct decompressor *source = NULL;
	_cleanup_free_ uint8_t *block = mem_alloc(BLOCK_SIZE);
	int r = hash_new(&hash, err);
	if (r == 0)
		r = decompress_open(read, context, &source, err);
	if (r == 0) {
		log_mismatch(compression, decompress_kind(source));
		struct unpacking unpacking = {
			.limits = limits ? limits : &unpack_default_limits,
			.source = source,
			.hash = hash,
			.block = block,
		};
		r = run(&unpacking, dir, ret, err);
		tar_free(unpacking.tar);
		tree_done(&unpacking.tree);
	}
	if (r < 0)
		err_stage(err, STAGE_UNPACK);
	return r;
}
