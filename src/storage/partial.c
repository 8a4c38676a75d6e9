/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"

#define PLACE "cache/partial"

char *partial_name(const char *hex, const char *registry)
{
	if (!store_is_hex64(hex) || strchr(registry, '/') || STORE_HEX_LENGTH + 1 + strlen(registry) > NAME_MAX)
		return NULL;
	return mem_printf("%s@%s", hex, registry);
}

static int open_place(struct store *store)
{
	int fd = openat(store->root, PLACE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int partial_take(struct store *store, const char *name, int dir, const char *as)
{
	_cleanup_close_ int place = open_place(store);
	if (place < 0)
		return place;
	return renameat(place, name, dir, as) < 0 ? -errno : 0;
}

int partial_keep(struct store *store, const char *name, int dir, const char *as)
{
	if (mkdirat(store->root, PLACE, 0700) < 0 && errno != EEXIST)
		return -errno;
	_cleanup_close_ int place = open_place(store);
	if (place < 0)
		return place;
	return renameat(dir, as, place, name) < 0 ? -errno : 0;
}

static void for_each(struct store *store, void (*act)(void *context, int dir, const char *name, const struct stat *st),
		     void *context)
{
	_cleanup_close_ int place = open_place(store);
	_cleanup_closedir_ DIR *dir = place < 0 ? NULL : fdopendir(place);
	if (!dir)
		return;
	TAKE_FD(place);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
			act(context, dirfd(dir), entry->d_name, &st);
	}
}

static void remove_old(void *context, int dir, const char *name, const struct stat *st)
{
	const int64_t *seconds = context;
	if (*seconds == 0 || time(NULL) - st->st_mtime >= *seconds)
		(void)unlinkat(dir, name, 0);
}

void partial_sweep(struct store *store, int64_t seconds)
{
	for_each(store, remove_old, &seconds);
}

struct sum {
	size_t count;
	uint64_t bytes;
};

static void add_size(void *context, int dir, const char *name, const struct stat *st)
{
	struct sum *sum = context;
	sum->count++;
	sum->bytes += (uint64_t)st->st_size;
}

uint64_t partial_size(struct store *store, size_t *count)
{
	struct sum sum = { 0 };
	for_each(store, add_size, &sum);
	*count += sum.count;
	return sum.bytes;
}
