/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-name.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META WHITEOUT WHITEOUT
#define WHITEOUT_OPAQUE WHITEOUT_META ".opq"

/* Forget the last component of @path. */
static void pop(struct str *path)
{
	const char *slash = path->data ? strrchr(path->data, '/') : NULL;
	str_truncate(path, slash ? (size_t)(slash - path->data) : 0);
}

static int push(struct str *path, const char *component, size_t len, const char *raw, struct error *err)
{
	if (len > NAME_MAX)
		return err_set(err, ERR_IMG_LAYER, "entry '%.64s...' has a name of %zu bytes, at most %d are possible",
			       raw, len, NAME_MAX);
	if (path->len > 0)
		str_append_char(path, '/');
	str_append_len(path, component, len);
	if (path->len >= PATH_MAX)
		return err_set(err, ERR_IMG_LAYER, "entry '%.64s...' has a path of more than %d bytes", raw,
			       PATH_MAX - 1);
	return 0;
}

static int add_component(struct str *path, const char *component, size_t len, const char *raw, struct error *err)
{
	if (len == 0 || (len == 1 && component[0] == '.'))
		return 0;
	if (len != 2 || memcmp(component, "..", 2) != 0)
		return push(path, component, len, raw, err);
	if (path->len == 0)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' leads out of the layer", raw);
	pop(path);
	return 0;
}

int name_normalize(const char *raw, char **ret, struct error *err)
{
	_cleanup_str_ struct str path = { 0 };
	for (const char *at = raw; *at; at += strspn(at, "/")) {
		size_t len = strcspn(at, "/");
		int r = add_component(&path, at, len, raw, err);
		if (r < 0)
			return r;
		at += len;
	}
	*ret = str_take(&path);
	return 0;
}

/* Whether a directory on the way is called like a whiteout. Every whiteout is a leaf. */
static const char *find_whiteout(const char *dir)
{
	for (const char *at = dir; *at; at += strspn(at, "/")) {
		if (str_starts_with(at, WHITEOUT))
			return at;
		at += strcspn(at, "/");
	}
	return NULL;
}

/* The base without the prefix has to be the name of something in the same directory. */
static int parse_whiteout(struct entry_name *name, const char *raw, struct error *err)
{
	const char *target = name->base + strlen(WHITEOUT);
	if (streq(target, "") || streq(target, ".") || streq(target, ".."))
		return err_set(err, ERR_IMG_LAYER, "entry '%s' is a whiteout of \"%s\"", raw, target);
	name->kind = NAME_WHITEOUT;
	memmove(name->base, target, strlen(target) + 1);
	return 0;
}

static int classify(struct entry_name *name, const char *raw, struct error *err)
{
	const char *whiteout = find_whiteout(name->dir);
	name->kind = NAME_PLAIN;
	if (whiteout && str_starts_with(whiteout, WHITEOUT_META)) {
		name->kind = NAME_IGNORED;
		return 0;
	}
	if (whiteout)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' lies below a whiteout", raw);
	if (streq(name->base, WHITEOUT_OPAQUE))
		name->kind = NAME_OPAQUE;
	else if (str_starts_with(name->base, WHITEOUT_META))
		name->kind = NAME_IGNORED;
	else if (str_starts_with(name->base, WHITEOUT))
		return parse_whiteout(name, raw, err);
	return 0;
}

int name_parse(const char *raw, struct entry_name *ret, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = name_normalize(raw, &path, err);
	if (r < 0)
		return r;
	const char *base = path_base(path);
	_cleanup_name_ struct entry_name name = {
		.kind = NAME_ROOT,
		.dir = mem_strndup(path, base == path ? 0 : (size_t)(base - path) - 1),
		.base = mem_strdup(base),
	};
	if (*path)
		r = classify(&name, raw, err);
	if (r < 0)
		return r;
	*ret = name;
	name = (struct entry_name){ 0 };
	return 0;
}

void name_done(struct entry_name *name)
{
	free(name->dir);
	free(name->base);
	*name = (struct entry_name){ 0 };
}
