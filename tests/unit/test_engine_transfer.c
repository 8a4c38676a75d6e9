/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine makes of its transfer helper's answers, sensible and not. The helper is found beside the running
 * program, so this one runs a copy of itself, which has a script beside it that answers as the test wants.
 */
#include "engine-fixture.h"

#include <sys/wait.h>

#include "base/process.h"
#include "image/blob.h"

#define PLACE_VARIABLE "COFFER_TEST_PLACE"

static const char HELPER[] = "#!/bin/sh\n"
			     "here=${0%/*}\n"
			     "printf '%s' \"$1\" >\"$here/argument\"\n"
			     "cat >\"$here/request\"\n"
			     "[ ! -e /proc/self/fd/3 ] || cat <&3 >\"$here/archive\"\n"
			     "cat \"$here/answer\"\n"
			     "exec sh \"$here/end\"\n";

static const char *place;

/* The next helper says @text, and ends with @end. */
static void answer(const char *text, const char *end)
{
	write_file(place, "answer", text);
	write_file(place, "end", end);
}

static char *request(void)
{
	_cleanup_free_ char *path = path_join(place, "request");
	return read_file(path);
}

/* --- what is told --- */

struct told {
	struct str text;
};

static void on_manifest(void *context, const char *digest, char *const *layers, const uint64_t *sizes)
{
	struct told *told = context;
	str_appendf(&told->text, "manifest %.14s:", digest);
	for (size_t i = 0; layers && layers[i]; i++)
		str_appendf(&told->text, " %.14s=%llu", layers[i], (unsigned long long)sizes[i]);
	str_append(&told->text, "\n");
}

static void on_layer(void *context, const char *digest, enum layer_state layer_state, uint64_t current, uint64_t total)
{
	struct told *told = context;
	str_appendf(&told->text, "layer %.14s %d %llu/%llu\n", digest, layer_state, (unsigned long long)current,
		    (unsigned long long)total);
}

static int pull(const char *reference, struct told *told, struct pull_result *ret, struct error *err)
{
	const struct transfer_progress progress = { .context = told, .manifest = on_manifest, .layer = on_layer };
	return engine_pull(fixture.engine, reference, NULL, told ? &progress : NULL, ret, err);
}

static char *done_line(const struct made_image *image)
{
	return mem_printf("{\"event\":\"done\",\"manifest\":\"%s\",\"config\":\"%s\",\"digest\":\"%s\",\"size\":10}\n",
			  image->manifest, image->id, image->manifest);
}

static void make_unrecorded(struct made_image *ret)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	make_blobs("\"Cmd\":[\"x\"]", (char *[]){ layer, NULL }, ret);
}

static void test_a_pull(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	_cleanup_image_ struct image *found = NULL;
	struct told told = { 0 };
	struct pull_result result;
	make_unrecorded(&image);
	_cleanup_free_ char *done = done_line(&image);
	_cleanup_free_ char *text = mem_printf(
		"{\"event\":\"manifest\",\"digest\":\"%s\",\"layers\":[{\"digest\":\"%s\",\"size\":10}]}\n"
		"{\"event\":\"layer\",\"digest\":\"%s\",\"state\":\"downloading\",\"current\":5,\"total\":10}\n"
		"{\"event\":\"future\",\"of\":\"something\"}\n"
		"{\"event\":\"layer\",\"digest\":\"%s\",\"state\":\"done\"}\n%s",
		image.manifest, image.layer, image.layer, image.layer, done);
	answer(text, "exit 0");
	assert_ok(pull("localhost:5000/x", &told, &result, &err));
	_cleanup_free_ char *expected =
		mem_printf("manifest %.14s: %.14s=10\nlayer %.14s %d 5/10\nlayer %.14s %d 0/0\n", image.manifest, image.layer,
			   image.layer, LAYER_DOWNLOADING, image.layer, LAYER_DONE);
	assert_string_equal(str_text(&told.text), expected);
	assert_string_equal(result.image_id, image.id);
	assert_string_equal(result.digest, image.manifest);
	assert_string_equal(result.reference, "localhost:5000/x:latest");
	assert_false(result.up_to_date);
	pull_result_done(&result);
	assert_ok(pull("localhost:5000/x", NULL, &result, &err));
	assert_true(result.up_to_date);
	pull_result_done(&result);
	assert_ok(engine_image_find(fixture.engine, "localhost:5000/x:latest", &found, &err));
	_cleanup_free_ char *digest = mem_printf("localhost:5000/x@%s", image.manifest);
	assert_string_equal(found->digests[0], digest);
	str_done(&told.text);
}

