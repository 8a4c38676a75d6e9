/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/confirm.h"
#include "cli/prune.h"
#include "cli/report.h"
#include "engine/event.h"
#include "engine/leftovers.h"

struct prune_options {
	bool all, force;
	char *above, *below;
	char **filters;
};

struct pruning {
	struct cli *cli;
	const struct disk_marks *marks; /* or NULL */
	char **used; /* ids of images that containers are made of */
	char **untagged, **deleted;
	int status;
};

static int collect_used(struct cli *cli, char ***ret, struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, true, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (records[i]->image_id)
			strv_append(ret, records[i]->image_id);
		container_record_free(records[i]);
	}
	free(records);
	return 0;
}

static void append_all(char ***to, char *const *from)
{
	for (; from && *from; from++)
		strv_append(to, *from);
}

/* Without force: a container that has been created in the meantime keeps its image. */
static void remove_name(struct pruning *pruning, const char *name)
{
	_cleanup_strv_ char **untagged = NULL;
	_cleanup_strv_ char **deleted = NULL;
	struct error err = { 0 };
	int r = engine_image_remove(pruning->cli->engine, name, false, &untagged, &deleted, &err);
	if (r < 0 && r != -ERR_IMG_IN_USE) {
		report_error(&err, 1);
		pruning->status = 1;
	}
	append_all(&pruning->untagged, untagged);
	append_all(&pruning->deleted, deleted);
}

static void prune_one(struct pruning *pruning, const struct image *image)
{
	if (strv_contains(pruning->used, image->id))
		return;
	if (strv_count(image->names) == 0)
		remove_name(pruning, image->id);
	for (char **name = image->names; name && *name; name++)
		remove_name(pruning, *name);
}

static int compare_oldest_first(const void *a, const void *b)
{
	int64_t left = image_created_at(*(struct image *const *)a), right = image_created_at(*(struct image *const *)b);
	return (left > right) - (left < right);
}

/* Whether the disk is not full enough any more for more images to go. */
static bool is_enough(const struct pruning *pruning)
{
	return pruning->marks && engine_disk_use(pruning->cli->engine) <= pruning->marks->below;
}

static int prune_all(struct pruning *pruning, const struct image_filter *filter, bool all, struct error *err)
{
	struct image **images;
	size_t count;
	int r = engine_image_list(pruning->cli->engine, &images, &count, err);
	if (r < 0)
		return r;
	if (count > 1) /* it may be a list of nothing, which qsort() does not take */
		qsort(images, count, sizeof(struct image *), compare_oldest_first);
	for (size_t i = 0; i < count; i++) {
		bool wanted = (all || strv_count(images[i]->names) == 0) && !is_enough(pruning);
		if (r >= 0 && wanted)
			r = image_filter_matches(filter, pruning->cli->engine, images[i], err);
		if (r > 0 && wanted)
			prune_one(pruning, images[i]);
		image_free(images[i]);
	}
	free(images);
	return r < 0 ? r : 0;
}

static void report(const struct pruning *pruning)
{
	if (!pruning->untagged && !pruning->deleted)
		return;
	puts("Deleted Images:");
	for (char **name = pruning->untagged; name && *name; name++)
		printf("untagged: %s\n", *name);
	for (char **digest = pruning->deleted; digest && *digest; digest++)
		printf("deleted: %s\n", *digest);
	puts("");
}

/* Returns the bytes that are free again. Leftovers go first: nobody misses them. */
static int64_t prune(struct pruning *pruning, const struct image_filter *filter, bool all, struct error *err)
{
	struct leftovers leftovers;
	int64_t before, after, used;
	int r = leftovers_remove(pruning->cli->engine, &leftovers, err);
	if (r >= 0)
		r = collect_used(pruning->cli, &pruning->used, err);
	if (r >= 0)
		r = engine_layers_size(pruning->cli->engine, &before, &used, err);
	if (r >= 0)
		r = prune_all(pruning, filter, all, err);
	if (r >= 0)
		r = engine_layers_size(pruning->cli->engine, &after, &used, err);
	return r < 0 ? r : MAX(before - after, 0) + leftovers.bytes;
}

int prune_images(struct cli *cli, const struct image_filter *filter, bool all, const struct disk_marks *marks,
		 struct pruned *pruned, struct error *err)
{
	struct pruning pruning = { .cli = cli, .marks = marks };
	if (marks && engine_disk_use(cli->engine) < marks->above)
		return 0;
	int64_t bytes = prune(&pruning, filter, all, err);
	if (bytes >= 0) {
		report(&pruning);
		event_prune(cli->engine, "image", bytes);
		pruned->count = strv_count(pruning.untagged) + strv_count(pruning.deleted);
		pruned->bytes += bytes;
		pruned->status |= pruning.status;
	}
	strv_free(pruning.used);
	strv_free(pruning.untagged);
	strv_free(pruning.deleted);
	return bytes < 0 ? (int)bytes : 0;
}

static int parse_percent(const char *text, const char *flag, unsigned *ret, struct error *err)
{
	uint64_t value;
	if (parse_u64(text, 100, &value, err) < 0)
		return err_wrap(err, "%s %s: it is a percentage", flag, text);
	*ret = (unsigned)value;
	return 0;
}

/* 1 with *ret, 0 if no marks are set. */
static int parse_marks(const struct prune_options *options, struct disk_marks *ret, struct error *err)
{
	if (!options->above)
		return options->below ? err_set(err, ERR_USAGE, "--below is for --above") : 0;
	int r = parse_percent(options->above, "--above", &ret->above, err);
	ret->below = ret->above;
	if (r >= 0 && options->below)
		r = parse_percent(options->below, "--below", &ret->below, err);
	if (r >= 0 && ret->below > ret->above)
		r = err_set(err, ERR_USAGE, "--below %s is more than --above %s", options->below, options->above);
	return r < 0 ? r : 1;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_image_filter_ struct image_filter filter = { 0 };
	struct pruned pruned = { 0 };
	struct disk_marks marks;
	int has_marks = parse_marks(options, &marks, err);
	int r = has_marks < 0 ? has_marks : image_filter_parse(cli->engine, options->filters, &filter, err);
	bool all = options->all || (r >= 0 && image_filter_wants_tagged(&filter));
	if (r >= 0)
		r = confirm(
			all ? "WARNING! This will remove all images without at least one container associated to them."
			    : "WARNING! This will remove all dangling images.",
			options->force, err);
	if (r >= 0)
		r = prune_images(cli, &filter, all, has_marks ? &marks : NULL, &pruned, err);
	return r < 0 ? r : prune_end(&pruned);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct prune_options, all, 'a', "all",
		 "Remove all that no container uses, not only those without a name"),
	OPT_LIST(struct prune_options, filters, 0, "filter",
		 "Remove those for which KEY=VALUE is true: until, label, and what images knows"),
	OPT_STRING(struct prune_options, above, 0, "above", "percent",
		   "Do nothing unless the store's file system is that full"),
	OPT_STRING(struct prune_options, below, 0, "below", "percent",
		   "Remove the oldest first, until it is only that full (default: as --above)"),
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_END,
};

const struct command command_image_prune = {
	.name = "image prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove images that nobody uses",
	.description =
		"What interrupted downloads have left goes, too."
		"\n\n"
		"Nothing is removed unasked. _systemctl enable --now coffer-prune.timer_ (*--user* for one's own images) asks every "
		"hour, with *--all --above 85 --below 80*.",
	.examples =
		(const struct example[]){
			{ "image prune -af --filter until=240h", "All that are older than ten days and not in use" },
			{ "image prune -af --above 85 --below 80", "For a timer: only while there is little space" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run,
};
