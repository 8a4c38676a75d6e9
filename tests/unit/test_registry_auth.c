/* SPDX-License-Identifier: Apache-2.0 */
/* What registries ask for, what they get, and which URLs we go to. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-auth.h"
#include "image/registry-credentials.h"
#include "image/registry-internal.h"
#include "image/registry-url.h"

/* --- WWW-Authenticate --- */

static void test_challenges(void **state)
{
	static const struct {
		const char *header;
		enum challenge_scheme scheme;
		const char *realm, *service, *scope;
	} cases[] = {
		{ "Bearer realm=\"https://auth.example/token\",service=\"reg\",scope=\"repository:a/b:pull\"",
		  CHALLENGE_BEARER, "https://auth.example/token", "reg", "repository:a/b:pull" },
		{ "bearer REALM = \"https://a/\" , Service=x", CHALLENGE_BEARER, "https://a/", "x", NULL },
		{ "Basic realm=\"Registry \\\"1\\\"\"", CHALLENGE_BASIC, "Registry \"1\"", NULL, NULL },
		{ "Basic", CHALLENGE_BASIC, NULL, NULL, NULL },
		{ "Basic realm=\"x\", Bearer realm=\"https://a/\"", CHALLENGE_BEARER, "https://a/", NULL, NULL },
		{ "Negotiate abc==, Basic realm=y", CHALLENGE_BASIC, "y", NULL, NULL },
		{ "Bearer realm=\"https://a/\", realm=\"https://evil/\"", CHALLENGE_BEARER, "https://a/", NULL, NULL },
		{ "Digest realm=\"x\"", CHALLENGE_NONE, NULL, NULL, NULL },
		{ "", CHALLENGE_NONE, NULL, NULL, NULL },
		{ ",,, ==== \"", CHALLENGE_NONE, NULL, NULL, NULL },
		{ "Bearer realm=\"never closed", CHALLENGE_BEARER, "never closed", NULL, NULL },
		{ "Bearer realm=\"ends in a backslash\\", CHALLENGE_BEARER, "ends in a backslash\\", NULL, NULL },
		{ "Bearer realm=", CHALLENGE_BEARER, "", NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *headers[] = { (char *)cases[i].header, NULL };
		_cleanup_challenge_ struct challenge challenge = { 0 };
		challenge_parse(headers, &challenge);
		if (challenge.scheme != cases[i].scheme)
			fail_msg("%s: scheme %d", cases[i].header, challenge.scheme);
		if (cases[i].scheme == CHALLENGE_NONE)
			continue;
		assert_true(streq_null(challenge.realm, cases[i].realm));
		assert_true(streq_null(challenge.service, cases[i].service));
		assert_true(streq_null(challenge.scope, cases[i].scope));
	}
}

static void test_several_headers(void **state)
{
	char *headers[] = { (char *)"Basic realm=x", (char *)"Bearer realm=\"https://a/t\"", NULL };
	_cleanup_challenge_ struct challenge challenge = { 0 };
	challenge_parse(headers, &challenge);
	assert_int_equal(challenge.scheme, CHALLENGE_BEARER);
	challenge_done(&challenge);
	challenge_parse(NULL, &challenge);
	assert_int_equal(challenge.scheme, CHALLENGE_NONE);
}

static void test_token_urls(void **state)
{
	static const struct {
		const char *realm, *service, *scope, *url;
	} cases[] = {
		{ "https://a.example/token", "r", "s", "https://a.example/token?service=r&scope=s" },
		{ "https://a.example/token", NULL, "repository:team/app:pull,push",
		  "https://a.example/token?scope=repository%3ateam%2fapp%3apull%2cpush" },
		{ "https://a.example/t?x=1", "a b&c", "s", "https://a.example/t?x=1&service=a+b%26c&scope=s" },
		{ "http://127.0.0.1:5001/t", NULL, "s", "http://127.0.0.1:5001/t?scope=s" },
		{ "http://a.example/token", NULL, NULL, NULL }, /* what it gets must not be read on the way */
		{ "file:///etc/passwd", NULL, NULL, NULL },
		{ "https://user:password@a.example/", NULL, NULL, NULL },
		{ "ftp://a.example/", NULL, NULL, NULL },
		{ "/token", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
		{ NULL, NULL, NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct challenge challenge = { .scheme = CHALLENGE_BEARER,
					       .realm = (char *)cases[i].realm,
					       .service = (char *)cases[i].service };
		char *const scopes[] = { (char *)cases[i].scope, NULL };
		_cleanup_free_ char *url = challenge_token_url(&challenge, scopes, PLAIN_HERE);
		if (!streq_null(url, cases[i].url) && (!url || !cases[i].url || strcasecmp(url, cases[i].url) != 0))
			fail_msg("%s: %s", cases[i].realm, url);
	}
}

/* A registry elsewhere has no business with services on this machine. */
static void test_local_realms(void **state)
{
	struct challenge challenge = { .scheme = CHALLENGE_BEARER, .realm = (char *)"http://localhost/token" };
	char *const scopes[] = { (char *)"repository:a:pull,push", (char *)"repository:b:pull", NULL };
	_cleanup_free_ char *url = challenge_token_url(&challenge, scopes, PLAIN_HERE);
	assert_true(
		strcasecmp(url,
			   "http://localhost/token?scope=repository%3aa%3apull%2cpush&scope=repository%3ab%3apull") ==
		0);
	assert_null(challenge_token_url(&challenge, scopes, PLAIN_NOWHERE));
}

static void test_tokens(void **state)
{
	static const struct {
		const char *text, *authorization;
	} cases[] = {
		{ "{\"token\":\"abc.d-_\",\"expires_in\":300}", "Bearer abc.d-_" },
		{ "{\"access_token\":\"xyz\"}", "Bearer xyz" },
		{ "{\"token\":\"\",\"access_token\":\"xyz\"}", "Bearer xyz" },
		{ "{\"token\":\"a b\"}", NULL },
		{ "{\"token\":\"a\\r\\nHost: evil\"}", NULL },
		{ "{\"token\":\"a\\u0000b\"}", NULL },
		{ "{\"token\":7}", NULL },
		{ "{}", NULL },
		{ "[]", NULL },
		{ "<html>", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_token_ struct token token = { 0 };
		int r = token_parse(cases[i].text, strlen(cases[i].text), &token, NULL);
		assert_int_equal(r, cases[i].authorization ? 0 : -ERR_REG_ANSWER);
		assert_true(streq_null(token.authorization, cases[i].authorization));
	}
}

/* --- credentials --- */

static char folder[64];

static int make_folder(void **state)
{
	str_copy(folder, sizeof folder, "/tmp/coffer-test-auth-XXXXXX");
	if (setenv("REGISTRY_AUTH_FILE", "/nonexistent/auth.json", 1) < 0)
		return -1;
	return mkdtemp(folder) && setenv("DOCKER_CONFIG", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	return path_remove_tree(AT_FDCWD, folder);
}

static void write_config(const char *text)
{
	_cleanup_free_ char *path = path_join(folder, "config.json");
	assert_int_equal(file_write_atomic(AT_FDCWD, path, text, strlen(text), 0600, 0, NULL), 0);
}

static void test_credentials(void **state)
{
	static const struct {
		const char *registry, *authorization, *user;
	} cases[] = {
		{ "docker.io", "Basic aHVib25hdXQ6c2VjcmV0", "hubonaut" },
		{ "localhost:5000", "Basic dXNlcjpwYXNzd29yZA==", "user" },
		{ "old.example", "Basic dXNlcjpwYXNzd29yZA==", "user" },
		{ "helper.example", NULL, NULL },
		{ "localhost", NULL, NULL },
		{ "localhost:50", NULL, NULL },
		{ "evil.example", NULL, NULL },
	};
	write_config("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"aHVib25hdXQ6c2VjcmV0\"},"
		     "\"localhost:5000\":{\"auth\":\"dXNlcjpwYXNzd29yZA==\"},"
		     "\"https://old.example/v2/\":{\"auth\":\"dXNlcjpwYXNzd29yZA==\"},"
		     "\"helper.example\":{}},\"credsStore\":\"pass\"}");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_credentials_ struct credentials credentials = { 0 };
		assert_int_equal(credentials_find(cases[i].registry, NULL, &credentials, NULL), 0);
		assert_true(streq_null(credentials.authorization, cases[i].authorization));
		assert_true(streq_null(credentials.user, cases[i].user));
		assert_true(str_starts_with(credentials.source, folder));
	}
}

static void test_tokens_in_place_of_passwords(void **state)
{
	_cleanup_credentials_ struct credentials identity = { 0 }, registry = { 0 };
	write_config("{\"auths\":{\"a.example\":{\"auth\":\"dXNlcjo=\",\"identitytoken\":\"abc\"},"
		     "\"b.example\":{\"registrytoken\":\"xyz\"}}}");
	assert_int_equal(credentials_find("a.example", NULL, &identity, NULL), 0);
	assert_string_equal(identity.identity_token, "abc");
	assert_string_equal(identity.user, "user");
	assert_int_equal(credentials_find("b.example", NULL, &registry, NULL), 0);
	assert_string_equal(registry.authorization, "Bearer xyz");
}

static void test_made_credentials(void **state)
{
	static const struct {
		const char *user, *password, *authorization;
	} cases[] = {
		{ "user", "password", "Basic dXNlcjpwYXNzd29yZA==" },
		{ "a", "b", "Basic YTpi" },
		{ "a", "bc", "Basic YTpiYw==" },
		{ "a", "bcd", "Basic YTpiY2Q=" },
		{ "\xc3\xbc", "\xff?>", "Basic w7w6/z8+" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_credentials_ struct credentials credentials = { 0 };
		credentials_make(cases[i].user, cases[i].password, &credentials);
		assert_string_equal(credentials.authorization, cases[i].authorization);
	}
}

static void test_broken_credentials(void **state)
{
	static const char *const configs[] = {
		"",
		"[]",
		"{\"auths\":[]}",
		"{\"credHelpers\":[]}",
		"{\"credsStore\":1}",
		"{\"credsStore\":\"../../bin/sh\"}",
		"{\"auths\":{\"r.example\":{\"identitytoken\":\"a b\"}}}",
		"{\"auths\":{\"r.example\":1}}",
		"{\"auths\":{\"r.example\":{\"auth\":1}}}",
		"{\"auths\":{\"r.example\":{\"auth\":\"not base64!\"}}}",
		"{\"auths\":{\"r.example\":{\"auth\":\"YWJj\"}}}",
		"{\"auths\":{\"r.example\":{\"auth\":\"OnB3\"}}}",
		"{\"auths\":{\"r.example\":{\"auth\":\"YTpi=\"}}}",
		"{\"auths\":{\"r.example\":{\"auth\":\"YTpi\\r\\nX: y\"}}}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct credentials credentials = { .user = (char *)"untouched" };
		write_config(configs[i]);
		if (credentials_find("r.example", NULL, &credentials, NULL) != -ERR_REG_AUTH)
			fail_msg("was not refused: %s", configs[i]);
		assert_string_equal(credentials.user, "untouched");
	}
}

static void test_no_credentials(void **state)
{
	_cleanup_free_ char *path = path_join(folder, "config.json");
	(void)path_remove_tree(AT_FDCWD, path);
	_cleanup_credentials_ struct credentials credentials = { 0 };
	assert_int_equal(credentials_find("r.example", NULL, &credentials, NULL), 0);
	assert_null(credentials.authorization);
}

/* --- URLs --- */

static void test_loopback(void **state)
{
	static const char *const yes[] = { "localhost",	    "localhost:5000", "LOCALHOST", "127.0.0.1", "127.0.0.1:1",
					   "127.9.8.7:443", "[::1]:5000",     "[::1]",	   "[0:0::1]" };
	static const char *const no[] = { "127.evil.com", "localhost.evil.com", "localhosts",
					  "128.0.0.1",	  "10.0.0.1:5000",	"[::2]",
					  "[::1",	  "127.0.0.1.x",	"",
					  "example.com",  "1.127.0.0" };
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!host_is_loopback(yes[i]))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (host_is_loopback(no[i]))
			fail_msg("%s", no[i]);
}

static void test_origins(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "https://a.example/x", "https://a.example:443/y", true },
		{ "https://a.example/x", "https://A.EXAMPLE/", true },
		{ "http://a.example/", "http://a.example:80/", true },
		{ "http://a.example/", "https://a.example/", false },
		{ "https://a.example/", "https://a.example:8443/", false },
		{ "https://a.example/", "https://b.example/", false },
		{ "http://[::1]:80/", "http://[::1]/", true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_url_ struct url a = { 0 }, b = { 0 };
		assert_int_equal(url_parse(cases[i].a, &a), 0);
		assert_int_equal(url_parse(cases[i].b, &b), 0);
		assert_int_equal(url_same_origin(&a, &b), cases[i].same);
	}
}

static void test_urls_refused(void **state)
{
	static const char *const texts[] = {
		"",	    "x",	   "//a/",	     "file:///etc/passwd", "ftp://a/",
		"https://", "http://u@a/", "https://u:p@a/", "gopher://a/",	   "javascript:1"
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct url url;
		if (url_parse(texts[i], &url) == 0)
			fail_msg("was not refused: %s", texts[i]);
	}
}

static void test_resolved_urls(void **state)
{
	static const struct {
		const char *base, *reference, *url;
	} cases[] = {
		{ "https://a.example/v2/x/blobs/uploads/", "/v2/x/blobs/uploads/1?_state=a%2Bb%3D",
		  "https://a.example/v2/x/blobs/uploads/1?_state=a%2Bb%3D" },
		{ "https://a.example:5000/v2/x", "https://b.example/y", "https://b.example/y" },
		{ "http://127.0.0.1:5000/v2/x/y", "z?q", "http://127.0.0.1:5000/v2/x/z?q" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *url = url_resolve(cases[i].base, cases[i].reference);
		assert_string_equal(url, cases[i].url);
	}
	assert_null(url_resolve("no url", "x"));
}

/* --- when to ask again --- */

static void test_backoff(void **state)
{
	struct http_answer silent = { .retry_after_s = -1 }, said = { .retry_after_s = 7 },
			   long_said = { .retry_after_s = 3600 };
	int64_t before = 0;
	for (unsigned tries = 1; tries < REGISTRY_TRIES; tries++) {
		int64_t ms = registry_backoff_ms(tries, &silent);
		assert_true(ms > before);
		before = ms;
	}
	assert_int_equal(registry_backoff_ms(1, &said), 7000);
	assert_int_equal(registry_backoff_ms(1, &long_said), 30 * 1000);
}

static void test_what_may_get_better(void **state)
{
	static const struct {
		long status;
		bool transient;
	} cases[] = { { 429, true },  { 500, true },  { 502, true },  { 503, true },  { 504, true },
		      { 501, false }, { 400, false }, { 401, false }, { 404, false }, { 200, false } };
	const struct registry far = { .loopback = false }, here = { .loopback = true };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct http_answer answer = { .outcome = HTTP_ANSWERED, .status = cases[i].status };
		assert_int_equal(registry_is_transient(&far, &answer), cases[i].transient);
	}
	assert_true(registry_is_transient(&here, &(struct http_answer){ .outcome = HTTP_LOST }));
	assert_true(registry_is_transient(&far, &(struct http_answer){ .outcome = HTTP_REFUSED }));
	assert_false(registry_is_transient(&here, &(struct http_answer){ .outcome = HTTP_REFUSED }));
	assert_false(registry_is_transient(&far, &(struct http_answer){ .outcome = HTTP_TLS }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolved_urls),	 cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_several_headers),	 cmocka_unit_test(test_token_urls),
		cmocka_unit_test(test_local_realms),	 cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_credentials),	 cmocka_unit_test(test_tokens_in_place_of_passwords),
		cmocka_unit_test(test_made_credentials), cmocka_unit_test(test_broken_credentials),
		cmocka_unit_test(test_no_credentials),	 cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_origins),		 cmocka_unit_test(test_urls_refused),
		cmocka_unit_test(test_backoff),		 cmocka_unit_test(test_what_may_get_better),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
