/* SPDX-License-Identifier: Apache-2.0 */
#include "image/config.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/platform-json.h"

/* --- getters that copy --- */

/* The keys of an object whose values are empty objects: how Go writes a set. */
static int copy_set(const struct json_node *node, const char *key, char ***ret, struct error *err)
{
	struct json_node set;
	int r = json_get_object(node, key, &set, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	for (struct json_node member; json_next(&set, &iterator, &member);) {
		if (member.value && (r = json_as_object(&member, err)) < 0)
			return r;
		strv_append(ret, member.key);
	}
	return 1;
}

static int copy_map(const struct json_node *node, const char *key, char ***ret, struct error *err)
{
	struct json_node map;
	int r = json_get_object(node, key, &map, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	for (struct json_node member; json_next(&map, &iterator, &member);) {
		const char *value;
		r = json_as_string(&member, &value, err);
		if (r < 0)
			return r;
		strv_take(ret, mem_printf("%s=%s", member.key, value));
	}
	return 1;
}

/* --- sections --- */

static int parse_created(const struct json_node *root, char **ret, struct error *err)
{
	int r = json_get_text(root, "created", ret, err);
	if (r <= 0 || !*ret)
		return r;
	int64_t ns;
	if (time_parse_rfc3339(*ret, &ns, NULL) < 0)
		return json_error(root, err, "\"created\" is not a time: \"%.60s\"", *ret);
	return 0;
}

void image_health_done(struct image_health *health)
{
	strv_free(health->test);
	*health = (struct image_health){ 0 };
}

int image_health_parse(const struct json_node *config, struct image_health *ret, struct error *err)
{
	struct json_node node;
	struct image_health health = { 0 };
	int r = json_get_object(config, "Healthcheck", &node, err);
	if (r <= 0)
		return r;
	const struct {
		const char *key;
		int64_t *ret;
	} numbers[] = {
		{ "Interval", &health.interval_ns },
		{ "Timeout", &health.timeout_ns },
		{ "StartPeriod", &health.start_period_ns },
		{ "StartInterval", &health.start_interval_ns },
		{ "Retries", &health.retries },
	};
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(numbers); i++)
		r = json_get_i64(&node, numbers[i].key, 0, INT64_MAX, numbers[i].ret, err);
	if (r >= 0)
		r = json_get_strv(&node, "Test", &health.test, err);
	if (r < 0)
		return r;
	*ret = health;
	return 1;
}

static int parse_process(const struct json_node *root, struct image_config *config, struct error *err)
{
	struct json_node node;
	int r = json_get_object(root, "config", &node, err);
	if (r <= 0)
		return r;
	const struct {
		const char *key;
		int (*copy)(const struct json_node *, const char *, char ***, struct error *);
		char ***ret;
	} lists[] = {
		{ "Env", json_get_strv, &config->env },
		{ "Entrypoint", json_get_strv, &config->entrypoint },
		{ "Cmd", json_get_strv, &config->cmd },
		{ "Volumes", copy_set, &config->volumes },
		{ "ExposedPorts", copy_set, &config->exposed_ports },
		{ "Labels", copy_map, &config->labels },
		{ "OnBuild", json_get_strv, &config->on_build },
	};
	const struct {
		const char *key;
		char **ret;
	} strings[] = {
		{ "User", &config->user },
		{ "WorkingDir", &config->working_dir },
		{ "StopSignal", &config->stop_signal },
	};
	for (size_t i = 0; i < ARRAY_SIZE(strings) && r >= 0; i++)
		r = json_get_text(&node, strings[i].key, strings[i].ret, err);
	for (size_t i = 0; i < ARRAY_SIZE(lists) && r >= 0; i++)
		r = lists[i].copy(&node, lists[i].key, lists[i].ret, err);
	return r < 0 ? r : image_health_parse(&node, &config->health, err);
}

static int parse_rootfs(const struct json_node *root, char ***ret, struct error *err)
{
	struct json_node rootfs, diff_ids;
	const char *type;
	int r = json_need_object(root, "rootfs", &rootfs, err);
	if (r >= 0)
		r = json_need_string(&rootfs, "type", &type, err);
	if (r >= 0 && !streq(type, "layers"))
		r = json_error(&rootfs, err, "\"type\" is \"%.60s\", not \"layers\"", type);
	/* Go writes null for the list of an image without layers. */
	if (r >= 0)
		r = json_get_array(&rootfs, "diff_ids", &diff_ids, err);
	if (r <= 0)
		return r;
	size_t count = json_array_length(&diff_ids);
	if (count > MANIFEST_LAYERS_MAX)
		return json_error(&diff_ids, err, "%zu entries, but there may be %d at most", count,
				  MANIFEST_LAYERS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_node node = json_array_at(&diff_ids, i);
		struct error why = { 0 };
		const char *text;
		r = json_as_string(&node, &text, err);
		if (r < 0)
			return r;
		if (digest_check(text, &why) < 0)
			return json_error(&node, err, "invalid digest \"%.100s\": %s", text, why.message);
		strv_append(ret, text);
	}
	return 0;
}

static int parse_root(const struct json_node *root, struct image_config *config, struct error *err)
{
	int r = json_as_object(root, err);
	if (r >= 0)
		r = platform_from_json(root, &config->platform, err);
	if (r >= 0)
		r = parse_created(root, &config->created, err);
	if (r >= 0)
		r = parse_process(root, config, err);
	if (r >= 0)
		r = parse_rootfs(root, &config->diff_ids, err);
	return r;
}

int image_config_parse(const char *text, size_t len, struct image_config *ret, struct error *err)
{
	if (len > IMAGE_CONFIG_SIZE_MAX)
		return err_set(err, ERR_IMG_MANIFEST, "image config: larger than %d bytes", IMAGE_CONFIG_SIZE_MAX);
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, len, "image config", ERR_IMG_MANIFEST, &document, err);
	if (r < 0)
		return r;
	_cleanup_image_config_ struct image_config config = { 0 };
	struct json_node root = json_root(&document);
	r = parse_root(&root, &config, err);
	if (r < 0)
		return r;
	*ret = config;
	config = (struct image_config){ 0 };
	return 0;
}

void image_config_done(struct image_config *config)
{
	char **strings[] = { &config->created, &config->user, &config->working_dir, &config->stop_signal };
	char ***lists[] = { &config->env,	    &config->entrypoint, &config->cmd,	    &config->volumes,
			    &config->exposed_ports, &config->labels,	 &config->on_build, &config->diff_ids };
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(*strings[i]);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_free(*lists[i]);
	image_health_done(&config->health);
	*config = (struct image_config){ 0 };
}
