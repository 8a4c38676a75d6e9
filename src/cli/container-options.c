/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container-options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/timeline.h"
#include "base/util.h"
#include "cli/env-file.h"
#include "cli/mount-flag.h"
#include "cli/mount-options.h"
#include "cli/mount-risk.h"
#include "cli/pod-member.h"
#include "cli/pull.h"
#include "cli/report.h"
#include "cli/stop-options.h"
#include "engine/pod.h"
#include "image/platform.h"
#include "image/reference.h"

/* --- Values of flags --- */

static int parse_timeout(const char *value, void *field, struct error *err)
{
	struct container_spec *spec = field;
	int r = parse_stop_timeout(value, &spec->stop_timeout_s, err);
	if (r >= 0)
		spec->has_stop_timeout = true;
	return r;
}

static int parse_number(const char *value, void *field, struct error *err)
{
	return parse_i64(value, INT64_MIN, INT64_MAX, field, err);
}

static int parse_stop_signal(const char *value, void *field, struct error *err)
{
	int sig;
	int r = parse_signal(value, &sig, err);
	if (r < 0)
		return r;
	free(*(char **)field);
	*(char **)field = mem_strdup(value);
	return 0;
}

static int parse_attach(const char *value, void *field, struct error *err)
{
	struct attach_streams *streams = field;
	const struct {
		const char *name;
		bool *stream;
	} names[] = { { "stdin", &streams->in }, { "stdout", &streams->out }, { "stderr", &streams->err } };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(value, names[i].name) != 0)
			continue;
		streams->chosen = *names[i].stream = true;
		return 0;
	}
	return err_set(err, ERR_USAGE, "valid streams are STDIN, STDOUT and STDERR");
}

/* There is one runtime, and the container's monitor has it built in. */
static int parse_runtime(const char *value, void *field, struct error *err)
{
	(void)field;
	if (streq(value, "coffer-runtime"))
		return 0;
	err_set(err, ERR_UNSUPPORTED, "containers run by coffer-runtime only");
	err_cause(err, "it is a part of each container's monitor, and no other program is asked to run containers");
	return err_hint(err,
			"leave --runtime out; engines that take a runtime's name, such as containerd, can be given "
			"coffer-runtime");
}

static int parse_isolation(const char *value, void *field, struct error *err)
{
	(void)field;
	return streq(value, "") || strcasecmp(value, "default") == 0
		       ? 0
		       : err_set(err, ERR_INVALID, "invalid isolation \"%s\" on linux", value);
}

static int parse_umask(const char *value, void *field, struct error *err)
{
	enum { UMASK_MAX = 0777 };
	uint64_t mask;
	int r = parse_octal(value, UMASK_MAX, &mask, err);
	if (r < 0)
		return r;
	free(*(char **)field);
	*(char **)field = mem_strdup(value);
	return 0;
}

static const char *const SDNOTIFY_MODES[] = { "conmon", "container", "healthy", "ignore", NULL };

static int parse_sdnotify(const char *value, void *field, struct error *err)
{
	if (!strv_contains((char *const *)SDNOTIFY_MODES, value))
		return err_set(err, ERR_INVALID, "it is conmon, container, healthy or ignore");
	free(*(char **)field);
	*(char **)field = mem_strdup(value);
	return 0;
}

/* As a flag of Go's is, it can be 1 as well as true. */
static int parse_systemd_mode(const char *value, void *field, struct error *err)
{
	bool on;
	if (!streq(value, "always") && parse_bool(value, &on, NULL) < 0)
		return err_set(err, ERR_INVALID, "it is true, false or always");
	free(*(char **)field);
	*(char **)field = mem_strdup(streq(value, "always") ? value : on ? "true" : "false");
	return 0;
}

static int parse_health_duration(const char *value, void *field, struct error *err)
{
	return parse_duration(value, field, err);
}

static int parse_health_retries(const char *value, void *field, struct error *err)
{
	return parse_i64(value, INT32_MIN, INT32_MAX, field, err);
}

static const char *const LOG_DRIVERS[] = { "json-file", "local", "journald", "none", "passthrough", NULL };

