/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: every property that is read, with values that it takes and values that it does not, and where it says so. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json-position.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/capability.h"
#include "runtime/spec.h"

/* Where a line of a test goes in the smallest configuration: as the second line, behind what is there already. */
enum section { ROOT, PROCESS, LINUX, RESOURCES, MOUNT, BARE };

static char *document_with(enum section section, const char *line)
{
	const char *at[BARE + 1] = { "", "", "", "", "", "" };
	_cleanup_free_ char *insert = mem_printf(",\n%s\n", line);
	at[section] = insert;
	if (section == BARE)
		return mem_strdup(line);
	return mem_printf("{\"ociVersion\":\"1.2.1\",\"root\":{\"path\":\"rootfs\"},"
			  "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]%s},"
			  "\"mounts\":[{\"destination\":\"/m\"%s}],"
			  "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},"
			  "{\"type\":\"network\"}],\"resources\":{\"unified\":{}%s}%s}%s}",
			  at[PROCESS], at[MOUNT], at[RESOURCES], at[LINUX], at[ROOT]);
}

static int read_text(const char *text, struct spec **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, strlen(text), "config.json", ERR_SPEC, &document, err);
	return r < 0 ? r : spec_from_json(&document, ret, err);
}

static int read_with(enum section section, const char *line, struct spec **ret, struct error *err)
{
	_cleanup_free_ char *text = document_with(section, line);
	return read_text(text, ret, err);
}

/* --- types --- */

enum type { BOOLEAN, INTEGER, STRING, ARRAY, OBJECT, TYPE_COUNT };

static const struct {
	const char *value, *found, *expected;
} TYPES[TYPE_COUNT + 1] = {
	[BOOLEAN] = { "true", "a boolean", "a boolean" },
	[INTEGER] = { "7", "a number", "an integer" },
	[STRING] = { "\"text\"", "a string", "a string" },
	[ARRAY] = { "[]", "an array", "an array" },
	[OBJECT] = { "{}", "an object", "an object" },
	[TYPE_COUNT] = { "1.5", "a number", NULL },
};

