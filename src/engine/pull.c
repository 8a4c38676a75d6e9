/* SPDX-License-Identifier: Apache-2.0 */
/* Images from elsewhere: the helper brings them into the store, and here they come into the database. */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image.h"
#include "engine/leftovers.h"
#include "engine/pull-known.h"
#include "engine/transfer.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/transfer-protocol.h"

void pull_result_done(struct pull_result *result)
{
	free(result->digest);
	free(result->image_id);
	free(result->reference);
	free(result->platform);
	*result = (struct pull_result){ 0 };
}
#define _cleanup_pull_result_ _cleanup_(pull_result_done)

/* What the new image is to be called. */
struct naming {
	char *reference;		      /* in full, or NULL */
	char *name;			      /* with a tag, or NULL */
	char *repository;		      /* "registry/repository", or NULL */
	char *familiar, *familiar_repository; /* as people write them, or NULL */
};

static void naming_done(struct naming *naming)
{
	free(naming->reference);
	free(naming->name);
	free(naming->repository);
	free(naming->familiar);
	free(naming->familiar_repository);
}
#define _cleanup_naming_ _cleanup_(naming_done)

/* With a digest, a tag means nothing: the image gets no name by it, as in Docker. */
static int parse_naming(const char *text, struct naming *ret, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = reference_parse(text, &reference, err);
	if (r < 0)
		return r;
	ret->reference = reference_full(&reference);
	ret->familiar = reference_familiar(&reference);
	ret->familiar_repository = reference_familiar_repository(&reference);
	ret->repository = mem_printf("%s/%s", reference.registry, reference.repository);
	if (!reference.digest)
		ret->name = reference_full(&reference);
	return 0;
}

/* The platform in full, of this machine if nothing was said. */
static int add_platform(struct json_object *request, const char *platform, struct error *err)
{
	struct platform wanted = platform_host();
	char text[64];
	int r = platform ? platform_parse(platform, &wanted, err) : 0;
	if (r >= 0)
		json_add_string(request, "platform", platform_format(&wanted, text));
	return r;
}

static int record(struct engine *engine, const struct naming *naming, const struct transfer_result *transferred,
		  bool from_registry, struct pull_result *ret, struct error *err)
{
	_cleanup_free_ char *digest = from_registry ? mem_printf("%s@%s", naming->repository, transferred->digest)
						    : NULL;
	const struct image_arrival arrival = {
		.manifest = transferred->manifest,
		.index = transferred->index,
		.config = transferred->config,
		.name = naming->name,
		.digest = digest,
	};
	_cleanup_pull_result_ struct pull_result result = {
		.digest = mem_strdup(transferred->digest),
		.image_id = mem_strdup(transferred->config),
		.reference = mem_strdup(naming->reference),
	};
	int r = image_record(engine, &arrival, &result.up_to_date, err);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct pull_result){ 0 };
	return 0;
}

/* Under the store's lock until all of it is recorded, so that nobody takes it for garbage in between (S3). */
static int transfer_and_record(struct engine *engine, struct json_object *request, int fd, const struct naming *naming,
			       const struct transfer_progress *progress, struct pull_result *ret, struct error *err)
{
	_cleanup_transfer_result_ struct transfer_result transferred = { 0 };
	_cleanup_close_ int lock = store_lock(engine->store, false, err);
	if (lock < 0)
		return lock;
	int r = transfer_run(engine, request, fd, progress, &transferred, err);
	if (r >= 0 && !(transferred.manifest && transferred.config && transferred.digest))
		r = err_set(err, ERR_INTERNAL, TRANSFER_PROGRAM " has not said what it brought");
	return r < 0 ? r : record(engine, naming, &transferred, fd < 0, ret, err);
}

/* A registry may have one image only under a name, whoever it is for: that one comes, as in Docker, and is told of. */
static int compare_platform(struct engine *engine, const char *platform, struct pull_result *result, struct error *err)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	struct platform wanted;
	char text[64];
	int r = platform_parse(platform, &wanted, err);
	if (r >= 0)
		r = image_config_load(engine->store, result->image_id, &config, err);
	if (r >= 0 && *config.platform.os && *config.platform.architecture &&
	    platform_match(&wanted, &config.platform) == 0)
		result->platform = mem_strdup(platform_format(&config.platform, text));
	return r;
}

