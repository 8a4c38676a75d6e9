/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor - what the kernel charges for one container, and nothing else.
 *
 *	floor run|bundle --lower DIR [options] CMD [ARG...]
 *
 * A container engine can be no faster than the system calls that it has to make. This program makes them, in a straight
 * line, for one container with Docker's defaults, and exits with the container's status. What an engine takes longer than
 * this is the engine's own. It parses no JSON, keeps no state, frees no memory and distrusts no input: it is good for
 * measuring only.
 *
 * "run" mounts an overlay above DIR, as an engine does for an image. "bundle" takes DIR itself, read-only, as an OCI
 * runtime takes a bundle's rootfs. DIR holds proc, sys, dev and the command.
 *
 * Where the kernel has two ways to one result the cheaper is taken, and a comment says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

enum { QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC };

/* As Docker: no container could be made; the command cannot be executed; there is no such command. */
enum { EXIT_FLOOR = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static bool bundle;
static const char *lower, *work = "/var/tmp", *name, *memory, *pids, *cpus, *filter_file;
static char **command;

/* The container's cgroup, once for each hierarchy of the host. */
static struct cgroup {
	const char *controllers; /* ",cpu,cpuacct," */
	const char *parent, *path;
	bool v2, made;
} cgroups[16];
static size_t n_cgroups;

static const char *instance; /* <work>/<name>: holds upper and work, and the root is mounted on it */
static bool in_child;

/* Every system call goes through this: hand on what it returned, or say what failed and leave. */
static int must(long result, const char *what, const char *which)
{
	if (result >= 0)
		return (int)result;
	fprintf(stderr, "floor: %s '%s': %s\n", what, which, strerror(errno));
	if (in_child)
		_exit(EXIT_FLOOR);
	exit(EXIT_FLOOR); /* by way of clean_up() */
}

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...)
{
	char *result = NULL;
	va_list args;
	va_start(args, format);
	must(vasprintf(&result, format, args), "format", format);
	va_end(args);
	return result;
}

static void write_file(const char *dir, const char *file, const char *value)
{
	const char *path = text("%s/%s", dir, file);
	int fd = must(open(path, O_WRONLY | O_CLOEXEC), "open", path);
	must(write(fd, value, strlen(value)), "write", path);
	close(fd);
}

static const char *read_file(const char *path, char *buf, size_t size)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC), "open", path);
	buf[must(read(fd, buf, size - 1), "read", path)] = '\0';
	close(fd);
	return buf;
}

/* ---- cgroups ---------------------------------------------------------------------------------------------------- */

static void cgroup_add(const char *parent, const char *controllers, bool v2)
{
	must(n_cgroups < LENGTH(cgroups) ? 0 : -1, "remember hierarchy", parent);
	cgroups[n_cgroups++] = (struct cgroup){
		.v2 = v2,
		.controllers = text(",%s,", controllers),
		.parent = text("%s", parent),
		.path = text("%s/%s", parent, name),
	};
}

/* v2: one hierarchy. v1: one for each group of controllers. Hybrid: v1, and a v2 hierarchy beside them. */
static void cgroup_detect(void)
{
	struct statfs fs;
	must(statfs("/sys/fs/cgroup", &fs), "look at", "/sys/fs/cgroup");
	if (fs.f_type == CGROUP2_SUPER_MAGIC) {
		cgroup_add("/sys/fs/cgroup", "", true);
		return;
	}
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	must(mounts ? 0 : -1, "open", "/proc/self/mountinfo");
	char line[4096], point[256], type[32], super[512];
	while (fgets(line, sizeof line, mounts)) {
		/* 32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct */
		const char *tail = strstr(line, " - cgroup");
		if (tail && sscanf(line, "%*s %*s %*s %*s %255s", point) == 1 &&
		    sscanf(tail, " - %31s %*s %511s", type, super) == 2)
			cgroup_add(point, super, strcmp(type, "cgroup2") == 0);
	}
	fclose(mounts);
}

