/* SPDX-License-Identifier: Apache-2.0 */
/* What package managers have written down in an image. The first byte says which of them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/package-db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_package_list_ struct package_list list = { 0 };
	if (size == 0)
		return 0;
	_cleanup_free_ char *text = mem_strndup((const char *)data + 1, size - 1);
	package_db_parse(*data & 1 ? PACKAGE_APK : PACKAGE_DEB, text, &list);
	for (size_t i = 0; i < list.count; i++)
		if (!*list.packages[i].name || strpbrk(list.packages[i].name, "\n") || !list.packages[i].version)
			abort();
	return 0;
}
