/* SPDX-License-Identifier: Apache-2.0 */
/* Images to archives; the helper does the work (image/save.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image.h"
#include "engine/transfer.h"
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
