/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One repository of a registry, over the distribution protocol: asynchronous, on the event loop of registry-http.h.
 *
 * A request here is one question as the caller sees it. Behind it there may be several exchanges: for a token, again
 * after a lost connection or a busy server (at most REGISTRY_TRIES without progress), from where a body broke off.
 *
 * Plain HTTP is for registries on this machine, which are asked that way first and over TLS if they want it, and for those
 * that are said to be insecure, over TLS first. All others are asked over verified TLS only.
 *
 * Source: OCI distribution-spec, "Pull", "Push"; distribution, "Token Authentication Specification".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/reference.h"
#include "image/registry-http.h"

enum { REGISTRY_TRIES = 4 };

struct registry;

enum registry_purpose { REGISTRY_PULL, REGISTRY_PUSH, REGISTRY_LOGIN, REGISTRY_SEARCH };

struct registry_options {
	enum registry_purpose purpose;
	bool insecure;		 /* an unknown certificate will do, and so will plain HTTP where nothing else is spoken */
	unsigned timeout_ms;	 /* for connecting and for a stalled peer; 0 is the usual */
	char *const *mount_from; /* strv of repositories of this registry whose blobs it may be asked to mount */
};

/* Starts threads of libcurl's sooner or later: fork first. */
int registry_new(const struct image_reference *reference, const struct registry_options *options, struct registry **ret,
		 struct error *err);

/* Ends all requests without calling anybody. */
void registry_free(struct registry *registry);
static inline void registry_freep(struct registry **registry)
{
	registry_free(*registry);
}
#define _cleanup_registry_ _cleanup_(registry_freep)

/* Take the next bytes of a body; each comes once, in order, however often the connection broke off. */
typedef int registry_receive_fn(void *context, const char *data, size_t len, struct error *err);

/* The end of a request: with its 2xx answer, or with the error (then @answer, if there was one, is of any status). */
typedef void registry_done_fn(void *context, struct http_answer *answer, const struct error *err);

struct registry_request {
	const char *method;   /* a literal; NULL: GET */
	const char *path;     /* below /v2/REPOSITORY/: "manifests/latest"; or ... */
	const char *api_path; /* ... below /v2/: "_catalog"; or ... */
	const char *root_path; /* ... below /: "v1/search"; or ... */
	const char *url;      /* ... what the registry itself has named, see registry_url() */
	const char *accept, *content_type, *content_range; /* or NULL */
	struct http_body body;				   /* see registry-http.h */
	http_sent_fn *sent;				   /* or NULL */
	unsigned patience;				   /* see registry-http.h */
	bool once;					   /* who asks tries again, if that is right */
	int64_t rest_ms;				   /* before it is sent */
	registry_receive_fn *receive;			   /* or NULL: the body is collected in the answer */
	uint64_t size; /* with @receive: of the whole body; else: the most that the body may be */
	uint64_t have; /* with @receive: how much of the body it has already; what follows is asked for */
	registry_done_fn *done;
	void *context; /* of all of them */
};

/* Start a request; copies it, but not its body. It ends with @done, from within registry_run() only. */
void registry_start(struct registry *registry, const struct registry_request *request);

/*
 * The URL that a Location header of @answer means, or NULL if it is none that we go to: https: does not lead to http:.
 * free() it.
 */
char *registry_url(const struct http_answer *answer);

/* Whether what failed so may succeed in a while; and how long to wait for the try after @tries of them. */
bool registry_is_transient(const struct registry *registry, const struct http_answer *answer);
int64_t registry_backoff_ms(unsigned tries, const struct http_answer *answer);

/* One round of the event loop, see http_run(). */
int registry_run(struct registry *registry, struct pollfd *fds, size_t n_fds, int timeout_ms, struct error *err);

/* The same, waiting for nothing else but to be told to stop. */
struct transfer;
int registry_turn(struct registry *registry, const struct transfer *transfer, struct error *err);

/* Use these, whatever the user keeps. What they hold is taken over. */
struct credentials;
void registry_set_credentials(struct registry *registry, struct credentials *credentials);

/* What a token service gave for them, at a login; or NULL. */
const char *registry_identity_token(const struct registry *registry);

/* The name of the registry, for messages: "docker.io". */
const char *registry_name(const struct registry *registry);
