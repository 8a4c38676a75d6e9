/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.hugepageLimits: of what is reserved, where the kernel can limit that (it fails a mmap() instead of
 * killing at a page fault), and of what is used.
 * Source: config-linux.md, "Huge page limits"; Documentation/admin-guide/cgroup-v1/hugetlb.rst.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

static bool hugetlb_wanted(const struct spec_resources *resources)
{
	return resources->n_hugepage_limits > 0;
}

/* "64KB", "2MB", "1GB": it becomes a part of a file's name. */
static bool is_page_size(const char *size)
{
	size_t digits = strspn(size, "0123456789");
	return digits > 0 && digits < 8 && strchr("KMG", size[digits]) && size[digits] && streq(size + digits + 1, "B");
}

static int hugetlb_check(const struct spec_resources *resources, const struct cgroup_tree *tree, struct error *err)
{
	for (size_t i = 0; i < resources->n_hugepage_limits; i++)
		if (!is_page_size(resources->hugepage_limits[i].page_size))
			return err_set(err, ERR_SPEC, "huge page size \"%s\" is none such as 64KB, 2MB, 1GB",
				       resources->hugepage_limits[i].page_size);
	return 0;
}

static int apply(const struct cgroup_tree *tree, const struct spec_resources *resources, const char *suffix,
		 struct error *err)
{
	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		const struct spec_hugepage_limit *limit = &resources->hugepage_limits[i];
		char file[64], value[32];
		snprintf(value, sizeof value, "%" PRIu64, limit->limit);
		snprintf(file, sizeof file, "hugetlb.%s.rsvd.%s", limit->page_size, suffix);
		int r = file_write_line(tree->fd, file, value);
		if (r < 0 && r != -ENOENT)
			return cgroup_write_error(tree, file, value, r, err);
		snprintf(file, sizeof file, "hugetlb.%s.%s", limit->page_size, suffix);
		r = cgroup_write(tree, file, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int hugetlb_apply_v1(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	return apply(tree, resources, "limit_in_bytes", err);
}

static int hugetlb_apply_v2(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	return apply(tree, resources, "max", err);
}

const struct cgroup_controller cgroup_controller_hugetlb = {
	.v1_name = "hugetlb",
	.v2_name = "hugetlb",
	.what = "the limit of huge pages",
	.wanted = hugetlb_wanted,
	.check = hugetlb_check,
	.apply_v1 = hugetlb_apply_v1,
	.apply_v2 = hugetlb_apply_v2,
};
