/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/packages.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/fs-layers.h"
#include "engine/image.h"
#include "engine/merged.h"
#include "engine/package-db.h"
#include "engine/package-rpm.h"

enum { DATABASE_MAX = 64 << 20, RELEASE_MAX = 64 << 10 };

#define DPKG_FOLDER "/var/lib/dpkg/status.d" /* a file for each package, in images without dpkg */

static const struct {
	enum package_kind kind;
	const char *path;
} FILES[] = {
	{ PACKAGE_DEB, "/var/lib/dpkg/status" },
	{ PACKAGE_APK, "/lib/apk/db/installed" },
	{ PACKAGE_APK, "/usr/lib/apk/db/installed" },
};

static const char *const RPM_FILES[] = { "/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite" };

static const struct {
	const char *path, *what;
} RPM_UNREAD[] = {
	{ "/var/lib/rpm/Packages", "is of Berkeley DB, which is not read" },
	{ "/usr/lib/sysimage/rpm/Packages", "is of Berkeley DB, which is not read" },
	{ "/var/lib/rpm/Packages.db", "is of ndb, which is not read" },
	{ "/usr/lib/sysimage/rpm/Packages.db", "is of ndb, which is not read" },
};

static const char *const KIND_NAMES[] = { [PACKAGE_DEB] = "deb", [PACKAGE_APK] = "apk", [PACKAGE_RPM] = "rpm" };

static void package_done(struct image_package *package)
{
	free(package->name);
	free(package->version);
	free(package->architecture);
	free(package->layer);
	free(package->created_by);
}

void image_packages_done(struct image_packages *packages)
{
	for (size_t i = 0; i < packages->count; i++)
		package_done(&packages->list[i]);
	free(packages->list);
	free(packages->distribution);
	free(packages->release);
	*packages = (struct image_packages){ 0 };
}

/* --- what some layers have --- */

/* The directory at the absolute @path, of names without links; NULL if there is none. */
static struct merged *enter_path(struct merged *merged, const char *path)
{
	_cleanup_strv_ char **names = strv_split(path + 1, '/');
	struct merged *at = NULL;
	for (char **name = names; name && *name; name++) {
		struct merged *next = NULL;
		int r = merged_enter(at ? at : merged, *name, &next);
		merged_free(at);
		if (r <= 0)
			return NULL;
		at = next;
	}
	return at;
}

static bool has_file(struct merged *merged, const char *path)
{
	int fd = merged_open_file(merged, path);
	fd_close(fd);
	return fd >= 0;
}

/* Whether the view of one layer has anything of any database. */
static bool has_database(struct merged *merged)
{
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++)
		if (has_file(merged, FILES[i].path))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(RPM_FILES); i++)
		if (has_file(merged, RPM_FILES[i]))
			return true;
	_cleanup_merged_ struct merged *folder = enter_path(merged, DPKG_FOLDER);
	return folder != NULL;
}

static int read_file(struct merged *merged, const char *path, enum package_kind kind, struct package_list *list,
		     struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = merged_read(merged, path, DATABASE_MAX, &text, err);
	if (r >= 0)
		package_db_parse(kind, text, list);
	return r;
}

static int read_folder(struct merged *merged, struct package_list *list, struct error *err)
{
	_cleanup_merged_ struct merged *folder = enter_path(merged, DPKG_FOLDER);
	_cleanup_strv_ char **names = NULL;
	int r = folder ? merged_names(folder, &names) : 0;
	if (r < 0)
		return err_sys(err, -r, "read '" DPKG_FOLDER "' of the image");
	for (char **name = names; r >= 0 && name && *name; name++) {
		if (str_ends_with(*name, ".md5sums"))
			continue;
		_cleanup_free_ char *path = mem_printf(DPKG_FOLDER "/%s", *name);
		r = read_file(merged, path, PACKAGE_DEB, list, err);
	}
	return r;
}

/* One that makes no sense is no reason to say nothing of the others. */
static const char *read_rpm(struct merged *merged, struct package_list *list)
{
	const char *unread = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(RPM_FILES); i++) {
		_cleanup_close_ int fd = merged_open_file(merged, RPM_FILES[i]);
		if (fd >= 0 && package_rpm_read(fd, list) < 0)
			unread = "is damaged, and not all of it could be read";
	}
	return unread;
}

static int read_databases(struct merged *merged, struct package_list *list, const char **ret_unread, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(FILES); i++)
		r = read_file(merged, FILES[i].path, FILES[i].kind, list, err);
	*ret_unread = read_rpm(merged, list);
	return r < 0 ? r : read_folder(merged, list, err);
}

/* --- which layer? --- */

static int compare_packages(const void *a, const void *b)
{
	const struct image_package *left = a, *right = b;
	int order = strcmp(left->name, right->name);
	order = order ? order : strcmp(left->architecture, right->architecture);
	order = order ? order : strcmp(left->version, right->version);
	return order ? order : strcmp(left->type, right->type);
}