static const struct cgroup *cgroup_of(const char *controller)
{
	const struct cgroup *v2 = NULL;
	for (size_t i = 0; i < n_cgroups; i++) {
		if (strstr(cgroups[i].controllers, text(",%s,", controller)))
			return &cgroups[i];
		if (cgroups[i].v2)
			v2 = &cgroups[i];
	}
	errno = ENOENT;
	must(v2 ? 0 : -1, "find the controller", controller);
	return v2;
}

/* v1: Docker's list, a line each. v2: a BPF program; what costs is loading and attaching one, so this only says yes. */
static void cgroup_allow_devices(void)
{
	static const char *const allowed[] = { "c *:* m",   "b *:* m",	   "c 1:3 rwm", "c 1:5 rwm",
					       "c 1:7 rwm", "c 1:8 rwm",   "c 1:9 rwm", "c 5:0 rwm",
					       "c 5:1 rwm", "c 136:* rwm", "c 5:2 rwm" };
	static const struct bpf_insn yes[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
					       { .code = BPF_JMP | BPF_EXIT } };
	const struct cgroup *cg = cgroup_of("devices");
	if (!cg->v2) {
		write_file(cg->path, "devices.deny", "a");
		for (size_t i = 0; i < LENGTH(allowed); i++)
			write_file(cg->path, "devices.allow", allowed[i]);
		return;
	}
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uintptr_t)yes,
				.insn_cnt = LENGTH(yes),
				.license = (uintptr_t) "Apache-2.0" };
	int program = must(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load), "load device filter for", cg->path);
	int dir = must(open(cg->path, O_DIRECTORY | O_CLOEXEC), "open", cg->path);
	union bpf_attr attach = { .target_fd = (uint32_t)dir,
				  .attach_bpf_fd = (uint32_t)program,
				  .attach_type = BPF_CGROUP_DEVICE,
				  .attach_flags = BPF_F_ALLOW_MULTI };
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "attach device filter to", cg->path);
	close(program);
	close(dir);
}

static void cgroup_limit(const char *controller, const char *v1_file, const char *v2_file, const char *value)
{
	const struct cgroup *cg = cgroup_of(controller);
	write_file(cg->path, cg->v2 ? v2_file : v1_file, value);
}

static void cgroup_make(void)
{
	for (struct cgroup *cg = cgroups; cg < cgroups + n_cgroups; cg++) {
		static const char *const inherited[] = { "cpuset.cpus", "cpuset.mems" };
		char value[256];
		must(mkdir(cg->path, 0755), "make", cg->path);
		cg->made = true;
		/* A v1 cpuset is born empty and takes no process until somebody fills it. */
		for (size_t i = 0; strstr(cg->controllers, ",cpuset,") && i < LENGTH(inherited); i++)
			write_file(cg->path, inherited[i],
				   read_file(text("%s/%s", cg->parent, inherited[i]), value, sizeof value));
	}
	cgroup_allow_devices();
	if (memory)
		cgroup_limit("memory", "memory.limit_in_bytes", "memory.max", memory);
	if (pids)
		cgroup_limit("pids", "pids.max", "pids.max", pids);
	if (cpus) /* of a period of 100 ms, which is the default */
		cgroup_limit("cpu", "cpu.cfs_quota_us", "cpu.max", text("%.0f", strtod(cpus, NULL) * 100000));
}

/*
 * The child joins v1 by itself; clone3() has put it into v2. Writing "0" to tasks moves the thread that writes, which is
 * all there is. The usual way, a pid written to cgroup.procs, has to hold up every fork and exit of the machine, and to
 * do so waits for an RCU grace period, unless somebody else has just done the same. That can triple a container's time.
 */
static void cgroup_join(void)
{
	for (size_t i = 0; i < n_cgroups; i++)
		if (!cgroups[i].v2)
			write_file(cgroups[i].path, "tasks", "0");
	must(unshare(CLONE_NEWCGROUP), "unshare", "cgroup namespace");
}