/* Every property: where it stands, the text around its value, its pointer, its type. "%s" is the value. */
static const struct property {
	enum section section;
	const char *line, *pointer;
	enum type type;
} PROPERTIES[] = {
	{ ROOT, "\"hostname\": %s", "/hostname", STRING },
	{ ROOT, "\"domainname\": %s", "/domainname", STRING },
	{ ROOT, "\"annotations\": %s", "/annotations", OBJECT },
	{ ROOT, "\"annotations\": {\"a\": %s}", "/annotations/a", STRING },
	{ ROOT, "\"hooks\": %s", "/hooks", OBJECT },
	{ ROOT, "\"hooks\": {\"prestart\": %s}", "/hooks/prestart", ARRAY },
	{ ROOT, "\"hooks\": {\"createRuntime\": %s}", "/hooks/createRuntime", ARRAY },
	{ ROOT, "\"hooks\": {\"createContainer\": %s}", "/hooks/createContainer", ARRAY },
	{ ROOT, "\"hooks\": {\"startContainer\": %s}", "/hooks/startContainer", ARRAY },
	{ ROOT, "\"hooks\": {\"poststart\": %s}", "/hooks/poststart", ARRAY },
	{ ROOT, "\"hooks\": {\"poststop\": %s}", "/hooks/poststop", ARRAY },
	{ ROOT, "\"hooks\": {\"poststop\": [%s]}", "/hooks/poststop/0", OBJECT },
	{ ROOT, "\"hooks\": {\"poststop\": [{\"path\": %s}]}", "/hooks/poststop/0/path", STRING },
	{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"args\": %s}]}", "/hooks/poststop/0/args", ARRAY },
	{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"env\": [%s]}]}", "/hooks/poststop/0/env/0", STRING },
	{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"timeout\": %s}]}", "/hooks/poststop/0/timeout", INTEGER },
	{ ROOT, "\"root\": %s", "/root", OBJECT },
	{ ROOT, "\"root\": {\"path\": %s}", "/root/path", STRING },
	{ ROOT, "\"root\": {\"path\":\"r\",\"readonly\": %s}", "/root/readonly", BOOLEAN },
	{ ROOT, "\"mounts\": %s", "/mounts", ARRAY },
	{ ROOT, "\"mounts\": [%s]", "/mounts/0", OBJECT },
	{ ROOT, "\"process\": %s", "/process", OBJECT },
	{ ROOT, "\"linux\": %s", "/linux", OBJECT },
	{ ROOT, "\"ociVersion\": %s", "/ociVersion", STRING },

	{ MOUNT, "\"destination\": %s", "/mounts/0/destination", STRING },
	{ MOUNT, "\"type\": %s", "/mounts/0/type", STRING },
	{ MOUNT, "\"source\": %s", "/mounts/0/source", STRING },
	{ MOUNT, "\"options\": %s", "/mounts/0/options", ARRAY },
	{ MOUNT, "\"options\": [\"ro\", %s]", "/mounts/0/options/1", STRING },
	{ MOUNT, "\"uidMappings\": %s", "/mounts/0/uidMappings", ARRAY },
	{ MOUNT, "\"gidMappings\": [%s]", "/mounts/0/gidMappings/0", OBJECT },

	{ PROCESS, "\"terminal\": %s", "/process/terminal", BOOLEAN },
	{ PROCESS, "\"consoleSize\": %s", "/process/consoleSize", OBJECT },
	{ PROCESS, "\"consoleSize\": {\"width\": %s}", "/process/consoleSize/width", INTEGER },
	{ PROCESS, "\"consoleSize\": {\"height\": %s}", "/process/consoleSize/height", INTEGER },
	{ PROCESS, "\"user\": %s", "/process/user", OBJECT },
	{ PROCESS, "\"user\": {\"uid\": %s}", "/process/user/uid", INTEGER },
	{ PROCESS, "\"user\": {\"gid\": %s}", "/process/user/gid", INTEGER },
	{ PROCESS, "\"user\": {\"umask\": %s}", "/process/user/umask", INTEGER },
	{ PROCESS, "\"user\": {\"additionalGids\": %s}", "/process/user/additionalGids", ARRAY },
	{ PROCESS, "\"user\": {\"additionalGids\": [%s]}", "/process/user/additionalGids/0", INTEGER },
	{ PROCESS, "\"args\": %s", "/process/args", ARRAY },
	{ PROCESS, "\"args\": [%s]", "/process/args/0", STRING },
	{ PROCESS, "\"env\": %s", "/process/env", ARRAY },
	{ PROCESS, "\"env\": [\"A=1\", %s]", "/process/env/1", STRING },
	{ PROCESS, "\"cwd\": %s", "/process/cwd", STRING },
	{ PROCESS, "\"capabilities\": %s", "/process/capabilities", OBJECT },
	{ PROCESS, "\"capabilities\": {\"bounding\": %s}", "/process/capabilities/bounding", ARRAY },
	{ PROCESS, "\"capabilities\": {\"effective\": %s}", "/process/capabilities/effective", ARRAY },
	{ PROCESS, "\"capabilities\": {\"inheritable\": %s}", "/process/capabilities/inheritable", ARRAY },
	{ PROCESS, "\"capabilities\": {\"permitted\": %s}", "/process/capabilities/permitted", ARRAY },
	{ PROCESS, "\"capabilities\": {\"ambient\": [%s]}", "/process/capabilities/ambient/0", STRING },
	{ PROCESS, "\"rlimits\": %s", "/process/rlimits", ARRAY },
	{ PROCESS, "\"rlimits\": [%s]", "/process/rlimits/0", OBJECT },
	{ PROCESS, "\"rlimits\": [{\"type\": %s}]", "/process/rlimits/0/type", STRING },
	{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"soft\": %s}]", "/process/rlimits/0/soft", INTEGER },
	{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"soft\":0,\"hard\": %s}]", "/process/rlimits/0/hard", INTEGER },
	{ PROCESS, "\"scheduler\": %s", "/process/scheduler", OBJECT },
	{ PROCESS, "\"scheduler\": {\"policy\": %s}", "/process/scheduler/policy", STRING },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"nice\": %s}", "/process/scheduler/nice", INTEGER },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"priority\": %s}", "/process/scheduler/priority", INTEGER },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"runtime\": %s}", "/process/scheduler/runtime", INTEGER },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"deadline\": %s}", "/process/scheduler/deadline", INTEGER },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"period\": %s}", "/process/scheduler/period", INTEGER },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"flags\": %s}", "/process/scheduler/flags", ARRAY },
	{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"flags\": [%s]}", "/process/scheduler/flags/0", STRING },
	{ PROCESS, "\"ioPriority\": %s", "/process/ioPriority", OBJECT },
	{ PROCESS, "\"ioPriority\": {\"class\": %s}", "/process/ioPriority/class", STRING },
	{ PROCESS, "\"ioPriority\": {\"class\":\"IOPRIO_CLASS_BE\",\"priority\": %s}", "/process/ioPriority/priority", INTEGER },
	{ PROCESS, "\"execCPUAffinity\": %s", "/process/execCPUAffinity", OBJECT },
	{ PROCESS, "\"execCPUAffinity\": {\"initial\": %s}", "/process/execCPUAffinity/initial", STRING },
	{ PROCESS, "\"execCPUAffinity\": {\"final\": %s}", "/process/execCPUAffinity/final", STRING },
	{ PROCESS, "\"noNewPrivileges\": %s", "/process/noNewPrivileges", BOOLEAN },
	{ PROCESS, "\"apparmorProfile\": %s", "/process/apparmorProfile", STRING },
	{ PROCESS, "\"selinuxLabel\": %s", "/process/selinuxLabel", STRING },
	{ PROCESS, "\"oomScoreAdj\": %s", "/process/oomScoreAdj", INTEGER },

	{ LINUX, "\"personality\": %s", "/linux/personality", OBJECT },
	{ LINUX, "\"personality\": {\"domain\": %s}", "/linux/personality/domain", STRING },
	{ LINUX, "\"personality\": {\"domain\":\"LINUX\",\"flags\": %s}", "/linux/personality/flags", ARRAY },
	{ LINUX, "\"memoryPolicy\": %s", "/linux/memoryPolicy", OBJECT },
	{ LINUX, "\"memoryPolicy\": {\"mode\": %s}", "/linux/memoryPolicy/mode", STRING },
	{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_BIND\",\"nodes\": %s}", "/linux/memoryPolicy/nodes", STRING },
	{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_LOCAL\",\"flags\": %s}", "/linux/memoryPolicy/flags", ARRAY },
	{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_LOCAL\",\"flags\": [%s]}", "/linux/memoryPolicy/flags/0", STRING },
	{ LINUX, "\"netDevices\": %s", "/linux/netDevices", OBJECT },
	{ LINUX, "\"netDevices\": {\"d\": {\"name\": %s}}", "/linux/netDevices/d/name", STRING },
	{ LINUX, "\"intelRdt\": %s", "/linux/intelRdt", OBJECT },
	{ LINUX, "\"intelRdt\": {\"closID\": %s}", "/linux/intelRdt/closID", STRING },
	{ LINUX, "\"intelRdt\": {\"l3CacheSchema\": %s}", "/linux/intelRdt/l3CacheSchema", STRING },
	{ LINUX, "\"intelRdt\": {\"memBwSchema\": %s}", "/linux/intelRdt/memBwSchema", STRING },
	{ LINUX, "\"intelRdt\": {\"schemata\": %s}", "/linux/intelRdt/schemata", ARRAY },
	{ LINUX, "\"intelRdt\": {\"schemata\": [%s]}", "/linux/intelRdt/schemata/0", STRING },
	{ LINUX, "\"intelRdt\": {\"enableMonitoring\": %s}", "/linux/intelRdt/enableMonitoring", BOOLEAN },
	{ LINUX, "\"namespaces\": %s", "/linux/namespaces", ARRAY },
	{ LINUX, "\"namespaces\": [%s]", "/linux/namespaces/0", OBJECT },
	{ LINUX, "\"namespaces\": [{\"type\": %s}]", "/linux/namespaces/0/type", STRING },
	{ LINUX, "\"namespaces\": [{\"type\":\"pid\",\"path\": %s}]", "/linux/namespaces/0/path", STRING },
	{ LINUX, "\"timeOffsets\": %s", "/linux/timeOffsets", OBJECT },
	{ LINUX, "\"timeOffsets\": {\"boottime\": %s}", "/linux/timeOffsets/boottime", OBJECT },
	{ LINUX, "\"timeOffsets\": {\"monotonic\": {\"secs\": %s}}", "/linux/timeOffsets/monotonic/secs", INTEGER },
	{ LINUX, "\"timeOffsets\": {\"boottime\": {\"nanosecs\": %s}}", "/linux/timeOffsets/boottime/nanosecs", INTEGER },
	{ LINUX, "\"uidMappings\": %s", "/linux/uidMappings", ARRAY },
	{ LINUX, "\"gidMappings\": [%s]", "/linux/gidMappings/0", OBJECT },
	{ LINUX, "\"uidMappings\": [{\"containerID\": %s}]", "/linux/uidMappings/0/containerID", INTEGER },
	{ LINUX, "\"uidMappings\": [{\"hostID\": %s}]", "/linux/uidMappings/0/hostID", INTEGER },
	{ LINUX, "\"gidMappings\": [{\"size\": %s}]", "/linux/gidMappings/0/size", INTEGER },
	{ LINUX, "\"devices\": %s", "/linux/devices", ARRAY },
	{ LINUX, "\"devices\": [%s]", "/linux/devices/0", OBJECT },
	{ LINUX, "\"devices\": [{\"path\": %s}]", "/linux/devices/0/path", STRING },
	{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\": %s}]", "/linux/devices/0/type", STRING },
	{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"major\": %s}]", "/linux/devices/0/major", INTEGER },
	{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"minor\": %s}]", "/linux/devices/0/minor", INTEGER },
	{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"fileMode\": %s}]", "/linux/devices/0/fileMode", INTEGER },
	{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"uid\": %s}]", "/linux/devices/0/uid", INTEGER },
	{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"gid\": %s}]", "/linux/devices/0/gid", INTEGER },
	{ LINUX, "\"cgroupsPath\": %s", "/linux/cgroupsPath", STRING },
	{ LINUX, "\"rootfsPropagation\": %s", "/linux/rootfsPropagation", STRING },
	{ LINUX, "\"sysctl\": %s", "/linux/sysctl", OBJECT },
	{ LINUX, "\"sysctl\": {\"kernel.shmmax\": %s}", "/linux/sysctl/kernel.shmmax", STRING },
	{ LINUX, "\"maskedPaths\": %s", "/linux/maskedPaths", ARRAY },
	{ LINUX, "\"maskedPaths\": [%s]", "/linux/maskedPaths/0", STRING },
	{ LINUX, "\"readonlyPaths\": %s", "/linux/readonlyPaths", ARRAY },
	{ LINUX, "\"readonlyPaths\": [%s]", "/linux/readonlyPaths/0", STRING },
	{ LINUX, "\"mountLabel\": %s", "/linux/mountLabel", STRING },
	{ LINUX, "\"resources\": %s", "/linux/resources", OBJECT },
	{ LINUX, "\"seccomp\": %s", "/linux/seccomp", OBJECT },
	{ LINUX, "\"seccomp\": {\"defaultAction\": %s}", "/linux/seccomp/defaultAction", STRING },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"defaultErrnoRet\": %s}", "/linux/seccomp/defaultErrnoRet", INTEGER },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"architectures\": %s}", "/linux/seccomp/architectures", ARRAY },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"flags\": %s}", "/linux/seccomp/flags", ARRAY },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"listenerPath\": %s}", "/linux/seccomp/listenerPath", STRING },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"listenerMetadata\": %s}", "/linux/seccomp/listenerMetadata", STRING },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": %s}", "/linux/seccomp/syscalls", ARRAY },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [%s]}", "/linux/seccomp/syscalls/0", OBJECT },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\": %s}]}", "/linux/seccomp/syscalls/0/names", ARRAY },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\":[\"x\"],\"action\": %s}]}",
	  "/linux/seccomp/syscalls/0/action", STRING },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\":[\"x\"],\"action\":\"A\",\"errnoRet\": %s}]}",
	  "/linux/seccomp/syscalls/0/errnoRet", INTEGER },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\":[\"x\"],\"action\":\"A\",\"args\": %s}]}",
	  "/linux/seccomp/syscalls/0/args", ARRAY },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\":[\"x\"],\"action\":\"A\",\"args\":[{\"index\": %s}]}]}",
	  "/linux/seccomp/syscalls/0/args/0/index", INTEGER },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\":[\"x\"],\"action\":\"A\",\"args\":[{\"value\": %s}]}]}",
	  "/linux/seccomp/syscalls/0/args/0/value", INTEGER },
	{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\": [{\"names\":[\"x\"],\"action\":\"A\",\"args\":[{\"op\": %s}]}]}",
	  "/linux/seccomp/syscalls/0/args/0/op", STRING },

	{ RESOURCES, "\"memory\": %s", "/linux/resources/memory", OBJECT },
	{ RESOURCES, "\"memory\": {\"limit\": %s}", "/linux/resources/memory/limit", INTEGER },
	{ RESOURCES, "\"memory\": {\"reservation\": %s}", "/linux/resources/memory/reservation", INTEGER },
	{ RESOURCES, "\"memory\": {\"swap\": %s}", "/linux/resources/memory/swap", INTEGER },
	{ RESOURCES, "\"memory\": {\"kernel\": %s}", "/linux/resources/memory/kernel", INTEGER },
	{ RESOURCES, "\"memory\": {\"kernelTCP\": %s}", "/linux/resources/memory/kernelTCP", INTEGER },
	{ RESOURCES, "\"memory\": {\"swappiness\": %s}", "/linux/resources/memory/swappiness", INTEGER },
	{ RESOURCES, "\"memory\": {\"disableOOMKiller\": %s}", "/linux/resources/memory/disableOOMKiller", BOOLEAN },
	{ RESOURCES, "\"memory\": {\"useHierarchy\": %s}", "/linux/resources/memory/useHierarchy", BOOLEAN },
	{ RESOURCES, "\"memory\": {\"checkBeforeUpdate\": %s}", "/linux/resources/memory/checkBeforeUpdate", BOOLEAN },
	{ RESOURCES, "\"cpu\": %s", "/linux/resources/cpu", OBJECT },
	{ RESOURCES, "\"cpu\": {\"shares\": %s}", "/linux/resources/cpu/shares", INTEGER },
	{ RESOURCES, "\"cpu\": {\"quota\": %s}", "/linux/resources/cpu/quota", INTEGER },
	{ RESOURCES, "\"cpu\": {\"burst\": %s}", "/linux/resources/cpu/burst", INTEGER },
	{ RESOURCES, "\"cpu\": {\"period\": %s}", "/linux/resources/cpu/period", INTEGER },
	{ RESOURCES, "\"cpu\": {\"realtimeRuntime\": %s}", "/linux/resources/cpu/realtimeRuntime", INTEGER },
	{ RESOURCES, "\"cpu\": {\"realtimePeriod\": %s}", "/linux/resources/cpu/realtimePeriod", INTEGER },
	{ RESOURCES, "\"cpu\": {\"idle\": %s}", "/linux/resources/cpu/idle", INTEGER },
	{ RESOURCES, "\"cpu\": {\"cpus\": %s}", "/linux/resources/cpu/cpus", STRING },
	{ RESOURCES, "\"cpu\": {\"mems\": %s}", "/linux/resources/cpu/mems", STRING },
	{ RESOURCES, "\"pids\": %s", "/linux/resources/pids", OBJECT },
	{ RESOURCES, "\"pids\": {\"limit\": %s}", "/linux/resources/pids/limit", INTEGER },
	{ RESOURCES, "\"blockIO\": %s", "/linux/resources/blockIO", OBJECT },
	{ RESOURCES, "\"blockIO\": {\"weight\": %s}", "/linux/resources/blockIO/weight", INTEGER },
	{ RESOURCES, "\"blockIO\": {\"leafWeight\": %s}", "/linux/resources/blockIO/leafWeight", INTEGER },
	{ RESOURCES, "\"blockIO\": {\"weightDevice\": %s}", "/linux/resources/blockIO/weightDevice", ARRAY },
	{ RESOURCES, "\"blockIO\": {\"weightDevice\": [%s]}", "/linux/resources/blockIO/weightDevice/0", OBJECT },
	{ RESOURCES, "\"blockIO\": {\"weightDevice\": [{\"major\": %s}]}", "/linux/resources/blockIO/weightDevice/0/major", INTEGER },
	{ RESOURCES, "\"blockIO\": {\"throttleReadBpsDevice\": %s}", "/linux/resources/blockIO/throttleReadBpsDevice", ARRAY },
	{ RESOURCES, "\"blockIO\": {\"throttleWriteBpsDevice\": [%s]}", "/linux/resources/blockIO/throttleWriteBpsDevice/0", OBJECT },
	{ RESOURCES, "\"blockIO\": {\"throttleReadIOPSDevice\": [{\"minor\": %s}]}",
	  "/linux/resources/blockIO/throttleReadIOPSDevice/0/minor", INTEGER },
	{ RESOURCES, "\"blockIO\": {\"throttleWriteIOPSDevice\": [{\"rate\": %s}]}",
	  "/linux/resources/blockIO/throttleWriteIOPSDevice/0/rate", INTEGER },
	{ RESOURCES, "\"hugepageLimits\": %s", "/linux/resources/hugepageLimits", ARRAY },
	{ RESOURCES, "\"hugepageLimits\": [%s]", "/linux/resources/hugepageLimits/0", OBJECT },
	{ RESOURCES, "\"hugepageLimits\": [{\"pageSize\": %s}]", "/linux/resources/hugepageLimits/0/pageSize", STRING },
	{ RESOURCES, "\"hugepageLimits\": [{\"pageSize\":\"2MB\",\"limit\": %s}]", "/linux/resources/hugepageLimits/0/limit", INTEGER },
	{ RESOURCES, "\"rdma\": %s", "/linux/resources/rdma", OBJECT },
	{ RESOURCES, "\"rdma\": {\"a\": {\"hcaHandles\": %s}}", "/linux/resources/rdma/a/hcaHandles", INTEGER },
	{ RESOURCES, "\"rdma\": {\"a\": {\"hcaObjects\": %s}}", "/linux/resources/rdma/a/hcaObjects", INTEGER },
	{ RESOURCES, "\"network\": %s", "/linux/resources/network", OBJECT },
	{ RESOURCES, "\"network\": {\"classID\": %s}", "/linux/resources/network/classID", INTEGER },
	{ RESOURCES, "\"network\": {\"priorities\": %s}", "/linux/resources/network/priorities", ARRAY },
	{ RESOURCES, "\"network\": {\"priorities\": [%s]}", "/linux/resources/network/priorities/0", OBJECT },
	{ RESOURCES, "\"network\": {\"priorities\": [{\"name\": %s}]}", "/linux/resources/network/priorities/0/name", STRING },
	{ RESOURCES, "\"network\": {\"priorities\": [{\"name\": \"a\", \"priority\": %s}]}", "/linux/resources/network/priorities/0/priority", INTEGER },
	{ RESOURCES, "\"devices\": %s", "/linux/resources/devices", ARRAY },
	{ RESOURCES, "\"devices\": [%s]", "/linux/resources/devices/0", OBJECT },
	{ RESOURCES, "\"devices\": [{\"allow\": %s}]", "/linux/resources/devices/0/allow", BOOLEAN },
	{ RESOURCES, "\"devices\": [{\"type\": %s}]", "/linux/resources/devices/0/type", STRING },
	{ RESOURCES, "\"devices\": [{\"major\": %s}]", "/linux/resources/devices/0/major", INTEGER },
	{ RESOURCES, "\"devices\": [{\"access\": %s}]", "/linux/resources/devices/0/access", STRING },
	{ RESOURCES, "\"unified\": %s", "/linux/resources/unified", OBJECT },
	{ RESOURCES, "\"unified\": {\"pids.max\": %s}", "/linux/resources/unified/pids.max", STRING },
};

