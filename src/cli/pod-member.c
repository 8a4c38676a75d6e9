/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pod-member.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/pod-targets.h"
#include "engine/pod.h"

/* What is the pod's to say is said of the pod, then. */
static void move_to_pod(struct container_spec *spec, struct container_spec *infra)
{
	infra->network = spec->network;
	infra->network_target = TAKE_PTR(spec->network_target);
	infra->endpoints = TAKE_PTR(spec->endpoints);
	infra->n_endpoints = spec->n_endpoints;
	spec->n_endpoints = 0;
	infra->ports = TAKE_PTR(spec->ports);
	infra->hostname = TAKE_PTR(spec->hostname);
	infra->extra_hosts = TAKE_PTR(spec->extra_hosts);
	infra->dns = TAKE_PTR(spec->dns);
	infra->dns_search = TAKE_PTR(spec->dns_search);
	infra->dns_options = TAKE_PTR(spec->dns_options);
	infra->cgroup_parent = TAKE_PTR(spec->cgroup_parent);
}

static int make_pod(struct cli *cli, const char *name, struct container_spec *spec, char **ret_id, struct error *err)
{
	struct container_spec infra = { 0 };
	_cleanup_pod_ struct pod *pod = NULL;
	move_to_pod(spec, &infra);
	const struct pod_request request = { .name = *name ? name : NULL, .infra = &infra };
	int r = engine_pod_create(cli->engine, &request, &pod, err);
	container_spec_done(&infra);
	if (r >= 0)
		*ret_id = mem_strdup(pod->id);
	return r;
}

static int join_new(struct cli *cli, const char *name, struct container_spec *spec, char **ret_new, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	int r = make_pod(cli, name, spec, &id, err);
	if (r >= 0)
		r = engine_pod_join(cli->engine, id, false, spec, err);
	if (r >= 0)
		*ret_new = TAKE_PTR(id);
	return r;
}

int pod_member_join(struct cli *cli, struct container_options *options, char **ret_new, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	struct container_spec *spec = &options->spec;
	const char *name = options->pod;
	if (name && options->pod_id_file)
		return err_set(err, ERR_USAGE, "--pod and --pod-id-file cannot be used together");
	if (options->pod_id_file) {
		int r = pod_id_file_read(options->pod_id_file, &id, err);
		if (r < 0)
			return r;
		name = id;
	}
	if (!name)
		return 0;
	const char *new_name = str_after(name, "new:");
	return new_name ? join_new(cli, new_name, spec, ret_new, err)
			: engine_pod_join(cli->engine, name, network_options_given(&options->network), spec, err);
}