/* ---- The root filesystem, made by the child --------------------------------------------------------------------- */

/* On the directory that holds upper and work, so that the root needs no directory of its own. */
static void mount_overlay(void)
{
	const char *upperdir = text("%s/upper", instance), *workdir = text("%s/work", instance);
	int fs = must(fsopen("overlay", FSOPEN_CLOEXEC), "open filesystem", "overlay");
	if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", lower, 0) < 0) /* an older kernel */
		must(fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", lower, 0), "set lower directory", lower);
	must(fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", upperdir, 0), "set upper directory", upperdir);
	must(fsconfig(fs, FSCONFIG_SET_STRING, "workdir", workdir, 0), "set work directory", workdir);
	/* Upper will be removed: spare the unmount from writing back all of the disk that it is on. */
	must(fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0), "make volatile", "overlay");
	must(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "create overlay above", lower);
	int root = must(fsmount(fs, FSMOUNT_CLOEXEC, 0), "mount overlay above", lower);
	must(move_mount(root, "", AT_FDCWD, instance, MOVE_MOUNT_F_EMPTY_PATH), "mount overlay on", instance);
	must(fchdir(root), "enter", instance);
}

static void mount_rootfs(void)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	int root = must(open_tree(AT_FDCWD, lower, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "open", lower);
	must(mount_setattr(root, "", AT_EMPTY_PATH, &read_only, sizeof read_only), "make read-only", lower);
	must(move_mount(root, "", AT_FDCWD, lower, MOVE_MOUNT_F_EMPTY_PATH), "mount on itself", lower);
	must(fchdir(root), "enter", lower);
}

/* From here on the working directory is the new root, and paths are relative to it. */
static void mount_filesystems(void)
{
	static const struct {
		const char *type, *target;
		bool make;
		unsigned long flags;
		const char *data;
	} mounts[] = {
		{ "proc", "proc", false, QUIET, NULL },
		{ "sysfs", "sys", false, QUIET | MS_RDONLY, NULL },
		{ "tmpfs", "dev", false, MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
		{ "devpts", "dev/pts", true, MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5" },
		{ "tmpfs", "dev/shm", true, QUIET, "mode=1777,size=65536k" },
		{ "mqueue", "dev/mqueue", true, QUIET, NULL },
	};
	for (size_t i = 0; i < LENGTH(mounts); i++) {
		const char *target = mounts[i].target;
		if (mounts[i].make)
			must(mkdir(target, 0755), "make", target);
		must(mount(mounts[i].type, target, mounts[i].type, mounts[i].flags, mounts[i].data), "mount", target);
	}
}

static void make_devices(void)
{
	static const struct {
		const char *path;
		unsigned int major, minor;
	} nodes[] = { { "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		      { "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 } };
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },	     { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "/proc/kcore", "dev/core" },	     { "pts/ptmx", "dev/ptmx" },
	};
	mode_t mask = umask(0);
	for (size_t i = 0; i < LENGTH(nodes); i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), "make",
		     nodes[i].path);
	umask(mask);
	for (size_t i = 0; i < LENGTH(links); i++)
		must(symlink(links[i][0], links[i][1]), "make", links[i][1]);
}

