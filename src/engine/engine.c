/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/schema.h"

#define DATABASE "coffer.db"
#define CONTAINERS "containers"

enum { STATE_MODE = 0700 }; /* sockets to every container's monitor are below it */

/* --- opening --- */

static int open_containers(struct engine *engine)
{
	_cleanup_free_ char *path = path_join(engine->runroot, CONTAINERS);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_containers(struct engine *engine, struct error *err)
{
	_cleanup_free_ char *path = path_join(engine->runroot, CONTAINERS);
	int r = path_make_dirs(engine->runroot, STATE_MODE, err);
	if (r < 0)
		return r;
	if (mkdir(path, STATE_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", path);
	return 0;
}

/* A directory that somebody else owns or may write to would put their files among ours. */
static int check_runroot(struct engine *engine, struct error *err)
{
	struct stat st;
	if (fstatat(engine->containers, "..", &st, 0) < 0)
		return err_sys(err, errno, "examine '%s'", engine->runroot);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_PERMISSION, "directory '%s' belongs to user %u, not to us", engine->runroot,
			       st.st_uid);
	if ((st.st_mode & 077) && chmod(engine->runroot, STATE_MODE) < 0)
		return err_sys(err, errno, "make directory '%s' private", engine->runroot);
	return 0;
}

static int open_runroot(struct engine *engine, struct error *err)
{
	int r = open_containers(engine);
	if (r == -ENOENT) {
		r = make_containers(engine, err);
		if (r < 0)
			return r;
		r = open_containers(engine);
	}
	if (r < 0)
		return err_sys(err, -r, "open directory '%s/" CONTAINERS "'", engine->runroot);
	engine->containers = r;
	return check_runroot(engine, err);
}

int engine_open(const char *root, const char *runroot, struct engine **ret, struct error *err)
{
	if (root[0] != '/' || runroot[0] != '/')
		return err_set(err, ERR_INVALID, "\"%s\" is not an absolute path", root[0] != '/' ? root : runroot);
	_cleanup_engine_ struct engine *engine = NEW(struct engine);
	engine->containers = engine->monitor = -1;
	engine->root = path_normalize(root);
	engine->runroot = path_normalize(runroot);
	int r = store_open(engine->root, &engine->store, err);
	if (r >= 0)
		r = open_runroot(engine, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(engine);
	return 0;
}

int engine_db(struct engine *engine, struct db **ret, struct error *err)
{
	if (!engine->db) {
		int r = db_open(engine->store->root, engine->root, DATABASE, SCHEMA_STEPS, SCHEMA_STEP_COUNT,
				&engine->db, err);
		if (r < 0)
			return r;
	}
	*ret = engine->db;
	return 0;
}

/* --- closing --- */

void launch_done(struct launch *launch)
{
	run_dir_close(&launch->dir);
	fd_close(launch->netns);
	fd_close(launch->userns);
	for (size_t i = 0; i < strv_count(launch->relay); i++)
		fd_close(launch->sockets[i]);
	strv_free(launch->relay);
	strv_free(launch->uid_map);
	strv_free(launch->gid_map);
	free(launch->userns_path);
	free(launch->name);
	free(launch->pod);
	strv_free(launch->joins);
	image_plans_free(launch->images, launch->n_images);
	free(launch->pid_file);
	strv_free(launch->lower);
	strv_free(launch->event_attributes);
	strv_free(launch->pressure);
	log_plan_done(&launch->log);
	health_plan_done(&launch->health);
	*launch = LAUNCH_NONE;
}

/*
 * A container that was created, and is not to be started now, has no run directory: it gets a new one when it is. So one
 * with a run directory that nobody holds is what its creator's death has left.
 */
static void forget_created(struct engine *engine)
{
	for (size_t i = 0; i < engine->n_created; i++) {
		struct launch *launch = &engine->created[i];
		struct error failure = { 0 };
		if (launch->dir.fd >= 0 && run_dir_remove(engine, launch->id, &launch->dir, &failure) < 0)
			log_failure(LOG_LEVEL_WARN, "leave a created container", &failure);
		launch_done(launch);
	}
	free(engine->created);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	forget_created(engine);
	children_reap(engine);
	free(engine->children);
	db_close(engine->db);
	fd_close(engine->monitor);
	fd_close(engine->containers);
	store_free(engine->store);
	free(engine->runroot);
	free(engine->root);
	free(engine);
}

/* --- places --- */

char *engine_runtime_root(const struct engine *engine)
{
	return path_join(engine->runroot, "runtime");
}

char *engine_records_path(const struct engine *engine, const char *id)
{
	return mem_printf("%s/records/%s", engine->store->path, id);
}

char *engine_log_path(const struct engine *engine, const char *id)
{
	return mem_printf("%s/logs/%s.log", engine->store->path, id);
}
