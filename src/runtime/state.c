/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

enum { STATE_SIZE_MAX = 4 << 20 };

int container_check_id(const char *id, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	if (!*id)
		return err_set(err, ERR_INVALID, "container id cannot be empty");
	if (strlen(id) > CONTAINER_ID_MAX)
		return err_set(err, ERR_INVALID, "container id is longer than %d bytes", CONTAINER_ID_MAX);
	if (id[strspn(id, allowed)] || *id == '.')
		return err_set(err, ERR_INVALID,
			       "invalid container id format: \"%s\": it is [A-Za-z0-9_+-][A-Za-z0-9_+.-]*", id);
	return 0;
}

static int open_root(const char *root)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int lock(int dir, struct error *err)
{
	return RETRY_ON_EINTR(flock(dir, LOCK_EX)) < 0 ? err_sys(err, errno, "lock the container's state") : 0;
}

static int already_exists(const char *root, const char *id, struct error *err)
{
	err_set(err, ERR_EXISTS, "container with id exists: %s", id);
	err_cause(err, "'%s/%s' is there", root, id);
	return err_hint(err, "coffer-runtime --root %s delete --force %s", root, id);
}

static int open_or_make_root(const char *root, struct error *err)
{
	int fd = open_root(root), r = 0;
	if (fd == -ENOENT && (r = path_make_dirs(root, 0700, err)) == 0)
		fd = open_root(root);
	if (r < 0 || fd >= 0)
		return r < 0 ? r : fd;
	return err_sys(err, -fd, "open the runtime's state root '%s'", root);
}

/*
 * Between the directory and its lock others may have removed it, and even made it anew. So it is not who makes the
 * directory that has the id, but who has the lock of one without a container.
 */
int state_make(const char *root, const char *id, struct error *err)
{
	int r = container_check_id(id, err);
	if (r < 0)
		return r;
	_cleanup_close_ int parent = open_or_make_root(root, err);
	if (parent < 0)
		return parent;
	for (;;) {
		struct error why = { 0 };
		if (mkdirat(parent, id, 0700) < 0)
			return errno == EEXIST ? already_exists(root, id, err) :
						 err_sys(err, errno, "make '%s/%s'", root, id);
		_cleanup_close_ int dir = state_open(root, id, true, &why);
		if (dir == -ERR_NO_CONTAINER)
			continue;
		if (dir >= 0 && faccessat(dir, STATE_FILE, F_OK, 0) == 0)
			return already_exists(root, id, err);
		if (dir < 0 && err)
			*err = why;
		return TAKE_FD(dir);
	}
}

static int open_directory(int parent, const char *root, const char *id, struct error *err)
{
	int dir = openat(parent, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0)
		return dir;
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(err, ERR_NO_CONTAINER, "container does not exist: %s", id);
	return err_sys(err, errno, "open '%s/%s'", root, id);
}

/* Who had the lock before us may have removed it, and somebody else may have taken the id since. */
static bool is_current(int dir, int parent, const char *id)
{
	struct stat ours, named;
	return fstat(dir, &ours) == 0 && fstatat(parent, id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

int state_open(const char *root, const char *id, bool with_lock, struct error *err)
{
	int r = container_check_id(id, err);
	if (r < 0)
		return r;
	_cleanup_close_ int parent = open_root(root);
	if (parent == -ENOENT || parent == -ENOTDIR)
		return err_set(err, ERR_NO_CONTAINER, "container does not exist: %s", id);
	if (parent < 0)
		return err_sys(err, -parent, "open the runtime's state root '%s'", root);
	for (;;) {
		_cleanup_close_ int dir = open_directory(parent, root, id, err);
		if (dir < 0 || !with_lock)
			return TAKE_FD(dir);
		if ((r = lock(dir, err)) < 0)
			return r;
		if (is_current(dir, parent, id))
			return TAKE_FD(dir);
	}
}

int state_remove(const char *root, const char *id, struct error *err)
{
	_cleanup_close_ int parent = open_root(root);
	int r = parent < 0 ? parent : path_remove_tree(parent, id);
	return r < 0 && r != -ENOENT ? err_sys(err, -r, "remove '%s/%s'", root, id) : 0;
}

/* --- state.json --- */

static void add_hooks(struct json_object *object, const char *key, const struct spec_hooks *hooks)
{
	if (hooks->count == 0)
		return;
	struct json_object *array = json_add_array(object, key);
	for (size_t i = 0; i < hooks->count; i++) {
		const struct spec_hook *hook = &hooks->hooks[i];
		struct json_object *element = json_object_new_object();
		json_add_string(element, "path", hook->path);
		json_add_strv(element, "args", hook->args);
		json_add_strv(element, "env", hook->env);
		json_add_i64(element, "timeout", hook->timeout_seconds);
		json_object_array_add(array, element);
	}
}

int state_write(int dir, const struct container *container, struct error *err)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "ociVersion", container->oci_version);
	json_add_string(object, "bundle", container->bundle);
	json_add_string(object, "rootfs", container->rootfs);
	json_add_string(object, "config", container->config);
	json_add_string(object, "cgroupPath", container->cgroup_path);
	json_add_string(object, "unit", container->unit);
	json_add_strv(object, "annotations", container->annotations);
	json_add_i64(object, "pid", container->pid);
	json_add_i64(object, "startTime", (int64_t)container->start_time);
	json_add_i64(object, "createdAt", container->created_at);
	json_add_i64(object, "owner", container->owner);
	json_add_bool(object, "newKeyring", container->new_keyring);
	json_add_bool(object, "hostPid", container->host_pid);
	json_add_string(object, "resctrlGroup", container->resctrl.group);
	json_add_string(object, "resctrlMonitor", container->resctrl.monitor);
	json_add_bool(object, "resctrlOwnGroup", container->resctrl.own_group);
	add_hooks(object, "poststart", &container->poststart);
	add_hooks(object, "poststop", &container->poststop);
	const char *text = json_text(object);
	return file_write_atomic(dir, STATE_FILE, text, strlen(text), 0600, 0, err);
}

