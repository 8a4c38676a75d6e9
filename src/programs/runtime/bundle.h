/* SPDX-License-Identifier: Apache-2.0 */
/* What `create` and `run` have in common: a bundle, its options, and how they become container_create_options. */
#pragma once

#include "programs/runtime/runtime.h"
#include "runtime/container.h"

struct bundle_options {
	char *bundle;
	char *config;
	char *console_socket;
	char *pid_file;
	char *pidfd_socket;
	uint64_t preserve_fds;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper;
};

#define BUNDLE_OPTIONS                                                                                             \
	OPT_STRING(struct bundle_options, bundle, 'b', "bundle", "DIR", "The bundle (default: this directory)"),    \
	OPT_STRING(struct bundle_options, config, 'f', "config", "FILE", "Its configuration (default: config.json)"), \
	OPT_STRING(struct bundle_options, console_socket, 0, "console-socket", "PATH",                              \
		   "Send the terminal's master to this socket"),                                                    \
	OPT_STRING(struct bundle_options, pid_file, 0, "pid-file", "FILE", "Write the process id there"),           \
	OPT_STRING(struct bundle_options, pidfd_socket, 0, "pidfd-socket", "PATH",                                  \
		   "Send a pidfd of it to this socket"),                                                            \
	OPT_PARSED(struct bundle_options, preserve_fds, bundle_parse_fds, 0, "preserve-fds", "N",                   \
		   "Pass N further file descriptors, from 3 up"),                                                   \
	OPT_BOOL(struct bundle_options, no_pivot, 0, "no-pivot", "Do not use pivot_root"),                          \
	OPT_BOOL(struct bundle_options, no_new_keyring, 0, "no-new-keyring", "Keep the session keyring")

int bundle_parse_fds(const char *value, void *field, struct error *err);

/* An open bundle. */
struct bundle {
	int fd, cache_dir;
	char *path;
	struct spec *spec;
	int n_fds; /* from 3 up, that the program gets: sockets of a service manager, and --preserve-fds */
};

/* For the container @id: with what our environment has for its program. */
int bundle_open(const struct runtime_globals *globals, const struct bundle_options *options, const char *id,
		struct bundle *ret, struct error *err);
void bundle_close(struct bundle *bundle);
#define _cleanup_bundle_ _cleanup_(bundle_close)

/* Compiled filters are kept as long as the state is: next to it, in a directory whose name is no valid id. Or -1. */
int bundle_open_cache(const char *root);

/* Everything but how it is started. */
struct container_create_options bundle_create_options(const struct runtime_globals *globals,
						      const struct bundle_options *options,
						      const struct bundle *bundle, const char *id);

/* --pid-file, written so that a reader never sees half of it, and --pidfd-socket; whichever there are. */
int bundle_announce(const struct bundle_options *options, const struct container_init *init, bool of_exec,
		    struct error *err);
