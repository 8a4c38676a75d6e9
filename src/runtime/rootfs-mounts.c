/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_mount_all(): the mounts of config.json, in their order. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/annotation.h"
#include "runtime/copy-up.h"
#include "runtime/mount-options.h"
#include "runtime/rootfs.h"

/* --- places --- */

/*
 * Find the place for a mount, and make it, as a directory or an empty file, where there is none. The caller closes
 * place->target.
 */
static int open_place(struct rootfs *rootfs, const char *destination, bool directory, bool nofollow,
		      struct mount_place *ret, struct error *err)
{
	int fd = path_open_in_root(rootfs->mount, destination, O_PATH | (nofollow ? O_NOFOLLOW : 0), 0);
	if (fd < 0 && fd != -ENOENT)
		return err_sys_code(err, ERR_MOUNT, -fd, "open mount point '%s'", destination);
	if (fd < 0)
		fd = directory ? path_make_dirs_in_root(rootfs->mount, destination, 0755) :
				 path_make_file_in_root(rootfs->mount, destination, 0644, 0755);
	if (fd < 0)
		return err_sys_code(err, ERR_MOUNT, -fd, "make mount point '%s'", destination);
	*ret = (struct mount_place){ rootfs->mount, destination, nofollow, fd };
	return 0;
}

/* --- binds --- */

/* "copy-symlink" */
static int make_link(struct rootfs *rootfs, const char *destination, const char *text, struct error *err)
{
	const char *name;
	char existing[PATH_MAX];
	_cleanup_close_ int parent = path_open_parent_in_root(rootfs->mount, destination, true, 0755, &name);
	if (parent < 0)
		return err_sys_code(err, ERR_MOUNT, -parent, "make the directory of link '%s'", destination);
	if (symlinkat(text, parent, name) == 0)
		return 0;
	int error = errno;
	ssize_t len = error == EEXIST ? readlinkat(parent, name, existing, sizeof existing) : -1;
	if (len == (ssize_t)strlen(text) && memcmp(existing, text, (size_t)len) == 0)
		return 0;
	return err_sys_code(err, ERR_MOUNT, error, "make link '%s'", destination);
}

/* @source's fd is the mount in its place afterwards. */
static int put_source(struct rootfs_source *source, bool tree, const struct mount_place *place,
		      const struct mount_change *change, struct error *err)
{
	if (!source->path)
		return mount_place(source->fd, place, change, err);
	_cleanup_close_ int found = rootfs_source_reopen(source->fd, source->path, err);
	int mount = found < 0 ? found : mount_place_bind(found, tree, place, change, err);
	if (mount < 0)
		return mount;
	fd_close(source->fd);
	source->fd = mount;
	return 0;
}

/* The host's mounts keep their propagation in a clone. What an option says is said of what we make of them by default. */
static int put_bind(struct rootfs_source *source, const struct mount_options *options, unsigned long default_propagation,
		    const struct mount_place *place, struct error *err)
{
	struct mount_change change = options->change;
	if (default_propagation) {
		change.propagation = default_propagation;
		change.propagation_recursive = true;
	}
	int r = put_source(source, mount_options_bind_tree(options), place, &change, err);
	if (r < 0 || !default_propagation || !options->change.propagation)
		return r;
	return mount_set_propagation(source->fd, options->change.propagation, options->change.propagation_recursive, err);
}

static int mount_bind(struct rootfs *rootfs, size_t index, const struct mount_options *options, struct error *err)
{
	const char *destination = rootfs->spec->mounts[index].destination;
	struct rootfs_source *source = &rootfs->sources[index];
	struct mount_place place;
	struct stat st;
	if (source->link)
		return make_link(rootfs, destination, source->link, err);
	if (fstat(source->fd, &st) < 0)
		return err_sys(err, errno, "look at the source");
	int r = open_place(rootfs, destination, S_ISDIR(st.st_mode), options->target_nofollow, &place, err);
	if (r < 0)
		return r;
	r = put_bind(source, options, rootfs_default_propagation(rootfs->spec), &place, err);
	fd_close(place.target);
	return r;
}

/* --- new file systems --- */

static bool has_mode(char *const *data)
{
	for (; data && *data; data++)
		if (str_starts_with(*data, "mode="))
			return true;
	return false;
}

/*
 * A tmpfs has the mode of the directory that it covers, unless an option says another, and the label that the engine
 * chose (whether there are labels at all was asked before). Source: config-linux.md, "Mount Label".
 */
