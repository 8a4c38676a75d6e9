/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "build-config.h"
#include "image/registry-http-internal.h"
#include "image/registry-tls.h"
#include "image/registry-url.h"

/* --- a body --- */

/* libcurl's CURLOPT_READFUNCTION. */
static size_t on_read(char *buf, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	const struct http_body *body = &exchange->request.body;
	size_t len = (size_t)MIN((uint64_t)(size * count), body->len - exchange->upload_sent);
	if (body->data) {
		memcpy(buf, (const char *)body->data + exchange->upload_sent, len);
	} else if (len > 0) {
		ssize_t n = RETRY_ON_EINTR(pread(body->fd, buf, len, (off_t)(body->offset + exchange->upload_sent)));
		if (n <= 0) {
			exchange_stop(exchange, HTTP_UNREADABLE,
				      n < 0 ? "what was to be sent cannot be read"
					    : "what was to be sent is shorter than it was");
			return CURL_READFUNC_ABORT;
		}
		len = (size_t)n;
	}
	exchange->upload_sent += len;
	exchange->window_bytes += len;
	if (exchange->request.sent)
		exchange->request.sent(exchange->request.context, exchange->upload_sent);
	return len;
}

/* libcurl's CURLOPT_SEEKFUNCTION: from the beginning, when it has to send the body again. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct exchange *exchange = context;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->request.body.len)
		return CURL_SEEKFUNC_FAIL;
	exchange->upload_sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void prepare_method(struct exchange *exchange)
{
	CURL *easy = exchange->easy;
	const char *method = exchange->request.method;
	if (streq(method, "GET"))
		return;
	if (streq(method, "HEAD")) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->request.body.len);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
}

/* --- headers --- */

static void add_header(struct exchange *exchange, const char *name, const char *value)
{
	if (!value)
		return;
	_cleanup_free_ char *line = mem_printf("%s: %s", name, value);
	exchange->headers = curl_slist_append(exchange->headers, line);
}

static void prepare_headers(struct exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	curl_slist_free_all(exchange->headers);
	exchange->headers = NULL;
	add_header(exchange, "Accept", request->accept);
	add_header(exchange, "Authorization", request->authorization);
	add_header(exchange, "Content-Type", request->content_type);
	add_header(exchange, "Content-Range", request->content_range);
	/* Or libcurl waits for a permission that many servers never give. */
	exchange->headers = curl_slist_append(exchange->headers, "Expect:");
	curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
}

/*
 * On this machine plain HTTP would do as well: an unknown certificate takes nothing away, unless somebody has said which
 * authority is to be trusted.
 */
static int prepare_tls(struct exchange *exchange, const struct url *url, bool loopback)
{
	CURL *easy = exchange->easy;
	_cleanup_tls_files_ struct tls_files files = { 0 };
	struct error err = { 0 };
	if (streq(url->scheme, "https") && tls_files_find(url->host, url->port, &files, &err) < 0) {
		exchange_stop(exchange, HTTP_TLS, err.message);
		return -1;
	}
	bool verify = !exchange->request.insecure && (!loopback || files.authorities);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	tls_files_use(&files, easy);
	return 0;
}

/* libcurl does not read $HTTP_PROXY, which all others do: a web server's scripts can get it from outside, we cannot. */
static void prepare_proxy(struct exchange *exchange, const struct url *url, bool loopback)
{
	const char *upper = streq(url->scheme, "http") && !getenv("http_proxy") ? getenv("HTTP_PROXY") : NULL;
	curl_easy_setopt(exchange->easy, CURLOPT_PROXY, str_is_empty(upper) ? NULL : upper);
	curl_easy_setopt(exchange->easy, CURLOPT_NOPROXY, loopback ? "*" : NULL);
}

int exchange_prepare_hop(struct exchange *exchange, const char *text)
{
	CURL *easy = exchange->easy;
	_cleanup_url_ struct url url = { 0 };
	if (url_parse(text, &url) < 0) {
		exchange_stop(exchange, HTTP_REDIRECT, "it leads to no web server");
		return -1;
	}
	bool loopback = host_is_loopback(url.host);
	exchange->stopped = false;
	free(exchange->answer.url);
	exchange->answer.url = mem_strdup(text);
	prepare_headers(exchange);
	curl_easy_setopt(easy, CURLOPT_URL, text);
	prepare_proxy(exchange, &url, loopback);
	if (prepare_tls(exchange, &url, loopback) < 0)
		return -1;
	exchange->window_start_ns = time_monotonic_ns();
	exchange->window_bytes = exchange->body_bytes = exchange->upload_sent = 0;
	return 0;
}

void exchange_prepare(struct exchange *exchange)
{
	CURL *easy = exchange->easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* who is interrupted does not wait for a name server */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->http->timeouts.connect_ms);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "coffer/" VERSION);
	/* As Go's and OpenSSL's own programs do, so that one variable serves all tools. */
	const char *authorities = getenv("SSL_CERT_FILE");
	if (!str_is_empty(authorities))
		curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
	if (exchange->request.offset) {
		char range[32];
		snprintf(range, sizeof range, "%" PRIu64 "-", exchange->request.offset);
		curl_easy_setopt(easy, CURLOPT_RANGE, range);
	}
	prepare_method(exchange);
	exchange_prepare_answer(exchange);
}
