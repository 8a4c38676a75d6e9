/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container-filter.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/command.h"

static const char *const KEY_NAMES[FILTER_KEY_COUNT + 1] = {
	[FILTER_ID] = "id",	    [FILTER_NAME] = "name",	[FILTER_LABEL] = "label",
	[FILTER_STATUS] = "status", [FILTER_EXITED] = "exited", [FILTER_ANCESTOR] = "ancestor",
};

/* --- Parsing --- */

static int parse_key(const char *text, size_t len, enum filter_key *ret, struct error *err)
{
	_cleanup_free_ char *name = mem_strndup(text, len);
	for (unsigned key = 0; key < FILTER_KEY_COUNT; key++) {
		if (streq(KEY_NAMES[key], name)) {
			*ret = key;
			return 0;
		}
	}
	_cleanup_free_ char *known = strv_join((char *const *)KEY_NAMES, ", ");
	return err_set(err, ERR_USAGE, "invalid filter '%s': it is one of %s", name, known);
}

static int parse_pattern(struct filter *filter, struct error *err)
{
	char why[128];
	int r = regcomp(&filter->pattern, filter->value, REG_EXTENDED | REG_NOSUB);
	if (r == 0)
		return 0;
	regerror(r, &filter->pattern, why, sizeof why);
	why[0] = (char)tolower((unsigned char)why[0]);
	return err_set(err, ERR_USAGE, "invalid filter '%s=%s': %s", KEY_NAMES[filter->key], filter->value, why);
}

static int parse_status(struct filter *filter, struct error *err)
{
	/* Docker's other word is a state in which no container of ours can be seen. */
	static const char *const never[] = { "removing", NULL };
	for (int state = STATE_CREATED; state < STATE_COUNT; state++) {
		if (streq(container_state_name((enum container_state)state), filter->value)) {
			filter->number = state;
			return 0;
		}
	}
	if (!strv_contains((char *const *)never, filter->value))
		return err_set(err, ERR_USAGE,
			       "invalid filter 'status=%s': it is created, running, restarting, paused, exited or dead",
			       filter->value);
	filter->number = -1;
	return 0;
}

static int parse_exit_code(struct filter *filter, struct error *err)
{
	enum { EXIT_CODE_MAX = 255 };
	uint64_t code;
	if (parse_u64(filter->value, EXIT_CODE_MAX, &code, NULL) < 0)
		return err_set(err, ERR_USAGE, "invalid filter 'exited=%s': it is a number up to %d", filter->value,
			       EXIT_CODE_MAX);
	filter->number = (int)code;
	return 0;
}

/* An image that is not here (any more) may still be what a container was made of, by name. */
static int find_ancestor(struct engine *engine, struct filter *filter)
{
	_cleanup_image_ struct image *image = NULL;
	if (engine_image_find(engine, filter->value, &image, NULL) >= 0)
		filter->image_id = mem_strdup(image->id);
	return 0;
}

static int parse_value(struct engine *engine, struct filter *filter, struct error *err)
{
	switch (filter->key) {
	case FILTER_ID:
	case FILTER_NAME:
		return parse_pattern(filter, err);
	case FILTER_STATUS:
		return parse_status(filter, err);
	case FILTER_EXITED:
		return parse_exit_code(filter, err);
	case FILTER_ANCESTOR:
		return find_ancestor(engine, filter);
	case FILTER_LABEL:
	case FILTER_KEY_COUNT:
		break;
	}
	return 0;
}

static int parse_filter(struct engine *engine, const char *text, struct filter *ret, struct error *err)
{
	struct filter filter = { 0 };
	const char *equals = strchr(text, '=');
	if (!equals)
		return err_set(err, ERR_USAGE, "invalid filter '%s': it is KEY=VALUE", text);
	int r = parse_key(text, (size_t)(equals - text), &filter.key, err);
	if (r < 0)
		return r;
	filter.value = equals + 1;
	r = parse_value(engine, &filter, err);
	if (r < 0)
		return r;
	*ret = filter;
	return 0;
}

static int parse_all(struct engine *engine, char *const *texts, struct container_filter *filter, struct error *err)
{
	for (; texts && *texts; texts++) {
		struct filter one = { 0 };
		int r = parse_filter(engine, *texts, &one, err);
		if (r < 0)
			return r;
		*ARRAY_APPEND(filter->filters, filter->count) = one;
		filter->shows_all |= one.key == FILTER_STATUS || one.key == FILTER_EXITED;
	}
	return 0;
}

int container_filter_parse(struct engine *engine, char *const *texts, struct container_filter *ret, struct error *err)
{
	struct container_filter filter = { 0 };
	int r = parse_all(engine, texts, &filter, err);
	if (r < 0) {
		container_filter_done(&filter);
		return r;
	}
	*ret = filter;
	return 0;
}

void container_filter_done(struct container_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->filters[i].key == FILTER_ID || filter->filters[i].key == FILTER_NAME)
			regfree(&filter->filters[i].pattern);
		free(filter->filters[i].image_id);
	}
	free(filter->filters);
	*filter = (struct container_filter){ 0 };
}

/* --- Matching --- */

/* "key" or "key=value" */
static bool has_label(char *const *labels, const char *wanted)
{
	bool with_value = strchr(wanted, '=') != NULL;
	for (; labels && *labels; labels++) {
		const char *rest = str_after(*labels, wanted);
		if (rest && (*rest == '\0' || (!with_value && *rest == '=')))
			return true;
	}
	return false;
}

/* Docker's names begin with a slash inside, and people write patterns for either form. */
static bool name_matches(const struct filter *filter, const char *name)
{
	_cleanup_free_ char *slashed = mem_printf("/%s", name);
	return regexec(&filter->pattern, name, 0, NULL, 0) == 0 || regexec(&filter->pattern, slashed, 0, NULL, 0) == 0;
}

static bool matches(const struct filter *filter, const struct container_record *record)
{
	switch (filter->key) {
	case FILTER_ID:
		return regexec(&filter->pattern, record->id, 0, NULL, 0) == 0;
	case FILTER_NAME:
		return name_matches(filter, record->name);
	case FILTER_LABEL:
		return has_label(record->labels, filter->value);
	case FILTER_STATUS:
		return (int)record->state == filter->number;
	case FILTER_EXITED:
		return record->state == STATE_EXITED && record->exit_code == filter->number;
	case FILTER_ANCESTOR:
		return streq(record->image, filter->value) ||
		       (filter->image_id && streq_null(record->image_id, filter->image_id));
	case FILTER_KEY_COUNT:
		break;
	}
	return false;
}

bool container_filter_matches(const struct container_filter *filter, const struct container_record *record)
{
	bool asked[FILTER_KEY_COUNT] = { 0 }, matched[FILTER_KEY_COUNT] = { 0 };
	for (size_t i = 0; i < filter->count; i++) {
		enum filter_key key = filter->filters[i].key;
		bool yes = matches(&filter->filters[i], record);
		if (key == FILTER_LABEL && !yes)
			return false;
		asked[key] = true;
		matched[key] |= yes;
	}
	for (size_t key = 0; key < FILTER_KEY_COUNT; key++)
		if (asked[key] && !matched[key])
			return false;
	return true;
}
