/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/rows.h"

enum { ANNOTATIONS_SHOWN = 60 };

struct referrers_options {
	char *artifact_type, *format;
	bool no_trunc;
};

static const struct rows_kind REFERRER_ROWS = {
	.what = "referrer",
	.fields =
		(const struct rows_field[]){
			{ "Digest", "DIGEST" },
			{ "ArtifactType", "ARTIFACT TYPE" },
			{ "MediaType", "MEDIA TYPE" },
			{ "Size", "SIZE" },
			{ "Annotations", "ANNOTATIONS" },
			{ 0 },
		},
	.has_labels = true,
};

static int show(struct rows *rows, const struct image_referrer *referrer, bool no_trunc, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_free_ char *annotations = strv_join(referrer->annotations, ",");
	_cleanup_str_ struct str shown = { 0 };
	char size[SIZE_TEXT_MAX];
	format_ellipsis(&shown, annotations,
			no_trunc || rows->mode != ROWS_TABLE ? strlen(annotations) : ANNOTATIONS_SHOWN);
	json_add_string(fields, "Digest", referrer->digest);
	json_add_string(fields, "ArtifactType", referrer->artifact_type);
	json_add_string(fields, "MediaType", referrer->media_type);
	json_add_string(fields, "Size", format_size((uint64_t)referrer->size, size));
	json_add_string(fields, "Annotations", str_text(&shown));
	return rows_add(rows, fields, referrer->annotations, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Digest", "ArtifactType", "Size", "Annotations", NULL };
	const struct referrers_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	struct image_referrer *referrers = NULL;
	size_t count = 0;
	int r = rows_begin(&rows, &REFERRER_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_image_referrers(cli->engine, args[0], options->artifact_type, &referrers, &count, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = show(&rows, &referrers[i], options->no_trunc, err);
	if (r >= 0)
		rows_print(&rows);
	image_referrers_free(referrers, count);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct referrers_options, artifact_type, 0, "artifact-type", "string",
		   "Show those of this type only"),
	OPT_FORMAT(struct referrers_options, format, 0),
	OPT_BOOL(struct referrers_options, no_trunc, 0, "no-trunc", "Do not shorten annotations"),
	OPT_END,
};

const struct command command_image_referrers = {
	.name = "image referrers",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] NAME[:TAG|@DIGEST]",
	.summary = "Show what refers to an image at its registry",
	.description =
		"Signatures, bills of materials, attestations: the manifests in the image's repository whose subject it is. "
		"Registries that do not know of such lists have an index under a tag in their place, which *push* keeps for an "
		"image that refers to another one.\n\n"
		"Fields of templates: .Digest .ArtifactType .MediaType .Size .Annotations, and .Label \"KEY\" for one annotation.",
	.examples =
		(const struct example[]){
			{ "image referrers example.org/team/app:1.2", "All of them" },
			{ "image referrers --artifact-type application/spdx+json --format '{{.Digest}}' example.org/team/app:1.2",
			  "The digests of some" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct referrers_options),
	.run = run,
};
