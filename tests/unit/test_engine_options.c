/* SPDX-License-Identifier: Apache-2.0 */
/* What a person may ask for: limits, security, devices, mounts, names, environments - and what is refused. */
#include "engine-fixture.h"

#include <linux/capability.h>
#include <sys/resource.h>

#include "engine/capability-default.h"
#include "engine/container-spec.h"
#include "engine/device-request.h"
#include "engine/limits.h"
#include "engine/mounts.h"
#include "engine/name.h"
#include "engine/qos.h"
#include "engine/security.h"
#include "runtime/capability.h"
#include "runtime/cgroup.h"

#define MIB (UINT64_C(1) << 20)

/* The member that a path such as "cpu/quota" or "devices/0/major" names, as text; "-" if there is none. */
static const char *member(struct json_object *object, const char *path)
{
	_cleanup_strv_ char **keys = strv_split(path, '/');
	for (char **key = keys; object && *key; key++) {
		if (json_object_is_type(object, json_type_array))
			object = json_object_array_get_idx(object, strtoul(*key, NULL, 10));
		else if (!json_object_object_get_ex(object, *key, &object))
			object = NULL;
	}
	return object ? json_text(object) : "-";
}

#define assert_member(object, path, expected) assert_string_equal(member(object, path), expected)

/* --- limits --- */

