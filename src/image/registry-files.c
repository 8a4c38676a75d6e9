/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/toml.h"
#include "base/util.h"

#define SYSTEM_CONFIG "/etc/containers/registries.conf"

enum { CONFIG_SIZE_MAX = 1 << 20 };

void registry_files_done(struct registry_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		json_document_done(&files->files[i]);
	free(files->files);
	*files = (struct registry_files){ 0 };
}

char *registry_user_path(const char *name)
{
	const char *home = getenv("HOME"), *folder = getenv("XDG_CONFIG_HOME");
	if (!str_is_empty(folder))
		return mem_printf("%s/containers/%s", folder, name);
	return str_is_empty(home) ? NULL : mem_printf("%s/.config/containers/%s", home, name);
}

/* Version 1 said it all in one table. */
static int check_version(const struct json_document *file, struct error *err)
{
	struct json_node root = json_root(file), old;
	return json_get(&root, "registries", &old) ? json_error(&old, err, "version 1 of the format is not supported")
						   : 0;
}

static int add_file(struct registry_files *files, const char *path, struct error *err)
{
	struct json_document file = { 0 };
	struct error why = { 0 };
	int r = toml_load(AT_FDCWD, path, CONFIG_SIZE_MAX, ERR_INVALID, &file, &why);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0) {
		*err = why;
		return r;
	}
	*ARRAY_APPEND(files->files, files->n) = file;
	return check_version(&files->files[files->n - 1], err);
}

static int is_config(const struct dirent *entry)
{
	return str_ends_with(entry->d_name, ".conf");
}

/* The drop-ins of the file @config. */
static int add_folder(struct registry_files *files, const char *config, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s.d", config);
	struct dirent **entries;
	int n = scandir(path, &entries, is_config, alphasort), r = 0;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, errno, "read '%s'", path);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *file = path_join(path, entries[i]->d_name);
		if (r >= 0)
			r = add_file(files, file, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int add_with_folder(struct registry_files *files, const char *config, struct error *err)
{
	int r = add_file(files, config, err);
	return r < 0 ? r : add_folder(files, config, err);
}

static int add_all(struct registry_files *files, struct error *err)
{
	const char *chosen = getenv("CONTAINERS_REGISTRIES_CONF");
	if (!str_is_empty(chosen))
		return add_with_folder(files, chosen, err);
	_cleanup_free_ char *own = registry_user_path("registries.conf");
	if (own && access(own, R_OK) == 0)
		return add_with_folder(files, own, err);
	int r = add_with_folder(files, SYSTEM_CONFIG, err);
	return r < 0 || !own ? r : add_folder(files, own, err);
}

int registry_files_load(struct registry_files *ret, struct error *err)
{
	_cleanup_registry_files_ struct registry_files files = { 0 };
	struct error why = { 0 };
	int r = add_all(&files, &why);
	if (r < 0)
		return err_set(err, why.code, "%s", why.message);
	*ret = files;
	files = (struct registry_files){ 0 };
	return 0;
}
