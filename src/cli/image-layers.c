/* SPDX-License-Identifier: Apache-2.0 */
/* What an image consists of: as a list, and as a tree that says which images end where. */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/print.h"
#include "cli/rows.h"
#include "engine/fs-trace.h"
#include "engine/layer-changes.h"

enum { CREATED_BY_WIDTH = 45 };

struct layers_options {
	bool no_trunc, quiet;
	char *format;
};

static const struct rows_kind LAYER_ROWS = {
	.what = "layer",
	.fields =
		(const struct rows_field[]){
			{ "ID", "LAYER ID" },
			{ "Size", "SIZE" },
			{ "Wasted", "WASTED" },
			{ "Added", "ADDED" },
			{ "Changed", "CHANGED" },
			{ "Removed", "REMOVED" },
			{ "Images", "IMAGES" },
			{ "CreatedBy", "CREATED BY" },
			{ 0 },
		},
};

/* An image, its steps, and all images that there are. */
struct subject {
	struct image *image;
	struct image_step *steps;
	size_t n_steps;
	struct image **images;
	size_t n_images;
	struct layer_waste *waste; /* if it is asked for */
	size_t n_waste;
	struct layer_changes *changes; /* the same */
	size_t n_changes;
};

static void subject_done(struct subject *subject)
{
	for (size_t i = 0; i < subject->n_images; i++)
		image_free(subject->images[i]);
	free(subject->images);
	image_steps_free(subject->steps, subject->n_steps);
	layer_waste_free(subject->waste, subject->n_waste);
	layer_changes_free(subject->changes, subject->n_changes);
	image_free(subject->image);
}
#define _cleanup_subject_ _cleanup_(subject_done)

static int load(struct cli *cli, const char *name, struct subject *subject, struct error *err)
{
	int r = engine_image_find(cli->engine, name, &subject->image, err);
	if (r >= 0)
		r = engine_image_history(cli->engine, subject->image, &subject->steps, &subject->n_steps, err);
	return r < 0 ? r : engine_image_list(cli->engine, &subject->images, &subject->n_images, err);
}

/* --- layers --- */

static size_t count_images_with(const struct subject *subject, const char *diff_id)
{
	size_t count = 0;
	for (size_t i = 0; i < subject->n_images; i++)
		count += strv_contains(subject->images[i]->diff_ids, diff_id);
	return count;
}

static uint64_t waste_in(const struct subject *subject, const char *diff_id)
{
	for (size_t i = 0; i < subject->n_waste; i++)
		if (streq(subject->waste[i].diff_id, diff_id))
			return (uint64_t)subject->waste[i].bytes;
	return 0;
}

static void add_number(struct json_object *fields, const char *name, size_t number)
{
	_cleanup_free_ char *text = mem_printf("%zu", number);
	json_add_string(fields, name, text);
}

/* A layer that the image has twice changes nothing the second time; the topmost one is told of. */
static void add_changes(struct json_object *fields, const struct subject *subject, const char *diff_id)
{
	static const struct layer_changes none = { 0 };
	const struct layer_changes *changes = &none;
	for (size_t i = subject->n_changes; i-- > 0;)
		if (streq(subject->changes[i].diff_id, diff_id))
			changes = &subject->changes[i];
	add_number(fields, "Added", changes->added);
	add_number(fields, "Changed", changes->changed);
	add_number(fields, "Removed", changes->removed);
}

static struct json_object *layer_fields(const struct subject *subject, const struct image_step *step, bool no_trunc)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 }, created_by = { 0 };
	char size[SIZE_TEXT_MAX], wasted[SIZE_TEXT_MAX];
	format_image_id(&id, step->diff_id, no_trunc);
	format_ellipsis(&created_by, step->created_by, no_trunc ? SIZE_MAX : (size_t)CREATED_BY_WIDTH);
	json_add_string(fields, "ID", str_text(&id));
	json_add_string(fields, "Size", format_size((uint64_t)step->size, size));
	json_add_string(fields, "Wasted", format_size(waste_in(subject, step->diff_id), wasted));
	add_changes(fields, subject, step->diff_id);
	add_number(fields, "Images", count_images_with(subject, step->diff_id));
	json_add_string(fields, "CreatedBy", str_text(&created_by));
	return fields;
}

static int show_layer(const struct layers_options *options, const struct subject *subject,
		      const struct image_step *step, struct rows *rows, struct error *err)
{
	_cleanup_str_ struct str id = { 0 };
	if (!options->quiet)
		return rows_add(rows, layer_fields(subject, step, options->no_trunc), NULL, err);
	format_image_id(&id, step->diff_id, options->no_trunc);
	return puts(str_text(&id)) < 0;
}

