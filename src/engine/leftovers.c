/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/identity.h"
#include "engine/image.h"
#include "engine/layer-size.h"
#include "storage/partial.h"

/* A file or a directory; what goes meanwhile takes nothing. */
static void measure_one(struct engine *engine, const char *path, struct leftovers *sum)
{
	struct stat st;
	int64_t bytes = 0;
	if (fstatat(engine->store->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	_cleanup_free_ char *absolute = path_join(engine->store->path, path);
	if (!S_ISDIR(st.st_mode))
		bytes = (int64_t)st.st_size;
	else
		(void)directory_measure(absolute, &bytes, NULL);
	sum->count++;
	sum->bytes += bytes;
}

static int measure_garbage(struct engine *engine, struct leftovers *sum, struct error *err)
{
	_cleanup_strv_ char **paths = NULL;
	/* Whoever adds images holds it, shared: what they have is on its way. */
	_cleanup_close_ int lock = file_lock(engine->store->root, "lock", true, false, NULL);
	int r = lock < 0 ? 0 : identity_is_lost(engine, err);
	if (lock < 0 || r != 0)
		return MIN(r, 0);
	r = gc_list(engine, &paths, err);
	for (char **path = paths; r >= 0 && path && *path; path++)
		measure_one(engine, *path, sum);
	return r;
}

int leftovers_measure(struct engine *engine, struct leftovers *ret, struct error *err)
{
	struct leftovers sum = { 0 };
	int r = measure_garbage(engine, &sum, err);
	if (r < 0)
		return r;
	sum.bytes += (int64_t)partial_size(engine->store, &sum.count);
	*ret = sum;
	return 0;
}

int leftovers_remove(struct engine *engine, struct leftovers *ret, struct error *err)
{
	struct leftovers before, after;
	int r = leftovers_measure(engine, &before, err);
	if (r >= 0)
		r = gc_collect(engine, NULL, err);
	if (r < 0)
		return r;
	partial_sweep(engine->store, 0);
	r = leftovers_measure(engine, &after, err);
	if (r < 0)
		return r;
	*ret = (struct leftovers){ .count = before.count - MIN(after.count, before.count),
				   .bytes = MAX(before.bytes - after.bytes, (int64_t)0) };
	return 0;
}

int leftovers_hint(struct engine *engine, int r, struct error *err)
{
	struct leftovers leftovers = { 0 };
	int64_t all = 0, used = 0;
	if (r != -ERR_NOSPC && r != -ERR_NOINODE)
		return r;
	(void)engine_layers_size(engine, &all, &used, NULL);
	(void)leftovers_measure(engine, &leftovers, NULL);
	int64_t bytes = all - used + leftovers.bytes;
	if (bytes > 0)
		err_hint(err, "coffer image prune -a, which frees %.1f MB", (double)bytes / 1e6);
	return r;
}

unsigned engine_disk_use(const struct engine *engine)
{
	struct statvfs space;
	if (fstatvfs(engine->store->root, &space) < 0 || space.f_blocks == 0)
		return 0;
	uint64_t used = space.f_blocks - space.f_bfree, all = used + space.f_bavail;
	return all == 0 ? 100 : (unsigned)((used * 100 + all - 1) / all);
}
