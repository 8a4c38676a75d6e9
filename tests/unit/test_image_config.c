/* SPDX-License-Identifier: Apache-2.0 */
/* An image's configuration: read strictly, written again, changed by Dockerfile instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "image/config-write.h"
#include "image/config.h"
#include "image/import-change.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define D(digit) "sha256:" HEX digit
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D("1") "\",\"" D("2") "\"]}"

static int parse(const char *text, struct image_config *ret, struct error *err)
{
	return image_config_parse(text, strlen(text), ret, err);
}

static void assert_strv(char *const *v, const char *joined)
{
	_cleanup_free_ char *text = strv_join(v, "|");
	assert_string_equal(text ? text : "", joined);
}

static const char everything[] =
	"{\"architecture\":\"arm64\",\"variant\":\"v8\",\"os\":\"linux\",\"created\":\"2026-11-21T12:34:56.5Z\","
	"\"author\":\"somebody\",\"config\":{\"User\":\"1000:1000\",\"WorkingDir\":\"/work\","
	"\"StopSignal\":\"SIGINT\",\"Env\":[\"PATH=/bin\",\"EMPTY=\"],\"Entrypoint\":[\"/init\"],"
	"\"Cmd\":[\"sh\",\"-c\",\"a \\\"b\\\"\"],\"Volumes\":{\"/data\":{}},\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},"
	"\"Labels\":{\"a\":\"1\",\"b.c\":\"x=y\"},\"OnBuild\":null}," ROOTFS ",\"history\":[{\"created_by\":\"x\"}]}";

static void test_everything(void **state)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	struct error err = { 0 };
	if (parse(everything, &config, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(config.platform.os, "linux");
	assert_string_equal(config.platform.architecture, "arm64");
	assert_string_equal(config.platform.variant, "v8");
	assert_string_equal(config.created, "2026-11-21T12:34:56.5Z");
	assert_string_equal(config.user, "1000:1000");
	assert_string_equal(config.working_dir, "/work");
	assert_string_equal(config.stop_signal, "SIGINT");
	assert_strv(config.env, "PATH=/bin|EMPTY=");
	assert_strv(config.entrypoint, "/init");
	assert_strv(config.cmd, "sh|-c|a \"b\"");
	assert_strv(config.volumes, "/data");
	assert_strv(config.exposed_ports, "80/tcp|53/udp");
	assert_strv(config.labels, "a=1|b.c=x=y");
	assert_strv(config.diff_ids, D("1") "|" D("2"));
}

static void test_nearly_nothing(void **state)
{
	static const char *const texts[] = {
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null},\"config\":null,\"created\":null}",
		"{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Env\":null,\"Cmd\":null,\"User\":\"\",\"Labels\":null}}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_image_config_ struct image_config config = { 0 };
		struct error err = { 0 };
		if (parse(texts[i], &config, &err) < 0)
			fail_msg("%s", err.message);
		assert_null(config.user);
		assert_null(config.cmd);
		assert_int_equal(strv_count(config.diff_ids), 0);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *members, *words;
	} cases[] = {
		{ "\"os\":1", "/os: expected a string" },
		{ "\"architecture\":[]", "/architecture: expected a string" },
		{ "\"os\":\"a b\"", "no platform has" },
		{ "\"os\":\"linuxlinuxlinuxlinux\"", "longer than" },
		{ "\"created\":\"yesterday\"", "\"created\" is not a time" },
		{ "\"config\":[]", "/config: expected an object" },
		{ "\"config\":{\"User\":0}", "/config/User: expected a string" },
		{ "\"config\":{\"Cmd\":\"sh\"}", "/config/Cmd: expected an array" },
		{ "\"config\":{\"Cmd\":[\"sh\",1]}", "/config/Cmd/1: expected a string" },
		{ "\"config\":{\"Cmd\":[\"sh\\u0000\"]}", "NUL" },
		{ "\"config\":{\"Env\":{}}", "/config/Env: expected an array" },
		{ "\"config\":{\"Env\":[null]}", "/config/Env/0: expected a string" },
		{ "\"config\":{\"Volumes\":[\"/data\"]}", "/config/Volumes: expected an object" },
		{ "\"config\":{\"Volumes\":{\"/data\":1}}", "/config/Volumes/~1data: expected an object" },
		{ "\"config\":{\"Labels\":{\"a\":1}}", "/config/Labels/a: expected a string" },
		{ "\"config\":{\"ExposedPorts\":80}", "/config/ExposedPorts: expected an object" },
		{ "\"rootfs\":{\"type\":\"disk\",\"diff_ids\":[]}", "not \"layers\"" },
		{ "\"rootfs\":{\"diff_ids\":[]}", "\"type\" is required" },
		{ "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":{}}", "/rootfs/diff_ids: expected an array" },
		{ "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:ab\"]}",
		  "/rootfs/diff_ids/0: invalid digest" },
		{ "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"../../etc\"]}", "invalid digest" },
		{ "\"rootfs\":null", "\"rootfs\" is required" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool rootfs = strstr(cases[i].members, "rootfs") != NULL;
		_cleanup_free_ char *text = mem_printf("{%s%s}", rootfs ? "" : ROOTFS ",", cases[i].members);
		struct image_config config = { .user = (char *)"untouched" };
		struct error err = { 0 };
		if (parse(text, &config, &err) != -ERR_IMG_MANIFEST)
			fail_msg("was not refused: %s", text);
		assert_string_equal(config.user, "untouched");
		if (!strstr(err.message, cases[i].words))
			fail_msg("%s: %s", text, err.message);
	}
}

static void test_broken_texts(void **state)
{
	static const char *const texts[] = { "", "[]", "null", "7", "{", "{}", "{\"rootfs\":[]}" };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct image_config config = { 0 };
		assert_int_equal(parse(texts[i], &config, NULL), -ERR_IMG_MANIFEST);
	}
}

static void test_too_many_layers(void **state)
{
	_cleanup_str_ struct str text = { 0 };
	str_append(&text, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (int i = 0; i < 501; i++)
		str_appendf(&text, "%s\"" D("1") "\"", i ? "," : "");
	str_append(&text, "]}}");
	struct image_config config = { 0 };
	struct error err = { 0 };
	assert_int_equal(parse(text.data, &config, &err), -ERR_IMG_MANIFEST);
	assert_non_null(strstr(err.message, "501 entries"));
}

/* --- writing --- */

