/* SPDX-License-Identifier: Apache-2.0 */
/* Images in the database: names, ids, removal by Docker's rules, garbage, and index.json for other tools. */
#include "engine-fixture.h"

#include "base/random.h"
#include "image/blob.h"

static void assert_finds(const char *text, const char *id)
{
	_cleanup_image_ struct image *image = NULL;
	assert_ok(engine_image_find(fixture.engine, text, &image, &err));
	assert_string_equal(image->id, id);
}

#define assert_not_found(text)                                                                   \
	do {                                                                                     \
		struct image *none;                                                              \
		assert_refused(engine_image_find(fixture.engine, text, &none, &err), ERR_IMG_NOT_FOUND, "No such image: "); \
	} while (0)

static char *joined(char *const *v)
{
	return strv_join(v, " ");
}

/* `rmi`; what it says is "untagged|deleted". */
static char *removed(const char *name, bool force)
{
	_cleanup_strv_ char **untagged = NULL;
	_cleanup_strv_ char **deleted = NULL;
	assert_ok(engine_image_remove(fixture.engine, name, force, &untagged, &deleted, &err));
	_cleanup_free_ char *left = joined(untagged);
	_cleanup_free_ char *right = joined(deleted);
	return mem_printf("%s|%s", left, right);
}

static int remove_image(const char *name, bool force, struct error *err)
{
	_cleanup_strv_ char **untagged = NULL;
	_cleanup_strv_ char **deleted = NULL;
	return engine_image_remove(fixture.engine, name, force, &untagged, &deleted, err);
}

static void tag(const char *source, const char *target)
{
	assert_ok(engine_image_tag(fixture.engine, source, target, &err));
}

/* --- finding --- */

static void test_what_is_recorded(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	_cleanup_image_ struct image *image = NULL;
	_cleanup_image_config_ struct image_config config = { 0 };
	make_base_image(&made);
	assert_ok(engine_image_find(fixture.engine, "base:1", &image, &err));
	assert_string_equal(image->id, made.id);
	assert_string_equal(image->manifest, made.manifest);
	assert_string_equal(image->created, "2026-01-02T03:04:05Z");
	assert_string_equal(image->names[0], "base:1");
	assert_null(image->digests);
	assert_int_equal(strv_count(image->diff_ids), 1);
	assert_int_equal(image->size, strlen(BASE_SHELL BASE_PASSWD BASE_GROUP));
	assert_ok(engine_image_config(fixture.engine, image, &config, &err));
	assert_string_equal(config.cmd[0], "/bin/sh");
}

static void test_by_name_and_by_id(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	const char *digits = made.id + strlen("sha256:");
	char prefix[100];
	assert_finds("base:1", made.id);
	assert_finds("docker.io/base:1", made.id);
	assert_finds("docker.io/library/base:1", made.id);
	assert_finds(made.id, made.id);
	assert_finds(digits, made.id);
	str_copy(prefix, 61, digits);
	assert_finds(prefix, made.id);
	str_copy(prefix, 60, made.id);
	assert_finds(prefix, made.id);
	assert_not_found("base");
	assert_not_found("base:2");
	assert_not_found("other/base:1");
	assert_not_found("0123456789ab");
	assert_not_found("sha256:0123456789ab");
	struct image *none;
	assert_refused(engine_image_find(fixture.engine, "BASE:1", &none, &err), ERR_IMG_REF, "must be lowercase");
	assert_refused(engine_image_find(fixture.engine, "../x", &none, &err), ERR_IMG_REF, "invalid image name");
	assert_refused(engine_image_find(fixture.engine, "", &none, &err), ERR_IMG_REF, "invalid image name");
	struct error why = { 0 };
	assert_int_equal(engine_image_find(fixture.engine, "bsae:1", &none, &why), -ERR_IMG_NOT_FOUND);
	assert_string_equal(why.hint, "did you mean base:1?");
}

static void test_an_ambiguous_prefix(void **state)
{
	_cleanup_made_image_ struct made_image a = { 0 }, b = { 0 };
	make_base_image(&a);
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	record_image("docker.io/library/other:1", "", (char *[]){ layer, NULL }, &b);
	struct image *none;
	assert_refused(engine_image_find(fixture.engine, "0000", &none, &err), ERR_INVALID,
		       "Multiple IDs found with provided prefix: 0000");
}

static void test_a_name_that_looks_like_an_id(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	tag("base:1", "0000:latest");
	assert_finds("0000", made.id);
}

