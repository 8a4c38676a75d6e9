/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `commit`: a container as an image. Its own files come as an archive of a layer out of a pipe; the helper puts that into
 * the store as it does with an import, on top of the image's layers, and only when all of it was there does the image come
 * into the database. Whoever is killed before leaves garbage at most (S1, S2, E3).
 */
#include "engine/commit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image.h"
#include "engine/leftovers.h"
#include "engine/record.h"
#include "engine/transfer.h"
#include "image/reference.h"
#include "image/transfer-protocol.h"

/* The name in full, or NULL for none. */
static int parse_name(const char *text, char **ret, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = text ? reference_parse(text, &reference, err) : 0;
	if (r < 0 || !text)
		return r;
	if (reference.digest)
		return err_set(err, ERR_IMG_REF, "\"%s\": an image that is made here cannot be given a digest", text);
	*ret = reference_full(&reference);
	return 0;
}

static int make_request(struct engine *engine, const struct container_row *row, const struct commit_request *request,
			struct json_object **ret, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	struct json_object *config = NULL;
	int r = engine_image_find(engine, row->image_id, &image, err);
	if (r >= 0)
		r = commit_config(engine, row, request, &config, err);
	if (r < 0)
		return r;
	*ret = json_object_new_object();
	json_add_string(*ret, "command", "import");
	json_add_i64(*ret, "fd", TRANSFER_ARCHIVE_FD);
	struct json_object *base = json_add_object(*ret, "base");
	json_add_string(base, "manifest", image->manifest);
	json_object_object_add(base, "config", config);
	return 0;
}

/* What the writer failed with is the reason why the helper did, unless it is the other way round. */
static int transfer(struct engine *engine, struct json_object *request, struct layer_writer *writer,
		    struct transfer_result *ret, struct error *err)
{
	struct error theirs = { 0 }, ours = { 0 };
	int r = transfer_run(engine, request, layer_writer_fd(writer), NULL, ret, &theirs);
	int written = layer_writer_finish(writer, &ours);
	if (written < 0 && !(r < 0 && ours.sys_errno == EPIPE)) {
		*err = ours;
		return written;
	}
	if (r < 0)
		*err = theirs;
	else if (!ret->manifest || !ret->config)
		r = err_set(err, ERR_INTERNAL, TRANSFER_PROGRAM " has not said what it made");
	return r;
}

/* Under the store's lock until all of it is recorded, so that nobody takes it for garbage in between (S3). */
static int make_image(struct engine *engine, const struct container_row *row, const struct commit_request *request,
		      const char *name, char **ret_id, struct error *err)
{
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	_cleanup_json_ struct json_object *object = NULL;
	struct layer_writer *writer = NULL;
	bool known;
	_cleanup_close_ int lock = store_lock(engine->store, false, err);
	int r = lock < 0 ? lock : make_request(engine, row, request, &object, err);
	if (r >= 0)
		r = layer_writer_start(engine, row, request->pause, &writer, err);
	if (r >= 0)
		r = transfer(engine, object, writer, &result, err);
	if (r < 0)
		return r;
	const struct image_arrival arrival = { .manifest = result.manifest, .config = result.config, .name = name };
	r = image_record(engine, &arrival, &known, err);
	if (r >= 0)
		*ret_id = mem_strdup(result.config);
	return r;
}

static void record_event(struct engine *engine, const struct container_row *row, const struct commit_request *request,
			 const char *name, const char *id)
{
	_cleanup_strv_ char **attributes = NULL;
	strv_take(&attributes, mem_printf("comment=%s", request->message ? request->message : ""));
	strv_take(&attributes, mem_printf("imageID=%s", id));
	strv_take(&attributes, mem_printf("imageRef=%s", name ? name : ""));
	event_container(engine, row, "commit", attributes);
}

int engine_container_commit(struct engine *engine, const struct commit_request *request, char **ret_id,
			    struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_free_ char *name = NULL;
	struct error failure = { 0 };
	int r = parse_name(request->reference, &name, err);
	if (r >= 0)
		r = container_load_row(engine, request->container, &row, err);
	if (r < 0)
		return r;
	r = make_image(engine, &row, request, name, ret_id, &failure);
	if (r < 0) {
		if (err)
			*err = failure;
		(void)err_wrap(err, "cannot commit container \"%s\"", row.name);
		(void)gc_collect(engine, NULL, NULL); /* what of it was whole already */
		return leftovers_hint(engine, r, err);
	}
	record_event(engine, &row, request, name, *ret_id);
	return 0;
}
