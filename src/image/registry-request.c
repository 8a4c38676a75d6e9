/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-internal.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/random.h"
#include "base/time.h"
#include "base/util.h"
#include "image/registry-url.h"

enum {
	BACKOFF_FIRST_MS = 250,
	BACKOFF_LONGEST_MS = 30 * 1000,
	PROGRESS_BYTES = 1 << 20, /* that much more of a body, and the tries are counted anew */
};

struct registry_place place_of(const struct registry *registry)
{
	return (struct registry_place){ .registry = registry->name,
					.server = registry->server,
					.image = registry->image,
					.purpose = registry->purpose,
					.stage = registry->stage,
					.plain_http = registry->plain };
}

void request_free(struct request *request)
{
	free(request->url);
	free(request->path);
	free(request->accept);
	free(request->content_type);
	free(request->content_range);
	if (request->own_body)
		explicit_bzero(request->own_body, strlen(request->own_body));
	free(request->own_body);
	free(request);
}

void request_add(struct registry *registry, struct request *request)
{
	request->registry = registry;
	request->next = registry->requests;
	registry->requests = request;
	if (request->state != REQUEST_RESTING)
		request_send(request);
}

void request_end(struct request *request, struct http_answer *answer, const struct error *err)
{
	struct request **at = &request->registry->requests;
	while (*at != request)
		at = &(*at)->next;
	*at = request->next;
	request->done(request->context, answer, err);
	request_free(request);
}

static void request_fail(struct request *request, struct http_answer *answer)
{
	struct error err = { 0 };
	struct registry_place place = place_of(request->registry);
	_cleanup_url_ struct url url = { 0 };
	_cleanup_free_ char *server = NULL;
	if (request->url && url_parse(request->url, &url) == 0)
		place.server = server = mem_printf("%s:%s", url.host, url.port);
	(void)registry_explain(&place, answer, &err);
	request_end(request, answer, &err);
}

/* --- bodies --- */

/* Where an answer's body begins: asked for the rest, a server may send that, or all of it again. */
static int begin_body(struct request *request, const struct http_answer *answer)
{
	request->started = true;
	request->position = 0;
	if (answer->status != 206)
		return 0;
	const char *range = answer->content_range ? str_after(answer->content_range, "bytes ") : NULL;
	_cleanup_free_ char *from = range ? mem_strndup(range, strcspn(range, "-")) : NULL;
	if (!from || parse_u64(from, UINT64_MAX, &request->position, NULL) < 0 ||
	    request->position != request->delivered)
		return err_set(&request->receive_error, ERR_REG_ANSWER,
			       "registry %s sent another part of a body than it was asked for",
			       request->registry->name);
	return 0;
}

static int on_receive(void *context, const struct http_answer *answer, const char *data, size_t len)
{
	struct request *request = context;
	if (!request->started && begin_body(request, answer) < 0)
		return -1;
	uint64_t known = request->delivered - request->position; /* bytes from here on that we have */
	size_t skip = (size_t)MIN(known, (uint64_t)len);
	request->position += len;
	if (skip == len)
		return 0;
	request->delivered += len - skip;
	return request->receive(request->context, data + skip, len - skip, &request->receive_error);
}

static void on_sent(void *context, uint64_t sent)
{
	struct request *request = context;
	request->sent(request->context, sent);
}

/* --- which protocol? --- */

static bool mentions(const char *text, const char *words)
{
	return strstr(text, words) != NULL;
}

/* What a server that expects TLS makes of plain HTTP: Go's and nginx' say so, others hang up or send an alert. */
static bool may_want_tls(const struct http_answer *answer)
{
	const char *body = str_text(&answer->body);
	if (answer->outcome == HTTP_ANSWERED)
		return answer->status == 400 && (mentions(body, "HTTPS server") || mentions(body, "HTTPS port"));
	return answer->outcome == HTTP_LOST || answer->outcome == HTTP_NONSENSE;
}

/*
 * A registry that may speak plain HTTP and has not answered yet: it is asked in the other protocol, if it may want that. It gets
 * one chance for TLS; if that is no TLS either, what it made of HTTP is what counts.
 */
static bool switch_protocol(struct request *request, const struct http_answer *answer)
{
	struct registry *registry = request->registry;
	if (!(registry->loopback || registry->insecure) || request->url)
		return false;
	bool no_tls = answer->outcome == HTTP_TLS || answer->outcome == HTTP_LOST ||
		      (registry->insecure && answer->outcome == HTTP_REFUSED);
	bool wrong = request->sent_plain ? may_want_tls(answer) : no_tls;
	if (answer->outcome == HTTP_ANSWERED && !wrong)
		registry->settled = true;
	if (!wrong || registry->settled || (request->sent_plain && registry->plain && registry->tried_tls))
		return false;
	/* Unless another request has found out meanwhile. */
	if (request->sent_plain == registry->plain) {
		registry->plain = !registry->plain;
		registry->tried_tls = true;
		log_debug("registry %s: trying %s", registry->name, registry->plain ? "http" : "https");
	}
	request_send(request);
	return true;
}

static void on_probe(void *context, struct http_answer *answer)
{
	struct request *request = context;
	struct registry_place place = place_of(request->registry);
	if (answer->outcome == HTTP_ANSWERED)
		(void)registry_explain_plain_http(&place, &request->probe_error);
	request_end(request, NULL, &request->probe_error);
}

