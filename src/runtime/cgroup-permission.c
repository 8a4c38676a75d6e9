/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup-permission.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"
#include "runtime/systemd.h"

/* What is there of it: a directory, for which who makes the rest needs rights. An fd. */
static int open_nearest(const char *mount_point, const char *parent)
{
	_cleanup_free_ char *path = mem_printf("%s%s", mount_point, parent);
	size_t top = strlen(mount_point);
	int dir;
	while ((dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 && strlen(path) > top)
		*strrchr(path, '/') = '\0';
	return dir;
}

bool cgroup_is_permitted(const char *controller, const char *parent, const char **ret_mount_point)
{
	const char *place = cgroup_place_of(controller);
	if (ret_mount_point)
		*ret_mount_point = place;
	_cleanup_close_ int dir = place ? open_nearest(place, parent) : -1;
	if (dir < 0 || faccessat(dir, ".", W_OK, AT_EACCESS) < 0)
		return false;
	return cgroup_is_v1(controller) || cgroup_offers(dir, "cgroup.controllers", controller);
}

void cgroup_hint_place(struct error *err)
{
	const char *memory = cgroup_is_v1("memory") ? cgroup_place_of("memory") : NULL;
	if (systemd_is_of_user() && systemd_check_running(NULL) >= 0)
		err_hint(err, CGROUP_LINGER_HINT);
	else if (memory)
		err_hint(err, CGROUP_GIVE_HINT, memory);
}