static void test_digest_names(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	_cleanup_image_ struct image *image = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	bool known;
	make_blobs("", (char *[]){ layer, NULL }, &made);
	_cleanup_free_ char *full = mem_printf("localhost:5000/team/app@%s", made.manifest);
	struct image_arrival arrival = { .manifest = made.manifest, .config = made.id, .digest = full };
	assert_ok(image_record(fixture.engine, &arrival, &known, &err));
	assert_false(known);
	assert_ok(image_record(fixture.engine, &arrival, &known, &err));
	assert_true(known);
	assert_finds(full, made.id);
	_cleanup_free_ char *tagged = mem_printf("localhost:5000/team/app:7@%s", made.manifest);
	assert_finds(tagged, made.id);
	assert_ok(engine_image_find(fixture.engine, full, &image, &err));
	assert_null(image->names);
	assert_string_equal(image->digests[0], full);
	assert_not_found("localhost:5000/team/app");
}

static void test_a_name_moves(void **state)
{
	_cleanup_made_image_ struct made_image first = { 0 }, second = { 0 };
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	struct image **images;
	size_t count;
	make_base_image(&first);
	record_image(BASE_NAME, "", (char *[]){ layer, NULL }, &second);
	assert_finds("base:1", second.id);
	assert_finds(first.id, first.id); /* without a name now */
	assert_ok(engine_image_list(fixture.engine, &images, &count, &err));
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(strv_count(images[i]->names), streq(images[i]->id, second.id));
		image_free(images[i]);
	}
	free(images);
}

static void test_what_is_not_there_is_not_recorded(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 }, other = { 0 };
	_cleanup_free_ char *missing = invent_digest();
	bool known;
	make_blobs("", (char *[]){ missing, NULL }, &made);
	struct image_arrival arrival = { .manifest = made.manifest, .config = made.id, .name = BASE_NAME };
	assert_refused(image_record(fixture.engine, &arrival, &known, &err), ERR_INTERNAL, "was not unpacked");
	arrival.manifest = missing;
	assert_refused(image_record(fixture.engine, &arrival, &known, &err), ERR_NOT_FOUND, "open blob");
	arrival.manifest = "sha256:../../etc/passwd";
	assert_refused(image_record(fixture.engine, &arrival, &known, &err), ERR_IMG_REF, "digest");
	make_blobs("", (char *[]){ missing, NULL }, &other);
	arrival = (struct image_arrival){ .manifest = other.manifest, .config = made.id };
	assert_refused(image_record(fixture.engine, &arrival, &known, &err), ERR_IMG_MANIFEST, "is not that of image");
	assert_not_found("base:1");
}

static void test_size_counts_a_file_once(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	_cleanup_image_ struct image *image = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	_cleanup_free_ char *file = path_join(path, "a");
	write_file(path, "a", "12345");
	write_file(path, "d/e/f", "123");
	for (int i = 0; i < 200; i++) {
		_cleanup_free_ char *name = mem_printf("%s/link%d", path, i);
		assert_int_equal(link(file, name), 0);
	}
	record_image(NULL, "", (char *[]){ layer, NULL }, &made);
	assert_ok(engine_image_find(fixture.engine, made.id, &image, &err));
	assert_int_equal(image->size, 8);
}

/* --- tags --- */

static void test_tags(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	tag("base:1", "localhost:5000/x/y:z");
	tag(made.id, "again");
	assert_finds("localhost:5000/x/y:z", made.id);
	assert_finds("again:latest", made.id);
	assert_refused(engine_image_tag(fixture.engine, "base:1", "UPPER", &err), ERR_IMG_REF, "must be lowercase");
	assert_refused(engine_image_tag(fixture.engine, "none", "x", &err), ERR_IMG_NOT_FOUND, "No such image: none");
	_cleanup_free_ char *digest = mem_printf("x@%s", made.manifest);
	assert_refused(engine_image_tag(fixture.engine, "base:1", digest, &err), ERR_IMG_REF, "refusing to create a tag");
}

/* --- removal --- */

static void test_the_last_name_takes_the_image_along(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	_cleanup_image_ struct image *image = NULL;
	make_base_image(&made);
	assert_ok(engine_image_find(fixture.engine, "base:1", &image, &err));
	_cleanup_free_ char *expected = mem_printf("base:1|%s %s", made.id, image->diff_ids[0]);
	_cleanup_free_ char *said = removed("base:1", false);
	assert_string_equal(said, expected);
	assert_not_found("base:1");
	assert_int_equal(count_entries("%s/layers", fixture.root), 0);
	assert_int_equal(count_entries("%s/blobs/sha256", fixture.root), 0);
	assert_refused(remove_image("base:1", false, &err), ERR_IMG_NOT_FOUND, "No such image: base:1");
}

