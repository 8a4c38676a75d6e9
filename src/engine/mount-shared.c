/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mount-shared.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "engine/mounts.h"
#include "runtime/mount-options.h"

enum { MOUNTINFO_MAX = 16 << 20 };

static bool is_shared(const struct mount_request *mount)
{
	const char *propagation = mount_propagation(mount);
	return propagation && (streq(propagation, "shared") || streq(propagation, "rshared"));
}

/* Fields of a line of mountinfo (proc(5)): the number, ..., the place in the 5th; then options up to a "-". */
enum { FIELD_PLACE = 4, FIELD_OPTIONAL = 6 };

static char **find_mount(const char *mountinfo, uint64_t id)
{
	_cleanup_strv_ char **lines = strv_split(mountinfo, '\n');
	for (char **line = lines; line && *line; line++) {
		_cleanup_strv_ char **fields = strv_split(*line, ' ');
		uint64_t number;
		if (strv_count(fields) > FIELD_OPTIONAL && parse_u64(fields[0], UINT64_MAX, &number, NULL) == 0 &&
		    number == id)
			return TAKE_PTR(fields);
	}
	return NULL;
}

static bool says_shared(char *const *fields)
{
	for (char *const *option = fields + FIELD_OPTIONAL; *option && !streq(*option, "-"); option++)
		if (str_starts_with(*option, "shared:"))
			return true;
	return false;
}

/* What cannot be found out, the kernel will say. */
static int check_one(const struct mount_request *mount, const char *mountinfo, struct error *err)
{
	struct statx st;
	if (statx(AT_FDCWD, mount->source, 0, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
		return 0;
	_cleanup_strv_ char **fields = find_mount(mountinfo, st.stx_mnt_id);
	if (!fields || says_shared(fields))
		return 0;
	(void)err_set(err, ERR_MNT_SRC, "path %s is mounted on %s but it is not a shared mount", mount->source,
		      fields[FIELD_PLACE]);
	err_cause(err, "what the container mounts below %s could not reach the host", mount->target);
	return err_hint(err, "mount --make-shared %s", fields[FIELD_PLACE]);
}

int mounts_shared_check(const struct container_spec *spec, struct error *err)
{
	_cleanup_free_ char *mountinfo = NULL;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < spec->n_mounts; i++) {
		if (spec->mounts[i].kind != MOUNT_BIND || !is_shared(&spec->mounts[i]))
			continue;
		if (!mountinfo)
			r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo, NULL, err);
		if (r >= 0)
			r = check_one(&spec->mounts[i], mountinfo, err);
	}
	return r;
}

/* --- the OCI spec --- */

static void make_private(struct json_object *mount)
{
	struct json_object *options;
	bool recursive;
	const char *type = json_object_get_string(json_object_object_get(mount, "type"));
	if (!type || !streq(type, "bind") || !json_object_object_get_ex(mount, "options", &options))
		return;
	for (size_t i = 0; i < json_object_array_length(options); i++)
		if (mount_propagation_from_name(json_object_get_string(json_object_array_get_idx(options, i)),
						&recursive))
			return;
	json_append_string(options, "rprivate");
}

void mounts_shared_add(const struct container_spec *spec, struct json_object *root)
{
	bool shared = false;
	for (size_t i = 0; i < spec->n_mounts; i++)
		shared |= is_shared(&spec->mounts[i]);
	if (!shared)
		return;
	struct json_object *mounts = json_object_object_get(root, "mounts");
	for (size_t i = 0; i < json_object_array_length(mounts); i++)
		make_private(json_object_array_get_idx(mounts, i));
	json_add_string(json_object_object_get(root, "linux"), "rootfsPropagation", "shared");
}
