/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-manifest.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/util.h"
#include "image/content.h"
#include "image/manifest.h"

enum {
	TAGS_ANSWER_MAX = 1 << 20,
	TAGS_SHOWN = 10,
};

void registry_manifest_done(struct registry_manifest *manifest)
{
	free(manifest->text);
	free(manifest->content_type);
	*manifest = (struct registry_manifest){ 0 };
}

void registry_manifest_fetch_done(struct registry_manifest_fetch *fetch)
{
	registry_manifest_done(&fetch->manifest);
	free(fetch->name);
	free(fetch->digest);
	*fetch = (struct registry_manifest_fetch){ 0 };
}

/* --- not there --- */

static void explain_tags(const struct http_answer *answer, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_strv_ char **tags = NULL;
	if (json_parse(str_text(&answer->body), answer->body.len, "tags", ERR_REG_ANSWER, &document, NULL) < 0)
		return;
	struct json_node root = json_root(&document);
	if (json_get_strv(&root, "tags", &tags, NULL) < 0)
		return;
	size_t count = strv_count(tags);
	if (count == 0) {
		err_cause(err, "the repository exists, but has no tags");
		return;
	}
	_cleanup_str_ struct str list = { 0 };
	for (size_t i = 0; i < count && i < TAGS_SHOWN; i++)
		str_appendf(&list, "%s%.40s", i ? ", " : "", tags[i]);
	err_cause(err, "the repository exists, its tags are: %s%s", str_text(&list),
		  count > TAGS_SHOWN ? " and more" : "");
}

static void on_tags(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_manifest_fetch *fetch = context;
	if (!failure && fetch->digest)
		err_cause(&fetch->err, "the repository exists, but has no manifest of this digest");
	else if (!failure)
		explain_tags(answer, &fetch->err);
	else if (answer && answer->status == 404)
		err_cause(&fetch->err, "the repository does not exist");
	else
		err_cause(&fetch->err, "whether the repository exists could not be found out: %s", failure->message);
	fetch->ended = true;
}

/* Docker says "manifest unknown" for everything; one more question tells more. */
static void explain_missing(struct registry_manifest_fetch *fetch)
{
	(void)err_set(&fetch->err, ERR_IMG_TAG, "manifest unknown: \"%s\"", fetch->name);
	err_stage(&fetch->err, STAGE_PULL);
	_cleanup_free_ char *path = mem_printf("tags/list?n=%d", TAGS_SHOWN + 1);
	registry_start(
		fetch->registry,
		&(struct registry_request){ .path = path, .size = TAGS_ANSWER_MAX, .done = on_tags, .context = fetch });
}

/* --- there --- */

/* A portal or a web server in the registry's place answers everything with a page. */
static int check_content_type(const struct registry_manifest_fetch *fetch, const char *content_type, struct error *err)
{
	if (!content_type || !str_starts_with(content_type, "text/html"))
		return 0;
	return err_set(err, ERR_REG_ANSWER, "registry %s answered with a web page in place of a manifest",
		       registry_name(fetch->registry));
}

static int check_digest(const struct registry_manifest_fetch *fetch, const struct http_answer *answer, const char *got,
			struct error *err)
{
	const char *wanted = fetch->digest ? fetch->digest : answer->content_digest;
	if (!wanted || !digest_is_valid(wanted) || streq(wanted, got))
		return 0;
	(void)err_set(err, ERR_IMG_DIGEST, "manifest %s is corrupt: got %s, %zu bytes", wanted, got, answer->body.len);
	return err_cause(err, "%s",
			 fetch->digest ? "it was asked for by its digest"
				       : "the registry itself names the digest that its answer does not have");
}

static int take_manifest(struct registry_manifest_fetch *fetch, struct http_answer *answer, struct error *err)
{
	struct registry_manifest *manifest = &fetch->manifest;
	int r = check_content_type(fetch, answer->content_type, err);
	if (r >= 0)
		r = content_digest(str_text(&answer->body), answer->body.len, manifest->digest, err);
	if (r >= 0)
		r = check_digest(fetch, answer, manifest->digest, err);
	if (r < 0)
		return err_stage(err, STAGE_PULL);
	manifest->content_type = TAKE_PTR(answer->content_type);
	manifest->len = answer->body.len;
	manifest->text = str_take(&answer->body);
	return 0;
}

static void on_manifest(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_manifest_fetch *fetch = context;
	if (failure && answer && answer->outcome == HTTP_ANSWERED && answer->status == 404) {
		explain_missing(fetch);
		return;
	}
	if (failure)
		fetch->err = *failure;
	else
		(void)take_manifest(fetch, answer, &fetch->err);
	fetch->ended = true;
}

void registry_manifest_fetch(struct registry *registry, const struct image_reference *reference,
			     struct registry_manifest_fetch *fetch)
{
	*fetch = (struct registry_manifest_fetch){ .registry = registry,
						   .name = reference_familiar(reference),
						   .digest = mem_strdup(reference->digest) };
	_cleanup_free_ char *path = mem_printf("manifests/%s", reference->digest ? reference->digest : reference->tag);
	registry_start(registry, &(struct registry_request){ .path = path,
							     .accept = REGISTRY_MANIFEST_TYPES,
							     .size = MANIFEST_SIZE_MAX,
							     .done = on_manifest,
							     .context = fetch });
}
