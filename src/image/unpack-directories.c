/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-directories.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "image/unpack-attributes.h"
#include "storage/overlay-marks.h"

/* A real layer has tens of thousands of directories at most, with names of a hundred bytes. */
enum { DIRECTORIES_SIZE_MAX = 256 << 20 };

struct tree_directory {
	char *path;
	size_t order; /* of the entries; the last one of a path counts */
	mode_t mode;
	bool implicit; /* no entry: owner and times stay as they are, ... */
	bool marked;   /* ... and those of the layers below are to be looked for */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	void *acl;
	size_t acl_len;
};

static struct tree_directory *add(struct tree *tree, char *path, size_t acl_len, struct error *err)
{
	tree->directories_size += sizeof(struct tree_directory) + strlen(path) + acl_len;
	if (tree->directories_size > DIRECTORIES_SIZE_MAX) {
		err_set(err, ERR_IMG_LAYER,
			"layer has too many directories: keeping their attributes takes more than %d MiB",
			DIRECTORIES_SIZE_MAX >> 20);
		free(path);
		return NULL;
	}
	struct tree_directory *directory = ARRAY_APPEND(tree->directories, tree->n_directories);
	directory->path = path;
	directory->order = tree->n_directories;
	return directory;
}

int directories_add(struct tree *tree, const struct entry *entry, struct error *err)
{
	const struct entry_xattr *acl = attributes_default_acl(entry);
	char *path = path_join(entry->name.dir, entry->name.base);
	struct tree_directory *directory = add(tree, path, acl ? acl->len : 0, err);
	if (!directory)
		return -ERR_IMG_LAYER;
	directory->mode = entry->mode & ALLPERMS;
	directory->uid = entry->uid;
	directory->gid = entry->gid;
	directory->mtime = entry->mtime;
	directory->acl = acl ? mem_dup(acl->value, acl->len) : NULL;
	directory->acl_len = acl ? acl->len : 0;
	return 0;
}

int directories_add_implicit(struct tree *tree, const char *path, bool anew, struct error *err)
{
	struct tree_directory *directory = add(tree, mem_strdup(path), 0, err);
	if (!directory)
		return -ERR_IMG_LAYER;
	directory->mode = 0755;
	directory->implicit = true;
	directory->marked = !anew;
	return 0;
}

void directories_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_directories; i++) {
		free(tree->directories[i].path);
		free(tree->directories[i].acl);
	}
	free(tree->directories);
	tree->directories = NULL;
	tree->n_directories = 0;
}

/* Backwards: children come before their parents, and of the entries with one path the last one comes first. */
static int compare_backwards(const void *a, const void *b)
{
	const struct tree_directory *left = a, *right = b;
	int r = strcmp(right->path, left->path);
	return r ? r : (right->order > left->order) - (right->order < left->order);
}

/* Where it cannot be said, the directory hides what those below are like; that is no reason to do without the layer. */
static bool mark_implied(int fd, const char *path)
{
	int r = overlay_set_mark(fd, OVERLAY_IMPLIED);
	if (r < 0)
		log_debug("unpack: '%s' is not marked as a directory without an entry: errno %d", path, -r);
	return r == 0;
}

static int dress(int fd, const struct tree_directory *directory, struct error *err)
{
	const struct entry entry = { .raw = *directory->path ? directory->path : "./" };
	if (!directory->implicit && fchown(fd, directory->uid, directory->gid) < 0)
		return entry_error(&entry, errno, "set the owner of", err);
	if (fchmod(fd, directory->mode) < 0)
		return entry_error(&entry, errno, "set the mode of", err);
	int r = directory->acl ? attributes_set_default_acl(fd, directory->acl, directory->acl_len, &entry, err) : 0;
	if (r < 0)
		return r;
	const struct timespec times[2] = { directory->mtime, directory->mtime };
	if (!directory->implicit && futimens(fd, times) < 0)
		return entry_error(&entry, errno, "set the times of", err);
	return 0;
}

/* What is gone, or is no directory any more, was replaced by a later entry. */
static int finish_directory(struct tree *tree, const struct tree_directory *directory, struct error *err)
{
	const char *path = *directory->path ? directory->path : ".";
	_cleanup_close_ int fd = path_open_beneath(tree->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "open directory '%s' of the layer", path);
	/* The root comes last, and says that there are such. */
	if (*directory->path ? directory->marked : tree->implied)
		tree->implied |= mark_implied(fd, path);
	return dress(fd, directory, err);
}

int tree_finish(struct tree *tree, struct error *err)
{
	if (tree->n_directories > 0)
		qsort(tree->directories, tree->n_directories, sizeof *tree->directories, compare_backwards);
	for (size_t i = 0; i < tree->n_directories; i++) {
		if (i > 0 && streq(tree->directories[i].path, tree->directories[i - 1].path))
			continue;
		int r = finish_directory(tree, &tree->directories[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}
