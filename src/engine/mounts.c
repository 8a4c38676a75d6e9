/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mounts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/container-config.h"
#include "engine/join.h"
#include "engine/mount-request.h"
#include "engine/oci-spec.h"
#include "engine/secret-request.h"
#include "engine/sharing.h"
#include "engine/systemd-mode.h"
#include "engine/volume-dir.h"
#include "monitor/protocol.h"
#include "runtime/mount-options.h"
#include "runtime/user-namespace.h"

static const uint64_t SHM_SIZE_DEFAULT = 64 << 20;

enum { OPTIONS_MAX = 8 };

static const struct default_mount {
	const char *destination, *type, *source;
	const char *options[OPTIONS_MAX];
	bool protects; /* read-only, unless the container is privileged */
	enum namespace_type shows;
} DEFAULTS[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" }, false, NAMESPACE_PID },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" }, false, NAMESPACE_MOUNT },
	{ "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" }, false, NAMESPACE_MOUNT },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev" }, true, NAMESPACE_NETWORK },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev" }, true, NAMESPACE_CGROUP },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, false, NAMESPACE_IPC },
};

enum { TERMINAL_GROUP = 5 };

/* The files of network/files.h, and where they are seen. */
static const struct {
	const char *name, *destination;
} FILES[] = {
	{ "resolv.conf", "/etc/resolv.conf" },
	{ "hostname", "/etc/hostname" },
	{ "hosts", "/etc/hosts" },
};

/* --- checking --- */

static int source_missing(const char *path, struct error *err)
{
	_cleanup_free_ char *parent = path_normalize(path);
	err_set(err, ERR_MNT_SRC, "bind source path does not exist: %s", path);
	for (char *slash; (slash = strrchr(parent, '/')) && access(parent, F_OK) < 0;)
		slash[slash == parent] = '\0';
	err_cause(err, "the last existing parent is %s", parent);
	return err_hint(err, "mkdir -p %s", path);
}

static int check_source(const struct mount_request *mount, struct error *err)
{
	struct stat st;
	if (mount->kind != MOUNT_BIND)
		return 0;
	if (str_is_empty(mount->source) || mount->source[0] != '/') {
		err_set(err, ERR_MNT_REL, "\"%s\" is neither a volume name nor an absolute path",
			mount->source ? mount->source : "");
		return err_hint(err, "-v ./%s:%s", mount->source ? mount->source : "", mount->target);
	}
	if (mount->create_source || stat(mount->source, &st) == 0)
		return 0;
	return errno == ENOENT ? source_missing(mount->source, err) :
				 err_sys_code(err, ERR_MNT_SRC, errno, "examine bind source '%s'", mount->source);
}

static int check_target(const struct container_spec *spec, size_t index, struct error *err)
{
	const char *target = spec->mounts[index].target;
	if (str_is_empty(target) || target[0] != '/')
		return err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it must be absolute", target ? target : "");
	_cleanup_free_ char *place = path_normalize(target);
	if (streq(place, "/"))
		return err_set(err, ERR_MNT_REL, "invalid mount path \"%s\": it cannot be the root", target);
	for (size_t i = 0; i < index; i++) {
		_cleanup_free_ char *other = path_normalize(spec->mounts[i].target);
		if (streq(place, other))
			return err_set(err, ERR_INVALID, "Duplicate mount point: %s", place);
	}
	return 0;
}

int mounts_check(const struct container_spec *spec, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < spec->n_mounts; i++) {
		r = check_target(spec, i, err);
		if (r >= 0)
			r = check_source(&spec->mounts[i], err);
	}
	return r;
}

/* --- making --- */

static bool is_asked_for(const struct container_config *config, const char *destination)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (streq(config->mounts[i].target, destination))
			return true;
	return false;
}

/* Returns the array for its options. */
static struct json_object *add_mount(struct json_object *mounts, const char *destination, const char *type,
				     const char *source)
{
	struct json_object *mount = json_object_new_object();
	json_add_string(mount, "destination", destination);
	json_add_string(mount, "type", type);
	json_add_string(mount, "source", source);
	json_object_array_add(mounts, mount);
	return json_add_array(mount, "options");
}