/* The server's first bytes were no TLS. Whether they would be HTTP is a fact that is worth one more question. */
static bool probe_plain_http(struct request *request, const struct http_answer *answer)
{
	struct registry *registry = request->registry;
	if (answer->outcome != HTTP_TLS || request->is_token || !mentions(answer->detail, "wrong version number"))
		return false;
	struct registry_place place = place_of(registry);
	(void)registry_explain(&place, answer, &request->probe_error);
	_cleanup_free_ char *url = mem_printf("http://%s/v2/", registry->server);
	http_start(registry->http,
		   &(struct http_request){
			   .url = url, .body_max = HTTP_ERROR_BODY_MAX, .done = on_probe, .context = request });
	return true;
}

/* --- tries --- */

bool registry_is_transient(const struct registry *registry, const struct http_answer *answer)
{
	static const long statuses[] = { 429, 500, 502, 503, 504 };
	switch (answer->outcome) {
	case HTTP_LOST:
		return true;
	case HTTP_REFUSED:
		return !registry->loopback; /* what does not listen here will not in a second */
	case HTTP_ANSWERED:
		for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
			if (answer->status == statuses[i])
				return true;
		return false;
	default:
		return false;
	}
}

/* Twice as long each time, a little by chance, or as the server says. */
int64_t registry_backoff_ms(unsigned tries, const struct http_answer *answer)
{
	if (answer->retry_after_s >= 0)
		return MIN(answer->retry_after_s * 1000, (int64_t)BACKOFF_LONGEST_MS);
	int64_t ms = (int64_t)BACKOFF_FIRST_MS << (tries - 1);
	return ms + (int64_t)(random_u64() % (uint64_t)(ms / 4 + 1));
}

static bool try_again(struct request *request, const struct http_answer *answer)
{
	if (request->once || !registry_is_transient(request->registry, answer))
		return false;
	if (request->delivered - request->delivered_before >= PROGRESS_BYTES)
		request->tries = 0;
	request->delivered_before = request->delivered;
	if (++request->tries >= REGISTRY_TRIES)
		return false;
	int64_t ms = registry_backoff_ms(request->tries, answer);
	log_info("registry %s: %s, next try in %lld ms", request->registry->name,
		 answer->outcome == HTTP_ANSWERED ? "busy" : answer->detail, (long long)ms);
	request->state = REQUEST_RESTING;
	request->rest_until_ns = time_monotonic_ns() + ms * NSEC_PER_MSEC;
	return true;
}

static void on_answer(void *context, struct http_answer *answer)
{
	struct request *request = context;
	bool answered = answer->outcome == HTTP_ANSWERED;
	if (switch_protocol(request, answer))
		return;
	if (answered && answer->status >= 200 && answer->status < 300) {
		request_end(request, answer, NULL);
	} else if (answer->outcome == HTTP_UNWANTED) {
		request_refuse(request, answer, &request->receive_error);
	} else if (request->receive && request->size > 0 && request->delivered == request->size) {
		request_end(request, answer, NULL); /* broken off, but behind the last byte */
	} else if (answered && answer->status == 401) {
		request_challenged(request, answer);
	} else if (answered && answer->status == 403) {
		request_deny(request, answer);
	} else if (!try_again(request, answer) && !probe_plain_http(request, answer)) {
		request_fail(request, answer);
	}
}

/* Our secret is for the registry's own server, even if it names another one for the next step. */
static const char *authorization_for(const struct request *request, const char *url)
{
	const struct registry *registry = request->registry;
	if (request->is_token)
		return request->own_body ? NULL : registry->credentials.authorization;
	if (!request->url)
		return registry->authorization;
	_cleanup_free_ char *own = mem_printf("%s://%s/", registry->plain ? "http" : "https", registry->server);
	_cleanup_url_ struct url ours = { 0 }, theirs = { 0 };
	bool same = url_parse(own, &ours) == 0 && url_parse(url, &theirs) == 0 && url_same_origin(&ours, &theirs);
	return same ? registry->authorization : NULL;
}

void request_send(struct request *request)
{
	struct registry *registry = request->registry;
	if (registry->token_pending && !request->is_token) {
		request->state = REQUEST_WAITING;
		return;
	}
	_cleanup_free_ char *url = request->url ? mem_strdup(request->url)
						: mem_printf("%s://%s/%s", registry->plain ? "http" : "https",
							     registry->server, request->path);
	request->state = REQUEST_UNDER_WAY;
	request->generation = registry->generation;
	request->sent_plain = registry->plain;
	request->started = false;
	http_start(registry->http,
		   &(struct http_request){
			   .method = request->method,
			   .url = url,
			   .accept = request->accept,
			   .authorization = authorization_for(request, url),
			   .insecure = registry->insecure,
			   .content_type = request->content_type,
			   .content_range = request->content_range,
			   .body = request->body,
			   .body_is_secret = request->own_body != NULL,
			   .sent = request->sent ? on_sent : NULL,
			   .patience = request->patience,
			   .offset = request->delivered,
			   /* A receiver knows better than to take too much, and has better words for it. */
			   .body_max = request->receive ? UINT64_MAX : request->size,
			   .receive = request->receive ? on_receive : NULL,
			   .done = on_answer,
			   .context = request,
		   });
}
