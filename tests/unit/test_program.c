/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: found as execvp() would, and explained when the kernel does not take them. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/program.h"

static char top[64];

static void make_file(const char *name, const void *content, size_t len, mode_t mode)
{
	_cleanup_close_ int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, content, len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void make_text(const char *name, const char *text)
{
	make_file(name, text, strlen(text), 0755);
}

/* Each test works in a directory of its own. */
static int set_up(void **state)
{
	str_copy(top, sizeof top, "/tmp/test-program-XXXXXX");
	return mkdtemp(top) && chmod(top, 0755) == 0 ? chdir(top) : -1;
}

static int tear_down(void **state)
{
	return chdir("/") < 0 ? -1 : path_remove_tree(AT_FDCWD, top);
}

/* --- finding --- */

static void test_find_in_path(void **state)
{
	static const struct {
		const char *path, *name, *found;
	} rows[] = {
		{ "bin", "tool", "bin/tool" },
		{ "nowhere:bin", "tool", "bin/tool" },
		{ "first:bin", "tool", "bin/tool" },   /* past what cannot be executed */
		{ "folders:bin", "tool", "bin/tool" }, /* and past what is a directory */
		{ "bin:other", "tool", "bin/tool" },
		{ "other:bin", "tool", "other/tool" },
		{ "bin/", "tool", "bin/tool" },
		{ ":bin", "here", "./here" },	       /* an empty entry is the working directory */
		{ "bin:", "here", "./here" },
		{ "nowhere", "./here", "./here" },     /* a slash, and it is not looked up */
		{ "bin", "other/tool", "other/tool" },
		{ "bin", "to-here", "bin/to-here" },
	};
	static const char *const folders[] = { "bin", "other", "first", "folders", "folders/tool" };
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdir(folders[i], 0755), 0);
	make_text("bin/tool", "#!/bin/sh\n");
	make_text("other/tool", "#!/bin/sh\n");
	make_text("here", "#!/bin/sh\n");
	make_file("first/tool", "", 0, 0644);
	assert_int_equal(symlink("../here", "bin/to-here"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *variable = mem_printf("PATH=%s", rows[i].path);
		const char *const env[] = { "XPATH=other", variable, "PATH=other", NULL }; /* the first one counts */
		_cleanup_free_ char *found = NULL;
		struct error err = { 0 };
		if (program_find(rows[i].name, (char *const *)env, &found, &err) < 0)
			fail_msg("PATH=%s %s: %s", rows[i].path, rows[i].name, err.message);
		assert_string_equal(found, rows[i].found);
	}
}

static void test_default_path(void **state)
{
	static const char *const env[] = { "HOME=/", NULL };
	_cleanup_free_ char *with = NULL, *without = NULL;
	assert_int_equal(program_find("sh", (char *const *)env, &with, NULL), 0);
	assert_int_equal(program_find("sh", NULL, &without, NULL), 0);
	assert_true(str_ends_with(with, "/sh"));
	assert_string_equal(with, without);
}

static void test_what_is_not_found(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *message, *cause, *hint;
	} rows[] = {
		{ "", ERR_EXEC_NOTFOUND, "exec \"\": executable file not found in $PATH", "", "" },
		{ "nosuchcommand", ERR_EXEC_NOTFOUND, "exec \"nosuchcommand\": executable file not found in $PATH",
		  "PATH=bin:nowhere; searched 2 directories", "" },
		{ "tol", ERR_EXEC_NOTFOUND, "exec \"tol\": executable file not found in $PATH",
		  "PATH=bin:nowhere; searched 2 directories", "did you mean \"tool\"?" },
		{ "tool --help", ERR_EXEC_NOTFOUND, "exec \"tool --help\": executable file not found in $PATH",
		  "PATH=bin:nowhere; searched 2 directories",
		  "the name holds a space: did you mean to split it into arguments?" },
		{ "/no/such/file", ERR_EXEC_NOTFOUND, "exec \"/no/such/file\": no such file or directory", "", "" },
		{ "./bin/tool/x", ERR_EXEC_NOTFOUND, "exec \"./bin/tool/x\": not a directory", "", "" },
		{ "./loop", ERR_EXEC_NOTFOUND, "exec \"./loop\": too many levels of symbolic links", "", "" },
		{ "./bin", ERR_EXEC_DIR, "exec \"./bin\": is a directory: permission denied", "", "" },
		{ "/", ERR_EXEC_DIR, "exec \"/\": is a directory: permission denied", "", "" },
		{ "./plain", ERR_EXEC_PERM, "exec \"./plain\": permission denied", "mode 0640, owner 0:0, no x bit",
		  "chmod +x ./plain in the image" },
		{ "plain", ERR_EXEC_PERM, "exec \"bin/plain\": permission denied", "mode 0644, owner 0:0, no x bit",
		  "chmod +x bin/plain in the image" },
	};
	const char *const env[] = { "PATH=bin:nowhere", NULL };
	if (geteuid() != 0)
		skip(); /* the owner in the messages */
	assert_int_equal(mkdir("bin", 0755), 0);
	make_text("bin/tool", "#!/bin/sh\n");
	make_file("bin/plain", "", 0, 0644);
	make_file("plain", "", 0, 0640);
	assert_int_equal(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *found = NULL;
		struct error err = { 0 };
		assert_int_equal(program_find(rows[i].name, (char *const *)env, &found, &err), -rows[i].code);
		assert_string_equal(err.message, rows[i].message);
		assert_string_equal(err.cause, rows[i].cause);
		assert_string_equal(err.hint, rows[i].hint);
		assert_null(found);
	}
}

