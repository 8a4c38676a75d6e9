/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log-options.h"

#include <limits.h>
#include <regex.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

#define JOURNALD_SOCKET "/run/systemd/journal/socket"

enum { BUFFER_DEFAULT = 1 << 20, SHORT_ID = 12 };

static const char *const NAMES[] = {
	[LOG_DRIVER_NONE] = "none",	    [LOG_DRIVER_JSON_FILE] = "json-file",     [LOG_DRIVER_LOCAL] = "local",
	[LOG_DRIVER_JOURNALD] = "journald", [LOG_DRIVER_PASSTHROUGH] = "passthrough",
};

#define FILES (1u << LOG_DRIVER_JSON_FILE | 1u << LOG_DRIVER_LOCAL)
#define WITH_ATTRIBUTES (1u << LOG_DRIVER_JSON_FILE | 1u << LOG_DRIVER_JOURNALD)
#define ALL (FILES | 1u << LOG_DRIVER_JOURNALD)

static const struct {
	const char *key;
	unsigned drivers;
} KEYS[] = {
	{ "max-size", FILES },
	{ "max-file", FILES },
	{ "compress", FILES },
	{ "mode", ALL },
	{ "max-buffer-size", ALL },
	{ "labels", WITH_ATTRIBUTES },
	{ "labels-regex", WITH_ATTRIBUTES },
	{ "env", WITH_ATTRIBUTES },
	{ "env-regex", WITH_ATTRIBUTES },
	{ "tag", WITH_ATTRIBUTES },
};

/* Returns -1 for one that is none. */
static int find_driver(const char *name)
{
	if (str_is_empty(name))
		return LOG_DRIVER_JSON_FILE;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (streq(NAMES[i], name))
			return (int)i;
	return -1;
}

static enum log_driver driver_of(const struct container_spec *spec)
{
	int driver = find_driver(spec->log_driver);
	return driver < 0 ? LOG_DRIVER_JSON_FILE : (enum log_driver)driver;
}

const char *log_driver_name(const struct container_spec *spec)
{
	return NAMES[driver_of(spec)];
}

bool log_driver_has_files(const struct container_spec *spec)
{
	return FILES & 1u << driver_of(spec);
}

/* The last value that was given, or NULL. An option without a value has an empty one. */
static const char *option(const struct container_spec *spec, const char *key)
{
	const char *found = NULL;
	size_t len = strlen(key);
	for (char **at = spec->log_options; at && *at; at++)
		if (strncmp(*at, key, len) == 0 && ((*at)[len] == '=' || (*at)[len] == '\0'))
			found = *at + len + ((*at)[len] == '=');
	return found;
}

/* --- Values --- */