/* The line with the value in it, and the column where that stands. */
static char *fill_in(const char *line, const char *value, size_t *ret_column)
{
	const char *hole = strstr(line, "%s");
	*ret_column = (size_t)(hole - line) + 1;
	return mem_printf("%.*s%s%s", (int)(hole - line), line, value, hole + 2);
}

static void test_wrong_types_are_reported_with_their_place(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROPERTIES); i++) {
		const struct property *property = &PROPERTIES[i];
		for (size_t type = 0; type < ARRAY_SIZE(TYPES); type++) {
			size_t column;
			struct spec *spec = NULL;
			struct error err = { 0 };
			if (type == property->type)
				continue;
			_cleanup_free_ char *line = fill_in(property->line, TYPES[type].value, &column);
			int r = read_with(property->section, line, &spec, &err);
			_cleanup_free_ char *complaint =
				mem_printf("config.json:2:%zu: %s: expected %s, found %s", column, property->pointer,
					   TYPES[property->type].expected, TYPES[type].found);
			assert_null(spec);
			if (r != -ERR_SPEC || !streq(err.message, complaint))
				fail_msg("%s\n  gives    %s\n  wanted   %s", line, err.message, complaint);
		}
	}
}

/* Elements of arrays and values of maps have to be there; a property that is null is none, as Go reads it. */
static bool is_element(const struct property *property)
{
	static const char *const values[] = { "/annotations/a", "/linux/sysctl/kernel.shmmax", "/linux/resources/unified/pids.max" };
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (streq(property->pointer, values[i]))
			return true;
	size_t len = strlen(property->pointer);
	return property->pointer[len - 1] >= '0' && property->pointer[len - 1] <= '9';
}

static void test_null_is_absent(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(PROPERTIES); i++) {
		const struct property *property = &PROPERTIES[i];
		_cleanup_spec_ struct spec *spec = NULL;
		struct error err = { 0 };
		size_t column;
		_cleanup_free_ char *line = fill_in(property->line, "null", &column);
		(void)read_with(property->section, line, &spec, &err); /* some are required */
		if ((strstr(err.message, "found null") != NULL) != is_element(property))
			fail_msg("%s: %s", line, err.message);
	}
}

static void test_unknown_properties_are_ignored(void **state)
{
	for (enum section section = ROOT; section < BARE; section++) {
		_cleanup_spec_ struct spec *spec = NULL;
		assert_int_equal(read_with(section, "\"unknown\": {\"a\": [1, null]}, \"windows\": 7", &spec, NULL), 0);
	}
}

/* --- values --- */

struct row {
	enum section section;
	const char *line, *complaint; /* NULL: taken */
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_spec_ struct spec *spec = NULL;
		struct error err = { 0 };
		int r = read_with(rows[i].section, rows[i].line, &spec, &err);
		const char *complaint = rows[i].complaint;
		if (r != (complaint ? -ERR_SPEC : 0) || (complaint && !strstr(err.message, complaint)))
			fail_msg("%s\n  gives    %s\n  wanted   %s", rows[i].line, r < 0 ? err.message : "(taken)",
				 complaint ? complaint : "(taken)");
	}
}

#define CHECK_ROWS(rows) check_rows(rows, ARRAY_SIZE(rows))

