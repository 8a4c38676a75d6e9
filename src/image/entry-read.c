/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "image/entry-stream.h"
#include "image/unpack-attributes.h"

/* Stays in the CPU's cache from here to write(). */
enum { READ_SIZE = 256 * 1024 };

static int senseless(const char *what, struct error *err)
{
	return err_set(err, ERR_IMG_LAYER, "the process that reads the archive says what makes no sense: %s", what);
}

/* --- bytes --- */

static size_t in_buffer(const struct entry_reader *reader)
{
	return reader->len - reader->at;
}

/* Have @want bytes in the buffer, and, if more are there already, up to @ahead of these. Returns 0, or a code. */
static int fill(struct entry_reader *reader, size_t want, size_t ahead, struct error *err)
{
	if (in_buffer(reader) < want && reader->at > 0) {
		memmove(reader->buf, reader->buf + reader->at, in_buffer(reader));
		reader->len -= reader->at;
		reader->at = 0;
	}
	if (reader->size < want + ahead) {
		reader->size = want + ahead;
		reader->buf = mem_realloc(reader->buf, reader->size, 1);
	}
	while (in_buffer(reader) < want) {
		size_t room = want - in_buffer(reader) + ahead;
		ssize_t n = reader->read(reader->context, reader->buf + reader->len, room, err);
		if (n < 0)
			return (int)n;
		if (n == 0) {
			reader->cut_off = true;
			return err_set(err, ERR_IMG_LAYER, "the process that reads the archive has ended too early");
		}
		reader->len += (size_t)n;
	}
	return 0;
}

static const void *take(struct entry_reader *reader, size_t len)
{
	const void *data = reader->buf + reader->at;
	reader->at += len;
	return data;
}

/* --- an entry --- */

/* What is left of a frame that is in the buffer as a whole. */
struct rest {
	const uint8_t *at;
	size_t len;
};

static const void *cut(struct rest *rest, size_t len)
{
	if (len > rest->len)
		return NULL;
	const void *data = rest->at;
	rest->at += len;
	rest->len -= len;
	return data;
}

static const char *cut_text(struct rest *rest, size_t len, size_t max)
{
	const char *text = len > max ? NULL : cut(rest, len + 1);
	return text && strnlen(text, len + 1) == len ? text : NULL;
}

/* E1 */
static bool is_plain_path(const char *path)
{
	do {
		size_t len = strcspn(path, "/");
		if (len == 0 || (path[0] == '.' && (len == 1 || (len == 2 && path[1] == '.'))))
			return false;
		path += len;
	} while (*path++ == '/');
	return true;
}

/* E2 */
static const char *check_values(const struct entry_frame_entry *frame)
{
	static const mode_t types[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO };
	bool known = frame->hard_link == 1;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		known |= (frame->mode & S_IFMT) == types[i];
	if (!known || (frame->mode & ~(mode_t)(S_IFMT | ALLPERMS)) || frame->hard_link > 1)
		return "a type of file that there is not";
	if (frame->uid == UINT32_MAX || frame->gid == UINT32_MAX)
		return "an owner that cannot be";
	if (frame->mtime_sec < 0 || frame->mtime_sec > INT64_MAX / NSEC_PER_SEC || frame->mtime_nsec >= NSEC_PER_SEC)
		return "a time that cannot be";
	if (major(frame->device) >= 1U << 12 || minor(frame->device) >= 1U << 20)
		return "a device that cannot be";
	bool has_size = S_ISREG(frame->mode) && !frame->hard_link;
	return frame->size > (has_size ? (uint64_t)INT64_MAX : 0) ? "a size that cannot be" : NULL;
}

/* E3 */
static bool cut_xattrs(struct rest *rest, size_t count, struct entry *entry)
{
	for (size_t i = 0; i < count; i++) {
		struct entry_frame_xattr head;
		const void *raw = cut(rest, sizeof head);
		if (!raw)
			return false;
		memcpy(&head, raw, sizeof head);
		struct entry_xattr *xattr = ARRAY_APPEND(entry->xattrs, entry->n_xattrs);
		xattr->name = cut_text(rest, head.name_len, ENTRY_XATTR_NAME_MAX);
		xattr->len = head.value_len;
		xattr->value = head.value_len > ENTRY_XATTR_VALUE_MAX ? NULL : cut(rest, head.value_len);
		if (!xattr->name || !xattr->value || !attributes_keep_xattr(xattr->name))
			return false;
	}
	return true;
}

