/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers and the default network get that nobody has said otherwise about, by coffer.conf(5): the machine's, /etc/coffer/coffer.conf, and
 * over it a person's own, $XDG_CONFIG_HOME/coffer/coffer.conf; or just the file that $COFFER_CONF names.
 *
 *  1. defaults_load();
 *  2. defaults_preset() on an empty specification, and then what the person says over it: so 0 can be said, too;
 *  3. defaults_complete(): what is made of both, and what the person's words leave no place for;
 *  4. defaults_done().
 */
#pragma once

#include "engine/engine.h"

struct defaults {
	uint64_t memory, shm_size; /* bytes; here and in the next two, 0 is nothing */
	uint64_t cpus_nano;
	int64_t pids_limit;
	bool cgroups_best_effort;
	char *log_driver;
	char **log_options; /* of this driver, or of the default one */
	char **ulimits;
	char *bridge; /* of the default network, and its subnets; NULL: as it comes */
	char **subnets;
};

/*
 * Errors: ERR_INVALID, with the line, for what is no TOML, a key that is not known, and values that no container can
 * have; ERR_NOT_FOUND for $COFFER_CONF.
 */
int defaults_load(struct defaults *ret, struct error *err);
void defaults_preset(const struct defaults *defaults, struct container_spec *spec);
void defaults_complete(const struct defaults *defaults, struct container_spec *spec);
void defaults_done(struct defaults *defaults);
#define _cleanup_defaults_ _cleanup_(defaults_done)
