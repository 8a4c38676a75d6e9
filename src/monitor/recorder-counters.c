/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/recorder-counters.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum {
	FILE_MAX = 64 * 1024,
	LEVELS_MAX = 16,
	START = 1 << 0, /* of the container's own cgroup, before the program runs */
	LAST = 1 << 1,	/* ... and before it goes */
	ABOVE = 1 << 2, /* of those above it, both times */
};

/*
 * The kernel's names of what is recorded, and when. In v1 each has its controller's tree; NULL is v2's. A new cgroup has
 * counted nothing: of it only the limits are read before the start, and of those above it only what tells where something
 * ran out. Each is an open and a read, for which a start waits.
 */
static const struct {
	const char *controller, *file;
	unsigned when;
} FILES[] = {
	{ NULL, "memory.events", LAST | ABOVE },
	{ NULL, "memory.events.local", LAST | ABOVE },
	{ NULL, "memory.current", LAST },
	{ NULL, "memory.peak", LAST },
	{ NULL, "memory.max", START | LAST },
	{ NULL, "memory.high", START | LAST },
	{ NULL, "memory.swap.current", LAST },
	{ NULL, "pids.events", LAST },
	{ NULL, "pids.events.local", LAST | ABOVE },
	{ NULL, "pids.peak", LAST },
	{ NULL, "pids.max", START | LAST },
	{ NULL, "cpu.stat", LAST | ABOVE },
	{ NULL, "cpu.max", START | LAST },
	{ NULL, "cpu.pressure", LAST },
	{ NULL, "memory.pressure", LAST },
	{ NULL, "io.pressure", LAST },
	{ "memory", "memory.oom_control", LAST | ABOVE },
	{ "memory", "memory.failcnt", LAST | ABOVE },
	{ "memory", "memory.max_usage_in_bytes", LAST },
	{ "memory", "memory.limit_in_bytes", START | LAST },
	{ "pids", "pids.events", LAST | ABOVE },
	{ "pids", "pids.max", START | LAST },
	{ "cpu", "cpu.stat", LAST | ABOVE },
	{ "cpu", "cpu.cfs_quota_us", START | LAST },
	{ "cpuacct", "cpuacct.usage", LAST },
};

/* --- Files as JSON --- */

static bool is_number(const char *text, size_t len)
{
	return len > 0 && len < 20 && strspn(text, "0123456789") >= len;
}

static void add_value(struct json_object *object, const char *key, const char *value, size_t len)
{
	_cleanup_free_ char *text = mem_strndup(value, len);
	if (is_number(text, len))
		json_add_u64(object, key, strtoull(text, NULL, 10));
	else
		json_add_string(object, key, text);
}

/* "key value" lines become an object, one line alone a value. */
static void add_text(struct json_object *object, const char *name, const char *text)
{
	size_t first_line = strcspn(text, "\n");
	if (!text[first_line] || !text[first_line + 1]) {
		add_value(object, name, text, first_line);
		return;
	}
	struct json_object *section = json_add_object(object, name);
	while (*text) {
		size_t line = strcspn(text, "\n"), key_len = strcspn(text, " \n");
		_cleanup_free_ char *key = mem_strndup(text, key_len);
		if (key_len < line)
			add_value(section, key, text + key_len + 1, line - key_len - 1);
		text += line + (text[line] == '\n');
	}
}

static void add_file(struct json_object *object, int dir, const char *path, const char *name)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(dir, path, FILE_MAX, &text, NULL, NULL) >= 0)
		add_text(object, name, text);
}

/* What stands behind @key at the beginning of a line, without the spaces between; an empty key takes the first; or NULL. */
static const char *find_value(const char *text, const char *key)
{
	for (const char *line = text; *line; line++) {
		const char *rest = str_after(line, key);
		if (rest && (!*key || *rest == ' '))
			return rest + strspn(rest, " ");
		line = strchrnul(line, '\n');
		if (!*line)
			break;
	}
	return NULL;
}

/* --- Levels --- */

/* How many cgroups there are above it, the root among them. */
static size_t count_above(const struct cgroup *cgroup)
{
	size_t count = 0;
	for (const char *at = cgroup_path(cgroup); *at; at++)
		count += *at == '/' && at[1];
	return MIN(count, (size_t)LEVELS_MAX - 1);
}