static void bind_read_only(const char *source, const char *target)
{
	must(mount(source, target, NULL, MS_BIND, NULL), "bind", target);
	must(mount(NULL, target, NULL, QUIET | MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "make read-only", target);
}

/* The container sees its own cgroup in each hierarchy, read-only. */
static void mount_cgroups(void)
{
	static const char view[] = "sys/fs/cgroup";
	if (n_cgroups == 1 && cgroups[0].v2) {
		bind_read_only(cgroups[0].path, view);
		return;
	}
	must(mount("tmpfs", view, "tmpfs", QUIET, "mode=755"), "mount", view);
	for (size_t i = 0; i < n_cgroups; i++) {
		const char *target = text("%s%s", view, strrchr(cgroups[i].parent, '/'));
		must(mkdir(target, 0755), "make", target);
		bind_read_only(cgroups[i].path, target);
	}
	must(mount(NULL, view, NULL, QUIET | MS_REMOUNT | MS_RDONLY, "mode=755"), "make read-only", view);
}

/*
 * Docker's lists, as far as this kernel has them. To look first what is a directory is cheaper than to try: a bind mount
 * that fails waits for an RCU grace period.
 */
static void hide_paths(void)
{
	static const char *const masked[] = { "proc/acpi",	  "proc/asound",  "proc/interrupts",
					      "proc/kcore",	  "proc/keys",	  "proc/latency_stats",
					      "proc/sched_debug", "proc/scsi",	  "proc/timer_list",
					      "proc/timer_stats", "sys/firmware", "sys/devices/virtual/powercap" };
	static const char *const read_only[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger" };
	struct stat st;

	for (size_t i = 0; i < LENGTH(masked); i++) {
		if (stat(masked[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			must(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1"), "mask",
			     masked[i]);
		else
			must(mount("dev/null", masked[i], NULL, MS_BIND, NULL), "mask", masked[i]);
	}
	for (size_t i = 0; i < LENGTH(read_only); i++)
		if (stat(read_only[i], &st) == 0)
			bind_read_only(read_only[i], read_only[i]);
}

static void switch_root(void)
{
	must(syscall(SYS_pivot_root, ".", "."), "change root to", ".");
	must(umount2(".", MNT_DETACH), "leave", "the old root"); /* which lies above the new one */
	must(chdir("/"), "enter", "/");
}

/* ---- The process ------------------------------------------------------------------------------------------------ */

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open", "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &lo), "bring up", "lo");
	close(fd);
}

static struct sock_filter filter_code[BPF_MAXINSNS] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
static struct sock_fprog filter = { .len = 1, .filter = filter_code };

/* While the host's files are in sight. */
static void read_filter(const char *path)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC), "open", path);
	size_t size = (size_t)must(read(fd, filter_code, sizeof filter_code), "read", path);
	filter.len = (unsigned short)(size / sizeof filter_code[0]);
	close(fd);
}

static void drop_privileges(void)
{
	static const uint32_t kept = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FSETID | 1u << CAP_FOWNER |
				     1u << CAP_MKNOD | 1u << CAP_NET_RAW | 1u << CAP_SETGID | 1u << CAP_SETUID |
				     1u << CAP_SETFCAP | 1u << CAP_SETPCAP | 1u << CAP_NET_BIND_SERVICE |
				     1u << CAP_SYS_CHROOT | 1u << CAP_KILL | 1u << CAP_AUDIT_WRITE;
	for (unsigned int cap = 0; cap < 64; cap++)
		if ((cap >= 32 || !(kept & 1u << cap)) && prctl(PR_CAPBSET_DROP, cap) < 0) {
			must(errno == EINVAL ? 0 : -1, "drop", "capabilities"); /* EINVAL: past the last one */
			break;
		}
	/* While there is CAP_SYS_ADMIN: Docker's default is not no_new_privs. */
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "load", "seccomp filter");
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct sets[2] = { { .effective = kept, .permitted = kept } };
	must(syscall(SYS_capset, &header, sets), "set", "capabilities");
}

static _Noreturn void container(const sigset_t *mask)
{
	in_child = true;
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "tie to floor", name);
	cgroup_join();
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private", "/");
	if (bundle)
		mount_rootfs();
	else
		mount_overlay();
	mount_filesystems();
	make_devices();
	mount_cgroups();
	hide_paths();
	switch_root();
	must(sethostname(name, strlen(name)), "set hostname", name);
	loopback_up();
	drop_privileges();
	must(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close", "inherited files");
	must(sigprocmask(SIG_SETMASK, mask, NULL), "restore", "signal mask");

	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	environ = (char *[]){ path, NULL };
	execvp(command[0], command);
	int status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	fprintf(stderr, "floor: execute '%s': %s\n", command[0], strerror(errno));
	_exit(status);
}

