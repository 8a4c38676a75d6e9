/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/print.h"

struct verify_options {
	bool quiet, repair, layers;
};

static void print_damage(const struct image_damage *damage, bool repaired)
{
	fputs("  ", stdout);
	print_text(damage->path);
	fputs(": ", stdout);
	print_text(damage->why);
	if (repaired)
		fputs(damage->is_layer ? " (the layer is made again)" : " (removed: pull the image again)", stdout);
	putchar('\n');
}

/* Of a layer whose blob is damaged nothing can be said, and which that is, is not known here. */
static const char *layer_verdict(const struct image_verdict *verdict, const char *diff_id)
{
	const char *hex = strchr(diff_id, ':') + 1, *found = "ok";
	for (size_t i = 0; i < verdict->n_damages; i++) {
		if (verdict->damages[i].is_layer && strstr(verdict->damages[i].path, hex))
			return "damaged";
		if (!verdict->damages[i].is_layer)
			found = "no damage found";
	}
	return found;
}

/* Bottom first, as RootFS.Layers has them. */
static void print_layers(struct cli *cli, const struct image_verdict *verdict)
{
	_cleanup_image_ struct image *image = NULL;
	if (engine_image_find(cli->engine, verdict->name, &image, NULL) < 0)
		return;
	for (char **diff_id = image->diff_ids; diff_id && *diff_id; diff_id++)
		printf("  %s: %s\n", *diff_id, layer_verdict(verdict, *diff_id));
}

static void print_verdict(struct cli *cli, const struct image_verdict *verdict, const struct verify_options *options)
{
	bool sound = verdict->n_damages == 0;
	if (sound && options->quiet)
		return;
	print_text(verdict->name);
	if (sound)
		printf(": ok (%zu blobs, %zu layers)\n", verdict->n_blobs, verdict->n_layers);
	else
		puts(": damaged");
	if (options->layers)
		print_layers(cli, verdict);
	for (size_t i = 0; i < verdict->n_damages; i++)
		print_damage(&verdict->damages[i], options->repair);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct verify_options *options = data;
	struct image_verdict *verdicts;
	size_t count;
	int status = 0;
	int r = options->repair ? engine_reconcile(cli->engine, err) : 0;
	if (r >= 0)
		r = engine_images_verify(cli->engine, args, options->repair, &verdicts, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		print_verdict(cli, &verdicts[i], options);
		status |= verdicts[i].n_damages > 0;
	}
	image_verdicts_free(verdicts, count);
	return status;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct verify_options, layers, 0, "layers", "Show each layer, by its DiffID"),
	OPT_BOOL(struct verify_options, quiet, 'q', "quiet", "Show damaged images only"),
	OPT_BOOL(struct verify_options, repair, 0, "repair",
		 "Make damaged layers again out of their archives, and remove damaged archives"),
	OPT_END,
};

const struct command command_image_verify = {
	.name = "image verify",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] [IMAGE...]",
	.summary = "Compare images on disk with what they were when they came",
	.description =
		"Computes the digest of every blob anew, and compares every unpacked layer with its archive: names, "
		"types, owners, modes, sizes, times, links, extended attributes and every byte. Without arguments, of "
		"all images. It takes as long as unpacking them, and the space of one layer."
		"\n\n"
		"Files that differ are named, and the exit status is 1 then. Of a layer whose blob is damaged, nothing "
		"can be said."
		"\n\n"
		"With *--repair*, a damaged layer is unpacked again, and a damaged blob is removed, which the next pull "
		"of the image brings again. No container may run on these layers meanwhile.",
	.examples =
		(const struct example[]){
			{ "image verify", "Everything" },
			{ "image verify --quiet debian:12", "One image, and nothing is said if it is sound" },
			{ 0 },
		},
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct verify_options),
	.run = run,
};