static void test_limits_that_are_refused(void **state)
{
	const struct {
		struct container_spec spec;
		int code;
		const char *words;
	} cases[] = {
		{ { .memory = 1 }, ERR_MEM_MIN, "Minimum memory limit allowed is 6MB (asked 1 bytes)" },
		{ { .memory = 6 * MIB - 1 }, ERR_MEM_MIN, "Minimum memory limit allowed is 6MB (asked 5 MiB)" },
		{ { .memory = UINT64_MAX }, ERR_INVALID, "more than any machine has" },
		{ { .memory_swap = 100 * MIB }, ERR_INVALID, "You should always set the Memory limit" },
		{ { .memory_swap = -1 }, ERR_INVALID, "You should always set the Memory limit" },
		{ { .memory = 100 * MIB, .memory_swap = 99 * MIB }, ERR_INVALID, "Minimum memoryswap limit" },
		{ { .cpus_nano = 9999999 }, ERR_CPU, "--cpus: range of CPUs is from 0.01 to " },
		{ { .cpus_nano = INT64_MAX }, ERR_CPU, "CPUs available" },
		{ { .pids_limit = -2 }, ERR_INVALID, "--pids-limit -2 is out of range" },
		{ { .pids_limit = INT64_MAX }, ERR_INVALID, "is out of range" },
		{ { .cpu_weight = 10001 }, ERR_CPU, "--cpu-weight 10001 is out of range: 1 to 10000" },
		{ { .cpu_weight = 100, .cpu_shares = 100 }, ERR_CPU, "only one can be given" },
		{ { .cpu_burst_us = 1000 }, ERR_CPU, "--cpu-burst needs a limit to exceed" },
		{ { .cpu_rt_runtime_us = 2, .cpu_rt_period_us = 1 }, ERR_CPU, "cannot be higher than" },
		{ { .memory = 8 * MIB, .memory_min = 9 * MIB }, ERR_INVALID, "--memory-min protects more than" },
		{ { .memory = 8 * MIB, .memory_low = 9 * MIB }, ERR_INVALID, "--memory-low protects more than" },
		{ { .memory_low = 1, .memory_reservation = 1 }, ERR_INVALID, "only one can be given" },
		{ { .blkio_weight = 9 }, ERR_INVALID, "Range of blkio weight is from 10 to 1000" },
		{ { .blkio_weight = 1001 }, ERR_INVALID, "Range of blkio weight is from 10 to 1000" },
		{ { .blkio_weight_device = WORDS("/dev/x:9") }, ERR_INVALID, "the weight is out of range: 10 to 1000" },
		{ { .device_read_bps = WORDS("/dev/x") }, ERR_INVALID, "--device-read-bps /dev/x: it is PATH:RATE" },
		{ { .device_read_bps = WORDS(":1") }, ERR_INVALID, "it is PATH:RATE" },
		{ { .device_write_bps = WORDS("/dev/x:") }, ERR_INVALID, "it is PATH:RATE" },
		{ { .device_write_bps = WORDS("/dev/x:0") }, ERR_INVALID, "the rate has to be more than 0" },
		{ { .device_write_iops = WORDS("/dev/x:1k") }, ERR_INVALID, "--device-write-iops /dev/x:1k: " },
		{ { .device_read_iops = WORDS("/dev/null:1") }, ERR_DEV, "'/dev/null' is not a block device" },
		{ { .device_read_iops = WORDS("/dev/a:b:1") }, ERR_DEV, "examine device '/dev/a:b'" },
		{ { .qos = TEXT("best") }, ERR_INVALID, "--qos best: it is guaranteed, burstable or besteffort" },
		{ { .qos = TEXT("guaranteed"), .memory = 8 * MIB }, ERR_INVALID, "needs --memory and --cpus" },
		{ { .qos = TEXT("burstable"), .memory = 8 * MIB }, ERR_INVALID, "needs --memory-reservation" },
		{ { .qos = TEXT("besteffort"), .cpu_weight = 1 }, ERR_INVALID, "promises and limits nothing" },
		{ { .cgroup_conf = WORDS("memory.high") }, ERR_INVALID, "it is FILE=VALUE" },
		{ { .cgroup_conf = WORDS("memory=1") }, ERR_INVALID, "it is FILE=VALUE" },
		{ { .cgroup_conf = WORDS("../a.b=1") }, ERR_INVALID, "it is FILE=VALUE" },
		{ { .cgroup_conf = WORDS("cgroup.procs=1") }, ERR_INVALID, "cgroup.procs is no limit" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(limits_check(&cases[i].spec, &err), cases[i].code, cases[i].words);
}

static void assert_limits(const struct container_spec *spec, const char *path, const char *expected)
{
	_cleanup_json_ struct json_object *resources = json_object_new_object();
	assert_ok(limits_check(spec, &err));
	assert_ok(limits_add(spec, resources, &err));
	assert_member(resources, path, expected);
}

static void test_limits_as_the_runtime_gets_them(void **state)
{
	assert_limits(&(struct container_spec){ 0 }, "memory", "-");
	assert_limits(&(struct container_spec){ 0 }, "cpu", "-");
	assert_limits(&(struct container_spec){ 0 }, "pids", "-");
	assert_limits(&(struct container_spec){ .memory = 6 * MIB }, "memory/limit", "6291456");
	assert_limits(&(struct container_spec){ .memory = 6 * MIB, .memory_swap = 7 * MIB }, "memory/swap", "7340032");
	assert_limits(&(struct container_spec){ .memory = 6 * MIB, .memory_swap = -1 }, "memory/swap", "-1");
	assert_limits(&(struct container_spec){ .cpus_nano = 500000000 }, "cpu/quota", "50000");
	assert_limits(&(struct container_spec){ .cpus_nano = 500000000 }, "cpu/period", "100000");
	assert_limits(&(struct container_spec){ .cpus_nano = 10000000 }, "cpu/quota", "1000");
	assert_limits(&(struct container_spec){ .cpu_shares = 1 }, "cpu/shares", "2");
	assert_limits(&(struct container_spec){ .cpu_shares = 512 }, "cpu/shares", "512");
	assert_limits(&(struct container_spec){ .cpu_shares = UINT32_MAX }, "cpu/shares", "262144");
	assert_limits(&(struct container_spec){ .cpu_shares = 512 }, "cpu/quota", "-");
	const struct container_spec weighty = { .cpu_weight = 59 };
	assert_limits(&weighty, "cpu/shares", cgroup_is_v1("cpu") ? "604" : "-");
	assert_limits(&weighty, "unified", cgroup_is_v1("cpu") ? "-" : "{\"cpu.weight\":\"59\"}");
	assert_limits(&(struct container_spec){ .cpus_nano = 500000000, .cpu_burst_us = 5 }, "cpu/burst", "5");
	assert_limits(&(struct container_spec){ .cpu_idle = 1 }, "cpu/idle", "1");
	assert_limits(&(struct container_spec){ .cpu_idle = -1 }, "cpu/idle", "0");
	assert_limits(&(struct container_spec){ .cpu_rt_period_us = 2000, .cpu_rt_runtime_us = -1 },
		      "cpu/realtimeRuntime", "-1");
	assert_limits(
		&(struct container_spec){ .memory_min = 5, .memory_low = 6, .memory_high = -1, .oom_group = true },
		"unified",
		"{\"memory.min\":\"5\",\"memory.low\":\"6\",\"memory.high\":\"max\",\"memory.oom.group\":\"1\"}");
	assert_limits(&(struct container_spec){ .cgroup_conf = WORDS("rdma.max=mlx hca=2", "misc.max=") }, "unified",
		      "{\"rdma.max\":\"mlx hca=2\",\"misc.max\":\"\"}");
	assert_limits(&(struct container_spec){ .blkio_weight = 10 }, "blockIO", "{\"weight\":10}");
	assert_limits(&(struct container_spec){ 0 }, "blockIO", "-");
	assert_limits(&(struct container_spec){ .pids_limit = 100 }, "pids/limit", "100");
	assert_limits(&(struct container_spec){ .pids_limit = -1 }, "pids/limit", "-1");
}

static void test_classes_of_service(void **state)
{
	const struct container_spec guaranteed = { .qos = TEXT("guaranteed"), .memory = 8 * MIB, .cpus_nano = 500000000 };
	const struct container_spec burstable = {
		.qos = TEXT("burstable"), .memory = 110 * MIB, .memory_reservation = 10 * MIB
	};
	const struct container_spec best_effort = { .qos = TEXT("besteffort") };
	const struct container_spec none = { .memory = 8 * MIB };
	assert_limits(&guaranteed, "cpu/shares", "512");
	assert_limits(&best_effort, "cpu/shares", "2");
	assert_limits(&none, "cpu", "-");
	if (cgroup_is_v1("memory")) {
		assert_limits(&guaranteed, "memory/reservation", "8388608");
		assert_limits(&burstable, "unified", "-");
	} else {
		assert_limits(&guaranteed, "unified", "{\"memory.min\":\"8388608\"}");
		assert_limits(&burstable, "unified/memory.min", "\"10485760\"");
		assert_limits(&burstable, "unified/memory.high", "\"104857560\"");
	}
	assert_int_equal(qos_effective(&none).oom_score_adj, 0);
	assert_int_equal(qos_effective(&guaranteed).oom_score_adj, -997);
	assert_int_equal(qos_effective(&best_effort).oom_score_adj, 1000);
	int64_t between = qos_effective(&burstable).oom_score_adj;
	assert_true(between >= 3 && between <= 999);
}

static void test_ulimits(void **state)
{
	_cleanup_json_ struct json_object *process = json_object_new_object();
	assert_ok(ulimits_add(WORDS("nofile=100:200", "core=0", "nproc=50"), process, &err));
	assert_member(process, "rlimits/0", "{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":200}");
	assert_member(process, "rlimits/1", "{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}");
	assert_member(process, "rlimits/2/hard", "50");
}

static void test_ulimits_that_are_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "nofile", "it is NAME=SOFT[:HARD]" },
		{ "nofile=", "" },
		{ "nofile=a", "" },
		{ "nofile=2:1", "the soft limit is above the hard limit" },
		{ "nofile=1:2:3", "" },
		{ "nofile=-2", "" },
		{ "nofiles=1", "unknown resource limit" },
		{ "=1", "unknown resource limit" },
		{ "nofile=-1:5", "the soft limit is above the hard limit" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_object *process = json_object_new_object();
		assert_refused(ulimits_add(WORDS(cases[i][0]), process, &err), ERR_INVALID, cases[i][1]);
	}
}

