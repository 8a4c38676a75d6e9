/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: names, what the command line asks for, and what a process that has taken them really has. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"
#include "runtime/capability.h"

#define BIT(name) (UINT64_C(1) << (name))

/* --- names --- */

static void test_names_and_numbers_agree(void **state)
{
	assert_int_equal(capability_from_name("CAP_CHOWN", NULL), CAP_CHOWN);
	assert_int_equal(capability_from_name("CAP_CHECKPOINT_RESTORE", NULL), CAP_CHECKPOINT_RESTORE);
	size_t count = 0;
	for (const char *const *name = capability_names(); *name; name++, count++) {
		assert_int_equal(capability_from_name(*name, NULL), count);
		assert_int_equal(capability_from_name(*name + strlen("CAP_"), NULL), count);
		assert_string_equal(capability_name((int)count), *name);
	}
	assert_int_equal(count, CAP_LAST_CAP + 1);
}

static void test_names_in_any_case(void **state)
{
	assert_int_equal(capability_from_name("net_admin", NULL), CAP_NET_ADMIN);
	assert_int_equal(capability_from_name("cap_Net_Admin", NULL), CAP_NET_ADMIN);
}

static void test_unknown_names(void **state)
{
	static const struct {
		const char *name, *hint;
	} cases[] = {
		{ "CAP_NET_ADMN", "did you mean CAP_NET_ADMIN?" },
		{ "sys_time ", "did you mean CAP_SYS_TIME?" },
		{ "net_amdin", "did you mean CAP_NET_ADMIN?" },
		{ "CAP_FOO", "" },
		{ "", "" },
		{ "CAP_", "" },
		{ "CAP_CAP_CHOWN", "" },
		{ "12", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		assert_int_equal(capability_from_name(cases[i].name, &err), -ERR_SEC_CAP);
		assert_string_equal(err.hint, cases[i].hint);
	}
}

static void test_numbers_without_a_name(void **state)
{
	assert_null(capability_name(-1));
	assert_null(capability_name(CAP_LAST_CAP + 1));
	assert_null(capability_name(1000));
}

static void test_what_the_kernel_knows(void **state)
{
	char text[16];
	assert_true(file_read_line(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", text, sizeof text) > 0);
	uint64_t last = strtoull(text, NULL, 10);
	assert_true(capability_all() == (BIT(last) - 1) * 2 + 1);
	assert_true((capability_bounding() & ~capability_all()) == 0);
}

/* --- the command line --- */

static void test_default_set(void **state)
{
	assert_true(capability_default() == UINT64_C(0x00000000a80425fb));
}

/* Lists are written with commas. */
static int resolve(const char *add, const char *drop, bool privileged, uint64_t *ret, struct error *err)
{
	_cleanup_strv_ char **added = add ? strv_split(add, ',') : NULL;
	_cleanup_strv_ char **dropped = drop ? strv_split(drop, ',') : NULL;
	return capability_set_resolve(added, dropped, privileged, ret, err);
}

static void test_add_and_drop(void **state)
{
	const uint64_t standard = capability_default(), all = capability_bounding();
	const struct {
		const char *add, *drop;
		bool privileged;
		uint64_t set;
	} cases[] = {
		{ .set = standard },
		{ .privileged = true, .set = all },
		{ .privileged = true, .drop = "CHOWN", .set = all },
		{ .privileged = true, .drop = "ALL", .set = all },
		{ .add = "NET_ADMIN", .set = standard | BIT(CAP_NET_ADMIN) },
		{ .add = "cap_net_admin,CAP_SYS_TIME", .set = standard | BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_TIME) },
		{ .add = "CHOWN", .set = standard },
		{ .drop = "CHOWN,MKNOD", .set = standard & ~(BIT(CAP_CHOWN) | BIT(CAP_MKNOD)) },
		{ .drop = "SYS_ADMIN", .set = standard },
		{ .drop = "ALL", .set = 0 },
		{ .drop = "all", .add = "NET_RAW", .set = BIT(CAP_NET_RAW) },
		{ .drop = "ALL,NET_RAW", .add = "NET_RAW", .set = BIT(CAP_NET_RAW) },
		{ .add = "ALL", .set = all },
		{ .add = "All", .drop = "NET_RAW", .set = all & ~BIT(CAP_NET_RAW) },
		{ .add = "ALL", .drop = "ALL", .set = all },
		{ .add = "ALL,NET_RAW", .drop = "NET_RAW", .set = all & ~BIT(CAP_NET_RAW) },
		/* Dropping comes first. */
		{ .add = "CHOWN", .drop = "CHOWN", .set = standard },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t set = 1;
		struct error err = { 0 };
		assert_int_equal(resolve(cases[i].add, cases[i].drop, cases[i].privileged, &set, &err), 0);
		assert_true(set == cases[i].set);
	}
}

static void test_add_and_drop_unknown(void **state)
{
	static const char wrong[] = "NET_RAW,SYS_ADMN";
	for (int i = 0; i < 3; i++) {
		uint64_t set = 42;
		struct error err = { 0 };
		assert_int_equal(resolve(i == 0 ? wrong : NULL, i ? wrong : NULL, i == 2, &set, &err), -ERR_SEC_CAP);
		assert_int_equal(set, 42);
		assert_string_equal(err.message, "unknown capability 'SYS_ADMN'");
		assert_string_equal(err.hint, "did you mean CAP_SYS_ADMIN?");
	}
}

/* --- becoming it: in a child, which compares what the kernel says with what it should --- */

enum { NOBODY = 65534 };

static uint64_t status_set(const char *field)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &text, NULL, NULL) < 0)
		return UINT64_MAX;
	const char *line = strstr(text, field);
	return line ? strtoull(line + strlen(field), NULL, 16) : UINT64_MAX;
}

