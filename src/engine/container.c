/* SPDX-License-Identifier: Apache-2.0 */
/* Making a container: all that can be wrong is looked at first; then run directory, snapshot, files, and last the row. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/timeline.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/health-config.h"
#include "engine/image.h"
#include "engine/join.h"
#include "engine/log-options.h"
#include "engine/merged.h"
#include "engine/name.h"
#include "engine/network-user.h"
#include "engine/pod-row.h"
#include "engine/record.h"
#include "engine/restart.h"
#include "engine/secret-request.h"
#include "engine/userns.h"
#include "engine/volume-mounts.h"
#include "image/platform.h"
#include "storage/layer.h"
#include "storage/snapshot.h"

enum { NAME_ATTEMPTS = 10, RANGE_ATTEMPTS = 100 };

/* --- the image --- */

/* What QEMU calls an architecture in its handlers for foreign programs. */
static const char *handler_of(const char *architecture)
{
	static const struct {
		const char *architecture, *handler;
	} names[] = {
		{ "amd64", "x86_64" }, { "386", "i386" },	   { "arm64", "aarch64" },
		{ "loong64", "loongarch64" }, { "mips64le", "mips64el" }, { "mipsle", "mipsel" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (streq(names[i].architecture, architecture))
			return names[i].handler;
	return architecture;
}

static bool has_handler(const char *handler)
{
	char state[16];
	_cleanup_free_ char *path = mem_printf("/proc/sys/fs/binfmt_misc/qemu-%s", handler);
	return file_read_line(AT_FDCWD, path, state, sizeof state) > 0 && streq(state, "enabled");
}

static int foreign(const struct container_spec *spec, const struct platform *offered, const struct platform *host,
		   struct error *err)
{
	char theirs[64], ours[64];
	const char *handler = handler_of(offered->architecture);
	if (has_handler(handler)) {
		log_warn("the requested image's platform (%s) does not match the detected host platform (%s) and no "
			 "specific platform was requested: it runs by an emulator",
			 platform_format(offered, theirs), platform_format(host, ours));
		return 0;
	}
	err_set(err, ERR_IMG_ARCH, "image %s is for %s, this host is %s", spec->image, platform_format(offered, theirs),
		platform_format(host, ours));
	err_cause(err, "no binfmt_misc handler for %s", handler);
	return err_hint(err, "--platform %s", platform_format(host, ours));
}

/* Whoever names a platform gets that one, whether this machine can run it or not. */
static int check_platform(const struct container_spec *spec, const struct image_config *image, struct error *err)
{
	struct platform wanted = platform_host();
	char theirs[64];
	if (!*image->platform.os || !*image->platform.architecture)
		return 0;
	int r = spec->platform ? platform_parse(spec->platform, &wanted, err) : 0;
	if (r < 0 || platform_match(&wanted, &image->platform) > 0)
		return r;
	if (!spec->platform)
		return foreign(spec, &image->platform, &wanted, err);
	err_set(err, ERR_IMG_NOT_FOUND, "No such image: %s for platform %s", spec->image, spec->platform);
	return err_cause(err, "the one that is here is for %s", platform_format(&image->platform, theirs));
}

/* --- the configuration --- */

/* Whether there is a shell to suggest. */
static void suggest_shell(struct engine *engine, const char *image, char *const *diff_ids, struct error *err)
{
	_cleanup_merged_ struct merged *merged = NULL;
	_cleanup_strv_ char **dirs = NULL;
	for (size_t i = strv_count(diff_ids); i-- > 0;)
		strv_take(&dirs, layer_path(engine->store, diff_ids[i]));
	if (merged_open(dirs, &merged, NULL) < 0)
		return;
	_cleanup_close_ int shell = merged_open_file(merged, "/bin/sh");
	if (shell >= 0)
		err_hint(err, "coffer run %s /bin/sh", image);
}

static int check_names(const struct container_spec *spec, struct error *err)
{
	if (str_is_empty(spec->image))
		return err_set(err, ERR_INVALID, "no image was named");
	return str_is_empty(spec->name) ? 0 : container_name_check(spec->name + (*spec->name == '/'), err);
}

/* Everything of the row but its name, if it is to be generated. */
static int resolve(struct engine *engine, const struct container_spec *spec, int attempt, struct image_config *image,
		   struct container_row *row, struct id_range *range, struct error *err)
{
	int r = check_names(spec, err);
	if (r >= 0)
		r = restart_policy_check(spec, err);
	if (r >= 0)
		r = network_user_check(spec, err);
	if (r >= 0)
		r = log_options_check(spec, err);
	if (r >= 0)
		r = storage_options_check(spec, err);
	if (r >= 0)
		r = health_config_check(spec, err);
	if (r >= 0)
		r = secret_requests_check(engine, spec, err);
	if (r >= 0)
		r = image_resolve(engine, spec->image, &row->image_id, NULL, err);
	if (r >= 0)
		r = image_config_load(engine->store, row->image_id, image, err);
	if (r >= 0)
		r = check_platform(spec, image, err);
	if (r < 0)
		return r;
	timeline_step("image found: %s is %.19s", spec->image, row->image_id);
	r = container_config_resolve(spec, image, row->id, &row->config, err);
	if (r == -ERR_NO_CMD)
		suggest_shell(engine, spec->image, image->diff_ids, err);
	if (r >= 0)
		r = join_resolve(engine, spec, &row->config.joins, err);
	if (r >= 0)
		r = userns_resolve(engine, spec, row->image_id, image->diff_ids, attempt, &row->config, range, err);
	if (r >= 0)
		r = volume_mounts_resolve(engine, spec, image, &row->config, err);
	if (r < 0)
		return r;
	row->state = STATE_CREATED;
	row->auto_remove = spec->auto_remove;
	row->created_at = time_now_ns();
	row->error = mem_strdup("");
	row->last_status = mem_strdup("");
	row->runroot = mem_strdup(engine->runroot);
	row->pod = mem_strdup(spec->infra_of ? spec->infra_of->id : spec->pod);
	return 0;
}

/* --- making it --- */

static int insert_named(struct db *db, const struct container_spec *spec, struct container_row *row, struct error *err)
{
	if (!str_is_empty(spec->name)) {
		row->name = mem_strdup(spec->name + (*spec->name == '/'));
		return container_row_insert(db, row, err);
	}
	int r = -ERR_NAME;
	for (int attempt = 0; r == -ERR_NAME && attempt < NAME_ATTEMPTS; attempt++) {
		free(row->name);
		row->name = container_name_generate(attempt);
		r = container_row_insert(db, row, err);
	}
	return r;
}

/* The row, and with it those of its volumes and its ids. Returns 0 if somebody else has come to have these. */
static int insert(struct engine *engine, const struct container_spec *spec, struct container_row *row,
		  const struct id_range *range, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_volume_rows_ struct volume_rows rows = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = spec->infra_of ? pod_row_insert(db, spec->infra_of, row->id, err)
				   : pod_row_admit(db, row->pod, err);
	if (r >= 0)
		r = insert_named(db, spec, row, err);
	if (r >= 0)
		r = volume_mounts_insert(engine, db, row, &rows, err);
	if (r >= 0)
		r = userns_insert(db, row, range, err);
	if (r <= 0)
		return r;
	r = db_commit(&transaction, err);
	if (r < 0)
		return r;
	volume_mounts_inserted(engine, &rows);
	return 1;
}

static int make(struct engine *engine, const struct container_spec *spec, const struct image_config *image,
		struct container_row *row, const struct id_range *range, struct run_dir *dir, struct launch *ret,
		struct error *err)
{
	_cleanup_launch_ struct launch launch = LAUNCH_NONE;
	int r = storage_create(engine, row, image->diff_ids, err);
	if (r >= 0) {
		timeline_step("place for its own files made");
		r = launch_prepare(engine, row->id, &row->config, row->image_id, image->diff_ids, dir, &launch, err);
	}
	if (r >= 0) {
		timeline_step("configuration made: config.json");
		r = insert(engine, spec, row, range, err);
	}
	if (r <= 0) {
		*dir = launch.dir;
		launch.dir = RUN_DIR_NONE;
		return r;
	}
	timeline_step("recorded in the database: %.12s, %s", row->id, row->name);
	launch_named(engine, &launch, row);
	*ret = launch;
	launch = LAUNCH_NONE;
	return 1;
}

/* What was made of a container that is not to be. */
static void unmake(struct engine *engine, const char *id, struct run_dir *dir)
{
	struct error failure = { 0 };
	if (container_erase_files(engine, id, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take back a container", &failure);
	if (run_dir_remove(engine, id, dir, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take back a container", &failure);
}

/* The same of one that has a row already. */
static void erase(struct engine *engine, const struct container_row *row, struct launch *launch)
{
	struct error failure = { 0 };
	if (container_erase(engine, row, &launch->dir, true, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take back a container", &failure);
	launch_done(launch);
}

/* Its image may have been removed since it was found; then what has failed is of no interest. */
static int explain(struct engine *engine, const struct container_spec *spec, const struct container_row *row, int r,
		   struct error *err)
{
	_cleanup_free_ char *id = NULL;
	if (!row->image_id || image_resolve(engine, row->image_id, &id, NULL, NULL) != -ERR_IMG_NOT_FOUND)
		return r;
	if (err)
		err_clear(err);
	err_set(err, ERR_IMG_NOT_FOUND, "No such image: %s", spec->image);
	err_cause(err, "it was removed while the container was made of it");
	return err_hint(err, "coffer pull %s", spec->image);
}

/* Returns 0 if all of it has to be done again, with other ids. */
static int create(struct engine *engine, const struct container_spec *spec, int attempt, struct container_row *row,
		  struct error *err)
{
	_cleanup_image_config_ struct image_config image = { 0 };
	struct id_range range = { 0 };
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	struct launch launch;
	random_id(row->id);
	int r = resolve(engine, spec, attempt, &image, row, &range, err);
	if (r >= 0)
		r = run_dir_make(engine, row->id, &dir, err);
	if (r < 0)
		return r;
	r = make(engine, spec, &image, row, &range, &dir, &launch, err);
	if (r <= 0) {
		unmake(engine, row->id, &dir);
		return r;
	}
	r = volume_mounts_prepare(engine, row, err);
	if (r < 0) {
		erase(engine, row, &launch);
		return r;
	}
	*ARRAY_APPEND(engine->created, engine->n_created) = launch;
	event_container(engine, row, "create", NULL);
	return 1;
}

int engine_container_create(struct engine *engine, const struct container_spec *spec, struct container_record **ret,
			    struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_free_ char *target = NULL;
	struct container_spec known = *spec;
	int r = join_resolve_network(engine, spec, &target, err);
	bool resolved = r >= 0;
	if (target)
		known.network_target = target;
	for (int attempt = 0; r == 0 && attempt < RANGE_ATTEMPTS; attempt++) {
		container_row_done(&row);
		r = create(engine, &known, attempt, &row, err);
	}
	if (r == 0)
		r = err_set(err, ERR_IDMAP, "--userns auto: others were faster %d times", RANGE_ATTEMPTS);
	if (r < 0 && resolved)
		r = explain(engine, spec, &row, r, err);
	if (r < 0) {
		(void)err_stage(err, STAGE_CREATE);
		return r;
	}
	*ret = record_from_row(engine, &row);
	return 0;
}