static void test_versions(void **state)
{
	static const char *const good[] = { "1.0.0", "1.2.1", "1.3.0", "1.0.2-dev", "1.99.99", "1.0.0-rc.1+build.5", "1.0.0+x" };
	static const char *const bad[] = { "1",	     "1.",    "1.0",	"1.0.",	  "1.0.0.0", "1.0.0-", "1.0.0 ", " 1.0.0",
					   "+1.0.0", "v1.0.0", "-1.0.0", "1.x.0", "1..0",    "one",    "1.0.0-\\u00e9" };
	static const char *const unsupported[] = { "0.5.0", "2.0.0", "11.0.0", "01.0.0" };
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_free_ char *line = mem_printf("\"ociVersion\": \"%s\"", good[i]);
		CHECK_ROWS(((struct row[]){ { ROOT, line, NULL } }));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *line = mem_printf("\"ociVersion\": \"%s\"", bad[i]);
		CHECK_ROWS(((struct row[]){ { ROOT, line, "config.json:2:15: /ociVersion: \"" } }));
		CHECK_ROWS(((struct row[]){ { ROOT, line, "is not a version" } }));
	}
	for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
		_cleanup_free_ char *line = mem_printf("\"ociVersion\": \"%s\"", unsupported[i]);
		CHECK_ROWS(((struct row[]){ { ROOT, line, "is not supported, 1.x is" } }));
	}
	CHECK_ROWS(((struct row[]){ { ROOT, "\"ociVersion\": \"\"", "config.json:1:1: /: \"ociVersion\" is required" },
				    { BARE, "{}", "config.json:1:1: /: \"ociVersion\" is required, but missing" } }));
}

static void test_documents(void **state)
{
	static const struct row rows[] = {
		{ BARE, "", "config.json:1:1: unexpected end of file" },
		{ BARE, "{", "config.json:1:2: unexpected end of file" },
		{ BARE, "[]", "config.json:1:1: /: expected an object, found an array" },
		{ BARE, "\"text\"", "config.json:1:1: /: expected an object, found a string" },
		{ BARE, "null", "config.json:1:1: /: expected an object, found null" },
		{ BARE, "{\"ociVersion\":\"1.0.0\"}", "config.json:1:1: /: \"root\" with a \"path\" is required" },
		{ BARE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}", "\"root\" with a \"path\" is required" },
		{ BARE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}", "a container needs a mount namespace" },
		{ BARE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}", NULL },
		{ ROOT, "\"hostname\": \"a\\u0000b\"", "/hostname: holds a NUL character" },
	};
	CHECK_ROWS(rows);
}

static void test_process_values(void **state)
{
	static const struct row rows[] = {
		{ PROCESS, "\"cwd\": \"/a/b\"", NULL },
		{ PROCESS, "\"cwd\": \"\"", "config.json:2:8: /process/cwd: cwd must be an absolute path" },
		{ PROCESS, "\"cwd\": \"a\"", "/process/cwd: cwd must be an absolute path" },
		{ PROCESS, "\"cwd\": null", "/process: cwd must be an absolute path" },
		{ PROCESS, "\"args\": []", "/process: \"args\" must name a program" },
		{ PROCESS, "\"args\": null", "/process: \"args\" must name a program" },
		{ PROCESS, "\"env\": [\"A=\",\"B==\",\"C=a b\"]", NULL },
		{ PROCESS, "\"env\": [\"A=1\",\"B\"]", "/process/env: environment variable \"B\" is not of the form NAME=value" },
		{ PROCESS, "\"env\": [\"=x\"]", "/process/env: environment variable \"=x\"" },
		{ PROCESS, "\"env\": [\"\"]", "/process/env: environment variable \"\"" },
		{ PROCESS, "\"consoleSize\": {\"width\": 65535, \"height\": 0}", NULL },
		{ PROCESS, "\"consoleSize\": {\"width\": 65536}", "/process/consoleSize/width: 65536 is out of range, 0 to 65535" },
		{ PROCESS, "\"consoleSize\": {\"height\": -1}", "/process/consoleSize/height: -1 is out of range" },
		{ PROCESS, "\"oomScoreAdj\": -1000", NULL },
		{ PROCESS, "\"oomScoreAdj\": 1000", NULL },
		{ PROCESS, "\"oomScoreAdj\": -1001", "oomScoreAdj -1001 is out of range, -1000 to 1000" },
		{ PROCESS, "\"oomScoreAdj\": 1001", "oomScoreAdj 1001 is out of range, -1000 to 1000" },
	};
	CHECK_ROWS(rows);
}

/* (uid_t)-1 is "leave it as it is" to setresuid(): a container that asks for it would run as root. */
static void test_user_values(void **state)
{
	static const struct row rows[] = {
		{ PROCESS, "\"user\": {\"uid\": 4294967294, \"gid\": 4294967294, \"additionalGids\": [0, 4294967294]}", NULL },
		{ PROCESS, "\"user\": {\"uid\": 4294967295}", "/process/user/uid: 4294967295 is out of range, 0 to 4294967294" },
		{ PROCESS, "\"user\": {\"gid\": 4294967295}", "/process/user/gid: 4294967295 is out of range" },
		{ PROCESS, "\"user\": {\"additionalGids\": [4294967295]}", "/process/user/additionalGids/0: 4294967295 is out of range" },
		{ PROCESS, "\"user\": {\"uid\": 4294967296}", "out of range" },
		{ PROCESS, "\"user\": {\"uid\": 18446744073709551616}", "out of range" },
		{ PROCESS, "\"user\": {\"uid\": -1}", "/process/user/uid: -1 is out of range" },
		{ PROCESS, "\"user\": {\"umask\": 511}", NULL },
		{ PROCESS, "\"user\": {\"umask\": 512}", "/process/user/umask: 512 is out of range, 0 to 511" },
	};
	CHECK_ROWS(rows);
}

static void test_rlimit_values(void **state)
{
	static const struct row rows[] = {
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":18446744073709551615}]", NULL },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_NOFILE\",\"soft\":2,\"hard\":1}]", "/process/rlimits/0: the soft limit is above" },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_NONE\"}]", "/process/rlimits/0: unknown rlimit type \"RLIMIT_NONE\"" },
		{ PROCESS, "\"rlimits\": [{}]", "/process/rlimits/0: \"type\" is required, but missing" },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]",
		  "/process/rlimits/1: the same limit stands at index 0 already" },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"soft\":-1}]", "/process/rlimits/0/soft: -1 is out of range" },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"soft\":1}]", "/process/rlimits/0: \"hard\" is required, but missing" },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"hard\":1}]", "/process/rlimits/0: \"soft\" is required, but missing" },
		{ PROCESS, "\"rlimits\": [{\"type\":\"RLIMIT_CPU\",\"soft\":0,\"hard\":18446744073709551616}]", "/process/rlimits/0/hard: " },
	};
	CHECK_ROWS(rows);
}

static void test_scheduling_values(void **state)
{
	static const struct row rows[] = {
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_OTHER\",\"nice\":-20,\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_RECLAIM\","
			   "\"SCHED_FLAG_DL_OVERRUN\",\"SCHED_FLAG_KEEP_POLICY\",\"SCHED_FLAG_KEEP_PARAMS\",\"SCHED_FLAG_UTIL_CLAMP_MIN\","
			   "\"SCHED_FLAG_UTIL_CLAMP_MAX\"]}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_BATCH\",\"nice\":19,\"priority\":0}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_ISO\"}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_IDLE\"}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_FIFO\",\"priority\":99}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"priority\":1}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":1,\"period\":1}", NULL },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2}", NULL },
		{ PROCESS, "\"scheduler\": {}", "/process/scheduler: \"policy\" is required, but missing" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_FAIR\"}", "/process/scheduler: unknown scheduling policy \"SCHED_FAIR\"" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_OTHER\",\"nice\":-21}", "/process/scheduler/nice: -21 is out of range, -20 to 19" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_OTHER\",\"nice\":20}", "/process/scheduler/nice: 20 is out of range" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_OTHER\",\"priority\":1}", "/process/scheduler: \"priority\" is for SCHED_FIFO and SCHED_RR" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_FIFO\"}", "/process/scheduler: SCHED_FIFO and SCHED_RR need a \"priority\", 1 to 99" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_FIFO\",\"priority\":100}", "/process/scheduler/priority: 100 is out of range, 0 to 99" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_RR\",\"priority\":1,\"runtime\":1}", "\"period\" are for SCHED_DEADLINE only" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_DEADLINE\"}", "/process/scheduler: SCHED_DEADLINE needs 0 < \"runtime\" <= " },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_DEADLINE\",\"runtime\":2,\"deadline\":1}", "SCHED_DEADLINE needs 0 <" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":3,\"period\":2}", "SCHED_DEADLINE needs 0 <" },
		{ PROCESS, "\"scheduler\": {\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_NONE\"]}",
		  "/process/scheduler/flags/0: unknown scheduling flag \"SCHED_FLAG_NONE\"" },
		{ PROCESS, "\"ioPriority\": {\"class\":\"IOPRIO_CLASS_RT\",\"priority\":0}", NULL },
		{ PROCESS, "\"ioPriority\": {\"class\":\"IOPRIO_CLASS_IDLE\"}", NULL },
		{ PROCESS, "\"ioPriority\": {\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "/process/ioPriority/priority: 8 is out of range, 0 to 7" },
		{ PROCESS, "\"ioPriority\": {\"class\":\"IOPRIO_CLASS_NONE\"}", "/process/ioPriority: unknown I/O priority class \"IOPRIO_CLASS_NONE\"" },
		{ PROCESS, "\"ioPriority\": {\"priority\":1}", "/process/ioPriority: \"class\" is required, but missing" },
		{ PROCESS, "\"execCPUAffinity\": {\"initial\":\"0-3,7\",\"final\":\"\"}", NULL },
		{ PROCESS, "\"execCPUAffinity\": {\"initial\":\"3-0\"}",
		  "/process/execCPUAffinity/initial: \"3-0\" is no list of processors: the range 3-0 runs backwards" },
		{ PROCESS, "\"execCPUAffinity\": {\"final\":\"0,\"}", "/process/execCPUAffinity/final: \"0,\" is no list of processors" },
	};
	CHECK_ROWS(rows);
}

