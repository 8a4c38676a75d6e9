/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/recorder-counters.h"

#include <ctype.h>
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

static bool add_file(struct json_object *object, int dir, const char *path, const char *name)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(dir, path, FILE_MAX, &text, NULL, NULL) < 0)
		return false;
	add_text(object, name, text);
	return true;
}

/* --- Levels --- */

static bool has_controller(const struct cgroup_tree *tree, const char *controller)
{
	if (!controller || tree->v2)
		return !controller && tree->v2;
	_cleanup_strv_ char **controllers = strv_split(tree->controllers ? tree->controllers : "", ',');
	return strv_contains(controllers, controller);
}

static const struct cgroup_tree *find_tree(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_tree *trees;
	size_t count = cgroup_trees(cgroup, &trees);
	for (size_t i = 0; i < count; i++)
		if (has_controller(&trees[i], controller))
			return &trees[i];
	return NULL;
}

const struct cgroup_tree *recorder_find_tree(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_tree *v1 = controller ? find_tree(cgroup, controller) : NULL;
	return v1 ? v1 : find_tree(cgroup, NULL);
}

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
		const struct cgroup_tree *tree = FILES[i].when & when ? find_tree(cgroup, FILES[i].controller) : NULL;
		_cleanup_free_ char *path = path_above(above, FILES[i].file);
		if (tree)
			(void)add_file(level, tree->fd, path, FILES[i].file);
	}
	return level;
}

static void host_to_json(struct json_object *object)
{
	static const struct {
		const char *name, *path;
	} files[] = {
		{ "vmstat", "/proc/vmstat" },
		{ "meminfo", "/proc/meminfo" },
	};
	static const char *const pressures[] = { "cpu", "memory", "io" };
	/* Of long files only what counts here. */
	static const char *const keys[] = { "oom_kill", "MemTotal:", "MemAvailable:", "SwapFree:", NULL };
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_json_ struct json_object *whole = json_object_new_object();
		struct json_object *section, *value, *kept = json_add_object(object, files[i].name);
		if (!add_file(whole, AT_FDCWD, files[i].path, files[i].name) ||
		    !json_object_object_get_ex(whole, files[i].name, &section))
			continue;
		for (size_t k = 0; keys[k]; k++)
			if (json_object_object_get_ex(section, keys[k], &value))
				json_object_object_add(kept, keys[k], json_object_get(value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pressures); i++) {
		_cleanup_free_ char *path = mem_printf("/proc/pressure/%s", pressures[i]);
		(void)add_file(object, AT_FDCWD, path, path + sizeof "/proc" - 1 + 1);
	}
}

void counters_to_json(const struct cgroup *cgroup, bool last, struct json_object *object)
{
	host_to_json(json_add_object(object, "host"));
	struct json_object *levels = json_add_array(object, "levels");
	for (size_t above = 0; above <= count_above(cgroup); above++)
		json_object_array_add(levels, level_to_json(cgroup, above, above ? ABOVE : last ? LAST : START));
}

/* --- Where memory ran out --- */

/* The number behind @key; an empty key takes the first. 0 if there is none. */
static uint64_t read_number(int dir, const char *path, const char *key)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(dir, path, FILE_MAX, &text, NULL, NULL) < 0)
		return 0;
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *rest = str_after(line, key);
		if (rest && isdigit((unsigned char)*rest))
			return strtoull(rest, NULL, 10);
	}
	return 0;
}

static uint64_t count_at(const struct cgroup *cgroup, size_t above)
{
	const struct cgroup_tree *v1 = find_tree(cgroup, "memory"), *v2 = find_tree(cgroup, NULL);
	_cleanup_free_ char *path = path_above(above, v1 ? "memory.failcnt" : "memory.events.local");
	const struct cgroup_tree *tree = v1 ? v1 : v2;
	return tree ? read_number(tree->fd, path, v1 ? "" : "oom ") : 0;
}

struct oom_counts oom_counts_read(const struct cgroup *cgroup)
{
	struct oom_counts counts = { .own = count_at(cgroup, 0),
				     .host = read_number(AT_FDCWD, "/proc/vmstat", "oom_kill ") };
	for (size_t above = 1; above <= count_above(cgroup); above++)
		counts.parents += count_at(cgroup, above);
	return counts;
}

enum oom_level oom_counts_level(const struct oom_counts *before, const struct oom_counts *after)
{
	if (after->own > before->own)
		return OOM_LEVEL_OWN;
	if (after->parents > before->parents)
		return OOM_LEVEL_PARENT;
	return after->host > before->host ? OOM_LEVEL_HOST : OOM_LEVEL_NONE;
}
