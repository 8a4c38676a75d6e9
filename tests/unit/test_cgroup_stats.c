/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of the files of a cgroup: folders with files as kernels write them stand for hierarchies. */
#include "cgroup-fixture.h"

#include "base/time.h"
#include "runtime/cgroup-stats.h"

struct folder {
	char path[64];
	struct cgroup cgroup;
};

static int folder_setup(void **state)
{
	struct folder *folder = NEW(struct folder);
	str_copy(folder->path, sizeof folder->path, "/tmp/coffer-test-stats-XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	folder->cgroup.path = TEXT("/box");
	*state = folder;
	return 0;
}

static int folder_teardown(void **state)
{
	struct folder *folder = *state;
	for (size_t i = 0; i < folder->cgroup.n_trees; i++)
		fd_close(folder->cgroup.trees[i].fd);
	int r = path_remove_tree(AT_FDCWD, folder->path);
	free(folder);
	return r;
}

/* All files are in one folder: no name is in two controllers. */
static void use_as(struct folder *folder, const char *controllers)
{
	int fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	folder->cgroup.trees[folder->cgroup.n_trees++] = (struct cgroup_tree){
		.name = "tree", .controllers = controllers, .mount_point = folder->path, .v2 = !controllers, .fd = fd
	};
}

static void put(struct folder *folder, const char *file, const char *text)
{
	_cleanup_close_ int dir = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_ok(file_write_atomic(dir, file, text, strlen(text), 0600, 0, &why));
}

static void assert_block(const struct cgroup_block_counts *counts, size_t index, uint64_t major, const char *operation,
			 uint64_t value)
{
	assert_true(index < counts->count);
	const struct cgroup_block_count *count = &counts->list[index];
	assert_int_equal(count->major, major);
	if (operation)
		assert_string_equal(count->operation, operation);
	else
		assert_null(count->operation);
	assert_int_equal(count->value, value);
}

static void test_v1(void **state)
{
	struct folder *folder = *state;
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	use_as(folder, "cpu,cpuacct");
	use_as(folder, "memory");
	use_as(folder, "blkio");
	use_as(folder, "cpuset");
	use_as(folder, "pids");
	put(folder, "cpuacct.usage", "9035217\n");
	put(folder, "cpuacct.stat", "user 2\nsystem 3\n");
	put(folder, "cpuacct.usage_percpu", "7534993 1500224 \n");
	put(folder, "cpuacct.usage_all", "cpu user system\n0 400 100\n1 0 7\n");
	put(folder, "cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_time 777\nnr_bursts 0\n");
	put(folder, "memory.limit_in_bytes", "33554432\n");
	put(folder, "memory.usage_in_bytes", "823296\n");
	put(folder, "memory.max_usage_in_bytes", "2244608\n");
	put(folder, "memory.failcnt", "4\n");
	put(folder, "memory.memsw.limit_in_bytes", "9223372036854771712\n");
	put(folder, "memory.stat", "cache 4096\nrss 8192\ntotal_cache 4097\nbroken\n");
	put(folder, "pids.current", "3\n");
	put(folder, "pids.max", "max\n");
	put(folder, "cpuset.cpus", "0-2,5\n");
	put(folder, "cpuset.mems", "\n");
	put(folder, "cpuset.sched_load_balance", "1\n");
	put(folder, "cpuset.sched_relax_domain_level", "-1\n");
	put(folder, "blkio.throttle.io_service_bytes_recursive",
	    "8:0 Read 4096\n8:0 Write 0\n8:0 Strange 9\n8:0 Total 4096\nTotal 4096\n");
	put(folder, "blkio.bfq.sectors_recursive", "253:1 77\n");
	assert_ok(cgroup_read_stats(&folder->cgroup, &stats, &why));

	assert_int_equal(stats.cpu.total, 9035217);
	assert_int_equal(stats.cpu.user, 2 * NSEC_PER_SEC / sysconf(_SC_CLK_TCK));
	assert_int_equal(stats.cpu.kernel, 3 * NSEC_PER_SEC / sysconf(_SC_CLK_TCK));
	assert_int_equal(stats.cpu.per_cpu.count, 2);
	assert_int_equal(stats.cpu.per_cpu.values[1], 1500224);
	assert_int_equal(stats.cpu.per_cpu_user.count, 2);
	assert_int_equal(stats.cpu.per_cpu_user.values[0], 400);
	assert_int_equal(stats.cpu.per_cpu_kernel.values[1], 7);
	assert_int_equal(stats.cpu.throttled_periods, 2);
	assert_int_equal(stats.cpu.throttled, 777);
	assert_int_equal(stats.memory.usage.limit, 33554432);
	assert_int_equal(stats.memory.usage.failures, 4);
	assert_int_equal(stats.memory.swap.limit, 9223372036854771712);
	assert_int_equal(stats.memory.cache, 4096);
	assert_int_equal(stats.memory.n_raw, 3);
	assert_string_equal(stats.memory.raw[2].name, "total_cache");
	assert_false(stats.memory.has_events);
	assert_int_equal(stats.pids.current, 3);
	assert_int_equal(stats.pids.limit, 0);
	assert_int_equal(stats.cpuset.cpus.count, 4);
	assert_int_equal(stats.cpuset.cpus.values[3], 5);
	assert_int_equal(stats.cpuset.mems.count, 0);
	assert_int_equal(stats.cpuset.sched_relax_domain_level, -1);
	assert_int_equal(stats.block[CGROUP_BLOCK_BYTES].count, 3);
	assert_block(&stats.block[CGROUP_BLOCK_BYTES], 2, 8, "Total", 4096);
	assert_block(&stats.block[CGROUP_BLOCK_SECTORS], 0, 253, NULL, 77);
	assert_int_equal(stats.block[CGROUP_BLOCK_OPERATIONS].count, 0);
}

static void test_v2(void **state)
{
	struct folder *folder = *state;
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	use_as(folder, NULL);
	put(folder, "cpu.stat", "usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 3\nnr_throttled 1\nthrottled_usec 9\n");
	put(folder, "cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=1234\nfull avg10=0.00 avg60=0.00 "
				    "avg300=0.00 total=5\n");
	put(folder, "memory.current", "1000\n");
	put(folder, "memory.max", "4000\n");
	put(folder, "memory.peak", "2000\n");
	put(folder, "memory.swap.current", "10\n");
	put(folder, "memory.swap.max", "100\n");
	put(folder, "memory.stat", "anon 5\nfile 600\n");
	put(folder, "memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n");
	put(folder, "io.stat", "254:1 rbytes=69 wbytes=14 rios=2 wios=1 dbytes=0 dios=0\n8:0 \nnonsense\n");
	put(folder, "pids.current", "2\n");
	put(folder, "pids.max", "20\n");
	assert_ok(cgroup_read_stats(&folder->cgroup, &stats, &why));

	assert_int_equal(stats.cpu.total, 12000);
	assert_int_equal(stats.cpu.user, 7000);
	assert_int_equal(stats.cpu.throttled, 9000);
	assert_true(stats.cpu.pressure.set);
	assert_true(stats.cpu.pressure.some.avg10 > 1.49 && stats.cpu.pressure.some.avg10 < 1.51);
	assert_int_equal(stats.cpu.pressure.full.total_us, 5);
	assert_false(stats.memory.pressure.set);
	assert_int_equal(stats.memory.usage.max, 2000);
	assert_int_equal(stats.memory.swap.usage, 1010);
	assert_int_equal(stats.memory.swap.limit, 4100);
	assert_int_equal(stats.memory.swap.max, 0);
	assert_int_equal(stats.memory.cache, 600);
	assert_true(stats.memory.has_events);
	assert_int_equal(stats.memory.events.oom_kill, 4);
	assert_int_equal(stats.memory.events.oom_group_kill, 5);
	assert_int_equal(stats.block[CGROUP_BLOCK_BYTES].count, 2);
	assert_block(&stats.block[CGROUP_BLOCK_BYTES], 1, 254, "Write", 14);
	assert_block(&stats.block[CGROUP_BLOCK_OPERATIONS], 0, 254, "Read", 2);
	assert_int_equal(stats.pids.limit, 20);
}

static void test_v2_without_limits(void **state)
{
	struct folder *folder = *state;
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	use_as(folder, NULL);
	put(folder, "memory.current", "1000\n");
	put(folder, "memory.max", "max\n");
	assert_ok(cgroup_read_stats(&folder->cgroup, &stats, &why));
	assert_true(stats.memory.usage.limit == UINT64_MAX);
	/* Without a counter of swap there is none that could be used. */
	assert_true(stats.memory.swap.limit == UINT64_MAX);
	assert_int_equal(stats.memory.swap.usage, 1000);
	assert_int_equal(stats.n_huge, 0);
	assert_int_equal(stats.cpu.total, 0);
}

static void test_in_no_hierarchy(void **state)
{
	struct folder *folder = *state;
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	assert_int_equal(cgroup_read_stats(&folder->cgroup, &stats, NULL), -ERR_UNSUPPORTED);
	struct cgroup_oom_watch watch;
	assert_int_equal(cgroup_oom_watch_open(&folder->cgroup, &watch, NULL), -ERR_CG_CTRL);
}

/* Each kill counts once, and those from before not at all. */
static void test_oom_watch_counts_kills(void **state)
{
	struct folder *folder = *state;
	_cleanup_oom_watch_ struct cgroup_oom_watch watch = { .fd = -1 };
	use_as(folder, NULL);
	put(folder, "memory.events", "oom 1\noom_kill 3\n");
	assert_ok(cgroup_oom_watch_open(&folder->cgroup, &watch, &why));
	assert_int_equal(cgroup_oom_watch_take(&watch), 0);
	_cleanup_close_ int file = openat(folder->cgroup.trees[0].fd, "memory.events", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(file, "oom 9\noom_kill 5\n", 17, 0), 17);
	assert_int_equal(cgroup_oom_watch_take(&watch), 2);
	assert_int_equal(cgroup_oom_watch_take(&watch), 0);
}

/* On the real thing: whatever this machine has, there are numbers. */
static void test_real_cgroup(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_cgroup_stats_ struct cgroup_stats stats = { 0 };
	struct cgroup *cgroup = create(fixture);
	assert_ok(cgroup_join(cgroup, spawn(fixture), false, &why));
	assert_ok(cgroup_read_stats(cgroup, &stats, &why));
	if (cgroup_v1_tree(cgroup, "pids"))
		assert_int_equal(stats.pids.current, 1);
	if (cgroup_v1_tree(cgroup, "memory"))
		assert_true(stats.memory.usage.limit > 0 && stats.memory.n_raw > 0);
	if (cgroup_v1_tree(cgroup, "cpuacct"))
		assert_true(stats.cpu.per_cpu.count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_v1, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_v2, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_v2_without_limits, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_in_no_hierarchy, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_oom_watch_counts_kills, folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(test_real_cgroup, setup_all, teardown),
		cmocka_unit_test_setup_teardown(test_real_cgroup, setup_v1, teardown),
		cmocka_unit_test_setup_teardown(test_real_cgroup, setup_v2, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