static void test_mount_and_hook_values(void **state)
{
	static const struct row rows[] = {
		{ MOUNT, "\"destination\": \"\"", "/mounts/0: \"destination\" is required, but missing" },
		{ MOUNT, "\"destination\": null", "/mounts/0: \"destination\" is required, but missing" },
		{ MOUNT, "\"options\": []", NULL },
		{ MOUNT, "\"uidMappings\": [{\"containerID\":0,\"hostID\":1,\"size\":1}]", "/mounts/0: uidMappings and gidMappings go together" },
		{ MOUNT, "\"uidMappings\": [], \"gidMappings\": []", NULL },
		{ ROOT, "\"hooks\": {}", NULL },
		{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"timeout\":1}], \"unknown\": 7}", NULL },
		{ ROOT, "\"hooks\": {\"poststop\": [{}]}", "/hooks/poststop/0: a hook needs an absolute \"path\"" },
		{ ROOT, "\"hooks\": {\"prestart\": [{\"path\":\"/h\"},{\"path\":\"h\"}]}", "/hooks/prestart/1: a hook needs an absolute \"path\"" },
		{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"timeout\":0}]}", "/hooks/poststop/0/timeout: 0 is out of range, 1 to" },
		{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"timeout\":-1}]}", "/hooks/poststop/0/timeout: -1 is out of range" },
		{ ROOT, "\"hooks\": {\"poststop\": [{\"path\":\"/h\",\"timeout\":2147483648}]}", "/hooks/poststop/0/timeout: 2147483648 is out" },
		{ ROOT, "\"annotations\": {\"\": \"x\"}", "/annotations: a key is empty" },
		{ ROOT, "\"annotations\": {\"a=b\": \"\", \"c\": \"=\"}", NULL },
	};
	CHECK_ROWS(rows);
}

static void test_annotations_that_mean_something(void **state)
{
	static const struct row rows[] = {
		{ ROOT, "\"annotations\": {\"run.oci.handler\": \"krun\"}", "/annotations/run.oci.handler: handler \"krun\" is not supported" },
		{ ROOT, "\"annotations\": {\"run.oci.seccomp.receiver\": \"\"}", "the seccomp receiver \"\" is not an absolute path" },
		{ ROOT, "\"annotations\": {\"run.oci.seccomp_bpf_data\": \"\"}", "a BPF program is needed, in base64" },
		{ ROOT, "\"annotations\": {\"run.oci.timens_offset\": \"1 1 1000000000\"}", "is not CLOCK SECONDS NANOSECONDS" },
		{ ROOT, "\"annotations\": {\"run.oci.timens_offset\": \"1 1 0\"}", "timeOffsets need a new time namespace" },
		{ ROOT, "\"annotations\": {\"run.oci.timens_offset\": \"\", \"run.oci.other\": \"\"}", NULL },
	};
	CHECK_ROWS(rows);
	_cleanup_spec_ struct spec *spec = NULL;
	assert_int_equal(read_with(ROOT, "\"annotations\": {\"run.oci.keep_original_groups\": \"\", \"run.oci.seccomp.receiver\": \"/r\","
					 "\"run.oci.seccomp_fail_unknown_syscall\": \"1\", \"run.oci.seccomp_bpf_data\": \"AQI=\"}",
				   &spec, NULL), 0);
	assert_true(spec->process->user.keep_groups);
	assert_int_equal(spec->seccomp->bpf_size, 2);
	assert_memory_equal(spec->seccomp->bpf, "\1\2", 2);
	assert_true(spec->seccomp->refuse_unknown);
	assert_string_equal(spec->seccomp->listener_path, "/r");
}

static void test_namespace_values(void **state)
{
	static const struct row rows[] = {
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"},{\"type\":\"cgroup\",\"path\":\"\"}]", NULL },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"},{\"type\":\"bogus\"}]", "/linux/namespaces/1: unknown namespace type \"bogus\"" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mnt\"}]", "/linux/namespaces/0: unknown namespace type \"mnt\"" },
		{ LINUX, "\"namespaces\": [{\"type\":\"\"}]", "/linux/namespaces/0: unknown namespace type \"\"" },
		{ LINUX, "\"namespaces\": [{}]", "/linux/namespaces/0: \"type\" is required, but missing" },
		{ LINUX, "\"namespaces\": [{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"pid\"}]",
		  "config.json:2:48: /linux/namespaces/2: duplicate namespace type \"pid\" (first at /linux/namespaces/0)" },
		{ LINUX, "\"namespaces\": [{\"type\":\"pid\",\"path\":\"proc\"}]", "/linux/namespaces/0: namespace path \"proc\" is not absolute" },
		{ LINUX, "\"namespaces\": [{\"type\":\"pid\"}]", "/linux: a container needs a mount namespace of its own" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"}], \"sysctl\": {}", NULL },
		{ LINUX, "\"uidMappings\": [{\"containerID\":0,\"hostID\":1,\"size\":1}]", "/linux: id mappings need a user namespace" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"},{\"type\":\"user\"}]", "/linux: a new user namespace needs uidMappings and gidMappings" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"},{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]", NULL },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"},{\"type\":\"user\"}], \"uidMappings\": [{\"containerID\":0,\"hostID\":1,\"size\":4294967295}],"
			 "\"gidMappings\": [{\"containerID\":0,\"hostID\":1,\"size\":1}]", NULL },
		{ LINUX, "\"uidMappings\": [{\"hostID\":4294967296}]", "/linux/uidMappings/0/hostID: 4294967296 is out of range" },
		{ LINUX, "\"timeOffsets\": {\"boottime\":{\"secs\":1}}", "/linux: timeOffsets need a new time namespace" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"},{\"type\":\"time\"}], \"timeOffsets\": {\"boottime\":{\"secs\":-1,\"nanosecs\":999999999}}", NULL },
		{ LINUX, "\"timeOffsets\": {\"boottime\":{\"nanosecs\":1000000000}}", "nanosecs: 1000000000 is out of range, 0 to 999999999" },
		{ LINUX, "\"timeOffsets\": {\"realtime\":{\"secs\":1}}", "/linux/timeOffsets/realtime: unknown clock \"realtime\"" },
		{ BARE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"hostname\":\"h\",\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
		  "/: a hostname needs a uts namespace" },
		{ BARE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"domainname\":\"d\",\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
		  "/: a domainname needs a uts namespace" },
	};
	CHECK_ROWS(rows);
}

static void test_execution_values(void **state)
{
	static const struct row rows[] = {
		{ LINUX, "\"personality\": {\"domain\":\"LINUX32\",\"flags\":[]}", NULL },
		{ LINUX, "\"personality\": {}", "/linux/personality: \"domain\" is required, but missing" },
		{ LINUX, "\"personality\": {\"domain\":\"linux\"}", "/linux/personality: unknown personality \"linux\"" },
		{ LINUX, "\"personality\": {\"domain\":\"LINUX\",\"flags\":[\"X\"]}", "/linux/personality/flags: flags of a personality" },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_WEIGHTED_INTERLEAVE\",\"nodes\":\"0,2-3\",\"flags\":"
			 "[\"MPOL_F_NUMA_BALANCING\",\"MPOL_F_RELATIVE_NODES\",\"MPOL_F_STATIC_NODES\"]}", NULL },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_PREFERRED_MANY\",\"nodes\":\"1\"}", NULL },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_PREFERRED\"}", NULL },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"\"}", NULL },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"0\"}", "/linux/memoryPolicy: MPOL_DEFAULT takes no \"nodes\"" },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_INTERLEAVE\"}", "/linux/memoryPolicy: MPOL_INTERLEAVE needs \"nodes\"" },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"BIND\"}", "/linux/memoryPolicy: unknown mode of a memory policy \"BIND\"" },
		{ LINUX, "\"intelRdt\": {\"closID\":\"/\",\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=1\"],"
			 "\"enableCMT\":true,\"enableMBM\":1}", NULL },
		{ LINUX, "\"netDevices\": {\"eth0\":{\"name\":\"eth%d\"},\"fifteen-letters\":{}}", NULL },
		{ LINUX, "\"netDevices\": {\"sixteen--letters\":{}}", "\"sixteen--letters\" cannot be the name of a network device" },
		{ LINUX, "\"netDevices\": {\"\":{}}", "\"\" cannot be the name of a network device" },
		{ LINUX, "\"netDevices\": {\"..\":{}}", "\"..\" cannot be the name of a network device" },
		{ LINUX, "\"netDevices\": {\"a\":{\"name\":\"b:c\"}}", "/linux/netDevices/a: \"b:c\" cannot be the name of a network device" },
		{ LINUX, "\"netDevices\": {\"a b\":{}}", "\"a b\" cannot be the name of a network device" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"}], \"netDevices\": {\"a\":{}}", "/linux: netDevices need a network namespace" },
		{ LINUX, "\"intelRdt\": {\"closID\":\"..\"}", "/linux/intelRdt: closID \"..\" is not a name" },
		{ LINUX, "\"intelRdt\": {\"closID\":\"a/b\"}", "/linux/intelRdt: closID \"a/b\" is not a name" },
		{ LINUX, "\"intelRdt\": {\"memBwSchema\":\"L3:0=f\"}", "\"memBwSchema\" must be one line that starts with \"MB:\"" },
		{ LINUX, "\"intelRdt\": {\"memBwSchema\":\"MB:0=1\\nL3:0=f\"}", "\"memBwSchema\" must be one line" },
		{ LINUX, "\"intelRdt\": {\"schemata\":[\"L3:0=1\\nL2:0=f\"]}", "an element of \"schemata\" is more than one line" },
		{ LINUX, "\"memoryPolicy\": {\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}", "/linux/memoryPolicy/nodes: \"a\" is no list of memory nodes" },
	};
	CHECK_ROWS(rows);
}

