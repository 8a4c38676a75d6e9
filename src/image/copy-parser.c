/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy-parser.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "image/confined.h"
#include "image/decompress.h"
#include "image/entry-stream.h"
#include "image/unpack-sandbox.h"
#include "image/unpack-tar.h"

enum { ARCHIVE_FD = CONFINED_FD_FIRST, PIPE_FD, BLOCK_SIZE = 256 * 1024, PIPE_SIZE = 1 << 20 };

/* --- In the child --- */

struct parsing {
	struct decompressor *source;
	struct tar *tar;
	struct entry_writer writer;
	uint8_t *block;
};

/* Somebody may have made it an fd that does not wait. */
static ssize_t read_some(void *context, void *buf, size_t size)
{
	(void)context;
	struct pollfd fd = { .fd = ARCHIVE_FD, .events = POLLIN };
	if (RETRY_ON_EINTR(poll(&fd, 1, -1)) < 0)
		return -errno;
	ssize_t n = RETRY_ON_EINTR(read(ARCHIVE_FD, buf, size));
	return n < 0 ? -errno : n;
}

static ssize_t next_block(void *context, const void **ret, struct error *err)
{
	struct parsing *parsing = context;
	*ret = parsing->block;
	return decompress_read(parsing->source, parsing->block, BLOCK_SIZE, err);
}

static int tell_hole(struct parsing *parsing, uint64_t len, struct error *err)
{
	return len > 0 ? entry_write_hole(&parsing->writer, len, err) : 0;
}

static int tell_data(struct parsing *parsing, const struct entry *entry, struct error *err)
{
	uint64_t at = 0, offset;
	const void *data;
	size_t len;
	int r;
	while ((r = tar_data(parsing->tar, &data, &len, &offset, err)) > 0) {
		if (len == 0)
			continue;
		r = offset < at ? err_set(err, ERR_IMG_LAYER, "'%s' has data out of order", entry->raw)
				: tell_hole(parsing, offset - at, err);
		if (r >= 0)
			r = entry_write_data(&parsing->writer, data, len, err);
		if (r < 0)
			return r;
		at = offset + len;
	}
	return r < 0 ? r : tell_hole(parsing, entry->size - at, err);
}

/* By its name in full: what would be a whiteout in a layer is a file like any other here. */
static int tell_entry(struct parsing *parsing, const struct entry *read, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	struct entry entry = *read;
	int r = name_normalize(read->raw, &name, err);
	if (r < 0 || !*name)
		return r;
	entry.raw = name;
	r = entry_write(&parsing->writer, &entry, err);
	return r < 0 || !S_ISREG(entry.mode) || entry.hard_link ? r : tell_data(parsing, &entry, err);
}

static int tell_entries(struct parsing *parsing, struct error *err)
{
	const struct entry *entry;
	int r = tar_open(next_block, parsing, &parsing->tar, err);
	while (r >= 0 && (r = tar_next(parsing->tar, &entry, err)) > 0)
		r = tell_entry(parsing, entry, err);
	return r;
}

static int read_rest(struct parsing *parsing, struct error *err)
{
	const void *unused;
	ssize_t len;
	do
		len = next_block(parsing, &unused, err);
	while (len > 0);
	return (int)len;
}

static int parse(struct parsing *parsing, struct error *err)
{
	int r = sandbox_enter(SANDBOX_PARSE, err);
	if (r >= 0)
		r = decompress_open(read_some, NULL, &parsing->source, err);
	if (r >= 0)
		r = tell_entries(parsing, err);
	return r < 0 ? r : read_rest(parsing, err);
}

static _Noreturn void parser_main(void)
{
	struct parsing parsing = { .writer.fd = PIPE_FD, .block = mem_alloc(BLOCK_SIZE) };
	struct error err = { 0 };
	int r = parse(&parsing, &err);
	r = entry_write_end(&parsing.writer, r < 0 ? &err : NULL, NULL);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS); /* which takes all memory with it */
}

/* --- In us --- */

int copy_parser_start(struct copy_parser *parser, int archive, struct error *err)
{
	int pair[2];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int ours = pair[0], theirs = pair[1];
	/* So that both can work at once; a smaller one is as good but for that. */
	(void)fcntl(ours, F_SETPIPE_SZ, PIPE_SIZE);
	const int fds[] = { archive, theirs };
	pid_t pid = confined_fork(fds, ARRAY_SIZE(fds), "a reader of archives", err);
	if (pid < 0)
		return pid;
	if (pid == 0)
		parser_main();
	*parser = (struct copy_parser){ .pid = pid, .fd = TAKE_FD(ours) };
	return 0;
}

int copy_parser_explain(struct copy_parser *parser, struct error *err)
{
	err_clear(err);
	int r = confined_explain(parser->pid, "reads the archive", err);
	parser->pid = 0;
	return r;
}

void copy_parser_done(struct copy_parser *parser)
{
	fd_close(TAKE_FD(parser->fd));
	if (parser->pid > 0)
		confined_end(parser->pid);
	parser->pid = 0;
}
