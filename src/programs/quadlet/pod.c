/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "programs/quadlet/translate.h"

#define ONE_USER_NAMESPACE "containers of pods have the engine's user namespace"

static const struct key KEYS[] = {
	{ "AddHost", KEY_LINES, "--add-host" },
	{ "ContainersConfModule", KEY_NEVER, "coffer has no modules of a configuration" },
	{ "DNS", KEY_LINES, "--dns" },
	{ "DNSOption", KEY_LINES, "--dns-option" },
	{ "DNSSearch", KEY_LINES, "--dns-search" },
	{ "ExitPolicy", KEY_OWN, NULL },
	{ "GIDMap", KEY_NEVER, ONE_USER_NAMESPACE },
	{ "GlobalArgs", KEY_OWN, NULL },
	{ "HostName", KEY_VALUE, "--hostname" },
	{ "IP", KEY_VALUE, "--ip" },
	{ "IP6", KEY_VALUE, "--ip6" },
	{ "Label", KEY_WORDS, "--label" },
	{ "Network", KEY_OWN, NULL },
	{ "NetworkAlias", KEY_LINES, "--network-alias" },
	{ "PodName", KEY_OWN, NULL },
	{ "PodmanArgs", KEY_PASS, NULL },
	{ "PublishPort", KEY_LINES, "--publish" },
	{ "ServiceName", KEY_OWN, NULL },
	{ "ShmSize", KEY_VALUE, "--shm-size" },
	{ "StopTimeout", KEY_OWN, NULL },
	{ "SubGIDMap", KEY_NEVER, ONE_USER_NAMESPACE },
	{ "SubUIDMap", KEY_NEVER, ONE_USER_NAMESPACE },
	{ "UIDMap", KEY_NEVER, ONE_USER_NAMESPACE },
	{ "UserNS", KEY_NEVER, ONE_USER_NAMESPACE },
	{ "Volume", KEY_NEVER, "a pod has no files; give the volume to each of its containers" },
	{ 0 },
};

static int append_networks(const struct quadlet *quadlet, struct quadlet_file *file, struct str *command,
			   struct error *err)
{
	size_t count = file->unit.n_lines; /* behind them come the dependencies that these add */
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct unit_line line = file->unit.lines[i];
		if (streq(line.section, "Pod") && streq(line.key, "Network"))
			r = quadlet_append_network(quadlet, file, line.value, command, err);
	}
	return r;
}

/* Its containers are started with it, unless they say otherwise, and after it. */
static void bring_containers(const struct quadlet *quadlet, struct quadlet_file *file)
{
	for (size_t i = 0; i < quadlet->n_files; i++) {
		const struct quadlet_file *other = &quadlet->files[i];
		const char *pod = unit_file_get(&other->unit, "Container", "Pod");
		if (!pod || !streq(pod, file->name) || !str_ends_with(other->name, ".container"))
			continue;
		char *service = quadlet_service_name(other);
		if (unit_file_get_bool(&other->unit, "Container", "StartWithPod", true))
			unit_file_add(&file->unit, "Unit", "Wants", mem_strdup(service));
		unit_file_add(&file->unit, "Unit", "Before", service);
	}
}

/* The manager watches the monitor of the infra container, as it does that of a container: container.c has the reasons. */
static void add_service(const struct quadlet *quadlet, const char *name, struct unit_file *unit)
{
	const char *timeout = unit_file_get(unit, "Pod", "StopTimeout");
	unit_file_add(unit, "Service", "Environment", mem_strdup("COFFER_SYSTEMD_UNIT=%n"));
	unit_file_add(unit, "Service", "Type", mem_strdup("notify"));
	unit_file_add(unit, "Service", "NotifyAccess", mem_strdup("all"));
	quadlet_default(unit, "Service", "Restart", "on-failure");
	quadlet_default(unit, "Service", "KillMode", "process");
	quadlet_default(unit, "Service", "SendSIGKILL", "no");
	quadlet_default(unit, "Service", "Delegate", "yes");
	unit_file_add(unit, "Service", "ExecStart", mem_printf("%s pod start %s", quadlet->coffer, name));
	unit_file_add(unit, "Service", "ExecStop",
		      mem_printf("-%s pod stop --ignore%s%s %s", quadlet->coffer, timeout ? " --time " : "",
				 timeout ? timeout : "", name));
	unit_file_add(unit, "Service", "ExecStopPost",
		      mem_printf("-%s pod rm --ignore --force %s", quadlet->coffer, name));
}

int quadlet_translate_pod(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err)
{
	struct unit_file *unit = &file->unit;
	_cleanup_str_ struct str command = { 0 };
	_cleanup_free_ char *name = quadlet_object_name(file);
	const char *policy = unit_file_get(unit, "Pod", "ExitPolicy");
	const char *global = unit_file_get(unit, "Pod", "GlobalArgs");
	str_appendf(&command, "%s%s%s pod create --replace --exit-policy", quadlet->coffer, global ? " " : "",
		    global ? global : "");
	unit_words_append(&command, policy ? policy : "stop");
	int r = keys_translate(unit, "Pod", KEYS, &command, err);
	if (r >= 0)
		r = append_networks(quadlet, file, &command, err);
	if (r < 0)
		return r;
	unit_words_append(&command, "--name");
	unit_words_append(&command, name);
	quadlet_add_ordering(quadlet, unit);
	bring_containers(quadlet, file);
	unit_file_add(unit, "Service", "ExecStartPre", str_take(&command));
	add_service(quadlet, name, unit);
	return 0;
}
