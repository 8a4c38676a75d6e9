/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mount-risk.h"

#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

#define FILES "all files of the host"
#define CONFIGURATION "the host's configuration, and its users' password hashes"
#define SOCKETS "the sockets of the host's services"
#define ENGINE "the socket of an engine, which does whatever root can"

static const struct risk {
	const char *source, *what;
} RISKS[] = {
	{ "/", FILES },
	{ "/etc", CONFIGURATION },
	{ "/run", SOCKETS },
	{ "/var/run", SOCKETS },
	{ "/run/docker.sock", ENGINE },
	{ "/var/run/docker.sock", ENGINE },
	{ "/run/podman/podman.sock", ENGINE },
	{ "/var/run/podman/podman.sock", ENGINE },
	{ "/run/containerd/containerd.sock", ENGINE },
	{ "/var/run/containerd/containerd.sock", ENGINE },
	{ "/run/crio/crio.sock", ENGINE },
	{ "/var/run/crio/crio.sock", ENGINE },
};

void mount_warn_of_risks(const struct container_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct mount_request *mount = &spec->mounts[i];
		for (size_t k = 0; mount->kind == MOUNT_BIND && k < ARRAY_SIZE(RISKS); k++)
			if (streq_null(mount->source, RISKS[k].source))
				log_warn("the mount on %s gives the container %s: %s", mount->target, RISKS[k].what,
					 mount->source);
	}
}
