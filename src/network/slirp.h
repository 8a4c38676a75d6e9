/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other way out of a network namespace for who is not root of the host's (network/pasta.h has the first): slirp4netns(1),
 * whose network of its own stands between the two. It listens for nobody; a relay (network/relay.h) does.
 *
 * It ends with the last copy of the fd that slirp_start() returns.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define SLIRP "slirp4netns"
#define SLIRP_ADDRESS "10.0.2.100" /* of the container, unless "cidr" says otherwise */
#define SLIRP_RESOLVER "10.0.2.3"  /* asks those that the host asks */

struct slirp {
	int netns;
	const char *options; /* as podman's: "mtu=1500,allow_host_loopback=true"; may be NULL */
};

/*
 * Whether @options can be given to it. Errors: ERR_INVALID; ERR_UNSUPPORTED for those of podman's that coffer has not.
 */
int slirp_check_options(const char *options, struct error *err);

/* Returns when packets get through: the fd, which is the caller's. Errors: ERR_UNSUPPORTED where there is no slirp4netns. */
int slirp_start(const struct slirp *slirp, struct error *err);
