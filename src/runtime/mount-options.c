/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount-options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* Source: mount(8), "Filesystem-independent mount options"; config.md, "Linux mount options". */
static const struct attribute {
	const char *name; /* also as "r<name>", for the whole tree */
	uint64_t set, clear;
} ATTRIBUTES[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	/* The three ways of keeping access times are one field: setting one clears the others. */
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
};

/* Also as "r<name>", which crun knows; a superblock has no tree of mounts, and so it is the same. */
static const struct {
	const char *name;
	unsigned long flag;
	bool clear;
} SUPERBLOCK[] = {
	{ "sync", MS_SYNCHRONOUS, false }, { "async", MS_SYNCHRONOUS, true }, { "dirsync", MS_DIRSYNC, false },
	{ "mand", MS_MANDLOCK, false },	   { "nomand", MS_MANDLOCK, true },   { "lazytime", MS_LAZYTIME, false },
	{ "nolazytime", MS_LAZYTIME, true }, { "silent", MS_SILENT, false },  { "loud", MS_SILENT, true },
	{ "iversion", MS_I_VERSION, false }, { "noiversion", MS_I_VERSION, true }, { "acl", MS_POSIXACL, false },
	{ "noacl", MS_POSIXACL, true },
};

static const struct {
	const char *name;
	unsigned long flag;
} PROPAGATION[] = {
	{ "private", MS_PRIVATE },
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "unbindable", MS_UNBINDABLE },
};

unsigned long mount_propagation_from_name(const char *name, bool *ret_recursive)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROPAGATION); i++) {
		bool recursive = name[0] == 'r' && streq(name + 1, PROPAGATION[i].name);
		if (recursive || streq(name, PROPAGATION[i].name)) {
			*ret_recursive = recursive;
			return PROPAGATION[i].flag;
		}
	}
	return 0;
}

/* Later words win over earlier ones about the same thing, as with mount(8). */
static void change_attributes(uint64_t *set, uint64_t *clear, const struct attribute *attribute)
{
	*set = (*set & ~attribute->clear) | attribute->set;
	*clear = (*clear & ~attribute->set) | attribute->clear;
}

static bool take_attribute(const char *word, struct mount_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(ATTRIBUTES); i++) {
		const struct attribute *attribute = &ATTRIBUTES[i];
		if (streq(word, attribute->name)) {
			change_attributes(&options->change.set, &options->change.clear, attribute);
			return true;
		}
		if (word[0] == 'r' && streq(word + 1, attribute->name)) {
			change_attributes(&options->change.tree_set, &options->change.tree_clear, attribute);
			return true;
		}
	}
	return false;
}

static bool take_superblock_flag(const char *word, struct mount_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(SUPERBLOCK); i++) {
		if (!streq(word, SUPERBLOCK[i].name) && !(word[0] == 'r' && streq(word + 1, SUPERBLOCK[i].name)))
			continue;
		if (SUPERBLOCK[i].clear)
			options->superblock &= ~SUPERBLOCK[i].flag;
		else
			options->superblock |= SUPERBLOCK[i].flag;
		return true;
	}
	return false;
}

/* What the runtime does itself. Sources: config.md, "Linux mount options"; crun(1), "Mount options extensions". */
static const struct {
	const char *name;
	size_t offset; /* of a bool */
} OWN[] = {
	{ "bind", offsetof(struct mount_options, bind) },
	{ "rbind", offsetof(struct mount_options, bind) },
	{ "rbind", offsetof(struct mount_options, recursive) },
	{ "remount", offsetof(struct mount_options, remount) },
	{ "tmpcopyup", offsetof(struct mount_options, copy_up) },
	{ "copy-symlink", offsetof(struct mount_options, copy_symlink) },
	{ "src-nofollow", offsetof(struct mount_options, source_nofollow) },
	{ "dest-nofollow", offsetof(struct mount_options, target_nofollow) },
	{ "idmap", offsetof(struct mount_options, map_ids) },
	{ "ridmap", offsetof(struct mount_options, map_ids) },
	{ "ridmap", offsetof(struct mount_options, map_ids_recursive) },
};

