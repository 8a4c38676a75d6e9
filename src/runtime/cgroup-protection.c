/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is not to be reclaimed: memory.min and memory.low. What a cgroup is protected with counts only as far as
 * all above it are, too. So a parent that is ours is protected with what its children are together; one of somebody
 * else's is his affair, and who relies on it is told.
 *
 * There is no lock, which anybody who can read the directory could take: whoever has changed a child adds all of them up,
 * writes the sum to the parent, and does so again until nothing has changed meanwhile. Whoever has the last word has so
 * seen that it is right; and whoever changes a child after that speaks after him.
 *
 * Source: cgroup-v2.rst, "memory.min", "memory.low".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-driver.h"
#include "runtime/cgroup-internal.h"

enum { TRIES_MAX = 1000 }; /* each is one that somebody else has spoilt */

/* --- reading --- */

/* "max" is UINT64_MAX; without the controller there is none. */
static uint64_t read_bytes(int dir, const char *file)
{
	char text[32];
	uint64_t bytes = 0;
	if (file_read_line(dir, file, text, sizeof text) <= 0)
		return 0;
	return streq(text, "max") || parse_u64(text, UINT64_MAX, &bytes, NULL) < 0 ? UINT64_MAX : bytes;
}

static struct cgroup_protection read_protection(int dir)
{
	return (struct cgroup_protection){ read_bytes(dir, "memory.min"), read_bytes(dir, "memory.low") };
}

static bool is_none(const struct cgroup_protection *protection)
{
	return protection->min == 0 && protection->low == 0;
}

static uint64_t add_bytes(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* 0 or -errno. */
static int add_children(int parent, struct cgroup_protection *ret)
{
	_cleanup_strv_ char **names = NULL;
	*ret = (struct cgroup_protection){ 0 };
	int r = cgroup_list_children(parent, &names);
	for (char **name = names; r == 0 && name && *name; name++) {
		_cleanup_close_ int child = openat(parent, *name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		const struct cgroup_protection one = read_protection(child);
		ret->min = add_bytes(ret->min, one.min);
		ret->low = add_bytes(ret->low, one.low);
	}
	return r;
}

/* The v2 directory @path, or -1; *ret_mount is where the tree is. */
static int open_v2(const char *path, const char **ret_mount)
{
	const struct cgroup_mounts *mounts = cgroup_mounts();
	for (size_t i = 0; i < mounts->count; i++) {
		if (mounts->list[i].controllers)
			continue;
		_cleanup_free_ char *full = mem_printf("%s%s", mounts->list[i].mount_point, path);
		*ret_mount = mounts->list[i].mount_point;
		return open(full, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return -1;
}

static char *parent_of(const char *path)
{
	return mem_strndup(path, (size_t)(strrchr(path, '/') - path));
}

/* --- a parent of ours --- */

static bool is_own_parent(const char *parent)
{
	return streq(parent, CGROUP_OWN_PARENT) || streq(path_base(parent), CGROUP_OWN_SLICE);
}

static int write_protection(int dir, const struct cgroup_protection *protection, struct error *err)
{
	const struct {
		const char *file;
		uint64_t bytes;
	} files[] = { { "memory.min", protection->min }, { "memory.low", protection->low } };
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = files[i].bytes == UINT64_MAX ? mem_strdup("max") :
									   mem_printf("%" PRIu64, files[i].bytes);
		int r = file_write_line(dir, files[i].file, text);
		if (r < 0 && r != -ENOENT)
			return err_sys_code(err, ERR_CGROUP, -r, "write '%s' to %s", text, files[i].file);
	}
	return 0;
}

static int protect_parent(const struct cgroup_driver *driver, int parent, struct error *err)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		struct cgroup_protection sum, is = read_protection(parent);
		int r = add_children(parent, &sum);
		if (r < 0)
			return err_sys_code(err, ERR_CGROUP, -r, "list its cgroups");
		if (is.min == sum.min && is.low == sum.low)
			return 0;
		r = driver->protect_slice ? driver->protect_slice(CGROUP_OWN_SLICE, &sum, err)
					  : write_protection(parent, &sum, err);
		if (r < 0)
			return r;
	}
	return err_set(err, ERR_BUSY, "others change it all the time");
}

/* --- what is above it --- */

/* The first of the levels above @path that has less of @file than @wanted. */
static void warn_if_bounded(const char *path, const char *file, uint64_t wanted)
{
	_cleanup_free_ char *level = parent_of(path);
	while (wanted > 0 && *level) {
		const char *mount = "";
		_cleanup_close_ int dir = open_v2(level, &mount);
		uint64_t bytes = read_bytes(dir, file);
		if (bytes < wanted) {
			log_warn(CGROUP_NO_EFFECT ": of %s (%" PRIu64 ") counts only what '%s%s' has of it: %" PRIu64,
				 file, wanted, mount, level, bytes);
			return;
		}
		*strrchr(level, '/') = '\0';
	}
}

void cgroup_protection_changed(const struct container *container)
{
	const char *path = container->cgroup_path, *mount = NULL;
	if (!*path)
		return;
	_cleanup_free_ char *above = parent_of(path);
	_cleanup_close_ int dir = open_v2(path, &mount);
	_cleanup_close_ int parent = open_v2(above, &mount);
	const struct cgroup_protection own = read_protection(dir), is = read_protection(parent);
	struct error why = { 0 };
	if (parent < 0 || (is_none(&own) && is_none(&is)))
		return;
	if (is_own_parent(above) && protect_parent(cgroup_driver_of(container), parent, &why) < 0) {
		_cleanup_free_ char *about = mem_printf("protect the memory of '%s%s'", mount, above);
		log_failure(LOG_LEVEL_WARN, about, &why);
	}
	warn_if_bounded(path, "memory.min", own.min);
	warn_if_bounded(path, "memory.low", own.low);
}