static const char *cut_entry(struct rest *rest, struct entry *entry)
{
	struct entry_frame_entry frame;
	const void *raw = cut(rest, sizeof frame);
	if (!raw)
		return "an entry that is cut off";
	memcpy(&frame, raw, sizeof frame);
	const char *wrong = check_values(&frame);
	if (wrong)
		return wrong;
	const char *name = cut_text(rest, frame.name_len, ENTRY_NAME_LENGTH_MAX);
	const char *target = cut_text(rest, frame.target_len, ENTRY_NAME_LENGTH_MAX);
	bool link = frame.hard_link || S_ISLNK(frame.mode);
	if (!name || !is_plain_path(name))
		return "a name that is none";
	if (!target || link != (*target != '\0') || (frame.hard_link && !is_plain_path(target)))
		return "a link to what is no name";
	*entry = (struct entry){
		.raw = name,
		.mode = frame.mode,
		.hard_link = frame.hard_link,
		.target = link ? (char *)target : NULL,
		.uid = frame.uid,
		.gid = frame.gid,
		.mtime = { .tv_sec = frame.mtime_sec, .tv_nsec = frame.mtime_nsec },
		.device = frame.device,
		.size = frame.size,
	};
	if (frame.n_xattrs > ENTRY_XATTRS_MAX || !cut_xattrs(rest, frame.n_xattrs, entry) || rest->len > 0)
		return "attributes that are none";
	return NULL;
}

static void forget_entry(struct entry_reader *reader)
{
	free(reader->entry.xattrs);
	reader->entry = (struct entry){ 0 };
}

static int take_entry(struct entry_reader *reader, size_t len, struct entry_event *ret, struct error *err)
{
	struct rest rest = { .at = take(reader, len), .len = len };
	forget_entry(reader);
	const char *wrong = cut_entry(&rest, &reader->entry);
	if (wrong)
		return senseless(wrong, err);
	reader->file_left = reader->entry.size;
	*ret = (struct entry_event){ .kind = ENTRY_FRAME_ENTRY, .entry = &reader->entry };
	return 1;
}

/* --- what belongs to it --- */

/* A piece that is worth a system call of its own. Nothing is read ahead but what says how it goes on: nothing is moved. */
static int take_data(struct entry_reader *reader, struct entry_event *ret, struct error *err)
{
	size_t len = MIN(reader->frame_left, (size_t)READ_SIZE);
	int r = fill(reader, len, sizeof(struct entry_frame_head), err);
	if (r < 0)
		return r;
	reader->frame_left -= len;
	reader->file_left -= len;
	*ret = (struct entry_event){
		.kind = ENTRY_FRAME_DATA, .entry = &reader->entry, .data = take(reader, len), .len = len
	};
	return 1;
}

static int take_hole(struct entry_reader *reader, struct entry_event *ret, struct error *err)
{
	uint64_t len;
	memcpy(&len, take(reader, sizeof len), sizeof len);
	if (len == 0 || len > reader->file_left)
		return senseless("a hole beyond a file's end", err);
	reader->file_left -= len;
	*ret = (struct entry_event){ .kind = ENTRY_FRAME_HOLE, .entry = &reader->entry, .len = len };
	return 1;
}

static int take_error(struct entry_reader *reader, struct error *err)
{
	struct error sent;
	memcpy(&sent, take(reader, sizeof sent), sizeof sent);
	int r = err_check_received(&sent);
	if (err)
		*err = sent;
	return r;
}

/* --- frames --- */

/* What is wrong with a frame of this length now, or NULL (E4). */
static const char *check_head(const struct entry_reader *reader, const struct entry_frame_head *head)
{
	if (head->kind == ENTRY_FRAME_ERROR)
		return head->len == sizeof(struct error) ? NULL : "an error that is none";
	if (head->kind == ENTRY_FRAME_DATA)
		return head->len > 0 && head->len <= ENTRY_DATA_MAX && head->len <= reader->file_left
			       ? NULL
			       : "data beyond a file's end";
	if (head->kind == ENTRY_FRAME_HOLE)
		return head->len == sizeof(uint64_t) ? NULL : "a hole without a length";
	if (reader->file_left > 0)
		return "a file that is shorter than its size";
	if (head->kind == ENTRY_FRAME_END)
		return head->len == 0 ? NULL : "an end that goes on";
	return head->kind == ENTRY_FRAME_ENTRY && head->len <= ENTRY_FRAME_MAX ? NULL : "a frame that is none";
}

int entry_read(struct entry_reader *reader, struct entry_event *ret, struct error *err)
{
	struct entry_frame_head head;
	if (reader->frame_left > 0)
		return take_data(reader, ret, err);
	int r = fill(reader, sizeof head, READ_SIZE, err);
	if (r < 0)
		return r;
	memcpy(&head, take(reader, sizeof head), sizeof head);
	const char *wrong = check_head(reader, &head);
	if (wrong)
		return senseless(wrong, err);
	if (head.kind == ENTRY_FRAME_DATA) {
		reader->frame_left = head.len;
		return take_data(reader, ret, err);
	}
	r = fill(reader, head.len, READ_SIZE, err);
	if (r < 0)
		return r;
	switch (head.kind) {
	case ENTRY_FRAME_ENTRY:
		return take_entry(reader, head.len, ret, err);
	case ENTRY_FRAME_HOLE:
		return take_hole(reader, ret, err);
	case ENTRY_FRAME_ERROR:
		return take_error(reader, err);
	default:
		return 0; /* E5 */
	}
}

void entry_reader_done(struct entry_reader *reader)
{
	forget_entry(reader);
	free(TAKE_PTR(reader->buf));
}
