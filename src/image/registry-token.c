/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-internal.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

enum { TOKEN_ANSWER_MAX = 1 << 20 };

void request_deny(struct request *request, struct http_answer *answer)
{
	struct error err = { 0 };
	struct registry *registry = request->registry;
	struct registry_place place = place_of(registry);
	(void)registry_explain_denied(&place, answer, &registry->credentials, registry->generation > 0, &err);
	registry_quote(answer, &err);
	request_end(request, answer, &err);
}

static void set_authorization(struct registry *registry, const char *authorization)
{
	free(registry->authorization);
	registry->authorization = mem_strdup(authorization);
	registry->generation++;
}

static struct request *find_waiting(struct registry *registry)
{
	for (struct request *request = registry->requests; request; request = request->next)
		if (request->state == REQUEST_WAITING)
			return request;
	return NULL;
}

static void on_token(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry *registry = context;
	_cleanup_free_ char *authorization = NULL;
	struct error err = failure ? *failure : (struct error){ 0 };
	bool ok = !failure && token_parse(str_text(&answer->body), answer->body.len, &authorization, &err) == 0;
	registry->token_pending = false;
	if (ok)
		set_authorization(registry, authorization);
	else if (!failure)
		(void)err_wrap(&err, "registry %s: no usable answer from its token service", registry->name);
	err_stage(&err, registry->stage);
	for (struct request *request; (request = find_waiting(registry));) {
		if (ok)
			request_send(request);
		else
			request_end(request, answer, &err);
	}
}

static void fetch_token(struct registry *registry, char *url)
{
	struct request *request = NEW(struct request);
	request->url = url;
	request->is_token = true;
	request->size = TOKEN_ANSWER_MAX;
	request->done = on_token;
	request->context = registry;
	registry->token_pending = true;
	request_add(registry, request);
}

static int load_credentials(struct registry *registry, struct error *err)
{
	if (registry->have_credentials)
		return 0;
	int r = credentials_find(registry->name, &registry->credentials, err);
	registry->have_credentials = r == 0;
	return r;
}

void request_refuse(struct request *request, struct http_answer *answer, struct error *err)
{
	err_stage(err, request->registry->stage);
	request_end(request, answer, err);
}

/* Get a token, or wait for the one that is being fetched; then it is sent again. */
static void request_token(struct request *request, const struct challenge *challenge, struct http_answer *answer)
{
	struct registry *registry = request->registry;
	char *const named[] = { challenge->scope, NULL };
	/* It names the scope of the one request; a push will need more. */
	char *const *scopes = challenge->scope && !registry->push ? named : registry->scopes;
	_cleanup_free_ char *url = challenge_token_url(challenge, scopes, registry->loopback);
	if (!url) {
		struct error err = { 0 };
		struct registry_place place = place_of(registry);
		(void)registry_explain_realm(&place, challenge->realm, &err);
		request_end(request, answer, &err);
		return;
	}
	request->state = REQUEST_WAITING;
	if (!registry->token_pending)
		fetch_token(registry, TAKE_PTR(url));
}

void request_challenged(struct request *request, struct http_answer *answer)
{
	struct registry *registry = request->registry;
	struct error err = { 0 };
	_cleanup_challenge_ struct challenge challenge = { 0 };
	if (load_credentials(registry, &err) < 0) {
		request_refuse(request, answer, &err);
		return;
	}
	if (request->generation < registry->generation) { /* another request got it meanwhile */
		request_send(request);
		return;
	}
	if (!request->is_token && !request->refreshed)
		challenge_parse(answer->challenges, &challenge);
	request->refreshed = true;
	if (challenge.scheme == CHALLENGE_BEARER) {
		request_token(request, &challenge, answer);
	} else if (challenge.scheme == CHALLENGE_BASIC && registry->credentials.authorization) {
		set_authorization(registry, registry->credentials.authorization);
		request_send(request);
	} else {
		request_deny(request, answer);
	}
}
