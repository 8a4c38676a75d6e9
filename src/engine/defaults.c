/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/defaults.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/toml.h"
#include "base/util.h"
#include "engine/limits.h"
#include "engine/log-options.h"

enum { FILE_SIZE_MAX = 1 << 20 };

/* --- values --- */

/* A number may be written as one, or as text where it has a unit or a fraction. */
static int get_text(const struct json_node *table, const char *key, const char **ret, struct error *err)
{
	struct json_node node;
	if (json_get(table, key, &node) && json_object_is_type(node.value, json_type_int)) {
		*ret = json_object_get_string(node.value);
		return 1;
	}
	return json_get_string(table, key, ret, err);
}

static int get_size(const struct json_node *table, const char *key, void *field, struct error *err)
{
	const char *text;
	int r = get_text(table, key, &text, err);
	return r > 0 ? parse_size(text, field, err) : r;
}

static int get_cpus(const struct json_node *table, const char *key, void *field, struct error *err)
{
	const char *text;
	int r = get_text(table, key, &text, err);
	return r > 0 ? parse_nano(text, INT64_MAX, field, err) : r;
}

static int get_count(const struct json_node *table, const char *key, void *field, struct error *err)
{
	return json_get_i64(table, key, -1, INT64_MAX, field, err);
}

static int get_bool(const struct json_node *table, const char *key, void *field, struct error *err)
{
	return json_get_bool(table, key, field, err);
}

static int get_word(const struct json_node *table, const char *key, void *field, struct error *err)
{
	const char *word;
	int r = json_get_string(table, key, &word, err);
	if (r <= 0)
		return r;
	free(*(char **)field);
	*(char **)field = mem_strdup(word);
	return 0;
}

/* Whole: a person's list is in the place of the machine's. */
static int get_list(const struct json_node *table, const char *key, void *field, struct error *err)
{
	char **list = NULL;
	int r = json_get_strv(table, key, &list, err);
	if (r <= 0)
		return r;
	strv_free(*(char ***)field);
	*(char ***)field = list;
	return 0;
}

static const char *const TABLES[] = { "containers", "networks" };

static const struct key {
	const char *table;
	const char *name; /* that of the flag, or of several of them */
	int (*get)(const struct json_node *table, const char *key, void *field, struct error *err);
	size_t offset;
} KEYS[] = {
	{ "containers", "cgroups-best-effort", get_bool, offsetof(struct defaults, cgroups_best_effort) },
	{ "containers", "cpus", get_cpus, offsetof(struct defaults, cpus_nano) },
	{ "containers", "log-driver", get_word, offsetof(struct defaults, log_driver) },
	{ "containers", "log-opts", get_list, offsetof(struct defaults, log_options) },
	{ "containers", "memory", get_size, offsetof(struct defaults, memory) },
	{ "containers", "pids-limit", get_count, offsetof(struct defaults, pids_limit) },
	{ "containers", "shm-size", get_size, offsetof(struct defaults, shm_size) },
	{ "containers", "ulimits", get_list, offsetof(struct defaults, ulimits) },
	{ "networks", "default-bridge", get_word, offsetof(struct defaults, bridge) },
	{ "networks", "default-subnets", get_list, offsetof(struct defaults, subnets) },
};

/* --- one file --- */

/* Where @key is written, or without one the header of @table; 0: nowhere that a line begins with it. */
static size_t line_of(const char *text, const char *table, const char *key)
{
	static const char blanks[] = " \t";
	_cleanup_free_ char *header = mem_printf("[%s]", table);
	size_t line = 1, first = 0;
	for (const char *at = text; *at; at = strchrnul(at, '\n'), at += *at == '\n', line++) {
		const char *word = at + strspn(at, blanks);
		size_t len = strcspn(word, " \t=\n");
		bool is_header = strlen(header) == len && strncmp(word, header, len) == 0;
		if (is_header)
			first = line;
		if (is_header && !key)
			return line;
		if (key && first && strlen(key) == len && strncmp(word, key, len) == 0)
			return line;
	}
	return first;
}

static int complain(const char *path, size_t line, struct error *err)
{
	return line ? err_wrap(err, "%s:%zu", path, line) : err_wrap(err, "%s", path);
}

static int unknown_key(const char *path, const char *text, const char *table, const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(KEYS) + 1] = { NULL };
	for (size_t i = 0, n = 0; i < ARRAY_SIZE(KEYS); i++)
		if (streq(KEYS[i].table, table))
			names[n++] = KEYS[i].name;
	const char *nearest = str_nearest(name, names);
	err_set(err, ERR_INVALID, "unknown key \"%s\" in [%s]", name, table);
	if (nearest)
		err_hint(err, "did you mean %s?", nearest);
	return complain(path, line_of(text, table, name), err);
}

static int read_key(const struct json_node *table, const char *path, const char *text, const char *name,
		    struct defaults *defaults, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++) {
		if (!streq(KEYS[i].name, name) || !streq(KEYS[i].table, table->key))
			continue;
		struct error why = { 0 };
		if (KEYS[i].get(table, name, (char *)defaults + KEYS[i].offset, &why) >= 0)
			return 0;
		/* Without the place that the document does not know. */
		_cleanup_free_ char *place = mem_printf("/%s/", table->key);
		const char *words = strstr(why.message, place);
		err_set(err, ERR_INVALID, "%s: %s", name, words ? strstr(words, ": ") + 2 : why.message);
		return complain(path, line_of(text, table->key, name), err);
	}
	return unknown_key(path, text, table->key, name, err);
}

