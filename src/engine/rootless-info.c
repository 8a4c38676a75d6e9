/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine lets an ordinary user do with containers, each looked at now: a word about it for everybody, and a warning
 * with what to do where something is missing.
 */
#include "engine/rootless-info.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/cgroup-place.h"
#include "engine/rootless-internal.h"
#include "engine/subordinate-ids.h"
#include "network/tool.h"
#include "runtime/cgroup-permission.h"
#include "runtime/cgroup.h"
#include "runtime/program.h"
#include "runtime/systemd.h"
#include "runtime/user-namespace.h"

#define PORT_SETTING "net.ipv4.ip_unprivileged_port_start"
#define PING_SETTING "net.ipv4.ping_group_range"
#define TUN "/dev/net/tun"
#define FUSE "/dev/fuse"

enum { MAP_SIZE_MAX = 64 << 10, USUAL_LAST_ID = 65535 };

/* What was found out: `state` is for everybody, `warning` empty where all is well. */
struct finding {
	struct str state, warning;
};

/* --- who he is outside --- */

/* What id 0 of the map in @path is there. */
static unsigned outside(const char *path)
{
	char line[64];
	unsigned inside = 0, id = 0;
	if (file_read_line(AT_FDCWD, path, line, sizeof line) <= 0 || sscanf(line, "%u %u", &inside, &id) != 2)
		return 0;
	return id;
}

static unsigned own_uid(void)
{
	return outside("/proc/self/uid_map");
}

static char *own_name(void)
{
	const struct passwd *entry = getpwuid(own_uid());
	return entry ? mem_strdup(entry->pw_name) : mem_printf("%u", own_uid());
}

/* --- ids --- */

static uint64_t count_ids(const char *file, const char *user)
{
	_cleanup_id_list_ struct id_list list = { 0 };
	return subordinate_ids_read(file, user, own_uid(), &list, NULL) < 0 ? 0 : id_list_size(&list);
}

/* Why there is one id only, and what to do. */
static void explain_one_id(struct str *out)
{
	static const char *const tools[] = { "newuidmap", "newgidmap" };
	static const char *const files[] = { SUBUID_FILE, SUBGID_FILE };
	_cleanup_free_ char *user = own_name();
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		_cleanup_free_ char *path = NULL;
		(void)program_find(tools[i], environ, &path, NULL);
		if (count_ids(files[i], user) == 0)
			str_appendf(out,
				    "%s has no ids for %s: as root, usermod --add-subuids 100000-165535 "
				    "--add-subgids 100000-165535 %s",
				    files[i], user, user);
		else if (!path)
			str_appendf(out, "there is no %s: install the package uidmap", tools[i]);
		else if (!rootless_tool_has_rights(path))
			str_appendf(out, "%s may not map ids: as root, chmod u+s %s", path, path);
		else
			continue;
		return;
	}
	str_append(out, "there were no more when your namespaces were made: end your coffer-holder");
}

static void look_at_ids(const struct engine *engine, struct finding *finding)
{
	uint32_t last = MIN(user_namespace_last_uid(), user_namespace_last_gid());
	(void)engine;
	str_appendf(&finding->state, "0-%u", last);
	if (last == 0) {
		str_append(&finding->warning, "Containers have one user and one group only: ");
		explain_one_id(&finding->warning);
	} else if (last < USUAL_LAST_ID) {
		str_appendf(&finding->warning,
			    "Containers have no ids above %u: " SUBUID_FILE " and " SUBGID_FILE
			    " give your user no more",
			    last);
	}
}

/* --- limits --- */

/* Where his cgroups are made: by the service manager of his below its own, by us below the parent of all. */
static char *parent_of_cgroups(bool systemd)
{
	if (!systemd)
		return mem_strdup(CGROUP_OWN_PARENT);
	return mem_printf("/user.slice/user-%u.slice/user@%u.service", own_uid(), own_uid());
}

