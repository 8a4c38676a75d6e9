/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/oci-spec.h"

#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/cgroup-place.h"
#include "engine/device-request.h"
#include "engine/id-mapping.h"
#include "engine/limits.h"
#include "engine/mount-shared.h"
#include "engine/mounts.h"
#include "engine/qos.h"
#include "engine/seccomp-default.h"
#include "engine/seccomp-profile.h"
#include "engine/security.h"
#include "engine/sharing.h"
#include "engine/time-offset.h"
#include "engine/systemd-mode.h"
#include "engine/user.h"
#include "monitor/protocol.h"
#include "runtime/capability.h"
#include "runtime/spec.h"
#include "runtime/user-namespace.h"

/* What the monitor holds, and the runtime in it joins. */
#define NETNS_PATH "/proc/self/fd/" STRINGIFY(MONITOR_NETNS_NUMBER)
#define USERNS_PATH "/proc/self/fd/" STRINGIFY(MONITOR_USERNS_NUMBER)

const char *const OCI_MASKED_PATHS[] = {
	"/proc/asound",	      "/proc/acpi",	   "/proc/interrupts",	"/proc/kcore",
	"/proc/keys",	      "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	"/proc/sched_debug",  "/proc/scsi",	   "/sys/firmware",	"/sys/devices/virtual/powercap",
	NULL,
};

const char *const OCI_READONLY_PATHS[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
					   NULL };

/* What the pieces are made of. */
struct work {
	const struct container_config *config;
	const struct container_spec *spec;
	const struct oci_context *context;
	struct security security;
	struct user user;
	struct id_mapping mapping; /* of its user namespace */
};

static void work_done(struct work *work)
{
	security_done(&work->security);
	user_done(&work->user);
	id_mapping_done(&work->mapping);
}
#define _cleanup_work_ _cleanup_(work_done)

/* --- process --- */

void oci_add_user(const struct user *user, struct json_object *process)
{
	struct json_object *section = json_add_object(process, "user");
	json_add_i64(section, "uid", user->uid);
	json_add_i64(section, "gid", user->gid);
	struct json_object *groups = json_add_array(section, "additionalGids");
	size_t count = user_namespace_has_groups() ? user->n_groups : 0;
	for (size_t i = 0; i < count; i++)
		json_object_array_add(groups, json_object_new_int64(user->groups[i]));
}

static void add_args(const struct work *work, struct json_object *process)
{
	struct json_object *args = json_add_array(process, "args");
	_cleanup_strv_ char **words = config_args(work->config);
	/* A pod's infra container has nothing else to run than that one. */
	if (work->spec->init && !streq(words[0], INIT_PATH)) {
		json_append_string(args, INIT_PATH);
		json_append_string(args, "--");
	}
	for (char **word = words; *word; word++)
		json_append_string(args, *word);
}

/* The set of names is shared: json-c counts references. */
void oci_add_capabilities(uint64_t set, struct json_object *process)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	struct json_object *capabilities = json_add_object(process, "capabilities");
	struct json_object *names = json_object_new_array();
	for (int i = 0; i < 64; i++)
		if ((set & capability_bit(i)) && capability_name(i))
			json_append_string(names, capability_name(i));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		json_object_object_add(capabilities, sets[i], json_object_get(names));
	json_object_put(names);
}

void oci_add_console(bool tty, unsigned rows, unsigned columns, struct json_object *process)
{
	json_add_bool(process, "terminal", tty);
	if (!tty || rows == 0 || columns == 0)
		return;
	struct json_object *size = json_add_object(process, "consoleSize");
	json_add_i64(size, "height", rows);
	json_add_i64(size, "width", columns);
}

static void add_umask(const char *text, struct json_object *process)
{
	struct json_object *user;
	uint64_t mask;
	if (text && parse_octal(text, 0777, &mask, NULL) >= 0 && json_object_object_get_ex(process, "user", &user))
		json_add_u64(user, "umask", mask);
}

