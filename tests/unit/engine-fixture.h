/* SPDX-License-Identifier: Apache-2.0 */
/* An engine on a root of its own in /tmp, and images that nobody had to pull. */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "image/platform.h"
#include "storage/layer.h"

struct fixture {
	char top[64], root[80], runroot[80];
	struct engine *engine;
	unsigned digests; /* that were invented */
};

static struct fixture fixture;

/* Literals where a struct wants what it could change. */
#define TEXT(literal) ((char *)(literal))
#define WORDS(...) ((char **)(const char *[]){ __VA_ARGS__, NULL })

/* A failure's words, so that a test that fails says why. */
#define assert_ok(expression)                                                                             \
	do {                                                                                              \
		struct error err = { 0 };                                                                 \
		if ((expression) < 0)                                                                     \
			fail_msg("%s: %s (%s)", #expression, err.message, err_info(err.code)->id);        \
	} while (0)

/* @expression fails with @code, and its message holds @words. */
#define assert_refused(expression, expected, words)                                                       \
	do {                                                                                              \
		struct error err = { 0 };                                                                 \
		int code = (expression);                                                                  \
		if (code != -(expected) || !strstr(err.message, words))                                   \
			fail_msg("%s: %d, \"%s\" (cause: %s)", #expression, code, err.message, err.cause); \
	} while (0)

static inline void fixture_reopen(void)
{
	struct error err = { 0 };
	engine_free(fixture.engine);
	fixture.engine = NULL;
	if (engine_open(fixture.root, fixture.runroot, &fixture.engine, &err) < 0)
		fail_msg("%s", err.message);
}

static inline int fixture_setup(void **state)
{
	(void)state;
	fixture = (struct fixture){ .top = "/tmp/coffer-test-engine-XXXXXX" };
	if (!mkdtemp(fixture.top))
		return -1;
	snprintf(fixture.root, sizeof fixture.root, "%s/root", fixture.top);
	snprintf(fixture.runroot, sizeof fixture.runroot, "%s/run", fixture.top);
	fixture_reopen();
	return 0;
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	engine_free(fixture.engine);
	return path_remove_tree(AT_FDCWD, fixture.top);
}

static inline char *invent_digest(void)
{
	return mem_printf("sha256:%064x", 0xc0ffe000 + fixture.digests++);
}

/* --- files --- */

/* @path below @top, with its directories. */
static inline void write_file(const char *top, const char *path, const char *text)
{
	_cleanup_free_ char *whole = path_join(top, path);
	_cleanup_free_ char *parent = mem_strndup(whole, (size_t)(path_base(whole) - whole));
	assert_ok(path_make_dirs(parent, 0755, &err));
	_cleanup_close_ int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static inline char *read_file(const char *path)
{
	char *text = NULL;
	assert_ok(file_read(AT_FDCWD, path, 1 << 20, &text, NULL, &err));
	return text;
}

static inline bool exists(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline bool exists(const char *format, ...)
{
	char path[512];
	va_list args;
	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline size_t count_entries(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline size_t count_entries(const char *format, ...)
{
	char path[512];
	va_list args;
	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	_cleanup_closedir_ DIR *dir = opendir(path);
	size_t count = 0;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	return count;
}

/* --- images --- */

static inline void write_blob(const char *digest, const char *text)
{
	_cleanup_free_ char *path = mem_printf("blobs/%.6s/%s", digest, digest + strlen("sha256:"));
	write_file(fixture.root, path, text);
}

/* An empty layer; *ret_path is its directory. Returns its DiffID. */
static inline char *make_layer(char **ret_path)
{
	char *diff_id = invent_digest();
	char *path = layer_path(fixture.engine->store, diff_id);
	assert_int_equal(mkdir(path, 0755), 0);
	*ret_path = path;
	return diff_id;
}

struct made_image {
	char *id, *manifest, *layer; /* digests; layer is the compressed one of the first */
};

static inline void made_image_done(struct made_image *image)
{
	free(image->id);
	free(image->manifest);
	free(image->layer);
}
#define _cleanup_made_image_ _cleanup_(made_image_done)

/*
 * Blobs of an image of these layers; @config is the "config" object's members. Every layer's blob is a new one.
 */
static inline void make_blobs(const char *config, char *const *diff_ids, struct made_image *ret)
{
	_cleanup_str_ struct str ids = { 0 }, layers = { 0 };
	ret->id = invent_digest();
	ret->manifest = invent_digest();
	for (; *diff_ids; diff_ids++) {
		_cleanup_free_ char *blob = invent_digest();
		const char *comma = ids.len ? "," : "";
		write_blob(blob, "compressed");
		if (!ret->layer)
			ret->layer = mem_strdup(blob);
		str_appendf(&ids, "%s\"%s\"", comma, *diff_ids);
		str_appendf(&layers, "%s{\"mediaType\":\"" MEDIA_OCI_LAYER_GZIP "\",\"digest\":\"%s\",\"size\":10}", comma,
			    blob);
	}
	_cleanup_free_ char *text =
		mem_printf("{\"created\":\"2026-01-02T03:04:05Z\",\"architecture\":\"%s\",\"os\":\"linux\","
			   "\"config\":{%s},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
			   platform_host().architecture, config, str_text(&ids));
	write_blob(ret->id, text);
	_cleanup_free_ char *manifest =
		mem_printf("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"config\":{\"mediaType\":\"" 
			   MEDIA_OCI_CONFIG "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[%s]}",
			   ret->id, strlen(text), str_text(&layers));
	write_blob(ret->manifest, manifest);
}

/* The same, recorded under the full @name (or none). */
static inline void record_image(const char *name, const char *config, char *const *diff_ids, struct made_image *ret)
{
	bool known;
	make_blobs(config, diff_ids, ret);
	const struct image_arrival arrival = { .manifest = ret->manifest, .config = ret->id, .name = name };
	assert_ok(image_record(fixture.engine, &arrival, &known, &err));
	assert_false(known);
}

#define BASE_NAME "docker.io/library/base:1"
#define BASE_CONFIG "\"Cmd\":[\"/bin/sh\"],\"Env\":[\"PATH=/bin\",\"LANG=C\"]"

#define BASE_SHELL "#!"
#define BASE_PASSWD "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1001::/home/bob:/bin/sh\n"
#define BASE_GROUP "root:x:0:\nwheel:x:10:root,bob\nbob:x:1001:\naudio:x:29:bob\n"

/* "base:1": a layer with a shell, users and groups. */
static inline void make_base_image(struct made_image *ret)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *diff_id = make_layer(&path);
	write_file(path, "bin/sh", BASE_SHELL);
	write_file(path, "etc/passwd", BASE_PASSWD);
	write_file(path, "etc/group", BASE_GROUP);
	record_image(BASE_NAME, BASE_CONFIG, (char *[]){ diff_id, NULL }, ret);
}
