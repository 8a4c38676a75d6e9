/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-internal.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-url.h"

#define CLIENT_ID "coffer"

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

static void take_token(struct registry *registry, struct token *token)
{
	set_authorization(registry, token->authorization);
	if (registry->purpose == REGISTRY_LOGIN && !registry->identity_token)
		registry->identity_token = TAKE_PTR(token->identity);
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
	struct error err = failure ? *failure : (struct error){ 0 };
	struct token token = { 0 };
	bool ok = !failure && token_parse(str_text(&answer->body), answer->body.len, &token, &err) == 0;
	registry->token_pending = false;
	if (ok)
		take_token(registry, &token);
	else if (!failure)
		(void)err_wrap(&err, "registry %s: no usable answer from its token service", registry->name);
	token_done(&token);
	err_stage(&err, registry->stage);
	for (struct request *request; (request = find_waiting(registry));) {
		if (ok)
			request_send(request);
		else
			request_end(request, answer, &err);
	}
}

/* @form: what is posted there, taken over; NULL: the URL says it all. */
static void fetch_token(struct registry *registry, char *url, char *form)
{
	struct request *request = NEW(struct request);
	request->url = url;
	if (form) {
		request->method = "POST";
		request->content_type = mem_strdup("application/x-www-form-urlencoded");
		request->own_body = form;
		request->body = (struct http_body){ .data = form, .len = strlen(form) };
	}
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
	int r = credentials_find(registry->name, registry->repository, &registry->credentials, err);
	registry->have_credentials = r == 0;
	return r;
}

void request_refuse(struct request *request, struct http_answer *answer, struct error *err)
{
	err_stage(err, request->registry->stage);
	request_end(request, answer, err);
}

/* An identity token is exchanged for a token (distribution, "OAuth2 Token Authentication"). */
static char *exchange_form(const struct registry *registry, const struct challenge *challenge, char *const *scopes)
{
	_cleanup_str_ struct str form = { 0 };
	_cleanup_free_ char *scope = strv_join(scopes, " ");
	form_add(&form, "grant_type", "refresh_token");
	form_add(&form, "refresh_token", registry->credentials.identity_token);
	form_add(&form, "client_id", CLIENT_ID);
	form_add(&form, "service", challenge->service);
	form_add(&form, "scope", *scope ? scope : NULL);
	return str_take(&form);
}

/* At a login the service may give us something to keep in the password's place. */
static char *add_login(const struct registry *registry, char *url)
{
	const char *const pairs[][2] = { { "account", registry->credentials.user },
					 { "client_id", CLIENT_ID },
					 { "offline_token", "true" } };
	for (size_t i = 0; url && i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *shorter = url;
		url = pairs[i][1] ? url_add_query(shorter, pairs[i][0], pairs[i][1]) : mem_strdup(shorter);
	}
	return url;
}

/* Get a token, or wait for the one that is being fetched; then it is sent again. */
static void request_token(struct request *request, const struct challenge *challenge, struct http_answer *answer)
{
	struct registry *registry = request->registry;
	char *const named[] = { challenge->scope, NULL };
	/* It names the scope of the one request; a push will need more. */
	bool is_enough = registry->purpose == REGISTRY_PULL || registry->purpose == REGISTRY_SEARCH;
	char *const *scopes = challenge->scope && is_enough ? named : registry->scopes;
	bool exchange = registry->credentials.identity_token != NULL;
	const struct challenge bare = { .scheme = challenge->scheme, .realm = challenge->realm };
	enum plain_realms plain = registry->insecure ? PLAIN_ANYWHERE : registry->loopback ? PLAIN_HERE : PLAIN_NOWHERE;
	char *url = challenge_token_url(exchange ? &bare : challenge, exchange ? NULL : scopes, plain);
	if (!url) {
		struct error err = { 0 };
		struct registry_place place = place_of(registry);
		(void)registry_explain_realm(&place, challenge->realm, &err);
		request_end(request, answer, &err);
		return;
	}
	if (registry->purpose == REGISTRY_LOGIN && !exchange)
		url = add_login(registry, url);
	request->state = REQUEST_WAITING;
	if (!registry->token_pending)
		fetch_token(registry, url, exchange ? exchange_form(registry, challenge, scopes) : NULL);
	else
		free(url);
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
	bool has_token = registry->credentials.authorization &&
			 str_starts_with(registry->credentials.authorization, "Bearer ");
	if (challenge.scheme == CHALLENGE_BEARER && !has_token) {
		request_token(request, &challenge, answer);
	} else if (challenge.scheme != CHALLENGE_NONE && registry->credentials.authorization) {
		set_authorization(registry, registry->credentials.authorization);
		request_send(request);
	} else {
		request_deny(request, answer);
	}
}
