/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/id-mapping.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

enum { MAP_TEXT_MAX = 64 << 10 };

/* (uid_t)-1 means "none" to the kernel, and is no id. */
static const uint64_t ID_COUNT = UINT32_MAX;

void id_mapping_done(struct id_mapping *mapping)
{
	id_list_done(&mapping->uids);
	id_list_done(&mapping->gids);
}

struct id_maps id_mapping_maps(const struct id_mapping *mapping)
{
	return (struct id_maps){ mapping->uids.items, mapping->gids.items, mapping->uids.count, mapping->gids.count };
}

void id_list_append(struct id_list *list, uint64_t container, uint64_t host, uint64_t size)
{
	if (size > 0)
		*ARRAY_APPEND(list->items, list->count) =
			(struct spec_id_mapping){ (uint32_t)container, (uint32_t)host, (uint32_t)size };
}

bool id_list_to_host(const struct id_list *list, uint32_t id, uint32_t *ret)
{
	return id_map_to_host(list->items, list->count, id, ret);
}

bool id_list_has(const struct id_list *list, uint32_t first, uint32_t size)
{
	uint64_t next = first, end = next + size;
	for (size_t i = 0; next < end && i < list->count; i++) {
		const struct spec_id_mapping *item = &list->items[i];
		if (next < item->container_id || next - item->container_id >= item->size)
			continue;
		next = (uint64_t)item->container_id + item->size;
		i = (size_t)-1; /* what follows may stand before it */
	}
	return next >= end;
}

uint32_t id_list_last(const struct id_list *list)
{
	uint64_t next = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].container_id != next)
			continue;
		next += list->items[i].size;
		i = (size_t)-1; /* the same */
	}
	return next > 0 ? (uint32_t)(next - 1) : 0;
}

/* --- taking ids away --- */

/* What is left of @item without the @size ids from @first on of one side: that before them, and that behind. */
static void append_rest(struct id_list *list, const struct spec_id_mapping *item, bool of_host, uint64_t first,
			uint64_t size)
{
	uint64_t begin = of_host ? item->host_id : item->container_id, end = begin + item->size;
	uint64_t from = MAX(begin, first), to = MIN(end, first + size);
	uint64_t before = MIN(end, from) - begin, behind = end - MAX(begin, to);
	if (before == item->size || behind == item->size) {
		id_list_append(list, item->container_id, item->host_id, item->size);
		return;
	}
	id_list_append(list, item->container_id, item->host_id, before);
	uint64_t skipped = item->size - behind;
	id_list_append(list, item->container_id + skipped, item->host_id + skipped, behind);
}

static void take_away(struct id_list *list, bool of_host, uint64_t first, uint64_t size)
{
	struct id_list rest = { 0 };
	for (size_t i = 0; i < list->count; i++)
		append_rest(&rest, &list->items[i], of_host, first, size);
	id_list_done(list);
	*list = rest;
}

void id_list_replace(struct id_list *list, struct spec_id_mapping mapping)
{
	take_away(list, false, mapping.container_id, mapping.size);
	take_away(list, true, mapping.host_id, mapping.size);
	id_list_append(list, mapping.container_id, mapping.host_id, mapping.size);
}

/* --- what people write --- */

static int malformed(const char *text, struct error *err)
{
	return err_set(err, ERR_IDMAP, "\"%s\" is not of the form [+]CONTAINER-ID:[@]HOST-ID[:SIZE]", text);
}

/* A range that lies within one of @own, whose other side is the machine's. */
static int from_machine(const struct id_list *own, struct spec_id_mapping *mapping, const char *text, struct error *err)
{
	for (size_t i = 0; i < own->count; i++) {
		const struct spec_id_mapping *item = &own->items[i];
		uint32_t offset = mapping->host_id - item->host_id;
		if (mapping->host_id < item->host_id || offset >= item->size || mapping->size > item->size - offset)
			continue;
		mapping->host_id = item->container_id + offset;
		return 0;
	}
	return err_set(err, ERR_IDMAP, "\"%s\": the ids %u to %u are not all yours", text, mapping->host_id,
		       mapping->host_id + mapping->size - 1);
}

