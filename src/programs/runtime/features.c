/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this program can do, as the specification wants it told: what it knows, whatever the machine; the flags of seccomp
 * that are "supported", and whether ids of mounts can be mapped, are asked of the kernel. Lists come from the tables that the parsers use.
 * Source: OCI runtime-spec, features.md and features-linux.md.
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/json-output.h"
#include "programs/runtime/runtime.h"
#include "runtime/capability.h"
#include "runtime/execution.h"
#include "runtime/mount-options.h"
#include "runtime/mount.h"
#include "runtime/seccomp-words.h"
#include "runtime/seccomp.h"
#include "runtime/spec.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, as everybody else prints them. */
static void add_words(struct json_object *object, const char *key, const char *const *words)
{
	_cleanup_free_ const char **sorted = NULL;
	size_t count = 0;
	for (; *words; words++)
		*ARRAY_APPEND(sorted, count) = *words;
	if (count > 0)
		qsort(sorted, count, sizeof *sorted, compare);
	struct json_object *array = json_add_array(object, key);
	for (size_t i = 0; i < count; i++)
		json_append_string(array, sorted[i]);
}

static void add_hooks(struct json_object *root)
{
	struct json_object *array = json_add_array(root, "hooks");
	for (int point = 0; point < HOOK_POINT_COUNT; point++)
		json_append_string(array, hook_point_name(point));
}

static void add_namespaces(struct json_object *section)
{
	const char *names[NAMESPACE_COUNT + 1] = { NULL };
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		names[type] = namespace_spec_name(type);
	add_words(section, "namespaces", names);
}

static void add_capabilities(struct json_object *section)
{
	struct json_object *array = json_add_array(section, "capabilities");
	for (const char *const *name = capability_names(); *name; name++)
		json_append_string(array, *name);
}

static void add_seccomp(struct json_object *section)
{
	const char *supported[32] = { NULL };
	size_t count = 0;
	for (const char *const *word = seccomp_flag_words(); *word && count + 1 < ARRAY_SIZE(supported); word++)
		if (seccomp_flag_is_supported(*word))
			supported[count++] = *word;
	struct json_object *seccomp = json_add_object(section, "seccomp");
	json_add_bool(seccomp, "enabled", true);
	add_words(seccomp, "actions", seccomp_action_words());
	add_words(seccomp, "operators", seccomp_operator_words());
	add_words(seccomp, "archs", seccomp_architecture_words());
	add_words(seccomp, "knownFlags", seccomp_flag_words());
	add_words(seccomp, "supportedFlags", supported);
}

static void add_cgroup(struct json_object *section)
{
	struct json_object *cgroup = json_add_object(section, "cgroup");
	json_add_bool(cgroup, "v1", true);
	json_add_bool(cgroup, "v2", true);
	json_add_bool(cgroup, "systemd", true);
	json_add_bool(cgroup, "systemdUser", true);
	json_add_bool(cgroup, "rdma", true);
}

static void add_memory_policy(struct json_object *section)
{
	struct json_object *policy = json_add_object(section, "memoryPolicy");
	add_words(policy, "modes", memory_policy_mode_names());
	add_words(policy, "flags", memory_policy_flag_names());
}

/* What is there as a whole, whether or not this machine has a use for it. */
static void add_switches(struct json_object *section)
{
	static const char *const there[] = { "apparmor", "selinux", "netDevices" };
	for (size_t i = 0; i < ARRAY_SIZE(there); i++)
		json_add_bool(json_add_object(section, there[i]), "enabled", true);
	struct json_object *rdt = json_add_object(section, "intelRdt");
	json_add_bool(rdt, "enabled", true);
	json_add_bool(rdt, "schemata", true);
	json_add_bool(rdt, "monitoring", true);
	struct json_object *extensions = json_add_object(section, "mountExtensions");
	json_add_bool(json_add_object(extensions, "idmap"), "enabled", mount_can(MOUNT_CAN_CHANGE));
}

static void add_annotations(struct json_object *root)
{
	const struct scmp_version *version = seccomp_version();
	_cleanup_free_ char *text = mem_printf("%u.%u.%u", version->major, version->minor, version->micro);
	struct json_object *annotations = json_add_object(root, "annotations");
	json_add_string(annotations, "io.github.seccomp.libseccomp.version", text);
	json_add_string(annotations, "org.opencontainers.runc.checkpoint.enabled", "true");
	json_add_string(annotations, "io.coffer.runtime.version", VERSION);
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	(void)globals;
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, NULL, 0, 0, &args, err);
	if (r != 0)
		return MIN(r, 0);
	_cleanup_json_ struct json_object *root = json_object_new_object();
	json_add_string(root, "ociVersionMin", "1.0.0");
	json_add_string(root, "ociVersionMax", OCI_VERSION);
	add_hooks(root);
	add_words(root, "mountOptions", mount_option_names());
	struct json_object *section = json_add_object(root, "linux");
	add_namespaces(section);
	add_capabilities(section);
	add_cgroup(section);
	add_seccomp(section);
	add_memory_policy(section);
	add_switches(section);
	add_annotations(root);
	/* With these, whoever may only write annotations has more to say than that: a prefix, as its dot tells. */
	json_append_string(json_add_array(root, "potentiallyUnsafeConfigAnnotations"), "run.oci.");
	json_print_pretty(root);
	return 0;
}

const struct runtime_verb verb_features = {
	.name = "features",
	.arguments = "",
	.summary = "Print what this program can do, as JSON",
	.run = run,
};
