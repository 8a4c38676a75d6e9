/* SPDX-License-Identifier: Apache-2.0 */
/* `network policy`: one command, whose first argument says what is to be done. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/report.h"
#include "cli/table.h"
#include "cli/yaml.h"
#include "engine/network-policy.h"

enum { FILE_MAX = 1 << 20 };

struct policy_options {
	bool quiet;
};

/* --- apply --- */

static int read_documents(const char *path, struct json_object **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, path, FILE_MAX, &text, &len, err);
	return r < 0 ? r : yaml_parse(text, len, path, ret, err);
}

static int apply_one(struct cli *cli, const void *options, const char *given, struct error *err)
{
	const char *path = streq(given, "-") ? "/dev/stdin" : given;
	_cleanup_json_ struct json_object *documents = NULL;
	_cleanup_strv_ char **names = NULL;
	int r = read_documents(path, &documents, err);
	if (r >= 0)
		r = engine_policy_apply(cli->engine, documents, path, &names, err);
	for (char **name = names; r >= 0 && name && *name; name++)
		printf("networkpolicy.networking.k8s.io/%s configured\n", *name);
	return r;
}

/* --- ls --- */

static void add_row(struct table *table, const struct policy_record *record)
{
	_cleanup_free_ char *containers = strv_join(record->containers, ",");
	char rules[24];
	snprintf(rules, sizeof rules, "%zu", record->n_rules);
	table_add(table, *record->network ? record->network : "*");
	table_add(table, record->name);
	table_add(table, record->ingress && record->egress ? "ingress,egress" : record->egress ? "egress" : "ingress");
	table_add(table, rules);
	table_add(table, containers);
}

static int list(struct cli *cli, const struct policy_options *options, struct error *err)
{
	static const char *const headers[] = { "NETWORK", "NAME", "DIRECTION", "RULES", "CONTAINERS", NULL };
	_cleanup_table_ struct table table = { .columns = 5 };
	struct policy_record **records;
	size_t count;
	int r = engine_policy_list(cli->engine, &records, &count, err);
	if (r < 0)
		return r;
	table_add_row(&table, headers);
	for (size_t i = 0; i < count; i++) {
		if (options->quiet)
			printf("%s%s%s\n", records[i]->network, *records[i]->network ? "/" : "", records[i]->name);
		else
			add_row(&table, records[i]);
		policy_record_free(records[i]);
	}
	free(records);
	if (!options->quiet)
		table_print(&table, stdout);
	return 0;
}

/* --- inspect, rm --- */

static int inspect(struct cli *cli, char *const *names, struct error *err)
{
	_cleanup_json_ struct json_object *all = json_object_new_array();
	for (; *names; names++) {
		struct json_object *document;
		int r = engine_policy_inspect(cli->engine, *names, &document, err);
		if (r < 0)
			return r;
		json_object_array_add(all, document);
	}
	puts(json_text_pretty(all));
	return 0;
}

static int remove_one(struct cli *cli, const void *options, const char *name, struct error *err)
{
	int r = engine_policy_remove(cli->engine, name, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const char *action = args[0];
	bool lists = streq(action, "ls") || streq(action, "list");
	if (lists && !args[1])
		return list(cli, data, err);
	if (streq(action, "apply") && args[1])
		return report_each(cli, NULL, args + 1, apply_one);
	if (streq(action, "inspect") && args[1])
		return inspect(cli, args + 1, err);
	if ((streq(action, "rm") || streq(action, "remove")) && args[1])
		return report_each(cli, NULL, args + 1, remove_one);
	err_set(err, ERR_USAGE, "'coffer network policy' is followed by apply FILE, ls, inspect NAME or rm NAME");
	return err_hint(err, "coffer network policy --help");
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct policy_options, quiet, 'q', "quiet", "ls: print names only"),
	OPT_END,
};

const struct command command_network_policy = {
	.name = "network policy",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] apply FILE... | ls | inspect NAME... | rm NAME...",
	.summary = "Say which containers may reach which",
	.description =
		"Takes documents of Kubernetes' kind NetworkPolicy (networking.k8s.io/v1), in YAML or JSON; - is standard "
		"input. A podSelector is about the labels of containers, a namespaceSelector about those of networks, and "
		"metadata.namespace is the network whose containers the policy is about; without it, it is every one.\n\n"
		"What no policy selects may reach everything. What one selects may be reached, or reach, only as the "
		"policies that select it allow. The host itself always reaches its containers. A policy holds at once, for "
		"connections that are there already as well. Containers that come and go are followed; rules count what they "
		"let through: *nft list ruleset* shows it.\n\n"
		"Containers are known by their addresses, so while there is a policy they can send with no others than they "
		"were given. A network whose containers route, or have addresses that move among them, is left out of that by "
		"*coffer network create --opt com.coffer.spoof=allow*; then one that may make packets of its own (NET_RAW, a "
		"default capability) can pretend to be another.\n\n"
		"What is not understood in a document is an error, and the document is not applied.",
	.examples =
		(const struct example[]){
			{ "network policy apply db.yaml", "Make or replace what the file says" },
			{ "network policy ls", "Which there are, and which containers they select" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_FILES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct policy_options),
	.run = run,
};
