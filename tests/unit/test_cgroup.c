/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups: what needs no kernel. What v2 gets to read is tested on a fake tree of plain files. */
#include <limits.h>

#include "cgroup-fixture.h"

/* --- weights --- */

static void test_weight_of_shares(void **state)
{
	static const struct {
		uint64_t shares, weight;
	} cases[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ 2, 1 },
		{ 3, 2 },
		{ 4, 2 },
		{ 100, 17 },
		{ 512, 59 },
		{ 1023, 100 },
		{ 1024, 100 },
		{ 1025, 101 },
		{ 2000, 170 },
		{ 2048, 174 },
		{ 200416, 7914 },
		{ 262143, 10000 },
		{ 262144, 10000 },
		{ 262145, 10000 },
		{ UINT64_MAX, 10000 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(cgroup_weight_of_shares(cases[i].shares), cases[i].weight);
	for (uint64_t shares = 1, last = 0; shares <= 262144; shares++) {
		uint64_t weight = cgroup_weight_of_shares(shares);
		assert_true(weight >= last && weight >= 1);
		last = weight;
	}
}

/* --- paths --- */

static void test_check_path(void **state)
{
	static const char *const good[] = { "/a", "/coffer/3f2a9c", "/a.slice/b:c", "/...", "/a../b", "/..a", "/a b" };
	static const char *const bad[] = {
		"",
		"a",
		"/",
		"//",
		"/a/",
		"/a//b",
		"/.",
		"/..",
		"/a/.",
		"/a/./b",
		"/a/..",
		"/../a",
		"/a/../b",
		"a/b",
		"/a\nb",
		"/a/cgroup.procs",
		"./a",
		"/a\x7f",
		"/cgroup.threads",
	};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_ok(cgroup_check_path(good[i], &why));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = { 0 };
		struct cgroup *cgroup = NULL;
		assert_int_equal(cgroup_check_path(bad[i], &err), -ERR_SPEC);
		assert_int_equal(cgroup_create(bad[i], &cgroup, &err), -ERR_SPEC);
		assert_int_equal(cgroup_open(bad[i], &cgroup, &err), -ERR_SPEC);
		assert_null(cgroup);
	}
	char longest[PATH_MAX] = "/";
	memset(longest + 1, 'a', NAME_MAX + 1);
	assert_int_equal(cgroup_check_path(longest, NULL), -ERR_SPEC);
	longest[1 + NAME_MAX] = '\0';
	assert_int_equal(cgroup_check_path(longest, NULL), 0);
}

/* --- mountinfo --- */

static void check_mount(const struct cgroup_mount *mount, const char *mount_point, const char *name,
			const char *controllers)
{
	assert_string_equal(mount->mount_point, mount_point);
	assert_string_equal(mount->name, name);
	assert_true(streq_null(mount->controllers, controllers));
}

static void test_mounts_hybrid(void **state)
{
	static const char text[] =
		"23 27 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw\n"
		"31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
		"32 31 0:29 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
		"33 31 0:30 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd\n"
		"34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		"35 31 0:32 /docker/x /mnt/odd\\040place rw - cgroup memory rw,seclabel,memory\n"
		"36 31 0:31 / /var/lib/chroot/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		"37 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,seclabel,memory\n"
		"38 31 0:33 / /sys/fs/cgroup/strange rw - cgroup cgroup rw,xattr\n"
		"39 31 0:34 / /mnt/my\\040cgroup rw - ext4 /dev/sda rw,memory\n"
		"40 31 0:35 / /broken - cgroup\n"
		"41 31 0:36 / /dev/pids\\134 rw - cgroup cgroup rw,pids";
	struct cgroup_mounts mounts;
	cgroup_mounts_parse(text, &mounts);
	assert_int_equal(mounts.count, 5);
	check_mount(&mounts.list[0], "/sys/fs/cgroup/unified", "unified", NULL);
	check_mount(&mounts.list[1], "/sys/fs/cgroup/systemd", "systemd", "name=systemd");
	check_mount(&mounts.list[2], "/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct", "cpu,cpuacct");
	check_mount(&mounts.list[3], "/sys/fs/cgroup/memory", "memory", "memory");
	check_mount(&mounts.list[4], "/dev/pids\\", "pids\\", "pids");
	assert_int_equal(cgroup_mounts_layout(&mounts), CGROUP_LAYOUT_HYBRID);
	cgroup_mounts_done(&mounts);
}

