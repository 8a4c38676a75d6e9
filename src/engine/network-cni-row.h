/* SPDX-License-Identifier: Apache-2.0 */
/* Containers' places on networks of the Container Network Interface, as the database has them (NC1). */
#pragma once

#include "engine/db.h"
#include "network/cni-result.h"
#include "network/cni.h"

struct cni_place {
	char *id, *path;
	char *interface; /* in the container: "eth0" */
	struct cni_network *network;
	struct json_object *capabilities;
	struct json_object *result; /* NULL: no plugin has added anything, as far as we know */
};
void cni_place_done(struct cni_place *place);

struct cni_places {
	struct cni_place *items;
	size_t count;
};
void cni_places_done(struct cni_places *places);
#define _cleanup_cni_places_ _cleanup_(cni_places_done)

/* Those of the container @id, by their interfaces. */
int cni_places_load(struct db *db, const char *id, struct cni_places *ret, struct error *err);

/* Without its result, which is there only later. */
int cni_place_insert(struct db *db, const struct cni_place *place, struct error *err);
int cni_place_save(struct db *db, const struct cni_place *place, struct error *err);

/* With the ports that are published there, if it has got any. */
int cni_place_delete(struct db *db, const struct cni_place *place, struct error *err);

/* The ids of containers that have some. */
int cni_place_all(struct db *db, char ***ret, struct error *err);

/* The ids of containers that have one and do not run; and whether that is one of them: 1 or 0. */
int cni_place_abandoned(struct db *db, char ***ret, struct error *err);
int cni_place_is_abandoned(struct db *db, const char *id, struct error *err);

/* The ids of those that run below @runroot. */
int cni_place_live(struct db *db, const char *runroot, char ***ret, struct error *err);

/* For its plugins, with what is alive as long as the place is. @netns: -1: it is gone. */
struct cni_call cni_place_call(const struct cni_place *place, int netns);

/* What its result says. Errors: ERR_NET. */
int cni_place_result(const struct cni_place *place, struct cni_result *ret, struct error *err);
