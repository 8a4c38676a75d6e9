/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/container-rows.h"
#include "cli/format.h"
#include "cli/image-rows.h"
#include "cli/rows.h"
#include "cli/volume-rows.h"
#include "engine/leftovers.h"
#include "engine/log-size.h"

struct df_options {
	bool verbose;
	char *format;
};

static const struct rows_kind USAGE_ROWS = {
	.what = "kind of thing",
	.fields =
		(const struct rows_field[]){
			{ "Type", "TYPE" },
			{ "TotalCount", "TOTAL" },
			{ "Active", "ACTIVE" },
			{ "Size", "SIZE" },
			{ "Reclaimable", "RECLAIMABLE" },
			{ 0 },
		},
};

/* All that is looked at. */
struct inventory {
	struct container_record **records;
	int64_t *own; /* bytes, of each record */
	size_t n_records;
	struct image **images;
	size_t n_images;
	struct volume **volumes;
	int64_t *volume_bytes;
	size_t n_volumes;
};

static void inventory_done(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_records; i++)
		container_record_free(inventory->records[i]);
	for (size_t i = 0; i < inventory->n_images; i++)
		image_free(inventory->images[i]);
	for (size_t i = 0; i < inventory->n_volumes; i++)
		volume_free(inventory->volumes[i]);
	free(inventory->volumes);
	free(inventory->volume_bytes);
	free(inventory->records);
	free(inventory->own);
	free(inventory->images);
}
#define _cleanup_inventory_ _cleanup_(inventory_done)

/* The same. */
static void measure_each_volume(struct cli *cli, struct inventory *inventory)
{
	inventory->volume_bytes = mem_alloc((inventory->n_volumes + 1) * sizeof *inventory->volume_bytes);
	for (size_t i = 0; i < inventory->n_volumes; i++)
		(void)engine_volume_size(cli->engine, inventory->volumes[i], &inventory->volume_bytes[i], NULL);
}

/* A container that somebody removes meanwhile takes nothing. */
static int collect(struct cli *cli, struct inventory *inventory, struct error *err)
{
	int r = engine_container_list(cli->engine, true, &inventory->records, &inventory->n_records, err);
	if (r >= 0)
		r = engine_image_list(cli->engine, &inventory->images, &inventory->n_images, err);
	if (r >= 0)
		r = engine_volume_list(cli->engine, &inventory->volumes, &inventory->n_volumes, err);
	if (r < 0)
		return r;
	measure_each_volume(cli, inventory);
	inventory->own = mem_alloc((inventory->n_records + 1) * sizeof *inventory->own);
	for (size_t i = 0; i < inventory->n_records; i++) {
		int64_t whole;
		(void)engine_container_size(cli->engine, inventory->records[i], &inventory->own[i], &whole, NULL);
	}
	return 0;
}

/* --- The summary --- */

struct usage {
	const char *type;
	size_t total, active;
	int64_t bytes, reclaimable;
	bool has_share; /* the part of it that could be had back is shown */
};

static bool is_alive(const struct container_record *record)
{
	return record->state == STATE_RUNNING || record->state == STATE_PAUSED || record->state == STATE_RESTARTING;
}

static size_t count_containers_of(const struct inventory *inventory, const struct image *image)
{
	size_t count = 0;
	for (size_t i = 0; i < inventory->n_records; i++)
		count += streq_null(inventory->records[i]->image_id, image->id);
	return count;
}

static int measure_images(struct cli *cli, const struct inventory *inventory, struct usage *usage, struct error *err)
{
	int64_t all, used;
	int r = engine_layers_size(cli->engine, &all, &used, err);
	if (r < 0)
		return r;
	*usage = (struct usage){ "Images", .total = inventory->n_images, .bytes = all, .reclaimable = all - used,
				 .has_share = true };
	for (size_t i = 0; i < inventory->n_images; i++)
		usage->active += count_containers_of(inventory, inventory->images[i]) > 0;
	return 0;
}

static void measure_containers(const struct inventory *inventory, struct usage *usage)
{
	*usage = (struct usage){ "Containers", .total = inventory->n_records, .has_share = true };
	for (size_t i = 0; i < inventory->n_records; i++) {
		bool alive = is_alive(inventory->records[i]);
		usage->active += alive;
		usage->bytes += inventory->own[i];
		usage->reclaimable += alive ? 0 : inventory->own[i];
	}
}

