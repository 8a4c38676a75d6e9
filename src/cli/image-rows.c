/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image-rows.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/format.h"
#include "engine/image-filter.h"

static const char NONE[] = "<none>", UNKNOWN[] = "N/A";

const struct rows_kind IMAGE_ROWS = {
	.what = "image",
	.fields =
		(const struct rows_field[]){
			{ "ID", "IMAGE ID" },
			{ "Repository", "REPOSITORY" },
			{ "Tag", "TAG" },
			{ "Digest", "DIGEST" },
			{ "CreatedSince", "CREATED" },
			{ "CreatedAt", "CREATED AT" },
			{ "Size", "SIZE" },
			{ "Containers", "CONTAINERS" },
			{ "VirtualSize", "SIZE" },
			{ "SharedSize", "SHARED SIZE" },
			{ "UniqueSize", "UNIQUE SIZE" },
			{ 0 },
		},
};

size_t repository_length(const char *name)
{
	const char *at = strchr(name, '@'), *colon = strrchr(name, ':');
	if (at)
		return (size_t)(at - name);
	return colon && !strchr(colon, '/') ? (size_t)(colon - name) : strlen(name);
}

/* Under which digest a registry has it: of "busybox@sha256:..." what stands behind the "@". */
static const char *digest_in(const struct image *image, const char *name, size_t repository_len)
{
	if (name[repository_len] == '@')
		return name + repository_len + 1;
	for (char **digest = image->digests; digest && *digest; digest++)
		if (strncmp(*digest, name, repository_len) == 0 && (*digest)[repository_len] == '@')
			return *digest + repository_len + 1;
	return NONE;
}

static void add_name(struct json_object *fields, const struct image *image, const char *name)
{
	size_t len = name ? repository_length(name) : 0;
	_cleanup_free_ char *repository = name ? mem_strndup(name, len) : mem_strdup(NONE);
	json_add_string(fields, "Repository", repository);
	json_add_string(fields, "Tag", name && name[len] == ':' ? name + len + 1 : NONE);
	json_add_string(fields, "Digest", name ? digest_in(image, name, len) : NONE);
}

static void add_times(struct json_object *fields, const struct image *image, int64_t now)
{
	_cleanup_str_ struct str since = { 0 }, at = { 0 };
	int64_t created = image_created_at(image);
	format_ago(&since, created, now);
	format_time(&at, created);
	json_add_string(fields, "CreatedSince", str_text(&since));
	json_add_string(fields, "CreatedAt", created ? str_text(&at) : UNKNOWN);
}

char **image_row_names(const struct image *image)
{
	char **names = NULL;
	for (char **name = image->names; name && *name; name++)
		strv_append(&names, *name);
	for (char **digest = image->digests; digest && *digest; digest++) {
		size_t len = repository_length(*digest);
		bool tagged = false;
		for (char **name = image->names; name && *name; name++)
			tagged |= repository_length(*name) == len && strncmp(*name, *digest, len) == 0;
		if (!tagged)
			strv_append(&names, *digest);
	}
	return names;
}

struct json_object *image_fields(const struct image *image, const char *name, bool no_trunc, int64_t now)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 };
	char size[SIZE_TEXT_MAX];
	format_image_id(&id, image->id, no_trunc);
	format_size(image->size > 0 ? (uint64_t)image->size : 0, size);
	json_add_string(fields, "ID", str_text(&id));
	add_name(fields, image, name);
	add_times(fields, image, now);
	json_add_string(fields, "Size", size);
	json_add_string(fields, "VirtualSize", size);
	json_add_string(fields, "Containers", UNKNOWN);
	json_add_string(fields, "SharedSize", UNKNOWN);
	json_add_string(fields, "UniqueSize", UNKNOWN);
	return fields;
}
