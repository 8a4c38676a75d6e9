/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/str.h"
#include "cli/confirm.h"
#include "cli/prune.h"

struct prune_options {
	bool all, force, volumes;
	char **filters;
};

/* The person's filters, as each kind of thing understands them. */
struct filters {
	struct container_filter containers;
	struct image_filter images;
	struct network_match networks;
	struct volume_filter volumes;
};

static void filters_done(struct filters *filters)
{
	container_filter_done(&filters->containers);
	image_filter_done(&filters->images);
	network_match_done(&filters->networks);
	volume_filter_done(&filters->volumes);
}
#define _cleanup_filters_ _cleanup_(filters_done)

/* Only what all kinds know: "label", "label!" and "until", which volumes do not. */
static int check_key(const char *text, const struct prune_options *options, struct error *err)
{
	bool label = str_starts_with(text, "label=") || str_starts_with(text, "label!=");
	bool until = str_starts_with(text, "until=");
	if (until && options->volumes)
		return err_set(err, ERR_USAGE, "the \"until\" filter is not supported with \"--volumes\"");
	return label || until ? 0
			      : err_set(err, ERR_USAGE, "invalid filter '%s': it is label=, label!= or until=", text);
}

static int parse_filters(struct cli *cli, const struct prune_options *options, struct filters *ret, struct error *err)
{
	char *const *texts = options->filters;
	int r = 0;
	for (char *const *text = texts; r >= 0 && text && *text; text++)
		r = check_key(*text, options, err);
	if (r >= 0)
		r = container_filter_parse(cli->engine, texts, &ret->containers, err);
	if (r >= 0)
		r = image_filter_parse(cli->engine, texts, &ret->images, err);
	if (r >= 0)
		r = network_match_parse(texts, &ret->networks, err);
	if (r >= 0 && options->volumes)
		r = volume_filter_parse(texts, &ret->volumes, err);
	return r;
}

static int ask(const struct prune_options *options, struct error *err)
{
	_cleanup_str_ struct str warning = { 0 };
	str_append(&warning, "WARNING! This will remove:\n");
	if (!options->filters)
		str_append(&warning, "  - all pods of which nothing runs\n");
	str_append(&warning, "  - all stopped containers\n"
			     "  - all networks not used by at least one container\n");
	if (options->volumes)
		str_append(&warning, "  - all anonymous volumes not used by at least one container\n");
	str_append(&warning, options->all ? "  - all images without at least one container associated to them\n"
					  : "  - all dangling images\n");
	if (options->filters)
		str_append(&warning, "\n  Items to be pruned will be filtered with:\n");
	for (char **filter = options->filters; filter && *filter; filter++)
		str_appendf(&warning, "  - %s\n", *filter);
	return confirm(str_text(&warning), options->force, err);
}

/* Containers first: they are what keeps the rest. */
static int prune(struct cli *cli, const struct prune_options *options, const struct filters *filters,
		 struct pruned *pruned, struct error *err)
{
	int r = options->filters ? 0 : prune_pods(cli, pruned, err);
	if (r >= 0)
		r = prune_containers(cli, &filters->containers, pruned, err);
	if (r >= 0 && options->volumes)
		r = prune_volumes(cli, &filters->volumes, false, pruned, err);
	if (r >= 0)
		r = prune_networks(cli, &filters->networks, pruned, err);
	if (r >= 0 && pruned->count > 0)
		puts("");
	return r < 0 ? r : prune_images(cli, &filters->images, options->all, NULL, pruned, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_filters_ struct filters filters = { 0 };
	struct pruned pruned = { 0 };
	int r = parse_filters(cli, options, &filters, err);
	if (r >= 0)
		r = ask(options, err);
	if (r >= 0)
		r = prune(cli, options, &filters, &pruned, err);
	return r < 0 ? r : prune_end(&pruned);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct prune_options, all, 'a', "all",
		 "Remove all images that no container uses, not only those without a name"),
	OPT_LIST(struct prune_options, filters, 0, "filter", "Remove those for which KEY=VALUE is true: label, until"),
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_BOOL(struct prune_options, volumes, 0, "volumes", "Remove volumes without a name, too"),
	OPT_END,
};

const struct command command_system_prune = {
	.name = "system prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove what is not used: containers, networks, images, volumes",
	.description =
		"What *pod prune* (but not where there are filters), *container prune*, *network prune* and *image prune* remove, and "
		"with *--volumes* what *volume prune* does, one after the other.",
	.examples =
		(const struct example[]){
			{ "system prune -af --filter until=240h", "All that was not used for ten days" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run,
};
