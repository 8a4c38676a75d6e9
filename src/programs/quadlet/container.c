/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "programs/quadlet/translate.h"

static const struct key KEYS[] = {
	{ "AddCapability", KEY_WORDS, "--cap-add" },
	{ "AddDevice", KEY_OWN, NULL },
	{ "AddHost", KEY_LINES, "--add-host" },
	{ "Annotation", KEY_WORDS, "--annotation" },
	{ "AutoUpdate", KEY_VALUE, "--label=io.containers.autoupdate=" },
	{ "CgroupsMode", KEY_VALUE, "--cgroups" },
	{ "ContainerName", KEY_OWN, NULL },
	{ "ContainersConfModule", KEY_NEVER, "coffer has no modules of a configuration" },
	{ "DNS", KEY_LINES, "--dns" },
	{ "DNSOption", KEY_LINES, "--dns-option" },
	{ "DNSSearch", KEY_LINES, "--dns-search" },
	{ "DropCapability", KEY_WORDS, "--cap-drop" },
	{ "Entrypoint", KEY_VALUE, "--entrypoint" },
	{ "Environment", KEY_WORDS, "--env" },
	{ "EnvironmentFile", KEY_OWN, NULL },
	{ "EnvironmentHost", KEY_BOOL, "--env-host" },
	{ "Exec", KEY_OWN, NULL },
	{ "ExposeHostPort", KEY_LINES, "--expose" },
	{ "GIDMap", KEY_LINES, "--gidmap" },
	{ "GlobalArgs", KEY_OWN, NULL },
	{ "Group", KEY_OWN, NULL },
	{ "GroupAdd", KEY_LINES, "--group-add" },
	{ "HealthCmd", KEY_VALUE, "--health-cmd" },
	{ "HealthInterval", KEY_VALUE, "--health-interval" },
	{ "HealthOnFailure", KEY_VALUE, "--health-on-failure" },
	{ "HealthRetries", KEY_VALUE, "--health-retries" },
	{ "HealthStartPeriod", KEY_VALUE, "--health-start-period" },
	{ "HealthTimeout", KEY_VALUE, "--health-timeout" },
	{ "HostName", KEY_VALUE, "--hostname" },
	{ "IP", KEY_VALUE, "--ip" },
	{ "IP6", KEY_VALUE, "--ip6" },
	{ "Image", KEY_OWN, NULL },
	{ "Label", KEY_WORDS, "--label" },
	{ "LogDriver", KEY_VALUE, "--log-driver" },
	{ "LogOpt", KEY_LINES, "--log-opt" },
	{ "Mask", KEY_VALUE, "--security-opt=mask=" },
	{ "Memory", KEY_VALUE, "--memory" },
	{ "Mount", KEY_OWN, NULL },
	{ "Network", KEY_OWN, NULL },
	{ "NetworkAlias", KEY_LINES, "--network-alias" },
	{ "NoNewPrivileges", KEY_OWN, NULL },
	{ "Notify", KEY_OWN, NULL },
	{ "PidsLimit", KEY_VALUE, "--pids-limit" },
	{ "Pod", KEY_OWN, NULL },
	{ "PodmanArgs", KEY_PASS, NULL },
	{ "PublishPort", KEY_LINES, "--publish" },
	{ "Pull", KEY_VALUE, "--pull" },
	{ "ReadOnly", KEY_BOOL, "--read-only" },
	{ "ReadOnlyTmpfs", KEY_BOOL, "--read-only-tmpfs" },
	{ "ReloadCmd", KEY_OWN, NULL },
	{ "ReloadSignal", KEY_OWN, NULL },
	{ "Rootfs", KEY_NEVER, "coffer starts from an image; see coffer import" },
	{ "RunInit", KEY_BOOL, "--init" },
	{ "SeccompProfile", KEY_VALUE, "--security-opt=seccomp=" },
	{ "Secret", KEY_LINES, "--secret" },
	{ "SecurityLabelDisable", KEY_OWN, NULL },
	{ "SecurityLabelFileType", KEY_VALUE, "--security-opt=label=filetype:" },
	{ "SecurityLabelLevel", KEY_VALUE, "--security-opt=label=level:" },
	{ "SecurityLabelNested", KEY_OWN, NULL },
	{ "SecurityLabelType", KEY_VALUE, "--security-opt=label=type:" },
	{ "ServiceName", KEY_OWN, NULL },
	{ "ShmSize", KEY_VALUE, "--shm-size" },
	{ "StartWithPod", KEY_OWN, NULL },
	{ "StopSignal", KEY_VALUE, "--stop-signal" },
	{ "StopTimeout", KEY_VALUE, "--stop-timeout" },
	{ "SubGIDMap", KEY_VALUE, "--subgidname" },
	{ "SubUIDMap", KEY_VALUE, "--subuidname" },
	{ "Sysctl", KEY_WORDS, "--sysctl" },
	{ "Timezone", KEY_VALUE, "--tz" },
	{ "Tmpfs", KEY_LINES, "--tmpfs" },
	{ "UIDMap", KEY_LINES, "--uidmap" },
	{ "Ulimit", KEY_LINES, "--ulimit" },
	{ "Unmask", KEY_VALUE, "--security-opt=unmask=" },
	{ "User", KEY_OWN, NULL },
	{ "UserNS", KEY_VALUE, "--userns" },
	{ "Volume", KEY_OWN, NULL },
	{ "WorkingDir", KEY_VALUE, "--workdir" },
	{ 0 },
};

