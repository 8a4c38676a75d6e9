/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's "process": config.md, "Process". */
#include <linux/sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/capability.h"
#include "runtime/rlimit.h"
#include "runtime/scheduling.h"
#include "runtime/spec-internal.h"

/* The last one means "unchanged" to the kernel: whoever asked for it would stay root. */
#define ID_MAX (UINT32_MAX - 1)

static int parse_user(const struct json_node *process, struct spec_user *ret, struct error *err)
{
	struct json_node user, groups;
	ret->umask = (mode_t)-1;
	int r = json_get_object(process, "user", &user, err);
	if (r <= 0)
		return r;
	uint64_t mask;
	if ((r = spec_parse_u32(&user, "uid", ID_MAX, &ret->uid, err)) < 0 ||
	    (r = spec_parse_u32(&user, "gid", ID_MAX, &ret->gid, err)) < 0)
		return r;
	r = json_get_u64(&user, "umask", 0777, &mask, err);
	if (r > 0)
		ret->umask = (mode_t)mask;
	if (r < 0 || (r = json_get_array(&user, "additionalGids", &groups, err)) <= 0)
		return r;
	for (size_t i = 0; i < json_array_length(&groups); i++) {
		struct json_node element = json_array_at(&groups, i);
		uint64_t group;
		r = json_as_u64(&element, ID_MAX, &group, err);
		if (r < 0)
			return r;
		*ARRAY_APPEND(ret->additional_gids, ret->n_additional_gids) = (gid_t)group;
	}
	return 1;
}

/* What has no meaning to any kernel that we know is left out, and collected in @unknown for a warning. */
static int parse_capability_set(const struct json_node *capabilities, const char *key, uint64_t *ret, char ***unknown,
				struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = json_get_strv(capabilities, key, &names, err);
	for (char **name = names; name && *name; name++) {
		int capability = capability_from_name(*name, NULL);
		if (capability >= 0)
			*ret |= capability_bit(capability);
		else if (!strv_contains(*unknown, *name))
			strv_append(unknown, *name);
	}
	return r;
}

static int parse_capabilities(const struct json_node *process, struct spec_capabilities **ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(process, "capabilities", &node, err);
	if (r <= 0)
		return r;
	struct spec_capabilities *sets = *ret = NEW(struct spec_capabilities);
	const struct {
		const char *key;
		uint64_t *set;
	} fields[] = {
		{ "bounding", &sets->bounding },       { "effective", &sets->effective },
		{ "inheritable", &sets->inheritable }, { "permitted", &sets->permitted },
		{ "ambient", &sets->ambient },
	};
	_cleanup_strv_ char **unknown = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		r = parse_capability_set(&node, fields[i].key, fields[i].set, &unknown, err);
		if (r < 0)
			return r;
	}
	if (unknown) {
		_cleanup_free_ char *names = strv_join(unknown, ", ");
		log_warn("unknown capabilities are left out: %s", names);
	}
	return 1;
}

static int parse_rlimit(const struct json_node *element, struct spec_rlimit *ret, struct error *err)
{
	const char *type;
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_need_string(element, "type", &type, err)) < 0)
		return r;
	ret->resource = rlimit_from_name(type, NULL);
	if (ret->resource < 0)
		return json_error(element, err, "unknown rlimit type \"%s\"", type);
	if ((r = json_need_u64(element, "soft", UINT64_MAX, &ret->soft, err)) < 0 ||
	    (r = json_need_u64(element, "hard", UINT64_MAX, &ret->hard, err)) < 0)
		return r;
	if (ret->soft > ret->hard)
		return json_error(element, err, "the soft limit is above the hard limit");
	return 0;
}

static int parse_rlimits(const struct json_node *node, struct spec_process *process, struct error *err)
{
	struct json_node array;
	int r = json_get_array(node, "rlimits", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_rlimit limit = { 0 };
		r = parse_rlimit(&element, &limit, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < process->n_rlimits; k++)
			if (process->rlimits[k].resource == limit.resource)
				return json_error(&element, err, "the same limit stands at index %zu already", k);
		*ARRAY_APPEND(process->rlimits, process->n_rlimits) = limit;
		r = 1;
	}
	return r;
}

