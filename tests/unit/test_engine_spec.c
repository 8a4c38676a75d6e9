/* SPDX-License-Identifier: Apache-2.0 */
/* config.json of a container: what stands in it by default, and what every wish makes of it. */
#include "engine-fixture.h"

#include "runtime/capability.h"
#include "runtime/spec.h"

static struct made_image base;

static int setup(void **state)
{
	int r = fixture_setup(state);
	base = (struct made_image){ 0 };
	if (r == 0)
		make_base_image(&base);
	return r;
}

static int teardown(void **state)
{
	made_image_done(&base);
	return fixture_teardown(state);
}

/* config.json of a container of @spec, as the runtime reads it. The container is removed again. */
static struct spec *made(struct container_spec *spec, char id[static ID_HEX_LENGTH + 1])
{
	struct container_record *record;
	struct spec *parsed = NULL;
	if (!spec->image)
		spec->image = TEXT("base:1");
	assert_ok(engine_container_create(fixture.engine, spec, &record, &err));
	_cleanup_free_ char *dir = mem_printf("%s/containers/%s", fixture.runroot, record->id);
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(spec_load(fd, "config.json", &parsed, &err));
	assert_ok(engine_container_remove(fixture.engine, record->id, false, false, &err));
	str_copy(id, ID_HEX_LENGTH + 1, record->id);
	container_record_free(record);
	return parsed;
}

static struct spec *make(struct container_spec *spec)
{
	char id[ID_HEX_LENGTH + 1];
	return made(spec, id);
}

static int create(struct container_spec *spec, struct error *err)
{
	struct container_record *record;
	if (!spec->image)
		spec->image = TEXT("base:1");
	int r = engine_container_create(fixture.engine, spec, &record, err);
	if (r >= 0)
		container_record_free(record);
	return r;
}

static void assert_nothing_left(void)
{
	assert_int_equal(count_entries("%s/containers", fixture.runroot), 0);
	assert_int_equal(count_entries("%s/snapshots", fixture.root), 0);
	assert_int_equal(count_entries("%s/tmp", fixture.root), 0);
}

static void assert_words(char *const *words, const char *expected)
{
	_cleanup_free_ char *text = strv_join(words, " ");
	assert_string_equal(text, expected);
}

static const struct spec_mount *mount_on(const struct spec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (streq(spec->mounts[i].destination, destination))
			return &spec->mounts[i];
	return NULL;
}

static void assert_mount(const struct spec *spec, const char *destination, const char *type, const char *options)
{
	const struct spec_mount *mount = mount_on(spec, destination);
	if (!mount)
		fail_msg("nothing is mounted on %s", destination);
	assert_string_equal(mount->type, type);
	assert_words(mount->options, options);
}

/* --- what there is by default --- */

static void test_process(void **state)
{
	char id[ID_HEX_LENGTH + 1];
	struct container_spec wish = { 0 };
	_cleanup_spec_ struct spec *spec = made(&wish, id);
	_cleanup_free_ char *hostname = mem_strndup(id, 12);
	_cleanup_free_ char *env = mem_printf("PATH=/bin HOSTNAME=%s LANG=C HOME=/root", hostname);
	assert_string_equal(spec->hostname, hostname);
	assert_null(spec->domainname);
	assert_words(spec->process->args, "/bin/sh");
	assert_words(spec->process->env, env);
	assert_string_equal(spec->process->cwd, "/");
	assert_false(spec->process->terminal);
	assert_false(spec->process->no_new_privileges);
	assert_null(spec->process->apparmor_profile);
	assert_int_equal(spec->process->n_rlimits, 0);
	assert_int_equal(spec->process->user.uid, 0);
	assert_int_equal(spec->process->user.n_additional_gids, 2);
	assert_int_equal(spec->process->user.additional_gids[1], 10);
	assert_false(spec->root.readonly);
}

static void test_capabilities(void **state)
{
	struct container_spec wish = { 0 };
	_cleanup_spec_ struct spec *spec = make(&wish);
	const struct spec_capabilities *sets = spec->process->capabilities;
	static const uint64_t docker = 0xa80425fb;
	assert_true(sets->bounding == docker && sets->effective == docker && sets->permitted == docker);
	assert_true(sets->inheritable == 0 && sets->ambient == 0);
}

