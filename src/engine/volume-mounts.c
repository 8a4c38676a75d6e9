/* SPDX-License-Identifier: Apache-2.0 */
/* volume_mounts_resolve() */
#include "engine/volume-mounts.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/image.h"
#include "engine/mount-request.h"
#include "engine/record.h"

static struct mount_request *find_target(struct container_config *config, const char *target)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (streq(config->mounts[i].target, target))
			return &config->mounts[i];
	return NULL;
}

/* Takes @request over. */
static void put(struct container_config *config, struct mount_request request)
{
	struct mount_request *there = find_target(config, request.target);
	if (!there)
		there = ARRAY_APPEND(config->mounts, config->n_mounts);
	else
		mount_request_done(there);
	*there = request;
}

/* --- --volumes-from --- */

struct other {
	char *name;
	bool readonly;
};

/* "NAME", "NAME:ro", "NAME:rw"; labels of SELinux are the volumes' own. */
static int parse_other(const char *text, struct other *ret, struct error *err)
{
	static const char *const modes[] = { "ro", "rw", "z", "Z", NULL };
	const char *colon = strchrnul(text, ':');
	if (*colon && !strv_contains((char *const *)modes, colon + 1))
		return err_set(err, ERR_USAGE, "--volumes-from %s: invalid mode: %s", text, colon + 1);
	if (colon == text)
		return err_set(err, ERR_USAGE, "--volumes-from: \"%s\" names no container", text);
	*ret = (struct other){ mem_strndup(text, (size_t)(colon - text)), streq(colon, ":ro") };
	return 0;
}

static int add_from(struct engine *engine, const struct other *other, struct container_config *config,
		    struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, other->name, &row, err);
	if (r < 0)
		return err_wrap(err, "--volumes-from");
	for (size_t i = 0; i < row.config.n_mounts; i++) {
		const struct mount_request *theirs = &row.config.mounts[i];
		if (theirs->origin == MOUNT_BY_TMPFS)
			continue;
		struct mount_request ours = mount_request_copy(theirs);
		ours.origin = MOUNT_BY_OTHER;
		ours.readonly |= other->readonly;
		ours.nocopy = true;
		put(config, ours);
	}
	return 0;
}

static int add_others(struct engine *engine, const struct container_spec *spec, struct container_config *config,
		      struct error *err)
{
	int r = 0;
	for (char **text = spec->volumes_from; r >= 0 && text && *text; text++) {
		struct other other = { 0 };
		r = parse_other(*text, &other, err);
		if (r < 0)
			return r;
		r = add_from(engine, &other, config, err);
		free(other.name);
	}
	return r;
}

/* --- the person's, and the image's --- */

/* What is wrong with a place is said by mounts_check(). */
static char *place_of(const char *target)
{
	return path_normalize(target ? target : "");
}

static void name_volume(struct mount_request *request)
{
	char id[ID_HEX_LENGTH + 1];
	if (request->kind != MOUNT_VOLUME || request->source)
		return;
	random_id(id);
	request->source = mem_strdup(id);
	request->anonymous = true;
}

static void add_wishes(const struct container_spec *spec, struct container_config *config)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct mount_request request = mount_request_copy(&spec->mounts[i]);
		free(request.target);
		request.target = place_of(spec->mounts[i].target);
		name_volume(&request);
		put(config, request);
	}
}

static void add_image_volumes(const struct image_config *image, struct container_config *config)
{
	for (char **volume = image->volumes; volume && *volume; volume++) {
		_cleanup_free_ char *absolute = path_join("/", *volume);
		_cleanup_free_ char *target = path_normalize(absolute);
		if (streq(target, "/") || find_target(config, target))
			continue;
		struct mount_request request = { .kind = MOUNT_VOLUME,
						 .origin = MOUNT_BY_IMAGE,
						 .target = TAKE_PTR(target) };
		name_volume(&request);
		put(config, request);
	}
}

/* "z" and "Z" mean nothing where there is no SELinux. */
static bool wants_label(const struct mount_request *mount)
{
	_cleanup_strv_ char **words = mount->mode ? strv_split(mount->mode, ',') : NULL;
	return strv_contains(words, "z") || strv_contains(words, "Z");
}

static int check_available(const struct mount_request *mount, struct error *err)
{
	if (wants_label(mount) && access("/sys/fs/selinux/enforce", F_OK) == 0)
		return err_set(err, ERR_UNSUPPORTED, "labels of SELinux (\"z\", \"Z\") are not available yet: %s",
			       mount->target);
	return 0;
}

/* The image of this moment, whatever its name means later. Nobody pulls it, so it is no image that could not be found. */
static int find_image(struct engine *engine, struct mount_request *mount, struct error *err)
{
	struct error why = { 0 };
	if (mount->kind != MOUNT_IMAGE || mount->image_id)
		return 0;
	mount->readonly = true;
	int r = image_resolve(engine, mount->source, &mount->image_id, NULL, &why);
	return r < 0 ? err_set(err, ERR_MNT_SRC, "mount an image on %s: %s", mount->target, why.message) : 0;
}

int volume_mounts_resolve(struct engine *engine, const struct container_spec *spec, const struct image_config *image,
			  struct container_config *config, struct error *err)
{
	int r = add_others(engine, spec, config, err);
	if (r < 0)
		return r;
	add_wishes(spec, config);
	add_image_volumes(image, config);
	for (size_t i = 0; r >= 0 && i < config->n_mounts; i++)
		if ((r = check_available(&config->mounts[i], err)) >= 0)
			r = find_image(engine, &config->mounts[i], err);
	return r;
}
