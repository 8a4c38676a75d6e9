/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pull.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/progress.h"
#include "cli/pull-name.h"
#include "image/reference.h"
#include "image/short-name.h"

struct pull_options {
	bool all_tags, quiet, disable_content_trust;
	char *platform;
};

/* "1.36: Pulling from library/busybox". What is not there is not pulled. */
static char *make_head(const struct image_reference *reference)
{
	bool pinned = reference->digest != NULL;
	_cleanup_free_ char *name = pinned ? reference_full(reference) : mem_strdup(reference->tag);
	return mem_printf("%s: Pulling from %s", name, reference->repository);
}

static void show_status(FILE *out, bool up_to_date, const char *name)
{
	fprintf(out, "Status: %s %s\n", up_to_date ? "Image is up to date for" : "Downloaded newer image for", name);
}

static void show_end(const struct pull_request *request, const struct image_reference *reference,
		     const struct pull_result *result)
{
	_cleanup_free_ char *name = reference_familiar(reference);
	fprintf(request->out, "Digest: %s\n", result->digest);
	if (!request->one_of_many)
		show_status(request->out, result->up_to_date, name);
	if (result->platform)
		fprintf(request->out,
			"WARNING: image with reference %s was found but its platform (%s) does not match the specified "
			"platform (%s)\n",
			name, result->platform, request->platform);
}

/* One of the names that the request's may mean. */
static int pull_one(struct cli *cli, const struct pull_request *request, const char *name, struct pull_result *ret,
		    struct error *err)
{
	if (request->quiet)
		return engine_pull(cli->engine, name, request->platform, NULL, ret, err);

	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = reference_parse(name, &reference, err);
	if (r < 0)
		return r;
	struct progress progress;
	progress_init(&progress, &progress_pull, request->out);
	progress.head = make_head(&reference);
	r = engine_pull(cli->engine, name, request->platform, &progress.callbacks, ret, err);
	if (r >= 0)
		progress_say_head(&progress);
	progress_done(&progress);
	if (r < 0)
		return r;
	show_end(request, &reference, ret);
	return r;
}

/* --- short names --- */

/* None of several has it: the error is of the last one, and the cause tells of each. */
static int explain_all(const char *text, struct str *failures, struct error *err)
{
	int code = err->code;
	err_clear(err);
	(void)err_set(err, code, "cannot pull \"%s\" from any registry that it may be of", text);
	(void)err_cause(err, "%s", str_text(failures));
	return err_stage(err, STAGE_PULL);
}

static int pull_first(struct cli *cli, const struct pull_request *request, const struct short_name *name,
		      struct pull_result *ret, struct error *err)
{
	_cleanup_str_ struct str failures = { 0 };
	bool several = name->names[1] != NULL;
	int r = -1;
	for (char **at = name->names; r < 0 && *at; at++) {
		if (several && !request->quiet)
			fprintf(stderr, "Trying to pull %s...\n", *at);
		err_clear(err);
		r = pull_one(cli, request, *at, ret, err);
		if (r == -ERR_CANCELLED)
			return r;
		if (r < 0)
			str_appendf(&failures, "%s%s: %s", failures.len ? "; " : "", *at, err->message);
	}
	return r < 0 && several ? explain_all(request->reference, &failures, err) : r;
}