/* Where we may raise limits there is nothing to refuse. */
static void test_a_hard_limit_that_we_cannot_give(void **state)
{
	_cleanup_json_ struct json_object *process = json_object_new_object();
	struct rlimit current, lower;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &current), 0);
	lower = current;
	lower.rlim_cur = lower.rlim_max = MIN(current.rlim_cur, (rlim_t)1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
	if (setrlimit(RLIMIT_NOFILE, &current) == 0)
		skip();
	assert_refused(ulimits_add(WORDS("nofile=1001"), process, &err), ERR_PERMISSION, "cannot be raised");
	assert_ok(ulimits_add(WORDS("nofile=1000"), process, &err));
}

/* --- security --- */

static int resolve_security(struct container_spec *spec, char *const *options, struct security *ret, struct error *err)
{
	return security_resolve(spec, options, ret, err);
}

static void test_security_options(void **state)
{
	static const struct {
		const char *option;
		bool no_new_privileges, open_system_paths;
		enum seccomp_choice seccomp;
	} cases[] = {
		{ "no-new-privileges", true, false, SECCOMP_BUILTIN },
		{ "no-new-privileges:true", true, false, SECCOMP_BUILTIN },
		{ "no-new-privileges=false", false, false, SECCOMP_BUILTIN },
		{ "seccomp=unconfined", false, false, SECCOMP_UNCONFINED },
		{ "seccomp:unconfined", false, false, SECCOMP_UNCONFINED },
		{ "seccomp=builtin", false, false, SECCOMP_BUILTIN },
		{ "seccomp=/a/file", false, false, SECCOMP_FILE },
		{ "apparmor=unconfined", false, false, SECCOMP_BUILTIN },
		{ "label=disable", false, false, SECCOMP_BUILTIN },
		{ "systempaths=unconfined", false, true, SECCOMP_BUILTIN },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_security_ struct security security = { 0 };
		struct container_spec spec = { 0 };
		assert_ok(resolve_security(&spec, WORDS(cases[i].option), &security, &err));
		assert_int_equal(security.no_new_privileges, cases[i].no_new_privileges);
		assert_int_equal(security.open_system_paths, cases[i].open_system_paths);
		assert_int_equal(security.seccomp, cases[i].seccomp);
		assert_true(security.capabilities == capability_default());
	}
}

