/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup v2 has no files for devices: a BPF program, attached to the cgroup, is asked at each open() and mknod() of a
 * device node. We write one for a list of rules.
 *
 * The rules are read as the specification has them, in their order, so that for each kind of access the last rule that
 * matches decides. What none matches is allowed, as in a new v1 cgroup; real lists begin with "deny all".
 *
 * Sources: OCI runtime-spec, config-linux.md, "Allowed Device list"; cgroup-v2.rst, "Device controller"; bpf(2).
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/spec.h"

struct device_program {
	struct bpf_insn *instructions;
	size_t count;
	bool allows_all; /* it would say yes to everything */
};

void device_program_build(const struct spec_device_rule *rules, size_t n_rules, struct device_program *ret);
void device_program_done(struct device_program *program);
#define _cleanup_device_program_ _cleanup_(device_program_done)

/*
 * Put the rules in force for the v2 cgroup @dir, instead of those that we put there before (with @fresh, there are
 * none); programs of others, systemd's for instance, stay, and all have to agree. Errors: ERR_CG_CTRL.
 */
int device_policy_apply(int dir, bool fresh, const struct spec_device_rule *rules, size_t n_rules, struct error *err);