static void measure_volumes(const struct inventory *inventory, struct usage *usage)
{
	*usage = (struct usage){ "Local Volumes", .total = inventory->n_volumes, .has_share = true };
	for (size_t i = 0; i < inventory->n_volumes; i++) {
		bool used = inventory->volumes[i]->links > 0;
		usage->active += used;
		usage->bytes += inventory->volume_bytes[i];
		usage->reclaimable += used ? 0 : inventory->volume_bytes[i];
	}
}

static int add_usage(struct rows *rows, const struct usage *usage, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str total = { 0 }, active = { 0 }, reclaimable = { 0 };
	char size[SIZE_TEXT_MAX], part[SIZE_TEXT_MAX];
	str_appendf(&total, "%zu", usage->total);
	str_appendf(&active, "%zu", usage->active);
	str_append(&reclaimable, format_size((uint64_t)usage->reclaimable, part));
	if (usage->has_share && usage->bytes > 0)
		str_appendf(&reclaimable, " (%jd%%)", (intmax_t)(usage->reclaimable * 100 / usage->bytes));
	json_add_string(fields, "Type", usage->type);
	json_add_string(fields, "TotalCount", str_text(&total));
	json_add_string(fields, "Active", str_text(&active));
	json_add_string(fields, "Size", format_size((uint64_t)usage->bytes, size));
	json_add_string(fields, "Reclaimable", str_text(&reclaimable));
	return rows_add(rows, fields, NULL, err);
}

static void measure_logs(struct cli *cli, const struct inventory *inventory, struct usage *usage)
{
	*usage = (struct usage){ "Container Logs", .has_share = true };
	for (size_t i = 0; i < inventory->n_records; i++) {
		int64_t bytes = container_log_size(cli->engine, inventory->records[i]->id);
		bool alive = is_alive(inventory->records[i]);
		usage->total += bytes > 0;
		usage->active += bytes > 0 && alive;
		usage->bytes += bytes;
		usage->reclaimable += alive ? 0 : bytes;
	}
}

static int measure_leftovers(struct cli *cli, struct usage *usage, struct error *err)
{
	struct leftovers leftovers;
	int r = leftovers_measure(cli->engine, &leftovers, err);
	if (r >= 0)
		*usage = (struct usage){ "Leftovers", .total = leftovers.count, .bytes = leftovers.bytes,
					 .reclaimable = leftovers.bytes, .has_share = true };
	return r;
}

/* Docker has no rows of the last two: they are there when there is something to say. */
static int summarize(struct cli *cli, const struct inventory *inventory, struct rows *rows, struct error *err)
{
	enum { BUILD_CACHE = 3, ROWS = 6 };
	struct usage usages[ROWS] = { [BUILD_CACHE] = { .type = "Build Cache" } };
	int r = measure_images(cli, inventory, &usages[0], err);
	measure_containers(inventory, &usages[1]);
	measure_volumes(inventory, &usages[2]);
	measure_logs(cli, inventory, &usages[4]);
	if (r >= 0)
		r = measure_leftovers(cli, &usages[5], err);
	for (size_t i = 0; r >= 0 && i < ROWS; i++)
		if (i <= BUILD_CACHE || usages[i].total > 0)
			r = add_usage(rows, &usages[i], err);
	if (r >= 0)
		rows_print(rows);
	return r;
}

/* --- One by one --- */

/* Bytes in layers that another image has as well. */
static void add_shared_size(struct json_object *fields, const struct inventory *inventory, const struct image *image,
			    struct cli *cli)
{
	struct image_step *steps = NULL;
	size_t n_steps = 0;
	int64_t shared = 0;
	char text[SIZE_TEXT_MAX];
	(void)engine_image_history(cli->engine, image, &steps, &n_steps, NULL);
	for (size_t i = 0; i < n_steps; i++) {
		size_t count = 0;
		for (size_t k = 0; steps[i].diff_id && k < inventory->n_images; k++)
			count += strv_contains(inventory->images[k]->diff_ids, steps[i].diff_id);
		shared += count > 1 ? steps[i].size : 0;
	}
	image_steps_free(steps, n_steps);
	json_add_string(fields, "SharedSize", format_size((uint64_t)shared, text));
	json_add_string(fields, "UniqueSize", format_size((uint64_t)(image->size - shared), text));
}

static struct json_object *list_images(struct cli *cli, const struct inventory *inventory, bool no_trunc)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < inventory->n_images; i++) {
		const struct image *image = inventory->images[i];
		_cleanup_free_ char *containers = mem_printf("%zu", count_containers_of(inventory, image));
		_cleanup_strv_ char **names = image_row_names(image);
		struct json_object *fields = image_fields(image, names ? names[0] : NULL, no_trunc, time_now_ns());
		add_shared_size(fields, inventory, image, cli);
		json_add_string(fields, "Containers", containers);
		json_object_array_add(list, fields);
	}
	return list;
}