static const char *const HEALTH_ACTIONS[] = { "none", "kill", "restart", "stop", NULL };

/* In the order of enum pull_policy. */
static const char *const PULL_POLICIES[] = { "missing", "always", "never", NULL };
static const char *const SHARING[] = { "private", "host", "container:", NULL };
static const char *const USER_NAMESPACES[] = { "host", "auto", "keep-id", "nomap", "private", "container:", NULL };
static const char *const IPC_MODES[] = { "private", "shareable", "none", "host", "container:", NULL };
static const char *const SYSTEMD_MODES[] = { "true", "always", "false", NULL };
static const char *const STREAMS[] = { "stdin", "stdout", "stderr", NULL };
static const char *const NETWORKS[] = { "bridge", "none", "host", NULL };

typedef struct container_options self; /* which the rows fill */

const struct option CONTAINER_OPTIONS[] = {
	OPT_LIST(self, spec.extra_hosts, 0, "add-host", "Add a line to /etc/hosts: NAME:ADDRESS, or NAME:host-gateway"),
	OPT_LIST(self, spec.annotations, 0, "annotation", "Annotations of the OCI configuration: KEY=VALUE"),
	OPT_STRING(self, architecture, 0, "arch", "string", "Architecture of the image"),
	OPT_PARSED(self, attach, parse_attach, 'a', "attach", "stream",
		   "Stay with these streams only: \"stdin\", \"stdout\", \"stderr\"", .choices = STREAMS),
	OPT_LIST(self, spec.cap_add, 0, "cap-add", "Add Linux capabilities"),
	OPT_LIST(self, spec.cap_drop, 0, "cap-drop", "Drop Linux capabilities"),
	OPT_STRING(self, spec.cidfile, 0, "cidfile", "string", "Write the container's ID to the file",
		   .completes = COMPLETE_FILES),
	OPT_STRING(self, spec.cgroupns_mode, 0, "cgroupns", "string",
		   "Cgroup namespace (\"private\", \"host\", \"container:NAME\", \"ns:PATH\") (default \"private\")",
		   .choices = SHARING),
	OPT_LIST(self, spec.devices, 0, "device", "Give a device of the host to the container",
		 .completes = COMPLETE_FILES),
	OPT_LIST(self, spec.device_rules, 0, "device-cgroup-rule",
		 "Allow more devices: \"TYPE MAJOR:MINOR ACCESS\", such as \"c 13:* rwm\""),
	OPT_BOOL(self, no_content_trust, 0, "disable-content-trust", NULL),
	OPT_LIST(self, spec.dns, 0, "dns", "Ask these name servers"),
	OPT_LIST(self, spec.dns_options, 0, "dns-option", "Set options for asking name servers"),
	OPT_LIST(self, spec.dns_search, 0, "dns-search", "Complete names with these domains"),
	OPT_STRING(self, spec.domainname, 0, "domainname", "string", "NIS domain name of the container"),
	OPT_STRING(self, entrypoint, 0, "entrypoint", "string",
		   "Run this instead of the image's ENTRYPOINT; \"\" for none"),
	OPT_STRING(self, health_cmd, 0, "health-cmd", "string", "Command that tells whether the container is healthy"),
	OPT_PARSED(self, spec.health.interval_ns, parse_health_duration, 0, "health-interval", "duration",
		   "Time between health checks (default 30s)"),
	OPT_STRING(self, spec.health_on_failure, 0, "health-on-failure", "action",
		   "When it becomes unhealthy: \"none\", \"kill\", \"restart\", \"stop\" (default \"none\")",
		   .choices = HEALTH_ACTIONS),
	OPT_PARSED(self, spec.health.retries, parse_health_retries, 0, "health-retries", "int",
		   "Failures in a row that make it unhealthy (default 3)"),
	OPT_PARSED(self, spec.health.start_interval_ns, parse_health_duration, 0, "health-start-interval", "duration",
		   "Time between health checks in the start period (default 5s)"),
	OPT_PARSED(self, spec.health.start_period_ns, parse_health_duration, 0, "health-start-period", "duration",
		   "Time that it has to come up before failures count (default 0s)"),
	OPT_PARSED(self, spec.health.timeout_ns, parse_health_duration, 0, "health-timeout", "duration",
		   "Longest time that one health check may take (default 30s)"),
	OPT_LIST(self, spec.groups, 0, "group-add", "Further groups of the user, by name or number"),
	OPT_BOOL(self, spec.init, 0, "init", "Run a small init as first process, which forwards signals and reaps"),
	OPT_LIST(self, spec.exposed, 0, "expose", "Ports that --publish-all publishes: PORT[-END][/PROTOCOL]"),
	OPT_LIST(self, spec.gid_maps, 0, "gidmap",
		 "Group ids of the container's user namespace: [+]CONTAINER:[@]HOST[:SIZE]"),
	OPT_STRING(self, spec.hostname, 'h', "hostname", "string", "Host name of the container"),
	OPT_STRING(self, network.address, 0, "ip", "address", "IPv4 address on the first network"),
	OPT_STRING(self, network.address6, 0, "ip6", "address", "IPv6 address on the first network"),
	OPT_BOOL(self, spec.open_stdin, 'i', "interactive", "Keep standard input open"),
	OPT_STRING(self, spec.ipc_mode, 0, "ipc", "string",
		   "IPC namespace (\"private\", \"shareable\", \"none\", \"host\", \"container:NAME\", \"ns:PATH\") "
		   "(default \"private\")",
		   .choices = IPC_MODES),
	OPT_PARSED(self, spec, parse_isolation, 0, "isolation", "string", NULL),
	OPT_LIST(self, spec.labels, 'l', "label", "Set metadata on the container"),
	OPT_LIST(self, label_files, 0, "label-file", "Read metadata from a file", .completes = COMPLETE_FILES),
	OPT_STRING(self, spec.log_driver, 0, "log-driver", "string",
		   "What becomes of the output (\"json-file\", \"local\", \"journald\", \"none\", \"passthrough\")",
		   .choices = LOG_DRIVERS),
	OPT_LIST(self, spec.log_options, 0, "log-opt", "Options of the log driver, such as \"max-size=10m\""),
	OPT_STRING(self, network.mac, 0, "mac-address", "address", "MAC address on the first network"),
	OPT_LIST(
		self, mounts, 0, "mount",
		"Mount something: type=bind|volume|tmpfs|image,source=...,target=...[,readonly][,volume-subpath=...|,image-subpath=...]"),
	OPT_STRING(self, spec.name, 0, "name", "string", "Name the container"),
	OPT_LIST(
		self, network.networks, 0, "network",
		"Network of the container: a name, \"none\", \"host\", \"container:NAME\", \"ns:PATH\", \"cni:NAME\", \"pasta\", \"slirp4netns[:OPTIONS]\" (default \"bridge\")",
		.choices = NETWORKS),
	OPT_LIST(self, network.networks, 0, "net", NULL),
	OPT_LIST(self, network.aliases, 0, "network-alias", "Name the container on its first network"),
	OPT_LIST(self, network.aliases, 0, "net-alias", NULL),
	OPT_LIST(self, network.options, 0, "network-opt",
		 "Options of its place on its first network, such as rate=10mbit"),
	OPT_BOOL(self, no_healthcheck, 0, "no-healthcheck", "No health checks, whatever the image says"),
	OPT_BOOL(self, spec.oom_kill_disable, 0, "oom-kill-disable",
		 "Let it wait for memory, instead of killing in it"),
	OPT_PARSED(self, spec.oom_score_adj, parse_number, 0, "oom-score-adj", "int",
		   "How soon it is killed when memory is short (-1000 to 1000)"),
	OPT_STRING(self, os, 0, "os", "string", "Operating system of the image"),
	OPT_BOOL(self, passwd, 0, "passwd",
		 "With --userns keep-id: an entry in /etc/passwd and /etc/group (default true)"),
	OPT_STRING(self, spec.pid_mode, 0, "pid", "string",
		   "PID namespace (\"private\", \"host\", \"container:NAME\", \"ns:PATH\") (default \"private\")",
		   .choices = SHARING),
	OPT_STRING(self, spec.pid_file, 0, "pidfile", "file",
		   "Write the pid of the container's first process to the file at every start",
		   .completes = COMPLETE_FILES),
	OPT_STRING(self, spec.platform, 0, "platform", "string", "Platform of the image, such as \"linux/arm64\""),
	OPT_STRING(self, pod, 0, "pod", "string", "Make it a container of the pod; \"new:NAME\" makes this first",
		   .completes = COMPLETE_PODS),
	OPT_STRING(self, pod_id_file, 0, "pod-id-file", "string", "The same, of the pod whose ID is in the file",
		   .completes = COMPLETE_FILES),
	OPT_BOOL(self, spec.privileged, 0, "privileged", "Give the container all privileges"),
	OPT_LIST(self, spec.ports, 'p', "publish", "Publish ports: [[ADDRESS:][PORT[-END]]:]PORT[-END][/PROTOCOL]"),
	OPT_BOOL(self, spec.publish_all, 'P', "publish-all", "Publish all exposed ports at ports that are free"),
	OPT_CHOICE(self, spec.pull, 0, "pull", PULL_POLICIES,
		   "Pull the image first (\"always\", \"missing\", \"never\") (default \"missing\")"),
	OPT_BOOL(self, quiet, 'q', "quiet", "Show no progress of pulling and no notices"),
	OPT_BOOL(self, spec.read_only, 0, "read-only", "Mount the root filesystem read-only"),
	OPT_BOOL(self, read_only_tmpfs, 0, "read-only-tmpfs", "With --read-only: a tmpfs on /run, /tmp and /var/tmp"),
	OPT_BOOL(self, replace, 0, "replace", "Remove a container that has the --name already"),
	OPT_BOOL(self, spec.auto_remove, 0, "rm", "Remove the container when it has ended"),
	OPT_PARSED(self, spec, parse_runtime, 0, "runtime", "string", NULL),
	OPT_LIST(self, spec.secrets, 0, "secret",
		 "Give it a secret: NAME[,type=mount|env][,target=TARGET][,uid=UID][,gid=GID][,mode=MODE] (default a file "
		 "below /run/secrets, of root, mode 0444)",
		 .completes = COMPLETE_SECRETS),
	OPT_PARSED(
		self, spec.sdnotify, parse_sdnotify, 0, "sdnotify", "string",
		"When systemd hears that it is ready: \"conmon\" (it has started), \"container\" (it says so itself, to "
		"NOTIFY_SOCKET), \"healthy\", \"ignore\" (never)",
		.choices = SDNOTIFY_MODES),
	OPT_LIST(self, spec.security_options, 0, "security-opt", "Security options"),
	OPT_SIZE(self, spec.shm_size, 0, "shm-size", "Size of /dev/shm (default 64m)"),
	OPT_PARSED(self, spec.stop_signal, parse_stop_signal, 0, "stop-signal", "string",
		   "Signal that stops the container"),
	OPT_PARSED(self, spec, parse_timeout, 0, "stop-timeout", "int",
		   "Seconds until a container that is to stop is killed, -1 for never (default 10)"),
	OPT_LIST(self, spec.storage_options, 0, "storage-opt", "Limit what the container may write: size=BYTES"),
	OPT_STRING(self, spec.subgid_name, 0, "subgidname", "string",
		   "Map the group ids that /etc/subgid gives to this name"),
	OPT_STRING(self, spec.subuid_name, 0, "subuidname", "string",
		   "Map the user ids that /etc/subuid gives to this name"),
	OPT_LIST(self, spec.sysctls, 0, "sysctl", "Set kernel parameters of the container's own"),
	OPT_PARSED(self, spec.systemd_mode, parse_systemd_mode, 0, "systemd", "string",
		   "Whether it runs systemd and gets what that needs: \"true\" if its command is systemd, \"always\", "
		   "\"false\" (default \"true\")",
		   .choices = SYSTEMD_MODES),
	OPT_LIST(self, spec.time_offsets, 0, "time-offset",
		 "Set a clock of its own ahead: boottime=SECONDS or monotonic=SECONDS, behind with \"-\""),
	OPT_LIST(self, tmpfs, 0, "tmpfs", "Mount a tmpfs on a directory"),
	OPT_BOOL(self, spec.tty, 't', "tty", "Give the container a terminal"),
	OPT_LIST(self, spec.uid_maps, 0, "uidmap",
		 "User ids of the container's user namespace: [+]CONTAINER:[@]HOST[:SIZE]"),
	OPT_LIST(self, spec.ulimits, 0, "ulimit", "Resource limits of processes, such as \"nofile=1024:2048\""),
	OPT_PARSED(self, spec.umask, parse_umask, 0, "umask", "octal",
		   "The program's file mode creation mask (default 0022)"),
	OPT_STRING(
		self, spec.userns_mode, 0, "userns", "string",
		"User namespace (\"host\", \"auto[:...]\", \"keep-id[:...]\", \"nomap\", \"private\", \"container:NAME\", "
		"\"ns:PATH\") (default \"host\")",
		.choices = USER_NAMESPACES),
	OPT_STRING(self, spec.uts_mode, 0, "uts", "string",
		   "UTS namespace (\"private\", \"host\", \"container:NAME\", \"ns:PATH\") (default \"private\")",
		   .choices = SHARING),
	OPT_STRING(self, spec.user, 'u', "user", "string", "User name or id (NAME|UID[:GROUP|GID])"),
	OPT_STRING(self, variant, 0, "variant", "string", "Variant of the image's architecture"),
	OPT_LIST(self, volumes, 'v', "volume",
		 "Mount a volume, or a directory or file of the host: [SOURCE:]TARGET[:OPTIONS]",
		 .completes = COMPLETE_FILES),
	OPT_LIST(self, spec.volumes_from, 0, "volumes-from",
		 "Mount what is mounted in other containers: CONTAINER[:ro]", .completes = COMPLETE_CONTAINERS),
	OPT_STRING(self, spec.working_dir, 'w', "workdir", "string", "Working directory inside the container"),
	OPT_END,
};

