/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/check.h"
#include "engine/image.h"

/* --- S4 --- */

static const struct {
	const char *path;
	size_t fd; /* offset in struct store */
	mode_t type;
} PLACES[] = {
	{ "blobs/sha256", offsetof(struct store, blobs), S_IFREG },
	{ "layers", offsetof(struct store, layers), S_IFDIR },
	{ "parents", offsetof(struct store, parents), S_IFDIR },
	{ "mapped", offsetof(struct store, mapped), S_IFDIR },
	{ "snapshots", offsetof(struct store, snapshots), S_IFDIR },
};

/* What is wrong with the name, or NULL. */
static const char *judge(int dir, const char *name, mode_t type)
{
	struct stat st;
	if (!store_is_hex64(name))
		return "its name is not one of the store's";
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || (st.st_mode & S_IFMT) == type)
		return NULL;
	return type == S_IFDIR ? "it is not a directory" : "it is not a file";
}

static int for_each_misnamed(struct store *store,
			     void (*act)(void *context, int dir, const char *place, const char *name, const char *why),
			     void *context, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(PLACES); i++) {
		_cleanup_strv_ char **names = NULL;
		int dir = *(const int *)((const char *)store + PLACES[i].fd);
		int r = check_list(dir, PLACES[i].path, &names, err);
		if (r < 0)
			return r;
		for (char **name = names; *name; name++) {
			const char *why = judge(dir, *name, PLACES[i].type);
			if (why)
				act(context, dir, PLACES[i].path, *name, why);
		}
	}
	return 0;
}

static void tell_misnamed(void *context, int dir, const char *place, const char *name, const char *why)
{
	struct check_run *run = context;
	_cleanup_free_ char *path = mem_printf("%s/%s/%s", run->engine->store->path, place, name);
	check_found(run, path, "%s", why);
}

int check_names(struct check_run *run, struct error *err)
{
	return for_each_misnamed(run->engine->store, tell_misnamed, run, err);
}

static void discard_misnamed(void *context, int dir, const char *place, const char *name, const char *why)
{
	(void)store_discard(context, dir, name);
}

int repair_names(struct engine *engine, struct error *err)
{
	return for_each_misnamed(engine->store, discard_misnamed, engine->store, err);
}

/* --- S2 --- */

int check_rubbish(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = store_list_rubbish(run->engine->store, &names, err);
	for (char **name = names; name && *name; name++) {
		_cleanup_free_ char *path = mem_printf("%s/tmp/%s", run->engine->store->path, *name);
		check_found(run, path, "nobody works on it any more");
	}
	return r;
}

/* --- S6 --- */

int check_index(struct check_run *run, struct error *err)
{
	int r = index_json_is_current(run->engine, err);
	if (r == 0) {
		_cleanup_free_ char *path = mem_printf("%s/index.json", run->engine->store->path);
		check_found(run, path, "it does not say what the database says");
	}
	return r;
}

int repair_index(struct engine *engine, struct error *err)
{
	return index_json_write(engine, err);
}
