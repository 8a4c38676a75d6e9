/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.rdma. What is not given of a device stays as it is.
 * Source: config-linux.md, "RDMA"; Documentation/admin-guide/cgroup-v1/rdma.rst; cgroup-v2.rst, "RDMA".
 */
#include <inttypes.h>

#include "base/str.h"
#include "runtime/cgroup-internal.h"

static bool rdma_wanted(const struct spec_resources *resources)
{
	return resources->n_rdma > 0;
}

static int rdma_apply(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < resources->n_rdma; i++) {
		const struct spec_rdma_limit *limit = &resources->rdma[i];
		_cleanup_str_ struct str line = { 0 };
		str_append(&line, limit->device);
		if (limit->handles.set)
			str_appendf(&line, " hca_handle=%" PRIu64, limit->handles.value);
		if (limit->objects.set)
			str_appendf(&line, " hca_object=%" PRIu64, limit->objects.value);
		r = cgroup_write(tree, "rdma.max", str_text(&line), err);
	}
	return r;
}

const struct cgroup_controller cgroup_controller_rdma = {
	.v1_name = "rdma",
	.v2_name = "rdma",
	.what = "the RDMA limit",
	.wanted = rdma_wanted,
	.apply_v1 = rdma_apply,
	.apply_v2 = rdma_apply,
};
