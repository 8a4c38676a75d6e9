/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rootless-info.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/util.h"
#include "network/tool.h"
#include "runtime/user-namespace.h"

enum { MAP_SIZE_MAX = 64 << 10, USUAL_LAST_ID = 65535 };

/* As in the file, by the names that podman has for them. */
static void add_map(struct json_object *mappings, const char *key, const char *path)
{
	struct json_object *list = json_add_array(mappings, key);
	_cleanup_free_ char *text = NULL;
	unsigned inside, outside, size;
	int len;
	if (file_read(AT_FDCWD, path, MAP_SIZE_MAX, &text, NULL, NULL) < 0)
		return;
	for (const char *at = text; sscanf(at, "%u %u %u%n", &inside, &outside, &size, &len) == 3; at += len) {
		struct json_object *mapping = json_object_new_object();
		json_add_i64(mapping, "container_id", inside);
		json_add_i64(mapping, "host_id", outside);
		json_add_i64(mapping, "size", size);
		json_object_array_add(list, mapping);
	}
}

static void warn_of_ids(struct json_object *warnings)
{
	uint32_t last = MIN(user_namespace_last_uid(), user_namespace_last_gid());
	_cleanup_free_ char *few =
		mem_printf("WARNING: Containers have no ids above %u: /etc/subuid and /etc/subgid give "
			   "your user no more",
			   last);
	if (last == 0)
		json_append_string(warnings,
				   "WARNING: Containers have one user and one group only: your user had no ids "
				   "in /etc/subuid and /etc/subgid, or there was no newuidmap");
	else if (last < USUAL_LAST_ID)
		json_append_string(warnings, few);
}

static void warn_of_network(struct json_object *warnings)
{
	_cleanup_close_ int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun < 0)
		json_append_string(warnings, "WARNING: Containers have no network: /dev/net/tun cannot be opened");
	if (!tool_find("pasta"))
		json_append_string(warnings, "WARNING: Containers have no network: there is no pasta (package passt)");
}

void rootless_info_add(struct json_object *info)
{
	if (!user_namespace_is_own())
		return;
	struct json_object *warnings = json_object_object_get(info, "Warnings");
	struct json_object *mappings = json_add_object(info, "IDMappings");
	add_map(mappings, "uidmap", "/proc/self/uid_map");
	add_map(mappings, "gidmap", "/proc/self/gid_map");
	json_append_string(json_object_object_get(info, "SecurityOptions"), "name=rootless");
	warn_of_ids(warnings);
	warn_of_network(warnings);
}
