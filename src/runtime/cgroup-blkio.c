/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.blockIO. Weights are BFQ's (io.bfq.weight, where that scheduler is in use) or, on v2, iocost's
 * (io.weight); CFQ's, and with it all leaf weights, went in Linux 5.0. Rates are bytes or operations per second, 0 is no
 * limit.
 * Sources: config-linux.md, "Block IO"; cgroup-v2.rst, "IO"; cgroup-v1/blkio-controller.rst; block/bfq-iosched.rst.
 */
#include <inttypes.h>

#include "base/util.h"
#include "runtime/cgroup-internal.h"

enum { WEIGHT_MIN = 10, WEIGHT_MAX = 1000, IO_WEIGHT_MIN = 1, IO_WEIGHT_MAX = 10000 };

static const struct throttle {
	size_t list; /* where in the resources its struct spec_throttle is */
	const char *v1_file;
	const char *v2_key; /* in io.max */
} THROTTLES[] = {
	{ offsetof(struct spec_resources, block_io.read_bps), "blkio.throttle.read_bps_device", "rbps" },
	{ offsetof(struct spec_resources, block_io.write_bps), "blkio.throttle.write_bps_device", "wbps" },
	{ offsetof(struct spec_resources, block_io.read_iops), "blkio.throttle.read_iops_device", "riops" },
	{ offsetof(struct spec_resources, block_io.write_iops), "blkio.throttle.write_iops_device", "wiops" },
};

static const struct spec_throttle *throttle_list(const struct throttle *throttle,
						 const struct spec_resources *resources)
{
	return (const struct spec_throttle *)((const char *)resources + throttle->list);
}

static bool blkio_wanted(const struct spec_resources *resources)
{
	for (size_t i = 0; i < ARRAY_SIZE(THROTTLES); i++)
		if (throttle_list(&THROTTLES[i], resources)->count > 0)
			return true;
	return optional_u64_is_nonzero(&resources->block_io.weight) || resources->block_io.n_weight_devices > 0 ||
	       optional_u64_is_nonzero(&resources->block_io.leaf_weight);
}

static int check_weight(const struct optional_u64 *weight, struct error *err)
{
	if (!optional_u64_is_nonzero(weight) || (weight->value >= WEIGHT_MIN && weight->value <= WEIGHT_MAX))
		return 0;
	return err_set(err, ERR_SPEC, "block I/O weight %" PRIu64 " is out of range, %d to %d", weight->value,
		       WEIGHT_MIN, WEIGHT_MAX);
}

static int check_leaf_weight(const struct optional_u64 *weight, struct error *err)
{
	if (!optional_u64_is_nonzero(weight))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "leaf weights of block I/O went with the CFQ scheduler, in Linux 5.0");
}

static int blkio_check(const struct spec_resources *resources, const struct cgroup_tree *tree, struct error *err)
{
	int r;
	if ((r = check_weight(&resources->block_io.weight, err)) < 0 ||
	    (r = check_leaf_weight(&resources->block_io.leaf_weight, err)) < 0)
		return r;
	for (size_t i = 0; i < resources->block_io.n_weight_devices; i++) {
		const struct spec_weight_device *device = &resources->block_io.weight_devices[i];
		if ((r = check_weight(&device->weight, err)) < 0 ||
		    (r = check_leaf_weight(&device->leaf_weight, err)) < 0)
			return r;
	}
	return 0;
}

uint64_t cgroup_io_weight(uint64_t weight)
{
	return IO_WEIGHT_MIN + (weight - WEIGHT_MIN) * (IO_WEIGHT_MAX - IO_WEIGHT_MIN) / (WEIGHT_MAX - WEIGHT_MIN);
}

/* A scheduler's files; those of a scheduler that is not there are not there. */
struct weight_policy {
	const char *file, *device_file;
	uint64_t (*scale)(uint64_t weight);
};

static const struct weight_policy POLICIES_V1[] = {
	{ "blkio.bfq.weight", "blkio.bfq.weight_device", NULL },
	{ "blkio.weight", "blkio.weight_device", NULL },
};

static const struct weight_policy POLICIES_V2[] = {
	{ "io.bfq.weight", "io.bfq.weight", NULL },
	{ "io.weight", "io.weight", cgroup_io_weight },
};

static_assert(ARRAY_SIZE(POLICIES_V1) == ARRAY_SIZE(POLICIES_V2), "the loops below serve both");

