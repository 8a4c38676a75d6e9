/* SPDX-License-Identifier: Apache-2.0 */
/* Texts out of config.json that become names and properties of units: cgroupsPath, and annotations' values. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "runtime/systemd-properties.h"
#include "runtime/systemd-unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_unit(const char *text)
{
	_cleanup_systemd_unit_ struct systemd_unit unit = { 0 };
	_cleanup_free_ char *path = NULL;
	if (systemd_unit_parse(text, "box", false, &unit, NULL) < 0) {
		check(!unit.name && !unit.slice);
		return;
	}
	check(str_ends_with(unit.name, ".scope") && !strchr(unit.name, '/'));
	check(systemd_slice_path(unit.slice, &path, NULL) == 0);
	check(!strstr(path, "//") && !strstr(path, "/../"));
}

static void check_annotation(const char *name, const char *value)
{
	char *const pairs[] = { (char *)name, (char *)value, NULL };
	_cleanup_str_ struct str properties = { 0 };
	struct error err = { 0 };
	int r = systemd_put_annotations(&properties, pairs, &err);
	check(r == 0 ? properties.len > 0 : r == -ERR_SPEC && err.code == ERR_SPEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	check_unit(text);
	check_annotation("org.systemd.property.Nice", text);
	check_annotation("org.systemd.property.TimeoutStopSec", text);
	return 0;
}
