/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user-namespace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

/* Of the first user namespace, ever since they have numbers. Source: Linux, include/linux/proc_ns.h. */
enum { FIRST_INODE = (int)0xeffffffdu, MAP_SIZE_MAX = 64 << 10 };

bool user_namespace_is_own(void)
{
	struct stat st;
	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != (ino_t)(unsigned)FIRST_INODE;
}

/* The kernel shows the mappings sorted by the ids inside. */
static uint32_t last_id(const char *path)
{
	_cleanup_free_ char *text = NULL;
	unsigned inside, outside, count;
	uint32_t next = 0;
	int len;
	if (file_read(AT_FDCWD, path, MAP_SIZE_MAX, &text, NULL, NULL) < 0)
		return 0;
	for (const char *at = text; sscanf(at, "%u %u %u%n", &inside, &outside, &count, &len) == 3; at += len)
		if (inside == next)
			next += count;
	return next > 0 ? next - 1 : 0;
}

/* The machine's first one has all ids, and one look tells that it is that: every start of a container asks. */
static const uint32_t FIRST_LAST_ID = UINT32_MAX - 1;

uint32_t user_namespace_last_uid(void)
{
	return user_namespace_is_own() ? last_id("/proc/self/uid_map") : FIRST_LAST_ID;
}

uint32_t user_namespace_last_gid(void)
{
	return user_namespace_is_own() ? last_id("/proc/self/gid_map") : FIRST_LAST_ID;
}

bool user_namespace_has_groups(void)
{
	char word[16];
	return !user_namespace_is_own() || file_read_line(AT_FDCWD, "/proc/self/setgroups", word, sizeof word) < 0 || !streq(word, "deny");
}