static void test_security_options_that_are_refused(void **state)
{
	static const struct {
		const char *option, *words;
	} cases[] = {
		{ "nonsense", "unknown option \"nonsense\"" },
		{ "", "unknown option" },
		{ "no-new-privileges=perhaps", "it is no-new-privileges[=true|false]" },
		{ "seccomp", "it is seccomp=FILE" },
		{ "seccomp=", "it is seccomp=FILE" },
		{ "apparmor=", "it is apparmor=PROFILE" },
		{ "systempaths=all", "it is systempaths=unconfined" },
		{ "label", "it is label=disable" },
	};
	struct security security;
	struct container_spec spec = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(resolve_security(&spec, WORDS(cases[i].option), &security, &err), ERR_SEC_OPT,
			       cases[i].words);
	struct error why = { 0 };
	assert_int_equal(resolve_security(&spec, WORDS("secomp=x"), &security, &why), -ERR_SEC_OPT);
	assert_string_equal(why.hint, "did you mean seccomp?");
}

static void test_a_security_module_that_is_not_there(void **state)
{
	struct security security;
	struct container_spec spec = { 0 };
	if (!exists("/sys/module/apparmor/parameters/enabled"))
		assert_refused(resolve_security(&spec, WORDS("apparmor=x"), &security, &err), ERR_SEC_LSM,
			       "AppArmor is not enabled on this kernel");
	if (!exists("/sys/fs/selinux/enforce"))
		assert_refused(resolve_security(&spec, WORDS("label=type:x"), &security, &err), ERR_SEC_LSM,
			       "SELinux is not enabled on this kernel");
}

