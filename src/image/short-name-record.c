/* SPDX-License-Identifier: Apache-2.0 */
/* Which registries people have chosen for short names, in the file where Podman keeps that, too. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/toml.h"
#include "image/reference.h"
#include "image/short-name.h"

#define FILE_NAME "containers/short-name-aliases.conf"
#define SYSTEM_CACHE "/var/cache"

enum { RECORD_SIZE_MAX = 1 << 20 };

/* The machine's for who may write there, which root of a user's namespace may not; or NULL. */
static char *record_path(void)
{
	const char *chosen = getenv("COFFER_SHORT_NAMES"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (!str_is_empty(chosen))
		return mem_strdup(chosen);
	if (access(SYSTEM_CACHE, W_OK) == 0)
		return mem_strdup(SYSTEM_CACHE "/" FILE_NAME);
	if (!str_is_empty(cache))
		return path_join(cache, FILE_NAME);
	return str_is_empty(home) ? NULL : mem_printf("%s/.cache/" FILE_NAME, home);
}

int short_name_recorded(struct json_document *ret, struct error *err)
{
	_cleanup_free_ char *path = record_path();
	struct error why = { 0 };
	int r = path ? toml_load(AT_FDCWD, path, RECORD_SIZE_MAX, ERR_INVALID, ret, &why) : -ERR_NOT_FOUND;
	if (r == -ERR_NOT_FOUND) {
		json_document_wrap(json_object_new_object(), FILE_NAME, ERR_INVALID, ret);
		return 0;
	}
	return r < 0 ? err_set(err, why.code, "%s", why.message) : 0;
}

/* Names of images have nothing in them that would end a string. */
static void append_alias(struct str *out, const char *name, const char *target)
{
	str_appendf(out, "  \"%s\" = \"%s\"\n", name, target);
}

static bool is_name(const char *text)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	return reference_parse(text, &reference, NULL) >= 0;
}

/* All that is there, but for @name; what is no alias of a name is dropped. */
static int append_others(struct str *out, const char *name, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node aliases;
	int r = short_name_recorded(&document, err);
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = json_get_object(&root, "aliases", &aliases, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	for (struct json_node alias; json_next(&aliases, &iterator, &alias);) {
		const char *target;
		bool sound = json_as_string(&alias, &target, NULL) >= 0 && is_name(alias.key) &&
			     (!*target || is_name(target));
		if (sound && !streq(alias.key, name))
			append_alias(out, alias.key, target);
	}
	return 0;
}

static int replace(const char *path, const struct str *text, struct error *err)
{
	_cleanup_free_ char *copy = mem_strdup(path);
	const char *folder = dirname(copy);
	int r = path_make_dirs(folder, 0755, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open '%s'", folder);
	return file_write_atomic(dir, path_base(path), str_text(text), text->len, 0644, FILE_EXACT_MODE, err);
}

int short_name_record(const char *text, const char *name, struct error *err)
{
	_cleanup_free_ char *path = record_path();
	_cleanup_free_ char *repository = mem_strndup(text, strcspn(text, ":@"));
	_cleanup_reference_ struct image_reference reference = { 0 };
	_cleanup_str_ struct str out = { 0 };
	if (!path)
		return err_set(err, ERR_NOT_FOUND, "there is no place for it: $HOME is not set");
	str_append(&out, "[aliases]\n");
	int r = reference_parse(name, &reference, err);
	if (r >= 0)
		r = append_others(&out, repository, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *target = mem_printf("%s/%s", reference.registry, reference.repository);
	append_alias(&out, repository, target);
	return replace(path, &out, err);
}
