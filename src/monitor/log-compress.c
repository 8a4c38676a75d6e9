/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/util.h"
#include "monitor/log-driver.h"

enum {
	BLOCK = 64 * 1024,
	WINDOW_BITS_GZIP = 15 + 16, /* source: zlib.h, deflateInit2() */
	MEMORY_LEVEL = 8,
};

/* Feed it what was read, all of it at the end, and write what comes out. Returns 0 or -errno. */
static int deflate_block(z_stream *stream, char *block, size_t len, int out)
{
	char packed[BLOCK];
	stream->next_in = (unsigned char *)block;
	stream->avail_in = (unsigned)len;
	do {
		stream->next_out = (unsigned char *)packed;
		stream->avail_out = sizeof packed;
		(void)deflate(stream, len == 0 ? Z_FINISH : Z_NO_FLUSH);
		int r = fd_write_all(out, packed, sizeof packed - stream->avail_out);
		if (r < 0)
			return r;
	} while (stream->avail_out == 0);
	return 0;
}

static int deflate_file(int in, int out)
{
	z_stream stream = { 0 };
	char block[BLOCK];
	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	ssize_t n;
	int r = 0;
	do {
		n = RETRY_ON_EINTR(read(in, block, sizeof block));
		r = n < 0 ? -errno : deflate_block(&stream, block, (size_t)n, out);
	} while (n > 0 && r == 0);
	(void)deflateEnd(&stream);
	return r;
}

int log_compress(const char *path, struct error *err)
{
	_cleanup_free_ char *unfinished = mem_printf("%s" LOG_UNFINISHED, path);
	_cleanup_free_ char *finished = mem_printf("%s" LOG_COMPRESSED, path);
	_cleanup_close_ int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return err_sys(err, errno, "open '%s'", path);
	_cleanup_close_ int out = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = out < 0 ? -errno : deflate_file(in, out);
	if (r == 0 && rename(unfinished, finished) < 0)
		r = -errno;
	if (r == 0 && unlink(path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(unfinished);
		return err_sys(err, -r, "compress '%s'", path);
	}
	return 0;
}
