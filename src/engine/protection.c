/* SPDX-License-Identifier: Apache-2.0 */
/* How protections are told, and of whom. */
#include "engine/protection.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"
#include "engine/engine-internal.h"
#include "engine/record.h"
#include "runtime/capability.h"

enum in_force { NOT_IN_FORCE, PARTLY_IN_FORCE, IN_FORCE };

static const char *const IN_FORCE_WORDS[] = { "no", "partly", "yes" };

/* --- one by one: how far it is in force, and how --- */

static void add_name(struct str *list, const char *name)
{
	str_appendf(list, "%s%s", list->len > 0 ? " " : "", name);
}

/* The user namespace is told by itself; one for clocks is of use to few. */
static enum in_force tell_namespaces(const struct protection *protection, struct str *detail)
{
	static const enum namespace_type types[] = { NAMESPACE_MOUNT, NAMESPACE_PID, NAMESPACE_NETWORK,
						     NAMESPACE_IPC,   NAMESPACE_UTS, NAMESPACE_CGROUP };
	_cleanup_str_ struct str own = { 0 }, shared = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		add_name(protection->own[types[i]] ? &own : &shared, namespace_spec_name(types[i]));
	if (protection->own[NAMESPACE_TIME])
		add_name(&own, namespace_spec_name(NAMESPACE_TIME));
	str_appendf(detail, "not the host's: %s", own.len > 0 ? str_text(&own) : "none");
	if (shared.len > 0)
		str_appendf(detail, "; the host's: %s", str_text(&shared));
	return shared.len == 0 ? IN_FORCE : own.len == 0 ? NOT_IN_FORCE : PARTLY_IN_FORCE;
}

static enum in_force tell_userns(const struct protection *protection, struct str *detail)
{
	if (protection->root_is_host) {
		str_append(detail, "root in it is root of the host; --userns auto would give it ids of its own");
		return NOT_IN_FORCE;
	}
	if (protection->has_root)
		str_appendf(detail, "root in it is user %u of the host", protection->root_id);
	else
		str_append(detail, "root in it is nobody on the host");
	return IN_FORCE;
}

static void append_capabilities(uint64_t set, struct str *detail)
{
	for (int i = 0; i < 64; i++)
		if ((set & capability_bit(i)) && capability_name(i))
			str_appendf(detail, " %s", capability_name(i));
}

static enum in_force tell_capabilities(const struct protection *protection, struct str *detail)
{
	uint64_t all = capability_all(), set = protection->capabilities & all, more = set & ~capability_default();
	if (more && !(capability_bounding() & ~set)) {
		str_append(detail, "it can have every one that coffer itself has");
		return NOT_IN_FORCE;
	}
	str_appendf(detail, "%d of %d", __builtin_popcountll(set), __builtin_popcountll(all));
	if (more) {
		str_append(detail, ", beyond the default set:");
		append_capabilities(more, detail);
		return PARTLY_IN_FORCE;
	}
	if (set == capability_default()) {
		str_append(detail, ", the default set");
	} else if (set) {
		str_append(detail, ":");
		append_capabilities(set, detail);
	}
	return IN_FORCE;
}

static enum in_force tell_seccomp(const struct protection *protection, struct str *detail)
{
	if (protection->filters > 0)
		str_appendf(detail, "%u filter%s on its system calls", protection->filters,
			    protection->filters == 1 ? "" : "s");
	else
		str_append(detail, "it can make every system call");
	return protection->filters > 0 ? IN_FORCE : NOT_IN_FORCE;
}

static enum in_force tell_module(const struct protection *protection, struct str *detail)
{
	if (protection->profile)
		str_appendf(detail, "it is confined as %s", protection->profile);
	else
		str_append(detail, "no security module (AppArmor, SELinux) confines it");
	return protection->profile ? IN_FORCE : NOT_IN_FORCE;
}

static enum in_force tell_root(const struct protection *protection, struct str *detail)
{
	str_append(detail, protection->read_only ? "its root filesystem cannot be written to"
						 : "its root filesystem can be written to; --read-only forbids that");
	return protection->read_only ? IN_FORCE : NOT_IN_FORCE;
}

static enum in_force tell_privileges(const struct protection *protection, struct str *detail)
{
	str_append(detail, protection->no_new_privileges
				   ? "no program can gain privileges by being executed"
				   : "setuid programs gain privileges; --security-opt no-new-privileges forbids that");
	return protection->no_new_privileges ? IN_FORCE : NOT_IN_FORCE;
}

static const struct {
	const char *name;
	enum in_force (*tell)(const struct protection *protection, struct str *detail);
} PROTECTIONS[] = {
	{ "namespaces", tell_namespaces },	  { "user namespace", tell_userns },
	{ "capabilities", tell_capabilities },	  { "seccomp", tell_seccomp },
	{ "security module", tell_module },	  { "read-only root", tell_root },
	{ "no new privileges", tell_privileges },
};

void protection_describe(const struct protection *protection, struct json_object *array)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROTECTIONS); i++) {
		_cleanup_str_ struct str detail = { 0 };
		struct json_object *object = json_object_new_object();
		enum in_force in_force = PROTECTIONS[i].tell(protection, &detail);
		json_add_string(object, "Name", PROTECTIONS[i].name);
		json_add_string(object, "InForce", IN_FORCE_WORDS[in_force]);
		json_add_string(object, "Detail", str_text(&detail));
		json_object_array_add(array, object);
	}
}

/* --- of a container --- */

/* 1, or 0 if it does not run, perhaps since a moment ago. */
static int read_running(struct engine *engine, const char *id, struct protection *ret, pid_t *ret_pid,
			struct error *err)
{
	_cleanup_protection_ struct protection protection = { 0 };
	struct monitor_status status;
	if (status_of(engine, id, &status, NULL) <= 0 || status.state != MONITOR_STATE_RUNNING)
		return 0;
	int r = protection_read(status.pid, &protection, err);
	if (process_start_time(status.pid, NULL) != status.start_time) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	*ret_pid = status.pid;
	*ret = protection;
	protection.profile = NULL;
	return 1;
}

int engine_container_protection(struct engine *engine, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_protection_ struct protection protection = { 0 };
	pid_t pid = 0;
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	int running = read_running(engine, row.id, &protection, &pid, err);
	r = running == 0 ? protection_from_config(&row.config, &protection, err) : running;
	if (r < 0)
		return err_wrap(err, "see how container \"%s\" is protected", row.name);
	struct json_object *object = json_object_new_object();
	json_add_string(object, "Id", row.id);
	json_add_string(object, "Name", row.name);
	json_add_bool(object, "Running", running > 0);
	json_add_i64(object, "Pid", pid);
	protection_describe(&protection, json_add_array(object, "Protections"));
	*ret = object;
	return 0;
}