static void append_all(struct json_object *options, const char *const *words)
{
	for (; *words; words++)
		json_append_string(options, *words);
}

/* Whoever brings a /dev of their own has what is below it, too. */
static bool is_left_out(const struct container_config *config, const char *destination)
{
	return is_asked_for(config, destination) ||
	       (str_starts_with(destination, "/dev/") && is_asked_for(config, "/dev"));
}

/* What is at @source, with all that is mounted below it. */
static struct json_object *add_bound(struct json_object *mounts, const char *destination, const char *source)
{
	struct json_object *options = add_mount(mounts, destination, "bind", source);
	append_all(options, (const char *const[]){ "rbind", "nosuid", "noexec", "nodev", NULL });
	return options;
}

/* A user namespace without groups of terminals has none for these, either. */
static void append_options(struct json_object *options, const char *const *words, uint32_t last_group)
{
	for (; *words; words++)
		if (!streq(*words, "gid=5") || last_group >= TERMINAL_GROUP)
			json_append_string(options, *words);
}

/* Of the same container as its user namespace, which so is the one that the other namespace belongs to. */
static bool is_of_same(const struct container_config *config, enum namespace_type type)
{
	const char *userns = join_id(config->joins, namespace_spec_name(NAMESPACE_USER));
	const char *other = join_id(config->joins, namespace_spec_name(type));
	const struct container_spec *spec = config_spec(config);
	if (type == NAMESPACE_NETWORK && userns && spec->network == NETWORK_CONTAINER)
		return streq_null(userns, spec->network_target);
	return streq_null(userns, other) && other;
}

enum owner { OWNED, OWNED_BY_HOST, OWNED_BY_OTHER };

/*
 * Whose user namespace the namespace belongs to that the mount shows: only in its own can it be mounted anew. Of the
 * host's there is a mount to bind, and what sysfs shows of another's network is the host's, too.
 */
static enum owner owner_of(const struct container_config *config, const struct default_mount *mount)
{
	const struct container_spec *spec = config_spec(config);
	bool shows = mount->shows == NAMESPACE_PID || mount->shows == NAMESPACE_NETWORK ||
		     mount->shows == NAMESPACE_IPC;
	if (!shows || (!config_has_userns(config) && !user_namespace_is_own()))
		return OWNED;
	if (is_shared(spec, mount->shows))
		return OWNED_BY_HOST;
	if (!config_has_userns(config) || is_of_same(config, mount->shows))
		return OWNED;
	if (mount->shows == NAMESPACE_NETWORK)
		return spec->network == NETWORK_CONTAINER || spec->network == NETWORK_PATH ? OWNED_BY_HOST : OWNED;
	return has_own(spec, mount->shows) ? OWNED : OWNED_BY_OTHER;
}

/* NULL: it is not mounted. */
static struct json_object *add_default(const struct container_config *config, const struct default_mount *mount,
				       uint32_t last_group, struct json_object *mounts)
{
	enum owner owner = owner_of(config, mount);
	if (owner == OWNED_BY_OTHER || (owner == OWNED_BY_HOST && access(mount->destination, F_OK) < 0))
		return NULL;
	if (owner == OWNED_BY_HOST)
		return add_bound(mounts, mount->destination, mount->destination);
	struct json_object *options = add_mount(mounts, mount->destination, mount->type, mount->source);
	append_options(options, mount->options, last_group);
	return options;
}

static bool is_protected(const struct container_spec *spec, const struct default_mount *mount, bool writable_cgroups)
{
	if (mount->shows == NAMESPACE_CGROUP)
		return !writable_cgroups;
	return mount->protects && !spec->privileged;
}

static void add_defaults(const struct container_config *config, const struct oci_context *context,
			 bool writable_cgroups, struct json_object *mounts)
{
	const struct container_spec *spec = config_spec(config);
	for (size_t i = 0; i < ARRAY_SIZE(DEFAULTS); i++) {
		if (is_left_out(config, DEFAULTS[i].destination))
			continue;
		struct json_object *options = add_default(config, &DEFAULTS[i], context->last_group, mounts);
		if (options && is_protected(spec, &DEFAULTS[i], writable_cgroups))
			json_append_string(options, "ro");
	}
}