/* --- keys that are more than a flag --- */

/*
 * What a mount's source means, if not itself: "data.volume" is the volume of that file, "./site" is in this file's folder.
 * free() *ret, which stays NULL else.
 */
static int resolve_source(const struct quadlet *quadlet, struct quadlet_file *file, const char *source, char **ret,
			  struct error *err)
{
	if (str_ends_with(source, ".volume")) {
		const struct quadlet_file *volume;
		int r = quadlet_depend_on(quadlet, file, source, &volume, err);
		if (r < 0)
			return r;
		*ret = quadlet_object_name(volume);
	} else if (*source == '.') {
		_cleanup_free_ char *path = path_join(file->folder, source);
		*ret = path_normalize(path);
	}
	return 0;
}

/* Without a colon it is a place in the container, and no source. */
static int append_volume(const struct quadlet *quadlet, struct quadlet_file *file, const char *value,
			 struct str *command, struct error *err)
{
	_cleanup_free_ char *source = mem_strndup(value, strcspn(value, ":")), *named = NULL;
	const char *rest = value + strlen(source);
	int r = *rest ? resolve_source(quadlet, file, source, &named, err) : 0;
	if (r < 0)
		return r;
	_cleanup_free_ char *word = mem_printf("%s%s", named ? named : source, rest);
	unit_words_append(command, "--volume");
	unit_words_append(command, word);
	return 0;
}

/* The same in --mount's words: "type=volume,source=data.volume,...". */
static int append_mount(const struct quadlet *quadlet, struct quadlet_file *file, const char *value,
			struct str *command, struct error *err)
{
	_cleanup_strv_ char **fields = strv_split(value, ',');
	_cleanup_str_ struct str word = { 0 };
	for (char **field = fields; field && *field; field++) {
		_cleanup_free_ char *named = NULL;
		const char *source = str_after(*field, "source=");
		if (!source)
			source = str_after(*field, "src=");
		int r = source ? resolve_source(quadlet, file, source, &named, err) : 0;
		if (r < 0)
			return r;
		str_appendf(&word, "%s%s%s", word.len ? "," : "", named ? "source=" : "", named ? named : *field);
	}
	unit_words_append(command, "--mount");
	unit_words_append(command, str_text(&word));
	return 0;
}

/* Whatever ends the pod's service ends this one, too. */
static int append_pod(const struct quadlet *quadlet, struct quadlet_file *file, const char *value, struct str *command,
		      struct error *err)
{
	const struct quadlet_file *pod;
	if (!str_ends_with(value, ".pod"))
		return err_set(err, ERR_INVALID, "'%s': Pod=%s: it is the name of a .pod file", file->unit.path, value);
	int r = quadlet_depend_on(quadlet, file, value, &pod, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *name = quadlet_object_name(pod);
	unit_file_add(&file->unit, "Unit", "BindsTo", quadlet_service_name(pod));
	unit_words_append(command, "--pod");
	unit_words_append(command, name);
	return 0;
}

static int append_env_file(const struct quadlet *quadlet, struct quadlet_file *file, const char *value,
			   struct str *command, struct error *err)
{
	bool absolute = *value == '/' || *value == '%';
	_cleanup_free_ char *path = absolute ? mem_strdup(value) : path_join(file->folder, value);
	unit_words_append(command, "--env-file");
	unit_words_append(command, path);
	return 0;
}

/* With a dash before it, a device that is not there is none; that is known only when the service is started. */
static int append_device(const struct quadlet *quadlet, struct quadlet_file *file, const char *value,
			 struct str *command, struct error *err)
{
	if (*value == '-')
		return err_set(err, ERR_UNSUPPORTED, "AddDevice=%s: a device cannot be optional", value);
	unit_words_append(command, "--device");
	unit_words_append(command, value);
	return 0;
}

static const struct {
	const char *key;
	int (*append)(const struct quadlet *quadlet, struct quadlet_file *file, const char *value, struct str *command,
		      struct error *err);
} SPECIALS[] = {
	{ "AddDevice", append_device }, { "EnvironmentFile", append_env_file },
	{ "Mount", append_mount },	{ "Network", quadlet_append_network },
	{ "Pod", append_pod },		{ "Volume", append_volume },
};

static int append_specials(const struct quadlet *quadlet, struct quadlet_file *file, struct str *command,
			   struct error *err)
{
	int r = 0;
	size_t count = file->unit.n_lines; /* behind them come the dependencies that these add */
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct unit_line line = file->unit.lines[i];
		for (size_t k = 0; r >= 0 && k < ARRAY_SIZE(SPECIALS); k++)
			if (streq(line.section, "Container") && streq(line.key, SPECIALS[k].key))
				r = SPECIALS[k].append(quadlet, file, line.value, command, err);
	}
	return r;
}

