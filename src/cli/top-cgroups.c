/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top-cgroups.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/stats.h"
#include "cli/table.h"
#include "engine/stats.h"
#include "observe/groups.h"

#define UNKNOWN "--"

/* A container, and where it is. */
struct place {
	char *path, *name;
};

struct places {
	struct place *list;
	size_t count;
};

static void places_done(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->list[i].path);
		free(places->list[i].name);
	}
	free(places->list);
}

static int find_places(struct cli *cli, struct places *places, struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, false, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		_cleanup_cgroup_ struct cgroup *cgroup = NULL;
		if (container_cgroup_open(cli->engine, records[i], &cgroup, NULL) >= 0 && *cgroup_path(cgroup))
			*ARRAY_APPEND(places->list, places->count) = (struct place){
				.path = mem_strdup(cgroup_path(cgroup)),
				.name = mem_strdup(records[i]->name),
			};
		container_record_free(records[i]);
	}
	free(records);
	return 0;
}

/* Parents first: "/a" of "/a/b/c", then "/a/b", then all from "/a/b/c" on. */
static void look(const struct places *places, struct group_uses *uses)
{
	for (size_t i = 0; i < places->count; i++) {
		const char *path = places->list[i].path;
		for (const char *end = path; (end = strchr(end + 1, '/'));) {
			_cleanup_free_ char *parent = mem_strndup(path, (size_t)(end - path));
			groups_read(parent, false, uses);
		}
		groups_read(path, true, uses);
	}
}

static const char *name_at(const struct places *places, const char *path)
{
	for (size_t i = 0; i < places->count; i++)
		if (streq(places->list[i].path, path))
			return places->list[i].name;
	return "";
}

/* --- showing --- */

struct row {
	const struct group_use *now, *before;
	double cpus;
};

static double seconds(const struct row *row)
{
	return (double)(row->now->time_ns - row->before->time_ns) / (double)NSEC_PER_SEC;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	if (left->cpus != right->cpus)
		return left->cpus < right->cpus ? 1 : -1;
	return strcmp(left->now->path, right->now->path);
}

static void add_bytes(struct table *table, bool known, double bytes)
{
	_cleanup_str_ struct str text = { 0 };
	if (known)
		stats_append_bytes(&text, bytes > 0 ? (uint64_t)bytes : 0);
	table_add(table, known ? str_text(&text) : UNKNOWN);
}

static void add_row(struct table *table, const struct places *places, const struct row *row)
{
	enum { HUNDRED = 100 };
	const struct group_use *now = row->now, *before = row->before;
	_cleanup_free_ char *pids = now->has_pids ? mem_printf("%llu", (unsigned long long)now->pids) : NULL;
	_cleanup_free_ char *cpus = mem_printf("%.2f%%", row->cpus * HUNDRED);
	table_add(table, now->path);
	table_add(table, name_at(places, now->path));
	table_add(table, pids ? pids : UNKNOWN);
	table_add(table, cpus);
	add_bytes(table, now->has_memory, (double)now->memory);
	add_bytes(table, now->has_block, (double)(now->read_bytes - before->read_bytes) / seconds(row));
	add_bytes(table, now->has_block, (double)(now->written_bytes - before->written_bytes) / seconds(row));
}

static void show(const struct places *places, const struct group_uses *before, const struct group_uses *now)
{
	static const char *const headers[] = { "CGROUP", "CONTAINER", "PIDS",	   "CPU %",
					       "MEMORY", "READ/S",    "WRITTEN/S", NULL };
	_cleanup_table_ struct table table = { .columns = strv_count((char *const *)headers) };
	_cleanup_free_ struct row *rows = NULL;
	size_t count = 0;
	for (size_t i = 0; i < now->count; i++) {
		struct row row = { .now = &now->list[i], .before = groups_find(before, now->list[i].path) };
		if (!row.before || row.before->time_ns >= row.now->time_ns || row.before->cpu_ns > row.now->cpu_ns)
			continue;
		row.cpus = (double)(row.now->cpu_ns - row.before->cpu_ns) / (double)NSEC_PER_SEC / seconds(&row);
		*ARRAY_APPEND(rows, count) = row;
	}
	if (count > 0)
		qsort(rows, count, sizeof *rows, compare_rows);
	table_add_row(&table, headers);
	for (size_t i = 0; i < count; i++)
		add_row(&table, places, &rows[i]);
	table_print(&table, stdout);
}

int top_cgroups(struct cli *cli, struct error *err)
{
	static const struct timespec second = { .tv_sec = 1 };
	_cleanup_(places_done) struct places places = { 0 };
	_cleanup_groups_ struct group_uses before = { 0 }, now = { 0 };
	int r = find_places(cli, &places, err);
	if (r < 0)
		return r;
	look(&places, &before);
	if (places.count > 0)
		(void)nanosleep(&second, NULL);
	look(&places, &now);
	show(&places, &before, &now);
	return 0;
}
