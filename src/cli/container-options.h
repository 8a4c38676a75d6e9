/* SPDX-License-Identifier: Apache-2.0 */
/* The flags that `run` and `create` share: from words to a container_spec. */
#pragma once

#include "cli/command.h"
#include "cli/environment-options.h"
#include "cli/network-options.h"
#include "engine/defaults.h"
#include "engine/engine.h"

/* --attach: which streams are ours; without the flag all are. */
struct attach_streams {
	bool chosen;
	bool in, out, err;
};

/* The first member of the structs of `run` and `create`, so that one table serves both. */
struct container_options {
	struct container_spec spec;
	struct environment_options environment;
	char **label_files;
	char **volumes, **mounts;
	bool read_only_tmpfs;
	char **tmpfs;
	char *entrypoint;
	char *health_cmd;
	bool no_healthcheck;
	struct network_options network;
	char *pod, *pod_id_file;	   /* "new:NAME" makes one */
	char *architecture, *os, *variant; /* the parts of --platform */
	bool replace, quiet, passwd;
	bool no_content_trust; /* as it is */
	struct defaults preset;
	struct attach_streams attach;
};

#define CONTAINER_DEFAULTS                               \
	{                                                \
		.no_content_trust = true, .passwd = true \
	}

extern const struct option CONTAINER_OPTIONS[];

/* What configuration files say. Errors: those of defaults_load(). */
int container_options_prepare(void *options, struct error *err);

/* Frees what the table's parsers put into the spec; options_done() does the rest. */
void container_options_done(void *options);

/*
 * Complete the spec with what no flag says on its own: image and command out of @args, environment, mounts, network.
 * Errors: ERR_USAGE, ERR_MNT_REL, ERR_NET, ERR_UNSUPPORTED.
 */
int container_options_finish(struct container_options *options, char *const *args, struct error *err);

/*
 * Make the container, pulling its image as the spec says (progress goes to standard error), and write its id to the
 * --cidfile. What was pulled by a short name that is not Docker's is in the spec in full, then. Errors: the engine's;
 * ERR_EXISTS for the --cidfile.
 */
int container_options_create(struct cli *cli, struct container_options *options, struct container_record **ret,
			     struct error *err);
