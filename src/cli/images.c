/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/image-rows.h"
#include "cli/images-tree.h"
#include "cli/report.h"
#include "engine/image-filter.h"

struct images_options {
	bool all, digests, no_trunc, quiet, tree;
	char **filters;
	char *format;
};

struct list {
	struct image **images;
	size_t count;
};

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		image_free(list->images[i]);
	free(list->images);
}
#define _cleanup_list_ _cleanup_(list_done)

static int compare_newest_first(const void *a, const void *b)
{
	int64_t left = image_created_at(*(struct image *const *)a), right = image_created_at(*(struct image *const *)b);
	return (left < right) - (left > right);
}

/* --- Rows: one for each name of each image --- */

static int print_id(const struct images_options *options, const struct image *image)
{
	_cleanup_str_ struct str id = { 0 };
	format_image_id(&id, image->id, options->no_trunc);
	return puts(str_text(&id)) < 0;
}

struct view {
	const struct images_options *options;
	const struct image_filter *filter;
	struct rows *rows;
	int64_t now;
};

static int show_name(const struct view *view, const struct image *image, const char *name, struct error *err)
{
	if (view->options->quiet)
		return print_id(view->options, image);
	return rows_add(view->rows, image_fields(image, name, view->options->no_trunc, view->now), NULL, err);
}

static int show_image(const struct view *view, const struct image *image, struct error *err)
{
	_cleanup_strv_ char **names = image_row_names(image);
	int r = 0;
	for (char **name = names; r >= 0 && name && *name; name++)
		if (image_filter_shows_name(view->filter, *name))
			r = show_name(view, image, *name, err);
	if (!names)
		r = show_name(view, image, NULL, err);
	return r;
}

static int show_all(const struct view *view, const struct list *list, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = show_image(view, list->images[i], err);
	if (r >= 0 && !view->options->quiet)
		rows_print(view->rows);
	return r < 0 ? r : 0;
}

static int collect(struct cli *cli, struct list *list, struct error *err)
{
	int r = engine_image_list(cli->engine, &list->images, &list->count, err);
	if (r >= 0 && list->count > 0)
		qsort(list->images, list->count, sizeof *list->images, compare_newest_first);
	return r;
}

static int apply_filter(struct cli *cli, const struct image_filter *filter, struct list *list, struct error *err)
{
	size_t kept = 0;
	int r = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct image *image = list->images[i];
		r = r < 0 ? r : image_filter_matches(filter, cli->engine, image, err);
		if (r > 0)
			list->images[kept++] = image;
		else
			image_free(image);
	}
	list->count = kept;
	return r;
}

/* A name in the argument is one more of the names that are asked for, as in Docker. */
static int parse_filter(struct cli *cli, struct images_options *options, const char *name, struct image_filter *ret,
			struct error *err)
{
	if (name)
		strv_take(&options->filters, mem_printf("reference=%s", name));
	return image_filter_parse(cli->engine, options->filters, ret, err);
}

static int check(const struct images_options *options, struct error *err)
{
	if (options->tree && (options->quiet || options->digests || options->format))
		return err_set(err, ERR_USAGE,
			       "--tree has columns of its own: without --quiet, --digests and --format");
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Repository", "Tag", "ID", "CreatedSince", "Size", NULL };
	static const char *const with_digest[] = { "Repository", "Tag", "Digest", "ID", "CreatedSince", "Size", NULL };
	struct images_options *options = data;
	_cleanup_list_ struct list list = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_image_filter_ struct image_filter filter = { 0 };
	int r = check(options, err);
	if (r >= 0)
		r = rows_begin(&rows, &IMAGE_ROWS, options->quiet ? NULL : options->format,
			       options->digests ? with_digest : columns, err);
	if (r >= 0)
		r = parse_filter(cli, options, args[0], &filter, err);
	if (r >= 0)
		r = collect(cli, &list, err);
	if (r >= 0)
		r = apply_filter(cli, &filter, &list, err);
	if (r < 0)
		return r;
	if (options->tree) {
		images_tree_print(list.images, list.count, options->no_trunc);
		return 0;
	}
	if (options->quiet && options->format)
		report_notice("--format is ignored, because --quiet is given");
	const struct view view = { options, &filter, &rows, time_now_ns() };
	return show_all(&view, &list, err);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct images_options, all, 'a', "all", "Show all images (there are none that are not shown anyway)"),
	OPT_BOOL(struct images_options, digests, 0, "digests", "Show the digests that registries know them by"),
	OPT_LIST(struct images_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: dangling, label, before, since, reference, until"),
	OPT_FORMAT(struct images_options, format, 0),
	OPT_BOOL(struct images_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct images_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_BOOL(struct images_options, tree, 0, "tree",
		 "Show each image below the one that it is made on, with what it adds"),
	OPT_END,
};

const struct command command_images = {
	.name = "images",
	.aliases = (const char *const[]){ "image ls", "image list", NULL },
	.flags = COMMAND_ENGINE | COMMAND_COMMON,
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "List images",
	.description =
		"Filters: *dangling* is true or false, *label* is KEY or KEY=VALUE, *before* and *since* another image, "
		"*until* a time or a duration, *reference* a pattern for REPOSITORY or REPOSITORY:TAG with \\*, ? and []; the "
		"argument is such a pattern, too."
		"\n\n"
		"Fields of templates: .ID .Repository .Tag .Digest .CreatedSince .CreatedAt .Size.",
	.examples =
		(const struct example[]){
			{ "images --filter dangling=true -q", "Those without a name" },
			{ "images --tree", "Which are made on which, and how much is shared" },
			{ "images --format '{{.Repository}}:{{.Tag}} {{.Size}}'", "Columns of one's own" },
			{ 0 },
		},
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct images_options),
	.run = run,
};
