/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes of both families: read strictly, refused with a reason, chosen from by platform. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/manifest.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define D(digit) "sha256:" HEX digit

#define DESCRIPTOR(type, digest, size) "{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define CONFIG DESCRIPTOR(MEDIA_OCI_CONFIG, D("0"), "100")
#define LAYER DESCRIPTOR(MEDIA_OCI_LAYER_GZIP, D("1"), "200")
#define IMAGE(type, config, layers) \
	"{\"schemaVersion\":2,\"mediaType\":\"" type "\",\"config\":" config ",\"layers\":[" layers "]}"
#define ENTRY(digest, platform) \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" digest "\",\"size\":7" platform "}"
#define PLATFORM(os, architecture, more) \
	",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"" more "}"
#define INDEX(type, entries) "{\"schemaVersion\":2,\"mediaType\":\"" type "\",\"manifests\":[" entries "]}"

static int parse(const char *text, const char *content_type, struct manifest *ret, struct error *err)
{
	return manifest_parse(text, strlen(text), content_type, ret, err);
}

static void assert_parses(const char *text, const char *content_type, struct manifest *ret)
{
	struct error err = { 0 };
	if (parse(text, content_type, ret, &err) < 0)
		fail_msg("%s: %s", text, err.message);
}

static void assert_refused(const char *text, const char *content_type, const char *words)
{
	struct manifest manifest = { .n_layers = 77 };
	struct error err = { 0 };
	if (parse(text, content_type, &manifest, &err) != -ERR_IMG_MANIFEST)
		fail_msg("was not refused: %s", text);
	assert_int_equal(manifest.n_layers, 77);
	if (!strstr(err.message, words) && !strstr(err.cause, words))
		fail_msg("%s: says \"%s\" and not \"%s\"", text, err.message, words);
}

/* --- images --- */

static void test_oci_image(void **state)
{
	_cleanup_manifest_ struct manifest manifest = { 0 };
	assert_parses(IMAGE(MEDIA_OCI_MANIFEST, CONFIG,
			    LAYER "," DESCRIPTOR(MEDIA_OCI_LAYER, D("2"),
						 "0") "," DESCRIPTOR(MEDIA_OCI_LAYER_ZSTD, D("3"), "1125899906842624")),
		      MEDIA_OCI_MANIFEST, &manifest);
	assert_false(manifest.is_index);
	assert_string_equal(manifest.media_type, MEDIA_OCI_MANIFEST);
	assert_string_equal(manifest.config.digest, D("0"));
	assert_int_equal(manifest.config.size, 100);
	assert_int_equal(manifest.n_layers, 3);
	assert_string_equal(manifest.layers[0].digest, D("1"));
	assert_int_equal(manifest.layers[0].compression, LAYER_GZIP);
	assert_int_equal(manifest.layers[1].compression, LAYER_PLAIN);
	assert_int_equal(manifest.layers[1].size, 0);
	assert_int_equal(manifest.layers[2].compression, LAYER_ZSTD);
	assert_int_equal(manifest.layers[2].size, INT64_C(1) << 50);
}

static void test_docker_image(void **state)
{
	static const char text[] = IMAGE(MEDIA_DOCKER_MANIFEST, DESCRIPTOR(MEDIA_DOCKER_CONFIG, D("0"), "1"),
					 DESCRIPTOR(MEDIA_DOCKER_LAYER_GZIP, D("1"), "2"));
	static const char *const content_types[] = {
		MEDIA_DOCKER_MANIFEST,
		MEDIA_DOCKER_MANIFEST "; charset=utf-8",
		"application/json",
		"application/octet-stream",
		"Application/JSON; a=b",
		"",
		NULL,
	};
	for (size_t i = 0; i < ARRAY_SIZE(content_types); i++) {
		_cleanup_manifest_ struct manifest manifest = { 0 };
		assert_parses(text, content_types[i], &manifest);
		assert_string_equal(manifest.media_type, MEDIA_DOCKER_MANIFEST);
		assert_int_equal(manifest.n_layers, 1);
		assert_int_equal(manifest.layers[0].compression, LAYER_GZIP);
	}
}