/* What was chosen for a name that several registries could have, is asked once. */
static void keep_choice(const char *text, const char *name)
{
	struct error failure = { 0 };
	if (short_name_record(text, name, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "keep what was chosen", &failure);
}

int pull_and_show(struct cli *cli, const struct pull_request *request, struct pull_result *ret, struct error *err)
{
	_cleanup_short_name_ struct short_name name = { 0 };
	bool chosen = false;
	int r = pull_names(request->reference, request->quiet, &name, &chosen, err);
	if (r >= 0)
		r = pull_first(cli, request, &name, ret, err);
	if (r >= 0 && chosen)
		keep_choice(request->reference, name.names[0]);
	return r;
}

bool says_tag_or_digest(const char *reference)
{
	const char *slash = strrchr(reference, '/');
	return strpbrk(slash ? slash : reference, ":@") != NULL;
}

static int pull_tag(struct cli *cli, const struct pull_options *options, const char *repository, const char *tag,
		    bool *up_to_date, struct error *err)
{
	_cleanup_free_ char *name = mem_printf("%s:%s", repository, tag);
	const struct pull_request request = { .reference = name,
					      .platform = options->platform,
					      .quiet = options->quiet,
					      .one_of_many = true,
					      .out = stdout };
	struct pull_result result = { 0 };
	int r = pull_and_show(cli, &request, &result, err);
	if (r < 0)
		return r;
	*up_to_date &= result.up_to_date;
	pull_result_done(&result);
	return 0;
}

/* Of the first registry that has it. */
static int find_repository(struct cli *cli, const struct short_name *name, struct image_reference *ret,
			   char ***ret_tags, struct error *err)
{
	int r = -1;
	for (char **at = name->names; r < 0 && *at; at++) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		err_clear(err);
		r = reference_parse(*at, &reference, err);
		if (r < 0)
			break;
		_cleanup_free_ char *repository = mem_printf("%s/%s", reference.registry, reference.repository);
		r = engine_registry_tags(cli->engine, repository, ret_tags, err);
		if (r == -ERR_CANCELLED)
			break;
		if (r < 0)
			continue;
		*ret = reference;
		reference = (struct image_reference){ 0 };
	}
	return r;
}

static int pull_all_tags(struct cli *cli, const struct pull_options *options, const char *text, struct error *err)
{
	_cleanup_short_name_ struct short_name name = { 0 };
	_cleanup_reference_ struct image_reference reference = { 0 };
	_cleanup_strv_ char **tags = NULL;
	bool up_to_date = true, chosen;
	if (says_tag_or_digest(text))
		return err_set(err, ERR_USAGE, "tag can't be used with --all-tags/-a");
	int r = pull_names(text, options->quiet, &name, &chosen, err);
	if (r >= 0)
		r = find_repository(cli, &name, &reference, &tags, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *repository = mem_printf("%s/%s", reference.registry, reference.repository);
	_cleanup_free_ char *familiar = reference_familiar_repository(&reference);
	for (char **tag = tags; r >= 0 && tag && *tag; tag++)
		r = pull_tag(cli, options, repository, *tag, &up_to_date, err);
	if (r < 0)
		return r;
	if (chosen)
		keep_choice(text, repository);
	if (!options->quiet)
		show_status(stdout, up_to_date, familiar);
	puts(repository);
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct pull_options *options = data;
	if (options->all_tags)
		return pull_all_tags(cli, options, args[0], err);
	if (!options->quiet && !says_tag_or_digest(args[0]))
		puts("Using default tag: latest");
	const struct pull_request request = {
		.reference = args[0],
		.platform = options->platform,
		.quiet = options->quiet,
		.out = stdout,
	};
	struct pull_result result = { 0 };
	int r = pull_and_show(cli, &request, &result, err);
	if (r < 0)
		return r;
	puts(result.reference);
	pull_result_done(&result);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct pull_options, disable_content_trust, 0, "disable-content-trust",
		 "No signature is looked at either way (default true)"),
	OPT_STRING(struct pull_options, platform, 0, "platform", "string",
		   "Platform of the image, such as \"linux/arm64\""),
	OPT_BOOL(struct pull_options, quiet, 'q', "quiet", "Print the name only"),
	OPT_BOOL(struct pull_options, all_tags, 'a', "all-tags", "Download all tags of the repository"),
	OPT_END,
};

const struct command command_pull = {
	.name = "pull",
	.aliases = (const char *const[]){ "image pull", NULL },
	.flags = COMMAND_ENGINE | COMMAND_COMMON,
	.usage = "[OPTIONS] NAME[:TAG|@DIGEST]",
	.summary = "Download an image from a registry",
	.description =
		"Downloads what is not here yet of an image's layers, all of them at once, and unpacks each as it "
		"arrives. Every byte is checked against the digest that names it.\n\n"
		"Registries on this machine's loopback addresses are spoken to by plain HTTP if they do not know "
		"HTTPS; all others by HTTPS.\n\n"
		"A name without a registry is one of docker.io, unless registries.conf has an alias for it or registries to "
		"search, which are asked one after the other.",
	.examples =
		(const struct example[]){
			{ "pull busybox", "The tag \"latest\" of docker.io/library/busybox" },
			{ "pull localhost:5000/team/app:1.2", "From a registry on this machine" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct pull_options),
	.run = run,
};
