/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/space.h"

/* The directory's name, or NULL if @diff_id is not "sha256:" and 64 digits (S4). */
static const char *layer_name(const char *diff_id)
{
	const char *hex = str_after(diff_id, "sha256:");
	return hex && store_is_hex64(hex) ? hex : NULL;
}

static int refuse_diff_id(const char *diff_id, struct error *err)
{
	return err_set(err, ERR_INVALID, "\"%s\" is not a layer's DiffID", diff_id);
}

bool layer_exists(struct store *store, const char *diff_id)
{
	const char *name = layer_name(diff_id);
	struct stat st;
	return name && fstatat(store->layers, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

char *layer_path(struct store *store, const char *diff_id)
{
	const char *name = layer_name(diff_id);
	return name ? mem_printf("%s/layers/%s", store->path, name) : NULL;
}

static int discard_staged(struct store *store, const char *name, const char *diff_id, struct error *err)
{
	int r = path_remove_tree(store->tmp, name);
	return r < 0 ? err_sys(err, -r, "remove a second copy of layer '%s'", diff_id) : 0;
}

/*
 * The content has to be on disk before the name is (S1). One syncfs() costs less than an fsync() for each of the
 * layer's files; it is also what the unpacker's writes were waiting for.
 */
static int rename_durably(struct store *store, const char *stage, const char *name)
{
	if (syncfs(store->tmp) < 0)
		return -errno;
	if (renameat(store->tmp, stage, store->layers, name) < 0)
		return errno == ENOTEMPTY ? -EEXIST : -errno;
	return fsync(store->layers) < 0 ? -errno : 0;
}

int layer_commit(struct store *store, const char *name, const char *diff_id, struct error *err)
{
	const char *target = layer_name(diff_id);
	if (!target)
		return refuse_diff_id(diff_id, err);
	if (!store_stage_name_is_valid(name))
		return err_set(err, ERR_INTERNAL, "\"%s\" is no staging directory", name);
	int r = layer_exists(store, diff_id) ? -EEXIST : rename_durably(store, name, target);
	if (r == -EEXIST)
		return discard_staged(store, name, diff_id, err);
	if (r < 0)
		return space_explain(err_sys(err, -r, "put layer '%s' in place", diff_id), store->tmp, 0, err);
	return 0;
}

int layer_replace(struct store *store, const char *name, const char *diff_id, struct error *err)
{
	const char *target = layer_name(diff_id);
	if (!target || !layer_exists(store, diff_id))
		return layer_commit(store, name, diff_id, err);
	if (!store_stage_name_is_valid(name))
		return err_set(err, ERR_INTERNAL, "\"%s\" is no staging directory", name);
	if (syncfs(store->tmp) < 0 || renameat2(store->tmp, name, store->layers, target, RENAME_EXCHANGE) < 0 ||
	    fsync(store->layers) < 0)
		return space_explain(err_sys(err, errno, "replace layer '%s'", diff_id), store->tmp, 0, err);
	return 0;
}

int layer_remove(struct store *store, const char *diff_id, struct error *err)
{
	const char *name = layer_name(diff_id);
	if (!name)
		return refuse_diff_id(diff_id, err);
	int r = store_discard(store, store->layers, name);
	return r < 0 ? err_sys(err, -r, "remove layer '%s'", diff_id) : 0;
}