static void append_user(const struct unit_file *unit, struct str *command)
{
	const char *user = unit_file_get(unit, "Container", "User"), *group = unit_file_get(unit, "Container", "Group");
	if (!user && !group)
		return;
	_cleanup_free_ char *both = mem_printf("%s%s%s", user ? user : "0", group ? ":" : "", group ? group : "");
	unit_words_append(command, "--user");
	unit_words_append(command, both);
}

static void append_security(const struct unit_file *unit, struct str *command)
{
	if (unit_file_get_bool(unit, "Container", "NoNewPrivileges", false))
		unit_words_append(command, "--security-opt=no-new-privileges");
	if (unit_file_get_bool(unit, "Container", "SecurityLabelDisable", false))
		unit_words_append(command, "--security-opt=label=disable");
	if (unit_file_get_bool(unit, "Container", "SecurityLabelNested", false))
		unit_words_append(command, "--security-opt=label=nested");
}

/* --- the service --- */

/* One that ends by itself, and whose end the manager waits for. */
static bool is_oneshot(const struct unit_file *unit)
{
	return streq_null(unit_file_get(unit, "Service", "Type"), "oneshot");
}

/*
 * Else the manager watches the container's monitor, which coffer tells it of. The monitor was not the manager's own child
 * then, so it would not wait for its end, but kill it where ExecStop= has ended a moment before: that is coffer's to do.
 */
static void add_service(const struct quadlet *quadlet, const char *name, struct unit_file *unit)
{
	const char *signal = unit_file_get(unit, "Container", "ReloadSignal");
	const char *reload = unit_file_get(unit, "Container", "ReloadCmd");
	unit_file_add(unit, "Service", "Environment", mem_strdup("COFFER_SYSTEMD_UNIT=%n"));
	if (!is_oneshot(unit)) {
		unit_file_add(unit, "Service", "Type", mem_strdup("notify"));
		unit_file_add(unit, "Service", "NotifyAccess", mem_strdup("all"));
	}
	quadlet_default(unit, "Service", "KillMode", "process");
	quadlet_default(unit, "Service", "SendSIGKILL", "no");
	quadlet_default(unit, "Service", "Delegate", "yes");
	unit_file_add(unit, "Service", "ExecStop", mem_printf("-%s stop %s", quadlet->coffer, name));
	unit_file_add(unit, "Service", "ExecStopPost", mem_printf("-%s rm -f -v %s", quadlet->coffer, name));
	if (reload)
		unit_file_add(unit, "Service", "ExecReload",
			      mem_printf("%s exec %s %s", quadlet->coffer, name, reload));
	else if (signal)
		unit_file_add(unit, "Service", "ExecReload",
			      mem_printf("%s kill --signal %s %s", quadlet->coffer, signal, name));
}

/* Image= is the image's name, or that of a file of this kind, of which there can be no service. */
static int check_image(const struct unit_file *unit, struct error *err)
{
	const char *image = unit_file_get(unit, "Container", "Image");
	if (!image)
		return err_set(err, ERR_INVALID, "'%s': [Container] has no Image=", unit->path);
	const struct quadlet_kind *kind = quadlet_kind_of(image);
	return kind && !kind->translate
		       ? err_set(err, ERR_UNSUPPORTED, "'%s': Image=%s: %s", unit->path, image, kind->why_not)
		       : 0;
}

/* Who says when it is ready; of a oneshot service nobody does. */
static void append_notify(const struct unit_file *unit, struct str *command)
{
	if (is_oneshot(unit))
		return;
	if (streq_null(unit_file_get(unit, "Container", "Notify"), "healthy"))
		unit_words_append(command, "--sdnotify=healthy");
	else if (unit_file_get_bool(unit, "Container", "Notify", false))
		unit_words_append(command, "--sdnotify=container");
}
int quadlet_translate_container(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err)
{
	struct unit_file *unit = &file->unit;
	_cleanup_str_ struct str command = { 0 };
	_cleanup_free_ char *name = quadlet_object_name(file);
	const char *exec = unit_file_get(unit, "Container", "Exec");
	const char *global = unit_file_get(unit, "Container", "GlobalArgs");
	int r = check_image(unit, err);
	if (r < 0)
		return r;
	str_appendf(&command, "%s%s%s run%s --replace --name", quadlet->coffer, global ? " " : "", global ? global : "",
		    is_oneshot(unit) ? "" : " --detach");
	unit_words_append(&command, name);
	if ((r = keys_translate(unit, "Container", KEYS, &command, err)) < 0 ||
	    (r = append_specials(quadlet, file, &command, err)) < 0)
		return r;
	append_user(unit, &command);
	append_security(unit, &command);
	append_notify(unit, &command);
	unit_words_append(&command, unit_file_get(unit, "Container", "Image"));
	if (exec)
		str_appendf(&command, " %s", exec); /* words of systemd already */
	quadlet_add_ordering(quadlet, unit);
	add_service(quadlet, name, unit);
	unit_file_add(unit, "Service", "ExecStart", str_take(&command));
	return 0;
}
