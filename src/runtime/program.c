/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"

/* As execvp(3) and Docker have it where the environment says nothing. */
static const char DEFAULT_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *path_variable(char *const *env)
{
	for (; env && *env; env++) {
		const char *value = str_after(*env, "PATH=");
		if (value)
			return value;
	}
	return DEFAULT_PATH;
}

/* --- not found --- */

/* The file in the folders of @path whose name is nearest to @name, as an allocated string, or NULL. */
static char *similar_name(const char *name, char *const *folders)
{
	char *best = NULL;
	size_t best_distance = 3;
	for (; *folders; folders++) {
		_cleanup_closedir_ DIR *dir = opendir(*folders);
		for (struct dirent *entry; dir && (entry = readdir(dir));) {
			size_t distance = str_distance(name, entry->d_name, 2);
			if (distance == 0 || distance >= best_distance || distance >= strlen(name))
				continue;
			free(best);
			best = mem_strdup(entry->d_name);
			best_distance = distance;
		}
	}
	return best;
}

/* Where a program serves the files (FUSE) and has died, nothing is found, whatever is asked for. */
static bool files_are_lost(const char *name, int *ret, struct error *err)
{
	_cleanup_close_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0 || errno != ENOTCONN)
		return false;
	err_sys(err, errno, "exec \"%s\"", name);
	err_cause(err, "the process that serves the files of its root filesystem has ended");
	*ret = err_hint(err, "stop and start the container");
	return true;
}

static int not_in_path(const char *name, const char *path, char *const *folders, struct error *err)
{
	int r;
	if (files_are_lost(name, &r, err))
		return r;
	r = err_set(err, ERR_EXEC_NOTFOUND, "exec \"%s\": executable file not found in $PATH", name);
	err_cause(err, "PATH=%s; searched %zu directories", path, strv_count(folders));
	_cleanup_free_ char *similar = similar_name(name, folders);
	if (similar)
		err_hint(err, "did you mean \"%s\"?", similar);
	else if (strchr(name, ' '))
		err_hint(err, "the name holds a space: did you mean to split it into arguments?");
	return r;
}

/* --- permission --- */

static int permission_denied(const char *path, const struct stat *st, struct error *err)
{
	/* Both reasons: Docker makes 126 of the first since 23.0, and before that of the second. */
	if (S_ISDIR(st->st_mode))
		return err_set(err, ERR_EXEC_DIR, "exec \"%s\": is a directory: permission denied", path);
	int r = err_set(err, ERR_EXEC_PERM, "exec \"%s\": permission denied", path);
	struct statvfs fs;
	if (!(st->st_mode & 0111)) {
		err_cause(err, "mode %04o, owner %u:%u, no x bit", st->st_mode & 07777, st->st_uid, st->st_gid);
		err_hint(err, "chmod +x %s in the image", path);
	} else if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOEXEC)) {
		err_cause(err, "it is on a mount with noexec");
	} else if (access(path, X_OK) < 0) {
		err_cause(err, "mode %04o, owner %u:%u; you are uid %u, gid %u", st->st_mode & 07777, st->st_uid,
			  st->st_gid, geteuid(), getegid());
	}
	return r;
}

/* --- finding --- */

static bool is_executable_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static int find_by_path(const char *name, char **ret, struct error *err)
{
	struct stat st;
	int r;
	if (stat(name, &st) < 0) {
		if (errno == EACCES)
			return err_sys_code(err, ERR_EXEC_PERM, errno, "exec \"%s\"", name);
		if (errno == ENOTCONN && files_are_lost(name, &r, err))
			return r;
		int code = errno == ENOTDIR || errno == ELOOP ? errno : ENOENT;
		return err_sys_code(err, ERR_EXEC_NOTFOUND, code, "exec \"%s\"", name);
	}
	if (!is_executable_file(name))
		return permission_denied(name, &st, err);
	*ret = mem_strdup(name);
	return 0;
}

int program_find(const char *name, char *const *env, char **ret, struct error *err)
{
	if (!*name)
		return err_set(err, ERR_EXEC_NOTFOUND, "exec \"\": executable file not found in $PATH");
	if (strchr(name, '/'))
		return find_by_path(name, ret, err);

	const char *path = path_variable(env);
	_cleanup_strv_ char **folders = strv_split(path, ':');
	_cleanup_free_ char *denied = NULL;
	for (char **folder = folders; *folder; folder++) {
		_cleanup_free_ char *candidate = path_join(**folder ? *folder : ".", name);
		if (is_executable_file(candidate)) {
			*ret = TAKE_PTR(candidate);
			return 0;
		}
		struct stat st;
		if (!denied && stat(candidate, &st) == 0 && S_ISREG(st.st_mode))
			denied = TAKE_PTR(candidate);
	}
	struct stat st;
	if (denied && stat(denied, &st) == 0)
		return permission_denied(denied, &st, err);
	return not_in_path(name, path, folders, err);
}

/* --- explaining --- */

