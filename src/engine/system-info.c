/* SPDX-License-Identifier: Apache-2.0 */
/* Source: Docker Engine API v1.50, SystemInfo. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/cgroup-place.h"
#include "engine/engine-internal.h"
#include "engine/host-setting.h"
#include "engine/network-user.h"
#include "engine/rootless-info.h"
#include "network/firewall-look.h"
#include "runtime/cgroup.h"
#include "runtime/user-namespace.h"
#include "storage/driver.h"

/* --- What there is --- */

static int add_containers(struct engine *engine, struct json_object *info, struct error *err)
{
	struct container_record **records;
	size_t count, running = 0, paused = 0;
	int r = engine_container_list(engine, true, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		running += records[i]->state == STATE_RUNNING || records[i]->state == STATE_RESTARTING;
		paused += records[i]->state == STATE_PAUSED;
		container_record_free(records[i]);
	}
	free(records);
	json_add_u64(info, "Containers", count);
	json_add_u64(info, "ContainersRunning", running);
	json_add_u64(info, "ContainersPaused", paused);
	json_add_u64(info, "ContainersStopped", count - running - paused);
	return 0;
}

static int add_images(struct engine *engine, struct json_object *info, struct error *err)
{
	struct image **images;
	size_t count;
	int r = engine_image_list(engine, &images, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		image_free(images[i]);
	free(images);
	json_add_u64(info, "Images", count);
	return 0;
}

/* --- Storage --- */

static const char *file_system_name(const char *path)
{
	static const struct {
		long magic;
		const char *name;
	} names[] = {
		{ EXT4_SUPER_MAGIC, "extfs" },
		{ XFS_SUPER_MAGIC, "xfs" },
		{ BTRFS_SUPER_MAGIC, "btrfs" },
		{ TMPFS_MAGIC, "tmpfs" },
		{ OVERLAYFS_SUPER_MAGIC, "overlayfs" },
		{ F2FS_SUPER_MAGIC, "f2fs" },
		{ NFS_SUPER_MAGIC, "nfs" },
	};
	struct statfs st;
	if (statfs(path, &st) < 0)
		return "<unknown>";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((long)st.f_type == names[i].magic)
			return names[i].name;
	return "<unknown>";
}

static void add_pair(struct json_object *list, const char *name, const char *value)
{
	struct json_object *pair = json_object_new_array();
	json_append_string(pair, name);
	json_append_string(pair, value);
	json_object_array_add(list, pair);
}

/* Whether directories say of what kind their entries are, which overlays need: xfs without ftype=1 does not. */
static bool supports_d_type(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	const struct dirent *entry = dir ? readdir(dir) : NULL;
	return entry && entry->d_type != DT_UNKNOWN;
}

/* How overlays are mounted here (storage/overlay.c), as Docker and Podman name it. */
static void add_overlay_status(struct json_object *status)
{
	add_pair(status, "Using metacopy", "false");
	add_pair(status, "Native Overlay Diff", "true");
	add_pair(status, "userxattr", user_namespace_is_own() ? "true" : "false");
	add_pair(status, "Redirect Dir", "nofollow");
}

static void add_storage(struct engine *engine, struct json_object *info)
{
	const struct storage_driver *driver = engine->storage_driver;
	_cleanup_free_ char *reason = NULL;
	if (driver || storage_driver_choose(engine->store, &driver, &reason, NULL) >= 0)
		json_add_string(info, "Driver", driver->name);
	struct json_object *status = json_add_array(info, "DriverStatus");
	if (reason)
		add_pair(status, "Reason", reason);
	add_pair(status, "Backing Filesystem", file_system_name(engine->root));
	add_pair(status, "Supports d_type", supports_d_type(engine->root) ? "true" : "false");
	if (driver && streq(driver->name, "overlay2"))
		add_overlay_status(status);
	json_add_string(info, "DockerRootDir", engine->root);
	json_add_string(info, "RunDir", engine->runroot);
}

static void add_plugins(struct json_object *info)
{
	static const char *const networks[] = { "bridge", "host", "ipvlan", "macvlan", "null", NULL };
	static const char *const logs[] = { "journald", "json-file", "local", "none", "passthrough", NULL };
	struct json_object *plugins = json_add_object(info, "Plugins");
	json_add_array(plugins, "Volume");
	json_add_strv(plugins, "Network", (char *const *)networks);
	json_object_object_add(plugins, "Authorization", NULL);
	json_add_strv(plugins, "Log", (char *const *)logs);
	json_add_string(info, "LoggingDriver", "json-file");
}

/* --- What the machine can limit --- */

/* What Docker calls it, what it needs, and what is said where that is missing. */
static const struct limit {
	const char *key, *controller, *warning;
} LIMITS[] = {
	{ "MemoryLimit", "memory", "WARNING: No memory limit support" },
	{ "SwapLimit", "memory", "WARNING: No swap limit support" },
	{ "CpuCfsPeriod", "cpu", "WARNING: No cpu cfs period support" },
	{ "CpuCfsQuota", "cpu", "WARNING: No cpu cfs quota support" },
	{ "CPUShares", "cpu", "WARNING: No cpu shares support" },
	{ "CPUSet", "cpuset", "WARNING: No cpuset support" },
	{ "PidsLimit", "pids", "WARNING: No pids limit support" },
};

/* On v1 the kernel can be booted without the accounting of swap, and has no such file then. */
static bool has_swap_limit(void)
{
	return cgroup_layout() == CGROUP_LAYOUT_V2 ||
	       access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0;
}

static bool has_limit(const struct limit *limit)
{
	return cgroup_is_available(limit->controller) && (!streq(limit->key, "SwapLimit") || has_swap_limit());
}

static bool forwards(void)
{
	char line[8];
	return file_read_line(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", line, sizeof line) > 0 && *line == '1';
}

/* Another program's, such as Docker's: what ours accepts still has to pass there. Who may not look finds nothing. */
static void warn_of_drop(struct json_object *warnings)
{
	_cleanup_firewall_drop_ struct firewall_drop drop = { 0 };
	if (network_is_of_user() || firewall_find_drop(FIREWALL_FORWARD, NULL, &drop, NULL) <= 0)
		return;
	_cleanup_free_ char *warning = mem_printf("WARNING: The chain \"%s\" drops what its rules do not accept: "
						  "containers reach others, and are reached, only if they do",
						  drop.chain);
	json_append_string(warnings, warning);
}

/* By the version that has them; v2's names. */
static void add_controllers(struct json_object *info)
{
	static const char *const names[] = { "cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc" };
	struct json_object *controllers = json_add_object(info, "CgroupControllers");
	struct json_object *v1 = json_add_array(controllers, "v1"), *v2 = json_add_array(controllers, "v2");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (cgroup_is_available(names[i]))
			json_append_string(cgroup_is_v1(names[i]) ? v1 : v2, names[i]);
}

static void add_limits(const struct engine *engine, struct json_object *info)
{
	struct json_object *warnings = json_add_array(info, "Warnings");
	for (size_t i = 0; i < ARRAY_SIZE(LIMITS); i++) {
		bool has = has_limit(&LIMITS[i]);
		json_add_bool(info, LIMITS[i].key, has);
		if (!has)
			json_append_string(warnings, LIMITS[i].warning);
	}
	_cleanup_strv_ char **settings = host_settings(engine);
	json_add_strv(info, "HostSettings", settings);
	json_add_bool(info, "IPv4Forwarding", forwards());
	if (!forwards() && !network_is_of_user())
		json_append_string(warnings, "WARNING: IPv4 forwarding is disabled");
	warn_of_drop(warnings);
	json_add_bool(info, "OomKillDisable", cgroup_layout() != CGROUP_LAYOUT_V2 && cgroup_is_available("memory"));
	json_add_string(info, "CgroupDriver", cgroup_place_name(engine));
	json_add_string(info, "CgroupVersion", cgroup_layout() == CGROUP_LAYOUT_V2 ? "2" : "1");
	json_add_string(info, "CgroupLayout", cgroup_layout_name(cgroup_layout()));
	add_controllers(info);
}

/* --- The machine --- */

/* Of os-release(5): KEY=value or KEY="value". free() it. */
static char *os_release(const char *key)
{
	enum { OS_RELEASE_MAX = 64 << 10 };
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, "/etc/os-release", OS_RELEASE_MAX, &text, NULL, NULL) < 0 &&
	    file_read(AT_FDCWD, "/usr/lib/os-release", OS_RELEASE_MAX, &text, NULL, NULL) < 0)
		return mem_strdup("");
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		const char *value = str_after(*line, key);
		if (!value || *value++ != '=')
			continue;
		value += *value == '"' || *value == '\'';
		return mem_strndup(value, strcspn(value, "\"'"));
	}
	return mem_strdup("");
}

