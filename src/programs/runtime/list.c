/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/table.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

enum { COLUMNS = 6, COLUMN_MIN = 12 };

struct list_options {
	enum output_format format;
	bool quiet;
};

static const struct option OPTIONS[] = {
	OPT_CHOICE(struct list_options, format, 'f', "format", output_formats, "table (the default) or json"),
	OPT_BOOL(struct list_options, quiet, 'q', "quiet", "Print only ids"),
	OPT_END,
};

struct list_row {
	struct container *container;
	enum container_status status;
	char created[TIME_TEXT_MAX];
	char *owner;
};

static pid_t shown_pid(const struct list_row *row)
{
	return row->status == CONTAINER_STOPPED ? 0 : row->container->pid;
}

/* Read here: no library of the name service belongs into a static program. free() it. */
static char *user_name(uid_t uid)
{
	_cleanup_fclose_ FILE *file = fopen("/etc/passwd", "re");
	for (struct passwd *entry; file && (entry = fgetpwent(file));)
		if (entry->pw_uid == uid)
			return mem_strdup(entry->pw_name);
	return mem_printf("#%u", uid);
}

static void add_json_row(struct json_object *array, const struct list_row *row)
{
	const struct container *container = row->container;
	struct json_object *object = json_object_new_object();
	json_add_string(object, "ociVersion", container->oci_version);
	json_add_string(object, "id", container->id);
	json_add_i64(object, "pid", shown_pid(row));
	json_add_string(object, "status", container_status_name(row->status));
	json_add_string(object, "bundle", container->bundle);
	json_add_string(object, "rootfs", container->rootfs);
	json_add_string(object, "created", row->created);
	container_add_annotations(container, object);
	json_add_string(object, "owner", row->owner);
	json_object_array_add(array, object);
}

static void add_table_row(struct table *table, const struct list_row *row)
{
	char pid[16];
	snprintf(pid, sizeof pid, "%d", shown_pid(row));
	const char *const status = container_status_name(row->status);
	const char *const cells[] = { row->container->id, pid, status, row->container->bundle, row->created, row->owner,
				      NULL };
	table_add_row(table, cells);
}

/* One that goes while we look is no failure; one that cannot be read must not hide the others. */
static bool look_at(const struct runtime_globals *globals, const char *id, struct list_row *row)
{
	struct error why = { 0 };
	if (container_load(globals->root, id, &row->container, &why) == 0 &&
	    container_status(row->container, &row->status, &why) == 0)
		return true;
	if (why.code != ERR_NO_CONTAINER)
		log_failure(LOG_LEVEL_WARN, id, &why);
	return false;
}

static void print_rows(const struct runtime_globals *globals, char *const *ids, enum output_format format)
{
	static const char *const headers[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER", NULL };
	_cleanup_json_ struct json_object *array = json_object_new_array();
	_cleanup_table_ struct table table = { .columns = COLUMNS, .column_min = COLUMN_MIN };
	table_add_row(&table, headers);
	for (; *ids; ids++) {
		_cleanup_container_ struct container *container = NULL;
		_cleanup_free_ char *owner = NULL;
		struct list_row row = { 0 };
		bool seen = look_at(globals, *ids, &row);
		container = row.container;
		if (!seen)
			continue;
		row.owner = owner = user_name(container->owner);
		time_format_rfc3339(container->created_at, row.created);
		if (format == OUTPUT_JSON)
			add_json_row(array, &row);
		else
			add_table_row(&table, &row);
	}
	if (format == OUTPUT_JSON)
		puts(json_object_array_length(array) ? json_text(array) : "null"); /* as runc prints no container */
	else
		table_print(&table, stdout);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const struct runtime_globals *globals, const struct list_options *options, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	/* The default is made with the first container; of one that was named, somebody believes that it is there. */
	if (!globals->default_root && access(globals->root, F_OK) < 0)
		return err_sys(err, errno, "open the runtime's state root '%s'", globals->root);
	int r = container_list(globals->root, &ids, err);
	if (r < 0)
		return r;
	qsort(ids, strv_count(ids), sizeof *ids, compare);
	for (char **id = ids; options->quiet && *id; id++)
		puts(*id);
	if (!options->quiet)
		print_rows(globals, ids, options->format);
	return 0;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct list_options options = { 0 };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 0, 0, &args, err);
	return r != 0 ? MIN(r, 0) : list(globals, &options, err);
}

const struct runtime_verb verb_list = {
	.name = "list",
	.arguments = "",
	.summary = "List containers",
	.options = OPTIONS,
	.run = run,
};
