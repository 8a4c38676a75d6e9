/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/top-columns.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/id-mapping.h"
#include "engine/user.h"

enum { STATUS_MAX = 64 << 10, STAT_MAX = 1024, ARGS_MAX = 128 << 10, NICE_FIELD = 19 };

/* What is asked about. */
struct process {
	pid_t pid;
	char *status;
	char stat[STAT_MAX];
	const struct top_names *names;
	int level; /* of the container's pid namespace, below ours, which is 1; a process may be in a deeper one */
};

/* --- the files --- */

/* The rest of the line of `status` that begins with @name, without blanks before it; "" if there is none. */
static const char *status_of(const struct process *process, const char *name)
{
	for (const char *line = process->status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *rest = str_after(line, name);
		if (rest && *rest == ':')
			return rest + 1 + strspn(rest + 1, " \t");
	}
	return "";
}

/* Number @index (from 1, as proc_pid_stat(5) counts) of `stat`; the name, which may hold anything, is the second. */
static const char *stat_field(const struct process *process, int index)
{
	enum { BEHIND_NAME = 3 };
	const char *at = strrchr(process->stat, ')');
	at = at ? at + 1 + (at[1] == ' ') : "";
	for (int i = BEHIND_NAME; i < index; i++)
		at = strchrnul(at, ' '), at += *at == ' ';
	return at;
}

static void append_word(struct str *out, const char *at)
{
	str_append_len(out, at, strcspn(at, " \t\n"));
}

/* How many numbers a list has: one for each pid namespace that a process is seen in, from ours on. */
static int count_numbers(const char *list)
{
	int count = 0;
	for (const char *at = list + strspn(list, " \t"); *at && *at != '\n'; at += strspn(at, " \t")) {
		at += strcspn(at, " \t\n");
		count++;
	}
	return count;
}

/* The number at @level of the list, from 1 on; who is in no namespace so deep has none. */
static void append_level(struct str *out, const char *list, int level)
{
	const char *at = list + strspn(list, " \t");
	if (level < 1 || count_numbers(list) < level) {
		str_append(out, "-");
		return;
	}
	while (--level > 0) {
		at += strcspn(at, " \t");
		at += strspn(at, " \t");
	}
	append_word(out, at);
}

static void append_escaped(struct str *out, const char *text)
{
	_cleanup_free_ char *escaped = mem_alloc(4 * strlen(text) + 1);
	str_append_len(out, escaped, str_escape_control(text, escaped, 4 * strlen(text) + 1));
}

/* --- users and groups --- */

enum whose { OF_CONTAINER, OF_HOST };

static const struct id_list *list_of(const struct id_mapping *mapping, bool is_group)
{
	return is_group ? &mapping->gids : &mapping->uids;
}

/* An id that the engine sees, as the container does; who has none there is nobody. */
static void append_inside(struct str *out, const struct process *process, uint32_t id, bool is_group)
{
	const struct top_names *names = process->names;
	const struct id_list *list = list_of(names->ids, is_group);
	if (list->count > 0 && !id_map_to_container(list->items, list->count, id, &id)) {
		str_append(out, "nobody");
		return;
	}
	_cleanup_free_ char *name = user_name_in(is_group ? names->group : names->passwd, id);
	if (name)
		append_escaped(out, name);
	else
		str_appendf(out, "%u", id);
}

static void append_outside(struct str *out, const struct process *process, uint32_t id, bool is_group)
{
	const struct id_list *list = list_of(process->names->own, is_group);
	(void)id_map_to_host(list->items, list->count, id, &id);
	const struct passwd *user = is_group ? NULL : getpwuid(id);
	const struct group *group = is_group ? getgrgid(id) : NULL;
	if (user || group)
		str_append(out, user ? user->pw_name : group->gr_name);
	else
		str_appendf(out, "%u", id);
}

static void append_id(struct str *out, const struct process *process, uint32_t id, bool is_group, enum whose whose)
{
	if (whose == OF_HOST)
		append_outside(out, process, id, is_group);
	else
		append_inside(out, process, id, is_group);
}

/* Real, effective, saved, and that of files. */
static void append_owner(struct str *out, const struct process *process, const char *line, int index, enum whose whose)
{
	bool is_group = streq(line, "Gid");
	unsigned ids[2] = { 0 };
	(void)sscanf(status_of(process, line), "%u %u", &ids[0], &ids[1]);
	append_id(out, process, ids[index], is_group, whose);
}

