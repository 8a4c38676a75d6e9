/* SPDX-License-Identifier: Apache-2.0 */
/* `spec`: a config.json to start from: a shell in the rootfs beside it, in namespaces of its own, with few rights. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "programs/runtime/runtime.h"
#include "runtime/spec.h"

struct spec_options {
	char *bundle;
	char *file;
	bool rootless;
};

static const struct option OPTIONS[] = {
	OPT_STRING(struct spec_options, bundle, 'b', "bundle", "DIR", "Where to write it (default: this directory)"),
	OPT_STRING(struct spec_options, file, 'f', "file", "NAME", "What to call it (default: config.json)"),
	OPT_BOOL(struct spec_options, rootless, 0, "rootless", "For a container of who is not root"),
	OPT_END,
};

static void add_process(struct json_object *root)
{
	static const char *const args[] = { "sh", NULL };
	static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
				     NULL };
	static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
	struct json_object *process = json_add_object(root, "process");
	json_add_bool(process, "terminal", true);
	struct json_object *user = json_add_object(process, "user");
	json_add_i64(user, "uid", 0);
	json_add_i64(user, "gid", 0);
	json_add_strv(process, "args", (char *const *)args);
	json_add_strv(process, "env", (char *const *)env);
	json_add_string(process, "cwd", "/");
	struct json_object *sets = json_add_object(process, "capabilities");
	json_add_strv(sets, "bounding", (char *const *)capabilities);
	json_add_strv(sets, "effective", (char *const *)capabilities);
	json_add_strv(sets, "permitted", (char *const *)capabilities);
	struct json_object *limit = json_object_new_object();
	json_add_string(limit, "type", "RLIMIT_NOFILE");
	json_add_i64(limit, "hard", 1024);
	json_add_i64(limit, "soft", 1024);
	json_object_array_add(json_add_array(process, "rlimits"), limit);
	json_add_bool(process, "noNewPrivileges", true);
}

struct template {
	const char *destination, *type, *source;
	const char *options[7];
};

/*
 * In a user namespace with one id there is no group 5 for terminals, and a sysfs of a network namespace that is not ours
 * cannot be mounted.
 */
static const struct template *rootless_mount(const struct template *mount)
{
	static const struct template others[] = {
		{ "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
		{ "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (streq(others[i].destination, mount->destination))
			return &others[i];
	return mount;
}

static void add_mounts(struct json_object *root, bool rootless)
{
	static const struct template mounts[] = {
		{ "/proc", "proc", "proc", { 0 } },
		{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
		{ "/dev/pts", "devpts", "devpts",
		  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
		{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
		{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
		{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
		{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
	};
	struct json_object *array = json_add_array(root, "mounts");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct template *from = rootless ? rootless_mount(&mounts[i]) : &mounts[i];
		struct json_object *mount = json_object_new_object();
		json_add_string(mount, "destination", from->destination);
		json_add_string(mount, "type", from->type);
		json_add_string(mount, "source", from->source);
		if (from->options[0])
			json_add_strv(mount, "options", (char *const *)from->options);
		json_object_array_add(array, mount);
	}
}

/* Our own id alone, as root. */
static void add_id_mapping(struct json_object *section, const char *key, uint32_t host_id)
{
	struct json_object *mapping = json_object_new_object();
	json_add_i64(mapping, "containerID", 0);
	json_add_i64(mapping, "hostID", host_id);
	json_add_i64(mapping, "size", 1);
	json_object_array_add(json_add_array(section, key), mapping);
}

static void add_resources(struct json_object *section)
{
	struct json_object *rule = json_object_new_object();
	json_add_bool(rule, "allow", false);
	json_add_string(rule, "access", "rwm");
	json_object_array_add(json_add_array(json_add_object(section, "resources"), "devices"), rule);
}

static void add_namespaces(struct json_object *section, bool rootless)
{
	static const enum namespace_type namespaces[] = { NAMESPACE_PID,     NAMESPACE_NETWORK, NAMESPACE_IPC,
							  NAMESPACE_UTS,     NAMESPACE_MOUNT,	NAMESPACE_CGROUP };
	struct json_object *list = json_add_array(section, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		/* Who is not root stays in the host's network: only there is a way out; and needs a user namespace. */
		enum namespace_type type =
			rootless && namespaces[i] == NAMESPACE_NETWORK ? NAMESPACE_USER : namespaces[i];
		struct json_object *ns = json_object_new_object();
		json_add_string(ns, "type", namespace_spec_name(type));
		json_object_array_add(list, ns);
	}
}

static void add_linux(struct json_object *root, bool rootless)
{
	static const char *const masked[] = { "/proc/acpi",	       "/proc/asound",	 "/proc/kcore",	     "/proc/keys",
					"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
					"/sys/firmware",       "/proc/scsi",	 "/proc/interrupts",
					"/sys/devices/virtual/powercap", NULL };
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL };
	struct json_object *section = json_add_object(root, "linux");
	if (rootless) {
		add_id_mapping(section, "uidMappings", geteuid());
		add_id_mapping(section, "gidMappings", getegid());
	} else {
		add_resources(section);
	}
	add_namespaces(section, rootless);
	json_add_strv(section, "maskedPaths", (char *const *)masked);
	json_add_strv(section, "readonlyPaths", (char *const *)readonly);
}

static int write_spec(const struct spec_options *options, struct error *err)
{
	const char *bundle = options->bundle ? options->bundle : ".";
	const char *name = options->file ? options->file : "config.json";
	_cleanup_close_ int dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open bundle '%s'", bundle);
	if (strchr(name, '/'))
		return err_set(err, ERR_USAGE, "--file \"%s\" is a path; --bundle says where", name);
	if (faccessat(dir, name, F_OK, 0) == 0)
		return err_set(err, ERR_EXISTS, "%s is there already; remove it first", name);
	_cleanup_json_ struct json_object *root = json_object_new_object();
	json_add_string(root, "ociVersion", OCI_VERSION);
	add_process(root);
	struct json_object *rootfs = json_add_object(root, "root");
	json_add_string(rootfs, "path", "rootfs");
	json_add_bool(rootfs, "readonly", true);
	json_add_string(root, "hostname", "coffer");
	add_mounts(root, options->rootless);
	add_linux(root, options->rootless);
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
									JSON_C_TO_STRING_NOSLASHESCAPE);
	return file_write_atomic(dir, name, text, strlen(text), 0666, 0, err);
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	(void)globals;
	struct spec_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 0, 0, &args, err);
	if (r == 0)
		r = write_spec(&options, err);
	options_done(tables, &options);
	return r < 0 ? r : 0;
}

const struct runtime_verb verb_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "Write a config.json to start from",
	.options = OPTIONS,
	.run = run,
};