struct head {
	unsigned char bytes[256];
	size_t len;
	int fd;
};

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = { { EM_X86_64, "x86_64" }, { EM_AARCH64, "aarch64" }, { EM_386, "i386" },	 { EM_ARM, "arm" },
		      { EM_RISCV, "riscv" },   { EM_PPC64, "ppc64" },	  { EM_S390, "s390x" },	 { EM_MIPS, "mips" } };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "an unknown machine";
}

static bool is_elf(const struct head *head)
{
	return head->len >= sizeof(Elf64_Ehdr) && memcmp(head->bytes, ELFMAG, SELFMAG) == 0;
}

static int missing_script_interpreter(const char *path, const struct head *head, struct error *err)
{
	char line[sizeof head->bytes];
	size_t len = MIN(head->len - 2, sizeof line - 1);
	memcpy(line, head->bytes + 2, len);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	char *interpreter = line + strspn(line, " \t");
	interpreter[strcspn(interpreter, " \t")] = '\0';
	int r = err_set(err, ERR_EXEC_INTERP, "exec \"%s\": interpreter \"%s\" not found", path, interpreter);
	if (str_ends_with(interpreter, "\r")) {
		err_cause(err, "the script has Windows (CRLF) line ends");
		err_hint(err, "dos2unix %s, or \"*.sh eol=lf\" in .gitattributes", path_base(path));
	} else {
		bool has_sh = access("/bin/sh", X_OK) == 0;
		err_cause(err, "line 1 of %s names it, and it is not in the image%s", path,
			  has_sh ? "; /bin/sh is" : "");
	}
	return r;
}

/* The path in a 64-bit ELF file's PT_INTERP, or "". Every number of it is the image author's. */
static void read_loader(const struct head *head, char *buf, size_t size)
{
	Elf64_Ehdr elf;
	memcpy(&elf, head->bytes, sizeof elf);
	buf[0] = '\0';
	if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phentsize != sizeof(Elf64_Phdr))
		return;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr program;
		off_t offset;
		if (__builtin_add_overflow(elf.e_phoff, (uint64_t)i * sizeof program, &offset) ||
		    pread(head->fd, &program, sizeof program, offset) != sizeof program)
			return;
		if (program.p_type != PT_INTERP)
			continue;
		ssize_t n = pread(head->fd, buf, MIN(size - 1, (size_t)program.p_filesz), (off_t)program.p_offset);
		buf[MAX(n, (ssize_t)0)] = '\0';
		return;
	}
}

static int missing_loader(const char *path, const struct head *head, struct error *err)
{
	char loader[256];
	read_loader(head, loader, sizeof loader);
	int r = err_set(err, ERR_EXEC_LOADER, "exec \"%s\": loader %s not found", path, loader[0] ? loader : "(unknown)");
	err_cause(err, "it is dynamically linked, and the image lacks the loader that it names");
	err_hint(err, "link it statically, or use a base image with that C library");
	return r;
}

static int wrong_format(const char *path, const struct head *head, struct error *err)
{
	int r = err_set(err, ERR_EXEC_FORMAT, "exec \"%s\": exec format error", path);
	if (is_elf(head)) {
		Elf64_Ehdr elf;
		struct utsname host;
		memcpy(&elf, head->bytes, sizeof elf);
		uname(&host);
		err_cause(err, "it is an ELF file for %s, this machine is %s", machine_name(elf.e_machine), host.machine);
		return r;
	}
	if (head->len == 0) {
		err_cause(err, "the file is empty");
		return r;
	}
	char start[24];
	size_t len = MIN(head->len, sizeof start - 1);
	memcpy(start, head->bytes, len);
	start[len] = '\0';
	start[strcspn(start, "\n")] = '\0';
	err_cause(err, "it is neither an ELF file nor a script with a #! line (it begins with \"%s\")", start);
	err_hint(err, "put #!/bin/sh into its first line");
	return r;
}

int program_explain(const char *path, int sys_errno, struct error *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys_code(err, ERR_EXEC_NOTFOUND, errno, "exec \"%s\"", path);
	if (sys_errno == EACCES || sys_errno == EPERM || S_ISDIR(st.st_mode))
		return permission_denied(path, &st, err);

	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct head head = { .fd = fd };
	ssize_t n = fd < 0 ? 0 : pread(fd, head.bytes, sizeof head.bytes, 0);
	head.len = n > 0 ? (size_t)n : 0;
	if (sys_errno == ENOENT && head.len > 2 && memcmp(head.bytes, "#!", 2) == 0)
		return missing_script_interpreter(path, &head, err);
	if (sys_errno == ENOENT && is_elf(&head))
		return missing_loader(path, &head, err);
	if (sys_errno == ENOEXEC)
		return wrong_format(path, &head, err);
	return err_sys_code(err, sys_errno == ENOENT ? ERR_EXEC_NOTFOUND : ERR_EXEC_PERM, sys_errno, "exec \"%s\"", path);
}
