/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-http.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "image/registry-http-internal.h"
#include "image/registry-url.h"

/* --- an exchange --- */

void exchange_stop(struct exchange *exchange, enum http_outcome outcome, const char *detail)
{
	exchange->stopped = true;
	exchange->answer.outcome = outcome;
	str_copy(exchange->answer.detail, sizeof exchange->answer.detail, detail);
}

static void request_done(struct http_request *request)
{
	free((char *)request->url);
	free((char *)request->accept);
	free((char *)request->authorization);
	free((char *)request->content_type);
	free((char *)request->content_range);
}

static void exchange_free(struct exchange *exchange)
{
	curl_multi_remove_handle(exchange->http->multi, exchange->easy);
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->headers);
	request_done(&exchange->request);
	answer_done(&exchange->answer);
	free(exchange);
}

void http_start(struct http *http, const struct http_request *request)
{
	struct exchange *exchange = NEW(struct exchange);
	exchange->http = http;
	exchange->request = *request;
	exchange->request.method = request->method ? request->method : "GET";
	exchange->request.url = mem_strdup(request->url);
	exchange->request.accept = mem_strdup(request->accept);
	exchange->request.authorization = mem_strdup(request->authorization);
	exchange->request.content_type = mem_strdup(request->content_type);
	exchange->request.content_range = mem_strdup(request->content_range);
	exchange->answer.retry_after_s = -1;
	exchange->easy = curl_easy_init();
	exchange_prepare(exchange);
	exchange->next = http->exchanges;
	http->exchanges = exchange;
	if (exchange_prepare_hop(exchange, request->url) == 0)
		curl_multi_add_handle(http->multi, exchange->easy);
}

/* --- its end --- */

static enum http_outcome outcome_of(CURLcode code, long sys_errno)
{
	static const struct {
		CURLcode code;
		enum http_outcome outcome;
	} outcomes[] = {
		{ CURLE_OK, HTTP_ANSWERED },
		{ CURLE_COULDNT_RESOLVE_HOST, HTTP_DNS },
		{ CURLE_COULDNT_RESOLVE_PROXY, HTTP_DNS },
		{ CURLE_SSL_CONNECT_ERROR, HTTP_TLS },
		{ CURLE_PEER_FAILED_VERIFICATION, HTTP_TLS },
		{ CURLE_SSL_CERTPROBLEM, HTTP_TLS },
		{ CURLE_SSL_CACERT_BADFILE, HTTP_TLS },
		{ CURLE_SSL_CIPHER, HTTP_TLS },
		{ CURLE_SSL_INVALIDCERTSTATUS, HTTP_TLS },
		{ CURLE_OPERATION_TIMEDOUT, HTTP_TIMEOUT },
		{ CURLE_GOT_NOTHING, HTTP_LOST },
		{ CURLE_SEND_ERROR, HTTP_LOST },
		{ CURLE_RECV_ERROR, HTTP_LOST },
		{ CURLE_PARTIAL_FILE, HTTP_LOST },
		{ CURLE_HTTP2, HTTP_LOST },
		{ CURLE_HTTP2_STREAM, HTTP_LOST },
	};
	if (code == CURLE_COULDNT_CONNECT)
		return sys_errno == ECONNREFUSED ? HTTP_REFUSED : HTTP_UNREACHABLE;
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		if (outcomes[i].code == code)
			return outcomes[i].outcome;
	return HTTP_NONSENSE;
}

static const char *words_of(const struct exchange *exchange, CURLcode code)
{
	if (code == CURLE_OK)
		return "";
	if (code == CURLE_OUT_OF_MEMORY) /* its way to say that a line goes beyond its own limit */
		return "one of its headers has no end";
	return exchange->words[0] ? exchange->words : curl_easy_strerror(code);
}

static void note_address(struct exchange *exchange)
{
	char *ip = NULL;
	long port = 0;
	curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_PORT, &port);
	if (str_is_empty(ip))
		return;
	free(exchange->answer.address);
	exchange->answer.address = mem_printf(strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
}

static void note_result(struct exchange *exchange, CURLcode code)
{
	struct http_answer *answer = &exchange->answer;
	long sys_errno = 0;
	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &sys_errno);
	note_address(exchange);
	if (exchange->stopped)
		return;
	answer->outcome = outcome_of(code, sys_errno);
	str_copy(answer->detail, sizeof answer->detail, words_of(exchange, code));
}

/* One that carries a body is sent on only where that means the same again (RFC 9110, section 15.4). */
static bool is_redirect(const struct exchange *exchange, long status)
{
	const char *method = exchange->request.method;
	if (!streq(method, "GET") && !streq(method, "HEAD"))
		return status == 307 || status == 308;
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Whether this answer sends us on, and we went. */
static bool follow(struct exchange *exchange)
{
	struct http_answer *answer = &exchange->answer;
	char *location = NULL;
	if (answer->outcome != HTTP_ANSWERED || !is_redirect(exchange, answer->status))
		return false;
	curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &location);
	_cleanup_url_ struct url from = { 0 }, to = { 0 };
	_cleanup_free_ char *target = mem_strdup(location);
	if (!target || url_parse(target, &to) < 0 || url_parse(answer->url, &from) < 0) {
		exchange_stop(exchange, HTTP_REDIRECT, "it leads to no web server");
		return false;
	}
	if (++exchange->redirects > HTTP_REDIRECTS_MAX) {
		exchange_stop(exchange, HTTP_REDIRECT, "there are too many of them");
		return false;
	}
	if (streq(from.scheme, "https") && !streq(to.scheme, "https")) {
		exchange_stop(exchange, HTTP_REDIRECT, "it leads from https to plain http");
		return false;
	}
	if (!url_same_origin(&from, &to)) {
		if (exchange->request.body_is_secret) {
			exchange_stop(exchange, HTTP_REDIRECT, "it leads a secret to another server");
			return false;
		}
		free((char *)exchange->request.authorization);
		exchange->request.authorization = NULL;
		exchange->request.insecure = false;
	}
	str_truncate(&answer->body, 0);
	return exchange_prepare_hop(exchange, target) == 0;
}

