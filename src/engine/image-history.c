/* SPDX-License-Identifier: Apache-2.0 */
/* How images came about, and what their layers take. Source: OCI image-spec, config.md, "history". */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "image/blob.h"

void image_steps_free(struct image_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(steps[i].created_by);
		free(steps[i].comment);
		free(steps[i].diff_id);
	}
	free(steps);
}

struct steps {
	struct image_step *list; /* oldest first */
	size_t count;
};

static void steps_done(struct steps *steps)
{
	image_steps_free(steps->list, steps->count);
}
#define _cleanup_steps_ _cleanup_(steps_done)

static struct image_step *add_step(struct steps *steps)
{
	return ARRAY_APPEND(steps->list, steps->count);
}

/* An element of "history"; *ret_empty: it made no layer. */
static int read_step(const struct json_node *node, struct image_step *step, bool *ret_empty, struct error *err)
{
	const char *created = NULL, *created_by = "", *comment = "";
	*ret_empty = false;
	int r = json_as_object(node, err);
	if (r >= 0)
		r = json_get_string(node, "created", &created, err);
	if (r >= 0)
		r = json_get_string(node, "created_by", &created_by, err);
	if (r >= 0)
		r = json_get_string(node, "comment", &comment, err);
	if (r >= 0)
		r = json_get_bool(node, "empty_layer", ret_empty, err);
	if (r < 0)
		return r;
	step->created_by = mem_strdup(created_by);
	step->comment = mem_strdup(comment);
	if (created)
		(void)time_parse_rfc3339(created, &step->created_at, NULL);
	return 0;
}

/* Steps that made a layer get the image's in turn; what a history of too few steps leaves over follows. */
static int read_history(const struct json_node *config, char *const *diff_ids, struct steps *steps, struct error *err)
{
	struct json_node history;
	size_t layers = strv_count(diff_ids), used = 0;
	int r = json_get_array(config, "history", &history, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&history); i++) {
		struct json_node node = json_array_at(&history, i);
		bool empty;
		struct image_step *step = add_step(steps);
		int read = read_step(&node, step, &empty, err);
		if (read < 0)
			return read;
		if (!empty && used < layers)
			step->diff_id = mem_strdup(diff_ids[used++]);
	}
	for (; r >= 0 && used < layers; used++)
		*add_step(steps) = (struct image_step){ .created_by = mem_strdup(""),
							.comment = mem_strdup(""),
							.diff_id = mem_strdup(diff_ids[used]) };
	return r;
}

static void set_size(struct steps *steps, const char *diff_id, int64_t size)
{
	for (size_t i = 0; i < steps->count; i++)
		if (steps->list[i].diff_id && streq(steps->list[i].diff_id, diff_id))
			steps->list[i].size = size;
}

static int read_sizes(struct engine *engine, const struct image *image, struct steps *steps, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_query(db, "SELECT diff_id, size FROM image_layers WHERE image = ?1",
			     DB_VALUES(DB_TEXT(image->id)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		set_size(steps, db_text(&query, 0), db_number(&query, 1));
	return r;
}

static int read_steps(struct engine *engine, const struct image *image, struct steps *steps, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = blob_read(engine->store, image->id, IMAGE_CONFIG_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = json_parse(text, len, "image config", ERR_IMG_MANIFEST, &document, err);
	if (r < 0)
		return r;
	struct json_node config = json_root(&document);
	r = read_history(&config, image->diff_ids, steps, err);
	return r < 0 ? r : read_sizes(engine, image, steps, err);
}

int engine_image_history(struct engine *engine, const struct image *image, struct image_step **ret, size_t *ret_count,
			 struct error *err)
{
	_cleanup_steps_ struct steps steps = { 0 };
	int r = read_steps(engine, image, &steps, err);
	if (r < 0)
		return r;
	struct image_step *newest_first = mem_alloc((steps.count + 1) * sizeof *newest_first);
	for (size_t i = 0; i < steps.count; i++)
		newest_first[i] = steps.list[steps.count - 1 - i];
	*ret = newest_first;
	*ret_count = steps.count;
	steps.count = 0;
	return 0;
}

static int sum_of_layers(struct db *db, const char *sql, int64_t *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, sql, DB_NO_VALUES, &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r >= 0)
		*ret = r > 0 ? db_number(&query, 0) : 0;
	return r;
}

int engine_layers_size(struct engine *engine, int64_t *ret_all, int64_t *ret_used, struct error *err)
{
	int64_t all = 0, used = 0;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = sum_of_layers(db,
				  "SELECT coalesce(sum(size), 0) FROM "
				  "(SELECT max(size) AS size FROM image_layers GROUP BY diff_id)",
				  &all, err);
	if (r >= 0)
		r = sum_of_layers(db,
				  "SELECT coalesce(sum(size), 0) FROM "
				  "(SELECT max(size) AS size FROM image_layers WHERE image IN "
				  "(SELECT image FROM containers) GROUP BY diff_id)",
				  &used, err);
	if (r < 0)
		return r;
	*ret_all = all;
	*ret_used = used;
	return 0;
}