static void test_what_is_asked(void **state)
{
	struct pull_result result;
	char platform[64];
	struct platform host = platform_host();
	answer("", "exit 1");
	(void)pull("busybox", NULL, &result, NULL);
	_cleanup_free_ char *text = request();
	_cleanup_free_ char *expected =
		mem_printf("{\"command\":\"pull\",\"reference\":\"docker.io/library/busybox:latest\",\"platform\":\"%s\"}",
			   platform_format(&host, platform));
	assert_string_equal(text, expected);
	_cleanup_free_ char *path = path_join(place, "argument");
	_cleanup_free_ char *argument = read_file(path);
	assert_string_equal(argument, fixture.root);
	assert_refused(pull("UPPER", NULL, &result, &err), ERR_IMG_REF, "must be lowercase");
	assert_refused(engine_pull(fixture.engine, "x", "nonsense", NULL, &result, &err), ERR_INVALID, "platform");
}

static void test_by_digest(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	_cleanup_image_ struct image *found = NULL;
	struct pull_result result;
	make_unrecorded(&image);
	_cleanup_free_ char *done = done_line(&image);
	_cleanup_free_ char *reference = mem_printf("localhost:5000/x:tag@%s", image.manifest);
	answer(done, "exit 0");
	assert_ok(pull(reference, NULL, &result, &err));
	pull_result_done(&result);
	assert_ok(engine_image_find(fixture.engine, image.id, &found, &err));
	assert_null(found->names);
	assert_int_equal(strv_count(found->digests), 1);
}

static void test_an_import(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	_cleanup_image_ struct image *found = NULL;
	struct pull_result result;
	make_unrecorded(&image);
	_cleanup_free_ char *done = done_line(&image);
	answer(done, "exit 0");
	write_file(place, "tar", "an archive");
	_cleanup_free_ char *path = path_join(place, "tar");
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_ok(engine_import(fixture.engine, fd, "base", "a message", WORDS("CMD [\"sh\"]", "ENV A=b"), "linux/arm64", &result,
				&err));
	assert_string_equal(result.reference, "docker.io/library/base:latest");
	pull_result_done(&result);
	_cleanup_free_ char *text = request();
	assert_string_equal(text, "{\"command\":\"import\",\"fd\":3,\"reference\":\"docker.io/library/base:latest\","
				  "\"message\":\"a message\",\"changes\":[\"CMD [\\\"sh\\\"]\",\"ENV A=b\"],"
				  "\"platform\":\"linux/arm64\"}");
	_cleanup_free_ char *archive_path = path_join(place, "archive");
	_cleanup_free_ char *archive = read_file(archive_path);
	assert_string_equal(archive, "an archive");
	assert_ok(engine_image_find(fixture.engine, "base", &found, &err));
	assert_null(found->digests); /* no registry knows it */
	_cleanup_free_ char *digest = mem_printf("base@%s", image.manifest);
	assert_refused(engine_import(fixture.engine, fd, digest, NULL, NULL, NULL, &result, &err), ERR_IMG_REF, "cannot be given");
}