static void test_untyped_documents_are_ocis(void **state)
{
	_cleanup_manifest_ struct manifest image = { 0 }, index = { 0 };
	assert_parses("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[]}", NULL, &image);
	assert_string_equal(image.media_type, MEDIA_OCI_MANIFEST);
	assert_int_equal(image.n_layers, 0);
	assert_parses("{\"schemaVersion\":2,\"manifests\":[]}", "application/json", &index);
	assert_string_equal(index.media_type, MEDIA_OCI_INDEX);
	assert_true(index.is_index);
}

static void test_contradictions(void **state)
{
	static const char image[] = IMAGE(MEDIA_OCI_MANIFEST, CONFIG, LAYER);
	assert_refused(image, MEDIA_OCI_INDEX, "was served as");
	assert_refused(image, MEDIA_DOCKER_MANIFEST, "was served as");
	assert_refused(image, "text/html", "was served as");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER "],\"manifests\":[]}", NULL,
		       "ambiguous");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"manifests\":[]}", MEDIA_OCI_INDEX,
		       "ambiguous");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"manifests\":[]}", MEDIA_OCI_MANIFEST,
		       "ambiguous");
	assert_refused("{\"schemaVersion\":2,\"manifests\":[],\"config\":" CONFIG "}", NULL, "ambiguous");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"fsLayers\":[]}", NULL, "ambiguous");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"Manifests\":[]}", NULL, "ambiguous");
	assert_refused("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"LAYERS\":[]}", NULL, "ambiguous");
}

static void test_schema_1(void **state)
{
	static const char text[] = "{\"schemaVersion\":1,\"name\":\"a\",\"tag\":\"b\",\"fsLayers\":[]}";
	assert_refused(text, "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1");
	assert_refused(text, "application/vnd.docker.distribution.manifest.v1+json", "schema 1");
	assert_refused(text, NULL, "schema 1");
	assert_refused("{\"fsLayers\":[]}", NULL, "schema 1");
	assert_refused("{\"schemaVersion\":1,\"config\":" CONFIG ",\"layers\":[]}", MEDIA_OCI_MANIFEST, "schema 1");
}

static void test_other_layers(void **state)
{
	assert_refused(IMAGE(MEDIA_OCI_MANIFEST, CONFIG, DESCRIPTOR("application/x-qcow2", D("1"), "1")), NULL,
		       "application/x-qcow2");
	assert_refused(IMAGE(MEDIA_OCI_MANIFEST, CONFIG, DESCRIPTOR(MEDIA_OCI_LAYER_GZIP "+encrypted", D("1"), "1")),
		       NULL, "+encrypted");
	assert_refused(IMAGE(MEDIA_DOCKER_MANIFEST, CONFIG,
			     DESCRIPTOR("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", D("1"), "1")),
		       NULL, "foreign layers are not supported");
	assert_refused(IMAGE(MEDIA_OCI_MANIFEST, CONFIG,
			     DESCRIPTOR("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", D("1"), "1")),
		       NULL, "may not be distributed");
	assert_refused(IMAGE(MEDIA_OCI_MANIFEST, DESCRIPTOR("application/vnd.cncf.helm.config.v1+json", D("0"), "1"),
			     LAYER),
		       NULL, "not a container image, but an artifact of type \"application/vnd.cncf.helm");
}

static void test_broken_descriptors(void **state)
{
	static const struct {
		const char *layer, *words;
	} cases[] = {
		{ "{}", "/layers/0: \"mediaType\" is required" },
		{ "null", "/layers/0: expected an object" },
		{ "\"" D("1") "\"", "/layers/0: expected an object" },
		{ "{\"mediaType\":7,\"digest\":\"" D("1") "\",\"size\":1}", "/layers/0/mediaType: expected a string" },
		{ "{\"mediaType\":\"" MEDIA_OCI_LAYER "\",\"size\":1}", "\"digest\" is required" },
		{ "{\"mediaType\":\"" MEDIA_OCI_LAYER "\",\"digest\":\"" D("1") "\"}", "\"size\" is required" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, D("1"), "-1"), "/layers/0/size: -1 is out of range" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, D("1"), "1125899906842625"), "out of range" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, D("1"), "99999999999999999999999"), "out of range" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, D("1"), "1.5"), "/layers/0/size: expected an integer" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, D("1"), "\"1\""), "expected an integer" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, "sha256:abcd", "1"), "invalid digest" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, "sha256:" HEX "G", "1"), "invalid digest" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, "sha256:" HEX "1\\u0000", "1"), "NUL" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, "sha256:../../../../../../../../etc/passwd", "1"), "invalid digest" },
		{ DESCRIPTOR(MEDIA_OCI_LAYER, "md5:" HEX "1", "1"), "invalid digest" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
			mem_printf("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[%s]}", cases[i].layer);
		assert_refused(text, NULL, cases[i].words);
	}
}