/* "../../FILE" */
static char *path_above(size_t above, const char *file)
{
	struct str path = { 0 };
	for (size_t i = 0; i < above; i++)
		str_append(&path, "../");
	str_append(&path, file);
	return str_take(&path);
}

static struct json_object *level_to_json(const struct cgroup *cgroup, size_t above, unsigned when)
{
	struct json_object *level = json_object_new_object();
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		const char *controller = FILES[i].controller;
		if (!(FILES[i].when & when))
			continue;
		const struct cgroup_tree *tree = controller ? cgroup_v1_tree(cgroup, controller) : cgroup_v2_tree(cgroup);
		_cleanup_free_ char *path = tree ? path_above(above, FILES[i].file) : NULL;
		if (tree)
			add_file(level, tree->fd, path, FILES[i].file);
	}
	return level;
}

/* Of a long file, what counts here: the @keys, with the colon that the kernel writes behind some. */
static void add_lines(struct json_object *object, const char *name, const char *path, const char *const *keys)
{
	_cleanup_free_ char *text = NULL;
	struct json_object *section = json_add_object(object, name);
	if (file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, NULL) < 0)
		return;
	for (; *keys; keys++) {
		const char *value = find_value(text, *keys);
		if (value)
			add_value(section, *keys, value, strcspn(value, "\n"));
	}
}

static void host_to_json(uint64_t kills, struct json_object *object)
{
	static const char *const sizes[] = { "MemTotal:", "MemAvailable:", "SwapFree:", NULL };
	json_add_u64(json_add_object(object, "vmstat"), "oom_kill", kills);
	add_lines(object, "meminfo", "/proc/meminfo", sizes);
	add_file(object, AT_FDCWD, "/proc/pressure/cpu", "pressure/cpu");
	add_file(object, AT_FDCWD, "/proc/pressure/memory", "pressure/memory");
	add_file(object, AT_FDCWD, "/proc/pressure/io", "pressure/io");
}

void counters_to_json(const struct cgroup *cgroup, bool last, uint64_t host_kills, struct json_object *object)
{
	host_to_json(host_kills, json_add_object(object, "host"));
	struct json_object *levels = json_add_array(object, "levels");
	for (size_t above = 0; above <= count_above(cgroup); above++)
		json_object_array_add(levels, level_to_json(cgroup, above, above ? ABOVE : last ? LAST : START));
}

/* --- Where memory ran out --- */

/* Adds it to *count. Returns whether the file is there. */
static bool add_number(int dir, const char *path, const char *key, uint64_t *count)
{
	_cleanup_free_ char *text = NULL;
	bool there = file_read(dir, path, FILE_MAX, &text, NULL, NULL) >= 0;
	const char *value = there ? find_value(text, key) : NULL;
	*count += value ? strtoull(value, NULL, 10) : 0;
	return there;
}

static bool add_count_at(const struct cgroup *cgroup, size_t above, uint64_t *count)
{
	const struct cgroup_tree *tree = cgroup_find_tree(cgroup, "memory");
	bool v1 = tree && !tree->v2;
	_cleanup_free_ char *path = path_above(above, v1 ? "memory.failcnt" : "memory.events.local");
	return !tree || add_number(tree->fd, path, v1 ? "" : "oom", count);
}

uint64_t host_kills_read(void)
{
	uint64_t kills = 0;
	(void)add_number(AT_FDCWD, "/proc/vmstat", "oom_kill", &kills);
	return kills;
}

struct oom_counts oom_counts_read(const struct cgroup *cgroup)
{
	struct oom_counts counts = { .host = host_kills_read() };
	counts.own_is_gone = !add_count_at(cgroup, 0, &counts.own);
	for (size_t above = 1; above <= count_above(cgroup); above++)
		(void)add_count_at(cgroup, above, &counts.parents);
	return counts;
}

enum oom_level oom_counts_level(const struct oom_counts *before, const struct oom_counts *after)
{
	if (after->own > before->own)
		return OOM_LEVEL_OWN;
	if (after->parents > before->parents)
		return OOM_LEVEL_PARENT;
	if (after->own_is_gone)
		return OOM_LEVEL_OWN;
	return after->host > before->host ? OOM_LEVEL_HOST : OOM_LEVEL_NONE;
}
