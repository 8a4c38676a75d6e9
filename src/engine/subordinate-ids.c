/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/subordinate-ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

enum { FILE_MAX = 1 << 20, FIELDS = 3 };

void id_list_done(struct id_list *list)
{
	free(list->items);
	*list = (struct id_list){ 0 };
}

uint64_t id_list_size(const struct id_list *list)
{
	uint64_t size = 0;
	for (size_t i = 0; i < list->count; i++)
		size += list->items[i].size;
	return size;
}

static uint64_t next_id(const struct id_list *list)
{
	const struct spec_id_mapping *last = list->count > 0 ? &list->items[list->count - 1] : NULL;
	return last ? (uint64_t)last->container_id + last->size : 0;
}

/* (uid_t)-1 means "none" to the kernel, and is no id. */
static bool is_range(uint64_t first, uint64_t size)
{
	return size > 0 && first + size <= UINT32_MAX;
}

static void parse_line(const char *line, const char *user, const char *uid, struct id_list *list)
{
	_cleanup_strv_ char **fields = strv_split(line, ':');
	uint64_t first, size, next = next_id(list);
	if (strv_count(fields) != FIELDS || !(streq_null(fields[0], user) || streq(fields[0], uid)))
		return;
	if (parse_u64(fields[1], UINT32_MAX, &first, NULL) < 0 || parse_u64(fields[2], UINT32_MAX, &size, NULL) < 0)
		return;
	if (!is_range(first, size) || !is_range(next, size))
		return;
	*ARRAY_APPEND(list->items, list->count) = (struct spec_id_mapping){ .container_id = (uint32_t)next,
									    .host_id = (uint32_t)first,
									    .size = (uint32_t)size };
}

void subordinate_ids_parse(const char *text, const char *user, uid_t uid, struct id_list *list)
{
	char number[16];
	snprintf(number, sizeof number, "%u", uid);
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++)
		parse_line(*line, user, number, list);
}

int subordinate_ids_read(const char *path, const char *user, uid_t uid, struct id_list *list, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	int r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	subordinate_ids_parse(text, user, uid, list);
	return 0;
}
