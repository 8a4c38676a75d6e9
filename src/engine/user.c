/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/user.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/user-namespace.h"

enum {
	FILE_SIZE_MAX = 8 << 20,
	GROUPS_MAX = 65536, /* the kernel's NGROUPS_MAX */
	NOBODY = 65534,
	NAMES_SHOWN = 8,
};

static const uint64_t ID_MAX = UINT32_MAX - 1; /* all ones mean "no id" to the kernel */

#define PASSWD "/etc/passwd"
#define GROUP "/etc/group"

/* What was asked for: each half a name, and a number as well if it reads as one. */
struct half {
	char *name; /* NULL: not said */
	bool is_number;
	uint32_t number;
};

struct wish {
	struct half user, group;
};

static void wish_done(struct wish *wish)
{
	free(wish->user.name);
	free(wish->group.name);
}
#define _cleanup_wish_ _cleanup_(wish_done)

static bool parse_id(const char *text, uint32_t *ret)
{
	uint64_t id;
	if (parse_u64(text, ID_MAX, &id, NULL) < 0)
		return false;
	*ret = (uint32_t)id;
	return true;
}

static void parse_half(const char *text, size_t len, struct half *ret)
{
	if (len == 0)
		return;
	ret->name = mem_strndup(text, len);
	ret->is_number = parse_id(ret->name, &ret->number);
}

static int parse_wish(const char *text, struct wish *ret, struct error *err)
{
	const char *colon = strchrnul(text, ':');
	if (*colon && strchr(colon + 1, ':'))
		return err_set(err, ERR_USER, "invalid user \"%s\": it is USER[:GROUP]", text);
	parse_half(text, (size_t)(colon - text), &ret->user);
	if (*colon)
		parse_half(colon + 1, strlen(colon + 1), &ret->group);
	return 0;
}

/* --- the files: lines of fields between colons; what does not parse is no entry --- */

enum { FIELDS_MAX = 7 };

/* One line, cut into its fields; those that are missing are "". */
struct entry {
	char *line;
	char *fields[FIELDS_MAX];
	size_t n_fields;
};

static void entry_done(struct entry *entry)
{
	free(entry->line);
}
#define _cleanup_entry_ _cleanup_(entry_done)

static void cut_fields(struct entry *entry)
{
	char *rest = entry->line;
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		char *field = strsep(&rest, ":");
		entry->fields[i] = field ? field : entry->line + strlen(entry->line);
		entry->n_fields += field != NULL;
	}
}

/* The next line that is not empty, from *text on. */
static bool next_entry(const char **text, struct entry *entry)
{
	*text += strspn(*text, "\n");
	size_t len = strcspn(*text, "\n");
	entry_done(entry);
	*entry = (struct entry){ 0 };
	if (len == 0)
		return false;
	entry->line = mem_strndup(*text, len);
	*text += len;
	cut_fields(entry);
	return true;
}

/* name:password:uid:gid:comment:home:shell */
struct passwd_entry {
	const char *name, *home;
	uint32_t uid, gid;
};

static bool read_passwd(const struct entry *entry, struct passwd_entry *ret)
{
	*ret = (struct passwd_entry){ .name = entry->fields[0], .home = entry->fields[5] };
	return *ret->name && parse_id(entry->fields[2], &ret->uid) && parse_id(entry->fields[3], &ret->gid);
}

/* name:password:gid:member,member,... */
struct group_entry {
	const char *name, *members;
	uint32_t gid;
};

static bool read_group(const struct entry *entry, struct group_entry *ret)
{
	*ret = (struct group_entry){ .name = entry->fields[0], .members = entry->fields[3] };
	return *ret->name && parse_id(entry->fields[2], &ret->gid);
}

static bool half_matches(const struct half *half, const char *name, uint32_t id)
{
	return streq(half->name, name) || (half->is_number && half->number == id);
}

