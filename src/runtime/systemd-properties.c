/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/systemd-properties.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"
#include "runtime/number-set.h"

/* The first versions that know a property. */
enum { KNOWS_QUOTA_PERIOD = 242, KNOWS_CPUSET = 244, KNOWS_IDLE = 252 };

enum { DEFAULT_PERIOD_US = 100000, QUOTA_STEP_US = 10000 };

static const uint64_t USEC_PER_SEC = 1000000, UNLIMITED = UINT64_MAX;

/* --- values --- */

void systemd_put_name(struct str *data, const char *name, const char *signature)
{
	dbus_put_struct(data);
	dbus_put_string(data, name);
	dbus_put_signature(data, signature);
}

void systemd_put_bool(struct str *data, const char *name, bool value)
{
	systemd_put_name(data, name, "b");
	dbus_put_u32(data, value);
}

void systemd_put_u64(struct str *data, const char *name, uint64_t value)
{
	systemd_put_name(data, name, "t");
	dbus_put_u64(data, value);
}

void systemd_put_string(struct str *data, const char *name, const char *value)
{
	systemd_put_name(data, name, "s");
	dbus_put_string(data, value);
}

void systemd_put_strings(struct str *data, const char *name, char *const *values)
{
	systemd_put_name(data, name, "as");
	struct dbus_array array = dbus_array_open(data, sizeof(uint32_t));
	for (; values && *values; values++)
		dbus_put_string(data, *values);
	dbus_array_close(data, array);
}

/* --- limits --- */

static void put_limit(struct str *data, const char *name, const struct optional_i64 *limit)
{
	if (optional_is_nonzero(limit))
		systemd_put_u64(data, name, limit->value < 0 ? UNLIMITED : (uint64_t)limit->value);
}

static void put_memory(struct str *data, const struct spec_resources *resources)
{
	const struct optional_i64 *limit = &resources->memory.limit, *both = &resources->memory.swap;
	put_limit(data, "MemoryMax", limit);
	put_limit(data, "MemoryLow", &resources->memory.reservation);
	bool unlimited = optional_is_nonzero(both) ? both->value < 0 : limit->set && limit->value < 0;
	if (unlimited)
		systemd_put_u64(data, "MemorySwapMax", UNLIMITED);
	else if (optional_is_nonzero(both) && limit->set && limit->value <= both->value)
		systemd_put_u64(data, "MemorySwapMax", (uint64_t)(both->value - limit->value));
}

/* systemd keeps it as a share of a second in hundredths; rounded up, for the cgroup's own file says it exactly. */
static void put_bandwidth(struct str *data, int64_t quota, uint64_t period, unsigned version)
{
	uint64_t share = UNLIMITED;
	if (quota == 0 && period == 0)
		return;
	if (period != 0 && version >= KNOWS_QUOTA_PERIOD)
		systemd_put_u64(data, "CPUQuotaPeriodUSec", period);
	if (quota > 0) {
		unsigned __int128 usec =
			(unsigned __int128)quota * USEC_PER_SEC / (period ? period : DEFAULT_PERIOD_US);
		usec = (usec + QUOTA_STEP_US - 1) / QUOTA_STEP_US * QUOTA_STEP_US;
		share = (uint64_t)MIN(usec, (unsigned __int128)(UNLIMITED - 1));
	}
	systemd_put_u64(data, "CPUQuotaPerSecUSec", share);
}

/* An idle group is one without weight, to systemd. */
static void put_weight(struct str *data, const struct spec_resources *resources, unsigned version)
{
	uint64_t shares = resources->cpu.shares.set ? resources->cpu.shares.value : 0;
	bool idle = resources->cpu.idle.set && resources->cpu.idle.value == 1;
	if (idle && version >= KNOWS_IDLE)
		systemd_put_u64(data, "CPUWeight", 0);
	else if (shares != 0)
		systemd_put_u64(data, "CPUWeight", cgroup_weight_of_shares(shares));
}

/* As a bit mask; a list in one of the kernel's other forms is for the cgroup's file alone. */
static void put_numbers(struct str *data, const char *name, const char *list, unsigned version)
{
	struct number_set numbers;
	unsigned char bits[NUMBER_SET_MAX / 8] = { 0 };
	size_t size = 0;
	if (str_is_empty(list) || version < KNOWS_CPUSET || number_set_parse(list, &numbers, NULL) < 0)
		return;
	for (unsigned i = 0; i < NUMBER_SET_MAX; i++) {
		if (!number_set_has(&numbers, i))
			continue;
		bits[i / 8] |= (unsigned char)(1u << i % 8);
		size = i / 8 + 1;
	}
	systemd_put_name(data, name, "ay");
	dbus_put_bytes(data, bits, size);
}

/* --- unified --- */

static const struct unified_property {
	const char *key, *name;
} UNIFIED[] = {
	{ "cpu.weight", "CPUWeight" },
	{ "memory.high", "MemoryHigh" },
	{ "memory.low", "MemoryLow" },
	{ "memory.max", "MemoryMax" },
	{ "memory.min", "MemoryMin" },
	{ "memory.swap.max", "MemorySwapMax" },
	{ "memory.zswap.max", "MemoryZSwapMax" },
	{ "pids.max", "TasksMax" },
};

