/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/nesting.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { FILTERED = 2, STATUS_MAX = 64 << 10 };

static bool is_read_only(const char *path)
{
	struct statvfs fs;
	return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

/* The line "CapEff:	00000000a80425fb"; all of them, where it cannot be read. */
static uint64_t effective_capabilities(void)
{
	_cleanup_free_ char *status = NULL;
	uint64_t set;
	int r = file_read(AT_FDCWD, "/proc/self/status", STATUS_MAX, &status, NULL, NULL);
	const char *line = r < 0 ? NULL : strstr(status, "\nCapEff:");
	return line && sscanf(line, " CapEff: %" SCNx64, &set) == 1 ? set : UINT64_MAX;
}

static void add(struct str *facts, const char *fact)
{
	str_appendf(facts, "%s%s", facts->len > 0 ? ", " : "", fact);
}

static bool lacks(uint64_t capabilities, int capability)
{
	return !(capabilities & (UINT64_C(1) << capability));
}

void nesting_explain(struct error *err)
{
	_cleanup_str_ struct str facts = { 0 };
	bool refused = err->sys_errno == EPERM || err->sys_errno == EACCES || err->sys_errno == EROFS;
	if (geteuid() != 0 || (!refused && err->code != ERR_CG_CTRL))
		return;
	uint64_t capabilities = effective_capabilities();
	if (lacks(capabilities, CAP_SYS_ADMIN))
		add(&facts, "root has no CAP_SYS_ADMIN here");
	if (lacks(capabilities, CAP_NET_ADMIN))
		add(&facts, "no CAP_NET_ADMIN");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == FILTERED)
		add(&facts, "a seccomp filter is on us");
	if (is_read_only("/proc/sys"))
		add(&facts, "/proc/sys is read-only");
	if (facts.len == 0)
		return;
	if (is_read_only("/sys/fs/cgroup")) /* which alone it is on machines, too */
		add(&facts, "/sys/fs/cgroup is read-only");
	err_cause(err, "%s", str_text(&facts));
	err_hint(err, "where coffer runs in a container, give that one --privileged");
}
