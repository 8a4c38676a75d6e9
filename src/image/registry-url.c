/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

static void curl_urlp(CURLU **handle)
{
	curl_url_cleanup(*handle);
}

static CURLU *open_url(const char *text)
{
	CURLU *handle = curl_url();
	/* Without a scheme libcurl would guess one. */
	if (handle && curl_url_set(handle, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
		curl_url_cleanup(handle);
		return NULL;
	}
	return handle;
}

/* As our own memory; NULL if the URL does not have this part. */
static char *get_part(CURLU *handle, CURLUPart part)
{
	char *text = NULL;
	if (curl_url_get(handle, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) != CURLUE_OK)
		return NULL;
	char *copy = mem_strdup(text);
	curl_free(text);
	return copy;
}

int url_parse(const char *text, struct url *ret)
{
	_cleanup_(curl_urlp) CURLU *handle = open_url(text);
	if (!handle)
		return -1;
	_cleanup_free_ char *user = get_part(handle, CURLUPART_USER), *password = get_part(handle, CURLUPART_PASSWORD);
	_cleanup_free_ char *scheme = get_part(handle, CURLUPART_SCHEME), *host = get_part(handle, CURLUPART_HOST),
			    *port = get_part(handle, CURLUPART_PORT);
	bool web = scheme && (streq(scheme, "http") || streq(scheme, "https"));
	if (!web || str_is_empty(host) || !port || user || password)
		return -1;
	*ret = (struct url){ .scheme = TAKE_PTR(scheme), .host = TAKE_PTR(host), .port = TAKE_PTR(port) };
	return 0;
}

void url_done(struct url *url)
{
	free(url->scheme);
	free(url->host);
	free(url->port);
	*url = (struct url){ 0 };
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return streq(a->scheme, b->scheme) && strcasecmp(a->host, b->host) == 0 && streq(a->port, b->port);
}

bool host_is_loopback(const char *host)
{
	const char *end = *host == '[' ? strchr(host, ']') : strchr(host, ':');
	_cleanup_free_ char *name = end ? mem_strndup(host, (size_t)(end - host)) : mem_strdup(host);
	struct in_addr v4;
	struct in6_addr v6;
	if (*name == '[')
		return end && inet_pton(AF_INET6, name + 1, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	if (inet_pton(AF_INET, name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcasecmp(name, "localhost") == 0;
}

char *url_add_query(const char *url, const char *name, const char *value)
{
	_cleanup_(curl_urlp) CURLU *handle = open_url(url);
	_cleanup_free_ char *pair = mem_printf("%s=%s", name, value);
	if (!handle || curl_url_set(handle, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE) != CURLUE_OK)
		return NULL;
	return get_part(handle, CURLUPART_URL);
}

char *url_resolve(const char *base, const char *reference)
{
	_cleanup_(curl_urlp) CURLU *handle = open_url(base);
	/* libcurl resolves what it is given against what it has. */
	if (!handle || curl_url_set(handle, CURLUPART_URL, reference, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return NULL;
	return get_part(handle, CURLUPART_URL);
}

void form_add(struct str *form, const char *name, const char *value)
{
	if (!value)
		return;
	char *escaped = curl_easy_escape(NULL, value, 0);
	str_appendf(form, "%s%s=%s", form->len > 0 ? "&" : "", name, escaped ? escaped : "");
	curl_free(escaped);
}
