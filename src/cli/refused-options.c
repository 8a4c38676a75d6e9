/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/refused-options.h"

#define OF_WINDOWS "it is for containers of Windows"

const struct option REFUSED_OPTIONS[] = {
	OPT_REFUSED(0, "authfile", "credentials come from ~/.docker/config.json, or from where $DOCKER_CONFIG says"),
	OPT_REFUSED(0, "chrootdirs", "--volume shows the container's files at other places"),
	OPT_REFUSED(0, "conmon-pidfile", "there is no conmon; --pidfile is told the container's first process"),
	OPT_REFUSED(0, "cpu-count", OF_WINDOWS),
	OPT_REFUSED(0, "cpu-percent", OF_WINDOWS),
	OPT_REFUSED(0, "gpus",
		    "device drivers' own files would have to be brought along; --device gives a device as it is"),
	OPT_REFUSED(0, "hostuser", "users are the image's; --user takes numbers as well"),
	OPT_REFUSED(0, "init-path", "--init runs coffer's own"),
	OPT_REFUSED(0, "io-maxbandwidth", OF_WINDOWS),
	OPT_REFUSED(0, "io-maxiops", OF_WINDOWS),
	OPT_REFUSED(0, "link",
		    "containers on a network that was made with `coffer network create` find each other by name"),
	OPT_REFUSED(0, "link-local-ip", "--ip and --ip6 give addresses of the network's subnets"),
	OPT_REFUSED(0, "passwd-entry", "users are the image's; --user takes numbers as well"),
	OPT_REFUSED(0, "personality", "it is not available"),
	OPT_REFUSED(0, "preserve-fds", "files reach a container by --volume, and standard input by --interactive"),
	OPT_REFUSED(0, "requires",
		    "a container of a pod has what it needs started with it; a .container file may say Requires="),
	OPT_REFUSED(0, "rootfs", "`coffer import` makes an image of a directory's archive"),
	OPT_REFUSED(0, "seccomp-policy", "--security-opt seccomp=FILE names another profile"),
	OPT_REFUSED(0, "timeout", "run `timeout SECONDS` of coreutils before coffer, or in the container"),
	OPT_REFUSED(0, "tls-verify", "certificates are checked always; those of loopback addresses may be missing"),
	OPT_REFUSED(0, "use-api-socket", "there is no daemon with an API to give away"),
	OPT_REFUSED(0, "volume-driver", "--mount type=volume,volume-driver=NAME says it of each volume"),
	OPT_END,
};