static int parse_console_size(const struct json_node *node, struct spec_process *process, struct error *err)
{
	struct json_node size;
	uint64_t width = 0, height = 0;
	int r = json_get_object(node, "consoleSize", &size, err);
	if (r <= 0)
		return r;
	if ((r = json_get_u64(&size, "width", UINT16_MAX, &width, err)) < 0 ||
	    (r = json_get_u64(&size, "height", UINT16_MAX, &height, err)) < 0)
		return r;
	process->console_width = (uint16_t)width;
	process->console_height = (uint16_t)height;
	return 1;
}

/* --- scheduling --- */

static int parse_scheduler_flags(const struct json_node *node, uint64_t *ret, struct error *err)
{
	struct json_node array;
	int r = json_get_array(node, "flags", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		const char *name;
		uint64_t flag;
		r = json_as_string(&element, &name, err);
		if (r < 0)
			return r;
		if (!scheduler_flag_from_name(name, &flag))
			return json_error(&element, err, "unknown scheduling flag \"%s\"", name);
		*ret |= flag;
	}
	return r;
}

/* Numbers that only one kind of policy has mean a mistake beside another one. Source: sched_setattr(2). */
static int check_scheduler(const struct json_node *node, const struct spec_scheduler *scheduler, struct error *err)
{
	bool realtime = scheduler->policy == SCHED_FIFO || scheduler->policy == SCHED_RR;
	bool deadline = scheduler->policy == SCHED_DEADLINE;
	uint64_t period = scheduler->period_ns ? scheduler->period_ns : scheduler->deadline_ns;
	if (!realtime && scheduler->priority != 0)
		return json_error(node, err, "\"priority\" is for SCHED_FIFO and SCHED_RR only");
	if (realtime && scheduler->priority == 0)
		return json_error(node, err, "SCHED_FIFO and SCHED_RR need a \"priority\", 1 to 99");
	if (!deadline && (scheduler->runtime_ns || scheduler->deadline_ns || scheduler->period_ns))
		return json_error(node, err, "\"runtime\", \"deadline\" and \"period\" are for SCHED_DEADLINE only");
	if (deadline && (scheduler->runtime_ns == 0 || scheduler->runtime_ns > scheduler->deadline_ns ||
			 scheduler->deadline_ns > period))
		return json_error(node, err, "SCHED_DEADLINE needs 0 < \"runtime\" <= \"deadline\" <= \"period\"");
	return 0;
}

static int parse_scheduler(const struct json_node *process, struct spec_scheduler **ret, struct error *err)
{
	enum { NICE_MIN = -20, NICE_MAX = 19, PRIORITY_MAX = 99 };
	struct json_node node;
	const char *policy;
	int64_t nice = 0;
	int r = json_get_object(process, "scheduler", &node, err);
	if (r <= 0)
		return r;
	struct spec_scheduler *scheduler = *ret = NEW(struct spec_scheduler);
	if ((r = json_need_string(&node, "policy", &policy, err)) < 0)
		return r;
	if (!scheduler_policy_from_name(policy, &scheduler->policy))
		return json_error(&node, err, "unknown scheduling policy \"%s\"", policy);
	if ((r = json_get_i64(&node, "nice", NICE_MIN, NICE_MAX, &nice, err)) < 0 ||
	    (r = spec_parse_u32(&node, "priority", PRIORITY_MAX, &scheduler->priority, err)) < 0 ||
	    (r = json_get_u64(&node, "runtime", INT64_MAX, &scheduler->runtime_ns, err)) < 0 ||
	    (r = json_get_u64(&node, "deadline", INT64_MAX, &scheduler->deadline_ns, err)) < 0 ||
	    (r = json_get_u64(&node, "period", INT64_MAX, &scheduler->period_ns, err)) < 0 ||
	    (r = parse_scheduler_flags(&node, &scheduler->flags, err)) < 0)
		return r;
	scheduler->nice = (int32_t)nice;
	return check_scheduler(&node, scheduler, err);
}

