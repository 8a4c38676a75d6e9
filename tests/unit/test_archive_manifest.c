/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of a Docker archive: what is taken, and what is said about what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "image/archive-manifest.h"

static void test_images(void **state)
{
	static const char text[] = "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"h.example/b\"],"
				   "\"Layers\":[\"x/layer.tar\",\"y\"]},{\"Config\":\"d\",\"RepoTags\":null}]";
	_cleanup_archive_manifest_ struct archive_manifest manifest = { 0 };
	assert_int_equal(archive_manifest_parse(text, strlen(text), &manifest, NULL), 0);
	assert_int_equal(manifest.n_images, 2);
	assert_string_equal(manifest.images[0].config, "c.json");
	assert_string_equal(manifest.images[0].names[0], "docker.io/library/a:1");
	assert_string_equal(manifest.images[0].names[1], "h.example/b:latest");
	assert_string_equal(manifest.images[0].layers[1], "y");
	assert_int_equal(strv_count(manifest.images[1].layers), 0);
	assert_int_equal(strv_count(manifest.images[1].names), 0);
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "manifest.json" },
		{ "{}", "expected an array" },
		{ "[]", "expected 1 to 256 images, found 0" },
		{ "[1]", "expected an object" },
		{ "[{}]", "\"Config\" is required" },
		{ "[{\"Config\":\"c\",\"Layers\":[1]}]", "expected a string" },
		{ "[{\"Config\":\"c\",\"RepoTags\":[\"UPPER:1\"]}]", "\"UPPER:1\" is no name with a tag" },
		{ "[{\"Config\":\"c\",\"RepoTags\":[\"\"]}]", "is no name with a tag" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct archive_manifest manifest = { 0 };
		struct error err = { 0 };
		assert_int_equal(archive_manifest_parse(cases[i].text, strlen(cases[i].text), &manifest, &err),
				 -ERR_IMG_MANIFEST);
		assert_non_null(strstr(err.message, cases[i].words));
		assert_null(manifest.images);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