static void test_broken_documents(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "unexpected end" },
		{ "<html></html>", "manifest:1:" },
		{ "[]", "expected an object" },
		{ "null", "expected an object" },
		{ "{}", "neither an image manifest nor an index" },
		{ "{\"schemaVersion\":2}", "neither an image manifest nor an index" },
		{ "{\"schemaVersion\":3,\"config\":" CONFIG ",\"layers\":[]}", "schemaVersion is not 2" },
		{ "{\"schemaVersion\":\"2\",\"config\":" CONFIG ",\"layers\":[]}", "expected an integer" },
		{ "{\"config\":" CONFIG ",\"layers\":[]}", "schemaVersion is not 2" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"a/b\",\"config\":" CONFIG ",\"layers\":[]}", "\"a/b\"" },
		{ "{\"schemaVersion\":2,\"mediaType\":1,\"config\":" CONFIG ",\"layers\":[]}", "expected a string" },
		{ "{\"schemaVersion\":2,\"config\":" CONFIG "}", "\"layers\" is required" },
		{ "{\"schemaVersion\":2,\"layers\":[]}", "\"config\" is required" },
		{ "{\"schemaVersion\":2,\"config\":[],\"layers\":[]}", "/config: expected an object" },
		{ "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":{}}", "/layers: expected an array" },
		{ "{\"schemaVersion\":2,\"manifests\":{}}", "/manifests: expected an array" },
		{ "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[]} x", "manifest:1:" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i].text, NULL, cases[i].words);
}

static char *many(const char *before, const char *element, size_t count, const char *after)
{
	struct str text = { 0 };
	str_append(&text, before);
	for (size_t i = 0; i < count; i++)
		str_appendf(&text, "%s%s", i ? "," : "", element);
	str_append(&text, after);
	return str_take(&text);
}

static void test_ceilings(void **state)
{
	static const char layers[] = "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[";
	_cleanup_free_ char *enough = many(layers, LAYER, MANIFEST_LAYERS_MAX, "]}");
	_cleanup_free_ char *too_many = many(layers, LAYER, MANIFEST_LAYERS_MAX + 1, "]}");
	_cleanup_free_ char *index =
		many("{\"schemaVersion\":2,\"manifests\":[", ENTRY(D("1"), ""), INDEX_MANIFESTS_MAX + 1, "]}");
	_cleanup_manifest_ struct manifest manifest = { 0 };
	assert_parses(enough, NULL, &manifest);
	assert_int_equal(manifest.n_layers, MANIFEST_LAYERS_MAX);
	assert_refused(too_many, NULL, "501 entries");
	assert_refused(index, NULL, "4097 entries");
	_cleanup_free_ char *huge = many("{\"a\":\"", " ", MANIFEST_SIZE_MAX / 2 + 8, "\"}");
	assert_refused(huge, NULL, "larger than");
}

/* --- indexes --- */

static const char an_index[] = INDEX(
	MEDIA_OCI_INDEX,
	ENTRY(D("0"), PLATFORM("unknown", "unknown", "")) "," ENTRY(D("1"), PLATFORM("linux", "amd64", "")) "," ENTRY(D("2"), PLATFORM("linux", "arm", ",\"variant\":\"v6\"")) "," ENTRY(
		D("3"),
		PLATFORM(
			"linux",
			"arm",
			",\"variant\":\"v7\"")) "," ENTRY(D("4"),
							  PLATFORM(
								  "linux",
								  "arm64",
								  ",\"variant\":\"v8\"")) "," ENTRY(D("5"),
												    PLATFORM(
													    "windows",
													    "amd64",
													    ",\"os.version\":\"10.0\"")));

static void test_choose(void **state)
{
	static const struct {
		const char *platform, *digest;
	} cases[] = {
		{ "linux/amd64", D("1") },  { "linux/arm/v7", D("3") }, { "linux/arm/v6", D("2") },
		{ "linux/arm/v8", D("3") }, { "linux/arm64", D("4") },	{ "windows/amd64", D("5") },
	};
	_cleanup_manifest_ struct manifest index = { 0 };
	assert_parses(an_index, MEDIA_OCI_INDEX, &index);
	assert_true(index.is_index);
	assert_int_equal(index.n_manifests, 6);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct descriptor *chosen;
		struct platform wanted;
		assert_int_equal(platform_parse(cases[i].platform, &wanted, NULL), 0);
		assert_int_equal(manifest_choose(&index, &wanted, &chosen, NULL), 0);
		assert_string_equal(chosen->digest, cases[i].digest);
	}
}

