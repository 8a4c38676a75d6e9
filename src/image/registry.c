/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-internal.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "image/registry-url.h"
#include "image/transfer.h"

#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_SERVER "registry-1.docker.io"

enum {
	CONNECT_TIMEOUT_MS = 10 * 1000,
	STALL_TIMEOUT_MS = 30 * 1000,
};

/* The grammar of names has ports of any length; those of the network have 16 bits. */
static int check_server(const char *server, enum error_stage stage, struct error *err)
{
	_cleanup_free_ char *text = mem_printf("https://%s/", server);
	_cleanup_url_ struct url url = { 0 };
	if (url_parse(text, &url) == 0)
		return 0;
	(void)err_set(err, ERR_IMG_REF, "no registry can be at \"%s\"", server);
	return err_stage(err, stage);
}

/* What a token service is asked for (distribution, "Token Scope Documentation"). */
static char **make_scopes(const char *repository, const struct registry_options *options)
{
	char **scopes = NULL;
	if (options->purpose == REGISTRY_LOGIN)
		return NULL;
	if (options->purpose == REGISTRY_SEARCH) {
		strv_append(&scopes, "registry:catalog:*");
		return scopes;
	}
	strv_take(&scopes,
		  mem_printf("repository:%s:pull%s", repository, options->purpose == REGISTRY_PUSH ? ",push" : ""));
	for (char *const *from = options->mount_from; from && *from; from++)
		strv_take(&scopes, mem_printf("repository:%s:pull", *from));
	return scopes;
}

int registry_new(const struct image_reference *reference, const struct registry_options *options, struct registry **ret,
		 struct error *err)
{
	unsigned timeout_ms = options->timeout_ms;
	struct http_timeouts timeouts = { .connect_ms = timeout_ms ? timeout_ms : CONNECT_TIMEOUT_MS,
					  .stall_ms = timeout_ms ? timeout_ms : STALL_TIMEOUT_MS };
	struct http *http;
	enum error_stage stage = options->purpose == REGISTRY_PULL ? STAGE_PULL : STAGE_NONE;
	int r = check_server(reference->registry, stage, err);
	if (r >= 0)
		r = http_new(&timeouts, &http, err);
	if (r < 0)
		return r;
	struct registry *registry = NEW(struct registry);
	registry->http = http;
	registry->name = mem_strdup(reference->registry);
	registry->server = mem_strdup(streq(registry->name, DOCKER_HUB) ? DOCKER_HUB_SERVER : registry->name);
	registry->repository = mem_strdup(reference->repository);
	registry->image = reference_familiar_repository(reference);
	registry->purpose = options->purpose;
	registry->stage = stage;
	registry->insecure = options->insecure;
	registry->scopes = make_scopes(registry->repository, options);
	registry->loopback = registry->plain = host_is_loopback(registry->server);
	*ret = registry;
	return 0;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	http_free(registry->http);
	for (struct request *request = registry->requests, *next; request; request = next) {
		next = request->next;
		request_free(request);
	}
	credentials_done(&registry->credentials);
	if (registry->identity_token)
		explicit_bzero(registry->identity_token, strlen(registry->identity_token));
	free(registry->identity_token);
	if (registry->authorization)
		explicit_bzero(registry->authorization, strlen(registry->authorization));
	free(registry->authorization);
	free(registry->name);
	free(registry->server);
	free(registry->repository);
	free(registry->image);
	strv_free(registry->scopes);
	free(registry);
}

void registry_set_credentials(struct registry *registry, struct credentials *credentials)
{
	credentials_done(&registry->credentials);
	registry->credentials = *credentials;
	registry->have_credentials = true;
	*credentials = (struct credentials){ 0 };
}

const char *registry_identity_token(const struct registry *registry)
{
	return registry->identity_token;
}

const char *registry_name(const struct registry *registry)
{
	return registry->name;
}

void registry_start(struct registry *registry, const struct registry_request *asked)
{
	struct request *request = NEW(struct request);
	request->method = asked->method;
	request->url = mem_strdup(asked->url);
	request->path = asked->root_path ? mem_strdup(asked->root_path)
			: asked->api_path
				? mem_printf("v2/%s", asked->api_path)
				: mem_printf("v2/%s/%s", registry->repository, asked->path ? asked->path : "");
	request->accept = mem_strdup(asked->accept);
	request->content_type = mem_strdup(asked->content_type);
	request->content_range = mem_strdup(asked->content_range);
	request->body = asked->body;
	request->sent = asked->sent;
	request->patience = asked->patience;
	request->once = asked->once;
	request->receive = asked->receive;
	request->size = asked->size;
	request->delivered = request->delivered_before = asked->have;
	request->done = asked->done;
	request->context = asked->context;
	if (asked->rest_ms > 0) {
		request->state = REQUEST_RESTING;
		request->rest_until_ns = time_monotonic_ns() + asked->rest_ms * NSEC_PER_MSEC;
	}
	request_add(registry, request);
}

char *registry_url(const struct http_answer *answer)
{
	_cleanup_free_ char *target = answer->location ? url_resolve(answer->url, answer->location) : NULL;
	_cleanup_url_ struct url from = { 0 }, to = { 0 };
	if (!target || url_parse(answer->url, &from) < 0 || url_parse(target, &to) < 0)
		return NULL;
	return streq(from.scheme, "https") && !streq(to.scheme, "https") ? NULL : TAKE_PTR(target);
}

/* Send what has rested, and limit the wait by what still rests. */
static int wake_rested(struct registry *registry, int timeout_ms)
{
	int64_t now = time_monotonic_ns();
	for (struct request *request = registry->requests; request; request = request->next) {
		if (request->state != REQUEST_RESTING)
			continue;
		int64_t left_ms = (request->rest_until_ns - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
		if (left_ms <= 0)
			request_send(request);
		else if (timeout_ms < 0 || left_ms < timeout_ms)
			timeout_ms = (int)left_ms;
	}
	return timeout_ms;
}

int registry_run(struct registry *registry, struct pollfd *fds, size_t n_fds, int timeout_ms, struct error *err)
{
	return http_run(registry->http, fds, n_fds, wake_rested(registry, timeout_ms), err);
}

int registry_turn(struct registry *registry, const struct transfer *transfer, struct error *err)
{
	struct pollfd fds[TRANSFER_FDS];
	transfer_watch(transfer, fds);
	int r = registry_run(registry, fds, TRANSFER_FDS, -1, err);
	return r < 0 ? r : transfer_check(transfer, fds, err);
}
