/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out of a network namespace for who is not root of the host's: pasta(1), a process that carries what comes out of
 * it over sockets of its own, and listens on the host for what shall go in.
 *
 * Invariants:
 *  P1  It lives as long as the file "netns" in its directory: pasta looks for that, so that it goes with the directory,
 *      whoever removes it. pasta_stop() only makes it be gone at once.
 *  P2  The namespace is bound to that file in a mount namespace of pasta's alone, so no mount is left, whoever dies.
 *  P3  From inside, nothing of the host's own loopback interface can be reached.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define PASTA "pasta"

struct pasta {
	const char *directory; /* absolute, and there */
	int netns;	       /* with its loopback interface up */
	char *const *tcp;      /* "[ADDRESS/]HOST-PORT:PORT"; NULL: none */
	char *const *udp;
};

/*
 * Returns when packets get through. Errors: ERR_UNSUPPORTED where there is no pasta, or no /dev/net/tun; ERR_PERMISSION for
 * one that we may not open.
 */
int pasta_start(const struct pasta *pasta, struct error *err);

/* Whether the one of this directory runs. */
bool pasta_is_running(const char *directory);

/* End the one of this directory, if it runs. */
void pasta_stop(const char *directory);
