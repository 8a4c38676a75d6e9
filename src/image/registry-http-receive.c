/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/util.h"
#include "image/registry-http-internal.h"

void answer_forget_headers(struct http_answer *answer)
{
	free(answer->content_type);
	free(answer->content_digest);
	free(answer->content_range);
	free(answer->location);
	free(answer->range);
	free(answer->link);
	free(answer->subject);
	strv_free(answer->challenges);
	answer->content_type = answer->content_digest = answer->content_range = NULL;
	answer->location = answer->range = answer->link = answer->subject = NULL;
	answer->challenges = NULL;
	answer->retry_after_s = -1;
}

void answer_done(struct http_answer *answer)
{
	answer_forget_headers(answer);
	free(answer->url);
	free(answer->address);
	str_done(&answer->body);
}

static void take_header(struct http_answer *answer, const char *name, const char *value)
{
	const struct {
		const char *name;
		char **where;
	} kept[] = {
		{ "Content-Type", &answer->content_type },
		{ "Docker-Content-Digest", &answer->content_digest },
		{ "Content-Range", &answer->content_range },
		{ "Location", &answer->location },
		{ "Range", &answer->range },
		{ "Link", &answer->link },
		{ "OCI-Subject", &answer->subject },
	};
	uint64_t seconds;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (strcasecmp(name, kept[i].name) == 0) {
			free(*kept[i].where);
			*kept[i].where = mem_strdup(value);
		}
	}
	if (strcasecmp(name, "WWW-Authenticate") == 0)
		strv_append(&answer->challenges, value);
	else if (strcasecmp(name, "Retry-After") == 0 && parse_u64(value, INT32_MAX, &seconds, NULL) == 0)
		answer->retry_after_s = (int64_t)seconds;
}

/* libcurl's CURLOPT_HEADERFUNCTION: one line, the status line included. */
static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	size_t len = size * count;
	exchange->header_bytes += len;
	exchange->window_bytes += len;
	if (exchange->header_bytes > HTTP_HEADERS_MAX) {
		exchange_stop(exchange, HTTP_NONSENSE, "its headers have no end");
		return 0;
	}
	_cleanup_free_ char *line = mem_strndup(data, len);
	if (str_starts_with(line, "HTTP/")) {
		answer_forget_headers(&exchange->answer); /* of an interim answer */
		return len;
	}
	char *colon = strchr(line, ':');
	if (!colon)
		return len;
	*colon = '\0';
	char *value = colon + 1 + strspn(colon + 1, " \t");
	value[strcspn(value, "\r\n")] = '\0';
	take_header(&exchange->answer, line, value);
	return len;
}

/* An answer that is no success: its body may explain it, and is of no other use. */
static size_t take_error_body(struct exchange *exchange, const char *data, size_t len)
{
	size_t room = HTTP_ERROR_BODY_MAX - exchange->answer.body.len;
	str_append_len(&exchange->answer.body, data, MIN(len, room));
	if (len <= room)
		return len;
	exchange_stop(exchange, HTTP_ANSWERED, "");
	return 0;
}

/* libcurl's CURLOPT_WRITEFUNCTION. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	struct http_answer *answer = &exchange->answer;
	size_t len = size * count;
	exchange->window_bytes += len;
	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	if (answer->status < 200 || answer->status > 299)
		return take_error_body(exchange, data, len);
	exchange->body_bytes += len;
	if (exchange->body_bytes > exchange->request.body_max) {
		char text[96];
		snprintf(text, sizeof text, "the body is longer than %" PRIu64 " bytes", exchange->request.body_max);
		exchange_stop(exchange, HTTP_NONSENSE, text);
		return 0;
	}
	if (!exchange->request.receive) {
		str_append_len(&answer->body, data, len);
	} else if (exchange->request.receive(exchange->request.context, answer, data, len) < 0) {
		exchange_stop(exchange, HTTP_UNWANTED, "its receiver refused it");
		return 0;
	}
	return len;
}

void exchange_prepare_answer(struct exchange *exchange)
{
	CURL *easy = exchange->easy;
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words);
}