/* --- From words to the spec --- */

/* Files first, as with variables. Their lines are read likewise, but a name alone is a label without a value. */
static int finish_labels(struct container_options *options, struct error *err)
{
	_cleanup_strv_ char **labels = NULL;
	for (char **path = options->label_files; path && *path; path++)
		if (env_file_read(*path, &labels, err) < 0)
			return err_wrap(err, "--label-file");
	for (char **label = options->spec.labels; label && *label; label++)
		strv_append(&labels, *label);
	strv_free(options->spec.labels);
	options->spec.labels = TAKE_PTR(labels);
	for (char **label = options->spec.labels; label && *label; label++)
		if (**label == '\0' || **label == '=')
			return err_set(err, ERR_USAGE, "invalid label: \"%s\"", *label);
	return 0;
}

/* Podman's way of saying --platform. */
static int finish_platform(struct container_options *options, struct error *err)
{
	const char *os = options->os ? options->os : "linux", *variant = options->variant;
	if (!options->os && !options->architecture && !variant)
		return 0;
	if (options->spec.platform)
		return err_set(err, ERR_USAGE, "--platform option can not be specified with --arch, --os or --variant");
	const char *architecture = options->architecture ? options->architecture : platform_host().architecture;
	options->spec.platform = mem_printf("%s/%s%s%s", os, architecture, variant ? "/" : "", variant ? variant : "");
	return 0;
}