static bool is_table(const struct json_node *member)
{
	bool known = false;
	for (size_t i = 0; i < ARRAY_SIZE(TABLES); i++)
		known |= streq(member->key, TABLES[i]);
	return known && json_object_is_type(member->value, json_type_object);
}

static int read_document(const struct json_document *document, const char *path, const char *text,
			 struct defaults *defaults, struct error *err)
{
	struct json_node root = json_root(document), member;
	for (struct json_iterator at = { 0 }; json_next(&root, &at, &member);) {
		if (!is_table(&member)) {
			err_set(err, ERR_INVALID, "unknown table or key \"%s\": there are [%s] and [%s]", member.key,
				TABLES[0], TABLES[1]);
			return complain(path, line_of(text, member.key, NULL), err);
		}
		struct json_node key;
		for (struct json_iterator in = { 0 }; json_next(&member, &in, &key);) {
			int r = read_key(&member, path, text, key.key, defaults, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int read_file(const char *path, bool needed, struct defaults *defaults, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error why = { 0 };
	size_t len;
	int r = file_read(AT_FDCWD, path, FILE_SIZE_MAX, &text, &len, &why);
	if (r == -ERR_NOT_FOUND && !needed)
		return 0;
	if (r >= 0)
		r = toml_parse(text, len, path, ERR_INVALID, &document, &why);
	if (r >= 0)
		r = read_document(&document, path, text, defaults, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}

/* --- all --- */

/* What no container can have is the file's mistake, and not that of the person who runs one. */
static int check(const struct defaults *defaults, struct error *err)
{
	struct container_spec spec = { 0 };
	_cleanup_json_ struct json_object *process = json_object_new_object();
	defaults_preset(defaults, &spec);
	spec.log_options = defaults->log_options;
	int r = limits_check(&spec, err);
	if (r >= 0)
		r = log_options_check(&spec, err);
	if (r >= 0 && defaults->ulimits)
		r = ulimits_add(defaults->ulimits, process, err);
	free(spec.log_driver);
	return r < 0 ? err_wrap(err, "the defaults of [containers] in coffer.conf") : 0;
}

static char *own_path(void)
{
	const char *home = getenv("HOME"), *folder = getenv("XDG_CONFIG_HOME");
	if (!str_is_empty(folder))
		return mem_printf("%s/coffer/coffer.conf", folder);
	return str_is_empty(home) ? NULL : mem_printf("%s/.config/coffer/coffer.conf", home);
}

int defaults_load(struct defaults *ret, struct error *err)
{
	_cleanup_defaults_ struct defaults defaults = { 0 };
	const struct defaults none = { 0 };
	const char *chosen = getenv("COFFER_CONF");
	int r = 0;
	if (!str_is_empty(chosen)) {
		r = read_file(chosen, true, &defaults, err);
	} else {
		_cleanup_free_ char *own = own_path();
		r = read_file(SYSCONFDIR "/coffer/coffer.conf", false, &defaults, err);
		if (r >= 0 && own)
			r = read_file(own, false, &defaults, err);
	}
	if (r >= 0 && memcmp(&defaults, &none, sizeof none) != 0)
		r = check(&defaults, err);
	if (r < 0)
		return r;
	*ret = defaults;
	defaults = none;
	return 0;
}

void defaults_done(struct defaults *defaults)
{
	free(defaults->log_driver);
	strv_free(defaults->log_options);
	strv_free(defaults->ulimits);
	free(defaults->bridge);
	strv_free(defaults->subnets);
	*defaults = (struct defaults){ 0 };
}

/* --- into a specification --- */

void defaults_preset(const struct defaults *defaults, struct container_spec *spec)
{
	spec->memory = defaults->memory;
	spec->cpus_nano = defaults->cpus_nano;
	spec->pids_limit = defaults->pids_limit;
	spec->shm_size = defaults->shm_size;
	spec->cgroups_best_effort = defaults->cgroups_best_effort;
	spec->log_driver = mem_strdup(defaults->log_driver);
}

/* "name=value": those of @defaults whose names nobody has said. */
static void add_unsaid(char *const *defaults, char ***said)
{
	char **list = NULL;
	for (; defaults && *defaults; defaults++) {
		size_t len = strcspn(*defaults, "=") + 1;
		bool is_said = false;
		for (char **one = *said; one && *one; one++)
			is_said = is_said || strncmp(*one, *defaults, len) == 0;
		if (!is_said)
			strv_append(&list, *defaults);
	}
	for (char **one = *said; one && *one; one++)
		strv_append(&list, *one);
	strv_free(*said);
	*said = list;
}

static void take_back(uint64_t *value, uint64_t preset)
{
	if (*value == preset)
		*value = 0;
}

/* Who has no cgroup, or is promised nothing, has no limits of one. */
static void take_back_limits(const struct defaults *defaults, struct container_spec *spec)
{
	bool none = streq_null(spec->cgroups_mode, "disabled");
	bool promised_nothing = streq_null(spec->qos, "besteffort");
	if (none || promised_nothing)
		take_back(&spec->memory, defaults->memory);
	if (none || promised_nothing || spec->cpu_quota_us || spec->cpu_period_us)
		take_back(&spec->cpus_nano, defaults->cpus_nano);
	if (none && spec->pids_limit == defaults->pids_limit)
		spec->pids_limit = 0;
}

void defaults_complete(const struct defaults *defaults, struct container_spec *spec)
{
	take_back_limits(defaults, spec);
	add_unsaid(defaults->ulimits, &spec->ulimits);
	if (streq_null(spec->log_driver, defaults->log_driver))
		add_unsaid(defaults->log_options, &spec->log_options);
}