static void append_groups(struct str *out, const struct process *process, enum whose whose)
{
	const char *at = status_of(process, "Groups");
	unsigned id;
	int len;
	for (bool first = true; *at && *at != '\n' && sscanf(at, "%u%n", &id, &len) == 1; at += len, first = false) {
		str_append(out, first ? "" : ",");
		append_id(out, process, id, true, whose);
		at += strspn(at + len, " \t");
	}
}

/* --- columns --- */

typedef void append_function(const struct process *process, struct str *out);

static void append_pid(const struct process *process, struct str *out)
{
	append_level(out, status_of(process, "NSpid"), process->level);
}

static void append_hpid(const struct process *process, struct str *out)
{
	str_appendf(out, "%d", process->pid);
}

static void append_pgid(const struct process *process, struct str *out)
{
	append_level(out, status_of(process, "NSpgid"), process->level);
}

/* Of a parent outside of its pid namespace the container knows no number. */
static void append_ppid(const struct process *process, struct str *out)
{
	char path[64];
	int pid = 0;
	_cleanup_free_ char *status = NULL;
	(void)sscanf(status_of(process, "PPid"), "%d", &pid);
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	bool there = file_read(AT_FDCWD, path, STATUS_MAX, &status, NULL, NULL) >= 0;
	const struct process parent = { .status = status, .level = process->level };
	if (there && count_numbers(status_of(&parent, "NSpid")) >= process->level)
		append_pid(&parent, out);
	else
		str_append(out, "0");
}

static void append_user(const struct process *process, struct str *out)
{
	append_owner(out, process, "Uid", 1, OF_CONTAINER);
}

static void append_huser(const struct process *process, struct str *out)
{
	append_owner(out, process, "Uid", 1, OF_HOST);
}

static void append_ruser(const struct process *process, struct str *out)
{
	append_owner(out, process, "Uid", 0, OF_CONTAINER);
}

static void append_group(const struct process *process, struct str *out)
{
	append_owner(out, process, "Gid", 1, OF_CONTAINER);
}

static void append_hgroup(const struct process *process, struct str *out)
{
	append_owner(out, process, "Gid", 1, OF_HOST);
}

static void append_rgroup(const struct process *process, struct str *out)
{
	append_owner(out, process, "Gid", 0, OF_CONTAINER);
}

static void append_inner_groups(const struct process *process, struct str *out)
{
	append_groups(out, process, OF_CONTAINER);
}

static void append_hgroups(const struct process *process, struct str *out)
{
	append_groups(out, process, OF_HOST);
}

static void append_comm(const struct process *process, struct str *out)
{
	_cleanup_free_ char *name = mem_strndup(status_of(process, "Name"), strcspn(status_of(process, "Name"), "\n"));
	append_escaped(out, name);
}

/* A kernel thread, or a process that has ended, has none. */
static void append_args(const struct process *process, struct str *out)
{
	char path[64];
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	snprintf(path, sizeof path, "/proc/%d/cmdline", process->pid);
	if (file_read(AT_FDCWD, path, ARGS_MAX, &text, &len, NULL) < 0 || len == 0) {
		str_append(out, "[");
		append_comm(process, out);
		str_append(out, "]");
		return;
	}
	for (size_t i = 0; i + 1 < len; i++)
		text[i] = text[i] ? text[i] : ' ';
	append_escaped(out, text);
}

static void append_state(const struct process *process, struct str *out)
{
	append_word(out, status_of(process, "State"));
}

static void append_nice(const struct process *process, struct str *out)
{
	append_word(out, stat_field(process, NICE_FIELD));
}

static void append_seccomp(const struct process *process, struct str *out)
{
	static const char *const modes[] = { "disabled", "strict", "filter" };
	unsigned mode = 0;
	(void)sscanf(status_of(process, "Seccomp"), "%u", &mode);
	str_append(out, mode < ARRAY_SIZE(modes) ? modes[mode] : "?");
}

