/* SPDX-License-Identifier: Apache-2.0 */
#include "image/referrers.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/manifest.h"

enum { ALGORITHM_MAX = 32, ENCODED_MAX = 64 };

/* @len bytes of @from, with what a tag may not have replaced. */
static char *append(char *at, const char *from, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	for (size_t i = 0; i < len; i++)
		*at++ = strchr(allowed, from[i]) ? from[i] : '-';
	return at;
}

const char *referrers_tag(const char *digest, char buf[static REFERRERS_TAG_MAX + 1])
{
	size_t algorithm = strcspn(digest, ":");
	const char *encoded = digest + algorithm + (digest[algorithm] == ':');
	char *at = append(buf, digest, algorithm < ALGORITHM_MAX ? algorithm : ALGORITHM_MAX);
	*at++ = '-';
	at = append(at, encoded, strnlen(encoded, ENCODED_MAX));
	*at = '\0';
	return buf;
}

void referrer_done(struct referrer *referrer)
{
	free(referrer->subject);
	if (referrer->descriptor)
		json_object_put(referrer->descriptor);
	*referrer = (struct referrer){ 0 };
}

/* --- what a manifest says --- */

/* Where there is no type of its own, that of the config stands for it. */
static int artifact_type(const struct json_node *root, const char **ret, struct error *err)
{
	struct json_node config;
	*ret = "";
	int r = json_get_string(root, "artifactType", ret, err);
	if (r < 0 || !str_is_empty(*ret))
		return r;
	r = json_get_object(root, "config", &config, err);
	return r > 0 ? json_get_string(&config, "mediaType", ret, err) : r;
}

static int describe(const struct json_node *root, size_t len, const char *media_type, const char *digest,
		    struct json_object **ret, struct error *err)
{
	struct json_node annotations;
	const char *type;
	int r = artifact_type(root, &type, err);
	int annotated = r < 0 ? r : json_get_object(root, "annotations", &annotations, err);
	if (annotated < 0)
		return annotated;
	struct json_object *descriptor = json_object_new_object();
	json_add_string(descriptor, "mediaType", media_type);
	json_add_string(descriptor, "digest", digest);
	json_add_i64(descriptor, "size", (int64_t)len);
	json_add_string(descriptor, "artifactType", *type ? type : NULL);
	if (annotated)
		json_object_object_add(descriptor, "annotations", json_object_get(annotations.value));
	*ret = descriptor;
	return 0;
}

int referrer_parse(const char *text, size_t len, const char *media_type, const char *digest, struct referrer *ret,
		   struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node subject;
	const char *subject_digest;
	struct json_object *descriptor;
	int r = json_parse(text, len, "manifest", ERR_IMG_MANIFEST, &document, err);
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = json_as_object(&root, err);
	if (r >= 0)
		r = json_get_object(&root, "subject", &subject, err);
	if (r <= 0)
		return r;
	r = json_need_string(&subject, "digest", &subject_digest, err);
	if (r >= 0 && !strchr(subject_digest, ':'))
		r = json_error(&subject, err, "\"%.100s\" is not a digest", subject_digest);
	if (r >= 0)
		r = describe(&root, len, media_type, digest, &descriptor, err);
	if (r < 0)
		return r;
	*ret = (struct referrer){ .subject = mem_strdup(subject_digest), .descriptor = descriptor };
	return 0;
}

/* --- the list --- */

int referrers_parse(const char *text, size_t len, struct json_document *document, struct json_node *root,
		    struct json_node *ret, struct error *err)
{
	const char *media_type = "";
	int r = json_parse(text, len, "referrers", ERR_REG_ANSWER, document, err);
	if (r < 0)
		return r;
	*root = json_root(document);
	if ((r = json_as_object(root, err)) < 0 || (r = json_get_string(root, "mediaType", &media_type, err)) < 0)
		return r;
	if (*media_type && !streq(media_type, MEDIA_OCI_INDEX))
		return json_error(root, err, "\"%.100s\" is not the type of an image index", media_type);
	return json_need_array(root, "manifests", ret, err);
}

static bool is_in(const struct json_node *manifests, const char *digest)
{
	for (size_t i = 0; i < json_array_length(manifests); i++) {
		struct json_node entry = json_array_at(manifests, i);
		const char *theirs = "";
		if (json_as_object(&entry, NULL) >= 0 && json_get_string(&entry, "digest", &theirs, NULL) > 0 &&
		    streq(theirs, digest))
			return true;
	}
	return false;
}

static struct json_object *new_list(void)
{
	struct json_object *list = json_object_new_object();
	json_add_i64(list, "schemaVersion", 2);
	json_add_string(list, "mediaType", MEDIA_OCI_INDEX);
	(void)json_add_array(list, "manifests");
	return list;
}

int referrers_add(const char *text, size_t len, const struct referrer *referrer, char **ret, struct error *err)
{
	_cleanup_json_ struct json_object *empty = text ? NULL : new_list();
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node root, manifests;
	text = text ? text : json_text(empty);
	int r = referrers_parse(text, empty ? strlen(text) : len, &document, &root, &manifests, err);
	if (r < 0)
		return r;
	struct json_object *digest = json_object_object_get(referrer->descriptor, "digest");
	if (is_in(&manifests, json_object_get_string(digest)))
		return 0;
	json_object_array_add(manifests.value, json_object_get(referrer->descriptor));
	*ret = mem_strdup(json_text(root.value));
	return 1;
}