static void test_an_import_without_a_name(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	struct pull_result result;
	make_unrecorded(&image);
	_cleanup_free_ char *done = done_line(&image);
	answer(done, "exit 0");
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_ok(engine_import(fixture.engine, fd, NULL, NULL, NULL, NULL, &result, &err));
	assert_null(result.reference);
	assert_string_equal(result.image_id, image.id);
	pull_result_done(&result);
}

/* --- what goes wrong --- */

static void test_an_error_of_the_helper(void **state)
{
	struct pull_result result;
	struct error why = { 0 };
	answer("{\"event\":\"error\",\"error\":{\"code\":\"E-IMG-TAG\",\"message\":\"manifest unknown: \\\"x\\\"\","
	       "\"cause\":\"c\\u001b[2J\",\"hint\":\"h\"}}\n",
	       "exit 1");
	assert_int_equal(pull("x", NULL, &result, &why), -ERR_IMG_TAG);
	assert_string_equal(why.message, "manifest unknown: \"x\"");
	assert_string_equal(why.cause, "c\\x1b[2J");
	assert_string_equal(why.hint, "h");
	assert_int_equal(why.stage, STAGE_PULL);
}

static void test_nonsense(void **state)
{
	static const struct {
		const char *text, *end, *words;
	} cases[] = {
		{ "", "exit 0", "ended without a result" },
		{ "", "exit 3", "ended without a result" },
		{ "", "kill -9 $$", "ended without a result" },
		{ "{\"event\":\"done\"", "exit 0", "ended without a result" },
		{ "nonsense\n", "exit 0", "coffer-transfer:1:" },
		{ "\n", "exit 0", "unexpected end" },
		{ "[]\n", "exit 0", "expected an object" },
		{ "{}\n", "exit 0", "\"event\" is required" },
		{ "{\"event\":5}\n", "exit 0", "expected a string" },
		{ "{\"event\":\"done\"}\n", "exit 0", "has not said what it brought" },
		{ "{\"event\":\"done\",\"manifest\":\"sha256:../../x\"}\n", "exit 0", "is not a digest" },
		{ "{\"event\":\"manifest\",\"digest\":\"x\"}\n", "exit 0", "is not a digest" },
		{ "{\"event\":\"layer\",\"digest\":\"\",\"state\":\"done\"}\n", "exit 0", "is not a digest" },
		{ "{\"event\":\"error\"}\n", "exit 1", "\"error\" is required" },
		{ "{\"event\":\"error\",\"error\":{}}\n", "exit 1", "an unknown error" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pull_result result;
		answer(cases[i].text, cases[i].end);
		assert_refused(pull("x", NULL, &result, &err), ERR_INTERNAL, cases[i].words);
	}
}

static void test_a_verification(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	struct image_verdict *verdicts;
	size_t count;
	make_base_image(&image);
	_cleanup_free_ char *text = mem_printf(
		"{\"event\":\"damage\",\"digest\":\"%s\",\"object\":\"blobs/sha256/x\",\"why\":\"it is ill\"}\n"
		"{\"event\":\"damage\",\"digest\":\"sha256:%064d\",\"object\":\"layers/y\",\"path\":\"z\",\"why\":\"?\"}\n"
		"{\"event\":\"done\"}\n",
		image.manifest, 7);
	answer(text, "exit 0");
	assert_ok(engine_images_verify(fixture.engine, NULL, false, &verdicts, &count, &err));
	assert_int_equal(count, 1);
	assert_string_equal(verdicts[0].name, "base:1");
	assert_int_equal(verdicts[0].n_damages, 1);
	assert_string_equal(verdicts[0].damages[0].why, "it is ill");
	assert_true(str_ends_with(verdicts[0].damages[0].path, "/root/blobs/sha256/x"));
	image_verdicts_free(verdicts, count);
	_cleanup_free_ char *asked = request();
	assert_non_null(strstr(asked, "\"command\":\"verify\""));
	assert_non_null(strstr(asked, image.manifest));

	answer("{\"event\":\"damage\",\"digest\":\"x\"}\n", "exit 0");
	assert_refused(engine_images_verify(fixture.engine, NULL, false, &verdicts, &count, &err), ERR_INTERNAL,
		       "is not a digest");
	assert_refused(engine_images_verify(fixture.engine, WORDS("none"), false, &verdicts, &count, &err), ERR_IMG_NOT_FOUND,
		       "No such image: none");
}

static void test_a_result_of_a_helper_that_failed(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	struct pull_result result;
	make_unrecorded(&image);
	_cleanup_free_ char *done = done_line(&image);
	answer(done, "exit 1");
	assert_refused(pull("x", NULL, &result, &err), ERR_INTERNAL, "ended without a result");
	struct image *none;
	assert_refused(engine_image_find(fixture.engine, "x", &none, &err), ERR_IMG_NOT_FOUND, "No such image");
}

static void test_a_line_without_an_end(void **state)
{
	struct pull_result result;
	answer("", "exec head -c 3000000 /dev/zero");
	assert_refused(pull("x", NULL, &result, &err), ERR_INTERNAL, "wrote a line of more than");
	answer("", "exec yes '{\"event\":\"none\"}'"); /* and one that never stops, until nobody listens */
	write_file(place, "answer", "garbage\n");
	assert_refused(pull("x", NULL, &result, &err), ERR_INTERNAL, "coffer-transfer:1:");
}

/* While it works, nobody collects what it brings (S3). */
static void test_the_lock_is_held(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	struct pull_result result;
	make_unrecorded(&image);
	_cleanup_free_ char *done = done_line(&image);
	_cleanup_free_ char *end = mem_printf("flock -n -x %s/lock true && exit 1; exit 0", fixture.root);
	answer(done, end);
	assert_ok(pull("x", NULL, &result, &err));
	pull_result_done(&result);
	assert_ok(gc_collect(fixture.engine, NULL, &err));
	assert_true(blob_exists(fixture.engine->store, image.id));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_pull),
		TEST(test_what_is_asked),
		TEST(test_by_digest),
		TEST(test_an_import),
		TEST(test_an_import_without_a_name),
		TEST(test_an_error_of_the_helper),
		TEST(test_nonsense),
		TEST(test_a_verification),
		TEST(test_a_result_of_a_helper_that_failed),
		TEST(test_a_line_without_an_end),
		TEST(test_the_lock_is_held),
	};
	return cmocka_run_group_tests_name("engine_transfer", tests, NULL, NULL);
}

