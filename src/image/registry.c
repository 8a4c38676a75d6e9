/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-internal.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "image/registry-url.h"

#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_SERVER "registry-1.docker.io"

enum {
	CONNECT_TIMEOUT_MS = 10 * 1000,
	STALL_TIMEOUT_MS = 30 * 1000,
};

/* The grammar of names has ports of any length; those of the network have 16 bits. */
static int check_server(const char *server, struct error *err)
{
	_cleanup_free_ char *text = mem_printf("https://%s/", server);
	_cleanup_url_ struct url url = { 0 };
	if (url_parse(text, &url) == 0)
		return 0;
	(void)err_set(err, ERR_IMG_REF, "no registry can be at \"%s\"", server);
	return err_stage(err, STAGE_PULL);
}

int registry_new(const struct image_reference *reference, unsigned timeout_ms, struct registry **ret, struct error *err)
{
	struct http_timeouts timeouts = { .connect_ms = timeout_ms ? timeout_ms : CONNECT_TIMEOUT_MS,
					  .stall_ms = timeout_ms ? timeout_ms : STALL_TIMEOUT_MS };
	struct http *http;
	int r = check_server(reference->registry, err);
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
	if (registry->authorization)
		explicit_bzero(registry->authorization, strlen(registry->authorization));
	free(registry->authorization);
	free(registry->name);
	free(registry->server);
	free(registry->repository);
	free(registry->image);
	free(registry);
}

const char *registry_name(const struct registry *registry)
{
	return registry->name;
}

void registry_start(struct registry *registry, const struct registry_get *get)
{
	struct request *request = NEW(struct request);
	request->path = mem_strdup(get->path);
	request->accept = mem_strdup(get->accept);
	request->receive = get->receive;
	request->size = get->size;
	request->done = get->done;
	request->context = get->context;
	request_add(registry, request);
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
