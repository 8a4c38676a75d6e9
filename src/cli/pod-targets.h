/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods a command is about: its arguments, or --all, --latest and --pod-id-file, as Podman has them. */
#pragma once

#include "cli/command.h"
#include "engine/pod.h"

/* The first member of the options of such a command. */
struct pod_targets {
	bool all, latest;
	bool ignore; /* those that are not there */
	char **id_files;
};

/* What @context does to one of them; the first that fails of its containers is the error. */
typedef int pod_action(struct cli *cli, const void *context, const struct pod *pod, struct error *err);

/* Do @act for each, and print its name as it was given. Failures are reported. Returns the exit status. Errors: ERR_USAGE. */
int pod_targets_each(struct cli *cli, const struct pod_targets *targets, char *const *args, pod_action *act,
		     struct error *err);

/*
 * The names of the containers of the pods @pods, a strv, or of all if that is empty. @running: only of those that run. Errors:
 * ERR_NO_POD; ERR_STATE if there are none.
 */
int pod_container_names(struct cli *cli, char *const *pods, bool running, char ***ret, struct error *err);

/* The id in the file. free() it. Errors: ERR_NOT_FOUND. */
int pod_id_file_read(const char *path, char **ret, struct error *err);

/* Rows for the tables of options. */
#define OPT_PODS_ALL(type) OPT_BOOL(type, targets.all, 'a', "all", "All pods")
#define OPT_PODS_LATEST(type) \
	OPT_BOOL(type, targets.latest, 'l', "latest", "The last created pod, instead of naming one")
#define OPT_PODS_IGNORE(type) \
	OPT_BOOL(type, targets.ignore, 'i', "ignore", "Do not complain of pods that are not there")
#define OPT_PODS_ID_FILE(type)                                                                     \
	OPT_LIST(type, targets.id_files, 0, "pod-id-file", "Also the pod whose ID is in the file", \
		 .completes = COMPLETE_FILES)
