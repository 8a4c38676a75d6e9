/* SPDX-License-Identifier: Apache-2.0 */
/* Images that are mounted into a container: detached, read-only overlays, as its root is one. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "runtime/user-namespace.h"
#include "storage/overlay.h"

void image_plans_free(struct image_plan *plans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(plans[i].destination);
		free(plans[i].subpath);
		strv_free(plans[i].lower);
	}
	free(plans);
}

/* --- monitor.json --- */

void image_plans_to_json(const struct monitor_plan *plan, struct json_object *object)
{
	struct json_object *array = plan->n_images > 0 ? json_add_array(object, "images") : NULL;
	for (size_t i = 0; i < plan->n_images; i++) {
		struct json_object *element = json_object_new_object();
		json_add_string(element, "destination", plan->images[i].destination);
		json_add_strv(element, "lower", plan->images[i].lower);
		json_add_string(element, "subpath", plan->images[i].subpath);
		json_object_array_add(array, element);
	}
}

static int get_plan(const struct json_node *element, struct image_plan *plan, struct error *err)
{
	const char *destination, *subpath = NULL;
	int r = json_as_object(element, err);
	if (r >= 0)
		r = json_need_string(element, "destination", &destination, err);
	if (r < 0)
		return r;
	plan->destination = mem_strdup(destination);
	r = json_get_string(element, "subpath", &subpath, err);
	if (r >= 0)
		r = json_get_strv(element, "lower", &plan->lower, err);
	plan->subpath = mem_strdup(subpath);
	return r >= 0 && strv_count(plan->lower) == 0 ? json_error(element, err, "\"lower\" is empty") : r;
}

int image_plans_from_json(const struct json_node *root, struct monitor_plan *plan, struct error *err)
{
	struct json_node array;
	int r = json_get_array(root, "images", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		r = get_plan(&element, ARRAY_APPEND(plan->images, plan->n_images), err);
		if (r < 0)
			return r;
		r = 1;
	}
	return r < 0 ? r : 0;
}

/* --- mounting --- */

void image_mounts_done(struct image_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		fd_close(mounts->fds[i]);
	free(mounts->fds);
	*mounts = (struct image_mounts){ 0 };
}

static struct spec_mount *find_place(struct spec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (streq(spec->mounts[i].destination, destination))
			return &spec->mounts[i];
	return NULL;
}

static int open_image(struct monitor *monitor, const struct image_plan *plan, const int *user_namespace, int *fd,
		      struct error *err)
{
	struct spec_mount *place = find_place(monitor->spec, plan->destination);
	const struct overlay_options options = {
		.lower = plan->lower,
		.fuse = monitor->plan.fuse,
		.userxattr = user_namespace_is_own(),
		.user_namespace = user_namespace,
	};
	if (!place)
		return err_set(err, ERR_INTERNAL, "config.json has no mount on %s", plan->destination);
	_cleanup_close_ int whole = overlay_mount(&options, err);
	int mount = whole < 0 || !plan->subpath ? TAKE_FD(whole) : overlay_part(whole, plan->subpath, err);
	if (mount < 0)
		return err_wrap(err, "mount an image on %s", plan->destination);
	*fd = mount;
	place->mount = fd;
	return 0;
}

int image_mounts_open(struct monitor *monitor, const int *user_namespace, struct image_mounts *mounts,
		      struct error *err)
{
	const struct monitor_plan *plan = &monitor->plan;
	int r = 0;
	if (plan->n_images == 0)
		return 0;
	mounts->fds = mem_alloc(plan->n_images * sizeof *mounts->fds);
	for (; r >= 0 && mounts->count < plan->n_images; mounts->count++) {
		mounts->fds[mounts->count] = -1;
		r = open_image(monitor, &plan->images[mounts->count], user_namespace, &mounts->fds[mounts->count], err);
	}
	return r;
}
