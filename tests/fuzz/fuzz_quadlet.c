/* SPDX-License-Identifier: Apache-2.0 */
/* Quadlet files: whatever they say, what becomes of them is a unit that can be read again, or an error. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "programs/quadlet/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void translate(const struct quadlet_kind *kind, const char *text)
{
	_cleanup_str_ struct str out = { 0 };
	_cleanup_unit_file_ struct unit_file again = { 0 };
	_cleanup_free_ char *name = mem_printf("web%s", kind->suffix);
	struct quadlet_file file = { .folder = (char *)"/etc", .name = name, .kind = kind };
	const struct quadlet quadlet = { .coffer = "/usr/bin/coffer", .files = &file, .n_files = 1 };
	if (unit_file_parse(&file.unit, name, text, NULL) >= 0 && kind->translate(&quadlet, &file, NULL) >= 0) {
		unit_file_write(&file.unit, &out);
		if (unit_file_parse(&again, name, str_text(&out), NULL) < 0 || again.n_lines != file.unit.n_lines)
			abort();
	}
	unit_file_done(&file.unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	for (const struct quadlet_kind *kind = QUADLET_KINDS; kind->suffix; kind++)
		if (kind->translate)
			translate(kind, text);
	return 0;
}
