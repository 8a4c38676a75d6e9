/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "image/registry-auth.h"

enum {
	DOCKER_CONFIG_SIZE_MAX = 1 << 20,
	AUTH_LENGTH_MAX = 16 * 1024,
};

/* Under this name `docker login` keeps what is for Docker's own registry. */
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"

static char *config_path(void)
{
	const char *folder = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	if (!str_is_empty(folder))
		return path_join(folder, "config.json");
	return str_is_empty(home) ? NULL : path_join(home, ".docker/config.json");
}

/* The user's name in base64("USER:PASSWORD"), or NULL if it is nothing of the kind. free() it. */
static char *decode_user(const char *auth)
{
	size_t len = strlen(auth);
	if (len == 0 || len > AUTH_LENGTH_MAX)
		return NULL;
	_cleanup_free_ char *text = mem_alloc(len + 1); /* and so terminated */
	size_t decoded;
	char *colon = parse_base64(auth, text, &decoded, NULL) == 0 ? strchr(text, ':') : NULL;
	char *user = colon && colon > text ? mem_strndup(text, (size_t)(colon - text)) : NULL;
	explicit_bzero(text, len);
	return user;
}

/* Keys are "HOST", or, as older programs wrote them, "https://HOST" and "https://HOST/v1/". */
static bool is_key_of(const char *key, const char *registry)
{
	if (streq(registry, "docker.io"))
		return streq(key, DOCKER_HUB_KEY);
	const char *rest = str_after(key, "https://");
	rest = str_after(rest ? rest : key, registry);
	return rest && (!*rest || *rest == '/');
}

static int take_entry(const struct json_node *entry, struct credentials *credentials, struct error *err)
{
	const char *auth = NULL;
	int r = json_as_object(entry, err);
	if (r >= 0)
		r = json_get_string(entry, "auth", &auth, err);
	if (r < 0 || str_is_empty(auth))
		return r;
	credentials->user = decode_user(auth);
	if (!credentials->user)
		return json_error(entry, err, "\"auth\" is not USER:PASSWORD in base64");
	credentials->authorization = mem_printf("Basic %s", auth);
	return 0;
}

static int search(const struct json_node *root, const char *registry, struct credentials *credentials,
		  struct error *err)
{
	struct json_node auths;
	int r = json_as_object(root, err);
	if (r >= 0)
		r = json_get_object(root, "auths", &auths, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	for (struct json_node entry; json_next(&auths, &iterator, &entry);)
		if (is_key_of(entry.key, registry) && !credentials->authorization &&
		    (r = take_entry(&entry, credentials, err)) < 0)
			return r;
	return 0;
}

int credentials_find(const char *registry, struct credentials *ret, struct error *err)
{
	_cleanup_credentials_ struct credentials credentials = { .source = config_path() };
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error why = { 0 };
	int r = -ERR_NOT_FOUND;
	if (credentials.source)
		r = json_load(AT_FDCWD, credentials.source, DOCKER_CONFIG_SIZE_MAX, ERR_REG_AUTH, &document, &why);
	if (r >= 0) {
		struct json_node root = json_root(&document);
		r = search(&root, registry, &credentials, &why);
	} else if (r == -ERR_NOT_FOUND) {
		r = 0;
	}
	if (r < 0)
		return err_set(err, ERR_REG_AUTH, "cannot use the registries' credentials: %s", why.message);
	*ret = credentials;
	credentials = (struct credentials){ 0 };
	return 0;
}

void credentials_done(struct credentials *credentials)
{
	if (credentials->authorization)
		explicit_bzero(credentials->authorization, strlen(credentials->authorization));
	free(credentials->authorization);
	free(credentials->user);
	free(credentials->source);
	*credentials = (struct credentials){ 0 };
}