static char *read_text(const struct json_node *node, const char *key)
{
	const char *text;
	return json_get_string(node, key, &text, NULL) > 0 ? mem_strdup(text) : mem_strdup("");
}

static void read_hooks(const struct json_node *node, const char *key, struct spec_hooks *ret)
{
	struct json_node array;
	if (json_get_array(node, key, &array, NULL) <= 0)
		return;
	for (size_t i = 0; i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_hook *hook = ARRAY_APPEND(ret->hooks, ret->count);
		int64_t timeout = 0;
		hook->path = read_text(&element, "path");
		(void)json_get_strv(&element, "args", &hook->args, NULL);
		(void)json_get_strv(&element, "env", &hook->env, NULL);
		(void)json_get_i64(&element, "timeout", 0, INT32_MAX, &timeout, NULL);
		hook->timeout_seconds = (int)timeout;
	}
}

int state_read(int dir, const char *root, const char *id, struct container **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error why = { 0 };
	_cleanup_container_ struct container *container = NEW(struct container);
	container->id = mem_strdup(id);
	container->root = mem_strdup(root);
	int r = json_load(dir, STATE_FILE, STATE_SIZE_MAX, ERR_INTERNAL, &document, &why);
	if (r == -ERR_NOT_FOUND) {
		/* Whoever made it has not come far enough, or died: it can be deleted, and that is all. */
		container->cgroup_path = mem_strdup("");
		container->unit = mem_strdup("");
		container->bundle = mem_strdup("");
		*ret = TAKE_PTR(container);
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = why;
		return err_wrap(err, "state of container '%s'", id);
	}
	struct json_node node = json_root(&document);
	int64_t pid = 0, start = 0, owner = 0;
	container->oci_version = read_text(&node, "ociVersion");
	container->bundle = read_text(&node, "bundle");
	container->rootfs = read_text(&node, "rootfs");
	container->config = read_text(&node, "config");
	container->cgroup_path = read_text(&node, "cgroupPath");
	container->unit = read_text(&node, "unit");
	(void)json_get_strv(&node, "annotations", &container->annotations, NULL);
	(void)json_get_i64(&node, "pid", 0, INT32_MAX, &pid, NULL);
	(void)json_get_i64(&node, "startTime", 0, INT64_MAX, &start, NULL);
	(void)json_get_i64(&node, "createdAt", 0, INT64_MAX, &container->created_at, NULL);
	(void)json_get_i64(&node, "owner", 0, UINT32_MAX, &owner, NULL);
	(void)json_get_bool(&node, "newKeyring", &container->new_keyring, NULL);
	(void)json_get_bool(&node, "hostPid", &container->host_pid, NULL);
	(void)json_get_text(&node, "resctrlGroup", &container->resctrl.group, NULL);
	(void)json_get_text(&node, "resctrlMonitor", &container->resctrl.monitor, NULL);
	(void)json_get_bool(&node, "resctrlOwnGroup", &container->resctrl.own_group, NULL);
	container->pid = (pid_t)pid;
	container->start_time = (uint64_t)start;
	container->owner = (uid_t)owner;
	read_hooks(&node, "poststart", &container->poststart);
	read_hooks(&node, "poststop", &container->poststop);
	*ret = TAKE_PTR(container);
	return 0;
}

int container_load(const char *root, const char *id, struct container **ret, struct error *err)
{
	_cleanup_close_ int dir = state_open(root, id, false, err);
	return dir < 0 ? dir : state_read(dir, root, id, ret, err);
}

