/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mount-request.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

static const char *const KINDS[] = {
	[MOUNT_BIND] = "bind", [MOUNT_TMPFS] = "tmpfs", [MOUNT_VOLUME] = "volume", [MOUNT_IMAGE] = "image"
};
static const char *const ORIGINS[] = { [MOUNT_BY_VOLUME] = "volume",
				       [MOUNT_BY_MOUNT] = "mount",
				       [MOUNT_BY_TMPFS] = "tmpfs",
				       [MOUNT_BY_OTHER] = "volumes-from",
				       [MOUNT_BY_IMAGE] = "image" };

#define FIELD(name)                                                   \
	{                                                             \
		STRINGIFY(name), offsetof(struct mount_request, name) \
	}

struct field {
	const char *key;
	size_t offset;
};

static const struct field TEXTS[] = { FIELD(source), FIELD(target), FIELD(mode), FIELD(image_id), FIELD(subpath) };
static const struct field LISTS[] = { FIELD(options), FIELD(volume_options), FIELD(volume_labels) };
static const struct field FLAGS[] = { FIELD(readonly), FIELD(create_source), FIELD(nocopy), FIELD(chown),
				      FIELD(anonymous) };

static void *at(const struct mount_request *request, const struct field *field)
{
	return (char *)request + field->offset;
}

static char **text_at(const struct mount_request *request, size_t i)
{
	return at(request, &TEXTS[i]);
}

static char ***list_at(const struct mount_request *request, size_t i)
{
	return at(request, &LISTS[i]);
}

static bool *flag_at(const struct mount_request *request, size_t i)
{
	return at(request, &FLAGS[i]);
}

/* --- in memory --- */

void mount_request_done(struct mount_request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		free(*text_at(request, i));
	for (size_t i = 0; i < ARRAY_SIZE(LISTS); i++)
		strv_free(*list_at(request, i));
	*request = (struct mount_request){ 0 };
}

void mount_requests_free(struct mount_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mount_request_done(&requests[i]);
	free(requests);
}

struct mount_request mount_request_copy(const struct mount_request *request)
{
	struct mount_request copy = *request;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		*text_at(&copy, i) = mem_strdup(*text_at(request, i));
	for (size_t i = 0; i < ARRAY_SIZE(LISTS); i++)
		*list_at(&copy, i) = strv_copy(*list_at(request, i));
	return copy;
}

/* --- JSON --- */

void mount_requests_to_json(const struct mount_request *requests, size_t count, struct json_object *object)
{
	struct json_object *array = count > 0 ? json_add_array(object, "mounts") : NULL;
	for (const struct mount_request *request = requests; request < requests + count; request++) {
		struct json_object *element = json_object_new_object();
		json_add_string(element, "kind", KINDS[request->kind]);
		json_add_string(element, "origin", ORIGINS[request->origin]);
		for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
			json_add_string(element, TEXTS[i].key, *text_at(request, i));
		for (size_t i = 0; i < ARRAY_SIZE(LISTS); i++)
			json_add_strv(element, LISTS[i].key, *list_at(request, i));
		for (size_t i = 0; i < ARRAY_SIZE(FLAGS); i++)
			if (*flag_at(request, i))
				json_add_bool(element, FLAGS[i].key, true);
		json_object_array_add(array, element);
	}
}

/* The index of the word under @key. */
static int get_word(const struct json_node *element, const char *key, const char *const *words, size_t count,
		    struct error *err)
{
	const char *word;
	int r = json_need_string(element, key, &word, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (streq(words[i], word))
			return (int)i;
	return json_error(element, err, "\"%s\" is not a word for \"%s\"", word, key);
}

static int get_fields(const struct json_node *element, const struct mount_request *request, struct error *err)
{
	const char *text;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(TEXTS); i++)
		if ((r = json_get_string(element, TEXTS[i].key, &text, err)) > 0)
			*text_at(request, i) = mem_strdup(text);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(LISTS); i++)
		r = json_get_strv(element, LISTS[i].key, list_at(request, i), err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(FLAGS); i++)
		r = json_get_bool(element, FLAGS[i].key, flag_at(request, i), err);
	return r;
}

static int get_request(const struct json_node *element, struct mount_request *request, struct error *err)
{
	int r = json_as_object(element, err);
	int kind = r < 0 ? r : get_word(element, "kind", KINDS, ARRAY_SIZE(KINDS), err);
	int origin = kind < 0 ? kind : get_word(element, "origin", ORIGINS, ARRAY_SIZE(ORIGINS), err);
	if (origin < 0)
		return origin;
	request->kind = (enum mount_kind)kind;
	request->origin = (enum mount_origin)origin;
	return get_fields(element, request, err);
}

int mount_requests_from_json(const struct json_node *object, struct mount_request **ret, size_t *ret_count,
			     struct error *err)
{
	struct json_node array;
	int r = json_get_array(object, "mounts", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		r = get_request(&element, ARRAY_APPEND(*ret, *ret_count), err);
		if (r < 0)
			return r;
		r = 1;
	}
	return r < 0 ? r : 0;
}
