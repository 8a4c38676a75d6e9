/* SPDX-License-Identifier: Apache-2.0 */
/* Images to archives and back; the helper does the work (image/save.h, image/load.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image.h"
#include "engine/leftovers.h"
#include "engine/transfer.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/transfer-protocol.h"

/* An image that is to be saved, once, with the names that were asked for. */
struct wanted {
	struct image *image;
	char **names; /* in full */
};

struct wanted_list {
	struct wanted *list;
	size_t count;
};

static void wanted_list_done(struct wanted_list *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		image_free(wanted->list[i].image);
		strv_free(wanted->list[i].names);
	}
	free(wanted->list);
}
#define _cleanup_wanted_list_ _cleanup_(wanted_list_done)

static struct wanted *find_wanted(struct wanted_list *wanted, const char *id)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (streq(wanted->list[i].image->id, id))
			return &wanted->list[i];
	return NULL;
}

/* By a tag, it is saved with that; by anything else, without a name, as in Docker. */
static int want(struct engine *engine, const char *text, struct wanted_list *wanted, struct error *err)
{
	_cleanup_free_ char *id = NULL, *reference = NULL;
	int r = image_resolve(engine, text, &id, &reference, err);
	if (r < 0)
		return r;
	struct wanted *entry = find_wanted(wanted, id);
	if (!entry) {
		struct image *image = NULL;
		r = engine_image_find(engine, id, &image, err);
		if (r < 0)
			return r;
		entry = ARRAY_APPEND(wanted->list, wanted->count);
		entry->image = image;
	}
	if (reference && !strchr(reference, '@') && !strv_contains(entry->names, reference))
		strv_append(&entry->names, reference);
	return 0;
}

static struct json_object *make_request(const struct wanted_list *wanted)
{
	struct json_object *request = json_object_new_object();
	json_add_string(request, "command", "save");
	json_add_i64(request, "fd", TRANSFER_ARCHIVE_FD);
	struct json_object *images = json_add_array(request, "images");
	for (size_t i = 0; i < wanted->count; i++) {
		struct json_object *image = json_object_new_object();
		json_add_string(image, "manifest", wanted->list[i].image->manifest);
		json_add_strv(image, "names", wanted->list[i].names);
		json_object_array_add(images, image);
	}
	return request;
}

int engine_save(struct engine *engine, char *const *images, int fd, struct error *err)
{
	_cleanup_wanted_list_ struct wanted_list wanted = { 0 };
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	/* Nothing of them is collected until all is written (S3). */
	_cleanup_close_ int lock = store_lock(engine->store, false, err);
	int r = lock;
	for (; r >= 0 && *images; images++)
		r = want(engine, *images, &wanted, err);
	if (r < 0)
		return r;
	_cleanup_json_ struct json_object *request = make_request(&wanted);
	r = transfer_run(engine, request, fd, NULL, &result, err);
	if (r < 0)
		return err_wrap(err, "cannot save");
	for (size_t i = 0; i < wanted.count; i++)
		event_image(engine, "save", wanted.list[i].image->id, wanted.list[i].image->id);
	return 0;
}

/* --- load --- */

static int record_name(struct engine *engine, const struct transfer_image *image, const char *name, char **ret_familiar,
		       struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	const struct image_arrival arrival = {
		.manifest = image->manifest,
		.index = image->index,
		.config = image->config,
		.name = name,
	};
	bool known;
	int r = name ? reference_parse(name, &reference, err) : 0;
	if (r >= 0)
		r = image_record(engine, &arrival, &known, err);
	if (r >= 0)
		*ret_familiar = name ? reference_familiar(&reference) : NULL;
	return r;
}

static int record_image(struct engine *engine, const struct transfer_image *image, const struct load_progress *progress,
			struct error *err)
{
	char *const unnamed[] = { NULL, NULL };
	char *const *names = image->names && *image->names ? image->names : unnamed;
	int r = 0;
	do {
		_cleanup_free_ char *familiar = NULL;
		r = record_name(engine, image, *names, &familiar, err);
		if (r < 0)
			return r;
		event_image(engine, "load", image->config, familiar ? familiar : image->config);
		progress->loaded(progress->context, familiar, image->config);
	} while (*names && *++names);
	return 0;
}

static int load(struct engine *engine, struct json_object *request, int fd, const struct load_progress *progress,
		struct error *err)
{
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	/* Until all is recorded (S3). */
	_cleanup_close_ int lock = store_lock(engine->store, false, err);
	int r = lock < 0 ? lock : transfer_run(engine, request, fd, NULL, &result, err);
	for (size_t i = 0; r >= 0 && i < result.n_images; i++)
		r = record_image(engine, &result.images[i], progress, err);
	return r;
}

int engine_load(struct engine *engine, int fd, const struct load_progress *progress, struct error *err)
{
	const struct platform platform = platform_host();
	char text[64];
	_cleanup_json_ struct json_object *request = json_object_new_object();
	json_add_string(request, "command", "load");
	json_add_i64(request, "fd", TRANSFER_ARCHIVE_FD);
	json_add_string(request, "platform", platform_format(&platform, text));
	int r = load(engine, request, fd, progress, err);
	if (r >= 0)
		return 0;
	(void)err_wrap(err, "cannot load");
	(void)gc_collect(engine, NULL, NULL); /* what of it was whole already */
	return leftovers_hint(engine, r, err);
}
