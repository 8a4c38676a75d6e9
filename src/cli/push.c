/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/pull.h"
#include "image/reference.h"

struct push_options {
	bool all_tags, quiet, disable_content_trust;
};

/* One tag, with its layers on show and "1.2: digest: sha256:... size: 1234" at the end. */
static int push_tag(struct cli *cli, const struct image_reference *reference, bool quiet, struct error *err)
{
	_cleanup_free_ char *name = reference_full(reference);
	struct push_result result = { 0 };
	struct progress progress;
	progress_init(&progress, &progress_push, stdout);
	int r = engine_push(cli->engine, name, quiet ? NULL : &progress.callbacks, &result, err);
	progress_done(&progress);
	if (r < 0)
		return r;
	if (!quiet)
		printf("%s: digest: %s size: %lld\n", reference->tag, result.digest, (long long)result.size);
	push_result_done(&result);
	return 0;
}

static int push_all_tags(struct cli *cli, struct image_reference *reference, bool quiet, struct error *err)
{
	_cleanup_free_ char *repository = reference_familiar_repository(reference);
	_cleanup_strv_ char **tags = NULL;
	int r = engine_repository_tags(cli->engine, repository, &tags, err);
	if (r >= 0 && !tags)
		r = err_set(err, ERR_IMG_NOT_FOUND, "An image does not exist locally with the tag: %s", repository);
	for (char **tag = tags; r >= 0 && tag && *tag; tag++) {
		free(reference->tag);
		reference->tag = mem_strdup(*tag);
		r = push_tag(cli, reference, quiet, err);
	}
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct push_options *options = data;
	_cleanup_reference_ struct image_reference reference = { 0 };
	_cleanup_free_ char *meant = NULL;
	int r = engine_image_name(cli->engine, args[0], &meant, err);
	if (r >= 0)
		r = reference_parse(meant, &reference, err);
	if (r < 0)
		return r;
	bool tagged = says_tag_or_digest(args[0]);
	if (reference.digest)
		return err_set(err, ERR_IMG_REF, "cannot push a digest reference: \"%s\"", args[0]);
	if (options->all_tags && tagged)
		return err_set(err, ERR_USAGE, "tag can't be used with --all-tags/-a");
	if (!options->all_tags && !tagged && !options->quiet)
		puts("Using default tag: latest");
	if (!options->quiet)
		printf("The push refers to repository [%s/%s]\n", reference.registry, reference.repository);
	_cleanup_free_ char *name = options->all_tags ? mem_printf("%s/%s", reference.registry, reference.repository)
						      : reference_full(&reference);
	r = options->all_tags ? push_all_tags(cli, &reference, options->quiet, err)
			      : push_tag(cli, &reference, options->quiet, err);
	if (r >= 0 && options->quiet)
		puts(name);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct push_options, all_tags, 'a', "all-tags", "Push all tags of the repository"),
	OPT_BOOL(struct push_options, disable_content_trust, 0, "disable-content-trust",
		 "Nothing is signed either way (default true)"),
	OPT_BOOL(struct push_options, quiet, 'q', "quiet", "Print the name only"),
	OPT_REFUSED(0, "platform", "an image here is of one platform"),
	OPT_END,
};

const struct command command_push = {
	.name = "push",
	.aliases = (const char *const[]){ "image push", NULL },
	.flags = COMMAND_ENGINE | COMMAND_COMMON,
	.usage = "[OPTIONS] NAME[:TAG]",
	.summary = "Upload an image to a registry",
	.description =
		"Sends what the registry does not have yet of an image's layers, several at once, and then its manifest. "
		"Layers go as they came, so an image that was pulled keeps its digests. What another repository of the "
		"same registry has is mounted from there; what breaks off goes on where it was.",
	.examples =
		(const struct example[]){
			{ "push localhost:5000/team/app:1.2", "To a registry on this machine" },
			{ "push -a example.org/team/app", "All tags that are here" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct push_options),
	.run = run,
};
