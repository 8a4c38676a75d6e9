/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/rows.h"
#include "engine/network-veth.h"

struct veth_options {
	bool no_trunc;
	char *format;
};

static const struct rows_kind VETH_ROWS = {
	.what = "veth",
	.fields =
		(const struct rows_field[]){
			{ "Link", "LINK" },
			{ "Index", "INDEX" },
			{ "PeerIndex", "PEER INDEX" },
			{ "Interface", "INTERFACE" },
			{ "Container", "CONTAINER" },
			{ "ID", "CONTAINER ID" },
			{ "Network", "NETWORK" },
			{ "Bridge", "BRIDGE" },
			{ "MAC", "MAC" },
			{ "IPv4", "IPV4" },
			{ "IPv6", "IPV6" },
			{ 0 },
		},
};

static void add_index(struct json_object *fields, const char *key, int index)
{
	_cleanup_free_ char *text = index > 0 ? mem_printf("%d", index) : mem_strdup("");
	json_add_string(fields, key, text);
}

static void add_address(struct json_object *fields, const char *key, const struct cidr *address)
{
	char text[CIDR_TEXT_MAX];
	json_add_string(fields, key, address->family ? cidr_text(address, text) : "");
}

static int add(struct rows *rows, const struct veth_record *record, bool no_trunc, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 };
	format_container_id(&id, record->id, no_trunc);
	json_add_string(fields, "Link", record->link);
	add_index(fields, "Index", record->index);
	add_index(fields, "PeerIndex", record->peer);
	json_add_string(fields, "Interface", record->interface);
	json_add_string(fields, "Container", record->container);
	json_add_string(fields, "ID", str_text(&id));
	json_add_string(fields, "Network", record->network);
	json_add_string(fields, "Bridge", record->bridge);
	json_add_string(fields, "MAC", record->mac);
	add_address(fields, "IPv4", &record->address);
	add_address(fields, "IPv6", &record->address6);
	return rows_add(rows, fields, NULL, err);
}

/* By what people have before them: a name of `ip link`, a number of its or of /sys/class/net/eth0/iflink, a container. */
static bool is_meant(const struct veth_record *record, const char *word)
{
	_cleanup_free_ char *index = mem_printf("%d", record->index);
	return !word || streq(word, record->link) || streq(word, index) || streq(word, record->container) ||
	       str_starts_with(record->id, word);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Link",	    "Index",   "PeerIndex", "Interface",
					       "Container", "Network", "Bridge",    NULL };
	const struct veth_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_veth_records_ struct veth_records records = { 0 };
	bool found = !args[0];
	int r = rows_begin(&rows, &VETH_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_network_veths(cli->engine, &records, err);
	for (size_t i = 0; r >= 0 && i < records.count; i++) {
		if (!is_meant(&records.items[i], args[0]))
			continue;
		found = true;
		r = add(&rows, &records.items[i], options->no_trunc, err);
	}
	if (r >= 0 && !found)
		return err_set(err, ERR_NET, "\"%s\" is no link, index or container on a bridge of coffer's", args[0]);
	if (r >= 0)
		rows_print(&rows);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct veth_options, format, 0),
	OPT_BOOL(struct veth_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_END,
};

const struct command command_network_veth = {
	.name = "network veth",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] [LINK|INDEX|CONTAINER]",
	.summary = "Show which link of the host leads into which container",
	.description =
		"Each container on a bridge has a pair of links: one end is plugged into the bridge, the other is an interface of "
		"the container. *INDEX* is that of the host's end, as *ip link* shows it, and as /sys/class/net/eth0/iflink has it "
		"in the container; *PEER INDEX* that of the other end, which *ip link* has behind the @ (\"@if2\"). *ip link* shows "
		"the container's name as well, as the link's alias."
		"\n\n"
		"Fields of templates: .Bridge .Container .ID .IPv4 .IPv6 .Index .Interface .Link .MAC .Network .PeerIndex.",
	.examples =
		(const struct example[]){
			{ "network veth 12", "Whose is the link that the kernel's log calls by its index" },
			{ "network veth --format '{{.Link}}' web", "What to give to tcpdump for it" },
			{ 0 },
		},
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct veth_options),
	.run = run,
};