/* Exits with the number of the set that is not as it should be. */
static void become(const struct spec_capabilities *wanted, const struct spec_capabilities *expected, uid_t uid)
{
	struct error err = { 0 };
	if (capability_drop_bounding(wanted, &err) < 0 || setresuid(uid, uid, uid) < 0 ||
	    capability_apply(wanted, &err) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		_exit(100);
	}
	const uint64_t is[] = { status_set("CapBnd:"), status_set("CapPrm:"), status_set("CapEff:"),
				status_set("CapInh:"), status_set("CapAmb:") };
	const uint64_t should[] = { expected->bounding, expected->permitted, expected->effective, expected->inheritable,
				    expected->ambient };
	for (size_t i = 0; i < ARRAY_SIZE(is); i++)
		if (is[i] != should[i])
			_exit((int)i + 1);
	_exit(0);
}

static void check_becoming(const struct spec_capabilities *wanted, const struct spec_capabilities *expected, uid_t uid)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		become(wanted, expected, uid);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void needs_root(void)
{
	if (geteuid() != 0 || (capability_bounding() & capability_default()) != capability_default())
		skip();
}

static void test_docker_default_as_root_and_as_user(void **state)
{
	needs_root();
	const uint64_t set = capability_default();
	const struct spec_capabilities wanted = { .bounding = set, .permitted = set, .effective = set };
	check_becoming(&wanted, &wanted, 0);
	check_becoming(&wanted, &wanted, NOBODY);
}

static void test_nothing_at_all(void **state)
{
	needs_root();
	const struct spec_capabilities nothing = { 0 };
	check_becoming(&nothing, &nothing, 0);
	check_becoming(&nothing, &nothing, NOBODY);
}

static void test_ambient_needs_permitted_and_inheritable(void **state)
{
	needs_root();
	const uint64_t raw = BIT(CAP_NET_RAW), chown = BIT(CAP_CHOWN), kill = BIT(CAP_KILL);
	struct spec_capabilities wanted = { .bounding = raw | chown | kill,
					    .permitted = raw | chown,
					    .effective = raw,
					    .inheritable = raw | kill,
					    .ambient = raw };
	check_becoming(&wanted, &wanted, NOBODY);

	struct spec_capabilities expected = wanted;
	wanted.ambient = raw | chown | kill;
	check_becoming(&wanted, &expected, NOBODY);
}

/* Bit 63 stands for a capability that no kernel has. */
static void test_never_more_than_we_have(void **state)
{
	needs_root();
	const uint64_t all = UINT64_MAX;
	const struct spec_capabilities wanted = {
		.bounding = all, .permitted = all, .effective = all, .inheritable = all, .ambient = all
	};
	uint64_t permitted = status_set("CapPrm:"), bounding = status_set("CapBnd:");
	const struct spec_capabilities expected = { .bounding = bounding,
						    .permitted = permitted,
						    .effective = permitted,
						    .inheritable = permitted & bounding,
						    .ambient = permitted & bounding };
	check_becoming(&wanted, &expected, 0);
	check_becoming(&wanted, &expected, NOBODY);
}

static void test_effective_is_not_more_than_permitted(void **state)
{
	needs_root();
	const struct spec_capabilities wanted = { .bounding = BIT(CAP_KILL) | BIT(CAP_CHOWN),
						  .permitted = BIT(CAP_KILL),
						  .effective = BIT(CAP_KILL) | BIT(CAP_CHOWN) };
	struct spec_capabilities expected = wanted;
	expected.effective = BIT(CAP_KILL);
	check_becoming(&wanted, &expected, 0);
}

/* An unprivileged caller may ask for what is so already, and for no more. */
static void test_bounding_without_setpcap(void **state)
{
	needs_root();
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		const struct spec_capabilities as_it_is = { .bounding = capability_bounding() };
		const struct spec_capabilities less = { .bounding = as_it_is.bounding & ~BIT(CAP_KILL) };
		struct error err = { 0 };
		if (setresuid(NOBODY, NOBODY, NOBODY) < 0 || capability_drop_bounding(&as_it_is, &err) < 0)
			_exit(1);
		if (capability_drop_bounding(&less, &err) != -ERR_SEC_CAP || err.sys_errno != EPERM)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_numbers_agree),
		cmocka_unit_test(test_names_in_any_case),
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_numbers_without_a_name),
		cmocka_unit_test(test_what_the_kernel_knows),
		cmocka_unit_test(test_default_set),
		cmocka_unit_test(test_add_and_drop),
		cmocka_unit_test(test_add_and_drop_unknown),
		cmocka_unit_test(test_docker_default_as_root_and_as_user),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_ambient_needs_permitted_and_inheritable),
		cmocka_unit_test(test_never_more_than_we_have),
		cmocka_unit_test(test_effective_is_not_more_than_permitted),
		cmocka_unit_test(test_bounding_without_setpcap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
