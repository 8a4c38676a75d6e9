/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/systemd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/dbus.h"
#include "runtime/systemd-properties.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define MANAGER_PATH "/org/freedesktop/systemd1"

static const int64_t JOB_TIMEOUT_NS = 60 * NSEC_PER_SEC;

struct systemd {
	struct dbus *bus;
	unsigned version; /* 0: not known yet */
};

int systemd_check_running(struct error *err)
{
	struct stat st;
	if (lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	err_set(err, ERR_UNSUPPORTED, "cannot use the systemd cgroup driver: systemd is not running");
	err_cause(err, "'/run/systemd/system' does not exist");
	return err_hint(err, "--cgroup-manager cgroupfs");
}

bool systemd_is_of_user(void)
{
	char map[64];
	unsigned inside, outside, count;
	if (geteuid() != 0)
		return true;
	return file_read_line(AT_FDCWD, "/proc/self/uid_map", map, sizeof map) > 0 &&
	       sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && count != UINT32_MAX;
}

void systemd_close(struct systemd *systemd)
{
	if (!systemd)
		return;
	dbus_close(systemd->bus);
	free(systemd);
}

/* --- calls --- */

static int call(struct systemd *systemd, const char *member, const char *signature, const struct str *body,
		struct dbus_incoming *ret, struct error *err)
{
	const struct dbus_call method = { "org.freedesktop.systemd1", MANAGER_PATH, MANAGER, member, signature };
	return dbus_call(systemd->bus, &method, body, ret, err);
}

/* A property of the manager that is a text. free(*ret). */
static int read_property(struct systemd *systemd, const char *name, char **ret, struct error *err)
{
	static const struct dbus_call get = { "org.freedesktop.systemd1", MANAGER_PATH,
					      "org.freedesktop.DBus.Properties", "Get", "ss" };
	_cleanup_str_ struct str body = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	const char *type, *text;
	dbus_put_string(&body, MANAGER);
	dbus_put_string(&body, name);
	int r = dbus_call(systemd->bus, &get, &body, &reply, err);
	if (r < 0)
		return err_wrap(err, "read systemd's %s", name);
	struct dbus_reader *reader = &reply.message.body;
	if (!dbus_get_signature(reader, &type) || !streq(type, "s") || !dbus_get_string(reader, &text))
		return err_set(err, ERR_SYSTEMD, "systemd's %s is no text", name);
	*ret = mem_strdup(text);
	return 0;
}

int systemd_read_cgroup(struct systemd *systemd, char **ret, struct error *err)
{
	return read_property(systemd, "ControlGroup", ret, err);
}

/* "252.38-1~deb12u1", "v245.4-1.fc32": what counts is the first number. */
static int read_version(struct systemd *systemd, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	if (systemd->version != 0)
		return 0;
	int r = read_property(systemd, "Version", &text, err);
	if (r == 0)
		systemd->version = (unsigned)strtoul(text + strcspn(text, "0123456789"), NULL, 10);
	return r;
}

/* Which messages the bus is to give us besides the answers. */
static int listen_for_jobs(struct systemd *systemd, struct error *err)
{
	static const struct dbus_call add_match = { "org.freedesktop.DBus", "/org/freedesktop/DBus",
						    "org.freedesktop.DBus", "AddMatch", "s" };
	_cleanup_str_ struct str body = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	dbus_put_string(&body, "type='signal',sender='org.freedesktop.systemd1',path='" MANAGER_PATH "',"
			       "interface='" MANAGER "',member='JobRemoved'");
	int r = dbus_call(systemd->bus, &add_match, &body, &reply, err);
	return r < 0 ? err_wrap(err, "listen to systemd") : 0;
}

static char *bus_address(void)
{
	const char *address, *runtime_dir = getenv("XDG_RUNTIME_DIR");
	if (!systemd_is_of_user()) {
		address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
		return mem_strdup(str_is_empty(address) ? "unix:path=/run/dbus/system_bus_socket" : address);
	}
	address = getenv("DBUS_SESSION_BUS_ADDRESS");
	if (!str_is_empty(address))
		return mem_strdup(address);
	return str_is_empty(runtime_dir) ? NULL : mem_printf("unix:path=%s/bus", runtime_dir);
}

bool systemd_has_bus(void)
{
	_cleanup_free_ char *address = bus_address();
	const char *path = address ? str_after(address, "unix:path=") : NULL;
	_cleanup_free_ char *socket = path ? mem_strndup(path, strcspn(path, ",;")) : NULL;
	return address && (!socket || access(socket, W_OK) == 0);
}

static int explain_no_bus(struct error *err)
{
	err_set(err, ERR_SYSTEMD, "cannot find the message bus of your service manager");
	err_cause(err, "neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set");
	return err_hint(err, "export XDG_RUNTIME_DIR=/run/user/%u", geteuid());
}

int systemd_open(struct systemd **ret, struct error *err)
{
	int r = systemd_check_running(err);
	if (r < 0)
		return r;
	_cleanup_systemd_ struct systemd *systemd = NEW(struct systemd);
	_cleanup_free_ char *address = bus_address();
	r = address ? dbus_open(address, &systemd->bus, err) : explain_no_bus(err);
	if (r < 0 || (r = listen_for_jobs(systemd, err)) < 0)
		return r;
	*ret = TAKE_PTR(systemd);
	return 0;
}

/* --- jobs --- */

struct job {
	const char *path;
	const char *systemd; /* who answered: anybody may send us signals, but the bus writes down who he is */
};

/* The result of @job if @message says that it has ended, or NULL. */
static const char *job_result(const struct dbus_message *message, const struct job *job)
{
	struct dbus_reader body = message->body;
	const char *path, *unit, *result;
	uint32_t id;
	if (!streq(message->interface, MANAGER) || !streq(message->member, "JobRemoved") ||
	    !streq(message->sender, job->systemd) || !streq(message->signature, "uoss"))
		return NULL;
	if (!dbus_get_u32(&body, &id) || !dbus_get_string(&body, &path) || !dbus_get_string(&body, &unit) ||
	    !dbus_get_string(&body, &result) || !streq(path, job->path))
		return NULL;
	return result;
}

/* @reply names the job. */
static int await_job(struct systemd *systemd, const struct dbus_message *reply, struct error *err)
{
	int64_t deadline = time_monotonic_ns() + JOB_TIMEOUT_NS;
	struct dbus_reader body = reply->body;
	struct job job = { .systemd = reply->sender };
	if (!streq(reply->signature, "o") || !dbus_get_string(&body, &job.path))
		return err_set(err, ERR_SYSTEMD, "systemd names no job");
	for (;;) {
		_cleanup_dbus_incoming_ struct dbus_incoming incoming = { 0 };
		int r = dbus_next_signal(systemd->bus, deadline, &incoming, err);
		if (r < 0)
			return r;
		const char *result = job_result(&incoming.message, &job);
		if (result)
			return streq(result, "done") ? 0 : err_set(err, ERR_SYSTEMD, "its job has \"%s\"", result);
	}
}

/* --- scopes --- */

static int reset_failed(struct systemd *systemd, const char *name, struct error *err)
{
	_cleanup_str_ struct str body = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	dbus_put_string(&body, name);
	return call(systemd, "ResetFailedUnit", "s", &body, &reply, err);
}

static void put_placement(struct str *body, const struct systemd_scope *scope)
{
	systemd_put_string(body, "Description", scope->description);
	systemd_put_string(body, "Slice", scope->slice);
	systemd_put_bool(body, "Delegate", true);
	systemd_put_name(body, "PIDs", "au");
	struct dbus_array pids = dbus_array_open(body, sizeof(uint32_t));
	dbus_put_u32(body, (uint32_t)scope->pid);
	dbus_array_close(body, pids);
	/* A shutdown that stops scopes first would end containers before the services that look after them. */
	systemd_put_bool(body, "DefaultDependencies", false);
	static const char *const accounting[] = { "MemoryAccounting", "CPUAccounting", "IOAccounting",
						  "TasksAccounting" };
	for (size_t i = 0; i < ARRAY_SIZE(accounting); i++)
		systemd_put_bool(body, accounting[i], true);
}

/* Whoever stands later in the list has the last word, and that are people's own annotations. */
static int put_scope(struct str *body, const struct systemd_scope *scope, unsigned version, struct error *err)
{
	dbus_put_string(body, scope->name);
	dbus_put_string(body, "fail"); /* if there is another job for it */
	struct dbus_array properties = dbus_array_open(body, 8);
	put_placement(body, scope);
	systemd_put_resources(body, scope->resources, version);
	systemd_put_devices(body, scope->resources);
	int r = systemd_put_annotations(body, scope->annotations, err);
	dbus_array_close(body, properties);
	struct dbus_array others = dbus_array_open(body, 8); /* further units */
	dbus_array_close(body, others);
	return r;
}

/* A scope of this name that has failed is forgotten for ours; one that is alive is somebody's. */
static int start(struct systemd *systemd, const struct systemd_scope *scope, const struct str *body,
		 struct dbus_incoming *reply, struct error *err)
{
	static const char signature[] = "ssa(sv)a(sa(sv))", exists[] = "org.freedesktop.systemd1.UnitExists";
	struct error first = { 0 };
	int r = call(systemd, "StartTransientUnit", signature, body, reply, &first);
	if (r < 0 && dbus_error_is(systemd->bus, exists)) {
		(void)reset_failed(systemd, scope->name, NULL);
		err_clear(&first);
		r = call(systemd, "StartTransientUnit", signature, body, reply, &first);
		if (r < 0 && dbus_error_is(systemd->bus, exists))
			first.code = ERR_EXISTS;
	}
	if (r < 0 && err)
		*err = first;
	return r < 0 ? -first.code : 0;
}

int systemd_start_scope(struct systemd *systemd, const struct systemd_scope *scope, struct error *err)
{
	_cleanup_str_ struct str body = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	int r = read_version(systemd, err);
	if (r < 0 || (r = put_scope(&body, scope, systemd->version, err)) < 0)
		return r;
	r = start(systemd, scope, &body, &reply, err);
	if (r == 0)
		r = await_job(systemd, &reply.message, err);
	return r < 0 ? err_wrap(err, "start systemd unit '%s'", scope->name) : 0;
}

int systemd_attach(struct systemd *systemd, const char *name, pid_t pid, struct error *err)
{
	_cleanup_str_ struct str body = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	dbus_put_string(&body, name);
	dbus_put_string(&body, ""); /* none of its sub-cgroups */
	struct dbus_array pids = dbus_array_open(&body, sizeof(uint32_t));
	dbus_put_u32(&body, (uint32_t)pid);
	dbus_array_close(&body, pids);
	int r = call(systemd, "AttachProcessesToUnit", "ssau", &body, &reply, err);
	return r < 0 ? err_wrap(err, "put process %d in systemd unit '%s'", pid, name) : 0;
}

int systemd_stop_unit(struct systemd *systemd, const char *name, struct error *err)
{
	_cleanup_str_ struct str body = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	struct error why = { 0 };
	dbus_put_string(&body, name);
	dbus_put_string(&body, "replace");
	int r = call(systemd, "StopUnit", "ss", &body, &reply, &why);
	bool gone = r < 0 && dbus_error_is(systemd->bus, "org.freedesktop.systemd1.NoSuchUnit");
	if (r == 0)
		r = await_job(systemd, &reply.message, &why);
	(void)reset_failed(systemd, name, NULL);
	if (r == 0 || gone)
		return 0;
	if (err)
		*err = why;
	return err_wrap(err, "stop systemd unit '%s'", name);
}

/* --- properties of units that are there --- */

/* The message up to its array of properties. */
static struct dbus_array open_changes(struct str *body, const char *name)
{
	dbus_put_string(body, name);
	dbus_put_u32(body, true); /* until the next boot */
	return dbus_array_open(body, 8);
}

static int send_changes(struct systemd *systemd, const char *name, struct str *body, struct dbus_array properties,
			struct error *err)
{
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	dbus_array_close(body, properties);
	int r = call(systemd, "SetUnitProperties", "sba(sv)", body, &reply, err);
	return r < 0 ? err_wrap(err, "change systemd unit '%s'", name) : 0;
}

int systemd_set_limits(struct systemd *systemd, const char *name, const struct spec_resources *resources,
		       struct error *err)
{
	_cleanup_str_ struct str body = { 0 };
	int r = read_version(systemd, err);
	if (r < 0)
		return r;
	struct dbus_array properties = open_changes(&body, name);
	systemd_put_resources(&body, resources, systemd->version);
	return send_changes(systemd, name, &body, properties, err);
}

int systemd_set_protection(struct systemd *systemd, const char *name, uint64_t min, uint64_t low, struct error *err)
{
	_cleanup_str_ struct str body = { 0 };
	struct dbus_array properties = open_changes(&body, name);
	systemd_put_u64(&body, "MemoryMin", min);
	systemd_put_u64(&body, "MemoryLow", low);
	return send_changes(systemd, name, &body, properties, err);
}