/* The same package of the same version that was there before, in the list in order; or NULL. */
static const struct image_package *find_package(const struct image_packages *before,
						const struct image_package *package)
{
	return before->count ? bsearch(package, before->list, before->count, sizeof *before->list, compare_packages)
			     : NULL;
}

/* A database is read twice where one of its places is a link to the other. */
static void drop_repeated(struct image_packages *packages)
{
	size_t kept = 0;
	for (size_t i = 0; i < packages->count; i++) {
		if (kept > 0 && compare_packages(&packages->list[kept - 1], &packages->list[i]) == 0)
			package_done(&packages->list[i]);
		else
			packages->list[kept++] = packages->list[i];
	}
	packages->count = kept;
}

/* @list as of @layer: what was not there before has come with it. */
static struct image_packages describe(struct package_list *list, const struct image_packages *before,
				      const struct fs_layer *layer)
{
	struct image_packages packages = { 0 };
	for (size_t i = 0; i < list->count; i++) {
		struct package *package = &list->packages[i];
		struct image_package *described = ARRAY_APPEND(packages.list, packages.count);
		*described = (struct image_package){ .type = KIND_NAMES[package->kind],
						     .name = TAKE_PTR(package->name),
						     .version = TAKE_PTR(package->version),
						     .architecture = TAKE_PTR(package->architecture) };
		const struct image_package *known = find_package(before, described);
		described->layer = mem_strdup(known ? known->layer : layer->name);
		described->created_by = mem_strdup(known ? known->created_by : layer->created_by);
	}
	if (packages.count > 0)
		qsort(packages.list, packages.count, sizeof *packages.list, compare_packages);
	drop_repeated(&packages);
	return packages;
}

/* The packages of the layers from the bottom up to @top, of which *packages are those below it. */
static int take_layer(const struct fs_layers *layers, size_t top, struct image_packages *packages, struct error *err)
{
	_cleanup_merged_ struct merged *own = NULL, *all = NULL;
	_cleanup_strv_ char **dirs = NULL;
	_cleanup_package_list_ struct package_list list = { 0 };
	const char *unread = NULL;
	char *const own_dir[] = { layers->list[top].dir, NULL };
	int r = merged_open(own_dir, &own, err);
	if (r < 0 || (top > 0 && !has_database(own)))
		return r;
	for (size_t i = top; i < layers->count; i++)
		strv_append(&dirs, layers->list[i].dir);
	r = merged_open(dirs, &all, err);
	if (r >= 0)
		r = read_databases(all, &list, &unread, err);
	if (r < 0)
		return r;
	struct image_packages now = describe(&list, packages, &layers->list[top]);
	now.unread = unread;
	image_packages_done(packages);
	*packages = now;
	return 0;
}

/* --- the image --- */

/* The value of NAME=VALUE in os-release(5), without quotes; or NULL. */
static char *release_value(const char *text, const char *name)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *value = str_after(text, name);
		if (!value || *value != '=')
			continue;
		value++;
		value += *value == '"' || *value == '\'';
		size_t len = strcspn(value, "\"'\r\n");
		return len > 0 ? mem_strndup(value, len) : NULL;
	}
	return NULL;
}

static int read_whole(const struct fs_layers *layers, struct image_packages *packages, struct error *err)
{
	static const char *const files[] = { "/etc/os-release", "/usr/lib/os-release" };
	_cleanup_merged_ struct merged *merged = NULL;
	_cleanup_strv_ char **dirs = NULL;
	for (size_t i = 0; i < layers->count; i++)
		strv_append(&dirs, layers->list[i].dir);
	int r = merged_open(dirs, &merged, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(RPM_UNREAD); i++)
		if (has_file(merged, RPM_UNREAD[i].path))
			packages->unread = RPM_UNREAD[i].what;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(files) && !packages->distribution; i++) {
		_cleanup_free_ char *text = NULL;
		r = merged_read(merged, files[i], RELEASE_MAX, &text, err);
		if (r < 0)
			break;
		packages->distribution = release_value(text, "ID");
		packages->release = release_value(text, "VERSION_ID");
	}
	return r;
}

int engine_image_packages(struct engine *engine, const struct image *image, struct image_packages *ret,
			  struct error *err)
{
	_cleanup_fs_layers_ struct fs_layers layers = { 0 };
	struct image_packages packages = { 0 };
	int r = fs_layers_of_image(engine, image, &layers, err);
	for (size_t i = layers.count; r >= 0 && i-- > 0;)
		r = take_layer(&layers, i, &packages, err);
	if (r >= 0 && layers.count > 0)
		r = read_whole(&layers, &packages, err);
	if (r < 0) {
		image_packages_done(&packages);
		return r;
	}
	*ret = packages;
	return 0;
}