static uint64_t scaled(const struct weight_policy *policy, const struct optional_u64 *weight)
{
	return policy->scale ? policy->scale(weight->value) : weight->value;
}

static int explain_no_policy(const struct cgroup_tree *tree, const struct weight_policy *policies, struct error *err)
{
	err_set(err, ERR_CG_CTRL, "apply the block I/O weight: this kernel has no scheduler with weights");
	err_cause(err, "'%s' has neither %s nor %s", tree->mount_point, policies[0].file, policies[1].file);
	err_hint(err, "modprobe bfq; echo bfq >/sys/block/DISK/queue/scheduler");
	return -ERR_CG_CTRL;
}

/* Every policy is told, for a disk may come to follow any of them. */
static int write_weight(const struct cgroup_tree *tree, const struct weight_policy *policies,
			const struct optional_u64 *weight, struct error *err)
{
	bool any = false;
	for (size_t i = 0; i < ARRAY_SIZE(POLICIES_V1); i++) {
		if (!cgroup_has_file(tree, policies[i].file))
			continue;
		int r = cgroup_writef(tree, policies[i].file, err, "%" PRIu64, scaled(&policies[i], weight));
		if (r < 0)
			return r;
		any = true;
	}
	return any ? 0 : explain_no_policy(tree, policies, err);
}

/* The policy that the disk follows now takes it, the other ones refuse. */
static int write_device_weight(const struct cgroup_tree *tree, const struct weight_policy *policies,
			       const struct spec_weight_device *device, struct error *err)
{
	struct error first = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(POLICIES_V1); i++) {
		struct error local = { 0 };
		if (!cgroup_has_file(tree, policies[i].device_file))
			continue;
		if (cgroup_writef(tree, policies[i].device_file, &local, "%" PRId64 ":%" PRId64 " %" PRIu64,
				  device->major, device->minor, scaled(&policies[i], &device->weight)) == 0)
			return 0;
		if (!first.code)
			first = local;
	}
	if (!first.code)
		return explain_no_policy(tree, policies, err);
	if (err)
		*err = first;
	return -first.code;
}

static int apply_weights(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	const struct weight_policy *policies = tree->v2 ? POLICIES_V2 : POLICIES_V1;
	int r = 0;
	if (!optional_u64_is_nonzero(&resources->block_io.weight) && resources->block_io.n_weight_devices == 0)
		return 0;
	if (optional_u64_is_nonzero(&resources->block_io.weight))
		r = write_weight(tree, policies, &resources->block_io.weight, err);
	for (size_t i = 0; r == 0 && i < resources->block_io.n_weight_devices; i++)
		if (optional_u64_is_nonzero(&resources->block_io.weight_devices[i].weight))
			r = write_device_weight(tree, policies, &resources->block_io.weight_devices[i], err);
	if (r == 0)
		cgroup_warn_of_io_weight(tree);
	return r;
}

static int write_rate(const struct cgroup_tree *tree, const struct throttle *throttle,
		      const struct spec_throttle_device *device, struct error *err)
{
	if (!tree->v2)
		return cgroup_writef(tree, throttle->v1_file, err, "%" PRId64 ":%" PRId64 " %" PRIu64, device->major,
				     device->minor, device->rate);
	if (device->rate == 0)
		return cgroup_writef(tree, "io.max", err, "%" PRId64 ":%" PRId64 " %s=max", device->major,
				     device->minor, throttle->v2_key);
	return cgroup_writef(tree, "io.max", err, "%" PRId64 ":%" PRId64 " %s=%" PRIu64, device->major, device->minor,
			     throttle->v2_key, device->rate);
}

static int apply_rates(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(THROTTLES); i++) {
		const struct spec_throttle *list = throttle_list(&THROTTLES[i], resources);
		for (size_t k = 0; r == 0 && k < list->count; k++)
			r = write_rate(tree, &THROTTLES[i], &list->devices[k], err);
	}
	return r;
}

static int blkio_apply(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r = apply_weights(tree, resources, err);
	return r < 0 ? r : apply_rates(tree, resources, err);
}

const struct cgroup_controller cgroup_controller_blkio = {
	.v1_name = "blkio",
	.v2_name = "io",
	.what = "the block I/O limit",
	.wanted = blkio_wanted,
	.check = blkio_check,
	.apply_v1 = blkio_apply,
	.apply_v2 = blkio_apply,
};
