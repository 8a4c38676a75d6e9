/* SPDX-License-Identifier: Apache-2.0 */
/* rpm's database, as an image brings it: a file of SQLite whose every byte is somebody else's. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "engine/package-rpm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	_cleanup_package_list_ struct package_list list = { 0 };
	if (fd < 0)
		fd = memfd_create("rpmdb", MFD_CLOEXEC);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	(void)package_rpm_read(fd, &list);
	for (size_t i = 0; i < list.count; i++)
		if (list.packages[i].kind != PACKAGE_RPM || !*list.packages[i].name || !list.packages[i].version ||
		    !list.packages[i].architecture)
			abort();
	return 0;
}