static bool has_member(const char *members, const char *name)
{
	size_t len = strlen(name);
	for (;; members++) {
		if (strncmp(members, name, len) == 0 && (members[len] == ',' || members[len] == '\0'))
			return true;
		members += strcspn(members, ",");
		if (!*members)
			return false;
	}
}

/* "root, nobody, ..." for messages: who is there. */
static char *list_names(const char *text)
{
	struct str names = { 0 };
	_cleanup_entry_ struct entry entry = { 0 };
	size_t count = 0;
	while (next_entry(&text, &entry)) {
		if (!*entry.fields[0] || entry.n_fields < 2)
			continue;
		if (count++ == NAMES_SHOWN) {
			str_append(&names, ", ...");
			break;
		}
		str_appendf(&names, "%s%s", names.len ? ", " : "", entry.fields[0]);
	}
	return str_take(&names);
}

static int unknown(const char *kind, const char *name, const char *file, const char *text, const char *image,
		   struct error *err)
{
	_cleanup_free_ char *names = list_names(text);
	err_set(err, ERR_USER, "no such %s \"%s\" in %s of image %s", kind, name, file, image);
	err_cause(err, "%ss there: %s", kind, *names ? names : "none");
	return err_hint(err, "-u 1000:1000, or other numbers, which need no entry");
}

/* --- resolving --- */

/* What the two files say; texts. */
struct files {
	char *passwd, *group;
	const char *image; /* whose they are, for messages */
};

static void files_done(struct files *files)
{
	free(files->passwd);
	free(files->group);
}
#define _cleanup_files_ _cleanup_(files_done)

/* *ret_name is the name in passwd, by which groups list their members; untouched if there is no entry. */
static int find_user(const struct half *half, const struct files *files, struct user *user, char **ret_name,
		     struct error *err)
{
	static const struct half superuser = { .name = (char *)"", .is_number = true, .number = 0 };
	const struct half *wanted = half->name ? half : &superuser;
	_cleanup_entry_ struct entry entry = { 0 };
	const char *text = files->passwd;
	while (next_entry(&text, &entry)) {
		struct passwd_entry passwd;
		if (!read_passwd(&entry, &passwd) || !half_matches(wanted, passwd.name, passwd.uid))
			continue;
		user->uid = passwd.uid;
		user->gid = passwd.gid;
		user->home = mem_strdup(passwd.home);
		*ret_name = mem_strdup(passwd.name);
		return 0;
	}
	if (!wanted->is_number)
		return unknown("user", wanted->name, PASSWD, files->passwd, files->image, err);
	user->uid = wanted->number;
	return 0;
}

static int find_group(const struct half *half, const struct files *files, gid_t *ret, struct error *err)
{
	_cleanup_entry_ struct entry entry = { 0 };
	const char *text = files->group;
	while (next_entry(&text, &entry)) {
		struct group_entry group;
		if (!read_group(&entry, &group) || !half_matches(half, group.name, group.gid))
			continue;
		*ret = group.gid;
		return 0;
	}
	if (!half->is_number)
		return unknown("group", half->name, GROUP, files->group, files->image, err);
	*ret = half->number;
	return 0;
}

static void add_group(struct user *user, gid_t gid)
{
	bool is_own = user->n_groups > 0 && user->groups[0] == gid;
	if (!is_own && user->n_groups < GROUPS_MAX)
		*ARRAY_APPEND(user->groups, user->n_groups) = gid;
}

static void add_groups_of(struct user *user, const char *name, const struct files *files)
{
	_cleanup_entry_ struct entry entry = { 0 };
	const char *text = files->group;
	while (next_entry(&text, &entry)) {
		struct group_entry group;
		if (read_group(&entry, &group) && has_member(group.members, name))
			add_group(user, group.gid);
	}
}

