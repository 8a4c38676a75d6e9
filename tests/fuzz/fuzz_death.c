/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the kernel's log, which hold names of processes and cgroups that a container has chosen; and the record of a
 * death, as it comes back from a file.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "monitor/death.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_line(const char *line)
{
	struct oom_kill killed = death_parse_kernel_line(line, "/coffer/abc");
	check(killed.level == OOM_LEVEL_NONE || strstr(line, "task_memcg=/coffer/abc"));
	check(!strpbrk(killed.name, "\n\x1b"));
	check(death_parse_kernel_line(line, "").level == OOM_LEVEL_NONE);
}

/* What is accepted is written again as it was understood. */
static void check_record(const char *text, size_t len)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct death death = { 0 };
	if (json_parse(text, len, "input", ERR_INTERNAL, &document, NULL) < 0)
		return;
	struct json_node root = json_root(&document);
	if (json_as_object(&root, NULL) < 0 || death_from_json(&root, "Death", &death, NULL) <= 0)
		return;
	check(death.n_evidence <= DEATH_EVIDENCE_MAX);
	_cleanup_json_ struct json_object *object = json_object_new_object();
	death_to_json(&death, "Death", object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	check_line(text);
	check_record((const char *)data, size);
	return 0;
}