static struct json_object *list_containers(const struct inventory *inventory, bool no_trunc)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < inventory->n_records; i++) {
		char size[SIZE_TEXT_MAX];
		const struct container_show show = { .no_trunc = no_trunc,
						     .now = time_now_ns(),
						     .size = format_size((uint64_t)inventory->own[i], size) };
		json_object_array_add(list, container_fields(inventory->records[i], &show));
	}
	return list;
}

static struct json_object *list_volumes(const struct inventory *inventory)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < inventory->n_volumes; i++) {
		char size[SIZE_TEXT_MAX];
		(void)format_size((uint64_t)inventory->volume_bytes[i], size);
		json_object_array_add(list, volume_fields(inventory->volumes[i], size));
	}
	return list;
}

/* Of the one object that a template gets: lists, whose elements have the fields of the lists' own commands. */
static const struct rows_kind EACH_ROWS = {
	.what = "disk usage",
	.fields =
		(const struct rows_field[]){
			{ "Images", "IMAGES" },
			{ "Containers", "CONTAINERS" },
			{ "Volumes", "VOLUMES" },
			{ "BuildCache", "BUILD CACHE" },
			{ 0 },
		},
};

static const struct section {
	const char *key, *title;
	const struct rows_kind *kind;
	const char *const *columns;
} SECTIONS[] = {
	{ "Images", "Images space usage:\n", &IMAGE_ROWS,
	  (const char *const[]){ "Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize",
				 "Containers", NULL } },
	{ "Containers", "\nContainers space usage:\n", &CONTAINER_ROWS,
	  (const char *const[]){ "ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names",
				 NULL } },
	{ "Volumes", "\nLocal Volumes space usage:\n", &VOLUME_ROWS,
	  (const char *const[]){ "Name", "Links", "Size", NULL } },
};

static int print_section(const struct section *section, struct json_object *all, struct error *err)
{
	_cleanup_rows_ struct rows rows = { 0 };
	struct json_object *list = json_object_object_get(all, section->key);
	int r = rows_begin(&rows, section->kind, NULL, section->columns, err);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++)
		r = rows_add(&rows, json_object_get(json_object_array_get_idx(list, i)), NULL, err);
	if (r < 0)
		return r;
	puts(section->title);
	rows_print(&rows);
	return 0;
}

/* Tables shorten, templates do not. */
static int show_each(struct cli *cli, const struct inventory *inventory, struct rows *rows, struct error *err)
{
	bool no_trunc = rows->mode != ROWS_TABLE;
	struct json_object *all = json_object_new_object();
	json_object_object_add(all, "Images", list_images(cli, inventory, no_trunc));
	json_object_object_add(all, "Containers", list_containers(inventory, no_trunc));
	json_object_object_add(all, "Volumes", list_volumes(inventory));
	json_object_object_add(all, "BuildCache", json_object_new_array());
	if (no_trunc) {
		int r = rows_add(rows, all, NULL, err);
		rows_print(rows);
		return r;
	}
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(SECTIONS); i++)
		r = print_section(&SECTIONS[i], all, err);
	json_object_put(all);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Type", "TotalCount", "Active", "Size", "Reclaimable", NULL };
	const struct df_options *options = data;
	_cleanup_inventory_ struct inventory inventory = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	int r = rows_begin(&rows, options->verbose ? &EACH_ROWS : &USAGE_ROWS, options->format, columns, err);
	if (r >= 0)
		r = collect(cli, &inventory, err);
	if (r < 0)
		return r;
	return options->verbose ? show_each(cli, &inventory, &rows, err) : summarize(cli, &inventory, &rows, err);
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct df_options, format, 0),
	OPT_BOOL(struct df_options, verbose, 'v', "verbose", "Show images, containers and volumes one by one"),
	OPT_END,
};

const struct command command_df = {
	.name = "system df",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Show what images, containers and volumes take on disk",
	.description =
		"Layers count once, whichever images have them. Reclaimable is what image prune -a, container prune "
		"and volume prune -a would free. Container Logs, if there are any, go with their containers. Leftovers, if there are any, are what downloads that were interrupted "
		"have left for the next attempt; *image prune* removes them."
		"\n\n"
		"Fields of templates: .Type .TotalCount .Active .Size .Reclaimable. With *--verbose* a template gets the "
		"lists .Images .Containers .Volumes .BuildCache, with the fields of *images*, *ps* and *volume ls*.",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct df_options),
	.run = run,
};
