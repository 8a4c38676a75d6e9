/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not in these tables fails with EPERM, or with ENOSYS if it is newer than everything in them. Left out on
 * purpose, whatever the capabilities:
 *
 *   add_key keyctl request_key           keyrings are not namespaced
 *   io_uring_*                           what is done through it passes no filter
 *   kexec_load kexec_file_load           starts another kernel
 *   pivot_root swapon swapoff            for the machine's administrator
 *   userfaultfd                          stops the kernel in the middle of a copy, which exploits like
 *   nfsservctl sysfs _sysctl uselib ...  gone, or replaced long ago
 *
 * Source of the facts: Docker's documentation, "Seccomp security profiles for Docker", and its profile.
 */
#include "engine/seccomp-default.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/capability.h"

enum { ALWAYS = -1 };

/* Names of many architectures stand side by side; each machine takes those that it has. */
static const struct group {
	int capability; /* that the container must have, or ALWAYS */
	const char *names;
} ALLOWED[] = {
	/* --- paths, files and what is known of them --- */
	{ ALWAYS, "access chdir chmod chown chown32 close creat faccessat faccessat2 fchdir fchmod fchmodat fchmodat2 "
		  "fchown fchown32 fchownat fstat fstat64 fstatat64 fstatfs fstatfs64 futimesat getcwd getdents "
		  "getdents64 lchown lchown32 link linkat lstat lstat64 mkdir mkdirat mknod mknodat newfstatat open "
		  "openat openat2 readlink readlinkat rename renameat renameat2 rmdir stat stat64 statfs statfs64 statx "
		  "symlink symlinkat umask unlink unlinkat utime utimensat utimensat_time64 utimes" },
	{ ALWAYS, "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat "
		  "llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat" },
	{ ALWAYS, "fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch name_to_handle_at" },
	{ ALWAYS, "listmount statmount" }, /* reading about mounts; changing them is below */

	/* --- file descriptors: reading, writing, waiting --- */
	{ ALWAYS, "_llseek cachestat close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 fallocate fcntl "
		  "fcntl64 fdatasync flock fsync ftruncate ftruncate64 ioctl lseek pipe pipe2 pread64 preadv preadv2 "
		  "pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 splice sync sync_file_range "
		  "syncfs tee truncate truncate64 vmsplice write writev" },
	{ ALWAYS, "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
		  "epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select" },
	{ ALWAYS, "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit" },

	/* --- sockets; socket() itself is among the conditional rules --- */
	{ ALWAYS, "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
		  "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair" },

	/* --- memory --- */
	{ ALWAYS, "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap "
		  "mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect "
		  "remap_file_pages" },

	/* --- processes and threads; clone() and clone3() are among the conditional rules --- */
	{ ALWAYS, "execve execveat exit exit_group fork getpgid getpgrp getpid getppid getsid gettid pidfd_open prctl "
		  "process_mrelease restart_syscall seccomp setpgid setsid set_tid_address vfork wait4 waitid waitpid" },
	{ ALWAYS, "landlock_add_rule landlock_create_ruleset landlock_restrict_self" }, /* only ever take rights away */
	{ ALWAYS, "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list get_thread_area "
		  "rseq set_robust_list set_thread_area" },
	{ ALWAYS, "getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_getaffinity sched_getattr "
		  "sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler "
		  "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
		  "sched_setscheduler sched_yield setpriority setrlimit ugetrlimit" },
	/* A tracer could once change the call after the filter had seen it; since Linux 4.8 the filter runs last. */
	{ ALWAYS, "process_vm_readv process_vm_writev ptrace" },

	/* --- users, groups, capabilities: the kernel checks who may --- */
	{ ALWAYS, "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid "
		  "getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid "
		  "setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
		  "setreuid setreuid32 setuid setuid32" },

	/* --- signals --- */
	{ ALWAYS, "kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
		  "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signalfd "
		  "signalfd4 sigprocmask sigreturn tgkill tkill" },

	/* --- clocks and timers; setting the clock is below. adjtimex reads for those who may not set. --- */
	{ ALWAYS, "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
		  "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer "
		  "time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
		  "timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 "
		  "times" },

	/* --- System V and POSIX queues, which the ipc namespace holds --- */
	{ ALWAYS, "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
		  "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
		  "semtimedop_time64 shmat shmctl shmdt shmget" },

	/* --- the system --- */
	{ ALWAYS, "getrandom riscv_hwprobe sysinfo uname uretprobe" },
#if defined(__x86_64__)
	{ ALWAYS, "arch_prctl modify_ldt" },
#elif defined(__aarch64__)
	{ ALWAYS, "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2" },
#endif

	/*
	 * --- calls that come with a capability ---
	 * Without it most of them could only fail; but the kernel's code in front of that check would be within reach.
	 */
	{ CAP_SYS_ADMIN, "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree umount umount2" },
	{ CAP_SYS_ADMIN, "clone clone3 setdomainname sethostname setns unshare" },
	{ CAP_SYS_ADMIN, "bpf fanotify_init lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr "
			 "perf_event_open quotactl quotactl_fd syslog" },
	{ CAP_BPF, "bpf" },
	{ CAP_PERFMON, "perf_event_open" },
	{ CAP_SYSLOG, "syslog" },
	{ CAP_DAC_READ_SEARCH, "open_by_handle_at" }, /* reads any file of the file system, whatever is mounted */
	{ CAP_SYS_BOOT, "reboot" },
	{ CAP_SYS_CHROOT, "chroot" },
	{ CAP_SYS_MODULE, "delete_module finit_module init_module" },
	{ CAP_SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node" },
	{ CAP_SYS_PACCT, "acct" },
	{ CAP_SYS_PTRACE, "kcmp pidfd_getfd process_madvise" }, /* look into other processes */
	{ CAP_SYS_RAWIO, "ioperm iopl" },
	{ CAP_SYS_TIME, "clock_settime clock_settime64 settimeofday stime" },
	{ CAP_SYS_TTY_CONFIG, "vhangup" },
};

/*
 * Calls that are allowed for some values of their first argument.
 *
 * Address families: all but AF_VSOCK (40), which no namespace holds and which reaches the hypervisor, and AF_ALG (38),
 * the kernel's cryptography, which has let containers write to the host's page cache (CVE-2026-31431; Docker since
 * 29.4.2). They are listed and not excluded: the comparison has 64 bits and socket()'s argument 32, so "not 40" and
 * "above 40" would let 0x100000028 through, which socket() takes for 40.
 *
 * personality(): PER_LINUX and PER_LINUX32, each with or without UNAME26; 0xffffffff asks for the one in force.
 */
static const struct {
	const char *name;
	const char *op;
	uint64_t value;
} CONDITIONAL[] = {
	{ "socket", "SCMP_CMP_LT", AF_ALG },
	{ "socket", "SCMP_CMP_EQ", 39 }, /* AF_NFC */
	{ "socket", "SCMP_CMP_EQ", 41 }, /* AF_KCM */
	{ "socket", "SCMP_CMP_EQ", 42 }, /* AF_QIPCRTR */
	{ "socket", "SCMP_CMP_EQ", 43 }, /* AF_SMC */
	{ "socket", "SCMP_CMP_EQ", 44 }, /* AF_XDP */
	{ "socket", "SCMP_CMP_EQ", 45 }, /* AF_MCTP */
	{ "personality", "SCMP_CMP_EQ", PER_LINUX },
	{ "personality", "SCMP_CMP_EQ", PER_LINUX32 },
	{ "personality", "SCMP_CMP_EQ", PER_LINUX | UNAME26 },
	{ "personality", "SCMP_CMP_EQ", PER_LINUX32 | UNAME26 },
	{ "personality", "SCMP_CMP_EQ", 0xffffffff },
};

static const char *const ARCHITECTURES[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
#endif
};

/* What clone() may not make without CAP_SYS_ADMIN. */
#define NAMESPACE_FLAGS                                                                                    \
	((uint64_t)(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
		    CLONE_NEWCGROUP))

static bool has(uint64_t capabilities, int capability)
{
	return capability == ALWAYS || (capabilities & capability_bit(capability));
}

/* One rule object; its list of names is left to the caller. */
static struct json_object *append_rule(struct json_object *rules, const char *action, struct json_object **ret_names)
{
	struct json_object *rule = json_object_new_object();
	json_object_array_add(rules, rule);
	*ret_names = json_add_array(rule, "names");
	json_add_string(rule, "action", action);
	return rule;
}

static struct json_object *append_argument(struct json_object *rule, const char *op, uint64_t value)
{
	struct json_object *argument = json_object_new_object();
	json_object_array_add(json_add_array(rule, "args"), argument);
	json_add_i64(argument, "index", 0);
	json_object_object_add(argument, "value", json_object_new_uint64(value));
	json_add_string(argument, "op", op);
	return argument;
}

static void append_names(struct json_object *names, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, " ");
		json_object_array_add(names, json_object_new_string_len(text, (int)len));
		text += len + strspn(text + len, " ");
	}
}

