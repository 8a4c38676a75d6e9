/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of containers. The first byte says what the rest is: /etc/subuid, a map of the kernel's, lines of --uidmap, or
 * --userns.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/id-mapping.h"
#include "engine/userns-mode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was written, what came of it are ranges of ids. */
static void check_ranges(const struct id_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct spec_id_mapping *item = &list->items[i];
		if (item->size == 0 || (uint64_t)item->container_id + item->size > UINT32_MAX ||
		    (uint64_t)item->host_id + item->size > UINT32_MAX)
			abort();
	}
}

static void read_subordinate(const char *text)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	uint64_t next = 0;
	subordinate_ids_parse(text, "ann", 1000, &list);
	check_ranges(&list);
	for (size_t i = 0; i < list.count; next += list.items[i++].size)
		if (list.items[i].container_id != next)
			abort();
	if (list.count > 0 && (id_list_size(&list) != next || id_list_last(&list) != next - 1))
		abort();
}

static void read_kernel(const char *text)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	id_list_parse_kernel(text, &list);
	(void)id_list_last(&list);
	(void)id_list_has(&list, 0, 1000);
}

/* "+" leaves nothing of the ids that it takes. */
static void read_maps(const char *text)
{
	const struct id_list own = { (struct spec_id_mapping[]){ { 0, 1000, 1 }, { 1, 100000, 65536 } }, 2 };
	_cleanup_id_list_ struct id_list list = { 0 };
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	bool sound = true;
	for (char **line = lines; line && *line && list.count <= ID_LIST_MAX; line++) {
		sound = id_list_check(&list, "--uidmap", NULL) == 0;
		int r = id_list_add_text(&list, *line, &own, NULL);
		check_ranges(&list);
		if (r == 0 && sound && **line == '+' && list.count <= ID_LIST_MAX &&
		    id_list_check(&list, "--uidmap", NULL) < 0)
			abort();
	}
	_cleanup_strv_ char **texts = id_list_texts(&list);
	_cleanup_id_mapping_ struct id_mapping again = { 0 };
	if (id_mapping_from_texts(texts, NULL, &again, NULL) < 0 || again.uids.count != list.count)
		abort();
}

static void read_mode(char *text)
{
	_cleanup_userns_mode_ struct userns_mode mode = { 0 };
	const struct container_spec spec = { .userns_mode = text };
	(void)userns_mode_parse(&spec, &mode, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	_cleanup_free_ char *text = mem_strndup((const char *)data + 1, size - 1);
	switch (*data) {
	case 's':
		read_subordinate(text);
		break;
	case 'k':
		read_kernel(text);
		break;
	case 'm':
		read_maps(text);
		break;
	case 'u':
		read_mode(text);
		break;
	default:
		break;
	}
	return 0;
}
