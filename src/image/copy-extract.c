/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy-extract.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "image/copy-parser.h"
#include "image/entry-stream.h"

struct extract {
	const struct transfer *transfer;
	struct copy_parser parser;
};

static ssize_t read_pipe(void *context, void *buf, size_t size, struct error *err)
{
	struct extract *extract = context;
	int r = transfer_wait(extract->transfer, extract->parser.fd, POLLIN, -1, err);
	if (r < 0)
		return r;
	ssize_t n = RETRY_ON_EINTR(read(extract->parser.fd, buf, size));
	return n < 0 ? err_sys(err, errno, "read what is in the archive") : n;
}

struct place {
	struct copy_files *files;
	struct copy_sink sink; /* to them */
};

static int put_event(const struct place *place, const struct entry_event *event, struct error *err)
{
	switch (event->kind) {
	case ENTRY_FRAME_ENTRY:
		return place->sink.entry(place->sink.context, event->entry, err);
	case ENTRY_FRAME_DATA:
		return place->sink.data(place->sink.context, event->data, (size_t)event->len, err);
	default:
		copy_files_skip(place->files, event->len);
		return 0;
	}
}

static int put_events(struct extract *extract, const struct place *place, struct error *err)
{
	_cleanup_entry_reader_ struct entry_reader reader = { .read = read_pipe, .context = extract };
	struct entry_event event;
	int r;
	while ((r = entry_read(&reader, &event, err)) > 0) {
		r = put_event(place, &event, err);
		if (r < 0)
			return r;
	}
	return reader.cut_off ? copy_parser_explain(&extract->parser, err) : r;
}

static int run(struct extract *extract, const struct extract_options *options, uint64_t *ret_size, struct error *err)
{
	_cleanup_copy_files_ struct copy_files files = {
		.root = options->root, .base = options->path, .keep_owner = true, COPY_FILES_INIT
	};
	struct copy_ids ids = { .sink = copy_files_sink(&files), .maps = options->maps, .to_host = true };
	const struct place place = {
		.files = &files,
		.sink = ids.maps.n_uids > 0 ? copy_ids_sink(&ids) : ids.sink,
	};
	int r = copy_parser_start(&extract->parser, options->fd, err);
	if (r >= 0 && ids.maps.n_uids > 0)
		r = copy_ids_enter(&ids.maps, err);
	if (r >= 0)
		r = put_events(extract, &place, err);
	if (r >= 0)
		r = copy_files_finish(&files, err);
	if (r >= 0)
		*ret_size = files.written;
	return r;
}

int copy_extract(const struct transfer *transfer, const struct extract_options *options, uint64_t *ret_size,
		 struct error *err)
{
	struct extract extract = { .transfer = transfer, .parser = COPY_PARSER_NONE };
	int r = run(&extract, options, ret_size, err);
	copy_parser_done(&extract.parser);
	return r;
}
