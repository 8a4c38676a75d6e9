/* SPDX-License-Identifier: Apache-2.0 */
/* What refers to an image at its registry; the helper does the work (image/registry-referrers.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/transfer.h"
#include "image/short-name.h"
#include "image/transfer-protocol.h"

struct list {
	struct image_referrer *referrers;
	size_t count;
};

void image_referrers_free(struct image_referrer *referrers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(referrers[i].digest);
		free(referrers[i].media_type);
		free(referrers[i].artifact_type);
		strv_free(referrers[i].annotations);
	}
	free(referrers);
}

/* Their values are texts; what is none is left out. */
static int read_annotations(const struct json_node *node, char ***ret, struct error *err)
{
	struct json_node annotations;
	int r = json_get_object(node, "annotations", &annotations, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	for (struct json_node member; json_next(&annotations, &iterator, &member);) {
		const char *value;
		if (json_as_string(&member, &value, NULL) >= 0)
			strv_take(ret, mem_printf("%s=%s", member.key, value));
	}
	return 0;
}

static int read_referrer(const struct json_node *node, struct image_referrer *referrer, struct error *err)
{
	const char *digest, *media_type, *type = "";
	int r = json_as_object(node, err);
	if (r < 0 || (r = json_need_string(node, "digest", &digest, err)) < 0 ||
	    (r = json_need_string(node, "media_type", &media_type, err)) < 0 ||
	    (r = json_get_string(node, "artifact_type", &type, err)) < 0 ||
	    (r = json_get_i64(node, "size", 0, INT64_MAX, &referrer->size, err)) < 0)
		return r;
	referrer->digest = mem_strdup(digest);
	referrer->media_type = mem_strdup(media_type);
	referrer->artifact_type = mem_strdup(type);
	return read_annotations(node, &referrer->annotations, err);
}

static int read_referrers(struct json_object *found, struct list *list, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	json_document_wrap(found, TRANSFER_PROGRAM, ERR_INTERNAL, &document);
	struct json_node root = json_root(&document);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < json_array_length(&root); i++) {
		struct json_node node = json_array_at(&root, i);
		r = read_referrer(&node, ARRAY_APPEND(list->referrers, list->count), err);
	}
	return r;
}

static int ask(struct engine *engine, const char *text, const char *artifact_type, struct list *list, struct error *err)
{
	_cleanup_short_name_ struct short_name name = { 0 };
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	int r = short_name_find(text, &name, err);
	if (r >= 0)
		r = short_name_check(&name, text, err);
	if (r < 0)
		return r;
	json_add_string(request, "command", "referrers");
	json_add_string(request, "reference", name.names[0]);
	json_add_string(request, "artifact_type", artifact_type);
	r = transfer_run(engine, request, -1, NULL, &result, err);
	return r < 0 || !result.found ? r : read_referrers(TAKE_PTR(result.found), list, err);
}

int engine_image_referrers(struct engine *engine, const char *reference, const char *artifact_type,
			   struct image_referrer **ret, size_t *ret_count, struct error *err)
{
	struct list list = { 0 };
	int r = ask(engine, reference, artifact_type, &list, err);
	if (r < 0) {
		image_referrers_free(list.referrers, list.count);
		return r;
	}
	*ret = list.referrers;
	*ret_count = list.count;
	return 0;
}
