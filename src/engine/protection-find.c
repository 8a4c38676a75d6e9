/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is known of protections comes from: /proc of a process, or a configuration. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/id-mapping.h"
#include "engine/protection.h"
#include "engine/security.h"
#include "engine/sharing.h"
#include "engine/time-offset.h"

enum { STATUS_MAX = 64 << 10, MAP_MAX = 64 << 10, MOUNTS_MAX = 16 << 20, LABEL_MAX = 512 };

/* --- the files of a process --- */

static int read_text(int dir, const char *name, size_t max, char **ret, struct error *err)
{
	int r = file_read(dir, name, max, ret, NULL, err);
	return r < 0 ? err_wrap(err, "look at the container's first process") : 0;
}

/* The number in the line of `status` that begins with @name; 0 if there is none. */
static uint64_t status_number(const char *status, const char *name, int base)
{
	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *rest = str_after(line, name);
		if (rest && *rest == ':')
			return strtoull(rest + 1, NULL, base);
	}
	return 0;
}

static int read_status(int dir, struct protection *protection, struct error *err)
{
	_cleanup_free_ char *status = NULL;
	int r = read_text(dir, "status", STATUS_MAX, &status, err);
	if (r < 0)
		return r;
	protection->capabilities = status_number(status, "CapBnd", 16);
	protection->no_new_privileges = status_number(status, "NoNewPrivs", 10) != 0;
	bool filtered = status_number(status, "Seccomp", 10) != 0;
	/* Before Linux 5.9 their number was not told. */
	uint64_t filters = status_number(status, "Seccomp_filters", 10);
	protection->filters = filtered ? (unsigned)(filters > 0 ? filters : 1) : 0;
	return 0;
}

static int read_namespaces(int dir, struct protection *protection, struct error *err)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		char path[64];
		struct stat its, ours;
		snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_proc_name(type));
		if (stat(path, &ours) < 0)
			continue; /* a kernel without this type */
		snprintf(path, sizeof path, "ns/%s", namespace_proc_name(type));
		if (fstatat(dir, path, &its, 0) < 0)
			return err_sys(err, errno, "look at the namespaces of the container's first process");
		protection->own[type] = its.st_ino != ours.st_ino;
	}
	return 0;
}

/* The last mount on "/" is the one that is seen: its options are the sixth field, and may differ from its superblock's. */
static bool root_is_read_only(const char *mountinfo)
{
	bool read_only = false;
	for (const char *line = mountinfo; line && *line; line = strchr(line, '\n')) {
		char place[8] = "", options[8] = "";
		line += *line == '\n';
		if (sscanf(line, "%*s %*s %*s %*s %7s %7s", place, options) == 2 && streq(place, "/"))
			read_only = streq(options, "ro") || str_starts_with(options, "ro,");
	}
	return read_only;
}

static int read_root_mount(int dir, struct protection *protection, struct error *err)
{
	_cleanup_free_ char *mountinfo = NULL;
	int r = read_text(dir, "mountinfo", MOUNTS_MAX, &mountinfo, err);
	if (r >= 0)
		protection->read_only = root_is_read_only(mountinfo);
	return r;
}

/* Without a module that labels processes the kernel answers EINVAL. */
static void read_label(int dir, struct protection *protection)
{
	char label[LABEL_MAX];
	if (file_read_line(dir, "attr/current", label, sizeof label) > 0 && !streq(label, "unconfined"))
		protection->profile = mem_strdup(label);
}

/* --- ids --- */

/* Whom @id of the engine's user namespace is on the host. */
static int find_root(bool has_id, uint32_t id, struct protection *protection, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping own = { 0 };
	int r = id_mapping_of_our_own(&own, err);
	if (r < 0)
		return r;
	protection->has_root = has_id && id_list_to_host(&own.uids, id, &protection->root_id);
	protection->root_is_host = protection->has_root && protection->root_id == 0;
	return 0;
}

/* The map of a namespace that is not ours tells of our ids. */
static int read_root(int dir, struct protection *protection, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_id_list_ struct id_list map = { 0 };
	uint32_t id = 0;
	if (!protection->own[NAMESPACE_USER])
		return find_root(true, 0, protection, err);
	int r = read_text(dir, "uid_map", MAP_MAX, &text, err);
	if (r < 0)
		return r;
	id_list_parse_kernel(text, &map);
	bool has_id = id_list_to_host(&map, 0, &id);
	return find_root(has_id, id, protection, err);
}

/* --- */

void protection_done(struct protection *protection)
{
	free(protection->profile);
}

/* All is read through one directory, which knows no other process that may get the pid later. */
int protection_read(pid_t pid, struct protection *ret, struct error *err)
{
	_cleanup_protection_ struct protection protection = { 0 };
	char path[64];
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	_cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "look at the container's first process");
	int r = read_status(dir, &protection, err);
	if (r >= 0)
		r = read_namespaces(dir, &protection, err);
	if (r >= 0)
		r = read_root_mount(dir, &protection, err);
	if (r >= 0)
		r = read_root(dir, &protection, err);
	if (r < 0)
		return r;
	read_label(dir, &protection);
	*ret = protection;
	protection.profile = NULL;
	return 0;
}

int protection_from_config(const struct container_config *config, struct protection *ret, struct error *err)
{
	_cleanup_security_ struct security security = { 0 };
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	const struct container_spec *spec = config_spec(config);
	struct protection protection = { .read_only = spec->read_only };
	uint32_t id = 0;
	int r = security_resolve(spec, config->security_options, &security, err);
	if (r >= 0)
		r = id_mapping_from_texts(config->uid_map, config->gid_map, &mapping, err);
	if (r < 0)
		return r;
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		protection.own[type] = !is_shared(spec, type);
	protection.own[NAMESPACE_USER] = config_has_userns(config);
	protection.own[NAMESPACE_TIME] = time_offsets_are_wanted(spec);
	protection.capabilities = security.capabilities;
	protection.no_new_privileges = security.no_new_privileges;
	protection.filters = security.seccomp != SECCOMP_UNCONFINED;
	bool has_id = !config_has_userns(config) || id_list_to_host(&mapping.uids, 0, &id);
	r = find_root(has_id, id, &protection, err);
	if (r < 0)
		return r;
	protection.profile = mem_strdup(security.apparmor_profile);
	*ret = protection;
	return 0;
}