static int parse_range(const char *text, struct spec_id_mapping *ret, bool *ret_of_machine, struct error *err)
{
	_cleanup_strv_ char **fields = strv_split(text, ':');
	size_t count = strv_count(fields);
	uint64_t container, host, size = 1;
	if (count < 2 || count > 3)
		return malformed(text, err);
	*ret_of_machine = *fields[1] == '@';
	if (parse_u64(fields[0], ID_COUNT - 1, &container, NULL) < 0 ||
	    parse_u64(fields[1] + *ret_of_machine, ID_COUNT - 1, &host, NULL) < 0 ||
	    (count == 3 && parse_u64(fields[2], ID_COUNT, &size, NULL) < 0))
		return malformed(text, err);
	if (size == 0 || container + size > ID_COUNT || host + size > ID_COUNT)
		return err_set(err, ERR_IDMAP, "\"%s\": ids are 0 to %llu", text, (unsigned long long)ID_COUNT - 1);
	*ret = (struct spec_id_mapping){ (uint32_t)container, (uint32_t)host, (uint32_t)size };
	return 0;
}

int id_list_add_text(struct id_list *list, const char *text, const struct id_list *own, struct error *err)
{
	bool extends = *text == '+', of_machine = false;
	struct spec_id_mapping mapping = { 0 };
	int r = parse_range(text + extends, &mapping, &of_machine, err);
	if (r >= 0 && of_machine)
		r = from_machine(own, &mapping, text, err);
	if (r < 0)
		return r;
	if (extends && list->count == 0)
		for (size_t i = 0; i < own->count; i++)
			id_list_append(list, own->items[i].container_id, own->items[i].container_id,
				       own->items[i].size);
	if (extends)
		id_list_replace(list, mapping);
	else
		id_list_append(list, mapping.container_id, mapping.host_id, mapping.size);
	return 0;
}

static bool overlap(uint64_t a, uint64_t size_a, uint64_t b, uint64_t size_b)
{
	return a < b + size_b && b < a + size_a;
}

int id_list_check(const struct id_list *list, const char *flag, struct error *err)
{
	if (list->count > ID_LIST_MAX)
		return err_set(err, ERR_IDMAP, "%s: the kernel takes %d ranges at most", flag, ID_LIST_MAX);
	for (size_t i = 0; i < list->count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct spec_id_mapping *a = &list->items[i], *b = &list->items[j];
			if (overlap(a->container_id, a->size, b->container_id, b->size) ||
			    overlap(a->host_id, a->size, b->host_id, b->size))
				return err_set(err, ERR_IDMAP, "%s: %u:%u:%u and %u:%u:%u overlap", flag,
					       b->container_id, b->host_id, b->size, a->container_id, a->host_id,
					       a->size);
		}
	}
	return 0;
}

/* --- the kernel's files --- */

void id_list_parse_kernel(const char *text, struct id_list *ret)
{
	unsigned inside, outside, size;
	int len;
	for (; sscanf(text, "%u %u %u%n", &inside, &outside, &size, &len) == 3; text += len)
		id_list_append(ret, inside, outside, size);
}

static int read_map(const char *path, struct id_list *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(AT_FDCWD, path, MAP_TEXT_MAX, &text, NULL, err);
	if (r >= 0)
		id_list_parse_kernel(text, ret);
	return r;
}

int id_mapping_of_our_own(struct id_mapping *ret, struct error *err)
{
	int r = read_map("/proc/self/uid_map", &ret->uids, err);
	return r < 0 ? r : read_map("/proc/self/gid_map", &ret->gids, err);
}

/* --- as they are kept --- */

char **id_list_texts(const struct id_list *list)
{
	char **texts = NULL;
	for (size_t i = 0; i < list->count; i++)
		strv_take(&texts, mem_printf("%u:%u:%u", list->items[i].container_id, list->items[i].host_id,
					     list->items[i].size));
	return texts;
}

static int from_texts(char *const *texts, struct id_list *ret, struct error *err)
{
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = id_list_add_text(ret, *texts, &(const struct id_list){ 0 }, err);
	return r;
}

int id_mapping_from_texts(char *const *uids, char *const *gids, struct id_mapping *ret, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	int r = from_texts(uids, &mapping.uids, err);
	if (r >= 0)
		r = from_texts(gids, &mapping.gids, err);
	if (r < 0)
		return r;
	*ret = mapping;
	mapping = (struct id_mapping){ 0 };
	return 0;
}
