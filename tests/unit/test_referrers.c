/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests that refer to another one, and the list that is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/manifest.h"
#include "image/referrers.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define D(digit) "sha256:" HEX digit
#define ENTRY(digest) "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" digest "\",\"size\":7}"

/* The table of the specification. */
static void test_tag(void **state)
{
	static const char *const tags[][2] = {
		{ D("0"), "sha256-" HEX "0" },
		{ "sha512:" HEX "0" HEX "1", "sha512-" HEX "0" },
		{ "test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall+truncation:"
		  "alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsAndLotsOfCharactersToExcerciseEncodedTruncation",
		  "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacementAndLotsAndLot" },
	};
	char buf[REFERRERS_TAG_MAX + 1];
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		assert_string_equal(referrers_tag(tags[i][0], buf), tags[i][1]);
}

static int parse(const char *text, struct referrer *ret, struct error *err)
{
	return referrer_parse(text, strlen(text), MEDIA_OCI_MANIFEST, D("9"), ret, err);
}

static void test_referrer(void **state)
{
	_cleanup_referrer_ struct referrer referrer = { 0 };
	struct error err = { 0 };
	assert_int_equal(parse("{\"subject\":{\"digest\":\"" D(
				       "1") "\"},\"artifactType\":\"a/b\","
					    "\"config\":{\"mediaType\":\"c/d\"},\"annotations\":{\"k\":\"v/w\"}}",
			       &referrer, &err),
			 0);
	assert_string_equal(referrer.subject, D("1"));
	_cleanup_free_ char *descriptor = mem_strdup(json_text(referrer.descriptor));
	assert_non_null(strstr(descriptor, "\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" D("9") "\""));
	assert_non_null(strstr(descriptor, "\"artifactType\":\"a/b\",\"annotations\":{\"k\":\"v/w\"}"));
}

static void test_the_type_of_the_config_stands_for_none(void **state)
{
	_cleanup_referrer_ struct referrer referrer = { 0 };
	assert_int_equal(parse("{\"subject\":{\"digest\":\"" D(
				       "1") "\"},\"artifactType\":\"\",\"config\":{\"mediaType\":\"c/d\"}}",
			       &referrer, NULL),
			 0);
	assert_non_null(strstr(json_text(referrer.descriptor), "\"artifactType\":\"c/d\""));
}

static void test_what_refers_to_nothing(void **state)
{
	_cleanup_referrer_ struct referrer referrer = { 0 };
	struct error err = { 0 };
	assert_int_equal(parse("{}", &referrer, &err), 0);
	assert_null(referrer.subject);
	assert_int_equal(parse("{\"subject\":null}", &referrer, &err), 0);
	assert_null(referrer.subject);
	assert_int_equal(parse("{\"subject\":{\"digest\":\"x\"}}", &referrer, &err), -ERR_IMG_MANIFEST);
	assert_non_null(strstr(err.message, "\"x\" is not a digest"));
	assert_int_equal(parse("{\"subject\":{}}", &referrer, NULL), -ERR_IMG_MANIFEST);
	assert_int_equal(parse("[]", &referrer, NULL), -ERR_IMG_MANIFEST);
}

static int add(const char *list, const struct referrer *referrer, char **ret, struct error *err)
{
	return referrers_add(list, list ? strlen(list) : 0, referrer, ret, err);
}

static void test_list(void **state)
{
	_cleanup_referrer_ struct referrer referrer = { 0 };
	_cleanup_free_ char *first = NULL, *second = NULL, *none = NULL;
	assert_int_equal(parse("{\"subject\":{\"digest\":\"" D("1") "\"}}", &referrer, NULL), 0);
	assert_int_equal(add(NULL, &referrer, &first, NULL), 1);
	assert_non_null(strstr(first, "\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[{"));
	assert_int_equal(add(first, &referrer, &none, NULL), 0);
	/* What others wrote stays as it is, to the members that we do not know. */
	assert_int_equal(add("{\"manifests\":[" ENTRY(D("2")) "],\"more\":[1]}", &referrer, &second, NULL), 1);
	assert_non_null(strstr(second, ENTRY(D("2")) ",{"));
	assert_non_null(strstr(second, "\"more\":[1]"));
}

static void test_what_is_no_list(void **state)
{
	static const char *const texts[] = {
		"",	  "[]",
		"{}",	  "{\"manifests\":{}}",
		"<html>", "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"manifests\":[]}",
	};
	_cleanup_referrer_ struct referrer referrer = { 0 };
	assert_int_equal(parse("{\"subject\":{\"digest\":\"" D("1") "\"}}", &referrer, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *text = NULL;
		struct error err = { 0 };
		assert_int_equal(add(texts[i], &referrer, &text, &err), -ERR_REG_ANSWER);
		assert_null(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_referrer),
		cmocka_unit_test(test_the_type_of_the_config_stands_for_none),
		cmocka_unit_test(test_what_refers_to_nothing),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_what_is_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
