/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inspect-shape.h"

const struct shape SHAPE_CONTAINER[] = {
	{ "Id", SHAPE_TEXT },
	{ "Created", SHAPE_TEXT },
	{ "Path", SHAPE_TEXT },
	{ "Args", SHAPE_LIST },
	{ "State", SHAPE_MAP },
	{ "Image", SHAPE_TEXT },
	{ "ResolvConfPath", SHAPE_TEXT },
	{ "HostnamePath", SHAPE_TEXT },
	{ "HostsPath", SHAPE_TEXT },
	{ "LogPath", SHAPE_TEXT },
	{ "Name", SHAPE_TEXT },
	{ "RestartCount", SHAPE_ZERO },
	{ "Driver", SHAPE_TEXT },
	{ "Platform", SHAPE_TEXT },
	{ "MountLabel", SHAPE_TEXT },
	{ "ProcessLabel", SHAPE_TEXT },
	{ "AppArmorProfile", SHAPE_TEXT },
	{ "ExecIDs", SHAPE_NULL },
	{ "HostConfig", SHAPE_MAP },
	{ "GraphDriver", SHAPE_MAP },
	{ "Mounts", SHAPE_LIST },
	{ "Config", SHAPE_MAP },
	{ "NetworkSettings", SHAPE_MAP },
	{ 0 },
};

const struct shape SHAPE_STATE[] = {
	{ "Status", SHAPE_TEXT },
	{ "Running", SHAPE_FALSE },
	{ "Paused", SHAPE_FALSE },
	{ "Restarting", SHAPE_FALSE },
	{ "OOMKilled", SHAPE_FALSE },
	{ "Dead", SHAPE_FALSE },
	{ "Pid", SHAPE_ZERO },
	{ "ExitCode", SHAPE_ZERO },
	{ "Error", SHAPE_TEXT },
	{ "StartedAt", SHAPE_TEXT },
	{ "FinishedAt", SHAPE_TEXT },
	{ 0 },
};

const struct shape SHAPE_HOST_CONFIG[] = {
	{ "Binds", SHAPE_NULL },
	{ "ContainerIDFile", SHAPE_TEXT },
	{ "LogConfig", SHAPE_MAP },
	{ "NetworkMode", SHAPE_TEXT },
	{ "PortBindings", SHAPE_MAP },
	{ "RestartPolicy", SHAPE_MAP },
	{ "AutoRemove", SHAPE_FALSE },
	{ "VolumeDriver", SHAPE_TEXT },
	{ "VolumesFrom", SHAPE_NULL },
	{ "ConsoleSize", SHAPE_LIST },
	{ "CapAdd", SHAPE_NULL },
	{ "CapDrop", SHAPE_NULL },
	{ "CgroupnsMode", SHAPE_TEXT },
	{ "Dns", SHAPE_LIST },
	{ "DnsOptions", SHAPE_LIST },
	{ "DnsSearch", SHAPE_LIST },
	{ "ExtraHosts", SHAPE_NULL },
	{ "GroupAdd", SHAPE_NULL },
	{ "IpcMode", SHAPE_TEXT },
	{ "Cgroup", SHAPE_TEXT },
	{ "Links", SHAPE_NULL },
	{ "OomScoreAdj", SHAPE_ZERO },
	{ "PidMode", SHAPE_TEXT },
	{ "Privileged", SHAPE_FALSE },
	{ "PublishAllPorts", SHAPE_FALSE },
	{ "ReadonlyRootfs", SHAPE_FALSE },
	{ "SecurityOpt", SHAPE_NULL },
	{ "UTSMode", SHAPE_TEXT },
	{ "UsernsMode", SHAPE_TEXT },
	{ "ShmSize", SHAPE_ZERO },
	{ "Runtime", SHAPE_TEXT },
	{ "Isolation", SHAPE_TEXT },
	{ "CpuShares", SHAPE_ZERO },
	{ "Memory", SHAPE_ZERO },
	{ "NanoCpus", SHAPE_ZERO },
	{ "CgroupParent", SHAPE_TEXT },
	{ "BlkioWeight", SHAPE_ZERO },
	{ "BlkioWeightDevice", SHAPE_LIST },
	{ "BlkioDeviceReadBps", SHAPE_LIST },
	{ "BlkioDeviceWriteBps", SHAPE_LIST },
	{ "BlkioDeviceReadIOps", SHAPE_LIST },
	{ "BlkioDeviceWriteIOps", SHAPE_LIST },
	{ "CpuPeriod", SHAPE_ZERO },
	{ "CpuQuota", SHAPE_ZERO },
	{ "CpuRealtimePeriod", SHAPE_ZERO },
	{ "CpuRealtimeRuntime", SHAPE_ZERO },
	{ "CpusetCpus", SHAPE_TEXT },
	{ "CpusetMems", SHAPE_TEXT },
	{ "Devices", SHAPE_LIST },
	{ "DeviceCgroupRules", SHAPE_NULL },
	{ "DeviceRequests", SHAPE_NULL },
	{ "MemoryReservation", SHAPE_ZERO },
	{ "MemorySwap", SHAPE_ZERO },
	{ "MemorySwappiness", SHAPE_NULL },
	{ "OomKillDisable", SHAPE_NULL },
	{ "PidsLimit", SHAPE_NULL },
	{ "Ulimits", SHAPE_LIST },
	{ "CpuCount", SHAPE_ZERO },
	{ "CpuPercent", SHAPE_ZERO },
	{ "IOMaximumIOps", SHAPE_ZERO },
	{ "IOMaximumBandwidth", SHAPE_ZERO },
	{ "MaskedPaths", SHAPE_NULL },
	{ "ReadonlyPaths", SHAPE_NULL },
	{ 0 },
};

