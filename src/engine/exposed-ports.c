/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exposed-ports.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/port.h"

static int compare(const void *a, const void *b)
{
	const struct port *x = a, *y = b;
	int by_number = (x->container_port > y->container_port) - (x->container_port < y->container_port);
	return by_number ? by_number : (x->protocol > y->protocol) - (x->protocol < y->protocol);
}

static int add_asked(const struct container_spec *spec, struct port_list *list, struct error *err)
{
	int r = 0;
	for (char **text = spec->exposed; r >= 0 && text && *text; text++)
		r = port_parse_exposed(*text, list, err);
	for (char **text = spec->ports; r >= 0 && text && *text; text++)
		r = port_parse(*text, list, err);
	return r;
}

/* A range may have all the ports there are: no strv_append(), which counts what is there each time. */
static char **make_texts(const struct port_list *list)
{
	char **texts = mem_alloc((list->count + 1) * sizeof *texts);
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (i == 0 || compare(&list->items[i - 1], &list->items[i]) != 0)
			texts[count++] = port_text(&list->items[i]);
	texts[count] = NULL;
	return texts;
}

int exposed_ports_resolve(const struct container_spec *spec, const struct image_config *image, char ***ret,
			  struct error *err)
{
	_cleanup_port_list_ struct port_list list = { 0 };
	_cleanup_strv_ char **unknown = NULL;
	for (char **text = image->exposed_ports; text && *text; text++)
		if (port_parse_exposed(*text, &list, NULL) < 0)
			strv_append(&unknown, *text);
	int r = add_asked(spec, &list, err);
	if (r < 0)
		return r;
	if (list.count > 0)
		qsort(list.items, list.count, sizeof *list.items, compare);
	char **texts = make_texts(&list);
	for (char **text = unknown; text && *text; text++)
		strv_append(&texts, *text);
	*ret = texts;
	return 0;
}
