/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of containers: lists of ranges, what people write, and what --userns can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/util.h"
#include "engine/id-mapping.h"
#include "engine/userns-mode.h"

#define TEXTS(...) ((char *const[]){ (char *)__VA_ARGS__, NULL })

static char *shown(const struct id_list *list)
{
	_cleanup_strv_ char **texts = id_list_texts(list);
	return strv_join(texts, " ");
}

static void test_texts_make_lists(void **state)
{
	const struct id_list own = { (struct spec_id_mapping[]){ { 0, 1000, 1 }, { 1, 100000, 65536 } }, 2 };
	static const struct {
		const char *texts[4], *expected;
	} rows[] = {
		{ { "0:100000:65536" }, "0:100000:65536" },
		{ { "5:7" }, "5:7:1" },
		{ { "4294967294:0:1" }, "4294967294:0:1" },
		{ { "0:0:4294967295" }, "0:0:4294967295" },
		{ { "0:@1000" }, "0:0:1" },
		{ { "0:@100005:10" }, "0:6:10" },
		{ { "0:10:10", "+5:50:1" }, "0:10:5 6:16:4 5:50:1" },
		{ { "0:10:10", "+50:15:1" }, "0:10:5 6:16:4 50:15:1" },
		{ { "0:10:10", "+0:10:10" }, "0:10:10" },
		{ { "0:10:10", "+0:50:5" }, "5:15:5 0:50:5" },
		{ { "0:10:10", "+9:100:5" }, "0:10:9 9:100:5" },
		{ { "0:10:10", "+20:5:100" }, "20:5:100" },
		{ { "0:10:10", "+3:14:1" }, "0:10:3 5:15:5 3:14:1" },
		{ { "+2000:@1000" }, "1:1:1999 2001:2001:63536 2000:0:1" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_id_list_ struct id_list list = { 0 };
		struct error err = { 0 };
		for (size_t j = 0; rows[i].texts[j]; j++)
			if (id_list_add_text(&list, rows[i].texts[j], &own, &err) < 0)
				fail_msg("%s: %s", rows[i].texts[j], err.message);
		_cleanup_free_ char *text = shown(&list);
		assert_string_equal(text, rows[i].expected);
	}
}

static void test_texts_that_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "is not of the form" },
		{ "1", "is not of the form" },
		{ ":", "is not of the form" },
		{ "1:2:3:4", "is not of the form" },
		{ "1:2:", "is not of the form" },
		{ "-1:2:3", "is not of the form" },
		{ " 1:2:3", "is not of the form" },
		{ "1:2:3 ", "is not of the form" },
		{ "@1:2:3", "is not of the form" },
		{ "++1:2:3", "is not of the form" },
		{ "1:@@2:3", "is not of the form" },
		{ "4294967295:0:1", "is not of the form" },
		{ "0:99999999999999999999:1", "is not of the form" },
		{ "1:2:0", "ids are 0 to 4294967294" },
		{ "1:0:4294967295", "ids are 0 to 4294967294" },
		{ "0:4294967294:2", "ids are 0 to 4294967294" },
		{ "0:@5:1", "the ids 5 to 5 are not all yours" },
		{ "0:@9:3", "the ids 9 to 11 are not all yours" },
	};
	const struct id_list own = { (struct spec_id_mapping[]){ { 0, 10, 1 }, { 1, 100, 5 } }, 2 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_id_list_ struct id_list list = { 0 };
		struct error err = { 0 };
		assert_int_equal(id_list_add_text(&list, rows[i][0], &own, &err), -ERR_IDMAP);
		if (!strstr(err.message, rows[i][1]))
			fail_msg("\"%s\": %s", rows[i][0], err.message);
		assert_int_equal(list.count, 0);
	}
}

static void test_lookups(void **state)
{
	/* Not in the order of the container's ids. */
	const struct id_list list = { (struct spec_id_mapping[]){ { 10, 500, 5 }, { 0, 100, 10 }, { 20, 50, 1 } }, 3 };
	uint32_t id = 7;
	assert_true(id_list_to_host(&list, 0, &id) && id == 100);
	assert_true(id_list_to_host(&list, 9, &id) && id == 109);
	assert_true(id_list_to_host(&list, 14, &id) && id == 504);
	assert_false(id_list_to_host(&list, 15, &id));
	assert_int_equal(id, 504);
	assert_int_equal(id_list_last(&list), 14);
	assert_int_equal(id_list_last(&(struct id_list){ 0 }), 0);
	assert_true(id_list_has(&list, 0, 15));
	assert_false(id_list_has(&list, 0, 16));
	assert_false(id_list_has(&list, 19, 2));
	assert_true(id_list_has(&list, 20, 1));
	assert_false(id_list_has(&list, 4294967290u, 5));
}