static void test_one_of_several_names(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	tag("base:1", "base:2");
	tag("base:1", "other:1");
	_cleanup_free_ char *first = removed("base:2", false);
	assert_string_equal(first, "base:2|");
	assert_refused(remove_image(made.id, false, &err), ERR_BUSY, "image is referenced in multiple repositories");
	_cleanup_free_ char *second = removed("other:1", false);
	assert_string_equal(second, "other:1|");
	_cleanup_free_ char *third = removed(made.id, false);
	assert_true(str_starts_with(third, "base:1|sha256:"));
}

static void test_by_id_with_force(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	tag("base:1", "other:1");
	_cleanup_free_ char *said = removed(made.id, true);
	assert_true(str_starts_with(said, "base:1 other:1|sha256:"));
}

static void test_shared_layers_stay(void **state)
{
	_cleanup_made_image_ struct made_image first = { 0 }, second = { 0 };
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *own_path = NULL;
	_cleanup_free_ char *shared = make_layer(&path);
	_cleanup_free_ char *own = make_layer(&own_path);
	record_image("docker.io/library/one:1", "", (char *[]){ shared, NULL }, &first);
	record_image("docker.io/library/two:1", "", (char *[]){ shared, own, NULL }, &second);
	_cleanup_free_ char *expected = mem_printf("two:1|%s %s", second.id, own);
	_cleanup_free_ char *said = removed("two:1", false);
	assert_string_equal(said, expected);
	assert_true(exists("%s", path));
	assert_false(exists("%s", own_path));
	assert_true(blob_exists(fixture.engine->store, first.layer));
	assert_false(blob_exists(fixture.engine->store, second.layer));
	assert_finds("one:1", first.id);
}

static void test_digests_go_with_the_last_tag_of_their_repository(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	bool known;
	make_base_image(&made);
	_cleanup_free_ char *digest = mem_printf("docker.io/library/base@%s", made.manifest);
	const struct image_arrival arrival = { made.manifest, NULL, made.id, NULL, digest };
	assert_ok(image_record(fixture.engine, &arrival, &known, &err));
	tag("base:1", "other:1");
	_cleanup_free_ char *expected = mem_printf("base:1 base@%s|", made.manifest);
	_cleanup_free_ char *said = removed("base:1", false);
	assert_string_equal(said, expected);
}

/* A row of a container is all that counts here. */
static void use_image(const char *image_id, const char *name, enum container_state container_state)
{
	struct container_spec spec = { .image = TEXT("base:1") };
	struct container_row row = { .name = TEXT(name),
				     .image_id = TEXT(image_id),
				     .state = container_state,
				     .runroot = fixture.runroot,
				     .config = { .borrowed = &spec, .working_dir = TEXT("/"), .user = TEXT(""),
						 .hostname = TEXT("h"), .stop_signal = 15 } };
	struct db *db;
	random_id(row.id);
	assert_ok(engine_db(fixture.engine, &db, &err));
	assert_ok(container_row_insert(db, &row, &err));
}

static void test_containers_keep_their_image(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	use_image(made.id, "web", STATE_EXITED);
	struct error why = { 0 };
	assert_int_equal(remove_image("base:1", false, &why), -ERR_IMG_IN_USE);
	assert_true(str_starts_with(why.message, "conflict: unable to remove \"base:1\" (must be forced) - a container is"));
	assert_true(str_starts_with(why.cause, "used by web ("));
	assert_string_equal(why.hint, "coffer rm web");
	assert_refused(remove_image(made.id, false, &err), ERR_IMG_IN_USE, "must be forced");
	_cleanup_free_ char *said = removed("base:1", true);
	assert_string_equal(said, "base:1|");
	assert_finds(made.id, made.id);
	assert_true(blob_exists(fixture.engine->store, made.id));
}

static void test_running_containers_keep_it_against_force(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	use_image(made.id, "web", STATE_EXITED);
	use_image(made.id, "run", STATE_RUNNING);
	struct error why = { 0 };
	assert_int_equal(remove_image("base:1", true, &why), -ERR_IMG_IN_USE);
	assert_non_null(strstr(why.message, "(cannot be forced) - containers are using"));
	assert_string_equal(why.hint, "coffer rm -f web"); /* the first of them */
	assert_finds("base:1", made.id);
	tag("base:1", "base:2");
	_cleanup_free_ char *said = removed("base:2", false); /* just a name */
	assert_string_equal(said, "base:2|");
}

/* --- garbage --- */

static void test_garbage_waits_for_who_adds_content(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	_cleanup_strv_ char **deleted = NULL;
	make_base_image(&made);
	_cleanup_free_ char *stray = invent_digest();
	write_blob(stray, "of a pull that is under way");
	int lock = store_lock(fixture.engine->store, false, NULL);
	assert_true(lock >= 0);
	_cleanup_free_ char *said = removed("base:1", false);
	assert_true(blob_exists(fixture.engine->store, made.id));
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_true(blob_exists(fixture.engine->store, stray));
	fd_close(lock);
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_false(blob_exists(fixture.engine->store, made.id));
	assert_false(blob_exists(fixture.engine->store, stray));
	/* Only what is due is looked for again. */
	write_blob(stray, "of another one");
	assert_ok(engine_reconcile(fixture.engine, &err));
	assert_true(blob_exists(fixture.engine->store, stray));
	assert_ok(gc_collect(fixture.engine, &deleted, &err));
	assert_false(blob_exists(fixture.engine->store, stray));
	assert_null(deleted); /* only layers are told */
}