static int add_process(const struct work *work, struct json_object *root, struct error *err)
{
	struct json_object *process = json_add_object(root, "process");
	const struct container_spec *spec = work->spec;
	_cleanup_strv_ char **env = systemd_mode_env(work->config, work->context->id);
	_cleanup_strv_ char **own = config_env(work->config, spec->tty, work->user.home);
	env_merge(&env, own);
	env_merge(&env, work->context->secret_env);
	if (mounts_has_notify(spec))
		env_merge(&env, (char *const[]){ (char *)"NOTIFY_SOCKET=" NOTIFY_PATH, NULL });
	oci_add_console(spec->tty, spec->console_rows, spec->console_columns, process);
	oci_add_user(&work->user, process);
	add_umask(spec->umask, process);
	add_args(work, process);
	json_add_strv(process, "env", env);
	json_add_string(process, "cwd", work->config->working_dir);
	oci_add_capabilities(work->security.capabilities, process);
	json_add_bool(process, "noNewPrivileges", work->security.no_new_privileges);
	json_add_string(process, "apparmorProfile", work->security.apparmor_profile);
	int64_t oom_score = qos_effective(spec).oom_score_adj;
	if (oom_score)
		json_add_i64(process, "oomScoreAdj", oom_score);
	return ulimits_add(spec->ulimits, process, err);
}

/* --- linux --- */

static void add_namespaces(const struct container_spec *spec, struct json_object *section)
{
	static const enum namespace_type types[] = { NAMESPACE_MOUNT, NAMESPACE_NETWORK, NAMESPACE_UTS, NAMESPACE_PID,
						     NAMESPACE_IPC,   NAMESPACE_CGROUP,	 NAMESPACE_TIME };
	struct json_object *namespaces = json_add_array(section, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i] == NAMESPACE_TIME ? !time_offsets_are_wanted(spec) : is_shared(spec, types[i]))
			continue;
		struct json_object *namespace = json_object_new_object();
		json_add_string(namespace, "type", namespace_spec_name(types[i]));
		if (types[i] == NAMESPACE_NETWORK && spec->network != NETWORK_NONE)
			json_add_string(namespace, "path", NETNS_PATH);
		else
			json_add_string(namespace, "path", joined_path(spec, types[i]));
		json_object_array_add(namespaces, namespace);
	}
}

static uint32_t last_group(const struct work *work)
{
	return config_has_userns(work->config) ? id_list_last(&work->mapping.gids) : user_namespace_last_gid();
}

static void add_mappings(struct json_object *section, const char *key, const struct id_list *list)
{
	struct json_object *mappings = json_add_array(section, key);
	for (size_t i = 0; i < list->count; i++) {
		struct json_object *mapping = json_object_new_object();
		json_add_i64(mapping, "containerID", list->items[i].container_id);
		json_add_i64(mapping, "hostID", list->items[i].host_id);
		json_add_i64(mapping, "size", list->items[i].size);
		json_object_array_add(mappings, mapping);
	}
}

/* That of another container has no path yet: the monitor looks for it at every start. */
static void add_user_namespace(const struct work *work, struct json_object *section)
{
	struct json_object *namespaces, *namespace;
	if (!config_has_userns(work->config) || !json_object_object_get_ex(section, "namespaces", &namespaces))
		return;
	namespace = json_object_new_object();
	json_add_string(namespace, "type", namespace_spec_name(NAMESPACE_USER));
	json_add_string(namespace, "path", joined_container(work->spec, NAMESPACE_USER) ? NULL : USERNS_PATH);
	json_object_array_add(namespaces, namespace);
	add_mappings(section, "uidMappings", &work->mapping.uids);
	add_mappings(section, "gidMappings", &work->mapping.gids);
}

/* Older kernels lack some. */
static void add_if_known(struct json_object *sysctls, const char *key, const char *path, const char *value)
{
	if (access(path, F_OK) == 0)
		json_add_string(sysctls, key, value);
}

