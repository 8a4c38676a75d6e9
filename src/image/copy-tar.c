/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "image/copy.h"
#include "image/tar-write.h"

enum { WRITE_SIZE = 256 * 1024 };

static const char ZEROS[2 * TAR_BLOCK];

static int flush(struct copy_tar *tar, struct error *err)
{
	int r = fd_write_all(tar->fd, tar->buf.data, tar->buf.len);
	tar->written += tar->buf.len;
	str_truncate(&tar->buf, 0);
	return r < 0 ? err_sys(err, -r, "write the archive") : 0;
}

static int put_entry(void *context, const struct entry *entry, struct error *err)
{
	struct copy_tar *tar = context;
	tar_entry_header(entry, &tar->buf);
	tar->left = entry->size;
	return tar->buf.len < WRITE_SIZE ? 0 : flush(tar, err);
}

static int put_data(void *context, const void *data, size_t len, struct error *err)
{
	struct copy_tar *tar = context;
	str_append_len(&tar->buf, data, len);
	tar->left -= len;
	if (tar->left == 0)
		str_append_len(&tar->buf, ZEROS, (size_t)tar_padding(tar->written + tar->buf.len));
	return tar->buf.len < WRITE_SIZE ? 0 : flush(tar, err);
}

struct copy_sink copy_tar_sink(struct copy_tar *tar)
{
	return (struct copy_sink){ .context = tar, .entry = put_entry, .data = put_data };
}

int copy_tar_finish(struct copy_tar *tar, struct error *err)
{
	str_append_len(&tar->buf, ZEROS, sizeof ZEROS);
	return flush(tar, err);
}

void copy_tar_done(struct copy_tar *tar)
{
	str_done(&tar->buf);
}