static void test_what_is_no_blob_is_left_alone(void **state)
{
	_cleanup_free_ char *path = mem_printf("%s/blobs/sha256/README", fixture.root);
	write_file("/", path, "x");
	assert_ok(gc_collect(fixture.engine, NULL, &err));
	assert_true(exists("%s", path));
}

/* --- index.json --- */

static char *index_text(void)
{
	_cleanup_free_ char *path = mem_printf("%s/index.json", fixture.root);
	return read_file(path);
}

static void test_the_index_for_others(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	tag("base:1", "localhost:5000/x:2");
	_cleanup_free_ char *text = index_text();
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_manifest_ struct manifest index = { 0 };
	assert_ok(manifest_parse(text, strlen(text), MEDIA_OCI_INDEX, &index, &err));
	assert_int_equal(index.n_manifests, 2);
	assert_string_equal(index.manifests[0].digest, made.manifest);
	assert_string_equal(index.manifests[0].media_type, MEDIA_OCI_MANIFEST);
	assert_string_equal(index.manifests[0].platform.os, "linux");
	assert_non_null(strstr(text, "{\"org.opencontainers.image.ref.name\":\"base:1\"}"));
	assert_non_null(strstr(text, "{\"org.opencontainers.image.ref.name\":\"localhost:5000/x:2\"}"));
	_cleanup_free_ char *said = removed(made.id, true);
	_cleanup_free_ char *empty = index_text();
	assert_string_equal(empty, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]}");
}

static void test_an_index_that_a_crash_left_behind(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	make_base_image(&made);
	struct db *db;
	assert_ok(engine_db(fixture.engine, &db, &err));
	assert_ok(due_add(db, DUE_INDEX, &err));
	_cleanup_free_ char *path = mem_printf("%s/index.json", fixture.root);
	write_file("/", path, "old");
	assert_ok(engine_reconcile(fixture.engine, &err));
	_cleanup_free_ char *text = index_text();
	assert_non_null(strstr(text, made.manifest));
	write_file("/", path, "untouched");
	assert_ok(engine_reconcile(fixture.engine, &err));
	_cleanup_free_ char *again = index_text();
	assert_string_equal(again, "untouched");
}

/* --- inspect --- */

static void test_inspect(void **state)
{
	_cleanup_made_image_ struct made_image made = { 0 };
	_cleanup_json_ struct json_object *object = NULL;
	make_base_image(&made);
	assert_ok(engine_image_inspect(fixture.engine, "base:1", &object, &err));
	const char *text = json_text(object);
	static const char *const members[] = {
		"\"RepoTags\":[\"base:1\"]", "\"RepoDigests\":[]", "\"Created\":\"2026-01-02T03:04:05Z\"",
		"\"Config\":{\"Cmd\":[\"/bin/sh\"],\"Env\":[\"PATH=/bin\",\"LANG=C\"]}", "\"Os\":\"linux\"",
		"\"RootFS\":{\"Type\":\"layers\",\"Layers\":[\"sha256:", "\"GraphDriver\":{\"Data\":{\"UpperDir\":\"/tmp/",
	};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!strstr(text, members[i]))
			fail_msg("%s is not in %s", members[i], text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_recorded),
		TEST(test_by_name_and_by_id),
		TEST(test_an_ambiguous_prefix),
		TEST(test_a_name_that_looks_like_an_id),
		TEST(test_digest_names),
		TEST(test_a_name_moves),
		TEST(test_what_is_not_there_is_not_recorded),
		TEST(test_size_counts_a_file_once),
		TEST(test_tags),
		TEST(test_the_last_name_takes_the_image_along),
		TEST(test_one_of_several_names),
		TEST(test_by_id_with_force),
		TEST(test_shared_layers_stay),
		TEST(test_digests_go_with_the_last_tag_of_their_repository),
		TEST(test_containers_keep_their_image),
		TEST(test_running_containers_keep_it_against_force),
		TEST(test_garbage_waits_for_who_adds_content),
		TEST(test_what_is_no_blob_is_left_alone),
		TEST(test_the_index_for_others),
		TEST(test_an_index_that_a_crash_left_behind),
		TEST(test_inspect),
	};
	return cmocka_run_group_tests_name("engine_images", tests, NULL, NULL);
}
