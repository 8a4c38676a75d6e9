/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/hash.h"
#include "image/layer-form.h"
#include "image/load-internal.h"

enum { READ_SIZE = 256 * 1024 };

/* --- the archive as a whole --- */

/* Its first bytes, which tell what it is; a pipe may bring them one by one, and does not take them back. */
static ssize_t read_beginning(struct load *load, char *buf, size_t size, struct error *err)
{
	size_t len = 0;
	while (len < size) {
		int r = transfer_wait(load->transfer, load->options->fd, POLLIN, -1, err);
		if (r < 0)
			return r;
		ssize_t n = RETRY_ON_EINTR(read(load->options->fd, buf + len, size - len));
		if (n < 0)
			return err_sys(err, errno, "read the archive");
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return len > 0 ? (ssize_t)len : err_set(err, ERR_IMG_LAYER, "the archive is empty");
}

static int unpack(struct load *load, struct unpack_worker *worker, struct error *err)
{
	char beginning[LAYER_FORM_LENGTH];
	enum layer_compression compression;
	struct unpack_limits limits = { 0 };
	struct unpack_result result;
	ssize_t len = read_beginning(load, beginning, sizeof beginning, err);
	if (len < 0)
		return (int)len;
	int r = layer_form_detect(beginning, (size_t)len, "coffer load", &compression, err);
	if (r >= 0)
		r = staging_open(load->store, &load->tree, err);
	if (r >= 0)
		r = unpack_limits_read(&limits, err);
	limits.owners_are_ours = true;
	limits.no_digest = true;
	if (r >= 0)
		r = unpack_worker_begin_stream(worker, load->options->fd, beginning, (size_t)len, load->tree.fd,
					       compression, &limits, err);
	if (r >= 0)
		r = transfer_wait(load->transfer, unpack_worker_fd(worker), POLLIN, -1, err);
	return r < 0 ? r : unpack_worker_finish(worker, &result, err);
}

int load_unpack(struct load *load, struct pull_workers *workers, struct error *err)
{
	struct stat st;
	int r = 0;
	if (fstat(load->options->fd, &st) < 0)
		return err_sys(err, errno, "read the archive");
	load->is_foreign = S_ISDIR(st.st_mode);
	if (!load->is_foreign)
		r = unpack(load, workers->workers[0], err);
	load->files = load->is_foreign ? load->options->fd : load->tree.fd;
	unpack_worker_free(workers->workers[0]);
	workers->workers[0] = NULL;
	return r;
}

/* --- its files --- */

bool load_has(struct load *load, const char *path)
{
	_cleanup_close_ int fd = path_open_in_root(load->files, path, O_PATH, 0);
	return fd >= 0;
}

/* L2 */
static int open_file(struct load *load, const char *path, struct stat *ret, struct error *err)
{
	_cleanup_close_ int place = path_open_in_root(load->files, path, O_PATH, 0);
	if (place == -ENOENT || place == -ENOTDIR)
		return err_set(err, ERR_IMG_MANIFEST, "'%s' is missing in the archive", path);
	if (place < 0)
		return err_sys_code(err, ERR_IMG_MANIFEST, -place, "open '%s' of the archive", path);
	if (fstat(place, ret) < 0)
		return err_sys(err, errno, "open '%s' of the archive", path);
	if (!S_ISREG(ret->st_mode))
		return err_set(err, ERR_IMG_MANIFEST, "'%s' in the archive is no plain file", path);
	int fd = fd_reopen(place, O_RDONLY);
	return fd < 0 ? err_sys(err, -fd, "open '%s' of the archive", path) : fd;
}

int load_read(struct load *load, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	struct stat st;
	_cleanup_close_ int fd = open_file(load, path, &st, err);
	return fd < 0 ? fd : fd_read_text(fd, max, path, ret, ret_len, err);
}

static int detect_form(int fd, enum layer_compression *ret, struct error *err)
{
	char magic[LAYER_FORM_LENGTH];
	ssize_t n = pread(fd, magic, sizeof magic, 0);
	if (n < 0)
		return err_sys(err, errno, "read a file of the archive");
	return layer_form_detect(magic, (size_t)n, "coffer load", ret, err);
}

/* Without a copy, the file itself becomes the blob, under another name. */
static int keep(struct load *load, struct content *copy, int fd, const struct load_blob *blob, struct error *err)
{
	const char *digest = blob->digest, *name = digest_hex(digest);
	if (blob_is_whole(load->store, digest, blob->size))
		return 0;
	if (copy)
		return content_commit(copy, digest, err);
	if (fchown(fd, 0, 0) < 0 || fchmod(fd, 0600) < 0 ||
	    linkat(AT_FDCWD, fd_path(fd).text, load->blobs.fd, name, AT_SYMLINK_FOLLOW) < 0)
		return err_sys(err, errno, "keep blob '%s'", digest);
	return blob_commit(load->store, load->blobs.fd, name, digest, err);
}

/* All that comes from @fd, if that is not more than @max bytes. */
static int spool(struct load *load, int fd, uint64_t max, struct content *content, struct error *err)
{
	_cleanup_free_ char *buf = mem_alloc(READ_SIZE);
	for (;;) {
		int r = transfer_wait(load->transfer, fd, POLLIN, -1, err);
		if (r < 0)
			return r;
		ssize_t n = RETRY_ON_EINTR(read(fd, buf, READ_SIZE));
		if (n <= 0)
			return n < 0 ? err_sys(err, errno, "read the archive") : 0;
		if ((uint64_t)n > max - content_size(content))
			return err_set(err, ERR_IMG_DIGEST, "it has grown while it was read");
		r = content_write(content, buf, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

/* Its digest; *ret_content is a copy of it, where the file itself cannot be taken (L4). */
static int hash_one(struct load *load, int fd, struct load_blob *blob, struct content **ret_content, struct error *err)
{
	int sys_errno, r;
	if (!load->is_foreign) {
		r = hash_file(fd, load->transfer, blob->digest, &sys_errno, err);
		return r == 0 ? err_sys(err, sys_errno, "read a file of the archive") : r;
	}
	r = content_open(&load->blobs, ret_content, err);
	if (r >= 0)
		r = spool(load, fd, blob->size, *ret_content, err);
	if (r < 0)
		return r;
	blob->size = content_size(*ret_content);
	return content_finish(*ret_content, blob->digest, err);
}

static int check_size(const char *path, uint64_t got, const struct load_blob *wanted, struct error *err)
{
	if (!*wanted->digest || got == wanted->size)
		return 0;
	return err_set(err, ERR_IMG_DIGEST,
		       "'%s' in the archive is corrupt: it has %" PRIu64 " bytes, but its manifest says %" PRIu64, path,
		       got, wanted->size);
}

static int check_digest(const char *path, const char *got, const struct load_blob *wanted, struct error *err)
{
	if (!*wanted->digest || streq(got, wanted->digest))
		return 0;
	(void)err_set(err, ERR_IMG_DIGEST, "'%s' in the archive is corrupt: its digest is another", path);
	return err_cause(err, "it is %s", got);
}

int load_blob(struct load *load, const char *path, struct load_blob *ret, struct error *err)
{
	_cleanup_content_ struct content *copy = NULL;
	struct load_blob blob = { 0 };
	struct stat st;
	if (*ret->digest && blob_is_whole(load->store, ret->digest, ret->size) && !load_has(load, path))
		return 0;
	_cleanup_close_ int fd = open_file(load, path, &st, err);
	if (fd < 0)
		return fd;
	blob.size = (uint64_t)st.st_size;
	int r = check_size(path, blob.size, ret, err);
	if (r >= 0)
		r = hash_one(load, fd, &blob, &copy, err);
	if (r >= 0)
		r = detect_form(copy ? content_fd(copy) : fd, &blob.compression, err);
	if (r >= 0)
		r = check_digest(path, blob.digest, ret, err);
	if (r >= 0)
		r = keep(load, copy, fd, &blob, err);
	if (r >= 0)
		*ret = blob;
	return r;
}