static bool parse_unified(const char *text, uint64_t *ret)
{
	if (streq(text, "max")) {
		*ret = UNLIMITED;
		return true;
	}
	return parse_u64(text, UINT64_MAX, ret, NULL) == 0;
}

/* "QUOTA", "max PERIOD". */
static void put_unified_bandwidth(struct str *data, const char *value, unsigned version)
{
	_cleanup_strv_ char **words = strv_split(value, ' ');
	size_t count = strv_count(words);
	uint64_t quota, period = DEFAULT_PERIOD_US;
	if (count < 1 || count > 2 || !parse_unified(words[0], &quota) ||
	    (count == 2 && parse_u64(words[1], USEC_PER_SEC, &period, NULL) < 0))
		return;
	put_bandwidth(data, quota > INT64_MAX ? -1 : (int64_t)quota, period, version);
}

/* What cannot be said, or makes no sense, is left to the cgroup's file, and to its error. */
static void put_unified(struct str *data, const struct spec_unified *unified, unsigned version)
{
	uint64_t number;
	for (size_t i = 0; i < ARRAY_SIZE(UNIFIED); i++)
		if (streq(unified->key, UNIFIED[i].key) && parse_unified(unified->value, &number))
			systemd_put_u64(data, UNIFIED[i].name, number);
	if (streq(unified->key, "cpu.idle") && streq(unified->value, "1") && version >= KNOWS_IDLE)
		systemd_put_u64(data, "CPUWeight", 0);
	if (streq(unified->key, "cpu.max"))
		put_unified_bandwidth(data, unified->value, version);
	if (streq(unified->key, "cpuset.cpus"))
		put_numbers(data, "AllowedCPUs", unified->value, version);
	if (streq(unified->key, "cpuset.mems"))
		put_numbers(data, "AllowedMemoryNodes", unified->value, version);
}

void systemd_put_resources(struct str *data, const struct spec_resources *resources, unsigned version)
{
	put_memory(data, resources);
	put_weight(data, resources, version);
	put_bandwidth(data, resources->cpu.quota.set ? resources->cpu.quota.value : 0,
		      resources->cpu.period.set ? resources->cpu.period.value : 0, version);
	if (resources->pids_limit.set)
		systemd_put_u64(data, "TasksMax",
				resources->pids_limit.value < 0 ? UNLIMITED :
								  MAX((uint64_t)resources->pids_limit.value, UINT64_C(1)));
	put_numbers(data, "AllowedCPUs", resources->cpu.cpus, version);
	put_numbers(data, "AllowedMemoryNodes", resources->cpu.mems, version);
	if (optional_u64_is_nonzero(&resources->block_io.weight))
		systemd_put_u64(data, "IOWeight", cgroup_io_weight(resources->block_io.weight.value));
	for (size_t i = 0; i < resources->n_unified; i++)
		put_unified(data, &resources->unified[i], version);
}

/* --- devices --- */

static bool is_everything(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->read && rule->write && rule->mknod;
}

/*
 * systemd has a list of what is allowed, and cannot take a part of that back. So it gets what the rules allow behind
 * the last one that forbids everything, without exceptions, which is no less than they allow in truth: the cgroup has a
 * program of ours as well, and both must agree. Returns false where all is allowed but for exceptions.
 */
static bool is_list_of_allowed(const struct spec_resources *resources, size_t *ret_first)
{
	bool everything = true;
	*ret_first = 0;
	for (size_t i = 0; i < resources->n_device_rules; i++) {
		if (!is_everything(&resources->device_rules[i]))
			continue;
		everything = resources->device_rules[i].allow;
		*ret_first = i + 1;
	}
	return !everything;
}

static void put_device(struct str *data, const struct spec_device_rule *rule, char type)
{
	char access[4] = "";
	snprintf(access, sizeof access, "%s%s%s", rule->read ? "r" : "", rule->write ? "w" : "",
		 rule->mknod ? "m" : "");
	_cleanup_str_ struct str device = { 0 };
	const char *word = type == 'c' ? "char" : "block";
	if (rule->major < 0)
		str_appendf(&device, "%s-*", word);
	else if (rule->minor < 0)
		str_appendf(&device, "%s-%" PRId64, word, rule->major);
	else
		str_appendf(&device, "/dev/%s/%" PRId64 ":%" PRId64, word, rule->major, rule->minor);
	dbus_put_struct(data);
	dbus_put_string(data, str_text(&device));
	dbus_put_string(data, access);
}

void systemd_put_devices(struct str *data, const struct spec_resources *resources)
{
	size_t first;
	if (resources->n_device_rules == 0)
		return;
	bool strict = is_list_of_allowed(resources, &first);
	systemd_put_string(data, "DevicePolicy", strict ? "strict" : "auto");
	systemd_put_name(data, "DeviceAllow", "a(ss)");
	struct dbus_array array = dbus_array_open(data, 8);
	for (size_t i = first; strict && i < resources->n_device_rules; i++) {
		const struct spec_device_rule *rule = &resources->device_rules[i];
		if (!rule->allow || (!rule->read && !rule->write && !rule->mknod))
			continue;
		if (rule->type != 'b')
			put_device(data, rule, 'c');
		if (rule->type != 'c')
			put_device(data, rule, 'b');
	}
	dbus_array_close(data, array);
}
