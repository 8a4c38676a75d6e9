/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-http.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/time.h"
#include "base/util.h"
#include "build-config.h"
#include "image/registry-url.h"

struct exchange {
	struct http *http;
	struct exchange *next;
	CURL *easy;
	struct curl_slist *headers;
	struct http_request request; /* its strings are ours */
	struct http_answer answer;
	char words[CURL_ERROR_SIZE];
	size_t header_bytes; /* of all hops */
	uint64_t body_bytes; /* of this hop */
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

/* --- what came --- */

static void stop(struct exchange *exchange, enum http_outcome outcome, const char *detail)
{
	exchange->stopped = true;
	exchange->answer.outcome = outcome;
	str_copy(exchange->answer.detail, sizeof exchange->answer.detail, detail);
}

static void forget_headers(struct http_answer *answer)
{
	free(answer->content_type);
	free(answer->content_digest);
	free(answer->content_range);
	strv_free(answer->challenges);
	answer->content_type = answer->content_digest = answer->content_range = NULL;
	answer->challenges = NULL;
	answer->retry_after_s = -1;
}

static void answer_done(struct http_answer *answer)
{
	forget_headers(answer);
	free(answer->url);
	free(answer->address);
	str_done(&answer->body);
}

static void keep(char **where, const char *value)
{
	free(*where);
	*where = mem_strdup(value);
}

static void take_header(struct http_answer *answer, const char *name, const char *value)
{
	uint64_t seconds;
	if (strcasecmp(name, "Content-Type") == 0)
		keep(&answer->content_type, value);
	else if (strcasecmp(name, "Docker-Content-Digest") == 0)
		keep(&answer->content_digest, value);
	else if (strcasecmp(name, "Content-Range") == 0)
		keep(&answer->content_range, value);
	else if (strcasecmp(name, "WWW-Authenticate") == 0)
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
		stop(exchange, HTTP_NONSENSE, "its headers have no end");
		return 0;
	}
	_cleanup_free_ char *line = mem_strndup(data, len);
	if (str_starts_with(line, "HTTP/")) {
		forget_headers(&exchange->answer); /* of an interim answer */
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
	stop(exchange, HTTP_ANSWERED, "");
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
		stop(exchange, HTTP_NONSENSE, text);
		return 0;
	}
	if (!exchange->request.receive) {
		str_append_len(&answer->body, data, len);
	} else if (exchange->request.receive(exchange->request.context, answer, data, len) < 0) {
		stop(exchange, HTTP_UNWANTED, "its receiver refused it");
		return 0;
	}
	return len;
}

/* --- an exchange --- */

static void exchange_free(struct exchange *exchange)
{
	curl_multi_remove_handle(exchange->http->multi, exchange->easy);
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->headers);
	free((char *)exchange->request.url);
	free((char *)exchange->request.accept);
	free((char *)exchange->request.authorization);
	answer_done(&exchange->answer);
	free(exchange);
}

static void add_header(struct exchange *exchange, const char *name, const char *value)
{
	_cleanup_free_ char *line = mem_printf("%s: %s", name, value);
	exchange->headers = curl_slist_append(exchange->headers, line);
}

/* Everything that depends on where this hop goes. */
static int prepare_hop(struct exchange *exchange, const char *text)
{
	CURL *easy = exchange->easy;
	_cleanup_url_ struct url url = { 0 };
	if (url_parse(text, &url) < 0) {
		stop(exchange, HTTP_REDIRECT, "it leads to no web server");
		return -1;
	}
	bool loopback = host_is_loopback(url.host);
	keep(&exchange->answer.url, text);
	curl_slist_free_all(exchange->headers);
	exchange->headers = NULL;
	if (exchange->request.accept)
		add_header(exchange, "Accept", exchange->request.accept);
	if (exchange->request.authorization)
		add_header(exchange, "Authorization", exchange->request.authorization);
	curl_easy_setopt(easy, CURLOPT_URL, text);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
	/* On this machine plain HTTP would do as well: an unknown certificate takes nothing away. */
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, loopback ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, loopback ? 0L : 2L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, loopback ? "*" : NULL);
	exchange->window_start_ns = time_monotonic_ns();
	exchange->window_bytes = exchange->body_bytes = 0;
	exchange->stopped = false;
	return 0;
}

static void prepare_easy(struct exchange *exchange)
{
	CURL *easy = exchange->easy;
	const struct http_timeouts *timeouts = &exchange->http->timeouts;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* who is interrupted does not wait for a name server */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeouts->connect_ms);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
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
}

void http_start(struct http *http, const struct http_request *request)
{
	struct exchange *exchange = NEW(struct exchange);
	exchange->http = http;
	exchange->request = *request;
	exchange->request.url = mem_strdup(request->url);
	exchange->request.accept = mem_strdup(request->accept);
	exchange->request.authorization = mem_strdup(request->authorization);
	exchange->answer.retry_after_s = -1;
	exchange->easy = curl_easy_init();
	prepare_easy(exchange);
	exchange->next = http->exchanges;
	http->exchanges = exchange;
	if (prepare_hop(exchange, request->url) == 0)
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

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Whether this answer sends us on, and we went. */
static bool follow(struct exchange *exchange)
{
	struct http_answer *answer = &exchange->answer;
	char *location = NULL;
	if (answer->outcome != HTTP_ANSWERED || !is_redirect(answer->status))
		return false;
	curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &location);
	_cleanup_url_ struct url from = { 0 }, to = { 0 };
	_cleanup_free_ char *target = mem_strdup(location);
	if (!target || url_parse(target, &to) < 0 || url_parse(answer->url, &from) < 0) {
		stop(exchange, HTTP_REDIRECT, "it leads to no web server");
		return false;
	}
	if (++exchange->redirects > HTTP_REDIRECTS_MAX) {
		stop(exchange, HTTP_REDIRECT, "there are too many of them");
		return false;
	}
	if (streq(from.scheme, "https") && !streq(to.scheme, "https")) {
		stop(exchange, HTTP_REDIRECT, "it leads from https to plain http");
		return false;
	}
	if (!url_same_origin(&from, &to)) {
		free((char *)exchange->request.authorization);
		exchange->request.authorization = NULL;
	}
	str_truncate(&answer->body, 0);
	return prepare_hop(exchange, target) == 0;
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

/* Less than a byte a second in the window that is over: the peer has stalled. */
static void check_stall(struct exchange *exchange, int64_t now)
{
	int64_t limit = exchange->http->timeouts.stall_ms * NSEC_PER_MSEC;
	if (exchange->stopped || now - exchange->window_start_ns < limit)
		return;
	if (exchange->window_bytes < (uint64_t)(limit / NSEC_PER_SEC) + 1) {
		stop(exchange, HTTP_TIMEOUT, "it sends nothing any more");
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
		int64_t at = exchange->window_start_ns + http->timeouts.stall_ms * NSEC_PER_MSEC;
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