static void test_round_trip(void **state)
{
	_cleanup_image_config_ struct image_config before = { 0 }, after = { 0 };
	assert_int_equal(parse(everything, &before, NULL), 0);
	_cleanup_json_ struct json_object *object = image_config_to_json(&before, "a comment");
	struct error err = { 0 };
	if (parse(json_text(object), &after, &err) < 0)
		fail_msg("%s", err.message);
	_cleanup_json_ struct json_object *again = image_config_to_json(&after, "a comment");
	assert_string_equal(json_text(object), json_text(again));
	assert_non_null(strstr(json_text(object), "\"Labels\":{\"a\":\"1\",\"b.c\":\"x=y\"}"));
	assert_non_null(strstr(json_text(object), "\"comment\":\"a comment\""));
	assert_strv(after.cmd, "sh|-c|a \"b\"");
	assert_strv(after.volumes, "/data");
}

static void test_manifest_is_one_that_we_read(void **state)
{
	struct descriptor config = { .media_type = (char *)MEDIA_OCI_CONFIG, .digest = (char *)D("1"), .size = 5 };
	struct descriptor layer = { .media_type = (char *)MEDIA_OCI_LAYER_ZSTD, .digest = (char *)D("2"), .size = 6 };
	_cleanup_json_ struct json_object *object = manifest_to_json(&config, &layer, 1);
	_cleanup_manifest_ struct manifest manifest = { 0 };
	const char *text = json_text(object);
	assert_int_equal(manifest_parse(text, strlen(text), MEDIA_OCI_MANIFEST, &manifest, NULL), 0);
	assert_string_equal(manifest.layers[0].digest, D("2"));
	assert_int_equal(manifest.layers[0].compression, LAYER_ZSTD);
	assert_int_equal(manifest.config.size, 5);
}

/* --- changes --- */

static void change(struct image_config *config, const char *instruction)
{
	struct error err = { 0 };
	if (import_change(config, instruction, &err) < 0)
		fail_msg("%s: %s", instruction, err.message);
}

static void test_changes(void **state)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	change(&config, "CMD [\"/bin/sh\", \"-c\", \"a b\"]");
	assert_strv(config.cmd, "/bin/sh|-c|a b");
	change(&config, "cmd echo  hi ");
	assert_strv(config.cmd, "/bin/sh|-c|echo  hi");
	change(&config, "CMD [ -f /x ] && y");
	assert_strv(config.cmd, "/bin/sh|-c|[ -f /x ] && y");
	change(&config, "ENTRYPOINT []");
	assert_non_null(config.entrypoint);
	assert_int_equal(strv_count(config.entrypoint), 0);
	change(&config, "ENV A=1 B=\"x y\" C=a\\ b D='$q\"'");
	assert_strv(config.env, "A=1|B=x y|C=a b|D=$q\"");
	change(&config, "ENV A 2 and the rest");
	change(&config, "ENV AB=3");
	assert_strv(config.env, "A=2 and the rest|B=x y|C=a b|D=$q\"|AB=3");
	change(&config, "LABEL org.example.a=\"b c\" d=");
	assert_strv(config.labels, "org.example.a=b c|d=");
	change(&config, "USER 1000:0");
	assert_string_equal(config.user, "1000:0");
	change(&config, "WORKDIR srv/./x/..");
	assert_string_equal(config.working_dir, "/srv");
	change(&config, "WORKDIR www");
	assert_string_equal(config.working_dir, "/srv/www");
	change(&config, "WORKDIR /a/../../b");
	assert_string_equal(config.working_dir, "/b");
	change(&config, "EXPOSE 80 53/udp 8000-8002");
	change(&config, "EXPOSE 80/tcp");
	assert_strv(config.exposed_ports, "80/tcp|53/udp|8000/tcp|8001/tcp|8002/tcp");
	change(&config, "VOLUME [\"/a b\"]");
	change(&config, "\tVOLUME /c /d");
	assert_strv(config.volumes, "/a b|/c|/d");
	change(&config, "STOPSIGNAL SIGRTMIN+3");
	assert_string_equal(config.stop_signal, "SIGRTMIN+3");
	change(&config, "ONBUILD RUN make");
	change(&config, "onbuild  COPY . /src");
	assert_strv(config.on_build, "RUN make|COPY . /src");
}