static void append_allowed(struct json_object *rules, uint64_t capabilities)
{
	struct json_object *names;
	append_rule(rules, "SCMP_ACT_ALLOW", &names);
	for (size_t i = 0; i < ARRAY_SIZE(ALLOWED); i++)
		if (has(capabilities, ALLOWED[i].capability))
			append_names(names, ALLOWED[i].names);
}

static void append_conditional(struct json_object *rules)
{
	for (size_t i = 0; i < ARRAY_SIZE(CONDITIONAL); i++) {
		struct json_object *names;
		struct json_object *rule = append_rule(rules, "SCMP_ACT_ALLOW", &names);
		json_append_string(names, CONDITIONAL[i].name);
		append_argument(rule, CONDITIONAL[i].op, CONDITIONAL[i].value);
	}
}

/*
 * New namespaces, the user namespace above all, open much of the kernel. clone3() keeps its flags in memory, where no
 * filter can see them: it is said not to exist, whereupon libc uses clone().
 */
static void append_clone(struct json_object *rules)
{
	struct json_object *names;
	struct json_object *clone = append_rule(rules, "SCMP_ACT_ALLOW", &names);
	json_append_string(names, "clone");
	struct json_object *argument = append_argument(clone, "SCMP_CMP_MASKED_EQ", NAMESPACE_FLAGS);
	json_add_i64(argument, "valueTwo", 0);

	struct json_object *clone3 = append_rule(rules, "SCMP_ACT_ERRNO", &names);
	json_append_string(names, "clone3");
	json_add_i64(clone3, "errnoRet", ENOSYS);
}

struct json_object *seccomp_default_profile(uint64_t capabilities)
{
	struct json_object *profile = json_object_new_object();
	json_add_string(profile, "defaultAction", "SCMP_ACT_ERRNO");
	json_add_i64(profile, "defaultErrnoRet", EPERM);
	struct json_object *architectures = json_add_array(profile, "architectures");
	for (size_t i = 0; i < ARRAY_SIZE(ARCHITECTURES); i++)
		json_append_string(architectures, ARCHITECTURES[i]);
	struct json_object *rules = json_add_array(profile, "syscalls");
	append_allowed(rules, capabilities);
	append_conditional(rules);
	if (!has(capabilities, CAP_SYS_ADMIN))
		append_clone(rules);
	return profile;
}

bool seccomp_default_names(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ALLOWED); i++) {
		_cleanup_strv_ char **words = strv_split(ALLOWED[i].names, ' ');
		if (strv_contains(words, name))
			return true;
	}
	return false;
}