/* It is written at every start, from wherever that comes. */
static int finish_pid_file(struct container_spec *spec, struct error *err)
{
	if (!spec->pid_file || *spec->pid_file == '/')
		return 0;
	_cleanup_free_ char *here = getcwd(NULL, 0);
	if (!here)
		return err_sys(err, errno, "find out where --pidfile %s is", spec->pid_file);
	char *path = path_join(here, spec->pid_file);
	free(spec->pid_file);
	spec->pid_file = path;
	return 0;
}

static int add_mounts(struct container_spec *spec, char *const *texts, const char *flag,
		      int (*parse)(const char *text, struct mount_request *ret, struct error *err), struct error *err)
{
	for (; texts && *texts; texts++) {
		struct mount_request mount;
		int r = parse(*texts, &mount, err);
		if (r < 0)
			return err_wrap(err, "invalid argument \"%s\" for \"%s\" flag", *texts, flag);
		*ARRAY_APPEND(spec->mounts, spec->n_mounts) = mount;
	}
	return 0;
}

static int finish_mounts(struct container_options *options, struct error *err)
{
	int r = add_mounts(&options->spec, options->volumes, "-v, --volume", mount_parse_volume, err);
	if (r < 0)
		return r;
	r = add_mounts(&options->spec, options->mounts, "--mount", mount_parse_flag, err);
	if (r >= 0)
		r = add_mounts(&options->spec, options->tmpfs, "--tmpfs", mount_parse_tmpfs, err);
	if (r >= 0 && options->spec.read_only && options->read_only_tmpfs)
		mount_add_scratch(&options->spec);
	if (r >= 0)
		mount_warn_of_risks(&options->spec);
	return r;
}