static bool take_own(const char *word, struct mount_options *options)
{
	size_t len = strcspn(word, "=");
	bool found = false, maps = str_starts_with(word, "idmap=") || str_starts_with(word, "ridmap=");
	for (size_t i = 0; i < ARRAY_SIZE(OWN); i++) {
		if (strncmp(word, OWN[i].name, len) != 0 || OWN[i].name[len] || (word[len] && !maps))
			continue;
		*(bool *)((char *)options + OWN[i].offset) = found = true;
	}
	if (found && maps) {
		free(options->id_mapping);
		options->id_mapping = mem_strdup(word + len + 1);
	}
	return found;
}

static bool take_propagation(const char *word, struct mount_change *change)
{
	bool recursive;
	unsigned long propagation = mount_propagation_from_name(word, &recursive);
	if (propagation) {
		change->propagation = propagation;
		change->propagation_recursive = recursive;
	}
	return propagation;
}

/* coffer's own: where the source is somebody's directory, whose links must not lead out of it. */
static bool take_subpath(const char *word, struct mount_options *options)
{
	const char *path = str_after(word, MOUNT_SUBPATH);
	if (!path)
		return false;
	free(options->source_subpath);
	options->source_subpath = mem_strdup(path);
	return true;
}

static bool take_word(const char *word, struct mount_options *options)
{
	return take_subpath(word, options) || streq(word, "defaults") || streq(word, "") || take_own(word, options) ||
	       take_propagation(word, &options->change) || take_attribute(word, options) ||
	       take_superblock_flag(word, options);
}

/* Words that say different things about the same link. Source: crun(1), "copy-symlink". */
static int check_links(const struct mount_options *options, struct error *err)
{
	if (options->copy_symlink && (options->source_nofollow || options->target_nofollow))
		return err_set(err, ERR_SPEC, "mount option \"copy-symlink\" excludes \"%s\"",
			       options->source_nofollow ? "src-nofollow" : "dest-nofollow");
	return 0;
}

int mount_options_parse(char *const *words, struct mount_options *ret, struct error *err)
{
	_cleanup_mount_options_ struct mount_options options = { 0 };
	for (; words && *words; words++) {
		if (strchr(*words, ',') && !str_starts_with(*words, "context=") && !str_starts_with(*words, MOUNT_SUBPATH))
			return err_set(err, ERR_SPEC, "mount option \"%s\" holds a comma", *words);
		if (!take_word(*words, &options))
			strv_append(&options.data, *words);
	}
	int r = check_links(&options, err);
	if (r < 0)
		return r;
	*ret = options;
	options = (struct mount_options){ 0 };
	return 0;
}

void mount_options_done(struct mount_options *options)
{
	free(options->id_mapping);
	free(options->source_subpath);
	strv_free(options->data);
	*options = (struct mount_options){ 0 };
}

bool mount_is_bind(const struct spec_mount *mount)
{
	return (mount->type && streq(mount->type, "bind")) || strv_contains(mount->options, "bind") ||
	       strv_contains(mount->options, "rbind");
}

/* Names for mount_option_names(), each once. */
struct names {
	const char *words[2 * (ARRAY_SIZE(ATTRIBUTES) + ARRAY_SIZE(SUPERBLOCK) + ARRAY_SIZE(PROPAGATION)) +
			  ARRAY_SIZE(OWN) + 2];
	size_t count;
	char recursive[ARRAY_SIZE(ATTRIBUTES) + ARRAY_SIZE(PROPAGATION)][20];
	size_t n_recursive;
};

static void add_name(struct names *names, const char *name)
{
	if (names->count == 0 || !streq(names->words[names->count - 1], name))
		names->words[names->count++] = name;
}

static void add_pair(struct names *names, const char *name)
{
	char *recursive = names->recursive[names->n_recursive++];
	snprintf(recursive, sizeof names->recursive[0], "r%s", name);
	add_name(names, name);
	add_name(names, recursive);
}

const char *const *mount_option_names(void)
{
	static struct names names;
	if (names.count > 0)
		return names.words;
	for (size_t i = 0; i < ARRAY_SIZE(ATTRIBUTES); i++)
		add_pair(&names, ATTRIBUTES[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(PROPAGATION); i++)
		add_pair(&names, PROPAGATION[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(SUPERBLOCK); i++)
		add_name(&names, SUPERBLOCK[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(OWN); i++)
		add_name(&names, OWN[i].name);
	add_name(&names, "defaults");
	return names.words;
}