static void test_mounts_layouts(void **state)
{
	static const struct {
		const char *text, *name;
		enum cgroup_layout layout;
	} cases[] = {
		{ "", "none", CGROUP_LAYOUT_NONE },
		{ "1 1 0:1 / / rw - ext4 /dev/sda rw\n", "none", CGROUP_LAYOUT_NONE },
		{ "1 1 0:1 / /cg rw - cgroup c rw,pids\n", "v1", CGROUP_LAYOUT_V1 },
		{ "1 1 0:1 / /cg rw - cgroup2 c rw\n", "v2", CGROUP_LAYOUT_V2 },
		{ "1 1 0:1 / /cg rw - cgroup2 c rw\n1 1 0:2 / /x rw - cgroup c rw,pids\n", "hybrid",
		  CGROUP_LAYOUT_HYBRID },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_mounts mounts;
		cgroup_mounts_parse(cases[i].text, &mounts);
		assert_int_equal(cgroup_mounts_layout(&mounts), cases[i].layout);
		assert_string_equal(cgroup_layout_name(cases[i].layout), cases[i].name);
		if (cases[i].layout == CGROUP_LAYOUT_V2)
			assert_string_equal(mounts.list[0].name, "");
		cgroup_mounts_done(&mounts);
	}
}

static void test_has_controller(void **state)
{
	assert_true(cgroup_has_controller("cpu,cpuacct", "cpu"));
	assert_true(cgroup_has_controller("cpu,cpuacct", "cpuacct"));
	assert_false(cgroup_has_controller("cpu,cpuacct", "cpua"));
	assert_false(cgroup_has_controller("cpuset", "cpu"));
	assert_false(cgroup_has_controller("cpu", "cpuset"));
	assert_false(cgroup_has_controller(NULL, "cpu"));
}

/* --- v2 on a fake tree of plain files: what is written where --- */

struct fake {
	char root[32];
	int dir;
	struct cgroup_mounts mounts;
};

static void put(int dir, const char *path, const char *text)
{
	assert_ok(file_write_atomic(dir, path, text, strlen(text), 0644, 0, &why));
}

static void assert_file(const struct fake *fake, const char *path, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	assert_ok(file_read(fake->dir, path, 1 << 16, &text, NULL, &why));
	assert_string_equal(text, expected);
}

