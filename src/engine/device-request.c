/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/device-request.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"

enum { ANY = -1, DEPTH_MAX = 8 };

/* Beside making any node (m): what the default devices, terminals and ptmx need. */
static const struct {
	char type;
	int major, minor;
	const char *access;
} DEFAULT_RULES[] = {
	{ 'c', ANY, ANY, "m" }, { 'b', ANY, ANY, "m" }, { 'c', 1, 3, "rwm" }, { 'c', 1, 5, "rwm" },
	{ 'c', 1, 7, "rwm" },	{ 'c', 1, 8, "rwm" },	{ 'c', 1, 9, "rwm" }, { 'c', 5, 0, "rwm" },
	{ 'c', 5, 2, "rwm" },	{ 'c', 136, ANY, "rwm" },
};

/* Of the host's /dev, what a container has its own of, and what is no device. */
static const char *const OWN_ENTRIES[] = { "pts", "shm", "fd", "mqueue", "console", "ptmx", "tty", NULL };

/* --- JSON --- */

static void add_rule(struct json_object *rules, bool allow, char type, int64_t major, int64_t minor,
		     const char *access)
{
	struct json_object *rule = json_object_new_object();
	char type_text[] = { type, '\0' };
	json_add_bool(rule, "allow", allow);
	if (type != 'a')
		json_add_string(rule, "type", type_text);
	if (major != ANY)
		json_add_i64(rule, "major", major);
	if (minor != ANY)
		json_add_i64(rule, "minor", minor);
	json_add_string(rule, "access", access);
	json_object_array_add(rules, rule);
}

static void add_node(struct json_object *devices, const char *path, const struct stat *st)
{
	struct json_object *device = json_object_new_object();
	json_add_string(device, "path", path);
	json_add_string(device, "type", S_ISBLK(st->st_mode) ? "b" : "c");
	json_add_i64(device, "major", major(st->st_rdev));
	json_add_i64(device, "minor", minor(st->st_rdev));
	json_add_i64(device, "fileMode", st->st_mode & 07777);
	json_add_i64(device, "uid", st->st_uid);
	json_add_i64(device, "gid", st->st_gid);
	json_object_array_add(devices, device);
}