void container_free(struct container *container)
{
	if (!container)
		return;
	resctrl_place_done(&container->resctrl);
	spec_hooks_done(&container->poststart);
	spec_hooks_done(&container->poststop);
	free(container->id);
	free(container->root);
	free(container->bundle);
	free(container->rootfs);
	free(container->config);
	free(container->cgroup_path);
	free(container->unit);
	free(container->oci_version);
	strv_free(container->annotations);
	free(container);
}

int container_load_spec(const struct container *container, struct spec **ret, struct error *err)
{
	_cleanup_close_ int bundle = open(container->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle < 0)
		return err_sys(err, errno, "open bundle '%s'", container->bundle);
	return spec_load(bundle, str_is_empty(container->config) ? "config.json" : container->config, ret, err);
}

int container_list(const char *root, char ***ret_ids, struct error *err)
{
	_cleanup_strv_ char **ids = mem_alloc(sizeof *ids);
	_cleanup_closedir_ DIR *dir = opendir(root);
	if (!dir && errno != ENOENT)
		return err_sys(err, errno, "open the runtime's state root '%s'", root);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && container_check_id(entry->d_name, NULL) == 0)
			strv_append(&ids, entry->d_name);
	*ret_ids = TAKE_PTR(ids);
	return 0;
}

/* --- status --- */

const char *container_status_name(enum container_status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused", "stopped" };
	return names[status];
}

static bool is_alive(const struct container *container)
{
	char state = 0;
	return process_start_time(container->pid, &state) == container->start_time && state != 'Z' && state != 'X';
}

/* Of a container whose directory is @dir; @locked: by us. */
static enum container_status find_status(const struct container *container, int dir, bool locked)
{
	/* No pid yet: somebody is at it (and has the lock), or has died at it. */
	if (container->pid <= 0)
		return !locked && flock(dir, LOCK_EX | LOCK_NB) < 0 ? CONTAINER_CREATING : CONTAINER_STOPPED;
	if (!is_alive(container))
		return CONTAINER_STOPPED;
	bool frozen = false;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	if (*container->cgroup_path && cgroup_open(container->cgroup_path, &cgroup, NULL) == 0)
		(void)cgroup_is_frozen(cgroup, &frozen, NULL);
	bool waiting = faccessat(dir, STATE_FIFO, F_OK, 0) == 0;
	return frozen ? CONTAINER_PAUSED : waiting ? CONTAINER_CREATED : CONTAINER_RUNNING;
}

int container_status(struct container *container, enum container_status *ret, struct error *err)
{
	_cleanup_close_ int dir = state_open(container->root, container->id, false, err);
	if (dir < 0)
		return dir;
	*ret = find_status(container, dir, false);
	return 0;
}

int state_lock(struct container *container, enum container_status *ret_status, struct error *err)
{
	_cleanup_container_ struct container *now = NULL;
	_cleanup_close_ int dir = state_open(container->root, container->id, true, err);
	int r = dir < 0 ? dir : state_read(dir, container->root, container->id, &now, err);
	if (r < 0)
		return r;
	const struct container before = *container;
	*container = *now;
	*now = before;
	*ret_status = find_status(container, dir, true);
	return TAKE_FD(dir);
}

void container_add_annotations(const struct container *container, struct json_object *object)
{
	struct json_object *annotations = container->annotations ? json_add_object(object, "annotations") : NULL;
	for (char **pair = container->annotations; pair && pair[0] && pair[1]; pair += 2)
		json_add_string(annotations, pair[0], pair[1]);
}

/* @pid of -1 is left out. */
static struct json_object *make_object(const struct container *container, enum container_status status, pid_t pid)
{
	struct json_object *object = json_object_new_object();
	json_add_string(object, "ociVersion", container->oci_version ? container->oci_version : "1.0.2");
	json_add_string(object, "id", container->id);
	if (pid >= 0)
		json_add_i64(object, "pid", pid);
	json_add_string(object, "status", container_status_name(status));
	json_add_string(object, "bundle", container->bundle);
	container_add_annotations(container, object);
	return object;
}

static bool has_process(const struct container *container, enum container_status status)
{
	return container->pid > 0 && status != CONTAINER_STOPPED;
}

struct json_object *state_object(const struct container *container, enum container_status status)
{
	return make_object(container, status, has_process(container, status) ? container->pid : -1);
}

char *state_document(const struct container *container, enum container_status status)
{
	_cleanup_json_ struct json_object *object = state_object(container, status);
	return mem_strdup(json_text(object));
}

char *container_state_text(struct container *container, struct error *err)
{
	enum container_status status;
	if (container_status(container, &status, err) < 0)
		return NULL;
	_cleanup_json_ struct json_object *object =
		make_object(container, status, has_process(container, status) ? container->pid : 0);
	char created[TIME_TEXT_MAX];
	if (!str_is_empty(container->rootfs))
		json_add_string(object, "rootfs", container->rootfs);
	json_add_string(object, "created", time_format_rfc3339(container->created_at, created));
	return mem_strdup(json_text_pretty(object));
}