static void test_nothing_to_choose(void **state)
{
	_cleanup_manifest_ struct manifest index = { 0 }, empty = { 0 };
	const struct descriptor *chosen;
	struct platform wanted;
	struct error err = { 0 };
	assert_parses(an_index, NULL, &index);
	assert_int_equal(platform_parse("linux/s390x", &wanted, NULL), 0);
	assert_int_equal(manifest_choose(&index, &wanted, &chosen, &err), -ERR_IMG_ARCH);
	assert_string_equal(err.message, "no matching manifest for linux/s390x in the manifest list entries");
	assert_string_equal(err.cause, "the image is there for linux/amd64, linux/arm/v6, linux/arm/v7, "
				       "linux/arm64/v8, windows/amd64");
	assert_string_equal(err.hint, "--platform linux/amd64");
	assert_parses(INDEX(MEDIA_OCI_INDEX, ""), NULL, &empty);
	assert_int_equal(manifest_choose(&empty, &wanted, &chosen, &err), -ERR_IMG_ARCH);
}

/* An entry without a platform is taken only if there is none that says it is right. */
static void test_choose_without_platform(void **state)
{
	_cleanup_manifest_ struct manifest index = { 0 };
	const struct descriptor *chosen;
	struct platform wanted;
	assert_parses(INDEX(MEDIA_DOCKER_LIST, ENTRY(D("1"), "") "," ENTRY(D("2"), PLATFORM("linux", "amd64", ""))),
		      MEDIA_DOCKER_LIST, &index);
	assert_int_equal(platform_parse("linux/amd64", &wanted, NULL), 0);
	assert_int_equal(manifest_choose(&index, &wanted, &chosen, NULL), 0);
	assert_string_equal(chosen->digest, D("2"));
	assert_int_equal(platform_parse("linux/arm64", &wanted, NULL), 0);
	assert_int_equal(manifest_choose(&index, &wanted, &chosen, NULL), 0);
	assert_string_equal(chosen->digest, D("1"));
}

/* Not everything in an index is an image: artifacts and further indexes are passed over. */
static void test_choose_images_only(void **state)
{
	_cleanup_manifest_ struct manifest index = { 0 };
	const struct descriptor *chosen;
	struct platform wanted;
	assert_parses(INDEX(MEDIA_OCI_INDEX, DESCRIPTOR("application/vnd.example.sbom", D("1"),
							"5") "," DESCRIPTOR(MEDIA_OCI_INDEX, D("2"), "5")),
		      NULL, &index);
	assert_int_equal(platform_parse("linux/amd64", &wanted, NULL), 0);
	assert_int_equal(manifest_choose(&index, &wanted, &chosen, NULL), -ERR_IMG_ARCH);
}

static void test_broken_platforms(void **state)
{
	assert_refused(INDEX(MEDIA_OCI_INDEX, ENTRY(D("1"), ",\"platform\":\"linux\"")), NULL, "expected an object");
	assert_refused(INDEX(MEDIA_OCI_INDEX, ENTRY(D("1"), ",\"platform\":{\"os\":7}")), NULL, "expected a string");
	assert_refused(INDEX(MEDIA_OCI_INDEX, ENTRY(D("1"), PLATFORM("linux", "amd64amd64amd64amd64amd64", ""))), NULL,
		       "longer than 23 characters");
	assert_refused(INDEX(MEDIA_OCI_INDEX, ENTRY(D("1"), PLATFORM("../linux", "amd64", ""))), NULL,
		       "no platform has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oci_image),
		cmocka_unit_test(test_docker_image),
		cmocka_unit_test(test_untyped_documents_are_ocis),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_schema_1),
		cmocka_unit_test(test_other_layers),
		cmocka_unit_test(test_broken_descriptors),
		cmocka_unit_test(test_broken_documents),
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_nothing_to_choose),
		cmocka_unit_test(test_choose_without_platform),
		cmocka_unit_test(test_choose_images_only),
		cmocka_unit_test(test_broken_platforms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
