/* SPDX-License-Identifier: Apache-2.0 */
#include "image/short-name.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/reference.h"
#include "image/registry-files.h"

#define DEFAULT_REGISTRY "docker.io"

void short_name_done(struct short_name *name)
{
	free(name->origin);
	strv_free(name->names);
	*name = (struct short_name){ 0 };
}

static int add_name(struct short_name *name, const char *text, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = reference_parse(text, &reference, err);
	if (r >= 0)
		strv_take(&name->names, reference_full(&reference));
	return r;
}

/* --- aliases --- */

/* "registry/repository", without anything behind it. */
static int check_target(const struct json_node *node, const char *target, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	bool whole = reference_parse(target, &reference, NULL) >= 0 && !reference_is_short(target);
	const char *rest = whole ? target + strcspn(target, "/") : "";
	if (!whole || strpbrk(rest, ":@"))
		return json_error(node, err, "\"%.200s\" is not a registry and a repository, without tag and digest",
				  target);
	return 0;
}

/* What the file makes of @repository: 1 with *ret, which is empty where an earlier file's alias is taken back. */
static int alias_in(const struct json_document *file, const char *repository, const char **ret, struct error *err)
{
	struct json_node root = json_root(file), aliases;
	int r = json_get_object(&root, "aliases", &aliases, err);
	if (r > 0)
		r = json_get_string(&aliases, repository, ret, err);
	if (r <= 0 || str_is_empty(*ret))
		return r;
	struct json_node alias;
	(void)json_get(&aliases, repository, &alias);
	int checked = check_target(&alias, *ret, err);
	return checked < 0 ? checked : 1;
}

/* What was chosen at a terminal goes before what is configured. */
static int find_alias(const struct registry_files *files, const char *text, struct short_name *name, struct error *err)
{
	_cleanup_json_document_ struct json_document recorded = { 0 };
	size_t len = strcspn(text, ":@");
	_cleanup_free_ char *repository = mem_strndup(text, len);
	const struct json_document *file = &recorded;
	const char *target = NULL;
	int r = short_name_recorded(&recorded, err);
	if (r >= 0)
		r = alias_in(file, repository, &target, err);
	for (size_t i = files->n; r == 0 && i > 0; i--) {
		file = &files->files[i - 1];
		r = alias_in(file, repository, &target, err);
	}
	if (r <= 0 || str_is_empty(target))
		return r < 0 ? r : 0;
	_cleanup_free_ char *meant = mem_printf("%s%s", target, text + len);
	name->rule = SHORT_NAME_ALIAS;
	name->origin = mem_strdup(file->name);
	r = add_name(name, meant, err);
	return r < 0 ? r : 1;
}

/* --- registries to search --- */

/* The list of the last file that has one; *ret_file is NULL if none has. */
static int search_list(const struct registry_files *files, char ***ret, const struct json_document **ret_file,
		       struct error *err)
{
	int r = 0;
	for (size_t i = files->n; r == 0 && i > 0; i--) {
		struct json_node root = json_root(&files->files[i - 1]);
		r = json_get_strv(&root, "unqualified-search-registries", ret, err);
		if (r > 0)
			*ret_file = &files->files[i - 1];
	}
	return r;
}

static int search_mode(const struct registry_files *files, const char **ret, struct error *err)
{
	static const char *const modes[] = { "enforcing", "permissive", "disabled" };
	const char *mode = NULL;
	*ret = "permissive";
	for (size_t i = files->n; i > 0; i--) {
		struct json_node root = json_root(&files->files[i - 1]);
		int r = json_get_string(&root, "short-name-mode", &mode, err);
		if (r < 0)
			return r;
		for (size_t j = 0; r > 0 && *mode && j < ARRAY_SIZE(modes); j++) {
			if (!streq(mode, modes[j]))
				continue;
			*ret = modes[j];
			return 0;
		}
		if (r > 0 && *mode)
			return json_error(&root, err, "\"%.40s\" is no \"short-name-mode\"", mode);
	}
	return 0;
}