/* What a user may not execute, though somebody may. Returns 0 if all is as it should be. */
static int find_as_nobody(void)
{
	char *found = NULL;
	struct error err = { 0 };
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 77;
	if (program_find("./roots", NULL, &found, &err) != -ERR_EXEC_PERM ||
	    !streq(err.cause, "mode 0700, owner 0:0; you are uid 65534, gid 65534"))
		return 1;
	if (program_find("./closed/tool", NULL, &found, &err) != -ERR_EXEC_PERM ||
	    !streq(err.message, "exec \"./closed/tool\": permission denied"))
		return 2;
	return program_find("./anybodys", NULL, &found, &err) == 0 ? 0 : 3;
}

static void test_find_as_another_user(void **state)
{
	int status;
	if (geteuid() != 0)
		skip();
	make_file("roots", "#!/bin/sh\n", 10, 0700);
	make_file("anybodys", "#!/bin/sh\n", 10, 0711);
	assert_int_equal(mkdir("closed", 0700), 0);
	make_text("closed/tool", "#!/bin/sh\n");
	pid_t pid = fork();
	if (pid == 0)
		_exit(find_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- explaining --- */

static const char *host(void)
{
	static struct utsname name;
	uname(&name);
	return name.machine;
}

static void check_explanation(const char *path, int sys_errno, int code, const char *message, const char *cause)
{
	struct error err = { 0 };
	int r = program_explain(path, sys_errno, &err);
	if (r != -code || !streq(err.message, message) || (cause && !str_starts_with(err.cause, cause)))
		fail_msg("%s (%d): %d, \"%s\", \"%s\"", path, sys_errno, r, err.message, err.cause);
}

static void test_explain_scripts(void **state)
{
	static const struct {
		const char *text, *interpreter, *cause;
	} rows[] = {
		{ "#!/no/such/shell\n", "/no/such/shell", "line 1 of ./script names it, and it is not in the image" },
		{ "#! /no/such/shell -e -u\necho", "/no/such/shell", "line 1" },
		{ "#!\t/no/such/shell\t-e", "/no/such/shell", "line 1" },
		{ "#!/bin/sh\r\necho\r\n", "/bin/sh\\x0d", "the script has Windows (CRLF) line ends" },
		{ "#!/usr/bin/env\r\n", "/usr/bin/env\\x0d", "the script has Windows" },
		{ "#!\n", "", "line 1" },
		{ "#!x", "x", "line 1" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *message =
			mem_printf("exec \"./script\": interpreter \"%s\" not found", rows[i].interpreter);
		make_text("script", rows[i].text);
		check_explanation("./script", ENOENT, ERR_EXEC_INTERP, message, rows[i].cause);
	}
	/* A line that is longer than what we read of it. */
	char giant[5000];
	memset(giant, 'x', sizeof giant);
	memcpy(giant, "#!", 2);
	make_file("script", giant, sizeof giant, 0755);
	struct error err = { 0 };
	assert_int_equal(program_explain("./script", ENOENT, &err), -ERR_EXEC_INTERP);
}

static void test_explain_formats(void **state)
{
	static const struct {
		const char *text, *cause;
	} rows[] = {
		{ "", "the file is empty" },
		{ "echo hello\nmore", "it is neither an ELF file nor a script with a #! line (it begins with \"echo hello\")" },
		{ "\x7f" "ELF", "it is neither" }, /* too short to be one */
		{ "\x1b[2J", "it is neither an ELF file nor a script with a #! line (it begins with \"\\x1b[2J\")" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_text("file", rows[i].text);
		check_explanation("./file", ENOEXEC, ERR_EXEC_FORMAT, "exec \"./file\": exec format error", rows[i].cause);
	}
}

static void test_explain_machines(void **state)
{
	static const struct {
		unsigned machine;
		const char *name;
	} rows[] = {
		{ EM_X86_64, "x86_64" }, { EM_AARCH64, "aarch64" }, { EM_386, "i386" }, { EM_RISCV, "riscv" },
		{ 12345, "an unknown machine" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		Elf64_Ehdr elf = { .e_ident = ELFMAG, .e_machine = (Elf64_Half)rows[i].machine };
		_cleanup_free_ char *cause = mem_printf("it is an ELF file for %s, this machine is %s", rows[i].name, host());
		make_file("program", &elf, sizeof elf, 0755);
		check_explanation("./program", ENOEXEC, ERR_EXEC_FORMAT, "exec \"./program\": exec format error", cause);
	}
}

struct image {
	Elf64_Ehdr elf;
	Elf64_Phdr program[2];
	char loader[64];
};

static struct image image_with_loader(const char *loader)
{
	struct image image = {
		.elf = { .e_phoff = offsetof(struct image, program), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 },
		.program = { { .p_type = PT_LOAD },
			     { .p_type = PT_INTERP, .p_offset = offsetof(struct image, loader) } },
	};
	memcpy(image.elf.e_ident, ELFMAG, SELFMAG);
	image.elf.e_ident[EI_CLASS] = ELFCLASS64;
	image.program[1].p_filesz = str_copy(image.loader, sizeof image.loader, loader) + 1;
	return image;
}

static void check_loader(const struct image *image, size_t size, const char *loader)
{
	_cleanup_free_ char *message = mem_printf("exec \"./program\": loader %s not found", loader);
	make_file("program", image, size, 0755);
	check_explanation("./program", ENOENT, ERR_EXEC_LOADER, message, "it is dynamically linked");
}

/* Every number in the file is its author's. */
static void test_explain_loaders(void **state)
{
	struct image image = image_with_loader("/lib64/ld-linux-x86-64.so.2");
	check_loader(&image, sizeof image, "/lib64/ld-linux-x86-64.so.2");
	check_loader(&image, offsetof(struct image, loader), "(unknown)");
	check_loader(&image, sizeof image.elf, "(unknown)");
	image.program[1].p_filesz = 7;
	check_loader(&image, sizeof image, "/lib64/");
	image.program[1].p_filesz = UINT64_MAX;
	check_loader(&image, sizeof image, "/lib64/ld-linux-x86-64.so.2");
	image.program[1].p_offset = UINT64_MAX;
	check_loader(&image, sizeof image, "(unknown)");
	image = image_with_loader("\x1b[2J");
	check_loader(&image, sizeof image, "\\x1b[2J");
	image.elf.e_phoff = UINT64_MAX;
	check_loader(&image, sizeof image, "(unknown)");
	image.elf.e_phoff = INT64_MAX - 60;
	check_loader(&image, sizeof image, "(unknown)");
	image = image_with_loader("/ld");
	image.elf.e_phnum = UINT16_MAX;
	image.program[1].p_type = PT_LOAD;
	check_loader(&image, sizeof image, "(unknown)");
	image = image_with_loader("/ld");
	image.elf.e_phentsize = 1;
	check_loader(&image, sizeof image, "(unknown)");
	image = image_with_loader("/ld");
	image.elf.e_ident[EI_CLASS] = ELFCLASS32;
	check_loader(&image, sizeof image, "(unknown)");
}

static void test_explain_the_rest(void **state)
{
	make_file("plain", "", 0, 0644);
	make_text("fine", "#!/bin/sh\n");
	assert_int_equal(mkdir("folder", 0755), 0);
	check_explanation("./gone", ENOENT, ERR_EXEC_NOTFOUND, "exec \"./gone\": no such file or directory", NULL);
	check_explanation("./plain", EACCES, ERR_EXEC_PERM, "exec \"./plain\": permission denied", "mode 0644");
	check_explanation("./folder", EACCES, ERR_EXEC_DIR, "exec \"./folder\": is a directory: permission denied", NULL);
	check_explanation("./fine", EACCES, ERR_EXEC_PERM, "exec \"./fine\": permission denied", "");
	check_explanation("./fine", E2BIG, ERR_EXEC_PERM, "exec \"./fine\": argument list too long", NULL);
	check_explanation("./fine", ENOMEM, ERR_EXEC_PERM, "exec \"./fine\": cannot allocate memory", NULL);
	/* A fifo does not make us wait for its writer. */
	assert_int_equal(mkfifo("fifo", 0755), 0);
	check_explanation("./fifo", ENOEXEC, ERR_EXEC_FORMAT, "exec \"./fifo\": exec format error", NULL);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_find_in_path),
		WITH_DIR(test_default_path),
		WITH_DIR(test_what_is_not_found),
		WITH_DIR(test_find_as_another_user),
		WITH_DIR(test_explain_scripts),
		WITH_DIR(test_explain_formats),
		WITH_DIR(test_explain_machines),
		WITH_DIR(test_explain_loaders),
		WITH_DIR(test_explain_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