static void look_at_limits(const struct engine *engine, struct finding *finding)
{
	static const char *const controllers[] = { "cpu", "cpuset", "io", "memory", "pids" };
	bool systemd = streq(cgroup_place_name(engine), "systemd");
	_cleanup_free_ char *parent = parent_of_cgroups(systemd);
	_cleanup_str_ struct str missing = { 0 };
	const char *memory = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		const char *place;
		bool has = cgroup_is_permitted(controllers[i], parent, &place);
		struct str *list = has ? &finding->state : &missing;
		str_appendf(list, "%s%s", list->len > 0 ? " " : "", controllers[i]);
		memory = streq(controllers[i], "memory") && cgroup_is_v1("memory") ? place : memory;
	}
	if (finding->state.len == 0)
		str_append(&finding->state, "none");
	if (missing.len == 0)
		return;
	str_appendf(&finding->warning, "Containers have no limits of %s, which nobody has delegated to you",
		    missing.data);
	if (systemd)
		str_append(&finding->warning, ": " CGROUP_DELEGATE_HINT);
	else if (systemd_check_running(NULL) >= 0)
		str_append(&finding->warning, ": " CGROUP_LINGER_HINT);
	else if (memory)
		str_appendf(&finding->warning, ": " CGROUP_GIVE_HINT, memory);
}

/* --- network --- */

static void look_at_network(const struct engine *engine, struct finding *finding)
{
	const char *way = tool_find("pasta") ? "pasta" : tool_find("slirp4netns") ? "slirp4netns" : NULL;
	_cleanup_close_ int tun = open(TUN, O_RDWR | O_CLOEXEC);
	int sys_errno = tun < 0 ? errno : 0;
	(void)engine;
	str_append(&finding->state, way && tun >= 0 ? way : "none");
	if (tun < 0)
		str_appendf(&finding->warning, "Containers have no network: " TUN " cannot be opened: as root, %s",
			    sys_errno == EACCES || sys_errno == EPERM ? "chmod 666 " TUN : "modprobe tun");
	else if (!way)
		str_append(&finding->warning, "Containers have no network: there is neither pasta nor slirp4netns: "
					      "install the package passt");
}

