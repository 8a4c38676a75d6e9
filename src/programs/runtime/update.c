/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

enum { RESOURCES_MAX = 1 << 20 };

struct update_options {
	char *file;
	struct spec_resources resources;
	char *l3_cache_schema, *memory_bandwidth_schema;
	char *kernel_memory, *kernel_memory_tcp;
};

/* --- values --- */

/* An empty value, or 0 for what a number of 0 cannot mean, is as good as no flag: engines pass them so. */

static int parse_count(const char *value, void *field, struct error *err)
{
	struct optional_u64 *number = field;
	int r = *value ? parse_u64(value, UINT64_MAX, &number->value, err) : 0;
	number->set = r == 0 && *value;
	return r;
}

static int parse_number(const char *value, void *field, struct error *err)
{
	struct optional_i64 *number = field;
	int r = *value ? parse_i64(value, INT64_MIN, INT64_MAX, &number->value, err) : 0;
	number->set = r == 0 && *value;
	return r;
}

/* -1 is no limit. */
static int parse_bytes(const char *value, void *field, struct error *err)
{
	struct optional_i64 *bytes = field;
	uint64_t size;
	if (!*value || streq(value, "-1")) {
		*bytes = (struct optional_i64){ *value, -1 };
		return 0;
	}
	int r = parse_size(value, &size, err);
	if (r == 0)
		*bytes = (struct optional_i64){ true, (int64_t)size };
	return r;
}

static int parse_weight(const char *value, void *field, struct error *err)
{
	struct optional_u64 *weight = field;
	int r = parse_u64(value, UINT16_MAX, &weight->value, err);
	weight->set = r == 0 && weight->value != 0;
	return r;
}

static int parse_pids_limit(const char *value, void *field, struct error *err)
{
	struct optional_i64 *limit = field;
	int r = parse_i64(value, INT32_MIN, INT32_MAX, &limit->value, err);
	limit->set = r == 0 && limit->value != 0;
	return r;
}

#define OPT_RESOURCE(field, parse, name, metavar, help) \
	OPT_PARSED(struct update_options, resources.field, parse, 0, name, metavar, help)

static const struct option OPTIONS[] = {
	OPT_STRING(struct update_options, file, 'r', "resources", "FILE",
		   "Read linux.resources from FILE, or - for standard input; other flags do not count then"),
	OPT_RESOURCE(block_io.weight, parse_weight, "blkio-weight", "N", "Weight of its input and output, 10 to 1000"),
	OPT_RESOURCE(cpu.period, parse_count, "cpu-period", "US", "Period of the CPU limit, in microseconds"),
	OPT_RESOURCE(cpu.quota, parse_number, "cpu-quota", "US", "CPU time in each period; -1: no limit"),
	OPT_RESOURCE(cpu.burst, parse_count, "cpu-burst", "US", "Unused CPU time that it may save up"),
	OPT_RESOURCE(cpu.shares, parse_count, "cpu-share", "N", "Weight of its CPU time, 2 to 262144"),
	OPT_RESOURCE(cpu.realtime_period, parse_count, "cpu-rt-period", "US", "Period of the realtime limit"),
	OPT_RESOURCE(cpu.realtime_runtime, parse_number, "cpu-rt-runtime", "US", "Realtime CPU time in each period"),
	OPT_RESOURCE(cpu.idle, parse_number, "cpu-idle", "0|1", "1: run only where nobody else wants to"),
	OPT_STRING(struct update_options, resources.cpu.cpus, 0, "cpuset-cpus", "LIST", "CPUs to use, such as 0-3,7"),
	OPT_STRING(struct update_options, resources.cpu.mems, 0, "cpuset-mems", "LIST", "Memory nodes to use"),
	OPT_RESOURCE(memory.limit, parse_bytes, "memory", "BYTES", "Memory; -1: no limit"),
	OPT_RESOURCE(memory.reservation, parse_bytes, "memory-reservation", "BYTES", "Memory that it is to keep"),
	OPT_RESOURCE(memory.swap, parse_bytes, "memory-swap", "BYTES", "Memory and swap together; -1: no limit"),
	OPT_RESOURCE(pids_limit, parse_pids_limit, "pids-limit", "N", "Processes; -1: no limit"),
	OPT_STRING(struct update_options, l3_cache_schema, 0, "l3-cache-schema", "SCHEMA", "Intel RDT (not supported)"),
	OPT_STRING(struct update_options, memory_bandwidth_schema, 0, "mem-bw-schema", "SCHEMA",
		   "Intel RDT (not supported)"),
	/* Of no effect for years, but in scripts. */
	OPT_STRING(struct update_options, kernel_memory, 0, "kernel-memory", "BYTES", NULL),
	OPT_STRING(struct update_options, kernel_memory_tcp, 0, "kernel-memory-tcp", "BYTES", NULL),
	OPT_END,
};

/* --- the file --- */

static int load(const char *path, struct json_document *ret, struct error *err)
{
	if (!streq(path, "-"))
		return json_load(AT_FDCWD, path, RESOURCES_MAX, ERR_SPEC, ret, err);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = fd_read_text(STDIN_FILENO, RESOURCES_MAX, "standard input", &text, &len, err);
	return r < 0 ? r : json_parse(text, len, "standard input", ERR_SPEC, ret, err);
}

static int update_from_file(struct container *container, const char *path, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct spec_resources resources = { 0 };
	int r = load(path, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	r = json_as_object(&root, err);
	if (r >= 0)
		r = spec_resources_from_json(&root, &resources, err);
	if (r >= 0)
		r = container_update(container, &resources, err);
	spec_resources_done(&resources);
	return MIN(r, 0);
}

static int update_from_flags(struct container *container, const struct update_options *options, struct error *err)
{
	if (!str_is_empty(options->l3_cache_schema) || !str_is_empty(options->memory_bandwidth_schema))
		return err_set(err, ERR_UNSUPPORTED, "Intel RDT (--l3-cache-schema, --mem-bw-schema) is not supported");
	if (!str_is_empty(options->kernel_memory) || !str_is_empty(options->kernel_memory_tcp))
		log_warn("--kernel-memory and --kernel-memory-tcp are ignored: kernels have no such limit any more");
	return container_update(container, &options->resources, err);
}

static int update(const struct runtime_globals *globals, const struct update_options *options, const char *id,
		  struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int r = container_load(globals->root, id, &container, err);
	if (r < 0)
		return r;
	return str_is_empty(options->file) ? update_from_flags(container, options, err) :
					     update_from_file(container, options->file, err);
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct update_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	if (r == 0) {
		r = update(globals, &options, args[0], err);
		if (r < 0)
			err_wrap(err, "update container '%s'", args[0]);
	}
	options_done(tables, &options);
	return MIN(r, 0);
}

const struct runtime_verb verb_update = {
	.name = "update",
	.arguments = "ID",
	.summary = "Change the limits of a container",
	.options = OPTIONS,
	.run = run,
};
