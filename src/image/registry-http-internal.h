/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the files of the HTTP client.
 *
 *	registry-http.c          exchanges: their begin, their end, and the event loop
 *	registry-http-send.c     what is sent, on each hop anew
 *	registry-http-receive.c  what comes, with its ceilings
 */
#pragma once

#include <curl/curl.h>

#include "image/registry-http.h"

struct exchange {
	struct http *http;
	struct exchange *next;
	CURL *easy;
	struct curl_slist *headers;
	struct http_request request; /* its strings are ours */
	struct http_answer answer;
	char words[CURL_ERROR_SIZE];
	size_t header_bytes;  /* of all hops */
	uint64_t body_bytes;  /* of this hop */
	uint64_t upload_sent; /* the same, of our body */
	unsigned redirects;
	bool stopped; /* by one of our callbacks, which has set the answer's outcome and detail */
	/* The bytes since a moment, for telling whether the peer stalls. */
	int64_t window_start_ns;
	uint64_t window_bytes;
};

struct http {
	CURLM *multi;
	struct http_timeouts timeouts;
	struct exchange *exchanges;
	bool any_ended; /* in this round */
};

/* Our decision that it is over, from within a callback of libcurl's or before it knows of the exchange. */
void exchange_stop(struct exchange *exchange, enum http_outcome outcome, const char *detail);

/* All that does not depend on where a hop goes. */
void exchange_prepare(struct exchange *exchange);

/* The rest, for the hop to @url. Returns -1 if the exchange was stopped. */
int exchange_prepare_hop(struct exchange *exchange, const char *url);

/* Let libcurl give what comes to us. */
void exchange_prepare_answer(struct exchange *exchange);

/* Forget what the last answer's headers said. */
void answer_forget_headers(struct http_answer *answer);
void answer_done(struct http_answer *answer);
