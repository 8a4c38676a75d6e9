/* SPDX-License-Identifier: Apache-2.0 */
#include "image/import-change.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/import-health.h"

enum { PORT_MAX = 65535 };

/* --- words --- */

/* The next word as a shell would see it: quotes and backslashes are taken away. NULL at the end. free() it. */
static char *next_word(const char **at)
{
	const char *c = *at + strspn(*at, " \t");
	if (!*c)
		return NULL;
	struct str word = { 0 };
	for (char quote = 0; *c && (quote || !strchr(" \t", *c)); c++) {
		if (quote && *c == quote)
			quote = 0;
		else if (!quote && (*c == '"' || *c == '\''))
			quote = *c;
		else if (*c == '\\' && quote != '\'' && c[1])
			str_append_char(&word, *++c);
		else
			str_append_char(&word, *c);
	}
	*at = c;
	return str_take(&word);
}

static char **split_words(const char *text)
{
	char **words = NULL;
	for (char *word; (word = next_word(&text));)
		strv_take(&words, word);
	return words;
}

char **import_parse_array(const char *text)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	char **words = NULL;
	if (*text != '[' || json_parse(text, strlen(text), "array", ERR_INVALID, &document, NULL) < 0)
		return NULL;
	/* The getters read members of an object. */
	_cleanup_json_ struct json_object *holder = json_object_new_object();
	json_object_object_add(holder, "words", json_object_get(document.root));
	struct json_node root = { .value = holder, .document = &document };
	return json_get_strv(&root, "words", &words, NULL) > 0 ? words : NULL;
}

/* --- lists of "key=value" --- */

static void set_pair(char ***pairs, const char *pair)
{
	size_t key = strcspn(pair, "=") + 1;
	for (char **at = *pairs; at && *at; at++) {
		if (strncmp(*at, pair, key) == 0) {
			free(*at);
			*at = mem_strdup(pair);
			return;
		}
	}
	strv_append(pairs, pair);
}

/* "KEY=VALUE ...", or the older "KEY VALUE", whose value is the rest of the line. */
static int change_pairs(char ***pairs, const char *text, struct error *err)
{
	const char *at = text;
	_cleanup_free_ char *first = next_word(&at);
	at += strspn(at, " \t");
	if (first && !strchr(first, '=')) {
		if (!*at)
			return err_set(err, ERR_INVALID, "\"%s\" has no value: it takes KEY=VALUE", first);
		_cleanup_free_ char *pair = mem_printf("%s=%s", first, at);
		set_pair(pairs, pair);
		return 0;
	}
	_cleanup_strv_ char **words = split_words(text);
	for (char **word = words; word && *word; word++)
		if (!strchr(*word, '=') || **word == '=')
			return err_set(err, ERR_INVALID, "\"%s\" is not KEY=VALUE", *word);
	for (char **word = words; word && *word; word++)
		set_pair(pairs, *word);
	return 0;
}

/* --- instructions --- */

static int change_env(struct image_config *config, const char *text, struct error *err)
{
	return change_pairs(&config->env, text, err);
}

static int change_label(struct image_config *config, const char *text, struct error *err)
{
	return change_pairs(&config->labels, text, err);
}

/* The exec form is an array; anything else is a line for a shell. */
static void set_command(char ***command, const char *text)
{
	char **words = import_parse_array(text);
	if (!words) {
		strv_append(&words, "/bin/sh");
		strv_append(&words, "-c");
		strv_append(&words, text);
	}
	strv_free(*command);
	*command = words;
}

static int change_cmd(struct image_config *config, const char *text, struct error *err)
{
	set_command(&config->cmd, text);
	return 0;
}

static int change_entrypoint(struct image_config *config, const char *text, struct error *err)
{
	set_command(&config->entrypoint, text);
	return 0;
}

static void set_text(char **where, const char *text)
{
	free(*where);
	*where = mem_strdup(text);
}

static int change_user(struct image_config *config, const char *text, struct error *err)
{
	set_text(&config->user, text);
	return 0;
}

static int change_stopsignal(struct image_config *config, const char *text, struct error *err)
{
	int sig;
	int r = parse_signal(text, &sig, err);
	if (r == 0)
		set_text(&config->stop_signal, text);
	return r;
}

