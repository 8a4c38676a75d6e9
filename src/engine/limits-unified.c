/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that only cgroup v2 has, or has in a measure of its own: --memory-min, --memory-low, --memory-high, --oom-group,
 * --cpu-weight, and --cgroup-conf for the rest.
 * Source: cgroup-v2.rst, "Memory Interface Files", "Core Interface Files"; config-linux.md, "Unified".
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/limits-internal.h"
#include "runtime/cgroup.h"

static const struct memory_file {
	const char *flag, *file;
	size_t bytes; /* where in a container_spec its value is */
	bool bounded; /* by the memory limit: more would promise what the container may not have */
} MEMORY_FILES[] = {
	{ "--memory-min", "memory.min", offsetof(struct container_spec, memory_min), true },
	{ "--memory-low", "memory.low", offsetof(struct container_spec, memory_low), true },
	{ "--memory-high", "memory.high", offsetof(struct container_spec, memory_high), false },
};

/* They do not limit anything, but take processes, stop them or hand controllers down: who does that is the runtime. */
static const char *const OURS[] = { "cgroup.procs",  "cgroup.threads",	       "cgroup.type", "cgroup.kill",
				    "cgroup.freeze", "cgroup.subtree_control", NULL };

static int64_t bytes_of(const struct container_spec *spec, const struct memory_file *file)
{
	return *(const int64_t *)((const char *)spec + file->bytes);
}

/* --- Checking --- */

static int check_memory_files(const struct container_spec *spec, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(MEMORY_FILES); i++) {
		int64_t bytes = bytes_of(spec, &MEMORY_FILES[i]);
		if (MEMORY_FILES[i].bounded && spec->memory && bytes > 0 && (uint64_t)bytes > spec->memory)
			return err_set(err, ERR_INVALID, "%s protects more than --memory allows it to have",
				       MEMORY_FILES[i].flag);
	}
	if (spec->memory_low && spec->memory_reservation)
		return err_set(err, ERR_INVALID,
			       "--memory-low and --memory-reservation say the same thing: only one can be given");
	return 0;
}

static int check_conf(const char *text, struct error *err)
{
	_cleanup_free_ char *file = mem_strndup(text, strcspn(text, "="));
	const char *point = strchr(file, '.');
	if (!text[strlen(file)] || !point || point == file || !point[1] || strchr(file, '/'))
		return err_set(err, ERR_INVALID, "it is FILE=VALUE, such as memory.high=1073741824");
	if (strv_contains((char *const *)OURS, file))
		return err_set(err, ERR_INVALID, "%s is no limit, and the runtime's own", file);
	return 0;
}

int limits_check_unified(const struct container_spec *spec, struct error *err)
{
	for (char **conf = spec->cgroup_conf; conf && *conf; conf++) {
		int r = check_conf(*conf, err);
		if (r < 0)
			return err_wrap(err, "--cgroup-conf %s", *conf);
	}
	return check_memory_files(spec, err);
}

/* --- As the runtime gets them --- */

static void add_number(struct json_object *unified, const char *file, int64_t number)
{
	_cleanup_free_ char *text = number < 0 ? mem_strdup("max") : mem_printf("%" PRId64, number);
	json_add_string(unified, file, text);
}

void limits_add_unified(const struct container_spec *spec, struct json_object *resources)
{
	struct json_object *unified = json_object_new_object();
	for (size_t i = 0; i < ARRAY_SIZE(MEMORY_FILES); i++)
		if (bytes_of(spec, &MEMORY_FILES[i]))
			add_number(unified, MEMORY_FILES[i].file, bytes_of(spec, &MEMORY_FILES[i]));
	if (spec->cpu_weight && spec->cpu_idle <= 0 && !cgroup_is_v1("cpu"))
		add_number(unified, "cpu.weight", (int64_t)spec->cpu_weight);
	if (spec->oom_group)
		json_add_string(unified, "memory.oom.group", "1");
	for (char **conf = spec->cgroup_conf; conf && *conf; conf++) {
		_cleanup_free_ char *file = mem_strndup(*conf, strcspn(*conf, "="));
		json_add_string(unified, file, *conf + strlen(file) + 1);
	}
	if (json_object_object_length(unified) > 0)
		json_object_object_add(resources, "unified", unified);
	else
		json_object_put(unified);
}
