/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --userns can be.
 *
 *	"", host           that of the engine, which for who is not root is his own
 *	private            a new one, with the ids of --uidmap, --gidmap, --subuidname, --subgidname
 *	auto[:...]         a new one, with ids that no other container has: size=N, uidmapping=C:H:N, gidmapping=C:H:N
 *	keep-id[:...]      of who is not root: a new one, in which he has his own id, or uid=N, gid=N
 *	nomap              of who is not root: a new one, in which he has none
 *	container:NAME     that of another container
 *	ns:PATH            that at a path
 *
 * Source: podman-run(1), "--userns".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "engine/engine.h"

enum userns_kind {
	USERNS_HOST,
	USERNS_PRIVATE,
	USERNS_AUTO,
	USERNS_KEEP_ID,
	USERNS_NOMAP,
	USERNS_CONTAINER,
	USERNS_PATH,
};

struct userns_mode {
	enum userns_kind kind;
	bool has_uid, has_gid;
	uint32_t uid, gid;	     /* of keep-id */
	uint64_t size;		     /* of auto; 0: not said */
	char **uid_maps, **gid_maps; /* of auto */
};
void userns_mode_done(struct userns_mode *mode);
#define _cleanup_userns_mode_ _cleanup_(userns_mode_done)

/*
 * That of @spec, whose maps say "private" where nothing else does. Errors: ERR_INVALID, naming what there is; ERR_IDMAP for
 * numbers that are no ids.
 */
int userns_mode_parse(const struct container_spec *spec, struct userns_mode *ret, struct error *err);