static void add_shm(const struct container_config *config, struct json_object *mounts)
{
	const struct container_spec *spec = config_spec(config);
	if (is_left_out(config, "/dev/shm") || streq_null(spec->ipc_mode, "none"))
		return;
	/* Whoever has the semaphores of the host, or of another container, has their shared memory, too. */
	if (is_shared(spec, NAMESPACE_IPC) || joined_container(spec, NAMESPACE_IPC)) {
		(void)add_bound(mounts, "/dev/shm",
				is_shared(spec, NAMESPACE_IPC) ? "/dev/shm" : MONITOR_SHARED_MEMORY);
		return;
	}
	_cleanup_free_ char *size =
		mem_printf("size=%" PRIu64, spec->shm_size ? spec->shm_size : SHM_SIZE_DEFAULT);
	struct json_object *options = add_mount(mounts, "/dev/shm", "tmpfs", "shm");
	append_all(options, (const char *const[]){ "nosuid", "noexec", "nodev", "mode=1777", size, NULL });
}

/* The first of @words that is among the options of @mount, or NULL. */
static const char *find_any(const struct mount_request *mount, const char *const *words)
{
	for (; *words; words++)
		if (strv_contains(mount->options, *words))
			return *words;
	return NULL;
}

const char *mount_propagation(const struct mount_request *mount)
{
	static const char *const words[] = { "shared",	"slave",  "private",  "unbindable",  "rshared",
					     "rslave", "rprivate", "runbindable", NULL };
	return find_any(mount, words);
}

bool mount_maps_ids(const struct mount_request *mount)
{
	for (char **option = mount->options; option && *option; option++) {
		const char *rest = str_after(*option, "idmap");
		if (rest && (*rest == '\0' || *rest == '='))
			return true;
	}
	return false;
}

/*
 * Read-only with everything below it: a mount inside of the source would be writable otherwise. Whoever says "ro" among
 * the options wants just that.
 */
static struct json_object *add_bind(const struct mount_request *mount, const char *source, struct json_object *mounts)
{
	static const char *const binds[] = { "bind", "rbind", NULL };
	struct json_object *options = add_mount(mounts, mount->target, "bind", source);
	if (!find_any(mount, binds))
		json_append_string(options, "rbind");
	for (char **option = mount->options; option && *option; option++)
		json_append_string(options, *option);
	if (mount->readonly && !strv_contains(mount->options, "ro"))
		append_all(options, (const char *const[]){ "ro", "rro", NULL });
	if (!mount_propagation(mount))
		json_append_string(options, "rprivate");
	if (mount->subpath && mount->kind != MOUNT_IMAGE) {
		_cleanup_free_ char *subpath = mem_printf(MOUNT_SUBPATH "%s", mount->subpath);
		json_append_string(options, subpath);
	}
	return options;
}

/* Returns the array for its options. */
static struct json_object *add_volume(const struct mount_request *mount, const char *volumes,
				      struct json_object *mounts)
{
	_cleanup_free_ char *path = mem_printf("%s/%s/" VOLUME_DATA, volumes, mount->source);
	return add_bind(mount, path, mounts);
}

/* A volume's files are the containers', whichever of the host's ids each of them has: one can serve several. */
static bool is_to_be_mapped(const struct container_config *config, const struct oci_context *context,
			    const struct mount_request *mount)
{
	return config_has_userns(config) && !context->shifted && !mount_maps_ids(mount);
}

static void add_tmpfs(const struct mount_request *mount, struct json_object *mounts)
{
	struct json_object *options = add_mount(mounts, mount->target, "tmpfs", "tmpfs");
	append_all(options, (const char *const[]){ "noexec", "nosuid", "nodev", NULL });
	for (char **option = mount->options; option && *option; option++)
		json_append_string(options, *option);
	if (mount->readonly)
		json_append_string(options, "ro");
}

/* --- the person's and the container's files, in one order --- */

