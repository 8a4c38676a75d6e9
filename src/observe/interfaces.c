/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/interfaces.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

enum { NET_DEV_MAX = 1 << 20 };

/* "  eth0: BYTES PACKETS ERRORS DROPPED fifo frame compressed multicast BYTES PACKETS ERRORS DROPPED ..." */
static bool parse_line(const char *line, struct interface *ret)
{
	const char *name = line + strspn(line, " "), *colon = strchr(name, ':');
	struct interface_direction *in = &ret->received, *out = &ret->sent;
	if (!colon || (size_t)(colon - name) >= sizeof ret->name)
		return false;
	snprintf(ret->name, sizeof ret->name, "%.*s", (int)(colon - name), name);
	return sscanf(colon + 1,
		      "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64
		      " %" SCNu64,
		      &in->bytes, &in->packets, &in->errors, &in->dropped, &out->bytes, &out->packets, &out->errors,
		      &out->dropped) == 8;
}

int interfaces_read(pid_t pid, struct interfaces *ret, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/net/dev", (int)pid), *text = NULL;
	struct interfaces interfaces = { 0 };
	int r = file_read(AT_FDCWD, path, NET_DEV_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		struct interface one = { 0 };
		if (parse_line(*line, &one) && !streq(one.name, "lo"))
			*ARRAY_APPEND(interfaces.list, interfaces.count) = one;
	}
	*ret = interfaces;
	return 0;
}

void interfaces_done(struct interfaces *interfaces)
{
	free(interfaces->list);
	*interfaces = (struct interfaces){ 0 };
}