/* The copy is a hard link where that is possible; /proc/self/exe says which name was executed. */
static int copy_self(const char *path)
{
	_cleanup_close_ int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char buf[1 << 16];
	ssize_t n;
	while ((n = read(from, buf, sizeof buf)) > 0)
		if (fd_write_all(to, buf, (size_t)n) < 0)
			return -1;
	return (int)n;
}

static int run_copy(void)
{
	char top[] = "/tmp/coffer-test-transfer-XXXXXX";
	if (!mkdtemp(top))
		return 1;
	_cleanup_free_ char *program = path_join(top, "test");
	_cleanup_free_ char *helper = path_join(top, "coffer-transfer");
	int status = 1;
	pid_t pid;
	write_file(top, "coffer-transfer", HELPER);
	if (chmod(helper, 0755) == 0 && copy_self(program) == 0 && setenv(PLACE_VARIABLE, top, 1) == 0) {
		const struct process_spawn spawn = { .path = program, .argv = (char *[]){ program, NULL }, .stdio = { 0, 1, 2 } };
		if (process_spawn(&spawn, &pid, NULL) == 0)
			(void)process_wait(pid, &status, NULL);
	}
	(void)path_remove_tree(AT_FDCWD, top);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(void)
{
	place = getenv(PLACE_VARIABLE);
	return place ? run_all() : run_copy();
}
