/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/table.h"

struct images_options {
	bool all, digests, no_trunc, quiet;
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

static const char NONE[] = "<none>";

static int64_t created_at(const struct image *image)
{
	int64_t ns = 0;
	if (image->created)
		(void)time_parse_rfc3339(image->created, &ns, NULL);
	return ns;
}

static int compare_newest_first(const void *a, const void *b)
{
	int64_t left = created_at(*(struct image *const *)a), right = created_at(*(struct image *const *)b);
	return (left < right) - (left > right);
}

/* The length of the repository in "host:5000/team/app:1": up to the last colon, if that is not a port's. */
static size_t repository_length(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon && !strchr(colon, '/') ? (size_t)(colon - name) : strlen(name);
}

/* Whether @name is what the argument ("repository" or "repository:tag", or NULL) asks for. */
static bool is_wanted(const char *name, const char *wanted)
{
	size_t len = repository_length(name);
	return !wanted || streq(name, wanted) || (strlen(wanted) == len && strncmp(name, wanted, len) == 0);
}

/* Under which digest a registry has it: of "busybox@sha256:..." what stands behind the "@". */
static const char *digest_in(const struct image *image, const char *name, size_t repository_len)
{
	for (char **digest = image->digests; digest && *digest; digest++)
		if (strncmp(*digest, name, repository_len) == 0 && (*digest)[repository_len] == '@')
			return *digest + repository_len + 1;
	return NONE;
}

/* --- Rows: one for each name of each image --- */

typedef void row_function(void *context, const struct images_options *options, const struct image *image,
			  const char *name);

static void for_each_row(const struct list *list, const struct images_options *options, const char *wanted,
			 row_function *row, void *context)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct image *image = list->images[i];
		for (char **name = image->names; name && *name; name++)
			if (is_wanted(*name, wanted))
				row(context, options, image, *name);
		if (!wanted && strv_count(image->names) == 0)
			row(context, options, image, NULL);
	}
}

static void print_id(void *context, const struct images_options *options, const struct image *image, const char *name)
{
	_cleanup_str_ struct str id = { 0 };
	format_image_id(&id, image->id, options->no_trunc);
	puts(str_text(&id));
}

static void add_row(void *context, const struct images_options *options, const struct image *image, const char *name)
{
	struct table *table = context;
	size_t len = name ? repository_length(name) : 0;
	_cleanup_free_ char *repository = name ? mem_strndup(name, len) : mem_strdup(NONE);
	_cleanup_str_ struct str id = { 0 }, created = { 0 };
	char size[SIZE_TEXT_MAX];
	format_image_id(&id, image->id, options->no_trunc);
	format_ago(&created, created_at(image), time_now_ns());

	table_add(table, repository);
	table_add(table, name && name[len] ? name + len + 1 : NONE);
	if (options->digests)
		table_add(table, name ? digest_in(image, name, len) : NONE);
	table_add(table, str_text(&id));
	table_add(table, str_text(&created));
	table_add(table, format_size(image->size > 0 ? (uint64_t)image->size : 0, size));
}

static void show_table(const struct list *list, const struct images_options *options, const char *wanted)
{
	_cleanup_table_ struct table table = { .columns = options->digests ? 6 : 5 };
	table_add_row(&table, (const char *const[]){ "REPOSITORY", "TAG", NULL });
	if (options->digests)
		table_add(&table, "DIGEST");
	table_add_row(&table, (const char *const[]){ "IMAGE ID", "CREATED", "SIZE", NULL });
	for_each_row(list, options, wanted, add_row, &table);
	table_print(&table, stdout);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct images_options *options = data;
	_cleanup_list_ struct list list = { 0 };
	int r = engine_image_list(cli->engine, &list.images, &list.count, err);
	if (r < 0)
		return r;
	if (list.count > 0)
		qsort(list.images, list.count, sizeof *list.images, compare_newest_first);
	if (options->quiet)
		for_each_row(&list, options, args[0], print_id, NULL);
	else
		show_table(&list, options, args[0]);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct images_options, all, 'a', "all", "Show all images (there are none that are not shown anyway)"),
	OPT_BOOL(struct images_options, digests, 0, "digests", "Show the digests that registries know them by"),
	OPT_BOOL(struct images_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct images_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_REFUSED('f', "filter", "it is not available yet"),
	OPT_REFUSED(0, "format", "templates are not available yet"),
	OPT_END,
};

const struct command command_images = {
	.name = "images",
	.aliases = (const char *const[]){ "image ls", "image list", NULL },
	.flags = COMMAND_ENGINE | COMMAND_COMMON,
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "List images",
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct images_options),
	.run = run,
};
