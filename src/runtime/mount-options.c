/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount-options.h"

#include <stddef.h>
#include <sys/mount.h>

#include "base/cleanup.h"
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

static const struct {
	const char *name;
	unsigned long flag;
	bool clear;
} SUPERBLOCK[] = {
	{ "sync", MS_SYNCHRONOUS, false }, { "async", MS_SYNCHRONOUS, true }, { "dirsync", MS_DIRSYNC, false },
	{ "mand", MS_MANDLOCK, false },	   { "nomand", MS_MANDLOCK, true },   { "lazytime", MS_LAZYTIME, false },
	{ "nolazytime", MS_LAZYTIME, true }, { "silent", MS_SILENT, false },  { "loud", MS_SILENT, true },
	{ "iversion", MS_I_VERSION, false }, { "noiversion", MS_I_VERSION, true },
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
			change_attributes(&options->set, &options->clear, attribute);
			return true;
		}
		if (word[0] == 'r' && streq(word + 1, attribute->name)) {
			change_attributes(&options->recursive_set, &options->recursive_clear, attribute);
			return true;
		}
	}
	return false;
}

static bool take_superblock_flag(const char *word, struct mount_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(SUPERBLOCK); i++) {
		if (!streq(word, SUPERBLOCK[i].name))
			continue;
		if (SUPERBLOCK[i].clear)
			options->superblock &= ~SUPERBLOCK[i].flag;
		else
			options->superblock |= SUPERBLOCK[i].flag;
		return true;
	}
	return false;
}

static bool take_word(const char *word, struct mount_options *options)
{
	bool recursive;
	unsigned long propagation = mount_propagation_from_name(word, &recursive);
	if (propagation) {
		options->propagation = propagation;
		options->propagation_recursive = recursive;
		return true;
	}
	if (streq(word, "bind") || streq(word, "rbind")) {
		options->bind = true;
		options->recursive = word[0] == 'r';
		return true;
	}
	if (streq(word, "tmpcopyup")) {
		options->copy_up = true;
		return true;
	}
	/* "defaults" says nothing, "remount" has no meaning for a mount that is only being made. */
	if (streq(word, "defaults") || streq(word, "remount") || streq(word, ""))
		return true;
	return take_attribute(word, options) || take_superblock_flag(word, options);
}

int mount_options_parse(char *const *words, struct mount_options *ret, struct error *err)
{
	_cleanup_mount_options_ struct mount_options options = { 0 };
	for (; words && *words; words++) {
		if (strchr(*words, ',') && !str_starts_with(*words, "context="))
			return err_set(err, ERR_SPEC, "mount option \"%s\" holds a comma", *words);
		if (!take_word(*words, &options))
			strv_append(&options.data, *words);
	}
	*ret = options;
	options = (struct mount_options){ 0 };
	return 0;
}

void mount_options_done(struct mount_options *options)
{
	strv_free(options->data);
	*options = (struct mount_options){ 0 };
}

bool mount_is_bind(const struct spec_mount *mount)
{
	return (mount->type && streq(mount->type, "bind")) || strv_contains(mount->options, "bind") ||
	       strv_contains(mount->options, "rbind");
}

const char *const *mount_option_names(void)
{
	enum { WORDS = 2 * ARRAY_SIZE(ATTRIBUTES) + ARRAY_SIZE(SUPERBLOCK) + 2 * ARRAY_SIZE(PROPAGATION) + 4 };
	static const char *names[WORDS + 1];
	static char recursive[ARRAY_SIZE(ATTRIBUTES) + ARRAY_SIZE(PROPAGATION)][20];
	size_t n = 0, made = 0;
	if (names[0])
		return names;
	for (size_t i = 0; i < ARRAY_SIZE(ATTRIBUTES); i++) {
		snprintf(recursive[made], sizeof recursive[made], "r%s", ATTRIBUTES[i].name);
		names[n++] = ATTRIBUTES[i].name;
		names[n++] = recursive[made++];
	}
	for (size_t i = 0; i < ARRAY_SIZE(PROPAGATION); i++) {
		snprintf(recursive[made], sizeof recursive[made], "r%s", PROPAGATION[i].name);
		names[n++] = PROPAGATION[i].name;
		names[n++] = recursive[made++];
	}
	for (size_t i = 0; i < ARRAY_SIZE(SUPERBLOCK); i++)
		names[n++] = SUPERBLOCK[i].name;
	names[n++] = "bind";
	names[n++] = "rbind";
	names[n++] = "tmpcopyup";
	names[n++] = "defaults";
	names[n] = NULL;
	return names;
}