const struct shape SHAPE_CONFIG[] = {
	{ "Hostname", SHAPE_TEXT },
	{ "Domainname", SHAPE_TEXT },
	{ "User", SHAPE_TEXT },
	{ "AttachStdin", SHAPE_FALSE },
	{ "AttachStdout", SHAPE_FALSE },
	{ "AttachStderr", SHAPE_FALSE },
	{ "Tty", SHAPE_FALSE },
	{ "OpenStdin", SHAPE_FALSE },
	{ "StdinOnce", SHAPE_FALSE },
	{ "Env", SHAPE_LIST },
	{ "Cmd", SHAPE_NULL },
	{ "Image", SHAPE_TEXT },
	{ "Volumes", SHAPE_NULL },
	{ "WorkingDir", SHAPE_TEXT },
	{ "Entrypoint", SHAPE_NULL },
	{ "OnBuild", SHAPE_NULL },
	{ "Labels", SHAPE_MAP },
	{ 0 },
};

const struct shape SHAPE_NETWORK_SETTINGS[] = {
	{ "Bridge", SHAPE_TEXT },
	{ "SandboxID", SHAPE_TEXT },
	{ "SandboxKey", SHAPE_TEXT },
	{ "Ports", SHAPE_MAP },
	{ "HairpinMode", SHAPE_FALSE },
	{ "LinkLocalIPv6Address", SHAPE_TEXT },
	{ "LinkLocalIPv6PrefixLen", SHAPE_ZERO },
	{ "SecondaryIPAddresses", SHAPE_NULL },
	{ "SecondaryIPv6Addresses", SHAPE_NULL },
	{ "EndpointID", SHAPE_TEXT },
	{ "Gateway", SHAPE_TEXT },
	{ "GlobalIPv6Address", SHAPE_TEXT },
	{ "GlobalIPv6PrefixLen", SHAPE_ZERO },
	{ "IPAddress", SHAPE_TEXT },
	{ "IPPrefixLen", SHAPE_ZERO },
	{ "IPv6Gateway", SHAPE_TEXT },
	{ "MacAddress", SHAPE_TEXT },
	{ "Networks", SHAPE_MAP },
	{ 0 },
};

const struct shape SHAPE_ENDPOINT[] = {
	{ "IPAMConfig", SHAPE_NULL },
	{ "Links", SHAPE_NULL },
	{ "Aliases", SHAPE_NULL },
	{ "MacAddress", SHAPE_TEXT },
	{ "DriverOpts", SHAPE_NULL },
	{ "GwPriority", SHAPE_ZERO },
	{ "NetworkID", SHAPE_TEXT },
	{ "EndpointID", SHAPE_TEXT },
	{ "Gateway", SHAPE_TEXT },
	{ "IPAddress", SHAPE_TEXT },
	{ "IPPrefixLen", SHAPE_ZERO },
	{ "IPv6Gateway", SHAPE_TEXT },
	{ "GlobalIPv6Address", SHAPE_TEXT },
	{ "GlobalIPv6PrefixLen", SHAPE_ZERO },
	{ "DNSNames", SHAPE_NULL },
	{ 0 },
};

const struct shape SHAPE_IMAGE[] = {
	{ "Id", SHAPE_TEXT },
	{ "RepoTags", SHAPE_LIST },
	{ "RepoDigests", SHAPE_LIST },
	{ "Parent", SHAPE_TEXT },
	{ "Comment", SHAPE_TEXT },
	{ "Created", SHAPE_TEXT },
	{ "DockerVersion", SHAPE_TEXT },
	{ "Author", SHAPE_TEXT },
	{ "Config", SHAPE_MAP },
	{ "Architecture", SHAPE_TEXT },
	{ 0 },
};

static struct json_object *new_value(enum shape_value value)
{
	switch (value) {
	case SHAPE_TEXT:
		return json_object_new_string("");
	case SHAPE_ZERO:
		return json_object_new_int(0);
	case SHAPE_FALSE:
		return json_object_new_boolean(false);
	case SHAPE_LIST:
		return json_object_new_array();
	case SHAPE_MAP:
		return json_object_new_object();
	case SHAPE_NULL:
		break;
	}
	return NULL;
}

void shape_add(struct json_object *object, const struct shape *shape)
{
	for (; shape->key; shape++)
		json_object_object_add(object, shape->key, new_value(shape->value));
}

struct json_object *shape_add_object(struct json_object *object, const char *key, const struct shape *shape)
{
	struct json_object *member = json_add_object(object, key);
	shape_add(member, shape);
	return member;
}
