/* SPDX-License-Identifier: Apache-2.0 */
#include "image/config-write.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

static void add_set(struct json_object *object, const char *key, char *const *members)
{
	if (!members)
		return;
	struct json_object *set = json_add_object(object, key);
	for (; *members; members++)
		(void)json_add_object(set, *members);
}

/* What is 0 was not said. */
static void add_number(struct json_object *object, const char *key, int64_t value)
{
	if (value)
		json_add_i64(object, key, value);
}

static void add_health(struct json_object *process, const struct image_health *health)
{
	if (!health->test)
		return;
	struct json_object *object = json_add_object(process, "Healthcheck");
	json_add_strv(object, "Test", health->test);
	add_number(object, "Interval", health->interval_ns);
	add_number(object, "Timeout", health->timeout_ns);
	add_number(object, "StartPeriod", health->start_period_ns);
	add_number(object, "StartInterval", health->start_interval_ns);
	add_number(object, "Retries", health->retries);
}

void image_config_add_process(struct json_object *root, const struct image_config *config)
{
	struct json_object *process = json_add_object(root, "config");
	json_add_string(process, "User", config->user);
	add_set(process, "ExposedPorts", config->exposed_ports);
	json_add_strv(process, "Env", config->env);
	json_add_strv(process, "Entrypoint", config->entrypoint);
	json_add_strv(process, "Cmd", config->cmd);
	add_set(process, "Volumes", config->volumes);
	json_add_string(process, "WorkingDir", config->working_dir);
	if (config->labels)
		json_add_pairs(process, "Labels", config->labels);
	json_add_strv(process, "OnBuild", config->on_build);
	json_add_string(process, "StopSignal", config->stop_signal);
	add_health(process, &config->health);
}

struct json_object *image_config_to_json(const struct image_config *config, const char *comment)
{
	struct json_object *root = json_object_new_object();
	json_add_string(root, "created", config->created);
	json_add_string(root, "architecture", config->platform.architecture);
	json_add_string(root, "variant", *config->platform.variant ? config->platform.variant : NULL);
	json_add_string(root, "os", config->platform.os);
	image_config_add_process(root, config);
	struct json_object *rootfs = json_add_object(root, "rootfs");
	json_add_string(rootfs, "type", "layers");
	json_add_strv(rootfs, "diff_ids", config->diff_ids);
	struct json_object *entry = json_object_new_object();
	json_add_string(entry, "created", config->created);
	json_add_string(entry, "comment", comment);
	json_object_array_add(json_add_array(root, "history"), entry);
	return root;
}

static struct json_object *descriptor_to_json(const struct descriptor *descriptor)
{
	struct json_object *object = json_object_new_object();
	json_add_string(object, "mediaType", descriptor->media_type);
	json_add_string(object, "digest", descriptor->digest);
	json_add_i64(object, "size", (int64_t)descriptor->size);
	return object;
}

struct json_object *manifest_to_json(const struct descriptor *config, const struct descriptor *layers, size_t n_layers)
{
	struct json_object *root = json_object_new_object();
	json_add_i64(root, "schemaVersion", 2);
	json_add_string(root, "mediaType", MEDIA_OCI_MANIFEST);
	json_object_object_add(root, "config", descriptor_to_json(config));
	struct json_object *array = json_add_array(root, "layers");
	for (size_t i = 0; i < n_layers; i++)
		json_object_array_add(array, descriptor_to_json(&layers[i]));
	return root;
}
