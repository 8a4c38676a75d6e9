/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in to registries and out; the helper does the work (image/login.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/transfer.h"
#include "image/reference.h"

#define DOCKER_HUB "docker.io"

char *registry_of_server(const char *server)
{
	static const char *const hub[] = { "https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io" };
	for (size_t i = 0; i < ARRAY_SIZE(hub); i++)
		if (str_is_empty(server) || streq(server, hub[i]))
			return mem_strdup(DOCKER_HUB);
	const char *host = str_after(server, "https://");
	host = host ? host : str_after(server, "http://");
	host = host ? host : server;
	return mem_strndup(host, strcspn(host, "/"));
}

void login_answer_done(struct login_answer *answer)
{
	free(answer->user);
	free(answer->stored);
	*answer = (struct login_answer){ 0 };
}

/* What becomes part of a URL is a registry's name by the grammar of image names. */
static int add_registry(struct json_object *request, const char *registry, struct error *err)
{
	_cleanup_free_ char *name = mem_printf("%s/x", registry);
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (reference_parse(name, &reference, NULL) < 0 || !streq(reference.registry, registry))
		return err_set(err, ERR_INVALID, "\"%s\" is not the name of a registry", registry);
	json_add_string(request, "registry", registry);
	return 0;
}

int engine_login(struct engine *engine, const char *registry, const char *user, const char *password,
		 struct login_answer *ret, struct error *err)
{
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	int r = add_registry(request, registry, err);
	json_add_string(request, "command", "login");
	json_add_string(request, "user", user);
	json_add_string(request, "password", password);
	if (r >= 0)
		r = transfer_run(engine, request, -1, NULL, &result, err);
	if (r < 0)
		return r;
	*ret = (struct login_answer){ .user = TAKE_PTR(result.user),
				      .stored = TAKE_PTR(result.stored),
				      .plain = result.plain };
	return 0;
}

int engine_logout(struct engine *engine, const char *registry, bool *ret_removed, struct error *err)
{
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	int r = add_registry(request, registry, err);
	json_add_string(request, "command", "logout");
	if (r >= 0)
		r = transfer_run(engine, request, -1, NULL, &result, err);
	if (r >= 0)
		*ret_removed = result.removed;
	return r;
}