/* ---- The parent ------------------------------------------------------------------------------------------------- */

static void make_instance(void)
{
	instance = text("%s/%s", work, name);
	must(mkdir(instance, 0700), "make", instance);
	must(mkdir(text("%s/upper", instance), 0755), "make upper in", instance);
	must(mkdir(text("%s/work", instance), 0700), "make work in", instance);
}

/* Returns a pidfd. */
static int start(const sigset_t *mask)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	for (size_t i = 0; i < n_cgroups; i++) {
		if (!cgroups[i].v2)
			continue;
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint32_t)must(open(cgroups[i].path, O_PATH | O_CLOEXEC), "open", cgroups[i].path);
	}
	if (must(syscall(SYS_clone3, &args, sizeof args), "clone", name) == 0)
		container(mask);
	return pidfd;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	if (remove(path) < 0)
		fprintf(stderr, "floor: remove '%s': %s\n", path, strerror(errno));
	return 0;
}

static void clean_up(void)
{
	for (size_t i = 0; i < n_cgroups; i++)
		if (cgroups[i].made && rmdir(cgroups[i].path) < 0)
			fprintf(stderr, "floor: remove '%s': %s\n", cgroups[i].path, strerror(errno));
	if (instance)
		nftw(instance, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static _Noreturn void usage(void)
{
	fputs("usage: floor run|bundle --lower DIR [options] CMD [ARG...]\n\n"
	      "  --lower DIR      the root filesystem: below an overlay (run), or as it is, read-only (bundle)\n"
	      "  --work DIR       where run keeps what the container writes (/var/tmp)\n"
	      "  --name NAME      of the cgroups, and the hostname (floor-PID)\n"
	      "  --memory BYTES   limits; default: none\n"
	      "  --pids N\n"
	      "  --cpus N\n"
	      "  --seccomp FILE   load this compiled BPF; default: a filter that allows everything\n",
	      stderr);
	exit(EXIT_FLOOR);
}

static void parse(int argc, char **argv)
{
	static const char **const values[] = { &lower, &work, &name, &memory, &pids, &cpus, &filter_file };
	static const struct option options[] = {
		{ "lower", required_argument, NULL, 0 },   { "work", required_argument, NULL, 1 },
		{ "name", required_argument, NULL, 2 },	   { "memory", required_argument, NULL, 3 },
		{ "pids", required_argument, NULL, 4 },	   { "cpus", required_argument, NULL, 5 },
		{ "seccomp", required_argument, NULL, 6 }, { 0 },
	};
	bundle = argc > 1 && strcmp(argv[1], "bundle") == 0;
	if (argc < 2 || (!bundle && strcmp(argv[1], "run") != 0))
		usage();
	name = text("floor-%d", getpid());
	optind = 2;
	for (int opt; (opt = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		if (opt == '?')
			usage();
		*values[opt] = optarg;
	}
	command = argv + optind;
	if (!lower || !*command)
		usage();
}

int main(int argc, char **argv)
{
	parse(argc, argv);

	/* Whoever wants floor to end gets the container killed and everything removed. */
	sigset_t wanted, mask;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGHUP);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	signal(SIGCHLD, SIG_DFL);
	must(sigprocmask(SIG_BLOCK, &wanted, &mask), "block", "signals");
	atexit(clean_up);

	cgroup_detect();
	cgroup_make();
	if (!bundle)
		make_instance();
	if (filter_file)
		read_filter(filter_file);
	int pidfd = start(&mask);
	while (sigwaitinfo(&wanted, NULL) != SIGCHLD)
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	siginfo_t info;
	must(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), "wait for", name);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
