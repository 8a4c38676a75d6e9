/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP exchanges, several at a time, in one thread: libcurl's multi interface and poll(). Only http: and https:,
 * verified TLS. Nothing here knows of registries.
 *
 * Ceilings and time-outs hold for every exchange: HTTP_HEADERS_MAX bytes of headers, as much of a body as was
 * allowed and no byte more, HTTP_REDIRECTS_MAX redirects, a limit for the connection, and one for a peer that is slower
 * than a byte a second.
 *
 * Redirects are followed here and not by libcurl, because each hop is judged anew: https: leads to nothing but https:,
 * what was meant for one origin is not told to another, and only a loopback address may have a certificate that nobody
 * signed.
 *
 * libcurl resolves names in a thread of its own, so processes must be forked before http_new().
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum {
	HTTP_HEADERS_MAX = 64 * 1024,
	HTTP_ERROR_BODY_MAX = 64 * 1024, /* of an answer that is not 2xx */
	HTTP_REDIRECTS_MAX = 5,
	HTTP_WATCH_MAX = 8, /* fds that http_run() can watch besides */
};

/* How an exchange ended. */
enum http_outcome {
	HTTP_ANSWERED,	  /* with a status, and the body to its end */
	HTTP_DNS,	  /* the name cannot be resolved */
	HTTP_REFUSED,	  /* nobody listens there */
	HTTP_UNREACHABLE, /* no way to there, or no connection for another reason */
	HTTP_TLS,	  /* no TLS, or none that can be trusted */
	HTTP_TIMEOUT,
	HTTP_LOST,	 /* the connection broke off */
	HTTP_NONSENSE,	 /* what came is not HTTP, or breaks a ceiling */
	HTTP_REDIRECT,	 /* to where we do not go */
	HTTP_UNWANTED,	 /* the receiver of the body refused it */
	HTTP_UNREADABLE, /* our own body cannot be read */
};

struct http_answer {
	enum http_outcome outcome;
	char detail[256];     /* libcurl's words, or ours, for an outcome other than HTTP_ANSWERED */
	long status;	      /* 0 if there was none */
	char *url;	      /* where it came from, after redirects */
	char *address;	      /* "127.0.0.1:5000", of the last connection; or NULL */
	char *content_type;   /* these are NULL where there was no such header */
	char *content_digest; /* Docker-Content-Digest */
	char *content_range;
	char *location;	       /* as it stands there */
	char *link;
	char *subject;	       /* OCI-Subject */
	char *range;	       /* of an upload's state */
	char **challenges;     /* WWW-Authenticate, each */
	int64_t retry_after_s; /* or -1 */
	struct str body;       /* what no receiver took */
};

/* Take some bytes of the body of a 2xx answer, whose status and headers are known. Negative: stop. */
typedef int http_receive_fn(void *context, const struct http_answer *answer, const char *data, size_t len);

/* The exchange is over. The answer is the callee's only during the call, but it may take strings out of it. */
typedef void http_done_fn(void *context, struct http_answer *answer);

/* @sent bytes of the request's body have been given to the network. */
typedef void http_sent_fn(void *context, uint64_t sent);

/* What is sent: a part of a file, or @data, which stays as it is until the exchange ends. */
struct http_body {
	const void *data;
	int fd;
	uint64_t offset, len;
};

struct http_request {
	const char *method; /* a literal; NULL: GET */
	const char *url;
	const char *accept;			  /* or NULL */
	const char *authorization;		  /* or NULL */
	const char *content_type, *content_range; /* or NULL */
	struct http_body body;			  /* of any method but GET and HEAD */
	bool insecure;		   /* its certificate need not be known; to another origin this does not go along */
	bool body_is_secret;			  /* it goes to no other origin */
	unsigned patience;			  /* so many times as long may it stall; 0: once */
	uint64_t offset;			  /* ask for the bytes from here on; what comes is said by the status */
	uint64_t body_max;			  /* of a 2xx answer */
	http_receive_fn *receive;		  /* or NULL: the body is collected in the answer */
	http_sent_fn *sent;			  /* or NULL */
	http_done_fn *done;
	void *context; /* of all of them */
};

struct http;

struct http_timeouts {
	unsigned connect_ms, stall_ms;
};

int http_new(const struct http_timeouts *timeouts, struct http **ret, struct error *err);

/* Ends all exchanges without calling anybody. */
void http_free(struct http *http);

/* Start an exchange; copies the request. It ends with @done, from within http_run() only. */
void http_start(struct http *http, const struct http_request *request);

/*
 * Do what can be done, wait for more (for @timeout_ms at most, -1 is forever) unless an exchange ended, and say in
 * their revents which of @fds (HTTP_WATCH_MAX at most) are ready.
 */
int http_run(struct http *http, struct pollfd *fds, size_t n_fds, int timeout_ms, struct error *err);
