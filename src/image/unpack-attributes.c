/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/xattr.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

#define XATTR_CAPABILITY XATTR_SECURITY_PREFIX XATTR_CAPS_SUFFIX
#define XATTR_ACCESS_ACL XATTR_SYSTEM_PREFIX XATTR_POSIX_ACL_ACCESS
#define XATTR_DEFAULT_ACL XATTR_SYSTEM_PREFIX XATTR_POSIX_ACL_DEFAULT

int entry_error(const struct entry *entry, int sys_errno, const char *verb, struct error *err)
{
	switch (sys_errno) {
	case EINVAL:
	case EISDIR:
	case ELOOP:
	case EMLINK:
	case ENAMETOOLONG:
	case ENOTDIR:
		return err_sys_code(err, ERR_IMG_LAYER, sys_errno, "%s '%s'", verb, entry->raw);
	default:
		return err_sys(err, sys_errno, "%s '%s'", verb, entry->raw);
	}
}

/* How bad it is if an attribute that is kept cannot be set. */
enum xattr_loss {
	LOSS_FATAL,	  /* a program without its capabilities fails later, and nobody would know why */
	LOSS_UNSUPPORTED, /* without its ACL a file may be open to more people, unless there are no ACLs here at all */
	LOSS_TOLERATED,
};

/* The first one decides; a prefix ends in a dot. What is not here, is not kept. */
static const struct xattr_rule {
	const char *name;
	bool keep;
	enum xattr_loss loss;
} XATTR_RULES[] = {
	{ "trusted.overlay.", false, LOSS_TOLERATED }, /* overlayfs believes these */
	{ "user.overlay.", false, LOSS_TOLERATED },    /* and these, if mounted without privileges */
	{ XATTR_TRUSTED_PREFIX, true, LOSS_TOLERATED }, { XATTR_USER_PREFIX, true, LOSS_TOLERATED },
	{ XATTR_CAPABILITY, true, LOSS_FATAL },		{ XATTR_ACCESS_ACL, true, LOSS_UNSUPPORTED },
	{ XATTR_DEFAULT_ACL, true, LOSS_UNSUPPORTED },
};

static const struct xattr_rule *find_rule(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(XATTR_RULES); i++) {
		const struct xattr_rule *rule = &XATTR_RULES[i];
		if (str_ends_with(rule->name, ".") ? str_starts_with(name, rule->name) : streq(name, rule->name))
			return rule;
	}
	return NULL;
}

bool attributes_keep_xattr(const char *name)
{
	const struct xattr_rule *rule = find_rule(name);
	return rule && rule->keep;
}

static int xattr_failed(const struct entry *entry, const char *name, int sys_errno, struct error *err)
{
	const struct xattr_rule *rule = find_rule(name);
	enum xattr_loss loss = rule ? rule->loss : LOSS_TOLERATED;
	if (loss == LOSS_FATAL || (loss == LOSS_UNSUPPORTED && sys_errno != ENOTSUP)) {
		entry_error(entry, sys_errno, "set an extended attribute of", err);
		return err_cause(err, "the attribute is %s", name);
	}
	log_debug("unpack: '%s': attribute %s is left out: errno %d", entry->raw, name, sys_errno);
	return 0;
}

static int set_xattr(int fd, const struct entry *entry, const struct entry_xattr *xattr, struct error *err)
{
	if (fsetxattr(fd, xattr->name, xattr->value, xattr->len, 0) == 0)
		return 0;
	return xattr_failed(entry, xattr->name, errno, err);
}

/* As many ids more as there have to be, where nobody's are by custom. */
static int unmapped_owner(const struct entry *entry, struct error *err)
{
	enum { FIRST = 1000000000 };
	uint64_t last = FIRST + (uint64_t)MAX(entry->uid, entry->gid) - 1;
	err_cause(err, "user %u or group %u is none of this user namespace", entry->uid, entry->gid);
	return err_hint(err,
			"usermod --add-subuids %d-%" PRIu64 " --add-subgids %d-%" PRIu64 " USER, as root, and end your "
			"coffer-holder",
			FIRST, last, FIRST, last);
}

/*
 * A user namespace without the owner's ids: where it has root's alone, all is root's, for otherwise hardly an image could
 * be had there. Source: chown(2), EINVAL; user_namespaces(7).
 */