static int resolve(const struct wish *wish, const struct files *files, struct user *user, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	int r = find_user(&wish->user, files, user, &name, err);
	if (r >= 0 && wish->group.name)
		r = find_group(&wish->group, files, &user->gid, err);
	if (r < 0)
		return r;
	/* Its own group is among them: what is denied to a group is denied to whoever has it (CVE-2022-36109). */
	add_group(user, user->gid);
	if (name && !wish->group.name)
		add_groups_of(user, name, files);
	if (str_is_empty(user->home)) {
		free(user->home);
		user->home = mem_strdup("/");
	}
	return 0;
}

int user_resolve(struct merged *merged, const char *wish, const char *image, struct user *ret, struct error *err)
{
	_cleanup_wish_ struct wish parsed = { 0 };
	_cleanup_files_ struct files files = { .image = image };
	_cleanup_user_ struct user user = { 0 };
	int r = parse_wish(wish, &parsed, err);
	if (r >= 0)
		r = merged_read(merged, PASSWD, FILE_SIZE_MAX, &files.passwd, err);
	if (r >= 0)
		r = merged_read(merged, GROUP, FILE_SIZE_MAX, &files.group, err);
	if (r >= 0)
		r = resolve(&parsed, &files, &user, err);
	if (r < 0)
		return r;
	*ret = user;
	user = (struct user){ 0 };
	return 0;
}

static bool has_group(const struct user *user, gid_t gid)
{
	for (size_t i = 0; i < user->n_groups; i++)
		if (user->groups[i] == gid)
			return true;
	return false;
}

int user_add_groups(struct merged *merged, char *const *names, const char *image, struct user *user, struct error *err)
{
	_cleanup_files_ struct files files = { .image = image };
	if (strv_count(names) == 0)
		return 0;
	if (!user_namespace_has_groups())
		return err_set(err, ERR_USER, "--group-add: a user namespace with one group cannot give others");
	int r = merged_read(merged, GROUP, FILE_SIZE_MAX, &files.group, err);
	for (; r >= 0 && *names; names++) {
		_cleanup_wish_ struct wish wish = { 0 };
		gid_t gid = 0;
		parse_half(*names, strlen(*names), &wish.group);
		if (!wish.group.name)
			return err_set(err, ERR_USER, "--group-add: the name of a group is empty");
		r = find_group(&wish.group, &files, &gid, err);
		if (r >= 0 && !has_group(user, gid))
			add_group(user, gid);
	}
	return r;
}

char *user_name_in(const char *text, uint32_t id)
{
	_cleanup_entry_ struct entry entry = { 0 };
	uint32_t found;
	while (next_entry(&text, &entry))
		if (*entry.fields[0] && parse_id(entry.fields[2], &found) && found == id)
			return mem_strdup(entry.fields[0]);
	return NULL;
}

/* --- how many there are --- */

static void raise(uint32_t *last, uint32_t id)
{
	if (id != NOBODY)
		*last = MAX(*last, id);
}

int user_last_id(struct merged *merged, const char *wish, uint32_t *ret, struct error *err)
{
	_cleanup_wish_ struct wish parsed = { 0 };
	_cleanup_files_ struct files files = { 0 };
	_cleanup_entry_ struct entry entry = { 0 };
	struct passwd_entry passwd;
	struct group_entry group;
	int r = parse_wish(wish, &parsed, err);
	if (r >= 0)
		r = merged_read(merged, PASSWD, FILE_SIZE_MAX, &files.passwd, err);
	if (r >= 0)
		r = merged_read(merged, GROUP, FILE_SIZE_MAX, &files.group, err);
	if (r < 0)
		return r;
	uint32_t last = MAX(parsed.user.number, parsed.group.number);
	for (const char *text = files.passwd; next_entry(&text, &entry);)
		if (read_passwd(&entry, &passwd))
			raise(&last, MAX(passwd.uid, passwd.gid));
	for (const char *text = files.group; next_entry(&text, &entry);)
		if (read_group(&entry, &group))
			raise(&last, group.gid);
	*ret = last;
	return 0;
}

void user_done(struct user *user)
{
	free(user->groups);
	free(user->home);
	*user = (struct user){ 0 };
}