static void test_privileged(void **state)
{
	_cleanup_security_ struct security security = { 0 };
	struct container_spec spec = { .privileged = true };
	assert_ok(resolve_security(&spec, NULL, &security, &err));
	assert_true(security.capabilities == capability_bounding());
	assert_true(security.open_system_paths);
	assert_int_equal(security.seccomp, SECCOMP_UNCONFINED);
}

static void test_paths_in_options_become_absolute(void **state)
{
	_cleanup_strv_ char **absolute = NULL;
	_cleanup_free_ char *here = getcwd(NULL, 0);
	_cleanup_free_ char *expected = mem_printf("seccomp=%s/a/b.json", here);
	assert_ok(security_options_absolute(WORDS("seccomp=a/b.json", "seccomp=/a", "seccomp=unconfined",
						  "seccomp:builtin", "no-new-privileges"),
					    &absolute, &err));
	assert_string_equal(absolute[0], expected);
	assert_string_equal(absolute[1], "seccomp=/a");
	assert_string_equal(absolute[2], "seccomp=unconfined");
	assert_string_equal(absolute[3], "seccomp:builtin");
	assert_string_equal(absolute[4], "no-new-privileges");
}

/* --- devices --- */

static int add_devices(const struct container_spec *spec, struct json_object **ret, struct error *err)
{
	_cleanup_json_ struct json_object *section = json_object_new_object();
	int r = devices_add(spec, section, json_add_object(section, "resources"), err);
	if (r >= 0)
		*ret = TAKE_PTR(section);
	return r;
}

static void test_devices(void **state)
{
	_cleanup_json_ struct json_object *section = NULL;
	struct container_spec spec = { .devices = WORDS("/dev/null:/dev/other:r", "/dev/zero", "/dev/full:rw") };
	assert_ok(add_devices(&spec, &section, &err));
	assert_member(section, "resources/devices/0", "{\"allow\":false,\"access\":\"rwm\"}");
	assert_member(section, "resources/devices/1", "{\"allow\":true,\"type\":\"c\",\"access\":\"m\"}");
	assert_member(section, "devices/0/path", "\"/dev/other\"");
	assert_member(section, "devices/0/minor", "3");
	assert_member(section, "devices/1/path", "\"/dev/zero\"");
	assert_member(section, "devices/2/path", "\"/dev/full\"");
	assert_member(section, "resources/devices/11",
		      "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"r\"}");
	assert_member(section, "resources/devices/13/access", "\"rw\"");
	assert_member(section, "resources/devices/14", "-");
}

static void test_devices_that_are_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "/dev/nosuch", "no such device: /dev/nosuch (--device)" },
		{ "/etc/passwd", "is not a device node" },
		{ "/dev", "is not a device node" },
		{ "null", "is not an absolute path" },
		{ "/dev/null:rwx", "is not an absolute path" },
		{ "/dev/null:/dev/x:rwx", "invalid permissions \"rwx\"" },
		{ "/dev/null:/dev/x:", "invalid permissions" },
		{ "/dev/null:/a:rw:m", "it is HOST-DEVICE" },
		{ "", "it is HOST-DEVICE" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *section;
		struct container_spec spec = { .devices = WORDS(cases[i][0]) };
		assert_refused(add_devices(&spec, &section, &err), ERR_DEV, cases[i][1]);
	}
}

static void test_all_devices(void **state)
{
	_cleanup_json_ struct json_object *section = NULL;
	struct container_spec spec = { .privileged = true };
	assert_ok(add_devices(&spec, &section, &err));
	assert_member(section, "resources/devices/0", "{\"allow\":true,\"access\":\"rwm\"}");
	const char *text = member(section, "devices");
	assert_non_null(strstr(text, "\"/dev/null\""));
	assert_null(strstr(text, "\"/dev/pts/"));
	assert_null(strstr(text, "\"/dev/ptmx\""));
}