static void test_what_the_kernel_would_refuse(void **state)
{
	static const struct {
		const char *texts[3];
		bool fits;
	} rows[] = {
		{ { "0:0:10", "10:10:10" }, true },	  { { "0:0:10", "9:10:1" }, false },
		{ { "0:0:10", "10:9:1" }, false },	  { { "5:0:1", "0:1:10" }, false },
		{ { "0:0:4294967295", "5:5:1" }, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_id_list_ struct id_list list = { 0 };
		for (size_t j = 0; rows[i].texts[j]; j++)
			assert_int_equal(id_list_add_text(&list, rows[i].texts[j], &list, NULL), 0);
		assert_int_equal(id_list_check(&list, "--uidmap", NULL), rows[i].fits ? 0 : -ERR_IDMAP);
	}
	_cleanup_id_list_ struct id_list many = { 0 };
	for (uint32_t i = 0; i <= ID_LIST_MAX; i++)
		id_list_append(&many, i, 2 * i, 1);
	assert_int_equal(id_list_check(&many, "--uidmap", NULL), -ERR_IDMAP);
	many.count--;
	assert_int_equal(id_list_check(&many, "--uidmap", NULL), 0);
}

static void test_kept_and_read_again(void **state)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	char *const uids[] = { (char *)"0:100000:65536", (char *)"70000:5:1", NULL }, *const gids[] = { (char *)"0:1:2",
													NULL };
	assert_int_equal(id_mapping_from_texts(uids, gids, &mapping, NULL), 0);
	_cleanup_free_ char *text = shown(&mapping.uids);
	assert_string_equal(text, "0:100000:65536 70000:5:1");
	struct id_maps maps = id_mapping_maps(&mapping);
	assert_int_equal(maps.n_uids, 2);
	assert_int_equal(maps.gids[0].host_id, 1);
}

static void test_kernel_text(void **state)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	id_list_parse_kernel("         0     100000      65536\n     65536          5          1\nrubbish", &list);
	_cleanup_free_ char *text = shown(&list);
	assert_string_equal(text, "0:100000:65536 65536:5:1");
}

/* --- --userns --- */

static void test_modes(void **state)
{
	static const struct {
		const char *text;
		enum userns_kind kind;
	} rows[] = {
		{ "", USERNS_HOST },	       { "host", USERNS_HOST },
		{ "auto", USERNS_AUTO },       { "auto:size=5", USERNS_AUTO },
		{ "keep-id", USERNS_KEEP_ID }, { "keep-id:uid=5,gid=6", USERNS_KEEP_ID },
		{ "nomap", USERNS_NOMAP },     { "container:x", USERNS_CONTAINER },
		{ "ns:/x", USERNS_PATH },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_userns_mode_ struct userns_mode mode = { 0 };
		struct error err = { 0 };
		struct container_spec spec = { .userns_mode = (char *)rows[i].text };
		if (userns_mode_parse(&spec, &mode, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.message);
		assert_int_equal(mode.kind, rows[i].kind);
	}
}

static void test_words_of_modes(void **state)
{
	_cleanup_userns_mode_ struct userns_mode mode = { 0 }, own = { 0 };
	struct container_spec spec = {
		.userns_mode = (char *)"auto:size=70000,uidmapping=1:2:3,uidmapping=4:5:6,gidmapping=7:8:9"
	};
	assert_int_equal(userns_mode_parse(&spec, &mode, NULL), 0);
	assert_int_equal(mode.size, 70000);
	assert_int_equal(strv_count(mode.uid_maps), 2);
	assert_string_equal(mode.gid_maps[0], "7:8:9");
	spec.userns_mode = (char *)"keep-id:gid=0";
	assert_int_equal(userns_mode_parse(&spec, &own, NULL), 0);
	assert_true(own.has_gid && !own.has_uid && own.gid == 0);
}

static void test_maps_alone_mean_private(void **state)
{
	_cleanup_userns_mode_ struct userns_mode mode = { 0 };
	struct container_spec spec = { .gid_maps = (char **)TEXTS("0:1:2") };
	assert_int_equal(userns_mode_parse(&spec, &mode, NULL), 0);
	assert_int_equal(mode.kind, USERNS_PRIVATE);
	spec.userns_mode = (char *)"host";
	assert_int_equal(userns_mode_parse(&spec, &mode, NULL), -ERR_INVALID);
	spec = (struct container_spec){ .userns_mode = (char *)"private" };
	assert_int_equal(userns_mode_parse(&spec, &mode, NULL), -ERR_INVALID);
	spec.subgid_name = (char *)"x";
	assert_int_equal(userns_mode_parse(&spec, &mode, NULL), 0);
}

static void test_modes_that_are_refused(void **state)
{
	static const char *const rows[] = {
		"Host",	      "autobahn",  "auto:size",	     "auto:size=",     "auto:size=x",
		"auto:uid=5", "keep-id:x", "keep-id:uid=-1", "keep-id:size=5", "keep-id:uid=4294967295",
		"nomap:x",    "host:x",	   "container",	     "container:",     "ns:",
		"ns:x",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct userns_mode mode = { .size = 77 };
		struct container_spec spec = { .userns_mode = (char *)rows[i] };
		if (userns_mode_parse(&spec, &mode, NULL) >= 0)
			fail_msg("%s", rows[i]);
		assert_int_equal(mode.size, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_make_lists),
		cmocka_unit_test(test_texts_that_are_refused),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_what_the_kernel_would_refuse),
		cmocka_unit_test(test_kept_and_read_again),
		cmocka_unit_test(test_kernel_text),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_words_of_modes),
		cmocka_unit_test(test_maps_alone_mean_private),
		cmocka_unit_test(test_modes_that_are_refused),
	};
	return cmocka_run_group_tests_name("id_mapping", tests, NULL, NULL);
}