/* 1 if the tag names what it did, and nothing is to be done. By digest the store answers that. */
static int pull_unchanged(struct engine *engine, const struct naming *naming, const char *platform,
			  struct pull_result *ret, struct error *err)
{
	struct platform wanted = platform_host();
	struct pull_result result = { .up_to_date = true };
	int r = platform ? platform_parse(platform, &wanted, err) : 0;
	if (r >= 0 && naming->name)
		r = pull_known(engine, naming->name, naming->repository, &wanted, &result.image_id, &result.digest,
			       err);
	if (r <= 0)
		return r;
	result.reference = mem_strdup(naming->reference);
	*ret = result;
	return 1;
}

static int pull_changed(struct engine *engine, const struct naming *naming, const char *platform,
			const struct transfer_progress *progress, struct pull_result *ret, struct error *err)
{
	_cleanup_json_ struct json_object *request = json_object_new_object();
	json_add_string(request, "command", "pull");
	json_add_string(request, "reference", naming->reference);
	_cleanup_pull_result_ struct pull_result result = { 0 };
	int r = add_platform(request, platform, err);
	if (r >= 0)
		r = transfer_and_record(engine, request, -1, naming, progress, &result, err);
	if (r >= 0 && platform)
		r = compare_platform(engine, platform, &result, err);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct pull_result){ 0 };
	return 0;
}

int engine_pull(struct engine *engine, const char *reference, const char *platform,
		const struct transfer_progress *progress, struct pull_result *ret, struct error *err)
{
	_cleanup_naming_ struct naming naming = { 0 };
	int r = parse_naming(reference, &naming, err);
	if (r >= 0)
		r = pull_unchanged(engine, &naming, platform, ret, err);
	if (r == 0)
		r = pull_changed(engine, &naming, platform, progress, ret, err);
	if (r < 0) {
		(void)err_stage(err, STAGE_PULL);
		if (naming.familiar && err)
			event_pull_failed(engine, naming.familiar, naming.familiar_repository, err);
		return leftovers_hint(engine, r, err);
	}
	event_image(engine, "pull", naming.familiar, naming.familiar_repository);
	return 0;
}

int engine_registry_tags(struct engine *engine, const char *repository, char ***ret, struct error *err)
{
	_cleanup_naming_ struct naming naming = { 0 };
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	int r = parse_naming(repository, &naming, err);
	json_add_string(request, "command", "tags");
	json_add_string(request, "reference", naming.repository);
	if (r >= 0)
		r = transfer_run(engine, request, -1, NULL, &result, err);
	if (r < 0)
		return err_stage(err, STAGE_PULL);
	*ret = TAKE_PTR(result.tags);
	return 0;
}

int engine_import(struct engine *engine, int fd, const char *reference, const char *message, char *const *changes,
		  const char *platform, struct pull_result *ret, struct error *err)
{
	_cleanup_naming_ struct naming naming = { 0 };
	_cleanup_json_ struct json_object *request = json_object_new_object();
	int r = reference ? parse_naming(reference, &naming, err) : 0;
	if (r >= 0 && reference && !naming.name)
		r = err_set(err, ERR_IMG_REF, "\"%s\": an image that is imported cannot be given a digest", reference);
	json_add_string(request, "command", "import");
	json_add_i64(request, "fd", TRANSFER_ARCHIVE_FD);
	json_add_string(request, "reference", naming.reference);
	json_add_string(request, "message", message);
	json_add_strv(request, "changes", changes);
	if (r >= 0)
		r = add_platform(request, platform, err);
	if (r >= 0)
		r = transfer_and_record(engine, request, fd, &naming, NULL, ret, err);
	if (r < 0) {
		(void)err_stage(err, STAGE_UNPACK);
		return leftovers_hint(engine, r, err);
	}
	event_image(engine, "import", ret->image_id, reference ? naming.familiar : ret->image_id);
	return r;
}