static void test_namespaces_and_cgroup(void **state)
{
	char id[ID_HEX_LENGTH + 1];
	struct container_spec wish = { 0 };
	_cleanup_spec_ struct spec *spec = made(&wish, id);
	_cleanup_free_ char *cgroup = mem_printf("/coffer/%s", id);
	static const bool listed[NAMESPACE_COUNT] = {
		[NAMESPACE_MOUNT] = true, [NAMESPACE_PID] = true, [NAMESPACE_NETWORK] = true,
		[NAMESPACE_UTS] = true,	  [NAMESPACE_IPC] = true, [NAMESPACE_CGROUP] = true,
	};
	for (int i = 0; i < NAMESPACE_COUNT; i++) {
		assert_int_equal(spec->namespaces[i].listed, listed[i]);
		assert_null(spec->namespaces[i].path);
	}
	assert_string_equal(spec->cgroups_path, cgroup);
	assert_false(spec->resources.memory.limit.set);
	assert_false(spec->resources.cpu.quota.set);
	assert_false(spec->resources.pids_limit.set);
	assert_int_equal(spec->resources.n_device_rules, 11);
	assert_false(spec->resources.device_rules[0].allow);
	assert_int_equal(spec->resources.device_rules[0].type, 'a');
	assert_int_equal(spec->n_devices, 0);
}

static void test_mounts(void **state)
{
	char id[ID_HEX_LENGTH + 1];
	struct container_spec wish = { 0 };
	_cleanup_spec_ struct spec *spec = made(&wish, id);
	static const char *const order[] = {
		"/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm",
	};
	assert_int_equal(spec->n_mounts, ARRAY_SIZE(order) + 3);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(spec->mounts[i].destination, order[i]);
	assert_mount(spec, "/proc", "proc", "nosuid noexec nodev");
	assert_mount(spec, "/dev", "tmpfs", "nosuid strictatime mode=755 size=65536k");
	assert_mount(spec, "/dev/pts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5");
	assert_mount(spec, "/sys", "sysfs", "nosuid noexec nodev ro");
	assert_mount(spec, "/sys/fs/cgroup", "cgroup", "nosuid noexec nodev ro");
	assert_mount(spec, "/dev/mqueue", "mqueue", "nosuid noexec nodev");
	assert_mount(spec, "/dev/shm", "tmpfs", "nosuid noexec nodev mode=1777 size=67108864");
	static const char *const files[] = { "hostname", "hosts", "resolv.conf" };
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *destination = mem_printf("/etc/%s", files[i]);
		_cleanup_free_ char *source = mem_printf("%s/containers/%s/%s", fixture.runroot, id, files[i]);
		assert_mount(spec, destination, "bind", "rbind rprivate");
		assert_string_equal(mount_on(spec, destination)->source, source);
	}
}

/* @pairs are keys and values in turn. */
static bool has_setting(char *const *pairs, const char *key, const char *value)
{
	for (; pairs && *pairs; pairs += 2)
		if (streq(pairs[0], key) && streq(pairs[1], value))
			return true;
	return false;
}

static void test_protected_paths_and_seccomp(void **state)
{
	struct container_spec wish = { 0 };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_words(spec->masked_paths,
		     "/proc/asound /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list "
		     "/proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap");
	assert_words(spec->readonly_paths, "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger");
	assert_non_null(spec->seccomp);
	assert_string_equal(spec->seccomp->default_action, "SCMP_ACT_ERRNO");
	assert_true(has_setting(spec->sysctl, "net.ipv4.ip_unprivileged_port_start", "0"));
	assert_true(has_setting(spec->sysctl, "net.ipv4.ping_group_range", "0 2147483647"));
}