static int finish_health(struct container_options *options, struct error *err)
{
	struct image_health *health = &options->spec.health;
	bool said = options->health_cmd || health->interval_ns || health->timeout_ns || health->start_period_ns ||
		    health->start_interval_ns || health->retries;
	if (health->retries < 0)
		return err_set(err, ERR_USAGE, "--health-retries cannot be negative");
	if (options->no_healthcheck && said)
		return err_set(err, ERR_USAGE, "--no-healthcheck conflicts with --health-* options");
	if (options->no_healthcheck)
		strv_append(&health->test, "NONE");
	else if (options->health_cmd) {
		strv_append(&health->test, "CMD-SHELL");
		strv_append(&health->test, options->health_cmd);
	}
	return 0;
}

int container_options_prepare(void *data, struct error *err)
{
	struct container_options *options = data;
	int r = defaults_load(&options->preset, err);
	if (r >= 0)
		defaults_preset(&options->preset, &options->spec);
	return r;
}

int container_options_finish(struct container_options *options, char *const *args, struct error *err)
{
	struct container_spec *spec = &options->spec;
	if (options->replace && str_is_empty(spec->name))
		return err_set(err, ERR_USAGE, "cannot replace container without --name being set");
	if (!options->no_content_trust)
		return err_set(err, ERR_UNSUPPORTED, "cannot trust content: signatures of images are not checked");
	spec->no_passwd = !options->passwd;
	defaults_complete(&options->preset, spec);
	spec->image = mem_strdup(args[0]);
	spec->command = args[1] ? strv_copy(args + 1) : NULL;
	if (options->entrypoint)
		strv_append(&spec->entrypoint, options->entrypoint);
	int r = network_options_finish(&options->network, spec, err);
	if (r >= 0)
		r = finish_labels(options, err);
	if (r >= 0)
		r = environment_options_finish(&options->environment, spec, err);
	if (r >= 0)
		r = finish_platform(options, err);
	if (r >= 0)
		r = finish_pid_file(spec, err);
	if (r >= 0)
		r = finish_mounts(options, err);
	if (r >= 0)
		r = finish_health(options, err);
	return r;
}