static bool is_device(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

/* --- --device /dev/x[:/dev/y][:rwm] --- */

struct request {
	char *source, *target, *access;
};

static void request_done(struct request *request)
{
	free(request->source);
	free(request->target);
	free(request->access);
}
#define _cleanup_request_ _cleanup_(request_done)

static bool is_access(const char *text)
{
	return *text && strspn(text, "rwm") == strlen(text);
}

static int parse_request(const char *text, struct request *ret, struct error *err)
{
	_cleanup_strv_ char **fields = strv_split(text, ':');
	size_t count = strv_count(fields);
	bool only_access = count == 2 && is_access(fields[1]);
	const char *target = count >= 2 && !only_access ? fields[1] : fields[0];
	const char *access = count == 3 ? fields[2] : only_access ? fields[1] : "rwm";
	if (count < 1 || count > 3 || !*fields[0] || !*target)
		return err_set(err, ERR_DEV, "it is HOST-DEVICE[:CONTAINER-DEVICE][:PERMISSIONS]");
	if (*fields[0] != '/' || *target != '/')
		return err_set(err, ERR_DEV, "\"%s\" is not an absolute path", *target == '/' ? fields[0] : target);
	if (!is_access(access))
		return err_set(err, ERR_DEV, "invalid permissions \"%s\": they are of r, w and m", access);
	*ret = (struct request){ mem_strdup(fields[0]), path_normalize(target), mem_strdup(access) };
	return 0;
}

static int add_request(const struct request *request, struct json_object *devices, struct json_object *rules,
		       struct error *err)
{
	struct stat st;
	if (stat(request->source, &st) < 0 && errno == ENOENT)
		return err_set(err, ERR_DEV, "no such device: %s (--device)", request->source);
	if (stat(request->source, &st) < 0)
		return err_sys_code(err, ERR_DEV, errno, "examine device '%s'", request->source);
	if (!is_device(st.st_mode))
		return err_set(err, ERR_DEV, "%s is not a device node (--device)", request->source);
	add_node(devices, request->target, &st);
	add_rule(rules, true, S_ISBLK(st.st_mode) ? 'b' : 'c', major(st.st_rdev), minor(st.st_rdev), request->access);
	return 0;
}

static int add_requests(char *const *texts, struct json_object *devices, struct json_object *rules, struct error *err)
{
	for (; texts && *texts; texts++) {
		_cleanup_request_ struct request request = { 0 };
		if (parse_request(*texts, &request, err) < 0)
			return err_wrap(err, "--device %s", *texts);
		int r = add_request(&request, devices, rules, err);
		if (r < 0)
			return r;
	}
	return 0;
}

void devices_describe(char *const *texts, struct json_object *array)
{
	for (; texts && *texts; texts++) {
		_cleanup_request_ struct request request = { 0 };
		if (parse_request(*texts, &request, NULL) < 0)
			continue;
		struct json_object *device = json_object_new_object();
		json_add_string(device, "PathOnHost", request.source);
		json_add_string(device, "PathInContainer", request.target);
		json_add_string(device, "CgroupPermissions", request.access);
		json_object_array_add(array, device);
	}
}

/* --- --device-cgroup-rule "c 13:* rwm" --- */

/* A number, or "*" for any. */
static int parse_device_number(const char *text, int64_t *ret)
{
	*ret = ANY;
	return streq(text, "*") ? 0 : parse_i64(text, 0, UINT32_MAX, ret, NULL);
}

static int add_device_rule(const char *text, struct json_object *rules, struct error *err)
{
	_cleanup_strv_ char **words = strv_split(text, ' ');
	bool three = strv_count(words) == 3 && strlen(words[0]) == 1 && strchr("abc", *words[0]);
	_cleanup_strv_ char **numbers = three ? strv_split(words[1], ':') : NULL;
	int64_t major, minor;
	if (strv_count(numbers) != 2 || parse_device_number(numbers[0], &major) < 0 ||
	    parse_device_number(numbers[1], &minor) < 0 || !is_access(words[2])) {
		err_set(err, ERR_DEV, "invalid device cgroup format '%s'", text);
		return err_hint(err, "--device-cgroup-rule 'c 13:* rwm'");
	}
	add_rule(rules, true, *words[0], major, minor, words[2]);
	return 0;
}

static int add_device_rules(char *const *texts, struct json_object *rules, struct error *err)
{
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = add_device_rule(*texts, rules, err);
	return r;
}

/* --- --privileged: whatever the host has below /dev; what vanishes while we look was not there --- */

static void add_directory(struct json_object *devices, int parent, const char *name, const char *path, int depth)
{
	_cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (entry->d_name[0] == '.' || (depth == 0 && strv_contains((char *const *)OWN_ENTRIES, entry->d_name)) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		_cleanup_free_ char *child = path_join(path, entry->d_name);
		if (is_device(st.st_mode))
			add_node(devices, child, &st);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			add_directory(devices, dirfd(dir), entry->d_name, child, depth + 1);
	}
}

static int add_all(const struct container_spec *spec, struct json_object *devices, struct json_object *rules,
		   struct error *err)
{
	int r = add_requests(spec->devices, devices, rules, err);
	return r < 0 ? r : add_device_rules(spec->device_rules, rules, err);
}

int devices_add(const struct container_spec *spec, struct json_object *section, struct json_object *resources,
		struct error *err)
{
	struct json_object *devices = json_add_array(section, "devices");
	struct json_object *rules = json_add_array(resources, "devices");
	if (spec->privileged) {
		add_rule(rules, true, 'a', ANY, ANY, "rwm");
		add_directory(devices, AT_FDCWD, "/dev", "/dev", 0);
		return add_all(spec, devices, rules, err);
	}
	add_rule(rules, false, 'a', ANY, ANY, "rwm");
	for (size_t i = 0; i < ARRAY_SIZE(DEFAULT_RULES); i++)
		add_rule(rules, true, DEFAULT_RULES[i].type, DEFAULT_RULES[i].major, DEFAULT_RULES[i].minor,
			 DEFAULT_RULES[i].access);
	return add_all(spec, devices, rules, err);
}