static int run_layers(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "ID",	  "Size",   "Wasted",	 "Added", "Changed",
					       "Removed", "Images", "CreatedBy", NULL };
	const struct layers_options *options = data;
	_cleanup_subject_ struct subject subject = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	int r = rows_begin(&rows, &LAYER_ROWS, options->quiet ? NULL : options->format, columns, err);
	if (r >= 0)
		r = load(cli, args[0], &subject, err);
	if (r >= 0 && !options->quiet && rows_show(&rows, "Wasted"))
		r = engine_image_waste(cli->engine, subject.image, &subject.waste, &subject.n_waste, err);
	bool asked = rows_show(&rows, "Added") || rows_show(&rows, "Changed") || rows_show(&rows, "Removed");
	if (r >= 0 && !options->quiet && asked)
		r = engine_image_layer_changes(cli->engine, subject.image, &subject.changes, &subject.n_changes, err);
	for (size_t i = 0; r >= 0 && i < subject.n_steps; i++)
		if (subject.steps[i].diff_id)
			r = show_layer(options, &subject, &subject.steps[i], &rows, err);
	if (r >= 0 && !options->quiet)
		rows_print(&rows);
	return r;
}

/* --- tree --- */

static bool ends_with_layer(const struct image *image, char *const *diff_ids, size_t count)
{
	if (strv_count(image->diff_ids) != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!streq(image->diff_ids[i], diff_ids[i]))
			return false;
	return true;
}

/* The names of images that consist of the first @count layers. */
static void append_names(struct str *out, const struct subject *subject, size_t count)
{
	size_t start = out->len;
	for (size_t i = 0; i < subject->n_images; i++) {
		const struct image *image = subject->images[i];
		if (!ends_with_layer(image, subject->image->diff_ids, count))
			continue;
		_cleanup_free_ char *names = strv_join(image->names, " ");
		str_appendf(out, "%s%s", out->len > start ? " " : "", *names ? names : "<none>");
	}
}

static void print_layer(const struct subject *subject, const struct image_step *step, size_t number, bool is_last)
{
	_cleanup_str_ struct str line = { 0 }, names = { 0 };
	char size[SIZE_TEXT_MAX];
	str_append(&line, is_last ? "└── ID: " : "├── ID: ");
	format_image_id(&line, step->diff_id, false);
	str_appendf(&line, " Size: %s", format_size((uint64_t)step->size, size));
	append_names(&names, subject, number);
	if (names.len > 0)
		str_appendf(&line, " Top Layer of: [%s]", str_text(&names));
	str_append_char(&line, '\n');
	print_text(str_text(&line));
}

/* How much of the image is seen by who runs it, as dive(1) has it. */
static void append_efficiency(struct str *out, const struct subject *subject)
{
	uint64_t wasted = 0, size = (uint64_t)subject->image->size;
	char text[SIZE_TEXT_MAX];
	for (size_t i = 0; i < subject->n_waste; i++)
		wasted += (uint64_t)subject->waste[i].bytes;
	wasted = MIN(wasted, size);
	str_appendf(out, "Seen:     %.1f %% (%s wasted)\n",
		    size ? 100.0 * (double)(size - wasted) / (double)size : 100.0, format_size(wasted, text));
}

static void print_head(const struct subject *subject)
{
	const struct image *image = subject->image;
	_cleanup_str_ struct str head = { 0 };
	_cleanup_free_ char *names = strv_join(image->names, " ");
	char size[SIZE_TEXT_MAX];
	str_append(&head, "Image ID: ");
	format_image_id(&head, image->id, false);
	str_appendf(&head, "\nTags:     [%s]\nSize:     %s\n", names, format_size((uint64_t)image->size, size));
	append_efficiency(&head, subject);
	str_append(&head, "Image Layers\n");
	print_text(str_text(&head));
}

static int run_tree(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_subject_ struct subject subject = { 0 };
	int r = load(cli, args[0], &subject, err);
	if (r >= 0)
		r = engine_image_waste(cli->engine, subject.image, &subject.waste, &subject.n_waste, err);
	if (r < 0)
		return r;
	size_t layers = strv_count(subject.image->diff_ids), number = 0;
	print_head(&subject);
	for (size_t i = subject.n_steps; i-- > 0;) {
		if (!subject.steps[i].diff_id)
			continue;
		number++;
		print_layer(&subject, &subject.steps[i], number, number == layers);
	}
	return 0;
}

/* --- commands --- */

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct layers_options, format, 0),
	OPT_BOOL(struct layers_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct layers_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_END,
};

const struct command command_image_layers = {
	.name = "image layers",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] IMAGE",
	.summary = "List the layers of an image, the topmost first",
	.description =
		"The column WASTED says how many bytes of its files are never seen, because a layer above has replaced "
		"or deleted them; ADDED, CHANGED and REMOVED count names, against the layers below; IMAGES, how many images "
		"here have the layer, whose files are on disk once."
		"\n\n"
		"Fields of templates: .ID .Size .Wasted .Added .Changed .Removed .Images .CreatedBy.",
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct layers_options),
	.run = run_layers,
};

const struct command command_image_tree = {
	.name = "image tree",
	.flags = COMMAND_ENGINE,
	.usage = "IMAGE",
	.summary = "Show the layers of an image, and which images end with them",
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.run = run_tree,
};