static void look_at_ports(const struct engine *engine, struct finding *finding)
{
	char lowest[16];
	(void)engine;
	if (file_read_line(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", lowest, sizeof lowest) <= 0)
		str_copy(lowest, sizeof lowest, "1024");
	str_appendf(&finding->state, "published from %s up (" PORT_SETTING ")", lowest);
}

/* What leads out asks by a socket of the user's own, for which his group has to be in a range. Source: icmp(7). */
static void look_at_ping(const struct engine *engine, struct finding *finding)
{
	_cleanup_close_ int echo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	(void)engine;
	str_append(&finding->state, echo >= 0 ? "everywhere" : "this machine's containers only");
	if (echo < 0)
		str_appendf(&finding->warning,
			    "Containers cannot ping other machines: group %u is not in " PING_SETTING
			    ": as root, sysctl " PING_SETTING "='0 2147483647'",
			    outside("/proc/self/gid_map"));
}

/* --- devices, places --- */

static void look_at_fuse(const struct engine *engine, struct finding *finding)
{
	_cleanup_close_ int fuse = open(FUSE, O_RDWR | O_CLOEXEC);
	(void)engine;
	str_append(&finding->state, fuse >= 0	      ? "--device " FUSE
				    : errno == ENOENT ? "no " FUSE
						      : FUSE " is not for you");
}

static bool is_of_network(const char *path)
{
	struct statfs fs;
	enum { CIFS = (int)0xff534d42, SMB2 = (int)0xfe534d42 };
	if (statfs(path, &fs) < 0)
		return false;
	return fs.f_type == NFS_SUPER_MAGIC || (int)fs.f_type == CIFS || (int)fs.f_type == SMB2;
}

static void look_at_store(const struct engine *engine, struct finding *finding)
{
	struct statvfs fs = { 0 };
	(void)statvfs(engine->root, &fs);
	str_append(&finding->state, engine->root);
	if (is_of_network(engine->root))
		str_appendf(&finding->warning,
			    "'%s' is on a network file system, where files cannot have your other ids: "
			    "--root DIRECTORY, on a disk of this machine",
			    engine->root);
	else if (fs.f_flag & ST_NOEXEC)
		str_appendf(&finding->warning,
			    "'%s' is mounted noexec: what is in volumes, and everything with the storage driver vfs, "
			    "cannot be executed: --root DIRECTORY, on another file system",
			    engine->root);
}

static void look_at_runroot(const struct engine *engine, struct finding *finding)
{
	_cleanup_free_ char *last_resort = mem_printf("/tmp/coffer-%u", own_uid());
	str_append(&finding->state, engine->runroot);
	if (streq(engine->runroot, last_resort))
		str_append(&finding->warning,
			   "there is no XDG_RUNTIME_DIR of yours, so what runs is kept track of in /tmp: log in by a "
			   "session of systemd's, or export XDG_RUNTIME_DIR=DIRECTORY");
}

/* Where systemd is, all of a user's processes end with his last session, unless he lingers. Source: loginctl(1). */
static void look_at_lingering(const struct engine *engine, struct finding *finding)
{
	_cleanup_free_ char *user = own_name();
	_cleanup_free_ char *path = mem_printf("/var/lib/systemd/linger/%s", user);
	bool systemd = access("/run/systemd/system", F_OK) == 0, lingers = access(path, F_OK) == 0;
	(void)engine;
	str_append(&finding->state, !systemd ? "no session ends them" : lingers ? "yes" : "no");
	if (systemd && !lingers)
		str_appendf(&finding->warning, "Containers may end with your last session: loginctl enable-linger %s",
			    user);
}

/* --- all of it --- */

static const struct {
	const char *name;
	void (*look)(const struct engine *engine, struct finding *finding);
} SUBJECTS[] = {
	{ "IDs", look_at_ids },	    { "Limits", look_at_limits },  { "Network", look_at_network },
	{ "Ports", look_at_ports }, { "Ping", look_at_ping },	   { "FUSE", look_at_fuse },
	{ "Store", look_at_store }, { "RunDir", look_at_runroot }, { "Lingering", look_at_lingering },
};

static void add_finding(struct json_object *info, const char *name, const struct finding *finding)
{
	_cleanup_free_ char *warning = mem_printf("WARNING: %s", str_text(&finding->warning));
	json_add_string(json_object_object_get(info, "Rootless"), name, str_text(&finding->state));
	if (*str_text(&finding->warning))
		json_append_string(json_object_object_get(info, "Warnings"), warning);
}

/* As in the file, by the names that podman has for them. */
static void add_map(struct json_object *mappings, const char *key, const char *path)
{
	struct json_object *list = json_add_array(mappings, key);
	_cleanup_free_ char *text = NULL;
	unsigned inside, outside, size;
	int len;
	if (file_read(AT_FDCWD, path, MAP_SIZE_MAX, &text, NULL, NULL) < 0)
		return;
	for (const char *at = text; sscanf(at, "%u %u %u%n", &inside, &outside, &size, &len) == 3; at += len) {
		struct json_object *mapping = json_object_new_object();
		json_add_i64(mapping, "container_id", inside);
		json_add_i64(mapping, "host_id", outside);
		json_add_i64(mapping, "size", size);
		json_object_array_add(list, mapping);
	}
}

void rootless_info_add(const struct engine *engine, struct json_object *info)
{
	if (!user_namespace_is_own())
		return;
	struct json_object *mappings = json_add_object(info, "IDMappings");
	add_map(mappings, "uidmap", "/proc/self/uid_map");
	add_map(mappings, "gidmap", "/proc/self/gid_map");
	json_append_string(json_object_object_get(info, "SecurityOptions"), "name=rootless");
	json_add_object(info, "Rootless");
	for (size_t i = 0; i < ARRAY_SIZE(SUBJECTS); i++) {
		struct finding finding = { 0 };
		SUBJECTS[i].look(engine, &finding);
		add_finding(info, SUBJECTS[i].name, &finding);
		str_done(&finding.state);
		str_done(&finding.warning);
	}
}