static void test_health_changes(void **state)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	change(&config,
	       "HEALTHCHECK --interval=5s --retries=2 --start-period=1m --timeout=500ms --start-interval=1s CMD a || b");
	assert_strv(config.health.test, "CMD-SHELL|a || b");
	assert_int_equal(config.health.interval_ns, 5 * NSEC_PER_SEC);
	assert_int_equal(config.health.start_period_ns, 60 * NSEC_PER_SEC);
	assert_int_equal(config.health.start_interval_ns, NSEC_PER_SEC);
	assert_int_equal(config.health.timeout_ns, 500 * NSEC_PER_MSEC);
	assert_int_equal(config.health.retries, 2);
	change(&config, "healthcheck cmd [\"curl\", \"-f\"]");
	assert_strv(config.health.test, "CMD|curl|-f");
	assert_int_equal(config.health.interval_ns, 0);
	change(&config, "HEALTHCHECK NONE");
	assert_strv(config.health.test, "NONE");
}

static void test_changes_refused(void **state)
{
	static const char *const instructions[] = {
		"",
		" ",
		"CMD",
		"CMD  ",
		"NONSENSE x",
		"RUN true",
		"FROM x",
		"ENV",
		"ENV A",
		"ENV A=1 B",
		"ENV =1",
		"LABEL a",
		"EXPOSE 0",
		"EXPOSE 65536",
		"EXPOSE 80/icmp",
		"EXPOSE 90-80",
		"EXPOSE x",
		"EXPOSE 80-",
		"EXPOSE 1-2-3",
		"STOPSIGNAL SIGNOTHING",
		"STOPSIGNAL 0",
		"VOLUME [\"\"]",
		"USER",
		"HEALTHCHECK",
		"HEALTHCHECK NONE x",
		"HEALTHCHECK CMD",
		"HEALTHCHECK CMD []",
		"HEALTHCHECK RUN true",
		"HEALTHCHECK --interval=5s",
		"HEALTHCHECK --interval=5 CMD true",
		"HEALTHCHECK --interval=1us CMD true",
		"HEALTHCHECK --retries=-1 CMD true",
		"HEALTHCHECK --retries=x CMD true",
		"HEALTHCHECK --nosuch=x CMD true",
		"ONBUILD",
		"ONBUILD FROM x",
		"ONBUILD onbuild RUN x",
	};
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		_cleanup_image_config_ struct image_config config = { 0 };
		struct error err = { 0 };
		if (import_change(&config, instructions[i], &err) != -ERR_INVALID)
			fail_msg("was not refused: %s", instructions[i]);
		assert_true(str_starts_with(err.message, "change \""));
	}
}

static void test_health(void **state)
{
	static const char text[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Healthcheck\":{\"Test\":"
				   "[\"CMD\",\"true\"],\"Interval\":50,\"Timeout\":60,\"StartPeriod\":70,"
				   "\"StartInterval\":80,\"Retries\":9}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	_cleanup_image_config_ struct image_config config = { 0 };
	struct error err = { 0 };
	assert_int_equal(image_config_parse(text, sizeof text - 1, &config, &err), 0);
	assert_strv(config.health.test, "CMD|true");
	assert_int_equal(config.health.interval_ns, 50);
	assert_int_equal(config.health.timeout_ns, 60);
	assert_int_equal(config.health.start_period_ns, 70);
	assert_int_equal(config.health.start_interval_ns, 80);
	assert_int_equal(config.health.retries, 9);
	static const char negative[] = "{\"config\":{\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":-1}},"
				       "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	struct image_config untouched = { 0 };
	assert_int_equal(image_config_parse(negative, sizeof negative - 1, &untouched, &err), -ERR_IMG_MANIFEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),	cmocka_unit_test(test_nearly_nothing),
		cmocka_unit_test(test_health),		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_broken_texts),	cmocka_unit_test(test_too_many_layers),
		cmocka_unit_test(test_round_trip),	cmocka_unit_test(test_manifest_is_one_that_we_read),
		cmocka_unit_test(test_changes),		cmocka_unit_test(test_health_changes),
		cmocka_unit_test(test_changes_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