/* A kernel that has made /box with these controllers, and takes everything. */
static int setup_fake(void **state)
{
	static const char *const files[] = {
		"memory.max",
		"memory.low",
		"memory.swap.max",
		"cpu.weight",
		"cpu.max",
		"cpu.idle",
		"pids.max",
		"cpu.max.burst",
		"cpuset.cpus",
		"cpuset.mems",
		"io.bfq.weight",
		"io.weight",
		"io.max",
		"hugetlb.2MB.max",
		"rdma.max",
		"memory.high",
		"dmem.max",
		"cgroup.subtree_control",
		"cgroup.freeze",
	};
	static const char controllers[] = "cpuset cpu io memory hugetlb pids rdma\n";
	struct fake *fake = NEW(struct fake);
	str_copy(fake->root, sizeof fake->root, "/tmp/coffer-test-XXXXXX");
	assert_non_null(mkdtemp(fake->root));
	fake->dir = open(fake->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(fake->dir, "box", 0755), 0);
	put(fake->dir, "cgroup.controllers", controllers);
	put(fake->dir, "cgroup.subtree_control", controllers);
	put(fake->dir, "cpuset.cpus.effective", "0-3\n");
	put(fake->dir, "cpuset.mems.effective", "0\n");
	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(box, "cgroup.controllers", controllers);
	put(box, "cgroup.procs", "");
	put(box, "cgroup.events", "populated 0\nfrozen 0\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put(box, files[i], "");
	fake->mounts.list[0] = (struct cgroup_mount){ .mount_point = fake->root, .name = TEXT("") };
	fake->mounts.count = 1;
	cgroup_mounts_override(&fake->mounts);
	*state = fake;
	return 0;
}

static int teardown_fake(void **state)
{
	struct fake *fake = *state;
	cgroup_mounts_override(NULL);
	fd_close(fake->dir);
	int r = path_remove_tree(AT_FDCWD, fake->root);
	free(fake);
	return r;
}

static void test_fake_values(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_throttle_device disk = { 8, 16, 1 << 20 };
	struct spec_weight_device weight = { 8, 0, { true, 1000 }, { false, 0 } };
	struct spec_hugepage_limit page = { TEXT("2MB"), 4 << 20 };
	struct spec_rdma_limit rdma[] = { { TEXT("mlx5_1"), { true, 3 }, { true, 10000 } },
					  { TEXT("rxe3"), { false, 0 }, { true, 1000 } } };
	struct spec_unified unified = { TEXT("memory.high"), TEXT("max") };
	struct spec_resources resources = {
		.memory = { .limit = { true, 64 << 20 },
			    .swap = { true, 96 << 20 },
			    .reservation = { true, -1 },
			    .kernel = { true, 4096 }, /* ignored */
			    .use_hierarchy = true },
		.cpu = { .shares = { true, 2000 },
			 .quota = { true, 150000 },
			 .period = { true, 100000 },
			 .burst = { true, 7 },
			 .cpus = TEXT("1-2"),
			 .mems = TEXT("0") },
		.pids_limit = { true, 0 },
		.block_io = { .weight = { true, 10 },
			      .write_iops = { &disk, 1 },
			      .weight_devices = &weight,
			      .n_weight_devices = 1 },
		.hugepage_limits = &page,
		.n_hugepage_limits = 1,
		.rdma = rdma,
		.n_rdma = 1,
		.unified = &unified,
		.n_unified = 1,
	};
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_true(cgroup_clone_fd(cgroup) >= 0);
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_file(fake, "box/memory.max", "67108864");
	assert_file(fake, "box/memory.swap.max", "33554432");
	assert_file(fake, "box/memory.low", "max");
	assert_file(fake, "box/memory.high", "max");
	assert_file(fake, "box/cpu.weight", "170");
	assert_file(fake, "box/cpu.max", "150000 100000");
	assert_file(fake, "box/cpu.max.burst", "7");
	assert_file(fake, "box/cpu.idle", "");
	assert_file(fake, "box/cpuset.cpus", "1-2");
	assert_file(fake, "box/cpuset.mems", "0");
	assert_file(fake, "box/pids.max", "1");
	assert_file(fake, "box/io.max", "8:16 wiops=1048576");
	assert_file(fake, "box/io.bfq.weight", "8:0 1000"); /* over the "10", as plain files are */
	assert_file(fake, "box/io.weight", "1");
	assert_file(fake, "box/hugetlb.2MB.max", "4194304");
	assert_file(fake, "box/rdma.max", "mlx5_1 hca_handle=3 hca_object=10000");

	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct spec_resources update = { .rdma = &rdma[1], .n_rdma = 1, .pids_limit = { true, -1 } };
	put(box, "rdma.max", "");
	assert_ok(cgroup_apply(cgroup, &update, &why));
	assert_file(fake, "box/rdma.max", "rxe3 hca_object=1000");
	assert_file(fake, "box/pids.max", "max");
}

/* Hierarchies of v1 that few machines have. */
static void test_fake_network(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_network_priority priority = { TEXT("eth0"), 500 };
	const struct spec_resources resources = {
		.network = { .class_id = { true, 1048577 }, .priorities = &priority, .n_priorities = 1 }
	};
	struct error err = { 0 };
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_int_equal(cgroup_apply(cgroup, &resources, &err), -ERR_CG_CTRL);
	assert_string_equal(err.message,
			    "apply the class of network packets: controller \"net_cls\" is not available in '/box'");
	assert_string_equal(err.cause, "it exists in cgroup v1 only, and no hierarchy with it is mounted");

	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(box, "net_cls.classid", "");
	put(box, "net_prio.ifpriomap", "");
	cgroup_free(TAKE_PTR(cgroup));
	fake->mounts.list[0].controllers = TEXT("net_cls,net_prio");
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_file(fake, "box/net_cls.classid", "1048577");
	assert_file(fake, "box/net_prio.ifpriomap", "eth0 500");
}

static void test_fake_swap(void **state)
{
	struct fake *fake = *state;
	static const struct {
		struct optional_i64 limit, swap;
		const char *in_force, *expected;
		int result;
	} cases[] = {
		{ { true, 4096 }, { true, 4096 }, "max\n", "0", 0 },
		{ { true, 4096 }, { true, -1 }, "max\n", "max", 0 },
		{ { true, 4096 }, { false, 0 }, "max\n", "", 0 },
		{ { true, 4096 }, { true, 0 }, "max\n", "", 0 },
		{ { true, -1 }, { false, 0 }, "max\n", "max", 0 },
		{ { false, 0 }, { true, 8192 }, "4096\n", "4096", 0 },
		{ { false, 0 }, { true, 2048 }, "4096\n", "", -ERR_SPEC },
		{ { false, 0 }, { true, 8192 }, "max\n", "", -ERR_SPEC },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_cgroup_ struct cgroup *cgroup = NULL;
		struct spec_resources resources = { .memory = { .limit = cases[i].limit, .swap = cases[i].swap } };
		_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		put(box, "memory.swap.max", "");
		put(box, "memory.max", cases[i].in_force);
		assert_ok(cgroup_create("/box", &cgroup, &why));
		assert_int_equal(cgroup_apply(cgroup, &resources, NULL), cases[i].result);
		assert_file(fake, "box/memory.swap.max", cases[i].expected);
	}
}

static void test_fake_check_before_update(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_resources resources = { .memory = { .limit = { true, 4096 }, .check_before_update = true } };
	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(box, "memory.current", "8192\n");
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_int_equal(cgroup_apply(cgroup, &resources, NULL), -ERR_BUSY);
	assert_file(fake, "box/memory.max", "");
	put(box, "memory.current", "4096\n");
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_file(fake, "box/memory.max", "4096");
}

static void test_fake_not_on_v2(void **state)
{
	static const struct spec_resources cases[] = {
		{ .memory = { .swappiness = { true, 0 } } },	   { .memory = { .disable_oom_killer = true } },
		{ .memory = { .kernel_tcp = { true, 4096 } } },	   { .cpu = { .realtime_runtime = { true, 1000 } } },
	};
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	assert_ok(cgroup_create("/box", &cgroup, &why));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(cgroup_apply(cgroup, &cases[i], NULL), -ERR_UNSUPPORTED);
}

static void test_fake_missing_at_root(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_resources resources = { .pids_limit = { true, 5 }, .memory = { .limit = { true, 4096 } } };
	struct error err = { 0 };
	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(fake->dir, "cgroup.controllers", "cpu memory\n");
	put(box, "cgroup.controllers", "cpu memory\n");
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_int_equal(cgroup_apply(cgroup, &resources, &err), -ERR_CG_CTRL);
	char message[128];
	snprintf(message, sizeof message,
		 "apply the limit of processes: controller \"pids\" is not available in '%s/box'", fake->root);
	assert_string_equal(err.message, message);
	assert_true(err.cause[0]);
	assert_file(fake, "box/memory.max", ""); /* nothing is written when anything is missing */
}

/* An ancestor that is no root and holds a process: ours. */
static void test_fake_internal_processes(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_resources resources = { .memory = { .limit = { true, 4096 } } };
	struct error err = { 0 };
	char pid[16], cause[256], hint[64];
	snprintf(pid, sizeof pid, "%d\n", getpid());
	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(box, "cgroup.controllers", "cpu\n");
	put(fake->dir, "cgroup.subtree_control", "cpu\n");
	put(fake->dir, "cgroup.type", "domain\n");
	put(fake->dir, "cgroup.procs", pid);
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_file(fake, "cgroup.subtree_control", "cpu\n"); /* not even tried */
	assert_int_equal(cgroup_apply(cgroup, &resources, &err), -ERR_CG_CTRL);
	snprintf(cause, sizeof cause,
		 "missing from cgroup.subtree_control of '%s', which cannot have it as it holds "
		 "processes itself: %d (test_cgroup)",
		 fake->root, getpid());
	assert_string_equal(err.cause, cause);
	snprintf(hint, sizeof hint, "mkdir %s/own; ", fake->root);
	assert_true(str_starts_with(err.hint, hint));
}

/* The file says yes and does nothing, as plain files do: what counts is what the cgroup then has. */
static void test_fake_enable(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(box, "cgroup.controllers", "cpu\n");
	put(fake->dir, "cgroup.subtree_control", "");
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_file(fake, "cgroup.subtree_control", "+memory +io +hugetlb +rdma +cpuset +pids");
	assert_file(fake, "box/cgroup.subtree_control", ""); /* never in the leaf */
}

static void test_fake_unified(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_unified dmem = { TEXT("dmem.max"), TEXT("1") }, misc = { TEXT("misc.max"), TEXT("1") },
			    lines = { TEXT("io.max"), TEXT("8:0 rbps=1\n8:16 rbps=2\n") },
			    unknown = { TEXT("newer.max"), TEXT("1") };
	struct spec_resources resources = { .unified = &lines, .n_unified = 1 };
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_ok(cgroup_apply(cgroup, &resources, &why));
	assert_file(fake, "box/io.max", "8:16 rbps=2");
	resources.unified = &misc; /* the controller is not there */
	assert_int_equal(cgroup_apply(cgroup, &resources, NULL), -ERR_CG_CTRL);
	resources.unified = &dmem;
	assert_int_equal(cgroup_apply(cgroup, &resources, NULL), -ERR_CG_CTRL);
	resources.unified = &unknown; /* the file is not there */
	assert_int_equal(cgroup_apply(cgroup, &resources, NULL), -ERR_CGROUP);
}

static void test_fake_swap_not_counted(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct spec_resources resources = { .memory = { .limit = { true, 4096 }, .swap = { true, -1 } } };
	assert_int_equal(unlinkat(fake->dir, "box/memory.swap.max", 0), 0);
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_ok(cgroup_apply(cgroup, &resources, &why)); /* no limit where there can be none */
	resources.memory.swap.value = 8192;
	assert_int_equal(cgroup_apply(cgroup, &resources, NULL), -ERR_CG_CTRL);
}

static void test_fake_oom(void **state)
{
	struct fake *fake = *state;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	struct cgroup_oom oom;
	_cleanup_close_ int box = openat(fake->dir, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(box, "memory.events", "low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 1\n");
	put(box, "memory.max", "max\n");
	put(box, "memory.peak", "4711\n");
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_ok(cgroup_read_oom(cgroup, &oom, &why));
	assert_true(oom.oom.set && oom.oom.value == 2);
	assert_true(oom.oom_kill.set && oom.oom_kill.value == 3);
	assert_false(oom.limit.set);
	assert_true(oom.peak.set && oom.peak.value == 4711);
}

/* --- where there is nothing --- */

static int setup_none(void **state)
{
	static const struct cgroup_mounts none;
	cgroup_mounts_override(&none);
	return 0;
}

static int teardown_override(void **state)
{
	cgroup_mounts_override(NULL);
	return 0;
}

static void test_no_hierarchy(void **state)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL, *opened = NULL;
	const struct cgroup_tree *trees;
	struct spec_resources nothing = { 0 }, limit = { .pids_limit = { true, 5 } };
	struct error err = { 0 };
	pid_t *pids;
	size_t count;
	assert_int_equal(cgroup_layout(), CGROUP_LAYOUT_NONE);
	assert_ok(cgroup_create("/box", &cgroup, &why));
	assert_int_equal(cgroup_trees(cgroup, &trees), 0);
	assert_int_equal(cgroup_clone_fd(cgroup), -1);
	assert_ok(cgroup_apply(cgroup, &nothing, &why));
	assert_int_equal(cgroup_apply(cgroup, &limit, &err), -ERR_CG_CTRL);
	assert_string_equal(err.cause, "no cgroup hierarchy is mounted");
	assert_ok(cgroup_join(cgroup, getpid(), false, &why));
	assert_int_equal(cgroup_pids(cgroup, &pids, &count, NULL), -ERR_UNSUPPORTED);
	assert_int_equal(cgroup_kill(cgroup, NULL), -ERR_UNSUPPORTED);
	assert_int_equal(cgroup_freeze(cgroup, true, NULL), -ERR_CG_CTRL);
	assert_ok(cgroup_destroy(cgroup, &why));
	assert_int_equal(cgroup_open("/box", &opened, NULL), -ERR_NOT_FOUND);
}

#define fake_test(function) cmocka_unit_test_setup_teardown(function, setup_fake, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weight_of_shares),
		cmocka_unit_test(test_check_path),
		cmocka_unit_test(test_mounts_hybrid),
		cmocka_unit_test(test_mounts_layouts),
		cmocka_unit_test(test_has_controller),
		fake_test(test_fake_values),
		fake_test(test_fake_network),
		fake_test(test_fake_swap),
		fake_test(test_fake_check_before_update),
		fake_test(test_fake_not_on_v2),
		fake_test(test_fake_missing_at_root),
		fake_test(test_fake_internal_processes),
		fake_test(test_fake_enable),
		fake_test(test_fake_unified),
		fake_test(test_fake_swap_not_counted),
		fake_test(test_fake_oom),
		cmocka_unit_test_setup_teardown(test_no_hierarchy, setup_none, teardown_override),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