static void test_sysctl_values(void **state)
{
	static const struct row rows[] = {
		{ LINUX, "\"sysctl\": {\"net.ipv4.ip_forward\":\"1\",\"kernel.shmmax\":\"0\",\"fs.mqueue.msg_max\":\"10\",\"kernel.domainname\":\"d\"}", NULL },
		{ LINUX, "\"sysctl\": {\"net/ipv4/conf/eth0.1/forwarding\":\"1\",\"kernel/msgmax\":\"1\"}", NULL },
		{ LINUX, "\"sysctl\": {\"kernel.pid_max\":\"99\"}",
		  "config.json:2:29: /linux/sysctl/kernel.pid_max: sysctl \"kernel.pid_max\" is not namespaced; it would change the host" },
		{ LINUX, "\"sysctl\": {\"kernel/pid_max\":\"99\"}", "sysctl \"kernel/pid_max\" is not namespaced" },
		{ LINUX, "\"sysctl\": {\"kernel.core_pattern\":\"|/x\"}", "is not namespaced" },
		{ LINUX, "\"sysctl\": {\"vm.swappiness\":\"1\"}", "is not namespaced" },
		{ LINUX, "\"sysctl\": {\"user.max_user_namespaces\":\"1\"}", "is not allowed when the container shares the host's namespace" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"}], \"sysctl\": {\"net.ipv4.ip_forward\":\"1\"}", "shares the host's namespace" },
		{ LINUX, "\"namespaces\": [{\"type\":\"mount\"}], \"sysctl\": {\"kernel.shmmax\":\"1\"}", "shares the host's namespace" },
		{ LINUX, "\"sysctl\": {\"\":\"1\"}", "/linux/sysctl: a key is empty" },
		{ LINUX, "\"sysctl\": {\"net.ipv4.ip_forward=1+kernel.core_pattern\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"kernel.shm_rmid_forced=1\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"kernel.shm_rmid_forced\":\"1\\n+kernel.core_pattern=|/x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"kernel.shm_rmid_forced\\nkernel.core_pattern\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net.../../kernel/core_pattern\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net/../kernel/core_pattern\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net.ipv4/../../kernel/core_pattern\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net//x\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\".net.x\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"/net/x\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net.x y\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net.x\\u00e9\":\"x\"}", "is malformed" },
		{ LINUX, "\"sysctl\": {\"net\":\"x\"}", "is not namespaced" },
		{ LINUX, "\"sysctl\": {\"netfilter.x\":\"x\"}", "is not namespaced" },
		{ LINUX, "\"sysctl\": {\"kernel.shmmaxx\":\"x\"}", "is not namespaced" },
	};
	CHECK_ROWS(rows);
}

static void test_device_values(void **state)
{
	static const struct row rows[] = {
		{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"p\"},{\"path\":\"/e\",\"type\":\"u\",\"major\":10,\"minor\":229,\"fileMode\":33188}]", NULL },
		{ LINUX, "\"devices\": [{\"type\":\"c\"}]", "/linux/devices/0: \"path\" is required, but missing" },
		{ LINUX, "\"devices\": [{\"path\":\"/d\"}]", "/linux/devices/0: \"type\" is required, but missing" },
		{ LINUX, "\"devices\": [{\"path\":\"d\",\"type\":\"c\"}]", "device path \"d\" is not absolute" },
		{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"x\"}]", "device type \"x\" is none of c, b, u, p" },
		{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"\"}]", "device type \"\" is none of" },
		{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"cb\"}]", "device type \"cb\" is none of" },
		{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"major\":-1}]", "/linux/devices/0/major: -1 is out of range" },
		{ LINUX, "\"devices\": [{\"path\":\"/d\",\"type\":\"c\",\"uid\":4294967295}]", "/linux/devices/0/uid: 4294967295 is out of range" },
		{ RESOURCES, "\"devices\": [{},{\"allow\":true,\"type\":\"\",\"major\":-1,\"minor\":-1,\"access\":\"\"}]", NULL },
		{ RESOURCES, "\"devices\": [{\"type\":\"p\"}]", "/linux/resources/devices/0: device type \"p\" is none of a, b, c" },
		{ RESOURCES, "\"devices\": [{\"access\":\"rx\"}]", "device access \"rx\" has other letters than r, w, m" },
		{ RESOURCES, "\"devices\": [{\"minor\":-2}]", "/linux/resources/devices/0/minor: -2 is out of range" },
	};
	CHECK_ROWS(rows);
}

static void test_resource_and_path_values(void **state)
{
	static const struct row rows[] = {
		{ RESOURCES, "\"memory\": {\"limit\": -1, \"swap\": 9223372036854775807}", NULL },
		{ RESOURCES, "\"memory\": {\"limit\": 9223372036854775808}", "/linux/resources/memory/limit: 9223372036854775808 is out of range" },
		{ RESOURCES, "\"memory\": {\"limit\": 99999999999999999999}", "/linux/resources/memory/limit: " },
		{ RESOURCES, "\"memory\": {\"swappiness\": -1}", "/linux/resources/memory/swappiness: -1 is out of range" },
		{ RESOURCES, "\"cpu\": {\"shares\": -1}", "/linux/resources/cpu/shares: -1 is out of range" },
		{ RESOURCES, "\"pids\": {}", NULL },
		{ RESOURCES, "\"rdma\": {\"a\":{}}", "/linux/resources/rdma/a: one of \"hcaHandles\" and \"hcaObjects\" is required" },
		{ RESOURCES, "\"rdma\": {\"a b\":{\"hcaObjects\":1}}", "\"a b\" is not the name of a device" },
		{ RESOURCES, "\"rdma\": {\"a\":{\"hcaObjects\":4294967296}}", "/linux/resources/rdma/a: a number is out of range" },
		{ RESOURCES, "\"network\": {\"priorities\":[{}]}", "/linux/resources/network/priorities/0" },
		{ RESOURCES, "\"network\": {\"priorities\":[{\"name\":\"\"}]}", "\"\" is not the name of an interface" },
		{ RESOURCES, "\"network\": {\"classID\":4294967296}", "/linux/resources/network/classID" },
		{ RESOURCES, "\"hugepageLimits\": [{\"limit\":1}]", "/linux/resources/hugepageLimits/0: \"pageSize\" must be a size" },
		{ RESOURCES, "\"hugepageLimits\": [{\"pageSize\":\"../x\",\"limit\":1}]", "\"pageSize\" must be a size" },
		{ RESOURCES, "\"unified\": {\"memory.high\": \"1\"}", NULL },
		{ RESOURCES, "\"unified\": {\"../x\": \"1\"}", "\"../x\" is not the name of a cgroup file" },
		{ RESOURCES, "\"unified\": {\"..\": \"1\"}", "\"..\" is not the name of a cgroup file" },
		{ RESOURCES, "\"unified\": {\"\": \"1\"}", "\"\" is not the name of a cgroup file" },
		{ LINUX, "\"maskedPaths\": [\"/a\",\"b\"]", "/linux/maskedPaths: \"b\" is not an absolute path" },
		{ LINUX, "\"readonlyPaths\": [\"\"]", "/linux/readonlyPaths: \"\" is not an absolute path" },
		{ LINUX, "\"rootfsPropagation\": \"rshared\"", NULL },
		{ LINUX, "\"rootfsPropagation\": \"\"", NULL },
		{ LINUX, "\"rootfsPropagation\": \"bound\"", "/linux: unknown rootfsPropagation \"bound\"" },
		{ LINUX, "\"seccomp\": {}", "/linux/seccomp: \"defaultAction\" is required, but missing" },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"listenerPath\":\"/p\",\"listenerMetadata\":\"m\"}", NULL },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"listenerMetadata\":\"m\"}",
		  "/linux/seccomp: \"listenerMetadata\" needs a \"listenerPath\"" },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\":[{\"action\":\"A\"}]}", "a system call rule needs at least one name" },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[],\"action\":\"A\"}]}", "a system call rule needs at least one name" },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"x\"]}]}", "/linux/seccomp/syscalls/0: \"action\" is required" },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"x\"],\"action\":\"A\",\"args\":[{\"index\":6,\"op\":\"O\"}]}]}",
		  "/linux/seccomp/syscalls/0/args/0/index: 6 is out of range, 0 to 5" },
		{ LINUX, "\"seccomp\": {\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"x\"],\"action\":\"A\",\"args\":[{\"index\":0}]}]}", "\"op\" is required" },
	};
	CHECK_ROWS(rows);
}

