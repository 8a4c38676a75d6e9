/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `podman login`, `skopeo login` and `buildah login` have left, in auth.json. It is like Docker's file, but for what stands
 * for a registry: there may be an entry for a part of its repositories, and docker.io is called so. Nothing is written there.
 *
 * Source: containers-auth.json(5).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/registry-credentials-internal.h"
#include "image/registry-files.h"

enum { AUTH_FILE_SIZE_MAX = 1 << 20 };

/* Where it may be, in the order in which one with an entry counts. */
static char **auth_files(void)
{
	const char *chosen = getenv("REGISTRY_AUTH_FILE"), *runtime = getenv("XDG_RUNTIME_DIR");
	char **paths = NULL;
	if (!str_is_empty(chosen)) {
		strv_append(&paths, chosen);
		return paths;
	}
	strv_take(&paths, str_is_empty(runtime) ? mem_printf("/run/containers/%u/auth.json", geteuid())
						: mem_printf("%s/containers/auth.json", runtime));
	char *own = registry_user_path("auth.json");
	if (own)
		strv_take(&paths, own);
	return paths;
}

/* The entry for the repository, or for what it is in, up to the registry: 1, or 0. */
static int find_entry(const struct json_node *auths, const char *registry, const char *repository,
		      struct credentials *ret, struct error *err)
{
	_cleanup_free_ char *key = repository ? mem_printf("%s/%s", registry, repository) : mem_strdup(registry);
	for (;;) {
		struct json_node entry;
		if (json_get(auths, key, &entry)) {
			int r = credentials_entry_parse(&entry, ret, err);
			return r < 0 ? r : 1;
		}
		char *slash = strrchr(key, '/');
		if (!slash)
			return 0;
		*slash = '\0';
	}
}

static int find_in(const char *path, const char *registry, const char *repository, struct credentials *ret,
		   struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node auths;
	struct error why = { 0 };
	int r = json_load(AT_FDCWD, path, AUTH_FILE_SIZE_MAX, ERR_REG_AUTH, &document, &why);
	if (r == -ERR_NOT_FOUND || r == -ERR_PERMISSION) /* another user's, where ours has no $XDG_RUNTIME_DIR */
		return 0;
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = json_as_object(&root, &why);
	if (r >= 0)
		r = json_get_object(&root, "auths", &auths, &why);
	if (r > 0)
		r = find_entry(&auths, registry, repository, ret, &why);
	if (r < 0)
		*err = why;
	return r;
}

int credentials_podman_find(const char *registry, const char *repository, struct credentials *ret, struct error *err)
{
	_cleanup_strv_ char **paths = auth_files();
	int r = 0;
	for (char **path = paths; r == 0 && *path; path++) {
		_cleanup_credentials_ struct credentials credentials = { 0 };
		r = find_in(*path, registry, repository, &credentials, err);
		if (r <= 0)
			continue;
		credentials.source = mem_strdup(*path);
		*ret = credentials;
		credentials = (struct credentials){ 0 };
	}
	return r;
}
