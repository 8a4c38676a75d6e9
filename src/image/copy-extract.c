/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy-extract.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "image/decompress.h"
#include "image/unpack-tar.h"

enum { BLOCK_SIZE = 256 * 1024 };

struct extract {
	const struct transfer *transfer;
	int fd;
	struct error cancelled;
	struct decompressor *source;
	struct tar *tar;
	uint8_t *block;
};

static ssize_t read_some(void *context, void *buf, size_t size)
{
	struct extract *extract = context;
	if (transfer_wait(extract->transfer, extract->fd, POLLIN, -1, &extract->cancelled) < 0)
		return -ECANCELED;
	ssize_t n = RETRY_ON_EINTR(read(extract->fd, buf, size));
	return n < 0 ? -errno : n;
}

static ssize_t next_block(void *context, const void **ret, struct error *err)
{
	struct extract *extract = context;
	*ret = extract->block;
	return decompress_read(extract->source, extract->block, BLOCK_SIZE, err);
}

static int send_zeros(const struct copy_sink *sink, uint64_t len, struct error *err)
{
	static const char zeros[64 * 1024];
	int r = 0;
	while (r >= 0 && len > 0) {
		size_t part = (size_t)MIN(len, (uint64_t)sizeof zeros);
		r = sink->data(sink->context, zeros, part, err);
		len -= part;
	}
	return r;
}

/* What a sparse archive leaves out is zeros. */
static int send_data(struct extract *extract, const struct entry *entry, const struct copy_sink *sink,
		     struct error *err)
{
	uint64_t at = 0, offset;
	const void *data;
	size_t len;
	int r;
	while ((r = tar_data(extract->tar, &data, &len, &offset, err)) > 0) {
		r = offset < at ? err_set(err, ERR_IMG_LAYER, "'%s' has data out of order", entry->raw)
				: send_zeros(sink, offset - at, err);
		if (r >= 0)
			r = sink->data(sink->context, data, len, err);
		if (r < 0)
			return r;
		at = offset + len;
	}
	return r < 0 ? r : send_zeros(sink, entry->size - at, err);
}

/* By its name in full: what would be a whiteout in a layer is a file like any other here. */
static int send_entry(struct extract *extract, const struct entry *read, const struct copy_sink *sink,
		      struct error *err)
{
	_cleanup_free_ char *name = NULL;
	struct entry entry = *read;
	int r = name_normalize(read->raw, &name, err);
	if (r < 0 || !*name)
		return r;
	entry.raw = name;
	r = sink->entry(sink->context, &entry, err);
	return r < 0 || !S_ISREG(entry.mode) || entry.hard_link ? r : send_data(extract, &entry, sink, err);
}

static int send_entries(struct extract *extract, const struct copy_sink *sink, struct error *err)
{
	const struct entry *entry;
	int r = tar_open(next_block, extract, &extract->tar, err);
	while (r >= 0 && (r = tar_next(extract->tar, &entry, err)) > 0)
		r = send_entry(extract, entry, sink, err);
	return r;
}

static int run(struct extract *extract, const struct extract_options *options, uint64_t *ret_size, struct error *err)
{
	_cleanup_copy_files_ struct copy_files files = {
		.root = options->root, .base = options->path, .keep_owner = true, COPY_FILES_INIT
	};
	struct copy_ids ids = { .sink = copy_files_sink(&files), .maps = options->maps, .to_host = true };
	const struct copy_sink sink = ids.maps.n_uids > 0 ? copy_ids_sink(&ids) : ids.sink;
	int r = ids.maps.n_uids > 0 ? copy_ids_enter(&ids.maps, err) : 0;
	if (r >= 0)
		r = decompress_open(read_some, extract, &extract->source, err);
	if (r >= 0)
		r = send_entries(extract, &sink, err);
	if (r >= 0)
		r = copy_files_finish(&files, err);
	if (r >= 0)
		*ret_size = files.written;
	return r;
}

int copy_extract(const struct transfer *transfer, const struct extract_options *options, uint64_t *ret_size,
		 struct error *err)
{
	struct extract extract = { .transfer = transfer, .fd = options->fd, .block = mem_alloc(BLOCK_SIZE) };
	int r = run(&extract, options, ret_size, err);
	tar_free(extract.tar);
	decompress_free(extract.source);
	free(extract.block);
	if (r < 0 && extract.cancelled.code != ERR_NONE && err)
		*err = extract.cancelled;
	return r;
}
