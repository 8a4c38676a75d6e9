/* SPDX-License-Identifier: Apache-2.0 */
#include "image/login.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/registry-config.h"
#include "image/registry-credentials.h"
#include "image/registry.h"

enum { ANSWER_MAX = 64 * 1024 };

void login_options_done(struct login_options *options)
{
	free(options->registry);
	free(options->user);
	if (options->password)
		explicit_bzero(options->password, strlen(options->password));
	free(options->password);
	*options = (struct login_options){ 0 };
}

void login_result_done(struct login_result *result)
{
	free(result->user);
	free(result->stored);
	*result = (struct login_result){ 0 };
}

struct knock {
	bool answered;
	struct error err;
};

static void on_answer(void *context, struct http_answer *answer, const struct error *failure)
{
	struct knock *knock = context;
	knock->answered = true;
	if (failure)
		knock->err = *failure;
}

/* The question that needs no repository: "do you speak this protocol, and do I please you?" */
static int ask(struct registry *registry, const struct transfer *transfer, struct error *err)
{
	struct knock knock = { 0 };
	registry_start(registry, &(struct registry_request){
					 .api_path = "", .size = ANSWER_MAX, .done = on_answer, .context = &knock });
	while (!knock.answered) {
		int r = registry_turn(registry, transfer, err);
		if (r < 0)
			return r;
	}
	if (knock.err.code && err)
		*err = knock.err;
	return -knock.err.code;
}

static int find_credentials(const struct login_options *options, struct credentials *ret, struct error *err)
{
	if (options->user) {
		credentials_make(options->user, options->password ? options->password : "", ret);
		return 0;
	}
	int r = credentials_find(options->registry, NULL, ret, err);
	if (r >= 0 && !ret->authorization && !ret->identity_token) {
		(void)err_set(err, ERR_NOT_FOUND, "there are no credentials for %s", options->registry);
		return err_cause(err, "they were looked for in %s", ret->source ? ret->source : "no place");
	}
	return r;
}

static int keep(const struct login_options *options, const struct registry *registry, struct login_result *result,
		struct error *err)
{
	const struct credentials_entry entry = {
		.registry = options->registry,
		.user = options->user,
		.password = options->password ? options->password : "",
		.identity_token = registry_identity_token(registry),
	};
	return credentials_store(&entry, &result->stored, &result->plain, err);
}

/* The configuration is asked for an image; the one here is like any other. */
static int find_route(const char *registry, struct registry_route *ret, struct error *err)
{
	const struct image_reference any = { .registry = (char *)registry, .repository = (char *)"login" };
	return registry_route_find(&any, ret, err);
}

int login_registry(const struct transfer *transfer, const struct login_options *options, struct login_result *ret,
		   struct error *err)
{
	_cleanup_credentials_ struct credentials credentials = { 0 };
	_cleanup_registry_ struct registry *registry = NULL;
	_cleanup_login_result_ struct login_result result = { 0 };
	/* A registry, and none of its repositories. */
	const struct image_reference reference = { .registry = options->registry, .repository = (char *)"" };
	_cleanup_registry_route_ struct registry_route route = { 0 };
	int r = find_credentials(options, &credentials, err);
	if (r >= 0)
		r = find_route(options->registry, &route, err);
	if (r < 0)
		return r;
	r = registry_new(&reference,
			 &(struct registry_options){ .purpose = REGISTRY_LOGIN,
						     .insecure = route.endpoints[route.n - 1].insecure,
						     .timeout_ms = options->timeout_ms },
			 &registry, err);
	if (r < 0)
		return r;
	result.user = mem_strdup(credentials.user);
	registry_set_credentials(registry, &credentials);
	r = ask(registry, transfer, err);
	if (r >= 0 && options->user)
		r = keep(options, registry, &result, err);
	if (r < 0)
		return r;
	*ret = result;
	result = (struct login_result){ 0 };
	return 0;
}
