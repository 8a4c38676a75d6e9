/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/event-filter.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/filter.h"

static const char *const KEY_NAMES[EVENT_FILTER_KEYS + 1] = {
	[EVENT_FILTER_CONTAINER] = "container", [EVENT_FILTER_EVENT] = "event",	    [EVENT_FILTER_IMAGE] = "image",
	[EVENT_FILTER_LABEL] = "label",		[EVENT_FILTER_NETWORK] = "network", [EVENT_FILTER_SCOPE] = "scope",
	[EVENT_FILTER_TYPE] = "type",		[EVENT_FILTER_VOLUME] = "volume",
};

int event_filter_parse(char *const *filters, struct event_filter *ret, struct error *err)
{
	struct event_filter filter = { 0 };
	for (; filters && *filters; filters++) {
		size_t key;
		char *value;
		int r = filter_parse(*filters, KEY_NAMES, &key, &value, err);
		if (r < 0) {
			event_filter_done(&filter);
			return r;
		}
		strv_take(&filter.values[key], value);
	}
	*ret = filter;
	return 0;
}

void event_filter_done(struct event_filter *filter)
{
	for (size_t i = 0; i < EVENT_FILTER_KEYS; i++)
		strv_free(filter->values[i]);
}

/* --- Each key --- */

static const char *attribute(const struct event *event, const char *key)
{
	const char *value = json_object_get_string(json_object_object_get(event->attributes, key));
	return value ? value : "";
}

static bool has_action(const struct event *event, const char *wanted)
{
	const char *rest = str_after(event->action, wanted);
	return rest && (*rest == '\0' || *rest == ':');
}

static bool is_of_scope(const struct event *event, const char *wanted)
{
	return streq(wanted, "local");
}

static bool is_of_type(const struct event *event, const char *wanted)
{
	return streq(event->type, wanted);
}

static bool is_named(const struct event *event, const char *type, const char *wanted)
{
	return streq(event->type, type) &&
	       (str_starts_with(event->actor, wanted) || str_starts_with(attribute(event, "name"), wanted));
}

static bool is_container(const struct event *event, const char *wanted)
{
	return is_named(event, "container", wanted);
}

static bool is_network(const struct event *event, const char *wanted)
{
	return is_named(event, "network", wanted);
}

static bool is_volume(const struct event *event, const char *wanted)
{
	return is_named(event, "volume", wanted);
}

/* Its tag may be left out: what stands behind the last colon, unless that is a registry's port. */
static bool is_image_name(const char *name, const char *wanted)
{
	const char *rest = str_after(name, wanted);
	return *wanted && rest && (*rest == '\0' || (*rest == ':' && !strchr(rest, '/')));
}

static bool is_image(const struct event *event, const char *wanted)
{
	bool image = streq(event->type, "image");
	return (image && streq(event->actor, wanted)) ||
	       is_image_name(attribute(event, image ? "name" : "image"), wanted);
}

static bool has_label(const struct event *event, const char *wanted)
{
	size_t len = strcspn(wanted, "=");
	_cleanup_free_ char *key = mem_strndup(wanted, len);
	struct json_object *value;
	return json_object_object_get_ex(event->attributes, key, &value) &&
	       (wanted[len] == '\0' || streq(json_object_get_string(value), wanted + len + 1));
}

/* --- All of them --- */

static const struct {
	bool (*matches)(const struct event *event, const char *wanted);
	bool all; /* values have to match, not only one */
} KEYS[EVENT_FILTER_KEYS] = {
	[EVENT_FILTER_CONTAINER] = { .matches = is_container },
	[EVENT_FILTER_EVENT] = { .matches = has_action },
	[EVENT_FILTER_IMAGE] = { .matches = is_image },
	[EVENT_FILTER_LABEL] = { .matches = has_label, .all = true },
	[EVENT_FILTER_NETWORK] = { .matches = is_network },
	[EVENT_FILTER_SCOPE] = { .matches = is_of_scope },
	[EVENT_FILTER_TYPE] = { .matches = is_of_type },
	[EVENT_FILTER_VOLUME] = { .matches = is_volume },
};

static bool key_matches(enum event_filter_key key, char *const *values, const struct event *event)
{
	bool all = true, any = values == NULL;
	for (; values && *values; values++) {
		bool one = KEYS[key].matches(event, *values);
		all &= one;
		any |= one;
	}
	return KEYS[key].all ? all : any;
}

bool event_filter_matches(const struct event_filter *filter, const struct event *event)
{
	for (size_t i = 0; i < EVENT_FILTER_KEYS; i++)
		if (!key_matches((enum event_filter_key)i, filter->values[i], event))
			return false;
	return true;
}
