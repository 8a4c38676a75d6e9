/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports of a network namespace that the host's packet filter does not lead to: a process that listens on the
 * host, and connects from within the namespace. So what is behind it sees the namespace's own address as the peer's.
 *
 * Invariants:
 *  RY1 It lives as long as the file "relay.netns" in its directory; relay_stop() makes it be gone at once.
 *  RY2 The namespace is bound to that file in a mount namespace of the relay's alone, so no mount is left, whoever dies.
 *  RY3 When it carries its first byte it has no capability any more, and files of its own only.
 *  RY4 One that got its sockets from whoever listened before ends with that process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "network/cidr.h"

#define RELAY_PROGRAM "coffer-relay" /* the monitor's file by another name */

/* One port, and where it leads. */
struct relay_rule {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	struct cidr host; /* family 0: each address of both families, or of IPv4 where IPv6 cannot be had */
	struct cidr target;
	uint16_t host_port, target_port;
};

/* "tcp/0.0.0.0/8080/172.17.0.2/80", with an asterisk in place of the address for family 0; free() it. */
char *relay_rule_text(const struct relay_rule *rule);
int relay_rule_parse(const char *text, struct relay_rule *ret, struct error *err);

/* Listen where @rule says; accept() and the like do not wait there. Returns the socket. */
int relay_listen(const struct relay_rule *rule, struct error *err);

/* As the kernel wants it. Returns its length. */
socklen_t relay_socket_address(const struct cidr *address, uint16_t port, struct sockaddr_storage *ret);

struct relay {
	const char *directory; /* absolute, and there */
	const char *program;   /* of which RELAY_PROGRAM is another name */
	int netns;
	char *const *rules; /* texts; NULL: none */
	const int *keep;    /* an fd that it holds for as long as it lives, or NULL */
};

/* Returns when it listens. Errors: what binding says, in its words. */
int relay_start(const struct relay *relay, struct error *err);

/* Whether the one of this directory runs; end it. */
bool relay_is_running(const char *directory);
void relay_stop(const char *directory);

/*
 * What the process does: coffer-relay PID-FILE NETNS-FILE RULE... Returns 0 in the process that was started, when another
 * one listens in the background; or an exit status.
 */
int relay_main(char *const *argv);

/*
 * The same from sockets that listen already, from PASS_FD_FIRST up in the order of the rules, in the network namespace that it is
 * in: coffer-relay DIRECTORY PARENT-PID RULE.... The directory is there for whoever reads `ps`.
 */
int relay_handed_main(char *const *argv);