static char **complete_data(const struct spec *spec, const struct spec_mount *mount, const struct mount_options *options,
			    int covered)
{
	char **data = options->data ? strv_copy(options->data) : NULL;
	struct stat st;
	bool tmpfs = streq(mount->type, "tmpfs");
	if (tmpfs && !has_mode(data) && fstat(covered, &st) == 0)
		strv_take(&data, mem_printf("mode=%o", (unsigned)(st.st_mode & 07777)));
	bool labelled = tmpfs || !(streq(mount->type, "proc") || streq(mount->type, "sysfs") || streq(mount->type, "mqueue"));
	const char *kind = annotation_get(spec->annotations, "run.oci.mount_context_type");
	if (labelled && !str_is_empty(spec->mount_label))
		strv_take(&data, mem_printf("%s=\"%s\"", kind ? kind : "context", spec->mount_label));
	return data;
}

/* What these show is a namespace's, and who mounts them has to be root of the user namespace that this belongs to. */
static void explain_refusal(const struct spec *spec, const char *type, struct error *err)
{
	static const struct {
		const char *type;
		enum namespace_type shows;
	} table[] = { { "proc", NAMESPACE_PID }, { "sysfs", NAMESPACE_NETWORK }, { "mqueue", NAMESPACE_IPC } };
	for (size_t i = 0; err && err->sys_errno == EPERM && i < ARRAY_SIZE(table); i++) {
		const struct spec_namespace *ns = &spec->namespaces[table[i].shows];
		if (streq(type, table[i].type) && spec->namespaces[NAMESPACE_USER].listed && (!ns->listed || ns->path))
			err_cause(err, "the container has a user namespace, but no new %s namespace, which a %s shows",
				  namespace_spec_name(table[i].shows), type);
	}
}

static int mount_new_on(struct rootfs *rootfs, const struct spec_mount *spec, const struct mount_options *options,
			const struct mount_place *place, struct error *err)
{
	_cleanup_strv_ char **data = complete_data(rootfs->spec, spec, options, place->target);
	bool read_only = options->change.set & MOUNT_ATTR_RDONLY;
	struct mount_change change = options->change;
	const struct mount_file_system fs = {
		.type = spec->type,
		.source = str_is_empty(spec->source) ? spec->type : spec->source,
		.data = (const char *const *)data,
		/* As for mount(8): a file system that is only read is not written to when it is opened, either. */
		.superblock = options->superblock | (read_only && !options->copy_up ? MS_RDONLY : 0),
	};
	if (options->copy_up)
		change.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	_cleanup_close_ int mount = mount_place_new(&fs, place, &change, err);
	if (mount < 0)
		explain_refusal(rootfs->spec, spec->type, err);
	if (mount < 0 || !options->copy_up)
		return MIN(mount, 0);
	int r = copy_up(place->target, mount, place->path, err);
	return r < 0 || !read_only ? r : mount_change(mount, MOUNT_ATTR_RDONLY, 0, false, err);
}

static int mount_file_system(struct rootfs *rootfs, const struct spec_mount *spec, const struct mount_options *options,
			     struct error *err)
{
	struct mount_place place;
	int r = open_place(rootfs, spec->destination, true, options->target_nofollow, &place, err);
	if (r < 0)
		return r;
	if (streq(spec->type, "cgroup") || streq(spec->type, "cgroup2"))
		r = cgroup_view_mount(rootfs, &place, &options->change, options->data, err);
	else
		r = mount_new_on(rootfs, spec, options, &place, err);
	fd_close(place.target);
	return r;
}

/* "remount": what is mounted there already, by an earlier entry or by the root filesystem. */
static int remount(struct rootfs *rootfs, const struct spec_mount *spec, const struct mount_options *options,
		   struct error *err)
{
	_cleanup_close_ int mount = path_open_in_root(rootfs->mount, spec->destination, O_PATH, 0);
	if (mount < 0)
		return err_sys_code(err, ERR_MOUNT, -mount, "open mount point '%s'", spec->destination);
	int r = options->data ? mount_reconfigure(mount, (const char *const *)options->data, err) : 0;
	return r < 0 ? r : mount_apply(mount, &options->change, err);
}

static int mount_one(struct rootfs *rootfs, size_t index, struct error *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	_cleanup_mount_options_ struct mount_options options = { 0 };
	int r = mount_options_parse(mount->options, &options, err);
	if (r < 0)
		return r;
	if (options.remount)
		return remount(rootfs, mount, &options, err);
	return mount_is_bind(mount) ? mount_bind(rootfs, index, &options, err) :
				      mount_file_system(rootfs, mount, &options, err);
}

int rootfs_mount_all(struct rootfs *rootfs, struct error *err)
{
	for (size_t i = 0; i < rootfs->spec->n_mounts; i++)
		if (mount_one(rootfs, i, err) < 0)
			return rootfs_wrap_mount(rootfs, i, err);
	return 0;
}