static const struct column {
	const char *name, *header;
	append_function *append;
	bool ps_has; /* by this name, and meaning the same for whoever looks from the host */
} COLUMNS[] = {
	{ "args", "COMMAND", append_args, true },
	{ "comm", "COMMAND", append_comm, true },
	{ "group", "GROUP", append_group, true },
	{ "groups", "GROUPS", append_inner_groups, false },
	{ "hgroup", "HGROUP", append_hgroup, false },
	{ "hgroups", "HGROUPS", append_hgroups, false },
	{ "hpid", "HPID", append_hpid, false },
	{ "huser", "HUSER", append_huser, false },
	{ "nice", "NI", append_nice, true },
	{ "pgid", "PGID", append_pgid, true },
	{ "pid", "PID", append_pid, true },
	{ "ppid", "PPID", append_ppid, true },
	{ "rgroup", "RGROUP", append_rgroup, true },
	{ "ruser", "RUSER", append_ruser, true },
	{ "seccomp", "SECCOMP", append_seccomp, false },
	{ "state", "STATE", append_state, true },
	{ "user", "USER", append_user, true },
};

static const struct column *find_column(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(COLUMNS); i++)
		if (streq(COLUMNS[i].name, name))
			return &COLUMNS[i];
	return NULL;
}

/* --- words --- */

static void append_columns(char ***columns, const char *text)
{
	_cleanup_strv_ char **names = strv_split(text, ',');
	for (char **name = names; name && *name; name++)
		strv_append(columns, *name);
}

/* "-o LIST", "-oLIST" */
static const char *list_of_option(char *const *words)
{
	const char *rest = str_after(words[0], "-o");
	return !rest ? NULL : *rest && !words[1] ? rest : !*rest && words[1] && !words[2] ? words[1] : NULL;
}

static bool is_for_ps(char *const *columns)
{
	for (; columns && *columns; columns++) {
		const struct column *column = find_column(*columns);
		if (column && !column->ps_has)
			return false;
	}
	return true;
}

static int check_columns(char *const *columns, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	for (; columns && *columns; columns++)
		if (!find_column(*columns))
			break;
	if (!columns || !*columns)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(COLUMNS); i++)
		strv_append(&names, COLUMNS[i].name);
	_cleanup_free_ char *all = strv_join(names, " ");
	err_set(err, ERR_INVALID, "\"%s\" is no column of processes", *columns);
	return err_cause(err, "there are: %s", all);
}

int top_columns_parse(char *const *words, char ***ret, struct error *err)
{
	_cleanup_strv_ char **columns = NULL;
	*ret = NULL;
	if (!words || !words[0])
		return 0;
	const char *list = list_of_option(words);
	if (!list && !find_column(words[0]))
		return 0; /* ps(1) has options without a dash, too */
	if (list)
		append_columns(&columns, list);
	for (; !list && *words; words++)
		append_columns(&columns, *words);
	if (list && is_for_ps(columns))
		return 0;
	int r = check_columns(columns, err);
	if (r >= 0)
		*ret = TAKE_PTR(columns);
	return r;
}

/* --- showing --- */

static char *header_of(char *const *columns)
{
	struct str line = { 0 };
	for (size_t i = 0; columns[i]; i++)
		str_appendf(&line, "%s%s", i > 0 ? "\t" : "", find_column(columns[i])->header);
	return str_take(&line);
}

static bool read_process(struct process *process)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/stat", process->pid);
	if (file_read_line(AT_FDCWD, path, process->stat, sizeof process->stat) <= 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/status", process->pid);
	return file_read(AT_FDCWD, path, STATUS_MAX, &process->status, NULL, NULL) >= 0;
}

static char *line_of(char *const *columns, const struct process *process)
{
	struct str line = { 0 };
	for (size_t i = 0; columns[i]; i++) {
		str_append(&line, i > 0 ? "\t" : "");
		find_column(columns[i])->append(process, &line);
	}
	return str_take(&line);
}

static int find_level(pid_t first)
{
	struct process process = { .pid = first };
	int level = read_process(&process) ? count_numbers(status_of(&process, "NSpid")) : 1;
	free(process.status);
	return level;
}

char **top_columns_show(char *const *columns, const pid_t *pids, size_t count, const struct top_names *names)
{
	char **lines = NULL;
	int level = find_level(names->first);
	strv_take(&lines, header_of(columns));
	for (size_t i = 0; i < count; i++) {
		struct process process = { .pid = pids[i], .names = names, .level = level };
		if (read_process(&process))
			strv_take(&lines, line_of(columns, &process));
		free(process.status);
	}
	return lines;
}
