/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations that change what config.json means: those of crun, for the programs that write them, and one of ours.
 *
 * The two of "run.oci.hooks" are read where hooks run (hooks.h), "run.oci.pidfd_receiver" where there is a pidfd
 * (create.c) and "run.oci.mount_context_type" where labels are put on mounts; all others of crun's, of this and of other prefixes, are text that nobody here looks at.
 * Source: crun(1), "Extensions to OCI".
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/annotation.h"
#include "runtime/spec-internal.h"

/* Its being there is what counts; only "0" takes it back. */
static bool is_on(const char *value)
{
	return !streq(value, "0");
}

static int keep_groups(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	if (spec->process)
		spec->process->user.keep_groups = is_on(value);
	return 0;
}

static int set_receiver(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	if (value[0] != '/')
		return json_error(node, err, "the seccomp receiver \"%s\" is not an absolute path", value);
	if (spec->seccomp) {
		free(spec->seccomp->listener_path);
		spec->seccomp->listener_path = mem_strdup(value);
	}
	return 0;
}

static int refuse_unknown_calls(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	if (spec->seccomp)
		spec->seccomp->refuse_unknown = is_on(value);
	return 0;
}

/* The profile of the linux section is ignored. */
static int set_bpf(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	struct error why = { 0 };
	size_t size = 0;
	_cleanup_free_ void *bpf = mem_alloc(strlen(value) + 1);
	if (parse_base64(value, bpf, &size, &why) < 0 || size == 0)
		return json_error(node, err, "a BPF program is needed, in base64");
	spec_seccomp_free(spec->seccomp);
	spec->seccomp = NEW(struct spec_seccomp);
	spec->seccomp->default_action = mem_strdup("SCMP_ACT_ALLOW");
	spec->seccomp->bpf = TAKE_PTR(bpf);
	spec->seccomp->bpf_size = size;
	return 0;
}

/* "monotonic 10 0": as the kernel's own file has them (time_namespaces(7)), also with the clocks' numbers. */
static int set_time_offset(const char *line, struct spec *spec)
{
	enum { FIELDS = 3 };
	int64_t seconds;
	uint64_t nanoseconds;
	_cleanup_strv_ char **fields = strv_split(line, ' ');
	if (strv_count(fields) != FIELDS || parse_i64(fields[1], INT64_MIN, INT64_MAX, &seconds, NULL) < 0 ||
	    parse_u64(fields[2], 999999999, &nanoseconds, NULL) < 0)
		return -ERR_INVALID;
	bool boottime = streq(fields[0], "boottime") || streq(fields[0], "7");
	if (!boottime && !streq(fields[0], "monotonic") && !streq(fields[0], "1"))
		return -ERR_INVALID;
	*(boottime ? &spec->time_offset_boottime : &spec->time_offset_monotonic) =
		(struct spec_time_offset){ .set = true, .seconds = seconds, .nanoseconds = (uint32_t)nanoseconds };
	return 0;
}

static int set_time_offsets(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	_cleanup_strv_ char **lines = strv_split(value, '\n');
	for (char **line = lines; line && *line; line++)
		if (**line && set_time_offset(*line, spec) < 0)
			return json_error(node, err, "\"%s\" is not CLOCK SECONDS NANOSECONDS", *line);
	return 0;
}

/* Of the mount options that SELinux knows (mount(8), "context="); used where there is a mountLabel. */
static int check_context_type(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	static const char *const words[] = { "context", "fscontext", "defcontext", "rootcontext" };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(words[i], value))
			return 0;
	return json_error(node, err, "\"%s\" is none of context, fscontext, defcontext, rootcontext", value);
}

static int refuse_handler(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	return json_error(node, err, "handler \"%s\" is not supported, programs are executed by the kernel", value);
}

static int leave_out_limits(const struct json_node *node, const char *value, struct spec *spec, struct error *err)
{
	spec->resources.best_effort = is_on(value);
	return 0;
}

static const struct {
	const char *key;
	int (*apply)(const struct json_node *node, const char *value, struct spec *spec, struct error *err);
} ANNOTATIONS[] = {
	/* First, for it replaces what others change. */
	{ "run.oci.seccomp_bpf_data", set_bpf },
	{ "run.oci.seccomp.receiver", set_receiver },
	{ "run.oci.seccomp_fail_unknown_syscall", refuse_unknown_calls },
	{ "run.oci.keep_original_groups", keep_groups },
	{ "run.oci.timens_offset", set_time_offsets },
	{ "run.oci.mount_context_type", check_context_type },
	{ "run.oci.handler", refuse_handler },
	{ SPEC_BEST_EFFORT, leave_out_limits },
};

int spec_apply_annotations(const struct json_node *root, struct spec *spec, struct error *err)
{
	struct json_node annotations, node;
	if (!json_get(root, "annotations", &annotations))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(ANNOTATIONS); i++) {
		const char *value = annotation_get(spec->annotations, ANNOTATIONS[i].key);
		if (!value || !json_get(&annotations, ANNOTATIONS[i].key, &node))
			continue;
		int r = ANNOTATIONS[i].apply(&node, value, spec, err);
		if (r < 0)
			return r;
	}
	return 0;
}
