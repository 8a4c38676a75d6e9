/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "runtime/capability.h"
#include "runtime/procfs.h"

/* --- security modules --- */

/* An attribute of ours. "thread-self" is a link, but the kernel's own: @proc is known to be procfs. */
static int write_attribute(int proc, const char *path, const char *text)
{
	_cleanup_close_ int self = openat(proc, "thread-self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return self < 0 ? -errno : procfs_write(self, path, text);
}

static bool module_is_active(const char *name)
{
	char modules[512];
	if (file_read_line(AT_FDCWD, "/sys/kernel/security/lsm", modules, sizeof modules) < 0) {
		if (streq(name, "apparmor"))
			return access("/sys/module/apparmor/parameters/enabled", F_OK) == 0 &&
			       access("/sys/kernel/security/apparmor", F_OK) == 0;
		return access("/sys/fs/selinux/status", F_OK) == 0;
	}
	_cleanup_strv_ char **active = strv_split(modules, ',');
	return strv_contains(active, name);
}

static int set_apparmor(const char *profile, int proc, struct error *err)
{
	if (streq(profile, "unconfined") && !module_is_active("apparmor"))
		return 0;
	if (!module_is_active("apparmor"))
		return err_set(err, ERR_SEC_LSM,
			       "AppArmor is not enabled on this kernel; profile \"%s\" would not be applied", profile);
	char command[1024];
	int len = snprintf(command, sizeof command, "exec %s", profile);
	if (len < 0 || (size_t)len >= sizeof command)
		return err_set(err, ERR_SEC_LSM, "the name of the AppArmor profile is too long");
	int r = write_attribute(proc, "attr/apparmor/exec", command);
	if (r == -ENOENT)
		r = write_attribute(proc, "attr/exec", command); /* before Linux 5.8 */
	return r < 0 ? err_sys_code(err, ERR_SEC_LSM, -r, "apply AppArmor profile \"%s\"", profile) : 0;
}

int credentials_check_selinux(const char *label, struct error *err)
{
	if (str_is_empty(label) || module_is_active("selinux"))
		return 0;
	return err_set(err, ERR_SEC_LSM, "SELinux is not enabled on this kernel; label \"%s\" would not be applied", label);
}

static int set_selinux(const char *label, int proc, struct error *err)
{
	int r = credentials_check_selinux(label, err);
	if (r < 0)
		return r;
	r = write_attribute(proc, "attr/exec", label);
	return r < 0 ? err_sys_code(err, ERR_SEC_LSM, -r, "apply SELinux label \"%s\"", label) : 0;
}

int credentials_set_oom_score(const struct spec_process *process, int proc, pid_t pid, struct error *err)
{
	if (!process->oom_score_adj.set)
		return 0;
	char path[48], text[24];
	snprintf(path, sizeof path, "%d/oom_score_adj", pid);
	snprintf(text, sizeof text, "%lld", (long long)process->oom_score_adj.value);
	int r = procfs_write(proc, path, text);
	if (r >= 0)
		return 0;
	int code = err_sys(err, -r, "set oom_score_adj to %s", text);
	return r == -EACCES ? err_cause(err, "only CAP_SYS_RESOURCE may make it less than it is for whoever starts it") : code;
}

int credentials_set_labels(const struct spec_process *process, int proc, struct error *err)
{
	int r = 0;
	if (!str_is_empty(process->apparmor_profile))
		r = set_apparmor(process->apparmor_profile, proc, err);
	if (r == 0 && !str_is_empty(process->selinux_label))
		r = set_selinux(process->selinux_label, proc, err);
	return r;
}

/* --- the user --- */

static int set_groups(const struct spec_user *user, struct error *err)
{
	if (user->keep_groups || setgroups(user->n_additional_gids, user->additional_gids) == 0)
		return 0;
	/* In a user namespace that an ordinary user mapped, setgroups() is denied for good: nothing may be asked then. */
	if (errno == EPERM && user->n_additional_gids == 0)
		return 0;
	return err_sys_code(err, ERR_USER, errno, "set the additional groups");
}

int credentials_become(const struct spec_process *process, struct error *err)
{
	const struct spec_user *user = &process->user;
	int r = process->capabilities ? capability_drop_bounding(process->capabilities, err) : 0;
	if (r < 0 || (r = set_groups(user, err)) < 0)
		return r;
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return err_sys_code(err, ERR_USER, errno, "become group %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return err_sys_code(err, ERR_USER, errno, "become user %u", user->uid);
	if (process->capabilities && (r = capability_apply(process->capabilities, err)) < 0)
		return r;
	umask(user->umask != (mode_t)-1 ? user->umask : 0022);
	return 0;
}
