/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fs-identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

int fs_identity_set(uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, capabilities) < 0)
		return -errno;
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return syscall(SYS_capset, &header, capabilities) < 0 ? -errno : 0;
}