/* Empty afterwards, because the table's rows point into the spec, too. */
void container_options_done(void *options)
{
	defaults_done(&((struct container_options *)options)->preset);
	struct container_spec *spec = &((struct container_options *)options)->spec;
	container_spec_done(spec);
	*spec = (struct container_spec){ 0 };
}

/* --- Making the container --- */

static void say_not_found(const char *image)
{
	struct image_reference reference = { 0 };
	if (reference_parse(image, &reference, NULL) < 0)
		return;
	_cleanup_free_ char *name = reference_familiar(&reference);
	reference_done(&reference);
	fprintf(stderr, "Unable to find image '%s' locally\n", name);
}

static bool is_default_meaning(const char *image, const char *full)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (reference_parse(image, &reference, NULL) < 0)
		return false;
	_cleanup_free_ char *name = reference_full(&reference);
	return streq(name, full);
}

/* From then on a short name that means something else is written in full: that image, and no other, was pulled. */
static void take_name(struct container_spec *spec, struct pull_result *result)
{
	if (is_default_meaning(spec->image, result->reference))
		return;
	free(spec->image);
	spec->image = TAKE_PTR(result->reference);
}

static int pull_image(struct cli *cli, struct container_options *options, struct error *err)
{
	struct pull_result result = { 0 };
	const struct pull_request request = {
		.reference = options->spec.image,
		.platform = options->spec.platform,
		.quiet = options->quiet,
		.out = stderr,
	};
	int r = pull_and_show(cli, &request, &result, err);
	if (r < 0)
		return r;
	take_name(&options->spec, &result);
	timeline_step("image pulled: %s", options->spec.image);
	pull_result_done(&result);
	return 0;
}

