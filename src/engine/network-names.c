/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-names.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/container-row.h"

enum { SHORT_ID = 12 };

void names_done(struct names *names)
{
	str_done(&names->hosts);
	str_done(&names->dotted);
	strv_free(names->dns);
}

/* Aliases are what somebody typed: one with a blank in it would be two. */
static bool is_name(const char *text)
{
	return *text &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(text);
}

static void put_address(struct names *names, const struct cidr *address, char *const *words)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_free_ char *line = strv_join(words, " ");
	if (address->family)
		str_appendf(&names->hosts, "%s %s\n", cidr_address_text(address, text), line);
}

static void put_endpoint(struct names *names, const struct endpoint *endpoint, const char *name)
{
	_cleanup_strv_ char **words = NULL;
	strv_append(&words, name);
	strv_take(&words, mem_strndup(endpoint->container, SHORT_ID));
	for (char **alias = endpoint->aliases; alias && *alias; alias++)
		if (is_name(*alias))
			strv_append(&words, *alias);
	put_address(names, &endpoint->address, words);
	put_address(names, &endpoint->address6, words);
	for (char **word = words; *word; word++)
		if (strchr(*word, '.'))
			str_appendf(&names->dotted, "server=/%s/\n", *word);
	names->count++;
}

int names_collect(struct db *db, const struct network_record *network, const char *without, struct names *names,
		  struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	int r = endpoint_row_list(db, NULL, network->name, &list, err);
	names->leads_out |= !network->internal;
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		_cleanup_container_row_ struct container_row row = { 0 };
		if (streq_null(list.items[i].container, without))
			continue;
		r = container_row_load(db, list.items[i].container, &row, err);
		if (r <= 0)
			continue;
		put_endpoint(names, &list.items[i], row.name);
		for (char **dns = config_spec(&row.config)->dns; dns && *dns; dns++)
			if (!strv_contains(names->dns, *dns))
				strv_append(&names->dns, *dns);
	}
	return r;
}
