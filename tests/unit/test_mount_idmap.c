/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind "idmap=". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/mount-idmap.h"

static struct spec_id_mapping uids[] = { { 0, 100000, 5 }, { 5, 300000, 1000 } };
static struct spec_id_mapping gids[] = { { 0, 200000, 1000 }, { 4000000000u, 7, 10 } };
static const struct spec spec = { .uid_mappings = uids, .n_uid_mappings = 2, .gid_mappings = gids, .n_gid_mappings = 2 };

static char *shown(const struct mount_idmap *map)
{
	struct str text = { 0 };
	for (size_t i = 0; i < map->n_uids; i++)
		str_appendf(&text, "u%u-%u-%u ", map->uids[i].container_id, map->uids[i].host_id, map->uids[i].size);
	for (size_t i = 0; i < map->n_gids; i++)
		str_appendf(&text, "g%u-%u-%u ", map->gids[i].container_id, map->gids[i].host_id, map->gids[i].size);
	return str_take(&text);
}

static void test_forms(void **state)
{
	static const char *const rows[][2] = {
		{ "uids=0-1000-10", "u0-1000-10 " },
		{ "uids=0-1000-10;gids=1-2-3", "u0-1000-10 g1-2-3 " },
		{ "gids=1-2-3#4-5-6;uids=7-8-9", "u7-8-9 g1-2-3 g4-5-6 " },
		{ "uids=4294967295-4294967295-4294967295", "u4294967295-4294967295-4294967295 " },
		{ "uids=@1000-0-5#@1005-5-1", "u1000-100000-5 u1005-300000-1 " },
		{ "uids=@9-1004-1#9-9-9", "u9-300999-1 u9-9-9 " },
		{ "gids=@1-4000000009-1", "g1-16-1 " },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(mount_idmap_done) struct mount_idmap map = { 0 };
		assert_int_equal(mount_idmap_parse(rows[i][0], &spec, &map, NULL), 0);
		_cleanup_free_ char *text = shown(&map);
		assert_string_equal(text, rows[i][1]);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "maps nothing" },
		{ ";", "is neither" },
		{ "uids", "is neither" },
		{ "uids=1-2-3;", "is neither" },
		{ "UIDS=1-2-3", "is neither" },
		{ "uids=", "is not of the form" },
		{ "uids=1", "is not of the form" },
		{ "uids=1-2", "is not of the form" },
		{ "uids=1-2-3-4", "is not of the form" },
		{ "uids=1-2-3#", "is not of the form" },
		{ "uids=1-2-3#@", "is not of the form" },
		{ "uids=@@1-2-3", "is not of the form" },
		{ "uids=1--3", "is not of the form" },
		{ "uids=1-2-4294967296", "is not of the form" },
		{ "uids= 1-2-3", "is not of the form" },
		{ "uids=1-2-3;uids=4-5-6", "is not of the form" },
		{ "uids=@0-4-2", "is not in one mapping" }, /* over the border of two */
		{ "uids=@0-1005-1", "is not in one mapping" },
		{ "uids=@0-5-4294967295", "is not in one mapping" },
		{ "gids=@0-3999999999-2", "is not in one mapping" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_idmap map = { .n_uids = 77 };
		struct error err = { 0 };
		assert_int_equal(mount_idmap_parse(rows[i][0], &spec, &map, &err), -ERR_SPEC);
		if (!strstr(err.message, rows[i][1]))
			fail_msg("\"%s\": %s", rows[i][0], err.message);
		assert_int_equal(map.n_uids, 77); /* untouched */
	}
}

static void test_when_it_is_wanted(void **state)
{
	const struct spec_mount none = { 0 }, own = { .uid_mappings = uids, .n_uid_mappings = 1 };
	const struct mount_options word = { .map_ids = true }, no_word = { 0 };
	assert_false(mount_idmap_is_wanted(&none, &no_word));
	assert_true(mount_idmap_is_wanted(&none, &word));
	assert_true(mount_idmap_is_wanted(&own, &no_word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_when_it_is_wanted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