/*
 * Settings that every network namespace of its own gets: nothing in it is privileged but what needs a capability. As for
 * groups, the kernel takes those that are mapped.
 */
static void add_network_sysctls(uint32_t last_group, struct json_object *sysctls)
{
	char groups[32];
	snprintf(groups, sizeof groups, "0 %u", MIN(last_group, (uint32_t)INT32_MAX));
	add_if_known(sysctls, "net.ipv4.ip_unprivileged_port_start", "/proc/sys/net/ipv4/ip_unprivileged_port_start",
		     "0");
	add_if_known(sysctls, "net.ipv4.ping_group_range", "/proc/sys/net/ipv4/ping_group_range", groups);
}

static void add_sysctls(const struct container_spec *spec, uint32_t last_group, struct json_object *section)
{
	struct json_object *sysctls = json_add_object(section, "sysctl");
	if (spec->network != NETWORK_HOST)
		add_network_sysctls(last_group, sysctls);
	for (char **setting = spec->sysctls; setting && *setting; setting++) {
		size_t len = strcspn(*setting, "=");
		_cleanup_free_ char *key = mem_strndup(*setting, len);
		json_add_string(sysctls, key, (*setting)[len] ? *setting + len + 1 : "");
	}
}

static int add_seccomp(const struct security *security, struct json_object *section, struct error *err)
{
	struct json_object *profile = NULL;
	if (security->seccomp == SECCOMP_UNCONFINED)
		return 0;
	if (security->seccomp == SECCOMP_BUILTIN) {
		profile = seccomp_default_profile(security->capabilities);
	} else {
		int r = seccomp_profile_load(security->seccomp_file, security->capabilities, &profile, err);
		if (r < 0)
			return r;
	}
	json_object_object_add(section, "seccomp", profile);
	return 0;
}

static void add_paths(struct json_object *section, const char *key, const char *const *paths)
{
	json_add_strv(section, key, (char *const *)paths);
}

static int add_linux(const struct work *work, struct json_object *root, struct error *err)
{
	struct json_object *section = json_add_object(root, "linux");
	json_add_string(section, "cgroupsPath", work->context->cgroup);
	add_namespaces(work->spec, section);
	add_user_namespace(work, section);
	add_sysctls(work->spec, last_group(work), section);
	time_offsets_add(work->spec, section);
	if (!work->security.open_system_paths) {
		add_paths(section, "maskedPaths", OCI_MASKED_PATHS);
		add_paths(section, "readonlyPaths", OCI_READONLY_PATHS);
	}
	struct json_object *resources = json_add_object(section, "resources");
	int r = limits_add(work->spec, resources, err);
	if (r >= 0)
		r = devices_add(work->spec, section, resources, err);
	return r < 0 ? r : add_seccomp(&work->security, section, err);
}

/* --- all of it --- */

static int check_sysctl(const struct spec *namespaces, const char *setting, struct error *err)
{
	_cleanup_free_ char *key = mem_strndup(setting, strcspn(setting, "="));
	const char *value = setting + strlen(key);
	if (!*value)
		return err_set(err, ERR_SYSCTL, "--sysctl %s: it is KEY=VALUE", setting);
	const char *problem = spec_sysctl_problem(namespaces, key, value + 1);
	return problem ? err_set(err, ERR_SYSCTL, "--sysctl %s: sysctl \"%s\" %s", setting, key, problem) : 0;
}

/* The runtime knows which settings are a container's own; it is asked before anything is made. */
static int check_sysctls(const struct container_spec *spec, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_spec_ struct spec *namespaces = NULL;
	if (strv_count(spec->sysctls) == 0)
		return 0;
	struct json_object *root = json_object_new_object();
	json_add_string(root, "ociVersion", OCI_VERSION);
	json_add_string(json_add_object(root, "root"), "path", "rootfs");
	add_namespaces(spec, json_add_object(root, "linux"));
	json_document_wrap(root, "namespaces", ERR_INTERNAL, &document);
	int r = spec_from_json(&document, &namespaces, err);
	for (char **setting = spec->sysctls; r >= 0 && *setting; setting++)
		r = check_sysctl(namespaces, *setting, err);
	return r;
}