/* --- what comes out --- */

static const char COMPLETE[] =
	"{\"ociVersion\":\"1.2.1\",\"hostname\":\"h\",\"domainname\":\"d\",\"root\":{\"path\":\"/r\",\"readonly\":true},"
	"\"annotations\":{\"k=1\":\"v\",\"l\":\"\"},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"p\",\"options\":[\"ro\",\"nosuid\"]},{\"destination\":\"/x\"}],"
	"\"hooks\":{\"createContainer\":[{\"path\":\"/h\",\"args\":[\"h\",\"a\"],\"env\":[\"A=1\"],\"timeout\":3},{\"path\":\"/i\"}]},"
	"\"process\":{\"terminal\":true,\"consoleSize\":{\"width\":80,\"height\":25},"
	"\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[3,4]},\"args\":[\"a\",\"b\"],\"env\":[\"E=1\"],\"cwd\":\"/w\","
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"permitted\":[\"CAP_KILL\",\"CAP_NO_SUCH\"],\"ambient\":[]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":2}],\"noNewPrivileges\":true,\"apparmorProfile\":\"ap\","
	"\"selinuxLabel\":\"se\",\"oomScoreAdj\":-5},"
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\",\"path\":\"\"},{\"type\":\"time\"},{\"type\":\"user\",\"path\":\"/u\"},{\"type\":\"ipc\"}],"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":10}],\"gidMappings\":[{\"containerID\":1,\"hostID\":2,\"size\":3}],"
	"\"timeOffsets\":{\"monotonic\":{\"secs\":-7,\"nanosecs\":9}},"
	"\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":8,\"minor\":1,\"fileMode\":432,\"uid\":5,\"gid\":6},{\"path\":\"/dev/p\",\"type\":\"p\"}],"
	"\"cgroupsPath\":\"/c\",\"rootfsPropagation\":\"slave\",\"sysctl\":{\"kernel.sem\":\"1 2\"},\"maskedPaths\":[\"/m\"],\"readonlyPaths\":[\"/o\"],"
	"\"mountLabel\":\"ml\","
	"\"resources\":{\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":-1,\"kernel\":4,\"kernelTCP\":5,\"swappiness\":6,\"disableOOMKiller\":true,"
	"\"checkBeforeUpdate\":true},\"cpu\":{\"shares\":7,\"quota\":-8,\"burst\":9,\"period\":10,\"realtimeRuntime\":11,\"realtimePeriod\":12,\"idle\":1,"
	"\"cpus\":\"0-1\",\"mems\":\"0\"},\"pids\":{\"limit\":13},\"blockIO\":{\"weight\":14,\"leafWeight\":15,"
	"\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":16}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":17}],"
	"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":1,\"rate\":18},{\"major\":8,\"minor\":2,\"rate\":19}]},"
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":20}],"
	"\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"}],\"unified\":{\"memory.high\":\"21\"}},"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":[\"SCMP_ARCH_X86_64\"],\"flags\":[\"F\"],"
	"\"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1,"
	"\"args\":[{\"index\":5,\"value\":18446744073709551615,\"valueTwo\":2,\"op\":\"SCMP_CMP_EQ\"}]}]}}}";

static void check_generic_half(const struct spec *spec)
{
	assert_string_equal(spec->oci_version, "1.2.1");
	assert_string_equal(spec->hostname, "h");
	assert_string_equal(spec->domainname, "d");
	assert_string_equal(spec->root.path, "/r");
	assert_true(spec->root.readonly);
	assert_int_equal(strv_count(spec->annotations), 4);
	assert_string_equal(spec->annotations[0], "k=1");
	assert_string_equal(spec->annotations[1], "v");
	assert_int_equal(spec->n_mounts, 2);
	assert_string_equal(spec->mounts[0].destination, "/proc");
	assert_string_equal(spec->mounts[0].options[1], "nosuid");
	assert_null(spec->mounts[1].type);
	assert_null(spec->mounts[1].options);
	const struct spec_hooks *hooks = &spec->hooks[HOOK_CREATE_CONTAINER];
	assert_int_equal(hooks->count, 2);
	assert_string_equal(hooks->hooks[0].args[1], "a");
	assert_string_equal(hooks->hooks[0].env[0], "A=1");
	assert_int_equal(hooks->hooks[0].timeout_seconds, 3);
	assert_null(hooks->hooks[1].args);
	assert_int_equal(hooks->hooks[1].timeout_seconds, 0);
	assert_int_equal(spec->hooks[HOOK_PRESTART].count, 0);
}

static void check_process(const struct spec_process *process)
{
	assert_true(process->terminal);
	assert_int_equal(process->console_width, 80);
	assert_int_equal(process->console_height, 25);
	assert_int_equal(process->user.uid, 1);
	assert_int_equal(process->user.gid, 2);
	assert_int_equal(process->user.umask, 022);
	assert_int_equal(process->user.n_additional_gids, 2);
	assert_int_equal(process->user.additional_gids[1], 4);
	assert_string_equal(process->args[1], "b");
	assert_string_equal(process->env[0], "E=1");
	assert_string_equal(process->cwd, "/w");
	uint64_t kill = capability_bit(capability_from_name("CAP_KILL", NULL));
	uint64_t chown = capability_bit(capability_from_name("CAP_CHOWN", NULL));
	assert_true(process->capabilities->bounding == (kill | chown));
	assert_true(process->capabilities->permitted == kill); /* names that nobody knows are left out */
	assert_true(process->capabilities->effective == 0);
	assert_true(process->capabilities->ambient == 0);
	assert_int_equal(process->n_rlimits, 1);
	assert_int_equal(process->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(process->rlimits[0].hard, 2);
	assert_true(process->no_new_privileges);
	assert_string_equal(process->apparmor_profile, "ap");
	assert_string_equal(process->selinux_label, "se");
	assert_true(process->oom_score_adj.set);
	assert_int_equal(process->oom_score_adj.value, -5);
}

static void check_linux_half(const struct spec *spec)
{
	const struct spec_namespace *ns = spec->namespaces;
	assert_true(ns[NAMESPACE_MOUNT].listed && ns[NAMESPACE_UTS].listed && ns[NAMESPACE_TIME].listed);
	assert_false(ns[NAMESPACE_PID].listed);
	assert_null(ns[NAMESPACE_UTS].path); /* "" is no path */
	assert_string_equal(ns[NAMESPACE_USER].path, "/u");
	assert_int_equal(spec->n_uid_mappings, 1);
	assert_int_equal(spec->uid_mappings[0].host_id, 1000);
	assert_int_equal(spec->gid_mappings[0].size, 3);
	assert_false(spec->time_offset_boottime.set);
	assert_true(spec->time_offset_monotonic.set);
	assert_int_equal(spec->time_offset_monotonic.seconds, -7);
	assert_int_equal(spec->time_offset_monotonic.nanoseconds, 9);
	assert_int_equal(spec->n_devices, 2);
	assert_int_equal(spec->devices[0].type, 'b');
	assert_int_equal(spec->devices[0].mode, 0660);
	assert_int_equal(spec->devices[0].gid, 6);
	assert_int_equal(spec->devices[1].mode, 0666);
	assert_string_equal(spec->cgroups_path, "/c");
	assert_string_equal(spec->rootfs_propagation, "slave");
	assert_string_equal(spec->sysctl[0], "kernel.sem");
	assert_string_equal(spec->sysctl[1], "1 2");
	assert_string_equal(spec->masked_paths[0], "/m");
	assert_string_equal(spec->readonly_paths[0], "/o");
	assert_string_equal(spec->mount_label, "ml");
}

static void check_resources(const struct spec_resources *resources)
{
	assert_int_equal(resources->memory.limit.value, 1);
	assert_int_equal(resources->memory.swap.value, -1);
	assert_int_equal(resources->memory.swappiness.value, 6);
	assert_true(resources->memory.disable_oom_killer && resources->memory.check_before_update);
	assert_int_equal(resources->cpu.shares.value, 7);
	assert_int_equal(resources->cpu.quota.value, -8);
	assert_int_equal(resources->cpu.idle.value, 1);
	assert_string_equal(resources->cpu.cpus, "0-1");
	assert_int_equal(resources->pids_limit.value, 13);
	assert_int_equal(resources->block_io.weight.value, 14);
	assert_true(resources->block_io.weight_devices[0].weight.set);
	assert_false(resources->block_io.weight_devices[0].leaf_weight.set);
	assert_int_equal(resources->block_io.read_bps.devices[0].rate, 17);
	assert_int_equal(resources->block_io.write_iops.count, 2);
	assert_int_equal(resources->block_io.write_bps.count, 0);
	assert_string_equal(resources->hugepage_limits[0].page_size, "2MB");
	assert_int_equal(resources->n_device_rules, 2);
	const struct spec_device_rule *all = &resources->device_rules[0], *fuse = &resources->device_rules[1];
	assert_true(!all->allow && all->type == 'a' && all->major == -1 && all->minor == -1);
	assert_true(all->read && all->write && all->mknod);
	assert_true(fuse->allow && fuse->type == 'c' && fuse->major == 10 && fuse->minor == 229);
	assert_true(fuse->read && fuse->write && !fuse->mknod);
	assert_string_equal(resources->unified[0].key, "memory.high");
	assert_string_equal(resources->unified[0].value, "21");
}

static void check_seccomp(const struct spec_seccomp *seccomp)
{
	assert_string_equal(seccomp->default_action, "SCMP_ACT_ERRNO");
	assert_int_equal(seccomp->default_errno_ret.value, 38);
	assert_string_equal(seccomp->architectures[0], "SCMP_ARCH_X86_64");
	assert_string_equal(seccomp->flags[0], "F");
	assert_int_equal(seccomp->n_rules, 1);
	assert_string_equal(seccomp->rules[0].names[1], "write");
	assert_int_equal(seccomp->rules[0].errno_ret.value, 1);
	assert_int_equal(seccomp->rules[0].args[0].index, 5);
	assert_true(seccomp->rules[0].args[0].value == UINT64_MAX);
	assert_string_equal(seccomp->rules[0].args[0].op, "SCMP_CMP_EQ");
}

static void test_a_complete_document(void **state)
{
	_cleanup_spec_ struct spec *spec = NULL;
	struct error err = { 0 };
	if (read_text(COMPLETE, &spec, &err) < 0)
		fail_msg("%s", err.message);
	check_generic_half(spec);
	check_process(spec->process);
	check_linux_half(spec);
	check_resources(&spec->resources);
	check_seccomp(spec->seccomp);
}

static void test_what_is_not_given(void **state)
{
	_cleanup_spec_ struct spec *spec = NULL;
	assert_int_equal(read_with(PROCESS, "\"user\": {}", &spec, NULL), 0);
	assert_int_equal(spec->process->user.umask, (mode_t)-1);
	assert_int_equal(spec->process->user.uid, 0);
	assert_null(spec->process->capabilities);
	assert_null(spec->seccomp);
	assert_null(spec->annotations);
	assert_false(spec->resources.memory.limit.set);
	assert_false(spec->process->oom_score_adj.set);
}

/* --- pieces alone, as `exec --process` and `update -r` have them --- */

static void test_a_process_alone(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 }, wrong = { 0 };
	struct spec_process *process = NULL;
	struct error err = { 0 };
	static const char text[] = "{\"args\":[\"x\"],\"cwd\":\"/\",\"user\":{\"uid\":7}}", bad[] = "[\n7]";
	assert_int_equal(json_parse(text, strlen(text), "p.json", ERR_SPEC, &document, NULL), 0);
	struct json_node node = json_root(&document);
	assert_int_equal(spec_process_from_json(&node, &process, &err), 0);
	assert_int_equal(process->user.uid, 7);
	spec_process_free(process);
	process = NULL;
	assert_int_equal(json_parse(bad, strlen(bad), "p.json", ERR_SPEC, &wrong, NULL), 0);
	node = json_root(&wrong);
	assert_int_equal(spec_process_from_json(&node, &process, &err), -ERR_SPEC);
	assert_string_equal(err.message, "p.json:1:1: /: expected an object, found an array");
	assert_null(process);
	spec_process_free(NULL);
}