/* --- mounts --- */

static void test_mounts_that_are_refused(void **state)
{
	static const struct {
		struct mount_request request;
		int code;
		const char *words;
	} cases[] = {
		{ { .kind = MOUNT_BIND, .source = TEXT("/no/such/dir"), .target = TEXT("/x") },
		  ERR_MNT_SRC,
		  "bind source path does not exist: /no/such/dir" },
		{ { .kind = MOUNT_BIND, .source = TEXT("relative/path"), .target = TEXT("/x") },
		  ERR_MNT_REL,
		  "is neither a volume name nor an absolute path" },
		{ { .kind = MOUNT_BIND, .target = TEXT("/x") }, ERR_MNT_REL, "is neither a volume name" },
		{ { .kind = MOUNT_BIND, .source = TEXT("/"), .target = TEXT("x") }, ERR_MNT_REL, "it must be absolute" },
		{ { .kind = MOUNT_TMPFS, .target = TEXT("/") }, ERR_MNT_REL, "it cannot be the root" },
		{ { .kind = MOUNT_TMPFS, .target = TEXT("/a/..//") }, ERR_MNT_REL, "it cannot be the root" },
		{ { .kind = MOUNT_TMPFS }, ERR_MNT_REL, "it must be absolute" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_request mount = cases[i].request;
		struct container_spec spec = { .mounts = &mount, .n_mounts = 1 };
		assert_refused(mounts_check(&spec, &err), cases[i].code, cases[i].words);
	}
	struct mount_request twice[] = { { .kind = MOUNT_TMPFS, .target = TEXT("/x/y") },
					 { .kind = MOUNT_TMPFS, .target = TEXT("/x/./y/") } };
	struct container_spec spec = { .mounts = twice, .n_mounts = 2 };
	assert_refused(mounts_check(&spec, &err), ERR_INVALID, "Duplicate mount point: /x/y");
	struct error why = { 0 };
	struct mount_request missing = cases[0].request;
	spec = (struct container_spec){ .mounts = &missing, .n_mounts = 1 };
	(void)mounts_check(&spec, &why);
	assert_string_equal(why.cause, "the last existing parent is /");
	assert_string_equal(why.hint, "mkdir -p /no/such/dir");
}

/* --- names --- */

static void test_names(void **state)
{
	static const char *const good[] = { "web", "w1", "a.b-c_d", "0a", "A_" };
	static const char *const bad[] = { "",	   "a",	 "-a", ".a", "_a", "a b", "a/b", "a\n", "\xc3\xa4\xc3\xb6",
					   "../a", "a:b" };
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_ok(container_name_check(good[i], &err));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(container_name_check(bad[i], &err), ERR_INVALID,
			       "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
	char endless[300];
	memset(endless, 'a', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	assert_refused(container_name_check(endless, &err), ERR_INVALID, "Invalid container name");
	for (int i = 0; i < 2000; i++) {
		_cleanup_free_ char *name = container_name_generate(i % 5);
		assert_ok(container_name_check(name, &err));
	}
}

/* --- environments --- */

static void assert_merged(char *const *base, char *const *changes, const char *expected)
{
	_cleanup_strv_ char **env = strv_copy(base);
	env_merge(&env, changes);
	_cleanup_free_ char *text = strv_join(env, " ");
	assert_string_equal(text, expected);
}

static void test_environments(void **state)
{
	assert_merged(WORDS("A=1", "B=2", "C=3"), WORDS("B=x", "D=4"), "A=1 B=x C=3 D=4");
	assert_merged(WORDS("A=1", "B=2", "C=3"), WORDS("A", "C"), "B=2");
	assert_merged(WORDS("AB=1"), WORDS("A=2", "ABC=3"), "AB=1 A=2 ABC=3");
	assert_merged(WORDS("A=1"), WORDS("=x", "", "Z"), "A=1");
	assert_merged(WORDS("A=1"), WORDS("A=", "B=a=b"), "A= B=a=b");
	assert_string_equal(env_value(WORDS("AB=1", "A=2=3"), "A"), "2=3");
	assert_null(env_value(WORDS("AB=1"), "A"));
	assert_null(env_value(NULL, "A"));
}

/* --- the spec as JSON --- */

static void test_a_spec_survives_the_database(void **state)
{
	struct mount_request mounts[] = {
		{ .kind = MOUNT_BIND, .source = TEXT("/a"), .target = TEXT("/b"), .readonly = true, .options = WORDS("rslave") },
		{ .kind = MOUNT_TMPFS, .target = TEXT("/c"), .options = WORDS("size=1m", "exec") },
	};
	const struct container_spec spec = {
		.name = TEXT("n"),
		.image = TEXT("i"),
		.labels = WORDS("a=b", "c="),
		.working_dir = TEXT("/w"),
		.user = TEXT("u:g"),
		.hostname = TEXT("h"),
		.domainname = TEXT("d"),
		.mounts = mounts,
		.n_mounts = 2,
		.read_only = true,
		.tty = true,
		.auto_remove = true,
		.network = NETWORK_HOST,
		.memory = UINT64_MAX,
		.memory_swap = -1,
		.cpus_nano = 5,
		.cpu_shares = 6,
		.pids_limit = -1,
		.shm_size = 7,
		.cap_add = WORDS("ALL"),
		.cap_drop = WORDS("CHOWN"),
		.devices = WORDS("/dev/x"),
		.sysctls = WORDS("a=b"),
		.ulimits = WORDS("core=0"),
		.stop_signal = TEXT("INT"),
		.platform = TEXT("linux/arm64"),
	};
	_cleanup_json_ struct json_object *first = json_object_new_object();
	_cleanup_json_ struct json_object *second = json_object_new_object();
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_container_spec_ struct container_spec again = { 0 };
	container_spec_to_json(&spec, first);
	const char *text = json_text(first);
	assert_ok(json_parse(text, strlen(text), "x", ERR_DB, &document, &err));
	struct json_node root = json_root(&document);
	assert_ok(container_spec_from_json(&root, &again, &err));
	container_spec_to_json(&again, second);
	assert_string_equal(json_text(second), text);
	assert_true(again.memory == UINT64_MAX && again.memory_swap == -1 && again.network == NETWORK_HOST);
	assert_int_equal(again.n_mounts, 2);
	assert_string_equal(again.mounts[1].options[1], "exec");
}

static void test_a_broken_row_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"[]",
		"{}",
		"{\"network\":\"bridge\"}",
		"{\"network\":\"none\",\"memory\":-1}",
		"{\"network\":\"none\",\"name\":5}",
		"{\"network\":\"none\",\"mounts\":[{}]}",
		"{\"network\":\"none\",\"mounts\":[{\"kind\":\"nfs\"}]}",
		"{\"network\":\"none\",\"labels\":[1]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = mem_printf("{\"spec\":%s}", cases[i]);
		struct container_config config;
		assert_refused(container_config_from_text(text, &config, &err), ERR_DB, "a container in the database");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_that_are_refused),
		cmocka_unit_test(test_limits_as_the_runtime_gets_them),
		cmocka_unit_test(test_classes_of_service),
		cmocka_unit_test(test_ulimits),
		cmocka_unit_test(test_ulimits_that_are_refused),
		cmocka_unit_test(test_a_hard_limit_that_we_cannot_give),
		cmocka_unit_test(test_security_options),
		cmocka_unit_test(test_security_options_that_are_refused),
		cmocka_unit_test(test_a_security_module_that_is_not_there),
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_paths_in_options_become_absolute),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_devices_that_are_refused),
		cmocka_unit_test(test_all_devices),
		cmocka_unit_test(test_mounts_that_are_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_environments),
		cmocka_unit_test(test_a_spec_survives_the_database),
		cmocka_unit_test(test_a_broken_row_is_refused),
	};
	return cmocka_run_group_tests_name("engine_options", tests, NULL, NULL);
}