/* Who has no id in its user namespace cannot be its user. */
static int check_ids(const struct work *work, struct error *err)
{
	const struct user *user = &work->user;
	if (!id_list_has(&work->mapping.uids, user->uid, 1))
		return err_set(err, ERR_IDMAP,
			       "the container's user namespace has no user id %u, which it is to run as", user->uid);
	for (size_t i = 0; i < user->n_groups; i++)
		if (!id_list_has(&work->mapping.gids, user->groups[i], 1))
			return err_set(err, ERR_IDMAP,
				       "the container's user namespace has no group id %u, which its user is to have",
				       user->groups[i]);
	return 0;
}

static int check(struct work *work, struct error *err)
{
	const struct container_config *config = work->config;
	int r = limits_check(work->spec, err);
	if (r >= 0)
		r = sharing_check(work->spec, err);
	if (r >= 0)
		r = mounts_check(work->spec, err);
	if (r >= 0)
		r = mounts_shared_check(work->spec, err);
	if (r >= 0)
		r = check_sysctls(work->spec, err);
	if (r >= 0)
		r = time_offsets_check(work->spec, err);
	if (r >= 0)
		r = security_resolve(work->spec, config->security_options, &work->security, err);
	if (r >= 0 && work->security.writable_cgroups && !work->spec->privileged)
		r = cgroup_place_check_writable(work->spec, err);
	if (r >= 0)
		r = systemd_mode_open_cgroups(config, &work->security.writable_cgroups, err);
	if (r >= 0)
		r = user_resolve(work->context->merged, config->user, work->spec->image, &work->user, err);
	if (r >= 0)
		r = user_add_groups(work->context->merged, work->spec->groups, work->spec->image, &work->user, err);
	if (r >= 0)
		r = id_mapping_from_texts(config->uid_map, config->gid_map, &work->mapping, err);
	if (r >= 0 && config_has_userns(config))
		r = check_ids(work, err);
	return r;
}

static void add_annotations(const struct container_spec *spec, struct json_object *root)
{
	_cleanup_strv_ char **annotations = strv_copy(spec->annotations);
	if (spec->cgroups_best_effort)
		strv_append(&annotations, SPEC_BEST_EFFORT "=1");
	if (strv_count(annotations) > 0)
		json_add_pairs(root, "annotations", annotations);
}

static int make(const struct work *work, struct json_object *root, struct error *err)
{
	json_add_string(root, "ociVersion", OCI_VERSION);
	struct json_object *filesystem = json_add_object(root, "root");
	/* A name that nobody ever sees, if the monitor mounts it. */
	json_add_string(filesystem, "path", work->context->rootfs ? work->context->rootfs : "rootfs");
	json_add_bool(filesystem, "readonly", work->spec->read_only);
	if (has_own(work->spec, NAMESPACE_UTS))
		json_add_string(root, "hostname", work->config->hostname);
	json_add_string(root, "domainname", work->spec->domainname);
	add_annotations(work->spec, root);
	struct oci_context context = *work->context;
	context.last_group = last_group(work);
	mounts_add(work->config, &context, work->security.writable_cgroups, root);
	int r = add_process(work, root, err);
	if (r >= 0)
		r = add_linux(work, root, err);
	if (r >= 0)
		mounts_shared_add(work->spec, root);
	return r;
}

int oci_spec_make(const struct container_config *config, const struct oci_context *context, struct json_object **ret,
		  struct error *err)
{
	_cleanup_work_ struct work work = { .config = config, .spec = config_spec(config), .context = context };
	_cleanup_json_ struct json_object *root = json_object_new_object();
	int r = check(&work, err);
	if (r >= 0)
		r = make(&work, root, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(root);
	return 0;
}
