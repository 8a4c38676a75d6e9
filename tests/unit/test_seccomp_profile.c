/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in Docker's format become the specification's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"
#include "engine/seccomp-default.h"
#include "engine/seccomp-profile.h"
#include "runtime/capability.h"

static int convert(const char *text, uint64_t capabilities, struct json_object **ret, struct error *err)
{
	_cleanup_free_ char *json = mem_strdup(text);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	return seccomp_profile_parse(json, strlen(json), "p.json", capabilities, ret, err);
}

static void test_docker_format(void **state)
{
	const uint64_t admin = capability_bit(CAP_SYS_ADMIN), both = admin | capability_bit(CAP_BPF);
#define HEAD "{'defaultAction':'SCMP_ACT_ERRNO'"
#define RULES(text) HEAD ",'syscalls':[" text "]}"
#define CHDIR "{'names':['chdir'],'action':'SCMP_ACT_ALLOW'"
	const struct {
		const char *from, *to;
		uint64_t capabilities;
	} cases[] = {
		{ HEAD "}", HEAD "}", 0 },
		{ "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'flags':['SECCOMP_FILTER_FLAG_LOG'],"
		  "'listenerPath':'/l','listenerMetadata':'m','comment':'x','syscalls':null}",
		  "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'flags':['SECCOMP_FILTER_FLAG_LOG'],"
		  "'listenerPath':'/l','listenerMetadata':'m'}", 0 },
		{ RULES("{'name':'chdir','action':'SCMP_ACT_ALLOW','args':null}"), RULES(CHDIR "}"), 0 },
		{ RULES("{'names':['chdir'],'name':'','action':'SCMP_ACT_ALLOW','args':[],'comment':'','includes':{},"
			"'excludes':{}}"), RULES(CHDIR "}"), 0 },
		{ RULES("{'names':['a','b'],'action':'SCMP_ACT_ERRNO','errnoRet':5,'args':[{'index':1,"
			"'value':18446744073709551615,'valueTwo':2,'op':'SCMP_CMP_MASKED_EQ'}]}"),
		  RULES("{'names':['a','b'],'action':'SCMP_ACT_ERRNO','errnoRet':5,'args':[{'index':1,"
			"'value':18446744073709551615,'valueTwo':2,'op':'SCMP_CMP_MASKED_EQ'}]}"), 0 },
		{ RULES(CHDIR ",'includes':{'caps':['CAP_SYS_ADMIN']}}"), RULES(""), 0 },
		{ RULES(CHDIR ",'includes':{'caps':['CAP_SYS_ADMIN']}}"), RULES(CHDIR "}"), admin },
		{ RULES(CHDIR ",'includes':{'caps':['CAP_SYS_ADMIN','CAP_BPF']}}"), RULES(""), admin },
		{ RULES(CHDIR ",'includes':{'caps':['CAP_SYS_ADMIN','CAP_BPF']}}"), RULES(CHDIR "}"), both },
		{ RULES(CHDIR ",'includes':{'caps':['CAP_FUTURE']}}"), RULES(""), UINT64_MAX },
		{ RULES(CHDIR ",'excludes':{'caps':['CAP_SYS_ADMIN','CAP_BPF']}}"), RULES(""), admin },
		{ RULES(CHDIR ",'excludes':{'caps':['CAP_SYS_ADMIN','CAP_BPF']}}"), RULES(CHDIR "}"), 0 },
		{ RULES(CHDIR ",'includes':{'minKernel':'4.8'}}"), RULES(CHDIR "}"), 0 },
		{ RULES(CHDIR ",'includes':{'minKernel':'999.0'}}"), RULES(""), 0 },
		{ RULES(CHDIR ",'excludes':{'minKernel':'4.8'}}"), RULES(""), 0 },
		{ RULES(CHDIR ",'excludes':{'minKernel':'999.0'}}"), RULES(CHDIR "}"), 0 },
		{ RULES(CHDIR ",'includes':{'arches':['s390x']}}"), RULES(""), 0 },
		{ RULES(CHDIR ",'includes':{'arches':['amd64','arm64']}}"), RULES(CHDIR "}"), 0 },
		{ RULES(CHDIR ",'excludes':{'arches':['s390x']}}"), RULES(CHDIR "}"), 0 },
		{ RULES(CHDIR ",'excludes':{'arches':['amd64','arm64']}}"), RULES(""), 0 },
		{ RULES(CHDIR ",'includes':{'minKernel':'4.8','caps':['CAP_BPF']}}"), RULES(""), admin },
		{ HEAD ",'architectures':['SCMP_ARCH_X86'],'archMap':[]}", HEAD ",'architectures':['SCMP_ARCH_X86']}", 0 },
		{ HEAD ",'archMap':[{'architecture':'SCMP_ARCH_S390X','subArchitectures':['SCMP_ARCH_S390']}]}", HEAD "}", 0 },
#if defined(__x86_64__)
		{ HEAD ",'archMap':[{'architecture':'SCMP_ARCH_S390X','subArchitectures':null},{'architecture':"
		  "'SCMP_ARCH_X86_64','subArchitectures':['SCMP_ARCH_X86','SCMP_ARCH_X32']}]}",
		  HEAD ",'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X32']}", 0 },
#endif
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_object *profile = NULL;
		struct error err = { 0 };
		if (convert(cases[i].from, cases[i].capabilities, &profile, &err) < 0)
			fail_msg("%s", err.message);
		_cleanup_free_ char *text = mem_strdup(json_text(profile));
		for (char *c = text; *c; c++)
			if (*c == '"')
				*c = '\'';
		assert_string_equal(text, cases[i].to);
	}
}