struct requests {
	const struct mount_request **sorted;
	size_t count;
	struct mount_request files[ARRAY_SIZE(FILES)];
	struct mount_request init, notify;
	struct mount_request *own; /* for secrets, and for systemd */
	size_t n_own;
};

static void requests_done(struct requests *requests)
{
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++)
		free(requests->files[i].source);
	free(requests->init.source);
	free(requests->notify.source);
	mount_requests_free(requests->own, requests->n_own);
	free(requests->sorted);
}
#define _cleanup_requests_ _cleanup_(requests_done)

static void take(struct requests *requests, const struct mount_request *request)
{
	*ARRAY_APPEND(requests->sorted, requests->count) = request;
}

bool mounts_has_notify(const struct container_spec *spec)
{
	return streq_null(spec->sdnotify, "container");
}

static void take_notify(const struct container_config *config, const char *run_dir, struct requests *requests)
{
	if (!mounts_has_notify(config_spec(config)) || is_asked_for(config, NOTIFY_DIR))
		return;
	requests->notify = (struct mount_request){
		.kind = MOUNT_BIND,
		.target = (char *)NOTIFY_DIR,
		.source = path_join(run_dir, MONITOR_NOTIFY_DIR),
		.readonly = true,
	};
	take(requests, &requests->notify);
}

static void take_own(const struct container_config *config, const char *run_dir, struct requests *requests)
{
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		struct mount_request *file = &requests->files[i];
		file->kind = MOUNT_BIND;
		file->target = (char *)FILES[i].destination;
		file->source = path_join(run_dir, FILES[i].name);
		if (!is_asked_for(config, file->target))
			take(requests, file);
	}
	systemd_mode_mounts(config, &requests->own, &requests->n_own);
	secret_requests_mount(config_spec(config), run_dir, &requests->own, &requests->n_own);
	for (size_t i = 0; i < requests->n_own; i++)
		take(requests, &requests->own[i]);
	take_notify(config, run_dir, requests);
	if (!config_spec(config)->init)
		return;
	requests->init = (struct mount_request){
		.kind = MOUNT_BIND,
		.target = (char *)INIT_PATH,
		.source = process_helper_path(INIT_PROGRAM),
		.readonly = true,
	};
	take(requests, &requests->init);
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;
	for (; *path; path++)
		depth += *path == '/' && path[1] && path[1] != '/';
	return depth;
}

static int compare_depth(const void *a, const void *b)
{
	size_t left = depth_of((*(const struct mount_request *const *)a)->target);
	size_t right = depth_of((*(const struct mount_request *const *)b)->target);
	return (left > right) - (left < right);
}

/* Those higher up first, or they would hide the others. No two have the same place. */
static void add_requests(const struct container_config *config, const struct oci_context *context,
			 struct json_object *mounts)
{
	_cleanup_requests_ struct requests requests = { 0 };
	for (size_t i = 0; i < config->n_mounts; i++)
		take(&requests, &config->mounts[i]);
	take_own(config, context->run_dir, &requests);
	if (requests.count > 0)
		qsort(requests.sorted, requests.count, sizeof *requests.sorted, compare_depth);
	for (size_t i = 0; i < requests.count; i++) {
		const struct mount_request *request = requests.sorted[i];
		struct json_object *options = NULL;
		if (request->kind == MOUNT_BIND)
			(void)add_bind(request, request->source, mounts);
		else if (request->kind == MOUNT_IMAGE)
			(void)add_bind(request, request->source, mounts); /* which the monitor knows by its place */
		else if (request->kind == MOUNT_VOLUME)
			options = add_volume(request, context->volumes, mounts);
		else
			add_tmpfs(request, mounts);
		if (options && is_to_be_mapped(config, context, request))
			json_append_string(options, "idmap");
	}
}

void mounts_add(const struct container_config *config, const struct oci_context *context, bool writable_cgroups,
		struct json_object *root)
{
	struct json_object *mounts = json_add_array(root, "mounts");
	add_defaults(config, context, writable_cgroups, mounts);
	if (!is_left_out(config, "/sys/fs/cgroup"))
		systemd_mode_add_hierarchy(config, mounts);
	add_shm(config, mounts);
	add_requests(config, context, mounts);
}