static int create_with_image(struct cli *cli, struct container_options *options, struct container_record **ret,
			     struct error *err)
{
	const struct container_spec *spec = &options->spec;
	if (spec->pull == PULL_ALWAYS) {
		int r = pull_image(cli, options, err);
		if (r < 0)
			return r;
	}
	int r = engine_container_create(cli->engine, spec, ret, err);
	if (r != -ERR_IMG_NOT_FOUND || spec->pull != PULL_MISSING)
		return r;
	err_clear(err);
	if (!options->quiet)
		say_not_found(spec->image);
	r = pull_image(cli, options, err);
	return r < 0 ? r : engine_container_create(cli->engine, spec, ret, err);
}

/* Made before anything else, so that two commands with the same file do not both make a container. */
static int open_cidfile(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0)
		return fd;
	if (errno != EEXIST)
		return err_sys(err, errno, "make the container ID file '%s'", path);
	err_set(err, ERR_EXISTS, "container ID file found: \"%s\"", path);
	return err_hint(err, "rm %s, if its container is not needed any more", path);
}

/* Only what has this very name gives way: an id, or the beginning of one, is somebody else. */
static int remove_replaced(struct cli *cli, const char *name, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	struct error failure = { 0 };
	int r = engine_container_find(cli->engine, name, &record, &failure);
	if (r >= 0 && streq(record->name, name))
		r = engine_container_remove(cli->engine, record->id, true, false, &failure);
	if (r >= 0 || r == -ERR_NO_CONTAINER)
		return 0;
	if (err)
		*err = failure;
	return err_wrap(err, "replace container \"%s\"", name);
}

/* As Docker: it is no error, but should not go unnoticed. */
static void warn_of_ports(const struct container_spec *spec)
{
	const char *mode = spec->network == NETWORK_HOST ? "host" : spec->network == NETWORK_NONE ? "none" : NULL;
	if (mode && (spec->ports || spec->publish_all))
		report_notice("Published ports are discarded when using %s network mode", mode);
}

/* A pod that was made for a container, which could not be made, is nothing that anybody wanted. */
static int create_in_pod(struct cli *cli, struct container_options *options, struct container_record **ret,
			 struct error *err)
{
	_cleanup_free_ char *made = NULL;
	int r = pod_member_join(cli, options, &made, err);
	if (r >= 0)
		r = create_with_image(cli, options, ret, err);
	if (r < 0 && made)
		(void)engine_pod_remove(cli->engine, made, true, NULL);
	return r;
}

int container_options_create(struct cli *cli, struct container_options *options, struct container_record **ret,
			     struct error *err)
{
	warn_of_ports(&options->spec);
	int replaced = options->replace ? remove_replaced(cli, options->spec.name, err) : 0;
	if (replaced < 0)
		return replaced;
	if (!options->spec.cidfile)
		return create_in_pod(cli, options, ret, err);
	_cleanup_close_ int fd = open_cidfile(options->spec.cidfile, err);
	if (fd < 0)
		return fd;
	int r = create_in_pod(cli, options, ret, err);
	if (r < 0) {
		(void)unlink(options->spec.cidfile);
		return r;
	}
	/* The container exists: its owner is better served with it than with an error. */
	char why[64];
	int failed = fd_write_all(fd, (*ret)->id, strlen((*ret)->id));
	if (failed < 0)
		report_notice("cannot write the container ID file '%s': %s", options->spec.cidfile,
			      str_errno(-failed, why, sizeof why));
	return r;
}