static void test_files(void **state)
{
	struct container_spec wish = { .image = TEXT("base:1"), .hostname = TEXT("web.example"), .domainname = TEXT("example") };
	struct container_record *record;
	struct stat st;
	mode_t mask = umask(0077); /* it does not matter */
	assert_ok(engine_container_create(fixture.engine, &wish, &record, &err));
	umask(mask);
	_cleanup_free_ char *dir = mem_printf("%s/containers/%s", fixture.runroot, record->id);
	_cleanup_free_ char *hostname_path = path_join(dir, "hostname");
	_cleanup_free_ char *hosts_path = path_join(dir, "hosts");
	_cleanup_free_ char *hostname = read_file(hostname_path);
	_cleanup_free_ char *hosts = read_file(hosts_path);
	assert_string_equal(hostname, "web.example\n");
	assert_true(str_starts_with(hosts, "127.0.0.1\tlocalhost\n"));
	assert_int_equal(stat(hosts_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(exists("%s/resolv.conf", dir));
	container_record_free(record);
}

/* --- what can be asked for --- */

static void test_commands(void **state)
{
	const struct {
		const char *config;
		char **entrypoint, **command;
		const char *expected; /* NULL: there is nothing to run */
	} cases[] = {
		{ "\"Cmd\":[\"c\"]", NULL, NULL, "c" },
		{ "\"Cmd\":[\"c\"]", NULL, WORDS("x", "y"), "x y" },
		{ "\"Entrypoint\":[\"e\",\"f\"],\"Cmd\":[\"c\"]", NULL, NULL, "e f c" },
		{ "\"Entrypoint\":[\"e\",\"f\"],\"Cmd\":[\"c\"]", NULL, WORDS("x"), "e f x" },
		{ "\"Entrypoint\":[\"e\",\"f\"],\"Cmd\":[\"c\"]", WORDS("o"), NULL, "o" },
		{ "\"Entrypoint\":[\"e\",\"f\"],\"Cmd\":[\"c\"]", WORDS("o"), WORDS("x"), "o x" },
		{ "\"Entrypoint\":[\"e\",\"f\"],\"Cmd\":[\"c\"]", WORDS(""), WORDS("x"), "x" },
		{ "\"Entrypoint\":[\"e\",\"f\"],\"Cmd\":[\"c\"]", WORDS(""), NULL, NULL },
		{ "\"Entrypoint\":[\"e\"]", NULL, NULL, "e" },
		{ "", NULL, NULL, NULL },
	};
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	write_file(path, "bin/sh", "#!");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_made_image_ struct made_image image = { 0 };
		_cleanup_free_ char *full = mem_printf("docker.io/library/i%zu:1", i);
		_cleanup_free_ char *name = mem_printf("i%zu:1", i);
		struct container_spec wish = { .image = name, .entrypoint = cases[i].entrypoint, .command = cases[i].command };
		record_image(full, cases[i].config, (char *[]){ layer, NULL }, &image);
		if (!cases[i].expected) {
			struct error why = { 0 };
			assert_int_equal(create(&wish, &why), -ERR_NO_CMD);
			assert_non_null(strstr(why.message, "has no CMD or ENTRYPOINT and none was given"));
			assert_true(str_starts_with(why.hint, "coffer run i") && str_ends_with(why.hint, ":1 /bin/sh"));
			continue;
		}
		_cleanup_spec_ struct spec *spec = make(&wish);
		assert_words(spec->process->args, cases[i].expected);
	}
	assert_nothing_left();
}

static void test_environment(void **state)
{
	setenv("COFFER_TEST_OURS", "ours", 1);
	unsetenv("COFFER_TEST_NONE");
	struct container_spec wish = {
		.env = WORDS("LANG=de", "A=b=c", "COFFER_TEST_OURS", "COFFER_TEST_NONE", "HOME=/elsewhere", "EMPTY="),
		.tty = true,
		.hostname = TEXT("h"),
	};
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_words(spec->process->env,
		     "PATH=/bin HOSTNAME=h TERM=xterm LANG=de A=b=c COFFER_TEST_OURS=ours HOME=/elsewhere EMPTY=");
	assert_true(spec->process->terminal);
}

static void test_users(void **state)
{
	struct container_spec wish = { .user = TEXT("bob") };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_int_equal(spec->process->user.uid, 1000);
	assert_int_equal(spec->process->user.gid, 1001);
	assert_int_equal(spec->process->user.n_additional_gids, 3);
	assert_true(strv_contains(spec->process->env, "HOME=/home/bob"));
	/* The kernel takes the capabilities away at exec; the sets are as for everybody. */
	assert_true(spec->process->capabilities->bounding != 0);
	struct container_spec none = { .user = TEXT("alice") };
	assert_refused(create(&none, &err), ERR_USER, "no such user \"alice\" in /etc/passwd of image base:1");
	assert_nothing_left();
}

static void test_working_directories(void **state)
{
	static const char *const cases[][2] = { { "/a/b", "/a/b" }, { "/a/../b//", "/b" }, { "/../..", "/" } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct container_spec wish = { .working_dir = TEXT(cases[i][0]) };
		_cleanup_spec_ struct spec *spec = make(&wish);
		assert_string_equal(spec->process->cwd, cases[i][1]);
	}
	struct container_spec wish = { .working_dir = TEXT("a/b") };
	assert_refused(create(&wish, &err), ERR_WORKDIR, "is not an absolute path");
}

static void test_hostnames_that_are_refused(void **state)
{
	static const char *const bad[] = { "-x", ".x", "a b", "a/b", "a\nb",
					   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct container_spec wish = { .hostname = TEXT(bad[i]) };
		assert_refused(create(&wish, &err), ERR_INVALID, "invalid hostname format");
	}
}

static void test_host_network(void **state)
{
	char hostname[80];
	struct container_spec wish = { .network = NETWORK_HOST };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_false(spec->namespaces[NAMESPACE_NETWORK].listed);
	assert_int_equal(strv_count(spec->sysctl), 0);
	assert_int_equal(gethostname(hostname, sizeof hostname), 0);
	assert_string_equal(spec->hostname, hostname);
}

static void test_privileged(void **state)
{
	struct container_spec wish = { .privileged = true };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_true(spec->process->capabilities->effective == capability_bounding());
	assert_null(spec->seccomp);
	assert_null(spec->masked_paths);
	assert_null(spec->readonly_paths);
	assert_mount(spec, "/sys", "sysfs", "nosuid noexec nodev");
	assert_mount(spec, "/sys/fs/cgroup", "cgroup", "nosuid noexec nodev");
	assert_true(spec->resources.device_rules[0].allow);
	assert_true(spec->n_devices > 5);
}

static void test_security(void **state)
{
	struct container_spec wish = {
		.security_options = WORDS("no-new-privileges", "seccomp=unconfined", "systempaths=unconfined"),
		.cap_drop = WORDS("ALL"),
		.cap_add = WORDS("NET_ADMIN"),
		.read_only = true,
		.ulimits = WORDS("core=0"),
	};
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_true(spec->process->no_new_privileges);
	assert_null(spec->seccomp);
	assert_null(spec->masked_paths);
	assert_true(spec->process->capabilities->bounding == UINT64_C(1) << 12);
	assert_true(spec->root.readonly);
	assert_int_equal(spec->process->n_rlimits, 1);
}

static void test_a_seccomp_profile_of_ones_own(void **state)
{
	write_file(fixture.top, "profile.json", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	_cleanup_free_ char *option = mem_printf("seccomp=%s/profile.json", fixture.top);
	struct container_spec wish = { .security_options = WORDS(option) };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_string_equal(spec->seccomp->default_action, "SCMP_ACT_ALLOW");
	write_file(fixture.top, "profile.json", "{\"defaultAction\":b}");
	assert_refused(create(&wish, &err), ERR_SEC_SECCOMP, "profile.json:1:");
}

static void test_limits(void **state)
{
	struct container_spec wish = { .memory = 256 << 20, .cpus_nano = 10000000, .pids_limit = 50, .cpu_shares = 512 };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_int_equal(spec->resources.memory.limit.value, 256 << 20);
	assert_int_equal(spec->resources.cpu.quota.value, 1000);
	assert_int_equal(spec->resources.cpu.shares.value, 512);
	assert_int_equal(spec->resources.pids_limit.value, 50);
}

static void test_sysctls(void **state)
{
	struct container_spec wish = { .sysctls = WORDS("net.ipv4.ip_forward=1", "net.ipv4.ip_unprivileged_port_start=80") };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_true(has_setting(spec->sysctl, "net.ipv4.ip_forward", "1"));
	assert_true(has_setting(spec->sysctl, "net.ipv4.ip_unprivileged_port_start", "80"));
	static const char *const bad[] = { "kernel.pid_max=9", "net.ipv4.ip_forward", "net.ipv4./../x=1", "a=b", "=1" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct container_spec refused = { .sysctls = WORDS(bad[i]) };
		assert_refused(create(&refused, &err), ERR_SYSCTL, "--sysctl");
	}
	struct container_spec host = { .sysctls = WORDS("net.ipv4.ip_forward=1"), .network = NETWORK_HOST };
	assert_refused(create(&host, &err), ERR_SYSCTL, "shares the host's namespace");
}

static void test_mounts_of_ones_own(void **state)
{
	struct mount_request mounts[] = {
		{ .kind = MOUNT_BIND, .source = TEXT("/usr"), .target = TEXT("/etc/deep/er"), .readonly = true },
		{ .kind = MOUNT_BIND, .source = TEXT("/usr"), .target = TEXT("/etc"), .options = WORDS("rslave", "nosuid") },
		{ .kind = MOUNT_TMPFS, .target = TEXT("/tmp"), .readonly = true, .options = WORDS("size=1m", "exec") },
		{ .kind = MOUNT_TMPFS, .target = TEXT("/dev/shm/") },
		{ .kind = MOUNT_BIND, .source = TEXT("/etc/hosts"), .target = TEXT("/etc/hosts"), .options = WORDS("bind") },
	};
	struct container_spec wish = { .mounts = mounts, .n_mounts = ARRAY_SIZE(mounts) };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_mount(spec, "/etc/deep/er", "bind", "rbind ro rro rprivate");
	assert_mount(spec, "/etc", "bind", "rbind rslave nosuid");
	assert_mount(spec, "/tmp", "tmpfs", "noexec nosuid nodev size=1m exec ro");
	assert_mount(spec, "/dev/shm", "tmpfs", "noexec nosuid nodev");
	assert_null(mount_on(spec, "/dev/shm/"));
	assert_mount(spec, "/etc/hosts", "bind", "bind rprivate");
	/* What lies higher comes first, or it would hide the rest. */
	assert_true(mount_on(spec, "/etc") < mount_on(spec, "/etc/deep/er"));
	assert_true(mount_on(spec, "/etc") < mount_on(spec, "/etc/hostname"));
	assert_true(mount_on(spec, "/dev") < mount_on(spec, "/dev/shm"));
	struct mount_request missing = { .kind = MOUNT_BIND, .source = TEXT("/no/such"), .target = TEXT("/x") };
	struct container_spec refused = { .mounts = &missing, .n_mounts = 1 };
	assert_refused(create(&refused, &err), ERR_MNT_SRC, "bind source path does not exist: /no/such");
	assert_nothing_left();
}

static void test_a_dev_of_ones_own(void **state)
{
	struct mount_request mount = { .kind = MOUNT_BIND, .source = TEXT("/dev"), .target = TEXT("/dev") };
	struct container_spec wish = { .mounts = &mount, .n_mounts = 1 };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_null(mount_on(spec, "/dev/pts"));
	assert_null(mount_on(spec, "/dev/shm"));
	assert_mount(spec, "/dev", "bind", "rbind rprivate");
}

static void test_init(void **state)
{
	struct container_spec wish = { .init = true, .command = WORDS("a", "b") };
	_cleanup_spec_ struct spec *spec = make(&wish);
	assert_words(spec->process->args, "/sbin/coffer-init -- a b");
	assert_mount(spec, "/sbin/coffer-init", "bind", "rbind ro rro rprivate");
}

/* --- platforms --- */

static void test_platforms(void **state)
{
	_cleanup_made_image_ struct made_image image = { 0 };
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *layer = make_layer(&path);
	make_blobs("\"Cmd\":[\"x\"]", (char *[]){ layer, NULL }, &image);
	const char *foreign = streq(platform_host().architecture, "s390x") ? "ppc64le" : "s390x";
	_cleanup_free_ char *config = mem_printf("{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},"
						 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
						 foreign, layer);
	write_blob(image.id, config);
	bool known;
	const struct image_arrival arrival = { image.manifest, NULL, image.id, "docker.io/library/foreign:1", NULL };
	assert_ok(image_record(fixture.engine, &arrival, &known, &err));
	struct container_spec wish = { .image = TEXT("foreign:1") };
	if (!exists("/proc/sys/fs/binfmt_misc/qemu-%s", foreign)) {
		struct error why = { 0 };
		assert_int_equal(create(&wish, &why), -ERR_IMG_ARCH);
		assert_non_null(strstr(why.message, "image foreign:1 is for linux/"));
		assert_true(str_starts_with(why.hint, "--platform linux/"));
	}
	_cleanup_free_ char *platform = mem_printf("linux/%s", foreign);
	wish.platform = platform; /* whoever names it gets it */
	assert_ok(create(&wish, &err));
	struct container_spec other = { .platform = platform };
	assert_refused(create(&other, &err), ERR_IMG_NOT_FOUND, "No such image: base:1 for platform");
	other.platform = TEXT("nonsense");
	assert_refused(create(&other, &err), ERR_INVALID, "platform");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_process),
		TEST(test_capabilities),
		TEST(test_namespaces_and_cgroup),
		TEST(test_mounts),
		TEST(test_protected_paths_and_seccomp),
		TEST(test_files),
		TEST(test_commands),
		TEST(test_environment),
		TEST(test_users),
		TEST(test_working_directories),
		TEST(test_hostnames_that_are_refused),
		TEST(test_host_network),
		TEST(test_privileged),
		TEST(test_security),
		TEST(test_a_seccomp_profile_of_ones_own),
		TEST(test_limits),
		TEST(test_sysctls),
		TEST(test_mounts_of_ones_own),
		TEST(test_a_dev_of_ones_own),
		TEST(test_init),
		TEST(test_platforms),
	};
	return cmocka_run_group_tests_name("engine_spec", tests, NULL, NULL);
}
