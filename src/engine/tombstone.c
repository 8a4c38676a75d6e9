/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tombstone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"

enum { PRUNE_EVERY = 64 }; /* removals, on average: nobody has to count them */

static const int64_t AGE_MAX_NS = TOMBSTONE_DAYS * INT64_C(24) * 3600 * NSEC_PER_SEC;

/* --- Making one --- */

static bool has_run(struct engine *engine, const char *id)
{
	_cleanup_free_ char *path = path_join(id, "start.json");
	return faccessat(engine->store->records, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int write_container(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_close_ int dir =
		openat(engine->store->records, row->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open the records of container %.12s", row->id);
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "id", row->id);
	json_add_string(object, "name", row->name);
	json_add_string(object, "image", config_spec(&row->config)->image);
	json_add_string(object, "imageId", row->image_id);
	json_add_i64(object, "createdAt", row->created_at);
	json_add_i64(object, "removedAt", time_now_ns());
	if (*row->last_status)
		json_object_object_add(object, "status", json_tokener_parse(row->last_status));
	json_object_object_add(object, "config", container_config_to_json(&row->config));
	const char *text = json_text(object);
	return file_write_atomic(dir, TOMBSTONE_FILE, text, strlen(text), 0600, 0, err);
}

static int bury(struct engine *engine, const char *id)
{
	int records = engine->store->records;
	_cleanup_free_ char *place = path_join(TOMBSTONE_DIR, id);
	if (renameat(records, id, records, place) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (mkdirat(records, TOMBSTONE_DIR, 0700) < 0 && errno != EEXIST)
		return -errno;
	return renameat(records, id, records, place) < 0 && errno != ENOENT ? -errno : 0;
}

int tombstone_make(struct engine *engine, const struct container_row *row, struct error *err)
{
	struct error why = { 0 };
	bool kept = has_run(engine, row->id);
	/* A full disk must not keep a container from going. */
	if (kept && write_container(engine, row, &why) < 0) {
		log_failure(LOG_LEVEL_WARN, "keep the records of a container that is removed", &why);
		kept = false;
	}
	if (!kept) {
		int r = path_remove_tree(engine->store->records, row->id);
		return r < 0 ? err_sys(err, -r, "remove the records of container %.12s", row->id) : 0;
	}
	int r = bury(engine, row->id);
	if (r < 0)
		return err_sys(err, -r, "keep the records of container %.12s", row->id);
	if (random_u64() % PRUNE_EVERY == 0)
		tombstones_prune(engine);
	return 0;
}

/* --- Pruning --- */

struct grave {
	char id[ID_HEX_LENGTH + 1];
	int64_t since_ns;
};

static int oldest_first(const void *a, const void *b)
{
	const struct grave *left = a, *right = b;
	return (left->since_ns > right->since_ns) - (left->since_ns < right->since_ns);
}

static size_t list_graves(int dir, struct grave **ret)
{
	_cleanup_close_ int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	struct grave *graves = NULL;
	size_t count = 0;
	struct stat st;
	if (!entries)
		return 0;
	TAKE_FD(copy);
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (!store_is_hex64(entry->d_name) || fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		struct grave *grave = ARRAY_APPEND(graves, count);
		str_copy(grave->id, sizeof grave->id, entry->d_name);
		grave->since_ns = st.st_ctim.tv_sec * NSEC_PER_SEC + st.st_ctim.tv_nsec; /* when it was renamed */
	}
	*ret = graves;
	return count;
}

char **tombstones_list(int dir)
{
	_cleanup_free_ struct grave *graves = NULL;
	char **ids = NULL;
	size_t count = list_graves(dir, &graves);
	int64_t now_ns = time_now_ns();
	if (count > 0)
		qsort(graves, count, sizeof *graves, oldest_first);
	while (count-- > 0)
		if (now_ns - graves[count].since_ns <= AGE_MAX_NS)
			strv_append(&ids, graves[count].id);
	return ids;
}

void tombstones_prune(struct engine *engine)
{
	_cleanup_close_ int dir =
		openat(engine->store->records, TOMBSTONE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_free_ struct grave *graves = NULL;
	size_t count = dir < 0 ? 0 : list_graves(dir, &graves);
	int64_t now_ns = time_now_ns();
	if (count > 0)
		qsort(graves, count, sizeof *graves, oldest_first);
	for (size_t i = 0; i < count; i++) {
		if (count - i <= TOMBSTONES_MAX && now_ns - graves[i].since_ns <= AGE_MAX_NS)
			break;
		int r = path_remove_tree(dir, graves[i].id);
		if (r < 0)
			log_warn("remove the records of removed container %.12s: error %d", graves[i].id, -r);
	}
}
