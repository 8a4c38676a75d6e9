/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/commit.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "image/blob.h"
#include "image/config-write.h"
#include "image/import-change.h"

static void replace_text(char **text, const char *by)
{
	free(*text);
	*text = mem_strdup(by);
}

static void replace_list(char ***list, char *const *by)
{
	strv_free(*list);
	*list = by ? strv_copy(by) : NULL;
}

/* What the container runs with stands for what its image says; volumes alone are the image's still. */
static void take_container(const struct container_config *from, struct image_config *config)
{
	replace_list(&config->env, from->env);
	replace_list(&config->entrypoint, from->entrypoint);
	replace_list(&config->cmd, from->command);
	replace_list(&config->labels, from->labels);
	replace_list(&config->on_build, NULL); /* it was for those who built this one */
	replace_list(&config->exposed_ports, from->exposed_ports);
	replace_text(&config->user, from->user);
	if (config->working_dir || !streq(from->working_dir, "/"))
		replace_text(&config->working_dir, from->working_dir);
	if (config_spec(from)->stop_signal)
		replace_text(&config->stop_signal, config_spec(from)->stop_signal);
	image_health_done(&config->health);
	config->health = from->health;
	config->health.test = from->health.test ? strv_copy(from->health.test) : NULL;
}

static int make_process(struct engine *engine, const struct container_row *row, char *const *changes,
			struct json_object *root, struct error *err)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	int r = image_config_load(engine->store, row->image_id, &config, err);
	if (r < 0)
		return r;
	take_container(&row->config, &config);
	for (; r >= 0 && changes && *changes; changes++)
		r = import_change(&config, *changes, err);
	if (r >= 0)
		image_config_add_process(root, &config);
	return r;
}

/* Members that we do not know stay; what we know is as it is now, or not there. */
static void merge_process(struct json_object *root, struct json_object *made)
{
	static const char *const known[] = { "User",	   "ExposedPorts", "Env",	 "Entrypoint",
					     "Cmd",	   "Volumes",	   "WorkingDir", "Labels",
					     "StopSignal", "Healthcheck",  "OnBuild" };
	struct json_object *process, *from = json_object_object_get(made, "config");
	if (!json_object_object_get_ex(root, "config", &process) || !process)
		process = json_add_object(root, "config");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct json_object *value = NULL;
		json_object_object_del(process, known[i]);
		if (json_object_object_get_ex(from, known[i], &value))
			json_object_object_add(process, known[i], json_object_get(value));
	}
}

/* In Docker's form: what was run, in one line. */
static void add_history(struct json_object *root, const struct container_row *row, const struct commit_request *request,
			const char *now)
{
	_cleanup_free_ char *created_by = strv_join(row->config.command, " ");
	struct json_object *history, *entry = json_object_new_object();
	if (!json_object_object_get_ex(root, "history", &history) || !history)
		history = json_add_array(root, "history");
	json_add_string(entry, "created", now);
	json_add_string(entry, "author", request->author);
	json_add_string(entry, "created_by", created_by);
	json_add_string(entry, "comment", request->message);
	json_object_array_add(history, entry);
}

int commit_config(struct engine *engine, const struct container_row *row, const struct commit_request *request,
		  struct json_object **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_json_ struct json_object *made = json_object_new_object();
	_cleanup_free_ char *text = NULL;
	char now[TIME_TEXT_MAX];
	size_t len = 0;
	int r = blob_read(engine->store, row->image_id, IMAGE_CONFIG_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = json_parse(text, len, "image config", ERR_IMG_MANIFEST, &document, err);
	if (r >= 0)
		r = make_process(engine, row, request->changes, made, err);
	if (r < 0)
		return r;
	time_format_rfc3339(time_now_ns(), now);
	json_add_string(document.root, "created", now);
	if (request->author)
		json_add_string(document.root, "author", request->author);
	merge_process(document.root, made);
	add_history(document.root, row, request, now);
	*ret = json_object_get(document.root);
	return 0;
}
