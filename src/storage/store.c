/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "storage/space.h"

enum { STORE_MODE = 0700 }; /* nobody else traverses it: layers hold setuid programs (CVE-2021-41091) */

/*
 * In the order in which they are made. The layout files come before tmp/, so where there is a tmp/ there is everything,
 * and opening a store asks for nothing else.
 */
static const struct {
	const char *path;
	size_t fd; /* offset in struct store */
} DIRECTORIES[] = {
	{ "blobs/sha256", offsetof(struct store, blobs) },
	{ "layers", offsetof(struct store, layers) },
	{ "parents", offsetof(struct store, parents) },
	{ "mapped", offsetof(struct store, mapped) },
	{ "snapshots", offsetof(struct store, snapshots) },
	{ "logs", offsetof(struct store, logs) },
	{ "records", offsetof(struct store, records) },
	{ "cache/seccomp", offsetof(struct store, cache) },
	{ "tmp", offsetof(struct store, tmp) },
};

/* Source: OCI image-spec, image-layout.md. */
static const struct {
	const char *name, *text;
} LAYOUT_FILES[] = {
	{ "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}\n" },
	{ "index.json",
	  "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}\n" },
};

static int *directory_fd(struct store *store, size_t i)
{
	return (int *)((char *)store + DIRECTORIES[i].fd);
}

static int open_directory(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Every directory that is opened already stays open. Returns -ENOENT if one is missing. */
static int open_directories(struct store *store, const char **ret_failed)
{
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTORIES); i++) {
		int *fd = directory_fd(store, i);
		if (*fd < 0)
			*fd = open_directory(store->root, DIRECTORIES[i].path);
		if (*fd < 0) {
			*ret_failed = DIRECTORIES[i].path;
			return *fd;
		}
	}
	return 0;
}

static int make_layout_files(struct store *store, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(LAYOUT_FILES); i++) {
		const char *name = LAYOUT_FILES[i].name, *text = LAYOUT_FILES[i].text;
		if (faccessat(store->root, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		int r = file_write_atomic(store->root, name, text, strlen(text), 0600, FILE_SYNC, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_directory(struct store *store, const char *path, struct error *err)
{
	_cleanup_free_ char *copy = mem_strdup(path);
	char *slash = strchr(copy, '/');
	if (slash) {
		*slash = '\0';
		if (mkdirat(store->root, copy, STORE_MODE) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make directory '%s'", copy);
	}
	if (mkdirat(store->root, path, STORE_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", path);
	return 0;
}

/* Several processes may do this at once: each step accepts that it was done already. */
static int make_contents(struct store *store, struct error *err)
{
	int r = make_layout_files(store, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(DIRECTORIES); i++)
		r = make_directory(store, DIRECTORIES[i].path, err);
	return r;
}

static int open_contents(struct store *store, struct error *err)
{
	const char *failed;
	int r = open_directories(store, &failed);
	if (r == -ENOENT) {
		r = make_contents(store, err);
		if (r < 0)
			return r;
		r = open_directories(store, &failed);
	}
	return r < 0 ? err_sys(err, -r, "open directory '%s'", failed) : 0;
}

/* A store that somebody else can traverse is one out of which they can run the setuid programs of every image. */
static int close_to_others(int root, struct error *err)
{
	struct stat st;
	if (fstat(root, &st) < 0)
		return err_sys(err, errno, "examine the directory");
	if ((st.st_mode & 0777) == STORE_MODE)
		return 0;
	log_info("store: mode %04o becomes %04o", st.st_mode & 07777, (unsigned)STORE_MODE);
	if (fchmod(root, STORE_MODE) < 0)
		return err_sys(err, errno, "make the directory private");
	return 0;
}

static int open_root(const char *path, int *ret, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		int r = path_make_dirs(path, STORE_MODE, err);
		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(err, errno, "open the directory");
	*ret = fd;
	return close_to_others(fd, err);
}

static int open_all(struct store *store, const char *path, struct error *err)
{
	int r = open_root(path, &store->root, err);
	if (r < 0)
		return r;
	store->path = path[0] == '/' ? mem_strdup(path) : realpath(path, NULL);
	if (!store->path)
		return err_sys(err, errno, "resolve the path");
	return open_contents(store, err);
}

int store_open(const char *path, struct store **ret, struct error *err)
{
	_cleanup_store_ struct store *store = NEW(struct store);
	store->root = -1;
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTORIES); i++)
		*directory_fd(store, i) = -1;
	int r = open_all(store, path, err);
	if (r < 0)
		return err_wrap(err, "open store '%s'", path);
	*ret = TAKE_PTR(store);
	return 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(DIRECTORIES); i++)
		fd_close(*directory_fd(store, i));
	fd_close(store->root);
	free(store->path);
	free(store);
}

int store_lock(struct store *store, bool exclusive, struct error *err)
{
	int fd = file_lock(store->root, "lock", exclusive, true, err);
	return fd < 0 ? err_wrap(err, "lock store '%s'", store->path) : fd;
}

bool store_is_hex64(const char *text)
{
	return strlen(text) == STORE_HEX_LENGTH && strspn(text, "0123456789abcdef") == STORE_HEX_LENGTH;
}

void store_explain_full(struct store *store, struct error *err)
{
	(void)space_explain(0, store->root, 0, err);
}