static int change_workdir(struct image_config *config, const char *text, struct error *err)
{
	_cleanup_free_ char *joined = *text == '/' ? mem_strdup(text)
						   : path_join(config->working_dir ? config->working_dir : "/", text);
	free(config->working_dir);
	config->working_dir = path_normalize(joined);
	return 0;
}

static int change_volume(struct image_config *config, const char *text, struct error *err)
{
	_cleanup_strv_ char **words = import_parse_array(text);
	if (!words)
		words = split_words(text);
	for (char **word = words; word && *word; word++)
		if (!**word)
			return err_set(err, ERR_INVALID, "a volume's path is empty");
	for (char **word = words; word && *word; word++)
		if (!strv_contains(config->volumes, *word))
			strv_append(&config->volumes, *word);
	return 0;
}

/* "80", "80/udp", "8000-8010/tcp" */
static int expose(struct image_config *config, const char *text, struct error *err)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };
	_cleanup_free_ char *ports = mem_strndup(text, strcspn(text, "/"));
	const char *protocol = text[strlen(ports)] ? text + strlen(ports) + 1 : "tcp";
	char *dash = strchr(ports, '-');
	if (dash)
		*dash = '\0';
	uint64_t first, last;
	bool known = false;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		known = known || streq(protocols[i], protocol);
	if (!known || parse_u64(ports, PORT_MAX, &first, NULL) < 0 ||
	    parse_u64(dash ? dash + 1 : ports, PORT_MAX, &last, NULL) < 0 || first == 0 || first > last)
		return err_set(err, ERR_INVALID, "invalid containerPort: %s", text);
	for (uint64_t port = first; port <= last; port++) {
		char *entry = mem_printf("%llu/%s", (unsigned long long)port, protocol);
		if (strv_contains(config->exposed_ports, entry))
			free(entry);
		else
			strv_take(&config->exposed_ports, entry);
	}
	return 0;
}

static int change_expose(struct image_config *config, const char *text, struct error *err)
{
	_cleanup_strv_ char **words = split_words(text);
	for (char **word = words; word && *word; word++) {
		int r = expose(config, *word, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* It is kept as it is, for whoever builds on the image. */
static int change_onbuild(struct image_config *config, const char *text, struct error *err)
{
	static const char *const never[] = { "ONBUILD", "FROM", "MAINTAINER" };
	size_t len = strcspn(text, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strlen(never[i]) == len && strncasecmp(never[i], text, len) == 0)
			return err_set(err, ERR_INVALID, "%s isn't allowed as an ONBUILD trigger", never[i]);
	strv_append(&config->on_build, text);
	return 0;
}

static const struct {
	const char *name;
	int (*change)(struct image_config *config, const char *text, struct error *err);
} INSTRUCTIONS[] = {
	{ "CMD", change_cmd },	       { "ENTRYPOINT", change_entrypoint },	{ "ENV", change_env },
	{ "EXPOSE", change_expose },   { "HEALTHCHECK", import_change_health }, { "LABEL", change_label },
	{ "ONBUILD", change_onbuild }, { "STOPSIGNAL", change_stopsignal },	{ "USER", change_user },
	{ "VOLUME", change_volume },   { "WORKDIR", change_workdir },
};

int import_change(struct image_config *config, const char *instruction, struct error *err)
{
	const char *name = instruction + strspn(instruction, " \t");
	size_t len = strcspn(name, " \t");
	const char *rest = name + len + strspn(name + len, " \t");
	size_t rest_len = strlen(rest);
	while (rest_len > 0 && isspace((unsigned char)rest[rest_len - 1]))
		rest_len--;
	_cleanup_free_ char *text = mem_strndup(rest, rest_len);
	for (size_t i = 0; i < ARRAY_SIZE(INSTRUCTIONS); i++) {
		if (strlen(INSTRUCTIONS[i].name) != len || strncasecmp(INSTRUCTIONS[i].name, name, len) != 0)
			continue;
		if (!*text)
			return err_set(err, ERR_INVALID, "change \"%.200s\": %s needs a value", instruction,
				       INSTRUCTIONS[i].name);
		int r = INSTRUCTIONS[i].change(config, text, err);
		if (r < 0)
			err_wrap(err, "change \"%.200s\"", instruction);
		return r;
	}
	return err_set(err, ERR_INVALID,
		       "change \"%.200s\": %.*s is not one of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, "
		       "LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR",
		       instruction, (int)MIN(len, (size_t)60), name);
}
