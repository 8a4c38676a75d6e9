/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroup hierarchies are mounted, and where. Source: proc(5) on mountinfo, cgroups(7). */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

static const char USUAL_PLACE[] = "/sys/fs/cgroup";

const char *cgroup_layout_name(enum cgroup_layout layout)
{
	static const char *const names[] = {
		[CGROUP_LAYOUT_NONE] = "none",
		[CGROUP_LAYOUT_V1] = "v1",
		[CGROUP_LAYOUT_HYBRID] = "hybrid",
		[CGROUP_LAYOUT_V2] = "v2",
	};
	return names[layout];
}

bool cgroup_has_controller(const char *controllers, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = controllers; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* Of a v1 file system's options, what says which hierarchy it is: "rw,cpu,cpuacct" gives "cpu,cpuacct". */
static char *controllers_of_options(const char *options)
{
	static const char v1_controllers[] = "blkio,cpu,cpuacct,cpuset,debug,devices,freezer,hugetlb,memory,misc,"
					     "net_cls,net_prio,perf_event,pids,rdma";
	_cleanup_str_ struct str found = { 0 };
	for (const char *at = options; *at; at += *at == ',') {
		char option[64];
		size_t len = strcspn(at, ",");
		snprintf(option, sizeof option, "%.*s", (int)len, at);
		if (str_starts_with(option, "name=") || cgroup_has_controller(v1_controllers, option))
			str_appendf(&found, "%s%.*s", found.len ? "," : "", (int)len, at);
		at += len;
	}
	return found.len ? str_take(&found) : NULL;
}

/* A field, in which mountinfo writes space, tab, newline and backslash as \ooo. */
static char *unescape(const char *text)
{
	_cleanup_str_ struct str plain = { 0 };
	for (const char *at = text; *at && *at != ' '; at++) {
		bool octal = at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
			     at[3] >= '0' && at[3] <= '7';
		if (octal) {
			str_append_char(&plain, (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0')));
			at += 3;
		} else {
			str_append_char(&plain, *at);
		}
	}
	return str_take(&plain);
}

static bool is_in_usual_place(const char *mount_point)
{
	const char *rest = str_after(mount_point, USUAL_PLACE);
	return rest && (*rest == '\0' || *rest == '/');
}

static void mount_done(struct cgroup_mount *mount)
{
	free(mount->mount_point);
	free(mount->name);
	free(mount->controllers);
	*mount = (struct cgroup_mount){ 0 };
}

/* Takes over what @mount owns. */
static void add_mount(struct cgroup_mounts *mounts, struct cgroup_mount mount)
{
	for (size_t i = 0; i < mounts->count; i++) {
		struct cgroup_mount *known = &mounts->list[i];
		if (known->device != mount.device)
			continue;
		if (!is_in_usual_place(known->mount_point) && is_in_usual_place(mount.mount_point)) {
			struct cgroup_mount worse = *known;
			*known = mount;
			mount = worse;
		}
		mount_done(&mount);
		return;
	}
	if (mounts->count == ARRAY_SIZE(mounts->list)) {
		log_warn("more than %zu cgroup hierarchies: '%s' is left out", mounts->count, mount.mount_point);
		mount_done(&mount);
		return;
	}
	mounts->list[mounts->count++] = mount;
}

/* The field behind the @n-th space, or an empty one. */
static const char *nth_field(const char *at, unsigned n)
{
	for (; n > 0 && *at; n--) {
		at = strchrnul(at, ' ');
		at += *at == ' ';
	}
	return at;
}

/* "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime shared:9 - cgroup cgroup rw,devices" */
static void parse_line(const char *line, struct cgroup_mounts *mounts)
{
	unsigned major, minor;
	const char *separator = strstr(line, " - ");
	const char *type = separator ? separator + strlen(" - ") : "";
	bool v2 = str_starts_with(type, "cgroup2 ");
	if ((!v2 && !str_starts_with(type, "cgroup ")) || nth_field(line, 4) >= separator ||
	    sscanf(nth_field(line, 2), "%u:%u ", &major, &minor) != 2)
		return;
	_cleanup_free_ char *controllers = v2 ? NULL : controllers_of_options(nth_field(type, 2));
	if (!v2 && !controllers)
		return;
	_cleanup_free_ char *mount_point = unescape(nth_field(line, 4));
	struct cgroup_mount mount = {
		.name = mem_strdup(path_base(mount_point)),
		.controllers = TAKE_PTR(controllers),
		.device = makedev(major, minor),
	};
	mount.mount_point = TAKE_PTR(mount_point);
	add_mount(mounts, mount);
}

void cgroup_mounts_parse(const char *mountinfo, struct cgroup_mounts *ret)
{
	_cleanup_str_ struct str line = { 0 };
	*ret = (struct cgroup_mounts){ 0 };
	for (const char *at = mountinfo; *at;) {
		const char *end = strchrnul(at, '\n');
		/* Most lines are other file systems': they are not worth a copy. */
		if (memmem(at, (size_t)(end - at), " - cgroup", strlen(" - cgroup"))) {
			str_truncate(&line, 0);
			str_append_len(&line, at, (size_t)(end - at));
			parse_line(str_text(&line), ret);
		}
		at = *end ? end + 1 : end;
	}
	/* Alone, it is what a container finds at /sys/fs/cgroup itself, wherever the host has it. */
	if (cgroup_mounts_layout(ret) == CGROUP_LAYOUT_V2) {
		free(ret->list[0].name);
		ret->list[0].name = mem_strdup("");
	}
}

void cgroup_mounts_done(struct cgroup_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		mount_done(&mounts->list[i]);
	mounts->count = 0;
}

enum cgroup_layout cgroup_mounts_layout(const struct cgroup_mounts *mounts)
{
	bool v1 = false, v2 = false;
	for (size_t i = 0; i < mounts->count; i++)
		*(mounts->list[i].controllers ? &v1 : &v2) = true;
	if (v1)
		return v2 ? CGROUP_LAYOUT_HYBRID : CGROUP_LAYOUT_V1;
	return v2 ? CGROUP_LAYOUT_V2 : CGROUP_LAYOUT_NONE;
}

/* A mount may be hidden by another one on top of it or above it; then its path leads to a different device. */
static void drop_hidden(struct cgroup_mounts *mounts)
{
	size_t kept = 0;
	for (size_t i = 0; i < mounts->count; i++) {
		struct stat st;
		struct cgroup_mount *mount = &mounts->list[i];
		if (stat(mount->mount_point, &st) == 0 && st.st_dev == mount->device)
			mounts->list[kept++] = *mount;
		else
			mount_done(mount);
	}
	mounts->count = kept;
}

static void detect(struct cgroup_mounts *mounts)
{
	/* Pure v2 in its usual place needs no look at mountinfo, which is long on a machine with many containers. */
	struct statfs fs;
	if (statfs(USUAL_PLACE, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		mounts->list[mounts->count++] =
			(struct cgroup_mount){ .mount_point = mem_strdup(USUAL_PLACE), .name = mem_strdup("") };
		return;
	}
	enum { MOUNTINFO_MAX = 256 << 20 };
	_cleanup_free_ char *text = NULL;
	struct error err = { 0 };
	if (file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, &err) < 0) {
		log_failure(LOG_LEVEL_WARN, "look for cgroup hierarchies", &err);
		return;
	}
	cgroup_mounts_parse(text, mounts);
	drop_hidden(mounts);
}

static const struct cgroup_mounts *override;

void cgroup_mounts_override(const struct cgroup_mounts *mounts)
{
	override = mounts;
}

const struct cgroup_mounts *cgroup_mounts(void)
{
	static struct cgroup_mounts found;
	static bool looked;
	if (override)
		return override;
	if (!looked) {
		detect(&found);
		looked = true;
	}
	return &found;
}

enum cgroup_layout cgroup_layout(void)
{
	return cgroup_mounts_layout(cgroup_mounts());
}

static bool v2_has(const struct cgroup_mount *mount, const char *controller)
{
	_cleanup_free_ char *path = path_join(mount->mount_point, "cgroup.controllers");
	char line[256];
	if (file_read_line(AT_FDCWD, path, line, sizeof line) < 0)
		return false;
	for (char *at = line; *at; at++)
		*at = *at == ' ' ? ',' : *at;
	return cgroup_has_controller(line, controller);
}

static const char *v1_name_of(const char *controller)
{
	return streq(controller, "io") ? "blkio" : controller;
}

static const struct cgroup_mount *find_v1(const char *controller)
{
	const struct cgroup_mounts *mounts = cgroup_mounts();
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->list[i].controllers &&
		    cgroup_has_controller(mounts->list[i].controllers, v1_name_of(controller)))
			return &mounts->list[i];
	return NULL;
}

static const struct cgroup_mount *find_v2(const char *controller)
{
	const struct cgroup_mounts *mounts = cgroup_mounts();
	for (size_t i = 0; i < mounts->count; i++)
		if (!mounts->list[i].controllers && v2_has(&mounts->list[i], controller))
			return &mounts->list[i];
	return NULL;
}

bool cgroup_is_v1(const char *controller)
{
	return find_v1(controller) != NULL;
}

const char *cgroup_place_of(const char *controller)
{
	const struct cgroup_mount *v1 = find_v1(controller), *mount = v1 ? v1 : find_v2(controller);
	return mount ? mount->mount_point : NULL;
}

bool cgroup_is_available(const char *controller)
{
	return cgroup_place_of(controller) != NULL;
}
