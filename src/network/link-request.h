/* SPDX-License-Identifier: Apache-2.0 */
/* What requests about links have in common, whatever the kind of the link. */
#pragma once

#include <stdbool.h>

#include "base/netlink.h"

/* Begin a request about the link called @name: "@verb "@name"". With @up it comes up. */
void link_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const char *name, bool up,
		const char *verb);

/* Its kind ("veth"), with nothing else to be said of it. */
void link_put_kind(struct netlink_batch *batch, const char *kind);

/* netlink_commit() for links of @kind. Errors: ERR_UNSUPPORTED where neither the kernel nor a module of its has that. */
int link_commit_kind(int rtnl, struct netlink_batch *batch, const char *kind, struct error *err);
