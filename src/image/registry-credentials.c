/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-credentials.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/registry-credentials-internal.h"

const char *credentials_key(const char *registry)
{
	return streq(registry, "docker.io") ? DOCKER_HUB_KEY : registry;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void credentials_done(struct credentials *credentials)
{
	forget(credentials->authorization);
	forget(credentials->identity_token);
	free(credentials->user);
	free(credentials->source);
	*credentials = (struct credentials){ 0 };
}

/* "USER:PASSWORD" in base64 (RFC 4648, section 4). free() it. */
static char *encode(const char *user, const char *password)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *pair = mem_printf("%s:%s", user, password);
	size_t len = strlen(pair);
	char *text = mem_alloc(len / 3 * 4 + 8), *at = text;
	for (size_t i = 0; i < len; i += 3) {
		const unsigned char *in = (const unsigned char *)pair + i; /* terminated by a zero at least */
		unsigned last = i + 2 < len ? in[2] : 0, bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | last;
		*at++ = digits[bits >> 18];
		*at++ = digits[bits >> 12 & 63];
		*at++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*at++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	forget(pair);
	return text;
}

void credentials_make(const char *user, const char *password, struct credentials *ret)
{
	char *auth = encode(user, password);
	*ret = (struct credentials){ .authorization = mem_printf("Basic %s", auth), .user = mem_strdup(user) };
	forget(auth);
}

/* A program that does not work leaves us without credentials, which may do. */
static bool ask_helper(const char *helper, const char *key, struct credentials *ret)
{
	struct error err = { 0 };
	int r = credentials_helper_get(helper, key, ret, &err);
	if (r < 0)
		log_failure(LOG_LEVEL_WARN, "credentials", &err);
	return r > 0;
}

/* Docker's first: that is where a login of ours goes. */
static int find(const struct credentials_file *file, const char *registry, const char *repository,
		struct credentials *ret, struct error *err)
{
	_cleanup_free_ char *helper = NULL;
	int r = credentials_file_helper(file, registry, &helper, err);
	if (r < 0 || (helper && ask_helper(helper, credentials_key(registry), ret)))
		return r;
	r = credentials_file_find(file, registry, ret, err);
	if (r < 0 || ret->authorization || ret->identity_token)
		return r;
	return credentials_podman_find(registry, repository, ret, err);
}

int credentials_find(const char *registry, const char *repository, struct credentials *ret, struct error *err)
{
	_cleanup_credentials_file_ struct credentials_file file = { 0 };
	_cleanup_credentials_ struct credentials credentials = { 0 };
	struct error why = { 0 };
	int r = credentials_file_load(&file, &why);
	if (r >= 0)
		r = find(&file, registry, repository, &credentials, &why);
	if (r < 0)
		return err_set(err, ERR_REG_AUTH, "cannot use the registries' credentials: %s", why.message);
	if (!credentials.source)
		credentials.source = mem_strdup(file.path);
	*ret = credentials;
	credentials = (struct credentials){ 0 };
	return 0;
}

/* --- keeping --- */

static int store_in_file(const struct credentials_entry *entry, struct error *err)
{
	char *auth = entry->identity_token ? encode(entry->user, "") : encode(entry->user, entry->password);
	const struct credentials_file_entry change = { .registry = entry->registry,
						       .auth = auth,
						       .identity_token = entry->identity_token };
	int r = credentials_file_change(credentials_file_set, &change, err);
	forget(auth);
	return r;
}

/* The file has an entry without a secret then, so that one sees where one is logged in. */
static int store_with_helper(const char *helper, const struct credentials_entry *entry, struct error *err)
{
	const struct credentials_file_entry change = { .registry = entry->registry };
	int r = credentials_helper_store(helper, entry, err);
	return r < 0 ? r : credentials_file_change(credentials_file_set, &change, err);
}

int credentials_store(const struct credentials_entry *entry, char **ret_where, bool *ret_plain, struct error *err)
{
	_cleanup_credentials_file_ struct credentials_file file = { 0 };
	_cleanup_free_ char *helper = NULL;
	int r = credentials_file_load(&file, err);
	if (r >= 0)
		r = credentials_file_helper(&file, entry->registry, &helper, err);
	if (r >= 0)
		r = helper ? store_with_helper(helper, entry, err) : store_in_file(entry, err);
	if (r < 0)
		return err_wrap(err, "cannot keep the credentials for %s", entry->registry);
	*ret_plain = !helper;
	*ret_where = helper ? mem_printf("docker-credential-%s", helper) : TAKE_PTR(file.path);
	return 0;
}

int credentials_erase(const char *registry, bool *ret_any, struct error *err)
{
	_cleanup_credentials_file_ struct credentials_file file = { 0 };
	_cleanup_free_ char *helper = NULL;
	int r = credentials_file_load(&file, err);
	if (r >= 0)
		r = credentials_file_helper(&file, registry, &helper, err);
	if (r >= 0 && helper)
		r = credentials_helper_erase(helper, credentials_key(registry), err);
	if (r >= 0)
		r = credentials_file_change(credentials_file_remove, registry, err);
	if (r < 0)
		return err_wrap(err, "cannot forget the credentials for %s", registry);
	*ret_any = r > 0 || helper;
	return 0;
}
