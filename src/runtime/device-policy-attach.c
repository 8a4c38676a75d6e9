/* SPDX-License-Identifier: Apache-2.0 */
/* From instructions to a program in force: bpf(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "runtime/device-policy.h"

/* By this we know our own programs among those of others. */
static const char PROGRAM_NAME[BPF_OBJ_NAME_LEN] = "coffer_devices";

enum { PROGRAMS_MAX = 64 }; /* on one cgroup: the kernel's own bound, BPF_CGROUP_MAX_PROGS */

static int sys_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, command, attr, sizeof *attr);
	return r < 0 ? -errno : r;
}

static int load_once(const struct device_program *program)
{
	static const char license[] = "Apache-2.0"; /* calls nothing in the kernel that would ask for the GPL */
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)program->instructions,
		.insn_cnt = (uint32_t)program->count,
		.license = (uintptr_t)license,
	};
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof attr.prog_name);
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* Before Linux 5.11 a program counts as locked memory, of which little is allowed, and too much of it is an EPERM. */
static int load(const struct device_program *program)
{
	struct rlimit old, unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = load_once(program);
	if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 || setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		return fd;
	fd = load_once(program);
	(void)setrlimit(RLIMIT_MEMLOCK, &old);
	return fd;
}

static bool is_ours(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };
	attr.info.bpf_fd = (uint32_t)program;
	attr.info.info_len = sizeof info;
	attr.info.info = (uintptr_t)&info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && memcmp(info.name, PROGRAM_NAME, sizeof info.name) == 0;
}

/* The fds of our programs on the cgroup. Returns their number or -errno. */
static int find_ours(int dir, int fds[static PROGRAMS_MAX])
{
	uint32_t ids[PROGRAMS_MAX] = { 0 };
	union bpf_attr query = { 0 };
	query.query.target_fd = (uint32_t)dir;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = (uintptr_t)ids;
	query.query.prog_cnt = PROGRAMS_MAX;
	int r = sys_bpf(BPF_PROG_QUERY, &query);
	if (r < 0)
		return r;
	int found = 0;
	for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
		union bpf_attr by_id = { .prog_id = ids[i] };
		int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
		if (fd >= 0 && is_ours(fd))
			fds[found++] = fd;
		else
			fd_close(fd);
	}
	return found;
}

static int detach(int dir, int program)
{
	union bpf_attr attr = { .target_fd = (uint32_t)dir,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE };
	return sys_bpf(BPF_PROG_DETACH, &attr);
}

/* In one step in the place of @old (-1: there is none), so that no moment goes by without rules. */
static int attach(int dir, int program, int old)
{
	union bpf_attr attr = { .target_fd = (uint32_t)dir,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE,
				.attach_flags = BPF_F_ALLOW_MULTI };
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr);
}

/* @program is -1 for none. */
static int exchange(int dir, int program, const int *ours, int n_ours)
{
	int kept = program >= 0 && n_ours > 0 ? 1 : 0;
	int r = program >= 0 ? attach(dir, program, kept ? ours[0] : -1) : 0;
	for (int i = kept; r == 0 && i < n_ours; i++)
		r = detach(dir, ours[i]);
	return r;
}

static bool may_use_bpf(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & 1u << CAP_SYS_ADMIN);
}

static int policy_error(int r, const char *doing, struct error *err)
{
	err_sys_code(err, ERR_CG_CTRL, -r, "apply the device rules: %s", doing);
	if (r == -EPERM && may_use_bpf())
		err_cause(err, "it is denied though this process has CAP_SYS_ADMIN in its user namespace");
	else if (r == -EPERM)
		err_cause(err, "this process does not have CAP_SYS_ADMIN");
	return -ERR_CG_CTRL;
}

int device_policy_apply(int dir, bool fresh, const struct spec_device_rule *rules, size_t n_rules, struct error *err)
{
	struct device_program program;
	device_program_build(rules, n_rules, &program);
	bool needed = !program.allows_all;
	_cleanup_close_ int fd = needed ? load(&program) : -1;
	device_program_done(&program);
	if (needed && fd < 0)
		return policy_error(fd, "load a BPF program", err);
	if (fresh && !needed)
		return 0;

	_cleanup_close_ int target = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return policy_error(-errno, "open the cgroup", err);
	int ours[PROGRAMS_MAX];
	int n_ours = fresh ? 0 : find_ours(target, ours);
	if (n_ours < 0 && needed) /* who may not look cannot have put one there before */
		return policy_error(n_ours, "list the cgroup's BPF programs", err);
	int r = exchange(target, fd, ours, MAX(n_ours, 0));
	for (int i = 0; i < n_ours; i++)
		fd_close(ours[i]);
	return r < 0 ? policy_error(r, "attach a BPF program", err) : 0;
}