static int check_registry(const struct json_document *file, const char *registry, struct error *err)
{
	struct json_node root = json_root(file);
	_cleanup_free_ char *probe = mem_printf("%s/x", registry);
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (strchr(registry, '/') || reference_is_short(probe) || reference_parse(probe, &reference, NULL) < 0)
		return json_error(&root, err, "\"%.200s\" is no registry to search", registry);
	return 0;
}

/* Those of the last file that has a list, and *ret_file; NULL if none has. */
static int search_registries(const struct registry_files *files, char ***ret, const struct json_document **ret_file,
			     struct error *err)
{
	_cleanup_strv_ char **registries = NULL;
	int r = search_list(files, &registries, ret_file, err);
	for (char **registry = registries; r >= 0 && registry && *registry; registry++)
		r = check_registry(*ret_file, *registry, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(registries);
	return 0;
}

static int find_search(const struct registry_files *files, const char *text, struct short_name *name, struct error *err)
{
	_cleanup_strv_ char **registries = NULL;
	const struct json_document *file = NULL;
	const char *mode;
	int r = search_registries(files, &registries, &file, err);
	if (r >= 0)
		r = search_mode(files, &mode, err);
	if (r < 0 || !file)
		return r;
	size_t count = strv_count(registries);
	if (count == 0) {
		(void)err_set(err, ERR_IMG_REF, "short name \"%s\" means nothing here", text);
		return err_cause(err, "it has no alias, and \"unqualified-search-registries\" is empty in %s",
				 file->name);
	}
	name->rule = SHORT_NAME_SEARCH;
	name->origin = mem_strdup(file->name);
	name->asks = !streq(mode, "disabled") && count > 1;
	name->refused = streq(mode, "enforcing") && count > 1;
	for (char **registry = registries; r >= 0 && *registry; registry++) {
		_cleanup_free_ char *meant = mem_printf("%s/%s", *registry, text);
		r = add_name(name, meant, err);
	}
	return r;
}

int short_name_registries(char ***ret, struct error *err)
{
	_cleanup_registry_files_ struct registry_files files = { 0 };
	const struct json_document *file = NULL;
	char **registries = NULL;
	int r = registry_files_load(&files, err);
	if (r >= 0)
		r = search_registries(&files, &registries, &file, err);
	if (r < 0)
		return r;
	if (!file)
		strv_append(&registries, DEFAULT_REGISTRY);
	*ret = registries;
	return 0;
}

/* --- both --- */

static int find(const char *text, struct short_name *name, struct error *err)
{
	_cleanup_registry_files_ struct registry_files files = { 0 };
	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = reference_parse(text, &reference, err);
	if (r < 0 || !reference_is_short(text))
		return r < 0 ? r : add_name(name, text, err);
	r = registry_files_load(&files, err);
	if (r >= 0)
		r = find_alias(&files, text, name, err);
	if (r == 0)
		r = find_search(&files, text, name, err);
	return r < 0 || name->names ? r : add_name(name, text, err);
}

int short_name_find(const char *text, struct short_name *ret, struct error *err)
{
	_cleanup_short_name_ struct short_name name = { 0 };
	int r = find(text, &name, err);
	if (r < 0)
		return r;
	*ret = name;
	name = (struct short_name){ 0 };
	return 0;
}

void short_name_choose(struct short_name *name, size_t i)
{
	char **chosen = NULL;
	strv_append(&chosen, name->names[i]);
	strv_free(name->names);
	name->names = chosen;
	name->asks = name->refused = false;
}

int short_name_check(const struct short_name *name, const char *text, struct error *err)
{
	if (!name->refused)
		return 0;
	_cleanup_free_ char *names = strv_join(name->names, ", ");
	(void)err_set(err, ERR_IMG_REF, "short name \"%s\" could be of several registries", text);
	(void)err_cause(err, "\"short-name-mode\" is \"enforcing\" in %s, and it may mean %s", name->origin, names);
	return err_hint(err, "name it in full, such as %s", name->names[0]);
}
