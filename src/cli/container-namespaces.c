/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/container-rows.h"
#include "runtime/spec.h"

static const struct {
	const char *field;
	enum namespace_type type;
} FIELDS[] = {
	{ "CGROUPNS", NAMESPACE_CGROUP }, { "IPC", NAMESPACE_IPC },   { "MNT", NAMESPACE_MOUNT },
	{ "NET", NAMESPACE_NETWORK },	  { "PIDNS", NAMESPACE_PID }, { "TIME", NAMESPACE_TIME },
	{ "USERNS", NAMESPACE_USER },	  { "UTS", NAMESPACE_UTS },
};

/* The number in "user:[4026531837]"; "" of one that does not run, or that we may not see. */
static void read_number(pid_t pid, enum namespace_type type, char *number, size_t size)
{
	char path[64], target[64] = "";
	snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, namespace_proc_name(type));
	ssize_t len = pid > 0 ? readlink(path, target, sizeof target - 1) : -1;
	const char *start = len > 0 ? strchr(target, '[') : NULL;
	str_copy(number, size, start ? start + 1 : "");
	number[strcspn(number, "]")] = '\0';
}

void container_add_namespaces(const struct container_record *record, struct json_object *fields)
{
	char number[32];
	snprintf(number, sizeof number, "%d", record->pid);
	json_add_string(fields, "Pid", number);
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
		read_number(record->pid, FIELDS[i].type, number, sizeof number);
		json_add_string(fields, FIELDS[i].field, number);
	}
}
