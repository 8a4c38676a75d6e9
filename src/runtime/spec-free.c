/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/str.h"
#include "runtime/spec-internal.h"

void spec_process_free(struct spec_process *process)
{
	if (!process)
		return;
	free(process->user.additional_gids);
	strv_free(process->args);
	strv_free(process->env);
	free(process->cwd);
	free(process->capabilities);
	free(process->rlimits);
	free(process->scheduler);
	free(process->io_priority);
	free(process->initial_cpus);
	free(process->final_cpus);
	free(process->apparmor_profile);
	free(process->selinux_label);
	free(process);
}

void spec_seccomp_free(struct spec_seccomp *seccomp)
{
	if (!seccomp)
		return;
	for (size_t i = 0; i < seccomp->n_rules; i++) {
		struct spec_seccomp_rule *rule = &seccomp->rules[i];
		for (size_t k = 0; k < rule->n_args; k++)
			free(rule->args[k].op);
		free(rule->args);
		free(rule->action);
		strv_free(rule->names);
	}
	free(seccomp->rules);
	free(seccomp->default_action);
	strv_free(seccomp->architectures);
	strv_free(seccomp->flags);
	free(seccomp->listener_path);
	free(seccomp->listener_metadata);
	free(seccomp->bpf);
	free(seccomp);
}

void spec_resources_done(struct spec_resources *resources)
{
	free(resources->cpu.cpus);
	free(resources->cpu.mems);
	free(resources->block_io.weight_devices);
	free(resources->block_io.read_bps.devices);
	free(resources->block_io.write_bps.devices);
	free(resources->block_io.read_iops.devices);
	free(resources->block_io.write_iops.devices);
	for (size_t i = 0; i < resources->n_hugepage_limits; i++)
		free(resources->hugepage_limits[i].page_size);
	free(resources->hugepage_limits);
	for (size_t i = 0; i < resources->n_rdma; i++)
		free(resources->rdma[i].device);
	free(resources->rdma);
	for (size_t i = 0; i < resources->network.n_priorities; i++)
		free(resources->network.priorities[i].interface);
	free(resources->network.priorities);
	free(resources->device_rules);
	for (size_t i = 0; i < resources->n_unified; i++) {
		free(resources->unified[i].key);
		free(resources->unified[i].value);
	}
	free(resources->unified);
	*resources = (struct spec_resources){ 0 };
}

static void free_mounts(struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct spec_mount *mount = &spec->mounts[i];
		free(mount->destination);
		free(mount->type);
		free(mount->source);
		strv_free(mount->options);
		free(mount->uid_mappings);
		free(mount->gid_mappings);
	}
	free(spec->mounts);
}

void spec_hooks_done(struct spec_hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		free(hooks->hooks[i].path);
		strv_free(hooks->hooks[i].args);
		strv_free(hooks->hooks[i].env);
	}
	free(hooks->hooks);
	*hooks = (struct spec_hooks){ 0 };
}

static void free_intel_rdt(struct spec_intel_rdt *rdt)
{
	if (!rdt)
		return;
	free(rdt->clos_id);
	free(rdt->l3_schema);
	free(rdt->bandwidth_schema);
	strv_free(rdt->schemata);
	free(rdt);
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	free(spec->oci_version);
	free(spec->hostname);
	free(spec->domainname);
	free(spec->root.path);
	free_mounts(spec);
	spec_process_free(spec->process);
	for (int point = 0; point < HOOK_POINT_COUNT; point++)
		spec_hooks_done(&spec->hooks[point]);
	strv_free(spec->annotations);
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		free(spec->namespaces[type].path);
	free(spec->uid_mappings);
	free(spec->gid_mappings);
	for (size_t i = 0; i < spec->n_devices; i++)
		free(spec->devices[i].path);
	free(spec->devices);
	free(spec->cgroups_path);
	spec_resources_done(&spec->resources);
	free(spec->rootfs_propagation);
	spec_seccomp_free(spec->seccomp);
	strv_free(spec->sysctl);
	strv_free(spec->masked_paths);
	strv_free(spec->readonly_paths);
	free(spec->mount_label);
	free(spec->personality);
	if (spec->memory_policy)
		free(spec->memory_policy->nodes);
	free(spec->memory_policy);
	free_intel_rdt(spec->intel_rdt);
	for (size_t i = 0; i < spec->n_net_devices; i++) {
		free(spec->net_devices[i].name);
		free(spec->net_devices[i].new_name);
	}
	free(spec->net_devices);
	free(spec);
}
