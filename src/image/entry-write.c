/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fd.h"
#include "image/entry-stream.h"

/* Many small frames become one write; what is larger than that goes without being copied. */
enum { WRITE_SIZE = 64 * 1024 };

static int flush(struct entry_writer *writer, struct error *err)
{
	int r = fd_write_all(writer->fd, writer->buf.data, writer->buf.len);
	str_truncate(&writer->buf, 0);
	return r < 0 ? err_sys(err, -r, "tell what is in the archive") : 0;
}

static int flush_if_full(struct entry_writer *writer, struct error *err)
{
	return writer->buf.len < WRITE_SIZE ? 0 : flush(writer, err);
}

static void put_head(struct entry_writer *writer, enum entry_frame_kind kind, size_t len)
{
	const struct entry_frame_head head = { .kind = kind, .len = (uint32_t)len };
	str_append_len(&writer->buf, &head, sizeof head);
}

static void put_text(struct entry_writer *writer, const char *text, size_t len)
{
	str_append_len(&writer->buf, text, len);
	str_append_char(&writer->buf, '\0');
}

static void put_xattr(struct entry_writer *writer, const struct entry_xattr *xattr)
{
	const struct entry_frame_xattr head = {
		.name_len = (uint32_t)strlen(xattr->name),
		.value_len = (uint32_t)xattr->len,
	};
	str_append_len(&writer->buf, &head, sizeof head);
	put_text(writer, xattr->name, head.name_len);
	str_append_len(&writer->buf, xattr->value, head.value_len);
}

/* The length of the frame, or 0 if it cannot be told. */
static size_t measure(const struct entry *entry)
{
	size_t name = strlen(entry->raw), target = entry->target ? strlen(entry->target) : 0;
	size_t len = sizeof(struct entry_frame_entry) + name + 1 + target + 1;
	if (name > ENTRY_NAME_LENGTH_MAX || target > ENTRY_NAME_LENGTH_MAX || entry->n_xattrs > ENTRY_XATTRS_MAX)
		return 0;
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct entry_xattr *xattr = &entry->xattrs[i];
		size_t name_len = strlen(xattr->name);
		if (name_len > ENTRY_XATTR_NAME_MAX || xattr->len > ENTRY_XATTR_VALUE_MAX)
			return 0;
		len += sizeof(struct entry_frame_xattr) + name_len + 1 + xattr->len;
	}
	return len <= ENTRY_FRAME_MAX ? len : 0;
}

int entry_write(struct entry_writer *writer, const struct entry *entry, struct error *err)
{
	size_t len = measure(entry);
	if (len == 0)
		return err_set(err, ERR_IMG_LAYER,
			       "entry '%.200s' has a name, a target or attributes that are too long for a file",
			       entry->raw);
	const struct entry_frame_entry frame = {
		.size = entry->size,
		.device = entry->device,
		.mtime_sec = entry->mtime.tv_sec,
		.mtime_nsec = (uint32_t)entry->mtime.tv_nsec,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.name_len = (uint32_t)strlen(entry->raw),
		.target_len = entry->target ? (uint32_t)strlen(entry->target) : 0,
		.n_xattrs = (uint32_t)entry->n_xattrs,
		.hard_link = entry->hard_link,
	};
	put_head(writer, ENTRY_FRAME_ENTRY, len);
	str_append_len(&writer->buf, &frame, sizeof frame);
	put_text(writer, entry->raw, frame.name_len);
	put_text(writer, entry->target ? entry->target : "", frame.target_len);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		put_xattr(writer, &entry->xattrs[i]);
	return flush_if_full(writer, err);
}

int entry_write_data(struct entry_writer *writer, const void *data, size_t len, struct error *err)
{
	put_head(writer, ENTRY_FRAME_DATA, len);
	if (len < WRITE_SIZE) {
		str_append_len(&writer->buf, data, len);
		return flush_if_full(writer, err);
	}
	int r = flush(writer, err);
	if (r < 0)
		return r;
	r = fd_write_all(writer->fd, data, len);
	return r < 0 ? err_sys(err, -r, "tell what is in the archive") : 0;
}

int entry_write_hole(struct entry_writer *writer, uint64_t len, struct error *err)
{
	put_head(writer, ENTRY_FRAME_HOLE, sizeof len);
	str_append_len(&writer->buf, &len, sizeof len);
	return flush_if_full(writer, err);
}

int entry_write_end(struct entry_writer *writer, const struct error *failed, struct error *err)
{
	put_head(writer, failed ? ENTRY_FRAME_ERROR : ENTRY_FRAME_END, failed ? sizeof *failed : 0);
	if (failed)
		str_append_len(&writer->buf, failed, sizeof *failed);
	return flush(writer, err);
}

void entry_writer_done(struct entry_writer *writer)
{
	str_done(&writer->buf);
}
