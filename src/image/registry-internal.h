/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the files of the registry client.
 *
 *	registry.c          the registry: begin, end, and the event loop
 *	registry-request.c  a request's way: sent, its body passed on, sent again, given up
 *	registry-token.c    answered with 401: what to do for it
 */
#pragma once

#include <stdbool.h>

#include "image/registry-auth.h"
#include "image/registry-credentials.h"
#include "image/registry-errors.h"
#include "image/registry.h"

enum request_state {
	REQUEST_UNDER_WAY, /* in an exchange */
	REQUEST_WAITING,   /* for the token */
	REQUEST_RESTING,   /* before the next try */
};

struct request {
	struct registry *registry;
	struct request *next;
	enum request_state state;
	char *url;  /* of a token service, or of the registry's choice; or NULL ... */
	char *path; /* ... below / */
	bool is_token;
	const char *method;
	char *accept, *content_type, *content_range;
	struct http_body body;
	char *own_body; /* what the body is, if it is ours; and secret */
	http_sent_fn *sent;
	unsigned patience;
	bool once;
	registry_receive_fn *receive;
	uint64_t size;
	registry_done_fn *done;
	void *context;

	unsigned tries; /* without progress */
	int64_t rest_until_ns;
	unsigned generation;	   /* of the authorization that it was last sent with */
	bool refreshed;		   /* it has had the authorization renewed once */
	uint64_t delivered;	   /* bytes of the body that the receiver has */
	uint64_t delivered_before; /* at the last failure */
	uint64_t position;	   /* of the next byte of the current answer's body */
	bool sent_plain;	   /* over http: */
	bool started;		   /* the current answer's first bytes were seen */
	struct error receive_error;
	struct error probe_error; /* what it fails with, unless the probe finds out more */
};

struct registry {
	struct http *http;
	char *name, *server, *repository, *image;
	enum registry_purpose purpose;
	enum error_stage stage; /* of the errors */
	char **scopes;		/* of the tokens that we ask for */
	bool loopback;
	bool insecure;	/* as configured */
	bool plain;	/* http: and not https: */
	bool tried_tls; /* of one that may be plain */
	bool settled;	/* of such a one: it has answered as a registry does, so `plain` is right */
	struct request *requests;

	struct credentials credentials;
	bool have_credentials; /* they were looked for */
	char *identity_token;  /* of this login */
	char *authorization;   /* what requests are sent with, or NULL */
	unsigned generation;   /* how often it changed */
	bool token_pending;
};

struct registry_place place_of(const struct registry *registry);

/* Add it to the registry's requests, and send it. */
void request_add(struct registry *registry, struct request *request);

/* Send it, or send it again; or let it wait for the token. */
void request_send(struct request *request);

/* Tell its caller, and free it. With @err NULL: in success. */
void request_end(struct request *request, struct http_answer *answer, const struct error *err);
void request_free(struct request *request);

/* End it with @err, which gets the stage. */
void request_refuse(struct request *request, struct http_answer *answer, struct error *err);

/* End it: 401 or 403 for good. */
void request_deny(struct request *request, struct http_answer *answer);

/* Answered with 401: get what it takes and try again, once. */
void request_challenged(struct request *request, struct http_answer *answer);
