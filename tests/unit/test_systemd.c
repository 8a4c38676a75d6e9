/* SPDX-License-Identifier: Apache-2.0 */
/* Names of units, and properties as systemd gets them: limits, devices, annotations. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "runtime/systemd-properties.h"
#include "runtime/systemd-unit.h"

/* --- names --- */

static void test_slices(void **state)
{
	static const char *const pairs[][2] = {
		{ "system.slice", "/system.slice" },
		{ "user-1000.slice", "/user.slice/user-1000.slice" },
		{ "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
		{ "-.slice", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *path = NULL;
		assert_int_equal(systemd_slice_path(pairs[i][0], &path, NULL), 0);
		assert_string_equal(path, pairs[i][1]);
	}
}

static void test_bad_slices(void **state)
{
	static const char *const names[] = { "", ".slice", "system", "a/b.slice", "a--b.slice", "-a.slice", "a-.slice",
					     "system.service", "a b.slice", "a@b.slice" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = { 0 };
		char *path = NULL;
		assert_int_equal(systemd_slice_path(names[i], &path, &err), -ERR_SPEC);
		assert_null(path);
	}
	struct error err = { 0 };
	char *path = NULL;
	assert_int_equal(systemd_slice_path("a/b.slice", &path, &err), -ERR_SPEC);
	assert_string_equal(err.message, "invalid slice name: \"a/b.slice\"");
}

static void check_unit(const char *path, bool of_user, const char *slice, const char *name)
{
	_cleanup_systemd_unit_ struct systemd_unit unit = { 0 };
	assert_int_equal(systemd_unit_parse(path, "box", of_user, &unit, NULL), 0);
	assert_string_equal(unit.slice, slice);
	assert_string_equal(unit.name, name);
}

static void test_units(void **state)
{
	check_unit(NULL, false, "system.slice", "coffer-runtime-box.scope");
	check_unit("", true, "user.slice", "coffer-runtime-box.scope");
	check_unit("system.slice:docker:1234", false, "system.slice", "docker-1234.scope");
	check_unit(":docker:1234", true, "user.slice", "docker-1234.scope");
	check_unit("kubepods-pod1.slice:cri-containerd:abc", false, "kubepods-pod1.slice", "cri-containerd-abc.scope");
	check_unit("-.slice:a:b", false, "-.slice", "a-b.scope");
}

static void check_bad_unit(const char *path, const char *message)
{
	struct systemd_unit unit = { 0 };
	struct error err = { 0 };
	assert_int_equal(systemd_unit_parse(path, "box", false, &unit, &err), -ERR_SPEC);
	assert_string_equal(err.message, message);
	assert_null(unit.name);
	assert_null(unit.slice);
}

static void test_bad_units(void **state)
{
	check_bad_unit("/docker/1234", "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, "
				       "got \"/docker/1234\"");
	check_bad_unit("a.slice:b:c:d", "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, "
					"got \"a.slice:b:c:d\"");
	check_bad_unit("a.slice:b:", "cgroupsPath \"a.slice:b:\" names no scope");
	check_bad_unit("a:b:c", "invalid slice name: \"a\"");
	check_bad_unit("a.slice:b:c.slice", "cgroupsPath \"a.slice:b:c.slice\" names a slice, which cannot hold processes");
	check_bad_unit("a.slice:b:c+d", "systemd unit name \"b-c+d.scope\" has a character other than letters, digits "
					"and :-_.\\");
	_cleanup_free_ char *prefix = mem_printf("a.slice:%0250d:c", 0);
	struct systemd_unit unit = { 0 };
	assert_int_equal(systemd_unit_parse(prefix, "box", false, &unit, NULL), -ERR_SPEC);
}

/* --- properties: read back as "NAME=VALUE\n" --- */

static uint64_t take_number(struct dbus_reader *reader, size_t size)
{
	uint64_t number = 0;
	reader->at = (reader->at + size - 1) / size * size;
	assert_true(reader->at + size <= reader->size);
	memcpy(&number, reader->data + reader->at, size); /* little-endian, as the machines of the tests are */
	reader->at += size;
	return number;
}

static void show_array(struct dbus_reader *reader, const char *element, struct str *text)
{
	uint32_t length;
	const char *word;
	assert_true(dbus_get_u32(reader, &length));
	if (*element == '(') /* also if there is none */
		reader->at = (reader->at + 7) / 8 * 8;
	for (size_t end = reader->at + length; reader->at < end;) {
		if (*element == 'y') {
			str_appendf(text, "%02x", (unsigned)take_number(reader, 1));
			continue;
		}
		if (*element == '(')
			reader->at = (reader->at + 7) / 8 * 8;
		for (int words = *element == '(' ? 2 : 1; words > 0; words--) {
			assert_true(dbus_get_string(reader, &word));
			str_appendf(text, "%s%s", word, words > 1 ? " " : ";");
		}
	}
}

static void show_value(struct dbus_reader *reader, const char *type, struct str *text)
{
	const char *word;
	switch (*type) {
	case 'b':
		str_append(text, take_number(reader, 4) ? "yes" : "no");
		break;
	case 's':
		assert_true(dbus_get_string(reader, &word));
		str_append(text, word);
		break;
	case 'a':
		show_array(reader, type + 1, text);
		break;
	default:
		str_appendf(text, "%s %" PRIu64, type,
			    take_number(reader, *type == 'y' ? 1 : strchr("nq", *type) ? 2 : strchr("iu", *type) ? 4 : 8));
	}
}

static char *show(const struct str *data)
{
	struct dbus_reader reader = { .data = (const unsigned char *)str_text(data), .size = data->len };
	struct str text = { 0 };
	while (reader.at < reader.size) {
		const char *name, *type;
		reader.at = (reader.at + 7) / 8 * 8;
		assert_true(dbus_get_string(&reader, &name) && dbus_get_signature(&reader, &type));
		str_appendf(&text, "%s=", name);
		show_value(&reader, type, &text);
		str_append_char(&text, '\n');
	}
	return str_take(&text);
}

static void check_limits(const struct spec_resources *resources, unsigned version, const char *expected)
{
	_cleanup_str_ struct str data = { 0 };
	systemd_put_resources(&data, resources, version);
	_cleanup_free_ char *text = show(&data);
	assert_string_equal(text, expected);
}

#define SET(number) { true, (number) }

static void test_memory(void **state)
{
	struct spec_resources limits = { 0 };
	check_limits(&limits, 252, "");
	limits.memory.limit = (struct optional_i64)SET(1000);
	limits.memory.swap = (struct optional_i64)SET(3000);
	limits.memory.reservation = (struct optional_i64)SET(500);
	check_limits(&limits, 252, "MemoryMax=t 1000\nMemoryLow=t 500\nMemorySwapMax=t 2000\n");
	limits.memory.swap.value = -1;
	limits.memory.reservation.set = false;
	check_limits(&limits, 252, "MemoryMax=t 1000\nMemorySwapMax=t 18446744073709551615\n");
	limits.memory.limit.value = -1;
	limits.memory.swap.set = false;
	check_limits(&limits, 252, "MemoryMax=t 18446744073709551615\nMemorySwapMax=t 18446744073709551615\n");
}

static void test_processors(void **state)
{
	struct spec_resources limits = { 0 };
	limits.cpu.shares = (struct optional_u64)SET(1024);
	limits.cpu.quota = (struct optional_i64)SET(33333);
	limits.cpu.period = (struct optional_u64)SET(100000);
	limits.cpu.cpus = (char *)"0-2,9";
	limits.cpu.mems = (char *)"0";
	check_limits(&limits, 252,
		     "CPUWeight=t 100\nCPUQuotaPeriodUSec=t 100000\nCPUQuotaPerSecUSec=t 340000\n"
		     "AllowedCPUs=0702\nAllowedMemoryNodes=01\n");
	check_limits(&limits, 241, "CPUWeight=t 100\nCPUQuotaPerSecUSec=t 340000\n");
	limits = (struct spec_resources){ 0 };
	limits.cpu.idle = (struct optional_i64)SET(1);
	limits.cpu.quota = (struct optional_i64)SET(-1);
	limits.cpu.cpus = (char *)"0-31:2/4";
	check_limits(&limits, 252, "CPUWeight=t 0\nCPUQuotaPerSecUSec=t 18446744073709551615\n");
	check_limits(&limits, 251, "CPUQuotaPerSecUSec=t 18446744073709551615\n");
}

static void test_other_limits(void **state)
{
	struct spec_resources limits = { .pids_limit = SET(20) };
	limits.block_io.weight = (struct optional_u64)SET(10);
	check_limits(&limits, 252, "TasksMax=t 20\nIOWeight=t 1\n");
	limits.pids_limit.value = -1;
	limits.block_io.weight.value = 1000;
	check_limits(&limits, 252, "TasksMax=t 18446744073709551615\nIOWeight=t 10000\n");
}

static void test_unified(void **state)
{
	struct spec_unified list[] = {
		{ (char *)"memory.max", (char *)"max" },  { (char *)"memory.high", (char *)"4096" },
		{ (char *)"cpu.max", (char *)"max" },	  { (char *)"cpu.max", (char *)"50000 100000" },
		{ (char *)"cpuset.cpus", (char *)"1" },	  { (char *)"pids.max", (char *)"x" },
		{ (char *)"hugetlb.2MB.max", (char *)"1" }, { (char *)"cpu.idle", (char *)"1" },
	};
	const struct spec_resources limits = { .unified = list, .n_unified = ARRAY_SIZE(list) };
	check_limits(&limits, 252,
		     "MemoryMax=t 18446744073709551615\nMemoryHigh=t 4096\n"
		     "CPUQuotaPeriodUSec=t 100000\nCPUQuotaPerSecUSec=t 18446744073709551615\n"
		     "CPUQuotaPeriodUSec=t 100000\nCPUQuotaPerSecUSec=t 500000\nAllowedCPUs=02\nCPUWeight=t 0\n");
}

static void check_devices(struct spec_device_rule *rules, size_t count, const char *expected)
{
	const struct spec_resources resources = { .device_rules = rules, .n_device_rules = count };
	_cleanup_str_ struct str data = { 0 };
	systemd_put_devices(&data, &resources);
	_cleanup_free_ char *text = show(&data);
	assert_string_equal(text, expected);
}

static void test_devices(void **state)
{
	struct spec_device_rule rules[] = {
		{ true, 'c', 5, 5, true, true, true },	  { false, 'a', -1, -1, true, true, true },
		{ true, 'c', 1, 3, true, true, true },	  { true, 'b', 8, -1, true, false, false },
		{ true, 'a', -1, -1, false, false, true }, { false, 'c', 1, 3, false, true, false },
		{ true, 'c', 1, 5, false, false, false },
	};
	check_devices(rules, 0, "");
	check_devices(rules, ARRAY_SIZE(rules),
		      "DevicePolicy=strict\nDeviceAllow=/dev/char/1:3 rwm;block-8 r;char-* m;block-* m;\n");
	check_devices(rules + 2, 2, "DevicePolicy=auto\nDeviceAllow=\n");
	check_devices(rules + 1, 1, "DevicePolicy=strict\nDeviceAllow=\n");
}

/* --- annotations --- */

static void check_annotation(const char *name, const char *value, const char *expected)
{
	_cleanup_free_ char *key = mem_printf("org.systemd.property.%s", name);
	char *const pairs[] = { (char *)"other", (char *)"[", key, (char *)value, NULL };
	_cleanup_str_ struct str data = { 0 };
	assert_int_equal(systemd_put_annotations(&data, pairs, NULL), 0);
	_cleanup_free_ char *text = show(&data);
	assert_string_equal(text, expected);
}

static void test_annotations(void **state)
{
	check_annotation("Delegate", "false", "Delegate=no\n");
	check_annotation("CollectMode", "'inactive-or-failed'", "CollectMode=inactive-or-failed\n");
	check_annotation("Slice", " \"a\\\"b\"", "Slice=a\"b\n");
	check_annotation("After", "['a.service', \"b.service\"]", "After=a.service;b.service;\n");
	check_annotation("After", "[ ]", "After=\n");
	check_annotation("Nice", "5", "Nice=i 5\n");
	check_annotation("TasksMax", "uint64 18446744073709551615", "TasksMax=t 18446744073709551615\n");
	check_annotation("Small", "byte 255", "Small=y 255\n");
	check_annotation("Half", "uint16  7", "Half=q 7\n");
	check_annotation("Negative", "int64 -1", "Negative=x 18446744073709551615\n");
}

/* Unit files have seconds, the bus has microseconds. */
static void test_times(void **state)
{
	check_annotation("TimeoutStopUSec", "uint64 123456789", "TimeoutStopUSec=t 123456789\n");
	check_annotation("TimeoutStopSec", "2", "TimeoutStopUSec=t 2000000\n");
	check_annotation("RuntimeMaxSec", "uint64 3", "RuntimeMaxUSec=t 3000000\n");
}

static void check_bad_annotation(const char *name, const char *value)
{
	_cleanup_free_ char *key = mem_printf("org.systemd.property.%s", name);
	char *const pairs[] = { key, (char *)value, NULL };
	_cleanup_str_ struct str data = { 0 };
	struct error err = { 0 };
	assert_int_equal(systemd_put_annotations(&data, pairs, &err), -ERR_SPEC);
	assert_non_null(strstr(err.message, name));
}

static void test_bad_annotations(void **state)
{
	static const char *const values[] = { "", "yes", "'", "'a' b", "'a\\", "[", "['a'", "['a' 'b']", "['a',,'b']", "[5]",
					      "['a'] b", "uint64", "uint64 -1", "byte 256", "uint32 x", "5.5", "2147483648" };
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		check_bad_annotation("Name", values[i]);
	check_bad_annotation("", "5");
	check_bad_annotation("ab", "5");
	check_bad_annotation("Memory.Max", "5");
	check_bad_annotation("RuntimeMaxSec", "-1");
	check_bad_annotation("RuntimeMaxSec", "uint64 18446744073709551615");
	char *const pairs[] = { (char *)"org.systemd.property.Nice", (char *)"five", NULL };
	_cleanup_str_ struct str data = { 0 };
	struct error err = { 0 };
	assert_int_equal(systemd_put_annotations(&data, pairs, &err), -ERR_SPEC);
	assert_string_equal(err.message,
			    "annotation \"org.systemd.property.Nice\": \"five\" is no value of a systemd property");
	assert_string_equal(err.hint, "true, 'text', ['one', 'two'], 5, or with the type: uint64 5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),	       cmocka_unit_test(test_bad_slices),
		cmocka_unit_test(test_units),	       cmocka_unit_test(test_bad_units),
		cmocka_unit_test(test_memory),	       cmocka_unit_test(test_processors),
		cmocka_unit_test(test_other_limits),   cmocka_unit_test(test_unified),
		cmocka_unit_test(test_devices),	       cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_times),	       cmocka_unit_test(test_bad_annotations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