static int owner_refused(int dir, const char *name, const struct entry *entry, int sys_errno, struct error *err)
{
	enum { ANOTHER = 1 };
	bool unmapped = sys_errno == EINVAL;
	if (unmapped && fchownat(dir, name, ANOTHER, ANOTHER, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == EINVAL)
		return 0;
	int r = entry_error(entry, sys_errno, "set the owner of", err);
	return unmapped ? unmapped_owner(entry, err) : r;
}

static int set_owner(int fd, const struct entry *entry, struct error *err)
{
	return fchown(fd, entry->uid, entry->gid) < 0 ? owner_refused(fd, "", entry, errno, err) : 0;
}

/*
 * In this order: a change of owner takes away setuid, setgid and capabilities; an access ACL changes the mode to what
 * it was together with that ACL; the times come last, for everything else changes them.
 */
int attributes_set_file(int fd, const struct entry *entry, bool chown, struct error *err)
{
	int r = chown ? set_owner(fd, entry, err) : 0;
	if (r < 0)
		return r;
	if (fchmod(fd, entry->mode & ALLPERMS) < 0)
		return entry_error(entry, errno, "set the mode of", err);
	for (size_t i = 0; r == 0 && i < entry->n_xattrs; i++)
		r = set_xattr(fd, entry, &entry->xattrs[i], err);
	if (r < 0)
		return r;
	const struct timespec times[2] = { entry->mtime, entry->mtime };
	return futimens(fd, times) < 0 ? entry_error(entry, errno, "set the times of", err) : 0;
}

static int set_node_xattrs(const char *name, const struct entry *entry, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < entry->n_xattrs; i++) {
		const struct entry_xattr *xattr = &entry->xattrs[i];
		if (lsetxattr(name, xattr->name, xattr->value, xattr->len, 0) < 0)
			r = xattr_failed(entry, xattr->name, errno, err);
	}
	return r;
}

/*
 * Links and devices cannot be opened for this, a call relative to a directory came with Linux 6.13, and a worker has no
 * /proc for the detour over /proc/self/fd. So it goes there.
 */
static int set_node_xattrs_in(int dir, const char *name, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (before < 0 || fchdir(dir) < 0)
		return entry_error(entry, errno, "set the extended attributes of", err);
	int r = set_node_xattrs(name, entry, err);
	if (fchdir(before) < 0)
		return err_sys(err, errno, "return to the working directory");
	return r;
}

int attributes_set_node(int dir, const char *name, const struct entry *entry, struct error *err)
{
	int r = fchownat(dir, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0
			? owner_refused(dir, name, entry, errno, err)
			: 0;
	if (r < 0)
		return r;
	/* This follows links, and is not called for one. */
	if (!S_ISLNK(entry->mode) && fchmodat(dir, name, entry->mode & ALLPERMS, 0) < 0)
		return entry_error(entry, errno, "set the mode of", err);
	r = entry->n_xattrs > 0 ? set_node_xattrs_in(dir, name, entry, err) : 0;
	if (r < 0)
		return r;
	const struct timespec times[2] = { entry->mtime, entry->mtime };
	if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_error(entry, errno, "set the times of", err);
	return 0;
}

int attributes_clear_xattrs(int fd, const struct entry *entry, struct error *err)
{
	char names[XATTR_LIST_MAX];
	ssize_t len = flistxattr(fd, names, sizeof names);
	if (len < 0 && errno != ENOTSUP)
		return entry_error(entry, errno, "list the extended attributes of", err);
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		if (attributes_keep_xattr(names + at) && fremovexattr(fd, names + at) < 0 && errno != ENODATA)
			return entry_error(entry, errno, "remove an extended attribute of", err);
	}
	return 0;
}

int attributes_set_xattrs(int fd, const struct entry *entry, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < entry->n_xattrs; i++)
		if (!streq(entry->xattrs[i].name, XATTR_DEFAULT_ACL))
			r = set_xattr(fd, entry, &entry->xattrs[i], err);
	return r;
}

const struct entry_xattr *attributes_default_acl(const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (streq(entry->xattrs[i].name, XATTR_DEFAULT_ACL))
			return &entry->xattrs[i];
	return NULL;
}

int attributes_set_default_acl(int fd, const void *value, size_t len, const struct entry *entry, struct error *err)
{
	const struct entry_xattr xattr = { .name = XATTR_DEFAULT_ACL, .value = value, .len = len };
	return set_xattr(fd, entry, &xattr, err);
}
