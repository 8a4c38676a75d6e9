/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parser that somebody has got hold of may say of an archive's entries: no entry that breaks a promise of
 * entry-stream.h is ever shown, and what is shown does not depend on the pieces in which the bytes come. The first byte of
 * an input says in what pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/entry-stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

struct input {
	const uint8_t *data;
	size_t len, piece;
};

static ssize_t read_input(void *context, void *buf, size_t size, struct error *err)
{
	struct input *input = context;
	size_t n = MIN(size, input->len);
	(void)err;
	if (input->piece > 0 && n > input->piece)
		n = input->piece;
	if (n > 0)
		memcpy(buf, input->data, n);
	input->data += n;
	input->len -= n;
	return (ssize_t)n;
}

static void check_path(const char *path)
{
	_cleanup_strv_ char **parts = strv_split(path, '/');
	require(*path && strlen(path) <= ENTRY_NAME_LENGTH_MAX);
	for (char **part = parts; *part; part++)
		require(**part && !streq(*part, ".") && !streq(*part, ".."));
}

static void check_entry(const struct entry *entry)
{
	check_path(entry->raw);
	require(entry->uid != UINT32_MAX && entry->gid != UINT32_MAX);
	require(entry->mtime.tv_sec >= 0 && entry->mtime.tv_nsec >= 0 && entry->mtime.tv_nsec < 1000000000);
	require((entry->mode & ~(mode_t)(S_IFMT | ALLPERMS)) == 0);
	require(entry->size == 0 || (S_ISREG(entry->mode) && !entry->hard_link));
	require((entry->target != NULL) == (entry->hard_link || S_ISLNK(entry->mode)));
	if (entry->hard_link)
		check_path(entry->target);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const char *name = entry->xattrs[i].name;
		require(!str_starts_with(name, "trusted.overlay.") && !str_starts_with(name, "user.overlay."));
		require(entry->xattrs[i].len <= ENTRY_XATTR_VALUE_MAX);
	}
}

/* All that was shown, as one text. */
static int read_all(struct input input, struct str *ret)
{
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_input, .context = &input };
	struct entry_event event;
	struct error err = { 0 };
	uint64_t left = 0;
	int r;
	while ((r = entry_read(&reader, &event, &err)) > 0) {
		if (event.kind == ENTRY_FRAME_ENTRY) {
			require(left == 0);
			check_entry(event.entry);
			left = event.entry->size;
			str_appendf(ret, "%s %o %u\n", event.entry->raw, event.entry->mode, event.entry->uid);
			continue;
		}
		require(event.len > 0 && event.len <= left);
		left -= event.len;
		if (event.kind == ENTRY_FRAME_DATA)
			str_append_len(ret, event.data, (size_t)event.len);
	}
	if (r < 0)
		require(err.code == -r && memchr(err.message, 0, sizeof err.message));
	else
		require(left == 0 && !reader.cut_off);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 7, 8, 9, 63, 100, 1000 };
	if (size == 0)
		return 0;
	const struct input input = { .data = data + 1, .len = size - 1 };
	struct input slow = input;
	slow.piece = pieces[data[0] & 7];
	_cleanup_str_ struct str whole = { 0 }, pieced = { 0 };
	require(read_all(input, &whole) == read_all(slow, &pieced));
	require(whole.len == pieced.len && memcmp(str_text(&whole), str_text(&pieced), whole.len) == 0);
	return 0;
}