static void add_machine(struct json_object *info)
{
	struct utsname system;
	char now[TIME_TEXT_MAX];
	_cleanup_free_ char *name = os_release("PRETTY_NAME");
	_cleanup_free_ char *version = os_release("VERSION_ID");
	uname(&system);
	json_add_string(info, "SystemTime", time_format_rfc3339(time_now_ns(), now));
	json_add_string(info, "KernelVersion", system.release);
	json_add_string(info, "OperatingSystem", *name ? name : "<unknown>");
	json_add_string(info, "OSVersion", version);
	json_add_string(info, "OSType", "linux");
	json_add_string(info, "Architecture", system.machine);
	json_add_i64(info, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
	json_add_i64(info, "MemTotal", (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
	json_add_string(info, "Name", system.nodename);
}

/* --- coffer itself --- */

static void add_self(struct json_object *info)
{
	static const char *const security[] = { "name=seccomp,profile=builtin", "name=cgroupns", NULL };
	_cleanup_free_ char *runtime = process_helper_path("coffer-runtime");
	struct json_object *runtimes = json_add_object(info, "Runtimes");
	json_add_string(json_add_object(runtimes, "coffer-runtime"), "path", runtime);
	json_add_string(info, "DefaultRuntime", "coffer-runtime");
	json_add_string(info, "InitBinary", "coffer-init");
	json_add_strv(info, "SecurityOptions", (char *const *)security);
	json_add_string(info, "IndexServerAddress", "https://index.docker.io/v1/");
	json_add_array(info, "Labels");
	json_add_bool(info, "ExperimentalBuild", false);
	json_add_bool(info, "Debug", false);
	json_add_bool(info, "LiveRestoreEnabled", true);
	json_add_string(info, "ServerVersion", VERSION);
	json_add_string(json_add_object(info, "Swarm"), "LocalNodeState", "inactive");
}

int engine_info(struct engine *engine, struct json_object **ret, struct error *err)
{
	_cleanup_json_ struct json_object *info = json_object_new_object();
	json_add_string(info, "ID", "");
	int r = add_containers(engine, info, err);
	if (r >= 0)
		r = add_images(engine, info, err);
	if (r < 0)
		return r;
	add_storage(engine, info);
	add_plugins(info);
	add_limits(engine, info);
	add_machine(info);
	add_self(info);
	rootless_info_add(engine, info);
	*ret = TAKE_PTR(info);
	return 0;
}
