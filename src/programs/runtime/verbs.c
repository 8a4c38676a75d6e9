/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that are one call of the library: start, state, kill, delete, list. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

/* --- start --- */

static int run_start(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		     struct error *err)
{
	_cleanup_free_ char **args = NULL;
	_cleanup_container_ struct container *container = NULL;
	int r = verb_parse(verb, argv, NULL, 1, 1, &args, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = container_load(globals->root, args[0], &container, err);
	return r < 0 ? r : container_start(container, err);
}

const struct runtime_verb verb_start = { "start", "ID", "Run the program of a created container", NULL, 0, run_start };

/* --- state --- */

static int run_state(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		     struct error *err)
{
	_cleanup_free_ char **args = NULL;
	_cleanup_container_ struct container *container = NULL;
	int r = verb_parse(verb, argv, NULL, 1, 1, &args, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = container_load(globals->root, args[0], &container, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *text = container_state_text(container, err);
	if (!text)
		return -ERR_INTERNAL;
	puts(text);
	return 0;
}

const struct runtime_verb verb_state = { "state", "ID", "Print the state of a container", NULL, 0, run_state };

/* --- kill --- */

struct kill_options {
	bool all;
};

static const struct option KILL_OPTIONS[] = {
	OPT_BOOL(struct kill_options, all, 'a', "all", "Every process of the container, not only its first"),
	OPT_END,
};

static int run_kill(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		    struct error *err)
{
	struct kill_options options = { 0 };
	_cleanup_free_ char **args = NULL;
	_cleanup_container_ struct container *container = NULL;
	int sig = SIGTERM, r = verb_parse(verb, argv, &options, 1, 2, &args, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if ((args[1] && (r = parse_signal(args[1], &sig, err)) < 0) ||
	    (r = container_load(globals->root, args[0], &container, err)) < 0)
		return r;
	return container_kill(container, sig, options.all, err);
}

const struct runtime_verb verb_kill = { "kill", "ID [SIGNAL]", "Send a signal (default: TERM) to a container",
					KILL_OPTIONS, 0, run_kill };

/* --- delete --- */

struct delete_options {
	bool force;
};

static const struct option DELETE_OPTIONS[] = {
	OPT_BOOL(struct delete_options, force, 'f', "force", "Kill it if it runs; one that does not exist is fine"),
	OPT_END,
};

static int run_delete(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		      struct error *err)
{
	struct delete_options options = { 0 };
	_cleanup_free_ char **args = NULL;
	_cleanup_container_ struct container *container = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = container_load(globals->root, args[0], &container, err);
	if (r == -ERR_NO_CONTAINER && options.force) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : container_delete(container, options.force, err);
}

const struct runtime_verb verb_delete = { "delete", "ID", "Remove a stopped container", DELETE_OPTIONS, 0, run_delete };

/* --- list --- */

struct list_options {
	char *format;
	bool quiet;
};

static const struct option LIST_OPTIONS[] = {
	OPT_STRING(struct list_options, format, 'f', "format", "FORMAT", "table or json"),
	OPT_BOOL(struct list_options, quiet, 'q', "quiet", "Print only ids"),
	OPT_END,
};

struct list_row {
	struct container *container;
	enum container_status status;
	char created[TIME_TEXT_MAX];
	const char *owner;
};

static void print_json_row(struct json_object *array, const struct list_row *row)
{
	struct json_object *object = json_object_new_object();
	json_add_string(object, "ociVersion", row->container->oci_version);
	json_add_string(object, "id", row->container->id);
	json_add_i64(object, "pid", row->status == CONTAINER_STOPPED ? 0 : row->container->pid);
	json_add_string(object, "status", container_status_name(row->status));
	json_add_string(object, "bundle", row->container->bundle);
	json_add_string(object, "rootfs", row->container->rootfs);
	json_add_string(object, "created", row->created);
	json_add_string(object, "owner", row->owner);
	json_object_array_add(array, object);
}

static void print_table_row(const struct list_row *row)
{
	printf("%-24s %-10d %-10s %-32s %-32s %s\n", row->container->id,
	       row->status == CONTAINER_STOPPED ? 0 : row->container->pid, container_status_name(row->status),
	       row->container->bundle, row->created, row->owner);
}

static int print_list(const struct runtime_globals *globals, const struct list_options *options, struct error *err)
{
	bool json = options->format && streq(options->format, "json");
	if (options->format && !json && !streq(options->format, "table"))
		return err_set(err, ERR_USAGE, "unknown format \"%s\": it is table or json", options->format);
	_cleanup_strv_ char **ids = NULL;
	int r = container_list(globals->root, &ids, err);
	if (r < 0)
		return r;
	_cleanup_json_ struct json_object *array = json_object_new_array();
	if (!json && !options->quiet)
		printf("%-24s %-10s %-10s %-32s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
	for (char **id = ids; *id; id++) {
		_cleanup_container_ struct container *container = NULL;
		struct list_row row = { 0 };
		/* One that goes while we look is not an error. */
		if (container_load(globals->root, *id, &container, NULL) < 0 ||
		    container_status(container, &row.status, NULL) < 0)
			continue;
		row.container = container;
		row.owner = container->owner == 0 ? "root" : "";
		time_format_rfc3339(container->created_at, row.created);
		if (options->quiet)
			puts(*id);
		else if (json)
			print_json_row(array, &row);
		else
			print_table_row(&row);
	}
	if (json && !options->quiet)
		puts(json_text(array));
	return 0;
}

static int run_list(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		    struct error *err)
{
	struct list_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 0, 0, &args, err);
	if (r == 0)
		r = print_list(globals, &options, err);
	options_done(tables, &options);
	return r < 0 ? r : 0;
}

const struct runtime_verb verb_list = { "list", "", "List containers", LIST_OPTIONS, 0, run_list };
