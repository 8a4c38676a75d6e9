/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: limits and device rules on the real hierarchies. */
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "cgroup-fixture.h"

/* A disk of this machine, with a rate. */
static bool find_disk(struct spec_throttle_device *ret)
{
	static const char *const names[] = { "/dev/vda", "/dev/sda", "/dev/nvme0n1" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct stat st;
		if (stat(names[i], &st) < 0)
			continue;
		*ret = (struct spec_throttle_device){ major(st.st_rdev), minor(st.st_rdev), 1048576 };
		return true;
	}
	return false;
}

static void test_limits_v1(void **state)
{
	struct fixture *fixture = *state;
	struct spec_resources resources = {
		.memory = { .limit = { true, 64 << 20 },
			    .swap = { true, 96 << 20 },
			    .reservation = { true, 32 << 20 },
			    .swappiness = { true, 10 },
			    .disable_oom_killer = true },
		.cpu = { .shares = { true, 512 },
			 .quota = { true, 150000 },
			 .period = { true, 100000 },
			 .cpus = TEXT("0"),
			 .mems = TEXT("0") },
		.pids_limit = { true, 100 },
	};
	struct cgroup *cgroup = create(fixture);
	if (!cgroup_v1_tree(cgroup, "memory") || !cgroup_v1_tree(cgroup, "cpu") || !cgroup_v1_tree(cgroup, "pids") ||
	    !cgroup_v1_tree(cgroup, "cpuset"))
		skip();
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_value(cgroup, "memory", "memory.limit_in_bytes", "67108864");
	assert_value(cgroup, "memory", "memory.memsw.limit_in_bytes", "100663296");
	assert_value(cgroup, "memory", "memory.soft_limit_in_bytes", "33554432");
	assert_value(cgroup, "memory", "memory.swappiness", "10");
	assert_value(cgroup, "memory", "memory.oom_control", "oom_kill_disable 1");
	assert_value(cgroup, "cpu", "cpu.shares", "512");
	assert_value(cgroup, "cpu", "cpu.cfs_quota_us", "150000");
	assert_value(cgroup, "cpu", "cpu.cfs_period_us", "100000");
	assert_value(cgroup, "cpuset", "cpuset.cpus", "0");
	assert_value(cgroup, "pids", "pids.max", "100");

	/* Up, beyond the old limit of both; down, below the old limit of memory; and away with them. */
	struct spec_resources update = { .memory = { .limit = { true, 128 << 20 }, .swap = { true, 128 << 20 } } };
	assert_ok(cgroup_apply(cgroup, &update, &why));
	assert_value(cgroup, "memory", "memory.limit_in_bytes", "134217728");
	assert_value(cgroup, "memory", "memory.memsw.limit_in_bytes", "134217728");
	assert_value(cgroup, "pids", "pids.max", "100");
	update.memory.limit.value = update.memory.swap.value = 16 << 20;
	assert_ok(cgroup_apply(cgroup, &update, &why));
	assert_value(cgroup, "memory", "memory.memsw.limit_in_bytes", "16777216");
	struct error err = { 0 };
	update.memory.swap.set = false;
	update.memory.limit.value = 32 << 20;
	assert_int_equal(cgroup_apply(cgroup, &update, &err), -ERR_CGROUP);
	assert_string_equal(err.cause, "memory.memsw.limit_in_bytes is 16777216: memory alone cannot have more");
	update.memory.limit.value = -1;
	update.cpu.quota = (struct optional_i64){ true, -1 };
	update.pids_limit = (struct optional_i64){ true, -1 };
	assert_ok(cgroup_apply(cgroup, &update, &why));
	assert_value(cgroup, "memory", "memory.limit_in_bytes", "9223372036854771712");
	assert_value(cgroup, "memory", "memory.memsw.limit_in_bytes", "9223372036854771712");
	assert_value(cgroup, "cpu", "cpu.cfs_quota_us", "-1");
	assert_value(cgroup, "cpu", "cpu.cfs_period_us", "100000");
	assert_value(cgroup, "pids", "pids.max", "max");

	struct spec_throttle_device disk;
	if (cgroup_v1_tree(cgroup, "blkio") && find_disk(&disk)) {
		struct spec_resources io = { .block_io = { .read_bps = { &disk, 1 } } };
		char expected[64];
		snprintf(expected, sizeof expected, "%" PRId64 ":%" PRId64 " 1048576", disk.major, disk.minor);
		assert_ok(cgroup_apply(cgroup, &io, &why));
		assert_value(cgroup, "blkio", "blkio.throttle.read_bps_device", expected);
	}
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* The pure v2 of a real kernel; on other machines the fake tree below has to do. */
static void test_limits_v2(void **state)
{
	struct fixture *fixture = *state;
	struct spec_resources resources = {
		.memory = { .limit = { true, 64 << 20 }, .swap = { true, 96 << 20 }, .reservation = { true, 32 << 20 } },
		.cpu = { .shares = { true, 512 },
			 .quota = { true, 150000 },
			 .period = { true, 100000 },
			 .cpus = TEXT("0"),
			 .mems = TEXT("0") },
		.pids_limit = { true, 100 },
	};
	struct cgroup *cgroup = create(fixture);
	if (!fixture->v2)
		skip();
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_value(cgroup, NULL, "memory.max", "67108864");
	assert_value(cgroup, NULL, "memory.swap.max", "33554432");
	assert_value(cgroup, NULL, "memory.low", "33554432");
	assert_value(cgroup, NULL, "cpu.weight", "59");
	assert_value(cgroup, NULL, "cpu.max", "150000 100000");
	assert_value(cgroup, NULL, "cpuset.cpus", "0");
	assert_value(cgroup, NULL, "pids.max", "100");

	struct spec_resources update = {
		.memory = { .swap = { true, 64 << 20 } },
		.cpu = { .period = { true, 50000 }, .burst = { true, 20000 }, .idle = { true, 1 } },
	};
	assert_ok(cgroup_apply(cgroup, &update, &why));
	assert_value(cgroup, NULL, "memory.swap.max", "0");
	assert_value(cgroup, NULL, "cpu.max", "150000 50000");
	assert_value(cgroup, NULL, "cpu.max.burst", "20000");
	assert_value(cgroup, NULL, "cpu.idle", "1");
	struct spec_unified unified[] = { { TEXT("memory.high"), TEXT("33554432") }, { TEXT("pids.max"), TEXT("7") } };
	struct spec_resources more = {
		.unified = unified,
		.n_unified = 2,
		.cpu = { .idle = { true, 0 }, .shares = { true, 1024 }, .quota = { true, 10000 }, .burst = { true, 0 } }
	};
	assert_ok(cgroup_apply(cgroup, &more, &why));
	assert_value(cgroup, NULL, "memory.high", "33554432");
	assert_value(cgroup, NULL, "pids.max", "7");
	assert_value(cgroup, NULL, "cpu.weight", "100");
	assert_value(cgroup, NULL, "cpu.max", "10000 50000");

	struct spec_throttle_device disk;
	struct spec_hugepage_limit page = { TEXT("2MB"), 4 << 20 };
	struct spec_resources rest = { .hugepage_limits = &page, .n_hugepage_limits = 1 };
	if (find_disk(&disk))
		rest.block_io.read_bps = (struct spec_throttle){ &disk, 1 };
	assert_ok(cgroup_apply(cgroup, &rest, &why));
	assert_value(cgroup, NULL, "hugetlb.2MB.max", "4194304");
	if (rest.block_io.read_bps.count > 0) {
		char expected[64];
		snprintf(expected, sizeof expected, "%" PRId64 ":%" PRId64 " rbps=1048576 wbps=max riops=max wiops=max",
			 disk.major, disk.minor);
		assert_value(cgroup, NULL, "io.max", expected);
	}
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* Processes in a cgroup on the way: it cannot hand controllers down any more, but what is below it can be used. */
static void test_internal_processes(void **state)
{
	struct fixture *fixture = *state;
	struct spec_resources resources = { .memory = { .limit = { true, 64 << 20 } } };
	struct cgroup *top = create(fixture);
	char path[96], expected[192];
	struct error err = { 0 };
	if (!fixture->v2)
		skip();
	pid_t pid = spawn(fixture);
	assert_ok(cgroup_join(top, pid, false, &why));
	snprintf(path, sizeof path, "%s/inner", fixture->path);
	struct cgroup *inner = create_at(fixture, path);
	assert_int_equal(cgroup_apply(inner, &resources, &err), -ERR_CG_CTRL);
	snprintf(expected, sizeof expected,
		 "missing from cgroup.subtree_control of '/sys/fs/cgroup%s', which cannot have", fixture->path);
	assert_true(str_starts_with(err.cause, expected));
	assert_value(inner, NULL, "cgroup.type", "domain");
	assert_ok(cgroup_join(inner, spawn(fixture), false, &why));

	/* With them out of the way all is well, and that without a new start. */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	fixture->pids[0] = fixture->pids[1];
	fixture->n_pids = 1;
	assert_ok(cgroup_apply(inner, &resources, &why));
	assert_value(inner, NULL, "memory.max", "67108864");
}

/* A controller that somebody took away is enabled again by the limit that needs it. */
static void test_controller_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct spec_resources resources = { .pids_limit = { true, 7 } };
	char path[96];
	struct cgroup *top = create(fixture);
	if (!fixture->v2)
		skip();
	snprintf(path, sizeof path, "%s/inner", fixture->path);
	struct cgroup *inner = create_at(fixture, path);
	assert_value(top, NULL, "cgroup.subtree_control", "cpuset cpu io memory hugetlb pids rdma misc");
	assert_int_equal(file_write_line(cgroup_v2_tree(top)->fd, "cgroup.subtree_control", "-pids"), 0);
	assert_ok(cgroup_apply(inner, &resources, &why));
	assert_value(inner, NULL, "pids.max", "7");
}

static void test_cpuset_out_of_range(void **state)
{
	struct fixture *fixture = *state;
	struct spec_resources resources = { .cpu = { .cpus = TEXT("0,4000-4001") } };
	struct error err = { 0 };
	struct cgroup *cgroup = create(fixture);
	int r = cgroup_apply(cgroup, &resources, &err);
	assert_ok(cgroup_destroy(cgroup, &why));
	if (r == -ERR_CG_CTRL)
		skip();
	assert_int_equal(r, -ERR_CPU);
	assert_non_null(strstr(err.message, "requested CPUs are not available - requested 0,4000-4001, available: 0"));
}

enum { HOG_BYTES = 64 << 20 };

static int hog(void)
{
	char *memory = mmap(NULL, HOG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 98;
	for (size_t i = 0; i < HOG_BYTES; i += 4096)
		((volatile char *)memory)[i] = 1;
	return 0;
}

static void test_oom(void **state)
{
	struct fixture *fixture = *state;
	struct spec_resources resources = { .memory = { .limit = { true, 16 << 20 }, .swap = { true, 16 << 20 } } };
	struct cgroup_oom oom;
	struct cgroup *cgroup = create(fixture);
	if (cgroup_apply(cgroup, &resources, NULL) < 0)
		skip();
	assert_int_equal(run_inside(cgroup, hog), 128 + SIGKILL);
	assert_ok(cgroup_read_oom(cgroup, &oom, &why));
	assert_true(oom.oom_kill.set);
	assert_int_equal(oom.oom_kill.value, 1);
	assert_int_equal(oom.oom.set, fixture->v2);
	assert_true(oom.limit.set);
	assert_int_equal(oom.limit.value, 16 << 20);
	if (oom.peak.set) /* v2: since Linux 5.19 */
		assert_true(oom.peak.value > 8 << 20 && oom.peak.value <= 16 << 20);
	assert_ok(cgroup_destroy(cgroup, &why));
}

static void test_oom_without_limit(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_oom oom;
	struct cgroup *cgroup = create(fixture);
	assert_ok(cgroup_read_oom(cgroup, &oom, &why));
	assert_false(oom.limit.set);
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* --- devices, for real --- */

/* Bit 0: /dev/null opens for reading, bit 1: for writing, bit 2: /dev/zero opens, bit 3: a node can be made. */
static int try_devices(void)
{
	int result = 0;
	result |= open("/dev/null", O_RDONLY) >= 0 ? 1 : 0;
	result |= open("/dev/null", O_WRONLY) >= 0 ? 2 : 0;
	result |= open("/dev/zero", O_RDONLY) >= 0 ? 4 : 0;
	char node[64];
	snprintf(node, sizeof node, "/tmp/coffer-test-node-%d", getpid());
	if (mknod(node, S_IFCHR | 0600, makedev(1, 1)) == 0) {
		result |= 8;
		unlink(node);
	}
	return result;
}

enum { R = 1, W = 2, M = 4 };

#define RULE(allowed, kind, maj, min, acc)                                                                  \
	{                                                                                                   \
		.allow = (allowed), .type = (kind), .major = (maj), .minor = (min), .read = ((acc)&R) != 0, \
		.write = ((acc)&W) != 0, .mknod = ((acc)&M) != 0                                            \
	}

static void test_devices(void **state)
{
	struct fixture *fixture = *state;
	static struct spec_device_rule strict[] = { RULE(false, 'a', -1, -1, R | W | M), RULE(true, 'c', 1, 3, R) };
	static struct spec_device_rule wider[] = { RULE(false, 'a', -1, -1, R | W | M), RULE(true, 'a', -1, -1, M),
						   RULE(true, 'c', 1, -1, R | W) };
	static struct spec_device_rule all[] = { RULE(true, 'a', -1, -1, R | W | M) };
	const struct {
		struct spec_device_rule *rules;
		size_t count;
		int expected;
	} steps[] = { { strict, 2, 1 }, { wider, 3, 15 }, { strict, 2, 1 }, { all, 1, 15 }, { strict, 2, 1 } };
	struct cgroup *cgroup = create(fixture);
	assert_int_equal(run_inside(cgroup, try_devices), 15);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		/* Every second time as another process that comes to it anew. */
		struct spec_resources resources = { .device_rules = steps[i].rules, .n_device_rules = steps[i].count };
		assert_ok(cgroup_apply(i % 2 ? open_again(fixture) : cgroup, &resources, &why));
		assert_int_equal(run_inside(cgroup, try_devices), steps[i].expected);
	}
	assert_ok(cgroup_destroy(cgroup, &why));
}

static void test_devices_v1_holes(void **state)
{
	struct fixture *fixture = *state;
	static struct spec_device_rule hole[] = { RULE(false, 'a', -1, -1, R | W | M), RULE(true, 'c', 1, -1, R),
						  RULE(false, 'c', 1, 3, R) };
	static struct spec_device_rule exact[] = { RULE(false, 'a', -1, -1, R | W | M), RULE(true, 'c', 1, 3, R | W),
						   RULE(false, 'c', 1, 3, W), RULE(false, 'c', 1, 5, R) };
	struct spec_resources resources = { .device_rules = hole, .n_device_rules = ARRAY_SIZE(hole) };
	struct cgroup *cgroup = create(fixture);
	if (!cgroup_v1_tree(cgroup, "devices"))
		skip();
	assert_int_equal(cgroup_apply(cgroup, &resources, NULL), -ERR_UNSUPPORTED);
	resources = (struct spec_resources){ .device_rules = exact, .n_device_rules = ARRAY_SIZE(exact) };
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_int_equal(run_inside(cgroup, try_devices), 1);
	assert_ok(cgroup_destroy(cgroup, &why));
}

/* --- values that no kernel needs to see --- */

static void test_refused_values(void **state)
{
	struct fixture *fixture = *state;
	static struct spec_hugepage_limit odd_page = { .page_size = TEXT("../2MB"), .limit = 1 };
	static struct spec_weight_device heavy = { 8, 0, { true, 1001 }, { false, 0 } };
	static struct spec_unified slash = { TEXT("a/b"), TEXT("1") }, dot = { TEXT(".x"), TEXT("1") };
	const struct {
		struct spec_resources resources;
		int code;
	} cases[] = {
		{ { .cpu = { .period = { true, 999 } } }, ERR_CPU },
		{ { .cpu = { .period = { true, 1000001 } } }, ERR_CPU },
		{ { .cpu = { .quota = { true, 999 } } }, ERR_CPU },
		{ { .cpu = { .quota = { true, 1000 }, .burst = { true, 1001 } } }, ERR_CPU },
		{ { .cpu = { .idle = { true, 2 } } }, ERR_SPEC },
		{ { .memory = { .limit = { true, 4096 }, .swap = { true, 4095 } } }, ERR_SPEC },
		{ { .memory = { .limit = { true, -1 }, .swap = { true, 4096 } } }, ERR_SPEC },
		{ { .memory = { .swappiness = { true, 101 } } }, ERR_SPEC },
		{ { .block_io = { .weight = { true, 9 } } }, ERR_SPEC },
		{ { .block_io = { .weight_devices = &heavy, .n_weight_devices = 1 } }, ERR_SPEC },
		{ { .block_io = { .leaf_weight = { true, 100 } } }, ERR_UNSUPPORTED },
		{ { .hugepage_limits = &odd_page, .n_hugepage_limits = 1 }, ERR_SPEC },
		{ { .unified = &slash, .n_unified = 1 }, ERR_SPEC },
		{ { .unified = &dot, .n_unified = 1 }, ERR_SPEC },
	};
	struct cgroup *cgroup = create(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		if (cases[i].resources.n_hugepage_limits > 0 && !cgroup_v1_tree(cgroup, "hugetlb") && !fixture->v2)
			continue; /* would enable the controller at the machine's root */
		int r = cgroup_apply(cgroup, &cases[i].resources, &err);
		if (r != -cases[i].code && r != -ERR_CG_CTRL)
			fail_msg("case %zu: %d (%s)", i, r, err.message);
	}
	assert_ok(cgroup_destroy(cgroup, &why));
}

static void test_unified_everywhere(void **state)
{
	struct fixture *fixture = *state;
	static struct spec_unified high = { TEXT("memory.high"), TEXT("1") };
	struct spec_resources resources = { .unified = &high, .n_unified = 1 };
	struct error err = { 0 };
	struct cgroup *cgroup = create(fixture);
	int r = cgroup_apply(cgroup, &resources, &err);
	switch (cgroup_layout()) {
	case CGROUP_LAYOUT_V1:
		assert_int_equal(r, -ERR_CG_CTRL);
		assert_non_null(strstr(err.message, "cannot use unified on cgroup v1"));
		break;
	case CGROUP_LAYOUT_HYBRID: /* with memory in v1, whether we look at that hierarchy or not */
		assert_int_equal(r, -ERR_CG_CTRL);
		assert_non_null(strstr(err.message, "controller \"memory\" is not available in"));
		assert_non_null(strstr(err.cause, "bound to the v1 hierarchy"));
		break;
	default:
		assert_int_equal(r, 0);
	}
	assert_ok(cgroup_destroy(cgroup, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		real_test(test_limits_v1, all),
		real_test(test_limits_v2, all),
		real_test(test_internal_processes, all),
		real_test(test_controller_comes_back, all),
		real_test(test_cpuset_out_of_range, all),
		real_test(test_oom, all),
		real_test(test_oom_without_limit, all),
		real_test_everywhere(test_devices),
		real_test(test_devices_v1_holes, all),
		real_test_everywhere(test_refused_values),
		real_test_everywhere(test_unified_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