static void test_docker_format_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{bad", "p.json:1:2: " },
		{ "", "p.json:1:1: unexpected end of file" },
		{ "[]", "p.json:1:1: /: expected an object, found an array" },
		{ "{}", "p.json:1:1: /: \"defaultAction\" is required, but missing" },
		{ "{\n 'defaultAction': 'SCMP_ACT_ALLOWED'}", "p.json:2:19: /defaultAction: unknown action 'SCMP_ACT_ALLOWED'" },
		{ HEAD ",'archMap':[{'architecture':'SCMP_ARCH_X86_64'}],'architectures':['SCMP_ARCH_X86']}",
		  "p.json:1:45: /archMap: cannot stand beside \"architectures\"" },
		{ HEAD ",'archMap':[{'architecture':'AMD64'}]}",
		  "p.json:1:62: /archMap/0/architecture: unknown architecture 'AMD64'" },
		{ HEAD ",'architectures':['X']}", "p.json:1:52: /architectures/0: unknown architecture 'X'" },
		{ HEAD ",'flags':['X']}", "p.json:1:44: /flags/0: unknown flag 'X'" },
		{ RULES("7"), "p.json:1:47: /syscalls/0: expected an object, found a number" },
		{ RULES("{'action':'SCMP_ACT_ALLOW'}"), "p.json:1:47: /syscalls/0: names no system call" },
		{ RULES("{'names':[],'action':'SCMP_ACT_ALLOW'}"), "p.json:1:47: /syscalls/0: names no system call" },
		{ RULES("{'name':'a','names':['b'],'action':'SCMP_ACT_ALLOW'}"),
		  "p.json:1:47: /syscalls/0: has both \"name\" and \"names\"" },
		{ RULES("{'names':['b', 3],'action':'SCMP_ACT_ALLOW'}"),
		  "p.json:1:62: /syscalls/0/names/1: expected a string, found a number" },
		{ RULES("{'names':['b']}"), "p.json:1:47: /syscalls/0: \"action\" is required, but missing" },
		{ RULES(CHDIR ",'errnoRet':-1}"), "p.json:1:103: /syscalls/0/errnoRet: -1 is out of range" },
		{ RULES(CHDIR ",'args':[{'index':6,'value':1,'op':'SCMP_CMP_EQ'}]}"),
		  "p.json:1:109: /syscalls/0/args/0/index: 6 is out of range" },
		{ RULES(CHDIR ",'args':[{'index':0,'value':1,'op':'=='}]}"),
		  "p.json:1:126: /syscalls/0/args/0/op: unknown operator '=='" },
		{ RULES(CHDIR ",'includes':{'minKernel':'4'}}"),
		  "p.json:1:103: /syscalls/0/includes: \"minKernel\" is '4', not a version such as 4.8" },
		{ RULES(CHDIR ",'includes':{'minKernel':'4.8.1'}}"), "p.json:1:103: /syscalls/0/includes: " },
		{ RULES(CHDIR ",'includes':{'minKernel':' 4.8'}}"), "p.json:1:103: /syscalls/0/includes: " },
		{ RULES(CHDIR ",'includes':{'minKernel':'-4.8'}}"), "p.json:1:103: /syscalls/0/includes: " },
		{ RULES(CHDIR ",'includes':{'caps':'CAP_BPF'}}"),
		  "p.json:1:111: /syscalls/0/includes/caps: expected an array, found a string" },
		/* Also in a rule that does not apply here. */
		{ RULES("{'names':['b'],'action':'X','includes':{'arches':['s390x']}}"),
		  "p.json:1:71: /syscalls/0/action: unknown action 'X'" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *profile = NULL;
		struct error err = { 0 };
		assert_int_equal(convert(cases[i].text, 0, &profile, &err), -ERR_SEC_SECCOMP);
		if (!str_starts_with(err.message, cases[i].message))
			fail_msg("\"%s\" does not start with \"%s\"", err.message, cases[i].message);
		assert_null(profile);
	}
}

static void test_docker_format_from_a_file(void **state)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n";
	char directory[] = "/tmp/test-seccomp-XXXXXX";
	assert_non_null(mkdtemp(directory));
	_cleanup_free_ char *path = path_join(directory, "profile"), *missing = path_join(directory, "missing");
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);

	struct error err = { 0 };
	struct json_object *profile = NULL;
	assert_int_equal(seccomp_profile_load(path, 0, &profile, &err), 0);
	assert_string_equal(json_text(profile), "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	json_object_put(profile);
	assert_int_equal(seccomp_profile_load(missing, 0, &profile, &err), -ERR_SEC_SECCOMP);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(path_remove_tree(AT_FDCWD, directory), 0);
}

/* Our own default, written out and read as a user's profile, stays what it is. */
static void test_default_profile_is_a_profile(void **state)
{
	_cleanup_json_ struct json_object *ours = seccomp_default_profile(capability_default()), *read = NULL;
	const char *text = json_text(ours);
	assert_int_equal(seccomp_profile_parse(text, strlen(text), "default", 0, &read, NULL), 0);
	assert_true(json_object_equal(ours, read));
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker_format),
		cmocka_unit_test(test_docker_format_refused),
		cmocka_unit_test(test_docker_format_from_a_file),
		cmocka_unit_test(test_default_profile_is_a_profile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