/* "-1" is no limit, as in Docker. */
static int read_size(const char *text, uint64_t *ret, struct error *err)
{
	if (streq(text, "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	int r = parse_size(text, ret, err);
	if (r < 0)
		return err_wrap(err, "--log-opt max-size=%s", text);
	return *ret > 0 ? 0 : err_set(err, ERR_INVALID, "max-size must be a positive number");
}

static int read_count(const char *text, unsigned *ret, struct error *err)
{
	int64_t count;
	int r = parse_i64(text, INT_MIN, INT_MAX, &count, err);
	if (r < 0)
		return err_wrap(err, "--log-opt max-file=%s", text);
	if (count < 1)
		return err_set(err, ERR_INVALID, "max-file cannot be less than 1");
	*ret = (unsigned)count;
	return 0;
}

static struct log_limits default_limits(enum log_driver driver)
{
	if (driver == LOG_DRIVER_LOCAL)
		return (struct log_limits){ .max_bytes = 20 << 20, .max_files = 5, .compress = true };
	return LOG_LIMITS_DEFAULT;
}

static int read_limits(const struct container_spec *spec, struct log_limits *ret, struct error *err)
{
	const char *size = option(spec, "max-size"), *count = option(spec, "max-file");
	const char *compress = option(spec, "compress");
	struct log_limits limits = default_limits(driver_of(spec));
	int r = size ? read_size(size, &limits.max_bytes, err) : 0;
	if (r >= 0 && count)
		r = read_count(count, &limits.max_files, err);
	if (r >= 0 && compress && (r = parse_bool(compress, &limits.compress, err)) < 0)
		return err_wrap(err, "--log-opt compress=%s", compress);
	if (r < 0)
		return r;
	bool rotates = limits.max_files > 1 && limits.max_bytes != UINT64_MAX;
	if (compress && limits.compress && !rotates)
		return err_set(err, ERR_INVALID,
			       "compress cannot be true when max-file is less than 2 or max-size is not set");
	limits.compress &= rotates;
	*ret = limits;
	return 0;
}

static int read_mode(const struct container_spec *spec, bool *ret_non_blocking, uint64_t *ret_buffer, struct error *err)
{
	const char *mode = option(spec, "mode"), *buffer = option(spec, "max-buffer-size");
	uint64_t size = BUFFER_DEFAULT;
	bool non_blocking = mode && streq(mode, "non-blocking");
	if (!str_is_empty(mode) && !non_blocking && !streq(mode, "blocking"))
		return err_set(err, ERR_INVALID, "logger: logging mode not supported: %s", mode);
	if (buffer && !non_blocking)
		return err_set(err, ERR_INVALID,
			       "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
	int r = buffer ? parse_size(buffer, &size, err) : 0;
	if (r >= 0 && size > UINT32_MAX)
		r = err_set(err, ERR_INVALID, "a buffer of %s is too large", buffer);
	if (r < 0)
		return err_wrap(err, "error parsing option max-buffer-size");
	*ret_non_blocking = non_blocking;
	*ret_buffer = non_blocking ? size : 0;
	return 0;
}

/* --- Attributes: labels, variables and the tag --- */

static int check_pattern(const struct container_spec *spec, const char *key, struct error *err)
{
	const char *text = option(spec, key);
	regex_t pattern;
	char why[128];
	int r = text ? regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) : 0;
	if (r != 0) {
		regerror(r, &pattern, why, sizeof why);
		return err_set(err, ERR_INVALID, "--log-opt %s=%s: %s", key, text, why);
	}
	if (text)
		regfree(&pattern);
	return 0;
}

/* Those of @pairs ("key=value") whose key is in the list "a,b,c", or matches. */
static void add_chosen(char *const *pairs, const char *list, const char *pattern_text, char ***attributes)
{
	_cleanup_strv_ char **keys = strv_split(list ? list : "", ',');
	regex_t pattern;
	bool has_pattern = pattern_text && regcomp(&pattern, pattern_text, REG_EXTENDED | REG_NOSUB) == 0;
	for (; pairs && *pairs; pairs++) {
		_cleanup_free_ char *key = mem_strndup(*pairs, strcspn(*pairs, "="));
		if (strv_contains(keys, key) || (has_pattern && regexec(&pattern, key, 0, NULL, 0) == 0))
			strv_append(attributes, *pairs);
	}
	if (has_pattern)
		regfree(&pattern);
}

/* "{{.Name}}/{{.ID}}". What is not known stays as it is. */
static char *expand_tag(const char *tag, const struct container_row *row)
{
	const char *image_hex = strchr(row->image_id, ':') ? strchr(row->image_id, ':') + 1 : row->image_id;
	_cleanup_free_ char *id = mem_strndup(row->id, SHORT_ID);
	_cleanup_free_ char *image_id = mem_strndup(image_hex, SHORT_ID);
	const struct {
		const char *word, *value;
	} words[] = {
		{ "{{.ID}}", id },
		{ "{{.FullID}}", row->id },
		{ "{{.Name}}", row->name },
		{ "{{.ImageName}}", config_spec(&row->config)->image },
		{ "{{.ImageID}}", image_id },
		{ "{{.ImageFullID}}", row->image_id },
		{ "{{.DaemonName}}", "coffer" },
	};
	struct str out = { 0 };
	while (*tag) {
		size_t len = 1;
		const char *value = NULL;
		for (size_t i = 0; !value && i < ARRAY_SIZE(words); i++) {
			if (str_starts_with(tag, words[i].word)) {
				value = words[i].value;
				len = strlen(words[i].word);
			}
		}
		str_append_len(&out, value ? value : tag, value ? strlen(value) : len);
		tag += len;
	}
	return str_take(&out);
}

/* As a name of a field: capitals, digits and '_', and no '_' in front. */
static void add_field(char ***fields, const char *pair)
{
	char *field = mem_strdup(pair);
	for (char *c = field; *c && *c != '='; c++) {
		bool small = *c >= 'a' && *c <= 'z';
		bool fine = (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
		*c = small ? (char)(*c - 'a' + 'A') : fine ? *c : '_';
	}
	size_t skip = strspn(field, "_");
	strv_append(fields, field + skip);
	free(field);
}

static char **journald_fields(const struct container_row *row, const char *tag, char *const *chosen)
{
	char **fields = NULL;
	strv_take(&fields, mem_printf("CONTAINER_ID=%.12s", row->id));
	strv_take(&fields, mem_printf("CONTAINER_ID_FULL=%s", row->id));
	strv_take(&fields, mem_printf("CONTAINER_NAME=%s", row->name));
	strv_take(&fields, mem_printf("CONTAINER_TAG=%s", tag));
	strv_take(&fields, mem_printf("IMAGE_NAME=%s", config_spec(&row->config)->image));
	strv_take(&fields, mem_printf("SYSLOG_IDENTIFIER=%s", tag));
	for (; chosen && *chosen; chosen++)
		add_field(&fields, *chosen);
	return fields;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **attributes_of(const struct container_row *row, enum log_driver driver)
{
	const struct container_spec *spec = config_spec(&row->config);
	const char *tag = option(spec, "tag");
	_cleanup_free_ char *expanded = expand_tag(tag ? tag : "{{.ID}}", row);
	_cleanup_strv_ char **chosen = NULL;
	add_chosen(row->config.labels, option(spec, "labels"), option(spec, "labels-regex"), &chosen);
	add_chosen(row->config.env, option(spec, "env"), option(spec, "env-regex"), &chosen);
	if (driver == LOG_DRIVER_JOURNALD)
		return journald_fields(row, expanded, chosen);
	if (tag)
		strv_take(&chosen, mem_printf("tag=%s", expanded));
	if (chosen)
		qsort(chosen, strv_count(chosen), sizeof *chosen, compare_texts);
	return TAKE_PTR(chosen);
}

/* --- From outside --- */

static int check_keys(const struct container_spec *spec, enum log_driver driver, struct error *err)
{
	for (char **at = spec->log_options; at && *at; at++) {
		_cleanup_free_ char *key = mem_strndup(*at, strcspn(*at, "="));
		bool known = false;
		for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++)
			known |= streq(key, KEYS[i].key) && (KEYS[i].drivers & 1u << driver);
		if (!known)
			return err_set(err, ERR_INVALID, "unknown log opt '%s' for %s log driver", key, NAMES[driver]);
	}
	return 0;
}

int log_options_check(const struct container_spec *spec, struct error *err)
{
	int driver = find_driver(spec->log_driver);
	struct log_limits limits;
	uint64_t buffer;
	bool non_blocking;
	if (driver < 0) {
		err_set(err, ERR_INVALID, "logger: no log driver named '%s' is registered", spec->log_driver);
		return err_hint(err, "--log-driver json-file|local|journald|none|passthrough");
	}
	if (driver == LOG_DRIVER_NONE && strv_count(spec->log_options) > 0)
		return err_set(err, ERR_INVALID, "invalid logging opts for driver none");
	if (driver == LOG_DRIVER_PASSTHROUGH && spec->tty)
		return err_set(err, ERR_TTY, "the log driver passthrough cannot be used with a terminal (-t)");
	int r = check_keys(spec, (enum log_driver)driver, err);
	if (r >= 0)
		r = read_limits(spec, &limits, err);
	if (r >= 0)
		r = read_mode(spec, &non_blocking, &buffer, err);
	if (r >= 0)
		r = check_pattern(spec, "labels-regex", err);
	return r < 0 ? r : check_pattern(spec, "env-regex", err);
}

void log_options_plan(const struct container_row *row, const char *path, struct log_plan *ret)
{
	const struct container_spec *spec = config_spec(&row->config);
	struct log_plan plan = { .driver = driver_of(spec), .limits = LOG_LIMITS_DEFAULT };
	/* They were checked when the container was made. */
	(void)read_limits(spec, &plan.limits, NULL);
	(void)read_mode(spec, &plan.non_blocking, &plan.buffer_bytes, NULL);
	if (log_driver_has_files(spec))
		plan.path = mem_strdup(path);
	else if (plan.driver == LOG_DRIVER_JOURNALD)
		plan.path = mem_strdup(JOURNALD_SOCKET);
	if (WITH_ATTRIBUTES & 1u << plan.driver)
		plan.attributes = attributes_of(row, plan.driver);
	*ret = plan;
}