static void unlink_exchange(struct exchange *exchange)
{
	struct exchange **at = &exchange->http->exchanges;
	while (*at != exchange)
		at = &(*at)->next;
	*at = exchange->next;
}

/* It is in no list any more. */
static void end(struct exchange *exchange)
{
	exchange->http->any_ended = true;
	exchange->request.done(exchange->request.context, &exchange->answer);
	exchange_free(exchange);
}

static void collect_finished(struct http *http)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct exchange *exchange = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
		note_result(exchange, code);
		curl_multi_remove_handle(http->multi, exchange->easy); /* ends the life of the message */
		if (follow(exchange)) {
			curl_multi_add_handle(http->multi, exchange->easy);
			continue;
		}
		unlink_exchange(exchange);
		end(exchange);
	}
}

static int64_t stall_limit(const struct exchange *exchange)
{
	unsigned patience = MAX(exchange->request.patience, 1U);
	return (int64_t)exchange->http->timeouts.stall_ms * patience * NSEC_PER_MSEC;
}

/* Less than a byte a second in the window that is over: the peer has stalled. */
static void check_stall(struct exchange *exchange, int64_t now)
{
	int64_t limit = stall_limit(exchange);
	if (exchange->stopped || now - exchange->window_start_ns < limit)
		return;
	if (exchange->window_bytes < (uint64_t)(limit / NSEC_PER_SEC) + 1) {
		exchange_stop(exchange, HTTP_TIMEOUT, "it sends nothing any more");
		note_result(exchange, CURLE_OPERATION_TIMEDOUT);
	}
	exchange->window_start_ns = now;
	exchange->window_bytes = 0;
}

static struct exchange *take_stopped(struct http *http)
{
	struct exchange **at = &http->exchanges;
	while (*at && !(*at)->stopped)
		at = &(*at)->next;
	struct exchange *found = *at;
	if (found)
		*at = found->next;
	return found;
}

/* Those that never began (a URL that is none) and those that have stalled; libcurl does not know that they are over. */
static void collect_stopped(struct http *http, int64_t now)
{
	for (struct exchange *exchange = http->exchanges; exchange; exchange = exchange->next)
		check_stall(exchange, now);
	for (struct exchange *exchange; (exchange = take_stopped(http));)
		end(exchange);
}

/* --- the loop --- */

int http_new(const struct http_timeouts *timeouts, struct http **ret, struct error *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_INTERNAL, "libcurl cannot be initialised");
	struct http *http = NEW(struct http);
	http->multi = curl_multi_init();
	http->timeouts = *timeouts;
	*ret = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	while (http->exchanges) {
		struct exchange *exchange = http->exchanges;
		http->exchanges = exchange->next;
		exchange_free(exchange);
	}
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	free(http);
}

/* The time until the next exchange may have stalled, if that comes first. */
static int limit_wait(const struct http *http, int timeout_ms, int64_t now)
{
	for (const struct exchange *exchange = http->exchanges; exchange; exchange = exchange->next) {
		int64_t at = exchange->window_start_ns + stall_limit(exchange);
		int64_t left = MAX(at - now, INT64_C(0)) / NSEC_PER_MSEC + 1;
		if (timeout_ms < 0 || left < timeout_ms)
			timeout_ms = (int)left;
	}
	return timeout_ms;
}

/* libcurl waits for its own sockets and ours, but tells of ours no more than that they can be read. */
static int wait_for_events(struct http *http, struct pollfd *fds, size_t n_fds, int timeout_ms, struct error *err)
{
	struct curl_waitfd extra[HTTP_WATCH_MAX];
	for (size_t i = 0; i < n_fds; i++)
		extra[i] = (struct curl_waitfd){ .fd = fds[i].fd,
						 .events = fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0 };
	enum { LONGEST_MS = 60 * 1000 };
	int wait = timeout_ms < 0 ? LONGEST_MS : MIN(timeout_ms, (int)LONGEST_MS);
	CURLMcode code = curl_multi_poll(http->multi, extra, (unsigned)n_fds, wait, NULL);
	if (code != CURLM_OK)
		return err_set(err, ERR_INTERNAL, "wait for the network: %s", curl_multi_strerror(code));
	if (poll(fds, (nfds_t)n_fds, 0) < 0 && errno != EINTR)
		return err_sys(err, errno, "poll");
	return 0;
}

int http_run(struct http *http, struct pollfd *fds, size_t n_fds, int timeout_ms, struct error *err)
{
	int running;
	if (n_fds > HTTP_WATCH_MAX)
		return err_set(err, ERR_INTERNAL, "too many files to watch");
	http->any_ended = false;
	CURLMcode code = curl_multi_perform(http->multi, &running);
	if (code != CURLM_OK)
		return err_set(err, ERR_INTERNAL, "transfer: %s", curl_multi_strerror(code));
	collect_finished(http);
	int64_t now = time_monotonic_ns();
	collect_stopped(http, now);
	int wait = http->any_ended ? 0 : limit_wait(http, timeout_ms, now);
	return wait_for_events(http, fds, n_fds, wait, err);
}
