/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspect-template.h"

/*
 * Which objects are maps, what JSON leaves out where it is empty, names that differ from JSON's. No member of containers
 * and images has one name and two types.
 *
 * A null that is in no row is an empty list.
 */
static const struct template_member MEMBERS[] = {
	{ "", "ID", "Id", TYPE_STRING },
	{ "", "Containers", NULL, TYPE_MAP },
	{ "", "Descriptor", NULL, TYPE_POINTER },
	{ "", "ImageManifestDescriptor", NULL, TYPE_POINTER },
	{ "", "Labels", NULL, TYPE_MAP },
	{ "", "Options", NULL, TYPE_MAP },
	{ "", "OsVersion", NULL, TYPE_STRING },
	{ "", "SizeRootFs", NULL, TYPE_POINTER },
	{ "", "SizeRw", NULL, TYPE_POINTER },
	{ "", "Variant", NULL, TYPE_STRING },

	{ "State", "Status", NULL, TYPE_STRING },
	{ "State", "Running", NULL, TYPE_BOOL },
	{ "State", "Paused", NULL, TYPE_BOOL },
	{ "State", "Restarting", NULL, TYPE_BOOL },
	{ "State", "OOMKilled", NULL, TYPE_BOOL },
	{ "State", "Dead", NULL, TYPE_BOOL },
	{ "State", "Pid", NULL, TYPE_INT },
	{ "State", "ExitCode", NULL, TYPE_INT },
	{ "State", "Error", NULL, TYPE_STRING },
	{ "State", "StartedAt", NULL, TYPE_STRING },
	{ "State", "FinishedAt", NULL, TYPE_STRING },
	{ "State", "Health", NULL, TYPE_POINTER },

	{ "Config", "ArgsEscaped", NULL, TYPE_BOOL },
	{ "Config", "Cmd", NULL, TYPE_LIST },
	{ "Config", "Entrypoint", NULL, TYPE_LIST },
	{ "Config", "Env", NULL, TYPE_LIST },
	{ "Config", "EnvSources", NULL, TYPE_MAP },
	{ "Config", "ExposedPorts", NULL, TYPE_MAP },
	{ "Config", "Healthcheck", NULL, TYPE_POINTER },
	{ "Config", "Labels", NULL, TYPE_MAP },
	{ "Config", "NetworkDisabled", NULL, TYPE_BOOL },
	{ "Config", "OnBuild", NULL, TYPE_LIST },
	{ "Config", "Shell", NULL, TYPE_LIST },
	{ "Config", "StopSignal", NULL, TYPE_STRING },
	{ "Config", "StopTimeout", NULL, TYPE_POINTER },
	{ "Config", "User", NULL, TYPE_STRING },
	{ "Config", "Volumes", NULL, TYPE_MAP },
	{ "Config", "WorkingDir", NULL, TYPE_STRING },

	{ "HostConfig", "Annotations", NULL, TYPE_MAP },
	{ "HostConfig", "CPUCount", "CpuCount", TYPE_INT },
	{ "HostConfig", "CPUPercent", "CpuPercent", TYPE_INT },
	{ "HostConfig", "CPUPeriod", "CpuPeriod", TYPE_INT },
	{ "HostConfig", "CPUQuota", "CpuQuota", TYPE_INT },
	{ "HostConfig", "CPURealtimePeriod", "CpuRealtimePeriod", TYPE_INT },
	{ "HostConfig", "CPURealtimeRuntime", "CpuRealtimeRuntime", TYPE_INT },
	{ "HostConfig", "CPUShares", "CpuShares", TYPE_INT },
	{ "HostConfig", "DNS", "Dns", TYPE_LIST },
	{ "HostConfig", "DNSOptions", "DnsOptions", TYPE_LIST },
	{ "HostConfig", "DNSSearch", "DnsSearch", TYPE_LIST },
	{ "HostConfig", "Init", NULL, TYPE_POINTER },
	{ "HostConfig", "MemorySwappiness", NULL, TYPE_POINTER },
	{ "HostConfig", "Mounts", NULL, TYPE_LIST },
	{ "HostConfig", "NanoCPUs", "NanoCpus", TYPE_INT },
	{ "HostConfig", "OomKillDisable", NULL, TYPE_POINTER },
	{ "HostConfig", "PidsLimit", NULL, TYPE_POINTER },
	{ "HostConfig", "PortBindings", NULL, TYPE_MAP },
	{ "HostConfig", "StorageOpt", NULL, TYPE_MAP },
	{ "HostConfig", "Sysctls", NULL, TYPE_MAP },
	{ "HostConfig", "Tmpfs", NULL, TYPE_MAP },
	{ "LogConfig", "Config", NULL, TYPE_MAP },
	{ "PortBindings", "HostIP", "HostIp", TYPE_STRING },
	{ "PortBindings", "HostPort", NULL, TYPE_STRING },

	{ "GraphDriver", "Data", NULL, TYPE_MAP },

	{ "Mounts", "Type", NULL, TYPE_STRING },
	{ "Mounts", "Name", NULL, TYPE_STRING },
	{ "Mounts", "Source", NULL, TYPE_STRING },
	{ "Mounts", "Destination", NULL, TYPE_STRING },
	{ "Mounts", "Driver", NULL, TYPE_STRING },
	{ "Mounts", "Mode", NULL, TYPE_STRING },
	{ "Mounts", "RW", NULL, TYPE_BOOL },
	{ "Mounts", "Propagation", NULL, TYPE_STRING },

	{ "NetworkSettings", "Networks", NULL, TYPE_MAP },
	{ "NetworkSettings", "Ports", NULL, TYPE_MAP },
	{ "Ports", "HostIP", "HostIp", TYPE_STRING },
	{ "Ports", "HostPort", NULL, TYPE_STRING },
	{ "Networks", "Aliases", NULL, TYPE_LIST },
	{ "Networks", "DriverOpts", NULL, TYPE_MAP },
	{ "Networks", "IPAMConfig", NULL, TYPE_POINTER },

	{ "IPAM", "Options", NULL, TYPE_MAP },

	{ 0 },
};

static const char *const WHOLE[] = { "State", "Mounts", "PortBindings", "Ports", NULL };

int inspect_execute(const struct template *template, struct json_object *document, struct str *out, struct error *err)
{
	const struct template_data known = { .root = document, .what = "object", .members = MEMBERS, .whole = WHOLE };
	const struct template_data bare = { .root = document, .what = "object", .missing_fails = true };
	int r = template_execute(template, &known, out, NULL);
	return r < 0 ? template_execute(template, &bare, out, err) : r;
}