static void test_resources_alone(void **state)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct spec_resources resources = { 0 };
	static const char text[] = "{\"pids\":{\"limit\":5},\"cpu\":{\"cpus\":\"0\"}}";
	assert_int_equal(json_parse(text, strlen(text), "r.json", ERR_SPEC, &document, NULL), 0);
	struct json_node node = json_root(&document);
	assert_int_equal(spec_resources_from_json(&node, &resources, NULL), 0);
	assert_int_equal(resources.pids_limit.value, 5);
	spec_resources_done(&resources);
	assert_null(resources.cpu.cpus);
	spec_resources_done(&resources);
}

static void test_load(void **state)
{
	_cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);
	_cleanup_spec_ struct spec *spec = NULL;
	struct error err = { 0 };
	struct fd_path path = fd_path(fd);
	assert_int_equal(fd_write_all(fd, COMPLETE, strlen(COMPLETE)), 0);
	assert_int_equal(spec_load(AT_FDCWD, path.text, &spec, &err), 0);
	spec_free(spec);
	spec = NULL;
	spec_free(NULL);
	assert_int_equal(ftruncate(fd, SPEC_SIZE_MAX + 1), 0);
	assert_int_equal(spec_load(AT_FDCWD, path.text, &spec, &err), -ERR_INVALID);
	assert_int_equal(spec_load(AT_FDCWD, "/no/such/file", &spec, &err), -ERR_NOT_FOUND);
}

/* --- hostile sizes --- */

/* @element so many times over between @before and @after; "%d" in it is the number. */
static char *many(const char *before, const char *element, const char *after, int count)
{
	struct str text = { 0 };
	str_append(&text, before);
	for (int i = 0; i < count; i++) {
		if (i > 0)
			str_append(&text, ",\n");
		const char *hole = strstr(element, "%d");
		if (hole)
			str_appendf(&text, "%.*s%d%s", (int)(hole - element), element, i, hole + 2);
		else
			str_append(&text, element);
	}
	str_append(&text, after);
	return str_take(&text);
}

static void test_megabytes(void **state)
{
	enum { MANY = 50000 };
	static const struct {
		enum section section;
		const char *before, *element, *after, *complaint;
	} rows[] = {
		{ ROOT, "\"mounts\": [", "{\"destination\":\"/a\",\"options\":[\"ro\"]}", "]", NULL },
		{ ROOT, "\"mounts\": [", "{\"destination\":\"/a\"}", ",{\"destination\":7}]",
		  "config.json:50001:37: /mounts/50000/destination: expected a string, found a number" },
		{ ROOT, "\"annotations\": {", "\"key%d\":\"v\"", "}", NULL },
		{ PROCESS, "\"args\": [", "\"a\"", "]", NULL },
		{ PROCESS, "\"env\": [", "\"A%d=1\"", "]", NULL },
		{ PROCESS, "\"user\": {\"additionalGids\": [", "%d", "]}", NULL },
		{ LINUX, "\"maskedPaths\": [", "\"/m\"", "]", NULL },
		{ LINUX, "\"sysctl\": {", "\"net.ipv4.conf.eth%d.forwarding\":\"1\"", "}", NULL },
		{ LINUX, "\"devices\": [", "{\"path\":\"/dev/d\",\"type\":\"c\"}", "]", NULL },
		{ RESOURCES, "\"unified\": {", "\"memory.k%d\":\"v\"", "}", NULL },
		{ RESOURCES, "\"devices\": [", "{\"allow\":true}", "]", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *line = many(rows[i].before, rows[i].element, rows[i].after, MANY);
		const struct row row = { rows[i].section, line, rows[i].complaint };
		check_rows(&row, 1);
	}
}

static void test_deep_nesting(void **state)
{
	static const char *const openings[] = { "\"x\": ", "\"annotations\": " };
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		_cleanup_str_ struct str line = { 0 };
		str_append(&line, openings[i]);
		for (int k = 0; k < 100000; k++)
			str_append_char(&line, '[');
		CHECK_ROWS(((struct row[]){ { ROOT, line.data, "nested too deeply" } }));
	}
}

static void test_giant_strings(void **state)
{
	enum { GIANT = 4 << 20 };
	_cleanup_free_ char *giant = mem_alloc(GIANT + 1);
	memset(giant, '/', GIANT);
	_cleanup_free_ char *cwd = mem_printf("\"cwd\": \"%s\"", giant), *env = mem_printf("\"env\": [\"%s\"]", giant);
	_cleanup_free_ char *sysctl = mem_printf("\"sysctl\": {\"%s\": \"1\"}", giant);
	_cleanup_free_ char *destination = mem_printf("\"destination\": \"%s\"", giant);
	CHECK_ROWS(((struct row[]){
		{ PROCESS, cwd, NULL },
		{ PROCESS, env, "/process/env: environment variable \"////" },
		{ LINUX, sysctl, "/linux/sysctl" },
		{ MOUNT, destination, NULL },
	}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_types_are_reported_with_their_place),
		cmocka_unit_test(test_null_is_absent),
		cmocka_unit_test(test_unknown_properties_are_ignored),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_process_values),
		cmocka_unit_test(test_user_values),
		cmocka_unit_test(test_rlimit_values),
		cmocka_unit_test(test_scheduling_values),
		cmocka_unit_test(test_mount_and_hook_values),
		cmocka_unit_test(test_annotations_that_mean_something),
		cmocka_unit_test(test_namespace_values),
		cmocka_unit_test(test_execution_values),
		cmocka_unit_test(test_sysctl_values),
		cmocka_unit_test(test_device_values),
		cmocka_unit_test(test_resource_and_path_values),
		cmocka_unit_test(test_a_complete_document),
		cmocka_unit_test(test_what_is_not_given),
		cmocka_unit_test(test_a_process_alone),
		cmocka_unit_test(test_resources_alone),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_megabytes),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_giant_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