static int parse_io_priority(const struct json_node *process, struct spec_io_priority **ret, struct error *err)
{
	enum { LEVEL_MAX = 7 };
	struct json_node node;
	const char *class;
	uint64_t level = 0;
	int r = json_get_object(process, "ioPriority", &node, err);
	if (r <= 0)
		return r;
	struct spec_io_priority *priority = *ret = NEW(struct spec_io_priority);
	if ((r = json_need_string(&node, "class", &class, err)) < 0)
		return r;
	if (!io_priority_class_from_name(class, &priority->class))
		return json_error(&node, err, "unknown I/O priority class \"%s\"", class);
	r = json_get_u64(&node, "priority", LEVEL_MAX, &level, err);
	priority->level = (int)level;
	return r;
}

static int parse_cpus(const struct json_node *affinity, const char *key, struct number_set **ret, struct error *err)
{
	struct json_node node;
	struct error why = { 0 };
	const char *text;
	int r = json_get(affinity, key, &node) ? json_as_string(&node, &text, err) : 0;
	if (r <= 0 || !*text)
		return r;
	*ret = NEW(struct number_set);
	if (number_set_parse(text, *ret, &why) < 0)
		return json_error(&node, err, "\"%s\" is no list of processors: %s", text, why.message);
	return 1;
}

static int parse_affinity(const struct json_node *process, struct spec_process *ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(process, "execCPUAffinity", &node, err);
	if (r <= 0 || (r = parse_cpus(&node, "initial", &ret->initial_cpus, err)) < 0)
		return r;
	return parse_cpus(&node, "final", &ret->final_cpus, err);
}

static int parse_process(const struct json_node *node, struct spec_process *process, struct error *err)
{
	int r;
	if ((r = json_get_bool(node, "terminal", &process->terminal, err)) < 0 ||
	    (r = parse_console_size(node, process, err)) < 0 || (r = parse_user(node, &process->user, err)) < 0 ||
	    (r = json_get_strv(node, "args", &process->args, err)) < 0 ||
	    (r = json_get_strv(node, "env", &process->env, err)) < 0 ||
	    (r = json_get_text(node, "cwd", &process->cwd, err)) < 0 ||
	    (r = parse_capabilities(node, &process->capabilities, err)) < 0 ||
	    (r = parse_rlimits(node, process, err)) < 0 || (r = parse_scheduler(node, &process->scheduler, err)) < 0 ||
	    (r = parse_io_priority(node, &process->io_priority, err)) < 0 ||
	    (r = parse_affinity(node, process, err)) < 0 ||
	    (r = json_get_bool(node, "noNewPrivileges", &process->no_new_privileges, err)) < 0 ||
	    (r = json_get_text(node, "apparmorProfile", &process->apparmor_profile, err)) < 0 ||
	    (r = json_get_text(node, "selinuxLabel", &process->selinux_label, err)) < 0 ||
	    (r = spec_parse_optional_i64(node, "oomScoreAdj", &process->oom_score_adj, err)) < 0)
		return r;
	return 0;
}

int spec_parse_process(const struct json_node *node, struct spec_process **ret, struct error *err)
{
	int r = json_as_object(node, err);
	if (r < 0)
		return r;
	struct spec_process *process = NEW(struct spec_process);
	r = parse_process(node, process, err);
	if (r < 0)
		spec_process_free(process);
	else
		*ret = process;
	return r;
}

int spec_process_from_json(const struct json_node *node, struct spec_process **ret, struct error *err)
{
	struct spec_process *process = NULL;
	int r = spec_parse_process(node, &process, err);
	if (r == 0)
		r = spec_validate_process(node, process, err);
	if (r < 0)
		spec_process_free(process);
	else
		*ret = process;
	return r;
}
